"""Small worlds to explain: a street with helpers and requests, the plan for them, what is said about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.unit.matching.builders import NOW_MIN
from tests.unit.matching.street import people_of

from timebank.matching.certificate import Solution
from timebank.matching.explain import Plan, Suggested, Unserved, explain
from timebank.matching.model import Helper, Request
from timebank.matching.problem import Arc, Arcs, HelperNode, Problem, RequestNode
from timebank.matching.rules import distance_of, fit_of
from timebank.matching.score import Weights, score_of
from timebank.matching.solve import solve

WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Street:
    """Who asks, who helps, and the plan."""

    requests: tuple[Request, ...]
    helpers: tuple[Helper, ...]
    problem: Problem
    solution: Solution

    @property
    def plan(self) -> Plan:
        """The plan, laid out."""
        return Plan(self.problem, self.solution)

    def explained(self) -> list[Suggested | Unserved]:
        """Return what is said about each request."""
        return [*explain(self.plan, self.requests, self.helpers, WEIGHTS, now_min=NOW_MIN)]

    def unserved(self) -> list[tuple[Request, Unserved]]:
        """Return the requests that nobody is suggested for."""
        return [
            (request, said)
            for request, said in zip(self.requests, self.explained(), strict=True)
            if isinstance(said, Unserved)
        ]


def a_street(seed: int, *, requests: int = 8, helpers: int = 7) -> Street:
    """Return the plan for a street, see `street`."""
    return solved(*people_of(seed, requests=requests, helpers=helpers))


def solved(requests: Sequence[Request], helpers: Sequence[Helper]) -> Street:
    """Return the plan for some requests and helpers, by the double loop."""
    problem = problem_of(requests, helpers)
    return Street(tuple(requests), tuple(helpers), problem, solve(problem))


def problem_of(requests: Sequence[Request], helpers: Sequence[Helper]) -> Problem:
    """Return what is to be solved."""
    arcs = [
        Arc(request=at, helper=place, points=points_of(request, helper))
        for at, request in enumerate(requests)
        for place, helper in enumerate(helpers)
        if fit_of(request, helper, now_min=NOW_MIN) is not None
    ]
    return Problem(
        [RequestNode(id=each.id, priority=each.urgency) for each in requests],
        [HelperNode(id=each.id, capacity=each.visits_left) for each in helpers],
        Arcs.of(arcs),
    )


def points_of(request: Request, helper: Helper) -> int:
    """Return the points of a pair."""
    distance_m = distance_of(request, helper)
    return score_of(request, helper, WEIGHTS, distance_m=distance_m, now_min=NOW_MIN).total
