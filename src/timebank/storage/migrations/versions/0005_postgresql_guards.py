"""Guard the books on PostgreSQL: I-1, I-2, I-4, I-6, I-13. Why: ADR 0005. Backfill: none. Locks: all tables.

What 0003 does for SQLite row by row, these do for whole statements: a COPY of thousands of lines is checked
by two queries. The guards are ENABLE ALWAYS: `session_replication_role` does not get past them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "entry",
    "posting",
    "policy_version",
    "account_limit",
    "account_override",
    "request_key",
    "import_batch",
    "service_event",
    "redemption_event",
    "beneficiary_event",
)
NEVER_DELETED = (
    "branch",
    "branch_head",
    "account",
    "account_balance",
    "member",
    "hold",
    "service_record",
    "redemption",
)
NEVER_CHANGED = """
BEGIN
    RAISE EXCEPTION 'I-2: a row of % is never %', TG_TABLE_NAME,
        CASE TG_OP WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END;
END
"""
ACCOUNT_KEEPS_ITS_NAME = """
BEGIN
    RAISE EXCEPTION 'I-2: an account keeps its path and unit';
END
"""
HOLD_RESOLVES_ONCE = """
BEGIN
    RAISE EXCEPTION 'I-6: a hold resolves once and changes in nothing else';
END
"""
POSTING_FOLLOWS = """
DECLARE
    batch record;
BEGIN
    FOR batch IN
        SELECT branch_id, min(entry_seq) AS first_seq FROM added GROUP BY branch_id ORDER BY branch_id
    LOOP
        -- Whoever writes to a branch has its head: nobody else's lines or headers come in between.
        PERFORM FROM branch_head WHERE branch_id = batch.branch_id FOR UPDATE;
        IF batch.first_seq <= (SELECT max(seq) FROM entry WHERE branch_id = batch.branch_id) THEN
            RAISE EXCEPTION 'I-2: a posting cannot join a written entry';
        END IF;
    END LOOP;
    -- The table has the added lines already: the line that another one follows is found there, new or old.
    IF EXISTS (
        SELECT FROM added
        WHERE balance_after - CASE side WHEN 'credit' THEN amount ELSE -amount END
        IS DISTINCT FROM CASE account_seq WHEN 1 THEN 0 ELSE (
            SELECT last.balance_after FROM posting AS last WHERE last.branch_id = added.branch_id
            AND last.account_no = added.account_no AND last.account_seq = added.account_seq - 1
        ) END
    ) THEN
        RAISE EXCEPTION 'I-4: the running balance does not follow';
    END IF;
    RETURN NULL;
END
"""
ENTRY_BALANCES = """
DECLARE
    batch record;
    found record;
BEGIN
    FOR batch IN
        SELECT branch_id, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS entries
        FROM added GROUP BY branch_id ORDER BY branch_id
    LOOP
        PERFORM FROM branch_head WHERE branch_id = batch.branch_id FOR UPDATE;
        IF batch.entries <> batch.last_seq - batch.first_seq + 1
            OR batch.last_seq <> (SELECT max(seq) FROM entry WHERE branch_id = batch.branch_id)
            OR batch.first_seq <> 1 + COALESCE(
                (SELECT max(seq) FROM entry WHERE branch_id = batch.branch_id AND seq < batch.first_seq), 0)
        THEN
            RAISE EXCEPTION 'I-13: the entry does not follow the last one';
        END IF;
        SELECT INTO found
            count(DISTINCT entry_seq) AS entries, min(lines) AS fewest, bool_and(off = 0) AS balance
        FROM (
            SELECT entry_seq, count(*) AS lines,
                sum(CASE side WHEN 'credit' THEN amount ELSE -amount END::integer) AS off
            FROM posting JOIN account ON account.branch_id = posting.branch_id AND no = account_no
            WHERE posting.branch_id = batch.branch_id
            AND entry_seq BETWEEN batch.first_seq AND batch.last_seq
            GROUP BY entry_seq, unit
        ) AS sums;
        -- Lines of one unit that sum to zero are two at least; only a lone line needs a closer look.
        IF found.entries <> batch.entries OR found.fewest < 2 AND EXISTS (
            SELECT FROM posting WHERE branch_id = batch.branch_id
            AND entry_seq BETWEEN batch.first_seq AND batch.last_seq GROUP BY entry_seq HAVING count(*) < 2
        ) THEN
            RAISE EXCEPTION 'I-1: an entry has at least two postings';
        END IF;
        IF NOT found.balance THEN
            RAISE EXCEPTION 'I-1: debits and credits differ';
        END IF;
    END LOOP;
    RETURN NULL;
END
"""
FUNCTIONS = {
    "guard_never_changed": NEVER_CHANGED,
    "guard_account_keeps_its_name": ACCOUNT_KEEPS_ITS_NAME,
    "guard_hold_resolves_once": HOLD_RESOLVES_ONCE,
    "guard_posting_follows": POSTING_FOLLOWS,
    "guard_entry_balances": ENTRY_BALANCES,
}
HOLD_IS_OTHERWISE = (
    "OLD.state <> 'pending' "
    "OR NEW.branch_id <> OLD.branch_id OR NEW.no <> OLD.no OR NEW.member <> OLD.member "
    "OR NEW.minutes <> OLD.minutes OR NEW.state = 'pending' "
    "OR NEW.expires_us <> OLD.expires_us "
    "OR (NEW.state = 'captured') <> (NEW.captured_minutes > 0) "
    "OR NEW.cause_kind <> OLD.cause_kind OR NEW.cause_ref <> OLD.cause_ref"
)
TRIGGERS = (
    (
        "account",
        "account_keeps_its_name",
        "BEFORE UPDATE OF branch_id, no, path, unit, opened_us",
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_account_keeps_its_name()",
    ),
    (
        "hold",
        "hold_resolves_once",
        "BEFORE UPDATE",
        f"FOR EACH ROW WHEN ({HOLD_IS_OTHERWISE}) EXECUTE FUNCTION guard_hold_resolves_once()",
    ),
    (
        "posting",
        "posting_follows",
        "AFTER INSERT",
        "REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION guard_posting_follows()",
    ),
    (
        "entry",
        "entry_balances",
        "AFTER INSERT",
        "REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION guard_entry_balances()",
    ),
    *(
        (
            table,
            f"{table}_never_updated",
            "BEFORE UPDATE",
            "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()",
        )
        for table in APPEND_ONLY
    ),
    *(
        (
            table,
            f"{table}_never_deleted",
            "BEFORE DELETE OR TRUNCATE",
            "FOR EACH STATEMENT EXECUTE FUNCTION guard_never_changed()",
        )
        for table in APPEND_ONLY + NEVER_DELETED
    ),
)
"""Table, trigger, when, and what."""


def upgrade() -> None:
    """Create the guards of PostgreSQL; SQLite has its own."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in postgresql_guards():
            op.execute(statement)


def postgresql_guards() -> list[str]:
    """Return the functions and triggers that hold I-1, I-2, I-4, I-6 and I-13 against plain SQL."""
    connection = op.get_bind()
    schema = connection.dialect.identifier_preparer.quote(
        connection.execute(sa.text("SELECT current_schema()")).scalar_one()
    )
    # Temporary tables last, or one of the same name would hide ours from a guard. One plan for ever, of
    # lookups by key: it is not made again for every statement, and still good when the journal has grown.
    settings = (
        f"SET search_path = {schema}, pg_temp SET plan_cache_mode = force_generic_plan "
        "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"
    )
    guards = [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {settings} AS $guard${body}$guard$"
        for name, body in FUNCTIONS.items()
    ]
    for table, name, when, what in TRIGGERS:
        guards.append(f"CREATE TRIGGER {name} {when} ON {table} {what}")
        guards.append(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    return guards
