"""What every use case shares: the store, and who acts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from inspect import isfunction, signature
from secrets import token_bytes
from time import time_ns
from typing import TypeVar

from timebank.care.mandate import Act, Person
from timebank.ids import reference, timed_key
from timebank.ledger.model import Actor
from timebank.storage.books import Books
from timebank.storage.store import Store

Result = TypeVar("Result")
Who = Actor | str
"""An actor, or its text such as `coordinator:desk`, `member:m1`, `member:m7@locmine`."""


@dataclass(frozen=True, slots=True)
class Service:
    """Base of the use cases."""

    store: Store
    default_actor: Actor

    def __init_subclass__(cls) -> None:
        """Let the retry policy run every use case that takes an idempotency key."""
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and isfunction(method) and "key" in signature(method).parameters:
                setattr(cls, name, _repeated(method))

    def actor(self, by: Who | None) -> Actor:
        """Return who acts; by default who opened the bank.

        Raises:
            BadActor, BadReference: the text is not an actor.
        """
        if by is None:
            return self.default_actor
        return Actor.parse(by) if isinstance(by, str) else by


def _repeated(use_case: Callable[..., Result]) -> Callable[..., Result]:
    """Run a use case under the retry policy.

    On a server a commit's answer may be lost: without a key of the caller's it gets one of ours, so that a
    second run finds what the first one did. In a share it is for whoever shares to run it again.
    """

    @wraps(use_case)
    def run(self: Service, *args: object, **options: object) -> Result:
        if self.store.is_sharing:
            return use_case(self, *args, **options)
        if options.get("key") is None and self.store.is_server:
            options["key"] = f"auto-{timed_key(time_ns() // 1_000_000, token_bytes(10))}"
        key = options.get("key")
        name = str(key) if key is not None else None
        return self.store.retry.run(lambda: use_case(self, *args, **options), key=name)

    return run


def act_in(books: Books, actor: Actor) -> Act:
    """Return an act in a branch now, with the mandates of whoever is acted for.

    An actor who names no branch is of the branch acted in; whoever is acted for always is.
    """
    is_own = actor.branch == books.branch.code
    mandates = books.mandates.list(actor.principal) if actor.principal is not None else ()
    return Act(
        branch=books.branch.code,
        actor=replace(actor, branch=None) if is_own else actor,
        at=books.desk.now,
        on=books.today,
        mandates=mandates,
    )


def act_in_either(home: Books, host: Books, actor: Actor, *, sponsor: str, beneficiary: str) -> Act:
    """Return an act that both branches may do: in the actor's own one of the two, else in the home branch.

    Who acts for somebody acts where the mandate is kept: the sponsor's branch or the beneficiary's. An
    actor who names no branch is of the home branch.
    """
    named = of_branch(actor, home.branch.code)
    for books, member in ((home, sponsor), (host, beneficiary)):
        if actor.principal == member:
            act = act_in(books, named)
            if any(
                (each.no, each.holder_branch, each.holder) == (actor.mandate, *act.person)
                for each in act.mandates
            ):
                return act
    return act_in(host if named.branch == host.branch.code else home, named)


def of_branch(actor: Actor, branch: str) -> Actor:
    """Return the actor with their branch named: the one they said, else `branch`."""
    return actor if actor.branch is not None else replace(actor, branch=branch)


def seen_from(act: Act, branch: str) -> Actor:
    """Return who acted, as the books of a branch write it.

    In another branch's books than the one acted in, the actor's branch is always written out; it says that a
    principal, too, is to be looked for where the act was done.
    """
    return act.actor if act.branch == branch else of_branch(act.actor, act.branch)


def person_at(text: str, branch: str) -> Person:
    """Read a member anywhere: `REF` in `branch`, or `REF@BRANCH`; returns branch and reference.

    Raises:
        BadReference: a part is malformed.
    """
    ref, at, code = text.partition("@")
    return (reference(code, what="branch code") if at else branch, reference(ref, what="member reference"))
