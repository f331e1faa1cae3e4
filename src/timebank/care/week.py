"""Weeks: when in an ordinary week, in half hours of the branch's own clock; no words, no dates.

Monday's first half hour is slot 0, Sunday's last one slot 335. A week says what clocks on the wall show, so
it means the same before and after they change; which instants it names in a given week is for others. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from timebank.errors import BadWindow

SLOT_MINUTES: Final = 30
DAY_SLOTS: Final = 48
WEEK_SLOTS: Final = 7 * DAY_SLOTS
HEX_DIGITS: Final = WEEK_SLOTS // 4
TIME: Final = re.compile(r"(?P<hour>[01][0-9]|2[0-4]):(?P<minute>00|30)", re.ASCII)
HEX: Final = re.compile(rf"[0-9a-f]{{{HEX_DIGITS}}}", re.ASCII)


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


DAYS: Final = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Window:
    """A time of one day, by the clock on the wall: `09:00` to `12:00`; it ends at `24:00` at the latest.

    Raises:
        BadWindow: no times on the half hour, or the first is not before the second.
    """

    day: Weekday
    starts: str
    ends: str

    def __post_init__(self) -> None:
        """Refuse what is no time of a day."""
        if not 0 <= slot_of(self.starts) < slot_of(self.ends) <= DAY_SLOTS:
            raise BadWindow

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a window as people write it: `mon 09:00-12:00`.

        Raises:
            BadWindow: it is none.
        """
        day, _, times = text.strip().lower().partition(" ")
        starts, _, ends = times.replace(" ", "").partition("-")
        if day not in DAYS:
            raise BadWindow
        return cls(Weekday(day), starts, ends)

    def __str__(self) -> str:
        """Write it so that `parse` reads it."""
        return f"{self.day} {self.starts}-{self.ends}"


@dataclass(frozen=True, slots=True)
class Week:
    """Which half hours of a week, as bits: slot 0 is the lowest."""

    bits: int

    def __post_init__(self) -> None:
        """See that a week has no more than its slots."""
        assert 0 <= self.bits < 1 << WEEK_SLOTS, "a week has 336 half hours"

    @classmethod
    def of(cls, windows: Iterable[Window]) -> Self:
        """Return the week that consists of windows, in any order; they may overlap."""
        bits = 0
        for window in windows:
            first = DAYS.index(window.day) * DAY_SLOTS
            starts, ends = slot_of(window.starts), slot_of(window.ends)
            bits |= (1 << first + ends) - (1 << first + starts)
        return cls(bits)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Read a week as it is stored, 84 hexadecimal digits; ours alone, so anything else is a bug."""
        assert HEX.fullmatch(text) is not None, "a week is stored as 84 hexadecimal digits"
        return cls(int(text, 16))

    def hex(self) -> str:
        """Write the week as it is stored: 84 hexadecimal digits, Sunday first."""
        return f"{self.bits:0{HEX_DIGITS}x}"

    @property
    def minutes(self) -> int:
        """How long all of it is."""
        return self.bits.bit_count() * SLOT_MINUTES

    @property
    def longest_minutes(self) -> int:
        """How long its longest stretch is; one that goes over midnight counts whole, Sunday's, too."""
        if self.bits == (1 << WEEK_SLOTS) - 1:
            return WEEK_SLOTS * SLOT_MINUTES
        longest, left = 0, self.bits
        while left:  # whatever is `n` slots long is gone after `n` turns
            around = left << 1 | left >> WEEK_SLOTS - 1
            left, longest = self.bits & left & around, longest + 1
        return longest * SLOT_MINUTES

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows it consists of, from Monday on: as few as possible, none over midnight."""
        found = []
        for number, day in enumerate(DAYS):
            bits = self.bits >> number * DAY_SLOTS & (1 << DAY_SLOTS) - 1
            slot = 0
            while bits >> slot:
                first = slot + _zeros(bits >> slot)
                slot = first + _zeros(~(bits >> first))
                found.append(Window(day, time_of(first), time_of(slot)))
        return tuple(found)


def slot_of(text: str) -> int:
    """Return the number of half hours from midnight to a time such as `09:30`; `24:00` is 48.

    Raises:
        BadWindow: it is no time on the half hour.
    """
    found = TIME.fullmatch(text)
    slot = int(found["hour"]) * 2 + (found["minute"] == "30") if found is not None else DAY_SLOTS + 1
    if slot > DAY_SLOTS:
        raise BadWindow
    return slot


def time_of(slot: int) -> str:
    """Return the time that `slot_of` reads as this slot."""
    return f"{slot // 2:02}:{slot % 2 * SLOT_MINUTES:02}"


def _zeros(bits: int) -> int:
    """Return how many of the lowest bits are 0."""
    return (bits & -bits).bit_length() - 1
