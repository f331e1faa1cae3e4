"""Requests and offers: who may post and withdraw them, what they must say, how they end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.care.builders import NOW, a_mandate, an_act

from timebank.care.listing import (
    OPEN_MOST,
    HelpOffer,
    HelpRequest,
    ListingState,
    as_of,
    deadline_of,
    post_offer,
    post_request,
    withdraw,
)
from timebank.care.mandate import Act, Scope
from timebank.care.record import Mode
from timebank.care.week import Week, Window
from timebank.errors import (
    BadReference,
    DeadlineOutOfRange,
    ListingNotOpen,
    MandateNotInForce,
    MinutesOutOfRange,
    NaiveInstant,
    NotAllowed,
    ReasonMissing,
    TimebankError,
    TooManyListings,
    WhenUnclear,
    WindowTooShort,
)
from timebank.ledger.model import Actor

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
THURSDAY = Week.of([Window.parse("thu 14:00-17:00")])
MOTHER = an_act("member:mother")
PROXY = an_act("member:son@lille+mother#3", mandates=(a_mandate(),))
DESK = an_act("coordinator:desk")
OTHERS = [an_act("member:luc"), an_act("coordinator:desk@lille"), an_act("system:clock")]


def a_request(**changes: Any) -> HelpRequest:  # noqa: ANN401 - any field
    """Return the mother's wish for an hour of company every Thursday."""
    facts: dict[str, Any] = {
        "branch": "locmine",
        "no": 1,
        "member": "mother",
        "kind": "company",
        "mode": Mode.IN_PERSON,
        "minutes": 60,
        "week": THURSDAY,
        "posted_at": NOW,
        "posted_by": Actor.parse("member:mother"),
        "expires_at": NOW + 90 * DAY,
    }
    return HelpRequest(**{**facts, **changes})


def a_dated_request(**changes: Any) -> HelpRequest:  # noqa: ANN401
    """Return the mother's wish for an hour tomorrow."""
    facts = {"week": None, "earliest_at": NOW + DAY, "latest_at": NOW + DAY + 3 * HOUR}
    return a_request(**{"expires_at": NOW + DAY + 2 * HOUR, **facts, **changes})


def an_offer(**changes: Any) -> HelpOffer:  # noqa: ANN401
    """Return the mother's offer of two hours on Thursdays."""
    facts: dict[str, Any] = {
        "branch": "locmine",
        "no": 1,
        "member": "mother",
        "kind": "company",
        "mode": Mode.PHONE,
        "week": THURSDAY,
        "minutes_per_week": 120,
        "posted_at": NOW,
        "posted_by": Actor.parse("member:mother"),
        "expires_at": NOW + 90 * DAY,
    }
    return HelpOffer(**{**facts, **changes})


def posted(request: HelpRequest, act: Act = MOTHER, *, open_count: int = 0) -> HelpRequest:
    """Post a request under a policy of ten hours at most."""
    return post_request(act, request, longest_minutes=600, open_count=open_count, reason="on the phone")[0]


@pytest.mark.parametrize("act", [MOTHER, PROXY, DESK])
def test_a_member_a_proxy_and_a_coordinator_ask_and_take_back(act: Act) -> None:
    """A request is the member's will, whoever says it."""
    request = posted(a_request(), act)
    gone, why = withdraw(request, act, reason="on the phone")

    assert (ListingState.WITHDRAWN, act.actor, NOW) == (gone.state, gone.ended_by, gone.ended_at)
    assert "on the phone" == why


@pytest.mark.parametrize("act", OTHERS)
def test_nobody_else_asks_or_takes_back(act: Act) -> None:
    """Not even a coordinator of another branch."""
    with pytest.raises(NotAllowed):
        posted(a_request(), act)
    with pytest.raises(NotAllowed):
        withdraw(a_request(), act, reason="x")
    with pytest.raises(NotAllowed):
        post_offer(act, an_offer(), open_count=0, reason="x")
    with pytest.raises(NotAllowed):
        withdraw(an_offer(), act, reason="x")


def test_nobody_offers_somebody_else_s_time() -> None:
    """A proxy may ask for the member, if the mandate says so, and never offer."""
    with pytest.raises(NotAllowed):
        post_offer(PROXY, an_offer(), open_count=0, reason=None)
    with pytest.raises(NotAllowed):
        withdraw(an_offer(), PROXY, reason=None)
    only_view = an_act("member:son@lille+mother#3", mandates=(a_mandate(scopes=frozenset({Scope.VIEW})),))
    with pytest.raises(MandateNotInForce):
        posted(a_request(), only_view)


def test_a_coordinator_says_why() -> None:
    """The member was on the phone, or is gone; a member need not."""
    for refused in (
        lambda: post_request(DESK, a_request(), longest_minutes=600, open_count=0, reason=" "),
        lambda: post_offer(DESK, an_offer(), open_count=0, reason=None),
        lambda: withdraw(a_request(), DESK, reason=None),
        lambda: withdraw(an_offer(), DESK, reason=None),
    ):
        with pytest.raises(ReasonMissing):
            refused()
    assert (an_offer(), None) == post_offer(MOTHER, an_offer(), open_count=0, reason=None)
    assert "by phone" == post_offer(DESK, an_offer(), open_count=0, reason=" by phone ")[1]
    assert withdraw(an_offer(), MOTHER, reason=None)[1] is None


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (a_request(minutes=0), MinutesOutOfRange),
        (a_request(minutes=601), MinutesOutOfRange),
        (a_request(minutes=181), WindowTooShort),
        (a_dated_request(minutes=181), WindowTooShort),
        (a_dated_request(earliest_at=NOW + 2 * DAY), WindowTooShort),
        (a_dated_request(earliest_at=NOW - DAY, latest_at=NOW + HOUR / 2), WindowTooShort),
        (a_request(expires_at=NOW), DeadlineOutOfRange),
        (a_request(expires_at=NOW + 367 * DAY), DeadlineOutOfRange),
    ],
)
def test_a_request_that_nobody_could_answer_is_refused(
    request_: HelpRequest, error: type[TimebankError]
) -> None:
    """Rather than left to stand there."""
    with pytest.raises(error):
        posted(request_)


@pytest.mark.parametrize(
    ("offer", "error"),
    [
        (an_offer(minutes_per_week=0), MinutesOutOfRange),
        (an_offer(minutes_per_week=181), MinutesOutOfRange),
        (an_offer(week=Week(0), minutes_per_week=1), MinutesOutOfRange),
        (an_offer(expires_at=NOW), DeadlineOutOfRange),
    ],
)
def test_an_offer_of_nothing_is_refused(offer: HelpOffer, error: type[TimebankError]) -> None:
    """Nor can more be offered than there is time for."""
    with pytest.raises(error):
        post_offer(MOTHER, offer, open_count=0, reason=None)


def test_the_longest_that_fits_is_taken() -> None:
    """The bounds themselves count."""
    assert a_request(minutes=180) == posted(a_request(minutes=180))
    assert a_dated_request(minutes=180) == posted(a_dated_request(minutes=180))
    assert a_request() == posted(a_request(), open_count=OPEN_MOST - 1)


def test_there_are_only_so_many_open_ones() -> None:
    """More of one member are a mistake."""
    with pytest.raises(TooManyListings):
        posted(a_request(), open_count=OPEN_MOST)
    with pytest.raises(TooManyListings):
        post_offer(MOTHER, an_offer(), open_count=OPEN_MOST, reason=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"week": None},
        {"earliest_at": NOW, "latest_at": NOW + DAY},
        {"earliest_at": NOW},
        {"latest_at": NOW},
        {"week": None, "latest_at": NOW},
    ],
)
def test_a_request_says_when_in_one_way(changes: dict[str, Any]) -> None:
    """Between two instants, or week by week."""
    with pytest.raises(WhenUnclear):
        a_request(**changes)


@pytest.mark.parametrize("field", ["branch", "member", "kind"])
def test_what_is_no_reference_is_refused(field: str) -> None:
    """A sentence is no code."""
    for sample in (a_request, an_offer):
        with pytest.raises(BadReference):
            sample(**{field: "Not A Code"})


def test_instants_have_a_zone() -> None:
    """And are kept in UTC."""
    with pytest.raises(NaiveInstant):
        a_dated_request(earliest_at=datetime(2026, 6, 16))  # noqa: DTZ001 - that is the point
    assert UTC is a_dated_request().earliest_at.tzinfo  # type: ignore[union-attr]


@pytest.mark.parametrize("listing", [a_request(), an_offer()])
def test_what_is_over_stays_as_it_ended(listing: HelpRequest | HelpOffer) -> None:
    """Nobody withdraws what was withdrawn or has expired; nothing withdrawn expires."""
    gone, _ = withdraw(listing, MOTHER, reason=None)
    late = as_of(listing, listing.expires_at)

    assert gone == as_of(gone, listing.expires_at + DAY)
    assert (ListingState.EXPIRED, listing.expires_at, None) == (late.state, late.ended_at, late.ended_by)
    assert late == as_of(late, listing.expires_at + DAY)
    for over in (gone, late):
        with pytest.raises(ListingNotOpen):
            withdraw(over, MOTHER, reason=None)


@given(st.timedeltas(-DAY, DAY))
def test_the_deadline_itself_counts_as_passed(off: timedelta) -> None:
    """Open before, expired from then on, however often one looks."""
    request = a_request()
    now = request.expires_at + off

    seen = as_of(request, now)

    assert (ListingState.OPEN if off < timedelta(0) else ListingState.EXPIRED) is seen.state
    assert seen == as_of(seen, now)
    assert replace(seen, state=ListingState.OPEN, ended_at=None) == request


def test_a_dated_request_is_in_vain_once_it_cannot_end_in_time() -> None:
    """So much earlier than the end as the help takes."""
    assert NOW - HOUR == deadline_of(NOW, minutes=60)
