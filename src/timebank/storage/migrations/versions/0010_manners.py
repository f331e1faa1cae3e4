"""Keep answers and who saw what. Why: ADR 0016. Backfill, locks: none."""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
