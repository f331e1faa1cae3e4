from datetime import timedelta

import pytest
from tests.builders import DESK, NOW, TODAY, a_book, a_draft, an_exchange, balances_of

from timebank.errors import AlreadyReversed, EntryNotReversible, ReversalNotReversible, TimebankError
from timebank.ledger.book import Book
from timebank.ledger.chart import available, held
from timebank.ledger.holds import placing, returning
from timebank.ledger.model import Actor, Cause, EntryDraft, EntryKind, JournalEntry, Role, Side
from timebank.ledger.reversal import reverse

LATER = NOW + timedelta(days=1)
SOMEBODY = Actor(role=Role.COORDINATOR, ref="other-desk")


def a_reversal(entry: JournalEntry, *, reversed_by: int | None = None) -> EntryDraft:
    """Reverse an entry a day later, by somebody else, under another policy."""
    return reverse(
        entry,
        reversed_by=reversed_by,
        actor=SOMEBODY,
        effective_at=LATER,
        effective_on=TODAY + timedelta(days=1),
        policy_version=2,
    )


def posted(draft: EntryDraft) -> tuple[Book, JournalEntry]:
    """Post a draft in a fresh book."""
    book = a_book(*{posting.path: None for posting in draft.postings})
    return book, book.post(draft, recorded_at=NOW)


def test_an_entry_and_its_reversal_cancel() -> None:
    """On every account, and in what counts as help given and received (I-3)."""
    book, entry = posted(an_exchange(minutes=90))

    undo = book.post(a_reversal(entry), recorded_at=LATER)

    assert {available("m1"): 0, available("m2"): 0} == balances_of([entry, undo])
    assert [(0, 0, 0)] * 2 == [(s.balance, s.given, s.received) for s in book.accounts.values()]


def test_a_reversal_turns_every_side_in_place() -> None:
    """The same accounts and amounts, in the same order."""
    _, entry = posted(an_exchange(minutes=90))

    undo = a_reversal(entry)

    assert [(available("m2"), Side.CREDIT, 90), (available("m1"), Side.DEBIT, 90)] == [
        (posting.path, posting.side, posting.amount) for posting in undo.postings
    ]


def test_a_reversal_says_what_it_undoes_when_and_by_whom() -> None:
    """The original keeps its own date; the correction has one of its own (two time axes)."""
    _, entry = posted(an_exchange(record=17, revision=2))

    undo = a_reversal(entry)

    assert EntryKind.REVERSAL == undo.kind
    assert entry.seq == undo.reverses
    assert Cause("service", "17", -2) == undo.cause
    assert (LATER, TODAY + timedelta(days=1), 2, SOMEBODY) == (
        undo.effective_at,
        undo.effective_on,
        undo.policy_version,
        undo.actor,
    )
    assert -1 == undo.counts_help


def test_a_reversal_is_not_reversed() -> None:
    """I-3: a new entry is made instead."""
    book, entry = posted(an_exchange())
    undo = book.post(a_reversal(entry), recorded_at=NOW)

    with pytest.raises(ReversalNotReversible) as refused:
        a_reversal(undo)

    assert {"entry": 2} == refused.value.facts


@pytest.mark.parametrize("kind", [EntryKind.HOLD, EntryKind.RELEASE])
def test_minutes_reserved_go_back_by_their_hold_only(kind: EntryKind) -> None:
    """Reversing the entry would leave a pending hold without minutes (I-6)."""
    moves = placing if kind is EntryKind.HOLD else returning
    draft = a_draft(*moves("m1", 60), kind=kind, cause=Cause("redemption", "lille-1"))
    book = a_book(available("m1"), held("m1"))

    with pytest.raises(EntryNotReversible):
        a_reversal(
            book.post(draft, recorded_at=NOW, enforce_limits=False)
            if kind is EntryKind.HOLD
            else an_entry(draft)
        )


def an_entry(draft: EntryDraft) -> JournalEntry:
    """Return a draft as entry 1, its lines left out."""
    return JournalEntry("lille", 1, NOW, draft, ())


def test_an_entry_is_reversed_once() -> None:
    """I-3: twice would be an entry of its own."""
    _, entry = posted(an_exchange())

    with pytest.raises(AlreadyReversed) as refused:
        a_reversal(entry, reversed_by=2)

    assert {"entry": 1, "by": 2} == refused.value.facts


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReversalNotReversible, EntryKind.REVERSAL),
        (EntryNotReversible, EntryKind.HOLD),
        (AlreadyReversed, EntryKind.TRANSFER),
    ],
)
def test_reversing_is_refused_in_a_fixed_order(error: type[TimebankError], kind: EntryKind) -> None:
    """What it is, before what happened to it."""
    reverses = 1 if kind is EntryKind.REVERSAL else None
    draft = a_draft(*placing("m1", 60), kind=kind, reverses=reverses, actor=DESK)

    with pytest.raises(error):
        a_reversal(an_entry(draft), reversed_by=9)
