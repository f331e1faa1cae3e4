"""Reports: the whole branch at a glance."""

from datetime import date, datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import Struct, convert

from timebank.care.profile import Spot
from timebank.reports.solvency.projection import Assumptions
from timebank.services.indicator_values import indicators
from timebank.services.promise_values import solvency
from timebank.services.promises import SEED_USUAL, WITHIN_USUAL, YEARS_MOST, Around
from timebank_api.guards import require_books
from timebank_api.indicators import IndicatorsOut
from timebank_api.inputs import NUMBER_MOST, Asking, bank_of
from timebank_api.solvency import SolvencyOut

METRES_MOST = 200_000
KnownAt = Annotated[datetime | None, QueryParameter(description="Leave out what was recorded after it.")]


class BalanceRowOut(Struct, frozen=True, kw_only=True):
    """One account, on one of the two sides."""

    path: str
    debit: int
    credit: int


class TrialBalanceOut(Struct, frozen=True, kw_only=True):
    """Every balance in one unit; minutes, or the smallest quantity of the unit."""

    branch: str
    unit: str
    is_balanced: bool
    debit_total: int
    credit_total: int
    rows: tuple[BalanceRowOut, ...]


class MonthOut(Struct, frozen=True, kw_only=True):
    """Help that took effect in one calendar month, what was taken back not counted."""

    month: str
    """Such as `2025-03`."""
    exchanges: int
    minutes: int


class ReportRoutes(Controller):
    """The whole branch at a glance, for those who run or audit it."""

    path = "/v1/reports"
    tags = ("reports",)
    guards = (require_books,)

    @get("/trial-balance", operation_id="reports_trial_balance", sync_to_thread=True)
    def trial_balance(
        self,
        request: Asking,
        on: Annotated[date | None, QueryParameter(description="At the end of this day.")] = None,
        known_at: KnownAt = None,
    ) -> list[TrialBalanceOut]:
        """Show every balance, one table for each unit: now, at the end of a day, as known at an instant."""
        found = bank_of(request).statements.trial_balance(request.user.branch, on=on, known_at=known_at)
        return [
            TrialBalanceOut(
                branch=each.branch,
                unit=each.unit,
                is_balanced=each.is_balanced,
                debit_total=each.debit_total,
                credit_total=each.credit_total,
                rows=tuple(
                    BalanceRowOut(path=row.path, debit=row.debit, credit=row.credit) for row in each.rows
                ),
            )
            for each in found
        ]

    @get("/activity", operation_id="reports_activity", sync_to_thread=True)
    def activity(self, request: Asking) -> list[MonthOut]:
        """Show how much help there was, month by month, oldest first."""
        return [
            MonthOut(month=each.month, exchanges=each.exchanges, minutes=each.minutes)
            for each in bank_of(request).activity.by_month(request.user.branch)
        ]

    @get("/solvency", operation_id="reports_solvency", sync_to_thread=True)
    def solvency(
        self,
        request: Asking,
        *,
        on: Annotated[date | None, QueryParameter(description="At the end of this day.")] = None,
        near: Annotated[
            str | None,
            QueryParameter(max_length=60, description="Count only around this place: `47.89,-2.83`."),
        ] = None,
        within_metres: Annotated[
            int, QueryParameter(ge=1, le=METRES_MOST, description="How far around it.")
        ] = WITHIN_USUAL,
        years: Annotated[int, QueryParameter(ge=1, le=YEARS_MOST, description="Years to look ahead.")] = 10,
        seed: Annotated[
            int, QueryParameter(ge=1, le=NUMBER_MOST, description="Of chance: the same says the same.")
        ] = SEED_USUAL,
    ) -> SolvencyOut:
        """Show what is owed, what is given in a year, and what may come of it; nobody is named.

        Years of birth are not kept, so that nobody's age is known here: the command line takes them in.
        """
        around = Around(spot=Spot.parse(near), within_metres=within_metres) if near is not None else None
        found = bank_of(request).promises.solvency(
            request.user.branch, on=on, assumed=Assumptions(years=years), seed=seed, around=around
        )
        return convert(solvency(found), SolvencyOut)

    @get("/indicators", operation_id="reports_indicators", sync_to_thread=True)
    def indicators(
        self,
        request: Asking,
        first_on: Annotated[
            date | None, QueryParameter(description="A year before the last day, if it is not said.")
        ] = None,
        last_on: Annotated[date | None, QueryParameter(description="Today, if it is not said.")] = None,
    ) -> IndicatorsOut:
        """Show how the branch is doing, in figures that reconcile with the journal.

        Fewer than five people are not told of: such a figure is null.
        """
        found = bank_of(request).indicators.of(request.user.branch, first_on=first_on, last_on=last_on)
        return convert(indicators(found), IndicatorsOut)
