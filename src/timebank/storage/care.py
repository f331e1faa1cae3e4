"""Mandates, beneficiaries and redemptions of a branch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.engine import Row as Found

from timebank.care.beneficiary import Beneficiary, BeneficiaryEvent, Relation
from timebank.care.mandate import Mandate, Scope
from timebank.care.record import Mode
from timebank.care.redemption import WAITING, Redemption, RedemptionEvent, RedemptionState
from timebank.errors import UnknownBeneficiary, UnknownMandate, UnknownRedemption
from timebank.ledger.canonical import instant_of, micros_of
from timebank.storage.columns import table_of
from timebank.storage.repository import Repository
from timebank.storage.tables import BranchRow
from timebank.storage.tables_care import (
    BeneficiaryEventRow,
    BeneficiaryRow,
    MandateRow,
    RedemptionEventRow,
    RedemptionRow,
)

MANDATE = table_of(MandateRow)
BENEFICIARY = table_of(BeneficiaryRow)
REDEMPTION = table_of(RedemptionRow)
BENEFICIARY_EVENT = table_of(BeneficiaryEventRow)
REDEMPTION_EVENT = table_of(RedemptionEventRow)
BRANCH = table_of(BranchRow)

CHUNK = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAct:
    """An act on a beneficiary or a redemption, as stored; the words behind `note_no` may be erased."""

    no: int
    acted_in: str
    """Code of the branch it was done in: the actor is written as seen from there, the note is kept there."""
    act: str
    actor: str
    at: datetime
    minutes: int | None
    """Charged minutes once a redemption is over, planned minutes until then; None for a beneficiary."""
    note_no: int | None


def _micros(instant: datetime | None) -> int | None:
    return micros_of(instant) if instant is not None else None


def _instant(micros: int | None) -> datetime | None:
    return instant_of(micros) if micros is not None else None


class Mandates(Repository):
    """The mandates of a branch's members: kept where the principal is."""

    def next_no(self) -> int:
        """Take the number of a new mandate."""
        return self._next_no("mandate")

    def add(self, mandate: Mandate, *, actor: str) -> None:
        """Store a new mandate."""
        self._insert(
            MandateRow,
            no=mandate.no,
            principal=mandate.principal,
            holder=mandate.holder,
            holder_branch=mandate.holder_branch,
            basis=mandate.basis,
            scopes=" ".join(sorted(mandate.scopes)),
            from_on=mandate.from_on.isoformat(),
            until_on=mandate.until_on.isoformat() if mandate.until_on is not None else None,
            revoked_us=_micros(mandate.revoked_at),
            revoked_by=None,
            actor=actor,
            recorded_us=self.now_us,
        )

    def revoke(self, mandate: Mandate, *, actor: str) -> None:
        """Store that a mandate was revoked, and by whom."""
        self._update(MandateRow, {"no": mandate.no}, revoked_us=_micros(mandate.revoked_at), revoked_by=actor)

    def get(self, no: int) -> Mandate:
        """Return a mandate.

        Raises:
            UnknownMandate: the branch has no such mandate.
        """
        row = self._row(MandateRow, no=no)
        if row is None:
            raise UnknownMandate(mandate=no, branch=self.desk.branch.code)
        return _mandate(row, self.desk.branch.code)

    def list(self, principal: str | None = None) -> tuple[Mandate, ...]:
        """Return the mandates of the branch, or of one principal, by number."""
        rows = self._matching(MandateRow, "no", principal=principal)
        return tuple(_mandate(row, self.desk.branch.code) for row in rows)

    def around(self, member: str | None = None) -> Sequence[Mandate]:
        """Return the mandates that members here, or one of them, gave or hold; by branch and number."""
        given = MANDATE.c.branch_id == self.desk.branch_id
        held = MANDATE.c.holder_branch == self.desk.branch.code
        if member is not None:
            given, held = given & (MANDATE.c.principal == member), held & (MANDATE.c.holder == member)
        query = (
            select(MANDATE, BRANCH.c.code)
            .join(BRANCH, BRANCH.c.branch_id == MANDATE.c.branch_id)
            .where(or_(given, held))
        )
        rows = self.desk.connection.execute(query)
        return sorted((_mandate(row, row.code) for row in rows), key=lambda each: (each.branch, each.no))


class Beneficiaries(Repository):
    """For whom the sponsors of a branch may spend hours."""

    def next_no(self) -> int:
        """Take the number of a new beneficiary."""
        return self._next_no("beneficiary")

    def add(self, beneficiary: Beneficiary) -> None:
        """Store a new beneficiary."""
        self._insert(
            BeneficiaryRow,
            no=beneficiary.no,
            sponsor=beneficiary.sponsor,
            relation=beneficiary.relation.value,
            host_branch=beneficiary.host_branch,
            member=beneficiary.member,
            consented_us=_micros(beneficiary.consented_at),
            checked_us=_micros(beneficiary.checked_at),
            revoked_us=_micros(beneficiary.revoked_at),
        )

    def save(self, beneficiary: Beneficiary) -> None:
        """Store consent, check or revocation."""
        self._update(
            BeneficiaryRow,
            {"no": beneficiary.no},
            consented_us=_micros(beneficiary.consented_at),
            checked_us=_micros(beneficiary.checked_at),
            revoked_us=_micros(beneficiary.revoked_at),
        )

    def note(self, no: int, event: BeneficiaryEvent, *, acted_in: str, note_no: int | None) -> None:
        """Store an act on a beneficiary."""
        last = self._find(BeneficiaryEventRow, "beneficiary_no = ?", no)
        self._insert(
            BeneficiaryEventRow,
            beneficiary_no=no,
            no=len(last) + 1,
            acted_in=acted_in,
            act=event.act.value,
            actor=str(event.actor),
            note_no=note_no,
            recorded_us=micros_of(event.at),
        )

    def get(self, no: int) -> Beneficiary:
        """Return a beneficiary.

        Raises:
            UnknownBeneficiary: the branch has no such beneficiary.
        """
        row = self._row(BeneficiaryRow, no=no)
        if row is None:
            raise UnknownBeneficiary(beneficiary=no, branch=self.desk.branch.code)
        return _beneficiary(row, self.desk.branch.code)

    def events(self, no: int) -> Sequence[StoredAct]:
        """Return what was done about a beneficiary, oldest first."""
        rows = self._find(BeneficiaryEventRow, "beneficiary_no = ?", no, order="no")
        return [_act(row, minutes=None) for row in rows]

    def list(self, sponsor: str | None = None) -> Sequence[Beneficiary]:
        """Return the beneficiaries of the branch's sponsors, or of one of them, by number."""
        rows = self._matching(BeneficiaryRow, "no", sponsor=sponsor)
        return [_beneficiary(row, self.desk.branch.code) for row in rows]

    def around(self) -> Sequence[Beneficiary]:
        """Return the beneficiaries of sponsors here and those who are members here, by branch and number."""
        query = (
            select(BENEFICIARY, BRANCH.c.code)
            .join(BRANCH, BRANCH.c.branch_id == BENEFICIARY.c.branch_id)
            .where(
                or_(
                    BENEFICIARY.c.branch_id == self.desk.branch_id,
                    BENEFICIARY.c.host_branch == self.desk.branch.code,
                )
            )
            .order_by(BRANCH.c.code, BENEFICIARY.c.no)
        )
        return [_beneficiary(row, row.code) for row in self.desk.connection.execute(query)]


class Redemptions(Repository):
    """The redemptions whose sponsor is in this branch."""

    def next_no(self) -> int:
        """Take the number of a new redemption."""
        return self._next_no("redemption")

    def add(self, redemption: Redemption) -> None:
        """Store a new redemption."""
        self._insert(RedemptionRow, no=redemption.no, requested_us=self.now_us, **_columns(redemption))

    def save(self, redemption: Redemption) -> None:
        """Store a redemption as it is now."""
        self._update(RedemptionRow, {"no": redemption.no}, **_columns(redemption))

    def note(self, no: int, event: RedemptionEvent, *, acted_in: str, note_no: int | None) -> None:
        """Store an act on a redemption."""
        last = self._find(RedemptionEventRow, "redemption_no = ?", no)
        self._insert(
            RedemptionEventRow,
            redemption_no=no,
            no=len(last) + 1,
            acted_in=acted_in,
            act=event.act.value,
            actor=str(event.actor),
            minutes=event.minutes,
            note_no=note_no,
            recorded_us=micros_of(event.at),
        )

    def get(self, no: int) -> Redemption:
        """Return a redemption.

        Raises:
            UnknownRedemption: the branch has no such redemption.
        """
        row = self._row(RedemptionRow, no=no)
        if row is None:
            raise UnknownRedemption(redemption=f"{self.desk.branch.code}-{no}")
        return _redemption(row, self.desk.branch.code)

    def requested_at(self, no: int) -> datetime:
        """Return when a redemption was requested."""
        row = self._row(RedemptionRow, no=no)
        assert row is not None, "the redemption was found before"
        return instant_of(row.requested_us)

    def events(self, no: int) -> Sequence[StoredAct]:
        """Return what was done to a redemption, oldest first."""
        rows = self._find(RedemptionEventRow, "redemption_no = ?", no, order="no")
        return [_act(row, minutes=row.minutes) for row in rows]

    def due(self) -> Sequence[Redemption]:
        """Return the redemptions without any help logged by their deadline, by deadline, then number."""
        due = f"state IN ({', '.join('?' * len(WAITING))}) AND expires_us <= ?"
        rows = self._find(
            RedemptionRow, due, *[each.value for each in WAITING], self.now_us, order="expires_us, no"
        )
        return [_redemption(row, self.desk.branch.code) for row in rows]

    def all(self) -> Iterator[Redemption]:
        """Yield every redemption, by number; streamed."""
        query = select(REDEMPTION).where(REDEMPTION.c.branch_id == self.desk.branch_id)
        streamed = query.order_by(REDEMPTION.c.no).execution_options(yield_per=CHUNK)
        for row in self.desk.connection.execute(streamed):
            yield _redemption(row, self.desk.branch.code)

    def around(
        self,
        *,
        state: RedemptionState | None = None,
        member: str | None = None,
        after: Redemption | None = None,
        limit: int | None = None,
    ) -> Sequence[Redemption]:
        """Return the redemptions that are paid or served here, newest first.

        Args:
            state: only these.
            member: only those of a member of this branch: sponsor, beneficiary or provider.
            after: only those that come after this one in the list.
            limit: how many.
        """
        home = REDEMPTION.c.branch_id == self.desk.branch_id
        host = REDEMPTION.c.host_branch == self.desk.branch.code
        query: Select[Any] = select(REDEMPTION, BRANCH.c.code).join(
            BRANCH, BRANCH.c.branch_id == REDEMPTION.c.branch_id
        )
        if member is None:
            query = query.where(or_(home, host))
        else:
            helped = or_(REDEMPTION.c.beneficiary == member, REDEMPTION.c.provider == member)
            query = query.where(or_(home & (REDEMPTION.c.sponsor == member), host & helped))
        if state is not None:
            query = query.where(REDEMPTION.c.state == state.value)
        if after is not None:
            query = query.where(self._comes_after(after))
        newest_first = (REDEMPTION.c.requested_us.desc(), BRANCH.c.code, REDEMPTION.c.no.desc())
        rows = self.desk.connection.execute(query.order_by(*newest_first).limit(limit))
        return [_redemption(row, row.code) for row in rows]

    def _comes_after(self, last: Redemption) -> ColumnElement[bool]:
        """Return what is so of redemptions that come after another one in the list of `around`."""
        at, no, code = REDEMPTION.c.requested_us, REDEMPTION.c.no, BRANCH.c.code
        other, home = REDEMPTION.alias(), BRANCH.alias()
        asked = (
            select(other.c.requested_us)
            .join(home, home.c.branch_id == other.c.branch_id)
            .where(home.c.code == last.branch, other.c.no == last.no)
            .scalar_subquery()
        )
        is_further = or_(code > last.branch, and_(code == last.branch, no < last.no))
        return or_(at < asked, and_(at == asked, is_further))


def _mandate(row: Found[Any], branch: str) -> Mandate:
    return Mandate(
        branch=branch,
        no=row.no,
        principal=row.principal,
        holder=row.holder,
        holder_branch=row.holder_branch,
        basis=row.basis,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split()),
        from_on=date.fromisoformat(row.from_on),
        until_on=date.fromisoformat(row.until_on) if row.until_on is not None else None,
        revoked_at=_instant(row.revoked_us),
    )


def _beneficiary(row: Found[Any], branch: str) -> Beneficiary:
    return Beneficiary(
        branch=branch,
        no=row.no,
        sponsor=row.sponsor,
        relation=Relation(row.relation),
        host_branch=row.host_branch,
        member=row.member,
        consented_at=_instant(row.consented_us),
        checked_at=_instant(row.checked_us),
        revoked_at=_instant(row.revoked_us),
    )


def _act(row: Found[Any], *, minutes: int | None) -> StoredAct:
    return StoredAct(
        no=row.no,
        acted_in=row.acted_in,
        act=row.act,
        actor=row.actor,
        at=instant_of(row.recorded_us),
        minutes=minutes,
        note_no=row.note_no,
    )


def _redemption(row: Found[Any], branch: str) -> Redemption:
    return Redemption(
        branch=branch,
        no=row.no,
        sponsor=row.sponsor,
        beneficiary_no=row.beneficiary_no,
        host_branch=row.host_branch,
        beneficiary=row.beneficiary,
        kind=row.kind,
        mode=Mode(row.mode),
        planned_at=instant_of(row.planned_us),
        planned_minutes=row.planned_minutes,
        held_minutes=row.held_minutes,
        expires_at=instant_of(row.expires_us),
        state=RedemptionState(row.state),
        hold_no=row.hold_no,
        provider=row.provider,
        record_no=row.record_no,
        charged_minutes=row.charged_minutes,
    )


def _columns(redemption: Redemption) -> dict[str, object]:
    return {
        "sponsor": redemption.sponsor,
        "beneficiary_no": redemption.beneficiary_no,
        "host_branch": redemption.host_branch,
        "beneficiary": redemption.beneficiary,
        "kind": redemption.kind,
        "mode": redemption.mode.value,
        "planned_us": micros_of(redemption.planned_at),
        "planned_minutes": redemption.planned_minutes,
        "held_minutes": redemption.held_minutes,
        "expires_us": micros_of(redemption.expires_at),
        "state": redemption.state.value,
        "hold_no": redemption.hold_no,
        "provider": redemption.provider,
        "record_no": redemption.record_no,
        "charged_minutes": redemption.charged_minutes,
    }
