"""Many requests at once: they bid for helpers, and what does not fit then is put right.

Each request takes the helper that is cheapest for it, and bids the price at which the next one would be as
cheap; whoever was there bids again. That ends soon where helpers are many. Where they are few it would climb
in tiny steps, so after a while everybody bids more than they need: prices are then only nearly right. In the
end whoever holds what is cheapest for them is seated, the others are taken in one by one, and places whose
price is too high are filled or made cheaper (`timebank.matching.flow`): few are left, and their chains are
short. The plan is exactly the cheapest one, whatever was bid. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import heappush, heapreplace
from typing import Final

from timebank.matching.flow import UNSERVED, Flow
from timebank.matching.problem import INDEX_BITS
from timebank.matching.scale import PLACE, POINT

BIDS_EXACT: Final = 2
BIDS_MOST: Final = 60
"""Bids for each request, at most: exact ones, then in steps."""
STEPS: Final = 5
"""A step is the width of all arcs' costs, by two to the power of this."""


def fill(flow: Flow, order: Sequence[int], priorities: Sequence[int]) -> None:
    """Take many requests in, in an order that should not depend on how they came.

    Args:
        order: of their places.
        priorities: classes by place; a class that is missing costs nothing.
    """
    rows = [flow.rows[request] for request in order if flow.rows[request]]
    low, high = min((row[0] for row in rows), default=0), max((row[-1] for row in rows), default=0)
    width = max(high - low, POINT) >> INDEX_BITS << INDEX_BITS
    top = (high >> INDEX_BITS << INDEX_BITS) + 2 * width
    ranks = {each: rank for rank, each in enumerate(sorted(set(priorities), reverse=True))}
    hard = flow.unserved
    # Bidding would climb for ever to the cost of staying unserved; to a lower one it comes soon.
    soft = {each: top + 2 * width * rank for each, rank in ranks.items()}
    flow.unserved = [min(cost, soft[each]) for cost, each in zip(hard, priorities, strict=True)]
    _seat(flow, order, _bid_all(flow, order, width))
    flow.unserved = hard
    for request in order:
        if flow.at[request] == UNSERVED:
            flow.augment(request)


def _bid_all(flow: Flow, order: Sequence[int], width: int) -> list[int | None]:
    """Let requests bid, exactly, then in steps those for whom that takes long; returns whom they hold."""
    places = [*flow.load]
    holders: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    choice: list[int | None] = [None] * len(flow.rows)
    left = _bid(flow, order, choice, holders, places, most=BIDS_EXACT * len(order), more=0)
    if left:
        more = width >> (INDEX_BITS + STEPS) << INDEX_BITS
        _bid(flow, left, choice, holders, places, most=BIDS_MOST * len(order), more=more)
    return choice


def _bid(  # noqa: C901 - one loop: calls would double its time
    flow: Flow,
    order: Sequence[int],
    choice: list[int | None],
    holders: defaultdict[int, list[tuple[int, int]]],
    places: list[int],
    *,
    most: int,
    more: int,
) -> list[int]:
    """Let each request take its cheapest helper, at the price at which the next one is as cheap.

    Args:
        order: of the requests that bid.
        choice: the arc that each request holds.
        holders: bids of each helper's places, the lowest first, and whose they are.
        places: of each helper, how many are taken.
        most: bids.
        more: what is bid above the price, so that it ends sooner.

    Returns:
        The requests that hold nothing because there were too many bids.
    """
    rows, price, capacity, step, unserved = flow.rows, flow.price, flow.capacity, flow.step, flow.unserved
    left: list[int] = []
    for request in order:
        bidder = request
        while bidder >= 0:
            first = second = unserved[bidder]
            for arc in rows[bidder]:
                if arc >= second:
                    break
                found = arc + price[arc & PLACE]
                if found < first:
                    first, second = found, first
                elif found < second:
                    second = found
            if first >= unserved[bidder]:
                break
            if most <= 0:
                left.append(bidder)
                break
            most -= 1
            helper = first & PLACE
            choice[bidder] = first - price[helper]
            bid = (price[helper] + second - (second & PLACE) - first + helper + more, bidder)
            held, number = holders[helper], places[helper]
            if number < capacity[helper] and price[helper] == step * number:
                heappush(held, bid)
                places[helper] = number = number + 1
                bidder = -1
            else:
                bidder = heapreplace(held, bid)[1]
                choice[bidder] = None
            price[helper] = held[0][0]
            if number < capacity[helper]:
                price[helper] = min(step * number, held[0][0])
    return left


def _seat(flow: Flow, order: Sequence[int], choice: Sequence[int | None]) -> None:
    """Seat who holds what is cheapest for them, then take in the others and fill what is dear."""
    left = []
    price = flow.price
    for request in order:
        arc = choice[request]
        if arc is None:
            left.append(request)
            continue
        helper = arc & PLACE
        cost = arc + price[helper]
        if cost < flow.unserved[request] and _is_cheapest(flow.rows[request], price, cost):
            flow.at[request] = helper
            flow.pays[request] = cost - helper
            flow.load[helper] += 1
            flow.taken[helper].append(request)
        else:
            left.append(request)
    for request in left:
        flow.augment(request)
    for helper in range(len(price)):
        if price[helper] and flow.is_dear(helper):
            flow.repair(helper)


def _is_cheapest(row: Iterable[int], price: Sequence[int], cost: int) -> bool:
    exact = cost - (cost & PLACE)
    for arc in row:
        if arc >= cost:
            return True
        if arc + price[arc & PLACE] < exact:
            return False
    return True
