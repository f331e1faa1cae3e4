"""The years to come, drawn many times over: what of today's promise is asked for, and can be given. Pure.

Chance comes in as an argument, so the same seed gives the same figures. What is assumed stands in
`Assumptions`, and in the report beside the figures. The promise looked at is today's: hours that helpers earn
in later years are their own story. In every year, in this order:

    1. people die, by the life table, where their age is known; what they are owed lapses (it goes to a fund);
    2. helpers stop, and some are replaced by others who give as much;
    3. members ask: from the age of care on in equal parts over some years, before that at a yearly rate;
    4. helpers give what they gave in the last twelve months, more or less; what cannot be met stays owed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from math import sqrt
from typing import Final

from timebank.reports.solvency.figures import Holder
from timebank.reports.solvency.tables import MILLION, OLDEST, USUAL, LifeTable

FEW: Final = 16
"""Up to so many are expected: their number is drawn exactly; of more, by the normal likeness of it."""
PERMILLE: Final = 1_000
HUNDRED: Final = 100
LOW, MIDDLE, HIGH = 5, 50, 95
"""The percentiles that are told."""

Draw = Callable[[], float]
"""Gives a number from 0 up to 1, 1 not included, as `random.Random(seed).random` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What a projection takes for granted; percentages are whole numbers."""

    years: int = 10
    runs: int = 400
    stopping_percent: int = 10
    """Of helpers, every year, besides those who die."""
    replaced_percent: int = 100
    """Of helpers who stop or die."""
    asking_percent: int = 10
    """Of what they are owed, what members below the age of care ask for in a year."""
    care_age: int = 80
    """From then on members ask for what they are owed in equal parts; St. Gallen served people over 80."""
    care_years: int = 5
    swing_percent: int = 20
    """By so much at most a year lies above or below, in what is asked for and in what is given."""
    stopping_at_once: tuple[int, int] = (0, 1)
    """Before the first year: this part of the helpers stops, such as (1, 3), and nobody replaces them."""
    life_table: LifeTable = field(default=USUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What many draws came to: 5 % of them were at or below `low`, half at or below `middle`, 95 % `high`."""

    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearAhead:
    """One year: minutes asked for, that helpers can give, and that could not be met."""

    year: int
    """1 is the twelve months after the day of the report."""
    asked: Spread
    capacity: Spread
    unmet: Spread
    met_percent: int
    """Of the draws, how many met everything in this year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Many draws of the years to come, under one set of assumptions."""

    name: str
    assumptions: Assumptions
    years: tuple[YearAhead, ...]
    kept_percent: int
    """Of the draws, how many met everything in every year."""
    unmet: Spread
    """In the worst year of each draw: what was asked for and could not be given."""
    owed_after: Spread
    """What of today's promise is still owed at the end."""
    lapsed: Spread
    """What of it lapsed when members died."""


@dataclass(slots=True, kw_only=True)
class _Group:
    """People of one age in one draw."""

    age: int | None
    people: int
    helpers: int
    owed: int
    given: int
    part: int = 0
    """What they ask for in each year of care, once that has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    asked: list[int]
    capacity: list[int]
    unmet: list[int]
    owed_after: int
    lapsed: int


def stress_tests(usual: Assumptions) -> tuple[tuple[str, Assumptions], ...]:
    """Return the usual assumptions, and what is put to the test beside them, each with its name."""
    return (
        ("as assumed", usual),
        ("a third of the helpers stop", replace(usual, stopping_at_once=(1, 3))),
        ("nobody replaces a helper", replace(usual, replaced_percent=0)),
        ("twice as much is asked for", replace(usual, asking_percent=min(100, 2 * usual.asking_percent))),
    )


def project(name: str, holders: Sequence[Holder], assumed: Assumptions, draw: Draw) -> Projection:
    """Draw the years to come.

    Args:
        name: of the assumptions.
        holders: every member to whom something is owed, or who gave help within twelve months.
        assumed: what is taken for granted.
        draw: where chance comes from.
    """
    groups = _groups(holders)
    dying = tuple(map(assumed.life_table.dying, range(OLDEST + 1)))
    runs = [_run([replace(each) for each in groups], assumed, dying, draw) for _ in range(assumed.runs)]
    worst = [max(run.unmet, default=0) for run in runs]
    return Projection(
        name=name,
        assumptions=assumed,
        years=tuple(_year(number, runs) for number in range(assumed.years)),
        kept_percent=HUNDRED * worst.count(0) // len(runs),
        unmet=spread_of(worst),
        owed_after=spread_of([run.owed_after for run in runs]),
        lapsed=spread_of([run.lapsed for run in runs]),
    )


def spread_of(values: Sequence[int]) -> Spread:
    """Return the percentiles of at least one value, by the nearest rank."""
    ordered = sorted(values)
    low, middle, high = (
        ordered[-(-percent * len(ordered) // HUNDRED) - 1] for percent in (LOW, MIDDLE, HIGH)
    )
    return Spread(low=low, middle=middle, high=high)


def count_of(people: int, per_million: int, draw: Draw) -> int:
    """Return how many of some people something happens to, which happens to so many of a million.

    From one draw where few are expected: the distribution is added up until it passes the draw.
    """
    if people == 0 or per_million == 0:
        return 0
    if 2 * per_million > MILLION:
        return people - count_of(people, MILLION - per_million, draw)
    chance = per_million / MILLION
    mean = people * chance
    if mean > FEW:
        normal = (draw() + draw() + draw() + draw() - 2) * sqrt(3)
        return min(people, max(0, round(mean + sqrt(mean * (1 - chance)) * normal)))
    left, count, odds = draw(), 0, chance / (1 - chance)
    likely = (1 - chance) ** people
    while left >= likely and count < people:
        left -= likely
        likely *= odds * (people - count) / (count + 1)
        count += 1
    return count


def _groups(holders: Sequence[Holder]) -> list[_Group]:
    by_age: dict[int | None, _Group] = {}
    for each in holders:
        group = by_age.setdefault(each.age, _Group(age=each.age, people=0, helpers=0, owed=0, given=0))
        group.people += 1
        group.helpers += each.given_minutes > 0
        group.owed += each.owed_minutes
        group.given += max(0, each.given_minutes)
    return [by_age[age] for age in sorted(by_age, key=lambda age: (age is None, age))]


def _run(groups: list[_Group], assumed: Assumptions, dying: Sequence[int], draw: Draw) -> _Run:
    run = _Run(asked=[], capacity=[], unmet=[], owed_after=0, lapsed=0)
    part, whole = assumed.stopping_at_once
    for group in groups:
        group.given -= group.given * part // whole
        group.helpers -= group.helpers * part // whole
    newcomers, lapsed = _Group(age=None, people=0, helpers=0, owed=0, given=0), 0
    for _ in range(assumed.years):
        lapsed += sum(_die(group, dying, newcomers, assumed, draw) for group in groups)
        for group in (*groups, newcomers):
            _stop(group, newcomers, assumed, draw)
        capacity = _swung(sum(each.given for each in (*groups, newcomers)), assumed, draw)
        due = _due(groups, assumed, draw)
        asked = sum(due)
        met = min(asked, capacity)
        for group, share in zip(groups, _shares(met, due), strict=True):
            group.owed -= share
            group.age = group.age + 1 if group.age is not None else None
        run.asked.append(asked)
        run.capacity.append(capacity)
        run.unmet.append(asked - met)
    return replace(run, owed_after=sum(each.owed for each in groups), lapsed=lapsed)


def _die(group: _Group, table: Sequence[int], newcomers: _Group, assumed: Assumptions, draw: Draw) -> int:
    """Let people of a group die; returns the minutes that lapse."""
    if group.age is None or group.people == 0:
        return 0
    dying = table[min(group.age, OLDEST)]
    helpers = count_of(group.helpers, dying, draw)
    dead = helpers + count_of(group.people - group.helpers, dying, draw)
    lapsed = group.owed * dead // group.people
    group.part -= group.part * dead // group.people
    group.owed -= lapsed
    group.people -= dead
    _lose(group, helpers, newcomers, assumed, draw)
    return lapsed


def _stop(group: _Group, newcomers: _Group, assumed: Assumptions, draw: Draw) -> None:
    stopped = count_of(group.helpers, assumed.stopping_percent * MILLION // HUNDRED, draw)
    _lose(group, stopped, newcomers, assumed, draw)


def _lose(group: _Group, helpers: int, newcomers: _Group, assumed: Assumptions, draw: Draw) -> None:
    """Take helpers and what they give from a group; those who replace them join the newcomers."""
    if helpers == 0:
        return
    minutes = group.given * helpers // group.helpers
    group.given -= minutes
    group.helpers -= helpers
    replaced = count_of(helpers, assumed.replaced_percent * MILLION // HUNDRED, draw)
    newcomers.given += minutes * replaced // helpers
    newcomers.helpers += replaced


def _due(groups: Sequence[_Group], assumed: Assumptions, draw: Draw) -> list[int]:
    """Return what each group asks for in a year; never more than it is owed."""
    return [min(group.owed, _swung(_wish(group, assumed), assumed, draw)) for group in groups]


def _shares(minutes: int, wishes: Sequence[int]) -> list[int]:
    """Return minutes as they are shared out in proportion to wishes, to the last minute."""
    whole = max(1, sum(wishes))
    upto = [minutes * total // whole for total in accumulate(wishes, initial=0)]
    return [after - before for before, after in pairwise(upto)]


def _wish(group: _Group, assumed: Assumptions) -> int:
    if group.age is None or group.age < assumed.care_age:
        return group.owed * assumed.asking_percent // HUNDRED
    if group.part == 0:
        group.part = -(-group.owed // assumed.care_years)
    return group.part


def _swung(minutes: int, assumed: Assumptions, draw: Draw) -> int:
    """Return minutes as a better or a worse year has them."""
    swing = assumed.swing_percent * PERMILLE // HUNDRED
    return minutes * (PERMILLE - swing + int(draw() * (2 * swing + 1))) // PERMILLE


def _year(number: int, runs: Sequence[_Run]) -> YearAhead:
    unmet = [run.unmet[number] for run in runs]
    return YearAhead(
        year=number + 1,
        asked=spread_of([run.asked[number] for run in runs]),
        capacity=spread_of([run.capacity[number] for run in runs]),
        unmet=spread_of(unmet),
        met_percent=HUNDRED * unmet.count(0) // len(runs),
    )


def assumptions_told(assumed: Assumptions) -> Iterator[str]:
    """Yield what is taken for granted, a sentence each, to be printed beside the figures."""
    yield f"{assumed.runs} draws of {assumed.years} years each; hours that are earned later are left out."
    yield f"Life table: {assumed.life_table.source}."
    yield "Members whose year of birth is not known do not die, and count as below the age of care."
    yield "What the dead are owed lapses; policy decides where it goes."
    yield (
        f"Every year {assumed.stopping_percent} % of the helpers stop; {assumed.replaced_percent} % of those"
        " who stop or die are replaced by others who give as much."
    )
    yield (
        f"Before {assumed.care_age}, {assumed.asking_percent} % of what is owed is asked for in a year; from"
        f" then on all of it, in equal parts, within {assumed.care_years} years."
    )
    yield f"In a year both lie up to {assumed.swing_percent} % above or below what was expected."
    yield "All help goes to those who are owed hours; who has none waits."
