"""Members, service records and holds of a branch."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.engine import Row as Found

from timebank.care.member import Member, MemberKind
from timebank.care.record import Mode, RecordAct, RecordEvent, RecordState, ServiceRecord
from timebank.errors import UnknownHold, UnknownMember, UnknownRecord
from timebank.ledger.canonical import instant_of, micros_of
from timebank.ledger.holds import Hold, HoldState
from timebank.ledger.model import Actor
from timebank.storage.columns import by_code_point, table_of
from timebank.storage.driver import query
from timebank.storage.repository import READ_MOST, Repository
from timebank.storage.tables_care import HoldRow, MemberRow, ServiceEventRow, ServiceRecordRow

MEMBER = table_of(MemberRow)
RECORD = table_of(ServiceRecordRow)
EVENT = table_of(ServiceEventRow)
HOLD = table_of(HoldRow)
CHUNK = 2_000
MICROSECOND = timedelta(microseconds=1)

HELPED: Final = (
    "SELECT recipient, provider, COUNT(*) FROM service_record WHERE branch_id = ? AND state = ? "
    "GROUP BY recipient, provider ORDER BY recipient, provider"
)


class Members(Repository):
    """The members of a branch, by opaque reference."""

    def add(self, member: Member) -> None:
        """Store a new member."""
        self._insert(
            MemberRow,
            ref=member.ref,
            kind=member.kind.value,
            joined_on=member.joined_on.isoformat(),
            left_on=member.left_on.isoformat() if member.left_on is not None else None,
            erased_us=None,
        )

    def add_all(self, members: Iterable[Member]) -> None:
        """Store many new members."""
        rows = [(each.ref, each.kind.value, each.joined_on.isoformat(), None, None) for each in members]
        self._insert_many(MemberRow, rows)

    def end(self, ref: str, *, on: date) -> None:
        """Store the last day of a membership."""
        self._update(MemberRow, {"ref": ref}, left_on=on.isoformat())

    def refs(self) -> set[str]:
        """Return every reference that is taken."""
        return {row.ref for row in self._find(MemberRow)}

    def find(self, ref: str) -> Member | None:
        """Return a member, None if there is none."""
        row = self._row(MemberRow, ref=ref)
        return self._member(row) if row is not None else None

    def get(self, ref: str) -> Member:
        """Return a member.

        Raises:
            UnknownMember: the branch has no such member.
        """
        member = self.find(ref)
        if member is None:
            raise UnknownMember(member=ref, branch=self.desk.branch.code)
        return member

    def list(self) -> Sequence[Member]:
        """Return all members, in the order of their references' numbers."""
        return sorted((self._member(row) for row in self._find(MemberRow)), key=lambda m: (len(m.ref), m.ref))

    def page(self, *, after: str | None, limit: int) -> Sequence[Member]:
        """Return members in the order of their references' numbers, from behind one of them."""
        ref = by_code_point(MEMBER.c.ref, self.desk.connection)
        size = func.length(MEMBER.c.ref)
        where = []
        if after is not None:
            where.append((size > len(after)) | ((size == len(after)) & (ref > after)))
        return [self._member(row) for row in self._rows(MemberRow, *where, order_by=(size, ref), limit=limit)]

    def free_ref(self, taken: Collection[str]) -> str:
        """Return the next reference that is not taken: m1, then m2 and so on."""
        while True:
            ref = f"m{self._next_no('member')}"
            if ref not in taken:
                return ref

    def mark_erased(self, ref: str) -> None:
        """Note that the person behind a reference was erased."""
        self._update(MemberRow, {"ref": ref}, erased_us=self.now_us)

    def erased(self) -> Sequence[tuple[str, datetime]]:
        """Return who was erased, and when."""
        rows = self._find(MemberRow, "erased_us IS NOT NULL")
        return [(row.ref, instant_of(row.erased_us)) for row in rows]

    def _member(self, row: Found[Any]) -> Member:
        return _member_of(self.desk.branch.code, row)


@lru_cache(maxsize=READ_MOST)
def _member_of(branch: str, row: Found[Any]) -> Member:
    return Member(
        branch=branch,
        ref=row.ref,
        kind=MemberKind(row.kind),
        joined_on=date.fromisoformat(row.joined_on),
        left_on=date.fromisoformat(row.left_on) if row.left_on is not None else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An act on a record or a redemption, as stored; the words behind `note_no` may be erased."""

    no: int
    act: str
    actor: str
    at: datetime
    minutes: int
    note_no: int | None


class Records(Repository):
    """The service records of a branch."""

    def next_no(self) -> int:
        """Take the number of a new record."""
        return self._next_no("record")

    def add(self, record: ServiceRecord) -> None:
        """Store a new record."""
        self._insert(ServiceRecordRow, no=record.no, **_columns(record))

    def save(self, record: ServiceRecord) -> None:
        """Store a record as it is now."""
        self._update(ServiceRecordRow, {"no": record.no}, **_columns(record))

    def note(self, no: int, event: RecordEvent, note_no: int | None) -> None:
        """Store an act on a record; logging it is always the first."""
        count = 0 if event.act is RecordAct.LOG else len(self._find(ServiceEventRow, "record_no = ?", no))
        self._insert(
            ServiceEventRow,
            record_no=no,
            no=count + 1,
            act=event.act.value,
            actor=str(event.actor),
            minutes=event.minutes,
            note_no=note_no,
            recorded_us=micros_of(event.at),
        )

    def get(self, no: int) -> ServiceRecord:
        """Return a record.

        Raises:
            UnknownRecord: the branch has no such record.
        """
        row = self._row(ServiceRecordRow, no=no)
        if row is None:
            raise UnknownRecord(record=no, branch=self.desk.branch.code)
        return self._record(row)

    def helped(self) -> Sequence[tuple[str, str, int]]:
        """Return who was helped by whom how often, as confirmed: (recipient, provider, times)."""
        confirmed = (self.desk.branch_id, RecordState.CONFIRMED.value)
        return query(self.desk.connection, HELPED, confirmed)

    def events(self, no: int) -> Sequence[StoredEvent]:
        """Return what was done to a record, oldest first."""
        rows = self._find(ServiceEventRow, "record_no = ?", no, order="no")
        return [event_of(row) for row in rows]

    def of_provider(
        self, provider: str, *, start_at: datetime, end_at: datetime, longest: timedelta
    ) -> Sequence[ServiceRecord]:
        """Return a provider's records that touch an interval, whatever their state.

        Args:
            provider: member reference.
            start_at: of the interval.
            end_at: of the interval.
            longest: no record is longer; else each of the provider's earlier ones would be looked at.
        """
        touching = "provider = ? AND start_us BETWEEN ? AND ? AND end_us >= ?"
        earliest = micros_of(start_at) - longest // MICROSECOND
        rows = self._find(
            ServiceRecordRow, touching, provider, earliest, micros_of(end_at), micros_of(start_at)
        )
        return [self._record(row) for row in rows]

    def list(
        self,
        *,
        state: RecordState | None = None,
        member: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> Sequence[ServiceRecord]:
        """Return records, newest first, of a state, of a member on either side, and before a number."""
        where, values = list[str](), list[str | int]()
        if before is not None:
            where.append("no < ?")
            values.append(before)
        if state is not None:
            where.append("state = ?")
            values.append(state.value)
        if member is not None:
            where.append("(provider = ? OR recipient = ?)")
            values.extend((member, f"member:{member}"))
        rows = self._find(ServiceRecordRow, " AND ".join(where), *values, order="no DESC", limit=limit)
        return [self._record(row) for row in rows]

    def all(self) -> Iterator[ServiceRecord]:
        """Yield every record, by number; streamed."""
        query = select(RECORD).where(RECORD.c.branch_id == self.desk.branch_id).order_by(RECORD.c.no)
        for row in self.desk.connection.execute(query.execution_options(yield_per=CHUNK)):
            yield self._record(row)

    def _record(self, row: Found[Any]) -> ServiceRecord:
        return ServiceRecord(
            branch=self.desk.branch.code,
            no=row.no,
            provider=row.provider,
            recipient=row.recipient,
            kind=row.kind,
            mode=Mode(row.mode),
            start_at=instant_of(row.start_us),
            minutes=row.minutes,
            credited_minutes=row.credited_minutes,
            unit=row.unit,
            state=RecordState(row.state),
            stated_by=Actor.parse(row.stated_by),
            logged_by=Actor.parse(row.logged_by),
            revision=row.revision,
            redemption=row.redemption,
            is_flagged_overlap=bool(row.is_flagged),
        )


def event_of(row: Found[Any]) -> StoredEvent:
    """Read a stored act."""
    return StoredEvent(
        no=row.no,
        act=row.act,
        actor=row.actor,
        at=instant_of(row.recorded_us),
        minutes=row.minutes,
        note_no=row.note_no,
    )


def _columns(record: ServiceRecord) -> dict[str, object]:
    return {
        "provider": record.provider,
        "recipient": record.recipient,
        "kind": record.kind,
        "mode": record.mode.value,
        "start_us": micros_of(record.start_at),
        "end_us": micros_of(record.end_at),
        "minutes": record.minutes,
        "credited_minutes": record.credited_minutes,
        "unit": record.unit,
        "state": record.state.value,
        "stated_by": str(record.stated_by),
        "logged_by": str(record.logged_by),
        "revision": record.revision,
        "redemption": record.redemption,
        "is_flagged": int(record.is_flagged_overlap),
    }


class Holds(Repository):
    """The holds of a branch."""

    def next_no(self) -> int:
        """Take the number of a new hold."""
        return self._next_no("hold")

    def add(self, hold: Hold) -> None:
        """Store a new hold."""
        self._insert(
            HoldRow,
            no=hold.no,
            member=hold.member,
            minutes=hold.minutes,
            state=hold.state.value,
            expires_us=micros_of(hold.expires_at),
            cause_kind=hold.cause_kind,
            cause_ref=hold.cause_ref,
            captured_minutes=hold.captured_minutes,
        )

    def resolve(self, hold: Hold) -> None:
        """Store how a hold was resolved."""
        self._update(HoldRow, {"no": hold.no}, state=hold.state.value, captured_minutes=hold.captured_minutes)

    def get(self, no: int) -> Hold:
        """Return a hold.

        Raises:
            UnknownHold: the branch has no such hold.
        """
        row = self._row(HoldRow, no=no)
        if row is None:
            raise UnknownHold(hold=no, branch=self.desk.branch.code)
        return _hold(row)

    def list(self, *, state: HoldState | None = None, member: str | None = None) -> Sequence[Hold]:
        """Return holds by number, of a state and of a member."""
        equal = {"state": state.value if state is not None else None, "member": member}
        return [_hold(row) for row in self._matching(HoldRow, "no", **equal)]

    def newest(
        self, *, state: HoldState | None, member: str | None, before: int | None, limit: int
    ) -> Sequence[Hold]:
        """Return holds, newest first, of a state and of a member; those before a number."""
        asked = {
            "no < ?": before,
            "state = ?": state.value if state is not None else None,
            "member = ?": member,
        }
        where = {part: value for part, value in asked.items() if value is not None}
        rows = self._find(HoldRow, " AND ".join(where), *where.values(), order="no DESC", limit=limit)
        return [_hold(row) for row in rows]

    def all(self) -> Iterator[Hold]:
        """Yield every hold, by number; streamed."""
        query = select(HOLD).where(HOLD.c.branch_id == self.desk.branch_id).order_by(HOLD.c.no)
        for row in self.desk.connection.execute(query.execution_options(yield_per=CHUNK)):
            yield _hold(row)

    def due(self) -> Sequence[Hold]:
        """Return the pending holds that have reached their deadline, by deadline, then number."""
        due = (HoldState.PENDING.value, self.now_us)
        rows = self._find(HoldRow, "state = ? AND expires_us <= ?", *due, order="expires_us, no")
        return [_hold(row) for row in rows]


def _hold(row: Found[Any]) -> Hold:
    return Hold(
        no=row.no,
        member=row.member,
        minutes=row.minutes,
        state=HoldState(row.state),
        expires_at=instant_of(row.expires_us),
        cause_kind=row.cause_kind,
        cause_ref=row.cause_ref,
        captured_minutes=row.captured_minutes,
    )
