"""Create the tables of branches, policies, accounts, journal. Why: ADR 0003. Backfill: none. Locks: none."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STRICT: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}


def number(name: str, **options: bool) -> sa.Column[int]:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    return sa.Column(name, wide, **{"nullable": False, **options})  # type: ignore[arg-type]


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def blob(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "branch",
        number("branch_id", autoincrement=False),
        text("code"),
        text("name"),
        text("zone"),
        number("created_us"),
        sa.PrimaryKeyConstraint("branch_id", name=op.f("pk_branch")),
        sa.UniqueConstraint("code", name=op.f("uq_branch_code")),
        **STRICT,
    )
    op.create_table(
        "entry",
        number("branch_id", autoincrement=False),
        number("seq", autoincrement=False),
        text("kind"),
        text("cause_kind"),
        text("cause_ref"),
        number("step"),
        number("effective_us"),
        text("effective_on"),
        number("recorded_us"),
        number("policy_version"),
        text("actor"),
        number("reverses", nullable=True),
        number("counts_help"),
        blob("leaf"),
        sa.CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)", name=op.f("ck_entry_reverses")),
        sa.CheckConstraint("counts_help IN (-1, 0, 1)", name=op.f("ck_entry_counts_help")),
        sa.CheckConstraint("reverses < seq", name=op.f("ck_entry_reverses_earlier")),
        sa.PrimaryKeyConstraint("branch_id", "seq", name=op.f("pk_entry")),
        sa.UniqueConstraint(
            "branch_id",
            "cause_kind",
            "cause_ref",
            "step",
            name=op.f("uq_entry_branch_id_cause_kind_cause_ref_step"),
        ),
        sa.UniqueConstraint("branch_id", "reverses", name=op.f("uq_entry_branch_id_reverses")),
        **STRICT,
    )
    op.create_table(
        "request_key",
        number("branch_id", autoincrement=False),
        blob("key"),
        blob("fingerprint"),
        text("outcome"),
        number("recorded_us"),
        sa.PrimaryKeyConstraint("branch_id", "key", name=op.f("pk_request_key")),
        **STRICT,
    )
    op.create_table(
        "account",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("path"),
        text("unit"),
        number("opened_us"),
        number("closed_us", nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.branch_id"], name=op.f("fk_account_branch_id")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_account")),
        sa.UniqueConstraint("branch_id", "path", "unit", name=op.f("uq_account_branch_id_path_unit")),
        **STRICT,
    )
    op.create_table(
        "branch_counter",
        number("branch_id", autoincrement=False),
        text("noun"),
        number("last_no"),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.branch_id"], name=op.f("fk_branch_counter_branch_id")
        ),
        sa.PrimaryKeyConstraint("branch_id", "noun", name=op.f("pk_branch_counter")),
        **STRICT,
    )
    op.create_table(
        "branch_head",
        number("branch_id", autoincrement=False),
        number("entry_seq"),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.branch_id"], name=op.f("fk_branch_head_branch_id")),
        sa.PrimaryKeyConstraint("branch_id", name=op.f("pk_branch_head")),
        **STRICT,
    )
    op.create_table(
        "import_batch",
        number("branch_id", autoincrement=False),
        number("no", autoincrement=False),
        text("layout"),
        text("source"),
        number("rows_new"),
        number("rows_known"),
        text("actor"),
        number("recorded_us"),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.branch_id"], name=op.f("fk_import_batch_branch_id")),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f("pk_import_batch")),
        **STRICT,
    )
    op.create_table(
        "policy_version",
        number("branch_id", autoincrement=False),
        number("version", autoincrement=False),
        text("effective_on"),
        number("recorded_us"),
        text("actor"),
        text("document"),
        blob("fingerprint"),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.branch_id"], name=op.f("fk_policy_version_branch_id")
        ),
        sa.PrimaryKeyConstraint("branch_id", "version", name=op.f("pk_policy_version")),
        **STRICT,
    )
    op.create_table(
        "account_balance",
        number("branch_id", autoincrement=False),
        number("account_no", autoincrement=False),
        number("balance"),
        number("given"),
        number("received"),
        number("version"),
        sa.ForeignKeyConstraint(
            ["branch_id", "account_no"],
            ["account.branch_id", "account.no"],
            name=op.f("fk_account_balance_branch_id_account_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "account_no", name=op.f("pk_account_balance")),
        **STRICT,
    )
    op.create_table(
        "account_limit",
        number("branch_id", autoincrement=False),
        number("account_no", autoincrement=False),
        number("no", autoincrement=False),
        number("follows_policy"),
        number("floor", nullable=True),
        number("ceiling", nullable=True),
        number("warn_floor", nullable=True),
        number("warn_ceiling", nullable=True),
        text("actor"),
        number("note_no", nullable=True),
        number("recorded_us"),
        sa.CheckConstraint("follows_policy IN (0, 1)", name=op.f("ck_account_limit_follows_policy")),
        sa.ForeignKeyConstraint(
            ["branch_id", "account_no"],
            ["account.branch_id", "account.no"],
            name=op.f("fk_account_limit_branch_id_account_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "account_no", "no", name=op.f("pk_account_limit")),
        **STRICT,
    )
    op.create_table(
        "account_override",
        number("branch_id", autoincrement=False),
        number("account_no", autoincrement=False),
        number("no", autoincrement=False),
        number("floor", nullable=True),
        number("ceiling", nullable=True),
        number("until_us"),
        text("actor"),
        number("note_no"),
        number("recorded_us"),
        sa.ForeignKeyConstraint(
            ["branch_id", "account_no"],
            ["account.branch_id", "account.no"],
            name=op.f("fk_account_override_branch_id_account_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "account_no", "no", name=op.f("pk_account_override")),
        **STRICT,
    )
    op.create_table(
        "posting",
        number("branch_id", autoincrement=False),
        number("entry_seq", autoincrement=False),
        number("line", autoincrement=False),
        number("account_no"),
        text("side"),
        number("amount"),
        number("account_seq"),
        number("balance_after"),
        sa.CheckConstraint("side IN ('debit', 'credit')", name=op.f("ck_posting_side")),
        sa.CheckConstraint("amount BETWEEN 1 AND 100000000", name=op.f("ck_posting_amount")),
        sa.ForeignKeyConstraint(
            ["branch_id", "account_no"],
            ["account.branch_id", "account.no"],
            name=op.f("fk_posting_branch_id_account_no"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "entry_seq", "line", name=op.f("pk_posting")),
        sa.UniqueConstraint(
            "branch_id", "account_no", "account_seq", name=op.f("uq_posting_branch_id_account_no_account_seq")
        ),
        **STRICT,
    )
