"""Matches: a suggestion that was offered to a helper, and what became of it.

    offered ─┬─ accepted ── withdrawn, or concluded: helped, not helped
             ├─ declined    by the helper, with a coded reason; the two are then parked for a while
             ├─ withdrawn   by a coordinator, or because somebody else accepted, or the request ended
             └─ expired     once its deadline has passed, whatever its row says

A coordinator offers. The helper answers in person, or a coordinator who says how they know: nobody else says
yes for somebody's time. Every function checks in this order, and the first failure wins: who acts
(`NotAllowed`), the reason (`ReasonMissing`, `BadText`), the state (`MatchNotOpen`). Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from timebank.care.inputs import optional_reason_of, reason_of
from timebank.care.mandate import Act, require_coordinator
from timebank.errors import AskedTooOften, MatchNotOpen, NotAllowed, SelfDealing
from timebank.ids import reference
from timebank.ledger.model import Actor
from timebank.policy.matching import MatchingRules


class MatchState(StrEnum):
    """Where a match stands."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What became of an accepted match."""

    HELPED = "helped"
    NOT_HELPED = "not_helped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A helper who was asked whether they would help with a request."""

    branch: str
    no: int
    request: int
    member: str
    """Whose request it is."""
    helper: str
    offer: int
    """The helper's offer that it rests on."""
    starts: int
    """When it can begin: in minutes since 1970 for help on a date, the half hour of the week for weekly."""
    rank: int
    """The helper's place among the suggestions for the request, when it was offered; the best is 1."""
    weights: str
    """Fingerprint of the weights that decided on the rank."""
    offered_at: datetime
    offered_by: Actor
    expires_at: datetime
    """First instant at which the helper cannot answer any more."""
    state: MatchState = MatchState.OFFERED
    changed_at: datetime | None = None
    changed_by: Actor | None = None
    """Who answered or withdrew it; nobody did if it expired."""
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        """Check what belongs together."""
        reference(self.branch, what="branch code")
        reference(self.member, what="member reference")
        reference(self.helper, what="member reference")
        is_untouched = self.state in {MatchState.OFFERED, MatchState.EXPIRED}
        assert (self.state is MatchState.OFFERED) == (self.changed_at is None), "what is open has not changed"
        assert is_untouched == (self.changed_by is None), "somebody answers or withdraws"
        assert self.outcome is None or self.state is MatchState.ACCEPTED, "only what was accepted has one"


def authorise_offer(act: Act, *, branch: str, helper: str) -> None:
    """Refuse anybody who offers a match but a coordinator of the branch who is not its helper.

    Raises:
        NotAllowed, SelfDealing: in this order.
    """
    require_coordinator(act, branch, parties=((branch, helper),))


def require_room(asked: Sequence[Match], rules: MatchingRules, *, helper: str, now: datetime) -> None:
    """Refuse to ask a helper once more who was asked often enough of late.

    Args:
        asked: matches that were offered to the helper, any order.
        rules: of the branch.
        helper: their reference.
        now: the current instant.

    Raises:
        AskedTooOften: they were offered `asked_most` within `asked_days`.
    """
    since = now - timedelta(days=rules.asked_days)
    if sum(each.offered_at > since for each in asked) >= rules.asked_most:
        raise AskedTooOften(helper=helper, most=rules.asked_most, days=rules.asked_days)


def accept(match: Match, act: Act, *, reason: str | None) -> tuple[Match, str | None]:
    """Return the match accepted, with the cleaned reason.

    Args:
        match: as it stands at `act.at`, see `as_of`.
        act: by the helper in person, or by a coordinator, who says how they know.
        reason: needed of a coordinator.

    Raises:
        MatchNotOpen: it was answered before, withdrawn, or has expired; and others, as the module says.
    """
    words = _answered(match, act, reason)
    return _changed(match, MatchState.ACCEPTED, act), words


def decline(match: Match, act: Act, *, reason: str | None) -> tuple[Match, str | None]:
    """Return the match declined, with the cleaned reason; see `accept`.

    Raises:
        MatchNotOpen: and others, as the module says.
    """
    words = _answered(match, act, reason)
    return _changed(match, MatchState.DECLINED, act), words


def withdraw(match: Match, act: Act, *, reason: str | None) -> tuple[Match, str]:
    """Return the match taken back by a coordinator, offered or accepted, with the cleaned reason.

    Raises:
        MatchNotOpen: it has ended, or its outcome is known; and others, as the module says.
    """
    require_coordinator(act, match.branch)
    words = reason_of(reason)
    if match.state not in {MatchState.OFFERED, MatchState.ACCEPTED} or match.outcome is not None:
        raise MatchNotOpen(match=match.no, state=match.state.value)
    return _changed(match, MatchState.WITHDRAWN, act), words


def superseded(match: Match, by: Actor, *, at: datetime) -> Match:
    """Return an open match withdrawn because nothing is left to answer, whoever acted."""
    return replace(match, state=MatchState.WITHDRAWN, changed_at=at, changed_by=by)


def conclude(match: Match, act: Act, outcome: Outcome) -> Match:
    """Return an accepted match with what became of it, as a coordinator learned; saying it again corrects it.

    Raises:
        NotAllowed, SelfDealing: somebody else, or the helper themselves, says so.
        MatchNotOpen: it was not accepted.
    """
    require_coordinator(act, match.branch, parties=((match.branch, match.helper),))
    if match.state is not MatchState.ACCEPTED:
        raise MatchNotOpen(match=match.no, state=match.state.value)
    return replace(match, outcome=outcome)


def as_of(match: Match, now: datetime) -> Match:
    """Return the match as it stands at an instant: an offered one whose deadline has passed has expired.

    The deadline itself counts as passed.
    """
    if match.state is MatchState.OFFERED and match.expires_at <= now:
        return replace(match, state=MatchState.EXPIRED, changed_at=match.expires_at)
    return match


def _answered(match: Match, act: Act, reason: str | None) -> str | None:
    if act.is_by(match.branch, match.helper):
        words = optional_reason_of(reason)
    elif not act.is_by_coordinator_of(match.branch):
        raise NotAllowed(actor=act.actor)
    elif act.person == (match.branch, match.member):  # a coordinator does not say yes to their own request
        raise SelfDealing(actor=act.actor)
    else:
        words = reason_of(reason)
    if match.state is not MatchState.OFFERED:
        raise MatchNotOpen(match=match.no, state=match.state.value)
    return words


def _changed(match: Match, state: MatchState, act: Act) -> Match:
    return replace(match, state=state, changed_at=act.at, changed_by=act.actor)
