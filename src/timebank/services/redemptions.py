"""Redemptions: a sponsor's hours, spent on help for a beneficiary near them, settled in both branches (I-7).

A redemption is named by its reference, the sponsor's branch and number: `lille-3`. Who acts without
naming a branch is of the home branch (the sponsor's) for requests, cancellations and deadlines, and of the
host branch (the beneficiary's) for the help itself: assign, unassign, log, confirm, dispute, no-show.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from timebank.care import sponsorship, workflow
from timebank.care.mandate import Act, require_coordinator
from timebank.care.member import require_active
from timebank.care.record import Hours as Stated
from timebank.care.record import Mode, RecordOutcome, ServiceRecord
from timebank.care.redemption import OPEN, Redemption, RedemptionState
from timebank.errors import RedemptionNotOpen, RedemptionOutOfOrder
from timebank.instants import day_of
from timebank.ledger.model import Actor
from timebank.services.hours import carry_out as carry_out_record
from timebank.services.outlooks import Outlooks
from timebank.services.service import Who, act_in, act_in_either, of_branch
from timebank.services.settling import (
    RedemptionDone,
    TwoBooks,
    books_of,
    carry_out,
    expire_due,
    home_and_no,
    hosts_due,
    place,
)
from timebank.services.stating import agree, decide_to_confirm
from timebank.services.stories import RedemptionStory, story_of
from timebank.services.terms import agreed, charge, logged, requested, stated
from timebank.storage.books import Books
from timebank.storage.transaction import Transaction

Doing = Callable[[Transaction, TwoBooks, Redemption, Actor], RedemptionDone]


class Redemptions(Outlooks):
    """Use cases on sponsored redemptions."""

    def request(
        self,
        branch: str,
        beneficiary: int,
        *,
        start_at: datetime,
        minutes: int,
        kind: str,
        mode: Mode = Mode.IN_PERSON,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> RedemptionDone:
        """Ask for help for a beneficiary, and reserve the sponsor's minutes for it.

        The host branch's policy says which help is offered and how its minutes count, because the help
        will be a service record there: what is reserved is what that record would credit. The home
        branch's policy says for whom hours can be spent and how long they stay reserved; never for less
        than `terms.LOGGING_DAYS` after the planned help.

        Args:
            branch: the sponsor's.
            beneficiary: the number of the beneficiary in that branch.
            start_at: when the help is to begin, with a time zone.
            minutes: how long it is to last, as measured.
            kind: code of the kind of help.
            mode: how it is to reach the beneficiary.
            reason: required of a coordinator.
            by: the sponsor, a proxy with scope `sponsor`, or a coordinator of the branch.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownBeneficiary: there is none.
            KeyReused: the key was used for another request.
            Others: see `care.sponsorship.request`; and after them, in this order:
            MemberLeft: sponsor or beneficiary are no members, now or on the day of the help.
            BeneficiaryRevoked, RelationNotEligible, TooManyNamed, ConsentMissing, CheckMissing: the home
                branch's policy does not let hours be spent on them, or not yet.
            EarnedTooLittle: the sponsor has not given what that policy wants first.
            KindNotOffered, ModeNotOffered: the host branch's policy does not know it.
            InsufficientHours: the sponsor does not have them above the floor.
        """
        planned = Stated(start_at=start_at, minutes=minutes, kind=kind, mode=mode)
        with self.store.read() as tx:
            home = tx.books(branch)
            host_branch, due = home.beneficiaries.get(beneficiary).host_branch, hosts_due(home)
        with self.store.write(branch, host_branch, *due) as tx:
            books = TwoBooks(home=tx.books(branch), host=tx.books(host_branch))
            actor = self.actor(by)
            request = books.home.requests.open(key, "redeem request", beneficiary, planned, actor)
            if request.outcome is not None:
                return RedemptionDone(redemption=books.home.redemptions.get(int(request.outcome)))
            swept = expire_due(tx, books.home)
            act = act_in(books.home, actor)
            done = place(books, act, requested(books, act, beneficiary, planned, reason))
            done = _with_swept(done, swept)
            request.done(done.redemption.no, done)
            return done

    def assign(
        self, ref: str, *, provider: str, by: Who | None = None, key: str | None = None
    ) -> RedemptionDone:
        """Say who will help: a member of the host branch offers, or a coordinator of it assigns.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            UnknownMember, MemberLeft: the provider is no member of the host branch on that day.
            Others: see `care.sponsorship.assign`.
        """

        def do(_tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
            act = act_in(books.host, actor)
            on = day_of(redemption.planned_at, books.host.zone)
            require_active(books.host.members.get(provider), on=on)
            return carry_out(books, act, sponsorship.assign(redemption, act, provider=provider))

        return self._do(ref, do, by, key, "redeem assign", provider)

    def unassign(self, ref: str, *, by: Who | None = None, key: str | None = None) -> RedemptionDone:
        """Step back as the provider, or for them as a coordinator; see `care.sponsorship.unassign`."""

        def do(_tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
            act = act_in(books.host, actor)
            return carry_out(books, act, sponsorship.unassign(redemption, act))

        return self._do(ref, do, by, key, "redeem unassign")

    def log(
        self,
        ref: str,
        *,
        minutes: int | None = None,
        start_at: datetime | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> RedemptionDone:
        """State the help, as a service record of the host branch; the other side then has the word.

        Args:
            ref: of the redemption.
            minutes: as measured; as planned if None.
            start_at: when it began; as planned if None, or just over now where the plan is not over yet.
            by: provider, beneficiary, a proxy of either, or a coordinator of the host branch.
            key: idempotency key.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            MemberLeft: provider or beneficiary are no members on that day.
            Others: see `care.sponsorship.log`.
        """

        def do(tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
            act = act_in(books.host, actor)
            hours = stated(redemption, minutes=minutes, start_at=start_at, now=act.at)
            outcome = logged(books.host, act, redemption, hours)
            assert outcome.record is not None, "what is logged has a record"
            books.host.records.add(outcome.record.record)
            done = carry_out(books, act, outcome)
            carry_out_record(tx, act, outcome.record)
            return done

        return self._do(ref, do, by, key, "redeem log", minutes, start_at)

    def confirm(
        self, ref: str, *, reason: str | None = None, by: Who | None = None, key: str | None = None
    ) -> RedemptionDone:
        """Agree with what the other side stated; this charges the sponsor and credits the provider.

        A coordinator of the host branch confirms with a reason.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            RedemptionNotOpen, RedemptionOutOfOrder: no help was logged.
            CaptureExceedsHold: more than was held.
            CeilingReached: the provider's account has no room; see `Hours.confirm` for others.
        """

        def decide(host: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
            if act.is_by_coordinator_of(host.branch.code):
                return decide_to_confirm(host, record, act, reason=reason)
            return agree(host, record, act)

        return self._do(ref, _on_record(decide), by, key, "redeem confirm")

    def dispute(
        self, ref: str, *, reason: str, by: Who | None = None, key: str | None = None
    ) -> RedemptionDone:
        """Refuse to confirm for now, with a reason; see `care.workflow.dispute`."""

        def decide(_host: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
            return workflow.dispute(record, act, reason=reason)

        return self._do(ref, _on_record(decide), by, key, "redeem dispute")

    def cancel(
        self, ref: str, *, reason: str | None = None, by: Who | None = None, key: str | None = None
    ) -> RedemptionDone:
        """Call it off; the host branch's policy at the time of the request says what that costs.

        It is free where nobody was assigned. A charge goes to the sponsor and credits the provider.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            Others: see `care.sponsorship.cancel`.
        """

        def do(_tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
            act = _act_in_either(books, redemption, actor)
            terms = agreed(books, redemption)
            charged = charge(books.host, terms, redemption, act, is_no_show=False)
            outcome = sponsorship.cancel(redemption, act, charged_minutes=charged, reason=reason)
            return carry_out(books, act, outcome, fee_version=terms.version)

        return self._do(ref, do, by, key, "redeem cancel")

    def waive(
        self, ref: str, *, reason: str | None, by: Who | None = None, key: str | None = None
    ) -> RedemptionDone:
        """End it free of charge, whatever the policy says, as a coordinator of the home branch.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            NotAllowed: only a coordinator of the home branch does.
            Others: see `care.sponsorship.cancel`.
        """

        def do(_tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
            act = act_in(books.home, actor)
            require_coordinator(act, books.home.branch.code)
            outcome = sponsorship.cancel(redemption, act, charged_minutes=0, reason=reason)
            return carry_out(books, act, outcome)

        return self._do(ref, do, by, key, "hold release")

    def miss(
        self,
        ref: str,
        *,
        is_by_provider: bool,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> RedemptionDone:
        """State that the visit failed: the beneficiary was not there (charged), or the provider did not come.

        The host branch's policy at the time of the request says what the former costs; the latter is free.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            Others: see `care.sponsorship.miss_by_beneficiary` and `miss_by_provider`.
        """

        def do(_tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
            act = act_in(books.host, actor)
            if is_by_provider:
                outcome = sponsorship.miss_by_provider(redemption, act, reason=reason)
                return carry_out(books, act, outcome)
            terms = agreed(books, redemption)
            charged = charge(books.host, terms, redemption, act, is_no_show=True)
            outcome = sponsorship.miss_by_beneficiary(redemption, act, charged_minutes=charged, reason=reason)
            return carry_out(books, act, outcome, fee_version=terms.version)

        return self._do(ref, do, by, key, "redeem no-show", is_by_provider)

    def expire(self, ref: str, *, by: Who | None = None, key: str | None = None) -> RedemptionDone:
        """End a redemption that reached its deadline without any help logged; its minutes go back.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            Others: see `care.sponsorship.expire`.
        """

        def do(_tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
            act = _act_in_either(books, redemption, actor)
            return carry_out(books, act, sponsorship.expire(redemption, act))

        return self._do(ref, do, by, key, "redeem expire", is_sweeping=False)

    def list(
        self,
        branch: str,
        *,
        state: RedemptionState | None = None,
        member: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Sequence[Redemption]:
        """Return the redemptions that a branch pays or serves, newest first.

        Args:
            branch: home or host.
            state: only these.
            member: only those of this member of the branch: sponsor, beneficiary or provider.
            after: reference of a redemption: only those that come after it in the list.
            limit: how many.

        Raises:
            UnknownBranch: no branch has that code.
            NotARedemption, UnknownRedemption: there is no `after`.
        """
        with self.store.read() as tx:
            last = None
            if after is not None:
                home, no = home_and_no(after)
                last = tx.books(home).redemptions.get(no)
            books = tx.books(branch)
            return books.redemptions.around(state=state, member=member, after=last, limit=limit)

    def show(self, ref: str) -> RedemptionStory:
        """Return the whole story of a redemption, reconciled in both books.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
        """
        home_branch, no = home_and_no(ref)
        with self.store.read() as tx:
            redemption = tx.books(home_branch).redemptions.get(no)
            return story_of(tx, books_of(tx, redemption), redemption)

    def _do(
        self,
        ref: str,
        do: Doing,
        by: Who | None,
        key: str | None,
        *payload: object,
        is_sweeping: bool = True,
    ) -> RedemptionDone:
        """Run an act on a redemption in one database transaction over both branches."""
        home_branch, no = home_and_no(ref)
        with (
            self.store.read() as tx
        ):  # the host branch never changes, so it can be read before heads are taken
            home = tx.books(home_branch)
            host_branch = home.redemptions.get(no).host_branch
            due = hosts_due(home) if is_sweeping else ()
        with self.store.write(home_branch, host_branch, *due) as tx:
            home = tx.books(home_branch)
            actor = self.actor(by)
            request = home.requests.open(key, *payload, no, actor)
            if request.outcome is not None:
                return RedemptionDone(redemption=home.redemptions.get(no))
            swept = expire_due(tx, home) if is_sweeping else ()
            redemption = home.redemptions.get(no)
            done = do(tx, books_of(tx, redemption), redemption, actor)
            done = _with_swept(done, swept)
            request.done(no, done)
            return done


def _on_record(decide: Callable[[Books, ServiceRecord, Act], RecordOutcome]) -> Doing:
    """Return how to act on a redemption through its service record, in the host branch."""

    def do(tx: Transaction, books: TwoBooks, redemption: Redemption, actor: Actor) -> RedemptionDone:
        act = act_in(books.host, actor)
        if redemption.record_no is None:
            is_open = redemption.state in OPEN
            refusal = RedemptionOutOfOrder if is_open else RedemptionNotOpen
            raise refusal(redemption=redemption.ref, state=redemption.state.value)
        outcome = decide(books.host, books.host.records.get(redemption.record_no), act)
        books.host.records.save(outcome.record)
        done = carry_out_record(tx, act, outcome)
        return done.redemption if done.redemption is not None else RedemptionDone(redemption=redemption)

    return do


def _act_in_either(books: TwoBooks, redemption: Redemption, actor: Actor) -> Act:
    named = of_branch(actor, redemption.branch)
    sponsor, beneficiary = redemption.sponsor, redemption.beneficiary
    return act_in_either(books.home, books.host, named, sponsor=sponsor, beneficiary=beneficiary)


def _with_swept(done: RedemptionDone, swept: tuple[Redemption, ...]) -> RedemptionDone:
    return replace(done, expired=tuple(each.ref for each in swept))
