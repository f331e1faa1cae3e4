"""The identity store: names, contacts, words and aliases; with `profiles`, the only rows erased (I-10)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Delete, Table, and_, delete, or_, select
from sqlalchemy.engine import Row as Found

from timebank.care.access import AccessRole
from timebank.care.member import Identity
from timebank.storage.columns import table_of
from timebank.storage.profiles import ALL as OF_PROFILES
from timebank.storage.profiles import Profiles
from timebank.storage.repository import Repository
from timebank.storage.tables import BranchRow
from timebank.storage.tables_identity import AddressRow, AliasRow, DetailRow, NoteRow, PersonRow

NOTE = table_of(NoteRow)
DETAIL = table_of(DetailRow)
PERSON = table_of(PersonRow)
BRANCH = table_of(BranchRow)
ALIAS = table_of(AliasRow)
ADDRESS = table_of(AddressRow)
MEMBERS = frozenset({"member", "other_member", "third_member"})
"""Columns that say with whom a row is erased."""


class Identities(Repository):
    """Who stands behind the references of a branch, and what people wrote."""

    def add(self, identity: Identity) -> None:
        """Store who stands behind a reference."""
        self._insert(
            PersonRow,
            ref=identity.ref,
            name=identity.name,
            email=identity.email,
            phone=identity.phone,
            note=identity.note,
        )

    def add_all(self, identities: Iterable[Identity]) -> None:
        """Store who stands behind many references."""
        rows = [(each.ref, each.name, each.email, each.phone, each.note) for each in identities]
        self._insert_many(PersonRow, rows)

    def change(self, identity: Identity) -> None:
        """Replace what is stored behind a reference."""
        self._update(
            PersonRow,
            {"ref": identity.ref},
            name=identity.name,
            email=identity.email,
            phone=identity.phone,
            note=identity.note,
        )

    def find(self, ref: str) -> Identity | None:
        """Return who stands behind a reference; None once erased."""
        row = self._row(PersonRow, ref=ref)
        return self._identity(row) if row is not None else None

    def list(self) -> dict[str, Identity]:
        """Return all identities of the branch by reference."""
        return {row.ref: self._identity(row) for row in self._find(PersonRow)}

    def among(self, refs: Sequence[str]) -> dict[str, Identity]:
        """Return the identities behind some references, by reference."""
        return {row.ref: self._identity(row) for row in self._rows(PersonRow, PERSON.c.ref.in_(refs))}

    def _identity(self, row: Found[Any]) -> Identity:
        return Identity(
            branch=self.desk.branch.code,
            ref=row.ref,
            name=row.name,
            email=row.email,
            phone=row.phone,
            note=row.note,
        )

    def write_note(self, words: str, *, about: str, members: Iterable[str] = ()) -> int:
        """Store words about something, to be erased with either of up to two members; returns its number."""
        first, second = (*members, None, None)[:2]
        no = self._next_no("note")
        self._insert(NoteRow, no=no, about=about, member=first, other_member=second, words=words)
        return no

    def write_notes(self, notes: Sequence[tuple[str, str, str | None, str | None]]) -> None:
        """Store many notes at once: (words, about, member, other member)."""
        if not notes:
            return
        first = self._next_no("note", count=len(notes))
        rows = [
            (first + offset, about, member, other, words)
            for offset, (words, about, member, other) in enumerate(notes)
        ]
        self._insert_many(NoteRow, rows)

    def notes(self, about: str) -> tuple[str, ...]:
        """Return the words stored about something, oldest first."""
        rows = self._find(NoteRow, "about = ?", about, order="no")
        return tuple(row.words for row in rows)

    def note(self, no: int | None) -> str | None:
        """Return the words of one note; None if there was none, or it was erased."""
        row = self._row(NoteRow, no=no) if no is not None else None
        return str(row.words) if row is not None else None

    def keep_details(self, entry: int, *, secret: bytes, details: str, members: Iterable[str]) -> None:
        """Keep what an entry has committed itself to, to be erased with any of up to three members."""
        first, second, third = (*members, None, None, None)[:3]
        self._insert(
            DetailRow,
            entry_seq=entry,
            member=first,
            other_member=second,
            third_member=third,
            secret=secret,
            details=details,
        )

    def details(self, entry: int) -> tuple[str, bytes] | None:
        """Return what an entry has committed itself to, and the secret; None if nothing, or once erased."""
        row = self._row(DetailRow, entry_seq=entry)
        return (str(row.details), bytes(row.secret)) if row is not None else None

    def details_naming(self, ref: str) -> Sequence[tuple[str, int, str, bytes]]:
        """Return all details that name a member, in any branch: branch, entry, canonical text, secret."""
        columns = (BRANCH.c.code, DETAIL.c.entry_seq, DETAIL.c.details, DETAIL.c.secret)
        query = select(*columns).join(BRANCH, BRANCH.c.branch_id == DETAIL.c.branch_id)
        rows = self.desk.connection.execute(query.where(self._names(DETAIL, ref)))
        return sorted((row.code, row.entry_seq, row.details, bytes(row.secret)) for row in rows)

    def erase(self, ref: str) -> None:
        """Erase a member's identity, addresses, aliases, and the words and details that name them anywhere.

        With the details goes the secret behind an entry's commitment, which then says nothing. And whatever
        matching knew of them, see `Profiles.erase`.

        The caller wipes the log of the database after the transaction: see `Store.wipe_log`.
        """
        here = self.desk.branch_id
        for statement in (
            self._without_address(AccessRole.MEMBER, ref),
            delete(PERSON).where(PERSON.c.branch_id == here, PERSON.c.ref == ref),
            *(delete(each).where(self._names(each, ref)) for each in (NOTE, DETAIL)),
            delete(ALIAS).where(self._is_alias_of(ref)),
        ):
            self.desk.connection.execute(statement)
        Profiles(self.desk).erase(ref)
        if self.desk.connection.dialect.name == "sqlite":
            self._rewrite()

    def naming(self, ref: str) -> Sequence[tuple[str, str]]:
        """Return every note that names a member, in any branch: what it is about, and its words."""
        query = select(NOTE.c.about, NOTE.c.words).where(self._names(NOTE, ref))
        rows = self.desk.connection.execute(query.order_by(NOTE.c.branch_id, NOTE.c.no))
        return [(row.about, row.words) for row in rows]

    def called(self, ref: str) -> Sequence[tuple[str, str]]:
        """Return how other systems call a member: the source, and the name there."""
        query = select(ALIAS.c.source, ALIAS.c.party).where(self._is_alias_of(ref))
        rows = self.desk.connection.execute(query.order_by(ALIAS.c.source, ALIAS.c.party))
        return [(row.source, row.party) for row in rows]

    def _names(self, table: Table, ref: str) -> ColumnElement[bool]:
        elsewhere = f"{ref}@{self.desk.branch.code}"
        columns = [each for each in table.c if each.name in MEMBERS]
        is_here = and_(table.c.branch_id == self.desk.branch_id, or_(*(each == ref for each in columns)))
        return or_(is_here, *(each == elsewhere for each in columns))

    def _is_alias_of(self, ref: str) -> ColumnElement[bool]:
        path_prefix = f"member:{ref}:"
        return and_(
            ALIAS.c.branch_id == self.desk.branch_id, ALIAS.c.path.startswith(path_prefix, autoescape=True)
        )

    def _rewrite(self) -> None:
        """Write the identities that are left onto fresh pages.

        `secure_delete` blanks a row where it stands, not the copy that a page may have kept of it when it
        was split; pages that are given back are blanked as a whole.
        """
        execute = self.desk.connection.exec_driver_sql
        for table in (each.name for each in (PERSON, NOTE, DETAIL, ALIAS, ADDRESS, *OF_PROFILES)):
            execute(f"CREATE TEMP TABLE rewritten AS SELECT * FROM main.{table}")  # noqa: S608 - as below
            execute(f"DELETE FROM main.{table}")  # noqa: S608 - our own names
            execute(f"INSERT INTO main.{table} SELECT * FROM rewritten")  # noqa: S608 - as above
            execute("DROP TABLE rewritten")

    def address(self, role: AccessRole, ref: str) -> str | None:
        """Return where one-time codes for somebody go; None if nowhere."""
        row = self._row(AddressRow, role=role.value, ref=ref)
        return str(row.email) if row is not None else None

    def set_address(self, role: AccessRole, ref: str, email: str) -> None:
        """Keep where one-time codes for somebody go."""
        self.desk.connection.execute(self._without_address(role, ref))
        self._insert(AddressRow, role=role.value, ref=ref, email=email)

    def _without_address(self, role: AccessRole, ref: str) -> Delete:
        here = ADDRESS.c.branch_id == self.desk.branch_id
        return delete(ADDRESS).where(here, ADDRESS.c.role == role.value, ADDRESS.c.ref == ref)

    def aliases(self, source: str) -> dict[str, str]:
        """Return the account path of every party that `source` named before."""
        query = select(ALIAS.c.party, ALIAS.c.path).where(
            ALIAS.c.branch_id == self.desk.branch_id, ALIAS.c.source == source
        )
        return {row.party: row.path for row in self.desk.connection.execute(query)}

    def add_aliases(self, source: str, paths: Mapping[str, str]) -> None:
        """Remember the account paths of parties, by their name in `source`."""
        self._insert_many(AliasRow, [(source, party, path) for party, path in paths.items()])
