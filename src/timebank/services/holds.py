"""Holds: list minutes that are reserved (I-6)."""

from collections.abc import Sequence

from timebank.ledger.holds import Hold, HoldState
from timebank.services.service import Service


class Holds(Service):
    """Use cases on holds."""

    def list(
        self, branch: str, *, state: HoldState | None = None, member: str | None = None
    ) -> Sequence[Hold]:
        """Return the holds of a branch, by number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).holds.list(state=state, member=member)
