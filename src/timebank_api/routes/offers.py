"""Offers: help that members offer; other members do not see them."""

from collections.abc import Sequence
from datetime import date

from litestar import Controller, get, post
from litestar.params import FromQuery, JSONBody
from msgspec import Struct
from msgspec.structs import asdict

from timebank.care.listing import HelpOffer
from timebank.care.record import Mode
from timebank.errors import UnknownHelpOffer
from timebank.services.listing import ListingView
from timebank_api.auth import require_writer
from timebank_api.guards import require_coordinator
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.keys import key_for
from timebank_api.listings import (
    InState,
    ListingOut,
    WindowIn,
    WindowOut,
    common_of,
    week_of,
    whose,
    windows_of,
)
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.sight import own_member
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

    @post("/", operation_id="offers_post", sync_to_thread=True, guards=[require_writer])
    def post_(self, request: Asking, data: JSONBody[HelpOfferIn], key: Key) -> HelpOfferOut:
        """Offer help; no hours move."""
        token = request.user
        view = bank_of(request).help_offers.post(
            token.branch,
            member=data.member if data.member is not None else own_member(token),
            kind=data.kind,
            mode=data.mode,
            week=week_of(data.week),
            minutes_per_week=data.minutes_per_week,
            until_on=data.until_on,
            note=data.note,
            reason=data.reason,
            by=token.actor,
            key=key_for(request, key, _out),
        )
        return _out(view)

    @get("/", operation_id="offers_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        *,
        in_state: InState = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[HelpOfferOut]:
        """List offers, newest first: a member's own, everybody's for who runs or audits the branch."""
        found = bank_of(request).help_offers.list(
            request.user.branch,
            state=in_state,
            member=whose(request, member),
            before=place_in(request, cursor, int),
            limit=limit + 1,
        )
        return _all(page_of(request, found, limit=limit, place=lambda each: each.no))

    @get("/{no:int}", operation_id="offers_show", sync_to_thread=True)
    def show(self, request: Asking, no: No) -> HelpOfferShown:
        """Show an offer."""
        return _shown(_seen(request, no))

    @post("/{no:int}/withdraw", operation_id="offers_withdraw", sync_to_thread=True, guards=[require_writer])
    def withdraw(self, request: Asking, no: No, data: JSONBody[ReasonIfAny], key: Key) -> HelpOfferOut:
        """Take an offer back."""
        token = request.user
        _seen(request, no)
        use_case = bank_of(request).help_offers.withdraw
        return _out(
            use_case(token.branch, no, reason=data.reason, by=token.actor, key=key_for(request, key, _out))
        )

    @post("/expire", operation_id="offers_expire", sync_to_thread=True, guards=[require_coordinator])
    def expire(self, request: Asking, key: Key) -> list[HelpOfferOut]:
        """Write down which offers have expired, as a coordinator; they are not open even without."""
        token = request.user
        use_case = bank_of(request).help_offers.expire_due
        found = use_case(token.branch, by=token.actor, key=key_for(request, key, _all))
        return _all(found)


def offer_out(value: HelpOffer) -> HelpOfferOut:
    """Return an offer as it is sent."""
    return HelpOfferOut(
        **common_of(value), week=windows_of(value.week), minutes_per_week=value.minutes_per_week
    )


def _seen(request: Asking, no: int) -> ListingView[HelpOffer]:
    """Return an offer that whoever asks may see.

    Raises:
        UnknownHelpOffer: there is none, or it is none of theirs: nobody is told which.
    """
    token = request.user
    view = bank_of(request).help_offers.show(token.branch, no)
    if not token.may_see(view.listing.member):
        raise UnknownHelpOffer(offer=no, branch=token.branch)
    return view


def _shown(view: ListingView[HelpOffer]) -> HelpOfferShown:
    return HelpOfferShown(**asdict(offer_out(view.listing)), note=view.note, reasons=view.reasons)


def _out(view: ListingView[HelpOffer]) -> HelpOfferOut:
    """Return what is answered to an act, for ever: without words."""
    return offer_out(view.listing)


def _all(found: Sequence[HelpOffer]) -> list[HelpOfferOut]:
    return list(map(offer_out, found))
