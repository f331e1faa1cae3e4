"""Offers: help that members offer; other members do not see them."""

from collections.abc import Collection, Sequence
from datetime import date

from litestar import Controller, get
from litestar.params import FromQuery, JSONBody
from msgspec import Struct
from msgspec.structs import asdict

from timebank.care.access import Visitor
from timebank.care.listing import HelpOffer
from timebank.care.mandate import Scope
from timebank.care.record import Mode
from timebank.errors import UnknownHelpOffer
from timebank.services.listing import ListingView
from timebank_api.acting import Visiting
from timebank_api.acts import act, desk_act, signed
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.listings import (
    InState,
    ListingOut,
    WindowIn,
    WindowOut,
    common_of,
    week_of,
    windows_of,
)
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.sight import own_member, whose
from timebank_api.wire import ReasonIfAny


class HelpOfferIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Help that is offered, week by week."""

    member: str | None = None
    """Member reference of who offers; whoever asks, if it is left out."""
    kind: str
    """Code of the kind of help, such as `company`."""
    mode: Mode = Mode.IN_PERSON
    week: list[WindowIn]
    """When the member could help."""
    minutes_per_week: int
    """How much of that, at most."""
    until_on: date | None = None
    """Last day; in 90 days, if it is left out."""
    note: str | None = None
    """In words; kept with the names, erased with them."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class HelpOfferOut(ListingOut, frozen=True, kw_only=True):
    """An offer."""

    week: tuple[WindowOut, ...]
    minutes_per_week: int


class HelpOfferShown(HelpOfferOut, frozen=True, kw_only=True):
    """An offer with the words about it."""

    note: str | None
    reasons: tuple[str, ...]


class OfferRoutes(Controller):
    """Help that members of the branch offer: seen by themselves, and by who runs or audits the branch."""

    path = "/v1/offers"
    tags = ("offers",)

    @act("/", "offers_post")
    def post_(
        self, request: Asking, visitor: Visiting, data: JSONBody[HelpOfferIn], key: Key
    ) -> HelpOfferOut:
        """Offer help; no hours move."""
        posted = bank_of(request).help_offers.post(
            visitor.branch,
            member=data.member if data.member is not None else own_member(visitor),
            kind=data.kind,
            mode=data.mode,
            week=week_of(data.week),
            minutes_per_week=data.minutes_per_week,
            until_on=data.until_on,
            note=data.note,
            reason=data.reason,
            **signed(request, key, _out, visitor),
        )
        return _out(posted)

    @get("/", operation_id="offers_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        in_state: InState = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[HelpOfferOut]:
        """List offers, newest first: a member's own, everybody's for who runs or audits the branch."""
        found = bank_of(request).help_offers.list(
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

    @get("/{no:int}", operation_id="offers_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, no: No) -> HelpOfferShown:
        """Show an offer, with the words about it."""
        view = _seen(request, visitor, no)
        return HelpOfferShown(**asdict(offer_out(view.listing)), note=view.note, reasons=view.reasons)

    @act("/{no:int}/withdraw", "offers_withdraw")
    def withdraw(
        self, request: Asking, visitor: Visiting, no: No, data: JSONBody[ReasonIfAny], key: Key
    ) -> HelpOfferOut:
        """Take an offer back."""
        _seen(request, visitor, no, to=frozenset({Scope.REQUEST}))
        withdrawn = bank_of(request).help_offers.withdraw(
            visitor.branch, no, reason=data.reason, **signed(request, key, _out, visitor)
        )
        return _out(withdrawn)

    @desk_act("/expire", "offers_expire")
    def expire(self, request: Asking, key: Key) -> list[HelpOfferOut]:
        """Write down which offers have expired, as a coordinator; they are not open even without."""
        expired = bank_of(request).help_offers.expire_due(request.user.branch, **signed(request, key, _all))
        return _all(expired)


def offer_out(value: HelpOffer) -> HelpOfferOut:
    """Return an offer as it is sent."""
    return HelpOfferOut(
        **common_of(value), week=windows_of(value.week), minutes_per_week=value.minutes_per_week
    )


def _seen(
    request: Asking, visitor: Visitor, no: int, *, to: Collection[Scope] = ()
) -> ListingView[HelpOffer]:
    """Return an offer that whoever asks may see.

    Raises:
        UnknownHelpOffer: there is none, or it is none of theirs: nobody is told which.
    """
    view = bank_of(request).help_offers.show(visitor.branch, no)
    if not visitor.may_see((visitor.branch, view.listing.member), to=to):
        raise UnknownHelpOffer(offer=no, branch=visitor.branch)
    return view


def _out(view: ListingView[HelpOffer]) -> HelpOfferOut:
    """Return what is answered to an act, for ever: without words."""
    return offer_out(view.listing)


def _all(found: Sequence[HelpOffer]) -> list[HelpOfferOut]:
    return list(map(offer_out, found))
