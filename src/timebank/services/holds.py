"""Holds: list minutes that are reserved, give them back, end what reached its deadline (I-6)."""

from collections.abc import Sequence

from timebank.care.mandate import require_coordinator
from timebank.care.redemption import Redemption
from timebank.ledger.holds import Hold, HoldState
from timebank.ledger.model import Role
from timebank.services.redemptions import Redemptions
from timebank.services.service import Service, Who, act_in
from timebank.services.settling import RedemptionDone, expire_due, hosts_due


class Holds(Service):
    """Use cases on holds; every hold belongs to a redemption, which they keep in step."""

    def list(
        self, branch: str, *, state: HoldState | None = None, member: str | None = None
    ) -> Sequence[Hold]:
        """Return the holds of a branch, by number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).holds.list(state=state, member=member)

    def newest(
        self,
        branch: str,
        *,
        state: HoldState | None = None,
        member: str | None = None,
        before: int | None = None,
        limit: int,
    ) -> Sequence[Hold]:
        """Return holds, newest first, of a state and of a member; those before a number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).holds.newest(state=state, member=member, before=before, limit=limit)

    def show(self, branch: str, no: int) -> Hold:
        """Return a hold.

        Raises:
            UnknownBranch, UnknownHold: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).holds.get(no)

    def release(
        self, branch: str, no: int, *, reason: str, by: Who | None = None, key: str | None = None
    ) -> RedemptionDone:
        """Give reserved minutes back: a coordinator cancels the redemption behind them, free of charge.

        Raises:
            UnknownBranch, UnknownHold: there is none.
            RedemptionNotOpen, RedemptionOutOfOrder: it is over, or help was logged and waits for a word.
            Others: see `Redemptions.waive`.
        """
        with self.store.read() as tx:
            hold = tx.books(branch).holds.get(no)
        assert hold.cause_kind == "redemption", "nothing else reserves minutes"
        return Redemptions(self.store, self.default_actor).waive(
            hold.cause_ref, reason=reason, by=by, key=key
        )

    def expire_due(
        self, branch: str, *, by: Who | None = None, key: str | None = None
    ) -> Sequence[Redemption]:
        """End every redemption of a branch that reached its deadline without any help logged.

        Nobody needs to call this for the books to be right: the next act on any redemption of the branch
        does it first. It gives the minutes back sooner. The same key gives nothing the second time.

        Raises:
            UnknownBranch: no branch has that code.
            NotAllowed: only a coordinator of the branch, or the system, does.
            KeyReused: the key was used for another request.
        """
        with self.store.read() as tx:
            due = hosts_due(tx.books(branch))
        with self.store.write(branch, *due) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "hold expire", actor)
            if request.outcome is not None:
                return ()
            if actor.role is not Role.SYSTEM:
                require_coordinator(act_in(books, actor), branch)
            ended = expire_due(tx, books, by=actor)
            request.done(len(ended), ended)
            return ended
