"""Who may come in: access tokens, of which only a digest is kept; local, never exported."""

from sqlalchemy import CheckConstraint, UniqueConstraint

from timebank.storage.columns import STRICT, Row, blob, key_number, number, text, worded


class AccessTokenRow(Row, table=True):
    """An access token."""

    __tablename__ = "access_token"
    __table_args__ = (
        UniqueConstraint("branch_id", "digest"),
        CheckConstraint("role IN ('member', 'coordinator', 'auditor', 'operator')", name="role"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    digest: bytes = blob()
    """SHA-256 of the token's text."""
    role: str = text()
    ref: str = text()
    created_us: int = number()
    expires_us: int = number()
    revoked_us: int | None = number(nullable=True)
    actor: str = text()
    """Who issued it."""
    scopes: str = worded("account,coordinate,log,read,redeem")
    """What it is for, within its role, sorted."""
    kind: str = worded("issued")
    """`issued`, or `session`: somebody signed in."""
