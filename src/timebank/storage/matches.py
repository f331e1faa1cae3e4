"""Matches, as rows: what is open is decided by the clock as much as by the row."""

from collections.abc import Sequence
from typing import Any

from timebank.care.match import Match, MatchState, Outcome, as_of
from timebank.errors import UnknownMatch
from timebank.ledger.canonical import instant_of, micros_of
from timebank.ledger.model import Actor
from timebank.storage.repository import Repository
from timebank.storage.tables_matches import MatchRow


class Matches(Repository):
    """The matches of a branch."""

    def next_no(self) -> int:
        """Take the number of a new match."""
        return self._next_no("help_match")

    def add(self, match: Match) -> None:
        """Store a new match."""
        self._insert(
            MatchRow,
            no=match.no,
            request_no=match.request,
            member=match.member,
            helper=match.helper,
            offer_no=match.offer,
            starts=match.starts,
            rank=match.rank,
            weights=match.weights,
            offered_us=micros_of(match.offered_at),
            offered_by=str(match.offered_by),
            expires_us=micros_of(match.expires_at),
            **self._change(match),
        )

    def save(self, match: Match) -> None:
        """Store what became of a match."""
        self._update(MatchRow, {"no": match.no}, **self._change(match))

    def get(self, no: int) -> Match:
        """Return a match as it stands now.

        Raises:
            UnknownMatch: the branch has no such match.
        """
        row = self._row(MatchRow, no=no)
        if row is None:
            raise UnknownMatch(match=no, branch=self.desk.branch.code)
        return self._match(row)

    def list(
        self,
        *,
        state: MatchState | None = None,
        helper: str | None = None,
        member: str | None = None,
        request: int | None = None,
        around: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> Sequence[Match]:
        """Return matches as they stand now, newest first.

        Args:
            state: only these.
            helper: only those offered to this member.
            member: only those for this member's requests.
            request: only those for this request.
            around: only those that this member was asked, or that somebody accepted for their request.
            before: only smaller numbers.
            limit: how many at most.
        """
        where, values = ["1 = 1"], list[object]()
        if state is MatchState.OFFERED:
            where.append("state = 'offered' AND expires_us > ?")
            values.append(self.now_us)
        elif state is MatchState.EXPIRED:
            where.append("(state = 'expired' OR (state = 'offered' AND expires_us <= ?))")
            values.append(self.now_us)
        elif state is not None:
            where.append("state = ?")
            values.append(state.value)
        for column, value in (("helper", helper), ("member", member), ("request_no", request)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if around is not None:
            where.append("(helper = ? OR (member = ? AND state = 'accepted'))")
            values.extend((around, around))
        if before is not None:
            where.append("no < ?")
            values.append(before)
        rows = self._find(MatchRow, " AND ".join(where), *values, order="no DESC", limit=limit)
        return [self._match(row) for row in rows]

    def around(self, ref: str) -> Sequence[Match]:
        """Return the matches of a member, as helper or as who asks, newest first."""
        rows = self._find(MatchRow, "(helper = ? OR member = ?)", ref, ref, order="no DESC")
        return [self._match(row) for row in rows]

    def due(self) -> Sequence[Match]:
        """Return those that have expired without the rows saying so, oldest first."""
        rows = self._find(MatchRow, "state = 'offered' AND expires_us <= ?", self.now_us, order="no")
        return [self._match(row) for row in rows]

    def _match(self, row: Any) -> Match:  # noqa: ANN401 - a named tuple
        match = Match(
            branch=self.desk.branch.code,
            no=row.no,
            request=row.request_no,
            member=row.member,
            helper=row.helper,
            offer=row.offer_no,
            starts=row.starts,
            rank=row.rank,
            weights=row.weights,
            offered_at=instant_of(row.offered_us),
            offered_by=Actor.parse(row.offered_by),
            expires_at=instant_of(row.expires_us),
            state=MatchState(row.state),
            changed_at=instant_of(row.changed_us) if row.changed_us is not None else None,
            changed_by=Actor.parse(row.changed_by) if row.changed_by is not None else None,
            outcome=Outcome(row.outcome) if row.outcome is not None else None,
        )
        return as_of(match, self.desk.now)

    def _change(self, match: Match) -> dict[str, Any]:
        return {
            "state": match.state.value,
            "changed_us": micros_of(match.changed_at) if match.changed_at is not None else None,
            "changed_by": str(match.changed_by) if match.changed_by is not None else None,
            "outcome": match.outcome.value if match.outcome is not None else None,
        }
