"""The proof of a plan: prices, from which anybody can see in one pass that no plan is better.

Let every request pay the least it could, given the prices: its cheapest arc with the price of its helper, or
the cost of staying unserved. What all requests pay, less what all places are worth at these prices, is a
lower bound of the cost of every plan, whatever the prices are (weak duality). A plan that costs just that is
the best one. Where helpers cannot take two requests at once, a set of requests that all exclude one another
has a price as well, and the bound still holds; it need not be reached then.

This module believes nobody: it adds up the arcs of the problem, not those of whoever solved it. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from timebank.matching.problem import do_all_conflict, do_conflict
from timebank.matching.scale import POINT, Worth
from timebank.matching.table import Table


@dataclass(frozen=True, slots=True)
class Clique:
    """Requests of which a helper can take one at most, and the price of being it."""

    helper: int
    requests: tuple[int, ...]
    price: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a plan costs and what every plan costs at least, pins left out.

    Whole numbers of `timebank.matching.scale`; equal if and only if the prices prove the plan.
    """

    cost: int
    bound: int

    @property
    def proves(self) -> bool:
        """Whether no plan is better."""
        return self.cost == self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A plan, what it is worth, and what any plan can be worth at most.

    Compares equal to another if they assign alike, at the same prices.
    """

    assignment: tuple[int | None, ...]
    """The helper of each request, by their places in the problem."""
    worth: Worth
    """Served by class; points with sticky ones, less the cost of load."""
    points: int
    """Of the arcs that are used."""
    sticky_points: int
    load_points: int
    """What the loads cost: their squares, weighed."""
    prices: tuple[int, ...]
    """Of one more place of each helper above a first one, in fractions of a point: see `price_points`."""
    bound: Worth
    """No plan is worth more; read like `worth`, the most urgent class first."""
    certificate: Certificate

    @property
    def served(self) -> tuple[int, ...]:
        """Requests served, by class of priority."""
        return self.worth.served

    @property
    def is_optimal(self) -> bool:
        """Whether it is proved that no plan is better."""
        return self.certificate.proves

    @property
    def gap(self) -> tuple[int, ...]:
        """What could be missing, at most: requests of each class, then points; all zero if nothing can.

        Where a class before them is not zero, later figures say little and may be negative.
        """
        return tuple(most - mine for most, mine in zip(self.bound.key, self.worth.key, strict=True))

    def price_points(self, helper: int) -> int:
        """Return a helper's price in points, rounded: at it, nobody else would rather have them.

        One of the prices that prove the plan: the least of them may be lower.
        """
        return (2 * self.prices[helper] + POINT) // (2 * POINT)


def certify(
    table: Table, assignment: Sequence[int | None], prices: Sequence[int], cliques: Sequence[Clique] = ()
) -> Certificate:
    """Check that a plan is one, and add up what it costs and what every plan costs at least.

    Args:
        table: the problem.
        assignment: the helper of each request.
        prices: of helpers, by their places, not negative.
        cliques: with their prices, not negative.
    """
    loads = _loads(table, assignment)
    _check_times(table, assignment)
    extra = _prices_of(table, cliques)
    priced = {request for _, request in extra}
    low_arcs = table.low_arcs(prices)
    step = 2 * table.objective.load_points * POINT
    cost = bound = 0
    for request, mine in enumerate(assignment):
        if request in table.pins:
            continue
        unserved = table.scale.unserved[table.problem.requests[request].priority]
        helpers, points = table.arcs_of(request) if request in priced else low_arcs(request)
        own, hashes = table.request_hashes[request], table.helper_hashes
        pays = [prices[to] - each * POINT for to, each in zip(helpers, points, strict=True)]
        if request in priced:
            pays = [each + extra.get((to, request), 0) for to, each in zip(helpers, pays, strict=True)]
        least = min(pays, default=unserved)
        if least < unserved:
            # A hash is not negative and below a point: only arcs within a point of the least can be it.
            least += POINT
            least = min(
                each + (own ^ hashes[to]) for to, each in zip(helpers, pays, strict=True) if each < least
            )
        bound += min(unserved, least)
        if mine is None:
            cost += unserved
            continue
        cost += (own ^ hashes[mine]) - table.points[table.place_of(request, mine)] * POINT
    for helper, node in enumerate(table.problem.helpers):
        pinned = table.pinned_load[helper]
        cost += step * _sum(pinned, loads[helper])
        bound -= _worth_of_places(prices[helper], step, pinned, node.capacity)
    return Certificate(cost, bound - sum(clique.price for clique in cliques))


def proved(
    table: Table, assignment: Sequence[int | None], prices: Sequence[int], cliques: Sequence[Clique] = ()
) -> Solution:
    """Say what a plan is worth, with its certificate: checked on every run."""
    certificate = certify(table, assignment, prices, cliques)
    assert certificate.bound <= certificate.cost, "a plan costs less than any plan can"
    arcs, pinned = table.problem.arcs, table.pins
    fixed = [table.points[place] + table.objective.load_points for place in pinned.values()]
    load_points = table.objective.load_points
    fixed_load = load_points * sum(each * each for each in table.pinned_load)
    worth, bound = (
        Worth(each.served, each.points + sum(fixed) - fixed_load)
        for each in (
            table.scale.worth_of(cost, table.wanted) for cost in (certificate.cost, certificate.bound)
        )
    )
    used = _places_used(table, assignment)
    squares = load_points * sum(load * load for load in _loads(table, assignment))
    points = sum(arcs.points[place] for place in used)
    sticky = sum(arcs.sticky.get(place, 0) for place in used)
    assert worth.points == points + sticky - squares, "costs and points disagree"
    assert sum(worth.served) == len(used), "costs and served requests disagree"
    return Solution(
        assignment=tuple(assignment),
        worth=worth,
        points=points,
        sticky_points=sticky,
        load_points=squares,
        prices=tuple(prices),
        bound=bound,
        certificate=certificate,
    )


def _loads(table: Table, assignment: Sequence[int | None]) -> list[int]:
    """Count the requests of each helper, and see that pins stand and nobody has too many."""
    loads = [0] * len(table.problem.helpers)
    for helper in assignment:
        if helper is not None:
            loads[helper] += 1
    for helper, node in enumerate(table.problem.helpers):
        assert loads[helper] <= node.capacity, "a helper has more than their capacity"
    for request, place in table.pins.items():
        assert assignment[request] == table.problem.arcs.helpers[place], "an accepted match has moved"
    return loads


def _check_times(table: Table, assignment: Sequence[int | None]) -> None:
    """See that nobody has to be in two places."""
    taken: dict[int, list[int]] = {}
    nodes = table.problem.requests
    for request, helper in enumerate(assignment):
        if helper is not None and nodes[request].can_conflict:
            taken.setdefault(helper, []).append(request)
    for helper, requests in taken.items():
        rest = table.problem.helpers[helper].rest_minutes
        for one, other in combinations(requests, 2):
            assert not do_conflict(nodes[one], nodes[other], rest), "a helper has two requests at once"


def _prices_of(table: Table, cliques: Sequence[Clique]) -> Mapping[tuple[int, int], int]:
    """Return what cliques add to the price of each pair, and see that they are cliques."""
    extra: dict[tuple[int, int], int] = {}
    nodes = table.problem.requests
    for clique in cliques:
        assert clique.price >= 0, "a clique has a negative price"
        rest = table.problem.helpers[clique.helper].rest_minutes
        members = [nodes[request] for request in clique.requests]
        assert do_all_conflict(members, rest), "a clique holds two that do not conflict"
        for request in clique.requests:
            extra[clique.helper, request] = extra.get((clique.helper, request), 0) + clique.price
    # What an accepted match leaves no time for cannot be had at any price.
    for pair in table.barred:
        extra[pair] = 2 * table.scale.unserved[0]
    return extra


def _places_used(table: Table, assignment: Sequence[int | None]) -> list[int]:
    """Return the places of the arcs that a plan uses: of two of one pair the better, pins as they are."""
    return [
        table.pins[request] if request in table.pins else table.place_of(request, helper)
        for request, helper in enumerate(assignment)
        if helper is not None
    ]


def _worth_of_places(price: int, step: int, first: int, end: int) -> int:
    """Add up what free places are worth at a price: from `first` on, each costs a step more."""
    assert price >= 0, "a helper has a negative price"
    if step:
        end = max(first, min(end, -(-price // step)))
    return price * (end - first) - step * _sum(first, end)


def _sum(first: int, end: int) -> int:
    return (end * (end - 1) - first * (first - 1)) // 2
