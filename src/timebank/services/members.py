"""Members: join, look up, rename, erase. Names live in the identity store only (I-10)."""

from collections.abc import Sequence

from dataclasses import dataclass
from datetime import date

from timebank.care.member import Identity, Member, MemberKind
from timebank.errors import MemberErased, MemberExists, MemberHasOpenMatters
from timebank.ids import reference
from timebank.ledger.chart import available
from timebank.ledger.holds import HoldState
from timebank.ledger.model import MINUTES
from timebank.services.service import Service, Who
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A member with, unless erased, who it is."""

    member: Member
    identity: Identity | None


class Members(Service):
    """Use cases on members."""

    def add(  # noqa: PLR0913 - what a person may be asked on joining
        self,
        branch: str,
        *,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        ref: str | None = None,
        kind: MemberKind = MemberKind.PERSON,
        joined_on: date | None = None,
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
            key: idempotency key.

        Raises:
            UnknownBranch, BadReference, BadText: a part is malformed.
            MemberExists: the reference is taken.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            request = books.requests.open(key, "member add", name, email, phone, ref, kind, joined_on)
            if request.outcome is not None:
                return _view(books, request.outcome)
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
            request.done(member.ref)
            return MemberView(member=member, identity=identity)

    def list(self, branch: str) -> Sequence[MemberView]:
        """Return all members of a branch with their identities, by number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            identities = books.identities.list()
            return [
                MemberView(member=member, identity=identities.get(member.ref)) for member in books.members.list()
            ]

    def show(self, branch: str, ref: str) -> MemberView:
        """Return one member.

        Raises:
            UnknownBranch, UnknownMember: there is none.
        """
        with self.store.read() as tx:
            return _view(tx.books(branch), ref)

    def rename(
        self, branch: str, ref: str, *, name: str, email: str | None = None, phone: str | None = None
    ) -> MemberView:
        """Change who stands behind a reference; a contact left None stays as it is.

        Raises:
            UnknownBranch, UnknownMember, MemberErased, BadText: in this order.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            member = books.members.get(ref)
            known = books.identities.find(ref)
            if known is None:
                raise MemberErased(member=ref)
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
            return _view(books, member.ref)

    def erase(self, branch: str, ref: str, *, by: Who | None = None) -> MemberView:
        """Erase a person: name, contacts and every note that names them. The books stay as they are.

        Erasing twice changes nothing.

        Raises:
            UnknownBranch, UnknownMember: there is none.
            MemberHasOpenMatters: minutes are held; settle or release them first.
            BadActor: `by` is not an actor.
        """
        self.actor(by)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            member = books.members.get(ref)
            if books.holds.list(state=HoldState.PENDING, member=ref):
                raise MemberHasOpenMatters(member=ref)
            books.identities.erase(ref)
            books.members.mark_erased(ref)
            return MemberView(member=member, identity=None)


def _view(books: Books, ref: str) -> MemberView:
    return MemberView(member=books.members.get(ref), identity=books.identities.find(ref))
