"""Keep requests and offers. Why: ADR 0018. Backfill, locks: none."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create(
        "help_request",
        ("minutes", "earliest_us", "latest_us", "week"),
        {
            "minutes": "minutes > 0",
            "state": "state IN ('open', 'withdrawn', 'expired')",
            "when": (
                "(week IS NULL) = (latest_us IS NOT NULL) AND (earliest_us IS NULL) = (latest_us IS NULL)"
            ),
            "week": "week IS NULL OR length(week) = 84",
        },
    )
    _create(
        "help_offer",
        ("minutes_per_week", "week"),
        {
            "minutes_per_week": "minutes_per_week > 0",
            "state": "state IN ('open', 'withdrawn', 'expired')",
            "week": "length(week) = 84",
        },
    )


def _create(name: str, own: tuple[str, ...], checks: dict[str, str]) -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    is_request = name == "help_request"
    known: dict[str, sa.Column[Any]] = {
        "minutes": sa.Column("minutes", wide, nullable=False),
        "minutes_per_week": sa.Column("minutes_per_week", wide, nullable=False),
        "earliest_us": sa.Column("earliest_us", wide, nullable=True),
        "latest_us": sa.Column("latest_us", wide, nullable=True),
        "week": sa.Column("week", sa.Text(), nullable=is_request),
    }
    op.create_table(
        name,
        sa.Column("branch_id", wide, autoincrement=False, nullable=False),
        sa.Column("no", wide, autoincrement=False, nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        *(known[each] for each in own),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("posted_us", wide, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("expires_us", wide, nullable=False),
        sa.Column("ended_us", wide, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        *(sa.CheckConstraint(text, name=op.f(f"ck_{name}_{what}")) for what, text in checks.items()),
        sa.PrimaryKeyConstraint("branch_id", "no", name=op.f(f"pk_{name}")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{name}_member", name, ["branch_id", "member", "no"])
    op.create_index(f"ix_{name}_state", name, ["branch_id", "state", "expires_us"])
