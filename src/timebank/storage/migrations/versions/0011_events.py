"""Keep what is to be told to others. Why: ADR 0017. Backfill, locks: none."""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
