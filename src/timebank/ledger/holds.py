"""Holds: reserve minutes now, move them later.

Owns I-6: a hold is pending until it is captured, released or expired, and resolves once; what is
held sits on an account of its own and cannot be spent. Pure: the caller passes the current instant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from timebank.errors import CaptureExceedsHold, HoldExpired, HoldResolved
from timebank.ledger.chart import available, held
from timebank.ledger.model import Posting, credit, debit


class HoldState(StrEnum):
    """Where a hold stands."""

    PENDING = "pending"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Minutes of one member reserved for one cause."""

    no: int
    member: str
    minutes: int
    state: HoldState
    expires_at: datetime
    """The deadline, aware UTC; at the deadline itself the hold is due."""
    cause_kind: str
    cause_ref: str
    captured_minutes: int = 0
    """How much of it was captured; the rest went back."""


def placing(member: str, minutes: int) -> tuple[Posting, ...]:
    """Return the postings that reserve `minutes` of a member: available to held."""
    return (debit(available(member), minutes), credit(held(member), minutes))


def returning(member: str, minutes: int) -> tuple[Posting, ...]:
    """Return the postings that give reserved `minutes` back: held to available."""
    return (debit(held(member), minutes), credit(available(member), minutes))


def capture(hold: Hold, *, minutes: int, at: datetime) -> Hold:
    """Return the hold captured for `minutes` (1 up to all of it); the caller posts the rest back.

    Raises:
        HoldResolved, HoldExpired, CaptureExceedsHold: in this order.
    """
    _require_pending(hold)
    if is_due(hold, at=at):
        raise HoldExpired(hold=hold.no)
    if minutes > hold.minutes:
        raise CaptureExceedsHold(needed_minutes=minutes, held_minutes=hold.minutes)
    assert minutes > 0, "I-6: a capture moves at least a minute"
    return replace(hold, state=HoldState.CAPTURED, captured_minutes=minutes)


def release(hold: Hold) -> Hold:
    """Return the hold released; the caller posts all of it back.

    Raises:
        HoldResolved: it was resolved before.
    """
    _require_pending(hold)
    return replace(hold, state=HoldState.RELEASED)


def expire(hold: Hold, *, at: datetime) -> Hold:
    """Return the hold expired; the caller posts all of it back.

    Raises:
        HoldResolved: it was resolved before.
    """
    _require_pending(hold)
    assert is_due(hold, at=at), f"hold {hold.no} expires only after its deadline"
    return replace(hold, state=HoldState.EXPIRED)


def is_due(hold: Hold, *, at: datetime) -> bool:
    """Tell whether a pending hold has reached its deadline; the deadline itself counts."""
    return hold.state is HoldState.PENDING and at >= hold.expires_at


def due(holds: Iterable[Hold], *, at: datetime) -> tuple[Hold, ...]:
    """Return the pending holds that have reached their deadline, by deadline, then number."""
    return tuple(
        sorted((hold for hold in holds if is_due(hold, at=at)), key=lambda hold: (hold.expires_at, hold.no))
    )


def _require_pending(hold: Hold) -> None:
    if hold.state is not HoldState.PENDING:
        raise HoldResolved(hold=hold.no, state=hold.state.value)
