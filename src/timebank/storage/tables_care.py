"""The tables of members, mandates, holds, service records, beneficiaries and redemptions.

They hold opaque references, minutes, codes and instants only (I-10); words (names, reasons) are in
the identity tables.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index

from timebank.storage.columns import STRICT, Row, key_number, key_text, number, text


class MemberRow(Row, table=True):
    """A person or organisation of a branch, by an opaque reference."""

    __tablename__ = "member"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    ref: str = key_text()
    kind: str = text()
    joined_on: str = text()
    left_on: str | None = text(nullable=True)
    erased_us: int | None = number(nullable=True)


class MandateRow(Row, table=True):
    """A dated, revocable right to act for a member."""

    __tablename__ = "mandate"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    no: int = key_number()
    principal: str = text()
    holder: str = text()
    holder_branch: str = text()
    basis: str = text()
    scopes: str = text()
    from_on: str = text()
    until_on: str | None = text(nullable=True)
    revoked_us: int | None = number(nullable=True)
    revoked_by: str | None = text(nullable=True)
    actor: str = text()
    recorded_us: int = number()


class HoldRow(Row, table=True):
    """Minutes reserved; a trigger lets a pending one be resolved once and refuses the rest (I-6)."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_pending", "branch_id", "state", "expires_us"),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("captured_minutes BETWEEN 0 AND minutes", name="captured_minutes"),
        CheckConstraint("state IN ('pending', 'captured', 'released', 'expired')", name="state"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    member: str = text()
    minutes: int = number()
    state: str = text()
    expires_us: int = number()
    cause_kind: str = text()
    cause_ref: str = text()
    captured_minutes: int = number()


class ServiceRecordRow(Row, table=True):
    """Help given, as it stands now; how it came there is in `service_event`."""

    __tablename__ = "service_record"
    __table_args__ = (
        Index("ix_service_record_provider", "branch_id", "provider", "start_us"),
        Index("ix_service_record_state", "branch_id", "state", "no"),
        CheckConstraint("minutes > 0", name="minutes"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    provider: str = text()
    recipient: str = text()
    kind: str = text()
    mode: str = text()
    start_us: int = number()
    end_us: int = number()
    minutes: int = number()
    credited_minutes: int | None = number(nullable=True)
    unit: str = text()
    state: str = text()
    stated_by: str = text()
    logged_by: str = text()
    revision: int = number()
    redemption: str | None = text(nullable=True)
    is_flagged: int = number()


class ServiceEventRow(Row, table=True):
    """One act on a service record (append-only)."""

    __tablename__ = "service_event"
    __table_args__ = (
        ForeignKeyConstraint(["branch_id", "record_no"], ["service_record.branch_id", "service_record.no"]),
        STRICT,
    )

    branch_id: int = key_number()
    record_no: int = key_number()
    no: int = key_number()
    act: str = text()
    actor: str = text()
    minutes: int = number()
    note_no: int | None = number(nullable=True)
    recorded_us: int = number()


class BeneficiaryRow(Row, table=True):
    """Somebody for whom a sponsor may spend hours, as it stands now, at the sponsor's branch."""

    __tablename__ = "beneficiary"
    __table_args__ = (Index("ix_beneficiary_member", "host_branch", "member"), STRICT)

    branch_id: int = key_number()
    no: int = key_number()
    sponsor: str = text()
    relation: str = text()
    host_branch: str = text()
    member: str = text()
    consented_us: int | None = number(nullable=True)
    checked_us: int | None = number(nullable=True)
    revoked_us: int | None = number(nullable=True)


class BeneficiaryEventRow(Row, table=True):
    """One act on a beneficiary (append-only)."""

    __tablename__ = "beneficiary_event"
    __table_args__ = (
        ForeignKeyConstraint(["branch_id", "beneficiary_no"], ["beneficiary.branch_id", "beneficiary.no"]),
        STRICT,
    )

    branch_id: int = key_number()
    beneficiary_no: int = key_number()
    no: int = key_number()
    acted_in: str = text()
    """Code of the branch it was done in: the actor is written as seen from there, the note is kept there."""
    act: str = text()
    actor: str = text()
    note_no: int | None = number(nullable=True)
    recorded_us: int = number()


class RedemptionRow(Row, table=True):
    """A sponsored redemption, kept at the sponsor's branch; `host_branch` is a code, not a key."""

    __tablename__ = "redemption"
    __table_args__ = (
        Index("ix_redemption_host", "host_branch", "requested_us"),
        Index("ix_redemption_due", "branch_id", "state", "expires_us"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    sponsor: str = text()
    beneficiary_no: int = number()
    host_branch: str = text()
    beneficiary: str = text()
    kind: str = text()
    mode: str = text()
    planned_us: int = number()
    planned_minutes: int = number()
    held_minutes: int = number()
    state: str = text()
    hold_no: int = number()
    provider: str | None = text(nullable=True)
    record_no: int | None = number(nullable=True)
    charged_minutes: int | None = number(nullable=True)
    expires_us: int = number()
    requested_us: int = number()


class RedemptionEventRow(Row, table=True):
    """One act on a redemption (append-only)."""

    __tablename__ = "redemption_event"
    __table_args__ = (
        ForeignKeyConstraint(["branch_id", "redemption_no"], ["redemption.branch_id", "redemption.no"]),
        STRICT,
    )

    branch_id: int = key_number()
    redemption_no: int = key_number()
    no: int = key_number()
    acted_in: str = text()
    """Code of the branch it was done in: the actor is written as seen from there, the note is kept there."""
    act: str = text()
    actor: str = text()
    minutes: int = number()
    note_no: int | None = number(nullable=True)
    recorded_us: int = number()
