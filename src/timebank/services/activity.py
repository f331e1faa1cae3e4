"""Activity: how many exchanges and how much help, month by month."""

from collections.abc import Sequence
from dataclasses import dataclass

from timebank.services.service import Service


@dataclass(frozen=True, slots=True)
class MonthOfHelp:
    """Help that took effect in one calendar month of the branch, reversals taken off."""

    month: str
    """`2025-03`."""
    exchanges: int
    minutes: int


class Activity(Service):
    """Use cases that count help."""

    def by_month(self, branch: str) -> Sequence[MonthOfHelp]:
        """Return the months in which help took effect, oldest first.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return [MonthOfHelp(*row) for row in tx.books(branch).reader.help_by_month()]
