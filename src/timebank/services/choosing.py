"""Choosing: who helps with which request, as good as can be found, and how far from the best that may be.

The solver knows of time what is certain: which minutes a visit takes whenever it begins. What it proves is
therefore a bound for every plan. Then the visits of each helper are arranged. Where they do not all find
their time, the helper takes fewer, everybody is planned for again, and the best of all plans stays: never a
worse one than with one visit for each helper, unless it is near enough to the bound.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from timebank.matching.batch import Pairs, join
from timebank.matching.certificate import Solution
from timebank.matching.model import Dated, Helper, Request
from timebank.matching.problem import Arcs, HelperNode, Objective, Problem, RequestNode
from timebank.matching.rules import Fit
from timebank.matching.scale import Worth
from timebank.matching.score import Weights
from timebank.matching.solve import Solver
from timebank.matching.totals import totals_of
from timebank.services.pooling import WEEK_MINUTES
from timebank.services.visiting import arranged, node_of, served_of

ROUNDS: Final = 4
"""Times that everybody is planned for again, with fewer visits for who had too many."""
Known: TypeAlias = dict[tuple[int, ...], tuple[dict[str, Fit], Helper]]
"""Visits that were arranged, and the helper as they are then, by the helper and the requests."""
MANY: Final = 2_000
"""With so many requests a plan takes long."""
NEAR: Final = 2_000
"""Of so many points one may be missing then, if no request is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Everything that a plan is chosen from; requests and helpers by their places."""

    requests: Sequence[Request]
    helpers: Sequence[Helper]
    starts: Sequence[int]
    """Where the candidates of each request begin in the columns, and where the last ones end."""
    able: Sequence[int]
    """Column of helpers: of all who could help, whether they can be asked now or not."""
    points: Sequence[int]
    """Column of what they are worth."""
    nodes: Sequence[RequestNode]
    """The requests as the solver takes them."""
    arcs: Arcs
    """Candidates who can be asked now, as the solver takes them."""
    capacity: Sequence[int]
    """How many visits each helper can be asked for now."""
    objective: Objective
    now_min: int
    zone: ZoneInfo

    def candidates(self, request: int) -> list[tuple[int, int]]:
        """Return (helper, points) of everybody who could help with a request."""
        some = slice(self.starts[request], self.starts[request + 1])
        return list(zip(self.able[some], self.points[some], strict=True))

    def problem(self) -> Problem:
        """Return the problem in numbers."""
        people = [
            HelperNode(id=each.id, capacity=most, rest_minutes=each.rest_minutes)
            for each, most in zip(self.helpers, self.capacity, strict=True)
        ]
        return Problem(self.nodes, people, self.arcs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A plan in which every visit has its time."""

    problem: Problem
    solution: Solution
    """The plan, with the prices it was found by."""
    fits: Sequence[Fit | None]
    """Of each request: with which offer, and when; None if nobody helps."""
    after: dict[int, Helper]
    """Helpers with their visits taken for agreed; those without a visit are not in it."""
    worth: Worth
    crowded: dict[int, int]
    """Helpers who were given more visits than found their time, and how many did."""


def town_of(
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    capacity: Sequence[int],
    weights: Weights,
    *,
    now_min: int,
    zone: ZoneInfo,
    objective: Objective,
    asked: Sequence[int],
) -> Town:
    """Find all candidates and what they are worth.

    Args:
        requests, helpers: in any order.
        capacity: how many visits each helper can be asked for now.
        weights: of the branch.
        now_min: the current minute since 1970.
        zone: of the branch.
        objective: what a load costs.
        asked: how often each helper was asked of late. A load of n visits costs its square; who was asked
            a times before has one of a + n, so each visit costs 2 a more.

    Raises:
        TooManyCandidates: more than fit into memory.
    """
    pairs = join(requests, helpers, now_min=now_min)
    points = totals_of(pairs, requests, helpers, weights, now_min=now_min)
    points -= 2 * objective.load_points * np.array(asked, np.int64)[pairs.helpers]
    every = arcs = Arcs(_column(pairs.requests), _column(pairs.helpers), _column(points))
    if not all(capacity):
        asks = np.array(capacity)[pairs.helpers] > 0
        arcs = Arcs(_column(pairs.requests[asks]), _column(pairs.helpers[asks]), _column(points[asks]))
    return Town(
        requests=requests,
        helpers=helpers,
        starts=np.searchsorted(pairs.requests, np.arange(len(requests) + 1)).tolist(),
        able=every.helpers,
        points=every.points,
        nodes=[node_of(each) for each in requests],
        arcs=arcs,
        capacity=_within_minutes(requests, helpers, pairs, capacity, now_min=now_min),
        objective=objective,
        now_min=now_min,
        zone=zone,
    )


def _column(numbers: NDArray[np.integer[Any]]) -> Sequence[int]:
    """Return a column as plain numbers that take little room."""
    return array("q", numbers.astype(np.int64, copy=False).tobytes())


def _within_minutes(
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    pairs: Pairs,
    capacity: Sequence[int],
    *,
    now_min: int,
) -> list[int]:
    """Return how many visits each helper can have, their minutes a week counted: no plan has more."""
    minutes = np.array([each.minutes for each in requests], np.int64)
    later = np.array(
        [isinstance(each.when, Dated) and each.when.ends_min >= now_min + WEEK_MINUTES for each in requests],
        np.bool_,
    )
    longest = int(minutes.max(initial=0)) + 1
    shortest = np.full(len(helpers), longest, np.int64)
    np.minimum.at(shortest, pairs.helpers, minutes[pairs.requests])
    shortest[pairs.helpers[later[pairs.requests]]] = longest
    return [
        most if least == longest else min(most, sum(each.minutes_left // least for each in helper.offers))
        for helper, most, least in zip(helpers, capacity, shortest.tolist(), strict=True)
    ]


def chosen(town: Town, tell: Callable[[], None] = lambda: None) -> tuple[Choice, Worth]:
    """Return the best plan that was found, and what no plan is worth more than.

    Args:
        town: with its candidates.
        tell: called before each time that everybody is planned for.
    """
    tell()
    known: Known = {}
    solver = Solver(town.problem(), town.objective)
    best = made = _choice(town, solver, known)
    bound = made.solution.bound
    for _ in range(ROUNDS):
        if not made.crowded or _is_near(town, best.worth, bound):
            break
        tell()
        solver.limit({helper: max(1, most) for helper, most in made.crowded.items()})
        made = _choice(town, solver, known)
        best = max(best, made, key=lambda each: each.worth.key)
    if not _is_near(town, best.worth, bound):
        tell()
        solver.limit({place: 1 for place, each in enumerate(solver.problem.helpers) if each.capacity > 1})
        one_each = _choice(town, solver, known)
        best = max(best, one_each, key=lambda each: each.worth.key)
    return best, bound


def _is_near(town: Town, worth: Worth, bound: Worth) -> bool:
    """Tell whether a plan is proved to be the best, or of a large branch so near that it will do."""
    if worth.served != bound.served or len(town.requests) < MANY:
        return worth == bound
    return (bound.points - worth.points) * NEAR <= abs(bound.points)


def _choice(town: Town, solver: Solver, known: Known) -> Choice:
    """Solve for so many visits of each helper, arrange them, and bring in who can still be brought in."""
    problem, solution = solver.problem, solver.solve()
    given: dict[int, list[int]] = {}
    for request, helper in enumerate(solution.assignment):
        if helper is not None:
            given.setdefault(helper, []).append(request)
    visits = _Visits(town, known)
    crowded = {}
    for helper, requests in given.items():
        visits.arrange(helper, requests)
        if len(visits.taken[helper]) < len(requests):
            crowded[helper] = len(visits.taken[helper])
    visits.bring_in()
    loads = {
        helper: len(taken)
        for helper, taken in visits.taken.items()
        if len(taken) > problem.helpers[helper].capacity
    }
    return Choice(
        problem=problem.limited(loads) if loads else problem,
        solution=replace(solution, assignment=tuple(visits.at)),
        fits=visits.fits,
        after=visits.after,
        worth=visits.worth(),
        crowded=crowded,
    )


class _Visits:
    """The visits of everybody, being arranged."""

    def __init__(self, town: Town, known: Known) -> None:
        self.town = town
        self.known = known
        self.at: list[int | None] = [None] * len(town.requests)
        self.fits: list[Fit | None] = [None] * len(town.requests)
        self.taken: dict[int, list[int]] = {}
        self.after: dict[int, Helper] = {}

    def arrange(self, helper: int, requests: Sequence[int]) -> None:
        """Give a helper as many of some visits as find their time."""
        town = self.town
        fits, self.after[helper] = self._arranged(helper, requests)
        self.taken[helper] = [each for each in requests if town.requests[each].id in fits]
        for each in self.taken[helper]:
            self.at[each], self.fits[each] = helper, fits[town.requests[each].id]

    def bring_in(self) -> None:
        """Give requests that nobody has to helpers who have a visit and the time left, the best first."""
        town = self.town
        left = [request for request, helper in enumerate(self.at) if helper is None]
        for request in sorted(left, key=lambda each: (town.requests[each].urgency, town.requests[each].id)):
            row = sorted(town.candidates(request), key=lambda each: (-each[1], town.helpers[each[0]].id))
            for helper, _ in row:
                if self._is_brought_in(request, helper):
                    break

    def _is_brought_in(self, request: int, helper: int) -> bool:
        taken = self.taken.get(helper, [])
        if len(taken) >= self.town.capacity[helper]:
            return False
        fits, _ = self._arranged(helper, [*taken, request])
        if len(fits) <= len(taken):
            return False
        self.arrange(helper, [*taken, request])
        return True

    def _arranged(self, helper: int, requests: Sequence[int]) -> tuple[dict[str, Fit], Helper]:
        """Return when a helper visits whom; what was found in an earlier round is known."""
        key = (helper, *requests)
        if key not in self.known:
            town = self.town
            wanted = [town.requests[each] for each in requests]
            self.known[key] = arranged(town.helpers[helper], wanted, now_min=town.now_min, zone=town.zone)
        return self.known[key]

    def worth(self) -> Worth:
        """Return what all of it is worth, as the solver counts."""
        town = self.town
        points = sum(
            town.points[town.able.index(helper, town.starts[request])]
            for request, helper in enumerate(self.at)
            if helper is not None
        )
        squares = sum(len(each) ** 2 for each in self.taken.values())
        urgencies = (
            each.urgency for each, helper in zip(town.requests, self.at, strict=True) if helper is not None
        )
        return Worth(served_of(urgencies), points - town.objective.load_points * squares)
