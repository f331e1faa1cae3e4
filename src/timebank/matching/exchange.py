"""Time exchange: members swap hours at once, in cycles of any length, and nobody owes anything afterwards.

Each member says how much time they have and whose help they accept, of each up to so many minutes. The
exchange then is

- *individually rational*: nobody gets help that they did not accept, or more of it, or gives more than they
  have;
- *balanced*: each member gets exactly as much as they give;
- *maximum*: no other such exchange moves more minutes in total;
- *by priority*: among the maximum ones, it gives the first member the most, then the second, and so on.

On these preferences (acceptable up to a maximum, or unacceptable) such a priority mechanism cannot be
manipulated: nobody gets more of what they want by saying anything but the truth (Andersson, Cseh, Ehlers and
Erlanson, *Organizing Time Exchanges: Lessons from Matching Markets*, AEJ Microeconomics 13, 2021). That holds
once and for all at once, where priority rests on nothing that members choose (the date of joining, not a need
they declare), and where credit cannot be kept for later: a batch beside the daily rules, not instead of them.

Help for a beneficiary can be merged into the sponsor: who helps the beneficiary helps the sponsor, as far as
the hours go. The theorem does not speak of that, and the exchange says so. Pure; no dependency.
"""

from collections.abc import Iterable, Sequence

from timebank.matching.circulation import Network, circulate
from timebank.matching.exchange_model import Acceptance, Exchange, ExchangePool, Leg, Share, Standing
from timebank.matching.exchange_proof import fault_in
from timebank.matching.precedence import favour


def exchange(pool: ExchangePool, *, are_beneficiaries_merged: bool = False) -> Exchange:
    """Return the exchange of a pool: maximum, balanced, individually rational, best by priority; proved so.

    Amounts are whole minutes; where all that is offered and accepted are half hours, so is all that is
    exchanged.

    Args:
        pool: who takes part, and what they accept.
        are_beneficiaries_merged: count help for a beneficiary as help for the sponsor; without it, such help
            is left out, and the exchange lists it.
    """
    taken, left_out = _taken(pool, are_beneficiaries_merged=are_beneficiaries_merged)
    places = {each.id: place for place, each in enumerate(pool.participants)}
    supplies = [each.minutes for each in pool.participants]
    network = Network(
        supplies, ((places[each.provider], places[each.member], each.minutes) for each in taken)
    )
    prices = circulate(network, supplies)
    kept, cuts = favour(network, prices)
    found = Exchange(
        shares=tuple(
            Share(id=each.id, offered_minutes=each.minutes, exchanged_minutes=each.minutes - own)
            for each, own in zip(pool.participants, kept, strict=True)
        ),
        legs=_legs_of(taken, network),
        left_out=left_out,
        standing=_standing_of(taken),
        prices=tuple(prices),
        cuts=tuple(cuts),
    )
    fault = fault_in(found, pool)
    assert fault is None, fault
    return found


def _taken(
    pool: ExchangePool, *, are_beneficiaries_merged: bool
) -> tuple[tuple[Acceptance, ...], tuple[Acceptance, ...]]:
    """Return the acceptances that count, and those that do not."""
    if are_beneficiaries_merged:
        return pool.acceptances, ()
    return (
        tuple(each for each in pool.acceptances if each.beneficiary is None),
        tuple(each for each in pool.acceptances if each.beneficiary is not None),
    )


def _legs_of(taken: Sequence[Acceptance], network: Network) -> tuple[Leg, ...]:
    """Return the help that flows: what there is room to take back."""
    first = 2 * network.count + 1
    return tuple(
        Leg(provider=each.provider, member=each.member, beneficiary=each.beneficiary, minutes=minutes)
        for each, minutes in zip(taken, network.rooms[first::2], strict=True)
        if minutes
    )


def _standing_of(taken: Iterable[Acceptance]) -> Standing:
    is_merged = any(each.beneficiary is not None for each in taken)
    return Standing.OUTSIDE_THEOREM if is_merged else Standing.WITHIN_THEOREM
