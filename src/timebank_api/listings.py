"""What requests and offers of help share: how a week is written, and what both say."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from litestar.params import QueryParameter
from msgspec import Struct

from timebank.care.listing import HelpOffer, HelpRequest, ListingState
from timebank.care.week import Week, Weekday, Window
from timebank.instants import write_instant

InState = Annotated[ListingState | None, QueryParameter(name="state")]


class WindowIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time of every week, by the branch's clock, on the half hour."""

    day: Weekday
    starts: str
    """Such as `09:00`."""
    ends: str
    """Such as `12:30`; `24:00` at the latest."""


class WindowOut(Struct, frozen=True):
    """A time of every week, by the branch's clock."""

    day: str
    starts: str
    ends: str


class ListingOut(Struct, frozen=True, kw_only=True):
    """What a request and an offer have in common."""

    branch: str
    no: int
    state: str
    member: str
    kind: str
    mode: str
    posted_at: str
    posted_by: str
    expires_at: str
    """First instant at which it is not open any more."""
    ended_at: str | None
    ended_by: str | None


def week_of(windows: Sequence[WindowIn]) -> Week:
    """Return the week that a body names.

    Raises:
        BadWindow: one is no time of a week.
    """
    return Week.of(Window(each.day, each.starts, each.ends) for each in windows)


def windows_of(week: Week) -> tuple[WindowOut, ...]:
    """Return the times of a week, from Monday on."""
    return tuple(WindowOut(each.day.value, each.starts, each.ends) for each in week.windows)


def common_of(value: HelpRequest | HelpOffer) -> dict[str, Any]:
    """Return the fields of `ListingOut`."""
    return {
        "branch": value.branch,
        "no": value.no,
        "state": value.state.value,
        "member": value.member,
        "kind": value.kind,
        "mode": value.mode.value,
        "posted_at": write_instant(value.posted_at),
        "posted_by": str(value.posted_by),
        "expires_at": write_instant(value.expires_at),
        "ended_at": instant(value.ended_at),
        "ended_by": str(value.ended_by) if value.ended_by is not None else None,
    }


def instant(at: datetime | None) -> str | None:
    """Write an instant, or None."""
    return write_instant(at) if at is not None else None
