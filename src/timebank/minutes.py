"""Minutes: read the lengths of time that people write, and write them one way.

Owns the edge of I-15: text becomes a whole number of minutes by integer arithmetic, or is refused.
Pure; imports nothing but errors.
"""

import re
from typing import Final

from timebank.errors import MinutesOutOfRange, NotMinutes

MINUTES_MAX: Final = 100_000_000
"""Longest length of time that is read, about 190 years: the ledger's largest amount of one posting."""
TEXT_MAX: Final = 40
"""Longest text that is looked at; a longer one is not a length of time."""
SPACES: Final = " \u00a0\u202f"
"""Space, no-break space and narrow no-break space, which word processors put before a unit."""
MINUTES_PER_HOUR: Final = 60

GAP: Final = f"[{SPACES}]*"
# Two decimals are enough: an hour has 60 minutes, so whole minutes are twentieths of an hour at the finest.
# A third decimal is refused, which also keeps `1,500 h` from being read as an hour and a half.
FORMS: Final = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"(?P<minutes>\d+)(?:{GAP}min)?",
        r"(?P<hours>\d+):(?P<minutes>[0-5]\d)",
        rf"(?P<hours>\d+){GAP}h(?:{GAP}(?P<minutes>[0-5]\d))?",
        rf"(?P<hours>\d+){GAP}h{GAP}(?P<minutes>[0-5]?\d){GAP}min",
        rf"(?P<hours>\d+)[.,](?P<decimals>\d\d?){GAP}h",
        r"PT(?P<hours>\d+)H(?:(?P<minutes>[0-5]?\d)M)?",
        r"PT(?P<minutes>\d+)M",
    )
)


def parse_minutes(text: str, *, allow_zero: bool = False) -> int:
    """Read a length of time: 90, 90 min, 1:30, 1h, 1h30, 1 h 30 min, 1,5 h, 1.5h, PT1H30M or PT90M.

    A bare number is minutes. After hours, minutes run from 0 to 59 and have two digits unless `min` or `M`
    follows them. Units in either case; spaces around the text and before units; ASCII digits only.

    Returns:
        Minutes, from 1 (0 with `allow_zero`) to `MINUTES_MAX`, both included.

    Raises:
        NotMinutes: another form, or decimal hours that are not whole minutes.
        MinutesOutOfRange: outside these bounds.
    """
    return in_range(magnitude_of(text), least=0 if allow_zero else 1)


def parse_signed_minutes(text: str) -> int:
    """Read what `parse_minutes` reads, with an optional minus before it (hyphen or U+2212): for limits.

    Returns:
        Minutes, from -`MINUTES_MAX` to `MINUTES_MAX`, both included.

    Raises:
        NotMinutes: another form; a plus sign is one.
        MinutesOutOfRange: outside these bounds.
    """
    bare = text.strip(SPACES) if len(text) <= TEXT_MAX else text
    is_negative = bare.startswith(("-", "\u2212"))
    magnitude = magnitude_of(bare[1:] if is_negative else bare)
    return in_range(-magnitude if is_negative else magnitude, least=-MINUTES_MAX)


def format_minutes(minutes: int) -> str:
    """Write minutes for people: `45 min`, `1 h 30`, `-10 h 00`; from an hour on, minutes have two digits.

    `parse_signed_minutes` reads it back.
    """
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), MINUTES_PER_HOUR)
    return f"{sign}{hours} h {rest:02}" if hours else f"{sign}{rest} min"


def magnitude_of(text: str) -> int:
    """Return the minutes that `text` says, zero or more, without bounds.

    Raises:
        NotMinutes: no form fits.
    """
    if len(text) > TEXT_MAX:
        raise NotMinutes
    bare = text.strip(SPACES)
    for form in FORMS:
        found = form.fullmatch(bare)
        if found is not None:
            parts = found.groupdict(default="0")
            whole = int(parts.get("hours", "0")) * MINUTES_PER_HOUR + int(parts.get("minutes", "0"))
            return whole + minutes_of_decimals(parts.get("decimals", "0"))
    raise NotMinutes


def minutes_of_decimals(decimals: str) -> int:
    """Return the minutes in one or two decimals of an hour: "5" is 30, "25" is 15.

    Raises:
        NotMinutes: they are not whole minutes ("33").
    """
    minutes, rest = divmod(int(decimals.ljust(2, "0")) * MINUTES_PER_HOUR, 100)
    if rest:
        raise NotMinutes
    return minutes


def in_range(minutes: int, *, least: int) -> int:
    """Return `minutes` if it lies from `least` to `MINUTES_MAX`.

    Raises:
        MinutesOutOfRange: it does not.
    """
    if not least <= minutes <= MINUTES_MAX:
        raise MinutesOutOfRange(minutes=minutes, least=least, most=MINUTES_MAX)
    return minutes
