"""Let an entry commit itself to details, kept with the names, erasable. Why: ADR 0007. Backfill: none.

Entries that are there already have none, and no one could commit them to any. Locks: entry, for the length
of a look at every row on PostgreSQL, without rewriting it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Written out: a column with a named check can be added in place on both engines, without a copy.
    kind = "BLOB" if op.get_bind().dialect.name == "sqlite" else "BYTEA"
    check = "CONSTRAINT ck_entry_details CHECK (length(details) = 32)"
    op.execute(f"ALTER TABLE entry ADD COLUMN details {kind} {check}")
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "identity_detail",
        sa.Column("branch_id", wide, autoincrement=False, nullable=False),
        sa.Column("entry_seq", wide, autoincrement=False, nullable=False),
        sa.Column("member", sa.Text(), nullable=True),
        sa.Column("other_member", sa.Text(), nullable=True),
        sa.Column("third_member", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", "entry_seq", name=op.f("pk_identity_detail")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
