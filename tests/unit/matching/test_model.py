"""What matching knows: refused where it cannot be, the same pool whatever order it came in."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.builders import NOW, NOW_MIN, a_helper, a_request, an_offer

from timebank.care.week import Week
from timebank.errors import (
    BadCapacity,
    MinutesOutOfRange,
    PinsContradict,
    SpanReversed,
    TwiceInPool,
    UnknownKind,
    UnknownToPool,
)
from timebank.matching.model import Dated as Once
from timebank.matching.model import DayRoom, Helper, Pin, Pool, Request, Span, Stretch, instant_of, minute_of

TWO_REQUESTS = [a_request(id="1"), a_request(id="2")]
TWO_HELPERS = [a_helper(id="h1"), a_helper(id="h2", visits_left=2)]


@given(st.randoms(use_true_random=False))
def test_a_pool_is_the_same_in_any_order(chance: random.Random) -> None:
    """Of requests, helpers, pins and offers."""
    offers = [an_offer(id=each) for each in "123"]
    people = [*TWO_HELPERS, a_helper(id="h3", offers=tuple(chance.sample(offers, 3)))]
    pins = [Pin("1", "h2"), Pin("2", "h2")]

    pool = Pool.of(
        chance.sample(TWO_REQUESTS, 2),
        chance.sample(people, 3),
        pins=chance.sample(pins, 2),
        kinds=["company"],
    )

    assert ["1", "2"] == [each.id for each in pool.requests]
    assert ["h1", "h2", "h3"] == [each.id for each in pool.helpers]
    assert ["1", "2", "3"] == [each.id for each in pool.helpers[2].offers]
    assert tuple(pins) == pool.pins


def test_a_pool_may_be_empty() -> None:
    """On either side, or on both."""
    assert Pool((), ()) == Pool.of([], [])
    assert 1 == len(Pool.of(TWO_REQUESTS[:1], []).requests)
    assert 1 == len(Pool.of([], TWO_HELPERS[:1], kinds=["company"]).helpers)


@pytest.mark.parametrize(
    ("error", "requests", "helpers", "facts"),
    [
        (TwiceInPool, TWO_REQUESTS[:1] * 2, [], {}),
        (TwiceInPool, [], TWO_HELPERS[:1] * 2, {}),
        (UnknownKind, TWO_REQUESTS, [], {"kinds": ["shopping"]}),
        (UnknownKind, [], TWO_HELPERS, {"kinds": []}),
        (UnknownToPool, TWO_REQUESTS, TWO_HELPERS, {"pins": [Pin("3", "h1")]}),
        (UnknownToPool, TWO_REQUESTS, TWO_HELPERS, {"pins": [Pin("1", "h3")]}),
        (PinsContradict, TWO_REQUESTS, TWO_HELPERS, {"pins": [Pin("1", "h1"), Pin("1", "h2")]}),
        (PinsContradict, TWO_REQUESTS, TWO_HELPERS, {"pins": [Pin("1", "h1"), Pin("2", "h1")]}),
        (PinsContradict, TWO_REQUESTS, TWO_HELPERS, {"pins": [Pin("1", "h2"), Pin("1", "h2")]}),
    ],
)
def test_a_pool_that_contradicts_itself_is_refused(
    error: type[Exception],
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    facts: dict[str, Any],
) -> None:
    """Rather than one of the two being left out."""
    with pytest.raises(error):
        Pool.of(requests, helpers, **facts)


@pytest.mark.parametrize("minutes", [0, -5, 7 * 24 * 60 + 1])
def test_help_of_no_length_is_refused(minutes: int) -> None:
    """And of more than a week."""
    with pytest.raises(MinutesOutOfRange):
        a_request(minutes=minutes)


@pytest.mark.parametrize("name", ["visits_left", "reach_m", "rest_minutes"])
def test_less_than_nothing_is_refused(name: str) -> None:
    """Of visits, metres, rest and minutes."""
    with pytest.raises(BadCapacity):
        a_helper(**{name: -1})
    with pytest.raises(BadCapacity):
        an_offer(minutes_left=-1)
    with pytest.raises(BadCapacity):
        DayRoom(day=Span(0, 1), minutes_left=-1)


@pytest.mark.parametrize("ends", [-1, 0])
def test_a_time_that_ends_before_it_begins_is_refused(ends: int) -> None:
    """And one that ends when it begins."""
    with pytest.raises(SpanReversed):
        Span(0, ends)


def test_minutes_are_instants() -> None:
    """Seconds are cut off."""
    assert NOW == instant_of(NOW_MIN)
    assert NOW_MIN == minute_of(NOW + timedelta(seconds=59))


def test_stretches_follow_one_another() -> None:
    """A gap between them is a mistake of ours, and so is experience without a name."""
    with pytest.raises(AssertionError):
        Once((Stretch(Span(0, 1), 0), Stretch(Span(2, 3), 0)))
    with pytest.raises(AssertionError):
        a_request(is_experience_required=True)
    assert a_request(when=Week(1)).when == Week(1)
