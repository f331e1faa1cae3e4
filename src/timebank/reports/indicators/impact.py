"""Eight indicators of impact, where the data exist; where they do not, that is said. Pure.

They are those that a network of virtual communities proposed for itself: structures and teams, diversity of
users, coordination notebooks, quality of exchanges, size of teams, visitors, activities, and connections.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from statistics import median_low
from typing import Final, TypeAlias

from timebank.reports.indicators.inequality import effective_number
from timebank.reports.indicators.model import TOLD_FROM, Exchange, Party, Span, people_of, told

ACTIVE_DAYS: Final = 90
DAYS_OF_A_MONTH: Final = Fraction(146_097, 4_800)
"""Of the Gregorian calendar, on average: 30.44."""
Value: TypeAlias = int | Fraction | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What became of a request of the period; minutes since it was posted."""

    is_open: bool
    to_offer_minutes: int | None
    """Until somebody was first asked to help; None: nobody was."""
    to_yes_minutes: int | None
    """Until somebody said yes; None: nobody did, or the yes came to nothing."""
    is_concluded: bool
    """The help was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Offers of help."""

    active: int
    """Open on the last day of the period, or today if that has passed."""
    new: int
    withdrawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One of the eight: its figures by name, and what the bank does not hold."""

    number: int
    name: str
    figures: tuple[tuple[str, Value], ...]
    """None: too few people or requests to tell."""
    not_held: tuple[str, ...]


def impact_of(
    *,
    exchanges: Sequence[Exchange],
    parties: Sequence[Party],
    span: Span,
    asks: Sequence[Ask],
    offers: Offers,
    confirmed: int,
    undisputed: int,
) -> tuple[Indicator, ...]:
    """Return the eight indicators.

    Args:
        exchanges: of the period.
        parties: every member of the branch, former ones too.
        span: the period.
        asks: requests that were posted in the period.
        offers: of help.
        confirmed: service records confirmed for help in the period.
        undisputed: those of them that nobody disputed or corrected.
    """
    there = [each for each in parties if each.was_there(span)]
    return (
        _structures(exchanges, there, span),
        _diversity(there),
        Indicator(
            number=3, name="coordination notebooks", figures=(), not_held=("notebooks and their events",)
        ),
        _quality(exchanges, there, confirmed=confirmed, undisputed=undisputed),
        _teams(exchanges, there, span),
        Indicator(number=6, name="visitors of the directory", figures=(), not_held=("visits of web pages",)),
        Indicator(
            number=7,
            name="activities listed",
            figures=(
                ("offers_active", offers.active),
                ("offers_new", offers.new),
                ("offers_withdrawn", offers.withdrawn),
            ),
            not_held=("municipalities of offers",),
        ),
        _connections(asks),
    )


def _structures(exchanges: Iterable[Exchange], there: Iterable[Party], span: Span) -> Indicator:
    since = span.last_on - timedelta(days=ACTIVE_DAYS - 1)
    lately = people_of(each for each in exchanges if each.on >= since)
    teams = {team for each in there if each.ref in lately for team in each.teams}
    return Indicator(
        number=1,
        name="structures and teams active within 90 days",
        figures=(
            ("organisations", sum(each.is_organisation and each.ref in lately for each in there)),
            ("teams", len(teams)),
        ),
        not_held=("which structures use the bank and which build it",),
    )


def _diversity(there: Sequence[Party]) -> Indicator:
    organisations = sum(each.is_organisation for each in there)
    counts = (len(there) - organisations, organisations)
    is_told = all(count == 0 or count >= TOLD_FROM for count in counts)
    return Indicator(
        number=2,
        name="diversity of users",
        figures=(
            ("persons", told(counts[0])),
            ("organisations", told(counts[1])),
            ("effective_kinds", effective_number(counts) if is_told else None),
        ),
        not_held=("professional, family carer, neighbour or volunteer",),
    )


def _quality(
    exchanges: Iterable[Exchange], there: Iterable[Party], *, confirmed: int, undisputed: int
) -> Indicator:
    organisations = {each.ref for each in there if each.is_organisation}
    minutes = {"persons_minutes": 0, "with_organisations_minutes": 0}
    for each in exchanges:
        name = "with_organisations_minutes" if each.people & organisations else "persons_minutes"
        minutes[name] += each.minutes
    return Indicator(
        number=4,
        name="quality and diversity of exchanges",
        figures=(
            *minutes.items(),
            ("undisputed_share", Fraction(undisputed, confirmed) if confirmed >= TOLD_FROM else None),
        ),
        not_held=("ratings", "professional and carer"),
    )


def _teams(exchanges: Iterable[Exchange], there: Iterable[Party], span: Span) -> Indicator:
    teams: dict[str, set[str]] = {}
    for each in there:
        for team in each.teams:
            teams.setdefault(team, set()).add(each.ref)
    sizes = sorted(len(refs) for refs in teams.values())
    members = {ref for refs in teams.values() for ref in refs}
    some = [each for each in exchanges if each.people & members]
    active = people_of(some) & members
    is_told = len(members) >= TOLD_FROM
    months = Fraction((span.last_on - span.first_on).days + 1) / DAYS_OF_A_MONTH
    minutes = sum(
        amount for each in some for ref, amount in (*each.givers, *each.receivers) if ref in members
    )
    return Indicator(
        number=5,
        name="size and activity of teams",
        figures=(
            ("teams", len(teams)),
            ("members_median", median_low(sizes) if is_told else None),
            ("members_p90", sizes[-(-90 * len(sizes) // 100) - 1] if is_told else None),
            ("active_share", Fraction(len(active), len(members)) if is_told else None),
            (
                "minutes_per_member_and_month",
                Fraction(minutes, len(members)) / months if is_told else None,
            ),
        ),
        not_held=("requests handled inside the team",) if teams else ("teams: no profile names one",),
    )


def _connections(asks: Sequence[Ask]) -> Indicator:
    offered = [each.to_offer_minutes for each in asks if each.to_offer_minutes is not None]
    agreed = [each.to_yes_minutes for each in asks if each.to_yes_minutes is not None]
    count, concluded = len(asks), sum(each.is_concluded for each in asks)
    return Indicator(
        number=8,
        name="connections asked for and concluded",
        figures=(
            ("requests", count),
            ("somebody_asked", len(offered)),
            ("agreed", len(agreed)),
            ("concluded", concluded),
            ("open", sum(each.is_open and each.to_yes_minutes is None for each in asks)),
            ("unserved", sum(not each.is_open and each.to_yes_minutes is None for each in asks)),
            ("agreed_share", Fraction(len(agreed), count) if count >= TOLD_FROM else None),
            ("concluded_share", Fraction(concluded, count) if count >= TOLD_FROM else None),
            ("minutes_to_offer_median", median_low(offered) if len(offered) >= TOLD_FROM else None),
            ("minutes_to_yes_median", median_low(agreed) if len(agreed) >= TOLD_FROM else None),
        ),
        not_held=("why a request stayed unserved",),
    )
