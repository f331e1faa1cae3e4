"""A plan that changes one by one: what it refuses, and that a long queue needs no new plan."""

import pytest
from tests.unit.matching.plans import a_problem, a_town, by_id, pinned, timed

from timebank.errors import (
    MatchingTooLarge,
    NotACandidate,
    PinsContradict,
    PointsOutOfRange,
    TimesNotKept,
    TwiceInPool,
    UnknownToPool,
)
from timebank.matching import incremental
from timebank.matching.incremental import Matching
from timebank.matching.problem import MOST_POINTS, HelperNode, Problem, RequestNode
from timebank.matching.solve import solve


def arrivals(town: Problem, matching: Matching, order: list[int]) -> None:
    """Let the requests of a problem come one by one."""
    points: dict[int, dict[str, int]] = {}
    arcs = town.arcs
    for request, helper, each in zip(arcs.requests, arcs.helpers, arcs.points, strict=True):
        points.setdefault(request, {})[town.helpers[helper].id] = each
    for request in order:
        matching.insert(town.requests[request], points.get(request, {}))


@pytest.mark.parametrize("helpers", [400, 150, 60])
def test_order_of_arrival_changes_nothing(helpers: int) -> None:
    """Who asks first has no advantage: the plan is the one for all at once."""
    town = a_town(150, helpers=helpers, capacity=2)
    expected = by_id(town, solve(town).assignment)
    for order in (list(range(150)), list(reversed(range(150)))):
        matching = Matching()
        for node in town.helpers:
            matching.add_helper(node, {})
        arrivals(town, matching, order)

        assert expected == {node.id: matching.helper_of(node.id) for node in town.requests}


def test_removing_what_was_inserted_restores_the_plan() -> None:
    """Whoever asked and took it back leaves no trace, nor does a helper who came and went."""
    town = a_town(80, helpers=50)
    matching = Matching.of(town)
    before = {node.id: matching.helper_of(node.id) for node in town.requests}

    matching.insert(RequestNode(id="new"), {node.id: 900 for node in town.helpers})
    matching.add_helper(HelperNode(id="more", capacity=3), {node.id: 900 for node in town.requests})
    assert "more" in {matching.helper_of(node.id) for node in town.requests}
    matching.remove("new")
    matching.remove_helper("more")

    assert before == {node.id: matching.helper_of(node.id) for node in town.requests}
    problem, solution = matching.solution()
    assert len(town.arcs.points) == len(problem.arcs.points)
    assert solution.worth == solve(town).worth


def test_request_that_nobody_could_take_leaves_no_trace() -> None:
    """It has candidates, but they have no place."""
    matching = Matching.of(a_problem([], capacities=(0,)))
    matching.insert(RequestNode(id="x"), {"h0": 3})
    assert matching.helper_of("x") is None

    matching.remove("x")

    assert () == matching.solution()[1].assignment


def test_pin_moves_whoever_has_to_move() -> None:
    """A request goes where it was accepted, and who was there goes elsewhere."""
    matching = Matching.of(a_problem([(0, 0, 50), (0, 1, 1), (1, 1, 9), (1, 0, 8)], capacities=(1, 1)))
    assert ("h0", "h1") == (matching.helper_of("r0"), matching.helper_of("r1"))

    matching.pin("r0", "h1")
    matching.pin("r0", "h1")
    assert ("h1", "h0") == (matching.helper_of("r0"), matching.helper_of("r1"))

    matching.unpin("r0")
    assert ("h0", "h1") == (matching.helper_of("r0"), matching.helper_of("r1"))


def test_what_cannot_change_is_refused() -> None:
    """Each mistake has its name, and changes nothing."""
    matching = Matching.of(pinned(a_problem([(0, 0, 5), (1, 0, 4), (1, 1, 3)], capacities=(1, 1)), 0))
    before = matching.solution()
    for wrong, error in (
        (lambda: matching.insert(RequestNode(id="r0"), {}), TwiceInPool),
        (lambda: matching.insert(RequestNode(id="x"), {"nobody": 1}), UnknownToPool),
        (lambda: matching.insert(RequestNode(id="x"), {"h0": MOST_POINTS}), PointsOutOfRange),
        (lambda: matching.insert(RequestNode(id="x", block="a"), {}), TimesNotKept),
        (lambda: matching.add_helper(HelperNode(id="h0"), {}), TwiceInPool),
        (lambda: matching.add_helper(HelperNode(id="x"), {"none": 1}), UnknownToPool),
        (lambda: matching.add_helper(HelperNode(id="x"), {"r0": MOST_POINTS}), PointsOutOfRange),
        (lambda: matching.remove("none"), UnknownToPool),
        (lambda: matching.remove_helper("nobody"), UnknownToPool),
        (lambda: matching.remove_helper("h0"), PinsContradict),
        (lambda: matching.pin("r1", "h0"), PinsContradict),
        (lambda: matching.pin("r0", "h1"), NotACandidate),
        (lambda: matching.unpin("r1"), NotACandidate),
        (lambda: matching.helper_of("none"), UnknownToPool),
        (lambda: Matching.of(timed(a_problem([(0, 0, 1)]), ["a"])), TimesNotKept),
    ):
        with pytest.raises(error):
            wrong()

    assert before == matching.solution()


def test_request_pinned_elsewhere_is_refused() -> None:
    """One request has one helper."""
    matching = Matching.of(pinned(a_problem([(0, 0, 5), (0, 1, 4)], capacities=(1, 1)), 0))

    with pytest.raises(PinsContradict):
        matching.pin("r0", "h1")


def test_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of requests and helpers are not used twice, so one day there are none left."""
    matching = Matching.of(a_problem([(0, 0, 5)], capacities=(1,)))
    monkeypatch.setattr(incremental, "MOST_NODES", 2)

    with pytest.raises(MatchingTooLarge):
        matching.insert(RequestNode(id="x"), {})
    with pytest.raises(MatchingTooLarge):
        matching.add_helper(HelperNode(id="x"), {})
