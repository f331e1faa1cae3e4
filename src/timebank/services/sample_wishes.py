"""The sample world's open wishes: profiles, offers and requests of Lille; offers near the mother.

Everybody in it is plainly a sample. Same seed and same day, same wishes.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from timebank.care.profile import Gender, Spot, Travel
from timebank.care.week import DAYS, Week, Window
from timebank.services.bank import Bank

BRANCH: Final = "lille"
PLACE: Final = Spot(lat_udeg=50_630_000, lon_udeg=3_060_000)
ELSEWHERE: Final = "locmine"
PLACE_THERE: Final = Spot(lat_udeg=47_885_000, lon_udeg=-2_835_000)
HELPERS_THERE: Final = 16
AROUND_UDEG: Final = 45_000
HELPERS: Final = 36
KINDS: Final = ("company", "shopping", "garden", "computer")
LANGUAGES: Final = (("fr",), ("fr",), ("fr", "nl"), ("ar", "fr"), ("en", "fr"))
REACHES: Final = (3_000, 5_000, 8_000, 15_000)
SHIFTS: Final = ("09:00-12:00", "14:00-17:00", "14:00-18:00", "18:00-20:00")
OPEN_DAYS: Final = 360
CHECK: Final = "honourability"
Wished = tuple[str, int, tuple[str, ...], dict[str, Any]]
WISHES: Final[tuple[Wished, ...]] = (
    ("company", 90, ("tue 14:00-17:00", "thu 14:00-17:00"), {"experience": "bereavement"}),
    ("shopping", 60, ("tue 09:00-12:00", "fri 09:00-12:00"), {}),
    ("computer", 60, ("sat 10:00-12:00", "wed 18:00-20:00"), {"languages": ("ar", "en")}),
    ("garden", 120, ("sat 09:00-12:00", "sun 14:00-17:00"), {}),
    ("company", 60, ("mon 14:00-18:00", "wed 14:00-18:00"), {"clearances": (CHECK,)}),
    ("company", 60, ("fri 18:00-20:00",), {"wished_gender": Gender.WOMAN}),
)
"""Kind, minutes, times of the week, and what the request says beyond."""


def wish_for_help(bank: Bank, *, seed: int) -> None:
    """Post the sample's offers and requests as of now, unless the branch has some.

    Args:
        bank: with the sample world in it.
        seed: same seed, same wishes.
    """
    if bank.help_offers.list(BRANCH, limit=1):
        return
    chance = random.Random(seed)  # noqa: S311 - sample data
    members = [view.member.ref for view in bank.members.page(BRANCH, limit=HELPERS + len(WISHES))]
    helpers, askers = members[:HELPERS], members[HELPERS:]
    for number, ref in enumerate(helpers):
        _offer(bank, chance, ref, number, branch=BRANCH, around=PLACE)
    _ask(bank, chance, askers)
    bank.profiles.exclude(BRANCH, askers[0], helpers[0], by=f"member:{askers[0]}")


def offer_near(bank: Bank, mother: str, *, seed: int) -> None:
    """Say where the mother lives, and post offers of help around her as of now, unless there are some.

    Args:
        bank: with the sample world in it.
        mother: her reference in Locminé.
        seed: same seed, same offers.
    """
    if bank.help_offers.list(ELSEWHERE, limit=1):
        return
    chance = random.Random(seed)  # noqa: S311 - sample data
    bank.profiles.set(ELSEWHERE, mother, home=PLACE_THERE, by=f"member:{mother}")
    members = [view.member.ref for view in bank.members.page(ELSEWHERE, limit=HELPERS_THERE + 1)]
    for number, ref in enumerate(each for each in members if each != mother):
        _offer(bank, chance, ref, number, branch=ELSEWHERE, around=PLACE_THERE)


def _offer(bank: Bank, chance: random.Random, ref: str, number: int, *, branch: str, around: Spot) -> None:
    """Say where a member starts from, and offer help of one kind on five days of the week."""
    bank.profiles.set(
        branch,
        ref,
        home=_near(chance, around),
        reach_metres=chance.choice(REACHES),
        travel=chance.choice(tuple(Travel)),
        languages=chance.choice(LANGUAGES),
        gender=chance.choice((Gender.WOMAN, Gender.WOMAN, Gender.MAN)),
        day_minutes=240,
        rest_minutes=30,
        by=f"member:{ref}",
    )
    days = chance.sample(DAYS, 5)
    windows = [Window.parse(f"{day} {chance.choice(SHIFTS)}") for day in days]
    until_on = (bank.now() + timedelta(days=OPEN_DAYS)).date()
    bank.help_offers.post(
        branch,
        member=ref,
        kind=KINDS[number % len(KINDS)] if number % 2 else "company",  # so nobody offers help in the garden
        week=Week.of(windows),
        minutes_per_week=180,
        until_on=until_on,
        by=f"member:{ref}",
    )
    if number % 4 == 0:
        bank.profiles.declare(branch, ref, "bereavement", is_consented=True, by=f"member:{ref}")
    if number % 3 == 0:
        bank.profiles.clear(branch, ref, CHECK, expires_on=until_on)


def _ask(bank: Bank, chance: random.Random, askers: Sequence[str]) -> None:
    """Post a request of each, week by week, with what it says beyond its kind and time; and three offers."""
    until_on = (bank.now() + timedelta(days=OPEN_DAYS)).date()
    for ref, (kind, minutes, times, beyond) in zip(askers, WISHES, strict=True):
        bank.profiles.set(
            BRANCH,
            ref,
            home=_near(chance, PLACE),
            reach_metres=15_000,
            languages=("en", "fr"),
            by=f"member:{ref}",
        )
        posted = bank.help_requests.post(
            BRANCH,
            member=ref,
            kind=kind,
            minutes=minutes,
            week=Week.of(map(Window.parse, times)),
            until_on=until_on,
            by=f"member:{ref}",
        )
        if beyond:
            bank.wishes.set(BRANCH, posted.listing.no, by=f"member:{ref}", **beyond)
    for ref, (kind, minutes, times, _) in zip(askers, (*WISHES[1:3], WISHES[0]), strict=False):
        bank.help_offers.post(  # what the next of three asks for: they could swap
            BRANCH,
            member=ref,
            kind=kind,
            week=Week.of(map(Window.parse, times)),
            minutes_per_week=minutes,
            until_on=until_on,
            by=f"member:{ref}",
        )


def _near(chance: random.Random, around: Spot) -> Spot:
    """Draw a place around the middle of a town."""
    return Spot(
        lat_udeg=around.lat_udeg + round(chance.gauss(0, AROUND_UDEG / 3)),
        lon_udeg=around.lon_udeg + round(chance.gauss(0, AROUND_UDEG / 2)),
    )
