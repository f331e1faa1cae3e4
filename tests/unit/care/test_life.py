"""Ends of memberships: what is refused afterwards, and who inherits until when."""

from datetime import UTC, date, datetime

import pytest

from timebank.care.life import (
    ENDS,
    LifeAct,
    LifeEvent,
    death_of,
    estate_until,
    months_later,
    require_heir,
    require_living,
    require_past,
    require_settled,
)
from timebank.errors import (
    DayAhead,
    EstateOver,
    EstateSettled,
    EstateWaits,
    HeirNotEligible,
    MemberGone,
    MemberNotDead,
    OpenMatters,
    TimebankError,
)
from timebank.ledger.model import Actor

TODAY = date(2026, 6, 15)
UNTIL = date(2027, 6, 15)


def turn(act: LifeAct) -> LifeEvent:
    """Return a turn in the life of a sample member, today."""
    return LifeEvent(
        no=1,
        ref="m1",
        act=act,
        other=None,
        on=TODAY,
        entry=None,
        actor=Actor.parse("coordinator:desk"),
        note_no=None,
        recorded_at=datetime(2026, 6, 15, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize("act", LifeAct)
def test_a_membership_ends_once(act: LifeAct) -> None:
    """After an end there is no other; nothing else is one."""
    if act in ENDS:
        with pytest.raises(MemberGone):
            require_living([turn(act)], member="m1", branch="lille")
    else:
        require_living([turn(act)], member="m1", branch="lille")


def test_open_matters_are_named() -> None:
    """Five of them, and how many more there are."""
    require_settled("m1", [])
    with pytest.raises(OpenMatters, match="hold 1, hold 2, hold 3, hold 4, hold 5 and 2 more"):
        require_settled("m1", [f"hold {no}" for no in range(1, 8)])


def test_a_day_to_come_is_refused() -> None:
    """Today is not to come."""
    require_past(TODAY, today=TODAY)
    with pytest.raises(DayAhead):
        require_past(date(2026, 6, 16), today=TODAY)


def test_an_estate_needs_a_death_and_is_settled_once() -> None:
    """The death is found; without one, and after the estate, there is nothing to settle."""
    died = turn(LifeAct.DIED)

    assert died is death_of([died], member="m1", branch="lille")
    for events, error in (
        ([turn(LifeAct.LEFT)], MemberNotDead),
        ([died, turn(LifeAct.ESTATE)], EstateSettled),
    ):
        with pytest.raises(error):
            death_of(events, member="m1", branch="lille")


@pytest.mark.parametrize(
    ("heir", "relation", "heirs", "today", "error"),
    [
        ("m2", "partner", ["partner"], UNTIL, None),
        ("m2", "relative", ["partner"], UNTIL, HeirNotEligible),
        ("m2", None, [], UNTIL, HeirNotEligible),
        ("m2", "partner", ["partner"], date(2027, 6, 16), EstateOver),
        (None, None, ["partner"], UNTIL, EstateWaits),
        (None, None, ["partner"], date(2027, 6, 16), None),
        (None, None, [], TODAY, None),
    ],
)
def test_heirs_come_in_time_and_the_fund_waits_for_them(
    heir: str | None, relation: str | None, heirs: list[str], today: date, error: type[TimebankError] | None
) -> None:
    """The last day is theirs; the day after is the fund's, which does not wait where nobody can inherit."""
    death = turn(LifeAct.DIED)
    assert UNTIL == estate_until(death, wait_months=12)

    if error is None:
        require_heir(death, heir=heir, relation=relation, heirs=heirs, until=UNTIL, today=today)
    else:
        with pytest.raises(error):
            require_heir(death, heir=heir, relation=relation, heirs=heirs, until=UNTIL, today=today)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (TODAY, 0, TODAY),
    ],
)
def test_months_are_those_of_the_calendar(day: date, months: int, expected: date) -> None:
    """A month that is too short ends on its last day."""
    assert expected == months_later(day, months)
