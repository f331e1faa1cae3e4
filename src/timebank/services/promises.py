"""Promises: can a branch keep what it owes? Nothing is written, and nobody is named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from timebank.care.listing import HelpRequest, ListingState
from timebank.care.match import MatchState, Outcome
from timebank.care.profile import REACH_USUAL, Profile, Spot
from timebank.errors import NumberOutOfRange
from timebank.instants import day_of, in_years
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.model import MINUTES, SERVICE_MINUTES
from timebank.matching.model import MINUTE
from timebank.matching.outlook import Past, past_of
from timebank.matching.place import Place, metres_between
from timebank.reports.solvency.figures import (
    TOLD_FROM,
    Cohort,
    Cover,
    Holder,
    Reserve,
    cohorts_of,
    cover_of,
    reserves_of,
)
from timebank.reports.solvency.projection import Assumptions, Projection, project, stress_tests
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.storage.reporting import ReportReader

YEARS_MOST: Final = 40
RUNS_MOST: Final = 5_000
SEED_USUAL: Final = 1
WITHIN_USUAL: Final = 10_000
"""Metres around a place."""
COUNTED_UNITS: Final = frozenset({MINUTES, SERVICE_MINUTES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """A place, and how far around it somebody counts as near."""

    spot: Spot
    within_metres: int = WITHIN_USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemability:
    """Whether hours find somebody today, in the whole branch or around a place."""

    helpers: int | None
    """Members who offer help now; None: one to four."""
    past: Past
    """How it went for requests within twelve months; None where fewer than five say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvencyReport:
    """Can the branch keep its promise?"""

    branch: str
    on: date
    since_on: date
    """First of the twelve months."""
    members: int
    cover: Cover
    reserves: tuple[Reserve, ...]
    is_age_known: bool
    """Whether years of birth were handed in."""
    cohorts: tuple[Cohort, ...]
    redeemability: Redeemability
    seed: int
    projections: tuple[Projection, ...] = field(repr=False)
    """As assumed first, then each stress test; none if nothing is owed."""


class Promises(Service):
    """Use cases that measure the long promise."""

    def solvency(
        self,
        branch: str,
        *,
        on: date | None = None,
        births: Mapping[str, int] | None = None,
        assumed: Assumptions | None = None,
        seed: int = SEED_USUAL,
        around: Around | None = None,
    ) -> SolvencyReport:
        """Return what is owed, what is given, and what may come of it.

        Args:
            branch: its code.
            on: at the end of this day; today by default.
            births: years of birth by member reference, used and forgotten.
            assumed: what the projection takes for granted.
            seed: of its chance; the same one gives the same figures.
            around: count only helpers and requests near this place.

        Raises:
            UnknownBranch: no branch has that code.
            NumberOutOfRange: too many years or draws, or none.
            DayBeyondRange: a year that is not kept.
        """
        usual = assumed if assumed is not None else Assumptions()
        for what, number, most in (("years", usual.years, YEARS_MOST), ("draws", usual.runs, RUNS_MOST)):
            if not 1 <= number <= most:
                raise NumberOutOfRange(what=what, least=1, most=most)
        with self.store.read() as tx:
            books = tx.books(branch)
            day = in_years(on) if on is not None else books.today
            since = _year_before(day)
            balances = books.reader.balances(on=on)
            helped = ReportReader(books.desk).help_by_account(since, day)
            holders = _holders(books, day, balances, helped, births or {})
            ceiling = books.policies.in_force(day).policy.limits.member.ceiling_minutes
            members = sum(each.is_active(day) for each in books.members.list())
            redeemability = _redeemability(books, since, day, around)
        cover = _cover(balances, helped, holders)
        return SolvencyReport(
            branch=branch,
            on=day,
            since_on=since,
            members=members,
            cover=cover,
            reserves=reserves_of(_money(balances), owed=cover.owed_minutes, members=members, ceiling=ceiling),
            is_age_known=births is not None,
            cohorts=cohorts_of(holders),
            redeemability=redeemability,
            seed=seed,
            projections=_projections(holders, usual, seed) if cover.owed_minutes else (),
        )


def _year_before(day: date) -> date:
    """Return the first day of the twelve months that end with a day."""
    try:
        return day.replace(year=day.year - 1) + timedelta(days=1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, month=3, day=1)


def _holders(
    books: Books,
    day: date,
    balances: Iterable[tuple[str, str, int]],
    helped: Iterable[tuple[str, int, int]],
    births: Mapping[str, int],
) -> tuple[Holder, ...]:
    """Return everybody who is owed hours, gave help, or is a member on the day, by reference."""
    owed = {each.ref: 0 for each in books.members.list() if each.is_active(day)}
    for path, unit, balance in balances:
        place = place_of(path)
        if place.kind is AccountKind.MEMBER and unit == MINUTES:
            owed[place.name] = owed.get(place.name, 0) + balance
    given: dict[str, int] = {}
    for path, minutes, _ in helped:
        place = place_of(path)
        if place.kind is AccountKind.MEMBER:
            given[place.name] = given.get(place.name, 0) + minutes
    return tuple(
        Holder(
            age=day.year - births[ref] if ref in births else None,
            owed_minutes=max(0, owed.get(ref, 0)),
            given_minutes=given.get(ref, 0),
        )
        for ref in sorted(owed.keys() | given.keys())
    )


def _cover(
    balances: Iterable[tuple[str, str, int]],
    helped: Sequence[tuple[str, int, int]],
    holders: Sequence[Holder],
) -> Cover:
    set_aside = {AccountKind.FUND, AccountKind.SUSPENSE}
    paid = [row for row in helped if place_of(row[0]).kind is AccountKind.MEMBER]
    return cover_of(
        owed=sum(each.owed_minutes for each in holders),
        funds=sum(
            balance
            for path, unit, balance in balances
            if unit == MINUTES and balance > 0 and place_of(path).kind in set_aside
        ),
        given=sum(given for _, given, _ in paid),
        redeemed=sum(received for _, _, received in paid),
    )


def _money(balances: Iterable[tuple[str, str, int]]) -> list[tuple[str, int]]:
    return [
        (unit, balance)
        for path, unit, balance in balances
        if unit not in COUNTED_UNITS and place_of(path).kind is AccountKind.FUND
    ]


def _projections(holders: Sequence[Holder], usual: Assumptions, seed: int) -> tuple[Projection, ...]:
    """Draw the years to come under each set of assumptions, each from the same seed."""
    return tuple(
        project(name, holders, assumed, Random(seed).random)  # noqa: S311 - chance that can be repeated
        for name, assumed in stress_tests(usual)
    )


def _redeemability(books: Books, since: date, day: date, around: Around | None) -> Redeemability:
    profiles = books.profiles.all()
    helpers = {
        each.member
        for each in books.help_offers.standing()
        if around is None or _reaches(profiles.get(each.member), around)
    }
    places = {no: wish.place for no, wish in books.profiles.wishes().items()}
    asked = [
        each
        for each in books.help_requests.list()
        if since <= day_of(each.posted_at, books.zone) <= day
        and (around is None or _is_near(places.get(each.no), profiles.get(each.member), around))
    ]
    return Redeemability(
        helpers=len(helpers) if not 0 < len(helpers) < TOLD_FROM else None, past=past_of(_waits(books, asked))
    )


def _waits(books: Books, asked: Iterable[HelpRequest]) -> list[int | None]:
    """Return how long each request waited for a yes, in minutes; None: it ended without."""
    accepted = {
        each.request: each.changed_at
        for each in books.matches.list(state=MatchState.ACCEPTED)
        if each.changed_at is not None and each.outcome is not Outcome.NOT_HELPED
    }
    return [
        (accepted[each.no] - each.posted_at) // MINUTE if each.no in accepted else None
        for each in asked
        if each.no in accepted or each.state is not ListingState.OPEN
    ]


def _reaches(profile: Profile | None, around: Around) -> bool:
    """Tell whether a helper lives near the place, and goes as far as there."""
    if profile is None or profile.home is None:
        return False
    reach = profile.reach_metres if profile.reach_metres is not None else REACH_USUAL
    return _metres(profile.home, around.spot) <= min(reach, around.within_metres)


def _is_near(place: Spot | None, profile: Profile | None, around: Around) -> bool:
    """Tell whether help was wished for near the place; where it is not known, it was not."""
    spot = place if place is not None else profile.home if profile is not None else None
    return spot is not None and _metres(spot, around.spot) <= around.within_metres


def _metres(one: Spot, other: Spot) -> int:
    return metres_between(Place(one.lat_udeg, one.lon_udeg), Place(other.lat_udeg, other.lon_udeg))
