"""Indexes: what they find is what a loop over everybody finds, pair by pair."""

import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.matching.builders import (
    BACK,
    CORNERS,
    FORWARD,
    HOME,
    NOW,
    NOW_MIN,
    PARIS,
    REACHES,
    a_date,
    a_helper,
    a_request,
    an_offer,
    crowded_pairs,
    helpers,
    places,
    requests,
    slightly_off_pairs,
    spans,
    weeks,
    whens,
)
from tests.unit.matching.checker import start_found

from timebank.care.record import Mode
from timebank.care.week import WEEK_SLOTS, Week
from timebank.errors import TooManyCandidates, TwiceInPool, UnknownToPool
from timebank.matching import batch, conditions
from timebank.matching.batch import Pairs, join, metres_in
from timebank.matching.columns import eroded, words_of
from timebank.matching.index import Index
from timebank.matching.model import Clearance, DayRoom, Gender, Helper, Request, Span
from timebank.matching.place import Place, metres_between, metres_of
from timebank.matching.rules import fit_of, reasons_against
from timebank.matching.score import Weights, score_of
from timebank.matching.times import dated, starts_in
from timebank.matching.totals import totals_of

Found = list[tuple[int, str, str, int]]

OPEN = {
    "branch": st.just("lille"),
    "kind": st.just("company"),
    "people": st.just(frozenset({"lille/r1"})),
    "households": st.just(frozenset()),
    "languages": st.just(frozenset()),
    "gender": st.none(),
    "clearances": st.just(frozenset()),
    "is_experience_required": st.just(False),  # noqa: FBT003 - a value
    "excludes": st.just(frozenset()),
    "declined_by": st.just(frozenset()),
    "parked": st.just(()),
    "team": st.none(),
}
MANY_REQUESTS = st.lists(requests() | requests(**OPEN), max_size=3)
MANY_HELPERS = st.lists(
    helpers() | helpers(branch=st.just("lille"), excludes=st.just(frozenset()), visits_left=st.just(1)),
    max_size=5,
).map(lambda some: [replace(each, id=f"lille/h{number}") for number, each in enumerate(some)])


def looped(asked: Sequence[Request], people: Sequence[Helper]) -> Found:
    """Return what the double loop finds."""
    found = []
    for at, request in enumerate(asked):
        for helper in people:
            fit = fit_of(request, helper, now_min=NOW_MIN)
            assert (fit is None) == bool(reasons_against(request, helper, now_min=NOW_MIN))
            if fit is not None:
                found.append((at, helper.id, fit.offer, -1 if fit.distance_m is None else fit.distance_m))
    return sorted(found)


def indexed(asked: Sequence[Request], index: Index) -> Found:
    """Return what an index finds."""
    return sorted(
        (at, each.helper, each.fit.offer, -1 if each.fit.distance_m is None else each.fit.distance_m)
        for at, request in enumerate(asked)
        for each in index.candidates(request, now_min=NOW_MIN)
    )


def joined(asked: Sequence[Request], people: Sequence[Helper]) -> Found:
    """Return what a batch finds."""
    pairs = join(asked, people, now_min=NOW_MIN)
    keys = list(zip(pairs.requests.tolist(), pairs.helpers.tolist(), strict=True))
    assert sorted(set(keys)) == keys, "sorted by request and helper, each pair once"
    return sorted(
        (at, people[who].id, people[who].offers[offer].id, metres)
        for at, who, offer, metres in zip(
            *(each.tolist() for each in (pairs.requests, pairs.helpers, pairs.offers, pairs.distances)),
            strict=True,
        )
    )


@given(MANY_REQUESTS, MANY_HELPERS)
def test_indexes_find_what_the_double_loop_finds(asked: list[Request], people: list[Helper]) -> None:
    """One request at a time, and all at once; with the same offer and the same distance."""
    found = looped(asked, people)

    assert found == indexed(asked, Index(people))
    assert found == joined(asked, people)


@given(MANY_REQUESTS, MANY_HELPERS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    asked: list[Request], people: list[Helper], chance: random.Random
) -> None:
    """Nor who came and went in between."""
    index = Index()
    order = chance.sample(people, len(people))
    gone = order[: len(order) // 2]
    for each in order:
        index.add(each)
    for each in gone:
        assert each == index.remove(each.id)
    assert len(order) - len(gone) == len(index)
    left = [each for each in people if each not in gone]
    assert looped(asked, left) == indexed(asked, index)
    for each in gone:
        index.add(each)

    assert looped(asked, people) == indexed(asked, index) == joined(asked, order)


@given(
    st.lists(places(), min_size=1, max_size=4),
    st.lists(st.tuples(places(), st.sampled_from(REACHES)), max_size=8),
)
def test_places_are_found_round_the_earth(wanted: list[Place], homes: list[tuple[Place, int]]) -> None:
    """Poles and antimeridian included, and who goes exactly as far as it is; not who goes a metre less."""
    asked = [a_request(id=f"{number}", place=place) for number, place in enumerate(wanted)]
    reaches = [
        *homes,
        *((home, metres_between(home, wanted[0])) for home, _ in homes),
        *((home, max(0, metres_between(home, wanted[0]) - 1)) for home, _ in homes),
    ]
    people = [
        a_helper(id=f"h{number}", place=home, reach_m=reach) for number, (home, reach) in enumerate(reaches)
    ]
    found = looped(asked, people)

    assert found == indexed(asked, Index(people))
    assert found == joined(asked, people)


@given(
    st.lists(st.tuples(whens(), st.integers(1, 200)), min_size=1, max_size=4),
    st.lists(
        st.tuples(
            weeks(), weeks() | st.just(Week(0)), st.lists(spans(), max_size=1).map(tuple), st.integers(0, 40)
        ),
        max_size=4,
    ),
)
def test_times_are_found_round_the_week(wanted: list, free: list) -> None:  # type: ignore[type-arg]
    """Over Sunday midnight, in nights when clocks are changed, and from the middle of a half hour on."""
    asked = [
        a_request(id=f"{number}", when=when, minutes=minutes) for number, (when, minutes) in enumerate(wanted)
    ]
    people = [
        a_helper(
            id=f"h{number}",
            offers=(an_offer(week=week),),
            busy_week=taken if number % 2 else Week(0),
            busy=busy,
            rest_minutes=rest,
        )
        for number, (week, taken, busy, rest) in enumerate(free)
    ]
    found = looped(asked, people)

    assert found == indexed(asked, Index(people))
    assert found == joined(asked, people)


@given(st.lists(crowded_pairs() | slightly_off_pairs(), min_size=1, max_size=4))
def test_those_who_nearly_suit_are_found(pairs: list[tuple[Request, Helper]]) -> None:
    """If they do, whatever rule it is about; and where a helper's days are not as the week says."""
    asked = [replace(request, id=f"{number}") for number, (request, _) in enumerate(pairs)]
    people = [replace(helper, id=f"lille/h{number}") for number, (_, helper) in enumerate(pairs)]
    found = looped(asked, people)

    assert found == indexed(asked, Index(people)) == joined(asked, people)


def test_long_times_are_found_round_the_week() -> None:
    """A time of a week or more, which comes to its first half hour again."""
    week = Week(1 << (WEEK_SLOTS - 1) | 1)
    people = [a_helper(id=f"h{off}", offers=(an_offer(week=week),)) for off in range(1)]
    asked = [
        a_request(
            id=f"{off} {days}",
            minutes=45,
            when=dated(NOW + timedelta(minutes=off), NOW + timedelta(days=days, minutes=off), PARIS),
        )
        for off in (0, 5, 20)
        for days in (5, 6.9, 7, 8, 300)
    ]
    sunday = dated(
        FORWARD + timedelta(days=7, hours=20, minutes=50),
        FORWARD + timedelta(days=14, hours=21, minutes=40),
        PARIS,
    )
    asked.append(a_request(id="sunday", minutes=45, when=sunday))

    found = looped(asked, people)

    assert found
    assert found == indexed(asked, Index(people)) == joined(asked, people)


@given(st.lists(weeks().map(lambda week: week.bits), min_size=1, max_size=4), st.integers(1, WEEK_SLOTS))
@example([(1 << 112) - 1 << 300 & (1 << WEEK_SLOTS) - 1 | (1 << 100) - 1], 112)
def test_columns_of_weeks_are_eroded_as_weeks_are(bits: list[int], slots: int) -> None:
    """A word for each day, over midnight and round the week."""
    words = eroded(words_of(bits), slots)

    assert [starts_in(each, slots) for each in bits] == [
        sum(int(word) << 48 * day for day, word in enumerate(row)) for row in words
    ]


@given(st.lists(st.integers(0, 4 * 637_100_800**2), min_size=1))
def test_columns_of_distances_are_distances(chord2: list[int]) -> None:
    """To the metre, whatever numpy's arc sine says; nothing stays nothing."""
    import numpy as np

    halves = [batch_half for each in chord2 for batch_half in (each, max(0, each - 1))]

    assert [-1, *(metres_of(each) for each in halves)] == metres_in(np.array([-1, *halves])).tolist()


def test_a_distance_half_way_between_two_metres_is_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is worked out again."""
    import numpy as np

    monkeypatch.setattr(batch, "NEAR_HALF", 0.6)

    assert [metres_of(10**9)] == metres_in(np.array([10**9])).tolist()


@given(MANY_REQUESTS, MANY_HELPERS)
def test_portions_and_tables_change_nothing(asked: list[Request], people: list[Helper]) -> None:
    """However small portions are, and where tables would be too large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "PAIRS_AT_ONCE", 2)
        patch.setattr(conditions, "TABLE_MOST", 0)

        assert looped(asked, people) == joined(asked, people)


@given(MANY_REQUESTS, MANY_HELPERS, st.sampled_from((0, 1 << 22)))
def test_totals_are_scores(asked: list[Request], people: list[Helper], table_most: int) -> None:
    """Of every pair, in columns as one by one."""
    weights = Weights(
        near=3,
        continuity=5,
        lived_experience=7,
        preferred_language=11,
        preference=13,
        recency=17,
        travel_mode=19,
    )
    pairs = join(asked, people, now_min=NOW_MIN)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditions, "TABLE_MOST", table_most)
        totals = totals_of(pairs, asked, people, weights, now_min=NOW_MIN)

    assert scores_of(pairs, asked, people, weights) == totals.tolist()


def scores_of(
    pairs: Pairs, asked: Sequence[Request], people: Sequence[Helper], weights: Weights
) -> list[int]:
    """Return the score of each pair, one by one."""
    return [
        score_of(
            asked[at], people[who], weights, distance_m=None if metres < 0 else metres, now_min=NOW_MIN
        ).total
        for at, who, metres in zip(
            *(each.tolist() for each in (pairs.requests, pairs.helpers, pairs.distances)), strict=True
        )
    ]


def test_totals_of_a_street_are_scores() -> None:
    """Where many suit: each as far away as no other, some known, liked or not."""
    asked = [
        a_request(id="1", prefers=frozenset({"h3", "h5"}), would_rather_not=frozenset({"h5", "h7"})),
        a_request(id="2", helped_before=(("h1", 1), ("h4", 9), ("gone", 3)), experience="carer"),
        a_request(id="3", preferred_languages=frozenset({"fr"})),
    ]
    people = [
        a_helper(
            id=f"h{number}",
            place=Place(HOME.lat_udeg + number * 13_000, HOME.lon_udeg),
            reach_m=40_000,
            languages=frozenset({"fr"} if number % 2 else ()),
            experiences=frozenset({"carer"} if number % 3 else ()),
            last_asked_min=NOW_MIN - number * 1_440 if number % 4 else None,
        )
        for number in range(20)
    ]
    pairs = join(asked, people, now_min=NOW_MIN)

    totals = totals_of(pairs, asked, people, Weights(), now_min=NOW_MIN)

    assert 60 == len(pairs)
    assert scores_of(pairs, asked, people, Weights()) == totals.tolist()


def test_what_no_table_holds_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every pair of variations that meet, in one portion."""
    monkeypatch.setattr(conditions, "TABLE_MOST", 0)
    spoken = [frozenset(each) for each in ((), ("fr",), ("en",), ("fr", "en"), ("pt",))]
    asked = [a_request(id=f"{number}", languages=each) for number, each in enumerate(spoken)]
    people = [a_helper(id=f"h{number}", languages=each) for number, each in enumerate(spoken * 2)]

    found = looped(asked, people)

    assert 10 + 4 + 4 + 6 + 2 == len(found)
    assert found == joined(asked, people)


WHEN = a_date().span
ALONE: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("kind", {"kind": "shopping"}, {}),
    ("kind", {}, {"offers": ()}),
    ("distance", {"place": None}, {}),
    ("distance", {}, {"place": None}),
    ("distance", {"place": Place(0, 0)}, {}),
    ("availability", {"minutes": 181}, {}),
    ("availability", {}, {"offers": (an_offer(week=Week(0)),)}),
    ("availability", {"when": Week(1)}, {}),
    ("availability", {}, {"away": (WHEN,)}),
    ("language", {"languages": frozenset({"fr"})}, {"languages": frozenset({"en"})}),
    ("gender", {"gender": Gender.MAN}, {}),
    ("vetting", {"clearances": frozenset({"visit"})}, {"clearances": (Clearance(kind="drive"),)}),
    (
        "vetting-expired",
        {"clearances": frozenset({"visit"})},
        {"clearances": (Clearance(kind="visit", ends_min=WHEN.ends_min - 1),)},
    ),
    ("excluded-by-requester", {"excludes": frozenset({"lille/h1"})}, {}),
    ("excluded-by-helper", {}, {"excludes": frozenset({"lille/r1"})}),
    ("self-or-household", {"people": frozenset({"lille/r1", "lille/h1"})}, {}),
    ("self-or-household", {"households": frozenset({"a", "b"})}, {"household": "b"}),
    ("mode", {"mode": Mode.PHONE}, {}),
    ("mode", {}, {"offers": (an_offer(mode=Mode.SMS),)}),
    ("capacity", {}, {"visits_left": 0}),
    ("capacity", {}, {"offers": (an_offer(minutes_left=59),)}),
    ("capacity", {}, {"days": (DayRoom(day=WHEN, minutes_left=59),)}),
    ("overlap", {}, {"busy": (Span(WHEN.starts_min + 59, WHEN.ends_min - 59),)}),
    ("overlap", {}, {"busy_week": Week((1 << WEEK_SLOTS) - 1)}),
    ("parked", {"parked": (("lille/h1", NOW_MIN + 1),)}, {}),
    ("declined", {"declined_by": frozenset({"lille/h1"})}, {}),
    ("lived-experience", {"experience": "carer", "is_experience_required": True}, {}),
    ("bank-visibility", {"branch": "arras"}, {}),
    ("bank-visibility", {"branch": "arras", "shown_to": frozenset({"lille"})}, {}),
    ("bank-visibility", {"branch": "arras"}, {"serves": frozenset({"arras"})}),
    ("bank-visibility", {"team": "north"}, {"teams": frozenset({"south"})}),
)


@pytest.mark.parametrize(("code", "of_request", "of_helper"), ALONE)
def test_each_rule_alone_keeps_two_apart(
    code: str, of_request: dict[str, Any], of_helper: dict[str, Any]
) -> None:
    """For the rules, for both indexes and for the judge; the others next door are found."""
    asked = [a_request(**of_request)]
    people = [a_helper(**of_helper)]
    week = a_request(when=Week((1 << WEEK_SLOTS) - 1))

    assert [code] == [each.code.value for each in reasons_against(asked[0], people[0], now_min=NOW_MIN)]
    assert start_found(asked[0], people[0], PARIS, NOW_MIN) is None
    assert [] == looped(asked, people) == indexed(asked, Index(people)) == joined(asked, people)
    for free in (a_request(), week):
        assert 1 == len(looped([free], [a_helper()])) == len(joined([free], [a_helper()]))


@pytest.mark.parametrize(
    ("of_request", "of_helper"),
    [
        ({"parked": (("lille/h1", NOW_MIN),)}, {}),
        ({"branch": "arras", "shown_to": frozenset({"lille"})}, {"serves": frozenset({"arras"})}),
        ({"team": "north"}, {"teams": frozenset({"north"})}),
        ({"households": frozenset({""})}, {}),
        ({"minutes": 180}, {"offers": (an_offer(minutes_left=180),)}),
        ({}, {"days": (DayRoom(day=WHEN, minutes_left=60),)}),
        ({}, {"busy": (Span(WHEN.starts_min + 60, WHEN.ends_min),)}),
        ({}, {"offers": (an_offer(week=Week(0), also=(WHEN,)),)}),
        ({"experience": "carer"}, {}),
        (
            {"clearances": frozenset({"visit"})},
            {"clearances": (Clearance(kind="visit", ends_min=WHEN.ends_min),)},
        ),
        (
            {"clearances": frozenset({"visit"}), "when": Week((1 << WEEK_SLOTS) - 1)},
            {"clearances": (Clearance(kind="visit", ends_min=NOW_MIN + 1),)},
        ),
        ({"when": Week((1 << WEEK_SLOTS) - 1)}, {"away": (WHEN,), "busy": (WHEN,)}),
    ],
)
def test_what_just_suits_is_found(of_request: dict[str, Any], of_helper: dict[str, Any]) -> None:
    """At the limit of each rule, by everybody who looks."""
    asked = [a_request(**of_request)]
    people = [a_helper(**of_helper)]

    found = looped(asked, people)

    assert 1 == len(found)
    assert start_found(asked[0], people[0], PARIS, NOW_MIN) is not None
    assert found == indexed(asked, Index(people)) == joined(asked, people)


def test_too_many_candidates_are_refused() -> None:
    """As many as fit are not."""
    people = [a_helper(id=f"h{number}") for number in range(20)]

    assert 20 == len(join([a_request()], people, now_min=NOW_MIN, most=20))
    with pytest.raises(TooManyCandidates):
        join([a_request()], people, now_min=NOW_MIN, most=19)


def test_many_in_one_town_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several portions, though they stand in one piece."""
    monkeypatch.setattr(batch, "PAIRS_AT_ONCE", 1_000)
    people = [a_helper(id=f"h{number}") for number in range(3_500)]

    pairs = join([a_request()] * 3, people, now_min=NOW_MIN)

    assert [*range(3_500)] * 3 == pairs.helpers.tolist()


@pytest.mark.parametrize(
    "people", [[], [a_helper(offers=())], [a_helper(visits_left=0)], [a_helper(place=None)]]
)
@pytest.mark.parametrize("asked", [[], [a_request()], [a_request(kind="unheard of"), a_request(place=None)]])
def test_nobody_is_found_where_there_is_nobody(asked: list[Request], people: list[Helper]) -> None:
    """Empty on either side, or on both."""
    assert [] == indexed(asked, Index(people)) == joined(asked, people)


def test_an_id_is_there_once() -> None:
    """And who is not there cannot go."""
    index = Index([a_helper()])

    with pytest.raises(TwiceInPool):
        index.add(a_helper())
    index.add(a_helper(id="lille/h2"))
    index.remove("lille/h1")
    assert ["lille/h2"] == [each.helper for each in index.candidates(a_request(), now_min=NOW_MIN)]
    with pytest.raises(UnknownToPool):
        index.remove("lille/h1")


def test_other_branches_see_remote_requests_only_if_both_agree() -> None:
    """Whoever the request is shown to."""
    phone = (an_offer(mode=Mode.PHONE),)
    request = a_request(mode=Mode.PHONE, shown_to=frozenset({"arras"}))
    people = [
        a_helper(id="1", offers=phone),
        a_helper(id="2", offers=phone, branch="arras"),
        a_helper(id="3", offers=phone, branch="arras", serves=frozenset({"lille"})),
        a_helper(id="4", offers=phone, branch="paris", serves=frozenset({"lille"})),
    ]

    assert [(0, "1", "1", -1), (0, "3", "1", -1)] == joined([request], people)
    assert looped([request], people) == indexed([request], Index(people)) == joined([request], people)


def test_corners_are_places() -> None:
    """All of them are looked at above; clocks are changed twice."""
    assert HOME in CORNERS
    assert BACK > FORWARD
    assert a_date().span.ends_min > NOW_MIN


def test_one_request_needs_no_numpy() -> None:
    """A service that answers one family at a time starts without it."""
    code = "import sys, timebank.matching.index; sys.exit('numpy' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
