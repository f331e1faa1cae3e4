"""Requests: help that members wish for."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from timebank.care.access import AccessRole, Visitor
from timebank.care.listing import HelpRequest
from timebank.care.mandate import Scope
from timebank.care.profile import Gender, WishFact
from timebank.care.record import Mode
from timebank.errors import UnknownHelpRequest
from timebank.services.listing import ListingView
from timebank_api.acting import Visiting
from timebank_api.acts import act, desk_act, signed
from timebank_api.guards import require_coordinator
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.listings import (
    InState,
    ListingOut,
    WindowIn,
    WindowOut,
    common_of,
    instant,
    week_of,
    windows_of,
)
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.profiles import SpotIn, WishOut, given, spot_of, unkept, wish_out
from timebank_api.sight import own_member, whose
from timebank_api.suggesting import (
    ExplanationOut,
    SuggestionsOut,
    explanation_out,
    suggestions_out,
)
from timebank_api.wire import ReasonIfAny


class HelpRequestIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Help that is wished for: once between two instants, or week by week."""

    member: str | None = None
    """Member reference of who is to be helped; whoever asks, if it is left out."""
    kind: str
    """Code of the kind of help, such as `company`."""
    minutes: int
    """How long it is planned to take, each time."""
    mode: Mode = Mode.IN_PERSON
    earliest_at: datetime | None = None
    """It does not begin before; with a time zone."""
    latest_at: datetime | None = None
    """It has ended by then; with a time zone."""
    week: list[WindowIn] | None = None
    """Instead of the two instants: when it would suit, week by week."""
    until_on: date | None = None
    """Last day of a wish week by week; in 90 days, if it is left out."""
    note: str | None = None
    """In words; kept with the names, erased with them."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class HelpRequestOut(ListingOut, frozen=True, kw_only=True):
    """A request."""

    minutes: int
    earliest_at: str | None
    latest_at: str | None
    week: tuple[WindowOut, ...] | None


class HelpRequestShown(HelpRequestOut, frozen=True, kw_only=True):
    """A request with the words about it."""

    note: str | None
    reasons: tuple[str, ...]


HelperAsked = Annotated[str, QueryParameter(max_length=40, description="Member reference, such as `m1`.")]


class WishIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request says beyond its kind and time; what is left out stays, what is null is forgotten."""

    place: SpotIn | UnsetType | None = UNSET
    """Where the help is to be given; the member's home area, if it says nothing."""
    languages: list[str] | UnsetType = UNSET
    """One of these has to be spoken; codes such as `fr`."""
    wished_gender: Gender | UnsetType | None = UNSET
    """Of whoever helps."""
    experience: str | UnsetType | None = UNSET
    """Code of lived experience that would help."""
    is_experience_needed: bool | UnsetType = UNSET
    """Whether nobody without it is to be suggested."""
    clearances: list[str] | UnsetType = UNSET
    """Codes of checks that whoever helps has passed."""
    team: str | UnsetType | None = UNSET
    """Only helpers of this team are suggested."""
    urgency: int | UnsetType = UNSET
    """0 is served before 1, and so on to 3; a coordinator's to say."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class RequestRoutes(Controller):
    """Help that members of the branch wish for."""

    path = "/v1/requests"
    tags = ("requests",)

    @act("/", "requests_post")
    def post_(
        self, request: Asking, visitor: Visiting, data: JSONBody[HelpRequestIn], key: Key
    ) -> HelpRequestOut:
        """Ask for help; no hours move."""
        posted = bank_of(request).help_requests.post(
            visitor.branch,
            member=data.member if data.member is not None else own_member(visitor),
            kind=data.kind,
            minutes=data.minutes,
            mode=data.mode,
            earliest_at=data.earliest_at,
            latest_at=data.latest_at,
            week=week_of(data.week) if data.week is not None else None,
            until_on=data.until_on,
            note=data.note,
            reason=data.reason,
            **signed(request, key, _out, visitor),
        )
        return _out(posted)

    @get("/", operation_id="requests_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        in_state: InState = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[HelpRequestOut]:
        """List requests, newest first: a member's own, everybody's for who runs or audits the branch."""
        found = bank_of(request).help_requests.list(
            visitor.branch,
            state=in_state,
            member=whose(visitor, member),
            before=place_in(request, cursor, int),
            limit=limit + 1,
        )
        page = page_of(
            request,
            found,
            limit=limit,
            place=lambda each: each.no,
            is_seen=lambda each: visitor.may_see((visitor.branch, each.member)),
        )
        return _all(page)

    @get("/{no:int}", operation_id="requests_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, no: No) -> HelpRequestShown:
        """Show a request, with the words about it."""
        view = _seen(request, visitor, no)
        return HelpRequestShown(**asdict(request_out(view.listing)), note=view.note, reasons=view.reasons)

    @act("/{no:int}/withdraw", "requests_withdraw")
    def withdraw(
        self, request: Asking, visitor: Visiting, no: No, data: JSONBody[ReasonIfAny], key: Key
    ) -> HelpRequestOut:
        """Take a request back."""
        _seen(request, visitor, no, to=frozenset({Scope.REQUEST}))
        withdrawn = bank_of(request).help_requests.withdraw(
            visitor.branch, no, reason=data.reason, **signed(request, key, _out, visitor)
        )
        return _out(withdrawn)

    @get("/{no:int}/wish", operation_id="requests_wish", sync_to_thread=True)
    def wish(self, request: Asking, visitor: Visiting, no: No) -> WishOut:
        """Show what a request says beyond its kind and time; auditors do not see it."""
        _wished(request, visitor, no)
        return wish_out(bank_of(request).wishes.show(visitor.branch, no))

    @act("/{no:int}/wish", "requests_say")
    def say(self, request: Asking, visitor: Visiting, no: No, data: JSONBody[WishIn], key: Key) -> WishOut:
        """Say where an open request is to be met, and by whom."""
        _wished(request, visitor, no, to=frozenset({Scope.REQUEST}))
        said = bank_of(request).wishes.set(
            visitor.branch,
            no,
            place=spot_of(data.place),
            languages=given(data.languages),
            wished_gender=given(data.wished_gender),
            experience=given(data.experience),
            is_experience_needed=given(data.is_experience_needed),
            clearances=given(data.clearances),
            team=given(data.team),
            urgency=given(data.urgency),
            forget=[fact for fact in WishFact if getattr(data, fact) is None],
            reason=data.reason,
            **signed(request, key, unkept, visitor),
        )
        return wish_out(said)

    @get(
        "/{no:int}/suggestions",
        operation_id="requests_suggestions",
        guards=[require_coordinator],
        sync_to_thread=True,
    )
    def suggestions(self, request: Asking, no: No, limit: Limit = PAGE_USUAL) -> SuggestionsOut:
        """Show who could help with a request, the best first, with reasons; and what keeps others away."""
        found = bank_of(request).matches.suggest(request.user.branch, no)
        return suggestions_out(found, limit=limit)

    @get(
        "/{no:int}/explanation",
        operation_id="requests_explain",
        guards=[require_coordinator],
        sync_to_thread=True,
    )
    def explain(self, request: Asking, no: No, helper: HelperAsked) -> ExplanationOut:
        """Say why a helper is suggested for a request at their rank, or all that keeps the two apart."""
        return explanation_out(bank_of(request).matches.explain(request.user.branch, no, helper))

    @desk_act("/expire", "requests_expire")
    def expire(self, request: Asking, key: Key) -> list[HelpRequestOut]:
        """Write down which requests have expired, as a coordinator; they are not open even without."""
        expired = bank_of(request).help_requests.expire_due(request.user.branch, **signed(request, key, _all))
        return _all(expired)


def request_out(value: HelpRequest) -> HelpRequestOut:
    """Return a request as it is sent."""
    return HelpRequestOut(
        **common_of(value),
        minutes=value.minutes,
        earliest_at=instant(value.earliest_at),
        latest_at=instant(value.latest_at),
        week=windows_of(value.week) if value.week is not None else None,
    )


def _seen(
    request: Asking, visitor: Visitor, no: int, *, to: Collection[Scope] = ()
) -> ListingView[HelpRequest]:
    """Return a request that whoever asks may see.

    Raises:
        UnknownHelpRequest: there is none, or it is none of theirs: nobody is told which.
    """
    view = bank_of(request).help_requests.show(visitor.branch, no)
    if not visitor.may_see((visitor.branch, view.listing.member), to=to):
        raise UnknownHelpRequest(request=no, branch=visitor.branch)
    return view


def _wished(request: Asking, visitor: Visitor, no: int, *, to: Collection[Scope] = ()) -> None:
    """Let somebody on who may see what a request says; nothing in the books depends on it.

    Raises:
        UnknownHelpRequest: there is none, or it is none of theirs.
    """
    _seen(request, visitor, no, to=to)
    if visitor.mandate is None and visitor.token.role is AccessRole.AUDITOR:
        raise UnknownHelpRequest(request=no, branch=visitor.branch)


def _out(view: ListingView[HelpRequest]) -> HelpRequestOut:
    """Return what is answered to an act, for ever: without words."""
    return request_out(view.listing)


def _all(found: Sequence[HelpRequest]) -> list[HelpRequestOut]:
    return list(map(request_out, found))
