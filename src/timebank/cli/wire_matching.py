"""What `--json` prints about profiles, wishes and matches; the contract is that of `wire`."""

from typing import TYPE_CHECKING

from timebank.care.week import DAY_SLOTS, DAYS, time_of
from timebank.cli.output import JsonObject, local_time
from timebank.cli.wire import instant
from timebank.instants import write_instant
from timebank.matching.model import instant_of as instant_at

if TYPE_CHECKING:
    from datetime import date

    from timebank.care.listing import HelpRequest
    from timebank.care.match import Match
    from timebank.care.profile import Parking, Profile, Spot, Wish
    from timebank.matching.explain import Passed
    from timebank.matching.outlook import Outlook
    from timebank.matching.rules import Reason
    from timebank.services.matches import Explanation
    from timebank.services.planning import Unserved
    from timebank.services.plans import PlanRun
    from timebank.services.profiles import ProfileView
    from timebank.services.suggesting import Suggestion, Suggestions
    from timebank.services.swapping import Swap


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
        "starts": value.starts,
        "rank": value.rank,
        "weights": value.weights,
        "offered_at": write_instant(value.offered_at),
        "offered_by": str(value.offered_by),
        "expires_at": write_instant(value.expires_at),
        "changed_at": instant(value.changed_at),
        "changed_by": str(value.changed_by) if value.changed_by is not None else None,
        "outcome": value.outcome.value if value.outcome is not None else None,
    }


def suggestions(found: "Suggestions", *, top: int | None = None) -> JsonObject:
    """Write who could help with a request, and who could not; distances in metres."""
    return {
        "branch": found.request.branch,
        "request": found.request.no,
        "weights": found.weights,
        "count": len(found.suggested),
        "suggestions": [suggestion(each) for each in found.suggested[:top]],
        "blocked": [
            {"helper": each.helper, "reasons": [reason(why) for why in each.reasons]}
            for each in found.blocked
        ],
        "counts": {code.value: count for code, count in found.counts.items()},
        "matches": [match(each) for each in found.matches],
    }


def suggestion(value: "Suggestion") -> JsonObject:
    """Write a suggestion: its terms add up to its score."""
    return {
        "rank": value.rank,
        "helper": value.helper,
        "offer": value.offer,
        "distance_metres": value.fit.distance_m,
        "starts": value.fit.starts_at,
        "score": value.score.total,
        "terms": [
            {"code": each.code.value, "points": each.points, "weight": each.weight, "value": each.value}
            for each in value.score.terms
        ],
        "asked": value.asked,
        "may_be_asked": value.may_be_asked,
    }


def explanation(found: "Explanation") -> JsonObject:
    """Write why a helper is suggested for a request, or what keeps the two apart."""
    return {
        "branch": found.request.branch,
        "request": found.request.no,
        "helper": found.helper,
        "weights": found.weights,
        "others": found.others,
        "suggestion": suggestion(found.suggestion) if found.suggestion is not None else None,
        "reasons": [reason(each) for each in found.reasons],
    }


def plan_run(run: "PlanRun") -> JsonObject:
    """Write a plan, how far it may be from the best, who is left and why, and who was asked."""
    plan = run.plan
    return {
        "branch": plan.branch,
        "weights": plan.weights,
        "planned": [
            {
                "request": each.request.no,
                "others": each.others,
                **suggestion(each.suggestion),
                "passed": passed(each.passed),
            }
            for each in plan.planned
        ],
        "unserved": [_unserved(each) for each in plan.unserved],
        "waiting": [match(each) for each in plan.waiting],
        "busy": list(plan.busy),
        "score": plan.score,
        "served": list(plan.worth.served),
        "worth": plan.worth.points,
        "bound_served": list(plan.bound.served),
        "bound": plan.bound.points,
        "is_optimal": plan.is_optimal,
        "gap_urgency": plan.gap_urgency,
        "gap_requests": plan.gap_requests,
        "gap_points": plan.gap_points,
        "matches": [match(each) for each in run.matches],
    }


def _unserved(value: "Unserved") -> JsonObject:
    change = value.relaxation
    return {
        "request": value.request.no,
        "needed_elsewhere": [{"helper": helper, "request": no} for helper, no in value.needed_elsewhere],
        "not_asked_now": list(value.not_asked_now),
        "passed": passed(value.passed),
        "near_misses": value.near_misses,
        "counts": {code.value: count for code, count in value.counts.items()},
        "relaxation": None
        if change is None
        else {
            "code": change.reason.code.value,
            "helper": change.helper,
            "coordinator": change.coordinator,
            "public": change.public,
        },
    }


def outlook(found: "Outlook") -> JsonObject:
    """Write how likely help is; a count of null is one or two people, a figure of null is too few."""
    return {
        "is_place_known": found.is_place_known,
        "count": found.count,
        "bands": [
            {"from_metres": each.from_m, "to_metres": each.to_m, "count": each.count} for each in found.bands
        ],
        "changes": {change.value: count for change, count in found.changes},
        "past": {
            "requests": found.past.requests,
            "found_percent": found.past.found_percent,
            "wait_minutes": found.past.wait_minutes,
        },
    }


def passed(value: "Passed | None") -> JsonObject | None:
    """Write why somebody is not the first choice of a request, for a coordinator and for everybody."""
    if value is None:
        return None
    return {
        "code": value.why.value,
        "helper": value.helper,
        "more_points": value.more_points,
        "coordinator": value.coordinator,
        "public": value.public,
    }


def swap(found: "Swap") -> JsonObject:
    """Write what members could exchange, in minutes."""
    made = found.exchange
    return {
        "branch": found.branch,
        "standing": made.standing.value,
        "exchanged_minutes": made.exchanged_minutes,
        "legs": [
            {"provider": each.provider, "member": each.member, "minutes": each.minutes} for each in made.legs
        ],
        "shares": [
            {
                "member": each.id,
                "offered_minutes": each.offered_minutes,
                "exchanged_minutes": each.exchanged_minutes,
            }
            for each in made.shares
        ],
    }


def reason(value: "Reason") -> JsonObject:
    """Write what keeps two apart, for a coordinator and for everybody."""
    return {"code": value.code.value, "coordinator": value.coordinator, "public": value.public}


def starts_shown(request: "HelpRequest", starts: int, zone: str) -> str:
    """Write for people when help can begin: a local time, or a time of the week."""
    if request.week is None:
        return local_time(instant_at(starts), zone)
    day, slot = divmod(starts, DAY_SLOTS)
    return f"{DAYS[day].value} {time_of(slot)}"


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
