"""A problem laid out: the arcs of each request together, and an order that does not depend on the input's.

Helpers and requests are ordered by the hashes of their ids, so that where a loop begins, and which of two
equal numbers it meets first, is the same however a problem was written down. Pure.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from operator import le
from typing import Final

from timebank.matching.problem import Objective, Problem, do_conflict
from timebank.matching.scale import POINT, Scale, helper_hash, request_hash

DEAR: Final = 1 << 50
"""Points that are more than those of any arc; what costs more than half of them is not told apart here."""


class Table:
    """A problem with what everybody asks of it."""

    def __init__(self, problem: Problem, objective: Objective, scale: Scale | None = None) -> None:
        """Lay a problem out; takes time in proportion to its arcs, and nothing is judged.

        Args:
            problem: to be solved.
            objective: what for.
            scale: if it is not to be made for this problem.
        """
        self.problem = problem
        self.objective = objective
        arcs = problem.arcs
        self.pins = problem.pins()
        self.pinned_load = [0] * len(problem.helpers)
        for place in self.pins.values():
            self.pinned_load[arcs.helpers[place]] += 1
        self.barred = _barred(problem, self.pins)
        """Pairs of a helper and a request that an accepted match of the helper leaves no time for."""
        self.points = _worth(arcs.points, problem, objective)
        self.request_hashes = [request_hash(node.id) for node in problem.requests]
        self.helper_hashes = [helper_hash(node.id) for node in problem.helpers]
        self._order, self._starts = _by_request(arcs.requests, len(problem.requests))
        self.scale = scale or Scale.of(
            requests=len(problem.requests),
            points=max(map(abs, self.points), default=0)
            + 2 * objective.load_points * max((node.capacity for node in problem.helpers), default=0),
        )

    @property
    def wanted(self) -> list[int]:
        """How many requests there are, by class of priority."""
        counts = [0] * len(self.scale.unserved)
        for node in self.problem.requests:
            counts[node.priority] += 1
        return counts

    def arcs_of(self, request: int) -> tuple[Sequence[int], Sequence[int]]:
        """Return the helpers of a request's arcs, and their points."""
        begins, ends = self._starts[request], self._starts[request + 1]
        if self._order is None:
            return self.problem.arcs.helpers[begins:ends], self.points[begins:ends]
        places = self._order[begins:ends]
        helpers, points = self.problem.arcs.helpers, self.points
        return [helpers[place] for place in places], [points[place] for place in places]

    def low_arcs(self, prices: Sequence[int]) -> Callable[[int], tuple[Sequence[int], Sequence[int]]]:
        """Return what gives the helpers and points of a request's arcs, at least all that could be cheapest.

        Others are more than a point dearer than one of them: no hash makes up for that. Of arrays this looks
        at all arcs at once.

        Args:
            prices: of helpers, not negative.
        """
        arcs = self.problem.arcs
        are_arrays = isinstance(arcs.helpers, array) and isinstance(self.points, array)
        if self._order is not None or not are_arrays or not arcs.helpers:
            return self.arcs_of
        import numpy as np  # noqa: PLC0415 - who made arrays of so many has loaded it

        helpers, points = np.asarray(arcs.helpers, np.int64), np.asarray(self.points, np.int64)
        floors = np.array([min(price // POINT, DEAR) for price in prices], np.int64)
        low = floors[helpers] - points
        starts = np.array(self._starts, np.int64)
        counts = np.diff(starts)
        least = np.minimum.reduceat(low, starts[:-1][counts > 0])
        most = np.where(least < DEAR // 2, least + 1, 2 * DEAR)
        kept = np.flatnonzero(low <= np.repeat(most, counts[counts > 0]))
        bounds = np.searchsorted(kept, starts).tolist()
        to, worth = helpers[kept].tolist(), points[kept].tolist()
        return lambda request: (
            to[bounds[request] : bounds[request + 1]],
            worth[bounds[request] : bounds[request + 1]],
        )

    def place_of(self, request: int, helper: int) -> int:
        """Return the place of the arc of a pair; of two the one with more points."""
        begins, ends = self._starts[request], self._starts[request + 1]
        helpers = self.problem.arcs.helpers
        if self._order is None:
            places = [begins + at for at, each in enumerate(helpers[begins:ends]) if each == helper]
        else:
            places = [place for place in self._order[begins:ends] if helpers[place] == helper]
        assert places, "a plan uses an arc that is none"
        return max(places, key=self.points.__getitem__)

    def requests_in_order(self) -> list[int]:
        """Return the requests that are not pinned: urgent ones first, else by their hashes."""
        nodes, hashes = self.problem.requests, self.request_hashes
        free = (place for place in range(len(nodes)) if place not in self.pins)
        return sorted(free, key=lambda place: (nodes[place].priority, hashes[place], nodes[place].id))

    def helpers_in_order(self) -> list[int]:
        """Return the helpers by their hashes."""
        nodes, hashes = self.problem.helpers, self.helper_hashes
        return sorted(range(len(nodes)), key=lambda place: (hashes[place], nodes[place].id))

    def free_arcs(self) -> Iterator[tuple[int, Sequence[int], Sequence[int]]]:
        """Give each request that is not pinned, with helpers and points of the arcs that are not barred."""
        requests_barred = {request for _, request in self.barred}
        for request in range(len(self.problem.requests)):
            if request in self.pins:
                continue
            to, points = self.arcs_of(request)
            if request in requests_barred:
                pairs = zip(to, points, strict=True)
                kept = [(helper, each) for helper, each in pairs if (helper, request) not in self.barred]
                to, points = [helper for helper, _ in kept], [each for _, each in kept]
            yield request, to, points


def _barred(problem: Problem, pins: Mapping[int, int]) -> frozenset[tuple[int, int]]:
    pinned: dict[int, list[int]] = {}
    nodes, arcs = problem.requests, problem.arcs
    for request, place in pins.items():
        if nodes[request].can_conflict:
            pinned.setdefault(arcs.helpers[place], []).append(request)
    if not pinned:
        return frozenset()
    return frozenset(
        (helper, request)
        for request, helper in zip(arcs.requests, arcs.helpers, strict=True)
        if helper in pinned and request not in pins
        for other in pinned[helper]
        if do_conflict(nodes[request], nodes[other], problem.helpers[helper].rest_minutes)
    )


def _worth(points: Sequence[int], problem: Problem, objective: Objective) -> Sequence[int]:
    """Return the points of arcs with what is sticky, less the load of a first place."""
    if not problem.arcs.sticky and not objective.load_points:
        return points
    worth = array("q", (each - objective.load_points for each in points))
    for place, sticky in problem.arcs.sticky.items():
        worth[place] += sticky
    return worth


def _by_request(requests: Sequence[int], number: int) -> tuple[list[int] | None, list[int]]:
    """Return an order of arcs by request, None if they are in order, and where each request begins."""
    if all(map(le, requests, islice(requests, 1, None))):
        return None, [bisect_left(requests, request) for request in range(number + 1)]
    order = sorted(range(len(requests)), key=requests.__getitem__)
    return order, [bisect_left(order, request, key=requests.__getitem__) for request in range(number + 1)]
