"""Apply the rules of a policy: round help, find the limits of an account, price a cancellation. Pure."""

from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from timebank.instants import aware_utc, day_of
from timebank.policy.model import LimitRule, Policy, Rounding
from timebank.policy.words import FreeUntil, NoShow, RoundingMode


def round_minutes(rule: Rounding, minutes: int) -> int:
    """Return the minutes that count for help of `minutes` as measured (I-15).

    Whole steps, and at least `least_minutes` taken up to whole steps. Half a step counts up with
    `nearest`. Rounding a rounded length changes nothing.

    Args:
        rule: the policy's rule.
        minutes: as measured, at least 1.
    """
    assert minutes >= 1, f"help lasts at least a minute, not {minutes}"
    step = rule.step_minutes
    least = -(-rule.least_minutes // step) * step
    match rule.mode:
        case RoundingMode.UP:
            steps = -(-minutes // step)
        case RoundingMode.DOWN:
            steps = minutes // step
        case RoundingMode.NEAREST:
            steps = (2 * minutes + step) // (2 * step)
        case _:
            assert_never(rule.mode)
    return max(steps * step, least)


def limit_rule_for(policy: Policy, kind: str) -> LimitRule:
    """Return the limits of accounts of a kind: member, fund, issuance, clearing or suspense (I-5)."""
    limits = {
        "member": policy.limits.member,
        "fund": policy.limits.fund,
        "issuance": policy.limits.issuance,
        "clearing": policy.limits.clearing,
        "suspense": policy.limits.suspense,
    }
    assert kind in limits, "the chart has five kinds of account"
    return limits[kind]


def cancellation_charge(
    policy: Policy,
    *,
    planned_minutes: int,
    planned_at: datetime,
    cancelled_at: datetime,
    zone: ZoneInfo,
    is_no_show: bool,
) -> int:
    """Return the minutes that a cancelled or missed visit costs, from 0 to `planned_minutes`.

    The rule of a city's family support in Japan by default: free until the end of the day before, one
    hour on the day itself, the whole planned time if nobody cancelled.

    Args:
        policy: the policy under which the visit was agreed.
        planned_minutes: how long the visit was to last.
        planned_at: its planned start.
        cancelled_at: when it was cancelled; without effect for a visit nobody cancelled.
        zone: the zone of the branch where the visit was to be; its calendar says what "the day before" is.
        is_no_show: nobody cancelled, and the beneficiary was not there.

    Raises:
        NaiveInstant, DayBeyondRange: an instant has no time zone, or lies outside the years that are kept.
    """
    assert planned_minutes >= 0, f"a visit lasts some time, not {planned_minutes} min"
    rules = policy.cancellation
    if is_no_show:
        return planned_minutes if rules.no_show == NoShow.PLANNED else 0
    match rules.free_until:
        case FreeUntil.DAY_BEFORE:
            is_free = day_of(cancelled_at, zone) < day_of(planned_at, zone)
        case FreeUntil.START:
            is_free = aware_utc(cancelled_at) < aware_utc(planned_at)
        case _:
            assert_never(rules.free_until)
    return 0 if is_free else min(rules.late_minutes, planned_minutes)
