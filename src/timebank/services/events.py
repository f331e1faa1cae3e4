"""Events: read what happened in a branch, page by page, as far as somebody may hear of it."""

from collections.abc import Collection

from timebank.care.access import AccessRole, AccessToken
from timebank.care.events import EventKind, EventPage
from timebank.errors import NotAllowed
from timebank.services.service import Service


class Events(Service):
    """Use cases on events."""

    def page(
        self,
        branch: str,
        *,
        after: int,
        limit: int,
        member: str | None = None,
        kinds: Collection[EventKind] = (),
    ) -> EventPage:
        """Return events in their order.

        A page may be empty although more follow: go on after `through` until that is the `end`.

        Args:
            branch: its code.
            after: the number of the last event that is known; 0 for none.
            limit: how many at most.
            member: only what concerns this member; the journal's own events do not.
            kinds: only these; all if empty.

        Raises:
            UnknownBranch: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).outbox.after(after, limit=limit, member=member, kinds=kinds)

    def seen_by(
        self, token: AccessToken, *, after: int, limit: int, kinds: Collection[EventKind] = ()
    ) -> EventPage:
        """Return what somebody may hear of: a member what concerns them, who runs or audits a branch all.

        Raises:
            NotAllowed: an operator, who sees no books.
        """
        if token.role is AccessRole.OPERATOR:
            raise NotAllowed(actor=f"{token.role}:{token.ref}")
        member = token.ref if token.role is AccessRole.MEMBER else None
        return self.page(token.branch, after=after, limit=limit, member=member, kinds=kinds)

    def end(self, branch: str) -> int:
        """Return the number of a branch's last event; 0 if nothing happened yet.

        Raises:
            UnknownBranch: there is none.
        """
        with self.store.glance() as tx:
            return tx.books(branch).outbox.end()
