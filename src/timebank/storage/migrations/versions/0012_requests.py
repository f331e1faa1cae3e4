"""Keep requests and offers. Why: ADR 0018. Backfill, locks: none."""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
