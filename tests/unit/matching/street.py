"""A street where something is often missing: a language, a clearance, a kilometre, time."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from tests.unit.matching.builders import HOME, NOW, NOW_MIN, a_date, a_helper, a_request, an_offer

from timebank.care.record import Mode
from timebank.care.week import Week
from timebank.matching.model import Clearance, Helper, Request
from timebank.matching.place import Place

WEEKDAYS = Week((1 << 5 * 48) - 1)


def people_of(seed: int, *, requests: int = 8, helpers: int = 7) -> tuple[list[Request], list[Helper]]:
    """Return who asks and who helps, the same for the same seed."""
    chance = Random(seed)
    return (
        [_request(chance, number) for number in range(requests)],
        [_helper(chance, number) for number in range(helpers)],
    )


def _place(chance: Random) -> Place:
    return Place(
        HOME.lat_udeg + chance.randint(-40_000, 40_000), HOME.lon_udeg + chance.randint(-40_000, 40_000)
    )


def _request(chance: Random, number: int) -> Request:
    mode = chance.choice((Mode.IN_PERSON, Mode.IN_PERSON, Mode.IN_PERSON, Mode.PHONE))
    return a_request(
        id=f"lille/{number}",
        mode=mode,
        kind=chance.choice(("company", "company", "shopping", "garden")),
        place=_place(chance),
        when=a_date(NOW + timedelta(days=chance.randint(1, 7))),
        people=frozenset({f"lille/r{number}"}),
        urgency=chance.choice((0, 1)),
        languages=frozenset(chance.choices(("fr", "en"), k=1)) if chance.random() < 0.4 else frozenset(),
        clearances=frozenset({"visit"}) if chance.random() < 0.3 else frozenset(),
        excludes=frozenset({f"lille/h{chance.randint(0, 6)}"}),
        helped_before=((f"lille/h{chance.randint(0, 6)}", chance.randint(1, 5)),),
    )


def _helper(chance: Random, number: int) -> Helper:
    kinds = chance.sample(("company", "shopping"), k=chance.choice((1, 1, 2)))
    offer = an_offer(
        mode=chance.choice((Mode.IN_PERSON, Mode.IN_PERSON, Mode.PHONE)),
        week=chance.choice((WEEKDAYS, Week((1 << 336) - 1))),
    )
    return a_helper(
        id=f"lille/h{number}",
        offers=tuple(replace(offer, id=kind, kind=kind) for kind in kinds),
        place=_place(chance),
        reach_m=chance.choice((1_500, 3_000, 6_000)),
        visits_left=chance.choice((0, 1, 1, 2)),
        languages=frozenset(chance.choices(("fr", "en"), k=1)),
        clearances=(Clearance(kind="visit", ends_min=NOW_MIN + chance.choice((-1, 99_999))),)
        if chance.random() < 0.6
        else (),
    )
