"""Keep the turns in the lives of members and branches, and whether a branch is frozen. Why: ADR 0027.

Backfill: no branch is frozen. Locks: branch_head, for a moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SQLITE = (
    (
        "CREATE TRIGGER life_event_never_updated BEFORE UPDATE ON life_event "
        "BEGIN SELECT RAISE(ABORT, 'I-2: a row of life_event is never changed'); END"
    ),
    (
        "CREATE TRIGGER life_event_never_deleted BEFORE DELETE ON life_event "
        "BEGIN SELECT RAISE(ABORT, 'I-2: a row of life_event is never deleted'); END"
    ),
)
POSTGRESQL = (
    (
        "CREATE TRIGGER life_event_never_updated BEFORE UPDATE ON life_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()"
    ),
    (
        "CREATE TRIGGER life_event_never_deleted BEFORE DELETE OR TRUNCATE ON life_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()"
    ),
)


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.add_column("branch_head", sa.Column("is_frozen", wide, nullable=False, server_default="0"))
    op.create_table(
        "life_event",
        sa.Column("branch_id", wide, autoincrement=False, nullable=False),
        sa.Column("no", wide, autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=True),
        sa.Column("happened_on", sa.Text(), nullable=False),
        sa.Column("entry_seq", wide, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note_no", wide, nullable=True),
        sa.Column("recorded_us", wide, nullable=False),
        sa.CheckConstraint("subject IN ('member', 'branch')", name=op.f("ck_life_event_subject")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_life_event")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_life_event_subject", "life_event", ["branch_id", "subject", "ref"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
