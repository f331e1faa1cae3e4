"""Members: join, look up, rename, erase. Names live in the identity store only (I-10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from timebank.care.events import EventKind, of_member
from timebank.care.mandate import Act, require_coordinator
from timebank.care.member import Identity, Member, MemberKind, is_called
from timebank.errors import KeyReused, MemberErased, MemberExists, MemberHasOpenMatters
from timebank.ids import reference
from timebank.ledger.chart import GRANT, available
from timebank.ledger.holds import HoldState
from timebank.ledger.model import MINUTES, Actor, Cause, EntryKind, credit, debit
from timebank.services.erasures import erase_person
from timebank.services.member_data import MemberData, data_of
from timebank.services.posting import post
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A member with, unless erased, who it is."""

    member: Member
    identity: Identity | None


class Members(Service):
    """Use cases on members."""

    def add(
        self,
        branch: str,
        *,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        ref: str | None = None,
        kind: MemberKind = MemberKind.PERSON,
        joined_on: date | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> MemberView:
        """Let a member join, with an empty account of minutes.

        Args:
            branch: its code.
            name: kept in the identity store only, like the contacts.
            email: or None.
            phone: or None.
            ref: the opaque reference the books use; the next free one, `m1`, `m2` …, if None.
            kind: a person or an organisation.
            joined_on: first day of membership; today if None.
            by: who lets them join: a coordinator.
            key: idempotency key.

        Raises:
            UnknownBranch, BadReference, BadText, BadActor: a part is malformed.
            KeyReused: the key was used for another request.
            NotAllowed: not a coordinator of the branch.
            MemberExists: the reference is taken.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "member add", ref, kind, joined_on, actor)
            if request.outcome is not None:
                return _again(books, request.outcome, name=name, email=email, phone=phone)
            require_coordinator(act_in(books, actor), branch)
            if ref is not None and books.members.find(reference(ref, what="member reference")) is not None:
                raise MemberExists(member=ref, branch=branch)
            member = Member(
                branch=branch,
                ref=ref or books.members.free_ref(books.members.refs()),
                kind=kind,
                joined_on=joined_on or books.today,
            )
            identity = Identity(branch=branch, ref=member.ref, name=name, email=email, phone=phone)
            books.members.add(member)
            books.identities.add(identity)
            books.accounts.open(available(member.ref), MINUTES)
            _grant(books, member, actor)
            books.tell(of_member(EventKind.MEMBER_JOINED, (branch, member.ref)))
            view = MemberView(member=member, identity=identity)
            request.done(member.ref, view)
            return view

    def list(self, branch: str) -> Sequence[MemberView]:
        """Return all members of a branch with their identities, by number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            identities = books.identities.list()
            return [
                MemberView(member=member, identity=identities.get(member.ref))
                for member in books.members.list()
            ]

    def page(self, branch: str, *, after: str | None = None, limit: int) -> Sequence[MemberView]:
        """Return members with their identities, by number, those behind a reference.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            members = books.members.page(after=after, limit=limit)
            identities = books.identities.among([member.ref for member in members])
            return [MemberView(member=each, identity=identities.get(each.ref)) for each in members]

    def search(self, branch: str, name: str, *, limit: int) -> Sequence[MemberView]:
        """Return members whose name has all the words asked for, by number; see `care.member.is_called`.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            found = {ref: who for ref, who in books.identities.list().items() if is_called(who, name)}
            refs = sorted(found, key=lambda ref: (len(ref), ref))[:limit]
            return [MemberView(member=books.members.get(ref), identity=found[ref]) for ref in refs]

    def show(self, branch: str, ref: str) -> MemberView:
        """Return one member.

        Raises:
            UnknownBranch, UnknownMember: there is none.
        """
        with self.store.read() as tx:
            return _view(tx.books(branch), ref)

    def export_data(self, branch: str, ref: str) -> MemberData:
        """Return everything that is held on one member, as of one moment.

        Raises:
            UnknownBranch, UnknownMember: there is none.
        """
        with self.store.read() as tx:
            return data_of(tx.books(branch), ref)

    def rename(
        self,
        branch: str,
        ref: str,
        *,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> MemberView:
        """Change who stands behind a reference; a contact left None stays as it is.

        Raises:
            UnknownBranch, BadActor: a part is malformed.
            KeyReused: the key was used for another request.
            UnknownMember, NotAllowed, MemberErased, BadText: in this order; only the member or a coordinator
                of the branch does this.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "member rename", ref, actor)
            member = books.members.get(ref)
            known = books.identities.find(ref)
            if request.outcome is not None:
                return _again(books, ref, name=name, email=email, phone=phone)
            _require_own(act_in(books, actor), branch, ref)
            if known is None:
                raise MemberErased(member=ref)
            request.require_unchanged(MemberView(member=member, identity=known))
            books.identities.change(
                Identity(
                    branch=branch,
                    ref=ref,
                    name=name,
                    email=email if email is not None else known.email,
                    phone=phone if phone is not None else known.phone,
                    note=known.note,
                )
            )
            view = _view(books, member.ref)
            request.done(ref, view)
            return view

    def erase(self, branch: str, ref: str, *, by: Who | None = None, key: str | None = None) -> MemberView:
        """Erase a person: name, contacts, every note that names them, how they sign in. The books stay.

        Their open requests and offers are withdrawn, and their access tokens revoked.

        Erasing twice changes nothing.

        Raises:
            UnknownBranch, BadActor: a part is malformed.
            KeyReused: the key was used for another request.
            UnknownMember, NotAllowed: in this order; only the member or a coordinator of the branch may.
            MemberHasOpenMatters: minutes are held; settle or release them first.
            ErasureUnfinished: the person is erased, but the database's log still holds what was there; erase
                them again.
        """
        view = self._erased(branch, ref, by, key)
        self.store.wipe_log()
        return view

    def _erased(self, branch: str, ref: str, by: Who | None, key: str | None) -> MemberView:
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "member erase", ref, actor)
            member = books.members.get(ref)
            if request.outcome is not None:
                return _view(books, ref)
            _require_own(act_in(books, actor), branch, ref)
            if books.holds.list(state=HoldState.PENDING, member=ref):
                raise MemberHasOpenMatters(member=ref)
            erase_person(books, ref, by=actor)
            view = MemberView(member=member, identity=None)
            request.done(ref, view)
            return view


def _grant(books: Books, member: Member, actor: Actor) -> None:
    """Post the policy's joining grant from issuance to an account of its own; organisations get none."""
    minutes = books.policy.policy.joining.grant_minutes
    if not minutes or member.kind is not MemberKind.PERSON:
        return
    postings = debit(GRANT, minutes), credit(f"member:{member.ref}:grant", minutes)
    for posting in postings:
        books.journal.open(posting.path)
    post(books, kind=EntryKind.TRANSFER, cause=Cause("grant", member.ref), postings=postings, actor=actor)


def _view(books: Books, ref: str) -> MemberView:
    return MemberView(member=books.members.get(ref), identity=books.identities.find(ref))


def _again(books: Books, ref: str, *, name: str, email: str | None, phone: str | None) -> MemberView:
    """Return what a request led to, told from another request by the texts it set.

    Keys are kept for ever and texts are not, so the key's fingerprint leaves the texts out (I-10).
    """
    view = _view(books, ref)
    if view.identity is not None:
        asked = Identity(branch=view.identity.branch, ref=ref, name=name, email=email, phone=phone)
        known = view.identity
        is_other = (
            asked.name != known.name
            or asked.email not in {None, known.email}
            or asked.phone not in {None, known.phone}
        )
        if is_other:
            raise KeyReused
    return view


def _require_own(act: Act, branch: str, ref: str) -> None:
    if not act.is_by(branch, ref):
        require_coordinator(act, branch)
