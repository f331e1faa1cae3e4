"""Mandates: who may act for whom, from when to when, for what (I-14).

Owns I-14 together with `record`: every act names who did it, for whom and under which mandate. An `Act`
carries those facts into every function of `care`. References are read within a branch, so that members
of two branches who happen to share a reference are never taken for one another. Pure.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from timebank.care.inputs import optional_reason_of, reason_of
from timebank.errors import MandateNotInForce, NotAllowed, PeriodReversed, SelfDealing
from timebank.ids import reference
from timebank.instants import aware_utc
from timebank.ledger.model import Actor, Role

Person = tuple[str, str]
"""A human being as far as the books can tell: branch code and reference, whatever the role."""


class Scope(StrEnum):
    """What a mandate covers."""

    VIEW = "view"
    """See balance, statement, records and redemptions."""
    REQUEST = "request"
    """Ask for help: consent to be a beneficiary, cancel help planned for the principal."""
    CONFIRM = "confirm"
    """Speak about help: log, confirm, correct, dispute, reject, withdraw."""
    SPONSOR = "sponsor"
    """Spend the principal's hours: add beneficiaries, request and cancel redemptions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """A dated, revocable right of the holder to act for the principal.

    Raises:
        BadReference: a reference or code is malformed.
        PeriodReversed: it ends before it starts.
        NaiveInstant, DayBeyondRange: the revocation has no time zone, or a year that is not kept.
        SelfDealing: holder and principal are one member.
    """

    branch: str
    """The principal's branch, which keeps the mandate and numbers it."""
    no: int
    principal: str
    holder: str
    holder_branch: str
    """Where the holder is a member: `branch`, or another one."""
    basis: str
    """A code such as `family-authorisation`; the paper itself stays outside."""
    scopes: frozenset[Scope]
    from_on: date
    """First day, in the branch's calendar."""
    until_on: date | None = None
    """Last day; None: until it is revoked."""
    revoked_at: datetime | None = None
    """It is over from this instant on; kept in UTC."""

    def __post_init__(self) -> None:
        """Refuse what cannot be a mandate."""
        reference(self.branch, what="branch code")
        reference(self.holder_branch, what="branch code")
        reference(self.principal, what="member reference")
        reference(self.holder, what="member reference")
        reference(self.basis, what="basis code")
        if self.until_on is not None and self.until_on < self.from_on:
            raise PeriodReversed
        if self.revoked_at is not None:
            object.__setattr__(self, "revoked_at", aware_utc(self.revoked_at))
        if (self.branch, self.principal) == (self.holder_branch, self.holder):
            raise SelfDealing(actor=self.holder)

    def is_in_force(self, scope: Scope, *, on: date, at: datetime) -> bool:
        """Tell whether it covers `scope` on a day of its branch, at an instant.

        The first and the last day count; the instant of the revocation does not.
        """
        is_dated = self.from_on <= on and (self.until_on is None or on <= self.until_on)
        is_revoked = self.revoked_at is not None and at >= self.revoked_at
        return scope in self.scopes and is_dated and not is_revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who acts, in which branch, when, and with which mandates at hand.

    Raises:
        NaiveInstant, DayBeyondRange: `at` has no time zone, or a year that is not kept.
    """

    branch: str
    """The branch that is acted in; `actor.branch` is None where it is the actor's own. A principal is
    always a member of this branch."""
    actor: Actor
    at: datetime
    """Now; kept in UTC."""
    on: date
    """The day in the branch at `at`."""
    mandates: tuple[Mandate, ...] = ()
    """The mandates the caller found for the actor, any order; empty where nobody is acted for."""

    def __post_init__(self) -> None:
        """Keep the instant in UTC."""
        object.__setattr__(self, "at", aware_utc(self.at))

    @property
    def person(self) -> Person:
        """The human being who acts."""
        return person_of(self.actor, branch=self.branch)

    def is_by(self, branch: str, ref: str) -> bool:
        """Tell whether a member acts in their own name."""
        return (
            self.actor.role is Role.MEMBER and self.actor.principal is None and self.person == (branch, ref)
        )

    def is_for(self, branch: str, ref: str) -> bool:
        """Tell whether a member's will is expressed: by themselves, or by somebody in their name."""
        is_by_proxy = self.actor.role is Role.MEMBER and (self.branch, self.actor.principal) == (branch, ref)
        return is_by_proxy or self.is_by(branch, ref)

    def is_by_coordinator_of(self, branch: str) -> bool:
        """Tell whether a coordinator of the branch acts; in that role nobody acts for a member."""
        is_coordinator = self.actor.role is Role.COORDINATOR and self.actor.principal is None
        return is_coordinator and self.person[0] == branch


def person_of(actor: Actor, *, branch: str) -> Person:
    """Return the human being behind an actor who acted in `branch`; the role does not matter."""
    return (actor.branch if actor.branch is not None else branch, actor.ref)


def authorise(act: Act, *, branch: str, member: str, scope: Scope) -> None:
    """Refuse an act that is neither the member's own nor covered by a mandate (I-14).

    Raises:
        NotAllowed: the actor does not speak for this member of `branch` at all.
        MandateNotInForce: the actor does, but the mandate named is not at hand, is between other people,
            lacks the scope, has not begun, is over, or was revoked.
    """
    if not act.is_for(branch, member):
        raise NotAllowed(actor=act.actor)
    if act.actor.principal is None:
        return
    for mandate in act.mandates:
        is_named = (mandate.branch, mandate.no, mandate.principal) == (branch, act.actor.mandate, member)
        is_held = (mandate.holder_branch, mandate.holder) == act.person
        if is_named and is_held and mandate.is_in_force(scope, on=act.on, at=act.at):
            return
    raise MandateNotInForce(
        mandate=act.actor.mandate, actor=act.person[1], principal=member, scope=scope.value
    )


def authorise_or_coordinate(
    act: Act, *, branch: str, member: str, scope: Scope, reason: str | None
) -> str | None:
    """Return the cleaned reason of an act that a member, a proxy or a coordinator of the branch may do.

    Raises:
        NotAllowed, MandateNotInForce: somebody else asks.
        ReasonMissing: a coordinator gives none.
        BadText: the reason is no text.
    """
    if act.is_by_coordinator_of(branch):
        return reason_of(reason)
    authorise(act, branch=branch, member=member, scope=scope)
    return optional_reason_of(reason)


def require_coordinator(act: Act, *branches: str, parties: tuple[Person, ...] = ()) -> None:
    """Refuse anybody but a coordinator of one of the branches who is not a party themselves.

    Raises:
        NotAllowed: no coordinator of these branches.
        SelfDealing: the coordinator is one of `parties` (I-14).
    """
    if not any(act.is_by_coordinator_of(branch) for branch in branches):
        raise NotAllowed(actor=act.actor)
    if act.person in parties:
        raise SelfDealing(actor=act.actor)


def grant(act: Act, mandate: Mandate) -> Mandate:
    """Return the mandate, given by the principal in person or recorded by a coordinator.

    Nobody passes on a mandate they hold, and no coordinator records one for themselves.

    Raises:
        NotAllowed, SelfDealing: in this order.
    """
    assert act.branch == mandate.branch, "a mandate is granted in the principal's branch"
    if not act.is_by(mandate.branch, mandate.principal):
        require_coordinator(act, mandate.branch, parties=((mandate.holder_branch, mandate.holder),))
    return mandate


def revoke(mandate: Mandate, act: Act) -> Mandate:
    """Return the mandate revoked as of now, by principal, holder or a coordinator of its branch.

    Revoking again keeps the first revocation.

    Raises:
        NotAllowed: somebody else asks.
    """
    is_by_either = act.is_by(mandate.branch, mandate.principal) or act.is_by(
        mandate.holder_branch, mandate.holder
    )
    if not is_by_either:
        require_coordinator(act, mandate.branch)
    return mandate if mandate.revoked_at is not None else replace(mandate, revoked_at=act.at)
