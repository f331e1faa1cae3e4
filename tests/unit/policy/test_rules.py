from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.policies import policies, sections

from timebank.errors import DayBeyondRange, NaiveInstant
from timebank.ledger.chart import AccountKind
from timebank.policy.model import CancellationRules, LimitRule, Policy, Rounding
from timebank.policy.rules import cancellation_charge, limit_rule_for, round_minutes
from timebank.policy.words import FreeUntil, NoShow, RoundingMode

PARIS = ZoneInfo("Europe/Paris")
PLANNED_AT = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
"""14:00 in Paris, on the day the clocks go forward."""
ROUNDINGS = sections(Rounding())
MEASURED = st.integers(1, 3000)
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31)).map(  # noqa: DTZ001 - UTC is added
    lambda moment: moment.replace(tzinfo=UTC)
)


def whole_steps(rule: Rounding, minutes: int) -> int:
    """The rule in exact fractions, without the least."""
    steps = Fraction(minutes, rule.step_minutes)
    rounded = {
        RoundingMode.UP: ceil(steps),
        RoundingMode.DOWN: floor(steps),
        RoundingMode.NEAREST: floor(steps + Fraction(1, 2)),
    }
    return rounded[rule.mode] * rule.step_minutes


@given(ROUNDINGS, MEASURED)
def test_rounding_is_exact_arithmetic(rule: Rounding, minutes: int) -> None:
    """No float decides about anybody's minutes (I-15)."""
    least = ceil(Fraction(rule.least_minutes, rule.step_minutes)) * rule.step_minutes

    assert max(whole_steps(rule, minutes), least) == round_minutes(rule, minutes)


@pytest.mark.parametrize("mode", RoundingMode)
def test_every_boundary_between_steps_is_exact(mode: RoundingMode) -> None:
    """Halfway and on the step, for every step there is: chance seldom draws those."""
    for step in range(1, 61):
        rule = Rounding(step_minutes=step, mode=mode, least_minutes=1)
        for minutes in range(step, 4 * step + 1):
            assert whole_steps(rule, minutes) == round_minutes(rule, minutes), (step, minutes)


@given(ROUNDINGS, MEASURED)
def test_rounding_counts_whole_steps_and_never_nothing(rule: Rounding, minutes: int) -> None:
    """Help is never rounded away."""
    counted = round_minutes(rule, minutes)

    assert 0 == counted % rule.step_minutes
    assert rule.least_minutes <= counted
    assert 1 <= counted


@given(ROUNDINGS, MEASURED)
def test_rounding_again_changes_nothing(rule: Rounding, minutes: int) -> None:
    """A corrected record that states the counted minutes counts the same."""
    counted = round_minutes(rule, minutes)

    assert counted == round_minutes(rule, counted)


@given(ROUNDINGS, MEASURED, MEASURED)
def test_rounding_keeps_the_order(rule: Rounding, minutes: int, more: int) -> None:
    """Who helps longer never counts less."""
    assert round_minutes(rule, minutes) <= round_minutes(rule, minutes + more)


@given(ROUNDINGS, MEASURED)
def test_rounding_moves_less_than_a_step(rule: Rounding, minutes: int) -> None:
    """Up never takes, down never gives, nearest moves half a step at most; only the least moves more."""
    counted = round_minutes(rule, minutes)
    if counted - rule.step_minutes < rule.least_minutes:
        return

    moved = counted - minutes
    match rule.mode:
        case RoundingMode.UP:
            assert 0 <= moved < rule.step_minutes
        case RoundingMode.DOWN:
            assert -rule.step_minutes < moved <= 0
        case RoundingMode.NEAREST:
            assert -rule.step_minutes < 2 * moved <= rule.step_minutes


@pytest.mark.parametrize(
    ("expected", "minutes", "rule"),
    [
        (15, 1, Rounding()),
        (15, 22, Rounding()),
        (30, 23, Rounding()),
        (90, 90, Rounding()),
        (60, 45, Rounding(step_minutes=30)),  # halfway counts up
        (75, 70, Rounding(mode=RoundingMode.UP)),  # NorCal: 1 h 10 counts 1 h 15
        (60, 1, Rounding(step_minutes=30, mode=RoundingMode.UP, least_minutes=60)),  # a whole first hour,
        (90, 61, Rounding(step_minutes=30, mode=RoundingMode.UP, least_minutes=60)),  # then half hours
        (60, 119, Rounding(step_minutes=60, mode=RoundingMode.DOWN, least_minutes=60)),
        (113, 113, Rounding(step_minutes=1, least_minutes=1)),  # Figeac counts minutes
        (30, 1, Rounding(step_minutes=30, least_minutes=15)),  # the least is whole steps too
    ],
)
def test_rounding_of_known_schemes(expected: int, minutes: int, rule: Rounding) -> None:
    """What published rules say."""
    assert expected == round_minutes(rule, minutes)


@pytest.mark.parametrize("minutes", [0, -15])
def test_rounding_needs_help_that_lasts(minutes: int) -> None:
    """Lengths are checked where they are read; zero here is our own mistake."""
    with pytest.raises(AssertionError):
        round_minutes(Rounding(), minutes)


@given(policies(), st.sampled_from(AccountKind))
def test_every_kind_of_account_has_its_limits(policy: Policy, kind: AccountKind) -> None:
    """The chart and the policy know the same kinds (I-5)."""
    rules = {
        name: getattr(policy.limits, name) for name in ("member", "fund", "issuance", "clearing", "suspense")
    }

    assert rules[kind.value] == limit_rule_for(policy, kind)


def test_only_members_have_limits_by_default() -> None:
    """-10 h to 750 h, told two hours before the one and thirty before the other."""
    member = LimitRule(
        floor_minutes=-600, warn_floor_minutes=-480, warn_ceiling_minutes=43_200, ceiling_minutes=45_000
    )

    assert member == limit_rule_for(Policy(), "member")
    for kind in set(AccountKind) - {AccountKind.MEMBER}:
        assert LimitRule() == limit_rule_for(Policy(), kind)


def test_an_unknown_kind_of_account_is_our_mistake() -> None:
    """The chart is fixed."""
    with pytest.raises(AssertionError):
        limit_rule_for(Policy(), "wallet")


def charge(
    cancelled_at: datetime,
    *,
    planned: int = 120,
    is_no_show: bool = False,
    rules: CancellationRules | None = None,
) -> int:
    """What cancelling the visit at `PLANNED_AT` costs."""
    return cancellation_charge(
        replace(Policy(), cancellation=rules or CancellationRules()),
        planned_minutes=planned,
        planned_at=PLANNED_AT,
        cancelled_at=cancelled_at,
        zone=PARIS,
        is_no_show=is_no_show,
    )


@pytest.mark.parametrize(
    ("expected", "cancelled_at"),
    [
        (0, datetime(2026, 3, 1, tzinfo=UTC)),
        (0, datetime(2026, 3, 28, 22, 59, 59, 999_999, tzinfo=UTC)),
        (60, datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),  # midnight in Paris
        (60, datetime(2026, 3, 29, 11, 59, tzinfo=UTC)),
        (60, datetime(2026, 3, 30, 9, 0, tzinfo=UTC)),
    ],
)
def test_cancelling_is_free_until_the_day_before(expected: int, cancelled_at: datetime) -> None:
    """The day ends at midnight where the visit was to be, not in UTC."""
    assert expected == charge(cancelled_at)


@pytest.mark.parametrize(
    ("expected", "cancelled_at"),
    [
        (0, PLANNED_AT - timedelta(microseconds=1)),
        (60, PLANNED_AT),
        (60, PLANNED_AT + timedelta(days=2)),
    ],
)
def test_cancelling_can_be_free_until_the_start(expected: int, cancelled_at: datetime) -> None:
    """The start itself is late."""
    rules = CancellationRules(free_until=FreeUntil.START)

    assert expected == charge(cancelled_at, rules=rules)
    assert expected == charge(cancelled_at.astimezone(PARIS), rules=rules)


@pytest.mark.parametrize(("expected", "no_show"), [(120, NoShow.PLANNED), (0, NoShow.NONE)])
def test_a_missed_visit_costs_the_planned_time_or_nothing(expected: int, no_show: NoShow) -> None:
    """Whatever the hour at which it was noticed."""
    for days in (-5, 0, 5):
        at = PLANNED_AT + timedelta(days=days)
        assert expected == charge(at, is_no_show=True, rules=CancellationRules(no_show=no_show))


def test_a_short_visit_never_costs_more_than_was_planned() -> None:
    """An hour is charged for an hour's visit or longer."""
    assert 30 == charge(PLANNED_AT, planned=30)
    assert 0 == charge(PLANNED_AT, planned=0)


@given(
    policies(),
    st.integers(0, 10_000),
    INSTANTS,
    st.timedeltas(timedelta(days=-3), timedelta(days=3)),
)
def test_a_charge_lies_between_nothing_and_what_was_planned(
    policy: Policy, planned: int, planned_at: datetime, notice: timedelta
) -> None:
    """The held minutes always cover the charge."""
    for is_no_show in (False, True):
        charged = cancellation_charge(
            policy,
            planned_minutes=planned,
            planned_at=planned_at,
            cancelled_at=planned_at - notice,
            zone=PARIS,
            is_no_show=is_no_show,
        )

        assert 0 <= charged <= planned


@given(
    policies(),
    INSTANTS,
    st.timedeltas(timedelta(days=-3), timedelta(days=3)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
)
def test_earlier_notice_never_costs_more(
    policy: Policy, planned_at: datetime, notice: timedelta, earlier: timedelta
) -> None:
    """Nobody gains by waiting."""
    charges = [
        cancellation_charge(
            policy,
            planned_minutes=120,
            planned_at=planned_at,
            cancelled_at=planned_at - ahead,
            zone=PARIS,
            is_no_show=False,
        )
        for ahead in (notice + earlier, notice)
    ]

    assert charges == sorted(charges)


@pytest.mark.parametrize("free_until", FreeUntil)
def test_a_charge_needs_instants_that_are_kept(free_until: FreeUntil) -> None:
    """A naive time would move the day."""
    rules = CancellationRules(free_until=free_until)
    with pytest.raises(NaiveInstant):
        charge(PLANNED_AT.replace(tzinfo=None), rules=rules)
    with pytest.raises(DayBeyondRange):
        charge(PLANNED_AT.replace(year=2300), rules=rules)


def test_a_charge_needs_a_visit() -> None:
    """A negative length is our own mistake."""
    with pytest.raises(AssertionError):
        charge(PLANNED_AT, planned=-1)
