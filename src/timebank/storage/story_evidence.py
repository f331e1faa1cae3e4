"""Service records, redemptions, holds and reversals as stored, for the audit: some at a time, or in streams.

An order by text is always that of its bytes, on any engine: streams are compared step by step.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Table, bindparam, func, select

from timebank.ledger.audit import RESERVING, Reversal, StoredEntry, StoredLine
from timebank.ledger.chart import held
from timebank.ledger.reconcile import Movement, StoredHold
from timebank.ledger.stories import StoredAct, StoredBeneficiary, StoredRecord, StoredRedemption, StoredStep
from timebank.storage.columns import table_of
from timebank.storage.repository import Repository
from timebank.storage.tables import EntryRow, PostingRow
from timebank.storage.tables_care import (
    BeneficiaryEventRow,
    BeneficiaryRow,
    HoldRow,
    RedemptionEventRow,
    RedemptionRow,
    ServiceEventRow,
    ServiceRecordRow,
)

CHUNK = 1_000
"""Rows of a stream fetched at a time, and stories looked at together."""
BENEFICIARY = table_of(BeneficiaryRow)
BENEFICIARY_EVENT = table_of(BeneficiaryEventRow)
ENTRY = table_of(EntryRow)
HOLD = table_of(HoldRow)
POSTING = table_of(PostingRow)
RECORD = table_of(ServiceRecordRow)
RECORD_EVENT = table_of(ServiceEventRow)
REDEMPTION = table_of(RedemptionRow)
REDEMPTION_EVENT = table_of(RedemptionEventRow)
HELD_SUFFIX = held("")[len("member:") :]
Stored = TypeVar("Stored", bound=NamedTuple)
Item = TypeVar("Item")
Some = Collection[Any] | None
"""Numbers or references to look at; None for all."""


def chunks_of(rows: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield rows a thousand at a time."""
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class StoryEvidence(Repository):
    """What the audit compares with the journal, cause by cause."""

    def records(self, only: Some = None) -> Iterator[StoredRecord]:
        """Yield service records, by number."""
        return self._rows_of(StoredRecord, RECORD, RECORD.c.no, only=only)

    def redemptions(self, only: Some = None) -> Iterator[StoredRedemption]:
        """Yield redemptions, by number."""
        return self._rows_of(StoredRedemption, REDEMPTION, REDEMPTION.c.no, only=only)

    def beneficiaries(self, only: Some = None) -> Iterator[StoredBeneficiary]:
        """Yield beneficiaries, by number."""
        return self._rows_of(StoredBeneficiary, BENEFICIARY, BENEFICIARY.c.no, only=only)

    def holds(self, only: Some = None) -> Iterator[StoredHold]:
        """Yield holds, by number."""
        return self._rows_of(StoredHold, HOLD, HOLD.c.no, only=only)

    def fulfilling(self, only: Some = None) -> Iterator[StoredRecord]:
        """Yield the service records that are for a redemption, by number."""
        is_for_one = RECORD.c.redemption.is_not(None)
        return self._rows_of(StoredRecord, RECORD, RECORD.c.no, only=only, where=(is_for_one,))

    def record_acts(self, only: Some = None) -> Iterator[StoredAct]:
        """Yield what was done to service records, by record and number."""
        return self._acts(RECORD_EVENT, RECORD_EVENT.c.record_no, only)

    def redemption_acts(self, only: Some = None) -> Iterator[StoredAct]:
        """Yield what was done to redemptions, by redemption and number."""
        return self._acts(REDEMPTION_EVENT, REDEMPTION_EVENT.c.redemption_no, only)

    def beneficiary_steps(self, only: Some = None) -> Iterator[StoredStep]:
        """Yield what was done about beneficiaries, by beneficiary and number."""
        table = BENEFICIARY_EVENT
        columns = (table.c.beneficiary_no, table.c.no, table.c.act, table.c.recorded_us)
        for row in self._some(columns, table.c.beneficiary_no, only, (table.c.beneficiary_no, table.c.no)):
            yield StoredStep(*row)

    def entries_of(
        self, kind: str, refs: Collection[str]
    ) -> list[tuple[StoredEntry, tuple[StoredLine, ...]]]:
        """Return the entries that cite some causes of a kind, with their postings, in journal order."""
        columns = [ENTRY.c[name] for name in StoredEntry._fields]
        is_of_kind = ENTRY.c.cause_kind == kind
        rows = self._some(columns, ENTRY.c.cause_ref, refs, (ENTRY.c.seq,), where=(is_of_kind,))
        entries = sorted((StoredEntry(*row) for row in rows), key=attrgetter("seq"))
        lines = self.lines_of([entry.seq for entry in entries])
        return [(entry, lines.get(entry.seq, ())) for entry in entries]

    def lines_of(self, seqs: Collection[int]) -> dict[int, tuple[StoredLine, ...]]:
        """Return the postings of some entries, in order."""
        columns = [POSTING.c[name] for name in StoredLine._fields]
        order = (POSTING.c.entry_seq, POSTING.c.line)
        rows = (StoredLine(*row) for row in self._some(columns, POSTING.c.entry_seq, seqs, order))
        return {seq: tuple(group) for seq, group in groupby(rows, key=attrgetter("entry_seq"))}

    def reversed_by(self, seqs: Collection[int]) -> dict[int, int]:
        """Return the first entry that reverses each of some entries, where there is one."""
        found: dict[int, int] = {}
        order = (ENTRY.c.seq.desc(),)
        for seq, of in self._some((ENTRY.c.seq, ENTRY.c.reverses), ENTRY.c.reverses, seqs, order):
            found[of] = min(seq, found.get(of, seq))
        return found

    def reversals(self, *, after: int) -> Iterator[Reversal]:
        """Yield the entries beyond one that reverse others, beside those, in journal order."""
        query = select(ENTRY.c.seq, ENTRY.c.reverses).where(
            ENTRY.c.branch_id == self.desk.branch_id, ENTRY.c.reverses.is_not(None), ENTRY.c.seq > after
        )
        for chunk in chunks_of(self._stream(query.order_by(ENTRY.c.seq))):
            originals = sorted({row.reverses for row in chunk})
            lines = self.lines_of(sorted({*originals, *(row.seq for row in chunk)}))
            columns = (ENTRY.c.seq, ENTRY.c.reverses)
            heads = dict(map(tuple, self._some(columns, ENTRY.c.seq, originals, (ENTRY.c.seq,))))
            first = self.reversed_by(originals)
            for seq, of in chunk:
                yield Reversal(
                    seq=seq,
                    reverses=of,
                    lines=lines.get(seq, ()),
                    original=lines.get(of, ()) if of in heads else None,
                    is_reversal_of_reversal=heads.get(of) is not None,
                    is_first=first.get(of, seq) == seq,
                )

    def causes_of(self, kind: str, *, after: int) -> Iterator[tuple[str, int]]:
        """Yield each reference that entries beyond one cite as a cause of a kind, and its first entry.

        Entries that only reserve are left out.
        """
        query = (
            select(ENTRY.c.cause_ref, func.min(ENTRY.c.seq))
            .where(
                ENTRY.c.branch_id == self.desk.branch_id,
                ENTRY.c.cause_kind == kind,
                ENTRY.c.kind.not_in(RESERVING),
                ENTRY.c.seq > after,
            )
            .group_by(ENTRY.c.cause_ref)
        )
        yield from self._stream(query)

    def count_entries_of(self, kind: str) -> int:
        """Return how many entries cite a cause of a kind."""
        query = select(func.count()).where(
            ENTRY.c.branch_id == self.desk.branch_id, ENTRY.c.cause_kind == kind
        )
        return int(self.desk.connection.execute(query).scalar_one())

    def holds_by_place(self, only: Collection[str] | None = None) -> Iterator[StoredHold]:
        """Yield holds by held account and cause; `only` are references of causes."""
        order = (
            self._text("member:" + HOLD.c.member + HELD_SUFFIX),
            *(self._text(HOLD.c.cause_kind), self._text(HOLD.c.cause_ref), HOLD.c.no),
        )
        columns = [HOLD.c[name] for name in StoredHold._fields]
        for row in self._some(columns, HOLD.c.cause_ref, only, order):
            yield StoredHold(*row)

    def movements(
        self, accounts: Mapping[int, str], only: Collection[str] | None = None
    ) -> Iterator[Movement]:
        """Yield the postings on held accounts by account and cause.

        Account by account: the database sorts the causes of one, never those of all.

        Args:
            accounts: paths of the held accounts, by number.
            only: references of causes; all if None.
        """
        query = (
            select(
                *(ENTRY.c.cause_kind, ENTRY.c.cause_ref, POSTING.c.entry_seq),
                *(POSTING.c.line, ENTRY.c.kind, POSTING.c.side, POSTING.c.amount),
            )
            .join(ENTRY, (ENTRY.c.branch_id == POSTING.c.branch_id) & (ENTRY.c.seq == POSTING.c.entry_seq))
            .where(POSTING.c.branch_id == self.desk.branch_id, POSTING.c.account_no == bindparam("account"))
            .order_by(
                *(self._text(ENTRY.c.cause_kind), self._text(ENTRY.c.cause_ref)),
                *(POSTING.c.entry_seq, POSTING.c.line),
            )
            .execution_options(yield_per=CHUNK)
        )
        if only is not None:
            query = query.where(ENTRY.c.cause_ref.in_(sorted(only)))
        for no, path in sorted(accounts.items(), key=itemgetter(1)):
            for row in self.desk.connection.execute(query, {"account": no}):
                yield Movement(path, *row)

    def held_causes(self, accounts: Collection[int], *, after: int, most: int) -> set[str] | None:
        """Return the references of causes whose entries beyond one moved held minutes; None if many.

        Args:
            accounts: numbers of the held accounts.
            after: the entry.
            most: how many are not many.
        """
        found: set[str] = set()
        for chunk in chunks_of(sorted(accounts)):
            query = (
                select(ENTRY.c.cause_ref)
                .join(
                    POSTING,
                    (POSTING.c.branch_id == ENTRY.c.branch_id) & (POSTING.c.entry_seq == ENTRY.c.seq),
                )
                .where(
                    ENTRY.c.branch_id == self.desk.branch_id,
                    ENTRY.c.seq > after,
                    POSTING.c.account_no.in_(chunk),
                )
            )
            found.update(self.desk.connection.execute(query.distinct().limit(most + 1)).scalars())
            if len(found) > most:
                return None
        return found

    def pending(self) -> dict[str, int]:
        """Return the minutes of pending holds by path of the held account."""
        query = (
            select(HOLD.c.member, func.sum(HOLD.c.minutes))
            .where(HOLD.c.branch_id == self.desk.branch_id, HOLD.c.state == "pending")
            .group_by(HOLD.c.member)
        )
        return {held(member): int(minutes) for member, minutes in self.desk.connection.execute(query)}

    def acted_on(self, what: str, *, since_us: int) -> set[int]:
        """Return the numbers of records, redemptions or beneficiaries that were acted on since an instant."""
        table, number = {
            "record": (RECORD_EVENT, RECORD_EVENT.c.record_no),
            "redemption": (REDEMPTION_EVENT, REDEMPTION_EVENT.c.redemption_no),
            "beneficiary": (BENEFICIARY_EVENT, BENEFICIARY_EVENT.c.beneficiary_no),
        }[what]
        query = select(number).where(
            table.c.branch_id == self.desk.branch_id, table.c.recorded_us >= since_us
        )
        return set(self.desk.connection.execute(query.distinct()).scalars())

    def _acts(self, table: Table, story: ColumnElement[int], only: Some) -> Iterator[StoredAct]:
        columns = (story, table.c.no, table.c.act, table.c.actor, table.c.minutes)
        for row in self._some(columns, story, only, (story, table.c.no)):
            yield StoredAct(*row)

    def _rows_of(
        self,
        stored: type[Stored],
        table: Table,
        number: ColumnElement[Any],
        *,
        only: Some,
        where: Collection[ColumnElement[bool]] = (),
    ) -> Iterator[Stored]:
        columns = [table.c[name] for name in stored._fields]
        for row in self._some(columns, number, only, (number,), where=where):
            yield stored(*row)

    def _some(
        self,
        columns: Collection[Any],
        number: ColumnElement[Any],
        only: Some,
        order: Collection[Any],
        *,
        where: Collection[ColumnElement[bool]] = (),
    ) -> Iterator[Any]:
        """Yield rows of the branch, all or those whose `number` is in `only`, in sorted chunks of these."""
        table = number.table
        query = select(*columns).where(table.c.branch_id == self.desk.branch_id, *where).order_by(*order)
        if only is None:
            yield from self._stream(query)
            return
        for chunk in chunks_of(sorted(set(only))):
            yield from self.desk.connection.execute(query.where(number.in_(chunk)))

    def _text(self, column: Any) -> Any:  # noqa: ANN401
        is_postgres = self.desk.connection.dialect.name == "postgresql"
        return column.collate("C") if is_postgres else column

    def _stream(self, query: Any) -> Any:  # noqa: ANN401 - whatever was selected
        return self.desk.connection.execute(query.execution_options(yield_per=CHUNK))
