"""Look up less for the same guards on SQLite: a third of a batch's time was theirs. Why: ADR 0005.

What a posting follows is its account's last posting, so a gap, a repeated number and a replaced row are all
refused by one look at the end of the account; an entry's sum per unit is only grouped where another unit
than minutes occurs. Backfill, locks: none.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LINES = (
    "FROM posting AS p CROSS JOIN account AS a ON a.branch_id = p.branch_id AND a.no = p.account_no "
    "WHERE p.branch_id = NEW.branch_id AND p.entry_seq = NEW.seq"
)
SIGNED = "CASE p.side WHEN 'credit' THEN p.amount ELSE -p.amount END"


def upgrade() -> None:
    """Replace the guards of postings and entries; PostgreSQL has its own."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in ("posting_never_replaced", "posting_follows", "entry_never_replaced", "entry_balances"):
        op.execute(f"DROP TRIGGER {name}")
    op.execute(
        "CREATE TRIGGER posting_follows BEFORE INSERT ON posting BEGIN SELECT CASE "
        "WHEN EXISTS (SELECT 1 FROM entry WHERE branch_id = NEW.branch_id AND seq = NEW.entry_seq) "
        "THEN RAISE(ABORT, 'I-2: a posting cannot join a written entry') "
        "WHEN EXISTS (SELECT 1 FROM posting WHERE branch_id = NEW.branch_id AND entry_seq = NEW.entry_seq "
        "AND line = NEW.line) THEN RAISE(ABORT, 'I-2: a row of posting is never replaced') "
        "WHEN NEW.balance_after - CASE NEW.side WHEN 'credit' THEN NEW.amount ELSE -NEW.amount END IS NOT "
        "COALESCE((SELECT CASE account_seq WHEN NEW.account_seq - 1 THEN balance_after ELSE 'a gap' END "
        "FROM posting WHERE branch_id = NEW.branch_id AND account_no = NEW.account_no "
        "ORDER BY account_seq DESC LIMIT 1), CASE NEW.account_seq WHEN 1 THEN 0 ELSE 'a gap' END) "
        "THEN RAISE(ABORT, 'I-4: the running balance does not follow') END; END"
    )
    op.execute(
        "CREATE TRIGGER entry_balances BEFORE INSERT ON entry BEGIN SELECT CASE "
        "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM entry WHERE branch_id = NEW.branch_id) "
        "THEN RAISE(ABORT, 'I-13: the entry does not follow the last one') "
        "WHEN EXISTS (SELECT 1 FROM entry WHERE branch_id = NEW.branch_id AND cause_kind = NEW.cause_kind "
        "AND cause_ref = NEW.cause_ref AND step = NEW.step) "
        "OR NEW.reverses IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM entry WHERE branch_id = NEW.branch_id AND reverses = NEW.reverses) "
        "THEN RAISE(ABORT, 'I-2: a row of entry is never replaced') END; "
        "SELECT CASE WHEN COUNT(*) < 2 THEN RAISE(ABORT, 'I-1: an entry has at least two postings') "
        f"WHEN SUM(CASE a.unit WHEN 'min' THEN {SIGNED} ELSE 0 END) <> 0 "
        f"OR MAX(a.unit <> 'min') AND EXISTS (SELECT 1 {LINES} GROUP BY a.unit HAVING SUM({SIGNED}) <> 0) "
        f"THEN RAISE(ABORT, 'I-1: debits and credits differ') END {LINES}; END"
    )
