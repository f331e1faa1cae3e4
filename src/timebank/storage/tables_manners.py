"""What the service remembers beside the books: its secrets, and who saw what; local, never exported."""

from sqlalchemy import Index

from timebank.storage.columns import STRICT, Row, blob, key_number, key_text, number, text


class BranchSecretRow(Row, table=True):
    """Random bytes of a branch, shared by every process of the service."""

    __tablename__ = "branch_secret"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    purpose: str = key_text()
    """`cursor`: what cursors are signed with."""
    secret: bytes = blob()


class AccessLogRow(Row, table=True):
    """That somebody saw or did something; references only, no names, no words."""

    __tablename__ = "access_log"
    __table_args__ = (Index("ix_access_log_member", "branch_id", "member", "at_us"), STRICT)

    branch_id: int = key_number()
    """Of whoever asked."""
    at_us: int = key_number()
    no: int = key_number()
    """Random: tells apart what happened at one instant, in several processes."""
    request: str | None = text(nullable=True)
    """The request's identifier, as the service's log has it."""
    role: str = text()
    ref: str = text()
    operation: str = text()
    object: str | None = text(nullable=True)
    """The path's own part, such as `lille/1`."""
    member: str | None = text(nullable=True)
    """Whom it concerned: `REF`, or `REF@BRANCH` of another branch."""
    mandate: int | None = number(nullable=True)
    status: int = number()
