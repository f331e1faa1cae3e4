"""Signing in: with a password, with a code that came by mail, or through an OpenID provider.

These use cases take no idempotency key: what a key stands for is remembered for ever, and of passwords and
codes nothing is. Each of them can be asked again: a second session hurts nobody, and a used code says so.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from timebank.care.access import AccessRole, AccessToken, TokenKind
from timebank.care.member import require_active
from timebank.care.sign_in import (
    PASSWORD_LEAST,
    PASSWORD_MOST,
    Invitation,
    clean_email,
    clean_password,
    read_invitation_code,
)
from timebank.errors import (
    CredentialMissing,
    InvitationRefused,
    MemberLeft,
    SessionNeeded,
    SignInRefused,
    UnknownBranch,
    UnknownMember,
    WeakPassword,
)
from timebank.ids import REFERENCE, reference
from timebank.services import passwords
from timebank.services.attempts import ASKED_MOST, Attempts
from timebank.services.invitations import digest_of
from timebank.services.service import Service
from timebank.services.tokens import new_session
from timebank.storage.books import Books
from timebank.storage.sign_in import MailCode

SESSION_USUAL: Final = timedelta(hours=12)
CODE_LASTS: Final = timedelta(minutes=10)
CODE_DIGITS: Final = 8
TRIES_MOST: Final = 5
"""For one code: the chance to guess it is one in twenty million."""
TICKET: Final = re.compile(r"tc_(?P<branch>[a-z0-9][a-z0-9-]{0,39})_[A-Za-z0-9_-]{43}", re.ASCII)
TICKET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A new session: a token with its text, which is said once and nowhere kept."""

    token: AccessToken
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A code on its way to whoever asked for it."""

    email: str = field(repr=False)
    code: str = field(repr=False)
    branch_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAsked:
    """What came of asking for a code; only the letter tells whether anybody gets one."""

    ticket: str = field(repr=False)
    """To be said together with the code."""
    letter: Letter | None
    """None where nobody is there, or no address; whoever asked is not told."""


@dataclass(frozen=True)
class SignIn(Service):
    """Use cases of signing in."""

    attempts: Attempts = field(default_factory=Attempts)

    def accept(self, code: str, *, password: str | None = None, email: str | None = None) -> Invitation:
        """Choose how to sign in, with an invitation; what is left out stays as it was.

        Sessions that began before end: whoever had the old password is out.

        Args:
            code: of the invitation.
            password: None for none.
            email: where one-time codes will go; None for nowhere.

        Raises:
            InvitationRefused: the code is malformed, unknown, expired, revoked or used.
            CredentialMissing: neither a password nor an address.
            WeakPassword, BadEmail: it cannot be one.
        """
        branch, secret = read_invitation_code(code)
        if password is None and email is None:
            raise CredentialMissing
        address = clean_email(email) if email is not None else None
        with self._refusing_invitations():
            with self.store.read() as tx:
                invited = _open(tx.books(branch), secret)
            hashed = None
            if password is not None:
                hashed = passwords.hash_of(clean_password(password, ref=invited.ref))
            with self.store.write(branch) as tx:
                books = tx.books(branch)
                invited = _open(books, secret)
                books.invitations.use(invited.no)
                if hashed is not None:
                    books.credentials.set_password(invited.role, invited.ref, hashed)
                if address is not None:
                    books.identities.set_address(invited.role, invited.ref, address)
                _out(books, invited.role, invited.ref)
        return invited

    def link(self, code: str, *, issuer: str, subject: str) -> Invitation:
        """Let somebody sign in as whom an OpenID provider knows them, with an invitation.

        Raises:
            InvitationRefused: as for `accept`.
        """
        branch, secret = read_invitation_code(code)
        with self._refusing_invitations(), self.store.write(branch) as tx:
            books = tx.books(branch)
            invited = _open(books, secret)
            books.invitations.use(invited.no)
            books.credentials.link(_subject(issuer, subject), invited.role, invited.ref)
            return invited

    def with_password(
        self,
        branch: str,
        *,
        role: AccessRole = AccessRole.MEMBER,
        ref: str,
        password: str,
        place: str = "",
        lasts: timedelta = SESSION_USUAL,
    ) -> Session:
        """Begin a session with a password.

        Whoever is unknown costs as much work as whoever is not, and is refused in the same words.

        Args:
            branch: its code.
            role: in which they come.
            ref: who they are.
            password: as typed.
            place: from where they come; empty if nobody knows.
            lasts: how long the session does.

        Raises:
            TooManyAttempts: from that place, for that account.
            SignInRefused: branch, role, reference or password is wrong, or they are no member any more.
        """
        account = (branch, role, ref) if _is_sayable(branch, ref) else ("", role, "")
        self.attempts.take(account, place, now=self.store.clock.now())
        known = self._password(*account)
        is_right, renewed = passwords.check(password, known)
        if not is_right:
            raise SignInRefused
        with self._refusing_sign_in(), self.store.write(branch) as tx:
            books = tx.books(branch)
            if books.credentials.password(role, ref) != known:
                raise SignInRefused  # it was changed a moment ago
            if renewed is not None:
                books.credentials.set_password(role, ref, renewed)
            session = _begin(books, role, ref, lasts=lasts)
        self.attempts.succeeded(account, place)
        return session

    def ask_code(
        self, branch: str, *, role: AccessRole = AccessRole.MEMBER, ref: str, place: str = ""
    ) -> CodeAsked:
        """Ask for a code by mail; answer and work are the same whether or not anybody gets one.

        The code opens the door only with the ticket of whoever asked, so nobody can use up another's.

        Raises:
            BadReference: a part is malformed.
            TooManyAttempts: that place has asked too often for that account.
        """
        reference(branch, what="branch code")
        asked = ("mail", branch, role, reference(ref))
        self.attempts.take(asked, place, now=self.store.clock.now(), most=ASKED_MOST)
        ticket = f"tc_{branch}_{secrets.token_urlsafe(TICKET_BYTES)}"
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        try:
            with self.store.write(branch) as tx:
                books = tx.books(branch)
                email = books.identities.address(role, ref)
                digest = _code_digest(ticket, code)
                kept = MailCode(
                    digest=digest if email is not None else secrets.token_bytes(len(digest)),
                    role=role,
                    ref=ref,
                    expires_at=books.desk.now + CODE_LASTS,
                    tries=0,
                )
                books.credentials.add_code(_digest(ticket), kept)
                name = books.branch.name
        except UnknownBranch:
            return CodeAsked(ticket=ticket, letter=None)
        letter = Letter(email=email, code=code, branch_name=name) if email is not None else None
        return CodeAsked(ticket=ticket, letter=letter)

    def with_code(self, ticket: str, code: str, *, lasts: timedelta = SESSION_USUAL) -> Session:
        """Begin a session with a code that came by mail.

        Raises:
            SignInRefused: ticket or code is wrong, expired or used, or was tried too often, or they are no
                member any more.
        """
        found = TICKET.fullmatch(ticket)
        if found is None:
            raise SignInRefused
        session = None
        with self._refusing_sign_in():
            with self.store.read() as tx:
                if tx.books(found["branch"]).credentials.code(_digest(ticket)) is None:
                    raise SignInRefused
            with self.store.write(found["branch"]) as tx:
                session = _with_code(tx.books(found["branch"]), ticket, code, lasts)
        if session is None:
            raise SignInRefused
        return session

    def with_subject(
        self, branch: str, *, issuer: str, subject: str, lasts: timedelta = SESSION_USUAL
    ) -> Session:
        """Begin a session of somebody whom an OpenID provider vouches for.

        Raises:
            SignInRefused: nobody is linked to that subject, or they are no member any more.
        """
        with self._refusing_sign_in(), self.store.write(branch) as tx:
            books = tx.books(branch)
            linked = books.credentials.subject(_subject(issuer, subject))
            if linked is None:
                raise SignInRefused
            return _begin(books, *linked, lasts=lasts)

    def change_password(
        self, token: AccessToken, *, current: str | None, new: str, lasts: timedelta = SESSION_USUAL
    ) -> Session:
        """Change one's own password; every session ends, and this is the one that goes on.

        Args:
            token: of the session.
            current: None for somebody who has none yet.
            new: as typed.
            lasts: how long the new session does.

        Raises:
            SessionNeeded: it is an issued token.
            TooManyAttempts: in this session.
            SignInRefused: the current password is wrong, or the session is over.
            WeakPassword: the new one cannot be one, or is the current one.
        """
        if token.kind is not TokenKind.SESSION:
            raise SessionNeeded
        role, ref = token.role, token.ref
        account = (token.branch, role, ref)
        place = f"session {token.no}"  # not where they are: nobody else's failures count here
        self.attempts.take(account, place, now=self.store.clock.now())
        known = self._password(token.branch, role, ref)
        if known is not None and not passwords.check(current or "", known)[0]:
            raise SignInRefused
        hashed = passwords.hash_of(clean_password(new, ref=ref))
        if known is not None and passwords.check(new, known)[0]:
            raise WeakPassword(least=PASSWORD_LEAST, most=PASSWORD_MOST)
        with self._refusing_sign_in(), self.store.write(token.branch) as tx:
            books = tx.books(token.branch)
            now = books.access_tokens.get(token.no)
            if books.credentials.password(role, ref) != known or now is None or now.revoked_at is not None:
                raise SignInRefused
            books.credentials.set_password(role, ref, hashed)
            _out(books, role, ref)
            session = _begin(books, role, ref, lasts=lasts)
        self.attempts.succeeded(account, place)
        return session

    def delay_seconds(self, branch: str, role: AccessRole, ref: str, place: str) -> float:
        """Return how long an attempt from a place should wait before it is made."""
        return self.attempts.delay_seconds((branch, role, ref), place, now=self.store.clock.now())

    def _password(self, branch: str, role: AccessRole, ref: str) -> str | None:
        try:
            with self.store.read() as tx:
                return tx.books(branch).credentials.password(role, ref)
        except UnknownBranch:
            return None

    @contextmanager
    def _refusing_sign_in(self) -> Iterator[None]:
        try:
            yield
        except (UnknownBranch, UnknownMember, MemberLeft):
            raise SignInRefused from None

    @contextmanager
    def _refusing_invitations(self) -> Iterator[None]:
        try:
            yield
        except (UnknownBranch, UnknownMember, MemberLeft):
            raise InvitationRefused from None


def _is_sayable(*references: str) -> bool:
    return all(REFERENCE.fullmatch(each) is not None for each in references)


def _open(books: Books, secret: str) -> Invitation:
    invitation = books.invitations.find(digest_of(secret))
    if invitation is None or not invitation.is_open(books.desk.now):
        raise InvitationRefused
    _require_there(books, invitation.role, invitation.ref)
    return invitation


def _begin(books: Books, role: AccessRole, ref: str, *, lasts: timedelta) -> Session:
    _require_there(books, role, ref)
    token, text = new_session(books, role, ref, lasts=lasts)
    return Session(token=token, text=text)


def _require_there(books: Books, role: AccessRole, ref: str) -> None:
    if role is AccessRole.MEMBER:
        require_active(books.members.get(ref), on=books.today)


def _out(books: Books, role: AccessRole, ref: str) -> None:
    """End every session of somebody, and every code on its way to them."""
    books.access_tokens.revoke_of(role, ref, kind=TokenKind.SESSION)
    books.credentials.forget_codes(role, ref)


def _with_code(books: Books, ticket: str, code: str, lasts: timedelta) -> Session | None:
    """Try a code; None if it is wrong, which is counted and so must be committed."""
    kept = books.credentials.code(_digest(ticket))
    if kept is None or books.desk.now >= kept.expires_at:
        return None
    if not hmac.compare_digest(kept.digest, _code_digest(ticket, code)):
        if kept.tries + 1 >= TRIES_MOST:
            books.credentials.forget_code(_digest(ticket))
        else:
            books.credentials.count_try(_digest(ticket), kept.tries + 1)
        return None
    books.credentials.forget_code(_digest(ticket))
    return _begin(books, kept.role, kept.ref, lasts=lasts)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _code_digest(ticket: str, code: str) -> bytes:
    return _digest(f"{ticket}\0{code}")


def _subject(issuer: str, subject: str) -> bytes:
    return _digest(f"{issuer}\0{subject}")
