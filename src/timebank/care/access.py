"""Access: in which role somebody comes to a branch, and what an access token stands for. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from timebank.errors import NotAllowed, ScopeMissing, ScopesExceeded
from timebank.ids import reference
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
