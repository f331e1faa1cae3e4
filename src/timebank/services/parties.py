"""Parties: which account stands for somebody whom another system names.

Whoever is met for the first time joins the branch, on the first day on which the file names them. Nothing is
kept of an erased person (I-10), so a party who was erased here counts as new, and the report says so where
the number shows it.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import date

from timebank.care.member import Identity, Member, MemberKind
from timebank.ledger.chart import available
from timebank.reports.importers.model import MemberRow, Notice, NoticeCode, Party, PartyKind
from timebank.storage.books import Books

OWN_FUND = "fund:branch"
NAME_MOST = 200
SLUG_MOST = 25
NUMBER_MOST = 30
"""Most digits of a member's number that becomes a reference."""


@dataclass(slots=True)
class Joining:
    """Somebody whom this import lets join."""

    kind: MemberKind
    on: date
    """The earliest day on which the file names them."""
    identity: Identity


class Parties:
    """The parties of one source, and the accounts of the branch that stand for them."""

    def __init__(self, books: Books, source: str) -> None:
        """Read what earlier imports from this source found."""
        self.books = books
        self.source = source
        self.known = books.identities.aliases(source)
        self.fresh: dict[str, str] = {}
        self.joining: dict[str, Joining] = {}
        self.members = frozenset(books.members.refs())
        """Who was there before."""
        self.taken = set(self.members)
        self.erased: frozenset[str] | None = None
        self.unopened: list[str] = []
        self.shared: set[str] = set()
        self.new_paths: list[str] = []
        self.notices: list[Notice] = []

    def known_path_of(self, party: Party) -> str | None:
        """Return the account of a party, None if none stands for it yet."""
        return self.known.get(alias_of(party))

    def path_of(self, party: Party, *, on: date, line: int) -> str:
        """Return the account of a party, named in `line` on that day; `open_new` has to open new ones."""
        alias = alias_of(party)
        path = self.known.get(alias)
        if path is None:
            return self._meet(alias, party, on, line)
        joining = self.joining.get(alias)
        if joining is not None and on < joining.on:
            joining.on = on
        return path

    def open_new(self) -> None:
        """Open the accounts of the parties met since the last call."""
        journal = self.books.journal
        journal.open_all(self.unopened)
        self.new_paths += self.unopened
        self.unopened.clear()
        for path in sorted(self.shared):
            if journal.open(path):
                self.new_paths.append(path)
        self.shared.clear()

    def save(self) -> None:
        """Store who joined, and which account stands for whom, so that the next import finds the same."""
        self.open_new()
        branch = self.books.branch.code
        self.books.members.add_all(
            Member(branch=branch, ref=each.identity.ref, kind=each.kind, joined_on=each.on)
            for each in self.joining.values()
        )
        self.books.identities.add_all(each.identity for each in self.joining.values())
        self.books.identities.add_aliases(self.source, self.fresh)

    def take_member(self, row: MemberRow) -> bool:
        """Let a member join, or fill in what a known one lacks; returns whether anything was new."""
        party = Party(kind=PartyKind.MEMBER, key=row.key, label=row.name)
        alias = alias_of(party)
        path = self.known.get(alias)
        if path is None:
            self._meet(alias, party, row.joined_on or self.books.today, row.line)
            joining = self.joining[alias]
            joining.identity = filled_in(joining.identity, row)
            return True
        ref = member_at(path)
        identity = self.books.identities.find(ref) if ref is not None else None
        if identity is None:  # erased: what was forgotten stays forgotten
            return False
        filled = filled_in(identity, row)
        if filled == identity:
            return False
        self.books.identities.change(filled)
        return True

    def _meet(self, alias: str, party: Party, on: date, line: int) -> str:
        if party.kind is PartyKind.LEFT:
            path = self._path_of_left(party, line)
            self.shared.add(path)
        elif party.kind is PartyKind.ORGANISATION and self._is_own(party):
            path = OWN_FUND
            self.shared.add(path)
        else:
            joining = self._join(party, on, line)
            self.joining[alias] = joining
            path = available(joining.identity.ref)
            self.unopened.append(path)
        self.known[alias] = self.fresh[alias] = path
        return path

    def _path_of_left(self, party: Party, line: int) -> str:
        """Return the account of all who left and stand behind one sentence: each sentence has its own."""
        named, number = slug(party.key), 1
        taken = set(self.known.values())
        path = f"suspense:left-{named}"
        while path in taken:
            number += 1
            path = f"suspense:left-{named}-{number}"
        reason = f"people who left are not told apart: all whom this sentence stands for share {path}"
        self.notices.append(Notice(line=line, code=NoticeCode.LEFT_TOGETHER, reason=reason))
        return path

    def _is_own(self, party: Party) -> bool:
        branch = self.books.branch
        return party.key.casefold() in {branch.name.casefold(), branch.code}

    def _join(self, party: Party, on: date, line: int) -> Joining:
        is_person = party.kind is not PartyKind.ORGANISATION
        ref = self._ref_of_number(party.key, line) if is_person else self._free("org", 1)
        self.taken.add(ref)
        kind = MemberKind.PERSON if is_person else MemberKind.ORGANISATION
        name = (party.label or party.key)[:NAME_MOST]
        return Joining(kind, on, Identity(branch=self.books.branch.code, ref=ref, name=name))

    def _ref_of_number(self, key: str, line: int) -> str:
        """Return m12 for member 12, m12-2 if that is somebody else; without a number, the next free one."""
        wanted = f"m{key}"
        if not (key.isascii() and key.isdigit() and len(key) <= NUMBER_MOST):
            return self.books.members.free_ref(self.taken)
        if wanted not in self.taken:
            return wanted
        ref = self._free(wanted, 2)
        if self._is_erased(wanted):
            reason = f"{wanted} was erased here: if {ref} is the same person, erase {ref} as well"
            self.notices.append(Notice(line=line, code=NoticeCode.ERASED_BEFORE, reason=reason))
        return ref

    def _free(self, stem: str, number: int) -> str:
        while f"{stem}-{number}" in self.taken:
            number += 1
        return f"{stem}-{number}"

    def _is_erased(self, ref: str) -> bool:
        if self.erased is None:
            self.erased = self.members - self.books.identities.list().keys()
        return ref in self.erased


def alias_of(party: Party) -> str:
    """Return the name under which a party is kept; an account code and a member's key are the same.

    So a list of members can give names to the accounts of a system whose exports have none.
    """
    kind = PartyKind.MEMBER if party.kind is PartyKind.ACCOUNT else party.kind
    return f"{kind}:{party.key}"


def member_at(path: str) -> str | None:
    """Return the member whose account it is, None for other accounts."""
    return path.split(":")[1] if path.startswith("member:") else None


def filled_in(identity: Identity, row: MemberRow) -> Identity:
    """Return an identity with what it lacks from a row; a key that stands in for a name counts as lacking."""
    extra = "; ".join(part for part in (row.alternative_phone, row.language) if part)
    return replace(
        identity,
        name=row.name if identity.name == row.key else identity.name,
        email=identity.email or row.email or None,
        phone=identity.phone or row.phone or None,
        note=identity.note or extra or None,
    )


def slug(text: str) -> str:
    """Return a reference that reads like a text: ASCII letters and digits, everything else a hyphen."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return "-".join(words)[:SLUG_MOST].strip("-") or "unnamed"
