"""What `--json` prints about requests and offers of help; the contract is that of `wire`."""

from typing import TYPE_CHECKING

from timebank.cli.output import JsonObject
from timebank.cli.wire import instant
from timebank.instants import write_instant

if TYPE_CHECKING:
    from timebank.care.listing import HelpOffer, HelpRequest
    from timebank.care.week import Week
    from timebank.services.listing import ListingView


def request(value: "HelpRequest") -> JsonObject:
    """Write a request; `week` is null for one between two instants."""
    return {
        **_common(value),
        "minutes": value.minutes,
        "earliest_at": instant(value.earliest_at),
        "latest_at": instant(value.latest_at),
        "week": week(value.week) if value.week is not None else None,
    }


def offer(value: "HelpOffer") -> JsonObject:
    """Write an offer."""
    return {**_common(value), "minutes_per_week": value.minutes_per_week, "week": week(value.week)}


def request_view(view: "ListingView[HelpRequest]") -> JsonObject:
    """Write a request with its words."""
    return {**request(view.listing), "note": view.note, "reasons": list(view.reasons)}


def offer_view(view: "ListingView[HelpOffer]") -> JsonObject:
    """Write an offer with its words."""
    return {**offer(view.listing), "note": view.note, "reasons": list(view.reasons)}


def week(value: "Week") -> list[JsonObject]:
    """Write the times of a week, from Monday on, by the branch's clock."""
    return [{"day": each.day.value, "starts": each.starts, "ends": each.ends} for each in value.windows]


def _common(value: "HelpRequest | HelpOffer") -> JsonObject:
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
