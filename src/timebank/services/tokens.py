"""Tokens: let somebody in, look who stands at the door, and shut it."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from timebank.care.access import ALL, AccessRole, AccessScope, AccessToken, TokenKind
from timebank.care.mandate import require_coordinator
from timebank.care.member import Member, require_active
from timebank.errors import DaysOutOfRange, TokenRefused, UnknownBranch, UnknownToken
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books
from timebank.storage.transaction import Transaction

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
        scopes: frozenset[AccessScope] = ALL,
        under: AccessToken | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> IssuedToken:
        """Let somebody come to a branch as who they are, for some days.

        Args:
            branch: its code.
            role: in which they come.
            ref: a member of the branch; for other roles how they are called.
            days: from now, 1 to `DAYS_MOST`.
            scopes: what the token is for; what the role has not is left out.
            under: the token of whoever issues it; the new one is for no more.
            by: a coordinator of the branch.
            key: idempotency key.

        Raises:
            BadReference, DaysOutOfRange: a part is malformed.
            UnknownBranch, UnknownMember, MemberLeft: there is no such branch or member.
            KeyReused: the key was used for another request.
            NotAllowed: no coordinator.
            ScopesExceeded: more than `under` is for.
        """
        if not 1 <= days <= DAYS_MOST:
            raise DaysOutOfRange(days=days, most=DAYS_MOST)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            narrow = () if scopes == ALL else (scopes,)  # keys of earlier versions said no scopes
            request = books.requests.open(key, "token issue", role, ref, days, actor, *narrow)
            if request.outcome is not None:
                return IssuedToken(token=_got(books, int(request.outcome)), text=None)
            require_coordinator(act_in(books, actor), branch)
            if under is not None:
                under.require_to_give(scopes, role)
            now = books.desk.now
            token = AccessToken(
                branch=branch,
                no=books.access_tokens.next_no(),
                role=role,
                ref=ref,
                created_at=now,
                expires_at=now + timedelta(days=days),
                scopes=scopes,
            )
            if role is AccessRole.MEMBER:
                require_active(books.members.get(ref), on=books.today)
            issued = IssuedToken(token=token, text=keep_new(books, token, actor=str(actor)))
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
            with self.store.glance() as tx:
                books = tx.books(found["branch"])
                token, member = _holder(tx, books, _digest(text))
                if not token.is_in_force(books.desk.now):
                    raise TokenRefused
                if member is not None and not member.is_active(books.today):
                    raise TokenRefused
                return token
        except UnknownBranch:
            raise TokenRefused from None

    def end(self, token: AccessToken) -> None:
        """Let a token open nothing any more, because whoever has it signs out."""
        with self.store.write(token.branch) as tx:
            books = tx.books(token.branch)
            if _got(books, token.no).revoked_at is None:
                books.access_tokens.revoke(token.no, books.desk.now)

    def still_opens(self, token: AccessToken) -> bool:
        """Tell whether a token that was found before still opens the door, now."""
        with self.store.read() as tx:
            books = tx.books(token.branch)
            found = books.access_tokens.get(token.no)
            if found is None or found.ref != token.ref or not found.is_in_force(books.desk.now):
                return False
            return token.role is not AccessRole.MEMBER or books.members.get(token.ref).is_active(books.today)

    def list(self, branch: str) -> Sequence[AccessToken]:
        """Return all tokens of a branch, by number.

        Raises:
            UnknownBranch: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).access_tokens.list()

    def revoke(
        self,
        branch: str,
        no: int,
        *,
        under: AccessToken | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> AccessToken:
        """Let a token open nothing any more; revoking again keeps the first revocation.

        Args:
            branch: its code.
            no: the token's number.
            under: the token of whoever revokes, in any role; whoever has it may revoke their own.
            by: who revokes, where `under` does not say.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownToken: there is none.
            KeyReused: the key was used for another request.
            NotAllowed: neither a coordinator nor the member whose token it is.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            who = under if under is not None else self.actor(by)
            said = f"{who.role}:{who.ref}" if isinstance(who, AccessToken) else who
            request = books.requests.open(key, "token revoke", no, said)
            token = _got(books, no)
            if request.outcome is not None:
                return token
            if isinstance(who, AccessToken):
                if not (who.branch == branch and token.is_of(who.role, who.ref)):
                    require_coordinator(act_in(books, who.actor_from_afar), branch)
            else:
                act = act_in(books, who)
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


def keep_new(books: Books, token: AccessToken, *, actor: str) -> str:
    """Store a new token; returns its text, which is nowhere kept."""
    text = f"tb_{books.branch.code}_{secrets.token_urlsafe(SECRET_BYTES)}"
    books.access_tokens.add(token, digest=_digest(text), actor=actor)
    return text


def new_session(books: Books, role: AccessRole, ref: str, *, lasts: timedelta) -> tuple[AccessToken, str]:
    """Begin a session of somebody who has shown who they are; returns the token and its text."""
    token = AccessToken(
        branch=books.branch.code,
        no=books.access_tokens.next_no(),
        role=role,
        ref=ref,
        created_at=books.desk.now,
        expires_at=books.desk.now + lasts,
        kind=TokenKind.SESSION,
    )
    return token, keep_new(books, token, actor=f"{role}:{ref}")


def _holder(tx: Transaction, books: Books, digest: bytes) -> tuple[AccessToken, Member | None]:
    """Return a token and the member whose it is, if it is one's.

    Raises:
        TokenRefused: there is none.
    """
    kept, name = tx.unchanged(), (books.branch.code, digest)
    if name not in kept:
        token = books.access_tokens.find(digest)
        if token is None:
            raise TokenRefused
        kept[name] = token, books.members.get(token.ref) if token.role is AccessRole.MEMBER else None
    token, member = kept[name]
    return token, member


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
