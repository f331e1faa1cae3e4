"""Keep how far the audit has proven the books. Why: ADR 0013. Backfill, locks: none."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of audit points."""
