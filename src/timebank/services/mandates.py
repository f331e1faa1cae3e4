"""Mandates: grant a right to act for a member, revoke it, list them (I-14).

A mandate is kept in the principal's branch and has a number there. Who acts without naming a branch is of
that branch.
"""

from collections.abc import Collection, Sequence
from datetime import date

from timebank.care import mandate as care
from timebank.care.access import AccessToken, Visitor, admit, claimed
from timebank.care.events import EventKind, of_mandate
from timebank.care.mandate import Mandate, Scope
from timebank.care.member import require_active
from timebank.errors import MandateCircle, NotAllowed, UnknownBranch, UnknownMandate
from timebank.services.service import Service, Who, act_in, person_at
from timebank.storage.transaction import Transaction


class Mandates(Service):
    """Use cases on mandates."""

    def grant(
        self,
        branch: str,
        *,
        principal: str,
        holder: str,
        basis: str,
        scopes: Collection[Scope],
        from_on: date | None = None,
        until_on: date | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Mandate:
        """Let a member act for another one.

        Args:
            branch: the principal's.
            principal: member reference there.
            holder: who may act, `REF@BRANCH`; `REF` for a member of the same branch.
            basis: code of what it rests on, such as `family-authorisation`; the paper stays outside.
            scopes: what it covers.
            from_on: first day, in the branch's calendar; today if None.
            until_on: last day; None: until it is revoked.
            by: the principal, or a coordinator of the branch who is not the holder.
            key: idempotency key.

        Raises:
            BadReference, PeriodReversed, SelfDealing: a part is malformed, or holder and principal are one.
            NotAllowed, SelfDealing: somebody else asks.
            MandateCircle: the principal acts for the holder, directly or through others.
            UnknownBranch, UnknownMember, MemberLeft: principal or holder are no members today.
            KeyReused: the key was used for another request.
        """
        holder_branch, ref = person_at(holder, branch)
        with self.store.write(branch, holder_branch) as tx:
            books, theirs = tx.books(branch), tx.books(holder_branch)
            actor = self.actor(by)
            covered = tuple(sorted(scopes))
            request = books.requests.open(
                key, "mandate grant", principal, holder, basis, covered, from_on, until_on, actor
            )
            if request.outcome is not None:
                return books.mandates.get(int(request.outcome))
            act = act_in(books, actor)
            mandate = Mandate(
                branch=branch,
                no=books.mandates.next_no(),
                principal=principal,
                holder=ref,
                holder_branch=holder_branch,
                basis=basis,
                scopes=frozenset(scopes),
                from_on=from_on if from_on is not None else books.today,
                until_on=until_on,
            )
            granted = care.grant(act, mandate)
            _require_no_circle(tx, granted)
            require_active(books.members.get(principal), on=books.today)
            require_active(theirs.members.get(ref), on=theirs.today)
            books.mandates.add(granted, actor=str(act.actor))
            _tell(tx, EventKind.MANDATE_GRANTED, granted)
            request.done(granted.no, granted)
            return granted

    def revoke(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> Mandate:
        """End a mandate now: by principal, holder or a coordinator of its branch.

        Revoking again keeps the first revocation.

        Raises:
            UnknownBranch, UnknownMandate: there is none.
            NotAllowed: somebody else asks.
            KeyReused: the key was used for another request.
        """
        with self.store.read() as tx:  # the holder's branch never changes, so it can be read before
            holder_branch = tx.books(branch).mandates.get(no).holder_branch
        with self.store.write(branch, holder_branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "mandate revoke", no, actor)
            mandate = books.mandates.get(no)
            if request.outcome is not None:
                return mandate
            act = act_in(books, actor)
            revoked = care.revoke(mandate, act)
            if revoked != mandate:
                books.mandates.revoke(revoked, actor=str(act.actor))
                _tell(tx, EventKind.MANDATE_REVOKED, revoked)
            request.done(no, revoked)
            return revoked

    def admit(self, token: AccessToken, branch: str, no: int, *, principal: str) -> Visitor:
        """Let the holder of a mandate come to its branch in the principal's name.

        Args:
            token: of who comes.
            branch: the principal's.
            no: of the mandate there.
            principal: member reference there.

        Raises:
            NotAllowed: no such mandate is held and in force now: nobody is told why.
            BadReference, BadActor: a part is malformed.
        """
        actor = claimed(token, principal=principal, mandate=no)
        try:
            with self.store.read() as tx:
                books = tx.books(branch)
                mandate = books.mandates.get(no)
                return admit(token, mandate, actor=actor, branch=branch, on=books.today, at=books.desk.now)
        except (UnknownBranch, UnknownMandate):
            raise NotAllowed(actor=actor) from None

    def show(self, branch: str, no: int) -> Mandate:
        """Return a mandate.

        Raises:
            UnknownBranch, UnknownMandate: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).mandates.get(no)

    def around(self, branch: str, *, member: str | None = None) -> Sequence[Mandate]:
        """Return the mandates that a branch's members gave or hold, by branch and number.

        Args:
            branch: its code.
            member: only those that this member gave or holds.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).mandates.around(member)

    def list(self, branch: str, *, principal: str | None = None) -> Sequence[Mandate]:
        """Return the mandates of a branch's members, or of one of them, by number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).mandates.list(principal)


def _tell(tx: Transaction, kind: EventKind, mandate: Mandate) -> None:
    """Tell it in the branches of principal and holder."""
    for code in sorted({mandate.branch, mandate.holder_branch}):
        tx.books(code).tell(of_mandate(kind, mandate))


def _require_no_circle(tx: Transaction, mandate: Mandate) -> None:
    """Refuse a proxy whom, directly or through others, the principal acts for (I-14).

    In a circle of proxies somebody could, through the others, confirm their own help.

    Raises:
        MandateCircle: they would act for one another.
    """
    start = (mandate.branch, mandate.principal)
    waiting, seen = [(mandate.holder_branch, mandate.holder)], set[tuple[str, str]]()
    while waiting:
        person = waiting.pop()
        if person == start:
            raise MandateCircle(principal=mandate.principal, holder=mandate.holder)
        if person in seen:
            continue
        seen.add(person)
        books = tx.books(person[0])
        waiting += [
            (each.holder_branch, each.holder)
            for each in books.mandates.list(person[1])
            if each.revoked_at is None and (each.until_on is None or each.until_on >= books.today)
        ]
