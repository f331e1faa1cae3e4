"""Planning: the best plan for all requests that wait, at once; how far from the best, and why it is so.

A helper who has not answered yet, or was asked often enough of late, is not asked now. Everybody else is
asked for as many visits as there are questions left, each at its own time, rest kept.
"""

from dataclasses import dataclass, replace

from timebank.care.listing import HelpRequest
from timebank.care.match import Match, MatchState
from timebank.care.profile import Spot
from timebank.matching import explain as explaining
from timebank.matching.explain import Passed
from timebank.matching.near_misses import Relaxation
from timebank.matching.problem import Objective
from timebank.matching.rules import RuleCode, reasons_against
from timebank.matching.scale import Worth
from timebank.services.choosing import Choice, Town, chosen, town_of
from timebank.services.pooling import STEP, Pooled, Pooling, Tell, id_of, ref_of
from timebank.services.suggesting import Suggestion
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A request, and who is to be asked."""

    request: HelpRequest
    suggestion: Suggestion
    """With its time in this plan; equals share a rank."""
    others: int
    """How many others could help, whoever else needs them."""
    passed: Passed | None
    """Why not the first choice; None if this is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """A request for which nobody is left."""

    request: HelpRequest
    needed_elsewhere: tuple[tuple[str, int], ...]
    """Who could help, and for which requests they are asked instead; the best first."""
    not_asked_now: tuple[str, ...]
    """Who could help, but is not asked now; the best first."""
    passed: Passed | None
    """Why not the one who suits best; None if nobody could help, or none of them is asked now."""
    near_misses: int
    """How many helpers were looked at whom rules keep away."""
    counts: dict[RuleCode, int]
    """How many of them each rule keeps away."""
    relaxation: Relaxation | None
    """The smallest single change that would serve it; None if no single one would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who is to be asked about which request."""

    branch: str
    weights: str
    """Fingerprint of the weights."""
    planned: tuple[Planned, ...]
    """By the number of the request."""
    unserved: tuple[Unserved, ...]
    """By the number of the request."""
    waiting: tuple[Match, ...]
    """Requests that somebody is asked about already: they are not planned again."""
    busy: tuple[str, ...]
    """Helpers who are not asked now: they have not answered yet, or were asked often enough of late."""
    score: int
    """Of all that are planned."""
    worth: Worth
    """Requests served by urgency, and what the plan is worth, the cost of loads taken off."""
    bound: Worth
    """No plan is worth more."""

    @property
    def is_optimal(self) -> bool:
        """Whether it is proved that no plan serves more, or is worth more."""
        return self.worth == self.bound

    @property
    def gap_urgency(self) -> int | None:
        """The most urgent class of which a better plan might serve more; None if no plan serves more."""
        pairs = zip(self.bound.served, self.worth.served, strict=True)
        return next((urgency for urgency, (most, mine) in enumerate(pairs) if most != mine), None)

    @property
    def gap_requests(self) -> int:
        """How many more requests of that class a better plan might serve, at most."""
        urgency = self.gap_urgency
        return 0 if urgency is None else self.bound.served[urgency] - self.worth.served[urgency]

    @property
    def gap_points(self) -> int | None:
        """How many points a better plan might be worth more, at most; None if it might serve more."""
        return None if self.gap_requests else self.bound.points - self.worth.points


def plan_of(books: Books, tell: Tell) -> Plan:
    """Return the best plan that was found for the requests of a branch that wait.

    Args:
        books: of the branch.
        tell: told how far it is.

    Raises:
        TooManyCandidates: more pairs than fit into memory.
    """
    pooling = Pooling(books)
    asked = books.matches.list(state=MatchState.OFFERED)
    taken = {each.request for each in asked}
    pooled = pooling.pool([each for each in pooling.waiting() if each.no not in taken])
    del pooling  # what it read is not needed any more, and large
    lost = [pooled.listings[id_] for id_ in sorted(pooled.listings.keys() - pooled.requests.keys())]
    assert not lost, "an open request can still be met in time"
    silent = {id_of(books.branch.code, each.helper) for each in asked}
    requests = sorted(pooled.requests.values(), key=lambda each: int(ref_of(each.id)))
    capacity = [
        0 if id_ in silent else max(0, pooled.rules.asked_most - pooled.asked.get(id_, 0))
        for id_ in pooled.helpers
    ]
    tell("Looking for helpers", 0, len(requests))
    town = town_of(
        requests,
        tuple(pooled.helpers.values()),
        capacity,
        pooled.weights,
        now_min=pooled.now_min,
        zone=books.zone,
        objective=Objective(pooled.rules.load_points),
        asked=[pooled.asked.get(id_, 0) for id_ in pooled.helpers],
    )
    choice, bound = chosen(town, lambda: tell("Planning", 0, len(requests)))
    planned, unserved = _explained(pooled, town, choice, tell)
    return Plan(
        branch=books.branch.code,
        weights=pooled.weights.fingerprint,
        planned=planned,
        unserved=unserved,
        waiting=tuple(asked),
        busy=tuple(
            sorted(
                (ref_of(id_) for id_, most in zip(pooled.helpers, capacity, strict=True) if not most),
                key=lambda ref: (len(ref), ref),
            )
        ),
        score=sum(each.suggestion.score.total for each in planned),
        worth=choice.worth,
        bound=bound,
    )


class _Arranged(explaining.Plan):
    """A plan that knows what arranged visits leave of a helper's time."""

    def __init__(self, town: Town, choice: Choice) -> None:
        super().__init__(choice.problem, choice.solution, town.objective)
        self.town, self.choice = town, choice

    def is_free(self, helper: int, *, request: int) -> bool:
        """Tell whether the visits of a helper put no rule in the way of one more."""
        if not super().is_free(helper, request=request):
            return False
        wanted, who = self.town.requests[request], self.town.helpers[helper]
        then = self.choice.after.get(helper, who)
        before, after = (
            {each.code for each in reasons_against(wanted, each, now_min=self.town.now_min)}
            for each in (who, then)
        )
        return after <= before


def _explained(
    pooled: Pooled, town: Town, choice: Choice, tell: Tell
) -> tuple[tuple[Planned, ...], tuple[Unserved, ...]]:
    plan = _Arranged(town, choice)
    planned, unserved = [], []
    found = explaining.explain(plan, town.requests, town.helpers, pooled.weights, now_min=town.now_min)
    for at, why in enumerate(found):
        if at % STEP == 0:
            tell("Explaining", at, len(town.requests))
        if isinstance(why, explaining.Suggested):
            planned.append(_planned(pooled, town, choice, at, why))
        else:
            unserved.append(_unserved(pooled, town, plan, at, why))
    tell("Explaining", len(town.requests), len(town.requests))
    return tuple(planned), tuple(unserved)


def _planned(pooled: Pooled, town: Town, choice: Choice, at: int, why: explaining.Suggested) -> Planned:
    fit, place = choice.fits[at], pooled.helpers[why.helper].place
    assert fit is not None, "who is planned has a time"
    return Planned(
        request=pooled.listings[why.request],
        suggestion=Suggestion(
            rank=why.rank,
            helper=ref_of(why.helper),
            fit=fit,
            score=why.score,
            place=Spot(lat_udeg=place.lat_udeg, lon_udeg=place.lon_udeg) if place is not None else None,
            asked=pooled.asked.get(why.helper, 0),
            may_be_asked=pooled.may_be_asked(why.helper),
        ),
        others=town.starts[at + 1] - town.starts[at] - 1,
        passed=_named(why.passed),
    )


def _unserved(
    pooled: Pooled, town: Town, plan: explaining.Plan, at: int, why: explaining.Unserved
) -> Unserved:
    row = sorted(town.candidates(at), key=lambda each: (-each[1], town.helpers[each[0]].id))
    return Unserved(
        request=pooled.listings[why.request],
        needed_elsewhere=tuple(
            (ref_of(town.helpers[helper].id), int(ref_of(town.requests[other].id)))
            for helper, _ in row
            for other in plan.taken[helper]
        ),
        not_asked_now=tuple(
            ref_of(town.helpers[helper].id) for helper, _ in row if not town.capacity[helper]
        ),
        passed=_named(why.passed),
        near_misses=why.near_misses,
        counts=dict(why.counts),
        relaxation=replace(why.relaxation, helper=ref_of(why.relaxation.helper)) if why.relaxation else None,
    )


def _named(passed: Passed | None) -> Passed | None:
    """Return why not the first choice, with the names that people know within a branch."""
    if passed is None:
        return None
    needed_by = f"request {ref_of(passed.needed_by)}" if passed.needed_by is not None else None
    return replace(passed, helper=ref_of(passed.helper), needed_by=needed_by)
