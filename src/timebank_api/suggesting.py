"""What the service says of suggestions and what keeps people apart; for who runs the branch alone."""

from msgspec import Struct

from timebank.matching.rules import Reason
from timebank.services.matches import Explanation
from timebank.services.suggesting import Suggestion, Suggestions
from timebank_api.profiles import MatchOut, match_out


class TermOut(Struct, frozen=True, kw_only=True):
    """One line of a score: its value is points times weight."""

    term: str
    points: int
    weight: int
    value: int


class SuggestionOut(Struct, frozen=True, kw_only=True):
    """A helper whom no rule keeps away; the values of the terms add up to the score."""

    rank: int
    helper: str
    offer: int
    distance_metres: int | None
    """To the place of the help; null for help without a way."""
    starts: int
    """In minutes since 1970 for help on a date, the half hour of the week for weekly help."""
    score: int
    terms: tuple[TermOut, ...]
    asked: int
    """How often the helper was asked within a week."""
    may_be_asked: bool


class KeptAwayOut(Struct, frozen=True, kw_only=True):
    """A rule that keeps a helper away: in words for a coordinator, and in words for everybody."""

    rule: str
    coordinator: str
    public: str


class BlockedOut(Struct, frozen=True, kw_only=True):
    """A helper whom rules keep away."""

    helper: str
    rules: tuple[KeptAwayOut, ...]


class RuleCountOut(Struct, frozen=True, kw_only=True):
    """How many helpers a rule keeps away."""

    rule: str
    count: int


class SuggestionsOut(Struct, frozen=True, kw_only=True):
    """Who could help with a request, the best first, and who could not, the closest first."""

    branch: str
    request: int
    weights: str
    """Fingerprint of the weights that decided on the ranks."""
    count: int
    """How many could help, whether they are listed here or not."""
    suggestions: tuple[SuggestionOut, ...]
    blocked: tuple[BlockedOut, ...]
    rules: tuple[RuleCountOut, ...]
    matches: tuple[MatchOut, ...]
    """Who was asked already, newest first."""


class ExplanationOut(Struct, frozen=True, kw_only=True):
    """Why a helper is suggested, or what keeps them away."""

    branch: str
    request: int
    helper: str
    weights: str
    count: int
    """How many could help."""
    suggestion: SuggestionOut | None
    rules: tuple[KeptAwayOut, ...]


def suggestions_out(found: Suggestions, *, limit: int) -> SuggestionsOut:
    """Return suggestions as they are sent: so many of them, and so many of those who are kept away."""
    return SuggestionsOut(
        branch=found.request.branch,
        request=found.request.no,
        weights=found.weights,
        count=len(found.suggested),
        suggestions=tuple(map(suggestion_out, found.suggested[:limit])),
        blocked=tuple(
            BlockedOut(helper=each.helper, rules=tuple(map(rule_out, each.reasons)))
            for each in found.blocked[:limit]
        ),
        rules=tuple(RuleCountOut(rule=code.value, count=count) for code, count in found.counts.items()),
        matches=tuple(map(match_out, found.matches)),
    )


def explanation_out(found: Explanation) -> ExplanationOut:
    """Return an explanation as it is sent."""
    return ExplanationOut(
        branch=found.request.branch,
        request=found.request.no,
        helper=found.helper,
        weights=found.weights,
        count=found.others,
        suggestion=suggestion_out(found.suggestion) if found.suggestion is not None else None,
        rules=tuple(map(rule_out, found.reasons)),
    )


def suggestion_out(value: Suggestion) -> SuggestionOut:
    """Return a suggestion as it is sent."""
    return SuggestionOut(
        rank=value.rank,
        helper=value.helper,
        offer=value.offer,
        distance_metres=value.fit.distance_m,
        starts=value.fit.starts_at,
        score=value.score.total,
        terms=tuple(
            TermOut(term=each.code.value, points=each.points, weight=each.weight, value=each.value)
            for each in value.score.terms
        ),
        asked=value.asked,
        may_be_asked=value.may_be_asked,
    )


def rule_out(value: Reason) -> KeptAwayOut:
    """Return what keeps two apart as it is sent."""
    return KeptAwayOut(rule=value.code.value, coordinator=value.coordinator, public=value.public)
