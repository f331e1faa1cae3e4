from dataclasses import replace
from typing import Any

import pytest
from tests.builders import NOW, a_book, a_draft, stored, stored_accounts

from timebank.ledger.audit import JournalAudit, StoredEntry, StoredLine
from timebank.ledger.canonical import head_text, leaf_of, line_text
from timebank.ledger.chart import available, held
from timebank.ledger.model import Cause, EntryDraft, credit, debit
from timebank.ledger.quick import QuickFold
from timebank.ledger.segments import SegmentFold, join

M1, M2, HELD, FUND = available("m1"), available("m2"), held("m1"), "fund:branch"
Plain = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]


def a_journal(*drafts: EntryDraft) -> tuple[JournalAudit, Plain]:
    """Return an audit before the first entry, and the rows of a journal as a driver hands them over."""
    book = a_book(M1, M2, HELD, FUND, units=("min", "EUR"))
    rows = [stored(book.post(draft, recorded_at=NOW), book) for draft in drafts]
    audit = JournalAudit("lille", stored_accounts(book), frozenset({1}))
    return audit, (
        [tuple(header) for header, _ in rows],
        [tuple(line) for _, lines in rows for line in lines],
    )


def changed(rows: Plain, what: str, at: int, value: object) -> Plain:
    """Return the rows with one cell changed: `entry COLUMN` or `line COLUMN`, of the row `at`."""
    table, column = what.split()
    index = (StoredEntry if table == "entry" else StoredLine)._fields.index(column)
    entries, lines = list(rows[0]), list(rows[1])
    of = entries if table == "entry" else lines
    of[at] = (*of[at][:index], value, *of[at][index + 1 :])
    return entries, lines


PAIR = a_draft(debit(M1, 5), credit(M2, 5), cause=Cause("transfer", "1"))
LEVY = a_draft(debit(M1, 2), debit(M2, 3), credit(FUND, 5), cause=Cause("transfer", "2"))
TWO_UNITS = a_draft(
    *(debit(M1, 2), credit(M2, 2), debit(M1, 7, "EUR"), credit(FUND, 7, "EUR")), cause=Cause("transfer", "3")
)
THROUGH_ZERO = a_draft(debit(HELD, 4), credit(HELD, 4), cause=Cause("transfer", "4"))
BELOW_ZERO = a_draft(debit(HELD, 4), credit(M1, 4), cause=Cause("transfer", "5"))


@pytest.mark.parametrize(
    "draft", [PAIR, LEVY, TWO_UNITS, THROUGH_ZERO], ids=["pair", "levy", "units", "zero"]
)
@pytest.mark.parametrize("counts", [-1, 0, 1])
def test_an_entry_of_any_shape_is_accepted(draft: EntryDraft, counts: int) -> None:
    """Two lines or many, one unit or two, a held account that is empty again at the end."""
    audit, rows = a_journal(replace(draft, counts_help=counts))
    careful, _ = a_journal()
    careful.accounts = audit.accounts
    fold = QuickFold(audit)

    assert fold.take(*rows)
    fold.settle()
    at = 0
    for entry in rows[0]:
        lines = [StoredLine(*line) for line in rows[1] if line[0] == entry[0]]
        careful.take(StoredEntry(*entry), lines)
        at += len(lines)

    assert [] == careful.faults
    assert careful.totals == audit.totals
    assert len(rows[1]) == at


@pytest.mark.parametrize(
    ("what", "at", "value"),
    [
        ("line line", 1, 3),
        ("line line", 3, 9),
        ("line side", 0, "both"),
        ("line side", 2, "both"),
        ("line amount", 2, 0),
        ("line amount", 2, 10**9),
        ("line amount", 2, "2"),
        ("line account_no", 0, 77),
        ("line account_no", 1, 77),
        ("line account_no", 2, 77),
        ("line account_no", 2, 2),
        ("line account_seq", 0, 2),
        ("line account_seq", 2, 9),
        ("line balance_after", 1, 4),
        ("line balance_after", 4, 4),
        ("line entry_seq", 1, 2),
        ("entry leaf", 0, b""),
        ("entry leaf", 1, b""),
        ("entry seq", 1, 3),
        ("entry recorded_us", 1, 0),
        ("entry policy_version", 1, 2),
        ("entry counts_help", 1, None),
        ("entry actor", 1, "\ud800"),
    ],
)
def test_anything_that_is_off_is_refused_without_a_trace(what: str, at: int, value: object) -> None:
    """In an entry of two lines as in one of many; the same rows as they were are accepted afterwards."""
    audit, rows = a_journal(PAIR, LEVY)
    fold = QuickFold(audit)

    assert not fold.take(*changed(rows, what, at, value))

    assert fold.take(*rows)
    fold.settle()
    assert (2, 2) == (audit.entries, audit.last_seq)


def test_what_is_left_over_or_below_zero_is_refused() -> None:
    """A line beyond the last entry, one line alone, a held account below zero, no entry at all."""
    audit, (entries, lines) = a_journal(PAIR, LEVY)
    assert not QuickFold(audit).take(entries[:1], lines)
    assert not QuickFold(audit).take(entries[:1], lines[:1])
    assert not QuickFold(audit).take([], lines)
    assert QuickFold(audit).take([], [])
    below, rows = a_journal(BELOW_ZERO)
    assert not QuickFold(below).take(*rows)
    unbalanced, rows = a_journal(LEVY)
    assert not QuickFold(unbalanced).take(rows[0], rows[1][:2])


def test_a_second_fold_goes_on_where_the_first_ended() -> None:
    """As after a chunk that took the careful fold."""
    audit, (entries, lines) = a_journal(PAIR, LEVY)
    for fold, rows in (
        (QuickFold(audit), (entries[:1], lines[:2])),
        (QuickFold(audit), (entries[1:], lines[2:])),
    ):
        fold.last_seq = audit.last_seq
        assert fold.take(*rows)
        fold.settle()

    assert (2, -7, 2) == (audit.last_seq, audit.totals[1].balance, audit.totals[1].version)


def test_what_the_columns_do_not_take_is_noted() -> None:
    """The fold finds no fault in help that counts twice: the database does, if it is asked."""
    for column, value, is_regular in (
        ("counts_help", 0, True),
        ("counts_help", 2, False),
        ("kind", "reversal", False),
        ("reverses", 1, False),
        ("reverses", 9, False),
        ("reverses", "1", False),
    ):
        audit, (entries, lines) = a_journal(PAIR)
        header = StoredEntry(*entries[0])._replace(**{column: value})  # type: ignore[arg-type]
        text = head_text("lille", *header[:-1]) + line_text("debit", 5, "min", M1, 1, -5)
        text += line_text("credit", 5, "min", M2, 1, 5)
        header = header._replace(leaf=leaf_of(text.encode()))
        careful = JournalAudit("lille", audit.accounts, audit.policy_versions)
        careful.take(header, [StoredLine(*line) for line in lines])
        quick = QuickFold(audit)
        assert quick.take([tuple(header)], lines)
        quick.settle()

        assert [] == careful.faults
        assert [is_regular] * 2 == [careful.is_regular, audit.is_regular], (column, value)
        assert careful.has_reversals == audit.has_reversals == (header.reverses is not None)
        assert {"transfer"} == careful.cause_kinds == audit.cause_kinds


def test_a_segment_follows_only_what_it_says_it_follows() -> None:
    """Numbers, instants, and where each of its accounts began."""
    audit, (entries, lines) = a_journal(PAIR, LEVY)
    fresh, _ = a_journal()
    alone = SegmentFold(fresh, 2)
    assert alone.take([], [])
    assert alone.take(entries[1:], lines[2:])
    segment = alone.result()
    first = QuickFold(audit)
    assert first.take(entries[:1], lines[:2])
    first.settle()

    assert not join(audit, replace(segment, first_seq=3))
    assert not join(audit, replace(segment, first_us=audit.last_us - 1))
    assert not join(audit, replace(segment, starts={**segment.starts, 1: (0, 1)}))
    assert not join(audit, replace(segment, starts={**segment.starts, 8: (0, 1)}))
    assert 1 == audit.entries
    assert join(audit, segment)

    assert (2, 2) == (audit.entries, audit.last_seq)
    assert -7 == audit.totals[1].balance


def test_a_segment_without_entries_is_nothing() -> None:
    """A worker that was given none says so."""
    fresh, _ = a_journal()

    segment = SegmentFold(fresh, 1).result()

    assert (1, 0, {}, {}) == (segment.first_seq, segment.last_seq, segment.starts, segment.ends)
    assert segment.first_us == segment.last_us
