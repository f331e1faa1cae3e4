"""Candidates for one request at a time, without looking at every helper.

An index of offers by kind, way and place; what it finds is looked at by the rules themselves, so it finds
what a loop over everybody finds. Helpers come and go one by one. For many requests at once see `batch`. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from timebank.care.record import Mode
from timebank.errors import TwiceInPool, UnknownToPool
from timebank.matching.grid import ANYWHERE, Cell, cell_of, cells_around, class_of
from timebank.matching.model import Helper, Request
from timebank.matching.rules import Fit, fit_of, is_remote

EVERYWHERE: Final[Cell] = (ANYWHERE, 0, 0)

Spot: TypeAlias = tuple[str, Cell]
"""Where an offer is found: its kind, and a cell."""
Wire: TypeAlias = tuple[str, Mode, str]
"""Where an offer of remote help is found: its kind, its way, the branch."""

Where = TypeVar("Where", Spot, Wire)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A helper whom no rule keeps from a request."""

    helper: str
    fit: Fit


class Index:
    """Helpers, found by what they offer and where.

    Raises:
        TwiceInPool: two helpers have the same id.
    """

    def __init__(self, helpers: Iterable[Helper] = ()) -> None:
        """Take in helpers, in any order."""
        self._helpers: dict[str, Helper] = {}
        self._near: dict[Spot, set[str]] = defaultdict(set)
        self._remote: dict[Wire, set[str]] = defaultdict(set)
        self._classes: dict[int, int] = defaultdict(int)
        for each in helpers:
            self.add(each)

    def __len__(self) -> int:
        """Return how many helpers there are."""
        return len(self._helpers)

    def add(self, helper: Helper) -> None:
        """Take in a helper.

        Raises:
            TwiceInPool: there is one with this id.
        """
        if helper.id in self._helpers:
            raise TwiceInPool(id=helper.id)
        self._helpers[helper.id] = helper
        for spot in _spots_of(helper):
            self._near[spot].add(helper.id)
            self._classes[spot[1][0]] += 1
        for wire in _wires_of(helper):
            self._remote[wire].add(helper.id)

    def remove(self, helper_id: str) -> Helper:
        """Let a helper go; returns who it was.

        Raises:
            UnknownToPool: there is none with this id.
        """
        helper = self._helpers.pop(helper_id, None)
        if helper is None:
            raise UnknownToPool(id=helper_id)
        for spot in _spots_of(helper):
            _take_out(self._near, spot, helper_id)
            self._classes[spot[1][0]] -= 1
        for wire in _wires_of(helper):
            _take_out(self._remote, wire, helper_id)
        return helper

    def candidates(self, request: Request, *, now_min: int) -> tuple[Candidate, ...]:
        """Return every helper whom no rule keeps from a request, by id.

        Args:
            request: any, of a kind that nobody offers, too.
            now_min: the current minute since 1970.
        """
        found = (
            (id_, fit_of(request, self._helpers[id_], now_min=now_min))
            for id_ in sorted(self._possible(request))
        )
        return tuple(Candidate(id_, fit) for id_, fit in found if fit is not None)

    def _possible(self, request: Request) -> set[str]:
        if is_remote(request.mode):
            wires = ((request.kind, request.mode, each) for each in {request.branch, *request.shown_to})
            return set().union(*(self._remote.get(wire, ()) for wire in wires))
        return set().union(*(self._near.get(spot, ()) for spot in self._spots_around(request)))

    def _spots_around(self, request: Request) -> Iterator[Spot]:
        if request.place is None:
            return
        yield request.kind, EVERYWHERE
        for number, count in self._classes.items():
            if count and number != ANYWHERE:
                for cell in cells_around(request.place, number):
                    yield request.kind, cell


def _spots_of(helper: Helper) -> set[Spot]:
    if helper.place is None:
        return set()
    number = class_of(helper.reach_m)
    cell = EVERYWHERE if number == ANYWHERE else cell_of(helper.place, number)
    return {(offer.kind, cell) for offer in helper.offers if not is_remote(offer.mode)}


def _wires_of(helper: Helper) -> set[Wire]:
    return {(offer.kind, offer.mode, helper.branch) for offer in helper.offers if is_remote(offer.mode)}


def _take_out(places: dict[Where, set[str]], where: Where, id_: str) -> None:
    places[where].remove(id_)
    if not places[where]:
        del places[where]
