"""Times: weeks and dates brought together, whatever clocks do in between.

A week says what clocks show, a date which minutes there are. On the night when clocks go forward the half
hours that are skipped name no minute, and 01:30 to 03:30 is one hour; when they go back, the half hours that
come twice name twice as many. Sunday's last half hour is followed by Monday's first. The caller passes the
time zone. Pure.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from timebank.care.week import SLOT_MINUTES, WEEK_SLOTS, Week
from timebank.instants import in_years, offset_of
from timebank.matching.model import MINUTE, Dated, Span, Stretch, instant_of

WEEK_MINUTES: Final = WEEK_SLOTS * SLOT_MINUTES
ALL_SLOTS: Final = (1 << WEEK_SLOTS) - 1
FIRST_SHIFT_MIN: Final = 3 * 24 * 60
"""1970 began on a Thursday."""
LOOK_MINUTES: Final = 12 * 60
"""No zone changes its clocks twice in half a day."""

Run: TypeAlias = tuple[int, int]
"""From a minute to the one that it ends before; where they come in a row, in their order and apart."""


def dated(earliest_at: datetime, latest_at: datetime, zone: ZoneInfo) -> Dated:
    """Return the time between two instants (aware) as clocks in a zone show it, in whole minutes.

    Raises:
        NaiveInstant, DayBeyondRange: an instant has no time zone, or a year that is not kept.
        SpanReversed: there is no whole minute between them.
    """
    span = Span.between(earliest_at, latest_at)
    found: list[Stretch] = []
    starts = span.starts_min
    shift = _shift_at(starts, zone)
    at = starts
    while at < span.ends_min:
        following = min(at + LOOK_MINUTES, span.ends_min)
        if (
            _shift_at(following, zone) != shift
            and (changes := _change_in(at, following, zone)) < span.ends_min
        ):
            found.append(Stretch(Span(starts, changes), shift))
            starts, shift = changes, _shift_at(changes, zone)
        at = following
    return Dated((*found, Stretch(Span(starts, span.ends_min), shift)))


def not_before(when: Dated, minute: int) -> Dated | None:
    """Return what is left of a time from a minute on; None if nothing is."""
    left = [
        Stretch(Span(max(each.span.starts_min, minute), each.span.ends_min), each.shift_min)
        for each in when.stretches
        if each.span.ends_min > minute
    ]
    return Dated(tuple(left)) if left else None


@lru_cache(maxsize=4_096)
def day_of_zone(day: date, zone: ZoneInfo) -> Span:
    """Return the minutes of a calendar day: 23 or 25 hours when clocks are changed.

    Raises:
        DayBeyondRange: the year is not kept.
    """
    starts, ends = (
        datetime.combine(in_years(each), time(), zone).astimezone(UTC) for each in (day, day + timedelta(1))
    )
    return Span.between(starts, ends)


def moved(week: Week, zone: ZoneInfo, to: ZoneInfo, *, at: datetime) -> Week:
    """Return a week by the clock of one zone as clocks in another show it, as they stand at an instant.

    Between zones that are a quarter of an hour apart, half hours that are only half in the week are left out.
    """
    later = offset_of(at.astimezone(to)) - offset_of(at.astimezone(zone))
    slots, rest = divmod(later // MINUTE, SLOT_MINUTES)
    bits = rotated(week.bits, -slots)
    return Week(bits & rotated(bits, -1) if rest else bits)


def slots_for(minutes: int) -> int:
    """Return how many half hours hold some minutes."""
    return -(-minutes // SLOT_MINUTES)


def rotated(bits: int, slots: int) -> int:
    """Return bits of a week moved towards its beginning, round the week: bit `slots` becomes bit 0."""
    slots %= WEEK_SLOTS
    return bits >> slots | bits << WEEK_SLOTS - slots & ALL_SLOTS


def starts_in(bits: int, slots: int) -> int:
    """Return the half hours from which so many follow one another in a week, round it; one at least."""
    have = 1
    while have < slots and bits:
        more = min(have, slots - have)
        bits &= rotated(bits, more)
        have += more
    return bits


def widened(bits: int, slots: int) -> int:
    """Return the half hours of a week and so many on either side of each of them."""
    return ALL_SLOTS & ~starts_in(ALL_SLOTS & ~rotated(bits, -slots), 2 * slots + 1) if slots else bits


def runs_of(bits: int, when: Dated) -> Iterator[Run]:
    """Yield the minutes of a time at which clocks show half hours of a week, as long as they can be."""
    starts = ends = -1
    for stretch in when.stretches:
        for one, other in _runs_in(bits, stretch):
            if one != ends:
                if starts < ends:
                    yield starts, ends
                starts = one
            ends = other
    if starts < ends:
        yield starts, ends


def joined(runs: Iterable[Run], within: Span) -> Iterator[Run]:
    """Yield what runs in any order cover of a time; they may overlap."""
    starts = ends = within.starts_min
    for one, other in sorted(runs):
        if one > ends:
            if starts < ends:
                yield starts, ends
            starts = ends = min(one, within.ends_min)
        ends = max(ends, min(other, within.ends_min))
    if starts < ends:
        yield starts, ends


def without(runs: Iterable[Run], blocked: Iterable[Run]) -> Iterator[Run]:
    """Yield what is left of runs; what is blocked comes in any order and may overlap."""
    ordered = sorted(blocked)
    for starts, ends in runs:
        left = starts
        for one, other in ordered:
            if one >= ends:
                break
            if other > left:
                if left < one:
                    yield left, one
                left = other
        if left < ends:
            yield left, ends


def first_room(runs: Iterable[Run], minutes: int) -> int | None:
    """Return where the first run begins that is long enough; None if none is."""
    return next((starts for starts, ends in runs if ends - starts >= minutes), None)


def _runs_in(bits: int, stretch: Stretch) -> Iterator[Run]:
    at, ends = stretch.span.starts_min, stretch.span.ends_min
    if bits == ALL_SLOTS:
        yield at, ends
        return
    if not bits:
        return
    slot, into = divmod((at + stretch.shift_min) % WEEK_MINUTES, SLOT_MINUTES)
    at -= into  # the beginning of the half hour that clocks are in
    while at < ends:
        ahead = rotated(bits, slot)
        skip = _zeros(ahead)
        count = _zeros(~(ahead >> skip))
        one, other = at + skip * SLOT_MINUTES, at + (skip + count) * SLOT_MINUTES
        if (one := max(one, stretch.span.starts_min)) < (other := min(other, ends)):
            yield one, other
        at += (skip + count) * SLOT_MINUTES
        slot += skip + count


def _zeros(bits: int) -> int:
    """Return how many of the lowest bits are 0."""
    return (bits & -bits).bit_length() - 1


def _shift_at(minute: int, zone: ZoneInfo) -> int:
    return (offset_of(instant_of(minute).astimezone(zone)) // MINUTE + FIRST_SHIFT_MIN) % WEEK_MINUTES


def _change_in(before: int, after: int, zone: ZoneInfo) -> int:
    """Return the first minute of the new time, between one of the old and one of the new."""
    old = _shift_at(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _shift_at(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after
