"""How somebody signs in: invitations, found by the digest of their code, and credentials."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Row as Found

from timebank.care.access import AccessRole
from timebank.care.sign_in import Invitation
from timebank.ledger.canonical import instant_of, micros_of
from timebank.storage.columns import table_of
from timebank.storage.repository import Repository
from timebank.storage.tables_sign_in import CredentialRow, InvitationRow, MailCodeRow, SubjectRow

INVITATION = table_of(InvitationRow)
CREDENTIAL = table_of(CredentialRow)
MAIL_CODE = table_of(MailCodeRow)
SUBJECT = table_of(SubjectRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCode:
    """A code that was asked for."""

    digest: bytes
    role: AccessRole
    ref: str
    expires_at: datetime
    tries: int
    """How often somebody with the ticket tried."""


class Invitations(Repository):
    """The invitations of a branch."""

    def list(self) -> Sequence[Invitation]:
        """Return all of them, by number."""
        return [self._invitation(row) for row in self._rows(InvitationRow, order_by=(INVITATION.c.no,))]

    def find(self, digest: bytes) -> Invitation | None:
        """Return the invitation whose code has this SHA-256."""
        row = self._row(InvitationRow, digest=digest)
        return self._invitation(row) if row is not None else None

    def get(self, no: int) -> Invitation | None:
        """Return an invitation by its number."""
        row = self._row(InvitationRow, no=no)
        return self._invitation(row) if row is not None else None

    def next_no(self) -> int:
        """Return the number of the next invitation."""
        last = select(func.max(INVITATION.c.no)).where(INVITATION.c.branch_id == self.desk.branch_id)
        return int(self.desk.connection.execute(last).scalar_one() or 0) + 1

    def add(self, invitation: Invitation, *, digest: bytes, actor: str) -> None:
        """Store a new invitation."""
        self._insert(
            InvitationRow,
            no=invitation.no,
            digest=digest,
            role=invitation.role.value,
            ref=invitation.ref,
            created_us=micros_of(invitation.created_at),
            expires_us=micros_of(invitation.expires_at),
            used_us=None,
            revoked_us=None,
            actor=actor,
        )

    def use(self, no: int) -> None:
        """Let an invitation open nothing any more, because somebody came."""
        self._update(InvitationRow, {"no": no}, used_us=self.now_us)

    def revoke(self, no: int) -> None:
        """Let an invitation open nothing any more."""
        self._update(InvitationRow, {"no": no}, revoked_us=self.now_us)

    def revoke_of(self, role: AccessRole, ref: str) -> None:
        """Let no invitation of somebody that is still open open anything any more."""
        for each in self._rows(InvitationRow, INVITATION.c.role == role.value, INVITATION.c.ref == ref):
            if each.used_us is None and each.revoked_us is None:
                self.revoke(each.no)

    def _invitation(self, row: Found[Any]) -> Invitation:
        return Invitation(
            branch=self.desk.branch.code,
            no=row.no,
            role=AccessRole(row.role),
            ref=row.ref,
            created_at=instant_of(row.created_us),
            expires_at=instant_of(row.expires_us),
            used_at=instant_of(row.used_us) if row.used_us is not None else None,
            revoked_at=instant_of(row.revoked_us) if row.revoked_us is not None else None,
        )


class Credentials(Repository):
    """Passwords, codes and linked subjects of a branch: what tells whether one is right."""

    def password(self, role: AccessRole, ref: str) -> str | None:
        """Return the hash of somebody's password."""
        row = self._row(CredentialRow, role=role.value, ref=ref)
        return str(row.password) if row is not None else None

    def kept_at(self, role: AccessRole, ref: str) -> tuple[datetime | None, tuple[datetime, ...]]:
        """Return when somebody's password was last changed, and when their accounts elsewhere were linked."""
        whose = {"role": role.value, "ref": ref}
        password = self._row(CredentialRow, **whose)
        links = self._matching(SubjectRow, "linked_us", **whose)
        changed_at = instant_of(password.changed_us) if password is not None else None
        return changed_at, tuple(instant_of(each.linked_us) for each in links)

    def set_password(self, role: AccessRole, ref: str, hashed: str) -> None:
        """Replace the hash of somebody's password."""
        if self.password(role, ref) is None:
            self._insert(CredentialRow, role=role.value, ref=ref, password=hashed, changed_us=self.now_us)
        else:
            whose: dict[str, object] = {"role": role.value, "ref": ref}
            self._update(CredentialRow, whose, password=hashed, changed_us=self.now_us)

    def add_code(self, ticket: bytes, code: MailCode) -> None:
        """Keep a code that was asked for, and forget those that are over."""
        here = MAIL_CODE.c.branch_id == self.desk.branch_id
        self.desk.connection.execute(delete(MAIL_CODE).where(here, MAIL_CODE.c.expires_us <= self.now_us))
        self._insert(
            MailCodeRow,
            ticket=ticket,
            digest=code.digest,
            role=code.role.value,
            ref=code.ref,
            expires_us=micros_of(code.expires_at),
            tries=code.tries,
        )

    def code(self, ticket: bytes) -> MailCode | None:
        """Return the code that goes with a ticket."""
        row = self._row(MailCodeRow, ticket=ticket)
        if row is None:
            return None
        return MailCode(
            digest=bytes(row.digest),
            role=AccessRole(row.role),
            ref=row.ref,
            expires_at=instant_of(row.expires_us),
            tries=row.tries,
        )

    def count_try(self, ticket: bytes, tries: int) -> None:
        """Remember how often somebody tried."""
        self._update(MailCodeRow, {"ticket": ticket}, tries=tries)

    def forget_code(self, ticket: bytes) -> None:
        """Let a ticket open nothing any more."""
        here = MAIL_CODE.c.branch_id == self.desk.branch_id
        self.desk.connection.execute(delete(MAIL_CODE).where(here, MAIL_CODE.c.ticket == ticket))

    def forget_codes(self, role: AccessRole, ref: str) -> None:
        """Let no ticket of somebody open anything any more."""
        whose = (MAIL_CODE.c.role == role.value, MAIL_CODE.c.ref == ref)
        here = MAIL_CODE.c.branch_id == self.desk.branch_id
        self.desk.connection.execute(delete(MAIL_CODE).where(here, *whose))

    def subject(self, digest: bytes) -> tuple[AccessRole, str] | None:
        """Return whom a provider knows as this subject: role and reference."""
        row = self._row(SubjectRow, digest=digest)
        return (AccessRole(row.role), str(row.ref)) if row is not None else None

    def link(self, digest: bytes, role: AccessRole, ref: str) -> None:
        """Remember whom a provider knows as this subject; it was somebody else's before, or nobody's."""
        here = SUBJECT.c.branch_id == self.desk.branch_id
        self.desk.connection.execute(delete(SUBJECT).where(here, SUBJECT.c.digest == digest))
        self._insert(SubjectRow, digest=digest, role=role.value, ref=ref, linked_us=self.now_us)

    def erase(self, role: AccessRole, ref: str) -> None:
        """Erase how somebody signs in; addresses go with the identity."""
        here = self.desk.branch_id
        for table in (CREDENTIAL, MAIL_CODE, SUBJECT):
            whose = (table.c.role == role.value, table.c.ref == ref)
            self.desk.connection.execute(delete(table).where(table.c.branch_id == here, *whose))
