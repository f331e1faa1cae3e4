"""Tokens: let somebody in, look who stands at the door, and shut it."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from timebank.care.access import AccessRole, AccessToken
from timebank.care.mandate import require_coordinator
from timebank.care.member import require_active
from timebank.errors import DaysOutOfRange, TokenRefused, UnknownBranch, UnknownToken
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books

SECRET_BYTES: Final = 32
DAYS_USUAL: Final = 90
DAYS_MOST: Final = 366
TOKEN: Final = re.compile(r"tb_(?P<branch>[a-z0-9][a-z0-9-]{0,39})_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new token with its text, which is said once and nowhere kept."""

    token: AccessToken
    text: str | None
    """None if the same request, with its key, issued the token before."""


class Tokens(Service):
    """Use cases on access tokens."""

    def issue(
        self,
        branch: str,
        *,
        role: AccessRole,
        ref: str,
        days: int = DAYS_USUAL,
        by: Who | None = None,
        key: str | None = None,
    ) -> IssuedToken:
        """Let somebody come to a branch as who they are, for some days.

        Args:
            branch: its code.
            role: in which they come.
            ref: a member of the branch; for other roles how they are called.
            days: from now, 1 to `DAYS_MOST`.
            by: a coordinator of the branch.
            key: idempotency key.

        Raises:
            BadReference, DaysOutOfRange: a part is malformed.
            UnknownBranch, UnknownMember, MemberLeft: there is no such branch or member.
            KeyReused: the key was used for another request.
            NotAllowed: no coordinator.
        """
        if not 1 <= days <= DAYS_MOST:
            raise DaysOutOfRange(days=days, most=DAYS_MOST)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "token issue", role, ref, days, actor)
            if request.outcome is not None:
                return IssuedToken(token=_got(books, int(request.outcome)), text=None)
            require_coordinator(act_in(books, actor), branch)
            now = books.desk.now
            token = AccessToken(
                branch=branch,
                no=len(books.access_tokens.list()) + 1,
                role=role,
                ref=ref,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            if role is AccessRole.MEMBER:
                require_active(books.members.get(ref), on=books.today)
            text = f"tb_{branch}_{secrets.token_urlsafe(SECRET_BYTES)}"
            books.access_tokens.add(token, digest=_digest(text), actor=str(actor))
            issued = IssuedToken(token=token, text=text)
            request.done(token.no, issued)
            return issued

    def find(self, text: str) -> AccessToken:
        """Return what a token's text stands for, now.

        Raises:
            TokenRefused: it is no token, is not known, has expired, was revoked, or its member has left;
                nobody is told which.
        """
        found = TOKEN.fullmatch(text)
        if found is None:
            raise TokenRefused
        try:
            with self.store.read() as tx:
                books = tx.books(found["branch"])
                token = books.access_tokens.find(_digest(text))
                if token is None or not token.is_in_force(books.desk.now):
                    raise TokenRefused
                if token.role is AccessRole.MEMBER and not books.members.get(token.ref).is_active(
                    books.today
                ):
                    raise TokenRefused
                return token
        except UnknownBranch:
            raise TokenRefused from None

    def list(self, branch: str) -> Sequence[AccessToken]:
        """Return all tokens of a branch, by number.

        Raises:
            UnknownBranch: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).access_tokens.list()

    def revoke(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> AccessToken:
        """Let a token open nothing any more; revoking again keeps the first revocation.

        Raises:
            UnknownBranch, UnknownToken: there is none.
            KeyReused: the key was used for another request.
            NotAllowed: neither a coordinator nor the member whose token it is.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "token revoke", no, actor)
            token = _got(books, no)
            if request.outcome is not None:
                return token
            act = act_in(books, actor)
            if token.role is not AccessRole.MEMBER or not act.is_by(branch, token.ref):
                require_coordinator(act, branch)
            if token.revoked_at is None:
                books.access_tokens.revoke(no, books.desk.now)
                token = replace(token, revoked_at=books.desk.now)
            request.done(no, token)
            return token


def _got(books: Books, no: int) -> AccessToken:
    token = books.access_tokens.get(no)
    if token is None:
        raise UnknownToken(token=no, branch=books.branch.code)
    return token


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
