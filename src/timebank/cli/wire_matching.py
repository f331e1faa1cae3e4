"""What `--json` prints about profiles, wishes and matches; the contract is that of `wire`."""

from typing import TYPE_CHECKING

from timebank.cli.output import JsonObject
from timebank.cli.wire import instant
from timebank.instants import write_instant

if TYPE_CHECKING:
    from datetime import date

    from timebank.care.match import Match
    from timebank.care.profile import Parking, Profile, Spot, Wish
    from timebank.services.profiles import ProfileView


def profile_view(view: "ProfileView") -> JsonObject:
    """Write everything that matching knows of a member."""
    return {
        **profile(view.profile),
        "experiences": [
            {
                "code": each.code,
                "declared_on": each.declared_on.isoformat(),
                "consented_on": day(each.consented_on),
            }
            for each in view.experiences
        ],
        "clearances": [
            {
                "kind": each.kind,
                "verified_on": each.verified_on.isoformat(),
                "expires_on": day(each.expires_on),
                "verified_by": str(each.verified_by),
            }
            for each in view.clearances
        ],
        "excluded": [{"member": ref, "since_on": since_on.isoformat()} for ref, since_on in view.excluded],
        "parked": [parking(each) for each in view.parked],
    }


def profile(value: "Profile") -> JsonObject:
    """Write what is known of a member; distances in metres, places in micro-degrees."""
    return {
        "branch": value.branch,
        "member": value.member,
        "home": spot(value.home),
        "reach_metres": value.reach_metres,
        "travel": value.travel.value if value.travel is not None else None,
        "languages": list(value.languages),
        "gender": value.gender.value if value.gender is not None else None,
        "wished_gender": value.wished_gender.value if value.wished_gender is not None else None,
        "household": value.household,
        "day_minutes": value.day_minutes,
        "rest_minutes": value.rest_minutes,
        "teams": list(value.teams),
    }


def wish(value: "Wish") -> JsonObject:
    """Write what a request says beyond its kind and time."""
    return {
        "branch": value.branch,
        "request": value.request,
        "member": value.member,
        "place": spot(value.place),
        "languages": list(value.languages),
        "wished_gender": value.wished_gender.value if value.wished_gender is not None else None,
        "experience": value.experience,
        "is_experience_needed": value.is_experience_needed,
        "clearances": list(value.clearances),
        "team": value.team,
        "urgency": value.urgency,
    }


def match(value: "Match") -> JsonObject:
    """Write a match."""
    return {
        "branch": value.branch,
        "no": value.no,
        "state": value.state.value,
        "request": value.request,
        "member": value.member,
        "helper": value.helper,
        "offer": value.offer,
        "rank": value.rank,
        "weights": value.weights,
        "offered_at": write_instant(value.offered_at),
        "offered_by": str(value.offered_by),
        "expires_at": write_instant(value.expires_at),
        "changed_at": instant(value.changed_at),
        "changed_by": str(value.changed_by) if value.changed_by is not None else None,
        "outcome": value.outcome.value if value.outcome is not None else None,
    }


def parking(value: "Parking") -> JsonObject:
    """Write a pair that is parked."""
    return {
        "helper": value.helper,
        "member": value.member,
        "until_on": value.until_on.isoformat(),
        "reason": value.reason.value,
        "match": value.match,
    }


def spot(value: "Spot | None") -> JsonObject | None:
    """Write a place on the grid, in micro-degrees north and east."""
    return {"lat_udeg": value.lat_udeg, "lon_udeg": value.lon_udeg} if value is not None else None


def day(value: "date | None") -> str | None:
    """Write a day, or null."""
    return value.isoformat() if value is not None else None
