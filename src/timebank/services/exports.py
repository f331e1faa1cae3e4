"""Exports: the books for other programs, for spreadsheets, and a whole branch to be kept or moved.

Every export is as of one moment and streamed: memory does not grow with the journal. They write bytes,
UTF-8 throughout, to whatever the caller opened.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Protocol

from timebank.ledger.model import MINUTES, JournalEntry
from timebank.reports.beancount import beancount_journal
from timebank.reports.csv_out import (
    ACCOUNT_TITLES,
    ENTRY_TITLES,
    MEMBER_TITLES,
    NAME_TITLES,
    STATEMENT_TITLES,
    Cell,
    account_rows,
    csv_text,
    entry_rows,
    member_rows,
    statement_rows,
)
from timebank.reports.importers.reader import separator_named
from timebank.reports.journals import JournalBook, JournalFormat, plain_journal
from timebank.reports.jsonl import branch_lines
from timebank.services.audits import REPORT_EVERY, Progress
from timebank.services.service import Service
from timebank.services.statements import Statements
from timebank.storage.dump import SHAPES, Dump
from timebank.storage.extent import Extent

Writer = Callable[[JournalBook, Iterable[JournalEntry]], Iterator[str]]
WRITERS: dict[JournalFormat, Writer] = {
    JournalFormat.HLEDGER: lambda book, entries: plain_journal(book, entries, for_ledger=False),
    JournalFormat.LEDGER: lambda book, entries: plain_journal(book, entries, for_ledger=True),
    JournalFormat.BEANCOUNT: beancount_journal,
}


class Sink(Protocol):
    """Where bytes go: a file opened for writing bytes, or anything that writes like one."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: enough to compare two copies, or a copy with its original."""

    branch: str
    count: int
    """How many there are of what was asked for: entries, accounts, members, lines of a statement."""
    bytes_written: int
    sha256: str
    """Of everything that was written, hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvStyle:
    """How a CSV file is written."""

    separator: str = ","
    """A comma, semicolon, tab or pipe, or its name."""
    has_bom: bool = False
    """Begin with a byte order mark, by which spreadsheet programs recognise UTF-8."""


class Exports(Service):
    """Use cases that write the books out."""

    def journal(
        self, branch: str, to: Sink, *, form: JournalFormat | str, progress: Progress | None = None
    ) -> Exported:
        """Write the journal for hledger, ledger or beancount, with an assertion of every balance at its end.

        Args:
            branch: its code.
            to: where the text goes, as UTF-8.
            form: the program it is for.
            progress: told how many entries were written.

        Raises:
            UnknownBranch: no branch has that code.
        """
        write = WRITERS[JournalFormat(form)]
        with self.store.read() as tx:
            books = tx.books(branch)
            book = Extent(books.desk).book()
            entries = _counted(books.reader.entries(), book, progress)
            return _write(branch, book.entries, to, _encoded(write(book, entries)))

    def accounts(self, branch: str, to: Sink, *, style: CsvStyle | None = None) -> Exported:
        """Write all accounts with balances and limits as CSV, by path and unit.

        Raises:
            UnknownBranch: no branch has that code.
            BadSeparator: the style's separator is not one.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            states = books.accounts.states()
            rows = account_rows(states)
            return _write(branch, len(states), to, _csv(ACCOUNT_TITLES, rows, style))

    def entries(
        self, branch: str, to: Sink, *, style: CsvStyle | None = None, progress: Progress | None = None
    ) -> Exported:
        """Write the journal as CSV, a row for each posting.

        Raises:
            As `accounts` does.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            book = Extent(books.desk).book()
            rows = entry_rows(_counted(books.reader.entries(), book, progress))
            return _write(branch, book.entries, to, _csv(ENTRY_TITLES, rows, style))

    def statement(
        self,
        branch: str,
        path: str,
        to: Sink,
        *,
        unit: str = MINUTES,
        first_on: date | None = None,
        last_on: date | None = None,
        known_at: datetime | None = None,
        style: CsvStyle | None = None,
    ) -> Exported:
        """Write one account over one period as CSV: opening, lines, closing; see `Statements.statement`.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is no such account.
            PeriodReversed, NaiveInstant, BadSeparator: a part is malformed.
        """
        statement = Statements(self.store, self.default_actor).statement(
            branch, path, unit=unit, first_on=first_on, last_on=last_on, known_at=known_at
        )
        rows = statement_rows(statement)
        return _write(branch, len(statement.lines), to, _csv(STATEMENT_TITLES, rows, style))

    def members(
        self, branch: str, to: Sink, *, with_names: bool = False, style: CsvStyle | None = None
    ) -> Exported:
        """Write the members as CSV: their references, and only if asked for their names and contacts.

        Raises:
            As `accounts` does.
        """
        titles = (*MEMBER_TITLES, *NAME_TITLES) if with_names else MEMBER_TITLES
        with self.store.read() as tx:
            books = tx.books(branch)
            identities = books.identities.list() if with_names else {}
            members = [(member, identities.get(member.ref)) for member in books.members.list()]
            rows = member_rows(members, with_names=with_names)
            return _write(branch, len(members), to, _csv(titles, rows, style))

    def branch(
        self, branch: str, to: Sink, *, with_identities: bool = True, progress: Progress | None = None
    ) -> Exported:
        """Write everything of a branch as JSON Lines; `Restores.branch` makes the same branch of it.

        Args:
            branch: its code.
            to: where the lines go.
            with_identities: take names, contacts and words along. Without them the books are whole, and
                every member stands there as if erased.
            progress: told how many entries were written.

        Raises:
            UnknownBranch: no branch has that code.
            ExportInconsistent: the books do not hold; what was written is of no use.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            dump = Dump(books.desk, with_identities=with_identities)
            total = dump.file.counts["entry"]

            def tell(done: int) -> None:
                if progress is not None:
                    progress(branch, done, total)

            return _write(branch, total, to, branch_lines(dump.file, SHAPES, dump.rows(tell)))


def _csv(titles: Sequence[str], rows: Iterable[Sequence[Cell]], style: CsvStyle | None) -> Iterator[bytes]:
    style = style or CsvStyle()
    separator = separator_named(style.separator)
    return _encoded(csv_text(titles, rows, separator=separator, has_bom=style.has_bom))


def _encoded(texts: Iterable[str]) -> Iterator[bytes]:
    return (text.encode() for text in texts)


def _counted(
    entries: Iterable[JournalEntry], book: JournalBook, progress: Progress | None
) -> Iterator[JournalEntry]:
    for count, entry in enumerate(entries, 1):
        if progress is not None and count % REPORT_EVERY == 0:
            progress(book.branch, count, book.entries)
        yield entry


def _write(branch: str, count: int, to: Sink, parts: Iterable[bytes]) -> Exported:
    size, digest = write_parts(to, parts)
    return Exported(branch=branch, count=count, bytes_written=size, sha256=digest)


def write_parts(to: Sink, parts: Iterable[bytes]) -> tuple[int, str]:
    """Write parts one after the other; returns how many bytes they have, and their SHA-256 in hexadecimal."""
    digest, size = sha256(), 0
    for part in parts:
        to.write(part)
        digest.update(part)
        size += len(part)
    return size, digest.hexdigest()
