"""Planning: the best plan for all requests that wait, at once; proved to be the best, and the same every run.

One question at a time: a helper who has not answered yet, or was asked often enough of late, is not asked
again, and in one plan nobody is asked twice. So nobody in a plan stands in the way of anybody else's time.
"""

from dataclasses import dataclass

from timebank.care.listing import HelpRequest
from timebank.care.match import Match, MatchState
from timebank.matching.index import Index
from timebank.matching.model import Helper, Request
from timebank.matching.problem import Arcs, HelperNode, Objective, Problem, RequestNode
from timebank.matching.rules import RuleCode
from timebank.matching.solve import solve
from timebank.services.pooling import STEP, Pooled, Pooling, Tell, id_of, ref_of
from timebank.services.suggesting import Blocked, Suggestion, best_first, counts_of, near_of, ranked
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A request, and who is to be asked."""

    request: HelpRequest
    suggestion: Suggestion
    others: int
    """How many could help, whoever else needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """A request for which nobody is left."""

    request: HelpRequest
    needed_elsewhere: tuple[tuple[str, int], ...]
    """Who could help, and for which request they are asked instead; the best first."""
    near: tuple[Blocked, ...]
    """Who offers help of this kind, and is kept away by something else; the closest first."""
    counts: dict[RuleCode, int]
    """How many helpers each rule keeps away."""


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
    is_optimal: bool
    """Whether prices prove that no plan serves more, or is worth more."""


def plan_of(books: Books, tell: Tell) -> Plan:
    """Return the best plan for the requests of a branch that wait.

    Args:
        books: of the branch.
        tell: told how far it is.
    """
    pooling = Pooling(books)
    asked = books.matches.list(state=MatchState.OFFERED)
    taken = {each.request for each in asked}
    pooled = pooling.pool([each for each in pooling.waiting() if each.no not in taken])
    silent = {id_of(books.branch.code, each.helper) for each in asked}
    busy = {id_ for id_ in pooled.helpers if id_ in silent or not pooled.may_be_asked(id_)}
    index = Index(each for id_, each in pooled.helpers.items() if id_ not in busy)
    requests = sorted(pooled.requests.values(), key=lambda each: int(ref_of(each.id)))
    found: list[tuple[Suggestion, ...]] = []
    for done, request in enumerate(requests):
        if done % STEP == 0:
            tell("Looking for helpers", done, len(requests))
        fits = index.candidates(request, now_min=pooled.now_min)
        found.append(best_first(pooled, request, ((pooled.helpers[each.helper], each.fit) for each in fits)))
    tell("Planning", len(requests), len(requests))
    return _planned(pooled, requests, found, tuple(asked), frozenset(busy), branch=books.branch.code)


def _planned(
    pooled: Pooled,
    requests: list[Request],
    found: list[tuple[Suggestion, ...]],
    asked: tuple[Match, ...],
    busy: frozenset[str],
    *,
    branch: str,
) -> Plan:
    helpers = [each for id_, each in pooled.helpers.items() if id_ not in busy]
    places = {ref_of(each.id): place for place, each in enumerate(helpers)}
    load_points = pooled.rules.load_points
    solution = solve(_problem(requests, found, helpers, places, load_points), Objective(load_points))
    planned, unserved = [], []
    serves = {
        helper: int(ref_of(requests[place].id))
        for place, helper in enumerate(solution.assignment)
        if helper is not None
    }
    for request, suggested, helper in zip(requests, found, solution.assignment, strict=True):
        listing = pooled.listings[request.id]
        if helper is not None:
            chosen = next(each for each in suggested if places[each.helper] == helper)
            planned.append(Planned(request=listing, suggestion=chosen, others=len(suggested) - 1))
            continue
        blocked = ranked(pooled, request)[1]
        unserved.append(
            Unserved(
                request=listing,
                needed_elsewhere=tuple((each.helper, serves[places[each.helper]]) for each in suggested),
                near=near_of(blocked),
                counts=counts_of(blocked),
            )
        )
    lost = [pooled.listings[id_] for id_ in sorted(pooled.listings.keys() - pooled.requests.keys())]
    assert not lost, "an open request can still be met in time"
    return Plan(
        branch=branch,
        weights=pooled.weights.fingerprint,
        planned=tuple(planned),
        unserved=tuple(unserved),
        waiting=asked,
        busy=tuple(sorted((ref_of(id_) for id_ in busy), key=lambda ref: (len(ref), ref))),
        score=sum(each.suggestion.score.total for each in planned),
        is_optimal=solution.is_optimal,
    )


def _problem(
    requests: list[Request],
    found: list[tuple[Suggestion, ...]],
    helpers: list[Helper],
    places: dict[str, int],
    load_points: int,
) -> Problem:
    """Return the problem in numbers.

    The solver knows the load of this plan only, n squared. Whoever was asked a times of late has a load of
    a + n, squared: each of the n costs 2a more.
    """
    arcs = [
        (place, places[each.helper], each.score.total - 2 * each.asked * load_points)
        for place, suggested in enumerate(found)
        for each in suggested
    ]
    return Problem(
        [RequestNode(id=each.id, priority=each.urgency) for each in requests],
        [HelperNode(id=each.id) for each in helpers],
        Arcs([each[0] for each in arcs], [each[1] for each in arcs], [each[2] for each in arcs]),
    )
