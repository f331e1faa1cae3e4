"""Times: what clocks show and which minutes there are, whatever clocks do in between."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.builders import ANCHORS, BACK, FORWARD, NOW, PARIS, a_date, spans, weeks
from tests.unit.matching.checker import slot_at

from timebank.care.week import WEEK_SLOTS, Week, Window
from timebank.errors import NaiveInstant, SpanReversed
from timebank.matching.model import Span, instant_of, minute_of
from timebank.matching.times import (
    dated,
    day_of_zone,
    first_room,
    joined,
    moved,
    not_before,
    rotated,
    runs_of,
    slots_for,
    starts_in,
    widened,
    without,
)

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in ("Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Caracas", "UTC")
    ]
)
BITS = weeks().map(lambda week: week.bits)
RUNS = st.lists(spans().map(lambda span: (span.starts_min, span.ends_min)), max_size=4)
WITHIN = st.sampled_from(ANCHORS).map(lambda minute: Span(minute - 200, minute + 200))


def covered(runs: Iterable[tuple[int, int]]) -> set[int]:
    """Return the minutes of runs."""
    return {minute for starts, ends in runs for minute in range(starts, ends)}


@given(st.sampled_from(ANCHORS), st.integers(-4_000, 4_000), st.integers(1, 3_000), ZONES, BITS)
def test_runs_are_the_minutes_at_which_clocks_show_the_week(
    anchor: int, off: int, minutes: int, zone: ZoneInfo, bits: int
) -> None:
    """In every zone, a quarter of an hour off or changed by half an hour, and each run as long as can be."""
    span = Span(anchor + off, anchor + off + minutes)
    when = dated(instant_of(span.starts_min), instant_of(span.ends_min), zone)

    runs = list(runs_of(bits, when))

    assert {
        minute for minute in range(span.starts_min, span.ends_min) if bits >> slot_at(minute, zone) & 1
    } == covered(runs)
    assert all(one[1] < other[0] for one, other in pairwise(runs))


@given(BITS, st.integers(1, 2 * WEEK_SLOTS))
def test_a_start_is_where_enough_half_hours_follow(bits: int, slots: int) -> None:
    """Round the week, Sunday midnight included."""
    assert {
        first
        for first in range(WEEK_SLOTS)
        if all(bits >> (first + more) % WEEK_SLOTS & 1 for more in range(min(slots, WEEK_SLOTS)))
    } == {first for first in range(WEEK_SLOTS) if starts_in(bits, slots) >> first & 1}


@given(BITS, st.integers(0, 3))
def test_widened_is_what_is_near(bits: int, slots: int) -> None:
    """On either side, round the week."""
    assert {
        (slot + by) % WEEK_SLOTS
        for slot in range(WEEK_SLOTS)
        if bits >> slot & 1
        for by in range(-slots, slots + 1)
    } == {slot for slot in range(WEEK_SLOTS) if widened(bits, slots) >> slot & 1}


@given(RUNS, RUNS, WITHIN)
def test_joined_and_without_are_union_and_difference(
    some: list[tuple[int, int]], others: list[tuple[int, int]], within: Span
) -> None:
    """Of minutes; what comes out is sorted and apart."""
    inside = set(range(within.starts_min, within.ends_min))

    union = list(joined(some, within))
    left = list(without(union, others))

    assert covered(some) & inside == covered(union)
    assert covered(union) - covered(others) == covered(left)
    for runs in (union, left):
        assert all(starts < ends for starts, ends in runs)
        assert sorted(runs) == runs
    assert all(one[1] < other[0] for one, other in pairwise(union))


@given(RUNS, st.integers(1, 300), WITHIN)
def test_the_first_room_is_the_earliest(some: list[tuple[int, int]], minutes: int, within: Span) -> None:
    """That holds the help on end."""
    minutes_free = covered(some) & set(range(within.starts_min, within.ends_min))
    starts = [
        minute
        for minute in sorted(minutes_free)
        if all(minute + more in minutes_free for more in range(minutes))
    ]

    assert (starts[0] if starts else None) == first_room(joined(some, within), minutes)


def test_the_hour_that_is_skipped_is_no_time() -> None:
    """01:30 to 03:30 is one hour on the night when clocks go forward; 02:00 to 03:00 is none."""
    night = dated(FORWARD - timedelta(hours=2), FORWARD + timedelta(hours=2), PARIS)
    around = Week.of([Window.parse("sun 01:30-03:30")])
    skipped = Week.of([Window.parse("sun 02:00-03:00")])
    at = minute_of(FORWARD)

    assert [(at - 30, at + 30)] == list(runs_of(around.bits, night))
    assert [] == list(runs_of(skipped.bits, night))


def test_the_hour_that_comes_twice_is_two() -> None:
    """02:00 to 03:00 lasts two hours on the night when clocks go back."""
    night = dated(BACK - timedelta(hours=3), BACK + timedelta(hours=2), PARIS)
    twice = Week.of([Window.parse("sun 02:00-03:00")])
    at = minute_of(BACK)

    assert [(at - 60, at + 60)] == list(runs_of(twice.bits, night))


def test_a_window_goes_over_sunday_midnight() -> None:
    """Sunday 23:30 to Monday 00:30 is one hour."""
    week = Week.of([Window.parse("sun 23:30-24:00"), Window.parse("mon 00:00-00:30")])
    sunday = datetime(2026, 4, 5, 20, 0, tzinfo=UTC)

    runs = list(runs_of(week.bits, dated(sunday, sunday + timedelta(hours=4), PARIS)))

    assert [60] == [ends - starts for starts, ends in runs]
    assert starts_in(week.bits, 2) == 1 << WEEK_SLOTS - 1


def test_a_time_of_a_year_has_its_stretches() -> None:
    """Summer and winter, without a gap."""
    year = dated(NOW, NOW + timedelta(days=371), PARIS)

    assert 4 == len(year.stretches)
    assert minute_of(FORWARD) == year.stretches[1].span.starts_min
    assert minute_of(BACK) == year.stretches[2].span.starts_min
    assert Span(minute_of(NOW), minute_of(NOW) + 371 * 1440) == year.span


def test_a_change_at_the_very_end_is_not_in_it() -> None:
    """Nor one at the beginning."""
    before = dated(FORWARD - timedelta(hours=5), FORWARD, PARIS)
    after = dated(FORWARD, FORWARD + timedelta(hours=5), PARIS)

    assert [1, 1] == [len(before.stretches), len(after.stretches)]
    assert 60 == (after.stretches[0].shift_min - before.stretches[0].shift_min)


def test_what_is_past_is_cut_off() -> None:
    """To the minute; nothing may be left."""
    night = dated(FORWARD - timedelta(hours=2), FORWARD + timedelta(hours=2), PARIS)
    at = minute_of(FORWARD)

    left = not_before(night, at + 1)

    assert left is not None
    assert Span(at + 1, at + 120) == left.span
    assert not_before(night, at - 500) == night
    assert not_before(night, at + 120) is None


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 1), 24)]
)
def test_days_are_as_long_as_they_are(day: date, hours: int) -> None:
    """23, 24 or 25 hours."""
    span = day_of_zone(day, PARIS)

    assert hours * 60 == span.ends_min - span.starts_min


def test_a_week_moves_with_its_zone() -> None:
    """Noon in Paris is four in the afternoon on Réunion in winter; Kathmandu is a quarter of an hour off."""
    winter = datetime(2026, 1, 12, 8, 0, tzinfo=UTC)
    week = Week.of([Window.parse("mon 12:00-14:00")])

    assert (Window.parse("mon 15:00-17:00"),) == moved(
        week, PARIS, ZoneInfo("Indian/Reunion"), at=winter
    ).windows
    assert (Window.parse("mon 17:00-18:30"),) == moved(
        week, PARIS, ZoneInfo("Asia/Kathmandu"), at=winter
    ).windows
    assert week == moved(week, PARIS, PARIS, at=winter)


def test_times_that_are_none_are_refused() -> None:
    """Reversed, without a whole minute, without a zone."""
    with pytest.raises(SpanReversed):
        dated(NOW, NOW, PARIS)
    with pytest.raises(SpanReversed):
        dated(NOW + timedelta(seconds=1), NOW + timedelta(seconds=59), PARIS)
    with pytest.raises(NaiveInstant):
        dated(NOW.replace(tzinfo=None), NOW, PARIS)


def test_seconds_shrink_a_time_to_whole_minutes() -> None:
    """Nobody is asked to be there before the time begins."""
    when = dated(NOW + timedelta(seconds=1), NOW + timedelta(minutes=2, seconds=59), PARIS)

    assert Span(minute_of(NOW) + 1, minute_of(NOW) + 2) == when.span


def test_half_hours_hold_minutes() -> None:
    """One more when some are over."""
    assert [1, 1, 2] == [slots_for(1), slots_for(30), slots_for(31)]
    assert rotated(1, 1) == 1 << WEEK_SLOTS - 1
    assert a_date().span.ends_min - a_date().span.starts_min == 180
