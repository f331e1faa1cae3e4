"""The table of matches: references, codes and instants only; why somebody declined stands with the names."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index

from timebank.storage.columns import STRICT, Row, key_number, number, text


class MatchRow(Row, table=True):
    """A suggestion that was offered to a helper, and what became of it."""

    __tablename__ = "help_match"
    __table_args__ = (
        ForeignKeyConstraint(["branch_id", "request_no"], ["help_request.branch_id", "help_request.no"]),
        ForeignKeyConstraint(["branch_id", "offer_no"], ["help_offer.branch_id", "help_offer.no"]),
        Index("ix_help_match_request", "branch_id", "request_no"),
        Index("ix_help_match_helper", "branch_id", "helper", "offered_us"),
        Index("ix_help_match_state", "branch_id", "state", "expires_us"),
        CheckConstraint("state IN ('offered', 'accepted', 'declined', 'expired', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'offered') = (changed_us IS NULL)", name="changed_us"),
        CheckConstraint(
            "outcome IS NULL OR (outcome IN ('helped', 'not_helped') AND state = 'accepted')", name="outcome"
        ),
        CheckConstraint("rank > 0", name="rank"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    request_no: int = number()
    member: str = text()
    """Whose request it is."""
    helper: str = text()
    offer_no: int = number()
    """The helper's offer that it rests on."""
    starts: int = number()
    """When it can begin: in minutes since 1970 for help on a date, the half hour of the week for weekly."""
    rank: int = number()
    """The helper's place among all suggestions for the request, when it was offered."""
    weights: str = text()
    """Fingerprint of the weights that decided on the rank."""
    state: str = text()
    offered_us: int = number()
    offered_by: str = text()
    expires_us: int = number()
    changed_us: int | None = number(nullable=True)
    """When it came into the state that it is in; as long as it is offered, never."""
    changed_by: str | None = text(nullable=True)
    """Who answered or withdrew it; nobody did if it expired."""
    outcome: str | None = text(nullable=True)
