"""Reports: the whole branch at a glance."""

from datetime import date, datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import Struct

from timebank_api.guards import require_books
from timebank_api.inputs import Asking, bank_of

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
