"""What the service says of the long promise; the shapes are those of `timebank report solvency --json`."""

from msgspec import Struct


class ReserveOut(Struct, frozen=True, kw_only=True):
    """Money that funds hold beside the hours, in the smallest quantity of the unit."""

    unit: str
    held: int
    per_hour_owed: float | None
    """Null: nothing is owed."""
    per_hour_at_most: float | None
    """If every member had saved as much as the policy lets them; null: it sets no ceiling."""


class CohortOut(Struct, frozen=True, kw_only=True):
    """Members of similar age, five of them at least, or all there are."""

    ages: str
    people: int
    owed_minutes: int
    given_minutes: int


class FoundOut(Struct, frozen=True, kw_only=True):
    """Whether hours find somebody today."""

    helpers: int | None
    """Members who offer help; null: one to four."""
    requests: int | None
    """Of twelve months, those that found somebody or ended; null: fewer than five."""
    found_percent: int | None
    wait_minutes: int | None
    """Half of those who found somebody waited no longer."""


class SpreadOut(Struct, frozen=True, kw_only=True):
    """What many draws came to: 5 %, half and 95 % of them were at or below."""

    low: int
    middle: int
    high: int


class YearAheadOut(Struct, frozen=True, kw_only=True):
    """One year to come."""

    year: int
    asked_minutes: SpreadOut
    capacity_minutes: SpreadOut
    unmet_minutes: SpreadOut
    met_percent: int
    """Of the draws, how many met everything that was asked for in this year."""


class ProjectionOut(Struct, frozen=True, kw_only=True):
    """The years to come under one set of assumptions."""

    name: str
    kept_percent: int
    """Of the draws, how many met everything in every year."""
    unmet_minutes: SpreadOut
    """In the worst year of each draw."""
    owed_after_minutes: SpreadOut
    lapsed_minutes: SpreadOut
    years: list[YearAheadOut]


class SolvencyOut(Struct, frozen=True, kw_only=True):
    """Can the branch keep its promise?"""

    branch: str
    on: str
    since_on: str
    """First of the twelve months that end with the day."""
    members: int
    owed_minutes: int
    funds_minutes: int
    given_minutes: int
    redeemed_minutes: int
    cover_years: float | None
    """Owed divided by given in twelve months; null: nothing was given."""
    reserves: list[ReserveOut]
    is_age_known: bool
    cohorts: list[CohortOut]
    redeemability: FoundOut
    seed: int
    assumptions: list[str]
    projections: list[ProjectionOut]
