"""The access log: write down who saw or did what for whom, and read it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from timebank.care.sightings import Sighting
from timebank.errors import UnknownBranch
from timebank.services.service import Service


class AccessLog(Service):
    """Use cases on the access logs of branches."""

    def write(self, sightings: Iterable[Sighting]) -> None:
        """Write down many lines in one transaction; those of a branch that is not there are dropped.

        Raises:
            TryAgain, StorageFull and others: nothing was written.
        """
        by_branch = groupby(sorted(sightings, key=attrgetter("branch")), key=attrgetter("branch"))
        with self.store.write() as tx:
            for branch, lines in by_branch:
                try:
                    books = tx.books(branch)
                except UnknownBranch:
                    continue
                books.sightings.add_all(lines)

    def list(
        self,
        branch: str,
        *,
        member: str | None = None,
        before: tuple[datetime, int] | None = None,
        limit: int | None = None,
    ) -> Sequence[Sighting]:
        """Return what people of a branch saw and did, newest first.

        Args:
            branch: its code.
            member: only what concerned this member: `REF`, or `REF@BRANCH`.
            before: only what comes after this line (its instant and number) in the list.
            limit: how many.

        Raises:
            UnknownBranch: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).sightings.list(member=member, before=before, limit=limit)
