"""Attempts to sign in: counted for each account and place, so that guessing ends and nobody is locked out.

What failed from one place closes the account to that place only, for a while; whoever comes from elsewhere,
or is in already, notices no more than a short delay. The counts are this process's: a guesser who finds a
second process has as many attempts again, and argon2 in each of them takes its time.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from threading import Lock
from typing import Final

from timebank.errors import TooManyAttempts

ATTEMPTS_MOST: Final = 10
"""That one place has for one account in `WINDOW`."""
ASKED_MOST: Final = 5
"""Codes by mail that one place asks for, for one account, in `WINDOW`."""
WINDOW: Final = timedelta(minutes=15)
FREE: Final = 10
"""Attempts, of all places at one account or of one place at all accounts, that are not slowed."""
STEP_SECONDS: Final = 0.1
DELAY_SECONDS_MOST: Final = 2.0
KEPT_MOST: Final = 20_000
"""Counts in memory; the oldest are forgotten first."""


@dataclass(slots=True)
class _Count:
    number: int
    until: datetime


@dataclass(slots=True)
class Attempts:
    """What was tried lately."""

    _counts: OrderedDict[Hashable, _Count] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, account: Hashable, place: str, *, now: datetime, most: int = ATTEMPTS_MOST) -> None:
        """Count an attempt before it is made, so that many at once are no way around.

        Raises:
            TooManyAttempts: that place had its attempts at this account; others are still welcome.
        """
        with self._lock:
            here = self._at((account, place), now)
            if here.number >= most:
                raise TooManyAttempts(retry_seconds=ceil((here.until - now).total_seconds()))
            for key in ((account, place), (account,), (place,)):
                self._at(key, now).number += 1

    def succeeded(self, account: Hashable, place: str) -> None:
        """Forget what failed before at that account from that place, and the attempt that did not fail."""
        with self._lock:
            own = self._counts.pop((account, place), None)
            for key in ((account,), (place,)):
                count = self._counts.get(key)
                if own is not None and count is not None:
                    count.number = max(0, count.number - own.number)

    def forget_all(self) -> None:
        """Begin anew."""
        with self._lock:
            self._counts.clear()

    def delay_seconds(self, account: Hashable, place: str, *, now: datetime) -> float:
        """Return how long an attempt should wait: a little more for each that failed lately, to a bound."""
        with self._lock:
            tried = max(self._at(key, now).number for key in ((account,), (place,)))
        return min(DELAY_SECONDS_MOST, max(0, tried - FREE) * STEP_SECONDS)

    def _at(self, key: Hashable, now: datetime) -> _Count:
        count = self._counts.get(key)
        if count is None or now >= count.until:
            count = self._counts[key] = _Count(0, now + WINDOW)
        self._counts.move_to_end(key)
        while len(self._counts) > KEPT_MOST:
            self._counts.popitem(last=False)
        return count
