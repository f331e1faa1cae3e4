"""Parties: which account stands for somebody whom another system names."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from timebank.care.member import Identity, Member, MemberKind
from timebank.ids import REFERENCE
from timebank.ledger.chart import available
from timebank.reports.importers.model import MemberRow, Party, PartyKind
from timebank.storage.books import Books

OWN_FUND = "fund:branch"
NAME_MOST = 200


class Parties:
    """The parties of one source, and the accounts of the branch that stand for them."""

    def __init__(self, books: Books, source: str) -> None:
        """Read what earlier imports from this source found."""
        self.books = books
        self.source = source
        self.known = books.identities.aliases(source)
        self.fresh: dict[str, str] = {}
        self.taken = books.members.refs()
        self.new_paths: list[str] = []

    def known_path_of(self, party: Party) -> str | None:
        """Return the account of a party, None if none stands for it yet."""
        return self.known.get(f"{party.kind}:{party.key}")

    def path_of(self, party: Party) -> str:
        """Return the account of a party that `take` has seen."""
        return self.known[f"{party.kind}:{party.key}"]

    def take(self, parties: Iterable[tuple[Party, date]]) -> None:
        """Open an account for every party that has none; a member joins on the day that comes with it."""
        joining: list[tuple[Member, Identity]] = []
        for party, on in parties:
            name = f"{party.kind}:{party.key}"
            if name in self.known:
                continue
            if party.kind is PartyKind.LEFT:
                path = f"suspense:left-{slug(party.key)}"
            elif party.kind is PartyKind.ORGANISATION and self._is_own(party):
                path = OWN_FUND
            else:
                member, identity = self._joining(party, on)
                joining.append((member, identity))
                path = available(member.ref)
            self.known[name] = self.fresh[name] = path
        self.books.members.add_all(member for member, _ in joining)
        self.books.identities.add_all(identity for _, identity in joining)
        self._open([available(member.ref) for member, _ in joining])

    def _open(self, member_paths: list[str]) -> None:
        self.books.journal.open_all(member_paths)
        others = {path for path in self.fresh.values() if not path.startswith("member:")}
        for path in sorted(others - set(self.new_paths)):
            self.books.journal.open(path)
            self.new_paths.append(path)
        self.new_paths += member_paths

    def member_at(self, path: str) -> str | None:
        """Return the member whose account it is, None for other accounts."""
        return path.split(":")[1] if path.startswith("member:") else None

    def save(self) -> None:
        """Remember the new parties, so that the next import finds the same accounts."""
        self.books.identities.add_aliases(self.source, self.fresh)

    def take_member(self, row: MemberRow) -> bool:
        """Let a member join, or fill in what a known one lacks; returns whether anything was new."""
        party = Party(kind=PartyKind.MEMBER, key=row.key, label=row.name)
        is_new = self.known_path_of(party) is None
        self.take([(party, row.joined_on or self.books.today)])
        return self._fill_in(str(self.member_at(self.path_of(party))), row) or is_new

    def _fill_in(self, ref: str, row: MemberRow) -> bool:
        known = self.books.identities.find(ref)
        if known is None:  # erased: what was forgotten stays forgotten
            return False
        extra = "; ".join(part for part in (row.alternative_phone, row.language) if part)
        filled = replace(
            known,
            email=known.email or row.email or None,
            phone=known.phone or row.phone or None,
            note=known.note or extra or None,
        )
        if filled == known:
            return False
        self.books.identities.change(filled)
        return True

    def _is_own(self, party: Party) -> bool:
        branch = self.books.branch
        return party.key.casefold() in {branch.name.casefold(), branch.code}

    def _joining(self, party: Party, on: date) -> tuple[Member, Identity]:
        wanted = f"m{party.key}" if party.key.isascii() and party.key.isdigit() else ""
        is_free = REFERENCE.fullmatch(wanted) is not None and wanted not in self.taken
        ref = wanted if is_free else self.books.members.free_ref(self.taken)
        self.taken.add(ref)
        kind = MemberKind.ORGANISATION if party.kind is PartyKind.ORGANISATION else MemberKind.PERSON
        branch = self.books.branch.code
        name = (party.label or party.key)[:NAME_MOST]
        return (
            Member(branch=branch, ref=ref, kind=kind, joined_on=on),
            Identity(branch=branch, ref=ref, name=name),
        )


def slug(text: str) -> str:
    """Return a reference that reads like a text: ASCII letters and digits, everything else a hyphen."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return "-".join(words)[:30].strip("-") or "unnamed"
