"""Requests to post: what identifies them, what is refused before the ledger looks."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.builders import a_book, a_draft

from timebank.errors import (
    AccountManaged,
    InsufficientHours,
    KindManaged,
    NaiveInstant,
    TooFewPostings,
    TryAgain,
)
from timebank.ledger.batch import (
    Posted,
    PostGroup,
    PostRequest,
    Refused,
    check_by_hand,
    payload_of,
    requests_of,
)
from timebank.ledger.limits import Limits
from timebank.ledger.model import Cause, EntryKind, credit, debit

FUND, MEMBER = "fund:solidarity", "member:m1:available"
REQUEST = PostRequest(postings=(debit(FUND, 30), credit(MEMBER, 30)), key="k")
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, postings=(debit(FUND, 31), credit(MEMBER, 31))),
        replace(REQUEST, postings=(credit(MEMBER, 30), debit(FUND, 30))),
        replace(REQUEST, postings=(debit(FUND, 30, "svc"), credit(MEMBER, 30, "svc"))),
        replace(REQUEST, effective_at=AT),
        replace(REQUEST, kind=EntryKind.FEE),
        replace(REQUEST, cause=Cause("levy", "1")),
        PostGroup(requests=(REQUEST, REQUEST)),
        replace(REQUEST, postings=(debit(FUND, 30), credit("member:m1:available\ncredit 30", 30))),
    ],
)
def test_another_wish_has_another_payload(other: PostRequest | PostGroup) -> None:
    """I-9: the same key for another wish is found out."""
    assert payload_of(REQUEST, "coordinator:desk") != payload_of(other, "coordinator:desk")


def test_the_same_wish_of_another_actor_is_another_wish() -> None:
    """I-14: who wished it is part of what was wished; the key is not."""
    assert payload_of(REQUEST, "coordinator:desk") != payload_of(REQUEST, "coordinator:front")
    assert payload_of(REQUEST, "coordinator:desk") == payload_of(
        replace(REQUEST, key="other"), "coordinator:desk"
    )


def test_the_payload_is_the_same_for_ever() -> None:
    """Keys are kept for thirty years: a new version must not take a repeat for another request."""
    expected = "659ee59b2536a518ed55997a4b89e901a36b8ee1cd9dd7a6bd90757744aa359b"

    assert expected == payload_of(REQUEST, "coordinator:desk").hex()


def test_an_instant_without_a_zone_has_no_payload() -> None:
    """Nobody could say later whether it was the same."""
    with pytest.raises(NaiveInstant):
        payload_of(replace(REQUEST, effective_at=datetime(2026, 1, 1)), "coordinator:desk")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("error", "request_"),
    [
        (KindManaged, replace(REQUEST, kind=EntryKind.SERVICE)),
        (KindManaged, replace(REQUEST, cause=Cause("service", "1"))),
        (AccountManaged, replace(REQUEST, postings=(debit("member:m1:held", 1), credit(FUND, 1)))),
        (AccountManaged, replace(REQUEST, postings=(debit("clearing:brest", 1), credit(FUND, 1)))),
    ],
)
def test_what_has_a_use_case_of_its_own_is_not_posted_by_hand(
    error: type[Exception], request_: PostRequest
) -> None:
    """A hold, a record or a settlement would no longer agree with its entries."""
    check_by_hand(REQUEST)

    with pytest.raises(error):
        check_by_hand(request_)


def test_a_group_has_requests() -> None:
    """An empty one would lead to nothing, and its key would remember that."""
    with pytest.raises(TooFewPostings):
        PostGroup(requests=())

    assert (REQUEST,) == requests_of(REQUEST)
    assert (REQUEST, REQUEST) == requests_of(PostGroup(requests=(REQUEST, REQUEST)))


def test_a_refusal_says_whether_it_may_succeed_later() -> None:
    """So that a caller knows whether to repeat it."""
    lasting = Refused(error=InsufficientHours(path=MEMBER, needed_minutes=1, available_minutes=0))

    assert ("insufficient_hours", False) == (lasting.code, lasting.transient)
    assert Refused(error=TryAgain()).transient
    assert 7 == Posted(entries=(7, 8)).seq


def test_a_book_goes_back_to_a_mark() -> None:
    """A group that is refused half way leaves nothing behind: balances, numbers, warnings."""
    book = a_book(FUND, MEMBER, "fund:branch", limits={FUND: Limits(warn_floor=0)})
    book.post(a_draft(debit(FUND, 5), credit(MEMBER, 5)), recorded_at=AT)
    before = {key: replace(state) for key, state in book.accounts.items()}
    warned = list(book.warnings)
    mark = book.mark([(FUND, "min"), (MEMBER, "min"), ("fund:branch", "min"), ("fund:unknown", "min")])

    book.post(a_draft(debit(FUND, 7), credit("fund:branch", 7)), recorded_at=AT)
    book.go_back(mark)

    assert before == book.accounts
    assert (1, warned) == (book.last_seq, book.warnings)
    assert {(FUND, "min"), (MEMBER, "min")} == book.changed.keys()
    assert all(book.changed[key] is book.accounts[key] for key in book.changed)
