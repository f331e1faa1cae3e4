"""The fast lane of the audit against the careful fold, which is the specification."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.builders import NOW, TODAY, a_book, a_draft, stored, stored_accounts
from tests.typed import folded

from timebank.ledger.audit import JournalAudit, StoredEntry, StoredLine
from timebank.ledger.book import Book
from timebank.ledger.canonical import head_text, leaf_of, line_text
from timebank.ledger.chart import available, held
from timebank.ledger.model import Actor, Cause, JournalEntry, Posting, Role, credit, debit
from timebank.ledger.quick import QuickFold
from timebank.ledger.reversal import reverse
from timebank.ledger.segments import Segment, SegmentFold, join

PATHS = (available("m1"), available("m2"), held("m1"), "fund:branch")
UNITS = ("min", "EUR")
Rows = list[tuple[StoredEntry, tuple[StoredLine, ...]]]
amounts = st.integers(1, 200)


commitments = st.sampled_from([None, None, bytes(32), bytes(range(32))])
"""Of details; most entries have none."""


@st.composite
def pairs(draw: st.DrawFn) -> list[Posting]:
    """Draw a debit and a credit of one unit."""
    unit, amount = draw(st.sampled_from(UNITS)), draw(amounts)
    payer, payee = draw(st.lists(st.sampled_from(PATHS), min_size=2, max_size=2, unique=True))
    return [debit(payer, amount, unit), credit(payee, amount, unit)]


@st.composite
def journals(draw: st.DrawFn) -> tuple[Book, Rows]:
    """Draw a journal of exchanges, of entries with many lines and two units, and of reversals."""
    book = a_book(*PATHS, units=UNITS)
    entries: list[JournalEntry] = []
    for number in range(draw(st.integers(0, 8))):
        is_undo: bool = draw(st.sampled_from([True, False, False, False]))
        if entries and is_undo:
            entry = entries[-1]
            if entry.draft.reverses is None:
                undo = reverse(
                    entry,
                    reversed_by=None,
                    actor=Actor(role=Role.COORDINATOR, ref="desk"),
                    effective_at=NOW,
                    effective_on=TODAY,
                    policy_version=1,
                )
                entries.append(book.post(undo, recorded_at=NOW))
                continue
        postings = [line for pair in draw(st.lists(pairs(), min_size=1, max_size=3)) for line in pair]
        draft = a_draft(
            *postings,
            cause=Cause("transfer", str(number)),
            counts_help=draw(st.sampled_from([-1, 0, 1])),
            details=draw(commitments),
        )
        entries.append(book.post(draft, recorded_at=NOW, enforce_limits=False))
    return book, [stored(entry, book) for entry in entries]


def odd_values(old: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - whatever a cell holds
    """Draw another value for a cell: near the old one, of another kind, or the same."""
    near = st.integers(-2, 2).map(lambda off: old + off if isinstance(old, int) else off)
    other = st.sampled_from([None, "", "credit", "debit", "transfer", 0, 1, -1, 1.0, 10**9, b"x", "ü\ud800"])
    return near | other | st.just(old)


@st.composite
def tampered(draw: st.DrawFn, odd: Callable[[Any], st.SearchStrategy[Any]] = odd_values) -> tuple[Book, Rows]:
    """Draw a journal in which some cells were changed, entries or lines left out or doubled."""
    book, rows = draw(journals())
    for _ in range(draw(st.integers(0, 2))):
        if not rows:
            break
        at = draw(st.integers(0, len(rows) - 1))
        header, lines = rows[at]
        match draw(
            st.sampled_from(["header", "line", "line", "no entry", "no line", "line twice", "sealed"])
        ):
            case "header":
                column = draw(st.sampled_from(StoredEntry._fields))
                rows[at] = (header._replace(**{column: draw(odd_cell(odd, header, column))}), lines)
            case "line" if lines:
                changed, column = draw(st.sampled_from(lines)), draw(st.sampled_from(StoredLine._fields[1:]))
                new = changed._replace(**{column: draw(odd(getattr(changed, column)))})
                rows[at] = (header, tuple(new if each is changed else each for each in lines))
            case "no entry":
                del rows[at]
            case "no line":
                rows[at] = (header, lines[:-1])
            case "line twice":
                rows[at] = (header, (*lines, *lines[-1:]))
            case _:
                rows[at] = (resealed(book, header, lines), lines)
    return book, rows


def resealed(book: Book, header: StoredEntry, lines: Sequence[StoredLine]) -> StoredEntry:
    """Return a header with a leaf that fits: what a forger who knows the format would do."""
    accounts = stored_accounts(book)
    if not isinstance(header.details, bytes | None):
        return header
    text = head_text(book.branch, *header[:-1])
    for line in lines:
        account = accounts.get(line.account_no)
        unit, path = ("?", "?") if account is None else (account.unit, account.path)
        text += line_text(line.side, line.amount, unit, path, line.account_seq, line.balance_after)
    return header._replace(leaf=leaf_of(text.encode(errors="replace")))


def an_audit_of(book: Book) -> JournalAudit:
    """Return an audit before the first entry."""
    return JournalAudit(book.branch, stored_accounts(book), frozenset({1}))


def is_clean(audit: JournalAudit, rows: Rows) -> bool:
    """Tell whether the careful fold finds nothing in the rows; it may not even be able to read them."""
    try:
        for header, lines in rows:
            audit.take(header, lines)
    except (TypeError, ValueError):
        return False
    return not audit.faults


def plain(rows: Rows) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return headers and lines as a driver hands them over."""
    return [tuple(header) for header, _ in rows], [tuple(line) for _, lines in rows for line in lines]


def totals_of(audit: JournalAudit) -> dict[int, tuple[int, int, int, int]]:
    """Return what an audit knows of each account that was posted to."""
    return {no: (each.balance, each.given, each.received, each.version) for no, each in audit.totals.items()}


@given(tampered())
def test_the_fast_lane_accepts_what_the_careful_fold_finds_nothing_in(case: tuple[Book, Rows]) -> None:
    """And nothing else; either way it goes on from where the careful fold would."""
    book, rows = case
    careful, quick = an_audit_of(book), an_audit_of(book)

    fold = QuickFold(quick)
    accepted = fold.take(*plain(rows))
    fold.settle()

    assert is_clean(careful, rows) == accepted
    expected = careful if accepted else an_audit_of(book)
    assert totals_of(expected) == totals_of(quick)
    assert (expected.entries, expected.last_seq, expected.last_us) == (
        quick.entries,
        quick.last_seq,
        quick.last_us,
    )


@given(journals(), st.data())
def test_a_chunk_that_is_refused_leaves_no_trace(case: tuple[Book, Rows], data: st.DataObject) -> None:
    """What came before it stays; the careful fold goes on from there."""
    book, rows = case
    cut = data.draw(st.integers(0, len(rows)))
    before, after = rows[:cut], rows[cut:]
    audit, expected = an_audit_of(book), an_audit_of(book)
    assume(is_clean(expected, before))
    fold = QuickFold(audit)
    assert fold.take(*plain(before))

    if after:
        header, lines = after[-1]
        assert not fold.take(*plain([*after[:-1], (header._replace(leaf=b""), lines)]))
    fold.settle()

    assert totals_of(expected) == totals_of(audit)
    assert (expected.entries, expected.last_seq) == (audit.entries, audit.last_seq)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Book, Rows]:
    """Draw an imported journal of pairs in which some values were changed for others of their type."""
    book = a_book(*PATHS, units=UNITS)
    helps = draw(st.sampled_from([-1, 0, 1]))
    has_details = draw(st.booleans())
    rows = []
    for number in range(draw(st.integers(1, 8))):
        draft = a_draft(
            *draw(pairs()),
            cause=Cause("import", "1", number + 1),
            counts_help=helps,
            details=draw(commitments) if has_details else None,
        )
        rows.append(stored(book.post(draft, recorded_at=NOW, enforce_limits=False), book))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(rows) - 1))
        header, lines = rows[at]
        table = draw(st.sampled_from(["header", "line", "turned", "line gone", "sealed", "sealed"]))
        if table == "header":
            column = draw(st.sampled_from(StoredEntry._fields))
            rows[at] = (header._replace(**{column: draw(odd_cell(other_value, header, column))}), lines)
        elif table == "line":
            changed, column = draw(st.sampled_from(lines)), draw(st.sampled_from(StoredLine._fields))
            new = changed._replace(**{column: draw(other_value(getattr(changed, column)))})
            rows[at] = (header, tuple(new if each is changed else each for each in lines))
        elif table == "turned":
            rows[at] = (header, tuple(each._replace(line=3 - each.line) for each in reversed(lines)))
        elif table == "line gone":
            rows[at] = (header, lines[:-1])
        else:
            rows[at] = (resealed(book, header, lines), lines)
    return book, rows


def other_value(old: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - whatever a cell holds
    """Draw another value of the same type."""
    if isinstance(old, bytes):
        return st.sampled_from([b"", old[1:], old + b"x", bytes(32)])
    if isinstance(old, str):
        return st.sampled_from(
            ["", "reversal", "1", "a,b", "a\nb", "a\0b", "%s", "credit", "debit", f"{old} "]
        )
    if old is None:
        return st.integers(1, 3)
    return st.integers(-2, 2).map(lambda off: old + off) | st.sampled_from([0, 1, -1, 10**9, 2**40])


def odd_cell(
    odd: Callable[[Any], st.SearchStrategy[Any]], header: StoredEntry, column: str
) -> st.SearchStrategy[Any]:
    """Draw another value for a cell of a header; that of details, which may be empty, is of its type, too."""
    if column == "details" and odd is other_value:
        return st.sampled_from([None, b"", bytes(31), bytes(32)])
    return odd(getattr(header, column))


@given(st.one_of(runs(), tampered(odd=other_value)), st.integers(1, 9))
def test_chunks_by_column_are_accepted_where_the_careful_fold_finds_nothing(
    case: tuple[Book, Rows], size: int
) -> None:
    """And nowhere else; and give the same, whatever is taken by row in between."""
    book, rows = case
    lines = [line for _, lines in rows for line in lines]
    assume(all(line.entry_seq == header.seq for header, lines in rows for line in lines))
    assume(all(one.seq < other.seq for (one, _), (other, _) in pairwise(rows)))
    assume(all(one[:2] < other[:2] for one, other in pairwise(lines)))
    careful, joined = an_audit_of(book), an_audit_of(book)

    headers = [header for header, _ in rows]
    segment, _ = folded(an_audit_of(book), headers, lines, last=len(rows), size=size)

    follows = segment is not None and join(joined, segment)
    assert is_clean(careful, rows) == follows
    if follows:
        assert totals_of(careful) == totals_of(joined)
        assert (careful.entries, careful.last_seq, careful.last_us) == (
            joined.entries,
            joined.last_seq,
            joined.last_us,
        )
        assert (careful.cause_kinds, careful.has_reversals, careful.is_regular) == (
            joined.cause_kinds,
            joined.has_reversals,
            joined.is_regular,
        )


def folded_alone(book: Book, rows: Rows, first: int) -> Segment | None:
    """Fold a stretch by itself, as a worker does, and send it as a worker does."""
    fold = SegmentFold(an_audit_of(book), first)
    half = len(rows) // 2
    if not (fold.take(*plain(rows[:half])) and fold.take(*plain(rows[half:]))):
        return None
    return Segment.of_json(fold.result().to_json())


@given(tampered(), st.data())
def test_segments_put_together_are_the_whole(case: tuple[Book, Rows], data: st.DataObject) -> None:
    """However the journal is cut: all segments are accepted and follow iff the careful fold finds nothing."""
    book, rows = case
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(rows) - 1)), max_size=3)) | {0, len(rows)})
    careful, joined = an_audit_of(book), an_audit_of(book)

    follows = True
    for first, last in pairwise(cuts):
        segment = folded_alone(book, rows[first:last], first + 1)
        follows = follows and segment is not None and join(joined, segment)

    assert is_clean(careful, rows) == follows
    if follows:
        assert totals_of(careful) == totals_of(joined)
        assert (careful.entries, careful.last_seq) == (joined.entries, joined.last_seq)
