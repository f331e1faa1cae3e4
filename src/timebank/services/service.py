"""What every use case shares: the store, and who acts."""

from dataclasses import dataclass

from timebank.care.mandate import Act
from timebank.ledger.model import Actor
from timebank.storage.books import Books
from timebank.storage.store import Store

Who = Actor | str
"""An actor, or its text such as `coordinator:desk`, `member:m1`, `member:m7@locmine`."""


@dataclass(frozen=True, slots=True)
class Service:
    """Base of the use cases."""

    store: Store
    default_actor: Actor

    def actor(self, by: Who | None) -> Actor:
        """Return who acts; by default who opened the bank.

        Raises:
            BadActor, BadReference: the text is not an actor.
        """
        if by is None:
            return self.default_actor
        return Actor.parse(by) if isinstance(by, str) else by


def act_in(books: Books, actor: Actor) -> Act:
    """Return an act in a branch now, with the mandates of whoever is acted for."""
    own = None if actor.branch == books.branch.code else actor.branch
    mandates = books.mandates.list(actor.principal) if actor.principal is not None else ()
    return Act(
        branch=books.branch.code,
        actor=Actor(
            role=actor.role, ref=actor.ref, branch=own, principal=actor.principal, mandate=actor.mandate
        ),
        at=books.desk.now,
        on=books.today,
        mandates=mandates,
    )
