"""Laws of plans: the best one, proved, the same however it is asked for, and never worse for more help."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.unit.matching.plans import best_of, by_id, is_a_plan, problems, shuffled, worth_of

from timebank.errors import PinsContradict
from timebank.matching.incremental import Matching
from timebank.matching.problem import Arc, Arcs, HelperNode, Objective, Problem, RequestNode
from timebank.matching.solve import solve

SEEDS = st.integers(min_value=0, max_value=2**32)


@given(problems())
def test_plan_is_the_best_of_all(drawn: tuple[Problem, Objective]) -> None:
    """Not a good plan, the best one: every other plan was tried."""
    problem, objective = drawn

    solution = solve(problem, objective)

    assert best_of(problem, objective) == solution.worth
    assert worth_of(problem, objective, solution.assignment) == solution.worth
    assert is_a_plan(problem, solution.assignment)
    assert solution.is_optimal
    assert {0} == set(solution.gap)


@given(problems(most=6, have_times=True))
def test_plan_that_keeps_requests_apart_says_how_far_it_may_be_from_the_best(
    drawn: tuple[Problem, Objective],
) -> None:
    """The bound is one, nobody is in two places, and a plan called optimal is."""
    problem, objective = drawn
    best = best_of(problem, objective)

    solution = solve(problem, objective)

    assert is_a_plan(problem, solution.assignment)
    assert worth_of(problem, objective, solution.assignment) == solution.worth
    assert solution.worth.key <= best.key <= solution.bound.key
    assert not solution.is_optimal or best == solution.worth


@given(problems(have_times=True), SEEDS)
def test_order_of_the_input_changes_nothing(drawn: tuple[Problem, Objective], seed: int) -> None:
    """A plan depends on who there is, not on where they stand in a list."""
    problem, objective = drawn
    other = shuffled(problem, Random(seed))

    one, two = solve(problem, objective), solve(other, objective)

    assert by_id(problem, one.assignment) == by_id(other, two.assignment)
    assert one.certificate == two.certificate
    assert by_id_prices(problem, one.prices) == by_id_prices(other, two.prices)


def by_id_prices(problem: Problem, prices: tuple[int, ...]) -> dict[str, int]:
    """Return prices by the ids of helpers."""
    return {node.id: price for node, price in zip(problem.helpers, prices, strict=True)}


@given(problems(), SEEDS)
def test_one_more_helper_never_lowers_what_is_served(drawn: tuple[Problem, Objective], seed: int) -> None:
    """More help is not less, in the order of classes."""
    problem, objective = drawn
    random = Random(seed)
    new = len(problem.helpers)
    arcs = problem.arcs
    wider = Arcs(
        [
            *arcs.requests,
            *(chosen := [each for each in range(len(problem.requests)) if random.random() < 0.5]),
        ],
        [*arcs.helpers, *(new for _ in chosen)],
        [*arcs.points, *(random.randint(-9, 9) for _ in chosen)],
        arcs.pinned,
        arcs.sticky,
    )
    more = Problem(problem.requests, [*problem.helpers, HelperNode(id="new", capacity=2)], wider)

    assert solve(problem, objective).served <= solve(more, objective).served


@given(problems(have_pins=False), st.integers(min_value=1, max_value=30))
def test_heavier_load_never_makes_loads_less_even(drawn: tuple[Problem, Objective], more: int) -> None:
    """Raising a weight never lowers its term: the squares of loads do not grow, and no request is lost."""
    problem, objective = drawn

    before = solve(problem, objective)
    after = solve(problem, Objective(objective.load_points + more))

    assert before.served == after.served
    assert squares_of(after.assignment) <= squares_of(before.assignment)


def squares_of(plan: tuple[int | None, ...]) -> int:
    """Add up the squares of all loads."""
    return sum(plan.count(helper) ** 2 for helper in {helper for helper in plan if helper is not None})


@given(problems(have_pins=False), st.integers(min_value=1, max_value=30))
def test_stickier_offers_stay_at_least_as_often(drawn: tuple[Problem, Objective], more: int) -> None:
    """Raising a weight never lowers its term: as many offers stand as before, or more."""
    problem, objective = drawn
    offered = dict.fromkeys(problem.arcs.sticky, 7)
    stickier = replace(problem.arcs, sticky=dict.fromkeys(offered, 7 + more))

    def kept(sticky_points: int, each: int) -> int:
        return sticky_points // each

    before = solve(replace(problem, arcs=replace(problem.arcs, sticky=offered)), objective)
    after = solve(replace(problem, arcs=stickier), objective)

    assert before.served == after.served
    assert kept(before.sticky_points, 7) <= kept(after.sticky_points, 7 + more)


class Changes(RuleBasedStateMachine):
    """Who comes and goes, in any order: the plan is always the one that solving anew would give."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.requests: dict[str, RequestNode] = {}
        self.helpers: dict[str, HelperNode] = {}
        self.points: dict[tuple[str, str], int] = {}
        self.pins: dict[str, str] = {}

    @initialize(drawn=problems())
    def begin(self, drawn: tuple[Problem, Objective]) -> None:
        """Begin with a plan."""
        problem, self.objective = drawn
        self.matching = Matching.of(problem, self.objective)
        self.requests = {node.id: node for node in problem.requests}
        self.helpers = {node.id: node for node in problem.helpers}
        arcs = problem.arcs
        for place, (request, helper) in enumerate(zip(arcs.requests, arcs.helpers, strict=True)):
            pair = (problem.requests[request].id, problem.helpers[helper].id)
            self.points[pair] = arcs.points[place] + arcs.sticky.get(place, 0)
            if place in arcs.pinned:
                self.pins[pair[0]] = pair[1]

    def _some(self, ids: dict[str, RequestNode] | dict[str, HelperNode], random: Random) -> dict[str, int]:
        return {id: random.choice([random.randint(-3, 3), 0, 1]) for id in ids if random.random() < 0.6}

    def _name(self, noun: str) -> str:
        self.number += 1
        return f"{noun}-{self.number}"

    @rule(seed=SEEDS, priority=st.sampled_from([0, 0, 1]))
    def insert(self, seed: int, priority: int) -> None:
        """Somebody asks for help."""
        node = RequestNode(id=self._name("r"), priority=priority)
        points = self._some(self.helpers, Random(seed))
        self.matching.insert(node, points)
        self.requests[node.id] = node
        self.points |= {(node.id, helper): each for helper, each in points.items()}

    @rule(seed=SEEDS, capacity=st.integers(min_value=0, max_value=3))
    def add_helper(self, seed: int, capacity: int) -> None:
        """Somebody offers help."""
        node = HelperNode(id=self._name("h"), capacity=capacity)
        points = self._some(self.requests, Random(seed))
        self.matching.add_helper(node, points)
        self.helpers[node.id] = node
        self.points |= {(request, node.id): each for request, each in points.items()}

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Help is no longer needed."""
        if self.requests:
            gone = data.draw(st.sampled_from(sorted(self.requests)))
            self.matching.remove(gone)
            del self.requests[gone]
            self.pins.pop(gone, None)
            self._forget(lambda pair: gone in pair)

    @rule(data=st.data())
    def remove_helper(self, data: st.DataObject) -> None:
        """A helper leaves, unless they have accepted something."""
        if not self.helpers:
            return
        gone = data.draw(st.sampled_from(sorted(self.helpers)))
        try:
            self.matching.remove_helper(gone)
        except PinsContradict:
            assert gone in self.pins.values()
            return
        assert gone not in self.pins.values()
        del self.helpers[gone]
        self._forget(lambda pair: gone in pair)

    def _forget(self, is_gone: Callable[[tuple[str, str]], bool]) -> None:
        self.points = {pair: each for pair, each in self.points.items() if not is_gone(pair)}

    @rule(data=st.data())
    def pin(self, data: st.DataObject) -> None:
        """A helper accepts."""
        if not self.points:
            return
        request, helper = data.draw(st.sampled_from(sorted(self.points)))
        held = list(self.pins.values()).count(helper)
        is_refused = self.pins.get(request, helper) != helper or (
            request not in self.pins and held >= self.helpers[helper].capacity
        )
        try:
            self.matching.pin(request, helper)
        except PinsContradict:
            assert is_refused
            return
        assert not is_refused
        self.pins[request] = helper

    @rule(data=st.data())
    def unpin(self, data: st.DataObject) -> None:
        """A helper takes it back."""
        if self.pins:
            request = data.draw(st.sampled_from(sorted(self.pins)))
            self.matching.unpin(request)
            del self.pins[request]

    @invariant()
    def is_as_if_solved_anew(self) -> None:
        """Compare with a plan that is made from nothing, and check the proof."""
        if not hasattr(self, "matching"):
            return
        requests, helpers = list(self.requests), list(self.helpers)
        problem = Problem(
            list(self.requests.values()),
            list(self.helpers.values()),
            Arcs.of(
                Arc(
                    request=requests.index(request),
                    helper=helpers.index(helper),
                    points=points,
                    is_pinned=self.pins.get(request) == helper,
                )
                for (request, helper), points in self.points.items()
            ),
        )
        anew = solve(problem, self.objective)

        _, kept = self.matching.solution()

        assert anew.worth == kept.worth
        assert by_id(problem, anew.assignment) == {id: self.matching.helper_of(id) for id in self.requests}


Changes.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestChanges = Changes.TestCase
