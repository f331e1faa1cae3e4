"""Choosing: who helps with which request, as good as can be found, and how far from the best that may be.

The solver knows of time what is certain: which minutes a visit takes whenever it begins. What it proves is
therefore a bound for every plan. Then the visits of each helper are arranged. Where they do not all find
their time, the helper takes fewer, everybody is planned for again, and the best of all plans stays: never a
worse one than with one visit for each helper.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from timebank.matching.batch import join
from timebank.matching.certificate import Solution
from timebank.matching.model import Dated, Helper, Request
from timebank.matching.problem import Arcs, HelperNode, Objective, Problem
from timebank.matching.rules import Fit
from timebank.matching.scale import Worth
from timebank.matching.score import Weights
from timebank.matching.solve import solve
from timebank.matching.totals import totals_of
from timebank.services.pooling import WEEK_MINUTES
from timebank.services.visiting import arranged, node_of, served_of

ROUNDS: Final = 4
"""Times that everybody is planned for again, with fewer visits for who had too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Everything that a plan is chosen from; requests and helpers by their places."""

    requests: Sequence[Request]
    helpers: Sequence[Helper]
    candidates: Sequence[Sequence[tuple[int, int]]]
    """Of each request: (helper, points) of all who could help, whether they can be asked now or not."""
    capacity: Sequence[int]
    """How many visits each helper can be asked for now."""
    objective: Objective
    now_min: int
    zone: ZoneInfo

    def problem(self, capacity: Sequence[int]) -> Problem:
        """Return the problem in numbers, for so many visits of each helper."""
        arcs = [
            (request, helper, points)
            for request, row in enumerate(self.candidates)
            for helper, points in row
            if self.capacity[helper]
        ]
        return Problem(
            [node_of(each) for each in self.requests],
            [
                HelperNode(id=each.id, capacity=most, rest_minutes=each.rest_minutes)
                for each, most in zip(self.helpers, capacity, strict=True)
            ],
            Arcs([each[0] for each in arcs], [each[1] for each in arcs], [each[2] for each in arcs]),
        )


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
    totals = totals_of(pairs, requests, helpers, weights, now_min=now_min)
    rows: list[list[tuple[int, int]]] = [[] for _ in requests]
    for request, helper, points in zip(
        pairs.requests.tolist(), pairs.helpers.tolist(), totals.tolist(), strict=True
    ):
        rows[request].append((helper, points - 2 * asked[helper] * objective.load_points))
    return Town(
        requests=requests,
        helpers=helpers,
        candidates=rows,
        capacity=_within_minutes(requests, helpers, rows, capacity, now_min=now_min),
        objective=objective,
        now_min=now_min,
        zone=zone,
    )


def _within_minutes(
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    rows: Sequence[Sequence[tuple[int, int]]],
    capacity: Sequence[int],
    *,
    now_min: int,
) -> list[int]:
    """Return how many visits each helper can have, their minutes a week counted: no plan has more."""
    shortest: dict[int, int] = {}
    unlimited = set()
    for request, row in zip(requests, rows, strict=True):
        is_later = isinstance(request.when, Dated) and request.when.ends_min >= now_min + WEEK_MINUTES
        for helper, _ in row:
            shortest[helper] = min(request.minutes, shortest.get(helper, request.minutes))
            if is_later:
                unlimited.add(helper)
    return [
        most
        if at in unlimited or at not in shortest
        else min(most, sum(each.minutes_left // shortest[at] for each in helper.offers))
        for at, (helper, most) in enumerate(zip(helpers, capacity, strict=True))
    ]


def chosen(town: Town, tell: Callable[[], None] = lambda: None) -> tuple[Choice, Worth]:
    """Return the best plan that was found, and what no plan is worth more than.

    Args:
        town: with its candidates.
        tell: called before each time that everybody is planned for.
    """
    tell()
    best = made = _choice(town, town.capacity)
    bound = made.solution.bound
    capacity = list(town.capacity)
    for _ in range(ROUNDS):
        if best.worth == bound or not made.crowded:
            break
        for helper, most in made.crowded.items():
            capacity[helper] = max(1, most)
        tell()
        made = _choice(town, capacity)
        best = max(best, made, key=lambda each: each.worth.key)
    if best.worth != bound:
        tell()
        one_each = _choice(town, [min(1, each) for each in town.capacity])
        best = max(best, one_each, key=lambda each: each.worth.key)
    return best, bound


def _choice(town: Town, capacity: Sequence[int]) -> Choice:
    """Solve for so many visits of each helper, arrange them, and bring in who can still be brought in."""
    problem = town.problem(capacity)
    solution = solve(problem, town.objective)
    given: dict[int, list[int]] = {}
    for request, helper in enumerate(solution.assignment):
        if helper is not None:
            given.setdefault(helper, []).append(request)
    visits = _Visits(town)
    crowded = {}
    for helper, requests in given.items():
        visits.arrange(helper, requests)
        if len(visits.taken[helper]) < len(requests):
            crowded[helper] = len(visits.taken[helper])
    visits.bring_in()
    loads = [max(most, len(visits.taken.get(helper, ()))) for helper, most in enumerate(capacity)]
    return Choice(
        problem=problem if loads == list(capacity) else town.problem(loads),
        solution=replace(solution, assignment=tuple(visits.at)),
        fits=visits.fits,
        after=visits.after,
        worth=visits.worth(),
        crowded=crowded,
    )


class _Visits:
    """The visits of everybody, being arranged."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.at: list[int | None] = [None] * len(town.requests)
        self.fits: list[Fit | None] = [None] * len(town.requests)
        self.taken: dict[int, list[int]] = {}
        self.after: dict[int, Helper] = {}

    def arrange(self, helper: int, requests: Sequence[int]) -> None:
        """Give a helper as many of some visits as find their time."""
        town = self.town
        fits, self.after[helper] = arranged(
            town.helpers[helper],
            [town.requests[each] for each in requests],
            now_min=town.now_min,
            zone=town.zone,
        )
        self.taken[helper] = [each for each in requests if town.requests[each].id in fits]
        for each in self.taken[helper]:
            self.at[each], self.fits[each] = helper, fits[town.requests[each].id]

    def bring_in(self) -> None:
        """Give requests that nobody has to helpers who have a visit and the time left, the best first."""
        town = self.town
        left = [request for request, helper in enumerate(self.at) if helper is None]
        for request in sorted(left, key=lambda each: (town.requests[each].urgency, town.requests[each].id)):
            row = sorted(town.candidates[request], key=lambda each: (-each[1], town.helpers[each[0]].id))
            for helper, _ in row:
                if self._is_brought_in(request, helper):
                    break

    def _is_brought_in(self, request: int, helper: int) -> bool:
        taken = self.taken.get(helper, [])
        if len(taken) >= self.town.capacity[helper]:
            return False
        wanted = [self.town.requests[each] for each in (*taken, request)]
        fits, _ = arranged(self.town.helpers[helper], wanted, now_min=self.town.now_min, zone=self.town.zone)
        if len(fits) < len(wanted):
            return False
        self.arrange(helper, [*taken, request])
        return True

    def worth(self) -> Worth:
        """Return what all of it is worth, as the solver counts."""
        town = self.town
        points = sum(
            dict(row)[helper]
            for row, helper in zip(town.candidates, self.at, strict=True)
            if helper is not None
        )
        squares = sum(len(each) ** 2 for each in self.taken.values())
        urgencies = (
            each.urgency for each, helper in zip(town.requests, self.at, strict=True) if helper is not None
        )
        return Worth(served_of(urgencies), points - town.objective.load_points * squares)
