"""Clocks: the only place where the program learns what time it is (shell only)."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Gives the current instant."""

    def now(self) -> datetime:
        """Return the current instant, aware UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the machine's current instant, aware UTC, to the microsecond."""
        return datetime.now(UTC)


class SteppingClock:
    """A clock for tests and sample worlds: starts where told and moves by a fixed step per reading."""

    def __init__(self, start: datetime, step: timedelta = timedelta(0)) -> None:
        """Start at `start` (aware UTC) and add `step` after every reading."""
        self.instant = start
        self.step = step

    def now(self) -> datetime:
        """Return the current instant, then move on by the step."""
        instant = self.instant
        self.instant += self.step
        return instant

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative `by` turns it back."""
        self.instant += by
