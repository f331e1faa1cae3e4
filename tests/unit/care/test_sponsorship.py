from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.care.builders import (
    LATER,
    NOW,
    RULES,
    a_beneficiary,
    a_mandate,
    an_act,
    assigned,
    help_logged,
    requested,
    some_hours,
)

from timebank.care import workflow
from timebank.care.beneficiary import Beneficiary, Relation
from timebank.care.mandate import Act, Scope
from timebank.care.record import Hours, Party, RecordOutcome, RecordState, ServiceRecord
from timebank.care.redemption import (
    Redemption,
    RedemptionAct,
    RedemptionOutcome,
    RedemptionState,
)
from timebank.care.sponsorship import (
    assign,
    cancel,
    expire,
    follow,
    log,
    miss_by_beneficiary,
    miss_by_provider,
    request,
    unassign,
)
from timebank.errors import (
    BadReference,
    CaptureExceedsHold,
    ChargeWithoutProvider,
    HoldExpired,
    MandateNotInForce,
    MinutesOutOfRange,
    NaiveInstant,
    NotAllowed,
    NotAParty,
    OwnStatement,
    PlannedInPast,
    ReasonMissing,
    RedemptionNotDue,
    RedemptionNotOpen,
    RedemptionOutOfOrder,
    SelfDealing,
    TimebankError,
)
from timebank.ledger.model import AMOUNT_MAX, EntryKind, credit, debit

DEADLINE = NOW + timedelta(days=9)
PLANNED = Hours(start_at=NOW + timedelta(days=2), minutes=120, kind="shopping")
PROXY = "member:son@lille+mother#3"
ANNE = a_mandate(no=4, holder="anne", holder_branch="locmine")
ANNE_FOR_SON = a_mandate(branch="lille", no=6, principal="son", holder="wife", holder_branch="lille")


def asking(act: Act, beneficiary: Beneficiary | None = None, **changes: Any) -> RedemptionOutcome:  # noqa: ANN401
    """Request two hours in two days."""
    facts: dict[str, Any] = {
        "no": 5,
        "hold_no": 9,
        "planned": PLANNED,
        "held_minutes": 120,
        "expires_at": DEADLINE,
        "longest_minutes": 600,
    }
    return request(act, beneficiary or a_beneficiary(), **{**facts, **changes})


def logging(redemption: Redemption, act: Act, **changes: Any) -> RedemptionOutcome:  # noqa: ANN401
    """Log the help as planned."""
    facts: dict[str, Any] = {
        "record_no": 7,
        "hours": PLANNED,
        "credited_minutes": 120,
        "rules": RULES,
        "others": (),
    }
    return log(redemption, act, **{**facts, **changes})


def at(actor: str, when: Any = LATER, *, branch: str = "locmine") -> Act:  # noqa: ANN401
    """Return an act after the planned time, with everybody's mandates at hand."""
    return an_act(actor, branch=branch, at=when, mandates=(a_mandate(), ANNE, ANNE_FOR_SON))


def settled() -> tuple[Redemption, ServiceRecord]:
    """Return redemption and record after the mother confirmed 90 of 120 minutes."""
    redemption, record = help_logged(minutes=90)
    done = workflow.confirm(record, at("member:mother"), credited_minutes=90)
    followed = follow(redemption, done)
    assert followed is not None
    return followed.redemption, done.record


# --- Request ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "reason"),
    [("member:son", None), ("member:wife+son#6", None), ("coordinator:c1", "asked by phone")],
)
def test_a_sponsor_a_proxy_or_a_coordinator_requests(actor: str, reason: str | None) -> None:
    """In the sponsor's branch; the caller places the hold."""
    outcome = asking(at(actor, NOW, branch="lille"), reason=reason)

    assert ("lille-5", RedemptionState.REQUESTED, "son", "locmine", "mother", 9) == (
        outcome.redemption.ref,
        outcome.redemption.state,
        outcome.redemption.sponsor,
        outcome.redemption.host_branch,
        outcome.redemption.beneficiary,
        outcome.redemption.hold_no,
    )
    assert (RedemptionAct.REQUEST, 120, reason is not None, None) == (
        outcome.event.act,
        outcome.event.minutes,
        outcome.event.has_reason,
        outcome.settlement,
    )


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        ("member:mother@locmine", NotAllowed),
        ("coordinator:c1@locmine", NotAllowed),
        ("member:wife+son#7", MandateNotInForce),
        ("coordinator:c1", ReasonMissing),
    ],
)
def test_nobody_else_spends_the_sponsors_hours(actor: str, error: type[TimebankError]) -> None:
    """Not even the beneficiary."""
    with pytest.raises(error):
        asking(at(actor, NOW, branch="lille"))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"planned": replace(PLANNED, minutes=0)}, MinutesOutOfRange),
        ({"planned": replace(PLANNED, minutes=601)}, MinutesOutOfRange),
        ({"held_minutes": 0}, MinutesOutOfRange),
        ({"held_minutes": AMOUNT_MAX + 1}, MinutesOutOfRange),
        ({"expires_at": DEADLINE.replace(tzinfo=None)}, NaiveInstant),
        ({"planned": replace(PLANNED, start_at=NOW)}, PlannedInPast),
        ({"expires_at": PLANNED.start_at + timedelta(minutes=119)}, PlannedInPast),
    ],
)
def test_a_plan_lies_between_now_and_the_deadline(
    changes: dict[str, Any], error: type[TimebankError]
) -> None:
    """And is of some length."""
    with pytest.raises(error):
        asking(an_act("member:son", branch="lille"), **changes)


def test_a_plan_may_end_at_the_deadline() -> None:
    """And begin the moment after now."""
    soon = replace(PLANNED, start_at=NOW + timedelta(microseconds=1))

    outcome = asking(
        an_act("member:son", branch="lille"), planned=soon, expires_at=soon.start_at + timedelta(minutes=120)
    )

    assert RedemptionState.REQUESTED is outcome.redemption.state


# --- Assign -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["member:luc", "coordinator:c1", "coordinator:luc"])
def test_a_member_offers_or_a_coordinator_assigns(actor: str) -> None:
    """In the host branch."""
    outcome = assign(requested(), an_act(actor), provider="luc")

    assert (RedemptionState.ASSIGNED, "luc", RedemptionAct.ASSIGN) == (
        outcome.redemption.state,
        outcome.redemption.provider,
        outcome.event.act,
    )


def test_a_coordinator_changes_the_provider_and_a_member_does_not() -> None:
    """Whoever offered first stays until they step back."""
    assert "anne" == assign(assigned(), an_act("coordinator:c1"), provider="anne").redemption.provider
    with pytest.raises(RedemptionOutOfOrder):
        assign(assigned(), an_act("member:anne"), provider="anne")


@pytest.mark.parametrize(
    ("actor", "provider", "error"),
    [
        ("coordinator:c1", "Luc", BadReference),
        ("coordinator:c1", "mother", SelfDealing),
        ("member:luc", "anne", NotAllowed),
        ("member:luc@lille", "luc", NotAllowed),
        ("coordinator:c1@lille", "luc", NotAllowed),
        ("member:anne+mother#4", "anne", NotAllowed),
    ],
)
def test_nobody_is_assigned_by_others_or_to_themselves(
    actor: str, provider: str, error: type[TimebankError]
) -> None:
    """A beneficiary does not help themselves; members offer in their own name."""
    with pytest.raises(error):
        assign(requested(), at(actor, NOW), provider=provider)


def test_a_sponsor_is_not_paid_with_their_own_hours() -> None:
    """In one branch, sponsor and provider could be one person; a namesake elsewhere is another."""
    near = requested(a_beneficiary(relation=Relation.SPOUSE, host_branch="lille", member="wife"))

    with pytest.raises(SelfDealing):
        assign(near, an_act("member:son", branch="lille"), provider="son")
    assert "son" == assign(requested(), an_act("member:son"), provider="son").redemption.provider


def test_nobody_is_assigned_after_the_deadline() -> None:
    """The deadline itself counts as passed."""
    with pytest.raises(HoldExpired):
        assign(requested(), an_act("member:luc", at=DEADLINE), provider="luc")


@pytest.mark.parametrize("actor", ["member:luc", "coordinator:c1"])
def test_a_provider_steps_back(actor: str) -> None:
    """Somebody else can then offer."""
    free = unassign(assigned(), an_act(actor)).redemption

    assert (RedemptionState.REQUESTED, None) == (free.state, free.provider)
    assert "anne" == assign(free, an_act("member:anne"), provider="anne").redemption.provider


def test_nobody_else_sends_a_provider_away() -> None:
    """And without a provider there is nobody to send away."""
    with pytest.raises(NotAllowed):
        unassign(assigned(), an_act("member:mother"))
    with pytest.raises(RedemptionOutOfOrder):
        unassign(requested(), an_act("coordinator:c1"))


# --- Help and its record ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "side"),
    [
        ("member:luc", Party.PROVIDER),
        ("member:mother", Party.RECIPIENT),
        (PROXY, Party.RECIPIENT),
        ("coordinator:c1", Party.COORDINATOR),
    ],
)
def test_help_is_logged_where_it_was_given(actor: str, side: Party) -> None:
    """As a service record of the host branch that names the redemption."""
    outcome = logging(assigned(), at(actor))

    assert outcome.record is not None
    record = outcome.record.record
    assert ("locmine", 7, "luc", "member:mother", "lille-5", side) == (
        record.branch,
        record.no,
        record.provider,
        record.recipient,
        record.redemption,
        record.stated_side,
    )
    assert (RedemptionState.LOGGED, 7, None) == (
        outcome.redemption.state,
        outcome.redemption.record_no,
        outcome.settlement,
    )


@pytest.mark.parametrize(
    ("redemption", "act", "error"),
    [
        (assigned(), at("member:anne"), NotAParty),
        (assigned(), at("member:son@lille"), NotAParty),
        (requested(), at("member:luc"), RedemptionOutOfOrder),
        (help_logged()[0], at("member:luc"), RedemptionOutOfOrder),
        (assigned(), at("member:luc", DEADLINE), HoldExpired),
    ],
)
def test_help_is_logged_by_a_side_after_assignment_before_the_deadline(
    redemption: Redemption, act: Act, error: type[TimebankError]
) -> None:
    """Once: a second record would be a second credit (I-8)."""
    with pytest.raises(error):
        logging(redemption, act)


def test_no_more_help_is_logged_than_was_held() -> None:
    """The rest takes a redemption of its own."""
    with pytest.raises(CaptureExceedsHold) as refused:
        logging(assigned(), at("member:luc"), credited_minutes=121)

    assert (121, 120) == (refused.value.needed_minutes, refused.value.held_minutes)


@pytest.mark.parametrize("actor", ["member:mother", PROXY, "member:anne+mother#4"])
def test_the_beneficiary_or_a_proxy_confirms_and_both_books_settle(actor: str) -> None:
    """The sponsor is one of them, with a mandate only."""
    redemption, record = help_logged(minutes=90)

    outcome = follow(redemption, workflow.confirm(record, at(actor), credited_minutes=90))

    assert outcome is not None
    assert outcome.settlement is not None
    assert (RedemptionState.SETTLED, 90, RedemptionAct.SETTLE, 90, EntryKind.REDEMPTION) == (
        outcome.redemption.state,
        outcome.redemption.charged_minutes,
        outcome.event.act,
        outcome.event.minutes,
        outcome.settlement.kind,
    )
    assert (
        debit("member:son:held", 30),
        credit("member:son:available", 30),
    ) == outcome.settlement.release_postings


@pytest.mark.parametrize(
    ("actor", "error"),
    [("member:luc", OwnStatement), ("member:son@lille", NotAParty), ("coordinator:c1", NotAParty)],
)
def test_neither_provider_nor_sponsor_confirms(actor: str, error: type[TimebankError]) -> None:
    """A coordinator decides, with a reason (I-14)."""
    _, record = help_logged()

    with pytest.raises(error):
        workflow.confirm(record, at(actor), credited_minutes=120)


def test_a_coordinators_decision_settles_with_its_reason_noted() -> None:
    """Silence is not consent, and no deadline takes the provider's hours."""
    redemption, record = help_logged()
    decided = workflow.decide_to_confirm(
        record,
        at("coordinator:c1", DEADLINE + timedelta(days=30)),
        hours=record.hours,
        rules=RULES,
        others=(),
        credited_minutes=120,
        reason="called both",
    )

    outcome = follow(redemption, decided)

    assert outcome is not None
    assert (RedemptionState.SETTLED, True) == (outcome.redemption.state, outcome.event.has_reason)


def test_a_record_that_outgrew_its_hold_is_not_confirmed() -> None:
    """The correction stands open; the coordinator sorts it out (I-6)."""
    redemption, record = help_logged()
    longer = replace(record.hours, minutes=180)
    corrected = workflow.correct(record, at("member:mother"), hours=longer, rules=RULES, others=())

    assert follow(redemption, corrected) is None
    with pytest.raises(CaptureExceedsHold):
        follow(redemption, workflow.confirm(corrected.record, at("member:luc"), credited_minutes=180))


@pytest.mark.parametrize(
    "close",
    [
        lambda record: workflow.reject(record, at("member:mother"), reason="nobody came"),
        lambda record: workflow.withdraw(record, at("member:luc")),
    ],
    ids=["rejected", "withdrawn"],
)
def test_a_record_that_falls_leaves_the_help_to_be_given(
    close: Callable[[ServiceRecord], RecordOutcome],
) -> None:
    """The hold stays; help can be logged again, or the redemption be cancelled."""
    redemption, record = help_logged()

    outcome = follow(redemption, close(record))

    assert outcome is not None
    assert (RedemptionState.ASSIGNED, None, None, RedemptionAct.REOPEN) == (
        outcome.redemption.state,
        outcome.redemption.record_no,
        outcome.settlement,
        outcome.event.act,
    )
    assert 8 == logging(outcome.redemption, at("member:luc"), record_no=8).redemption.record_no


def test_a_correction_after_settlement_settles_anew() -> None:
    """Both books reverse and post again; an annulment only gives back."""
    redemption, record = settled()
    facts: dict[str, Any] = {"rules": RULES, "others": (), "reason": "it was an hour"}
    hour = replace(record.hours, minutes=60)
    corrected = workflow.correct_confirmed(
        record, at("coordinator:c1"), hours=hour, credited_minutes=60, **facts
    )
    first = follow(redemption, corrected)
    assert first is not None
    second = follow(
        first.redemption, workflow.annul(corrected.record, at("coordinator:c1"), reason="wrong person")
    )
    assert second is not None

    assert [(60, RedemptionAct.CORRECT, 2, 5), (0, RedemptionAct.CORRECT, 5, 8)] == [
        (
            outcome.redemption.charged_minutes,
            outcome.event.act,
            outcome.settlement and outcome.settlement.undo and outcome.settlement.undo.step,
            outcome.settlement and outcome.settlement.capture.step,
        )
        for outcome in (first, second)
    ]
    assert RedemptionState.SETTLED is second.redemption.state


def test_only_its_own_record_moves_a_redemption() -> None:
    """Anything else is a mistake of the caller's code."""
    redemption, record = help_logged()
    done = workflow.confirm(record, at("member:mother"), credited_minutes=90)
    for changes in ({"redemption": "lille-6"}, {"no": 8}, {"branch": "brest"}):
        with pytest.raises(AssertionError):
            follow(redemption, replace(done, record=replace(done.record, **changes)))


# --- Ends without help ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "branch", "reason"),
    [
        ("member:son", "lille", None),
        ("member:son@lille", "locmine", None),
        ("member:wife+son#6", "lille", "ill"),
        ("member:mother", "locmine", None),
        (PROXY, "locmine", None),
        ("coordinator:c1", "lille", "asked by phone"),
        ("coordinator:c1", "locmine", "asked by phone"),
    ],
)
def test_sponsor_beneficiary_or_coordinator_cancel(actor: str, branch: str, reason: str | None) -> None:
    """Free of charge in time; everything goes back."""
    outcome = cancel(assigned(), at(actor, NOW, branch=branch), charged_minutes=0, reason=reason)

    assert outcome.settlement is not None
    assert (RedemptionState.CANCELLED, 0, (), reason) == (
        outcome.redemption.state,
        outcome.redemption.charged_minutes,
        outcome.settlement.home_postings,
        outcome.reason,
    )


def test_a_late_cancellation_pays_the_provider() -> None:
    """As a fee, not as help; in both books."""
    outcome = cancel(assigned(), at("member:son@lille", NOW), charged_minutes=60)

    assert outcome.settlement is not None
    assert (EntryKind.FEE, (debit("clearing:lille", 60), credit("member:luc:available", 60)), 60) == (
        outcome.settlement.kind,
        outcome.settlement.host_postings,
        outcome.event.minutes,
    )


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        ("member:luc", SelfDealing),
        ("coordinator:luc", SelfDealing),
        ("member:luc+mother#3", SelfDealing),
        ("member:anne", NotAllowed),
        ("member:son@lille+mother#9", MandateNotInForce),
        ("coordinator:c1@brest", NotAllowed),
        ("coordinator:c1", ReasonMissing),
        ("coordinator:c1@lille", ReasonMissing),
    ],
)
def test_nobody_else_cancels_and_the_provider_never(actor: str, error: type[TimebankError]) -> None:
    """A late cancellation would pay the provider (I-14)."""
    with pytest.raises(error):
        cancel(assigned(), at(actor, NOW), charged_minutes=60)


@pytest.mark.parametrize(
    ("redemption", "minutes", "error"),
    [
        (requested(), 60, ChargeWithoutProvider),
        (assigned(), -1, MinutesOutOfRange),
        (assigned(), 121, CaptureExceedsHold),
        (help_logged()[0], 0, RedemptionOutOfOrder),
    ],
)
def test_a_charge_needs_a_provider_and_fits_the_hold(
    redemption: Redemption, minutes: int, error: type[TimebankError]
) -> None:
    """And logged help is not cancelled away."""
    with pytest.raises(error):
        cancel(redemption, at("member:mother"), charged_minutes=minutes)


@pytest.mark.parametrize(
    ("actor", "reason"),
    [("member:mother", None), (PROXY, None), ("coordinator:c1", "luc waited, neighbours saw him")],
)
def test_a_missed_beneficiary_is_charged_on_their_word_or_a_coordinators(
    actor: str, reason: str | None
) -> None:
    """The full planned time, if the policy says so."""
    outcome = miss_by_beneficiary(assigned(), at(actor), charged_minutes=120, reason=reason)

    assert outcome.settlement is not None
    assert (RedemptionState.MISSED, RedemptionAct.MISSED_BY_BENEFICIARY, 120, EntryKind.FEE) == (
        outcome.redemption.state,
        outcome.event.act,
        outcome.redemption.charged_minutes,
        outcome.settlement.kind,
    )


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (at("member:luc"), SelfDealing),
        (at("coordinator:luc"), SelfDealing),
        (at("member:son@lille"), NotAllowed),
        (at("coordinator:c1@lille"), NotAllowed),
        (at("coordinator:c1"), ReasonMissing),
        (at("member:mother", PLANNED.start_at - timedelta(microseconds=1)), RedemptionOutOfOrder),
    ],
)
def test_a_provider_does_not_charge_for_an_empty_house(act: Act, error: type[TimebankError]) -> None:
    """Nor anybody before the planned time (I-14)."""
    with pytest.raises(error):
        miss_by_beneficiary(assigned(), act, charged_minutes=120)


@pytest.mark.parametrize(
    ("actor", "reason"),
    [
        ("member:luc", None),
        ("member:mother", None),
        (PROXY, "nobody came"),
        ("coordinator:c1", "luc was ill"),
    ],
)
def test_a_missed_provider_costs_nothing(actor: str, reason: str | None) -> None:
    """Everything goes back to the sponsor."""
    outcome = miss_by_provider(assigned(), at(actor, PLANNED.start_at), reason=reason)

    assert outcome.settlement is not None
    assert (RedemptionState.MISSED, RedemptionAct.MISSED_BY_PROVIDER, 0, ()) == (
        outcome.redemption.state,
        outcome.event.act,
        outcome.redemption.charged_minutes,
        outcome.settlement.home_postings,
    )


@pytest.mark.parametrize(
    ("redemption", "act", "error"),
    [
        (assigned(), at("member:anne"), NotAllowed),
        (assigned(), at("member:luc", NOW), RedemptionOutOfOrder),
        (requested(), at("member:mother"), RedemptionOutOfOrder),
    ],
)
def test_nobody_misses_what_was_not_due_or_assigned(
    redemption: Redemption, act: Act, error: type[TimebankError]
) -> None:
    """A visit is missed by who was to come, from its time on."""
    with pytest.raises(error):
        miss_by_provider(redemption, act)


@pytest.mark.parametrize("actor", ["system:sweep", "coordinator:c1", "coordinator:c1@lille"])
def test_it_expires_at_its_deadline(actor: str) -> None:
    """Everything goes back to the sponsor."""
    for redemption in (requested(), assigned()):
        outcome = expire(redemption, at(actor, DEADLINE))

        assert outcome.settlement is not None
        assert (RedemptionState.EXPIRED, 0, ()) == (
            outcome.redemption.state,
            outcome.redemption.charged_minutes,
            outcome.settlement.home_postings,
        )


@pytest.mark.parametrize(
    ("redemption", "act", "error"),
    [
        (assigned(), at("member:luc", DEADLINE), NotAllowed),
        (assigned(), at("system:sweep", DEADLINE - timedelta(microseconds=1)), RedemptionNotDue),
        (help_logged()[0], at("system:sweep", DEADLINE), RedemptionOutOfOrder),
    ],
)
def test_it_does_not_expire_early_or_over_logged_help(
    redemption: Redemption, act: Act, error: type[TimebankError]
) -> None:
    """Whoever helped in time keeps their claim."""
    with pytest.raises(error):
        expire(redemption, act)


ENDS: dict[RedemptionState, Redemption] = {
    RedemptionState.SETTLED: settled()[0],
    RedemptionState.CANCELLED: cancel(assigned(), at("member:mother", NOW), charged_minutes=0).redemption,
    RedemptionState.MISSED: miss_by_provider(assigned(), at("member:luc")).redemption,
    RedemptionState.EXPIRED: expire(requested(), at("system:sweep", DEADLINE)).redemption,
}
STEPS: dict[str, Callable[[Redemption], RedemptionOutcome]] = {
    "assign": lambda redemption: assign(redemption, at("coordinator:c1"), provider="anne"),
    "unassign": lambda redemption: unassign(redemption, at("coordinator:c1")),
    "log": lambda redemption: logging(redemption, at("member:luc"), hours=some_hours()),
    "cancel": lambda redemption: cancel(redemption, at("member:mother"), charged_minutes=0),
    "miss_by_beneficiary": lambda redemption: miss_by_beneficiary(
        redemption, at("member:mother"), charged_minutes=0
    ),
    "miss_by_provider": lambda redemption: miss_by_provider(redemption, at("member:mother")),
    "expire": lambda redemption: expire(redemption, at("system:sweep", DEADLINE)),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ENDS)
def test_a_redemption_that_is_over_refuses_everything(state: RedemptionState, step: str) -> None:
    """And says what it is."""
    with pytest.raises(RedemptionNotOpen) as refused:
        STEPS[step](ENDS[state])

    assert f"redemption lille-5 is {state.value}" == str(refused.value)


def test_mandates_reach_only_as_far_as_their_scope() -> None:
    """To confirm is not to cancel, and the other way round."""

    def narrow(scope: Scope) -> Act:
        return an_act(PROXY, at=LATER, mandates=(a_mandate(scopes=frozenset({scope})),))

    with pytest.raises(MandateNotInForce):
        cancel(assigned(), narrow(Scope.CONFIRM), charged_minutes=0)
    with pytest.raises(MandateNotInForce):
        miss_by_beneficiary(assigned(), narrow(Scope.REQUEST), charged_minutes=0)
    with pytest.raises(MandateNotInForce):
        logging(assigned(), narrow(Scope.REQUEST))


def test_the_state_of_a_record_is_carried_once() -> None:
    """A dispute or a logged record leaves the redemption as it is."""
    redemption, record = help_logged()
    disputed = workflow.dispute(record, at("member:mother"), reason="it was shorter")

    assert RecordState.DISPUTED is disputed.record.state
    assert follow(redemption, disputed) is None
