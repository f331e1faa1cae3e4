"""The access log: who saw or did what for whom, apart from the journal; only ever added to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from timebank.care.sightings import Sighting
from timebank.ledger.canonical import instant_of, micros_of
from timebank.storage.repository import Repository
from timebank.storage.tables_manners import AccessLogRow


class Sightings(Repository):
    """The access log of a branch."""

    def add_all(self, sightings: Iterable[Sighting]) -> None:
        """Write lines; the branch's head is not needed, and not touched."""
        rows: list[tuple[object, ...]] = [
            (
                micros_of(each.at),
                each.no,
                each.request,
                each.role,
                each.ref,
                each.operation,
                each.object,
                each.member,
                each.mandate,
                each.status,
            )
            for each in sightings
        ]
        self._insert_many(AccessLogRow, rows)

    def list(
        self,
        *,
        member: str | None = None,
        before: tuple[datetime, int] | None = None,
        limit: int | None = None,
    ) -> Sequence[Sighting]:
        """Return lines, newest first, of what concerned a member, and before an instant and number."""
        where, values = list[str](), list[object]()
        if member is not None:
            where.append("member = ?")
            values.append(member)
        if before is not None:
            at_us = micros_of(before[0])
            where.append("(at_us < ? OR (at_us = ? AND no < ?))")
            values.extend((at_us, at_us, before[1]))
        found = self._find(
            AccessLogRow, " AND ".join(where), *values, order="at_us DESC, no DESC", limit=limit
        )
        return [self._sighting(row) for row in found]

    def _sighting(self, row: Any) -> Sighting:  # noqa: ANN401 - a named tuple
        return Sighting(
            branch=self.desk.branch.code,
            at=instant_of(row.at_us),
            no=row.no,
            request=row.request,
            role=row.role,
            ref=row.ref,
            operation=row.operation,
            object=row.object,
            member=row.member,
            mandate=row.mandate,
            status=row.status,
        )
