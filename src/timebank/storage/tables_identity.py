"""The identity store: everything personal, and the only tables that are ever erased (I-10).

Nothing points into these tables by a foreign key and nothing here points out, so that erasing a
person touches no other row.
"""

from sqlalchemy import Index

from timebank.storage.columns import STRICT, Row, blob, key_number, key_text, text


class PersonRow(Row, table=True):
    """Who stands behind a member reference."""

    __tablename__ = "identity_person"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    ref: str = key_text()
    name: str = text()
    email: str | None = text(nullable=True)
    phone: str | None = text(nullable=True)
    note: str | None = text(nullable=True)


class NoteRow(Row, table=True):
    """Words somebody wrote: a reason, the title of an imported exchange; erased with either member."""

    __tablename__ = "identity_note"
    __table_args__ = (
        Index("ix_identity_note_member", "branch_id", "member"),
        Index("ix_identity_note_other", "branch_id", "other_member"),
        STRICT,
    )

    branch_id: int = key_number()
    no: int = key_number()
    about: str = text()
    """`entry 17`, `record 3`, `account member:m1:available` …"""
    member: str | None = text(nullable=True)
    other_member: str | None = text(nullable=True)
    words: str = text()


class DetailRow(Row, table=True):
    """What an entry has committed itself to, and the secret without which the commitment says nothing.

    Erased with any of the members. Rows are looked for by member only to be erased or given to them, so no
    post has to pay for an index.
    """

    __tablename__ = "identity_detail"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    entry_seq: int = key_number()
    member: str | None = text(nullable=True)
    other_member: str | None = text(nullable=True)
    third_member: str | None = text(nullable=True)
    secret: bytes = blob()
    details: str = text()
    """In the format of `ledger.details`."""


class AliasRow(Row, table=True):
    """How another system calls a party, so that a second import finds the same account."""

    __tablename__ = "identity_alias"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    source: str = key_text()
    party: str = key_text()
    path: str = text()


class AddressRow(Row, table=True):
    """Where one-time codes are sent; local to this database, as all that lets somebody in."""

    __tablename__ = "identity_address"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    role: str = key_text()
    ref: str = key_text()
    email: str = text()
