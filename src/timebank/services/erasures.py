"""Erasures: who was erased, and the same again where an older state of the books has come back (I-10)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from timebank.care.access import AccessRole
from timebank.care.events import EventKind, of_member
from timebank.ledger.model import Actor
from timebank.reports.erasures import Erasure
from timebank.services.listing import end_all
from timebank.services.service import Service
from timebank.storage.books import Books


class Erasures(Service):
    """Use cases on those who were erased, of all branches."""

    def list(self) -> Sequence[tuple[Erasure, datetime]]:
        """Return who was erased in any branch, and when, by branch and reference."""
        with self.store.read() as tx:
            return sorted(
                (Erasure(branch.code, ref), at)
                for _, branch in tx.branches.list()
                for ref, at in tx.books(branch.code).members.erased()
            )

    def repeat(self, erasures: Iterable[Erasure]) -> tuple[Erasure, ...]:
        """Erase again whoever is on a list and still known here, even where minutes are held for them.

        A branch or a member that is not here is passed over: the list may be of more than one database.

        Returns:
            Those who were erased now.

        Raises:
            ErasureUnfinished: they are erased, but the database's log still holds what was there.
        """
        with self.store.read() as tx:
            here = {branch.code for _, branch in tx.branches.list()}
        done: list[Erasure] = []
        for code, listed in groupby(sorted(set(erasures)), key=attrgetter("branch")):
            if code not in here:
                continue
            with self.store.write(code) as tx:
                books = tx.books(code)
                erased = {ref for ref, _ in books.members.erased()}
                for each in listed:
                    if each.ref not in erased and books.members.find(each.ref) is not None:
                        erase_person(books, each.ref, by=self.default_actor)
                        done.append(each)
        if done:
            self.store.wipe_log()
        return tuple(done)


def erase_person(books: Books, ref: str, *, by: Actor) -> None:
    """Erase a member of a branch: identity, words, details and secrets, ways in, what they asked and offered.

    The caller wipes the log of the database after the transaction: see `Store.wipe_log`.
    """
    books.identities.erase(ref)
    books.members.mark_erased(ref)
    books.access_tokens.revoke_of(AccessRole.MEMBER, ref)
    books.invitations.revoke_of(AccessRole.MEMBER, ref)
    books.credentials.erase(AccessRole.MEMBER, ref)
    books.tell(of_member(EventKind.MEMBER_ERASED, (books.branch.code, ref)))
    end_all(books, ref, by=by)
