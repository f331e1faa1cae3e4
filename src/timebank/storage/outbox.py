"""The outbox: what a branch tells others, written with what it tells of, read in one order with the journal.

The journal is an outbox already: an entry is an event, and nothing is written beside it. What else happens is
a row of the outbox, which keeps its number among all events of the branch (see `OutboxRow`).
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.engine import Row as Found

from timebank.care.events import OF_JOURNAL, Event, EventKind, EventPage, News, of_entry, write_data
from timebank.ledger.canonical import instant_of
from timebank.ledger.model import JournalEntry
from timebank.storage.columns import table_of
from timebank.storage.driver import execute, query
from timebank.storage.engine import CHANGED
from timebank.storage.reading import JournalReader
from timebank.storage.repository import Repository
from timebank.storage.tables_events import OutboxRow

OUTBOX = table_of(OutboxRow)
ADD: Final = (
    "INSERT INTO outbox (branch_id, no, seq, kind, members, data, recorded_us) "
    "SELECT ?, ? + last.seq + 1, last.seq + 1, ?, ?, ?, ? FROM (SELECT COALESCE((SELECT seq FROM outbox "
    "WHERE branch_id = ? ORDER BY no DESC LIMIT 1), 0) AS seq) AS last"
)
END: Final = (
    "SELECT entry_seq + COALESCE((SELECT seq FROM outbox WHERE branch_id = h.branch_id "
    "ORDER BY no DESC LIMIT 1), 0) FROM branch_head AS h WHERE branch_id = ?"
)
SCANNED_MOST: Final = 5_000
"""Events looked through for those of one member, or of some kinds, in one go."""


class Outbox(Repository):
    """What happened in a branch, as events."""

    def add(self, news: News, *, last_entry: int) -> None:
        """Write down something to be told, in the transaction that holds the branch's head.

        Args:
            news: what happened.
            last_entry: the number of the journal's last entry so far.
        """
        refs = news.members_of(self.desk.branch.code)
        members = f" {' '.join(refs)} " if refs else ""
        here = self.desk.branch_id
        said = (news.kind.value, members, write_data(news.data), self.now_us)
        execute(self.desk.connection, ADD, (here, last_entry, *said, here))
        self.desk.connection.info[CHANGED] = True

    def end(self) -> int:
        """Return the number of the branch's last event; 0 if nothing happened yet."""
        [(end,)] = query(self.desk.connection, END, (self.desk.branch_id,))
        return int(end)

    def after(
        self, no: int, *, limit: int, member: str | None = None, kinds: Collection[EventKind] = ()
    ) -> EventPage:
        """Return events after a number.

        Args:
            no: 0 for all.
            limit: how many events at most.
            member: only what concerns this member of the branch; never what only the journal tells.
            kinds: only these; all if it is empty.
        """
        end = self.end()
        if no >= end:
            return EventPage(events=(), through=no, end=end)
        if member is None and (not kinds or OF_JOURNAL.intersection(kinds)):
            merged = self._merged(no, limit)
            wanted = tuple(event for event in merged if not kinds or event.kind in kinds)
            return EventPage(events=wanted, through=merged[-1].no, end=end)
        until = min(end, no + SCANNED_MOST)
        where = [OUTBOX.c.no > no, OUTBOX.c.no <= until]
        if member is not None:
            where.append(OUTBOX.c.members.contains(f" {member} ", autoescape=True))
        if kinds:
            where.append(OUTBOX.c.kind.in_(sorted(kind.value for kind in kinds)))
        rows = self._rows(OutboxRow, *where, order_by=(OUTBOX.c.no,), limit=limit)
        through = rows[-1].no if len(rows) == limit else until
        return EventPage(events=tuple(map(self._event, rows)), through=through, end=end)

    def get(self, no: int) -> Event | None:
        """Return an event by its number; None if there is none."""
        page = self.after(no - 1, limit=1) if no >= 1 else None
        return page.events[0] if page is not None and page.events else None

    def _merged(self, no: int, limit: int) -> Sequence[Event]:
        """Return the events after a number, rows of the outbox and entries, in one order."""
        here = self.desk.branch_id
        earlier = select(OUTBOX.c.seq).where(OUTBOX.c.branch_id == here, OUTBOX.c.no <= no)
        rows_before = self.desk.connection.execute(earlier.order_by(OUTBOX.c.no.desc()).limit(1)).scalar()
        rows = self._rows(OutboxRow, OUTBOX.c.no > no, order_by=(OUTBOX.c.no,), limit=limit)
        entries_before = no - (rows_before or 0)
        told_here = [row.no for row in rows]
        missing = limit - sum(1 for each in told_here if each <= no + limit)
        entries: Sequence[JournalEntry] = ()
        if missing:
            entries = JournalReader(self.desk).list(after=entries_before, limit=missing)
        merged: list[Event] = []
        waiting = list(reversed(rows))
        for entry in entries:
            while waiting and waiting[-1].no == no + len(merged) + 1:
                merged.append(self._event(waiting.pop()))
            merged.append(of_entry(entry, no=no + len(merged) + 1))
        while waiting and len(merged) < limit and waiting[-1].no == no + len(merged) + 1:
            merged.append(self._event(waiting.pop()))
        return merged[:limit]

    def _event(self, row: Found[tuple[object, ...]]) -> Event:
        return Event(
            branch=self.desk.branch.code,
            no=row.no,
            kind=EventKind(row.kind),
            at=instant_of(row.recorded_us),
            members=tuple(row.members.split()),
            data=row.data,
        )
