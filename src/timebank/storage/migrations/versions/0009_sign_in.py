"""Keep how somebody signs in. Why: ADR 0015. Backfill: tokens are for all of their role. Locks: none."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
ROLE = "role IN ('member', 'coordinator', 'auditor', 'operator')"
STRICT = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    scopes = "account,coordinate,log,read,redeem"
    op.add_column("access_token", sa.Column("scopes", sa.Text(), nullable=False, server_default=scopes))
    op.add_column("access_token", sa.Column("kind", sa.Text(), nullable=False, server_default="issued"))
    op.create_table(
        "invitation",
        _number("branch_id"),
        _number("no"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("created_us", WIDE, nullable=False),
        sa.Column("expires_us", WIDE, nullable=False),
        sa.Column("used_us", WIDE, nullable=True),
        sa.Column("revoked_us", WIDE, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint(ROLE, name=op.f("ck_invitation_role")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_invitation")),
        sa.UniqueConstraint("branch_id", "digest", name=op.f("uq_invitation_branch_id_digest")),
        **STRICT,
    )
    op.create_table(
        "credential",
        _number("branch_id"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("changed_us", WIDE, nullable=False),
        sa.CheckConstraint(ROLE, name=op.f("ck_credential_role")),
        sa.PrimaryKeyConstraint("branch_id", "role", "ref", name=op.f("pk_credential")),
        **STRICT,
    )
    op.create_table(
        "mail_code",
        _number("branch_id"),
        sa.Column("ticket", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("expires_us", WIDE, nullable=False),
        sa.Column("tries", WIDE, server_default="0", nullable=False),
        sa.CheckConstraint(ROLE, name=op.f("ck_mail_code_role")),
        sa.PrimaryKeyConstraint("branch_id", "ticket", name=op.f("pk_mail_code")),
        **STRICT,
    )
    op.create_table(
        "openid_subject",
        _number("branch_id"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("linked_us", WIDE, nullable=False),
        sa.CheckConstraint(ROLE, name=op.f("ck_openid_subject_role")),
        sa.PrimaryKeyConstraint("branch_id", "digest", name=op.f("pk_openid_subject")),
        **STRICT,
    )
    op.create_table(
        "identity_address",
        _number("branch_id"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", "role", "ref", name=op.f("pk_identity_address")),
        **STRICT,
    )


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, WIDE, autoincrement=False, nullable=False)
