"""The workflow of service records: help stated by one side, confirmed by the other, posted exactly once.

Owns I-8 (at most one crediting entry of a record stands) and its half of I-14 (nobody confirms their own
help). The course of a record:

    logged ── corrected by either side, any number of times; the other side then has the word
       │  └── disputed by the side that did not state it
       └───── confirmed, rejected or decided (by a coordinator, with a reason); or withdrawn

Silence is not consent: nothing here happens by the passing of time. A confirmed record is corrected or
annulled by a coordinator only, with a reason: its entry is reversed and, if anything is left, a new one
posted. Every function checks in this order, and the first failure wins: who acts (`NotAParty`,
`NotAllowed`, `SelfDealing`, `MandateNotInForce`), the record's state (`AlreadyConfirmed`,
`RecordNotOpen`), whose word it is (`OwnStatement`), the reason (`ReasonMissing`, `BadText`), the hours
(`MinutesOutOfRange`, `HoursInFuture`, `HoursTooOld`, `OverlappingHours`). Pure.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta

from timebank.care.inputs import reason_of
from timebank.care.mandate import Act, Scope, authorise, person_of, require_coordinator
from timebank.care.record import (
    OPEN,
    PENDING,
    Credit,
    Hours,
    HoursRules,
    Party,
    RecordAct,
    RecordEvent,
    RecordOutcome,
    RecordState,
    ServiceRecord,
    member_in,
    overlaps,
    payer_path,
)
from timebank.errors import (
    AlreadyConfirmed,
    BadUnit,
    HoursInFuture,
    HoursTooOld,
    MinutesOutOfRange,
    NotAllowed,
    NotAParty,
    OverlappingHours,
    OwnStatement,
    RecordNotOpen,
    SameParty,
    SelfDealing,
)
from timebank.ids import reference
from timebank.ledger.chart import available
from timebank.ledger.model import AMOUNT_MAX, MINUTES, SERVICE_MINUTES, Cause, Role, credit, debit


def log_record(
    act: Act,
    *,
    no: int,
    provider: str,
    recipient: str,
    hours: Hours,
    rules: HoursRules,
    others: Iterable[ServiceRecord],
    unit: str = MINUTES,
    redemption: str | None = None,
) -> RecordOutcome:
    """State help that was given: by the provider, the recipient, a proxy of either, or a coordinator.

    Args:
        act: done in the branch of the help.
        no: the number the branch gives the record.
        provider: member reference.
        recipient: `member:REF`, or `fund:NAME` whose side the coordinators speak for.
        hours: what is stated.
        rules: the policy's limits; a coordinator may state older help.
        others: the provider's records around that time, any order.
        unit: `min`, or `svc` for service that is counted but never redeemable.
        redemption: the redemption it fulfils, `HOME-NO`.

    Raises:
        BadReference, BadPath, BadUnit, SameParty: before anything else; then as the module says.
    """
    reference(provider, what="member reference")
    payer_path(recipient)
    if unit not in {MINUTES, SERVICE_MINUTES}:
        raise BadUnit
    if member_in(recipient) == provider:
        raise SameParty(member=provider)
    side_of(act, provider=provider, recipient=recipient)
    _check_hours(hours, act, rules, is_new_start=True)
    record = ServiceRecord(
        branch=act.branch,
        no=no,
        provider=provider,
        recipient=recipient,
        kind=hours.kind,
        mode=hours.mode,
        start_at=hours.start_at,
        minutes=hours.minutes,
        unit=unit,
        state=RecordState.LOGGED,
        logged_by=act.actor,
        stated_by=act.actor,
        redemption=redemption,
    )
    return _outcome(_judged(record, rules, others), RecordAct.LOG, act)


def confirm(record: ServiceRecord, act: Act, *, credited_minutes: int) -> RecordOutcome:
    """Agree with what the other side stated; this posts the help, once (I-8).

    Args:
        record: pending or disputed.
        act: by the side that has the word, and not by the person who made the statement.
        credited_minutes: the stated minutes after the policy's rates and rounding, 1 to `AMOUNT_MAX`.

    Raises:
        NotAParty: also for a coordinator, who decides instead.
        OwnStatement: one's own side's statement, or a statement one made as somebody's proxy.
        Others, and the order: as the module says.
    """
    side = _party(record, act)
    _require_unconfirmed(record)
    is_same_person = act.person == person_of(record.stated_by, branch=record.branch)
    if side is not record.waits_for or is_same_person:
        raise OwnStatement(record=record.no, waits_for=record.waits_for.value)
    return _confirmed(record, RecordAct.CONFIRM, act, credited_minutes)


def correct(
    record: ServiceRecord, act: Act, *, hours: Hours, rules: HoursRules, others: Iterable[ServiceRecord]
) -> RecordOutcome:
    """Restate an open record; the other side then has the word (after a coordinator, the recipient).

    Args:
        record: pending or disputed.
        act: by either side or a coordinator.
        hours: what is stated now.
        rules: the policy's limits; the age is judged only if the start moves.
        others: the provider's records around that time, any order; this one may be among them.

    Raises:
        As the module says.
    """
    _side(record, act)
    _require_state(record, OPEN)
    stated = replace(record, state=RecordState.CORRECTED)
    return _outcome(_restated(stated, act, hours, rules, others), RecordAct.CORRECT, act)


def dispute(record: ServiceRecord, act: Act, *, reason: str | None) -> RecordOutcome:
    """Refuse to confirm for now, and leave it to a correction or a coordinator's decision.

    Raises:
        OwnStatement: one corrects or withdraws one's own statement instead.
        Others, and the order: as the module says.
    """
    return _refused(record, act, RecordAct.DISPUTE, reason)


def reject(record: ServiceRecord, act: Act, *, reason: str | None) -> RecordOutcome:
    """Say that this help was not given; the record is closed.

    Raises:
        OwnStatement: one withdraws one's own statement instead.
        Others, and the order: as the module says.
    """
    return _refused(record, act, RecordAct.REJECT, reason)


def withdraw(record: ServiceRecord, act: Act) -> RecordOutcome:
    """Take an open record back; only the side that logged it can.

    Raises:
        NotAllowed: the other side logged it.
        Others, and the order: as the module says.
    """
    if _side(record, act) is not record.logged_side:
        raise NotAllowed(actor=act.actor)
    _require_state(record, OPEN)
    return _outcome(replace(record, state=RecordState.WITHDRAWN), RecordAct.WITHDRAW, act)


def decide_to_confirm(
    record: ServiceRecord,
    act: Act,
    *,
    hours: Hours,
    rules: HoursRules,
    others: Iterable[ServiceRecord],
    credited_minutes: int,
    reason: str | None,
) -> RecordOutcome:
    """Confirm an open record by a coordinator's decision, as stated or with other hours.

    Args:
        record: pending or disputed.
        act: by a coordinator who is no party and did not state it for one.
        hours: `record.hours`, or what the coordinator found instead; only the latter is judged again.
        rules: the policy's limits.
        others: the provider's records around that time, any order; this one may be among them.
        credited_minutes: these minutes after the policy's rates and rounding, 1 to `AMOUNT_MAX`.
        reason: for the identity store.

    Raises:
        As the module says.
    """
    _require_decider(record, act)
    _require_unconfirmed(record)
    cleaned = reason_of(reason)
    decided = record if hours == record.hours else _restated(record, act, hours, rules, others)
    return _confirmed(decided, RecordAct.DECIDE, act, credited_minutes, reason=cleaned)


def decide_to_reject(record: ServiceRecord, act: Act, *, reason: str | None) -> RecordOutcome:
    """Close an open record by a coordinator's decision that the help was not given.

    Raises:
        As the module says.
    """
    _require_decider(record, act)
    _require_state(record, OPEN)
    cleaned = reason_of(reason)
    return _outcome(replace(record, state=RecordState.REJECTED), RecordAct.DECIDE, act, reason=cleaned)


def correct_confirmed(
    record: ServiceRecord,
    act: Act,
    *,
    hours: Hours,
    rules: HoursRules,
    others: Iterable[ServiceRecord],
    credited_minutes: int,
    reason: str | None,
) -> RecordOutcome:
    """Restate a confirmed record by a coordinator: its entry is reversed and the right one posted (I-3, I-8).

    Args:
        record: confirmed.
        act: by a coordinator who is no party and did not state it for one.
        hours: what is right.
        rules: the policy's limits.
        others: the provider's records around that time, any order; this one may be among them.
        credited_minutes: these minutes after the policy's rates and rounding, 1 to `AMOUNT_MAX`.
        reason: for the identity store.

    Raises:
        As the module says.
    """
    _require_decider(record, act)
    _require_state(record, {RecordState.CONFIRMED})
    cleaned = reason_of(reason)
    stated = _restated(record, act, hours, rules, others)
    outcome = _confirmed(stated, RecordAct.CORRECT, act, credited_minutes, reason=cleaned)
    return replace(outcome, undo=_cause_of_credit(record))


def annul(record: ServiceRecord, act: Act, *, reason: str | None) -> RecordOutcome:
    """Void a confirmed record by a coordinator: its entry is reversed, and nothing else is posted.

    Raises:
        As the module says.
    """
    _require_decider(record, act)
    _require_state(record, {RecordState.CONFIRMED})
    cleaned = reason_of(reason)
    void = replace(record, state=RecordState.REJECTED, credited_minutes=None, revision=record.revision + 1)
    outcome = _outcome(void, RecordAct.ANNUL, act, reason=cleaned)
    return replace(outcome, undo=_cause_of_credit(record))


def side_of(act: Act, *, provider: str, recipient: str) -> Party:
    """Return for which side of some help an act in its branch speaks (I-14).

    Raises:
        SelfDealing: a coordinator is a party, or a party is also the proxy of the other side.
        NotAParty: the actor is and speaks for neither side.
        MandateNotInForce: a proxy without a mandate in force with scope `confirm`.
    """
    helped = member_in(recipient)
    if act.is_by_coordinator_of(act.branch):
        if act.actor.ref in {provider, helped}:
            raise SelfDealing(actor=act.actor)
        return Party.RECIPIENT if helped is None else Party.COORDINATOR
    for side, member, opposite in (
        (Party.PROVIDER, provider, helped),
        (Party.RECIPIENT, helped, provider),
    ):
        if member is not None and act.is_for(act.branch, member):
            if act.person == (act.branch, opposite):
                raise SelfDealing(actor=act.actor)
            authorise(act, branch=act.branch, member=member, scope=Scope.CONFIRM)
            return side
    raise NotAParty(actor=act.actor)


def _side(record: ServiceRecord, act: Act) -> Party:
    assert act.branch == record.branch, "a record is acted on in its own branch"
    return side_of(act, provider=record.provider, recipient=record.recipient)


def _party(record: ServiceRecord, act: Act) -> Party:
    side = _side(record, act)
    if side is Party.COORDINATOR:
        raise NotAParty(actor=act.actor)
    return side


def _require_decider(record: ServiceRecord, act: Act) -> None:
    """Refuse anybody but a coordinator who is no party and did not speak for one (I-14)."""
    assert act.branch == record.branch, "a record is acted on in its own branch"
    speakers = tuple(
        person_of(actor, branch=record.branch)
        for actor in (record.logged_by, record.stated_by)
        if actor.role is Role.MEMBER
    )
    require_coordinator(act, record.branch, parties=record.parties + speakers)


def _require_state(record: ServiceRecord, states: Collection[RecordState]) -> None:
    if record.state not in states:
        raise RecordNotOpen(record=record.no, state=record.state.value)


def _require_unconfirmed(record: ServiceRecord) -> None:
    if record.state is RecordState.CONFIRMED:
        raise AlreadyConfirmed(record=record.no)
    _require_state(record, OPEN)


def _check_hours(hours: Hours, act: Act, rules: HoursRules, *, is_new_start: bool) -> None:
    """Refuse hours of no or too great length, not over yet, or begun too long ago; in this order."""
    if not 1 <= hours.minutes <= rules.longest_minutes:
        raise MinutesOutOfRange(minutes=hours.minutes, least=1, most=rules.longest_minutes)
    if act.at - hours.start_at < timedelta(minutes=hours.minutes):
        raise HoursInFuture
    is_bound = is_new_start and not act.is_by_coordinator_of(act.branch)
    if is_bound and act.at - hours.start_at > timedelta(days=rules.oldest_days):
        raise HoursTooOld(oldest_days=rules.oldest_days)


def _judged(record: ServiceRecord, rules: HoursRules, others: Iterable[ServiceRecord]) -> ServiceRecord:
    """Refuse or flag a record that overlaps others, as the policy says (I-8)."""
    found = overlaps(record, others)
    if found and rules.refuses_overlap:
        raise OverlappingHours(provider=record.provider, records=", ".join(map(str, found)))
    return replace(record, is_flagged_overlap=bool(found))


def _restated(
    record: ServiceRecord, act: Act, hours: Hours, rules: HoursRules, others: Iterable[ServiceRecord]
) -> ServiceRecord:
    _check_hours(hours, act, rules, is_new_start=hours.start_at != record.start_at)
    restated = replace(
        record,
        kind=hours.kind,
        mode=hours.mode,
        start_at=hours.start_at,
        minutes=hours.minutes,
        stated_by=act.actor,
    )
    return _judged(restated, rules, others)


def _refused(record: ServiceRecord, act: Act, done: RecordAct, reason: str | None) -> RecordOutcome:
    side = _party(record, act)
    is_dispute = done is RecordAct.DISPUTE
    _require_state(record, PENDING if is_dispute else OPEN)
    if side is record.stated_side:
        raise OwnStatement(record=record.no, waits_for=record.waits_for.value)
    cleaned = reason_of(reason)
    state = RecordState.DISPUTED if is_dispute else RecordState.REJECTED
    return _outcome(replace(record, state=state), done, act, reason=cleaned)


def _cause_of_credit(record: ServiceRecord) -> Cause | None:
    """Return the cause under which this revision was posted; a redemption's settlement has its own."""
    return None if record.redemption is not None else Cause("service", str(record.no), record.revision)


def _confirmed(
    record: ServiceRecord, done: RecordAct, act: Act, credited_minutes: int, *, reason: str | None = None
) -> RecordOutcome:
    if not 1 <= credited_minutes <= AMOUNT_MAX:
        raise MinutesOutOfRange(minutes=credited_minutes, least=1, most=AMOUNT_MAX)
    confirmed = replace(
        record,
        state=RecordState.CONFIRMED,
        credited_minutes=credited_minutes,
        revision=record.revision + 1,
    )
    cause = _cause_of_credit(confirmed)
    postings = (
        debit(payer_path(confirmed.recipient), credited_minutes, confirmed.unit),
        credit(available(confirmed.provider), credited_minutes, confirmed.unit),
    )
    outcome = _outcome(confirmed, done, act, reason=reason)
    return outcome if cause is None else replace(outcome, credit=Credit(cause=cause, postings=postings))


def _outcome(record: ServiceRecord, done: RecordAct, act: Act, *, reason: str | None = None) -> RecordOutcome:
    event = RecordEvent(
        act=done, actor=act.actor, at=act.at, minutes=record.minutes, has_reason=reason is not None
    )
    return RecordOutcome(record=record, event=event, reason=reason)
