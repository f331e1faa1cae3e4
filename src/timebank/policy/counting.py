"""Count help: from measured minutes to minutes that count, by rounding, rates and the way (I-15). Pure.

First the measured length is rounded. Then the rate: each minute of the help has the rate of its kind and of
the time at which it begins, by the branch's clock, so that a visit which crosses from one band into another
is split there, and splitting it beforehand changes nothing. The mean of these rates is an exact fraction; it
counts for the rounded length. What is left of a minute is rounded once, and the way is added.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from timebank.policy.model import Policy
from timebank.policy.rates import DAY_MINUTES, combined
from timebank.policy.rules import round_minutes
from timebank.policy.words import FractionMode, ServiceMode

ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What help counts."""

    minutes: int
    """With the way."""
    rate: Fraction
    """The mean rate of its minutes."""


def weighed(policy: Policy, *, kind: str, start_at: datetime, minutes: int, zone: ZoneInfo) -> Fraction:
    """Return the measured minutes times their rates, exactly; adjoining parts of a visit add up to it.

    Args:
        policy: the rules on the day of the help.
        kind: code of the kind of help.
        start_at: aware; minutes run on through a change of the clock.
        minutes: as measured.
        zone: of the branch, whose clock says which band it is.
    """
    rules = policy.rates
    of_kind = next((each.rate for each in rules.by_kind if each.kind == kind), ONE)
    if not rules.bands:
        return minutes * combined(rules.combine, of_kind, ONE)
    by_minute = {minute: band.rate for band in rules.bands for minute in band.minutes()}
    start = start_at.astimezone(UTC)
    rates: Counter[Fraction] = Counter()
    for passed in range(minutes):
        at = (start + timedelta(minutes=passed)).astimezone(zone)
        rates[by_minute.get(at.weekday() * DAY_MINUTES + at.hour * 60 + at.minute, ONE)] += 1
    return sum(
        (count * combined(rules.combine, of_kind, of_time) for of_time, count in rates.items()), Fraction(0)
    )


def count(
    policy: Policy, *, kind: str, mode: ServiceMode, start_at: datetime, minutes: int, zone: ZoneInfo
) -> Counted:
    """Return what help counts, at least a minute.

    Args:
        policy: the rules on the day of the help.
        kind: code of the kind of help.
        mode: how it reached the recipient; only who comes in person has a way.
        start_at: aware.
        minutes: as measured, at least 1.
        zone: of the branch.
    """
    rate = weighed(policy, kind=kind, start_at=start_at, minutes=minutes, zone=zone) / minutes
    exact = round_minutes(policy.rounding, minutes) * rate
    left = {FractionMode.HALF_UP: Fraction(1, 2), FractionMode.UP: 1 - Fraction(1, exact.denominator)}
    whole = max(1, (exact + left.get(policy.rates.fraction, Fraction(0))).__floor__())
    way = policy.travel.counted_minutes if mode is ServiceMode.IN_PERSON else 0
    return Counted(minutes=whole + way, rate=rate)
