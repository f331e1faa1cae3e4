"""Beneficiaries: for whom a sponsor may spend hours; add, consent, check, revoke, list.

A beneficiary is kept in the sponsor's branch and has a number there. Who acts without naming a branch is
of that branch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from timebank.care import beneficiary as care
from timebank.care import events
from timebank.care.beneficiary import Beneficiary, BeneficiaryOutcome, Relation
from timebank.care.mandate import Act
from timebank.care.member import require_active
from timebank.ledger.model import Actor
from timebank.services.service import Service, Who, act_in, act_in_either, of_branch, person_at
from timebank.services.settling import TwoBooks, write_reason
from timebank.storage.care import StoredAct

Deciding = Callable[[Beneficiary, TwoBooks, Actor], tuple[Act, BeneficiaryOutcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryHistory:
    """A beneficiary with all that was done; reasons are None where there were none or they were erased."""

    beneficiary: Beneficiary
    events: tuple[tuple[StoredAct, str | None], ...]


class Beneficiaries(Service):
    """Use cases on beneficiaries."""

    def add(
        self,
        branch: str,
        *,
        sponsor: str,
        relation: Relation,
        member: str,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Beneficiary:
        """Add somebody for whom a member may spend hours.

        Args:
            branch: the sponsor's.
            sponsor: member reference there.
            relation: what the beneficiary is to the sponsor.
            member: the beneficiary, `REF@BRANCH`; `REF` for a member of the same branch.
            reason: required of a coordinator.
            by: the sponsor, a proxy with scope `sponsor`, or a coordinator of the branch.
            key: idempotency key.

        Raises:
            BadReference: a part is malformed.
            UnknownBranch, UnknownMember, MemberLeft: sponsor or beneficiary are no members today.
            KeyReused: the key was used for another request.
            Others: see `care.beneficiary.add`, which judges first.
        """
        host_branch, ref = person_at(member, branch)
        with self.store.write(branch, host_branch) as tx:
            books = TwoBooks(home=tx.books(branch), host=tx.books(host_branch))
            home = books.home
            actor = self.actor(by)
            request = home.requests.open(key, "beneficiary add", sponsor, relation, member, actor)
            if request.outcome is not None:
                return home.beneficiaries.get(int(request.outcome))
            act = act_in(home, actor)
            outcome = care.add(
                act,
                no=home.beneficiaries.next_no(),
                sponsor=sponsor,
                relation=relation,
                host_branch=host_branch,
                member=ref,
                others=home.beneficiaries.list(sponsor),
                reason=reason,
            )
            require_active(home.members.get(sponsor), on=home.today)
            require_active(books.host.members.get(ref), on=books.host.today)
            home.beneficiaries.add(outcome.beneficiary)
            _write_event(books, act, outcome)
            request.done(outcome.beneficiary.no, outcome.beneficiary)
            return outcome.beneficiary

    def consent(
        self,
        branch: str,
        no: int,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Beneficiary:
        """Record that the beneficiary agrees: their word, a proxy's, or their branch's coordinator's.

        Raises:
            UnknownBranch, UnknownBeneficiary: there is none.
            Others: see `care.beneficiary.consent`.
        """

        def decide(beneficiary: Beneficiary, books: TwoBooks, actor: Actor) -> tuple[Act, BeneficiaryOutcome]:
            act = act_in(books.host, of_branch(actor, branch))
            return act, care.consent(beneficiary, act, reason=reason)

        return self._do(branch, no, decide, by, key, "beneficiary consent")

    def check(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> Beneficiary:
        """Record that a coordinator of either branch has checked relation and consent.

        Raises:
            UnknownBranch, UnknownBeneficiary: there is none.
            Others: see `care.beneficiary.check`.
        """

        def decide(beneficiary: Beneficiary, books: TwoBooks, actor: Actor) -> tuple[Act, BeneficiaryOutcome]:
            act = _act_in_either(books, beneficiary, actor)
            return act, care.check(beneficiary, act)

        return self._do(branch, no, decide, by, key, "beneficiary check")

    def revoke(
        self,
        branch: str,
        no: int,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Beneficiary:
        """End it: by sponsor, beneficiary, a proxy of either, or a coordinator with a reason.

        What was requested before stays as it is.

        Raises:
            UnknownBranch, UnknownBeneficiary: there is none.
            Others: see `care.beneficiary.revoke`.
        """

        def decide(beneficiary: Beneficiary, books: TwoBooks, actor: Actor) -> tuple[Act, BeneficiaryOutcome]:
            act = _act_in_either(books, beneficiary, actor)
            return act, care.revoke(beneficiary, act, reason=reason)

        return self._do(branch, no, decide, by, key, "beneficiary revoke")

    def list(self, branch: str) -> Sequence[Beneficiary]:
        """Return the beneficiaries of a branch's sponsors, and its members who are beneficiaries.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).beneficiaries.around()

    def show(self, branch: str, no: int) -> BeneficiaryHistory:
        """Return a beneficiary with its history.

        Raises:
            UnknownBranch, UnknownBeneficiary: there is none.
        """
        with self.store.read() as tx:
            home = tx.books(branch)
            events = home.beneficiaries.events(no)
            return BeneficiaryHistory(
                beneficiary=home.beneficiaries.get(no),
                events=tuple(
                    (each, tx.books(each.acted_in).identities.note(each.note_no)) for each in events
                ),
            )

    def _do(
        self, branch: str, no: int, decide: Deciding, by: Who | None, key: str | None, *payload: object
    ) -> Beneficiary:
        with (
            self.store.read() as tx
        ):  # the host branch never changes, so it can be read before heads are taken
            host_branch = tx.books(branch).beneficiaries.get(no).host_branch
        with self.store.write(branch, host_branch) as tx:
            books = TwoBooks(home=tx.books(branch), host=tx.books(host_branch))
            actor = self.actor(by)
            request = books.home.requests.open(key, *payload, no, actor)
            beneficiary = books.home.beneficiaries.get(no)
            if request.outcome is not None:
                return beneficiary
            act, outcome = decide(beneficiary, books, actor)
            books.home.beneficiaries.save(outcome.beneficiary)
            _write_event(books, act, outcome)
            request.done(no, outcome.beneficiary)
            return outcome.beneficiary


def _act_in_either(books: TwoBooks, beneficiary: Beneficiary, actor: Actor) -> Act:
    sponsor, member = beneficiary.sponsor, beneficiary.member
    return act_in_either(books.home, books.host, actor, sponsor=sponsor, beneficiary=member)


def _write_event(books: TwoBooks, act: Act, outcome: BeneficiaryOutcome) -> None:
    made = outcome.beneficiary
    concerned = ((made.host_branch, made.member), (made.branch, made.sponsor))
    about = f"beneficiary {made.branch}-{made.no}"
    note_no = write_reason(books, act, outcome.reason, about=about, concerned=concerned)
    books.home.beneficiaries.note(made.no, outcome.event, acted_in=act.branch, note_no=note_no)
    news = events.of_beneficiary(outcome)
    for each in books.each:
        each.tell(news)
