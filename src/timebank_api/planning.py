"""What the service says of plans and exchanges; for who runs the branch alone."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from timebank.care.match import Match
from timebank.services.planning import Plan, Unserved
from timebank.services.swapping import Swap
from timebank_api.profiles import MatchOut, match_out
from timebank_api.suggesting import BlockedOut, RuleCountOut, SuggestionOut, rule_out, suggestion_out

NEAR_MOST: Final = 10
"""Helpers who are nearly suggested that are listed for each request that is left."""


class PlannedOut(Struct, frozen=True, kw_only=True):
    """A request, and who is to be asked."""

    request: int
    suggestion: SuggestionOut
    others: int
    """How many others could help."""


class NeededOut(Struct, frozen=True, kw_only=True):
    """Somebody who could help, and for which request they are asked instead."""

    helper: str
    request: int


class UnservedOut(Struct, frozen=True, kw_only=True):
    """A request for which nobody is left, and why."""

    request: int
    needed_elsewhere: tuple[NeededOut, ...]
    blocked: tuple[BlockedOut, ...]
    """Who offers help of this kind, and is kept away by something else; the closest first, a few of them."""
    rules: tuple[RuleCountOut, ...]


class PlanOut(Struct, frozen=True, kw_only=True):
    """The best plan for all requests that wait."""

    branch: str
    weights: str
    score: int
    """Of all that are planned."""
    is_optimal: bool
    """Whether prices prove that no plan serves more, or is worth more."""
    planned: tuple[PlannedOut, ...]
    unserved: tuple[UnservedOut, ...]
    waiting: tuple[MatchOut, ...]
    """Requests that somebody is asked about already: they are not planned again."""
    busy: tuple[str, ...]
    """Helpers who are not asked now."""
    matches: tuple[MatchOut, ...]
    """Who was asked by this plan; nobody, where it was only looked at."""


class LegOut(Struct, frozen=True, kw_only=True):
    """Help that one member gives to another."""

    provider: str
    member: str
    minutes: int


class ShareOut(Struct, frozen=True, kw_only=True):
    """What a member gives, and gets as much of."""

    member: str
    offered_minutes: int
    exchanged_minutes: int


class ExchangeOut(Struct, frozen=True, kw_only=True):
    """What members could exchange within a week."""

    branch: str
    standing: str
    """`within-theorem`: nobody could gain by saying anything but the truth."""
    exchanged_minutes: int
    legs: tuple[LegOut, ...]
    shares: tuple[ShareOut, ...]


def plan_out(plan: Plan, matches: Sequence[Match] = ()) -> PlanOut:
    """Return a plan as it is sent, and who was asked by it."""
    return PlanOut(
        branch=plan.branch,
        weights=plan.weights,
        score=plan.score,
        is_optimal=plan.is_optimal,
        planned=tuple(
            PlannedOut(
                request=each.request.no, suggestion=suggestion_out(each.suggestion), others=each.others
            )
            for each in plan.planned
        ),
        unserved=tuple(map(_unserved, plan.unserved)),
        waiting=tuple(map(match_out, plan.waiting)),
        busy=plan.busy,
        matches=tuple(map(match_out, matches)),
    )


def _unserved(value: Unserved) -> UnservedOut:
    return UnservedOut(
        request=value.request.no,
        needed_elsewhere=tuple(
            NeededOut(helper=helper, request=request) for helper, request in value.needed_elsewhere
        ),
        blocked=tuple(
            BlockedOut(helper=each.helper, rules=tuple(map(rule_out, each.reasons)))
            for each in value.near[:NEAR_MOST]
        ),
        rules=tuple(RuleCountOut(rule=code.value, count=count) for code, count in value.counts.items()),
    )


def exchange_out(found: Swap) -> ExchangeOut:
    """Return what could be exchanged as it is sent."""
    made = found.exchange
    return ExchangeOut(
        branch=found.branch,
        standing=made.standing.value,
        exchanged_minutes=made.exchanged_minutes,
        legs=tuple(
            LegOut(provider=each.provider, member=each.member, minutes=each.minutes) for each in made.legs
        ),
        shares=tuple(
            ShareOut(
                member=each.id,
                offered_minutes=each.offered_minutes,
                exchanged_minutes=each.exchanged_minutes,
            )
            for each in made.shares
        ),
    )
