"""Plans of a sample world: the solver against others, one request more, times that exclude one another, load.

The world is that of `benchmarks/matching_world.py`, with its candidates and their scores; from there on all
is numbers. Other solvers have an environment of their own, and each run is a process of its own.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
from benchmarks.environments import SOLVERS
from benchmarks.lab import Lab, output_of
from benchmarks.matching_world import NOW_MIN, world_of
from benchmarks.table import Measured
from benchmarks.turns import in_turn

from timebank.matching.batch import join
from timebank.matching.certificate import Solution
from timebank.matching.incremental import Matching
from timebank.matching.problem import Arcs, HelperNode, Objective, Problem, RequestNode
from timebank.matching.score import Weights
from timebank.matching.solve import solve
from timebank.matching.totals import totals_of

PEERS = Path(__file__).parent / "peers"
RUNS = 3
INSERTED = 1_000
ACTIVE = 3
"""One helper in so many is there, where help is to be scarce."""
FAIR_CAPACITY = 6
FAIR_LOSS_MOST = 0.025
FAIR_STEPS = 12


@dataclass(frozen=True, slots=True)
class Numbers:
    """A problem as others take it."""

    problem: Problem
    file: Path


def optimum(requests: int) -> Callable[[Lab], Mapping[str, Measured]]:
    """Return the measurement of a world with so many requests, of which a helper takes one."""

    def measure(lab: Lab) -> Mapping[str, Measured]:
        size = lab.sized(requests, least=100)
        given = numbers_of(lab, size)
        runs = RUNS if size < 50_000 else 1
        python, script = lab.environments.python_of(SOLVERS), str(PEERS / "ortools_plan.py")
        found: list[tuple[int, int]] = []

        def ours(_run: int) -> float:
            taken, solution = solved(given.problem)
            found.append((sum(solution.served), solution.points))
            return taken

        def other(_run: int) -> float:
            seconds, served, points = output_of([python, script, str(given.file)]).split()
            found.append((int(served), int(points)))
            return float(seconds)

        mine, theirs = in_turn(runs, ours, other, warm_up=False)
        assert len(set(found)) == 1, "both serve as many for as many points"
        note = f"{len(given.problem.arcs.points):,} candidates, {found[0][0]:,} served"
        return {f"match-optimum-{requests // 1_000}k": Measured(ours=mine, other=theirs, unit="s", note=note)}

    return measure


def inserting(requests: int) -> Callable[[Lab], Mapping[str, Measured]]:
    """Return the measurement of one request more, in a world with so many."""

    def measure(lab: Lab) -> Mapping[str, Measured]:
        size = lab.sized(requests, least=2_000)
        problem = numbers_of(lab, size).problem
        whole, solution = solved(problem)
        first = size - INSERTED
        arcs = problem.arcs
        points: dict[int, dict[str, int]] = {}
        kept: list[int] = []
        for place, request in enumerate(arcs.requests):
            if request < first:
                kept.append(place)
            else:
                helper = problem.helpers[arcs.helpers[place]].id
                points.setdefault(request, {})[helper] = arcs.points[place]
        matching = Matching.of(
            Problem(
                problem.requests[:first],
                problem.helpers,
                Arcs(
                    [arcs.requests[place] for place in kept],
                    [arcs.helpers[place] for place in kept],
                    [arcs.points[place] for place in kept],
                ),
            )
        )
        taken = []
        for request in range(first, size):
            started = time.process_time()
            matching.insert(problem.requests[request], points.get(request, {}))
            taken.append(time.process_time() - started)
        for node, who in zip(problem.requests, solution.assignment, strict=True):
            expected = None if who is None else problem.helpers[who].id
            assert matching.helper_of(node.id) == expected, "the plan is as if all had come at once"
        slowest = sorted(taken)[-len(taken) // 100]
        note = f"slowest hundredth: {1_000 * slowest:.1f} ms"
        measured = Measured(
            ours=[1_000 * median(taken)],
            other=[1_000 * whole],
            unit="ms",
            is_other_over_ours=True,
            note=note,
        )
        return {"match-insert": measured}

    return measure


def conflicts(lab: Lab) -> Mapping[str, Measured]:
    """Measure how far plans with times are from the bound of a linear program, in millionths."""
    size = lab.sized(10_000, least=100)
    given = numbers_of(lab, size, one_in=ACTIVE, capacity=None, have_times=True)
    solution = solve(given.problem)
    served_points = int(np.load(given.file)["served_points"])
    python, script = lab.environments.python_of(SOLVERS), str(PEERS / "highs_bound.py")
    bound = float(output_of([python, script, str(given.file)]))
    worth = served_points * sum(solution.served) + solution.points
    own = served_points * sum(solution.bound.served) + solution.bound.points
    note = f"{sum(solution.served):,} served; by our own bound at most {1e6 * (own - worth) / own:.0f} ppm"
    return {"match-conflicts": Measured(ours=[1e6 * (bound - worth) / bound], unit="ppm", note=note)}


def fairness(lab: Lab) -> Mapping[str, Measured]:
    """Measure how much more even loads become for the most points that may be lost."""
    problem = numbers_of(lab, lab.sized(1_000, least=100), one_in=ACTIVE, capacity=FAIR_CAPACITY).problem
    before = solve(problem)
    best, cost = before, 0
    low, high = 0, 1 << FAIR_STEPS
    while high - low > 1:
        middle = (low + high) // 2
        after = solve(problem, Objective(middle))
        assert after.served == before.served, "no request is lost"
        if before.points - after.points <= FAIR_LOSS_MOST * before.points:
            low, best, cost = middle, after, middle
        else:
            high = middle
    able = set(problem.arcs.helpers)
    was, now = (gini_of(solution, able) for solution in (before, best))
    lost = 100 * (before.points - best.points) / before.points
    note = f"{was:.2f} to {now:.2f} for {lost:.1f} % of the points, a squared load for {cost} points"
    return {"match-fairness": Measured(ours=[100 * (was - now) / was], unit="%", note=note)}


def gini_of(solution: Solution, helpers: set[int]) -> float:
    """Return the Gini coefficient of the loads of helpers: 0 if all are equal."""
    loads = dict.fromkeys(helpers, 0)
    for helper in solution.assignment:
        if helper is not None:
            loads[helper] += 1
    ordered = sorted(loads.values())
    total, number = sum(ordered), len(ordered)
    ranked = sum(rank * load for rank, load in enumerate(ordered, start=1))
    return 2 * ranked / (number * total) - (number + 1) / number


def solved(problem: Problem) -> tuple[float, Solution]:
    """Return the seconds of CPU time that a plan takes, its proof included, and the plan."""
    started = time.process_time()
    solution = solve(problem)
    return time.process_time() - started, solution


def numbers_of(
    lab: Lab, size: int, *, one_in: int = 1, capacity: int | None = 1, have_times: bool = False
) -> Numbers:
    """Return the problem of a world, every request equally urgent, and a file of it for others.

    Args:
        lab: where the file goes.
        size: requests.
        one_in: of so many helpers one is there.
        capacity: of every helper; None for the visits that they have left.
        have_times: give each request a time of its own within a week.
    """
    world = world_of(size)
    helpers = world.helpers[::one_in]
    pairs = join(world.requests, helpers, now_min=NOW_MIN)
    points = totals_of(pairs, world.requests, helpers, Weights(), now_min=NOW_MIN)
    nodes = [RequestNode(id=each.id) for each in world.requests]
    if have_times:
        nodes = _timed(nodes, [each.minutes for each in world.requests])
    capacities = [each.visits_left if capacity is None else capacity for each in helpers]
    people = [HelperNode(id=each.id, capacity=most) for each, most in zip(helpers, capacities, strict=True)]
    file = lab.path("plan.npz")
    np.savez(
        file,
        number=size,
        requests=np.asarray(pairs.requests, dtype=np.int64),
        helpers=np.asarray(pairs.helpers, dtype=np.int64),
        points=np.asarray(points, dtype=np.int64),
        capacity=np.array(capacities, dtype=np.int64),
        starts=np.array([node.starts or 0 for node in nodes]),
        ends=np.array([node.ends or 0 for node in nodes]),
        served_points=2 * int(np.max(points)),
    )
    arcs = Arcs(*(np.asarray(column).tolist() for column in (pairs.requests, pairs.helpers, points)))
    return Numbers(Problem(nodes, people, arcs), file)


def _timed(nodes: Sequence[RequestNode], minutes: Sequence[int]) -> list[RequestNode]:
    """Give requests times on half hours, from eight in the morning on, on one of seven days."""
    chance = random.Random(len(nodes))
    made = []
    for node, length in zip(nodes, minutes, strict=True):
        starts = chance.randrange(7) * 24 * 60 + 8 * 60 + 30 * chance.randrange(22)
        made.append(replace(node, starts=starts, ends=starts + length))
    return made
