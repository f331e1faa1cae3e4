"""Invitations: let somebody choose, once, how they will sign in."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from timebank.care.access import SCOPES_OF, AccessRole, AccessToken
from timebank.care.mandate import require_coordinator
from timebank.care.member import require_active
from timebank.care.sign_in import ALPHABET, SECRET_CHARACTERS, Invitation, invitation_code
from timebank.errors import DaysOutOfRange, UnknownInvitation
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books

DAYS_USUAL: Final = 14
DAYS_MOST: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvitation:
    """A new invitation with its code, which is said once and nowhere kept."""

    invitation: Invitation
    code: str | None
    """None if the same request, with its key, invited before."""


class Invitations(Service):
    """Use cases on invitations."""

    def issue(
        self,
        branch: str,
        *,
        role: AccessRole = AccessRole.MEMBER,
        ref: str,
        days: int = DAYS_USUAL,
        under: AccessToken | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> IssuedInvitation:
        """Invite somebody to choose how they will sign in; earlier invitations open nothing any more.

        Whoever has a password already keeps it until they come with the invitation: so a forgotten one is
        replaced.

        Args:
            branch: its code.
            role: in which they will come.
            ref: a member of the branch; for other roles how they are called.
            days: from now, 1 to `DAYS_MOST`.
            under: the token of whoever invites; it is for all that the role can have.
            by: a coordinator of the branch.
            key: idempotency key.

        Raises:
            BadReference, DaysOutOfRange: a part is malformed.
            UnknownBranch, UnknownMember, MemberLeft: there is no such branch or member.
            KeyReused: the key was used for another request.
            NotAllowed: no coordinator.
            ScopesExceeded: `under` is for less than whoever is invited will have.
        """
        if not 1 <= days <= DAYS_MOST:
            raise DaysOutOfRange(days=days, most=DAYS_MOST)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "invitation issue", role, ref, days, actor)
            if request.outcome is not None:
                return IssuedInvitation(invitation=_got(books, int(request.outcome)), code=None)
            require_coordinator(act_in(books, actor), branch)
            if under is not None:
                under.require_to_give(SCOPES_OF[role], role)
            now = books.desk.now
            invitation = Invitation(
                branch=branch,
                no=books.invitations.next_no(),
                role=role,
                ref=ref,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            if role is AccessRole.MEMBER:
                require_active(books.members.get(ref), on=books.today)
            books.invitations.revoke_of(role, ref)
            secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARACTERS))
            books.invitations.add(invitation, digest=digest_of(secret), actor=str(actor))
            request.done(invitation.no)
            return IssuedInvitation(invitation=invitation, code=invitation_code(branch, secret))

    def list(self, branch: str) -> Sequence[Invitation]:
        """Return all invitations of a branch, by number.

        Raises:
            UnknownBranch: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).invitations.list()

    def revoke(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> Invitation:
        """Let an invitation open nothing any more; one that is over stays as it is.

        Raises:
            UnknownBranch, UnknownInvitation: there is none.
            KeyReused: the key was used for another request.
            NotAllowed: no coordinator.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "invitation revoke", no, actor)
            invitation = _got(books, no)
            if request.outcome is not None:
                return invitation
            require_coordinator(act_in(books, actor), branch)
            if invitation.used_at is None and invitation.revoked_at is None:
                books.invitations.revoke(no)
                invitation = replace(invitation, revoked_at=books.desk.now)
            request.done(no)
            return invitation


def digest_of(secret: str) -> bytes:
    """Return what is kept of an invitation's secret."""
    return hashlib.sha256(secret.encode()).digest()


def _got(books: Books, no: int) -> Invitation:
    invitation = books.invitations.get(no)
    if invitation is None:
        raise UnknownInvitation(invitation=no, branch=books.branch.code)
    return invitation
