"""The course of a sponsored redemption, from the sponsor's request to its settlement.

    requested ── assigned ── logged ── settled
        │           │           └── its record rejected or withdrawn: assigned again
        └───────────┴── cancelled, missed, expired

The home branch is the sponsor's, the host branch the beneficiary's. The help itself is a service record
of the host branch and follows `workflow`: the side that did not state it confirms, or a coordinator
decides; the sponsor has a word only with a mandate, and nobody confirms what they stated. `follow`
carries what happens to the record over to the redemption. Once over, a redemption refuses everything,
except that a coordinator may correct its record.

Every function checks in this order, and the first failure wins: who acts (`NotAParty`, `SelfDealing`,
`NotAllowed`, `MandateNotInForce`, then `ReasonMissing` and `BadText`), the state (`RedemptionNotOpen`,
`RedemptionOutOfOrder`), the deadline (`HoldExpired`, `RedemptionNotDue`), then figures. Pure: the caller
checks eligibility, computes charges from the policy and moves the hold.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from timebank.care.beneficiary import Beneficiary
from timebank.care.inputs import optional_reason_of, reason_of
from timebank.care.mandate import Act, Scope, authorise, authorise_or_coordinate, require_coordinator
from timebank.care.record import Hours, HoursRules, RecordOutcome, RecordState, ServiceRecord
from timebank.care.redemption import (
    OPEN,
    WAITING,
    Redemption,
    RedemptionAct,
    RedemptionEvent,
    RedemptionOutcome,
    RedemptionState,
    settlement_of,
)
from timebank.care.workflow import log_record, side_of
from timebank.errors import (
    CaptureExceedsHold,
    ChargeWithoutProvider,
    HoldExpired,
    MinutesOutOfRange,
    PlannedInPast,
    RedemptionNotDue,
    RedemptionNotOpen,
    RedemptionOutOfOrder,
    SelfDealing,
)
from timebank.ids import reference
from timebank.instants import aware_utc
from timebank.ledger.model import AMOUNT_MAX, Actor, EntryKind, Role


def request(
    act: Act,
    beneficiary: Beneficiary,
    *,
    no: int,
    hold_no: int,
    planned: Hours,
    held_minutes: int,
    expires_at: datetime,
    longest_minutes: int,
    reason: str | None = None,
) -> RedemptionOutcome:
    """Ask for help for a beneficiary, on the sponsor's hours.

    Args:
        act: in the home branch: by the sponsor, a proxy with scope `sponsor`, or a coordinator with a reason.
        beneficiary: for whom; the caller has checked `require_eligible`.
        no: the number the home branch gives it.
        hold_no: the number of the hold that the caller places.
        planned: the help asked for; it begins after now and ends before the deadline.
        held_minutes: the planned minutes after the policy's rates and rounding, 1 to `AMOUNT_MAX`.
        expires_at: the deadline for logging the help.
        longest_minutes: the policy's longest help.
        reason: required of a coordinator.

    Raises:
        NotAllowed, MandateNotInForce, ReasonMissing, BadText, MinutesOutOfRange, NaiveInstant,
        PlannedInPast: in this order.
    """
    assert act.branch == beneficiary.branch, "a redemption is requested in the sponsor's branch"
    cleaned = authorise_or_coordinate(
        act, branch=beneficiary.branch, member=beneficiary.sponsor, scope=Scope.SPONSOR, reason=reason
    )
    for minutes, most in ((planned.minutes, longest_minutes), (held_minutes, AMOUNT_MAX)):
        if not 1 <= minutes <= most:
            raise MinutesOutOfRange(minutes=minutes, least=1, most=most)
    deadline = aware_utc(expires_at)
    is_before_deadline = deadline - planned.start_at >= timedelta(minutes=planned.minutes)
    if planned.start_at <= act.at or not is_before_deadline:
        raise PlannedInPast
    redemption = Redemption(
        branch=beneficiary.branch,
        no=no,
        sponsor=beneficiary.sponsor,
        beneficiary_no=beneficiary.no,
        host_branch=beneficiary.host_branch,
        beneficiary=beneficiary.member,
        kind=planned.kind,
        mode=planned.mode,
        planned_at=planned.start_at,
        planned_minutes=planned.minutes,
        held_minutes=held_minutes,
        expires_at=deadline,
        state=RedemptionState.REQUESTED,
        hold_no=hold_no,
    )
    return _outcome(redemption, RedemptionAct.REQUEST, act.actor, act.at, reason=cleaned)


def assign(redemption: Redemption, act: Act, *, provider: str) -> RedemptionOutcome:
    """Say who will help: a member of the host branch offers, or a coordinator of it assigns or changes.

    Args:
        redemption: requested; for a coordinator, assigned too.
        act: in the host branch.
        provider: member reference there; neither the beneficiary nor the sponsor.

    Raises:
        BadReference, SelfDealing, NotAllowed: before the rest.
        HoldExpired: the deadline has passed.
        Others, and the order: as the module says.
    """
    reference(provider, what="member reference")
    person = (redemption.host_branch, provider)
    if person in {(redemption.host_branch, redemption.beneficiary), (redemption.branch, redemption.sponsor)}:
        raise SelfDealing(actor=f"member:{provider}")
    is_offered = act.is_by(*person)
    if not is_offered:
        require_coordinator(act, redemption.host_branch)
    _require_state(redemption, {RedemptionState.REQUESTED} if is_offered else WAITING)
    _require_before_deadline(redemption, act)
    assigned = replace(redemption, state=RedemptionState.ASSIGNED, provider=provider)
    return _outcome(assigned, RedemptionAct.ASSIGN, act.actor, act.at)


def unassign(redemption: Redemption, act: Act) -> RedemptionOutcome:
    """Step back: by the provider or a coordinator of the host branch; somebody else can then help.

    Raises:
        As the module says.
    """
    _require_provider_or_coordinator(redemption, act)
    _require_state(redemption, {RedemptionState.ASSIGNED})
    free = replace(redemption, state=RedemptionState.REQUESTED, provider=None)
    return _outcome(free, RedemptionAct.UNASSIGN, act.actor, act.at)


def log(
    redemption: Redemption,
    act: Act,
    *,
    record_no: int,
    hours: Hours,
    credited_minutes: int,
    rules: HoursRules,
    others: Iterable[ServiceRecord],
) -> RedemptionOutcome:
    """State the help in the host branch, as a service record that waits for the other side's word.

    Args:
        redemption: assigned, before its deadline.
        act: in the host branch, by provider, beneficiary, a proxy of either, or a coordinator.
        record_no: the number the host branch gives the record.
        hours: what is stated.
        credited_minutes: these minutes after the policy's rates and rounding.
        rules: the host branch's limits.
        others: the provider's records around that time, any order.

    Raises:
        CaptureExceedsHold: more than was held; log what was held, and request the rest anew.
        Others, and the order: as the module says, then as `workflow.log_record`.
    """
    assert act.branch == redemption.host_branch, "help is logged where it was given"
    recipient = f"member:{redemption.beneficiary}"
    if redemption.provider is not None:
        side_of(act, provider=redemption.provider, recipient=recipient)
    _require_state(redemption, {RedemptionState.ASSIGNED})
    assert redemption.provider is not None, "an assigned redemption has a provider"
    _require_before_deadline(redemption, act)
    if credited_minutes > redemption.held_minutes:
        raise CaptureExceedsHold(needed_minutes=credited_minutes, held_minutes=redemption.held_minutes)
    record = log_record(
        act,
        no=record_no,
        provider=redemption.provider,
        recipient=recipient,
        hours=hours,
        rules=rules,
        others=others,
        redemption=redemption.ref,
    )
    logged = replace(redemption, state=RedemptionState.LOGGED, record_no=record_no)
    return replace(_outcome(logged, RedemptionAct.LOG, act.actor, act.at), record=record)


def follow(redemption: Redemption, outcome: RecordOutcome) -> RedemptionOutcome | None:
    """Carry an act on the redemption's service record over to the redemption.

    Args:
        redemption: as it stands: logged, or settled where its confirmed record is corrected.
        outcome: what `workflow` decided about its record.

    Returns:
        Settled when the record is confirmed, assigned again when it is rejected or withdrawn, settled anew
        when it is corrected or annulled; None where the redemption stays as it is.

    Raises:
        CaptureExceedsHold: the record would credit more than was held; then refuse the act on the record.
    """
    record, event = outcome.record, outcome.event
    assert record.redemption == redemption.ref, "the record fulfils this redemption"
    assert (record.branch, record.no) == (redemption.host_branch, redemption.record_no), (
        "and it is its record"
    )
    if record.revision > 0:
        return _settled(redemption, outcome)
    if record.state not in {RecordState.REJECTED, RecordState.WITHDRAWN}:
        return None
    again = replace(redemption, state=RedemptionState.ASSIGNED, record_no=None)
    return _outcome(again, RedemptionAct.REOPEN, event.actor, event.at, has_reason=event.has_reason)


def cancel(
    redemption: Redemption, act: Act, *, charged_minutes: int, reason: str | None = None
) -> RedemptionOutcome:
    """Call it off before any help is logged.

    Args:
        redemption: requested or assigned.
        act: by the sponsor (scope `sponsor`), the beneficiary (scope `request`), a proxy of either, or a
            coordinator of either branch with a reason; never by the provider, who steps back instead.
        charged_minutes: what the policy charges at that notice, 0 to what is held; it credits the provider.
        reason: required of a coordinator.

    Raises:
        ChargeWithoutProvider, MinutesOutOfRange, CaptureExceedsHold: the charge, after everything else.
        Others, and the order: as the module says.
    """
    _refuse_provider(redemption, act)
    if act.is_for(redemption.branch, redemption.sponsor):
        authorise(act, branch=redemption.branch, member=redemption.sponsor, scope=Scope.SPONSOR)
        cleaned = optional_reason_of(reason)
    elif act.is_by_coordinator_of(redemption.branch):
        cleaned = reason_of(reason)
    else:
        cleaned = _heard_in_host(redemption, act, Scope.REQUEST, reason)
    _require_state(redemption, WAITING)
    return _ended(
        redemption,
        act,
        state=RedemptionState.CANCELLED,
        done=RedemptionAct.CANCEL,
        charged_minutes=charged_minutes,
        reason=cleaned,
    )


def miss_by_beneficiary(
    redemption: Redemption, act: Act, *, charged_minutes: int, reason: str | None = None
) -> RedemptionOutcome:
    """State that the provider came and nobody was there.

    Args:
        redemption: assigned.
        act: from the planned time on, by the beneficiary, a proxy with scope `confirm`, or a coordinator of
            the host branch with a reason; never by the provider, whom the charge credits (I-14).
        charged_minutes: what the policy charges, 0 to what is held.
        reason: required of a coordinator.

    Raises:
        As `cancel`; RedemptionOutOfOrder before the planned time too.
    """
    _refuse_provider(redemption, act)
    cleaned = _heard_in_host(redemption, act, Scope.CONFIRM, reason)
    _require_planned_time(redemption, act)
    return _ended(
        redemption,
        act,
        state=RedemptionState.MISSED,
        done=RedemptionAct.MISSED_BY_BENEFICIARY,
        charged_minutes=charged_minutes,
        reason=cleaned,
    )


def miss_by_provider(redemption: Redemption, act: Act, *, reason: str | None = None) -> RedemptionOutcome:
    """State that the provider did not come; nothing is charged.

    Args:
        redemption: assigned.
        act: from the planned time on, by the provider, the beneficiary, a proxy with scope `confirm`, or a
            coordinator of the host branch with a reason.
        reason: required of a coordinator.

    Raises:
        As the module says; RedemptionOutOfOrder before the planned time too.
    """
    if redemption.provider is not None and act.is_by(redemption.host_branch, redemption.provider):
        cleaned = optional_reason_of(reason)
    else:
        cleaned = _heard_in_host(redemption, act, Scope.CONFIRM, reason)
    _require_planned_time(redemption, act)
    done = RedemptionAct.MISSED_BY_PROVIDER
    return _ended(redemption, act, state=RedemptionState.MISSED, done=done, reason=cleaned)


def expire(redemption: Redemption, act: Act) -> RedemptionOutcome:
    """End a redemption that reached its deadline without any help logged; nothing is charged.

    Args:
        redemption: requested or assigned, and due.
        act: by the system, or a coordinator of either branch.

    Raises:
        RedemptionNotDue: before the deadline.
        Others, and the order: as the module says.
    """
    if act.actor.role is not Role.SYSTEM:
        require_coordinator(act, redemption.branch, redemption.host_branch)
    _require_state(redemption, WAITING)
    if not redemption.is_due(at=act.at):
        raise RedemptionNotDue(redemption=redemption.ref)
    return _ended(redemption, act, state=RedemptionState.EXPIRED, done=RedemptionAct.EXPIRE)


def _heard_in_host(redemption: Redemption, act: Act, scope: Scope, reason: str | None) -> str | None:
    return authorise_or_coordinate(
        act, branch=redemption.host_branch, member=redemption.beneficiary, scope=scope, reason=reason
    )


def _refuse_provider(redemption: Redemption, act: Act) -> None:
    if act.person == redemption.provider_person:
        raise SelfDealing(actor=act.actor)


def _require_provider_or_coordinator(redemption: Redemption, act: Act) -> None:
    if redemption.provider is None or not act.is_by(redemption.host_branch, redemption.provider):
        require_coordinator(act, redemption.host_branch)


def _require_state(redemption: Redemption, states: Collection[RedemptionState]) -> None:
    if redemption.state not in OPEN:
        raise RedemptionNotOpen(redemption=redemption.ref, state=redemption.state.value)
    if redemption.state not in states:
        raise RedemptionOutOfOrder(redemption=redemption.ref, state=redemption.state.value)


def _require_planned_time(redemption: Redemption, act: Act) -> None:
    is_time = act.at >= redemption.planned_at
    _require_state(redemption, {RedemptionState.ASSIGNED} if is_time else ())


def _require_before_deadline(redemption: Redemption, act: Act) -> None:
    if redemption.is_due(at=act.at):
        raise HoldExpired(hold=redemption.hold_no)


def _settled(redemption: Redemption, outcome: RecordOutcome) -> RedemptionOutcome:
    event = outcome.event
    charged = outcome.record.credited_minutes or 0
    is_first = redemption.charged_minutes is None
    settlement = settlement_of(
        redemption, charged_minutes=charged, kind=EntryKind.REDEMPTION, revision=outcome.record.revision
    )
    settled = replace(redemption, state=RedemptionState.SETTLED, charged_minutes=charged)
    done = RedemptionAct.SETTLE if is_first else RedemptionAct.CORRECT
    return replace(
        _outcome(settled, done, event.actor, event.at, has_reason=event.has_reason), settlement=settlement
    )


def _ended(
    redemption: Redemption,
    act: Act,
    *,
    state: RedemptionState,
    done: RedemptionAct,
    charged_minutes: int = 0,
    reason: str | None = None,
) -> RedemptionOutcome:
    """End it without help; what is charged credits the provider for the time lost."""
    if charged_minutes < 0:
        raise MinutesOutOfRange(minutes=charged_minutes, least=0, most=redemption.held_minutes)
    if charged_minutes > 0 and redemption.provider is None:
        raise ChargeWithoutProvider(redemption=redemption.ref)
    settlement = settlement_of(redemption, charged_minutes=charged_minutes, kind=EntryKind.FEE)
    ended = replace(redemption, state=state, charged_minutes=charged_minutes)
    return replace(_outcome(ended, done, act.actor, act.at, reason=reason), settlement=settlement)


def _outcome(
    redemption: Redemption,
    done: RedemptionAct,
    actor: Actor,
    at: datetime,
    *,
    reason: str | None = None,
    has_reason: bool = False,
) -> RedemptionOutcome:
    charged = redemption.charged_minutes
    event = RedemptionEvent(
        act=done,
        actor=actor,
        at=at,
        minutes=redemption.planned_minutes if charged is None else charged,
        has_reason=has_reason or reason is not None,
    )
    return RedemptionOutcome(redemption=redemption, event=event, reason=reason)
