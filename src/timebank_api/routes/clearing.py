"""Clearing: what the branch and others owe one another."""

from litestar import Controller, get
from msgspec import Struct

from timebank_api.guards import require_books
from timebank_api.inputs import Asking, bank_of


class PositionOut(Struct, frozen=True, kw_only=True):
    """What one branch owes another, as each of the two books says."""

    branch: str
    other: str
    unit: str
    owed: int
    """What `branch` owes `other`, as its own book says; minutes, or the smallest quantity of the unit."""
    owed_back: int
    """What `other` owes `branch`, as the book of `other` says: the two add up to zero."""
    is_reconciled: bool


class ClearingOut(Struct, frozen=True, kw_only=True):
    """What the branch and others owe one another."""

    is_reconciled: bool
    """Whether all books agree."""
    positions: tuple[PositionOut, ...]


class ClearingRoutes(Controller):
    """What the branch and others owe one another, for those who run or audit it."""

    path = "/v1/clearing"
    tags = ("clearing",)
    guards = (require_books,)

    @get("/", operation_id="clearing_show", sync_to_thread=True)
    def show(self, request: Asking) -> ClearingOut:
        """Show who owes whom, in both books."""
        found = bank_of(request).statements.clearing(request.user.branch)
        return ClearingOut(
            is_reconciled=all(each.is_reconciled for each in found),
            positions=tuple(
                PositionOut(
                    branch=each.branch,
                    other=each.other,
                    unit=each.unit,
                    owed=each.owed,
                    owed_back=each.owed_back,
                    is_reconciled=each.is_reconciled,
                )
                for each in found
            ),
        )
