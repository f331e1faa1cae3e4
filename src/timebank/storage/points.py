"""The points up to which audits have proven the books, one for each branch."""

from sqlalchemy import select

from timebank.ledger.points import AuditPoint
from timebank.storage.columns import table_of
from timebank.storage.repository import Repository
from timebank.storage.tables_audit import AuditPointRow

POINT = table_of(AuditPointRow)


class Points(Repository):
    """The point of a branch."""

    def last(self) -> AuditPoint | None:
        """Return the point of the last audit without faults; None if there was none."""
        row = self._row(AuditPointRow)
        if row is None:
            return None
        return AuditPoint(
            entry_seq=row.entry_seq,
            actor=row.actor,
            recorded_us=row.recorded_us,
            seen_us=row.seen_us,
            totals=row.totals,
            digest=row.digest,
        )

    def keep(self, point: AuditPoint) -> None:
        """Set the point, instead of the last one if there is one."""
        facts = {
            "entry_seq": point.entry_seq,
            "actor": point.actor,
            "recorded_us": point.recorded_us,
            "seen_us": point.seen_us,
            "totals": point.totals,
            "digest": point.digest,
        }
        here = POINT.c.branch_id == self.desk.branch_id
        if self.desk.connection.execute(select(POINT.c.branch_id).where(here)).first() is None:
            self._insert(AuditPointRow, **facts)
        else:
            self._update(AuditPointRow, {}, **facts)
