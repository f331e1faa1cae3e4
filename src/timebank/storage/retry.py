"""The one retry policy: what may succeed when done again is done again, a bounded number of times.

A transaction that the database ended (serialisation failure, deadlock, busy file, lost connection) changed
nothing, so its use case may run again from the start. Only where the connection was lost while committing
does nobody know: then it may run again if an idempotency key tells whether it happened (I-9).
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from timebank.errors import OutcomeUnknown, ServerLost, ServerUnreachable, TimebankError, TryAgain

Result = TypeVar("Result")
RETRIED: Final = (TryAgain, ServerLost, ServerUnreachable, OutcomeUnknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often, and after which waits, a use case runs again."""

    attempts: int = 5
    first_seconds: float = 0.05
    """The first wait; every further one is four times as long. Up to a half of it is left to chance."""
    most_seconds: float = 1.0
    give_up_seconds: float = 8.0
    """After this long, no further attempt begins."""
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    elapsed: Callable[[], float] = time.monotonic

    def run(self, work: Callable[[], Result], *, key: str | None) -> Result:
        """Run a use case until it ends in anything but "try again", as often as the policy allows.

        Args:
            work: the use case; every run of it is a transaction of its own.
            key: its idempotency key; None if nothing would recognise a second run.

        Raises:
            OutcomeUnknown: a commit's answer was lost, and no later run could find out what happened.
            Others: what the last run raised.
        """
        until = self.elapsed() + self.give_up_seconds
        is_unknown = False
        attempt = 0
        while True:
            attempt += 1
            try:
                return work()
            except RETRIED as error:
                is_unknown = is_unknown or isinstance(error, OutcomeUnknown)
                is_last = attempt >= self.attempts or self.elapsed() > until
                if is_last or (is_unknown and key is None):
                    raise _final(error, key, is_unknown=is_unknown) from error
            self.sleep(self.wait_seconds(attempt))

    def wait_seconds(self, attempt: int) -> float:
        """Return how long to wait after an attempt that failed; 1 for the first one."""
        longest = min(self.first_seconds * 4.0 ** (attempt - 1), self.most_seconds)
        return longest * (1 - self.chance() / 2)


NO_RETRY: Final = RetryPolicy(attempts=1)


def _final(error: TimebankError, key: str | None, *, is_unknown: bool) -> TimebankError:
    return OutcomeUnknown(key=key if key is not None else "none was given") if is_unknown else error
