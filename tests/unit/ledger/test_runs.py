from collections.abc import Sequence
from typing import Any

import pytest
from tests.builders import NOW, a_book, a_draft, stored, stored_accounts
from tests.columns import columns_of

from timebank.ledger.audit import JournalAudit, StoredEntry, StoredLine
from timebank.ledger.canonical import head_text, leaf_of, line_text
from timebank.ledger.chart import available, held
from timebank.ledger.model import Cause, credit, debit
from timebank.ledger.runs import Columns, Likeness, RunFold, likeness_of
from timebank.ledger.segments import SegmentFold

M1, M2, HELD, FUND = available("m1"), available("m2"), held("m1"), "fund:branch"
Headers = list[StoredEntry]
Lines = list[StoredLine]


def a_journal(count: int = 6, *, helps: int = 1) -> tuple[JournalAudit, Headers, Lines]:
    """Return an audit before the first entry, and the rows of an imported journal of pairs."""
    book = a_book(M1, M2, HELD, FUND, units=("min", "EUR"))
    drafts = [
        a_draft(
            debit(M1, 5 + step), credit(M2, 5 + step), cause=Cause("import", "1", step), counts_help=helps
        )
        for step in range(1, count + 1)
    ]
    rows = [stored(book.post(draft, recorded_at=NOW), book) for draft in drafts]
    audit = JournalAudit("lille", stored_accounts(book), frozenset({1}))
    return audit, [header for header, _ in rows], [line for _, lines in rows for line in lines]


def sealed(audit: JournalAudit, headers: Headers, lines: Lines) -> Headers:
    """Return headers with leaves that fit."""
    found = []
    for header in headers:
        text = head_text(audit.branch, *header[:12])
        for line in lines:
            if line.entry_seq == header.seq:
                account = audit.accounts[line.account_no]
                facts = (line.side, line.amount, account.unit, account.path)
                text += line_text(*facts, line.account_seq, line.balance_after)
        found.append(header._replace(leaf=leaf_of(text.encode())))
    return found


def alike(headers: Headers) -> Likeness:
    """Return what headers have in common, which is enough for a run."""
    likeness = likeness_of("lille", headers)
    assert likeness is not None
    return likeness


def taken(fold: RunFold, likeness: Likeness, headers: Headers, lines: Lines, count: int) -> bool:
    """Have a fold take a chunk as SQLite hands it over."""
    columns = columns_of(likeness, headers, lines, first=fold.last_seq + 1)
    return columns is not None and fold.take_run(likeness, columns, count)


@pytest.mark.parametrize("helps", [-1, 0, 1])
def test_a_run_gives_what_the_careful_fold_gives(helps: int) -> None:
    """Whatever an entry counts as help."""
    audit, headers, lines = a_journal(helps=helps)
    careful, _, _ = a_journal()
    fold = RunFold(audit)

    assert taken(fold, alike(headers[:2]), headers[:4], lines[:8], 4)
    assert taken(fold, alike(headers[:2]), headers[4:], lines[8:], 2)
    fold.settle()
    for header in headers:
        careful.take(header, [line for line in lines if line.entry_seq == header.seq])

    assert not careful.faults
    for name in ("totals", "entries", "last_seq", "last_us", "cause_kinds", "has_reversals", "is_regular"):
        assert getattr(careful, name) == getattr(audit, name), name


def test_a_run_in_a_segment_comes_after_something_that_it_is_like() -> None:
    """So a segment knows when its first entry was recorded."""
    audit, headers, lines = a_journal()
    fold = SegmentFold(audit, 3)
    assert fold.take(headers[2:4], lines[4:8])

    assert taken(fold, alike(headers[2:4]), headers[4:], lines[8:], 2)

    segment = fold.result()
    assert (3, 6, headers[2].recorded_us) == (segment.first_seq, segment.last_seq, segment.first_us)
    assert {1: (-13, 2), 3: (13, 2)} == segment.starts
    assert {"import"} == segment.cause_kinds


OTHER: dict[str, Any] = {
    "kind": "hold",
    "cause_kind": "service",
    "cause_ref": "2",
    "recorded_us": 1,
    "policy_version": 2,
    "actor": "member:m1",
    "counts_help": 0,
    "reverses": 1,
}


@pytest.mark.parametrize(("column", "value"), OTHER.items(), ids=OTHER)
def test_headers_are_alike_in_all_but_number_step_and_time(column: str, value: object) -> None:
    """One that is not makes it no run, wherever it stands."""
    _, headers, _ = a_journal()
    assert likeness_of("lille", headers) is not None

    for at in (0, 3):
        odd, _ = entry_with(at, **{column: value})(headers, [])
        assert likeness_of("lille", odd) is None


def test_a_text_that_cannot_be_taken_apart_is_no_run() -> None:
    """A null character in the text of all headers: it marks what varies."""
    _, headers, _ = a_journal()

    assert likeness_of("lille", [header._replace(actor="a\0b") for header in headers]) is None


def entry_with(at: int, **facts: Any) -> Any:  # noqa: ANN401 - a change of the rows
    """Change a header."""
    return lambda headers, lines: ([*headers[:at], headers[at]._replace(**facts), *headers[at + 1 :]], lines)


def line_with(at: int, **facts: Any) -> Any:  # noqa: ANN401 - as above
    """Change a line."""
    return lambda headers, lines: (headers, [*lines[:at], lines[at]._replace(**facts), *lines[at + 1 :]])


def turned(headers: Headers, lines: Lines) -> tuple[Headers, Lines]:
    """Write the credit of an entry first."""
    two, three = lines[2]._replace(line=2), lines[3]._replace(line=1)
    return headers, [*lines[:2], three, two, *lines[4:]]


NO_RUN: dict[str, Any] = {
    "a header is missing": lambda headers, lines: (headers[1:], lines),
    "a header is not alike": entry_with(2, actor="member:m1"),
    "a number is another": entry_with(2, seq=7),
    "a day has a comma": entry_with(2, effective_on="2026,01"),
    "a leaf is short": entry_with(2, leaf=b"short"),
    "leaves are shifted": lambda headers, lines: (
        [
            headers[0]._replace(leaf=headers[0].leaf[:-1]),
            headers[1]._replace(leaf=headers[0].leaf[-1:] + headers[1].leaf),
            *headers[2:],
        ],
        lines,
    ),
    "a line is missing": lambda headers, lines: (headers, lines[:-1]),
    "a line is one too many": lambda headers, lines: (headers, [*lines, lines[-1]._replace(line=3)]),
    "a line is of another entry": line_with(3, entry_seq=3),
    "a credit comes first": turned,
    "a side is neither": line_with(3, side="both"),
    "amounts differ": line_with(3, amount=99),
}


@pytest.mark.parametrize("change", NO_RUN.values(), ids=NO_RUN)
def test_what_is_no_run_leaves_no_trace(change: Any) -> None:  # noqa: ANN401
    """The quick lane, which looks at more, takes the chunk: nothing is spoilt."""
    audit, headers, lines = a_journal()
    fold = RunFold(audit)

    odd, odd_lines = change(headers, lines)
    assert not taken(fold, alike(headers), odd, odd_lines, 6)

    assert not fold.is_spoilt
    assert taken(fold, alike(headers), headers, lines, 6)


@pytest.mark.parametrize(
    ("column", "value"), [("policy_version", 2), ("counts_help", 2), ("kind", "reversal"), ("recorded_us", 0)]
)
def test_what_is_the_same_throughout_must_be_right(column: str, value: object) -> None:
    """A policy that is there, help that is counted, no reversal, and nothing before the last entry."""
    audit, headers, lines = a_journal()
    audit.last_us = 1
    for at in range(6):
        headers, _ = entry_with(at, **{column: value})(headers, lines)
    headers = sealed(audit, headers, lines)
    fold = RunFold(audit)

    assert not taken(fold, alike(headers), headers, lines, 6)

    assert not fold.is_spoilt


def test_columns_of_other_lengths_are_no_run() -> None:
    """A comma in one value and a value missing elsewhere: no column is read past its end."""
    audit, headers, lines = a_journal()
    likeness = alike(headers)
    columns = columns_of(likeness, headers, lines, first=1)
    assert columns is not None

    for name in (
        "step",
        "effective_us",
        "effective_on",
        "account_no",
        "amount",
        "account_seq",
        "balance_after",
    ):
        fold = RunFold(audit)
        for odd in (f"{getattr(columns, name)},1", getattr(columns, name).rpartition(",")[0]):
            changes: dict[str, Any] = {name: odd}
            assert not fold.take_run(likeness, columns._replace(**changes), 6)
        assert not fold.is_spoilt


def pair(number: int, *sides: tuple[int, str, int, int, int]) -> list[StoredLine]:
    """Return the lines of an entry."""
    return [StoredLine(number, at, *side) for at, side in enumerate(sides, start=1)]


SPOILT: dict[str, Sequence[StoredLine]] = {
    "no such account": pair(6, (1, "debit", 11, 6, -51), (9, "credit", 11, 6, 51)),
    "the payer's version": pair(6, (1, "debit", 11, 7, -51), (3, "credit", 11, 6, 51)),
    "the payee's version": pair(6, (1, "debit", 11, 6, -51), (3, "credit", 11, 7, 51)),
    "the payer's balance": pair(6, (1, "debit", 11, 6, -50), (3, "credit", 11, 6, 51)),
    "the payee's balance": pair(6, (1, "debit", 11, 6, -51), (3, "credit", 11, 6, 50)),
    "no amount": pair(6, (1, "debit", 0, 6, -40), (3, "credit", 0, 6, 40)),
    "too large an amount": pair(6, (1, "debit", 10**9, 6, -40 - 10**9), (3, "credit", 10**9, 6, 40 + 10**9)),
    "two units": pair(6, (1, "debit", 11, 6, -51), (8, "credit", 11, 1, 11)),
    "one account": pair(6, (1, "debit", 11, 6, -51), (1, "credit", 11, 7, -40)),
    "a held account below zero": pair(6, (5, "debit", 11, 1, -11), (3, "credit", 11, 6, 51)),
}


@pytest.mark.parametrize("last", SPOILT.values(), ids=SPOILT)
def test_what_goes_wrong_in_a_run_spoils_the_fold(last: Sequence[StoredLine]) -> None:
    """Even where the leaf fits: nothing that was folded may be used."""
    audit, headers, lines = a_journal()
    assert ("min", "EUR") == (audit.accounts[1].unit, audit.accounts[8].unit)
    lines = [*lines[:10], *last]
    if all(line.account_no in audit.accounts for line in lines):
        headers = sealed(audit, headers, lines)
    fold = RunFold(audit)

    assert not taken(fold, alike(headers), headers, lines, 6)

    assert fold.is_spoilt


def test_a_changed_entry_spoils_the_fold() -> None:
    """Its leaf does not fit, whatever was changed."""
    _, headers, lines = a_journal()
    for change in (
        entry_with(5, leaf=bytes(32)),
        entry_with(5, step=9),
        entry_with(5, effective_us=9),
        entry_with(5, effective_on="2026-01-13"),
    ):
        fold = RunFold(a_journal()[0])
        changed, same_lines = change(headers, lines)
        assert not taken(fold, alike(headers), changed, same_lines, 6)
        assert fold.is_spoilt


def test_columns_are_what_the_run_says() -> None:
    """The order of the columns is that of the two queries."""
    _, headers, lines = a_journal(2)

    columns = columns_of(alike(headers), headers, lines, first=1)

    assert columns is not None
    assert ("1,2", "1,2", "0,1,2,3") == (columns.seq, columns.step, columns.place)
    assert ("1,3,1,3", "6,6,7,7", "1,1,2,2", "-6,6,-13,13") == columns[6:10]
    assert (64, 32) == (len(columns.leaves), columns.leaf_least)
    assert Columns._fields[-1] == "place"
