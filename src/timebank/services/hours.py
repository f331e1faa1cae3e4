"""Hours: log help, let the other side say what it thinks of it, post it once (I-8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from timebank.care import events, workflow
from timebank.care.mandate import Act
from timebank.care.record import Hours as Stated
from timebank.care.record import Mode, RecordOutcome, RecordState, ServiceRecord
from timebank.ledger.limits import LimitWarning
from timebank.ledger.model import MINUTES, EntryKind
from timebank.services.allotting import allot
from timebank.services.posting import post, told_of, undo
from timebank.services.service import Service, Who, act_in
from timebank.services.settling import RedemptionDone, follow, home_and_no
from timebank.services.stating import (
    agree,
    credited,
    decide_to_confirm,
    others_of,
    require_creditable,
    require_offered,
    require_parties,
    rules_of,
)
from timebank.storage.books import Books
from timebank.storage.records import StoredEvent
from timebank.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursDone:
    """What an act on a service record led to."""

    record: ServiceRecord
    entries: tuple[int, ...] = ()
    """The entries it posted, in order."""
    warnings: tuple[LimitWarning, ...] = ()
    overlaps: tuple[int, ...] = ()
    """Records of the same provider that it shares time with, where the policy flags and allows that."""
    redemption: RedemptionDone | None = None
    """What it led to for the redemption that the record fulfils, in both branches' books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHistory:
    """A record with all that was done to it; reasons are None where there were none or they were erased."""

    record: ServiceRecord
    events: tuple[tuple[StoredEvent, str | None], ...]


class Hours(Service):
    """Use cases on service records."""

    def log(
        self,
        branch: str,
        *,
        provider: str,
        recipient: str,
        minutes: int,
        kind: str,
        start_at: datetime,
        mode: Mode = Mode.IN_PERSON,
        unit: str = MINUTES,
        by: Who | None = None,
        key: str | None = None,
    ) -> HoursDone:
        """State help that was given; the other side then has the word.

        Args:
            branch: where the help was given.
            provider: member reference.
            recipient: `member:REF`, or `fund:NAME` for work that a fund pays.
            minutes: as measured; the policy rounds them when they are confirmed.
            kind: code of the kind of help.
            start_at: when it began, with a time zone.
            mode: how it reached the recipient.
            unit: `min`, or `svc` for service that is counted but never redeemable.
            by: the provider, the recipient, a proxy of either, or a coordinator.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownMember, MemberLeft, UnknownAccount: somebody or something is not there.
            KindNotOffered, ModeNotOffered: the policy does not know it.
            CountOnlyKind: the policy counts it as service minutes only.
            KeyReused: the key was used for another request.
            Others: see `care.workflow.log_record`.
        """
        stated = Stated(start_at=start_at, minutes=minutes, kind=kind, mode=mode)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "hours log", provider, recipient, stated, unit, actor)
            if request.outcome is not None:
                return HoursDone(record=books.records.get(int(request.outcome)))
            act = act_in(books, actor)
            require_parties(books, provider, recipient, stated)
            require_offered(books.policy.policy, stated)
            require_creditable(books.policy.policy, stated, unit)
            outcome = workflow.log_record(
                act,
                no=books.records.next_no(),
                provider=provider,
                recipient=recipient,
                hours=stated,
                rules=rules_of(books.policy.policy),
                others=others_of(books, provider, stated),
                unit=unit,
            )
            books.records.add(outcome.record)
            done = carry_out(tx, act, outcome)
            request.done(outcome.record.no, done)
            return done

    def confirm(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> HoursDone:
        """Agree with what the other side stated; this posts the help.

        Raises:
            UnknownBranch, UnknownRecord: there is none.
            ConfirmationClosed: the policy leaves confirming to coordinators.
            InsufficientHours, CeilingReached, EarningCapReached: the policy's limits refuse the entry.
            Others: see `care.workflow.confirm`.
        """
        return self._act(branch, no, agree, by, key, "hours confirm")

    def correct(
        self,
        branch: str,
        no: int,
        *,
        minutes: int | None = None,
        start_at: datetime | None = None,
        kind: str | None = None,
        mode: Mode | None = None,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> HoursDone:
        """Restate a record; what is left None stays as it is.

        An open record then waits for the other side. A confirmed one can be restated by a coordinator,
        with a reason: its entry is reversed and the right one is posted (I-3).

        Raises:
            UnknownBranch, UnknownRecord: there is none.
            Others: see `care.workflow.correct` and `care.workflow.correct_confirmed`.
        """

        def decide(books: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
            stated = Stated(
                start_at=start_at if start_at is not None else record.start_at,
                minutes=minutes if minutes is not None else record.minutes,
                kind=kind if kind is not None else record.kind,
                mode=mode if mode is not None else record.mode,
            )
            require_offered(books.policy.policy, stated)
            require_creditable(books.policy.policy, stated, record.unit)
            rules, others = rules_of(books.policy.policy), others_of(books, record.provider, stated)
            if record.state is not RecordState.CONFIRMED:
                return workflow.correct(record, act, hours=stated, rules=rules, others=others)
            return workflow.correct_confirmed(
                record,
                act,
                hours=stated,
                rules=rules,
                others=others,
                credited_minutes=credited(books, stated),
                reason=reason,
            )

        return self._act(branch, no, decide, by, key, "hours correct", minutes, start_at, kind, mode)

    def dispute(
        self, branch: str, no: int, *, reason: str, by: Who | None = None, key: str | None = None
    ) -> HoursDone:
        """Refuse to confirm for now, with a reason; see `care.workflow.dispute`."""

        def decide(_books: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
            return workflow.dispute(record, act, reason=reason)

        return self._act(branch, no, decide, by, key, "hours dispute")

    def reject(
        self, branch: str, no: int, *, reason: str, by: Who | None = None, key: str | None = None
    ) -> HoursDone:
        """Say that this help was not given, with a reason; see `care.workflow.reject`."""

        def decide(_books: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
            return workflow.reject(record, act, reason=reason)

        return self._act(branch, no, decide, by, key, "hours reject")

    def withdraw(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> HoursDone:
        """Take an open record back; see `care.workflow.withdraw`."""

        def decide(_books: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
            return workflow.withdraw(record, act)

        return self._act(branch, no, decide, by, key, "hours withdraw")

    def decide(
        self,
        branch: str,
        no: int,
        *,
        is_confirmed: bool,
        reason: str,
        minutes: int | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> HoursDone:
        """Decide an open record as a coordinator, with a reason: confirm (other minutes if given) or reject.

        A confirmed record that is rejected is annulled: its entry is reversed.

        Raises:
            UnknownBranch, UnknownRecord: there is none.
            ConfirmationClosed: the policy leaves confirming to the other side.
            Others: see `care.workflow.decide_to_confirm`, `decide_to_reject` and `annul`.
        """

        def judge(books: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
            if not is_confirmed:
                is_posted = record.state is RecordState.CONFIRMED
                return (workflow.annul if is_posted else workflow.decide_to_reject)(
                    record, act, reason=reason
                )
            return decide_to_confirm(books, record, act, minutes=minutes, reason=reason)

        return self._act(branch, no, judge, by, key, "hours decide", is_confirmed, minutes)

    def list(
        self,
        branch: str,
        *,
        state: RecordState | None = None,
        member: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> Sequence[ServiceRecord]:
        """Return service records, newest first, of a state, of a member on either side, before a number."""
        with self.store.read() as tx:
            records = tx.books(branch).records
            return records.list(state=state, member=member, before=before, limit=limit)

    def show(self, branch: str, no: int) -> RecordHistory:
        """Return a record with its history.

        Raises:
            UnknownBranch, UnknownRecord: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            events = books.records.events(books.records.get(no).no)
            return RecordHistory(
                record=books.records.get(no),
                events=tuple((event, books.identities.note(event.note_no)) for event in events),
            )

    def _act(
        self,
        branch: str,
        no: int,
        decide: Callable[[Books, ServiceRecord, Act], RecordOutcome],
        by: Who | None,
        key: str | None,
        *payload: object,
    ) -> HoursDone:
        with self.store.write(branch, *self._other_branch(branch, no)) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, *payload, no, actor)
            record = books.records.get(no)
            if request.outcome is not None:
                return HoursDone(record=record)
            request.require_unchanged(record)
            act = act_in(books, actor)
            outcome = decide(books, record, act)
            books.records.save(outcome.record)
            done = carry_out(tx, act, outcome)
            request.done(no, done)
            return done

    def _other_branch(self, branch: str, no: int) -> tuple[str, ...]:
        """Return whose head is needed too: the sponsor's branch, where the record fulfils a redemption.

        That never changes, so it can be read before the heads are taken.
        """
        with self.store.read() as tx:
            redemption = tx.books(branch).records.get(no).redemption
        return () if redemption is None else (home_and_no(redemption)[0],)


def carry_out(tx: Transaction, act: Act, outcome: RecordOutcome) -> HoursDone:
    """Write the history of an act, and post what it leads to, for a redemption in both branches' books."""
    books, record = tx.books(act.branch), outcome.record
    note_no = None
    if outcome.reason is not None:
        note_no = books.identities.write_note(
            outcome.reason, about=f"record {record.no}", members=members_in(record)
        )
    books.records.note(record.no, outcome.event, note_no)
    books.tell(events.of_record(outcome))
    if record.redemption is not None:
        return _settled(books, record, follow(tx, act, outcome, note_no))
    entries = _posted(books, act, outcome)
    warnings = tuple(books.journal.warnings) if entries else ()
    return HoursDone(record=record, entries=entries, warnings=warnings)


def members_in(record: ServiceRecord) -> tuple[str, ...]:
    """Return the provider and, unless a fund was helped, the recipient."""
    return tuple(ref for ref in (record.provider, record.recipient_member) if ref is not None)


def _settled(books: Books, record: ServiceRecord, done: RedemptionDone | None) -> HoursDone:
    if done is None:
        return HoursDone(record=record)
    entries = tuple(seq for branch, seq in done.entries if branch == books.branch.code)
    return HoursDone(record=record, entries=entries, warnings=done.warnings, redemption=done)


def _posted(books: Books, act: Act, outcome: RecordOutcome) -> tuple[int, ...]:
    """Reverse the entry that no longer stands, and post the one that does; returns their numbers."""
    record = outcome.record
    entries = []
    if outcome.undo is not None:
        entry = books.reader.of_cause(outcome.undo)
        assert entry is not None, f"I-8: confirmed record {record.no} has its entry"
        if books.reader.reversed_by(entry.seq) is None:
            entries.append(undo(books, entry, actor=act.actor, words=outcome.reason).seq)
    if outcome.credit is not None:
        for posting in outcome.credit.postings:
            books.journal.open(posting.path, posting.unit)
        postings = allot(books, outcome.credit.postings, record_no=record.no, start_at=record.start_at)
        entry = post(
            books,
            kind=EntryKind.SERVICE,
            cause=outcome.credit.cause,
            postings=postings,
            actor=act.actor,
            effective_at=record.start_at,
            told=told_of(record.hours, members=members_in(record), words=outcome.reason),
        )
        entries.append(entry.seq)
    return tuple(entries)
