"""Floors and ceilings: the limits in force on an account, soft warnings, recorded overrides.

Owns I-5: a limited account never passes its floor or ceiling, except under a recorded override that
says who, why and until when. Pure; all levels are balances (credits minus debits) in minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from timebank.errors import CeilingReached, InsufficientHours, LimitsCrossed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The levels of one account; None means no limit.

    Invariants:
        floor <= warning floor <= warning ceiling <= ceiling, as far as they are set.

    Raises:
        LimitsCrossed: the levels are not in rising order.
    """

    floor: int | None = None
    ceiling: int | None = None
    warn_floor: int | None = None
    warn_ceiling: int | None = None

    def __post_init__(self) -> None:
        """Refuse levels that are out of order."""
        levels = [
            level
            for level in (self.floor, self.warn_floor, self.warn_ceiling, self.ceiling)
            if level is not None
        ]
        if levels != sorted(levels):
            raise LimitsCrossed

    @property
    def warns(self) -> bool:
        """Whether there is a level to warn at."""
        return self.warn_floor is not None or self.warn_ceiling is not None


UNLIMITED: Final = Limits()
HELD: Final = Limits(floor=0)
"""What is reserved cannot be overspent, by nobody and under no override (I-6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A recorded permission to pass a limit: replaces floor, ceiling or both until an instant."""

    no: int
    floor: int | None
    """The floor while the override is in force; None leaves the floor as it is."""
    ceiling: int | None
    """The ceiling while the override is in force; None leaves the ceiling as it is."""
    until_at: datetime
    """Last instant at which it is in force, aware UTC."""


def limits_in_force(limits: Limits, overrides: Sequence[Override], *, at: datetime) -> Limits:
    """Return the limits widened by every override in force at an instant.

    An override only ever widens: the lowest floor and the highest ceiling win. Warning levels stay,
    so that an account under an override still warns.
    """
    floor, ceiling = limits.floor, limits.ceiling
    if not overrides:
        return limits
    for override in overrides:
        if at > override.until_at:
            continue
        if floor is not None and override.floor is not None:
            floor = min(floor, override.floor)
        if ceiling is not None and override.ceiling is not None:
            ceiling = max(ceiling, override.ceiling)
    return replace(limits, floor=floor, ceiling=ceiling)


@dataclass(frozen=True, slots=True)
class LimitWarning:
    """A soft limit was passed: the entry stands, the people should know."""

    code: str
    """`below_warning_floor` or `above_warning_ceiling`."""
    path: str
    balance: int
    level: int


def check_limits(path: str, limits: Limits, *, before: int, after: int) -> None:
    """Refuse a balance that moves further beyond a limit (I-5).

    A balance already outside (after an import, or a limit that was lowered) may move back towards the
    limits, but not further away. Touching a limit exactly is allowed.

    Raises:
        InsufficientHours: below the floor.
        CeilingReached: above the ceiling.
    """
    if limits.floor is not None and after < limits.floor and after < before:
        raise InsufficientHours(
            path=path,
            needed_minutes=before - after,
            available_minutes=max(0, before - limits.floor),
        )
    if limits.ceiling is not None and after > limits.ceiling and after > before:
        raise CeilingReached(
            path=path, needed_minutes=after - before, room_minutes=max(0, limits.ceiling - before)
        )


def soft_warnings(path: str, limits: Limits, *, before: int, after: int) -> tuple[LimitWarning, ...]:
    """Return a warning for each warning level that the balance lies beyond and moved away from."""
    if limits.warn_floor is not None and after < limits.warn_floor and after < before:
        return (LimitWarning("below_warning_floor", path, after, limits.warn_floor),)
    if limits.warn_ceiling is not None and after > limits.warn_ceiling and after > before:
        return (LimitWarning("above_warning_ceiling", path, after, limits.warn_ceiling),)
    return ()
