"""What the workers share: they insist where the answer is "try again", and say what they did."""

import logging
import signal
import sys
import time
from collections.abc import Callable
from typing import Final, TypeVar

from timebank.errors import Kind, TimebankError

DEADLINE_SECONDS: Final = 120
PAUSE_SECONDS: Final = 0.05
Result = TypeVar("Result")


def insist(act: Callable[[], Result], *, seconds: float = DEADLINE_SECONDS) -> tuple[Result, int]:
    """Repeat an act while it says that it may be repeated; returns its result and how often it was tried.

    Raises:
        TimebankError: the last one, once the time is over; at once if repeating cannot help.
    """
    until = time.monotonic() + seconds
    tried = 0
    while True:
        tried += 1
        try:
            return act(), tried
        except TimebankError as error:
            if error.kind is not Kind.TRANSIENT or time.monotonic() > until:
                raise
        time.sleep(PAUSE_SECONDS)


def be_quiet() -> None:
    """Let libraries not log on stderr that a connection broke: the errors that they raise say so, too."""
    for name in ("psycopg", "sqlalchemy.pool"):
        logging.getLogger(name).addHandler(logging.NullHandler())


class Interruption:
    """Whether a SIGTERM came: whoever works then finishes what it is doing."""

    def __init__(self) -> None:
        """Listen from now on, and be quiet on stderr, where whoever started us looks for mistakes."""
        self.to_end = False
        be_quiet()
        signal.signal(signal.SIGTERM, self._come)

    def _come(self, _signal: int, _frame: object) -> None:
        self.to_end = True


def say(*words: object) -> None:
    """Say a line to whoever started this process."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()
