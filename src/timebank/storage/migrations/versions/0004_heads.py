"""Let a branch's head count its writes and keep their last instant. Why: ADR 0012. Backfill: last instant.

Locks: branch_head for the length of the migration, on PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wide = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    for name in ("revision", "last_us"):
        op.add_column("branch_head", sa.Column(name, wide, nullable=False, server_default="0"))
    op.execute(
        "UPDATE branch_head SET last_us = COALESCE((SELECT MAX(recorded_us) FROM entry "
        "WHERE entry.branch_id = branch_head.branch_id), 0)"
    )
