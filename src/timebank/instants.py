"""Instants and days: read what people write, in their own time zone, and write it one way.

An instant is an aware UTC datetime, a day a calendar date of a branch's zone. Local times that happen
twice or never are refused, not guessed. Reads the time zone data of Python's `zoneinfo` (the system's, or
the tzdata package), and nothing else; never the clock.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from timebank.errors import (
    AmbiguousInstant,
    DayBeyondRange,
    MissingInstant,
    NaiveInstant,
    NotADay,
    NotAnInstant,
    UnknownZone,
)
from timebank.minutes import SPACES

YEAR_MIN: Final = 1970
YEAR_MAX: Final = 2200
"""Days and instants lie in these years, both included; for instants, in UTC."""
TEXT_MAX: Final = 60
"""Longest text that is looked at, for days, instants and zone names alike."""

DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
# Offsets in use since 1970 lie within fourteen hours; a larger one is a slip of the finger.
INSTANT: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt ](?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?)?"
    r"(?: ?(?:[Zz]|(?P<sign>[+-])(?P<offset_hours>0\d|1[0-4]):(?P<offset_minutes>[0-5]\d)))?",
    re.ASCII,
)
FIELDS: Final = ("year", "month", "day", "hour", "minute", "second")
ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
# Files beside the zones of the database: the machine's own zone, and copies that count leap seconds.
NOT_ZONES: Final = frozenset({"localtime", "posixrules", "posix", "right", "Factory"})

Day = TypeVar("Day", bound=date)


def parse_day(text: str) -> date:
    """Read a calendar day: 2026-03-01.

    Raises:
        NotADay: another form, or a day that the calendar does not have.
        DayBeyondRange: the year is outside `YEAR_MIN` to `YEAR_MAX`.
    """
    found = DAY.fullmatch(text.strip(SPACES)) if len(text) <= TEXT_MAX else None
    if found is None:
        raise NotADay
    try:
        day = date(*map(int, found.groups()))
    except ValueError:
        raise NotADay from None
    return in_years(day)


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """Read a date and time: 2026-03-01T14:00, or with a space for the T, seconds, an offset or Z.

    Without an offset it is the local time of `zone`; with one, `zone` plays no part. Fractions of a
    second have one to six digits.

    Returns:
        The instant, aware UTC.

    Raises:
        NotAnInstant: another form, or a date or time that does not exist anywhere.
        DayBeyondRange: the year, as written or in UTC, is outside `YEAR_MIN` to `YEAR_MAX`.
        AmbiguousInstant: clocks go back over that local time; names both offsets.
        MissingInstant: clocks go forward over that local time.
    """
    found = INSTANT.fullmatch(text.strip(SPACES)) if len(text) <= TEXT_MAX else None
    if found is None:
        raise NotAnInstant
    year, month, day, hour, minute, second = (int(found[name] or "0") for name in FIELDS)
    microsecond = int((found["fraction"] or "0").ljust(6, "0"))
    try:
        wall = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
    except ValueError:
        raise NotAnInstant from None
    in_years(wall)
    if found["sign"] is not None:
        offset = timedelta(hours=int(found["offset_hours"]), minutes=int(found["offset_minutes"]))
        return aware_utc(wall.replace(tzinfo=timezone(offset if found["sign"] == "+" else -offset)))
    if found[0].endswith(("Z", "z")):
        return wall.replace(tzinfo=UTC)
    return resolve(wall)


def resolve(wall: datetime) -> datetime:
    """Return the one instant, aware UTC, at which clocks in the zone of `wall` show it, whatever its fold.

    Raises:
        AmbiguousInstant, MissingInstant: there are two such instants, or none.
        DayBeyondRange: the year in UTC is outside `YEAR_MIN` to `YEAR_MAX`.
    """
    first, second = offset_of(wall.replace(fold=0)), offset_of(wall.replace(fold=1))
    if first == second:
        return aware_utc(wall)
    text = wall.replace(tzinfo=None).isoformat()
    # PEP 495: of a time that happens twice, fold 0 is the earlier and has the larger offset; in a gap,
    # fold 0 has the smaller one.
    if first > second:
        raise AmbiguousInstant(
            text=text, zone=wall.tzinfo, first=write_offset(first), second=write_offset(second)
        )
    raise MissingInstant(text=text, zone=wall.tzinfo)


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name such as Europe/Paris.

    Raises:
        UnknownZone: the database has no zone of that name.
    """
    is_name = len(name) <= TEXT_MAX and ZONE.fullmatch(name) is not None
    if not is_name or name.partition("/")[0] in NOT_ZONES:
        raise UnknownZone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A folder of the database ("Europe") or one of its tables ("tzdata.zi") is no zone either.
        raise UnknownZone from None


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day in `zone` at `instant` (aware).

    Raises:
        NaiveInstant: `instant` has no time zone.
        DayBeyondRange: the instant or the day is outside the years that are kept.
    """
    return in_years(aware_utc(instant).astimezone(zone)).date()


def aware_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC.

    Raises:
        NaiveInstant: `instant` has no time zone.
        DayBeyondRange: its year in UTC is outside `YEAR_MIN` to `YEAR_MAX`.
    """
    if instant.utcoffset() is None:
        raise NaiveInstant(text=instant.isoformat())
    try:
        return in_years(instant.astimezone(UTC))
    except OverflowError:
        raise DayBeyondRange(least=YEAR_MIN, most=YEAR_MAX) from None


def write_instant(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC: 2026-03-01T13:00:00Z; six decimals when they are not zero.

    Raises:
        NaiveInstant, DayBeyondRange: as `aware_utc`.
    """
    return aware_utc(instant).replace(tzinfo=None).isoformat() + "Z"


def write_offset(offset: timedelta) -> str:
    """Write an offset from UTC as people add it to a time: +02:00."""
    sign = "-" if offset < timedelta(0) else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    return f"{sign}{hours:02}:{minutes:02}"


def offset_of(instant: datetime) -> timedelta:
    """Return the offset from UTC of an instant that has a time zone."""
    offset = instant.utcoffset()
    assert offset is not None, "the instant has a time zone"
    return offset


def in_years(day: Day) -> Day:
    """Return `day` if its year lies from `YEAR_MIN` to `YEAR_MAX`.

    Raises:
        DayBeyondRange: it does not.
    """
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise DayBeyondRange(least=YEAR_MIN, most=YEAR_MAX)
    return day
