"""The table of `make bench`: what each row promises, what it measured, and whether that is enough.

Pure: no clock, no files. A row is a ratio of medians, ours against a peer or a ceiling of the same run, or
a figure of ours alone. A row whose peer could not be had does not count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median


class Better(Enum):
    """Which way a row's value should go."""

    HIGHER = "at least"
    LOWER = "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise: its name for `ROWS=…`, what is compared, and how far it should go."""

    name: str
    work: str
    against: str
    floor: float
    aim: float
    better: Better = Better.HIGHER
    measures: str
    """What exactly is measured, for readers of the document."""
    if_missed: str = ""
    """Why the aim is missed, where it is known to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the runs of a row gave, in the order of the runs.

    Invariants: as many runs of ours as of the other, unless there is no other.
    """

    ours: Sequence[float]
    other: Sequence[float] = ()
    unit: str
    """Of each figure: `/s`, `s`, `ms`, `MiB`."""
    is_other_over_ours: bool = False
    """The ratio of times, said as a speed: the other's time by ours."""
    note: str = ""

    @property
    def value(self) -> float:
        """The ratio of the medians, or the median of ours where there is nothing to compare with."""
        mine = median(self.ours)
        if not self.other:
            return mine
        theirs = median(self.other)
        return theirs / mine if self.is_other_over_ours else mine / theirs


@dataclass(frozen=True, slots=True)
class Missing:
    """A row that was not measured."""

    why: str
    counts: bool
    """Whether it counts as a floor that was not met: our failure does, a peer that cannot be had does not."""


@dataclass(frozen=True, slots=True)
class Result:
    """A row with what became of it."""

    row: Row
    outcome: Measured | Missing

    @property
    def counts(self) -> bool:
        """Whether the row is one of the M of `N of M floors met`."""
        return isinstance(self.outcome, Measured) or self.outcome.counts

    @property
    def is_met(self) -> bool:
        """Whether the floor is met; reaching it is enough."""
        return self._reaches(self.row.floor)

    @property
    def is_aim_met(self) -> bool:
        """Whether the aim is met, too."""
        return self._reaches(self.row.aim)

    def _reaches(self, level: float) -> bool:
        if isinstance(self.outcome, Missing):
            return False
        if self.row.better is Better.HIGHER:
            return self.outcome.value >= level
        return self.outcome.value <= level


def closing_line(results: Iterable[Result]) -> str:
    """Return the last line of a run."""
    counted = [result for result in results if result.counts]
    return f"{sum(result.is_met for result in counted)} of {len(counted)} floors met"


def is_all_met(results: Iterable[Result]) -> bool:
    """Tell whether every floor that counts is met."""
    return all(result.is_met for result in results if result.counts)


HEADINGS = ("row", "work", "against", "ours", "the other", "value", "floor", "aim", "")


def markdown_of(results: Iterable[Result]) -> str:
    """Return the table in Markdown, with aligned columns, a line for each row."""
    lines = [HEADINGS, *(_cells(result) for result in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    rule = tuple("-" * max(3, width) for width in widths)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (lines[0], rule, *lines[1:])
    )


def _cells(result: Result) -> tuple[str, ...]:
    row = result.row
    outcome = result.outcome
    unit = outcome.unit if isinstance(outcome, Measured) and not outcome.other else "×"
    levels = [
        f"{'≤ ' if row.better is Better.LOWER else ''}{number(level)}" for level in (row.floor, row.aim)
    ]
    if isinstance(outcome, Missing):
        return (row.name, row.work, row.against, "–", "–", f"not measured: {outcome.why}", *levels, "–")
    return (
        row.name,
        row.work,
        row.against,
        quantity(median(outcome.ours), outcome.unit),
        quantity(median(outcome.other), outcome.unit) if outcome.other else "–",
        f"{number(outcome.value)} {unit}",
        *levels,
        verdict(result),
    )


def verdict(result: Result) -> str:
    """Say in a word how a measured row stands."""
    if result.is_aim_met:
        return "aim"
    return "floor" if result.is_met else "MISSED"


def number(value: float) -> str:
    """Write a ratio or a level: three figures, no more decimals than they need."""
    if value >= 100:
        return f"{value:,.0f}"
    text = f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def quantity(value: float, unit: str) -> str:
    """Write a measured figure with its unit."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{unit if unit.startswith('/') else ' ' + unit}"
