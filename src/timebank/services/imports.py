"""Imports: history, members and opening balances of another system, all of a file or nothing of it.

History is imported as it was: no limit and no overlap rule refuses it; the accounts that lie outside
today's limits afterwards are listed. Every row has a key of its own, so that the same file twice, or a
longer report that contains the earlier rows, adds only what is new (I-9).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import BinaryIO, TypeVar

from timebank.care.mandate import require_coordinator
from timebank.errors import ImportRefused
from timebank.ids import fingerprint_of
from timebank.instants import day_of
from timebank.ledger.chart import OPENING
from timebank.ledger.model import Actor, Cause, EntryDraft, EntryKind, credit, debit
from timebank.reports.importers.cells import DateOrder
from timebank.reports.importers.keys import RowKeys
from timebank.reports.importers.layouts import Reading, read_accounts, read_exchanges, read_members
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    FaultCode,
    Layout,
    MemberRow,
    Notice,
    RowFault,
)
from timebank.services.audits import outside_limits
from timebank.services.parties import Parties
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books

CHUNK = 1_000
RowType = TypeVar("RowType", ExchangeRow, MemberRow, AccountRow)
Progress = Callable[[int], None]
"""Told, now and then, how many rows were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How a file is to be read; what is None is found out from the file."""

    layout: Layout | None = None
    mapping: Mapping[str, str] | None = None
    encoding: str | None = None
    separator: str | None = None
    dates: DateOrder = DateOrder.DAY_FIRST
    left_sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did."""

    layout: Layout
    encoding: str
    separator: str
    rows_new: int
    rows_known: int
    """Rows that an earlier import had brought already."""
    new_paths: tuple[str, ...]
    """Accounts opened for parties that were not known."""
    first_entry: int | None
    last_entry: int | None
    notices: tuple[Notice, ...]
    outside_limits: tuple[tuple[str, str, int], ...]
    """(branch, path, balance in minutes) of every account outside today's limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An account on which the other system's list and the books do not agree; None: not listed there."""

    line: int | None
    path: str | None
    theirs_minutes: int | None
    ours_minutes: int | None


@dataclass(slots=True)
class Tally:
    """What has been found so far."""

    faults: list[RowFault] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    rows_new: int = 0
    rows_known: int = 0


class Imports(Service):
    """Use cases that bring other systems' data in."""

    def exchanges(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
        by: Who | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import exchanges as help that was given and received.

        Parties that are not known yet become members; the bank's own account becomes `fund:branch`;
        members who left become one suspense account for each sentence the file has for them.

        Args:
            branch: where to.
            file: seekable, opened for reading bytes.
            file_format: how to read it.
            source: name of the other bank's export, to tell two banks of one system apart; the layout's
                name if None.
            by: a coordinator.
            progress: told how many rows were read.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator.
            ImportRefused: with every row at fault; nothing was written.
            Others: the file as a whole cannot be read, see `importers.layouts.read_exchanges`.
        """
        how = file_format or FileFormat()
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            require_coordinator(act_in(books, actor), branch)
            reading = read_exchanges(
                file,
                zone=books.zone,
                layout=how.layout,
                mapping=how.mapping,
                encoding=how.encoding,
                separator=how.separator,
                dates=how.dates,
                left_sentences=how.left_sentences,
            )
            named = source or reading.layout.value
            writer = ExchangeWriter(books, actor, named, reading.layout)
            for chunk in chunks(reading, writer.tally, progress):
                writer.write(chunk)
            return finish(books, writer.parties, writer.tally, reading, actor, named, writer.first_entry)

    def members(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
        by: Who | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import members with their names and contacts; contacts that a known member lacks are filled in.

        Arguments and errors are those of `exchanges`.
        """
        how = file_format or FileFormat()
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            require_coordinator(act_in(books, actor), branch)
            reading = read_members(
                file,
                zone=books.zone,
                layout=how.layout,
                mapping=how.mapping,
                encoding=how.encoding,
                separator=how.separator,
                dates=how.dates,
            )
            named = source or reading.layout.value
            parties, tally = Parties(books, named), Tally()
            for chunk in chunks(reading, tally, progress):
                for row in chunk:
                    is_new = parties.take_member(row)
                    tally.rows_new += is_new
                    tally.rows_known += not is_new
            return finish(books, parties, tally, reading, actor, named, None)

    def openings(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
        effective_at: datetime | None = None,
        by: Who | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import opening balances: what each account brings forward, against `issuance:opening`.

        Arguments and errors are those of `exchanges`; `effective_at` is when the balances count from,
        now if None.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            require_coordinator(act_in(books, actor), branch)
            reading = _accounts(books, file, file_format or FileFormat())
            named = source or reading.layout.value
            writer = OpeningWriter(books, actor, named, effective_at or books.desk.now)
            for chunk in chunks(reading, writer.tally, progress):
                writer.write(chunk)
            return finish(books, writer.parties, writer.tally, reading, actor, named, writer.first_entry)

    def reconcile(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
    ) -> tuple[Difference, ...]:
        """Compare the books with the other system's own list of balances; empty when they agree.

        Raises:
            UnknownBranch: there is no such branch.
            ImportRefused: with every row at fault.
            Others: the file as a whole cannot be read, see `importers.layouts.read_accounts`.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            reading = _accounts(books, file, file_format or FileFormat())
            parties, tally = Parties(books, source or reading.layout.value), Tally()
            rows = [row for chunk in chunks(reading, tally, None) for row in chunk]
            if tally.faults:
                raise refusal(tally.faults)
            ours = {state.path: state.balance for state in books.accounts.states() if state.unit == "min"}
            return tuple(_differences(rows, parties, ours))


class ExchangeWriter:
    """Turns rows into entries, a chunk at a time."""

    def __init__(self, books: Books, actor: Actor, source: str, layout: Layout) -> None:
        """Take every account of the branch in hand."""
        self.books = books
        self.actor = actor
        self.tally = Tally()
        self.parties = Parties(books, source)
        self.keys = RowKeys(source=source, layout=layout)
        self.batch = books.imports.next_no()
        self.step = 0
        self.versions: dict[date, int] = {}
        self.first_entry = books.journal.book.last_seq + 1
        books.journal.load()

    def write(self, rows: list[ExchangeRow]) -> None:
        """Post the rows that are new; once a row was at fault, only go on looking for more faults."""
        keyed = {self.keys.key_of(row): row for row in rows}
        assert len(keyed) == len(rows), "I-9: every row of a file has a key of its own"
        known = self.books.requests.known(list(keyed))
        fresh = []
        for key, row in keyed.items():
            if key not in known:
                fresh.append((key, row))
                continue
            self.tally.rows_known += 1
            if row.external_id is not None and known[key] != _payload(row):
                reason = "this exchange was imported before with other values: reverse it first"
                self.tally.faults.append(
                    RowFault(line=row.line, column=None, code=FaultCode.CHANGED, reason=reason)
                )
        if self.tally.faults:
            return
        self.tally.rows_new += len(fresh)
        self._post(fresh)

    def _post(self, fresh: list[tuple[bytes, ExchangeRow]]) -> None:
        notes: list[tuple[str, str, str | None, str | None]] = []
        used: list[tuple[bytes, bytes, str]] = []
        days = [day_of(row.occurred_at, self.books.zone) for _, row in fresh]
        self.parties.take((row.recipient, on) for (_, row), on in zip(fresh, days, strict=True))
        self.parties.take((row.provider, on) for (_, row), on in zip(fresh, days, strict=True))
        for (key, row), on in zip(fresh, days, strict=True):
            payer, payee = self.parties.path_of(row.recipient), self.parties.path_of(row.provider)
            seq = self._post_row(row, on, payer, payee)
            used.append((key, _payload(row), str(seq)))
            if row.description:
                members = (self.parties.member_at(payee), self.parties.member_at(payer))
                notes.append((row.description, f"entry {seq}", *members))
        self.books.journal.flush()
        self.books.requests.remember_all(used)
        self.books.identities.write_notes(notes)

    def _post_row(self, row: ExchangeRow, on: date, payer: str, payee: str) -> int:
        self.step += 1
        if on not in self.versions:
            self.versions[on] = self.books.policies.in_force(on).version
        draft = EntryDraft(
            kind=EntryKind.SERVICE,
            cause=Cause("import", str(self.batch), self.step),
            effective_at=row.occurred_at,
            effective_on=on,
            policy_version=self.versions[on],
            actor=self.actor,
            postings=(debit(payer, row.minutes), credit(payee, row.minutes)),
            counts_help=1,
        )
        return self.books.journal.post(draft, enforce_limits=False).seq


class OpeningWriter:
    """Turns balances into opening entries."""

    def __init__(self, books: Books, actor: Actor, source: str, effective_at: datetime) -> None:
        """Open the issuance account that openings are booked against."""
        self.books = books
        self.actor = actor
        self.source = source
        self.effective_at = effective_at
        self.on = day_of(effective_at, books.zone)
        self.tally = Tally()
        self.parties = Parties(books, source)
        self.batch = books.imports.next_no()
        self.step = 0
        self.first_entry = books.journal.book.last_seq + 1
        books.journal.open(OPENING)
        books.journal.load()

    def write(self, rows: list[AccountRow]) -> None:
        """Post the balances that are new and not zero."""
        for row in rows:
            request = self.books.requests.open(f"opening {self.source} {row.party.kind}:{row.party.key}", "opening")
            if request.outcome is not None:
                self.tally.rows_known += 1
                if request.outcome != str(row.balance_minutes):
                    reason = "this account was opened before with another balance"
                    self.tally.faults.append(
                        RowFault(line=row.line, column=None, code=FaultCode.CHANGED, reason=reason)
                    )
                continue
            if self.tally.faults:
                continue
            self.parties.take([(row.party, self.on)])
            path = self.parties.path_of(row.party)
            self.tally.rows_new += 1
            if row.balance_minutes != 0:
                self._post(path, row.balance_minutes)
            request.done(row.balance_minutes)

    def _post(self, path: str, balance: int) -> None:
        self.step += 1
        payer, payee = (OPENING, path) if balance > 0 else (path, OPENING)
        self.books.journal.post(
            EntryDraft(
                kind=EntryKind.OPENING,
                cause=Cause("import", str(self.batch), self.step),
                effective_at=self.effective_at,
                effective_on=self.on,
                policy_version=self.books.policies.in_force(self.on).version,
                actor=self.actor,
                postings=(debit(payer, abs(balance)), credit(payee, abs(balance))),
            ),
            enforce_limits=False,
        )


def chunks(
    found: Iterable[RowType | RowFault | Notice], tally: Tally, progress: Progress | None
) -> Iterator[list[RowType]]:
    """Yield the rows a thousand at a time; faults and notices go to the tally."""
    walk = iter(found)
    read = 0
    while batch := list(islice(walk, CHUNK)):
        read += len(batch)
        tally.faults += (each for each in batch if isinstance(each, RowFault))
        tally.notices += (each for each in batch if isinstance(each, Notice))
        yield [each for each in batch if not isinstance(each, RowFault | Notice)]
        if progress is not None:
            progress(read)


def finish(
    books: Books,
    parties: Parties,
    tally: Tally,
    reading: Reading[ExchangeRow] | Reading[MemberRow] | Reading[AccountRow],
    actor: Actor,
    source: str,
    first_entry: int | None,
) -> ImportReport:
    """Refuse the file if a row was at fault; else note the import and report on it."""
    if tally.faults:
        raise refusal(tally.faults)
    parties.save()
    books.flush()
    if tally.rows_new:
        books.imports.add(
            layout=reading.layout.value,
            source=source,
            rows_new=tally.rows_new,
            rows_known=tally.rows_known,
            actor=str(actor),
        )
    last = books.journal.book.last_seq
    has_entries = first_entry is not None and last >= first_entry
    return ImportReport(
        layout=reading.layout,
        encoding=reading.encoding,
        separator=reading.separator,
        rows_new=tally.rows_new,
        rows_known=tally.rows_known,
        new_paths=tuple(parties.new_paths),
        first_entry=first_entry if has_entries else None,
        last_entry=last if has_entries else None,
        notices=tuple(tally.notices),
        outside_limits=tuple(outside_limits(books)),
    )


def refusal(faults: list[RowFault]) -> ImportRefused:
    """Return the error that lists all faults, in the order of the file."""
    ordered = tuple(sorted(faults, key=lambda fault: (fault.line, fault.column or "")))
    return ImportRefused(count=len(ordered), faults=ordered)


def _payload(row: ExchangeRow) -> bytes:
    return fingerprint_of(row.minutes, row.occurred_at, row.provider.key, row.recipient.key)


def _accounts(books: Books, file: BinaryIO, how: FileFormat) -> Reading[AccountRow]:
    return read_accounts(
        file,
        zone=books.zone,
        layout=how.layout,
        mapping=how.mapping,
        encoding=how.encoding,
        separator=how.separator,
    )


def _differences(
    rows: Iterable[AccountRow], parties: Parties, ours: Mapping[str, int]
) -> Iterator[Difference]:
    listed = set()
    for row in rows:
        path = parties.known_path_of(row.party)
        listed.add(path)
        balance = ours.get(path) if path is not None else None
        if (balance or 0) != row.balance_minutes:
            yield Difference(
                line=row.line, path=path, theirs_minutes=row.balance_minutes, ours_minutes=balance
            )
    for path, balance in sorted(ours.items()):
        if path not in listed and path.startswith("member:") and balance != 0:
            yield Difference(line=None, path=path, theirs_minutes=None, ours_minutes=balance)
