"""The table of what happens in the life of a member or a branch: references, codes, days (I-10)."""

from sqlalchemy import CheckConstraint, Index

from timebank.storage.columns import STRICT, Row, key_number, number, text


class LifeEventRow(Row, table=True):
    """One turn in a life: who, what, when, decided by whom (append-only)."""

    __tablename__ = "life_event"
    __table_args__ = (
        Index("ix_life_event_subject", "branch_id", "subject", "ref"),
        CheckConstraint("subject IN ('member', 'branch')", name="subject"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    subject: str = text()
    ref: str = text()
    act: str = text()
    other: str | None = text(nullable=True)
    """Whom or what it went to: a member, `REF@BRANCH`, or an account path."""
    happened_on: str = text()
    entry_seq: int | None = number(nullable=True)
    """The first entry that it led to, if it moved hours."""
    actor: str = text()
    note_no: int | None = number(nullable=True)
    recorded_us: int = number()
