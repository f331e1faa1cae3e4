"""The deliverer: keeps looking for events to send to webhooks, a few at a time, until it is told to end.

One that hangs keeps none but itself waiting. Several processes may do this: see `deliveries`.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from logging import getLogger
from threading import Event as Flag
from threading import Thread
from typing import Final

from timebank.services.deliveries import Deliveries, Send

PAUSE_SECONDS: Final = 1.0
"""Between two looks at what is due."""
CREW: Final = 4
"""Webhooks that are sent to at the same time."""
Hook = tuple[str, int]


class Deliverer:
    """A thread that looks for what is due, and a crew that sends it."""

    def __init__(
        self,
        deliveries: Deliveries,
        send: Send,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        crew: int = CREW,
    ) -> None:
        """Begin with nothing to do; see `start`."""
        self._deliveries = deliveries
        self._send = send
        self._pause_seconds = pause_seconds
        self._over = Flag()
        self._crew = ThreadPoolExecutor(crew, thread_name_prefix="timebank-webhooks")
        self._thread = Thread(target=self._run, name="timebank-deliverer", daemon=True)
        self._in_hand: dict[Hook, Future[int]] = {}

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Send no further message, and wait for those that are on their way."""
        self._over.set()
        self._thread.join()
        self._crew.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._hand_out()
            except Exception as error:  # noqa: BLE001 - the database may be away for a while
                _log(error)
            self._over.wait(self._pause_seconds)

    def _hand_out(self) -> None:
        self._in_hand = {hook: done for hook, done in self._in_hand.items() if not done.done()}
        for hook in self._deliveries.due():
            if hook not in self._in_hand:
                self._in_hand[hook] = self._crew.submit(self._deliver, hook)

    def _deliver(self, hook: Hook) -> int:
        try:
            return self._deliveries.deliver(*hook, self._send, is_over=self._over.is_set)
        except Exception as error:  # noqa: BLE001 - the lease ends, and somebody tries again
            _log(error)
            return 0


def _log(error: Exception) -> None:
    """Say what kind of thing went wrong, and nothing that a row or a receiver said."""
    getLogger("timebank.events").warning("%s while delivering events", type(error).__name__)
