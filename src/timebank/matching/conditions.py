"""Rules about the two people of a pair, for all pairs at once: as tables, and as a list of what is no pair.

What requests ask for and what helpers have comes in few variations: the rule itself is asked once for each
pair of variations, and pairs look the answer up. What names somebody is rare: those pairs are listed. Needs
numpy. Pure.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol, TypeAlias

import numpy as np

from timebank.matching.columns import NEVER, Flags, Ints, column, numbered
from timebank.matching.model import Helper, Request
from timebank.matching.rules import (
    has_experience,
    is_of_gender,
    is_spoken,
    is_visible,
    needed_until,
)

TABLE_MOST: Final = 1 << 22
"""Larger tables are not filled in; what pairs look up is asked then."""

Test: TypeAlias = Callable[[Request, Helper], bool]


class Condition(Protocol):
    """Something that pairs must keep."""

    def holds(self, request: Ints, helper: Ints) -> Flags:
        """Tell which pairs keep it."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Which variations of requests and helpers go together."""

    asked: Ints
    """Row of the table, for each request."""
    had: Ints
    """Column of the table, for each helper."""
    cells: Flags

    def holds(self, request: Ints, helper: Ints) -> Flags:
        """Tell which pairs keep it."""
        is_picky: Flags = np.asarray(~self.cells.all(axis=1))
        picky = np.flatnonzero(is_picky[self.asked][request])
        found = np.ones(len(request), np.bool_)
        found[picky] = self.cells[self.asked[request[picky]], self.had[helper[picky]]]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """The same, where there are so many variations that only those which meet are looked at."""

    asked: Ints
    had: Ints
    askers: Sequence[Request]
    """One of each variation."""
    havers: Sequence[Helper]
    test: Test

    def holds(self, request: Ints, helper: Ints) -> Flags:
        """Tell which pairs keep it."""
        meetings, which = np.unique(
            self.asked[request] * len(self.havers) + self.had[helper], return_inverse=True
        )
        asked, had = np.divmod(meetings, len(self.havers))
        kept = (
            self.test(self.askers[row], self.havers[place])
            for row, place in zip(asked.tolist(), had.tolist(), strict=True)
        )
        return np.fromiter(kept, np.bool_, len(meetings))[which]


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A kind of clearance: until when it is needed, -1 if it is not, and until when it counts."""

    needed: Ints
    counts: Ints

    def holds(self, request: Ints, helper: Ints) -> Flags:
        """Tell which pairs keep it."""
        kept: Flags = self.counts[helper] >= self.needed[request]
        return kept


def conditions_of(
    requests: Sequence[Request], helpers: Sequence[Helper], *, now_min: int
) -> tuple[Condition, ...]:
    """Return what pairs have to keep, whatever is offered; distance and whom they name aside."""
    found = (
        condition_of(
            requests,
            helpers,
            lambda each: (each.branch, each.shown_to, each.team),
            lambda each: (each.branch, each.serves, each.teams),
            is_visible,
        ),
        condition_of(requests, helpers, lambda each: each.languages, lambda each: each.languages, is_spoken),
        condition_of(requests, helpers, lambda each: each.gender, lambda each: each.gender, is_of_gender),
        condition_of(
            requests,
            helpers,
            lambda each: each.is_experience_required and each.experience,
            lambda each: each.experiences,
            has_experience,
        ),
    )
    return (
        *(each for each in found if each is not None),
        *_clearances(requests, helpers, now_min),
    )


def condition_of(
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    asked_by: Callable[[Request], Hashable],
    had_by: Callable[[Helper], Hashable],
    test: Test,
) -> Condition | None:
    """Return a condition; None if no pair could break it.

    Args:
        asked_by, had_by: what the test looks at, of either side.
    """
    askers = {asked_by(each): each for each in requests}
    havers = {had_by(each): each for each in helpers}
    rows, places = numbered(askers), numbered(havers)
    asked = column((rows[asked_by(each)] for each in requests), len(requests))
    had = column((places[had_by(each)] for each in helpers), len(helpers))
    if len(askers) * len(havers) > TABLE_MOST:
        return Asking(asked, had, tuple(askers.values()), tuple(havers.values()), test)
    cells = np.array([[test(one, other) for other in havers.values()] for one in askers.values()], np.bool_)
    return None if cells.all() else Table(asked, had, cells)


def _clearances(requests: Sequence[Request], helpers: Sequence[Helper], now_min: int) -> Iterator[Condition]:
    for kind in sorted(set().union(*(each.clearances for each in requests))):
        needed = (needed_until(each, now_min) if kind in each.clearances else -1 for each in requests)
        counts = (
            max((_until(held.ends_min) for held in each.clearances if held.kind == kind), default=-1)
            for each in helpers
        )
        yield Checked(column(needed, len(requests)), column(counts, len(helpers)))


def _until(ends_min: int | None) -> int:
    return NEVER if ends_min is None else ends_min


def bans_of(requests: Sequence[Request], helpers: Sequence[Helper], *, now_min: int) -> Ints:
    """Return the pairs that a rule names, sorted: position of the request times helpers, plus helper's."""
    found = [
        request * len(helpers) + helper
        for request, helper in chain(
            _banned_by_id(requests, helpers, now_min), _banned_by_code(requests, helpers)
        )
    ]
    return np.unique(np.array(found, np.int64))


def _banned_by_id(
    requests: Sequence[Request], helpers: Sequence[Helper], now_min: int
) -> Iterator[tuple[int, int]]:
    places = {each.id: at for at, each in enumerate(helpers)}
    for at, each in enumerate(requests):
        parked = (who for who, until in each.parked if now_min < until)
        for who in chain(each.people, each.excludes, each.declined_by, parked):
            if who in places:
                yield at, places[who]


def _banned_by_code(requests: Sequence[Request], helpers: Sequence[Helper]) -> Iterator[tuple[int, int]]:
    homes: dict[str | None, list[int]] = defaultdict(list)
    asking: dict[str, list[int]] = defaultdict(list)
    for at, each in enumerate(requests):
        for home in each.households:
            homes[home].append(at)
        for person in each.people:
            asking[person].append(at)
    for helper, who in enumerate(helpers):
        for request in homes.get(who.household, ()):
            yield request, helper
        for person in who.excludes:
            for request in asking.get(person, ()):
                yield request, helper
