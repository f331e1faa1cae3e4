from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.builders import NOW, TODAY, a_book, a_draft, an_audit, an_exchange, stored

from timebank.ledger.audit import Fault, JournalAudit, Reversal, StoredEntry, StoredLine, check_reversal
from timebank.ledger.book import Book
from timebank.ledger.canonical import head_text, leaf_of, line_text
from timebank.ledger.chart import available, held
from timebank.ledger.model import Cause, JournalEntry, credit, debit
from timebank.ledger.reversal import reverse

M1, M2, FUND = available("m1"), available("m2"), "fund:branch"
Rows = list[tuple[StoredEntry, tuple[StoredLine, ...]]]


def a_journal() -> tuple[Book, list[JournalEntry]]:
    """Return a book with an exchange, a transfer in three lines, and the exchange reversed."""
    book = a_book(M1, M2, FUND, units=("min", "EUR"))
    exchange = book.post(an_exchange(minutes=90), recorded_at=NOW)
    drafts = [
        a_draft(debit(M1, 10), debit(M2, 5), credit(FUND, 15), cause=Cause("transfer", "2")),
        reverse(
            exchange,
            reversed_by=None,
            actor=exchange.draft.actor,
            effective_at=NOW,
            effective_on=TODAY,
            policy_version=1,
        ),
        a_draft(debit(M1, 500, "EUR"), credit(M2, 500, "EUR"), cause=Cause("transfer", "4")),
    ]
    return book, [exchange, *(book.post(draft, recorded_at=NOW) for draft in drafts)]


def rows_of(book: Book, entries: list[JournalEntry]) -> Rows:
    """Return a journal as stored."""
    return [stored(entry, book) for entry in entries]


def resealed(book: Book, rows: Rows) -> Rows:
    """Return the rows with every leaf computed anew: what a forger who knows the format would do."""
    accounts = {state.no: state for state in book.accounts.values()}
    sealed = []
    for header, lines in rows:
        text = head_text(book.branch, *header[:-1]) + "".join(
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
        sealed.append((header._replace(leaf=leaf_of(text.encode())), lines))
    return sealed


def audit_of(book: Book, rows: Rows) -> JournalAudit:
    """Audit rows, reversals included."""
    audit = an_audit(book)
    for header, lines in rows:
        audit.take(header, lines)
    for reversal in reversals_in(rows):
        audit.faults += check_reversal(book.branch, reversal)
    return audit


def reversals_in(rows: Rows) -> list[Reversal]:
    """Return the reversals of a journal, each beside what it reverses."""
    by_seq = {header.seq: (header, lines) for header, lines in rows}
    found: list[Reversal] = []
    for header, lines in rows:
        if header.reverses is not None:
            original = by_seq.get(header.reverses)
            found.append(
                Reversal(
                    seq=header.seq,
                    reverses=header.reverses,
                    lines=lines,
                    original=None if original is None else original[1],
                    is_reversal_of_reversal=original is not None and original[0].reverses is not None,
                    is_first=all(header.reverses != each.reverses for each in found),
                )
            )
    return found


def changed(rows: Rows, entry: int, **changes: Any) -> Rows:  # noqa: ANN401
    """Return the rows with the header of one entry changed."""
    return [(header._replace(**changes) if header.seq == entry else header, lines) for header, lines in rows]


def with_line(rows: Rows, entry: int, line: int, **changes: Any) -> Rows:  # noqa: ANN401
    """Return the rows with one posting changed."""
    return [
        (
            header,
            tuple(
                each._replace(**changes) if (each.entry_seq, each.line) == (entry, line) else each
                for each in lines
            ),
        )
        for header, lines in rows
    ]


def codes_at(audit: JournalAudit, place: str) -> set[str]:
    """Return the codes of the faults at a place of the branch."""
    return {fault.code for fault in audit.faults if fault.place == f"lille {place}"}


def test_a_journal_as_it_was_posted_has_no_fault() -> None:
    """The audit and the book share no code: they have to agree by themselves."""
    book, entries = a_journal()

    audit = audit_of(book, rows_of(book, entries))

    assert [] == audit.faults
    assert (4, 4) == (audit.entries, audit.last_seq)
    totals = {
        no: (each.balance, each.given, each.received, each.version) for no, each in audit.totals.items()
    }
    assert totals == {
        state.no: (state.balance, state.given, state.received, state.version)
        for state in book.accounts.values()
        if state.version
    }


HEADER_CHANGES: dict[str, Any] = {
    "kind": "fee",
    "cause_kind": "redemption",
    "cause_ref": "99",
    "step": 7,
    "effective_us": 1,
    "effective_on": "2020-01-01",
    "recorded_us": 1,
    "actor": "coordinator:somebody",
    "counts_help": 0,
    "leaf": bytes(32),
}


@pytest.mark.parametrize("column", HEADER_CHANGES)
def test_every_fact_of_a_header_is_sealed_by_its_leaf(column: str) -> None:
    """One changed fact, and the entry no longer hashes to its leaf."""
    book, entries = a_journal()

    audit = audit_of(book, changed(rows_of(book, entries), 1, **{column: HEADER_CHANGES[column]}))

    assert "leaf_differs" in codes_at(audit, "entry 1")


@pytest.mark.parametrize(
    ("column", "value"),
    [("account_no", 2), ("side", "credit"), ("amount", 11), ("account_seq", 9), ("balance_after", 0)],
)
def test_every_fact_of_a_posting_is_sealed_by_the_leaf(column: str, value: object) -> None:
    """And the fold finds it as well, where numbers are concerned."""
    book, entries = a_journal()

    audit = audit_of(book, with_line(rows_of(book, entries), 2, 1, **{column: value}))

    assert "leaf_differs" in codes_at(audit, "entry 2")
    assert codes_at(audit, "entry 2") | codes_at(audit, "entry 2 line 1") > {"leaf_differs"}


def test_a_policy_that_is_not_stored_is_named() -> None:
    """Every entry freezes the version it was made under; the version has to be there."""
    book, entries = a_journal()

    audit = audit_of(book, resealed(book, changed(rows_of(book, entries), 2, policy_version=9)))

    assert [Fault("lille entry 2", "policy_unknown", "policy version 9 is not stored")] == audit.faults


Forgery = Callable[[Rows], Rows]
FORGERIES: dict[str, tuple[Forgery, str, str]] = {
    "an entry is missing": (lambda rows: [*rows[:1], *rows[2:]], "entry 2", "entry_missing"),
    "the first entry is missing": (lambda rows: rows[1:], "entry 1", "entry_missing"),
    "an entry is there twice": (lambda rows: [*rows[:2], *rows[1:]], "entry 3", "entry_missing"),
    "a line is missing": (
        lambda rows: [rows[0], (rows[1][0], rows[1][1][:2]), *rows[2:]],
        "entry 2",
        "entry_unbalanced",
    ),
    "a line in the middle is missing": (
        lambda rows: [rows[0], (rows[1][0], (rows[1][1][0], rows[1][1][2])), *rows[2:]],
        "entry 2",
        "posting_missing",
    ),
    "one line is left": (
        lambda rows: [rows[0], (rows[1][0], rows[1][1][:1]), *rows[2:]],
        "entry 2",
        "too_few_postings",
    ),
    "no line is left": (lambda rows: [rows[0], (rows[1][0], ()), *rows[2:]], "entry 2", "too_few_postings"),
    "an amount is different": (lambda rows: with_line(rows, 2, 1, amount=11), "entry 2", "entry_unbalanced"),
    "an amount is nothing": (
        lambda rows: with_line(rows, 2, 1, amount=0),
        "entry 2 line 1",
        "posting_invalid",
    ),
    "an amount is negative": (
        lambda rows: with_line(rows, 2, 1, amount=-10),
        "entry 2 line 1",
        "posting_invalid",
    ),
    "an amount is too large": (
        lambda rows: with_line(rows, 2, 1, amount=100_000_001),
        "entry 2 line 1",
        "posting_invalid",
    ),
    "a side is unknown": (
        lambda rows: with_line(rows, 2, 1, side="both"),
        "entry 2 line 1",
        "posting_invalid",
    ),
    "a version is skipped": (
        lambda rows: with_line(rows, 2, 1, account_seq=3),
        "entry 2 line 1",
        "account_sequence_gap",
    ),
    "a running balance is different": (
        lambda rows: with_line(rows, 2, 1, balance_after=81),
        "entry 2 line 1",
        "running_balance_differs",
    ),
    "minutes are paid in cents": (
        lambda rows: with_line(rows, 2, 3, account_no=6),
        "entry 2",
        "entry_unbalanced",
    ),
    "an entry is reversed twice": (
        lambda rows: [*rows[:3], (rows[3][0]._replace(reverses=1), rows[3][1])],
        "entry 4",
        "reversed_twice",
    ),
    "a reversal is reversed": (
        lambda rows: [*rows[:3], (rows[3][0]._replace(reverses=3), rows[3][1])],
        "entry 4",
        "reversal_reversed",
    ),
    "a reversal does not mirror": (
        lambda rows: [*rows[:3], (rows[3][0]._replace(reverses=2), rows[3][1])],
        "entry 4",
        "reversal_differs",
    ),
    "a reversal undoes nothing": (
        lambda rows: [*rows[:3], (rows[3][0]._replace(reverses=77), rows[3][1])],
        "entry 4",
        "reversal_dangling",
    ),
}


@pytest.mark.parametrize(("forge", "place", "code"), FORGERIES.values(), ids=FORGERIES.keys())
def test_what_breaks_a_rule_is_found_even_under_fresh_leaves(forge: Forgery, place: str, code: str) -> None:
    """The rules are checked by themselves: whoever recomputes the hashes still has to keep the books."""
    book, entries = a_journal()

    audit = audit_of(book, resealed(book, forge(rows_of(book, entries))))

    assert code in codes_at(audit, place)


def test_an_account_that_is_not_there_is_named() -> None:
    """The line is still folded, so that one missing account does not hide what is wrong with others."""
    book, entries = a_journal()

    audit = audit_of(book, with_line(rows_of(book, entries), 2, 1, account_no=77))

    assert {"account_missing", "account_sequence_gap", "running_balance_differs"} == codes_at(
        audit, "entry 2 line 1"
    )
    assert {"entry_unbalanced", "leaf_differs"} == codes_at(audit, "entry 2")


def test_a_held_account_below_zero_is_named() -> None:
    """I-6: more was spent than was reserved; the order of the lines inside an entry does not matter."""
    book = a_book(M1, held("m1"))
    inside = a_draft(
        debit(held("m1"), 5), credit(held("m1"), 5), debit(M1, 1), credit(M1, 1), cause=Cause("transfer", "1")
    )
    below = a_draft(debit(held("m1"), 5), credit(M1, 5), cause=Cause("transfer", "2"))
    entries = [book.post(draft, recorded_at=NOW) for draft in (inside, below)]

    audit = audit_of(book, rows_of(book, entries))

    detail = f"{held('m1')} falls to -5"
    assert [Fault("lille entry 2", "held_below_zero", detail)] == audit.faults


def test_an_entry_recorded_before_the_one_it_follows_is_named() -> None:
    """I-13: reads look for an instant by halves, so instants never go back; only the step back is named."""
    book, entries = a_journal()
    rows = rows_of(book, entries)
    later = rows[1][0].recorded_us + 5

    audit = audit_of(book, resealed(book, changed(rows, 2, recorded_us=later)))

    said = "it was recorded before the entry that it follows"
    assert [Fault("lille entry 3", "recorded_backwards", said)] == audit.faults


def test_faults_come_in_the_order_of_their_places() -> None:
    """Sorted, a report reads the same on every run."""
    first, second = Fault("lille entry 1", "z", "z"), Fault("lille entry 2", "a", "a")

    assert [first, second] == sorted([second, first])
    assert replace(first, detail="a") < first


def test_details_that_are_no_bytes_are_found() -> None:
    """A commitment of another kind makes no leaf: told as a fault, whatever the leaf says."""
    book, entries = a_journal()
    (header, lines), *rest = rows_of(book, entries)

    audit = audit_of(book, [(header._replace(details="text"), lines), *rest])  # type: ignore[arg-type]

    assert "leaf_differs" in {fault.code for fault in audit.faults}
