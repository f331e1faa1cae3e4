"""Why a plan is as it is: for each request who is suggested and why, or why nobody is.

For a suggestion: the terms that add up to its points, its rank among all who could help, and, if somebody
suits better, what that helper is needed for instead. That is read from the prices of the plan, which prove
it: a helper's price is no more than what others would lose without them, and a request has its first choice
unless the price is above what it would gain. For a request without a helper: how many near misses each rule
keeps away, the smallest single change that would serve it, and who is needed elsewhere if somebody could have
helped.

Texts are in two versions. The one for everybody names nobody and tells nothing about anybody else; the one
for the coordinator says who is needed where. Nothing is solved again. Pure.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import accumulate, islice
from operator import itemgetter, le
from typing import Final

from timebank.matching.certificate import Solution
from timebank.matching.model import Helper, Request
from timebank.matching.near_misses import Nearby, Relaxation, counts_of, near_misses, relaxation_of
from timebank.matching.problem import Objective, Problem, do_conflict
from timebank.matching.rules import RuleCode, distance_of
from timebank.matching.scale import POINT, Scale
from timebank.matching.score import Score, Weights, score_of
from timebank.matching.solve import EVEN


class WhyNot(StrEnum):
    """Why the helper who suits best is not the one suggested."""

    AGREED = "agreed"
    """The match was accepted: it stays."""
    OFFERED = "offered"
    """Somebody was asked already; that counts for more than the difference."""
    NEEDED = "needed"
    """Requests that need them more take all the time they have, or they have none."""
    BUSY = "busy"
    """A request that needs them more takes that very time."""
    LOAD = "load"
    """They help with other requests, and loads are shared."""
    NOT_FOUND = "not-found"
    """Times conflict, and no better plan was found; how far from the best it can be is known."""


PUBLIC: Final = {
    WhyNot.AGREED: "this help was agreed already",
    WhyNot.OFFERED: "somebody was asked already",
    WhyNot.NEEDED: "somebody who suits even better is needed more elsewhere",
    WhyNot.BUSY: "somebody who suits even better is needed more elsewhere",
    WhyNot.LOAD: "somebody who suits even better is needed more elsewhere",
    WhyNot.NOT_FOUND: "somebody who suits even better is needed more elsewhere",
}
COORDINATOR: Final = {
    WhyNot.AGREED: "this match was accepted",
    WhyNot.OFFERED: "{helper} suits better, by {more_points} points, but somebody was asked already",
    WhyNot.NEEDED: "{helper} suits better, by {more_points} points, but {loss} without them",
    WhyNot.BUSY: "{helper} suits better, by {more_points} points, but {loss} without them, at that time",
    WhyNot.LOAD: "{helper} suits better, by {more_points} points, but has {load} requests; loads are shared",
    WhyNot.NOT_FOUND: "{helper} suits better, by {more_points} points; a plan with them was not found",
}
UNSERVED_OTHERWISE: Final = "{helper} could help, but {loss} without them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The first choice of a request, and why it has somebody else, or nobody."""

    why: WhyNot
    helper: str
    more_points: int | None
    """How many points more the first choice has than the suggestion; None if there is none."""
    price_points: int | None
    """The helper's price in the plan, above what is gained here; None if somebody would stay unserved."""
    needed_by: str | None = None
    """The request of that helper that could do without them best, or the one at that time."""
    loss_points: int | None = None
    """What it would lose, at the plan's prices; None if it was agreed, or somebody would stay unserved."""
    load: int
    """How many requests the helper has."""

    @property
    def public(self) -> str:
        """For everybody."""
        return PUBLIC[self.why]

    @property
    def coordinator(self) -> str:
        """For who runs the branch."""
        loss = f"{self.needed_by} loses {self.loss_points} points"
        if self.loss_points is None:
            loss = f"of {self.needed_by} and others one stays unserved"
        text = COORDINATOR[self.why] if self.more_points is not None else UNSERVED_OTHERWISE
        return text.format(
            helper=self.helper,
            more_points=self.more_points,
            loss=loss,
            load=self.load,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """A request with the helper whom the plan suggests."""

    request: str
    helper: str
    score: Score
    rank: int
    """Among all candidates by points, from 1; equals share a rank."""
    candidates: int
    passed: Passed | None
    """Why not the first choice; None if this is one."""
    weights: str
    """Fingerprint of the weights that points come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """A request that the plan has nobody for."""

    request: str
    candidates: int
    passed: Passed | None
    """Why not the one who suits best; None if nobody could help at all."""
    near_misses: int
    """How many helpers were looked at whom rules keep away."""
    counts: tuple[tuple[RuleCode, int], ...]
    """How many of them each rule keeps away, in the order of the rules."""
    relaxation: Relaxation | None
    """The smallest single change that would serve it; None if no single one would."""
    weights: str


class Plan:
    """A solved problem, laid out for questions about it."""

    def __init__(self, problem: Problem, solution: Solution, objective: Objective = EVEN) -> None:
        """Lay it out; takes time in proportion to its arcs."""
        self.problem = problem
        self.solution = solution
        self.objective = objective
        arcs = problem.arcs
        self._helpers, self._points = arcs.helpers, arcs.points
        if not all(map(le, arcs.requests, islice(arcs.requests, 1, None))):
            order = sorted(range(len(arcs.requests)), key=arcs.requests.__getitem__)
            self._helpers = [arcs.helpers[place] for place in order]
            self._points = [arcs.points[place] for place in order]
        count = Counter(arcs.requests)
        self._starts = [0, *accumulate(count[request] for request in range(len(problem.requests)))]
        self.pinned = {arcs.requests[place] for place in arcs.pinned}
        self.taken: list[list[int]] = [[] for _ in problem.helpers]
        for request, helper in enumerate(solution.assignment):
            if helper is not None:
                self.taken[helper].append(request)
        most = max(map(abs, arcs.points), default=0)
        # Higher than any sum of points: somebody would stay unserved.
        self._high = Scale.of(requests=len(problem.requests), points=most).unserved[-1] // 2
        self._sticky = {(arcs.requests[place], arcs.helpers[place]) for place in arcs.sticky}

    def candidates_of(self, request: int) -> tuple[Sequence[int], Sequence[int]]:
        """Return the candidates of a request by their places, and the points of each."""
        begins, ends = self._starts[request], self._starts[request + 1]
        helpers, points = self._helpers[begins:ends], self._points[begins:ends]
        if len(set(helpers)) == len(helpers):
            return helpers, points
        # Of two arcs of one pair the better one counts: in order of points, the later one stays.
        best = dict(sorted(zip(helpers, points, strict=True), key=itemgetter(1)))
        return tuple(best), tuple(best.values())

    def is_free(self, helper: int, *, request: int) -> bool:
        """Tell whether a helper has time left for a request, beside what the plan gives them."""
        return self._has_room(helper) and self._conflicting(helper, request) is None

    def passed(self, request: int, helpers: Sequence[int], points: Sequence[int]) -> Passed | None:
        """Say why a request has not the first of its candidates; None if it has, or there is none."""
        most = max(points, default=0)
        mine = self.solution.assignment[request]
        own = None if mine is None else points[helpers.index(mine)]
        if not points or own == most:
            return None
        nodes = self.problem.helpers
        # Of equals the one with the smaller id is the first choice.
        first = min(
            (each for each, worth in zip(helpers, points, strict=True) if worth == most),
            key=lambda each: nodes[each].id,
        )
        why, needed_by = self._why_not(request, first, mine)
        price = self.solution.prices[first]
        return Passed(
            why=why,
            helper=nodes[first].id,
            more_points=None if own is None else most - own,
            price_points=None if price >= self._high else price // POINT,
            needed_by=None if needed_by is None else self.problem.requests[needed_by].id,
            loss_points=None if needed_by is None else self._loss(needed_by, first),
            load=len(self.taken[first]),
        )

    def _why_not(self, request: int, first: int, mine: int | None) -> tuple[WhyNot, int | None]:
        if request in self.pinned:
            return WhyNot.AGREED, None
        conflicting = self._conflicting(first, request)
        if conflicting is not None:
            return WhyNot.BUSY, conflicting
        if not self._has_room(first):
            return WhyNot.NEEDED, self._marginal(first)
        if mine is not None and (request, mine) in self._sticky:
            return WhyNot.OFFERED, None
        return (WhyNot.LOAD if self.objective.load_points else WhyNot.NOT_FOUND), None

    def _has_room(self, helper: int) -> bool:
        return len(self.taken[helper]) < self.problem.helpers[helper].capacity

    def _conflicting(self, helper: int, request: int) -> int | None:
        """Return a request of a helper that excludes another, None if there is none."""
        nodes = self.problem.requests
        node, rest = nodes[request], self.problem.helpers[helper].rest_minutes
        if not node.can_conflict:
            return None
        return next((each for each in self.taken[helper] if do_conflict(nodes[each], node, rest)), None)

    def _marginal(self, helper: int) -> int | None:
        """Return the request of a helper that could do without them best, None if they take none at all."""
        taken = self.taken[helper]
        return min(taken, key=lambda each: (self._cost_without(each, helper), each), default=None)

    def _loss(self, request: int, helper: int) -> int | None:
        cost = self._cost_without(request, helper)
        return None if cost >= self._high else cost // POINT

    def _cost_without(self, request: int, helper: int) -> int:
        """Return what a request would lose without its helper, at the prices of the plan."""
        if request in self.pinned:  # what was agreed is not weighed
            return 2 * self._high
        helpers, points = self.candidates_of(request)
        worth = points[helpers.index(helper)]
        others = (
            (worth - each) * POINT + self.solution.prices[other]
            for other, each in zip(helpers, points, strict=True)
            if other != helper
        )
        return min(others, default=2 * self._high)


def explain(
    plan: Plan, requests: Sequence[Request], helpers: Sequence[Helper], weights: Weights, *, now_min: int
) -> Iterator[Suggested | Unserved]:
    """Yield why each request has the helper it has, or none.

    Args:
        plan: of these requests and helpers, in this order, with points by these weights.
        requests, helpers: all that were planned for.
        weights: that decided on the points.
        now_min: the minute since 1970 that was planned at.
    """
    fingerprint = weights.fingerprint
    assignment = plan.solution.assignment
    unserved = {request.kind for request, mine in zip(requests, assignment, strict=True) if mine is None}
    nearby = Nearby(helpers, kinds=unserved)
    for at, (request, helper) in enumerate(zip(requests, assignment, strict=True)):
        some, points = plan.candidates_of(at)
        passed = plan.passed(at, some, points)
        if helper is None:
            misses = near_misses(request, nearby, now_min=now_min)
            yield Unserved(
                request=request.id,
                candidates=len(some),
                passed=passed,
                near_misses=len(misses),
                counts=tuple(counts_of(misses).items()),
                relaxation=relaxation_of(misses, helpers, is_free=partial(plan.is_free, request=at)),
                weights=fingerprint,
            )
        else:
            who = helpers[helper]
            distance_m = distance_of(request, who)
            yield Suggested(
                request=request.id,
                helper=who.id,
                score=score_of(request, who, weights, distance_m=distance_m, now_min=now_min),
                rank=1 if passed is None else rank_in(points, points[some.index(helper)]),
                candidates=len(some),
                passed=passed,
                weights=fingerprint,
            )


def rank_in(points: Sequence[int], own: int) -> int:
    """Return the rank of so many points among those of all candidates, from 1; equals share one."""
    return 1 + sum(each > own for each in points)
