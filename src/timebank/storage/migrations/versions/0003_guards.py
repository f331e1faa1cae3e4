"""Guard the books on SQLite by triggers: I-1, I-2, I-4, I-6, I-13. Why: ADR 0005. Backfill, locks: none."""

from alembic import op

revision = "0003"
down_revision = "0002"
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


KEYS = {
    "branch": (("branch_id",), ("code",)),
    "branch_head": (("branch_id",),),
    "policy_version": (("branch_id", "version"),),
    "account": (("branch_id", "no"), ("branch_id", "path", "unit")),
    "account_balance": (("branch_id", "account_no"),),
    "account_limit": (("branch_id", "account_no", "no"),),
    "account_override": (("branch_id", "account_no", "no"),),
    "entry": (
        ("branch_id", "seq"),
        ("branch_id", "cause_kind", "cause_ref", "step"),
        ("branch_id", "reverses"),
    ),
    "posting": (("branch_id", "entry_seq", "line"), ("branch_id", "account_no", "account_seq")),
    "request_key": (("branch_id", "key"),),
    "import_batch": (("branch_id", "no"),),
    "member": (("branch_id", "ref"),),
    "hold": (("branch_id", "no"),),
    "service_record": (("branch_id", "no"),),
    "service_event": (("branch_id", "record_no", "no"),),
    "redemption": (("branch_id", "no"),),
    "redemption_event": (("branch_id", "redemption_no", "no"),),
    "beneficiary_event": (("branch_id", "beneficiary_no", "no"),),
}
"""INSERT OR REPLACE deletes the row in its way without firing delete triggers, unless the connection asks."""


def upgrade() -> None:
    """Create the guards of SQLite; PostgreSQL has its own."""
    if op.get_bind().dialect.name == "sqlite":
        for statement in sqlite_guards():
            op.execute(statement)


def _same(*columns: str) -> str:
    return " AND ".join(f"{column} = NEW.{column}" for column in columns)


def sqlite_guards() -> list[str]:
    """Return the triggers that hold I-1, I-2, I-4, I-6 and I-13 against plain SQL."""
    guards = [
        f"CREATE TRIGGER {table}_never_updated BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'I-2: a row of {table} is never changed'); END"
        for table in APPEND_ONLY
    ]
    guards += [
        f"CREATE TRIGGER {table}_never_deleted BEFORE DELETE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'I-2: a row of {table} is never deleted'); END"
        for table in APPEND_ONLY + NEVER_DELETED
    ]
    guards += [
        f"CREATE TRIGGER {table}_never_replaced BEFORE INSERT ON {table} WHEN "
        + " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {_same(*columns)})" for columns in keys)
        + f" BEGIN SELECT RAISE(ABORT, 'I-2: a row of {table} is never replaced'); END"
        for table, keys in KEYS.items()
    ]
    guards.append(
        "CREATE TRIGGER posting_follows BEFORE INSERT ON posting BEGIN "
        "SELECT RAISE(ABORT, 'I-2: a posting cannot join a written entry') WHERE EXISTS "
        "(SELECT 1 FROM entry WHERE branch_id = NEW.branch_id AND seq = NEW.entry_seq); "
        "SELECT RAISE(ABORT, 'I-4: the running balance does not follow') WHERE "
        "NEW.balance_after - CASE NEW.side WHEN 'credit' THEN NEW.amount ELSE -NEW.amount END IS NOT "
        "CASE NEW.account_seq WHEN 1 THEN 0 ELSE (SELECT balance_after FROM posting "
        "WHERE branch_id = NEW.branch_id AND account_no = NEW.account_no "
        "AND account_seq = NEW.account_seq - 1) END; END"
    )
    guards.append(
        "CREATE TRIGGER entry_balances BEFORE INSERT ON entry BEGIN "
        "SELECT RAISE(ABORT, 'I-13: the entry does not follow the last one') WHERE NEW.seq IS NOT "
        "(SELECT COALESCE(MAX(seq), 0) + 1 FROM entry WHERE branch_id = NEW.branch_id); "
        "SELECT RAISE(ABORT, 'I-1: an entry has at least two postings') WHERE "
        "(SELECT COUNT(*) FROM posting WHERE branch_id = NEW.branch_id AND entry_seq = NEW.seq) < 2; "
        "SELECT RAISE(ABORT, 'I-1: debits and credits differ') WHERE EXISTS "
        "(SELECT 1 FROM posting AS p JOIN account AS a ON a.branch_id = p.branch_id AND a.no = p.account_no "
        "WHERE p.branch_id = NEW.branch_id AND p.entry_seq = NEW.seq GROUP BY a.unit "
        "HAVING SUM(CASE p.side WHEN 'credit' THEN p.amount ELSE -p.amount END) <> 0); END"
    )
    guards.append(
        "CREATE TRIGGER account_keeps_its_name "
        "BEFORE UPDATE OF branch_id, no, path, unit, opened_us ON account "
        "BEGIN SELECT RAISE(ABORT, 'I-2: an account keeps its path and unit'); END"
    )
    guards.append(
        "CREATE TRIGGER hold_resolves_once BEFORE UPDATE ON hold WHEN OLD.state <> 'pending' "
        "OR NEW.branch_id <> OLD.branch_id OR NEW.no <> OLD.no OR NEW.member <> OLD.member "
        "OR NEW.minutes <> OLD.minutes OR NEW.state = 'pending' "
        "OR NEW.expires_us <> OLD.expires_us "
        "OR (NEW.state = 'captured') <> (NEW.captured_minutes > 0) "
        "OR NEW.cause_kind <> OLD.cause_kind OR NEW.cause_ref <> OLD.cause_ref "
        "BEGIN SELECT RAISE(ABORT, 'I-6: a hold resolves once and changes in nothing else'); END"
    )
    return guards
