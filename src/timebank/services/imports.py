"""Imports: history, members and opening balances of another system, all of a file or nothing of it.

History is imported as it was: no limit and no overlap rule refuses it; the accounts that lie outside
today's limits afterwards are listed. Every row has a key of its own, so that the same file twice, or a
longer report that contains the earlier rows, adds only what is new (I-9).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from timebank.care.mandate import require_coordinator
from timebank.errors import ImportRefused
from timebank.ids import reference
from timebank.ledger.chart import available, is_held
from timebank.ledger.model import MINUTES, Actor
from timebank.reports.importers.layouts import Reading, read_accounts, read_exchanges, read_members
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    Layout,
    MemberRow,
    PartyKind,
    RowFault,
)
from timebank.services.audits import outside_limits
from timebank.services.import_reports import (
    FileFormat,
    ImportReport,
    content_of,
    importing,
    outcome_of,
    report_again,
)
from timebank.services.import_writers import (
    ExchangeWriter,
    OpeningWriter,
    Progress,
    RowType,
    Tally,
    chunks,
)
from timebank.services.parties import Parties, member_at
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books

__all__ = ["Difference", "FileFormat", "ImportReport", "Imports"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An account on which the other system's list and the books do not agree; None: not listed there."""

    line: int | None
    path: str | None
    theirs_minutes: int | None
    ours_minutes: int | None


class Imports(Service):
    """Use cases that bring other systems' data in."""

    def exchanges(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
        is_dry_run: bool = False,
        by: Who | None = None,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import exchanges as help that was given and received.

        Parties that are not known yet become members; the bank's own account becomes `fund:branch`;
        members who left become one suspense account for each sentence the file has for them.

        Args:
            branch: where to.
            file: seekable, opened for reading bytes.
            file_format: how to read it.
            source: name of the other bank, to tell two banks of one system apart; the layout's name if None.
            is_dry_run: decide and check everything, then leave the books as they are.
            by: a coordinator.
            key: idempotency key; the same file under it is not even read again.
            progress: told how many rows were read.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator.
            KeyReused: the key was used for another request.
            BadReference: the source is not 1 to 40 of a-z, 0-9 and '-'.
            ImportRefused: with every row at fault; nothing was written.
            Others: the file as a whole cannot be read, see `importers.layouts.read_exchanges`.
        """
        how = file_format or FileFormat()
        content = content_of(file) if key is not None else ()
        with importing(self.store, branch, is_dry_run=is_dry_run) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "import exchanges", *content, how.settled, source, actor)
            if request.outcome is not None:
                return report_again(request.outcome)
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
            writer = ExchangeWriter(books, actor, source_of(source, reading), reading.layout)
            for chunk in chunks(reading, writer.tally, progress):
                writer.write(chunk)
            report = finish(
                books, reading, writer.parties, writer.tally, actor=actor, first_entry=writer.first_entry
            )
            request.done(outcome_of(report))
            return report

    def members(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
        is_dry_run: bool = False,
        by: Who | None = None,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import members with their names and contacts; contacts that a known member lacks are filled in.

        Arguments and errors are those of `exchanges`.
        """
        how = file_format or FileFormat()
        content = content_of(file) if key is not None else ()
        with importing(self.store, branch, is_dry_run=is_dry_run) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "import members", *content, how.settled, source, actor)
            if request.outcome is not None:
                return report_again(request.outcome)
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
            parties, tally = Parties(books, source_of(source, reading)), Tally()
            for chunk in chunks(reading, tally, progress):
                for row in chunk if not tally.faults else ():
                    is_new = parties.take_member(row)
                    tally.rows_new += is_new
                    tally.rows_known += not is_new
            report = finish(books, reading, parties, tally, actor=actor)
            request.done(outcome_of(report))
            return report

    def openings(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
        effective_at: datetime | None = None,
        is_dry_run: bool = False,
        by: Who | None = None,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import opening balances: what each account brings forward, against `issuance:opening`.

        Arguments and errors are those of `exchanges`; `effective_at` is when the balances count from,
        now if None.
        """
        how = file_format or FileFormat()
        content = content_of(file) if key is not None else ()
        with importing(self.store, branch, is_dry_run=is_dry_run) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(
                key, "import openings", *content, how.settled, source, effective_at, actor
            )
            if request.outcome is not None:
                return report_again(request.outcome)
            require_coordinator(act_in(books, actor), branch)
            reading = _accounts(books, file, how)
            at = effective_at or books.desk.now
            writer = OpeningWriter(books, actor, source_of(source, reading), at)
            for chunk in chunks(reading, writer.tally, progress):
                writer.write(chunk)
            report = finish(
                books, reading, writer.parties, writer.tally, actor=actor, first_entry=writer.first_entry
            )
            request.done(outcome_of(report))
            return report

    def reconcile(
        self,
        branch: str,
        file: BinaryIO,
        *,
        file_format: FileFormat | None = None,
        source: str | None = None,
    ) -> tuple[Difference, ...]:
        """Compare the books with the other system's own list of balances; empty when they agree.

        A member's balance is available plus held minutes (I-6). Members who have hours and are not listed are
        differences, but for those of other sources, and organisations, which TimeOverflow lists nowhere.

        Raises:
            UnknownBranch: there is no such branch.
            BadReference: as `exchanges`.
            ImportRefused: with every row at fault.
            Others: the file as a whole cannot be read, see `importers.layouts.read_accounts`.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            reading = _accounts(books, file, file_format or FileFormat())
            parties, tally = Parties(books, source_of(source, reading)), Tally()
            rows = [row for chunk in chunks(reading, tally, None) for row in chunk]
            if tally.faults:
                raise refusal(tally.faults)
            unlisted = _unlisted(books, parties, reading.layout)
            return tuple(_differences(rows, parties, balances_of(books), unlisted))


def finish(
    books: Books,
    reading: Reading[ExchangeRow] | Reading[MemberRow] | Reading[AccountRow],
    parties: Parties,
    tally: Tally,
    *,
    actor: Actor,
    first_entry: int | None = None,
) -> ImportReport:
    """Refuse the file if a row was at fault; else note the import and report on it."""
    if tally.faults:
        raise refusal(tally.faults)
    parties.save()
    books.flush()
    if tally.rows_new:
        books.imports.add(
            layout=reading.layout.value,
            source=parties.source,
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
        notices=tuple(sorted((*tally.notices, *parties.notices), key=lambda notice: notice.line)),
        outside_limits=tuple(outside_limits(books)),
    )


def source_of(named: str | None, reading: Reading[RowType]) -> str:
    """Return the name under which the parties and rows of a file are kept.

    Raises:
        BadReference: it could be written in two ways, and then everything would be imported twice.
    """
    return reference(named, what="source") if named is not None else reading.layout.value


def refusal(faults: list[RowFault]) -> ImportRefused:
    """Return the error that lists all faults, in the order of the file."""
    ordered = tuple(sorted(faults, key=lambda fault: (fault.line, fault.column or "")))
    return ImportRefused(count=len({fault.line for fault in faults}), faults=ordered)


def balances_of(books: Books) -> dict[str, int]:
    """Return the minutes of every account; a member's held minutes count with the available ones (I-6)."""
    balances: dict[str, int] = {}
    for state in books.accounts.states():
        if state.unit == MINUTES:
            member = member_at(state.path) if is_held(state.path) else None
            path = available(member) if member is not None else state.path
            balances[path] = balances.get(path, 0) + state.balance
    return balances


def _accounts(books: Books, file: BinaryIO, how: FileFormat) -> Reading[AccountRow]:
    return read_accounts(
        file,
        zone=books.zone,
        layout=how.layout,
        mapping=how.mapping,
        encoding=how.encoding,
        separator=how.separator,
    )


def _unlisted(books: Books, parties: Parties, layout: Layout) -> set[str]:
    """Return the accounts of members that the other system's list cannot have."""
    theirs = parties.known
    others = {
        path
        for source in books.imports.sources() - {parties.source}
        for path in books.identities.aliases(source).values()
    }
    organisations = {path for alias, path in theirs.items() if alias.startswith(PartyKind.ORGANISATION)}
    return (others - set(theirs.values())) | (organisations if layout is Layout.TIMEOVERFLOW else set())


def _differences(
    rows: Iterable[AccountRow], parties: Parties, ours: Mapping[str, int], unlisted: set[str]
) -> Iterator[Difference]:
    found = set(unlisted)
    for row in rows:
        path = parties.known_path_of(row.party)
        balance = ours.get(path) if path is not None else None
        if path is not None:
            found.add(path)
        if (balance or 0) != row.balance_minutes:
            yield Difference(
                line=row.line, path=path, theirs_minutes=row.balance_minutes, ours_minutes=balance
            )
    for path, balance in sorted(ours.items()):
        if path not in found and path.startswith("member:") and balance != 0:
            yield Difference(line=None, path=path, theirs_minutes=None, ours_minutes=balance)
