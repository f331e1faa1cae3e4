"""What is told to others: the outbox, who hears of it, and what could not be delivered.

The outbox moves with the branch; webhooks and what they missed belong to this database, and their secrets
are never exported.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint

from timebank.storage.columns import STRICT, Row, key_number, number, text


class OutboxRow(Row, table=True):
    """An event that the journal does not tell itself (append-only).

    Events are numbered within the branch, entries of the journal included: the n-th entry and the m-th row
    here, in the order in which they were written, have the numbers 1 to n + m. A row keeps its own number;
    the numbers in between are the entries'. See ADR 0017.
    """

    __tablename__ = "outbox"
    __table_args__ = (CheckConstraint("no >= seq AND seq >= 1", name="no"), STRICT)

    branch_id: int = key_number()
    no: int = key_number()
    seq: int = number()
    """Counts the rows of the branch: 1 for the first one, then without gaps."""
    kind: str = text()
    members: str = text()
    """Whom of the branch's members it concerns: ` m1 m7 `, a blank around each."""
    data: str = text()
    """References, minutes, states and instants, as JSON; nothing that somebody wrote (I-10)."""
    recorded_us: int = number()


class WebhookRow(Row, table=True):
    """An address that is told of events, and how far it has heard of them."""

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'disabled', 'stopped', 'removed')", name="state"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    url: str = text()
    kinds: str = text()
    """Which events, a blank between them; empty: all."""
    secret: str = text()
    """What its messages are signed with: it must be readable. Empty once it is removed."""
    state: str = text()
    created_us: int = number()
    actor: str = text()
    told_no: int = number()
    """The last event that it was told of, that did not interest it, or that was given up."""
    attempts: int = number()
    """How often the next event was sent in vain."""
    next_us: int = number()
    """Not before this instant."""
    failing_us: int | None = number(nullable=True)
    """Since when nothing was taken."""
    said: str | None = text(nullable=True)
    """What came of the last attempt: a status, or a code of ours."""
    lease: str | None = text(nullable=True)
    """Who delivers to it right now."""
    lease_us: int = number()
    """Until when."""


class DeadLetterRow(Row, table=True):
    """An event that a webhook did not take in all the time there was."""

    __tablename__ = "dead_letter"
    __table_args__ = (
        ForeignKeyConstraint(["branch_id", "webhook_no"], ["webhook.branch_id", "webhook.no"]),
        STRICT,
    )

    branch_id: int = key_number()
    webhook_no: int = key_number()
    event_no: int = key_number()
    attempts: int = number()
    said: str = text()
    given_up_us: int = number()
    asked_us: int | None = number(nullable=True)
    """When somebody asked to send it again; empty as soon as that was tried."""
    delivered_us: int | None = number(nullable=True)
