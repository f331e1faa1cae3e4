"""Keep answers and who saw what. Why: ADR 0016. Backfill: none. Locks: request_key."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SQLITE = (
    (
        "CREATE TRIGGER access_log_never_updated BEFORE UPDATE ON access_log "
        "BEGIN SELECT RAISE(ABORT, 'I-2: a row of access_log is never changed'); END"
    ),
    (
        "CREATE TRIGGER access_log_never_deleted BEFORE DELETE ON access_log "
        "BEGIN SELECT RAISE(ABORT, 'I-2: a row of access_log is never deleted'); END"
    ),
)
POSTGRESQL = (
    (
        "CREATE TRIGGER access_log_never_updated BEFORE UPDATE ON access_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()"
    ),
    (
        "CREATE TRIGGER access_log_never_deleted BEFORE DELETE OR TRUNCATE ON access_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()"
    ),
)


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.add_column("request_key", sa.Column("answer", sa.Text(), nullable=True))
    op.create_table(
        "branch_secret",
        sa.Column("branch_id", wide, autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", "purpose", name=op.f("pk_branch_secret")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "access_log",
        sa.Column("branch_id", wide, autoincrement=False, nullable=False),
        sa.Column("at_us", wide, autoincrement=False, nullable=False),
        sa.Column("no", wide, autoincrement=False, nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("member", sa.Text(), nullable=True),
        sa.Column("mandate", wide, nullable=True),
        sa.Column("status", wide, nullable=False),
        sa.PrimaryKeyConstraint("branch_id", "at_us", "no", name=op.f("pk_access_log")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_log_member", "access_log", ["branch_id", "member", "at_us"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
