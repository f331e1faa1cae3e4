"""Cells: one value of a foreign file, read or refused with a sentence that does not quote it.

Lengths of time and instants are those of `timebank.minutes` and `timebank.instants`; here are the other
ways in which spreadsheets and other systems write them.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from timebank.care.member import TEXTS_MOST
from timebank.errors import (
    AmbiguousInstant,
    DayBeyondRange,
    MinutesOutOfRange,
    MissingInstant,
    NotAnInstant,
    NotMinutes,
)
from timebank.instants import YEAR_MAX, YEAR_MIN, day_of, in_years, parse_instant
from timebank.minutes import MINUTES_MAX, parse_minutes, parse_signed_minutes
from timebank.reports.importers.model import FaultCode, Party, PartyKind, RowFault
from timebank.reports.importers.reader import Row

KEY_CHARS_MAX: Final = 200
"""Longest key of a party, and longest identifier of an exchange."""
NAME_CHARS_MAX: Final = 200
"""Longest name, address or phone number of a member."""
DIGITS_MAX: Final = 12
"""Most digits of a whole number, which keeps arithmetic far from any bound."""

Value = TypeVar("Value")


class DateOrder(StrEnum):
    """How to read 04/05/2023."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "us"


class Refused(Exception):
    """A cell that cannot be read; `RowReader` turns it into the row's fault."""

    def __init__(self, code: FaultCode, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class RowReader:
    """Reads the cells of one row and collects what is wrong with them."""

    def __init__(self, row: Row, header: Sequence[str]) -> None:
        """Read `row`, whose columns have the titles in `header`."""
        self.row = row
        self.header = header
        self.faults: list[RowFault] = []

    def read(self, column: int, parse: Callable[[str], Value], *, instead: Value) -> Value:
        """Return what `parse` makes of a cell; `instead`, with a fault noted, when it refuses.

        Once there are faults, what was read is not used.
        """
        try:
            return parse(self.row.cells[column])
        except Refused as refused:
            self.note(column, refused.code, refused.reason)
            return instead

    def note(self, column: int, code: FaultCode, reason: str) -> None:
        """Add a fault of this row at `column`."""
        self.faults.append(RowFault(line=self.row.line, column=self.header[column], code=code, reason=reason))


class FirstLines:
    """Remembers on which line each key of a file stood first."""

    def __init__(self) -> None:
        """Know no key yet."""
        # By 64-bit hash: a million identifiers would take three times the room.
        self.lines: dict[int, int] = {}

    def once(self, key: str, line: int) -> str:
        """Return `key` when it comes for the first time.

        Raises:
            Refused: it stood on an earlier line.
        """
        earlier = self.lines.setdefault(hash(key), line)
        if earlier != line:
            raise Refused(FaultCode.REPEATED_KEY, f"the same as on line {earlier}")
        return key


NOBODY: Final = Party(kind=PartyKind.MEMBER, key="")
"""Stands in for a party that could not be read."""
LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
"""Stands in for an instant that could not be read."""


# --- Lengths of time --------------------------------------------------------------------------------

BARE_DECIMAL: Final = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
SIGNED_DECIMAL: Final = re.compile(r"[-\u2212]?\d+(?:[.,]\d+)?", re.ASCII)
# Spreadsheets add seconds to 1:30 when they save it.
CLOCK_WITH_SECONDS: Final = re.compile(r"([-\u2212]?\d+:[0-5]\d):00(?:[.,]0+)?", re.ASCII)
HOURS_AND_MINUTES: Final = re.compile(r"0|\d{1,9}:[0-5]\d(?::00)?", re.ASCII)
POINT_DECIMAL: Final = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,12}))?", re.ASCII)
WHOLE_SECONDS: Final = re.compile(r"(-?)(\d{1,12})", re.ASCII)

DURATION_EXPECTED: Final = "expected a length of time with its unit: 1:30, 1h30, 1,5 h or 90 min"
HOURS_EXPECTED: Final = "expected hours: 1,5 or 1.5 or 1:30 or 1h30"
MINUTES_EXPECTED: Final = "expected minutes: 90 or 1:30 or 1h30"
QUANTITY_EXPECTED: Final = "expected hours and minutes: 1:30"
NOT_WHOLE: Final = "not a whole number of minutes"


def length_of(text: str, *, read: Callable[[str], int], expected: str) -> int:
    """Read a length of time with `read`, one of the parsers of `timebank.minutes`.

    Raises:
        Refused: it is none, with `expected` as the reason, or beyond what can be kept.
    """
    clock = CLOCK_WITH_SECONDS.fullmatch(text)
    try:
        return read(text if clock is None else clock[1])
    except NotMinutes:
        raise Refused(FaultCode.BAD_DURATION, expected) from None
    except MinutesOutOfRange:
        raise Refused(FaultCode.DURATION_BEYOND_RANGE, f"beyond {MINUTES_MAX} minutes") from None


def unsigned(text: str) -> int:
    """Read a length of time, zero included."""
    return parse_minutes(text, allow_zero=True)


@lru_cache(maxsize=1_000)
def quantity(text: str) -> int:
    """Read hours and minutes as TimeOverflow writes them: 1:30, or 0. The same few come again and again."""
    if HOURS_AND_MINUTES.fullmatch(text.strip()) is None:
        raise Refused(FaultCode.BAD_DURATION if text.strip() else FaultCode.MISSING, QUANTITY_EXPECTED)
    return length_of(text.strip(), read=unsigned, expected=QUANTITY_EXPECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How a column of lengths of time is read: what a bare number means, and whether it may be negative."""

    bare_hours: bool | None
    """A bare number is hours (True), minutes (False), or refused as ambiguous (None)."""
    is_signed: bool = False

    def __call__(self, text: str) -> int:
        """Read a cell as minutes; zero is allowed.

        Raises:
            Refused: empty, not a length of time, without a unit where one is needed, or out of range.
        """
        bare = text.strip()
        if not bare:
            raise Refused(FaultCode.MISSING, "is empty")
        expected = self.expected
        read = parse_signed_minutes if self.is_signed else unsigned
        number = (SIGNED_DECIMAL if self.is_signed else BARE_DECIMAL).fullmatch(bare)
        if number is None:
            return length_of(bare, read=read, expected=expected)
        if self.bare_hours is None:
            raise Refused(FaultCode.BAD_DURATION, expected)
        if not self.bare_hours:
            return length_of(bare, read=read, expected=expected)
        try:
            return length_of(f"{bare} h", read=read, expected=expected)
        except Refused as refused:
            if refused.code is FaultCode.BAD_DURATION:
                raise Refused(
                    FaultCode.NOT_WHOLE_MINUTES, f"{NOT_WHOLE}, or more than two decimals"
                ) from None
            raise

    @property
    def expected(self) -> str:
        """Say how to write a cell of this column."""
        return {None: DURATION_EXPECTED, True: HOURS_EXPECTED, False: MINUTES_EXPECTED}[self.bare_hours]


def exact_hours(text: str) -> int:
    """Read decimal hours with a point as minutes, exactly; a minus is allowed.

    Raises:
        Refused: not such a number, not whole minutes, or beyond what can be kept.
    """
    found = POINT_DECIMAL.fullmatch(text.strip())
    if found is None:
        raise Refused(FaultCode.BAD_NUMBER, "expected hours with a decimal point: 1.5")
    decimals = found[3] or ""
    scale = 10 ** len(decimals)
    minutes, rest = divmod(int(found[2] + decimals) * 60, scale)
    if rest:
        raise Refused(FaultCode.NOT_WHOLE_MINUTES, NOT_WHOLE)
    return kept(-minutes if found[1] else minutes)


def exact_seconds(text: str) -> int:
    """Read whole seconds as minutes; a minus is allowed.

    Raises:
        Refused: not such a number, not whole minutes, or beyond what can be kept.
    """
    found = WHOLE_SECONDS.fullmatch(text.strip())
    if found is None:
        raise Refused(FaultCode.BAD_NUMBER, "expected whole seconds: 5400")
    minutes, rest = divmod(int(found[2]), 60)
    if rest:
        raise Refused(FaultCode.NOT_WHOLE_MINUTES, NOT_WHOLE)
    return kept(-minutes if found[1] else minutes)


def kept(minutes: int) -> int:
    """Return `minutes` if they can be kept.

    Raises:
        Refused: they are beyond `MINUTES_MAX`.
    """
    if abs(minutes) > MINUTES_MAX:
        raise Refused(FaultCode.DURATION_BEYOND_RANGE, f"beyond {MINUTES_MAX} minutes")
    return minutes


# --- Instants and days ------------------------------------------------------------------------------

MOMENT: Final = re.compile(
    r"(?:(?P<year>\d{4})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)"
    r"|(?P<first>\d\d?)[-/.](?P<second>\d\d?)[-/.](?P<last>\d{4}))"
    r"(?:(?:[Tt,]| ) ?(?P<hour>\d\d?)[:h](?P<minute>\d\d)"
    r"(?::(?P<seconds>\d\d)(?:[.,](?P<fraction>\d{1,6})\d{0,3})?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r" ?(?P<zone>Z|z|UTC|GMT|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d[ T](?:[01]\d|2[0-3]):\d\d:\d\d)(?:\.0+)?(?: UTC|Z)", re.ASCII)
NOON: Final = 12
MONTHS: Final = 12
DATE_EXPECTED: Final = "expected a date: 2023-05-04 or 04/05/2023, with or without a time"
TIME_EXPECTED: Final = "expected a date and time: 2023-05-04 10:11:12 UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Reads dates and times in one zone, with one order of day and month.

    A date alone means noon in the zone: noon exists and happens once on every day of every zone (clocks
    change at night), and it is the same calendar day in UTC nearly everywhere. Midnight is neither.
    """

    zone: ZoneInfo
    order: DateOrder = DateOrder.DAY_FIRST
    needs_time: bool = False

    def __call__(self, text: str) -> datetime:
        """Read a cell as an instant, aware UTC.

        Raises:
            Refused: empty, not a date, the other order, beyond the years that are kept, or a local time
                that happens twice or never.
        """
        stamp = STAMP.fullmatch(text)
        if stamp is not None:
            # Nearly all of what other systems export; should it be refused, the rest says why.
            with suppress(ValueError, DayBeyondRange):
                return in_years(datetime.fromisoformat(f"{stamp[1]}+00:00"))
        found = MOMENT.fullmatch(text.strip())
        if found is None or (self.needs_time and found["hour"] is None):
            code = FaultCode.BAD_DATE if text.strip() else FaultCode.MISSING
            raise Refused(code, TIME_EXPECTED if self.needs_time else DATE_EXPECTED)
        iso = f"{self.day_in(found)}T{time_in(found)}{offset_in(found['zone'])}"
        try:
            return parse_instant(iso, self.zone)
        except NotAnInstant:
            raise Refused(FaultCode.BAD_DATE, "no such day or time in the calendar") from None
        except DayBeyondRange:
            raise Refused(FaultCode.DATE_BEYOND_RANGE, f"before {YEAR_MIN} or after {YEAR_MAX}") from None
        except AmbiguousInstant:
            reason = "clocks go back over that time, it happens twice: add the offset, such as +02:00"
            raise Refused(FaultCode.AMBIGUOUS_TIME, reason) from None
        except MissingInstant:
            raise Refused(
                FaultCode.MISSING_TIME, "clocks go forward over that time, it never happens"
            ) from None

    def optional_day(self, text: str) -> date | None:
        """Read a cell as a calendar day of the zone; None if it is empty.

        Raises:
            Refused: as for an instant, unless empty.
        """
        return day_of(self(text), self.zone) if text.strip() else None

    def day_in(self, found: re.Match[str]) -> str:
        """Write the day that was found as 2023-05-04.

        Raises:
            Refused: it fits the other order of day and month only.
        """
        if found["year"] is not None:
            return f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}"
        day, month = found["first"], found["second"]
        if self.order is DateOrder.MONTH_FIRST:
            day, month = month, day
        if int(month) > MONTHS >= int(day):
            is_us = self.order is DateOrder.MONTH_FIRST
            reason = (
                "the day comes first here: read the file without '--dates us'"
                if is_us
                else "the month comes first here: read the file with '--dates us'"
            )
            raise Refused(FaultCode.DATE_ORDER, reason)
        return f"{found['last']}-{month:0>2}-{day:0>2}"


def time_in(found: re.Match[str]) -> str:
    """Write the time that was found as 10:11:12.000000; noon if there is none."""
    if found["hour"] is None:
        return f"{NOON}:00:00"
    hour = int(found["hour"])
    if found["half"] is not None and 1 <= hour <= NOON:
        hour = hour % NOON + (NOON if found["half"] in "Pp" else 0)
    elif found["half"] is not None:
        raise Refused(FaultCode.BAD_DATE, "no such day or time in the calendar")
    return f"{hour:02}:{found['minute']}:{found['seconds'] or '00'}.{found['fraction'] or '0'}"


def offset_in(zone: str | None) -> str:
    """Write an offset as instants have it: Z, +02:00, or nothing."""
    if zone is None:
        return ""
    if zone[0] not in "+-":
        return "Z"
    return f"{zone[:3]}:{zone[-2:]}"


# --- Text -------------------------------------------------------------------------------------------


def text_of(cell: str) -> str:
    """Return free text as it is kept: composed (NFC), without spaces around it."""
    return unicodedata.normalize("NFC", cell.strip())


def line_of(cell: str) -> str:
    """Return text that belongs on one line: composed, runs of spaces and line ends as one space.

    Text of which nothing can be seen, such as a zero-width space, is none.
    """
    line = unicodedata.normalize("NFC", " ".join(cell.split()))
    is_visible = any(unicodedata.category(letter)[0] not in "CZ" for letter in line)
    return line if is_visible else ""


def key_of(cell: str) -> str:
    """Read a key or an identifier: it may not be empty.

    Raises:
        Refused: it is empty or too long.
    """
    key = line_of(cell)
    if not key:
        raise Refused(FaultCode.MISSING, "is empty")
    if len(key) > KEY_CHARS_MAX:
        raise Refused(FaultCode.CELL_TOO_LONG, f"at most {KEY_CHARS_MAX} characters")
    return key


def optional_line(cell: str) -> str:
    """Read a name or a language, which may be empty.

    Raises:
        Refused: it is too long.
    """
    line = line_of(cell)
    if len(line) > NAME_CHARS_MAX:
        raise Refused(FaultCode.CELL_TOO_LONG, f"at most {NAME_CHARS_MAX} characters")
    return line


def phone_of(cell: str) -> str:
    """Read a phone number, which may be empty.

    Raises:
        Refused: it is too long to be kept.
    """
    line = line_of(cell)
    if len(line) > TEXTS_MOST["phone"]:
        raise Refused(FaultCode.CELL_TOO_LONG, f"at most {TEXTS_MOST['phone']} characters")
    return line


def email_of(cell: str) -> str:
    """Read an e-mail address, which may be empty.

    Raises:
        Refused: it has no @ between two parts, or a space.
    """
    address = optional_line(cell)
    local, _, host = address.rpartition("@")
    if address and (not local or not host or " " in address):
        raise Refused(FaultCode.BAD_EMAIL, "expected an e-mail address, or nothing")
    return address


def name_of(cell: str) -> str:
    """Read the name of a member, which may not be empty.

    Raises:
        Refused: it is empty or too long.
    """
    name = optional_line(cell)
    if not name:
        raise Refused(FaultCode.MISSING, "is empty")
    return name
