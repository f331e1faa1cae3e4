from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import typed
from tests.builders import NOW, a_book, a_draft, stored, stored_accounts

from timebank.ledger.audit import JournalAudit, StoredEntry, StoredLine
from timebank.ledger.canonical import head_text, leaf_of, line_text
from timebank.ledger.chart import available, held
from timebank.ledger.model import Cause, EntryDraft, EntryKind, credit, debit
from timebank.ledger.segments import Segment, SegmentFold
from timebank.storage.columnar import ColumnFold
from timebank.storage.typed import PAUSE_MOST

M1, M2, HELD, FUND = available("m1"), available("m2"), held("m1"), "fund:branch"
Headers = list[StoredEntry]
Lines = list[StoredLine]
Rows = tuple[Headers, Lines]
Details = Sequence[bytes | None]
COMMITTED = bytes(range(32))
MIXED: Details = (COMMITTED, None, bytes(32), None, COMMITTED[::-1], None)
SHAPES = {
    "pair": (debit(M1, 5), credit(M2, 5)),
    "back": (debit(M2, 3), credit(M1, 3)),
    "levy": (debit(M1, 2), debit(M2, 3), credit(FUND, 5)),
    "units": (debit(M1, 2), credit(M2, 2), debit(M1, 7, "EUR"), credit(FUND, 7, "EUR")),
    "twice": (debit(M1, 4), credit(M2, 1), credit(M2, 3)),
}


def a_journal(*drafts: EntryDraft) -> tuple[JournalAudit, Rows]:
    """Return an audit before the first entry, and the rows of a journal."""
    book = a_book(M1, M2, HELD, FUND, units=("min", "EUR"))
    rows = [stored(book.post(draft, recorded_at=NOW), book) for draft in drafts]
    audit = JournalAudit("lille", stored_accounts(book), frozenset({1}))
    return audit, ([header for header, _ in rows], [line for _, lines in rows for line in lines])


def a_draft_of(step: int, shape: str = "pair", *, helps: int = 1) -> EntryDraft:
    """Return one of the drafts of an import."""
    return a_draft(*SHAPES[shape], cause=Cause("import", "1", step), counts_help=helps)


def six(*, helps: int = 1, shape: str = "pair", details: Details = (None,) * 6) -> tuple[JournalAudit, Rows]:
    """Return a journal of six entries that are alike, but for their details."""
    return a_journal(
        *(replace(a_draft_of(at, shape, helps=helps), details=each) for at, each in enumerate(details, 1))
    )


def sealed(audit: JournalAudit, rows: Rows) -> Rows:
    """Return the rows with leaves that fit."""
    found = []
    for header in rows[0]:
        text = head_text(audit.branch, *header[:-1])
        for line in rows[1]:
            if line.entry_seq == header.seq:
                account = audit.accounts[line.account_no]
                facts = (line.side, line.amount, account.unit, account.path)
                text += line_text(*facts, line.account_seq, line.balance_after)
        found.append(header._replace(leaf=leaf_of(text.encode())))
    return found, rows[1]


def folded(
    audit: JournalAudit, rows: Rows, *, first: int = 1, last: int | None = None, size: int = 3
) -> tuple[Segment | None, list[bool]]:
    """Fold a stretch, three entries at once; returns the segment and what was taken by column."""
    return typed.folded(audit, *rows, first=first, last=len(rows[0]) if last is None else last, size=size)


def by_row(audit: JournalAudit, rows: Rows) -> Segment | None:
    """Fold all rows in the quick lane."""
    fold = SegmentFold(audit, 1)
    return fold.result() if fold.take(*rows) else None


def carefully(audit: JournalAudit, rows: Rows) -> JournalAudit:
    """Fold all rows carefully."""
    for header in rows[0]:
        audit.take(header, [line for line in rows[1] if line.entry_seq == header.seq])
    return audit


def a_fresh(audit: JournalAudit) -> JournalAudit:
    """Return the audit as it was before the first entry."""
    return JournalAudit(audit.branch, audit.accounts, audit.policy_versions)


@pytest.mark.parametrize("helps", [-1, 0, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_columns_give_what_rows_give(helps: int, shape: str) -> None:
    """Whatever an entry counts as help, and however many postings it has."""
    audit, rows = six(helps=helps, shape=shape)

    segment, tried = folded(a_fresh(audit), rows)

    assert segment is not None
    assert by_row(a_fresh(audit), rows) == segment
    assert [True, True] == tried
    careful = carefully(a_fresh(audit), rows)
    assert not careful.faults
    assert {
        no: (each.balance, each.given, each.received, each.version) for no, each in careful.totals.items()
    } == (segment.ends)


@settings(deadline=None)
@given(
    details=st.lists(st.one_of(st.none(), st.binary(min_size=32, max_size=32)), min_size=2, max_size=12),
    shape=st.sampled_from(sorted(SHAPES)),
)
def test_entries_with_details_and_without_are_taken_together(details: Details, shape: str) -> None:
    """In any mixture: else the audit of nearly every real journal would go the slower way."""
    audit, rows = six(shape=shape, details=details)

    segment, tried = folded(a_fresh(audit), rows, size=len(details))

    assert segment is not None
    assert by_row(a_fresh(audit), rows) == segment
    assert [True] == tried


def test_the_first_details_of_a_journal_cost_one_chunk() -> None:
    """What headers had in common so far has to be learned anew; then all goes on by column."""
    audit, rows = six(details=(None,) * 3 + (COMMITTED, None, bytes(32)) * 3)

    segment, tried = folded(a_fresh(audit), rows)

    assert by_row(a_fresh(audit), rows) == segment is not None
    assert [True, False, True, True] == tried


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("forged", [None, b"", bytes(31), b"\xff" * 32])
def test_no_column_accepts_other_details(at: int, forged: bytes | None) -> None:
    """Taken away, added, emptied or exchanged in a chunk that holds both kinds of entries."""
    audit, rows = six(details=MIXED)
    if forged is None and MIXED[at] is None:
        forged = COMMITTED

    segment, tried = folded(a_fresh(audit), header_with(at, details=forged)(rows), size=6)

    assert segment is None
    assert [False] == tried


@settings(deadline=None)
@given(data=st.data())
def test_a_journal_of_any_entries_is_folded_as_by_row(data: st.DataObject) -> None:
    """Headers that differ in everything, reversals, and chunks taken by row in between."""
    book = a_book(M1, M2, HELD, FUND, units=("min", "EUR"))
    rows: Rows = ([], [])
    for number in range(1, data.draw(st.integers(1, 14)) + 1):
        draft = a_draft(
            *SHAPES[data.draw(st.sampled_from(sorted(SHAPES)))],
            cause=Cause(
                data.draw(st.sampled_from(["import", "transfer"])), str(data.draw(st.integers(1, 2))), number
            ),
            counts_help=data.draw(st.sampled_from([-1, 0, 1])),
            details=data.draw(st.sampled_from([None, bytes(32), bytes(range(32))])),
        )
        if number > 1 and data.draw(st.integers(0, 4)) == 0:
            draft = replace(draft, kind=EntryKind.REVERSAL, reverses=data.draw(st.integers(1, number - 1)))
        header, lines = stored(book.post(draft, recorded_at=NOW), book)
        rows[0].append(header)
        rows[1].extend(lines)
    audit = JournalAudit("lille", stored_accounts(book), frozenset({1}))

    segment, _ = folded(a_fresh(audit), rows)

    assert segment is not None
    assert by_row(a_fresh(audit), rows) == segment


def test_a_segment_may_begin_anywhere() -> None:
    """Its accounts begin as their first postings claim."""
    audit, rows = six()

    segment, tried = folded(audit, rows, first=4)

    assert segment is not None
    assert (4, 6, rows[0][3].recorded_us) == (segment.first_seq, segment.last_seq, segment.first_us)
    assert {1: (-15, 3), 3: (15, 3)} == segment.starts
    assert [True] == tried


def header_with(at: int, **facts: Any) -> Callable[[Rows], Rows]:  # noqa: ANN401 - whatever is stored
    """Change a header."""
    return lambda rows: ([*rows[0][:at], rows[0][at]._replace(**facts), *rows[0][at + 1 :]], rows[1])


def line_with(at: int, **facts: Any) -> Callable[[Rows], Rows]:  # noqa: ANN401 - as above
    """Change a line."""
    return lambda rows: (rows[0], [*rows[1][:at], rows[1][at]._replace(**facts), *rows[1][at + 1 :]])


def pair(*sides: tuple[int, str, int, int, int]) -> Callable[[Rows], Rows]:
    """Give the last entry other lines."""
    return lambda rows: (
        rows[0],
        [*rows[1][:10], *(StoredLine(6, at, *side) for at, side in enumerate(sides, start=1))],
    )


ODD: dict[str, Callable[[Rows], Rows]] = {
    "a header in the middle is missing": lambda rows: ([*rows[0][:4], rows[0][5]], rows[1]),
    "a number is another": header_with(4, seq=7),
    "a day has a comma": header_with(4, effective_on="2026,01"),
    "a day": header_with(4, effective_on="2026-01-14"),
    "a step": header_with(4, step=9),
    "an instant": header_with(4, effective_us=9),
    "an actor": header_with(4, actor="member:m2"),
    "details, where there are none": header_with(4, details=bytes(32)),
    "a null character": header_with(4, actor="coordinator:desk\0"),
    "an actor throughout": lambda rows: ([each._replace(actor="member:m2") for each in rows[0]], rows[1]),
    "a kind": header_with(4, kind="transfer"),
    "a cause": header_with(4, cause_ref="2"),
    "recorded backwards": header_with(4, recorded_us=1),
    "a policy that is not there": header_with(4, policy_version=2),
    "help that counts twice": header_with(4, counts_help=2),
    "a leaf": header_with(4, leaf=bytes(32)),
    "a short leaf": header_with(4, leaf=b"short"),
    "leaves are shifted": lambda rows: (
        [
            *rows[0][:4],
            rows[0][4]._replace(leaf=rows[0][4].leaf[:-1]),
            rows[0][5]._replace(leaf=rows[0][4].leaf[-1:] + rows[0][5].leaf),
        ],
        rows[1],
    ),
    "a line is missing": lambda rows: (rows[0], rows[1][:-1]),
    "all lines are missing": lambda rows: (rows[0], rows[1][:6]),
    "a line is one too many": lambda rows: (rows[0], [*rows[1], rows[1][-1]._replace(line=3)]),
    "a line has another number": line_with(9, line=3),
    "a line is of another entry": line_with(9, entry_seq=6, line=3),
    "an amount is no number": line_with(9, amount="many"),
    "a version is no number": line_with(9, account_seq="4th"),
    "a side is neither": line_with(9, side="both"),
    "amounts differ": line_with(9, amount=6),
    "a side is missing": line_with(9, side=None),
    "no such account": pair((1, "debit", 5, 6, -30), (99, "credit", 5, 6, 30)),
    "an account far beyond": pair((1, "debit", 5, 6, -30), (10**12, "credit", 5, 6, 30)),
    "an account below zero": pair((1, "debit", 5, 6, -30), (-1, "credit", 5, 6, 30)),
    "the payer's version": pair((1, "debit", 5, 7, -30), (3, "credit", 5, 6, 30)),
    "the payee's version": pair((1, "debit", 5, 6, -30), (3, "credit", 5, 7, 30)),
    "the payer's balance": pair((1, "debit", 5, 6, -29), (3, "credit", 5, 6, 30)),
    "the payee's balance": pair((1, "debit", 5, 6, -30), (3, "credit", 5, 6, 29)),
    "no amount": pair((1, "debit", 0, 6, -25), (3, "credit", 0, 6, 25)),
    "too large an amount": pair((1, "debit", 10**9, 6, -25 - 10**9), (3, "credit", 10**9, 6, 25 + 10**9)),
    "two units": pair((1, "debit", 5, 6, -30), (8, "credit", 5, 1, 5)),
    "a held account below zero": pair((5, "debit", 5, 1, -5), (3, "credit", 5, 6, 30)),
    "another's held account": pair((1, "debit", 5, 6, -30), (3, "credit", 5, 6, 30), (5, "debit", 5, 1, -5)),
}
"""A change in the second chunk of six alike entries."""


@pytest.mark.parametrize("is_sealed", [False, True], ids=["", "sealed"])
@pytest.mark.parametrize("details", [(None,) * 6, MIXED], ids=["", "mixed"])
@pytest.mark.parametrize("shape", ["pair", "back"])
@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_what_the_careful_fold_refuses_no_column_accepts(
    change: Callable[[Rows], Rows], shape: str, details: Details, *, is_sealed: bool
) -> None:
    """Even where leaves fit; and whatever it does not refuse is folded to the same end."""
    audit, rows = six(shape=shape, details=details)
    odd = change(rows)
    if is_sealed and all(line.account_no in audit.accounts for line in odd[1]):
        odd = sealed(audit, odd)

    segment, tried = folded(a_fresh(audit), odd, last=6)

    assert tried
    if segment is not None:
        careful = carefully(a_fresh(audit), odd)
        assert not careful.faults
        assert 6 == careful.last_seq == careful.entries == len({line.entry_seq for line in odd[1]})
        assert by_row(a_fresh(audit), odd) == segment


@pytest.mark.parametrize(
    ("facts", "others"),
    [
        ({"counts_help": 2}, {}),
        ({"policy_version": 2}, {}),
        ({"kind": "reversal"}, {}),
        ({"reverses": 1}, {}),
        ({"reverses": 5, "kind": "reversal"}, {}),
        ({"reverses": 1}, {"kind": "reversal"}),
    ],
)
def test_headers_that_are_not_regular_are_left_to_the_rows(facts: Any, others: Any) -> None:  # noqa: ANN401
    """The quick lane says what is to be said of them; a column accepts none, whether all are so or one is."""
    audit, rows = six()
    for changed in (
        header_with(4, **facts)(header_with(3, **others)(rows)),
        ([each._replace(**facts) for each in rows[0]], rows[1]),
    ):
        odd = sealed(audit, changed)

        segment, tried = folded(a_fresh(audit), odd)

        assert by_row(a_fresh(audit), odd) == segment
        assert not all(tried)


def test_a_policy_or_an_instant_may_change_on_the_way() -> None:
    """Between chunks, or within one."""
    audit, rows = six()
    audit.policy_versions = frozenset({1, 2})
    later = [header._replace(policy_version=2, recorded_us=header.recorded_us + 1) for header in rows[0][3:]]
    for headers in (
        [*rows[0][:3], *later],
        [*rows[0][:4], *later[1:]],
        [*rows[0][:4], later[1], later[2]._replace(recorded_us=later[2].recorded_us + 1)],
    ):
        changed = sealed(audit, (headers, rows[1]))

        segment, _ = folded(a_fresh(audit), changed)

        assert segment is not None
        assert by_row(a_fresh(audit), changed) == segment
        assert segment.last_us > rows[0][0].recorded_us


def a_long_journal(count: int) -> tuple[JournalAudit, Rows]:
    """Return a journal of entries that are alike."""
    return a_journal(*(a_draft_of(step) for step in range(1, count + 1)))


def test_what_changes_again_and_again_is_no_longer_compared() -> None:
    """It is handed over instead: no chunk is taken by row for its sake any more."""
    audit, rows = a_long_journal(30)
    changed = sealed(
        audit, ([each._replace(actor=f"member:m{(each.seq - 1) // 3}") for each in rows[0]], rows[1])
    )

    segment, tried = folded(a_fresh(audit), changed)

    assert by_row(a_fresh(audit), changed) == segment
    assert [True] * 7 == tried, "all but three"


def test_where_nothing_is_learned_nobody_tries_for_a_while() -> None:
    """Each time for twice as long: what is saved in one journal must not be lost in another."""
    audit, rows = a_long_journal(300)
    changed = sealed(audit, ([each._replace(counts_help=2) for each in rows[0]], rows[1]))

    segment, tried = folded(a_fresh(audit), changed)

    assert by_row(a_fresh(audit), changed) == segment
    assert [False] * 7 == tried, "of a hundred"
    assert PAUSE_MOST == 32


def test_accounts_taken_by_row_go_on_by_column() -> None:
    """And the other way round; an account with a number out of reach is always taken by row."""
    audit, rows = a_long_journal(9)
    far = {**audit.accounts, 10**9: audit.accounts[3]._replace(no=10**9)}
    audit.accounts = far
    moved = [
        line._replace(account_no=10**9, account_seq=1, balance_after=line.amount)
        if (line.entry_seq, line.line) == (2, 2)
        else line._replace(account_seq=line.account_seq - 1, balance_after=line.balance_after - 5)
        if line.account_no == 3 and line.entry_seq > 2
        else line
        for line in rows[1]
    ]
    changed = sealed(audit, (rows[0], moved))

    segment, tried = folded(a_fresh(audit), changed)

    assert by_row(a_fresh(audit), changed) == segment
    assert [False, True] == tried
    assert not carefully(a_fresh(audit), changed).faults


def test_a_great_many_accounts_are_sorted_by_longer_keys() -> None:
    """More than a short number counts."""
    audit, rows = six()
    first = audit.accounts[1]
    audit.accounts = {
        **{no: first._replace(no=no, path=f"fund:f{no}") for no in range(20, 66_000)},
        **audit.accounts,
    }

    assert by_row(a_fresh(audit), rows) == folded(a_fresh(audit), rows)[0]


def test_numbers_too_large_to_be_added_are_left_to_the_rows() -> None:
    """There they are added without end."""
    audit, rows = six()
    lines = [
        line._replace(balance_after=line.balance_after + 2**62) if line.account_no == 3 else line
        for line in rows[1]
    ]
    changed = sealed(audit, (rows[0], lines))

    segment, tried = folded(a_fresh(audit), changed)

    assert by_row(a_fresh(audit), changed) == segment
    assert not any(tried)


def test_a_fold_that_has_taken_nothing_gives_nothing_back() -> None:
    """Its accounts have not begun."""
    audit, _ = six()
    fold = SegmentFold(audit, 1)

    ColumnFold(fold).give_back()

    assert {} == fold.running
