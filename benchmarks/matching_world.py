"""A sample world to match: towns, requests and three helpers for each, the same for the same size and seed.

Every town is a branch of its own, as large as chance makes it; helpers live around its middle, the
further out the fewer. Thirty kinds of help; a request has some 30 candidates, whatever the size of the world.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from timebank.care.record import Mode
from timebank.care.week import DAY_SLOTS, Week
from timebank.matching.model import (
    Clearance,
    Dated,
    Gender,
    Helper,
    Offer,
    Request,
    Span,
    Travel,
    instant_of,
    minute_of,
)
from timebank.matching.place import LAT_MOST, Place
from timebank.matching.times import dated

KINDS = tuple(f"kind-{number}" for number in range(30))
ZONE = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
"""A Monday."""
NOW_MIN = minute_of(NOW)
TOWN_REQUESTS = 650
HELPERS_PER_REQUEST = 3
DAY = 24 * 60
UDEG_PER_KM = 8_993
SOUTH, NORTH, WEST, EAST = 43_500_000, 49_500_000, -1_000_000, 6_500_000


@dataclass(frozen=True, slots=True)
class World:
    """What is to be matched at `NOW`."""

    requests: tuple[Request, ...]
    helpers: tuple[Helper, ...]


@dataclass(frozen=True, slots=True)
class Town:
    """A branch and its middle."""

    branch: str
    lat_udeg: int
    lon_udeg: int
    neighbour: str


def world_of(requests: int, *, seed: int = 1) -> World:
    """Return a world with so many requests, and three helpers for each."""
    chance = random.Random(f"{requests} {seed}")
    towns = tuple(_towns(chance, max(1, requests // TOWN_REQUESTS)))
    sizes = [chance.uniform(1, 3) for _ in towns]
    helpers = tuple(
        _helper(chance, number, town)
        for number, town in enumerate(chance.choices(towns, sizes, k=HELPERS_PER_REQUEST * requests))
    )
    some: dict[str, list[str]] = {town.branch: [] for town in towns}
    for each in helpers:
        some[each.branch].append(each.id)
    return World(
        tuple(
            _request(chance, number, town, some[town.branch])
            for number, town in enumerate(chance.choices(towns, sizes, k=requests))
        ),
        helpers,
    )


def _towns(chance: random.Random, count: int) -> Iterator[Town]:
    for number in range(count):
        yield Town(
            f"town-{number}",
            chance.randint(SOUTH, NORTH),
            chance.randint(WEST, EAST),
            f"town-{(number + 1) % count}",
        )


def _near(chance: random.Random, town: Town) -> Place:
    """Return a place around the middle of a town: half of them within five kilometres."""
    north, east = (round(chance.gauss(0, 4.2) * UDEG_PER_KM) for _ in range(2))
    return Place(min(town.lat_udeg + north, LAT_MOST), town.lon_udeg + east * 10 // 7)


def _helper(chance: random.Random, number: int, town: Town) -> Helper:
    week = _week(chance, windows=chance.randint(3, 8), slots=(6, 10))
    kinds = chance.sample(KINDS, chance.choice((1, 2, 2, 3, 4)))
    mode = chance.choices((Mode.IN_PERSON, Mode.PHONE), (9, 1))[0]
    busy = chance.randrange(7 * DAY // 30) * 30 + NOW_MIN
    return Helper(
        id=f"{town.branch}/h{number}",
        branch=town.branch,
        offers=tuple(
            Offer(
                id=f"{each:02}",
                kind=kind,
                mode=mode,
                week=week,
                minutes_left=chance.choice((120, 180, 240, 360)),
            )
            for each, kind in enumerate(kinds)
        ),
        place=_near(chance, town),
        reach_m=chance.choice((3_000, 5_000, 8_000, 10_000, 15_000)),
        travel=chance.choice(tuple(Travel)),
        visits_left=chance.randint(1, 4),
        rest_minutes=chance.choice((0, 30)),
        busy=(Span(busy, busy + 90),) if chance.random() < 0.1 else (),
        household=f"{town.branch}/o{number}",
        languages=frozenset({"fr", *chance.choices(("en", "ar", "pt", "de", "es"), k=number % 3)}),
        gender=chance.choice((Gender.WOMAN, Gender.WOMAN, Gender.MAN, None)),
        clearances=(Clearance(kind="home-visit", ends_min=NOW_MIN + chance.randint(-60, 700) * DAY),),
        experiences=frozenset({"carer"} if chance.random() < 0.2 else ()),
        serves=frozenset({town.neighbour} if chance.random() < 0.3 else ()),
        last_asked_min=NOW_MIN - chance.randint(0, 90 * DAY) if chance.random() < 0.6 else None,
    )


def _request(chance: random.Random, number: int, town: Town, near: list[str]) -> Request:
    minutes = chance.choice((30, 60, 60, 90, 120, 45))
    is_weekly = chance.random() < 0.3
    some = frozenset(chance.choices(near, k=2)) if near else frozenset()
    return Request(
        id=f"{town.branch}/{number}",
        branch=town.branch,
        kind=chance.choice(KINDS),
        mode=chance.choices((Mode.IN_PERSON, Mode.PHONE), (19, 1))[0],
        minutes=minutes,
        when=_week(chance, windows=2, slots=(6, 8)) if is_weekly else _date(chance, minutes),
        people=frozenset({f"{town.branch}/r{number}"}),
        place=_near(chance, town),
        urgency=chance.choices((0, 1, 2), (1, 3, 6))[0],
        languages=frozenset({chance.choice(("en", "ar", "pt"))} if chance.random() < 0.04 else ()),
        preferred_languages=frozenset({"fr"}),
        gender=Gender.WOMAN if chance.random() < 0.04 else None,
        clearances=frozenset({"home-visit"} if chance.random() < 0.3 else ()),
        experience="carer" if chance.random() < 0.05 else None,
        excludes=some if chance.random() < 0.02 else frozenset(),
        prefers=some if chance.random() < 0.05 else frozenset(),
        helped_before=tuple((each, chance.randint(1, 6)) for each in sorted(some)),
        shown_to=frozenset({town.neighbour} if chance.random() < 0.3 else ()),
    )


def _week(chance: random.Random, *, windows: int, slots: tuple[int, int]) -> Week:
    """Return windows at any day, from eight in the morning to ten in the evening."""
    bits = 0
    for _ in range(windows):
        length = chance.randint(*slots)
        first = chance.randrange(7) * DAY_SLOTS + chance.randint(16, 44 - length)
        bits |= ((1 << length) - 1) << first
    return Week(bits)


def _date(chance: random.Random, minutes: int) -> Dated:
    """Return some hours of one of the next seven days."""
    room = minutes + chance.randint(0, 16) * 30
    starts = (
        NOW_MIN + chance.randint(1, 6) * DAY + chance.randint(-2 * 60, 12 * 60 - min(room, 600)) // 30 * 30
    )
    return dated(instant_of(starts), instant_of(starts + room), ZONE)
