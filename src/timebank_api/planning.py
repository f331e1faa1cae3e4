"""What the service says of plans and exchanges; for who runs the branch alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from timebank.care.match import Match
from timebank.services.swapping import Swap
from timebank_api.profiles import MatchOut, match_out
from timebank_api.suggesting import RuleCountOut, SuggestionOut, suggestion_out

if TYPE_CHECKING:
    from timebank.matching.explain import Passed
    from timebank.services.planning import Plan, Unserved


class PassedOut(Struct, frozen=True, kw_only=True):
    """Why the helper who suits best is not suggested: in words for a coordinator, and for everybody."""

    why: str
    helper: str
    more_points: int | None
    """How many points more that helper has than the one suggested; null if there is none."""
    coordinator: str
    public: str


class PlannedOut(Struct, frozen=True, kw_only=True):
    """A request, and who is to be asked."""

    request: int
    suggestion: SuggestionOut
    others: int
    """How many others could help."""
    passed: PassedOut | None
    """Why not the first choice; null if this is one."""


class NeededOut(Struct, frozen=True, kw_only=True):
    """Somebody who could help, and for which request they are asked instead."""

    helper: str
    request: int


class RelaxationOut(Struct, frozen=True, kw_only=True):
    """A change after which a helper could help: in words for a coordinator, and in words for everybody."""

    rule: str
    helper: str
    coordinator: str
    public: str


class UnservedOut(Struct, frozen=True, kw_only=True):
    """A request for which nobody is left, and why."""

    request: int
    needed_elsewhere: tuple[NeededOut, ...]
    not_asked_now: tuple[str, ...]
    """Helpers who could, but have not answered yet, or were asked often enough of late."""
    passed: PassedOut | None
    """Why not the one who suits best; null if nobody could help, or nobody who is asked now."""
    near_misses: int
    """How many helpers were looked at whom rules keep away."""
    rules: tuple[RuleCountOut, ...]
    """How many of them each rule keeps away."""
    change: RelaxationOut | None
    """The smallest single change that would serve it; null if no single one would."""


class WorthOut(Struct, frozen=True, kw_only=True):
    """What a plan is worth; one request more of a more urgent class outweighs everything behind it."""

    served: tuple[int, ...]
    """Requests served by urgency, the most urgent first."""
    points: int
    """The score, the cost of loads taken off."""


class PlanOut(Struct, frozen=True, kw_only=True):
    """The best plan that was found for all requests that wait, and how far it may be from the best."""

    branch: str
    weights: str
    score: int
    """Of all that are planned."""
    worth: WorthOut
    bound: WorthOut
    """No plan is worth more."""
    is_optimal: bool
    """Whether it is proved that no plan serves more, or is worth more."""
    gap_urgency: int | None
    """The most urgent class of which a better plan might serve more; null if no plan serves more."""
    gap_requests: int
    """How many more of that class, at most."""
    gap_points: int | None
    """How many points a better plan might be worth more, at most; null if it might serve more requests."""
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


def plan_out(plan: "Plan", matches: Sequence[Match] = ()) -> PlanOut:
    """Return a plan as it is sent, and who was asked by it."""
    return PlanOut(
        branch=plan.branch,
        weights=plan.weights,
        score=plan.score,
        worth=WorthOut(served=plan.worth.served, points=plan.worth.points),
        bound=WorthOut(served=plan.bound.served, points=plan.bound.points),
        is_optimal=plan.is_optimal,
        gap_urgency=plan.gap_urgency,
        gap_requests=plan.gap_requests,
        gap_points=plan.gap_points,
        planned=tuple(
            PlannedOut(
                request=each.request.no,
                suggestion=suggestion_out(each.suggestion),
                others=each.others,
                passed=_passed(each.passed),
            )
            for each in plan.planned
        ),
        unserved=tuple(map(_unserved, plan.unserved)),
        waiting=tuple(map(match_out, plan.waiting)),
        busy=plan.busy,
        matches=tuple(map(match_out, matches)),
    )


def _unserved(value: "Unserved") -> UnservedOut:
    change = value.relaxation
    return UnservedOut(
        request=value.request.no,
        needed_elsewhere=tuple(
            NeededOut(helper=helper, request=request) for helper, request in value.needed_elsewhere
        ),
        not_asked_now=value.not_asked_now,
        passed=_passed(value.passed),
        near_misses=value.near_misses,
        rules=tuple(RuleCountOut(rule=code.value, count=count) for code, count in value.counts.items()),
        change=None
        if change is None
        else RelaxationOut(
            rule=change.reason.code.value,
            helper=change.helper,
            coordinator=change.coordinator,
            public=change.public,
        ),
    )


def _passed(value: "Passed | None") -> PassedOut | None:
    return (
        None
        if value is None
        else PassedOut(
            why=value.why.value,
            helper=value.helper,
            more_points=value.more_points,
            coordinator=value.coordinator,
            public=value.public,
        )
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
