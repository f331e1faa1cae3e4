"""Profiles and wishes: what they may say, what is forgotten, and who may say it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.care.builders import a_mandate, an_act

from timebank.care.mandate import Act, Scope
from timebank.care.profile import (
    FACTS_MOST,
    GRID_UDEG,
    LAT_MOST,
    LON_MOST,
    REACH_MOST,
    URGENCY_USUAL,
    Clearance,
    Experience,
    Gender,
    Parking,
    ParkReason,
    Profile,
    ProfileFact,
    Spot,
    Travel,
    Wish,
    WishFact,
    authorise_consent,
    authorise_desk,
    authorise_profile,
    parked_days,
    require_coordinator_for_urgency,
    restated,
)
from timebank.errors import (
    BadLanguage,
    BadPlace,
    BadReference,
    MandateNotInForce,
    NotAllowed,
    NotASpot,
    NumberOutOfRange,
    ReasonMissing,
    SelfDealing,
    TimebankError,
    TooManyFacts,
)
from timebank.ledger.model import Actor
from timebank.policy.matching import DAYS_MOST, ParkedRules

MOTHER = an_act("member:mother")
PROXY = an_act("member:son@lille+mother#3", mandates=(a_mandate(),))
DESK = an_act("coordinator:desk")
OTHERS = [an_act("member:luc"), an_act("coordinator:desk@lille"), an_act("system:clock")]
LATS, LONS = st.integers(-LAT_MOST, LAT_MOST), st.integers(-LON_MOST, LON_MOST)


def a_profile(**changes: Any) -> Profile:  # noqa: ANN401 - any field
    """Return what is known of the mother."""
    facts: dict[str, Any] = {
        "branch": "locmine",
        "member": "mother",
        "home": Spot(lat_udeg=47_885_000, lon_udeg=-2_835_000),
        "reach_metres": 3_000,
        "travel": Travel.ON_FOOT,
        "languages": ("fr", "br"),
        "gender": Gender.WOMAN,
        "household": "h1",
        "day_minutes": 120,
        "rest_minutes": 30,
        "teams": ("tea",),
    }
    return Profile(**{**facts, **changes})


def a_wish(**changes: Any) -> Wish:  # noqa: ANN401 - any field
    """Return what a request of the mother says."""
    facts: dict[str, Any] = {
        "branch": "locmine",
        "request": 1,
        "member": "mother",
        "experience": "bereavement",
        "is_experience_needed": True,
        "clearances": ("honourability",),
    }
    return Wish(**{**facts, **changes})


@given(lat=LATS, lon=LONS)
def test_a_place_is_kept_on_a_coarse_grid(lat: int, lon: int) -> None:
    """Nobody's house can be told from it: it is at most half a step of the grid away."""
    spot = Spot(lat_udeg=lat, lon_udeg=lon)

    assert 0 == spot.lat_udeg % GRID_UDEG == spot.lon_udeg % GRID_UDEG
    assert GRID_UDEG >= 2 * abs(spot.lat_udeg - lat)
    assert GRID_UDEG >= 2 * abs((spot.lon_udeg - lon + LON_MOST) % (2 * LON_MOST) - LON_MOST)
    assert spot == replace(spot) == Spot.parse(str(spot))


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("50.6292, 3.0573", 50_630_000, 3_055_000),
        ("-33,-70.5", -33_000_000, -70_500_000),
        ("+0.0024;0.0025", 0, 5_000),
        ("90 180", 90_000_000, 180_000_000),
        ("0,-180", 0, 180_000_000),
        ("0,-179.999", 0, 180_000_000),
        ("1.123456789,2", 1_125_000, 2_000_000),
    ],
)
def test_places_are_read_as_maps_write_them(text: str, lat: int, lon: int) -> None:
    """Degrees north, then east; the antimeridian has one name."""
    assert Spot(lat_udeg=lat, lon_udeg=lon) == Spot.parse(text)
    assert (lat, lon) == (Spot.parse(text).lat_udeg, Spot.parse(text).lon_udeg)


@pytest.mark.parametrize(
    "text", ["", "50.6", "50.6 N, 3.0 E", "1e1,2", "١,٢", "50,6, 3,0", "1,2,3", "1234,5"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    """A slip of the finger puts nobody into the sea."""
    with pytest.raises(NotASpot):
        Spot.parse(text)


@pytest.mark.parametrize("text", ["90.1,0", "-91,0", "0,180.1", "0,-200"])
def test_places_beyond_the_earth_are_refused(text: str) -> None:
    """Latitude and longitude in the wrong order, for the most part."""
    with pytest.raises(BadPlace):
        Spot.parse(text)


FAULTY_PROFILES: list[tuple[dict[str, Any], type[TimebankError]]] = [
    ({"branch": "Locminé"}, BadReference),
    ({"member": "M 1"}, BadReference),
    ({"languages": ("french",)}, BadLanguage),
    ({"languages": ("FR",)}, BadLanguage),
    ({"languages": tuple(f"a{chr(97 + each)}" for each in range(FACTS_MOST + 1))}, TooManyFacts),
    ({"teams": ("Tea Club",)}, BadReference),
    ({"household": "our house"}, BadReference),
    ({"reach_metres": -1}, NumberOutOfRange),
    ({"reach_metres": REACH_MOST + 1}, NumberOutOfRange),
    ({"day_minutes": 0}, NumberOutOfRange),
    ({"day_minutes": 1_441}, NumberOutOfRange),
    ({"rest_minutes": -1}, NumberOutOfRange),
]


@pytest.mark.parametrize(("changes", "refusal"), FAULTY_PROFILES)
def test_a_profile_says_nothing_that_nobody_can_mean(
    changes: dict[str, Any], refusal: type[TimebankError]
) -> None:
    """What is malformed is refused before it is stored."""
    with pytest.raises(refusal):
        a_profile(**changes)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"branch": "x y"}, BadReference),
        ({"member": ""}, BadReference),
        ({"experience": "Grief!"}, BadReference),
        ({"team": "Tea Club"}, BadReference),
        ({"clearances": ("A b",)}, BadReference),
        ({"languages": ("f",)}, BadLanguage),
        ({"urgency": 4}, NumberOutOfRange),
        ({"urgency": -1}, NumberOutOfRange),
    ],
)
def test_a_wish_says_nothing_that_nobody_can_mean(
    changes: dict[str, Any], refusal: type[TimebankError]
) -> None:
    """What is malformed is refused before it is stored."""
    with pytest.raises(refusal):
        a_wish(**changes)


def test_malformed_codes_of_people_are_refused() -> None:
    """Experience, clearance and parking hold references and codes only."""
    day, desk = date(2026, 1, 1), Actor.parse("coordinator:desk")
    for member, code in (("M", "c"), ("m", "C c")):
        with pytest.raises(BadReference):
            Experience(member=member, code=code, declared_on=day)
        with pytest.raises(BadReference):
            Clearance(member=member, kind=code, verified_on=day, expires_on=None, verified_by=desk)
    for helper, member in (("M", "m"), ("m", "M")):
        with pytest.raises(BadReference):
            Parking(helper=helper, member=member, until_on=day, reason=ParkReason.NO_TIME)
    with pytest.raises(SelfDealing):
        Parking(helper="m1", member="m1", until_on=day, reason=ParkReason.NO_TIME)


def test_codes_are_sorted_and_said_once() -> None:
    """Two ways to say the same are the same."""
    assert ("br", "fr") == a_profile(languages=("fr", "br", "fr")).languages
    assert ("a", "b") == a_wish(clearances=("b", "a", "b")).clearances


def test_what_is_left_out_stays_and_what_is_forgotten_goes() -> None:
    """None leaves a fact as it is; what is said in the same breath is not forgotten."""
    known = a_profile()

    said = restated(known, {"reach_metres": 500, "gender": None, "home": None}, forget=[ProfileFact.TEAMS])

    assert replace(known, reach_metres=500, teams=()) == said
    assert known == restated(known, {}, forget=[])
    both = restated(known, {"languages": ("ar",)}, forget=[ProfileFact.LANGUAGES, ProfileFact.HOME])
    assert replace(known, languages=("ar",), home=None) == both


@pytest.mark.parametrize("fact", ProfileFact)
def test_every_fact_of_a_profile_can_be_forgotten(fact: ProfileFact) -> None:
    """What somebody said, they can take back."""
    known = a_profile(wished_gender=Gender.WOMAN)

    assert getattr(Profile(branch="x", member="y"), fact) == getattr(restated(known, {}, forget=[fact]), fact)


def test_experience_that_is_forgotten_is_not_needed_any_more() -> None:
    """Nobody could be found for it."""
    known = a_wish()

    assert (None, False) == told(restated(known, {}, forget=[WishFact.EXPERIENCE]))
    assert ("grief", True) == told(restated(known, {"experience": "grief"}, forget=[WishFact.EXPERIENCE]))
    assert URGENCY_USUAL == known.urgency


def told(wish: Wish) -> tuple[str | None, bool]:
    """Return what a wish says of lived experience."""
    return wish.experience, wish.is_experience_needed


def test_a_member_a_proxy_or_a_coordinator_with_a_reason_sets_a_profile() -> None:
    """The one needs no reason, the other has to say why."""
    facts = {"branch": "locmine", "member": "mother"}

    assert None is authorise_profile(MOTHER, **facts, reason=None)
    assert None is authorise_profile(PROXY, **facts, reason=" ")
    assert "asked to" == authorise_profile(DESK, **facts, reason=" asked to ")
    with pytest.raises(ReasonMissing):
        authorise_profile(DESK, **facts, reason=None)


@pytest.mark.parametrize("act", OTHERS)
def test_nobody_else_sets_a_profile(act: Act) -> None:
    """Neither another member nor a coordinator of another branch."""
    with pytest.raises(NotAllowed):
        authorise_profile(act, branch="locmine", member="mother", reason="so")
    with pytest.raises(NotAllowed):
        authorise_consent(act, branch="locmine", member="mother")
    with pytest.raises(NotAllowed):
        authorise_desk(act, branch="locmine", about=["luc"])


def test_a_mandate_for_something_else_is_none_for_this() -> None:
    """To see is not to say; only `request` lets somebody speak of what is wished."""
    seeing = a_mandate(scopes=frozenset({Scope.VIEW, Scope.CONFIRM, Scope.SPONSOR}))
    act = an_act("member:son@lille+mother#3", mandates=(seeing,))

    with pytest.raises(MandateNotInForce):
        authorise_profile(act, branch="locmine", member="mother", reason="so")
    with pytest.raises(MandateNotInForce):
        authorise_consent(act, branch="locmine", member="mother")


def test_no_coordinator_consents_for_anybody() -> None:
    """Lived experience is the member's own to share, or their proxy's for them."""
    authorise_consent(MOTHER, branch="locmine", member="mother")
    authorise_consent(PROXY, branch="locmine", member="mother")

    with pytest.raises(NotAllowed):
        authorise_consent(DESK, branch="locmine", member="mother")


def test_no_coordinator_clears_themselves() -> None:
    """Somebody else has to see the paper."""
    authorise_desk(DESK, branch="locmine", about=["mother"])

    with pytest.raises(SelfDealing):
        authorise_desk(DESK, branch="locmine", about=["mother", "desk"])
    with pytest.raises(NotAllowed):
        authorise_desk(MOTHER, branch="locmine", about=["mother"])


def test_only_a_coordinator_says_how_urgent_it_is() -> None:
    """Else everything would be."""
    require_coordinator_for_urgency(DESK, branch="locmine", urgency=0)
    require_coordinator_for_urgency(MOTHER, branch="locmine", urgency=None)

    with pytest.raises(NotAllowed):
        require_coordinator_for_urgency(MOTHER, branch="locmine", urgency=0)


def test_every_reason_parks_for_some_days() -> None:
    """A no is a no for a while, whatever its reason."""
    days = {reason: parked_days(reason, ParkedRules()) for reason in ParkReason}

    assert {
        "no_time": 14,
        "not_this_time": 14,
        "too_far": 366,
        "not_my_kind": 366,
        "did_not_suit": 366,
        "coordinator": 90,
    } == days


@given(drawn=st.lists(st.integers(0, DAYS_MOST), min_size=len(ParkReason), max_size=len(ParkReason)))
def test_every_reason_parks_as_long_as_the_branch_says(drawn: list[int]) -> None:
    """Each by its own key, which is named like it."""
    said = dict(zip(ParkReason, drawn, strict=True))
    rules = ParkedRules(**{f"{reason}_days": days for reason, days in said.items()})

    assert said == {reason: parked_days(reason, rules) for reason in ParkReason}


def test_nothing_private_stands_in_a_representation() -> None:
    """What ends up in a log by accident tells nobody where somebody lives (I-10)."""
    said = repr(a_profile()) + repr(a_wish()) + repr(Spot.parse("47.885,-2.835"))

    for private in ("47", "835", "fr", "woman", "h1", "tea", "bereavement", "honourability"):
        assert private not in said
