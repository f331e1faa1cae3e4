"""The journal, read: entries, statements, balances, and the streams an audit or an export needs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.engine import Row as Found

from timebank.errors import UnknownEntry
from timebank.ledger.canonical import instant_of, micros_of
from timebank.ledger.model import Actor, Cause, EntryDraft, EntryKind, JournalEntry, Line, Posting, Side
from timebank.ledger.statement import Period, StatementLine
from timebank.storage.columns import table_of
from timebank.storage.past import balances_at, last_entry_at
from timebank.storage.repository import Repository
from timebank.storage.tables import (
    AccountBalanceRow,
    AccountRow,
    BranchHeadRow,
    EntryRow,
    PostingRow,
)

ENTRY = table_of(EntryRow)
POSTING = table_of(PostingRow)
ACCOUNT = table_of(AccountRow)
BALANCE = table_of(AccountBalanceRow)
HEAD = table_of(BranchHeadRow)
CHANGE = case((POSTING.c.side == "credit", POSTING.c.amount), else_=-POSTING.c.amount)
CHUNK = 2_000


class JournalReader(Repository):
    """A branch's journal for reading."""

    def entry(self, seq: int) -> JournalEntry:
        """Return one entry with its lines.

        Raises:
            UnknownEntry: the branch has no such entry.
        """
        entries = list(self.entries(ENTRY.c.seq == seq))
        if not entries:
            raise UnknownEntry(entry=seq, branch=self.desk.branch.code)
        return entries[0]

    def entries(
        self, *where: ColumnElement[bool], is_newest_first: bool = False, limit: int | None = None
    ) -> Iterator[JournalEntry]:
        """Yield entries with their lines, in the order of the journal, or from its end."""
        order = ENTRY.c.seq.desc() if is_newest_first else ENTRY.c.seq
        query = (
            select(ENTRY).where(ENTRY.c.branch_id == self.desk.branch_id, *where).order_by(order).limit(limit)
        )
        headers = self._stream(query)
        while chunk := headers.fetchmany(CHUNK):
            lines = self._lines_of([row.seq for row in chunk])
            for row in chunk:
                yield self._entry(row, lines[row.seq])

    def list(
        self,
        *,
        after: int | None = None,
        path: str | None = None,
        cause: tuple[str, str] | None = None,
        limit: int | None = None,
        is_newest_first: bool = False,
    ) -> Sequence[JournalEntry]:
        """Return entries, optionally after a sequence number, of an account path, of a cause."""
        where: list[ColumnElement[bool]] = []
        if after is not None:
            where.append(ENTRY.c.seq < after if is_newest_first else ENTRY.c.seq > after)
        if path is not None:
            here = select(POSTING.c.entry_seq).join(ACCOUNT, _same_account())
            mine = here.where(POSTING.c.branch_id == self.desk.branch_id, ACCOUNT.c.path == path)
            where.append(ENTRY.c.seq.in_(mine))
        if cause is not None:
            where.extend((ENTRY.c.cause_kind == cause[0], ENTRY.c.cause_ref == cause[1]))
        return list(self.entries(*where, limit=limit, is_newest_first=is_newest_first))

    def list_between(self, first: int, last: int) -> Sequence[JournalEntry]:
        """Return the entries with these numbers and those between them, in order; as many as there are."""
        return list(self.entries(ENTRY.c.seq.between(first, last)))

    def of_cause(self, cause: Cause) -> JournalEntry | None:
        """Return the entry of one step of a cause, None if that step has not happened."""
        found = list(
            self.entries(
                ENTRY.c.cause_kind == cause.kind, ENTRY.c.cause_ref == cause.ref, ENTRY.c.step == cause.step
            )
        )
        return found[0] if found else None

    def reversed_by(self, seq: int) -> int | None:
        """Return the entry that reversed an entry, None if none did."""
        query = select(ENTRY.c.seq).where(ENTRY.c.branch_id == self.desk.branch_id, ENTRY.c.reverses == seq)
        found = self.desk.connection.execute(query).scalar()
        return int(found) if found is not None else None

    def reversals(self, seqs: Iterable[int], *, known_at: datetime | None = None) -> dict[int, int]:
        """Return the reversal of each of these entries that has one, as known at an instant."""
        query = select(ENTRY.c.reverses, ENTRY.c.seq).where(
            ENTRY.c.branch_id == self.desk.branch_id, ENTRY.c.reverses.in_(list(seqs)), *_known(known_at)
        )
        return {row.reverses: row.seq for row in self.desk.connection.execute(query)}

    def balances(
        self, *, known_at: datetime | None = None, on: date | None = None
    ) -> Sequence[tuple[str, str, int]]:
        """Return (path, unit, balance) of every account: now, or folded as known at an instant, on a day."""
        if known_at is not None and on is None:
            return self.balances_at(known_at)
        if on is None:
            query: Select[Any] = select(ACCOUNT.c.path, ACCOUNT.c.unit, BALANCE.c.balance).join(
                BALANCE,
                and_(BALANCE.c.branch_id == ACCOUNT.c.branch_id, BALANCE.c.account_no == ACCOUNT.c.no),
            )
            query = query.where(ACCOUNT.c.branch_id == self.desk.branch_id)
        else:
            columns: list[ColumnElement[Any]] = [ACCOUNT.c.path, ACCOUNT.c.unit, func.sum(CHANGE)]
            query = (
                select(*columns)
                .select_from(POSTING)
                .join(ACCOUNT, _same_account())
                .join(ENTRY, _same_entry())
                .where(POSTING.c.branch_id == self.desk.branch_id, *_known(known_at))
                .group_by(ACCOUNT.c.path, ACCOUNT.c.unit)
            )
            if on is not None:
                query = query.where(ENTRY.c.effective_on <= on.isoformat())
        return [(path, unit, int(balance)) for path, unit, balance in self.desk.connection.execute(query)]

    def balances_at(
        self, known_at: datetime, *, account_no: int | None = None
    ) -> Sequence[tuple[str, str, int]]:
        """Return (path, unit, balance) as known at an instant, of all accounts with postings then, or one."""
        connection, here = self.desk.connection, self.desk.branch_id
        seq = last_entry_at(connection, here, micros_of(known_at))
        return balances_at(connection, here, seq, account_no=account_no)

    def help_by_month(self) -> Sequence[tuple[str, int, int]]:
        """Return (month, exchanges, minutes) of help to or from members, by effective month."""
        month = func.substr(ENTRY.c.effective_on, 1, 7)
        query = (
            select(
                month, func.count(ENTRY.c.seq.distinct()), func.sum(POSTING.c.amount * ENTRY.c.counts_help)
            )
            .select_from(POSTING)
            .join(ENTRY, _same_entry())
            .join(ACCOUNT, _same_account())
            .where(
                POSTING.c.branch_id == self.desk.branch_id,
                ENTRY.c.counts_help != 0,
                ACCOUNT.c.unit == "min",
                POSTING.c.side == case((ENTRY.c.counts_help > 0, "credit"), else_="debit"),
                ACCOUNT.c.path.startswith("member:"),
            )
            .group_by(month)
            .order_by(month)
        )
        return [(str(row[0]), int(row[1]), int(row[2])) for row in self.desk.connection.execute(query)]

    def opening(self, account_no: int, period: Period, *, known_at: datetime | None) -> int:
        """Return an account's balance before the first day of a period, as known at an instant."""
        if period.first_on is None:
            return 0
        query = (
            select(func.coalesce(func.sum(CHANGE), 0))
            .select_from(POSTING)
            .join(ENTRY, _same_entry())
            .where(
                POSTING.c.branch_id == self.desk.branch_id,
                POSTING.c.account_no == account_no,
                ENTRY.c.effective_on < period.first_on.isoformat(),
                *_known(known_at),
            )
        )
        return int(self.desk.connection.execute(query).scalar_one())

    def statement_lines(
        self, account_no: int, period: Period, *, known_at: datetime | None
    ) -> Iterator[StatementLine]:
        """Yield an account's postings in a period, as known at an instant; balances are not filled in."""
        query = (
            select(ENTRY, CHANGE.label("change"))
            .select_from(POSTING)
            .join(ENTRY, _same_entry())
            .where(
                POSTING.c.branch_id == self.desk.branch_id,
                POSTING.c.account_no == account_no,
                *_known(known_at),
            )
        )
        if period.first_on is not None:
            query = query.where(ENTRY.c.effective_on >= period.first_on.isoformat())
        if period.last_on is not None:
            query = query.where(ENTRY.c.effective_on <= period.last_on.isoformat())
        rows = self._stream(query.order_by(ENTRY.c.effective_on, ENTRY.c.seq))
        while chunk := rows.fetchmany(CHUNK):
            seqs = [row.seq for row in chunk]
            others = self._other_paths(seqs, account_no)
            reversals = self.reversals(seqs, known_at=known_at)
            for row in chunk:
                yield StatementLine(
                    entry=row.seq,
                    effective_on=date.fromisoformat(row.effective_on),
                    recorded_at=instant_of(row.recorded_us),
                    kind=row.kind,
                    cause=f"{row.cause_kind} {row.cause_ref}",
                    other_paths=others.get(row.seq, ()),
                    change=row.change,
                    balance=0,
                    reverses=row.reverses,
                    reversed_by=reversals.get(row.seq),
                )

    def _other_paths(self, seqs: Sequence[int], account_no: int) -> dict[int, tuple[str, ...]]:
        query = (
            select(POSTING.c.entry_seq, ACCOUNT.c.path)
            .join(ACCOUNT, _same_account())
            .where(
                POSTING.c.branch_id == self.desk.branch_id,
                POSTING.c.entry_seq.in_(seqs),
                POSTING.c.account_no != account_no,
            )
            .order_by(POSTING.c.entry_seq, POSTING.c.line)
        )
        rows = self.desk.connection.execute(query)
        return {seq: tuple(path for _, path in group) for seq, group in groupby(rows, key=itemgetter(0))}

    def _lines_of(self, seqs: Sequence[int]) -> dict[int, tuple[Line, ...]]:
        if not seqs:
            return {}
        query = (
            select(POSTING, ACCOUNT.c.path, ACCOUNT.c.unit)
            .join(ACCOUNT, _same_account())
            .where(
                POSTING.c.branch_id == self.desk.branch_id,
                POSTING.c.entry_seq.between(min(seqs), max(seqs)),
                POSTING.c.entry_seq.in_(seqs),
            )
            .order_by(POSTING.c.entry_seq, POSTING.c.line)
        )
        rows = self.desk.connection.execute(query)
        return {
            seq: tuple(
                Line(
                    Posting(row.path, row.unit, Side(row.side), row.amount),
                    row.account_seq,
                    row.balance_after,
                )
                for row in group
            )
            for seq, group in groupby(rows, key=lambda row: row.entry_seq)
        }

    def _entry(self, row: Found[Any], lines: tuple[Line, ...]) -> JournalEntry:
        draft = EntryDraft(
            kind=EntryKind(row.kind),
            cause=Cause(row.cause_kind, row.cause_ref, row.step),
            effective_at=instant_of(row.effective_us),
            effective_on=date.fromisoformat(row.effective_on),
            policy_version=row.policy_version,
            actor=Actor.parse(row.actor),
            postings=tuple(line.posting for line in lines),
            reverses=row.reverses,
            counts_help=row.counts_help,
            details=row.details,
        )
        return JournalEntry(self.desk.branch.code, row.seq, instant_of(row.recorded_us), draft, lines)

    def _stream(self, query: Select[Any]) -> Any:  # noqa: ANN401 - a CursorResult of whatever was selected
        return self.desk.connection.execute(query.execution_options(yield_per=CHUNK))

    def head(self) -> int:
        """Return the sequence number of the last entry, as the branch's head says."""
        query = select(HEAD.c.entry_seq).where(HEAD.c.branch_id == self.desk.branch_id)
        return int(self.desk.connection.execute(query).scalar_one_or_none() or 0)


def _same_account() -> ColumnElement[bool]:
    return and_(ACCOUNT.c.branch_id == POSTING.c.branch_id, ACCOUNT.c.no == POSTING.c.account_no)


def _same_entry() -> ColumnElement[bool]:
    return and_(ENTRY.c.branch_id == POSTING.c.branch_id, ENTRY.c.seq == POSTING.c.entry_seq)


def _known(known_at: datetime | None) -> tuple[ColumnElement[bool], ...]:
    return () if known_at is None else (ENTRY.c.recorded_us <= micros_of(known_at),)
