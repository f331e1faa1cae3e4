"""The signer: signs the logs that have grown, at the latest a second after that."""

from logging import getLogger
from threading import Event as Flag
from threading import Thread
from typing import Final

from timebank.services.bank import Bank

PAUSE_SECONDS: Final = 0.5
"""Between two looks at the logs; nothing is written where nothing has changed."""


class Signer:
    """A thread that looks at every log with a key, until it is told to end. Several processes may do this."""

    def __init__(self, bank: Bank, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Begin with nothing to do; see `start`."""
        self._bank = bank
        self._pause_seconds = pause_seconds
        self._over = Flag()
        self._thread = Thread(target=self._run, name="timebank-signer", daemon=True)
        self.refused: dict[str, str] = {}
        """What keeps a branch's log from being signed, each said once in the service's log."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Sign what is still to be signed, and look no more."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Sign what has grown."""
        for branch in self._bank.log.signing():
            try:
                self._bank.log.checkpoint(branch)
            except Exception as error:  # noqa: BLE001 - one log that cannot be signed keeps no other waiting
                self._refuse(branch, error)
            else:
                self.refused.pop(branch, None)

    def _run(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._over.wait(self._pause_seconds)
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                self._refuse("", error)
            else:
                self.refused.pop("", None)

    def _refuse(self, branch: str, error: Exception) -> None:
        """Say once what kind of thing went wrong; never what a file or a row said."""
        name = type(error).__name__
        if self.refused.get(branch) != name:
            self.refused[branch] = name
            getLogger("timebank.log").warning(
                "%s while signing the log of %s", name, branch or "the branches"
            )
