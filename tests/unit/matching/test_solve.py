"""The solver on plans that can be followed by hand, on what it refuses, and against solvers of others."""

import json
import subprocess
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest
from tests.unit.matching.plans import a_problem, a_random_problem, a_town, by_id, pinned, shuffled, timed

from timebank.errors import (
    BadCapacity,
    MatchingTooLarge,
    PinsContradict,
    PointsOutOfRange,
    SpanReversed,
    TwiceInPool,
    UnknownPriority,
    UnknownToPool,
)
from timebank.matching import conflict, problem, splitting
from timebank.matching.certificate import Certificate, Clique, certify, proved
from timebank.matching.flow import OUT
from timebank.matching.groups import GroupFlow
from timebank.matching.problem import Arcs, HelperNode, Objective, Problem, RequestNode, do_all_conflict
from timebank.matching.scale import Worth
from timebank.matching.solve import Solver, solve
from timebank.matching.splitting import Split
from timebank.matching.table import Table

OR_TOOLS = """
import json, sys
import numpy as np
from ortools.graph.python import min_cost_flow
requests, capacities, arcs = json.load(sys.stdin)
helpers = len(capacities)
flow = min_cost_flow.SimpleMinCostFlow()
for request, helper, points in arcs:
    flow.add_arc_with_capacity_and_unit_cost(request, requests + helper, 1, -points)
for helper, capacity in enumerate(capacities):
    flow.add_arc_with_capacity_and_unit_cost(requests + helper, requests + helpers, capacity, 0)
for request in range(requests):
    flow.add_arc_with_capacity_and_unit_cost(request, requests + helpers, 1, 10**7)
    flow.set_node_supply(request, 1)
flow.set_node_supply(requests + helpers, -requests)
assert flow.solve() == flow.OPTIMAL
used = [arc for place, arc in enumerate(arcs) if flow.flow(place)]
print(json.dumps([len(used), sum(points for _, _, points in used)]))
"""
SCIPY = """
import json, sys
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
requests, capacities, arcs, cliques, most = json.load(sys.stdin)
rows = [[] for _ in range(requests + len(capacities))]
for place, (request, helper, points) in enumerate(arcs):
    rows[request].append(place)
    rows[requests + helper].append(place)
rows += cliques
limits = [1] * requests + capacities + [1] * len(cliques)
places = [place for row in rows for place in row]
ends = np.cumsum([0] + [len(row) for row in rows])
matrix = csr_array((np.ones(len(places)), places, ends), shape=(len(rows), len(arcs)))
gain = np.array([most + points for _, _, points in arcs], dtype=float)
found = milp(-gain, integrality=np.ones(len(arcs)), bounds=Bounds(0, 1),
             constraints=LinearConstraint(matrix, ub=np.array(limits, dtype=float)))
assert found.success
used = [arc for arc, x in zip(arcs, found.x) if x > 0.5]
print(json.dumps([len(used), sum(points for _, _, points in used)]))
"""


def asked(program: str, question: Sequence[object]) -> list[int]:
    """Ask somebody else's solver, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: list[int] = json.loads(done.stdout)
    return answer


def arcs_of(town: Problem) -> list[tuple[int, int, int]]:
    """Return the arcs of a problem as triples."""
    arcs = town.arcs
    return list(zip(arcs.requests, arcs.helpers, arcs.points, strict=True))


def one_class(town: Problem) -> Problem:
    """Make every request equally urgent."""
    return Problem([replace(node, priority=0) for node in town.requests], town.helpers, town.arcs)


@pytest.mark.parametrize(("helpers", "capacity"), [(3_000, 1), (1_020, 1), (600, 1), (250, 6)])
def test_plan_is_what_or_tools_finds(helpers: int, capacity: int) -> None:
    """A thousand requests, with many helpers, hardly enough, too few, and few who do a lot."""
    town = one_class(a_town(1_000, helpers=helpers, capacity=capacity))
    solution = solve(town)

    answer = asked(OR_TOOLS, [len(town.requests), [node.capacity for node in town.helpers], arcs_of(town)])

    assert answer == [sum(solution.served), solution.points]


def test_plan_is_what_scipy_finds() -> None:
    """A solver of another kind says the same."""
    town = one_class(a_town(1_000, helpers=700, capacity=2))
    solution = solve(town)

    answer = asked(
        SCIPY,
        [len(town.requests), [node.capacity for node in town.helpers], arcs_of(town), [], 10**6],
    )

    assert answer == [sum(solution.served), solution.points]


def test_plan_with_times_is_close_to_what_scipy_proves() -> None:
    """A thousand requests that overlap: at most a thousandth of the best plan is missing, the bound holds."""
    town = one_class(a_town(1_000, helpers=350, capacity=4, have_times=True))
    solution = solve(town)
    arcs = arcs_of(town)
    of_helper: dict[int, list[int]] = {}
    for place, (_, helper, _) in enumerate(arcs):
        of_helper.setdefault(helper, []).append(place)
    cliques = [
        [other for other in places if spans(town, arcs[other][0], at=start_of(town, arcs[place][0]))]
        for places in of_helper.values()
        for place in places
    ]
    question = [len(town.requests), [node.capacity for node in town.helpers], arcs]
    served, points = asked(SCIPY, [*question, [each for each in cliques if len(each) > 1], 1_400])

    best = 1_400 * served + points
    assert 0.999 * best <= 1_400 * sum(solution.served) + solution.points <= best
    assert (served, points) <= (sum(solution.bound.served), solution.bound.points)


def start_of(town: Problem, request: int) -> int:
    """Return when a request starts."""
    starts = town.requests[request].starts
    assert starts is not None
    return starts


def spans(town: Problem, request: int, *, at: int) -> bool:
    """Tell whether a request, with the rest of half an hour after it, needs a minute."""
    starts = start_of(town, request)
    return starts <= at < starts + 90 + 30


def test_served_comes_before_points_and_urgent_before_served() -> None:
    """Two requests for nothing are better than one for a thousand; an urgent one better than both."""
    greedy = a_problem([(0, 0, 1_000), (0, 1, 0), (1, 0, 0)], capacities=(1, 1))
    assert (1, 0) == solve(greedy).assignment

    urgent = [RequestNode(id="r0", priority=1), RequestNode(id="r1", priority=1), RequestNode(id="r2")]
    only = Problem(urgent, [HelperNode(id="h0")], a_problem([(0, 0, 99), (1, 0, 98), (2, 0, -50)]).arcs)
    solution = solve(only)
    assert (None, None, 0) == solution.assignment
    assert (1, 0, 0, 0, 0, 0, 0, 0) == solution.served


def test_load_is_shared_when_it_counts() -> None:
    """Two requests go to one helper for three points more, but not if the load costs four."""
    both = a_problem([(0, 0, 10), (0, 1, 9), (1, 0, 10), (1, 1, 8)], capacities=(2, 2))

    assert (0, 0) == solve(both).assignment
    assert (1, 0) == solve(both, Objective(2)).assignment
    assert 4 == solve(both, Objective(2)).load_points


def test_accepted_stays_and_offered_stays_unless_it_costs_too_much() -> None:
    """Pinned arcs are part of every plan; sticky ones are worth more than they were."""
    pairs = [(0, 0, 50), (0, 1, 0), (1, 0, 50), (1, 1, 45)]
    swapped = a_problem(pairs, capacities=(1, 1))
    assert (0, 1) == solve(swapped).assignment
    assert (1, 0) == solve(pinned(swapped, 1)).assignment

    offered = Problem(swapped.requests, swapped.helpers, replace(swapped.arcs, sticky={1: 44}))
    assert (0, 1) == solve(offered).assignment
    offered = Problem(swapped.requests, swapped.helpers, replace(swapped.arcs, sticky={1: 46}))
    solution = solve(offered)
    assert (1, 0) == solution.assignment
    assert (50, 46) == (solution.points, solution.sticky_points)


def test_price_says_what_a_helper_is_worth_to_somebody_else() -> None:
    """Somebody else would gain three points: at a lower price they would rather have this helper."""
    solution = solve(a_problem([(0, 0, 10), (1, 0, 8), (1, 1, 5)], capacities=(1, 2)))

    assert (0, 1) == solution.assignment
    assert 0 == solution.price_points(1)
    assert 3 <= solution.price_points(0)


def test_rest_and_blocks_keep_requests_apart() -> None:
    """Half an hour is enough between two requests, but not for somebody who rests for longer."""
    pairs = [(0, 0, 5), (1, 0, 5), (1, 1, 1)]
    times = [(600, 660), (690, 750)]

    assert (0, 0) == solve(timed(a_problem(pairs, capacities=(2, 2), rest=30), times)).assignment
    assert (0, 1) == solve(timed(a_problem(pairs, capacities=(2, 2), rest=31), times)).assignment
    assert (0, 1) == solve(timed(a_problem(pairs, capacities=(2, 2)), ["monday", "monday"])).assignment
    assert (0, 0) == solve(timed(a_problem(pairs, capacities=(2, 2)), ["monday", "tuesday"])).assignment


def test_accepted_time_is_taken() -> None:
    """Nobody gets a second request into the hour of an accepted one; the proof knows."""
    both = timed(a_problem([(0, 0, 5), (1, 0, 5)], capacities=(2,)), [(600, 660), (630, 700)])

    solution = solve(pinned(both, 1))

    assert (None, 0) == solution.assignment
    assert solution.is_optimal


def test_empty_problems_have_an_empty_plan() -> None:
    """Nobody asks, nobody helps, nobody can: that is a plan, and the best one."""
    assert () == solve(a_problem([], capacities=())).assignment
    assert (None, None) == solve(a_problem([], capacities=(), requests=2)).assignment
    nobody = solve(a_problem([(0, 0, 5)], capacities=(0,)))
    assert (None,) == nobody.assignment
    assert nobody.is_optimal


def test_arrays_are_columns_too() -> None:
    """Whoever makes arcs in bulk hands over arrays, which take less room than lists."""
    columns = Arcs(array("q", [0, 1]), array("q", [0, 0]), array("q", [3, 4]))

    assert (None, 0) == solve(
        Problem(a_problem([(1, 0, 0)]).requests, [HelperNode(id="h")], columns)
    ).assignment


def test_certificates_of_arrays_and_lists_are_the_same() -> None:
    """All arcs at once or one by one: the bound is the bound, whatever the prices."""
    random = Random(5)
    for _ in range(60):
        listed, objective = a_random_problem(random, most=7, have_times=True)
        arcs = listed.arcs
        places = sorted(range(len(arcs.points)), key=arcs.requests.__getitem__)
        requests, to, points = (
            [each[place] for place in places] for each in (arcs.requests, arcs.helpers, arcs.points)
        )
        inline = Problem(listed.requests, listed.helpers, Arcs(requests, to, points))
        columns = Arcs(array("q", requests), array("q", to), array("q", points))
        packed = Problem(listed.requests, listed.helpers, columns)
        solution = solve(inline, objective)
        dear = [price * random.choice((1, 1 << 90)) for price in solution.prices]

        assert solution == solve(packed, objective)
        for prices in (solution.prices, dear):
            assert certify(Table(inline, objective), solution.assignment, prices) == certify(
                Table(packed, objective), solution.assignment, prices
            )


def test_fewer_places_are_solved_as_if_they_had_always_been_so() -> None:
    """A plan that is made again, with fewer visits of some helpers, is the one of the smaller problem."""
    town = a_problem([(0, 0, 9), (1, 0, 8), (2, 0, 7), (2, 1, 6), (1, 2, 1)], capacities=(3, 1, 1))
    solver = Solver(town, Objective(1))
    solver.limit({0: 1})
    expected = solve(town.limited({0: 1}), Objective(1))

    found = solver.solve()

    assert (expected.assignment, expected.worth, expected.bound) == (
        found.assignment,
        found.worth,
        found.bound,
    )
    assert found.is_optimal
    assert 1 == solver.problem.helpers[0].capacity


def test_points_up_to_the_limit_are_added_exactly() -> None:
    """Weights cannot overflow: two thousand million points and one more are not the same."""
    most = problem.MOST_POINTS - 1
    pairs = [(0, 0, most), (0, 1, -most), (1, 0, most - 1), (1, 1, -most)]

    assert (0, 1) == solve(a_problem(pairs, capacities=(1, 1))).assignment
    assert (0, 1) == solve(a_problem(pairs, capacities=(9, 9)), Objective(most)).assignment


def test_what_has_no_answer_is_refused() -> None:
    """Each mistake has a name of its own; no request is dropped in silence."""
    mistakes: list[tuple[Callable[[], object], type[Exception]]] = [
        (lambda: HelperNode(id="h", capacity=-1), BadCapacity),
        (lambda: HelperNode(id="h", capacity=problem.MOST_CAPACITY), BadCapacity),
        (lambda: HelperNode(id="h", rest_minutes=-1), BadCapacity),
        (lambda: RequestNode(id="r", starts=60), SpanReversed),
        (lambda: RequestNode(id="r", starts=60, ends=60), SpanReversed),
        (lambda: RequestNode(id="r", priority=8), UnknownPriority),
        (lambda: Objective(-1), PointsOutOfRange),
        (lambda: a_problem([(0, 0, problem.MOST_POINTS)]), PointsOutOfRange),
        (lambda: a_problem([(0, 3, 0)]), UnknownToPool),
        (lambda: a_problem([(0, -1, 0)]), UnknownToPool),
        (lambda: pinned(a_problem([(0, 0, 0)]), 1), UnknownToPool),
        (lambda: pinned(a_problem([(0, 0, 0), (0, 1, 0)]), 0, 1), PinsContradict),
        (lambda: pinned(a_problem([(0, 0, 0), (1, 0, 0)]), 0, 1), PinsContradict),
        (
            lambda: pinned(
                timed(a_problem([(0, 0, 0), (1, 0, 0)], capacities=(2,)), [(0, 9), (8, 20)]), 0, 1
            ),
            PinsContradict,
        ),
        (lambda: Problem([RequestNode(id="r"), RequestNode(id="r")], [], Arcs.of([])), TwiceInPool),
    ]
    for wrong, error in mistakes:
        with pytest.raises(error):
            wrong()


def test_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond four million, places would no longer fit below the costs."""
    with monkeypatch.context() as patched:
        patched.setattr(problem, "MOST_NODES", 3)
        with pytest.raises(MatchingTooLarge):
            a_problem([], requests=3)

    blocks = timed(a_problem([(0, 0, 1), (1, 0, 1), (2, 0, 1)], capacities=(3,)), ["a", "a", "b"])
    monkeypatch.setattr(splitting, "MOST_NODES", 1)
    with pytest.raises(MatchingTooLarge):
        solve(blocks)


def test_compatible_pins_of_one_helper_stand() -> None:
    """Two accepted requests at different times."""
    both = timed(a_problem([(0, 0, 5), (1, 0, 6)], capacities=(2,)), [(0, 9), (9, 20)])

    solution = solve(pinned(both, 0, 1))

    assert (0, 0) == solution.assignment
    assert Worth((2, 0, 0, 0, 0, 0, 0, 0), 11) == solution.worth


def test_wrong_price_proves_nothing() -> None:
    """Planted: a price a little too high or too low is found, whichever helper has it."""
    town = a_town(60, helpers=40)
    table = Table(town, Objective(3))
    solution = solve(town, Objective(3))
    prices = list(solution.prices)
    assert certify(table, solution.assignment, prices).proves

    found = 0
    for helper, price in enumerate(prices):
        for wrong in (price + 2**140, max(0, price - 2**140)):
            moved = [*prices[:helper], wrong, *prices[helper + 1 :]]
            certificate = certify(table, solution.assignment, moved)
            assert certificate.bound <= certificate.cost
            found += not certificate.proves
    assert found > len(prices) // 2


def test_worse_plan_is_not_proved() -> None:
    """Planted: the right prices with a plan that leaves somebody out."""
    town = a_town(60, helpers=40)
    solution = solve(town)
    served = next(place for place, helper in enumerate(solution.assignment) if helper is not None)
    worse = [*solution.assignment[:served], None, *solution.assignment[served + 1 :]]

    assert not proved(Table(town, Objective()), worse, solution.prices).is_optimal


def test_certificate_believes_nobody() -> None:
    """Our own mistakes are assertions: too many, arcs that are none, moved pins, two at once, bad prices."""
    both = timed(a_problem([(0, 0, 5), (1, 0, 5), (1, 1, 5)], capacities=(1, 1)), [(0, 9), (5, 9)])
    table = Table(both, Objective())
    wide = Table(
        Problem(both.requests, [HelperNode(id="h", capacity=2)] * 1, Arcs([0], [0], [5])), Objective()
    )
    wrongs: list[Callable[[], object]] = [
        lambda: certify(table, [0, 0], [0, 0]),
        lambda: certify(table, [1, None], [0, 0]),
        lambda: certify(Table(pinned(both, 0), Objective()), [None, 0], [0, 0]),
        lambda: certify(wide, [0, 0], [0]),
        lambda: certify(table, [0, 1], [-1, 0]),
        lambda: certify(table, [0, 1], [0, 0], [Clique(0, (0, 1), -1)]),
        lambda: certify(
            Table(a_problem([(0, 0, 1), (1, 0, 1)]), Objective()), [0, None], [0], [Clique(0, (0, 1), 1)]
        ),
    ]
    for wrong in wrongs:
        with pytest.raises(AssertionError):
            wrong()


def test_requests_without_times_share_no_minute() -> None:
    """One that has no times conflicts with nobody, and is in no clique."""
    nodes = [RequestNode(id="a", starts=0, ends=5), RequestNode(id="b")]

    assert not do_all_conflict(nodes, 100)


def test_certificate_compares_cost_and_bound() -> None:
    """It proves if both are the same."""
    assert Certificate(5, 5).proves
    assert not Certificate(5, 4).proves


def a_crowd(seed: int) -> Problem:
    """Build a problem with few helpers, and much of it at the same time or in the same block."""
    random = Random(seed)
    town = a_town(240, helpers=45 + 20 * (seed % 2), seed=seed, capacity=4)
    times = [
        random.choice([None, random.choice("abcdefgh"), (start, start + random.randint(20, 400))])
        for start in random.choices(range(1_500), k=240)
    ]
    return timed(town, times)


@pytest.mark.parametrize("seed", range(8))
def test_crowded_plans_keep_their_bound(seed: int) -> None:
    """Most are served that can be, and the bound is close."""
    solution = solve(a_crowd(seed), Objective(seed % 3 * 60))

    assert solution.worth.key <= solution.bound.key
    assert 0.95 * sum(solution.bound.served) <= sum(solution.served)


def test_groups_give_the_same_bound_from_nothing_and_from_prices() -> None:
    """Where a search begins changes how long it takes, not what it finds."""
    small = (a_random_problem(Random(seed), most=7, have_times=True) for seed in range(300))
    large = ((a_crowd(seed), Objective(seed % 5)) for seed in (0, 1))
    for drawn, objective in (*small, *large):
        table = Table(drawn, objective)
        cold, warm = Split(table, is_warm=False), Split(table)
        for request in table.requests_in_order():
            cold.flow.augment(request)
        warm.solved()
        for split in (cold, warm):
            for helper in range(len(drawn.helpers)):
                split.touch(helper)

        assert cold.assignment() == warm.assignment()
        assert cost_of(cold.flow) == cost_of(warm.flow)


def cost_of(flow: GroupFlow) -> int:
    """Add up what every request pays, less what all places are worth at their prices."""
    total = sum(pays for pays, at in zip(flow.pays, flow.at, strict=True) if at != OUT)
    for group, helper in enumerate(flow.helper_of):
        total -= max(0, flow.price[group] - flow.helper_price[helper])
    for helper, price in enumerate(flow.helper_price):
        pinned = flow.load[helper] - len(flow.groups[helper])
        places = range(pinned, flow.capacity[helper])
        total -= sum(max(0, price - flow.step * place) for place in places)
    return total


def test_search_for_better_plans_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many rounds a good plan is good enough."""
    monkeypatch.setattr(conflict, "ROUNDS", 1)
    solution = solve(a_crowd(0))

    assert solution.worth.key <= solution.bound.key


def test_same_plan_of_a_town_however_it_is_written_down() -> None:
    """Two hundred requests that often tie, with and without times, written down in another order."""
    for have_times in (False, True):
        town = a_town(200, helpers=90, capacity=3, have_times=have_times)
        flat = replace(town, arcs=replace(town.arcs, points=[each // 300 for each in town.arcs.points]))
        other = shuffled(flat, Random(5))

        assert by_id(flat, solve(flat).assignment) == by_id(other, solve(other).assignment)
