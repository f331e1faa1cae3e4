"""What comes from outside the books: how likely people are to die at an age, and who was born when. Pure.

Years of birth are not kept by the bank. Whoever runs a branch may hand them in for one report, as a file with
a reference and a year on each line; they are used and forgotten. A life table of one's own country is handed
in likewise; without one, the table below is used and named in the report.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from timebank.errors import NotALifeTable, NotBirthYears
from timebank.ids import REFERENCE

MILLION: Final = 1_000_000
OLDEST: Final = 119
"""Nobody is taken to grow older: at this age everybody dies within the year."""
FIRST_YEAR: Final = 1850
SOURCE: Final = (
    "United States Social Security Administration, period life table 2022 (2025 Trustees Report),"
    " mean of both sexes at every fifth age, straight lines between them"
)
"""A public table of a large country; use one of your own where you can."""
FIFTH_AGES: Final = {
    20: 898,
    25: 1_237,
    30: 1_660,
    35: 2_058,
    40: 2_578,
    45: 3_264,
    50: 4_536,
    55: 6_694,
    60: 10_058,
    65: 14_458,
    70: 20_426,
    75: 31_534,
    80: 52_408,
    85: 88_683,
    90: 152_755,
    95: 252_744,
    100: 367_322,
    105: 487_462,
    110: 636_599,
    115: 827_531,
    119: 1_000_000,
}
"""Of a million people of an age, how many die before the next birthday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeTable:
    """How likely people are to die within a year, by age."""

    source: str
    per_million: Mapping[int, int]
    """At some ages, `OLDEST` among them; straight lines between them."""

    def dying(self, age: int) -> int:
        """Return how many of a million people of an age die within a year."""
        if age in self.per_million:
            return self.per_million[age]
        younger = max((each for each in self.per_million if each < age), default=None)
        older = min((each for each in self.per_million if each > age), default=None)
        if older is None:
            return MILLION
        if younger is None:
            return self.per_million[older]
        low, high = self.per_million[younger], self.per_million[older]
        return low + (high - low) * (age - younger) // (older - younger)


USUAL: Final = LifeTable(source=SOURCE, per_million=FIFTH_AGES)


def read_life_table(lines: Iterable[str], *, source: str) -> LifeTable:
    """Read a life table: an age and a probability of dying within the year on each line, with a comma.

    Args:
        lines: CSV; a line of titles may come first.
        source: whose table it is, for the report.

    Raises:
        NotALifeTable: a line is none of that, an age comes twice, or there is no line.
    """
    found: dict[int, int] = {}
    for number, row in enumerate(csv.reader(lines), 1):
        if number == 1 and not _is_number(row[0] if row else ""):
            continue
        if len(row) != 2 or not _is_number(row[0]) or (per_million := _per_million(row[1])) is None:
            raise NotALifeTable(line=number)
        age = int(row[0])
        if age in found or age > OLDEST:
            raise NotALifeTable(line=number)
        found[age] = per_million
    if not found:
        raise NotALifeTable(line=1)
    return LifeTable(source=source, per_million={**found, OLDEST: MILLION})


def read_birth_years(lines: Iterable[str], *, this_year: int) -> dict[str, int]:
    """Read who was born when: a member's reference and a year on each line, with a comma.

    Args:
        lines: CSV; a line of titles may come first.
        this_year: nobody was born later.

    Raises:
        NotBirthYears: a line is none of that, or names somebody again.
    """
    found: dict[str, int] = {}
    for number, row in enumerate(csv.reader(lines), 1):
        if number == 1 and row and not _is_number(row[-1]):
            continue
        is_one = len(row) == 2 and REFERENCE.fullmatch(row[0].strip()) and _is_number(row[1])
        if not is_one or row[0].strip() in found or not FIRST_YEAR <= int(row[1]) <= this_year:
            raise NotBirthYears(line=number)
        found[row[0].strip()] = int(row[1])
    return found


def _is_number(text: str) -> bool:
    plain = text.strip()
    return plain.isascii() and plain.isdigit() and len(plain) <= 4


def _per_million(text: str) -> int | None:
    """Read a probability such as 0.0123 as whole millionths, half up; None if it is none."""
    whole, _, decimals = text.strip().partition(".")
    plain = whole + decimals
    if not (plain.isascii() and plain.isdigit()) or whole not in {"0", "1"} or len(decimals) > 12:
        return None
    scaled = (int(plain) * MILLION * 2 + 10 ** len(decimals)) // (2 * 10 ** len(decimals))
    return scaled if scaled <= MILLION else None
