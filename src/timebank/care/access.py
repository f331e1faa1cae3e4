"""Access: in which role somebody comes to a branch, and what an access token stands for. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from timebank.errors import NotAllowed
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A dated, revocable right to come to a branch as somebody; its secret is nowhere kept.

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

    def __post_init__(self) -> None:
        """Refuse what is no reference."""
        reference(self.branch, what="branch code")
        reference(self.ref)

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
