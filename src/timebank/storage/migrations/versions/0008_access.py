"""Keep who may come in. Why: ADR 0014. Backfill, locks: none."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "access_token",
        sa.Column("branch_id", wide, autoincrement=False, nullable=False),
        sa.Column("no", wide, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("created_us", wide, nullable=False),
        sa.Column("expires_us", wide, nullable=False),
        sa.Column("revoked_us", wide, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('member', 'coordinator', 'auditor', 'operator')", name=op.f("ck_access_token_role")
        ),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_access_token")),
        sa.UniqueConstraint("branch_id", "digest", name=op.f("uq_access_token_branch_id_digest")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
