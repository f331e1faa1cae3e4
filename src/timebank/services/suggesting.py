"""Suggesting: who could help with a request, the best first and with reasons, and what keeps others away."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from timebank.care.listing import HelpRequest, ListingState
from timebank.care.match import Match
from timebank.care.profile import Spot
from timebank.errors import ListingNotOpen
from timebank.matching.model import Helper, Request
from timebank.matching.place import Place
from timebank.matching.rules import Fit, Reason, RuleCode, fit_of, reasons_against
from timebank.matching.score import Score, score_of
from timebank.services.pooling import Pooled, Pooling, id_of, ref_of
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A helper whom no rule keeps from a request, with every reason for the rank."""

    rank: int
    helper: str
    """Member reference."""
    fit: Fit
    score: Score
    place: Spot | None
    """Where the helper sets out from, on the grid."""
    asked: int
    """How often the helper was asked of late, for whatever."""
    may_be_asked: bool
    """Whether one more question is not too many; see `MatchingRules.asked_most`."""

    @property
    def offer(self) -> int:
        """Number of the helper's offer that it rests on."""
        return int(ref_of(self.fit.offer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A helper whom rules keep from a request."""

    helper: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """Who could help with a request, the best first, and who could not."""

    request: HelpRequest
    place: Spot | None
    """Of the help, on the grid; None if it is not known, or if nobody has to go."""
    weights: str
    """Fingerprint of the weights that decided on the ranks."""
    suggested: tuple[Suggestion, ...]
    blocked: tuple[Blocked, ...]
    """Who comes closest first: fewest reasons against them."""
    matches: tuple[Match, ...]
    """Who was asked already, newest first."""

    @property
    def near(self) -> tuple[Blocked, ...]:
        """See `near_of`."""
        return near_of(self.blocked)

    @property
    def counts(self) -> dict[RuleCode, int]:
        """See `counts_of`."""
        return counts_of(self.blocked)


def near_of(blocked: Sequence[Blocked]) -> tuple[Blocked, ...]:
    """Return those who offer help of the kind that is asked for, and are kept away by something else."""
    return tuple(each for each in blocked if all(why.code is not RuleCode.KIND for why in each.reasons))


def counts_of(blocked: Sequence[Blocked]) -> dict[RuleCode, int]:
    """Return how many helpers each rule keeps away, in the order of the rules.

    Of those who offer no help of this kind, nothing else is counted.
    """
    near = near_of(blocked)
    found = Counter(reason.code for each in near for reason in each.reasons)
    found[RuleCode.KIND] = len(blocked) - len(near)
    return {code: found[code] for code in RuleCode if found[code]}


def suggestions_of(books: Books, no: int) -> Suggestions:
    """Return who could help with an open request.

    Raises:
        UnknownHelpRequest, ListingNotOpen: there is none, or it has ended.
    """
    listing = books.help_requests.get(no)
    if listing.state is not ListingState.OPEN:
        raise ListingNotOpen(listing=no, state=listing.state.value)
    pooled = Pooling(books).pool([listing])
    id_ = id_of(books.branch.code, no)
    suggested, blocked = ranked(pooled, pooled.requests[id_]) if id_ in pooled.requests else ((), ())
    return Suggestions(
        request=listing,
        place=_spot(pooled.requests[id_].place) if id_ in pooled.requests else None,
        weights=pooled.weights.fingerprint,
        suggested=suggested,
        blocked=blocked,
        matches=tuple(books.matches.list(request=no)),
    )


def ranked(pooled: Pooled, request: Request) -> tuple[tuple[Suggestion, ...], tuple[Blocked, ...]]:
    """Return who could help, the best first, and who could not, the closest first."""
    fits: list[tuple[Helper, Fit]] = []
    blocked: list[Blocked] = []
    for helper in pooled.helpers.values():
        fit = fit_of(request, helper, now_min=pooled.now_min)
        if fit is not None:
            fits.append((helper, fit))
        else:
            reasons = reasons_against(request, helper, now_min=pooled.now_min)
            blocked.append(Blocked(helper=ref_of(helper.id), reasons=reasons))
    in_order = tuple(sorted(blocked, key=lambda each: (len(each.reasons), each.helper)))
    return best_first(pooled, request, fits), in_order


def best_first(
    pooled: Pooled, request: Request, fits: Iterable[tuple[Helper, Fit]]
) -> tuple[Suggestion, ...]:
    """Return helpers who fit a request as suggestions, the highest score first.

    Equal scores are put in an order that is the same on every run and favours nobody over many requests.
    """
    scored: list[tuple[int, bytes, Helper, Fit, Score]] = []
    for helper, fit in fits:
        score = score_of(request, helper, pooled.weights, distance_m=fit.distance_m, now_min=pooled.now_min)
        lot = hashlib.sha256(f"{request.id} {helper.id}".encode()).digest()
        scored.append((-score.total, lot, helper, fit, score))
    scored.sort(key=lambda each: each[:2])
    return tuple(
        Suggestion(
            rank=rank,
            helper=ref_of(helper.id),
            fit=fit,
            score=score,
            place=_spot(helper.place),
            asked=pooled.asked.get(helper.id, 0),
            may_be_asked=pooled.may_be_asked(helper.id),
        )
        for rank, (_, _, helper, fit, score) in enumerate(scored, 1)
    )


def _spot(place: Place | None) -> Spot | None:
    return Spot(lat_udeg=place.lat_udeg, lon_udeg=place.lon_udeg) if place is not None else None
