"""The tables of help that is wished for and offered: references, codes, minutes and times only (I-10)."""

from sqlalchemy import CheckConstraint, Index

from timebank.storage.columns import STRICT, Row, key_number, number, text


class HelpRequestRow(Row, table=True):
    """Help that a member wishes for, once between two instants or week by week."""

    __tablename__ = "help_request"
    __table_args__ = (
        Index("ix_help_request_member", "branch_id", "member", "no"),
        Index("ix_help_request_state", "branch_id", "state", "expires_us"),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("state IN ('open', 'withdrawn', 'expired')", name="state"),
        CheckConstraint(
            "(week IS NULL) = (latest_us IS NOT NULL) AND (earliest_us IS NULL) = (latest_us IS NULL)",
            name="when",
        ),
        CheckConstraint("week IS NULL OR length(week) = 84", name="week"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    member: str = text()
    kind: str = text()
    mode: str = text()
    minutes: int = number()
    earliest_us: int | None = number(nullable=True)
    latest_us: int | None = number(nullable=True)
    week: str | None = text(nullable=True)
    """336 half hours as 84 hexadecimal digits; Monday's first one is the lowest bit."""
    state: str = text()
    posted_us: int = number()
    actor: str = text()
    expires_us: int = number()
    ended_us: int | None = number(nullable=True)
    ended_by: str | None = text(nullable=True)


class HelpOfferRow(Row, table=True):
    """Help that a member offers, week by week."""

    __tablename__ = "help_offer"
    __table_args__ = (
        Index("ix_help_offer_member", "branch_id", "member", "no"),
        Index("ix_help_offer_state", "branch_id", "state", "expires_us"),
        CheckConstraint("minutes_per_week > 0", name="minutes_per_week"),
        CheckConstraint("state IN ('open', 'withdrawn', 'expired')", name="state"),
        CheckConstraint("length(week) = 84", name="week"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    member: str = text()
    kind: str = text()
    mode: str = text()
    minutes_per_week: int = number()
    week: str = text()
    """As in `help_request`."""
    state: str = text()
    posted_us: int = number()
    actor: str = text()
    expires_us: int = number()
    ended_us: int | None = number(nullable=True)
    ended_by: str | None = text(nullable=True)
