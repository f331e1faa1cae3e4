"""Keep how far the audit has proven the books. Why: ADR 0013. Backfill, locks: none."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "audit_point",
        sa.Column("branch_id", wide, autoincrement=False, nullable=False),
        sa.Column("entry_seq", wide, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_us", wide, nullable=False),
        sa.Column("seen_us", wide, nullable=False),
        sa.Column("totals", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", name=op.f("pk_audit_point")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
