"""How somebody signs in: what is local to this database, never exported, and goes with the person.

No password, code or subject is kept, only what tells whether one is right. Addresses stand with the names, in
`tables_identity`.
"""

from sqlalchemy import CheckConstraint, UniqueConstraint

from timebank.storage.columns import STRICT, Row, blob, counter, key_bytes, key_number, key_text, number, text

ROLE = "role IN ('member', 'coordinator', 'auditor', 'operator')"


class InvitationRow(Row, table=True):
    """The right to choose, once, how to sign in."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("branch_id", "digest"), CheckConstraint(ROLE, name="role"), STRICT)

    branch_id: int = key_number()
    no: int = key_number()
    digest: bytes = blob()
    """SHA-256 of the code's secret."""
    role: str = text()
    ref: str = text()
    created_us: int = number()
    expires_us: int = number()
    used_us: int | None = number(nullable=True)
    revoked_us: int | None = number(nullable=True)
    actor: str = text()
    """Who invited."""


class CredentialRow(Row, table=True):
    """A password, as argon2id keeps it."""

    __tablename__ = "credential"
    __table_args__ = (CheckConstraint(ROLE, name="role"), STRICT)

    branch_id: int = key_number()
    role: str = key_text()
    ref: str = key_text()
    password: str = text()
    """Salted hash with its parameters, in the PHC form."""
    changed_us: int = number()


class MailCodeRow(Row, table=True):
    """A code that was asked for; it is used with the ticket that the asker got."""

    __tablename__ = "mail_code"
    __table_args__ = (CheckConstraint(ROLE, name="role"), STRICT)

    branch_id: int = key_number()
    ticket: bytes = key_bytes()
    """SHA-256 of the ticket."""
    digest: bytes = blob()
    """SHA-256 of ticket and code; of something else where no mail was sent."""
    role: str = text()
    ref: str = text()
    expires_us: int = number()
    tries: int = counter()


class SubjectRow(Row, table=True):
    """Whom an OpenID provider knows as what."""

    __tablename__ = "openid_subject"
    __table_args__ = (CheckConstraint(ROLE, name="role"), STRICT)

    branch_id: int = key_number()
    digest: bytes = key_bytes()
    """SHA-256 of issuer and subject."""
    role: str = text()
    ref: str = text()
    linked_us: int = number()
