"""Listings: somebody asks for help, somebody offers it; what they share, and what can become of them.

    open ── withdrawn by the member, a proxy (requests only), or a coordinator with a reason
       └─── expired once its deadline has passed

A listing promises nothing and moves no hours: it says what is wished, in codes, minutes and times; words
about it live with the names. Every function checks in this order, and the first failure wins: who acts
(`NotAllowed`, `MandateNotInForce`), the reason (`ReasonMissing`, `BadText`), the state (`ListingNotOpen`),
the minutes, the times, the deadline, how many there are. Pure.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from timebank.care.inputs import optional_reason_of, reason_of
from timebank.care.mandate import Act, Scope, authorise_or_coordinate
from timebank.care.record import Mode
from timebank.care.week import SLOT_MINUTES, WEEK_SLOTS, Week
from timebank.errors import (
    DeadlineOutOfRange,
    ListingNotOpen,
    MinutesOutOfRange,
    NotAllowed,
    TooManyListings,
    WhenUnclear,
    WindowTooShort,
)
from timebank.ids import reference
from timebank.instants import aware_utc
from timebank.ledger.model import Actor

OPEN_MOST: Final = 50
"""Open requests of one member, and open offers: more are a mistake, or a nuisance."""
DEADLINE_DAYS_MOST: Final = 366
WEEK_MINUTES: Final = WEEK_SLOTS * SLOT_MINUTES


class ListingState(StrEnum):
    """Where a request or an offer stands."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """What requests and offers have in common."""

    branch: str
    no: int
    member: str
    """Who asks, or who offers."""
    kind: str
    """Code of the kind of help."""
    mode: Mode
    posted_at: datetime
    posted_by: Actor
    expires_at: datetime
    """First instant at which it is not open any more."""
    state: ListingState = ListingState.OPEN
    ended_at: datetime | None = None
    ended_by: Actor | None = None
    """Who withdrew it; nobody did if it expired."""

    def __post_init__(self) -> None:
        """Check what both have in common."""
        reference(self.branch, what="branch code")
        reference(self.member, what="member reference")
        reference(self.kind, what="kind code")
        assert (self.state is ListingState.OPEN) == (self.ended_at is None), "what is open has no end"
        assert (self.state is ListingState.WITHDRAWN) == (self.ended_by is not None), "somebody withdraws"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequest(_Listing):
    """Help that a member wishes for: once between two instants, or week by week.

    Raises:
        BadReference: a reference or code is malformed.
        NaiveInstant, DayBeyondRange: an instant has no time zone, or a year that is not kept.
        WhenUnclear: neither two instants nor a week, or both.
    """

    minutes: int
    """How long the help is planned to take, each time."""
    earliest_at: datetime | None = None
    """The help does not begin before."""
    latest_at: datetime | None = None
    """The help has ended by then."""
    week: Week | None = None
    """When it would suit, week by week."""

    def __post_init__(self) -> None:
        """Refuse what nobody could answer."""
        _Listing.__post_init__(self)
        is_dated = self.earliest_at is not None and self.latest_at is not None
        is_dated_or_neither = (self.earliest_at is None) == (self.latest_at is None)
        if not is_dated_or_neither or is_dated == (self.week is not None):
            raise WhenUnclear
        for name in ("earliest_at", "latest_at"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, aware_utc(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpOffer(_Listing):
    """Help that a member offers, week by week.

    Raises:
        BadReference: a reference or code is malformed.
    """

    week: Week
    minutes_per_week: int


Listing = TypeVar("Listing", bound=HelpRequest | HelpOffer)


def post_request(
    act: Act, request: HelpRequest, *, longest_minutes: int, open_count: int, reason: str | None
) -> tuple[HelpRequest, str | None]:
    """Return the request as it is posted, with the cleaned reason.

    Args:
        act: by the member, by a proxy who may request, or by a coordinator, who says why.
        request: open.
        longest_minutes: the longest help in one record, as the policy says.
        open_count: how many requests of the member are open already.
        reason: why; needed of a coordinator.

    Raises:
        MinutesOutOfRange, WindowTooShort, DeadlineOutOfRange, TooManyListings: and others, in the order that
            the module says.
    """
    words = authorise_or_coordinate(
        act, branch=request.branch, member=request.member, scope=Scope.REQUEST, reason=reason
    )
    if not 1 <= request.minutes <= longest_minutes:
        raise MinutesOutOfRange(minutes=request.minutes, least=1, most=longest_minutes)
    if _room_of(request, act.at) < timedelta(minutes=request.minutes):
        raise WindowTooShort(minutes=request.minutes)
    _require_deadline(request.expires_at, act)
    _require_room(open_count)
    return request, words


def post_offer(
    act: Act, offer: HelpOffer, *, open_count: int, reason: str | None
) -> tuple[HelpOffer, str | None]:
    """Return the offer as it is posted, with the cleaned reason.

    Args:
        act: by the member in person, or by a coordinator, who says why: nobody offers somebody else's time.
        offer: open.
        open_count: how many offers of the member are open already.
        reason: why; needed of a coordinator.

    Raises:
        MinutesOutOfRange, DeadlineOutOfRange, TooManyListings: and others, in the order that the module says.
    """
    words = _own(act, offer, reason)
    if not 1 <= offer.minutes_per_week <= offer.week.minutes:
        raise MinutesOutOfRange(minutes=offer.minutes_per_week, least=1, most=offer.week.minutes)
    _require_deadline(offer.expires_at, act)
    _require_room(open_count)
    return offer, words


def withdraw(listing: Listing, act: Act, *, reason: str | None) -> tuple[Listing, str | None]:
    """Return the listing withdrawn as of now, with the cleaned reason.

    Args:
        listing: as it stands at `act.at`, see `as_of`.
        act: by whoever may post it.
        reason: why; needed of a coordinator.

    Raises:
        ListingNotOpen: it was withdrawn before, or has expired; and others, as the module says.
    """
    if isinstance(listing, HelpRequest):
        words = authorise_or_coordinate(
            act, branch=listing.branch, member=listing.member, scope=Scope.REQUEST, reason=reason
        )
    else:
        words = _own(act, listing, reason)
    if listing.state is not ListingState.OPEN:
        raise ListingNotOpen(listing=listing.no, state=listing.state.value)
    return ended(listing, act.actor, at=act.at), words


def ended(listing: Listing, by: Actor, *, at: datetime) -> Listing:
    """Return an open listing withdrawn by somebody, whoever may."""
    return replace(listing, state=ListingState.WITHDRAWN, ended_at=at, ended_by=by)


def as_of(listing: Listing, now: datetime) -> Listing:
    """Return the listing as it stands at an instant: an open one whose deadline has passed has expired.

    The deadline itself counts as passed.
    """
    if listing.state is ListingState.OPEN and listing.expires_at <= now:
        return replace(listing, state=ListingState.EXPIRED, ended_at=listing.expires_at)
    return listing


def deadline_of(latest_at: datetime, *, minutes: int) -> datetime:
    """Return from when on a dated request is in vain: help of this length could not end in time any more."""
    return aware_utc(latest_at) - timedelta(minutes=minutes)


def _own(act: Act, offer: HelpOffer, reason: str | None) -> str | None:
    if act.is_by(offer.branch, offer.member):
        return optional_reason_of(reason)
    if not act.is_by_coordinator_of(offer.branch):
        raise NotAllowed(actor=act.actor)
    return reason_of(reason)


def _room_of(request: HelpRequest, now: datetime) -> timedelta:
    """Return how long help could take at most."""
    if request.earliest_at is not None and request.latest_at is not None:
        return request.latest_at - max(request.earliest_at, now)
    assert request.week is not None, "it is dated, or has a week"
    return timedelta(minutes=request.week.longest_minutes)


def _require_deadline(expires_at: datetime, act: Act) -> None:
    if not act.at < expires_at <= act.at + timedelta(days=DEADLINE_DAYS_MOST):
        raise DeadlineOutOfRange(most=DEADLINE_DAYS_MOST)


def _require_room(open_count: int) -> None:
    if open_count >= OPEN_MOST:
        raise TooManyListings(most=OPEN_MOST)
