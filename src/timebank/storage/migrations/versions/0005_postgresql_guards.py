"""Guard the books on PostgreSQL. Why: ADR 0005. Backfill, locks: none."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the guards of PostgreSQL; SQLite has its own."""
