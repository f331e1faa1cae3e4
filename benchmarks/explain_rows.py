"""Explanations of a plan, for every request, beside finding the plan."""

import numpy as np
from benchmarks.lab import Lab
from benchmarks.matching_world import NOW_MIN, world_of
from benchmarks.table import Measured
from benchmarks.turns import in_turn, seconds_of

from timebank.matching.batch import join
from timebank.matching.explain import Plan, Unserved, explain
from timebank.matching.problem import Arcs, HelperNode, Problem, RequestNode
from timebank.matching.score import Weights
from timebank.matching.solve import solve
from timebank.matching.totals import totals_of

REQUESTS = 10_000
RUNS = 3


def explaining(lab: Lab) -> dict[str, Measured]:
    """Measure the explanations of all requests of a sample world against solving it."""
    world = world_of(lab.sized(REQUESTS, least=50))
    weights = Weights()
    pairs = join(world.requests, world.helpers, now_min=NOW_MIN)
    points = totals_of(pairs, world.requests, world.helpers, weights, now_min=NOW_MIN)
    problem = Problem(
        [RequestNode(id=each.id, priority=each.urgency) for each in world.requests],
        [HelperNode(id=each.id, capacity=each.visits_left) for each in world.helpers],
        Arcs(*(np.asarray(column).tolist() for column in (pairs.requests, pairs.helpers, points))),
    )
    solution = solve(problem)

    def unserved() -> int:
        said = explain(Plan(problem, solution), world.requests, world.helpers, weights, now_min=NOW_MIN)
        return sum(isinstance(each, Unserved) for each in said)

    mine, theirs = in_turn(RUNS, lambda _: seconds_of(unserved), lambda _: seconds_of(lambda: solve(problem)))
    note = f"{unserved():,} of {len(world.requests):,} requests unserved"
    return {"match-explain": Measured(ours=mine, other=theirs, unit="s", note=note)}
