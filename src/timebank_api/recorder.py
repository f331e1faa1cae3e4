"""The recorder: writes the access log, a second's worth at a time.

A read must not cost a commit. So what happened waits in memory for up to a second, and then goes to the
database in one transaction of its own, which touches no branch's head. A power cut loses that second of the
log and nothing of the books; when the service ends, everything is written first.
"""

import secrets
from collections import deque
from datetime import datetime
from logging import getLogger
from random import Random
from threading import Event, Thread
from typing import Final

from timebank.care.sightings import Sighting
from timebank.errors import TimebankError
from timebank.services.bank import Bank

EVERY_SECONDS: Final = 1.0
AT_ONCE: Final = 5_000
WAITING_MOST: Final = 100_000
"""While the database is away; what is older is lost, and the log of the service says so."""
NUMBER_BITS: Final = 53
"""So that JSON readers keep a number exactly."""


class Recorder:
    """Takes lines from any thread; `close` writes what is left."""

    def __init__(self, bank: Bank) -> None:
        """Begin with nothing to write."""
        self._bank = bank
        self._waiting: deque[Sighting] = deque(maxlen=WAITING_MOST)
        self._numbers = Random(secrets.randbits(NUMBER_BITS))  # noqa: S311 - they need only differ
        self._is_over = Event()
        self._thread = Thread(target=self._work, name="timebank access log", daemon=True)
        self._thread.start()

    def note(self, sighting: Sighting) -> None:
        """Take a line, to be written within a second."""
        if len(self._waiting) == WAITING_MOST:
            getLogger("timebank_api").error("the access log loses lines: it cannot be written")
        self._waiting.append(sighting)

    def now(self) -> datetime:
        """Return the instant of a line that is taken now."""
        return self._bank.now()

    def new_number(self) -> int:
        """Return a number for a line."""
        return self._numbers.getrandbits(NUMBER_BITS)

    def flush(self) -> bool:
        """Write what waits; returns whether that went well."""
        while self._waiting:
            lines = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            try:
                self._bank.access_log.write(lines)
            except TimebankError as error:
                getLogger("timebank_api").warning("the access log waits: %s", error.code)
                self._waiting.extendleft(reversed(lines))
                return False
        return True

    def close(self) -> None:
        """Write what is left, and end."""
        self._is_over.set()
        self._thread.join()
        self.flush()

    def _work(self) -> None:
        while not self._is_over.wait(EVERY_SECONDS):
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - the next second is another try
                getLogger("timebank_api").error("the access log: %s", type(error).__name__)  # noqa: TRY400
