"""Weeks: windows and bits are two ways to say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.care.week import DAYS, WEEK_SLOTS, Week, Weekday, Window, slot_of, time_of
from timebank.errors import BadWindow

WEEKS = st.integers(0, (1 << WEEK_SLOTS) - 1) | st.sets(st.integers(0, WEEK_SLOTS - 1), max_size=12).map(
    lambda slots: sum(1 << slot for slot in slots)
)
WINDOWS = st.builds(
    lambda day, slots: Window(day, time_of(min(slots)), time_of(max(slots))),
    st.sampled_from(DAYS),
    st.sets(st.integers(0, 48), min_size=2, max_size=2),
)


@given(WEEKS)
def test_a_week_is_its_windows_and_its_digits(bits: int) -> None:
    """Whatever is taken out can be put in again."""
    week = Week(bits)

    assert week == Week.of(week.windows)
    assert week == Week.from_hex(week.hex())
    assert week == Week.of(map(Window.parse, map(str, week.windows)))


@given(st.lists(WINDOWS, max_size=6))
def test_windows_are_the_half_hours_they_cover(windows: list[Window]) -> None:
    """However they overlap, in any order; the fewest that say so come out, sorted."""
    covered = {
        DAYS.index(each.day) * 48 + slot
        for each in windows
        for slot in range(slot_of(each.starts), slot_of(each.ends))
    }
    week = Week.of(windows)

    assert covered == {slot for slot in range(WEEK_SLOTS) if week.bits >> slot & 1}
    assert 30 * len(covered) == week.minutes
    assert week == Week.of(reversed(windows))
    ends = [(DAYS.index(each.day), slot_of(each.starts), slot_of(each.ends)) for each in week.windows]
    assert all(first[0] < second[0] or first[2] < second[1] for first, second in zip(ends, ends[1:]))  # noqa: B905, RUF007 - pairs


@given(WEEKS)
def test_the_longest_stretch_goes_round_the_week(bits: int) -> None:
    """Sunday night and Monday morning are one; found here by walking twice through the week."""
    longest = here = 0
    for slot in range(2 * WEEK_SLOTS):
        here = here + 1 if bits >> slot % WEEK_SLOTS & 1 else 0
        longest = max(longest, here)

    assert 30 * min(longest, WEEK_SLOTS) == Week(bits).longest_minutes


def test_a_week_of_every_half_hour_is_seven_whole_days() -> None:
    """No more."""
    whole = Week.of(Window(day, "00:00", "24:00") for day in DAYS)

    assert 7 * 24 * 60 == whole.minutes == whole.longest_minutes
    assert 7 == len(whole.windows)


@pytest.mark.parametrize(
    "text",
    [
        "mon",
        "mon 09:00",
        "monday 09:00-10:00",
        "mon 09:00-09:00",
        "mon 10:00-09:00",
        "mon 09:15-10:00",
        "mon 09:00-24:30",
        "mon 9:00-10:00",
        "mon 09:00-٠١:00",
        "",
    ],
)
def test_what_is_no_window_is_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(BadWindow):
        Window.parse(text)


def test_people_may_write_a_window_their_way() -> None:
    """Capitals and blanks."""
    assert Window(Weekday.SUN, "23:30", "24:00") == Window.parse("  Sun 23:30 - 24:00 ")
