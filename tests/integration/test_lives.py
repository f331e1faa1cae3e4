"""Ends of memberships: leaving, death, estates, merging and dormancy, each as balanced entries."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.builders import NOW, a_branch, help_given

from timebank.care.life import LifeAct, months_later
from timebank.errors import (
    AccountClosed,
    DayAhead,
    EstateOver,
    EstateSettled,
    EstateWaits,
    HeirNotEligible,
    KeyReused,
    MemberGone,
    MemberLeft,
    MemberNotDead,
    NotAllowed,
    NotMergeable,
    OpenMatters,
    ReasonMissing,
    SelfDealing,
    TimebankError,
)
from timebank.policy.life import Heir
from timebank.services.bank import Bank


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """The branch lille; m1 gave m2 90 minutes."""
    bank = a_branch(tmp_path)
    help_given(bank)
    return bank


def balances(bank: Bank) -> dict[str, int]:
    """Return every balance of lille that is not zero, after the audit found the books sound."""
    assert () == bank.audits.run().faults
    return {view.path: view.balance for view in bank.accounts.list("lille") if view.balance}


def later(bank: Bank, days: int) -> None:
    """Let time pass."""
    bank.store.clock.step = timedelta(0)  # type: ignore[attr-defined]
    bank.store.clock.at = NOW + timedelta(days=days)  # type: ignore[attr-defined]


def test_who_leaves_gives_the_hours_to_the_fund(bank: Bank) -> None:
    """The default of the policy; the account is empty and closed, nothing is deleted."""
    done = bank.lives.leave("lille", "m1", by="member:m1", key="k")

    assert {"fund:branch": 90, "member:m2:available": -90} == balances(bank)
    assert (LifeAct.LEFT, 2) == (done.event.act, done.event.entry)
    assert bank.members.show("lille", "m1").member.left_on == done.event.on
    assert done == bank.lives.leave("lille", "m1", by="member:m1", key="k")
