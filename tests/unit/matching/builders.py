"""Samples of matching: a request and a helper whom nothing keeps apart, and strategies around them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from tests.unit.matching.checker import slot_at

from timebank.care.record import Mode
from timebank.care.week import WEEK_SLOTS, Week
from timebank.matching.model import (
    Clearance,
    Dated,
    DayRoom,
    Gender,
    Helper,
    Offer,
    Request,
    Span,
    Travel,
    When,
    minute_of,
)
from timebank.matching.place import Place
from timebank.matching.times import dated

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 23, 8, 0, tzinfo=UTC)
"""A Monday; clocks go forward on the Sunday after it, at one o'clock UTC."""
NOW_MIN = minute_of(NOW)
FORWARD = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
BACK = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
SUNDAY_MIDNIGHT = datetime(2026, 4, 5, 22, 0, tzinfo=UTC)
WHOLE_WEEK = Week((1 << WEEK_SLOTS) - 1)
HOME = Place(50_630_000, 3_060_000)


def a_date(starts: datetime = NOW + timedelta(days=1), *, minutes: int = 180) -> Dated:
    """Return some time of a day."""
    return dated(starts, starts + timedelta(minutes=minutes), PARIS)


def a_request(**changes: Any) -> Request:  # noqa: ANN401 - any field of a request
    """Return a request for an hour of company at home."""
    facts: dict[str, Any] = {
        "id": "lille/1",
        "branch": "lille",
        "kind": "company",
        "mode": Mode.IN_PERSON,
        "minutes": 60,
        "when": a_date(),
        "people": frozenset({"lille/r1"}),
        "place": HOME,
    }
    return Request(**{**facts, **changes})


def an_offer(**changes: Any) -> Offer:  # noqa: ANN401 - any field of an offer
    """Return an offer of company at any time."""
    facts: dict[str, Any] = {
        "id": "1",
        "kind": "company",
        "mode": Mode.IN_PERSON,
        "week": WHOLE_WEEK,
        "minutes_left": 600,
    }
    return Offer(**{**facts, **changes})


def a_helper(**changes: Any) -> Helper:  # noqa: ANN401 - any field of a helper
    """Return a helper next door with one offer."""
    facts: dict[str, Any] = {
        "id": "lille/h1",
        "branch": "lille",
        "offers": (an_offer(),),
        "place": HOME,
        "reach_m": 5_000,
    }
    return Helper(**{**facts, **changes})


# --- Strategies: small vocabularies, so that every rule is kept and broken often --------------------------

CORNERS = (
    HOME,
    Place(90_000_000, 0),
    Place(89_990_000, 170_000_000),
    Place(89_990_000, -10_000_000),
    Place(-90_000_000, 0),
    Place(-17_000_000, 179_995_000),
    Place(-17_000_000, -179_995_000),
    Place(-17_000_000, 180_000_000),
    Place(0, 0),
)
REACHES = (0, 1, 900, 2_000, 5_000, 40_000, 2_000_000, 20_015_112)
DAY_MINUTES = 24 * 60
ANCHORS = tuple(minute_of(each) for each in (NOW + timedelta(days=1), FORWARD, BACK, SUNDAY_MIDNIGHT))
PEOPLE = ("lille/r1", "lille/r2", "lille/h1", "lille/h2")


@st.composite
def places(draw: st.DrawFn) -> Place:
    """Return a place in or near a corner of the earth."""
    corner = draw(st.sampled_from(CORNERS))
    lat = corner.lat_udeg + draw(st.integers(-30_000, 30_000))
    lon = corner.lon_udeg + draw(st.integers(-30_000, 30_000))
    return Place(max(-90_000_000, min(90_000_000, lat)), (lon + 180_000_000) % 360_000_000 - 180_000_000)


def few(*values: str) -> st.SearchStrategy[frozenset[str]]:
    """Return some of a few codes."""
    return st.frozensets(st.sampled_from(values), max_size=2)


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """Return windows of a week, Sunday night's among them, or all of it."""
    if draw(st.booleans()):
        return WHOLE_WEEK
    bits = 0
    for first, length in draw(
        st.lists(st.tuples(st.integers(0, WEEK_SLOTS - 1), st.integers(1, 60)), max_size=4)
    ):
        for slot in range(first, first + length):
            bits |= 1 << slot % WEEK_SLOTS
    return Week(bits)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Return a time near one of the nights that matter."""
    starts = draw(st.sampled_from(ANCHORS)) + draw(st.integers(-300, 300))
    return Span(starts, starts + draw(st.integers(1, 200)))


@st.composite
def whens(draw: st.DrawFn) -> When:
    """Return some hours, or a week."""
    if draw(st.integers(0, 3)) == 0:
        return draw(weeks())
    starts = draw(st.sampled_from(ANCHORS)) + draw(st.integers(-300, 120))
    span = Span(starts, starts + draw(st.integers(30, 400)))
    return _dated(span)


def _dated(span: Span) -> Dated:
    from timebank.matching.model import instant_of

    return dated(instant_of(span.starts_min), instant_of(span.ends_min), PARIS)


@st.composite
def crowded_pairs(draw: st.DrawFn) -> tuple[Request, Helper]:
    """Return neighbours with some hours together, all of it full of other things: only times decide."""
    starts = draw(st.sampled_from(ANCHORS)) + draw(st.sampled_from((-120, -75, -60, 0, 10, 45)))
    window = Span(starts, starts + draw(st.integers(4, 8)) * 30)
    inner = st.integers(0, 7).flatmap(
        lambda first: st.integers(1, 3).map(
            lambda count: Span(starts + first * 30, starts + (first + count) * 30)
        )
    )
    some = st.lists(inner, max_size=2).map(tuple)
    off = {
        minute
        for span in draw(st.lists(inner, max_size=2))
        for minute in range(span.starts_min, span.ends_min)
    }
    week = sum({1 << slot_at(minute, PARIS) for minute in range(starts, starts + 300) if minute not in off})
    request = a_request(
        minutes=draw(st.integers(1, 4)) * 30,
        when=Week(draw(st.sampled_from((week, week | week << 1))) & WHOLE_WEEK.bits)
        if draw(st.integers(0, 3)) == 0
        else _dated(window),
    )
    helper = a_helper(
        offers=(an_offer(week=Week(week), also=draw(some)),),
        days=tuple(DayRoom(day=each, minutes_left=60) for each in draw(some)),
        busy=draw(some),
        away=draw(some),
        busy_week=Week(week & draw(st.integers(0, WHOLE_WEEK.bits))) if draw(st.booleans()) else Week(0),
        rest_minutes=draw(st.sampled_from((0, 0, 20))),
    )
    return request, helper


MODES = st.sampled_from((Mode.IN_PERSON, Mode.IN_PERSON, Mode.IN_PERSON, Mode.PHONE))
KINDS = st.sampled_from(("company", "company", "shopping"))


REQUEST_FIELDS: dict[str, Any] = {
    "id": st.just("lille/1"),
    "branch": st.sampled_from(("lille", "lille", "arras")),
    "kind": KINDS,
    "mode": MODES,
    "minutes": st.integers(1, 200),
    "when": whens(),
    "people": st.just(frozenset({"lille/r1"})) | few(*PEOPLE),
    "place": st.none() | places(),
    "households": few("a", "b"),
    "languages": st.just(frozenset()) | few("fr", "en"),
    "gender": st.none() | st.sampled_from(Gender),
    "clearances": st.just(frozenset()) | few("visit", "drive"),
    "experience": st.just("carer"),
    "is_experience_required": st.integers(0, 4).map(lambda each: each == 0),
    "excludes": st.just(frozenset()) | few(*PEOPLE),
    "prefers": few(*PEOPLE),
    "would_rather_not": few(*PEOPLE),
    "preferred_languages": few("fr", "en"),
    "declined_by": st.just(frozenset()) | few(*PEOPLE),
    "parked": st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.integers(NOW_MIN - 1, NOW_MIN + 1)), max_size=1
    ).map(tuple),
    "helped_before": st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.integers(1, 9)), max_size=2, unique_by=lambda each: each[0]
    ).map(tuple),
    "team": st.none() | st.none() | st.just("north"),
    "shown_to": few("arras", "lille"),
}


def requests(**changes: Any) -> st.SearchStrategy[Request]:  # noqa: ANN401 - any strategy of a field
    """Return any request."""
    return st.builds(Request, **{**REQUEST_FIELDS, **changes})


def offers(**changes: Any) -> st.SearchStrategy[Offer]:  # noqa: ANN401 - any strategy of a field
    """Return any offer."""
    facts: dict[str, Any] = {
        "id": st.sampled_from("123"),
        "kind": KINDS,
        "mode": MODES,
        "week": weeks(),
        "minutes_left": st.just(600) | st.integers(0, 200),
        "also": st.lists(spans(), max_size=1).map(tuple),
    }
    return st.builds(Offer, **{**facts, **changes})


ENDS = st.none() | st.sampled_from(ANCHORS) | st.integers(NOW_MIN - 1, NOW_MIN + 1)
HELPER_FIELDS: dict[str, Any] = {
    "id": st.just("lille/h1"),
    "branch": st.sampled_from(("lille", "lille", "arras")),
    "offers": st.lists(offers(), max_size=3, unique_by=lambda each: each.id).map(tuple),
    "place": st.none() | places(),
    "reach_m": st.sampled_from(REACHES),
    "travel": st.sampled_from(Travel),
    "visits_left": st.integers(0, 3),
    "days": st.lists(st.builds(DayRoom, day=spans(), minutes_left=st.integers(0, 200)), max_size=1).map(
        tuple
    ),
    "rest_minutes": st.sampled_from((0, 0, 20, 30)),
    "busy": st.lists(spans(), max_size=2).map(tuple),
    "busy_week": st.just(Week(0)) | weeks(),
    "away": st.lists(spans(), max_size=1).map(tuple),
    "household": st.none() | st.sampled_from("ab"),
    "languages": few("fr", "en"),
    "gender": st.none() | st.sampled_from(Gender),
    "clearances": st.lists(
        st.builds(Clearance, kind=st.sampled_from(("visit", "drive")), ends_min=ENDS), max_size=3
    ).map(tuple),
    "experiences": few("carer", "widowed"),
    "excludes": st.just(frozenset()) | few("lille/r1", "lille/r2", "lille/h2"),
    "teams": few("north", "south"),
    "serves": few("arras", "lille"),
    "last_asked_min": st.none() | st.integers(NOW_MIN - 60 * DAY_MINUTES, NOW_MIN),
}


def helpers(**changes: Any) -> st.SearchStrategy[Helper]:  # noqa: ANN401 - any strategy of a field
    """Return any helper."""
    return st.builds(Helper, **{**HELPER_FIELDS, **changes})


@st.composite
def slightly_off_pairs(draw: st.DrawFn) -> tuple[Request, Helper]:
    """Return neighbours who suit one another but for a few things, which may not matter either."""
    request, helper = a_request(experience="carer"), a_helper()
    of_request = draw(st.sets(st.sampled_from(sorted(REQUEST_FIELDS)), max_size=2))
    of_helper = draw(st.sets(st.sampled_from(sorted(HELPER_FIELDS)), max_size=2))
    return (
        replace(request, **{name: draw(REQUEST_FIELDS[name]) for name in sorted(of_request)}),
        replace(helper, **{name: draw(HELPER_FIELDS[name]) for name in sorted(of_helper)}),
    )
