"""Writers: imported rows become entries, a thousand at a time, and what is at fault is gathered.

Each row has an idempotency key of its own (I-9). Once a row was at fault nothing more is posted, but the
rest of the file is still looked at, so that all faults are found in one go.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

from timebank.errors import DayBeyondRange
from timebank.instants import YEAR_MAX, YEAR_MIN, day_of
from timebank.ledger.batch import PostRequest, Refused
from timebank.ledger.canonical import micros_of
from timebank.ledger.chart import OPENING
from timebank.ledger.model import Actor, Cause, EntryKind, credit, debit
from timebank.reports.importers.keys import RowKeys
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    FaultCode,
    Layout,
    MemberRow,
    Notice,
    RowFault,
)
from timebank.services.batches import Batch
from timebank.services.parties import Parties, member_at
from timebank.storage.books import Books
from timebank.storage.requests import Request

CHUNK = 1_000
RowType = TypeVar("RowType", ExchangeRow, MemberRow, AccountRow)
Progress = Callable[[int], None]
"""Told, now and then, how many rows were read."""


@dataclass(slots=True)
class Tally:
    """What has been found so far."""

    faults: list[RowFault] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    rows_new: int = 0
    rows_known: int = 0


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


class ExchangeWriter:
    """Turns rows into entries, a chunk at a time."""

    def __init__(self, books: Books, actor: Actor, source: str, layout: Layout) -> None:
        """Take every account of the branch in hand."""
        self.books = books
        self.tally = Tally()
        self.parties = Parties(books, source)
        self.keys = RowKeys(source=source, layout=layout)
        self.batch = Batch(books, actor, enforce_limits=False)
        self.batch_no = str(books.imports.next_no())
        self.step = 0
        self.first_entry = books.journal.book.last_seq + 1
        books.journal.load()

    def write(self, rows: list[ExchangeRow]) -> None:
        """Post the rows that are new; once a row was at fault, only go on looking for more faults."""
        keyed = {self.keys.key_of(row): row for row in rows}
        assert len(keyed) == len(rows), "I-9: every row of a file has a key of its own"
        known = self.books.requests.known(list(keyed))
        fresh = []
        for key, row in keyed.items():
            if key in known:
                self._recognise(row, known[key][0])
                continue
            on = self._day_of(row)
            if on is not None:
                fresh.append((key, row, on))
        if not self.tally.faults:
            self.tally.rows_new += len(fresh)
            self._post(fresh)

    def _recognise(self, row: ExchangeRow, fingerprint: bytes) -> None:
        """Count a row that an earlier import brought; without an identifier its values are its key."""
        self.tally.rows_known += 1
        if row.external_id is None:
            return
        payer, payee = self.parties.known_path_of(row.recipient), self.parties.known_path_of(row.provider)
        if payer is None or payee is None:  # erased since: who it was cannot be compared any more
            return
        if fingerprint != _payload(row, payer, payee):
            reason = "this exchange was imported before with other values: reverse it first"
            self.tally.faults.append(fault(row.line, FaultCode.CHANGED, reason))

    def _day_of(self, row: ExchangeRow) -> date | None:
        """Return the day of a new row in the branch; None, with the fault noted, if it cannot be kept."""
        try:
            on = day_of(row.occurred_at, self.books.zone)
        except DayBeyondRange:
            reason = f"before {YEAR_MIN} or after {YEAR_MAX} in {self.books.branch.zone}"
            self.tally.faults.append(fault(row.line, FaultCode.DATE_BEYOND_RANGE, reason))
            return None
        if on > self.books.today:
            reason = "in the future: help is imported when it has been given"
            self.tally.faults.append(fault(row.line, FaultCode.DATE_IN_FUTURE, reason))
            return None
        return on

    def _post(self, fresh: list[tuple[bytes, ExchangeRow, date]]) -> None:
        path_of = self.parties.path_of
        paths = [
            (path_of(row.recipient, on=on, line=row.line), path_of(row.provider, on=on, line=row.line))
            for _, row, on in fresh
        ]
        self.parties.open_new()
        results = self.batch.post(
            [self._request(row, *parties) for (_, row, _), parties in zip(fresh, paths, strict=True)]
        )
        used: list[tuple[bytes, bytes, str]] = []
        notes: list[tuple[str, str, str | None, str | None]] = []
        for (key, row, _), (payer, payee), result in zip(fresh, paths, results, strict=True):
            if isinstance(result, Refused):
                self.tally.faults.append(fault(row.line, FaultCode.REFUSED, str(result.error)))
                continue
            used.append((key, _payload(row, payer, payee), str(result.seq)))
            if row.description:
                notes.append((row.description, f"entry {result.seq}", member_at(payee), member_at(payer)))
        self.books.requests.remember_all(used)
        self.books.flush()
        self.books.identities.write_notes(notes)

    def _request(self, row: ExchangeRow, payer: str, payee: str) -> PostRequest:
        self.step += 1
        return PostRequest(
            kind=EntryKind.SERVICE,
            cause=Cause("import", self.batch_no, self.step),
            effective_at=row.occurred_at,
            postings=(debit(payer, row.minutes), credit(payee, row.minutes)),
        )


class OpeningWriter:
    """Turns balances into opening entries."""

    def __init__(self, books: Books, actor: Actor, source: str, effective_at: datetime) -> None:
        """Open the issuance account that openings are booked against."""
        self.books = books
        self.source = source
        self.effective_at = effective_at
        self.on = day_of(effective_at, books.zone)
        self.tally = Tally()
        self.parties = Parties(books, source)
        self.batch = Batch(books, actor, enforce_limits=False)
        self.batch_no = str(books.imports.next_no())
        self.step = 0
        self.first_entry = books.journal.book.last_seq + 1
        books.journal.open(OPENING)
        books.journal.load()

    def write(self, rows: list[AccountRow]) -> None:
        """Post the balances that are new and not zero."""
        fresh = [(row, request) for row in rows if (request := self._unless_known(row)) is not None]
        if self.tally.faults:
            return
        self.tally.rows_new += len(fresh)
        paths = [self.parties.path_of(row.party, on=self.on, line=row.line) for row, _ in fresh]
        self.parties.open_new()
        self._post([(row, path) for (row, _), path in zip(fresh, paths, strict=True) if row.balance_minutes])
        for row, request in fresh:
            request.done(row.balance_minutes)

    def _unless_known(self, row: AccountRow) -> Request | None:
        """Return the request of a balance that is new; None, counted, if an earlier import brought it."""
        name = f"opening {self.source} {row.party.kind}:{row.party.key}"
        request = self.books.requests.open(name, "opening")
        if request.outcome is None:
            return request
        self.tally.rows_known += 1
        if request.outcome != str(row.balance_minutes):
            reason = "this account was opened before with another balance"
            self.tally.faults.append(fault(row.line, FaultCode.CHANGED, reason))
        return None

    def _post(self, opened: list[tuple[AccountRow, str]]) -> None:
        results = self.batch.post([self._request(path, row.balance_minutes) for row, path in opened])
        for (row, _), result in zip(opened, results, strict=True):
            if isinstance(result, Refused):
                self.tally.faults.append(fault(row.line, FaultCode.REFUSED, str(result.error)))

    def _request(self, path: str, balance: int) -> PostRequest:
        self.step += 1
        payer, payee = (OPENING, path) if balance > 0 else (path, OPENING)
        return PostRequest(
            kind=EntryKind.OPENING,
            cause=Cause("import", self.batch_no, self.step),
            effective_at=self.effective_at,
            postings=(debit(payer, abs(balance)), credit(payee, abs(balance))),
        )


def fault(line: int, code: FaultCode, reason: str) -> RowFault:
    """Return what is wrong with a row as a whole."""
    return RowFault(line=line, column=None, code=code, reason=reason)


def _payload(row: ExchangeRow, payer: str, payee: str) -> bytes:
    """Return 32 bytes that tell whether a row says the same: of accounts, for a key may be a name (I-10)."""
    facts = f"{row.minutes} {micros_of(row.occurred_at)} {payer} {payee}"
    return hashlib.sha256(facts.encode()).digest()
