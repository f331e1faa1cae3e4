"""An independent judge of pairs, written from the rules in `docs/matching.md` and not from the program.

Slow and plain: it looks at every minute, asks the time zone what clocks show at it, and measures distances
with the haversine. It may be a metre off there, so it says nothing about pairs that close to the limit.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from math import asin, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

from timebank.care.record import Mode
from timebank.care.week import Week
from timebank.matching.model import Helper, Offer, Request
from timebank.matching.place import Place


def haversine_m(one: Place, other: Place) -> float:
    """Return the distance."""
    lat, lon, to_lat, to_lon = (
        radians(each / 1e6) for each in (one.lat_udeg, one.lon_udeg, other.lat_udeg, other.lon_udeg)
    )
    half = sin((to_lat - lat) / 2) ** 2 + cos(lat) * cos(to_lat) * sin((to_lon - lon) / 2) ** 2
    return 2 * 6_371_008 * asin(min(1.0, sqrt(half)))


def is_too_close_to_call(request: Request, helper: Helper) -> bool:
    """Tell whether the haversine cannot decide."""
    if request.place is None or helper.place is None or request.mode is not Mode.IN_PERSON:
        return False
    return abs(haversine_m(request.place, helper.place) - helper.reach_m) < 2


def start_found(request: Request, helper: Helper, zone: ZoneInfo, now_min: int) -> int | None:
    """Return when help can begin at the earliest, with the first offer that has room; None if never."""
    if not may_meet(request, helper, now_min):
        return None
    starts = (start_with(request, helper, offer, zone) for offer in sorted(helper.offers, key=lambda o: o.id))
    return next((each for each in starts if each is not None), None)


def may_meet(request: Request, helper: Helper, now_min: int) -> bool:
    """Tell whether nothing but the offers can keep the two apart."""
    until = now_min + 1 if isinstance(request.when, Week) else request.when.span.ends_min
    good = {c.kind for c in helper.clearances if c.ends_min is None or c.ends_min >= until}
    is_home = request.branch == helper.branch
    return (
        (request.mode is not Mode.IN_PERSON or is_in_reach(request, helper))
        and (not request.languages or bool(request.languages & helper.languages))
        and request.gender in {None, helper.gender}
        and request.clearances <= good
        and helper.id not in request.excludes | request.people | request.declined_by
        and not helper.excludes & request.people
        and not (helper.household is not None and helper.household in request.households)
        and not any(who == helper.id and until_min > now_min for who, until_min in request.parked)
        and (not request.is_experience_required or request.experience in helper.experiences)
        and (is_home or (helper.branch in request.shown_to and request.branch in helper.serves))
        and (request.team is None or request.team in helper.teams)
        and helper.visits_left > 0
    )


def is_in_reach(request: Request, helper: Helper) -> bool:
    """Tell whether the helper goes to the place of the help."""
    if request.place is None or helper.place is None:
        return False
    return haversine_m(request.place, helper.place) <= helper.reach_m + 0.5


@cache
def slot_at(minute: int, zone: ZoneInfo) -> int:
    """Return the half hour of the week that clocks show."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).astimezone(zone)
    return (local.weekday() * 1440 + local.hour * 60 + local.minute) // 30


def start_with(request: Request, helper: Helper, offer: Offer, zone: ZoneInfo) -> int | None:
    """Return when help can begin with one offer."""
    if (offer.kind, offer.mode) != (request.kind, request.mode) or offer.minutes_left < request.minutes:
        return None
    rest = -(-helper.rest_minutes // 30)
    busy = [helper.busy_week.bits >> slot & 1 for slot in range(336)]
    taken = [any(busy[(slot + by) % 336] for by in range(-rest, rest + 1)) for slot in range(336)]
    if isinstance(request.when, Week):
        both = request.when.bits & offer.week.bits
        free = [bool(both >> slot % 336 & 1) and not taken[slot % 336] for slot in range(336 * 3)]
        return first_of(free[: 336 + 335], -(-request.minutes // 30), 336)
    span = request.when.span

    def is_free(minute: int) -> bool:
        slot = slot_at(minute, zone)
        is_offered = offer.week.bits >> slot & 1 or any(
            each.starts_min <= minute < each.ends_min for each in offer.also
        )
        is_kept = (
            any(each.starts_min <= minute < each.ends_min for each in helper.away)
            or any(
                each.day.starts_min <= minute < each.day.ends_min and each.minutes_left < request.minutes
                for each in helper.days
            )
            or any(
                each.starts_min - helper.rest_minutes <= minute < each.ends_min + helper.rest_minutes
                for each in helper.busy
            )
        )
        return bool(is_offered) and not is_kept and not taken[slot]

    free = [is_free(minute) for minute in range(span.starts_min, span.ends_min)]
    first = first_of(free, request.minutes, len(free))
    return None if first is None else span.starts_min + first


def first_of(free: list[bool], length: int, most: int) -> int | None:
    """Return the first place, below `most`, from which enough follow."""
    count = 0
    for at, each in enumerate(free):
        count = count + 1 if each else 0
        if count >= length and at - length + 1 < most:
            return at - length + 1
    return None
