"""Rates: what a minute of help counts, as exact fractions by kind of help and by time (I-15). Pure.

A rate is written `2` or `8/7`, never as a decimal number: `1.143` is not a seventh. A band is written
`mon-fri 17:00-21:00 8/7`; one that ends before it begins runs over midnight, and belongs to the day on
which it begins. A minute that lies in no band, and a kind that has no rate, counts 1.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from timebank.errors import FaultCode, PolicyFault
from timebank.policy.sections import ENTRY, Metadata, Section, choice
from timebank.policy.specs import CODE_FORM, LISTED_MAX, Spec, shown
from timebank.policy.words import Combining, FractionMode

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 1440
WEEK_MINUTES: Final = 7 * DAY_MINUTES
PART_MOST: Final = 1000
"""Largest numerator and denominator of a rate."""
RATE_MOST: Final = 10
RATE: Final = re.compile(r"([1-9][0-9]{0,3})(?:/([1-9][0-9]{0,3}))?", re.ASCII)
KIND: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,39}) (\S+)", re.ASCII)
BAND: Final = re.compile(r"(\S+) ([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2}) (\S+)", re.ASCII)
RATE_FORM: Final = f"a whole number or a fraction such as 8/7, above 0, at most {RATE_MOST}"
KIND_FORM: Final = f'"CODE RATE", such as "body-care 2"; a code is {CODE_FORM}; a rate is {RATE_FORM}'
BAND_FORM: Final = (
    '"DAYS HH:MM-HH:MM RATE", such as "mon-fri 17:00-21:00 8/7"; days are mon, tue, wed, thu, fri, sat and'
    " sun, with - for to and , for and"
)


@dataclass(frozen=True, slots=True)
class KindRate:
    """What a minute of one kind of help counts."""

    kind: str
    rate: Fraction

    def __str__(self) -> str:
        """As the document writes it."""
        return f"{self.kind} {self.rate}"


@dataclass(frozen=True, slots=True)
class Band:
    """What a minute of one part of the week counts."""

    days: str
    """As written: `mon-fri`, `sat,sun`."""
    from_minute: int
    """Of the day, 0 to 1439."""
    until_minute: int
    """Of the day, 0 to 1440; not after `from_minute` where it runs over midnight."""
    rate: Fraction

    def __str__(self) -> str:
        """As the document writes it."""
        return f"{self.days} {_clock(self.from_minute)}-{_clock(self.until_minute)} {self.rate}"

    def minutes(self) -> Iterator[int]:
        """Return the minutes of the week that it covers, Monday 00:00 being 0."""
        over = DAY_MINUTES if self.until_minute <= self.from_minute else 0
        for day in _days(self.days):
            start = day * DAY_MINUTES
            for minute in range(start + self.from_minute, start + self.until_minute + over):
                yield minute % WEEK_MINUTES


def rate_of(text: str) -> Fraction | None:
    """Read a rate; None if it is none."""
    found = RATE.fullmatch(text)
    if found is None:
        return None
    above, below = int(found[1]), int(found[2] or 1)
    return Fraction(above, below) if max(above, below) <= PART_MOST and above <= RATE_MOST * below else None


def kind_rate_of(text: str) -> KindRate | None:
    """Read the rate of a kind; None if it is none."""
    found = KIND.fullmatch(text)
    rate = rate_of(found[2]) if found is not None else None
    return KindRate(found[1], rate) if found is not None and rate is not None else None


def band_of(text: str) -> Band | None:
    """Read a band; None if it is none."""
    found = BAND.fullmatch(text)
    if found is None:
        return None
    start, end = (int(found[at]) * 60 + int(found[at + 1]) for at in (2, 4))
    is_clock = int(found[3]) < 60 and int(found[5]) < 60 and start < DAY_MINUTES and end <= DAY_MINUTES
    rate = rate_of(found[6])
    if not is_clock or rate is None or not _days(found[1]) or start == end:
        return None
    return Band(found[1], start, end, rate)


def _days(text: str) -> tuple[int, ...]:
    """Read days of the week; none at all if the text is faulty or names one twice."""
    found: list[int] = []
    for item in text.split(","):
        first, _, last = item.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            return ()
        start, end = DAYS.index(first), DAYS.index(last or first)
        found += [day % len(DAYS) for day in range(start, end + 1 + (len(DAYS) if end < start else 0))]
    return tuple(found) if len(set(found)) == len(found) else ()


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates(Spec):
    """A list of rates: by kind, or by band of the week where `is_bands`."""

    is_bands: bool

    @property
    def expects(self) -> str:
        """The form of an item."""
        return f"a list of {BAND_FORM if self.is_bands else KIND_FORM}"

    def faults_in(self, key: str, raw: object) -> tuple[PolicyFault, ...]:
        """Refuse what is no list of rates, and what two items say about the same kind or the same time."""
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            return self.must(key, FaultCode.WRONG_TYPE)
        if len(raw) > LISTED_MAX:
            text = f"lists {len(raw)} items, at most {LISTED_MAX} can be"
            return (PolicyFault(key=key, code=FaultCode.OUT_OF_RANGE, text=text),)
        form = BAND_FORM if self.is_bands else KIND_FORM
        wrong = tuple(
            PolicyFault(key=key, code=FaultCode.UNKNOWN_VALUE, text=f"{shown(item)} is not {form}")
            for item in raw
            if (band_of(item) if self.is_bands else kind_rate_of(item)) is None
        )
        return wrong or tuple(self._clashes(key, raw))

    def _clashes(self, key: str, raw: Iterable[str]) -> Iterator[PolicyFault]:
        said: dict[object, str] = {}
        for item in raw:
            first = next((said[each] for each in self._covered(item) if each in said), None)
            if first is not None:
                text = f"{shown(item)} and {shown(first)} overlap"
                yield PolicyFault(key=key, code=FaultCode.CONTRADICTION, text=text)
            said.update(dict.fromkeys(self._covered(item), item))

    def _covered(self, item: str) -> Iterable[object]:
        """Return what an item gives a rate to: minutes of the week, or a kind."""
        if not self.is_bands:
            return (item.partition(" ")[0],)
        band = band_of(item)
        assert band is not None, "judged before"
        return band.minutes()

    def value_of(self, raw: object) -> object:
        """Return a tuple, in the order of the document."""
        assert isinstance(raw, list), "the raw value has no faults"
        return tuple((band_of if self.is_bands else kind_rate_of)(item) for item in raw)

    def raw_of(self, value: object) -> object:
        """Return the list of texts."""
        return [str(item) for item in value] if isinstance(value, tuple) else value


def _rates(*, is_bands: bool, doc: str, source: str) -> Metadata:
    return {ENTRY: Rates(is_bands=is_bands, doc=doc, source=source)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRules(Section):
    """What a minute of help counts."""

    by_kind: tuple[KindRate, ...] = field(
        default=(),
        metadata=_rates(
            is_bands=False,
            doc="What a minute of a kind of help counts; other kinds count 1.",
            source="1: NALC, KISS; body care 2: Fureai Kippu, by Lietaer; body care 8/7: Setagaya 1995",
        ),
    )
    bands: tuple[Band, ...] = field(
        default=(),
        metadata=_rates(
            is_bands=True,
            doc="What a minute of a part of the week counts, by the branch's clock; a visit is split there.",
            source="1: NALC; outside 9:00 to 17:00 8/7: Setagaya 1995; more on weekends: Sweeney and Sweeney",
        ),
    )
    combine: Combining = field(
        default=Combining.SUM,
        metadata=choice(
            Combining,
            doc="Rate of the kind and rate of the time: what each adds to 1 adds up, or they multiply, or the"
            " higher one counts.",
            source="sum: Setagaya 1995, where 700 yen become 900 for care in the evening",
        ),
    )
    fraction: FractionMode = field(
        default=FractionMode.HALF_UP,
        metadata=choice(
            FractionMode,
            doc="A part of a minute that a rate leaves counts up from a half, always up, or not at all. Help"
            " counts at least a minute.",
            source="our choice",
        ),
    )

    def contradictions(self) -> tuple[PolicyFault, ...]:
        """Refuse two rates that come to nothing, or less, where they meet."""
        kinds, bands = [each.rate for each in self.by_kind], [each.rate for each in self.bands]
        if not kinds or not bands or combined(self.combine, min(kinds), min(bands)) > 0:
            return ()
        text = f"{min(kinds)} and {min(bands)} in bands add up to no more than nothing"
        return (PolicyFault(key="by_kind", code=FaultCode.CONTRADICTION, text=text, also=("bands",)),)


def combined(how: Combining, kind: Fraction, band: Fraction) -> Fraction:
    """Return the rate of a minute from the rate of the kind of help and that of the time."""
    if how is Combining.SUM:
        return kind + band - 1
    return kind * band if how is Combining.PRODUCT else max(kind, band)
