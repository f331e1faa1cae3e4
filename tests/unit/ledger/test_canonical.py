import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.builders import NOW, a_book, a_draft, an_exchange, stored

from timebank.ledger.canonical import (
    EPOCH,
    canonical_bytes,
    head_text,
    instant_of,
    leaf_hash,
    leaf_of,
    line_text,
    micros_of,
)
from timebank.ledger.chart import available
from timebank.ledger.model import Actor, Cause, JournalEntry, Role
from timebank.ledger.reversal import reverse

TEXT = """\
timebank-entry/1
lille 1
service service 17 1
effective 1781524800000000 2026-06-15
recorded 1781524801000000
policy 1
by member:son@lille+m2#3
reverses -
help 1
debit 90 min member:m2:available 1 -90
credit 90 min member:m1:available 1 90
"""


def an_entry(details: bytes | None = None) -> JournalEntry:
    """Return a sample entry, recorded a second after it took effect."""
    actor = Actor(role=Role.MEMBER, ref="son", branch="lille", principal="m2", mandate=3)
    book = a_book(available("m1"), available("m2"))
    return book.post(
        an_exchange(record=17, actor=actor, details=details), recorded_at=NOW + timedelta(seconds=1)
    )


def test_the_canonical_text_is_fixed() -> None:
    """It is hashed and signed: a change of a single byte would break every receipt ever given out."""
    assert TEXT == canonical_bytes(an_entry()).decode("ascii")


def test_details_are_one_line_more_and_another_version() -> None:
    """Entries without details stay as they always were, byte for byte."""
    head, debit_line, credit_line = (
        TEXT.replace("-entry/1", "-entry/2").rsplit("debit", 1)[0],
        *TEXT.splitlines()[-2:],
    )

    text = canonical_bytes(an_entry(bytes(range(32)))).decode("ascii")

    details = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    assert f"{head}details {details}\n{debit_line}\n{credit_line}\n" == text


def test_the_leaf_can_be_computed_without_us() -> None:
    """RFC 9162: SHA-256 over a zero byte and the text."""
    assert hashlib.sha256(b"\0" + TEXT.encode()).digest() == leaf_hash(an_entry())
    assert leaf_of(TEXT.encode()) == leaf_hash(an_entry())


def test_a_reversal_names_its_original() -> None:
    """A minus stands for no original, so that the two texts cannot be mistaken for one another."""
    entry = an_entry()
    undo = reverse(
        entry,
        reversed_by=None,
        actor=entry.draft.actor,
        effective_at=NOW,
        effective_on=entry.draft.effective_on,
        policy_version=1,
    )

    text = canonical_bytes(replace(entry, seq=2, draft=undo, lines=())).decode()

    assert "\nreversal service 17 -1\n" in text
    assert "\nreverses 1\nhelp -1\n" in text


def test_the_text_is_the_same_from_what_is_stored() -> None:
    """The audit hashes rows, the journal hashes entries: they must agree."""
    book = a_book("fund:branch", "fund:respite", units=("min", "EUR"))
    postings = an_exchange(provider="x", recipient="y").postings
    draft = a_draft(
        *(
            replace(posting, path=path, unit="EUR")
            for posting, path in zip(postings, ("fund:branch", "fund:respite"), strict=True)
        ),
        cause=Cause("transfer", "9"),
    )
    entry = book.post(draft, recorded_at=NOW)

    header, lines = stored(entry, book)

    accounts = {state.no: state for state in book.accounts.values()}
    text = head_text("lille", *header[:-1]) + "".join(
        line_text(
            line.side,
            line.amount,
            accounts[line.account_no].unit,
            accounts[line.account_no].path,
            line.account_seq,
            line.balance_after,
        )
        for line in lines
    )
    assert canonical_bytes(entry) == text.encode()


@pytest.mark.parametrize(
    ("instant", "micros"),
    [
        (EPOCH, 0),
        (EPOCH - timedelta(microseconds=1), -1),
        (datetime(2026, 6, 15, 14, 0, 0, 1, tzinfo=timezone(timedelta(hours=2))), 1_781_524_800_000_001),
        (datetime(2200, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 7_289_654_399_999_999),
    ],
)
def test_instants_are_whole_microseconds(instant: datetime, micros: int) -> None:
    """Exactly, without a float in between, on both sides of 1970 and from any zone (I-15)."""
    assert micros == micros_of(instant)
    assert instant == instant_of(micros)
    assert UTC is instant_of(micros).tzinfo
