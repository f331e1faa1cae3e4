"""Plans: the best for all requests at once, and what members could exchange without credit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from timebank.care.mandate import require_coordinator
from timebank.care.match import Match
from timebank.ledger.model import Role
from timebank.services.asking import made_of
from timebank.services.garbage import without_search
from timebank.services.pooling import Tell
from timebank.services.service import Service, Who, act_in
from timebank.services.swapping import Swap, swap_of
from timebank.storage.books import Books

if TYPE_CHECKING:
    from timebank.services.planning import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRun:
    """A plan, and who was asked by it."""

    plan: "Plan"
    matches: tuple[Match, ...]


def in_silence(_what: str, _done: int, _count: int) -> None:
    """Tell nobody."""


class Plans(Service):
    """Use cases on all requests of a branch at once; `Matches` has them, too."""

    def plan(self, branch: str, *, tell: Tell = in_silence) -> "Plan":
        """Return the best plan for all requests that wait; nobody is asked.

        Args:
            branch: its code.
            tell: told how far it is.

        Raises:
            UnknownBranch: no branch has that code.
            TooManyCandidates: more pairs than fit into memory.
        """
        with self.store.read() as tx:
            return _plan_of(tx.books(branch), tell)

    def run(
        self, branch: str, *, tell: Tell = in_silence, by: Who | None = None, key: str | None = None
    ) -> PlanRun:
        """Make the best plan for all requests that wait, and ask everybody who is in it.

        Args:
            branch: its code.
            tell: told how far it is.
            by: a coordinator, who is not asked themselves, or the system.
            key: idempotency key; a repeat asks nobody, and plans for what waits then.

        Raises:
            UnknownBranch: no branch has that code.
            NotAllowed: somebody else asks.
            TooManyCandidates: more pairs than fit into memory.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "match run", actor)
            act = act_in(books, actor)
            if asked.outcome is None and actor.role is not Role.SYSTEM:
                require_coordinator(act, branch)
            plan = _plan_of(books, tell)
            if asked.outcome is not None:
                return PlanRun(plan=plan, matches=())
            made = tuple(
                made_of(books, each.request, each.suggestion, plan.weights, by=act.actor)
                for each in plan.planned
                if act.person != (branch, each.suggestion.helper)
            )
            done = PlanRun(plan=plan, matches=made)
            asked.done(len(made), done)
            return done

    def exchange(self, branch: str, *, tell: Tell = in_silence) -> Swap:
        """Return what members could exchange within a week, in cycles and without credit; a report only.

        Args:
            branch: its code.
            tell: told how far it is.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return swap_of(tx.books(branch), tell)


def _plan_of(books: Books, tell: Tell) -> "Plan":
    """Return the best plan; NumPy is loaded by nobody who does not plan."""
    from timebank.services.planning import plan_of  # noqa: PLC0415 - see above

    with without_search():
        return plan_of(books, tell)
