"""The journal, added up for reports: help by account, movements by kind, and exchanges in a stream."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, select

from timebank.care.record import RecordAct
from timebank.ledger.model import MINUTES
from timebank.storage.columns import table_of
from timebank.storage.reading import ACCOUNT, CHANGE, CHUNK, ENTRY, POSTING
from timebank.storage.repository import Repository
from timebank.storage.tables_care import RedemptionRow, ServiceEventRow, ServiceRecordRow

UNDONE: Final = ENTRY.alias("undone")
RECORD: Final = table_of(ServiceRecordRow)
REDEMPTION: Final = table_of(RedemptionRow)
EVENT: Final = table_of(ServiceEventRow)
DISPUTED: Final = (RecordAct.CORRECT.value, RecordAct.DISPUTE.value)
GIVEN: Final = POSTING.c.side == case((ENTRY.c.counts_help > 0, "credit"), else_="debit")


class HelpEntry(NamedTuple):
    """An entry that counts as help, or takes such back."""

    seq: int
    effective_on: date
    counts: int
    """1: help; -1: a reversal of help."""
    reverses_on: date | None
    """Of a reversal: the day on which what it takes back took effect."""
    is_reversed: bool
    cause: tuple[str, str]
    postings: tuple[tuple[str, int], ...]
    """Account path and change of its balance, in minutes."""


class ReportReader(Repository):
    """A branch's journal, added up."""

    def help_by_account(self, first_on: date, last_on: date) -> Sequence[tuple[str, int, int]]:
        """Return (path, given, received) of help in a period, what is taken back taken off."""
        amount = POSTING.c.amount * ENTRY.c.counts_help
        given = func.sum(case((GIVEN, amount), else_=0))
        received = func.sum(case((GIVEN, 0), else_=amount))
        query = (
            select(ACCOUNT.c.path, given, received)
            .select_from(_joined())
            .where(*self._in(first_on, last_on), ENTRY.c.counts_help != 0, ACCOUNT.c.unit == MINUTES)
            .group_by(ACCOUNT.c.path)
            .order_by(ACCOUNT.c.path)
        )
        return [(str(row[0]), int(row[1]), int(row[2])) for row in self.desk.connection.execute(query)]

    def movements(self, first_on: date, last_on: date) -> Sequence[tuple[str, int, str, int]]:
        """Return (kind of entry, what it counts as help, account path, change), added up over a period."""
        query = (
            select(ENTRY.c.kind, ENTRY.c.counts_help, ACCOUNT.c.path, func.sum(CHANGE))
            .select_from(_joined())
            .where(*self._in(first_on, last_on), ACCOUNT.c.unit == MINUTES)
            .group_by(ENTRY.c.kind, ENTRY.c.counts_help, ACCOUNT.c.path)
            .order_by(ENTRY.c.kind, ENTRY.c.counts_help, ACCOUNT.c.path)
        )
        return [(str(a), int(b), str(c), int(d)) for a, b, c, d in self.desk.connection.execute(query)]

    def help_entries(self, first_on: date, last_on: date) -> Iterator[HelpEntry]:
        """Yield every entry of a period that counts as help in minutes or takes such back, in order."""
        original = ENTRY.alias("original")
        here = self.desk.branch_id
        columns: list[ColumnElement[Any]] = [
            *(
                ENTRY.c.seq,
                ENTRY.c.effective_on,
                ENTRY.c.counts_help,
                original.c.effective_on.label("was_on"),
            ),
            *(UNDONE.c.seq.label("undone_by"), ENTRY.c.cause_kind, ENTRY.c.cause_ref),
            *(ACCOUNT.c.path, CHANGE.label("change")),
        ]
        query = (
            select(*columns)
            .select_from(
                _joined()
                .outerjoin(UNDONE, and_(UNDONE.c.branch_id == here, UNDONE.c.reverses == ENTRY.c.seq))
                .outerjoin(original, and_(original.c.branch_id == here, original.c.seq == ENTRY.c.reverses))
            )
            .where(*self._in(first_on, last_on), ENTRY.c.counts_help != 0, ACCOUNT.c.unit == MINUTES)
            .order_by(ENTRY.c.seq, POSTING.c.line)
        )
        rows = self.desk.connection.execute(query.execution_options(yield_per=CHUNK))
        for seq, group in groupby(rows, key=lambda row: row.seq):
            lines = list(group)
            head = lines[0]
            yield HelpEntry(
                seq=seq,
                effective_on=date.fromisoformat(head.effective_on),
                counts=head.counts_help,
                reverses_on=date.fromisoformat(head.was_on) if head.was_on is not None else None,
                is_reversed=head.undone_by is not None,
                cause=(head.cause_kind, head.cause_ref),
                postings=tuple((line.path, int(line.change)) for line in lines),
            )

    def kinds(self, first_on: date, last_on: date) -> dict[tuple[str, str], str]:
        """Return the kind of help behind each cause of help in a period, where it is known in this branch."""
        found: dict[tuple[str, str], str] = {}
        causes = self._causes(first_on, last_on)
        for at in range(0, len(causes), CHUNK):
            numbers = [
                int(ref) for kind, ref in causes[at : at + CHUNK] if kind == "service" and ref.isdigit()
            ]
            query = select(RECORD.c.no, RECORD.c.kind).where(
                RECORD.c.branch_id == self.desk.branch_id, RECORD.c.no.in_(numbers)
            )
            found |= {("service", str(row.no)): row.kind for row in self.desk.connection.execute(query)}
            refs = [ref for kind, ref in causes[at : at + CHUNK] if kind == "redemption"]
            code = self.desk.branch.code
            own = [int(ref.rpartition("-")[2]) for ref in refs if ref.rpartition("-")[0] == code]
            mine = select(REDEMPTION.c.no, REDEMPTION.c.kind).where(
                REDEMPTION.c.branch_id == self.desk.branch_id, REDEMPTION.c.no.in_(own)
            )
            found |= {
                ("redemption", f"{code}-{row.no}"): row.kind for row in self.desk.connection.execute(mine)
            }
            theirs = select(RECORD.c.redemption, RECORD.c.kind).where(
                RECORD.c.branch_id == self.desk.branch_id, RECORD.c.redemption.in_(refs)
            )
            found |= {
                ("redemption", row.redemption): row.kind for row in self.desk.connection.execute(theirs)
            }
        return found

    def confirmations(self, first_on: date, last_on: date) -> tuple[int, int]:
        """Return how many records of help that stands in a period were confirmed, and how many undisputed."""
        numbers = [
            int(ref)
            for kind, ref in self._causes(first_on, last_on, is_standing=True)
            if kind == "service" and ref.isdigit()
        ]
        disputed = 0
        for at in range(0, len(numbers), CHUNK):
            query = select(func.count(EVENT.c.record_no.distinct())).where(
                EVENT.c.branch_id == self.desk.branch_id,
                EVENT.c.record_no.in_(numbers[at : at + CHUNK]),
                EVENT.c.act.in_(DISPUTED),
            )
            disputed += int(self.desk.connection.execute(query).scalar_one())
        return len(numbers), len(numbers) - disputed

    def _causes(self, first_on: date, last_on: date, *, is_standing: bool = False) -> list[tuple[str, str]]:
        standing = (
            ENTRY.c.counts_help > 0,
            ~ENTRY.c.seq.in_(
                select(UNDONE.c.reverses).where(
                    UNDONE.c.branch_id == self.desk.branch_id, UNDONE.c.reverses.is_not(None)
                )
            ),
        )
        query = (
            select(ENTRY.c.cause_kind, ENTRY.c.cause_ref)
            .where(*self._in(first_on, last_on), *(standing if is_standing else (ENTRY.c.counts_help != 0,)))
            .distinct()
        )
        return [(row.cause_kind, row.cause_ref) for row in self.desk.connection.execute(query)]

    def _in(self, first_on: date, last_on: date) -> tuple[ColumnElement[bool], ...]:
        return (
            ENTRY.c.branch_id == self.desk.branch_id,
            ENTRY.c.effective_on.between(first_on.isoformat(), last_on.isoformat()),
        )


def _joined() -> Any:  # noqa: ANN401 - a Join
    return POSTING.join(
        ENTRY, and_(ENTRY.c.branch_id == POSTING.c.branch_id, ENTRY.c.seq == POSTING.c.entry_seq)
    ).join(ACCOUNT, and_(ACCOUNT.c.branch_id == POSTING.c.branch_id, ACCOUNT.c.no == POSTING.c.account_no))
