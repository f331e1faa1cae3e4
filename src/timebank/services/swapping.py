"""Swapping: what members of a branch could exchange this week without anybody's hours moving first.

A report only: who helps whom in cycles, so that everybody gets as much as they give. Members take part with
the smaller of what they offer a week and what they wish for; they accept whom no rule keeps away. Priority is
the day of joining, which nobody can choose.
"""

from collections import defaultdict
from dataclasses import dataclass

from timebank.care.listing import ListingState
from timebank.matching.exchange import exchange
from timebank.matching.exchange_model import Acceptance, Exchange, ExchangePool, Participant
from timebank.matching.index import Index
from timebank.services.pooling import STEP, Pooling, Tell, ref_of
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What could be exchanged; ids are references of members."""

    branch: str
    exchange: Exchange


def swap_of(books: Books, tell: Tell) -> Swap:
    """Return what members could exchange within a week: the most there is, balanced, by priority.

    Args:
        books: of the branch.
        tell: told how far it is.
    """
    pooled = Pooling(books).pool()
    offered: dict[str, int] = defaultdict(int)
    for offer in books.help_offers.list(state=ListingState.OPEN):
        offered[offer.member] += offer.minutes_per_week
    wished: dict[str, int] = defaultdict(int)
    accepted: dict[tuple[str, str], int] = defaultdict(int)
    index = Index(pooled.helpers.values())
    for done, (id_, request) in enumerate(sorted(pooled.requests.items())):
        if done % STEP == 0:
            tell("Looking for helpers", done, len(pooled.requests))
        member = pooled.listings[id_].member
        wished[member] += request.minutes
        for each in index.candidates(request, now_min=pooled.now_min):
            accepted[ref_of(each.helper), member] += request.minutes
    tell("Exchanging", len(pooled.requests), len(pooled.requests))
    taking = sorted(offered.keys() & wished.keys())
    joined = {ref: books.members.get(ref).joined_on.toordinal() for ref in taking}
    pool = ExchangePool.of(
        (Participant(id=ref, priority=joined[ref], minutes=min(offered[ref], wished[ref])) for ref in taking),
        (
            Acceptance(provider=provider, member=member, minutes=minutes)
            for (provider, member), minutes in sorted(accepted.items())
            if {provider, member} <= set(taking)
        ),
    )
    return Swap(branch=books.branch.code, exchange=exchange(pool))
