"""The turns in the lives of members and of a branch; only ever added to."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from timebank.care.life import LifeAct, LifeEvent
from timebank.ledger.canonical import instant_of
from timebank.ledger.model import Actor
from timebank.storage.driver import query
from timebank.storage.repository import Repository
from timebank.storage.tables import BranchHeadRow
from timebank.storage.tables_life import LifeEventRow

MEMBER: Final = "member"
BRANCH: Final = "branch"
LAST: Final = (
    "SELECT a.path, MAX(e.effective_on) FROM account AS a "
    "JOIN posting AS p ON p.branch_id = a.branch_id AND p.account_no = a.no "
    "JOIN entry AS e ON e.branch_id = p.branch_id AND e.seq = p.entry_seq "
    "WHERE a.branch_id = ? AND a.path LIKE 'member:%' GROUP BY a.path ORDER BY a.path"
)


class Life(Repository):
    """The turns in the lives of a branch and its members."""

    def add(
        self,
        subject: str,
        ref: str,
        act: LifeAct,
        *,
        on: date,
        actor: Actor,
        other: str | None = None,
        entry: int | None = None,
        note_no: int | None = None,
    ) -> LifeEvent:
        """Write down what happened; returns it."""
        no = self._next_no("life event")
        self._insert(
            LifeEventRow,
            no=no,
            subject=subject,
            ref=ref,
            act=act.value,
            other=other,
            happened_on=on.isoformat(),
            entry_seq=entry,
            actor=str(actor),
            note_no=note_no,
            recorded_us=self.now_us,
        )
        return LifeEvent(
            no=no,
            ref=ref,
            act=act,
            other=other,
            on=on,
            entry=entry,
            actor=actor,
            note_no=note_no,
            recorded_at=self.desk.now,
        )

    def get(self, no: int) -> LifeEvent:
        """Return one turn, which is there."""
        row = self._row(LifeEventRow, no=no)
        assert row is not None, f"life event {no} was remembered under a key"
        return _event(row)

    def of_member(self, ref: str) -> Sequence[LifeEvent]:
        """Return the turns in a member's life, oldest first."""
        return [_event(row) for row in self._matching(LifeEventRow, "no", subject=MEMBER, ref=ref)]

    def of_members(self) -> Sequence[LifeEvent]:
        """Return the turns in all members' lives, oldest first."""
        return [_event(row) for row in self._matching(LifeEventRow, "no", subject=MEMBER)]

    def of_branch(self) -> Sequence[LifeEvent]:
        """Return the turns in the branch's own life, oldest first."""
        return [_event(row) for row in self._matching(LifeEventRow, "no", subject=BRANCH)]

    def freeze(self, *, is_frozen: bool) -> None:
        """Let the branch take no other entries than those that close it, or all again."""
        head = self.desk.head
        assert head is not None, "who freezes a branch has taken its head"
        self._update(BranchHeadRow, {}, is_frozen=int(is_frozen))
        head.is_frozen = int(is_frozen)

    def last_days(self) -> dict[str, date]:
        """Return the day of the last entry of each member, by reference, held minutes included."""
        found: dict[str, date] = {}
        for path, day in query(self.desk.connection, LAST, (self.desk.branch_id,)):
            ref, on = path.split(":")[1], date.fromisoformat(day)
            found[ref] = max(found.get(ref, on), on)
        return found


def _event(row: Any) -> LifeEvent:  # noqa: ANN401 - a named tuple
    return LifeEvent(
        no=row.no,
        ref=row.ref,
        act=LifeAct(row.act),
        other=row.other,
        on=date.fromisoformat(row.happened_on),
        entry=row.entry_seq,
        actor=Actor.parse(row.actor),
        note_no=row.note_no,
        recorded_at=instant_of(row.recorded_us),
    )
