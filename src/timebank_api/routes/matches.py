"""Matches: who was asked to help with a request, and what they say."""

from collections.abc import Sequence
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Struct

from timebank.care.access import Visitor
from timebank.care.match import Match, MatchState, Outcome
from timebank.care.profile import ParkReason
from timebank.errors import UnknownMatch
from timebank_api.acting import Visiting
from timebank_api.acts import act, desk_act, signed
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.profiles import MatchOut, match_out
from timebank_api.sight import whose
from timebank_api.wire import Reason, ReasonIfAny

InState = Annotated[MatchState | None, QueryParameter(name="state")]


class OfferedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be asked."""

    request: int
    """Number of the request."""
    helper: str
    """Member reference of somebody who is suggested."""


class DeclinedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A no."""

    why: ParkReason
    """A code; nobody but a coordinator is told."""
    reason: str | None = None
    """In words; needed of a coordinator."""


class ConcludedIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a yes."""

    outcome: Outcome


class MatchRoutes(Controller):
    """Helpers who were asked: seen by them, by who asked once they said yes, and by who runs the branch."""

    path = "/v1/matches"
    tags = ("matches",)

    @desk_act("/", "matches_offer")
    def offer(self, request: Asking, data: JSONBody[OfferedIn], key: Key) -> MatchOut:
        """Ask somebody who is suggested whether they would help, as a coordinator."""
        made = bank_of(request).matches.offer(
            request.user.branch, data.request, data.helper, **signed(request, key, match_out)
        )
        return match_out(made)

    @get("/", operation_id="matches_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        in_state: InState = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[MatchOut]:
        """List matches, newest first: those of a member, everybody's for who runs or audits the branch."""
        found = bank_of(request).matches.list(
            visitor.branch,
            state=in_state,
            around=whose(visitor, member),
            before=place_in(request, cursor, int),
            limit=limit + 1,
        )
        page = page_of(
            request,
            found,
            limit=limit,
            place=lambda each: each.no,
            is_seen=lambda each: _may_see(visitor, each),
        )
        return _all(page)

    @get("/{no:int}", operation_id="matches_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, no: No) -> MatchOut:
        """Show a match."""
        return match_out(_seen(request, visitor, no))

    @act("/{no:int}/accept", "matches_accept", is_short=False)  # it judges every helper anew
    def accept(
        self, request: Asking, visitor: Visiting, no: No, data: JSONBody[ReasonIfAny], key: Key
    ) -> MatchOut:
        """Say yes, as the helper, or as a coordinator who says how they know."""
        _seen(request, visitor, no)
        done = bank_of(request).matches.accept(
            visitor.branch, no, reason=data.reason, **signed(request, key, match_out, visitor)
        )
        return match_out(done)

    @act("/{no:int}/decline", "matches_decline")
    def decline(
        self, request: Asking, visitor: Visiting, no: No, data: JSONBody[DeclinedIn], key: Key
    ) -> MatchOut:
        """Say no, as the helper, or as a coordinator who says how they know; nobody else is told why."""
        _seen(request, visitor, no)
        done = bank_of(request).matches.decline(
            visitor.branch, no, data.why, reason=data.reason, **signed(request, key, match_out, visitor)
        )
        return match_out(done)

    @desk_act("/{no:int}/withdraw", "matches_withdraw")
    def withdraw(self, request: Asking, no: No, data: JSONBody[Reason], key: Key) -> MatchOut:
        """Take a match back, offered or accepted, as a coordinator."""
        done = bank_of(request).matches.withdraw(
            request.user.branch, no, reason=data.reason, **signed(request, key, match_out)
        )
        return match_out(done)

    @desk_act("/{no:int}/conclude", "matches_conclude")
    def conclude(self, request: Asking, no: No, data: JSONBody[ConcludedIn], key: Key) -> MatchOut:
        """Write down what became of an accepted match, as a coordinator."""
        done = bank_of(request).matches.conclude(
            request.user.branch, no, data.outcome, **signed(request, key, match_out)
        )
        return match_out(done)

    @desk_act("/expire", "matches_expire")
    def expire(self, request: Asking, key: Key) -> list[MatchOut]:
        """Write down which matches nobody answered in time, as a coordinator; they are over even without."""
        return _all(bank_of(request).matches.expire_due(request.user.branch, **signed(request, key, _all)))


def _may_see(visitor: Visitor, match: Match) -> bool:
    """Tell whether somebody may see a match: who asked for help is not told who did not say yes."""
    is_theirs_too = match.state is MatchState.ACCEPTED
    parties = (match.helper, match.member) if is_theirs_too else (match.helper,)
    return visitor.may_see(*((visitor.branch, ref) for ref in parties))


def _seen(request: Asking, visitor: Visitor, no: int) -> Match:
    """Return a match that whoever asks may see.

    Raises:
        UnknownMatch: there is none, or it is none of theirs: nobody is told which.
    """
    match = bank_of(request).matches.show(visitor.branch, no)
    if not _may_see(visitor, match):
        raise UnknownMatch(match=no, branch=visitor.branch)
    return match


def _all(found: Sequence[Match]) -> list[MatchOut]:
    return list(map(match_out, found))
