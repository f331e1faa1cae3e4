"""The outlook: how likely help is near somebody, told in counts that point at nobody.

It is for families, who are told no names: before hours are spent, they see how many could help, roughly how
far away, what one small change would add, and how it went for others. So:

    - one or two people are told as that, `A_FEW`, never as one or as two;
    - distances are told in bands with `FEW_BELOW` people or more in each; neighbouring bands are joined until
      that is so;
    - only changes are counted that whoever asks can make, or ask for: another time, another way, a nearer
      place. What somebody is, has not been cleared for, or has said no to is counted nowhere, not even in a
      total;
    - of other requests nothing is told until there are `ENOUGH`.

Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median_low
from typing import Final

from timebank.matching.rules import Reason, RuleCode

FEW_BELOW: Final = 3
A_FEW: Final = None
"""How one or two people are counted."""
ENOUGH: Final = 5
BAND_ENDS: Final = (2_000, 5_000, 10_000, 20_000)
"""Metres; the end itself belongs to the band."""
FURTHER_MOST: Final = 5_000
"""Metres that somebody may lack to the place of the help; more is no small change."""


class Change(StrEnum):
    """One small change after which somebody could help; each stands for rules with one text for everybody."""

    TIME = "time"
    DISTANCE = "distance"
    MODE = "mode"


CHANGE_OF: Final = {
    RuleCode.AVAILABILITY: Change.TIME,
    RuleCode.CAPACITY: Change.TIME,
    RuleCode.OVERLAP: Change.TIME,
    RuleCode.DISTANCE: Change.DISTANCE,
    RuleCode.MODE: Change.MODE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """How many of those who could help set out from how far away."""

    from_m: int
    """Nobody in it is that near or nearer, but for the first band, which begins at the door."""
    to_m: int | None
    """None: and farther."""
    count: int
    """`FEW_BELOW` or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How it went for comparable requests; nothing of it is told of too few."""

    requests: int | None
    """How many have found somebody, or ended; None: fewer than `ENOUGH`."""
    found_percent: int | None
    """How many of a hundred found somebody, rounded; None as `requests` is."""
    wait_minutes: int | None
    """From asking to a yes: half of those who found somebody waited no longer; None: fewer than `ENOUGH`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How likely help is."""

    is_place_known: bool
    """False: help is wished for in person, and where is not known, so nobody can be found near."""
    count: int | None
    """How many could help; `A_FEW` are one or two."""
    bands: tuple[Band, ...]
    """The nearest first; none for help without a way, and none where few could help."""
    changes: tuple[tuple[Change, int | None], ...]
    """How many more one change would add, where it adds somebody; `A_FEW` are one or two."""
    past: Past


def outlook_of(
    *,
    is_place_known: bool,
    distances_m: Sequence[int | None],
    blocked: Iterable[Sequence[Reason]],
    waits: Iterable[int | None],
) -> Outlook:
    """Return what may be told.

    Args:
        is_place_known: whether the place of the help is; True if nobody has to go there.
        distances_m: of everybody who could help, any order; None for help without a way.
        blocked: every reason against each of the others, any order.
        waits: of each comparable request, the minutes until it found somebody; None: it ended without.
    """
    known = [each for each in distances_m if each is not None]
    return Outlook(
        is_place_known=is_place_known,
        count=told(len(distances_m)),
        bands=bands_of(known),
        changes=changes_of(blocked),
        past=past_of(waits),
    )


def told(count: int) -> int | None:
    """Return a count of people as it is told: one or two are `A_FEW`."""
    return A_FEW if 0 < count < FEW_BELOW else count


def bands_of(distances_m: Sequence[int]) -> tuple[Band, ...]:
    """Return bands of `FEW_BELOW` people or more, the nearest first; none where there are fewer."""
    bands: list[Band] = []
    from_m = counted = 0
    for to_m in BAND_ENDS:
        within = sum(each <= to_m for each in distances_m)
        left = len(distances_m) - within
        if within - counted >= FEW_BELOW and (left == 0 or left >= FEW_BELOW):
            bands.append(Band(from_m=from_m, to_m=to_m, count=within - counted))
            from_m, counted = to_m, within
    if len(distances_m) - counted >= FEW_BELOW:
        bands.append(Band(from_m=from_m, to_m=None, count=len(distances_m) - counted))
    return tuple(bands)


def changes_of(blocked: Iterable[Sequence[Reason]]) -> tuple[tuple[Change, int | None], ...]:
    """Return how many could help after one change: those whom a single rule keeps away.

    Args:
        blocked: every reason against each.
    """
    found = [CHANGE_OF[each[0].code] for each in blocked if len(each) == 1 and _is_small(each[0])]
    return tuple((change, told(found.count(change))) for change in Change if change in found)


def past_of(waits: Iterable[int | None]) -> Past:
    """Return how it went, as far as there are enough to tell.

    Args:
        waits: the minutes until each found somebody; None: it ended without.
    """
    every = list(waits)
    found = [each for each in every if each is not None]
    is_enough = len(every) >= ENOUGH
    return Past(
        requests=len(every) if is_enough else None,
        found_percent=(200 * len(found) + len(every)) // (2 * len(every)) if is_enough else None,
        wait_minutes=median_low(found) if len(found) >= ENOUGH else None,
    )


def _is_small(reason: Reason) -> bool:
    if reason.code is RuleCode.DISTANCE:
        return int(dict(reason.facts).get("beyond_m", 0)) <= FURTHER_MOST
    return reason.code in CHANGE_OF
