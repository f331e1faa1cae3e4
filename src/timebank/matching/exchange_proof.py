"""The proof of an exchange, checked: from the pool and the result alone, without the network that made it.

Looks at each acceptance a few times and at nothing twice that a cut has parted, so that every run can be
checked. What it proves, step by step:

1. the exchange is one of this pool: only accepted help, up to what was accepted; balanced; nobody gives more
   than they have;
2. it is maximum: at its prices no way with room is a bargain, so no round of changes saves anything;
3. nobody gets more without somebody before them getting less: for each member who keeps time, in order, the
   cuts so far lie between what they give and what they take, and no way at its price crosses a cut against
   its direction. Pure.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from timebank.matching.exchange_model import Acceptance, Exchange, ExchangePool, Leg
from timebank.matching.precedence import Cut

Arc: TypeAlias = tuple[int, int, int]
"""Node it starts at, node it leads to, cost: an arc along which minutes can still be moved."""


def fault_in(exchange: Exchange, pool: ExchangePool) -> str | None:
    """Return what is wrong with an exchange or its proof, None if nothing is."""
    return next(_faults(exchange, pool), None)


def _faults(exchange: Exchange, pool: ExchangePool) -> Iterator[str]:
    yield from _misfits(exchange, pool)
    arcs = _arcs_with_room(exchange, pool)
    prices = exchange.prices
    if len(prices) != 2 * len(pool.participants):
        yield "every member has two prices"
    elif any(prices[tail] + cost < prices[head] for tail, head, cost in arcs):
        yield "a way with room is a bargain: more could be exchanged"
    else:
        tight = [arc for arc in arcs if prices[arc[0]] + arc[2] == prices[arc[1]]]
        yield from _unfavoured(exchange, tight, len(pool.participants))


def _misfits(exchange: Exchange, pool: ExchangePool) -> Iterator[str]:
    """Find what makes it no exchange of this pool at all."""
    if tuple((each.id, each.minutes) for each in pool.participants) != tuple(
        (each.id, each.offered_minutes) for each in exchange.shares
    ):
        yield "the shares are not those of the members"
    given: dict[str, int] = {}
    received: dict[str, int] = {}
    accepted = {_key(each): each.minutes for each in _counted(exchange, pool)}
    for leg in exchange.legs:
        if not 0 < leg.minutes <= accepted.pop(_key(leg), 0):
            yield "help that was not accepted"
        given[leg.provider] = given.get(leg.provider, 0) + leg.minutes
        received[leg.member] = received.get(leg.member, 0) + leg.minutes
    for share in exchange.shares:
        if not given.get(share.id, 0) == share.exchanged_minutes == received.get(share.id, 0):
            yield "a member does not get what they give"
        if share.exchanged_minutes > share.offered_minutes:
            yield "a member gives more than they have"
    if exchange.left_out and set(exchange.left_out) != {
        each for each in pool.acceptances if each.beneficiary
    }:
        yield "what is left out is not the help for beneficiaries"


def _unfavoured(exchange: Exchange, tight: Sequence[Arc], count: int) -> Iterator[str]:
    """Find a member for whom it is not proved that they could not get more, given those before them."""
    leaving: list[list[int]] = [[] for _ in range(2 * count)]
    entering: list[list[int]] = [[] for _ in range(2 * count)]
    for tail, head, _ in tight:
        leaving[tail].append(head)
        entering[head].append(tail)
    cuts = {cut.member: cut for cut in exchange.cuts}
    parts = [0] * (2 * count)
    for member, share in enumerate(exchange.shares):
        giver, taker = member, member + count
        for tail, head in ((giver, taker), (taker, giver)):  # their own way is closed from here on
            if head in leaving[tail]:
                leaving[tail].remove(head)
                entering[head].remove(tail)
        is_open = exchange.prices[giver] + 1 == exchange.prices[taker]
        if share.exchanged_minutes == share.offered_minutes or not is_open:
            continue
        cut = cuts.get(member)
        if cut is not None:
            if not _is_sound(cut, parts, leaving if giver in cut.nodes else entering):
                yield "a cut is crossed"
            for node in cut.nodes:
                parts[node] = member + 1
        if parts[giver] == parts[taker]:
            yield "a member might get more"


def _is_sound(cut: Cut, parts: Sequence[int], ways: Sequence[Sequence[int]]) -> bool:
    """Tell whether no way crosses a cut to, or from, the rest of its part."""
    inside = set(cut.nodes)
    part = parts[cut.nodes[0]]
    return all(
        parts[node] == part and all(other in inside or parts[other] != part for other in ways[node])
        for node in cut.nodes
    )


def _arcs_with_room(exchange: Exchange, pool: ExchangePool) -> list[Arc]:
    """List along what minutes could still be moved, forwards or back."""
    count = len(pool.participants)
    places = {each.id: place for place, each in enumerate(pool.participants)}
    flows = {_key(leg): leg.minutes for leg in exchange.legs}
    arcs: list[Arc] = []
    for each in _counted(exchange, pool):
        giver, taker = places[each.provider], places[each.member] + count
        minutes = flows.get(_key(each), 0)
        if minutes < each.minutes:
            arcs.append((giver, taker, 0))
        if minutes:
            arcs.append((taker, giver, 0))
    for member, share in enumerate(exchange.shares):
        if share.exchanged_minutes:
            arcs.append((member, member + count, 1))
        if share.exchanged_minutes < share.offered_minutes:
            arcs.append((member + count, member, -1))
    return arcs


def _counted(exchange: Exchange, pool: ExchangePool) -> Iterator[Acceptance]:
    """Go through the acceptances that the exchange looked at."""
    return (each for each in pool.acceptances if not exchange.left_out or each.beneficiary is None)


def _key(each: Acceptance | Leg) -> tuple[str, str, str | None]:
    return each.provider, each.member, each.beneficiary
