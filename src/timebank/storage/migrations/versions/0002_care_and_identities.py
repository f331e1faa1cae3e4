"""Create the tables of members, care and identities. Why: ADR 0007. Backfill: none. Locks: none."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STRICT: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}


def number(name: str, **options: bool) -> sa.Column[int]:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    return sa.Column(name, wide, **{"nullable": False, **options})  # type: ignore[arg-type]


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    create_care()
    create_identities()


def create_care() -> None:
    op.create_table(
        "beneficiary",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("sponsor"),
        text("relation"),
        text("host_branch"),
        text("member"),
        number("consented_us", nullable=True),
        number("checked_us", nullable=True),
        number("revoked_us", nullable=True),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_beneficiary")),
        **STRICT,
    )
    op.create_index("ix_beneficiary_member", "beneficiary", ["host_branch", "member"], unique=False)
    op.create_table(
        "hold",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("member"),
        number("minutes"),
        text("state"),
        number("expires_us"),
        text("cause_kind"),
        text("cause_ref"),
        number("captured_minutes"),
        sa.CheckConstraint(
            "state IN ('pending', 'captured', 'released', 'expired')", name=op.f("ck_hold_state")
        ),
        sa.CheckConstraint("captured_minutes BETWEEN 0 AND minutes", name=op.f("ck_hold_captured_minutes")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_hold_minutes")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_hold")),
        **STRICT,
    )
    op.create_index("ix_hold_pending", "hold", ["branch_id", "state", "expires_us"], unique=False)
    op.create_table(
        "mandate",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("principal"),
        text("holder"),
        text("holder_branch"),
        text("basis"),
        text("scopes"),
        text("from_on"),
        text("until_on", nullable=True),
        number("revoked_us", nullable=True),
        text("revoked_by", nullable=True),
        text("actor"),
        number("recorded_us"),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_mandate")),
        **STRICT,
    )
    op.create_table(
        "member",
        number("branch_id", autoincrement=False),
        text("ref"),
        text("kind"),
        text("joined_on"),
        text("left_on", nullable=True),
        number("erased_us", nullable=True),
        sa.PrimaryKeyConstraint("branch_id", "ref", name=op.f("pk_member")),
        **STRICT,
    )
    op.create_table(
        "redemption",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("sponsor"),
        number("beneficiary_no"),
        text("host_branch"),
        text("beneficiary"),
        text("kind"),
        text("mode"),
        number("planned_us"),
        number("planned_minutes"),
        number("held_minutes"),
        text("state"),
        number("hold_no"),
        text("provider", nullable=True),
        number("record_no", nullable=True),
        number("charged_minutes", nullable=True),
        number("expires_us"),
        number("requested_us"),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_redemption")),
        **STRICT,
    )
    op.create_index("ix_redemption_due", "redemption", ["branch_id", "state", "expires_us"], unique=False)
    op.create_index("ix_redemption_host", "redemption", ["host_branch", "requested_us"], unique=False)
    op.create_table(
        "service_record",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("provider"),
        text("recipient"),
        text("kind"),
        text("mode"),
        number("start_us"),
        number("end_us"),
        number("minutes"),
        number("credited_minutes", nullable=True),
        text("unit"),
        text("state"),
        text("stated_by"),
        text("logged_by"),
        number("revision"),
        text("redemption", nullable=True),
        number("is_flagged"),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_service_record_minutes")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_service_record")),
        **STRICT,
    )
    op.create_index(
        "ix_service_record_provider", "service_record", ["branch_id", "provider", "start_us"], unique=False
    )
    op.create_index("ix_service_record_state", "service_record", ["branch_id", "state", "no"], unique=False)
    op.create_table(
        "beneficiary_event",
        number("branch_id", autoincrement=False),
        number("beneficiary_no", autoincrement=False),
        number("no", autoincrement=False),
        text("acted_in"),
        text("act"),
        text("actor"),
        number("note_no", nullable=True),
        number("recorded_us"),
        sa.ForeignKeyConstraint(
            ["branch_id", "beneficiary_no"],
            ["beneficiary.branch_id", "beneficiary.no"],
            name=op.f("fk_beneficiary_event_branch_id_beneficiary_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "beneficiary_no", "no", name=op.f("pk_beneficiary_event")),
        **STRICT,
    )
    op.create_table(
        "redemption_event",
        number("branch_id", autoincrement=False),
        number("redemption_no", autoincrement=False),
        number("no", autoincrement=False),
        text("acted_in"),
        text("act"),
        text("actor"),
        number("minutes"),
        number("note_no", nullable=True),
        number("recorded_us"),
        sa.ForeignKeyConstraint(
            ["branch_id", "redemption_no"],
            ["redemption.branch_id", "redemption.no"],
            name=op.f("fk_redemption_event_branch_id_redemption_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "redemption_no", "no", name=op.f("pk_redemption_event")),
        **STRICT,
    )
    op.create_table(
        "service_event",
        number("branch_id", autoincrement=False),
        number("record_no", autoincrement=False),
        number("no", autoincrement=False),
        text("act"),
        text("actor"),
        number("minutes"),
        number("note_no", nullable=True),
        number("recorded_us"),
        sa.ForeignKeyConstraint(
            ["branch_id", "record_no"],
            ["service_record.branch_id", "service_record.no"],
            name=op.f("fk_service_event_branch_id_record_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "record_no", "no", name=op.f("pk_service_event")),
        **STRICT,
    )


def create_identities() -> None:
    op.create_table(
        "identity_alias",
        number("branch_id", autoincrement=False),
        text("source"),
        text("party"),
        text("path"),
        sa.PrimaryKeyConstraint("branch_id", "source", "party", name=op.f("pk_identity_alias")),
        **STRICT,
    )
    op.create_table(
        "identity_note",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("about"),
        text("member", nullable=True),
        text("other_member", nullable=True),
        text("words"),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_identity_note")),
        **STRICT,
    )
    op.create_index("ix_identity_note_member", "identity_note", ["branch_id", "member"], unique=False)
    op.create_index("ix_identity_note_other", "identity_note", ["branch_id", "other_member"], unique=False)
    op.create_table(
        "identity_person",
        number("branch_id", autoincrement=False),
        text("ref"),
        text("name"),
        text("email", nullable=True),
        text("phone", nullable=True),
        text("note", nullable=True),
        sa.PrimaryKeyConstraint("branch_id", "ref", name=op.f("pk_identity_person")),
        **STRICT,
    )
