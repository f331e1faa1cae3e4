"""Problems in numbers for the tests of the solver, and the best plan of a small one by trying all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from random import Random

from hypothesis import strategies as st

from timebank.errors import PinsContradict
from timebank.matching.problem import (
    Arc,
    Arcs,
    HelperNode,
    Objective,
    Problem,
    RequestNode,
    do_conflict,
)
from timebank.matching.scale import Worth

Pairs = Sequence[tuple[int, int, int]]


def a_problem(
    pairs: Pairs, *, capacities: Sequence[int] = (1, 1, 1), requests: int | None = None, rest: int = 0
) -> Problem:
    """Build a problem of (request, helper, points), numbered from 0."""
    number = 1 + max((request for request, _, _ in pairs), default=-1) if requests is None else requests
    return Problem(
        [RequestNode(id=f"r{request}") for request in range(number)],
        [
            HelperNode(id=f"h{helper}", capacity=capacity, rest_minutes=rest)
            for helper, capacity in enumerate(capacities)
        ],
        Arcs.of(Arc(request=request, helper=helper, points=points) for request, helper, points in pairs),
    )


def timed(problem: Problem, times: Sequence[tuple[int, int] | str | None]) -> Problem:
    """Give the requests of a problem times, or blocks."""
    nodes = []
    for node, when in zip(problem.requests, times, strict=True):
        if isinstance(when, str):
            nodes.append(replace(node, block=when))
        elif when is None:
            nodes.append(node)
        else:
            nodes.append(replace(node, starts=when[0], ends=when[1]))
    return Problem(nodes, problem.helpers, problem.arcs)


def pinned(problem: Problem, *places: int) -> Problem:
    """Pin arcs of a problem."""
    return Problem(problem.requests, problem.helpers, replace(problem.arcs, pinned=frozenset(places)))


@st.composite
def problems(
    draw: st.DrawFn, *, most: int = 5, have_times: bool = False, have_pins: bool = True
) -> tuple[Problem, Objective]:
    """Draw small problems, made so that much is equal: classes, capacities, pins, sticky arcs, load."""
    seed = draw(st.integers(min_value=0, max_value=2**32))
    return a_random_problem(Random(seed), most=most, have_times=have_times, have_pins=have_pins)


def a_random_problem(
    random: Random, *, most: int = 5, have_times: bool = False, have_pins: bool = True
) -> tuple[Problem, Objective]:
    """Build a small problem by chance."""
    requests, helpers = random.randint(0, most), random.randint(0, 4)
    nodes = [RequestNode(id=f"r{each}", priority=random.choice([0, 0, 0, 1, 3])) for each in range(requests)]
    if have_times:
        nodes = [_with_time(node, random) for node in nodes]
    arcs = [
        Arc(
            request=request,
            helper=helper,
            points=random.choice([random.randint(-5, 5), random.randint(0, 1), 100]),
            is_pinned=have_pins and random.random() < 0.08,
            sticky_points=random.choice([0, 0, 0, 0, 7]),
        )
        for request, helper in product(range(requests), range(helpers))
        if random.random() < 0.6
    ]
    random.shuffle(arcs)
    people = [
        HelperNode(id=f"h{each}", capacity=random.choice([0, 1, 1, 2, 3]), rest_minutes=random.choice([0, 3]))
        for each in range(helpers)
    ]
    objective = Objective(random.choice([0, 0, 1, 20]))
    try:
        return Problem(nodes, people, Arcs.of(arcs)), objective
    except PinsContradict:
        return Problem(nodes, people, Arcs.of(replace(arc, is_pinned=False) for arc in arcs)), objective


def _with_time(node: RequestNode, random: Random) -> RequestNode:
    starts = random.randint(0, 20)
    ends = starts + random.randint(1, 8)
    block = random.choice(["a", "b", None, None])
    if random.random() < 0.3:
        return replace(node, block=block)
    return replace(node, block=block, starts=starts, ends=ends)


def a_town(
    requests: int, *, helpers: int, seed: int = 1, capacity: int = 1, have_times: bool = False
) -> Problem:
    """Build a problem of some size: towns and kinds of help, ten to thirty helpers for a request."""
    random = Random(seed)
    towns = max(1, requests // 100)
    pool: dict[tuple[int, int], list[int]] = {}
    for helper in range(helpers):
        for kind in random.sample(range(12), 3):
            pool.setdefault((random.randrange(towns), kind), []).append(helper)
    nodes, arcs = [], []
    for request in range(requests):
        starts = random.randrange(200) * 30
        node = RequestNode(id=f"r{request}", priority=int(random.random() < 0.8))
        nodes.append(replace(node, starts=starts, ends=starts + 90) if have_times else node)
        near = pool.get((random.randrange(towns), random.randrange(12)), [])
        arcs += [
            Arc(request=request, helper=helper, points=random.randrange(100, 700))
            for helper in random.sample(near, min(len(near), 25))
        ]
    people = [
        HelperNode(id=f"h{helper}", capacity=random.randint(1, capacity), rest_minutes=30 * have_times)
        for helper in range(helpers)
    ]
    return Problem(nodes, people, Arcs.of(arcs))


def points_of(problem: Problem) -> dict[tuple[int, int], int]:
    """Return what each pair is worth, with sticky points; pins as they are."""
    arcs, found = problem.arcs, dict[tuple[int, int], int]()
    for place, pair in enumerate(zip(arcs.requests, arcs.helpers, strict=True)):
        points = arcs.points[place] + arcs.sticky.get(place, 0)
        found[pair] = max(found.get(pair, points), points)
    for place in arcs.pinned:
        points = arcs.points[place] + arcs.sticky.get(place, 0)
        found[arcs.requests[place], arcs.helpers[place]] = points
    return found


def plans_of(problem: Problem) -> Iterator[tuple[int | None, ...]]:
    """Give every plan there is."""
    points, arcs = points_of(problem), problem.arcs
    fixed = {arcs.requests[place]: arcs.helpers[place] for place in arcs.pinned}
    choices: list[list[int | None]] = [
        [fixed[request]] if request in fixed else [None, *(to for of, to in points if of == request)]
        for request in range(len(problem.requests))
    ]
    return (plan for plan in product(*choices) if is_a_plan(problem, plan))


def is_a_plan(problem: Problem, plan: Sequence[int | None]) -> bool:
    """Tell whether nobody has too much, or two requests at once; from the words of the rule alone."""
    for helper, node in enumerate(problem.helpers):
        mine = [problem.requests[request] for request, at in enumerate(plan) if at == helper]
        if len(mine) > node.capacity:
            return False
        if any(do_conflict(one, other, node.rest_minutes) for one, other in combinations(mine, 2)):
            return False
    return True


def worth_of(problem: Problem, objective: Objective, plan: Sequence[int | None]) -> Worth:
    """Add up what a plan is worth."""
    points = points_of(problem)
    served = [0] * 8
    total = 0
    for request, helper in enumerate(plan):
        if helper is not None:
            served[problem.requests[request].priority] += 1
            total += points[request, helper]
    loads = [sum(at == helper for at in plan) for helper in range(len(problem.helpers))]
    return Worth(tuple(served), total - objective.load_points * sum(load * load for load in loads))


def best_of(problem: Problem, objective: Objective) -> Worth:
    """Return what the best of all plans is worth."""
    return max(
        (worth_of(problem, objective, plan) for plan in plans_of(problem)), key=lambda worth: worth.key
    )


def shuffled(problem: Problem, random: Random) -> Problem:
    """Write a problem down in another order."""
    requests = random.sample(range(len(problem.requests)), len(problem.requests))
    helpers = random.sample(range(len(problem.helpers)), len(problem.helpers))
    arcs = problem.arcs
    order = random.sample(range(len(arcs.points)), len(arcs.points))
    return Problem(
        [problem.requests[each] for each in requests],
        [problem.helpers[each] for each in helpers],
        Arcs.of(
            Arc(
                request=requests.index(arcs.requests[place]),
                helper=helpers.index(arcs.helpers[place]),
                points=arcs.points[place],
                is_pinned=place in arcs.pinned,
                sticky_points=arcs.sticky.get(place, 0),
            )
            for place in order
        ),
    )


def by_id(problem: Problem, plan: Sequence[int | None]) -> dict[str, str | None]:
    """Return a plan in ids."""
    return {
        node.id: None if helper is None else problem.helpers[helper].id
        for node, helper in zip(problem.requests, plan, strict=True)
    }
