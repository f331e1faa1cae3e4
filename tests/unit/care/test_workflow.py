from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.care.builders import FLAGGING, NOW, RULES, a_mandate, an_act, confirmed, logged, some_hours

from timebank.care.mandate import Act, Scope
from timebank.care.record import (
    Credit,
    Hours,
    Mode,
    Party,
    RecordAct,
    RecordOutcome,
    RecordState,
    ServiceRecord,
)
from timebank.care.workflow import (
    annul,
    confirm,
    correct,
    correct_confirmed,
    decide_to_confirm,
    decide_to_reject,
    dispute,
    log_record,
    reject,
    withdraw,
)
from timebank.errors import (
    AlreadyConfirmed,
    BadPath,
    BadReference,
    BadText,
    BadUnit,
    HoursInFuture,
    HoursTooOld,
    MandateNotInForce,
    MinutesOutOfRange,
    NotAllowed,
    NotAParty,
    OverlappingHours,
    OwnStatement,
    ReasonMissing,
    RecordNotOpen,
    SameParty,
    SelfDealing,
    TimebankError,
)
from timebank.ledger.model import AMOUNT_MAX, Actor, Cause, credit, debit

PROXY = "member:son@lille+mother#3"
LUC, MOTHER, COORDINATOR = an_act("member:luc"), an_act("member:mother"), an_act("coordinator:c1")
FUND = "fund:solidarity"


def log_hours(act: Act, hours: Hours, **changes: Any) -> RecordOutcome:  # noqa: ANN401
    """Log help by Luc to the mother."""
    facts: dict[str, Any] = {
        "no": 7,
        "provider": "luc",
        "recipient": "member:mother",
        "rules": RULES,
        "others": (),
    }
    return log_record(act, hours=hours, **{**facts, **changes})


def deciding(record: ServiceRecord, act: Act, **changes: Any) -> RecordOutcome:  # noqa: ANN401
    """Decide to confirm as stated."""
    facts: dict[str, Any] = {
        "hours": record.hours,
        "rules": RULES,
        "others": (),
        "credited_minutes": 90,
        "reason": "saw the signed slip",
    }
    return decide_to_confirm(record, act, **{**facts, **changes})


def correcting_confirmed(record: ServiceRecord, act: Act, **changes: Any) -> RecordOutcome:  # noqa: ANN401
    """Correct a confirmed record to an hour."""
    facts: dict[str, Any] = {
        "hours": some_hours(60),
        "rules": RULES,
        "others": (),
        "credited_minutes": 60,
        "reason": "it was an hour",
    }
    return correct_confirmed(record, act, **{**facts, **changes})


ACTS: dict[str, Callable[[ServiceRecord, Act], RecordOutcome]] = {
    "confirm": lambda record, act: confirm(record, act, credited_minutes=90),
    "correct": lambda record, act: correct(record, act, hours=some_hours(60), rules=RULES, others=()),
    "dispute": lambda record, act: dispute(record, act, reason="it was shorter"),
    "reject": lambda record, act: reject(record, act, reason="nobody came"),
    "withdraw": withdraw,
    "decide_to_confirm": deciding,
    "decide_to_reject": lambda record, act: decide_to_reject(record, act, reason="nobody came"),
    "correct_confirmed": correcting_confirmed,
    "annul": lambda record, act: annul(record, act, reason="wrong member"),
}
BY_COORDINATOR = ("decide_to_confirm", "decide_to_reject", "correct_confirmed", "annul")


def who_may(name: str) -> Act:
    """Return somebody who may do an act to the record that Luc logged."""
    if name in BY_COORDINATOR:
        return COORDINATOR
    return LUC if name == "withdraw" else MOTHER


# --- Logging ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["member:luc", "member:mother", PROXY, "coordinator:c1"])
def test_either_side_logs_and_nothing_is_posted(actor: str) -> None:
    """A statement alone moves no hours."""
    outcome = log_hours(an_act(actor, mandates=(a_mandate(),)), some_hours())

    assert (RecordState.LOGGED, None, 0) == (
        outcome.record.state,
        outcome.record.credited_minutes,
        outcome.record.revision,
    )
    assert (None, None) == (outcome.undo, outcome.credit)
    assert (RecordAct.LOG, actor, NOW, 90, False) == (
        outcome.event.act,
        str(outcome.event.actor),
        outcome.event.at,
        outcome.event.minutes,
        outcome.event.has_reason,
    )


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        ("member:anne", NotAParty),
        ("member:luc@lille", NotAParty),
        ("coordinator:c1@lille", NotAParty),
        ("system:import", NotAParty),
        ("coordinator:luc", SelfDealing),
        ("coordinator:mother", SelfDealing),
        ("member:luc+mother#3", SelfDealing),
        ("member:mother+luc#3", SelfDealing),
        (PROXY, MandateNotInForce),
    ],
)
def test_others_and_people_on_both_sides_do_not_log(actor: str, error: type[TimebankError]) -> None:
    """A provider never speaks as the recipient's proxy, nor the other way round (I-14)."""
    mandate = a_mandate(scopes=frozenset(Scope) - {Scope.CONFIRM})

    with pytest.raises(error):
        log_hours(an_act(actor, mandates=(mandate,)), some_hours(0))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"provider": "Luc"}, BadReference),
        ({"recipient": "mother"}, BadPath),
        ({"unit": "EUR"}, BadUnit),
        ({"recipient": "member:luc"}, SameParty),
    ],
)
def test_what_cannot_be_help_is_refused(changes: dict[str, Any], error: type[TimebankError]) -> None:
    """Before anybody asks who is logging."""
    with pytest.raises(error):
        log_hours(an_act("member:anne"), some_hours(), **changes)


@pytest.mark.parametrize(
    ("minutes", "ago", "error"),
    [
        (0, timedelta(hours=1), MinutesOutOfRange),
        (-5, timedelta(hours=1), MinutesOutOfRange),
        (601, timedelta(hours=20), MinutesOutOfRange),
        (60, timedelta(minutes=59), HoursInFuture),
        (60, -timedelta(days=3650), HoursInFuture),
        (60, timedelta(days=31, microseconds=1), HoursTooOld),
    ],
)
def test_hours_out_of_bounds_are_refused(minutes: int, ago: timedelta, error: type[TimebankError]) -> None:
    """Of no length or too long, not over yet, too long ago."""
    with pytest.raises(error):
        log_hours(LUC, some_hours(minutes, ago=ago))


@pytest.mark.parametrize(
    ("minutes", "ago"),
    [(1, timedelta(minutes=1)), (600, timedelta(minutes=600)), (60, timedelta(days=31))],
)
def test_hours_at_the_bounds_are_accepted(minutes: int, ago: timedelta) -> None:
    """One minute, the longest, over just now, as old as allowed."""
    assert minutes == log_hours(LUC, some_hours(minutes, ago=ago)).record.minutes


def test_a_coordinator_logs_old_hours() -> None:
    """A slip of paper found in January for help in November."""
    assert 60 == log_hours(COORDINATOR, some_hours(60, ago=timedelta(days=80))).record.minutes


def test_overlapping_hours_are_refused_or_flagged_as_the_policy_says() -> None:
    """One helper is not in two places (I-8); a group may be."""
    others = [replace(logged(), no=no) for no in (5, 3)]

    with pytest.raises(OverlappingHours) as refused:
        log_hours(LUC, some_hours(), others=others)
    flagged = log_hours(LUC, some_hours(), others=others, rules=FLAGGING)

    assert "luc has other hours at that time: record 3, 5" == str(refused.value)
    assert flagged.record.is_flagged_overlap
    assert not log_hours(LUC, some_hours(), others=[logged()], rules=RULES).record.is_flagged_overlap


# --- Confirming ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "other"),
    [
        ("member:luc", "member:mother"),
        ("member:luc", PROXY),
        ("member:mother", "member:luc"),
        (PROXY, "member:luc"),
        ("coordinator:c1", "member:mother"),
    ],
)
def test_the_other_side_confirms_and_it_is_posted(by: str, other: str) -> None:
    """Helping somebody is: debit recipient, credit provider, after rates and rounding."""
    mandates = (a_mandate(),)

    outcome = confirm(logged(by, mandates=mandates), an_act(other, mandates=mandates), credited_minutes=113)

    assert (
        Credit(
            cause=Cause("service", "7", 1),
            postings=(debit("member:mother:available", 113), credit("member:luc:available", 113)),
        )
        == outcome.credit
    )
    assert (RecordState.CONFIRMED, 90, 113, 1) == (
        outcome.record.state,
        outcome.record.minutes,
        outcome.record.credited_minutes,
        outcome.record.revision,
    )
    assert outcome.undo is None


def test_service_minutes_stay_service_minutes() -> None:
    """What is counted only never becomes redeemable (I-12)."""
    record = log_hours(LUC, some_hours(), unit="svc").record

    posted = confirm(record, MOTHER, credited_minutes=90).credit

    assert posted is not None
    assert {"svc"} == {posting.unit for posting in posted.postings}


def test_a_fund_pays_when_a_coordinator_confirms() -> None:
    """Coordinators are the fund's side: they confirm the provider's word, the provider theirs."""
    for by, other in (("member:luc", "coordinator:c1"), ("coordinator:c1", "member:luc")):
        posted = confirm(logged(by, recipient=FUND), an_act(other), credited_minutes=90).credit

        assert posted is not None
        assert (debit(FUND, 90), credit("member:luc:available", 90)) == posted.postings


@pytest.mark.parametrize(
    ("by", "other"),
    [
        ("member:luc", "member:luc"),
        ("member:mother", "member:mother"),
        ("member:mother", PROXY),
        (PROXY, "member:mother"),
        ("coordinator:c1", "member:luc"),
    ],
)
def test_nobody_confirms_their_own_sides_statement(by: str, other: str) -> None:
    """Nor does the provider what a coordinator stated: silence of the one charged is not consent."""
    mandates = (a_mandate(),)
    record = logged(by, mandates=mandates)

    with pytest.raises(OwnStatement) as refused:
        confirm(record, an_act(other, mandates=mandates), credited_minutes=90)

    assert f"record 7 waits for the word of the {record.waits_for.value}" == str(refused.value)


def test_a_proxy_of_both_sides_speaks_once() -> None:
    """The same person states for one and confirms for the other: refused, whatever the role (I-14)."""
    mandates = (a_mandate(), a_mandate(no=4, principal="luc"))
    record = logged("member:son@lille+luc#4", mandates=mandates)
    near = logged(
        "member:c1+luc#4",
        recipient=FUND,
        mandates=(a_mandate(no=4, principal="luc", holder="c1", holder_branch="locmine"),),
    )

    with pytest.raises(OwnStatement):
        confirm(record, an_act(PROXY, mandates=mandates), credited_minutes=90)
    with pytest.raises(OwnStatement):
        confirm(near, COORDINATOR, credited_minutes=90)


def test_a_namesake_in_another_branch_is_somebody_else() -> None:
    """`luc` of Lille may be the mother's proxy although `luc` of Locminé helped her."""
    mandate = a_mandate(holder="luc")
    act = an_act("member:luc@lille+mother#3", mandates=(mandate,))

    assert RecordState.CONFIRMED is confirm(logged(), act, credited_minutes=90).record.state


@pytest.mark.parametrize("minutes", [0, -1, AMOUNT_MAX + 1])
def test_credited_minutes_are_at_least_one(minutes: int) -> None:
    """Nothing to credit is nothing to confirm."""
    with pytest.raises(MinutesOutOfRange):
        confirm(logged(), MOTHER, credited_minutes=minutes)


def test_a_record_is_confirmed_once() -> None:
    """A second confirmation posts nothing (I-8)."""
    with pytest.raises(AlreadyConfirmed):
        confirm(confirmed().record, MOTHER, credited_minutes=90)
    with pytest.raises(AlreadyConfirmed):
        deciding(confirmed().record, COORDINATOR)


# --- Correcting, disputing, rejecting, withdrawing --------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "side", "waits_for"),
    [
        ("member:mother", Party.RECIPIENT, Party.PROVIDER),
        ("member:luc", Party.PROVIDER, Party.RECIPIENT),
        ("coordinator:c1", Party.COORDINATOR, Party.RECIPIENT),
    ],
)
def test_a_correction_gives_the_other_side_the_word(actor: str, side: Party, waits_for: Party) -> None:
    """Whoever corrects has stated it, whoever logged it first."""
    hours = Hours(start_at=NOW - timedelta(hours=3), minutes=75, kind="garden", mode=Mode.PHONE)

    outcome = correct(logged(), an_act(actor), hours=hours, rules=RULES, others=())

    assert (RecordState.CORRECTED, hours, side, Party.PROVIDER, waits_for) == (
        outcome.record.state,
        outcome.record.hours,
        outcome.record.stated_side,
        outcome.record.logged_side,
        outcome.record.waits_for,
    )
    assert (RecordAct.CORRECT, 75, None) == (outcome.event.act, outcome.event.minutes, outcome.credit)


def test_the_one_who_logged_confirms_a_correction() -> None:
    """And the one who corrected does not."""
    corrected = ACTS["correct"](logged(), MOTHER).record

    with pytest.raises(OwnStatement):
        confirm(corrected, MOTHER, credited_minutes=60)
    assert 60 == confirm(corrected, LUC, credited_minutes=60).record.credited_minutes


def test_a_correction_is_judged_like_any_statement() -> None:
    """Length, future and overlap always; age only if the start moves."""
    record = logged()
    much_later = replace(MOTHER, at=NOW + timedelta(days=90))
    same_start = replace(record.hours, minutes=60)
    moved = replace(same_start, start_at=record.start_at + timedelta(minutes=1))

    assert 60 == correct(record, much_later, hours=same_start, rules=RULES, others=[record]).record.minutes
    with pytest.raises(HoursTooOld):
        correct(record, much_later, hours=moved, rules=RULES, others=())
    with pytest.raises(HoursInFuture):
        correct(record, MOTHER, hours=replace(record.hours, minutes=241), rules=RULES, others=())
    with pytest.raises(OverlappingHours):
        correct(record, MOTHER, hours=same_start, rules=RULES, others=[replace(record, no=8)])


def test_a_correction_clears_a_flag_that_no_longer_holds() -> None:
    """The overlap was a slip in the start."""
    other = replace(logged(), no=8, minutes=15)
    record = log_hours(LUC, some_hours(), others=[other], rules=FLAGGING).record
    moved = replace(record.hours, start_at=other.end_at)

    assert record.is_flagged_overlap
    cleared = correct(record, LUC, hours=moved, rules=FLAGGING, others=[other]).record
    assert not cleared.is_flagged_overlap


@pytest.mark.parametrize(
    ("name", "state"), [("dispute", RecordState.DISPUTED), ("reject", RecordState.REJECTED)]
)
def test_the_other_side_disputes_or_rejects_with_a_reason(name: str, state: RecordState) -> None:
    """The reason goes to the identity store; the event only knows that there is one (I-10)."""
    outcome = ACTS[name](logged(), MOTHER)

    assert (state, True, None) == (outcome.record.state, outcome.event.has_reason, outcome.credit)
    assert outcome.reason in {"it was shorter", "nobody came"}
    assert str(outcome.reason) not in repr(outcome)


@pytest.mark.parametrize("act", [dispute, reject])
def test_refusing_needs_a_reason_and_the_other_side(act: Callable[..., RecordOutcome]) -> None:
    """One withdraws one's own statement; a coordinator decides instead."""
    with pytest.raises(OwnStatement):
        act(logged(), LUC, reason="changed my mind")
    with pytest.raises(NotAParty):
        act(logged(), COORDINATOR, reason="unlikely")
    with pytest.raises(ReasonMissing):
        act(logged(), MOTHER, reason=" ")
    with pytest.raises(BadText):
        act(logged(), MOTHER, reason="a\x00b")


def test_either_side_refuses_what_a_coordinator_stated() -> None:
    """It is nobody's own statement."""
    record = logged("coordinator:c1")

    assert RecordState.DISPUTED is dispute(record, LUC, reason="it was longer").record.state
    assert RecordState.REJECTED is reject(record, MOTHER, reason="nobody came").record.state


def test_a_dispute_can_end_among_the_two() -> None:
    """By relenting or by a correction; not by disputing again."""
    disputed = ACTS["dispute"](logged(), MOTHER).record

    assert RecordState.CONFIRMED is confirm(disputed, MOTHER, credited_minutes=90).record.state
    assert RecordState.CORRECTED is ACTS["correct"](disputed, LUC).record.state
    assert RecordState.REJECTED is ACTS["reject"](disputed, MOTHER).record.state
    assert RecordState.WITHDRAWN is withdraw(disputed, LUC).record.state
    with pytest.raises(RecordNotOpen):
        ACTS["dispute"](disputed, MOTHER)


def test_only_the_side_that_logged_it_withdraws() -> None:
    """Also after the other side corrected it; a proxy counts as the side."""
    corrected = ACTS["correct"](logged(), MOTHER).record
    proxied = logged(PROXY, mandates=(a_mandate(),))

    assert RecordState.WITHDRAWN is withdraw(corrected, LUC).record.state
    assert RecordState.WITHDRAWN is withdraw(proxied, MOTHER).record.state
    assert RecordState.WITHDRAWN is withdraw(logged("coordinator:c1"), an_act("coordinator:c2")).record.state
    for act in (MOTHER, COORDINATOR):
        with pytest.raises(NotAllowed):
            withdraw(corrected, act)


# --- Deciding ---------------------------------------------------------------------------------------


def test_a_coordinator_confirms_as_stated() -> None:
    """The statement stays who made it; hours once accepted are not judged again."""
    for record in (logged(), ACTS["dispute"](logged(), MOTHER).record):
        late = replace(COORDINATOR, at=NOW + timedelta(days=90))

        outcome = deciding(record, late, others=[replace(record, no=8)])

        assert (RecordState.CONFIRMED, RecordAct.DECIDE) == (outcome.record.state, outcome.event.act)
        assert "member:luc" == str(outcome.record.stated_by)
        assert outcome.credit is not None
        assert "saw the signed slip" == outcome.reason


def test_a_coordinator_confirms_other_hours() -> None:
    """Those are the coordinator's statement, and are judged."""
    record = logged()
    shorter = replace(record.hours, minutes=45)

    outcome = deciding(record, COORDINATOR, hours=shorter, credited_minutes=45)

    assert (45, 45, "coordinator:c1") == (
        outcome.record.minutes,
        outcome.record.credited_minutes,
        str(outcome.record.stated_by),
    )
    with pytest.raises(MinutesOutOfRange):
        deciding(record, COORDINATOR, hours=replace(record.hours, minutes=0))


def test_a_coordinator_decides_what_they_logged_from_paper() -> None:
    """A small bank has one coordinator; the reason is on record."""
    assert RecordState.CONFIRMED is deciding(logged("coordinator:c1"), COORDINATOR).record.state


def test_a_coordinator_decides_against() -> None:
    """Nothing is posted."""
    outcome = ACTS["decide_to_reject"](logged(), COORDINATOR)

    assert (RecordState.REJECTED, None, "nobody came") == (
        outcome.record.state,
        outcome.credit,
        outcome.reason,
    )


@pytest.mark.parametrize("name", BY_COORDINATOR)
@pytest.mark.parametrize(
    ("actor", "error"),
    [
        ("member:luc", NotAllowed),
        ("member:mother", NotAllowed),
        ("coordinator:c1@lille", NotAllowed),
        ("system:import", NotAllowed),
        ("coordinator:luc", SelfDealing),
        ("coordinator:mother", SelfDealing),
        ("coordinator:c2", SelfDealing),
    ],
)
def test_only_a_coordinator_with_no_part_in_it_decides(
    name: str, actor: str, error: type[TimebankError]
) -> None:
    """The last one logged it as the provider's proxy (I-14)."""
    logged_by = Actor.parse("member:c2+luc#1")
    before = confirmed().record if name in {"correct_confirmed", "annul"} else logged()

    with pytest.raises(error):
        ACTS[name](replace(before, logged_by=logged_by), an_act(actor))


def test_a_decision_needs_a_reason() -> None:
    """Somebody will ask."""
    decisions: tuple[Callable[[], RecordOutcome], ...] = (
        lambda: deciding(logged(), COORDINATOR, reason=None),
        lambda: decide_to_reject(logged(), COORDINATOR, reason=""),
        lambda: correcting_confirmed(confirmed().record, COORDINATOR, reason=None),
        lambda: annul(confirmed().record, COORDINATOR, reason=" "),
    )
    for decide in decisions:
        with pytest.raises(ReasonMissing):
            decide()


# --- After confirmation -----------------------------------------------------------------------------


def test_a_confirmed_record_is_corrected_by_reversal_and_new_entry() -> None:
    """Never by an edit (I-2, I-3); each posting has a step of its own (I-8)."""
    first = correcting_confirmed(confirmed().record, COORDINATOR)
    second = correcting_confirmed(first.record, COORDINATOR, credited_minutes=75)

    assert (Cause("service", "7", 1), Cause("service", "7", 2)) == (first.undo, second.undo)
    assert [Cause("service", "7", 2), Cause("service", "7", 3)] == [
        outcome.credit and outcome.credit.cause for outcome in (first, second)
    ]
    assert (RecordState.CONFIRMED, 60, 75, 3) == (
        second.record.state,
        second.record.minutes,
        second.record.credited_minutes,
        second.record.revision,
    )
    assert (RecordAct.CORRECT, "it was an hour") == (first.event.act, first.reason)


def test_an_annulled_record_is_reversed_and_closed() -> None:
    """Confirmed by mistake: nothing of it stands, and nothing more can be done to it."""
    outcome = ACTS["annul"](confirmed().record, COORDINATOR)

    assert (Cause("service", "7", 1), None) == (outcome.undo, outcome.credit)
    assert (RecordState.REJECTED, None, 2) == (
        outcome.record.state,
        outcome.record.credited_minutes,
        outcome.record.revision,
    )
    for name, act in ACTS.items():
        with pytest.raises(RecordNotOpen):
            act(outcome.record, who_may(name))


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("state", [RecordState.CONFIRMED, RecordState.REJECTED, RecordState.WITHDRAWN])
def test_a_closed_record_says_what_it_is(name: str, state: RecordState) -> None:
    """Every act is refused, except a coordinator's on a confirmed one."""
    credited = 90 if state is RecordState.CONFIRMED else None
    record = replace(logged(), state=state, credited_minutes=credited, revision=1 if credited else 0)
    actor = who_may(name)
    is_confirmed = state is RecordState.CONFIRMED

    if is_confirmed and name in {"correct_confirmed", "annul"}:
        assert ACTS[name](record, actor).undo is not None
    elif is_confirmed and name in {"confirm", "decide_to_confirm"}:
        with pytest.raises(AlreadyConfirmed):
            ACTS[name](record, actor)
    else:
        with pytest.raises(RecordNotOpen) as refused:
            ACTS[name](record, actor)
        assert f"record 7 is {state.value}" == str(refused.value)


@pytest.mark.parametrize("name", ACTS)
def test_who_acts_is_asked_before_anything_else(name: str) -> None:
    """A stranger does not even learn the state."""
    record = replace(logged(), state=RecordState.WITHDRAWN)

    with pytest.raises((NotAParty, NotAllowed)):
        ACTS[name](record, an_act("member:anne"))


def test_a_record_of_a_redemption_leaves_the_journal_to_it() -> None:
    """The sponsor is charged, not the beneficiary."""
    record = logged(redemption="lille-5")
    done = confirm(record, MOTHER, credited_minutes=90)
    corrected = correcting_confirmed(done.record, COORDINATOR)

    assert [(None, None)] * 3 == [
        (outcome.undo, outcome.credit)
        for outcome in (done, corrected, ACTS["annul"](corrected.record, COORDINATOR))
    ]


@pytest.mark.parametrize("name", ACTS)
def test_a_record_is_acted_on_in_its_own_branch(name: str) -> None:
    """Anything else is a mistake of the caller's code."""
    with pytest.raises(AssertionError):
        ACTS[name](logged(), an_act("coordinator:c1", branch="lille"))
