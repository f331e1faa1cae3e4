"""Turns in a life: a member leaves, dies, is merged; a branch is frozen and closed. Pure.

The books keep every hour (I-2): what somebody leaves behind is moved by entries, never deleted, and nothing
ever expires in silence.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from timebank.errors import (
    DayAhead,
    EstateOver,
    EstateSettled,
    EstateWaits,
    HeirNotEligible,
    MemberGone,
    MemberNotDead,
    OpenMatters,
)
from timebank.ledger.model import Actor

YEAR_MONTHS: Final = 12
NAMED_MOST: Final = 5
"""How many open matters a refusal names."""


class LifeAct(StrEnum):
    """What happened."""

    LEFT = "left"
    DIED = "died"
    MERGED = "merged"
    MOVED = "moved"
    """The branch was closed, and the member is one of its successor."""
    ESTATE = "estate"
    """What a member left behind went to an heir or to a fund."""
    FROZEN = "frozen"
    THAWED = "thawed"
    CLOSED = "closed"


ENDS: Final = frozenset({LifeAct.LEFT, LifeAct.DIED, LifeAct.MERGED, LifeAct.MOVED})
"""What ends a membership."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeEvent:
    """One turn in a life, by opaque references (I-10)."""

    no: int
    ref: str
    """The member, or the branch."""
    act: LifeAct
    other: str | None
    """Whom or what it went to: a member, `REF@BRANCH`, or an account path."""
    on: date
    """When it happened, in the branch's calendar."""
    entry: int | None
    """The first entry that it led to; None if no hours moved."""
    actor: Actor
    note_no: int | None
    recorded_at: datetime


def require_living(events: Sequence[LifeEvent], *, member: str, branch: str) -> None:
    """Refuse a member whose membership has ended.

    Raises:
        MemberGone: it has.
    """
    for event in events:
        if event.act in ENDS:
            raise MemberGone(member=member, branch=branch, act=event.act.value)


def require_settled(subject: str, matters: Sequence[str]) -> None:
    """Refuse somebody who has open matters, by their names.

    Raises:
        OpenMatters: there are any; the first five are named.
    """
    if matters:
        more = f" and {len(matters) - NAMED_MOST} more" if len(matters) > NAMED_MOST else ""
        raise OpenMatters(subject=subject, matters=", ".join(matters[:NAMED_MOST]) + more)


def require_past(day: date, *, today: date) -> None:
    """Refuse a day that is still to come.

    Raises:
        DayAhead: it is.
    """
    if day > today:
        raise DayAhead(day=day)


def death_of(events: Sequence[LifeEvent], *, member: str, branch: str) -> LifeEvent:
    """Return the death of a member whose estate is still to be settled.

    Raises:
        MemberNotDead: no death is recorded.
        EstateSettled: the estate went where it belongs.
    """
    died = [event for event in events if event.act is LifeAct.DIED]
    if not died:
        raise MemberNotDead(member=member, branch=branch)
    if any(event.act is LifeAct.ESTATE for event in events):
        raise EstateSettled(member=member)
    return died[0]


def estate_until(death: LifeEvent, *, wait_months: int) -> date:
    """Return the last day on which an heir can be named, counted from when the branch learned of it."""
    return months_later(death.recorded_at.date(), wait_months)


def require_heir(
    death: LifeEvent,
    *,
    heir: str | None,
    relation: str | None,
    heirs: Sequence[str],
    until: date,
    today: date,
) -> None:
    """Refuse an heir that the policy does not know or who comes too late, and the fund while heirs can come.

    Args:
        death: of whom the estate is.
        heir: who has the hours; None: the fund.
        relation: what the heir was to them.
        heirs: the relations that the policy lets inherit; with none of them the fund need not wait.
        until: the last day for heirs.
        today: the branch's day.

    Raises:
        HeirNotEligible, EstateOver, EstateWaits: as above.
    """
    if heir is None:
        if heirs and today <= until:
            raise EstateWaits(member=death.ref, until=until)
        return
    if relation not in heirs:
        raise HeirNotEligible(heirs=", ".join(heirs) or "nobody but the fund")
    if today > until:
        raise EstateOver(member=death.ref, until=until)


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or the last one of a month that is too short; also earlier."""
    number = day.year * YEAR_MONTHS + day.month - 1 + months
    year, month = divmod(number, YEAR_MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
