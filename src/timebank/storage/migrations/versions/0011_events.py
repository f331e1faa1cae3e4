"""Keep what is to be told to others. Why: ADR 0017. Backfill, locks: none.

Entries that are there already are events as they are; whatever else happened before is not told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WIDE = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
STATES = "state IN ('active', 'disabled', 'stopped', 'removed')"
TABLE = {"sqlite_strict": True, "sqlite_with_rowid": False}
LAST = "(SELECT seq FROM outbox WHERE branch_id = NEW.branch_id ORDER BY no DESC LIMIT 1)"
SQLITE = (
    (
        "CREATE TRIGGER outbox_never_updated BEFORE UPDATE ON outbox "
        "BEGIN SELECT RAISE(ABORT, 'I-2: a row of outbox is never changed'); END"
    ),
    (
        "CREATE TRIGGER outbox_never_deleted BEFORE DELETE ON outbox "
        "BEGIN SELECT RAISE(ABORT, 'I-2: a row of outbox is never deleted'); END"
    ),
    (
        "CREATE TRIGGER outbox_follows BEFORE INSERT ON outbox "
        f"WHEN NEW.seq IS NOT COALESCE({LAST}, 0) + 1 OR EXISTS "
        "(SELECT 1 FROM outbox WHERE branch_id = NEW.branch_id AND no >= NEW.no) "
        "BEGIN SELECT RAISE(ABORT, 'I-13: the event does not follow the last one'); END"
    ),
)
GUARD = """
DECLARE
    batch record;
BEGIN
    FOR batch IN
        SELECT branch_id, min(no) AS first_no, min(seq) AS first_seq, max(seq) AS last_seq,
            count(*) AS events, max(no) AS last_no
        FROM added GROUP BY branch_id ORDER BY branch_id
    LOOP
        PERFORM FROM branch_head WHERE branch_id = batch.branch_id FOR UPDATE;
        IF batch.events <> batch.last_seq - batch.first_seq + 1
            OR batch.last_no <> (SELECT max(no) FROM outbox WHERE branch_id = batch.branch_id)
            OR batch.first_seq <> 1 + COALESCE((SELECT seq FROM outbox WHERE branch_id = batch.branch_id
                AND no < batch.first_no ORDER BY no DESC LIMIT 1), 0)
        THEN
            RAISE EXCEPTION 'I-13: the event does not follow the last one';
        END IF;
    END LOOP;
    RETURN NULL;
END
"""
TRIGGERS = (
    (
        "outbox_follows",
        "AFTER INSERT",
        "REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION guard_outbox_follows()",
    ),
    (
        "outbox_never_updated",
        "BEFORE UPDATE",
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()",
    ),
    (
        "outbox_never_deleted",
        "BEFORE DELETE OR TRUNCATE",
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()",
    ),
)
"""Trigger, when, and what."""


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, WIDE, autoincrement=False, nullable=False)


def upgrade() -> None:
    """Create the tables, and guard the outbox."""
    _outbox()
    _webhook()
    _dead_letter()
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    else:
        _guard_on_postgresql()


def _outbox() -> None:
    op.create_table(
        "outbox",
        _key("branch_id"),
        _key("no"),
        sa.Column("seq", WIDE, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("recorded_us", WIDE, nullable=False),
        sa.CheckConstraint("no >= seq AND seq >= 1", name=op.f("ck_outbox_no")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_outbox")),
        **TABLE,
    )


def _webhook() -> None:
    op.create_table(
        "webhook",
        _key("branch_id"),
        _key("no"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_us", WIDE, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("told_no", WIDE, nullable=False),
        sa.Column("attempts", WIDE, nullable=False),
        sa.Column("next_us", WIDE, nullable=False),
        sa.Column("failing_us", WIDE, nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("lease_us", WIDE, nullable=False),
        sa.CheckConstraint(STATES, name=op.f("ck_webhook_state")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_webhook")),
        **TABLE,
    )


def _dead_letter() -> None:
    op.create_table(
        "dead_letter",
        _key("branch_id"),
        _key("webhook_no"),
        _key("event_no"),
        sa.Column("attempts", WIDE, nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("given_up_us", WIDE, nullable=False),
        sa.Column("asked_us", WIDE, nullable=True),
        sa.Column("delivered_us", WIDE, nullable=True),
        sa.ForeignKeyConstraint(
            ["branch_id", "webhook_no"],
            ["webhook.branch_id", "webhook.no"],
            name=op.f("fk_dead_letter_branch_id_webhook_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "webhook_no", "event_no", name=op.f("pk_dead_letter")),
        **TABLE,
    )


def _guard_on_postgresql() -> None:
    """As 0005 does for the books; its function for rows that never change is there already."""
    connection = op.get_bind()
    schema = connection.dialect.identifier_preparer.quote(
        connection.execute(sa.text("SELECT current_schema()")).scalar_one()
    )
    op.execute(
        "CREATE FUNCTION guard_outbox_follows() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path = {schema}, pg_temp AS $guard${GUARD}$guard$"
    )
    for name, when, what in TRIGGERS:
        op.execute(f"CREATE TRIGGER {name} {when} ON outbox {what}")
        op.execute(f"ALTER TABLE outbox ENABLE ALWAYS TRIGGER {name}")
