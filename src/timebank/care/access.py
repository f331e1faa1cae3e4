"""Access: in which role somebody comes to a branch, what an access token stands for, what may be seen. Pure.

Owns, for reading, what `mandate` owns for acts (I-14): who comes in a principal's name sees what a mandate
in force covers and nothing else, and learns nothing about any other mandate.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from timebank.care.mandate import Mandate, Person, Scope
from timebank.errors import NotAllowed, ScopeMissing, ScopesExceeded
from timebank.ids import reference
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.model import Actor, Role


class AccessRole(StrEnum):
    """In which role somebody comes to a branch."""

    MEMBER = "member"
    """A volunteer or a family: sees and does what is their own, or what a mandate covers."""
    COORDINATOR = "coordinator"
    """Runs the branch."""
    AUDITOR = "auditor"
    """Reads and proves, never writes."""
    OPERATOR = "operator"
    """Runs the machine; sees no books."""


class AccessScope(StrEnum):
    """What a token is for, within what the role of whoever has it allows."""

    READ = "read"
    """Look at whatever the role sees; changes nothing."""
    LOG = "log"
    """Speak about help: log, confirm, correct, dispute, reject, withdraw; offer help."""
    REDEEM = "redeem"
    """Spend hours, ask for help, say who may: beneficiaries, mandates, redemptions, requests."""
    ACCOUNT = "account"
    """How one comes in: the own password, the own tokens."""
    COORDINATE = "coordinate"
    """Run the branch: everything else that changes something."""


ALL: Final = frozenset(AccessScope)
SCOPES_OF: Final[Mapping[AccessRole, frozenset[AccessScope]]] = {
    AccessRole.MEMBER: ALL - {AccessScope.COORDINATE},
    AccessRole.COORDINATOR: ALL,
    AccessRole.AUDITOR: frozenset({AccessScope.READ, AccessScope.ACCOUNT}),
    AccessRole.OPERATOR: frozenset({AccessScope.READ, AccessScope.ACCOUNT}),
}
"""The widest token that each role can have."""


class TokenKind(StrEnum):
    """How a token came about."""

    ISSUED = "issued"
    """A coordinator issued it, for a program or a person."""
    SESSION = "session"
    """Somebody signed in; over after hours, and with the password it began with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A dated, revocable right to come to a branch as somebody; its secret is nowhere kept.

    Scopes beyond the role's widest token are left out.

    Raises:
        BadReference: a reference or code is malformed.
    """

    branch: str
    no: int
    role: AccessRole
    ref: str
    """Who comes: a member reference, or how a coordinator, auditor or operator is called."""
    created_at: datetime
    expires_at: datetime
    """First instant at which it opens nothing any more, aware UTC."""
    revoked_at: datetime | None = None
    scopes: frozenset[AccessScope] = ALL
    kind: TokenKind = TokenKind.ISSUED

    def __post_init__(self) -> None:
        """Refuse what is no reference."""
        reference(self.branch, what="branch code")
        reference(self.ref)
        object.__setattr__(self, "scopes", self.scopes & SCOPES_OF[self.role])

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether it opens the door at an instant."""
        return at < self.expires_at and self.revoked_at is None

    @property
    def actor(self) -> Actor:
        """Who acts under it.

        Raises:
            NotAllowed: neither a member nor a coordinator; they do not act on books.
        """
        if self.role is AccessRole.MEMBER:
            return Actor(role=Role.MEMBER, ref=self.ref)
        if self.role is AccessRole.COORDINATOR:
            return Actor(role=Role.COORDINATOR, ref=self.ref)
        raise NotAllowed(actor=f"{self.role}:{self.ref}")

    @property
    def actor_from_afar(self) -> Actor:
        """Who acts under it, with their branch named: for acts that two branches know.

        Raises:
            NotAllowed: as for `actor`.
        """
        return replace(self.actor, branch=self.branch)

    def may_see(self, *members: str) -> bool:
        """Tell whether what concerns these members of the branch, and nobody else, may be seen."""
        if self.role is AccessRole.MEMBER:
            return self.ref in members
        return self.role is not AccessRole.OPERATOR

    def is_of(self, role: AccessRole, ref: str) -> bool:
        """Tell whether it lets in a certain somebody."""
        return (self.role, self.ref) == (role, ref)

    def require(self, scope: AccessScope) -> None:
        """Refuse what the token is not for.

        Raises:
            NotAllowed: no token of its role is.
            ScopeMissing: its scopes leave that out.
        """
        if scope not in SCOPES_OF[self.role]:
            raise NotAllowed(actor=f"{self.role}:{self.ref}")
        if scope not in self.scopes:
            raise ScopeMissing(scope=scope.value)

    def require_to_give(self, scopes: frozenset[AccessScope], role: AccessRole) -> None:
        """Refuse to give somebody more than whoever has this token may do.

        Raises:
            ScopesExceeded: of the scopes that the role can have, one is not this token's.
        """
        missing = (scopes & SCOPES_OF[role]) - self.scopes
        if missing:
            raise ScopesExceeded(scopes=", ".join(sorted(missing)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who stands before the books of a branch: in their own name, or in a principal's under a mandate.

    Without a mandate it is as the token says; with one it is as the mandate says, however much the token
    opens. `admit` makes one with a mandate.
    """

    token: AccessToken
    mandate: Mandate | None = None
    """In force now, and the token's member holds it."""

    @property
    def branch(self) -> str:
        """The branch that is looked at and acted in: the principal's, or the token's."""
        return self.mandate.branch if self.mandate is not None else self.token.branch

    @property
    def member(self) -> str | None:
        """The member of the branch whose matters these are; None for who comes in another role."""
        if self.mandate is not None:
            return self.mandate.principal
        return self.token.ref if self.token.role is AccessRole.MEMBER else None

    @property
    def actor(self) -> Actor:
        """Who acts in the branch.

        Raises:
            NotAllowed: neither a member nor a coordinator; they do not act on books.
        """
        actor = self.actor_from_afar
        return replace(actor, branch=None) if actor.branch == self.branch else actor

    @property
    def actor_from_afar(self) -> Actor:
        """Who acts, with their own branch named: for acts that two branches know.

        Raises:
            NotAllowed: as for `actor`.
        """
        if self.mandate is None:
            return self.token.actor_from_afar
        return claimed(self.token, principal=self.mandate.principal, mandate=self.mandate.no)

    @property
    def is_office(self) -> bool:
        """Whether they run or audit the branch: all of its books may be seen."""
        return self.mandate is None and self.token.role in {AccessRole.COORDINATOR, AccessRole.AUDITOR}

    def may_see(self, *parties: Person, to: Collection[Scope] = ()) -> bool:
        """Tell whether what concerns these parties, and nobody else, may be seen.

        A member sees what they are a party to; who runs or audits a branch sees what its members are a
        party to; an operator sees no books. In a principal's name one sees what the principal does, under a
        mandate with scope `view`, or with one of the scopes `to` of what is about to be done.
        """
        if self.mandate is not None and not self.mandate.scopes & {Scope.VIEW, *to}:
            return False
        if self.member is not None:
            return (self.branch, self.member) in parties
        return self.is_office and any(branch == self.branch for branch, _ in parties)

    def may_see_account(self, path: str) -> bool:
        """Tell whether an account of the branch may be seen: a member's own, or any by who runs or audits it.

        Raises:
            BadPath: the path is not in the chart.
        """
        place = place_of(path)
        return self.is_office or (
            place.kind is AccountKind.MEMBER and self.may_see((self.branch, place.name))
        )

    def may_see_branch(self, code: str) -> bool:
        """Tell whether a branch's name and calendar may be seen: that of where they are."""
        return code == self.branch


def claimed(token: AccessToken, *, principal: str, mandate: int) -> Actor:
    """Return the actor that somebody claims to be: the member of a token, acting for a principal.

    Raises:
        NotAllowed: they do not come as a member, and in no other role does anybody act for a member.
        BadReference, BadActor: a part is malformed.
    """
    if token.role is not AccessRole.MEMBER:
        raise NotAllowed(actor=f"{token.role}:{token.ref}")
    return replace(token.actor_from_afar, principal=principal, mandate=mandate)


def admit(
    token: AccessToken, mandate: Mandate, *, actor: Actor, branch: str, on: date, at: datetime
) -> Visitor:
    """Let somebody in, in a principal's name.

    Args:
        token: whose it is.
        mandate: the one they name.
        actor: what they claim, see `claimed`.
        branch: where the principal is a member.
        on: the day in that branch.
        at: the instant, aware UTC.

    Raises:
        NotAllowed: the mandate is another's, for another principal, not begun, over or revoked: nobody is
            told which.
    """
    is_named = (mandate.branch, mandate.no, mandate.principal) == (branch, actor.mandate, actor.principal)
    is_held = (mandate.holder_branch, mandate.holder) == (token.branch, token.ref)
    is_in_force = any(mandate.is_in_force(scope, on=on, at=at) for scope in mandate.scopes)
    if not (is_named and is_held and is_in_force):
        raise NotAllowed(actor=actor)
    return Visitor(token=token, mandate=mandate)
