"""Mandates, beneficiaries and redemptions of a branch."""

from collections.abc import Sequence

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Row as Found

from timebank.care.beneficiary import Beneficiary, Relation
from timebank.care.mandate import Mandate, Scope
from timebank.care.record import Mode
from timebank.care.redemption import Redemption, RedemptionEvent, RedemptionState
from timebank.errors import UnknownBeneficiary, UnknownMandate, UnknownRedemption
from timebank.ledger.canonical import instant_of, micros_of
from timebank.storage.columns import table_of
from timebank.storage.records import StoredEvent, event_of
from timebank.storage.repository import Repository
from timebank.storage.tables import BranchRow
from timebank.storage.tables_care import BeneficiaryRow, MandateRow, RedemptionEventRow, RedemptionRow

MANDATE = table_of(MandateRow)
BENEFICIARY = table_of(BeneficiaryRow)
REDEMPTION = table_of(RedemptionRow)
EVENT = table_of(RedemptionEventRow)
BRANCH = table_of(BranchRow)


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
            actor=actor,
            recorded_us=self.now_us,
        )

    def revoke(self, mandate: Mandate) -> None:
        """Store that a mandate was revoked."""
        self._update(MandateRow, {"no": mandate.no}, revoked_us=_micros(mandate.revoked_at))

    def get(self, no: int) -> Mandate:
        """Return a mandate.

        Raises:
            UnknownMandate: the branch has no such mandate.
        """
        row = self._row(MandateRow, no=no)
        if row is None:
            raise UnknownMandate(mandate=no, branch=self.desk.branch.code)
        return self._mandate(row)

    def list(self, principal: str | None = None) -> tuple[Mandate, ...]:
        """Return the mandates of the branch, or of one principal, by number."""
        where = () if principal is None else (MANDATE.c.principal == principal,)
        return tuple(self._mandate(row) for row in self._rows(MandateRow, *where, order_by=(MANDATE.c.no,)))

    def _mandate(self, row: Found[Any]) -> Mandate:
        return Mandate(
            branch=self.desk.branch.code,
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


class Beneficiaries(Repository):
    """For whom the sponsors of a branch may spend hours."""

    def next_no(self) -> int:
        """Take the number of a new beneficiary."""
        return self._next_no("beneficiary")

    def add(self, beneficiary: Beneficiary, *, actor: str) -> None:
        """Store a new beneficiary."""
        self._insert(
            BeneficiaryRow,
            no=beneficiary.no,
            sponsor=beneficiary.sponsor,
            relation=beneficiary.relation.value,
            host_branch=beneficiary.host_branch,
            member=beneficiary.member,
            consented_us=_micros(beneficiary.consented_at),
            consented_by=None,
            checked_us=_micros(beneficiary.checked_at),
            checked_by=None,
            revoked_us=_micros(beneficiary.revoked_at),
            actor=actor,
            recorded_us=self.now_us,
        )

    def save(self, beneficiary: Beneficiary, *, consented_by: str | None = None, checked_by: str | None = None) -> None:
        """Store consent, check or revocation, with who gave it."""
        who = {"consented_by": consented_by, "checked_by": checked_by}
        self._update(
            BeneficiaryRow,
            {"no": beneficiary.no},
            consented_us=_micros(beneficiary.consented_at),
            checked_us=_micros(beneficiary.checked_at),
            revoked_us=_micros(beneficiary.revoked_at),
            **{name: actor for name, actor in who.items() if actor is not None},
        )

    def get(self, no: int) -> Beneficiary:
        """Return a beneficiary.

        Raises:
            UnknownBeneficiary: the branch has no such beneficiary.
        """
        row = self._row(BeneficiaryRow, no=no)
        if row is None:
            raise UnknownBeneficiary(beneficiary=no, branch=self.desk.branch.code)
        return self._beneficiary(row)

    def list(self, sponsor: str | None = None) -> tuple[Beneficiary, ...]:
        """Return the beneficiaries of the branch, or of one sponsor, by number."""
        where = () if sponsor is None else (BENEFICIARY.c.sponsor == sponsor,)
        rows = self._rows(BeneficiaryRow, *where, order_by=(BENEFICIARY.c.no,))
        return tuple(self._beneficiary(row) for row in rows)

    def _beneficiary(self, row: Found[Any]) -> Beneficiary:
        return Beneficiary(
            branch=self.desk.branch.code,
            no=row.no,
            sponsor=row.sponsor,
            relation=Relation(row.relation),
            host_branch=row.host_branch,
            member=row.member,
            consented_at=_instant(row.consented_us),
            checked_at=_instant(row.checked_us),
            revoked_at=_instant(row.revoked_us),
        )


@dataclass(frozen=True, slots=True)
class HostedRedemption:
    """A redemption seen from the host's side: the sponsor's branch and number are enough to find it."""

    home_branch: str
    no: int


class Redemptions(Repository):
    """The redemptions whose sponsor is in this branch."""

    def next_no(self) -> int:
        """Take the number of a new redemption."""
        return self._next_no("redemption")

    def add(self, redemption: Redemption) -> None:
        """Store a new redemption."""
        self._insert(RedemptionRow, no=redemption.no, **_columns(redemption))

    def save(self, redemption: Redemption) -> None:
        """Store a redemption as it is now."""
        self._update(RedemptionRow, {"no": redemption.no}, **_columns(redemption))

    def note(self, no: int, event: RedemptionEvent, note_no: int | None) -> None:
        """Store an act on a redemption."""
        count = len(self._rows(RedemptionEventRow, EVENT.c.redemption_no == no))
        self._insert(
            RedemptionEventRow,
            redemption_no=no,
            no=count + 1,
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
            raise UnknownRedemption(redemption=no, branch=self.desk.branch.code)
        return self._redemption(row)

    def events(self, no: int) -> Sequence[StoredEvent]:
        """Return what was done to a redemption, oldest first."""
        rows = self._rows(RedemptionEventRow, EVENT.c.redemption_no == no, order_by=(EVENT.c.no,))
        return [event_of(row) for row in rows]

    def list(self, *, state: RedemptionState | None = None, sponsor: str | None = None) -> Sequence[Redemption]:
        """Return the redemptions of the branch's sponsors, newest first."""
        where = []
        if state is not None:
            where.append(REDEMPTION.c.state == state.value)
        if sponsor is not None:
            where.append(REDEMPTION.c.sponsor == sponsor)
        rows = self._rows(RedemptionRow, *where, order_by=(REDEMPTION.c.no.desc(),))
        return [self._redemption(row) for row in rows]

    def hosted(self) -> Sequence[HostedRedemption]:
        """Return where to find the redemptions of other branches' sponsors that are served here."""
        query = (
            select(BRANCH.c.code, REDEMPTION.c.no)
            .join(BRANCH, BRANCH.c.branch_id == REDEMPTION.c.branch_id)
            .where(REDEMPTION.c.host_branch == self.desk.branch.code, REDEMPTION.c.branch_id != self.desk.branch_id)
            .order_by(BRANCH.c.code, REDEMPTION.c.no.desc())
        )
        return [HostedRedemption(row.code, row.no) for row in self.desk.connection.execute(query)]

    def _redemption(self, row: Found[Any]) -> Redemption:
        return Redemption(
            branch=self.desk.branch.code,
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
