"""Who takes part, how often and in what: in the whole period, by quarter and by kind of help. Pure.

After E. Collom, "Key Indicators of Time Bank Participation", International Journal of Community Currency
Research 16 (2012) A 18-29, whose figures are per quarter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from timebank.reports.indicators.inequality import gini
from timebank.reports.indicators.model import TOLD_FROM, Exchange, Party, Span, grouped, people_of, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """The whole period. Counts of people are None where there are one to four."""

    members: int | None
    active: int | None
    """Members who gave or received."""
    active_share: Fraction | None
    exchanges: int
    minutes: int
    givers: int | None
    receivers: int | None
    givers_per_receiver: Fraction | None
    """More than 1: more members give than are helped; some have to learn to ask."""
    given_gini: Fraction | None
    """How unevenly giving is spread over the active members; 0 is even."""
    received_gini: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """One calendar quarter, or the part of it that lies in the period."""

    name: str
    """`2026-Q1`."""
    exchanges: int
    minutes: int
    active: int | None
    exchanges_per_active: Fraction | None
    minutes_per_active: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One kind of help, or several that too few people have a part in."""

    kind: str
    exchanges: int
    minutes: int


def participation_of(exchanges: Sequence[Exchange], parties: Iterable[Party], span: Span) -> Participation:
    """Return who takes part.

    Args:
        exchanges: of the period.
        parties: every member of the branch, former ones too.
        span: the period.
    """
    members = sum(each.was_there(span) for each in parties)
    active = people_of(exchanges)
    given, received = _by_member(exchanges)
    is_told = len(active) >= TOLD_FROM
    is_ratio_told = min(len(given), len(received)) >= TOLD_FROM
    return Participation(
        members=told(members),
        active=told(len(active)),
        active_share=Fraction(len(active), members) if is_told and members >= len(active) else None,
        exchanges=len(exchanges),
        minutes=sum(each.minutes for each in exchanges),
        givers=told(len(given)),
        receivers=told(len(received)),
        givers_per_receiver=Fraction(len(given), len(received)) if is_ratio_told else None,
        given_gini=gini([given.get(ref, 0) for ref in active]) if is_told else None,
        received_gini=gini([received.get(ref, 0) for ref in active]) if is_told else None,
    )


def quarters_of(exchanges: Iterable[Exchange], span: Span) -> tuple[Quarter, ...]:
    """Return every quarter that the period touches, the oldest first; without exchanges too."""
    rows: dict[str, list[Exchange]] = {}
    year, number = span.first_on.year, _quarter(span.first_on)
    while (year, number) <= (span.last_on.year, _quarter(span.last_on)):
        rows[f"{year}-Q{number}"] = []
        year, number = (year, number + 1) if number < 4 else (year + 1, 1)
    for each in exchanges:
        rows[f"{each.on.year}-Q{_quarter(each.on)}"].append(each)
    return tuple(_quarter_row(name, some) for name, some in rows.items())


def kinds_of(exchanges: Iterable[Exchange]) -> tuple[KindRow, ...]:
    """Return the kinds of help, by name; those that too few people have a part in as one row, at the end."""
    by_kind: dict[str, list[Exchange]] = {}
    for each in exchanges:
        by_kind.setdefault(each.kind, []).append(each)
    rows = [(kind, frozenset(people_of(some)), some) for kind, some in by_kind.items()]
    return tuple(
        KindRow(
            kind=name,
            exchanges=sum(len(some) for some in parts),
            minutes=sum(each.minutes for some in parts for each in some),
        )
        for name, parts in grouped(rows)
    )


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


def _quarter_row(name: str, some: Sequence[Exchange]) -> Quarter:
    active, minutes = len(people_of(some)), sum(each.minutes for each in some)
    is_told = active >= TOLD_FROM
    return Quarter(
        name=name,
        exchanges=len(some),
        minutes=minutes,
        active=told(active),
        exchanges_per_active=Fraction(len(some), active) if is_told else None,
        minutes_per_active=Fraction(minutes, active) if is_told else None,
    )


def _by_member(exchanges: Iterable[Exchange]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the minutes that each member gave, and received."""
    given: dict[str, int] = {}
    received: dict[str, int] = {}
    for each in exchanges:
        for totals, side in ((given, each.givers), (received, each.receivers)):
            for ref, minutes in side:
                totals[ref] = totals.get(ref, 0) + minutes
    return given, received
