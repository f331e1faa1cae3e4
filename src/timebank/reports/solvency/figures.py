"""What is owed today against what is given in a year: years of cover, by age, and the money behind it. Pure.

Hours are whole minutes (I-15); quotients are exact fractions until somebody prints them. Money is put beside
hours, never into them (I-12). A row that would tell of fewer than `TOLD_FROM` people is joined to its
neighbour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

TOLD_FROM: Final = 5
"""Fewer people than this are not told of by themselves."""
BAND_STARTS: Final = (0, 50, 60, 70, 80, 90)
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What the books say of one member: nothing that names them."""

    age: int | None
    """At the day of the report; None: not known."""
    owed_minutes: int
    """What the bank owes them: available, held and granted, if that is above zero; else zero."""
    given_minutes: int
    """Help of theirs that was credited to them within twelve months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Members of similar age, five of them at least, or all there are."""

    ages: str
    """`60-69`, `90 and older`, `unknown`, or several of these."""
    people: int
    owed_minutes: int
    given_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Money that the branch's funds hold, beside the hours; smallest quantity of the unit (cents)."""

    unit: str
    held: int
    per_hour_owed: Fraction | None
    """None: nothing is owed."""
    per_hour_at_most: Fraction | None
    """If every member had saved as much as the policy lets them; None: it sets no ceiling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """How long, at the pace of the last twelve months, it takes to give what is owed."""

    owed_minutes: int
    funds_minutes: int
    """What funds and suspense accounts hold beside it."""
    given_minutes: int
    """Help credited to members within twelve months, what was taken back not counted."""
    redeemed_minutes: int
    """Of help within twelve months, what members paid for with their hours, here or elsewhere."""
    years: Fraction | None
    """Owed divided by given; None: nothing was given."""


def cover_of(*, owed: int, funds: int, given: int, redeemed: int) -> Cover:
    """Return the cover; St. Gallen's 46,478 h owed and 11,925 h given make 3.9 years.

    Args:
        owed: minutes that members can still ask for.
        funds: minutes of funds and suspense accounts.
        given: minutes of help within twelve months.
        redeemed: of help that members paid for, within twelve months.
    """
    return Cover(
        owed_minutes=owed,
        funds_minutes=funds,
        given_minutes=given,
        redeemed_minutes=redeemed,
        years=Fraction(owed, given) if given > 0 else None,
    )


def reserves_of(
    money: Iterable[tuple[str, int]], *, owed: int, members: int, ceiling: int | None
) -> tuple[Reserve, ...]:
    """Return the money per hour; St. Gallen's 3.4 million for 200 people and 750 h make 22.67 an hour.

    Args:
        money: unit and balance of every fund that holds money.
        owed: minutes that members can still ask for.
        members: how many there are today.
        ceiling: the most that a member may save, in minutes; None: there is none.
    """
    held: dict[str, int] = {}
    for unit, balance in money:
        held[unit] = held.get(unit, 0) + balance
    most = members * ceiling if ceiling is not None else 0
    return tuple(
        Reserve(
            unit=unit,
            held=total,
            per_hour_owed=Fraction(total * 60, owed) if owed > 0 else None,
            per_hour_at_most=Fraction(total * 60, most) if most > 0 else None,
        )
        for unit, total in sorted(held.items())
    )


def cohorts_of(holders: Sequence[Holder]) -> tuple[Cohort, ...]:
    """Return the members by age, the youngest first; too few of them are joined to their neighbours."""
    bands = [
        (_label(start, end), [each for each in holders if each.age is not None and start <= each.age < end])
        for start, end in zip(BAND_STARTS, (*BAND_STARTS[1:], 1_000), strict=True)
    ]
    bands.append((UNKNOWN, [each for each in holders if each.age is None]))
    rows: list[tuple[list[str], list[Holder]]] = []
    for label, people in bands:
        if not people:
            continue
        if rows and len(rows[-1][1]) < TOLD_FROM:
            rows[-1][0].append(label)
            rows[-1][1].extend(people)
        else:
            rows.append(([label], list(people)))
    if len(rows) > 1 and len(rows[-1][1]) < TOLD_FROM:
        labels, people = rows.pop()
        rows[-1][0].extend(labels)
        rows[-1][1].extend(people)
    return tuple(_cohort(", ".join(labels), people) for labels, people in rows)


def _label(start: int, end: int) -> str:
    if start == BAND_STARTS[0]:
        return f"under {end}"
    return f"{start} and older" if start == BAND_STARTS[-1] else f"{start}-{end - 1}"


def _cohort(ages: str, people: Sequence[Holder]) -> Cohort:
    return Cohort(
        ages=ages,
        people=len(people),
        owed_minutes=sum(each.owed_minutes for each in people),
        given_minutes=sum(each.given_minutes for each in people),
    )
