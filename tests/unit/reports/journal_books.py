"""Random books for the tests of journals: any accounts, units and days, out of date order, with reversals."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from hypothesis import strategies as st
from tests.builders import a_book, a_draft

from timebank.ledger.book import Book
from timebank.ledger.model import Actor, Cause, EntryKind, JournalEntry, Posting, Side
from timebank.ledger.reversal import reverse
from timebank.reports.journals import JournalAccount, JournalBook

REFERENCES: Final = st.from_regex(r"[a-z0-9][a-z0-9-]{0,6}", fullmatch=True)
PATHS: Final = st.one_of(
    st.builds("member:{}:{}".format, REFERENCES, st.sampled_from(("available", "held", "grant"))),
    st.builds("{}:{}".format, st.sampled_from(("fund", "issuance", "clearing", "suspense")), REFERENCES),
)
UNITS: Final = st.sampled_from(("min", "min", "svc", "EUR", "JPY"))
DAYS: Final = st.dates(date(1970, 1, 1), date(2200, 12, 31))
AMOUNTS: Final = st.one_of(st.integers(1, 200), st.integers(1, 100_000_000))
ACTORS: Final = ("coordinator:desk", "member:m1", "member:m7@locmine", "member:m1@lille+p-2#3")
CAUSES: Final = ("service", "transfer", "redemption", "import")


@dataclass(frozen=True, slots=True)
class Sample:
    """A book with the entries that led to it."""

    book: JournalBook
    entries: tuple[JournalEntry, ...]

    @property
    def balances(self) -> dict[tuple[str, str], int]:
        """Balance of each account in debit, as plain-text accounting signs it, without those of zero."""
        return {(each.path, each.unit): -each.balance for each in self.book.accounts if each.balance}


@st.composite
def a_sample(draw: st.DrawFn) -> Sample:
    """Draw a book."""
    paths = draw(st.lists(PATHS, min_size=2, max_size=6, unique=True))
    units = draw(st.lists(UNITS, min_size=1, max_size=3, unique=True))
    book = a_book(*paths, units=units)
    entries: list[JournalEntry] = []
    reversed_before: set[int] = set()
    for number in range(1, draw(st.integers(0, 8)) + 1):
        on = draw(DAYS)
        at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC) + timedelta(
            microseconds=draw(st.integers(0, 2))
        )
        original = draw(st.sampled_from([None, *entries]))
        if original is None or original.seq in reversed_before or original.draft.reverses is not None:
            draft = a_draft(
                *draw(some_postings(paths, units)),
                kind=EntryKind.SERVICE,
                cause=Cause(draw(st.sampled_from(CAUSES)), str(number)),
                counts_help=draw(st.sampled_from((0, 1))),
                actor=Actor.parse(draw(st.sampled_from(ACTORS))),
                effective_at=at,
                effective_on=on,
            )
        else:
            reversed_before.add(original.seq)
            draft = reverse(
                original,
                reversed_by=None,
                actor=Actor.parse("coordinator:desk"),
                effective_at=at,
                effective_on=on,
                policy_version=2,
            )
        recorded_at = at + timedelta(days=draw(st.integers(0, 3)) if on.year < 2200 else 0)
        entries.append(book.post(draft, recorded_at=recorded_at, enforce_limits=False))
    return Sample(journal_book_of(book, entries, opened_on=draw(DAYS)), tuple(entries))


@st.composite
def some_postings(draw: st.DrawFn, paths: list[str], units: list[str]) -> tuple[Posting, ...]:
    """Draw postings that balance in each of some units: one side in one piece, the other in one or two."""
    postings: list[Posting] = []
    for unit in draw(st.lists(st.sampled_from(units), min_size=1, max_size=2, unique=True)):
        path, *others = draw(st.permutations(paths))
        amounts = draw(st.lists(AMOUNTS, min_size=1, max_size=min(2, len(others))))
        if sum(amounts) > 100_000_000:
            amounts = amounts[:1]
        side = draw(st.sampled_from(Side))
        postings.append(Posting(path, unit, side, sum(amounts)))
        postings += (
            Posting(other, unit, side.opposite, amount)
            for other, amount in zip(others, amounts, strict=False)
        )
    return tuple(postings)


def journal_book_of(book: Book, entries: list[JournalEntry], *, opened_on: date) -> JournalBook:
    """Return what the journal of a book says besides its entries; each account opened on a day, or before."""
    first_days: dict[tuple[str, str], date] = {}
    for entry in entries:
        for line in entry.lines:
            key = (line.posting.path, line.posting.unit)
            first_days[key] = min(first_days.get(key, date.max), entry.draft.effective_on)
    return JournalBook(
        branch=book.branch,
        entries=len(entries),
        accounts=tuple(
            JournalAccount(
                path=state.path,
                unit=state.unit,
                balance=state.balance,
                opened_on=min(opened_on, first_days.get((state.path, state.unit), date.max)),
                is_closed=state.balance == 0,
            )
            for state in sorted(book.accounts.values(), key=lambda each: (each.path, each.unit))
        ),
        last_entry_on=max((entry.draft.effective_on for entry in entries), default=None),
    )
