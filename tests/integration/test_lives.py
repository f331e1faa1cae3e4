"""Ends of memberships: leaving, death, estates, merging and dormancy, each as balanced entries."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.builders import NOW, a_branch, help_given

from timebank.care.life import LifeAct, months_later
from timebank.care.mandate import Scope
from timebank.clock import SteppingClock
from timebank.errors import (
    AccountClosed,
    DayAhead,
    EstateOver,
    EstateSettled,
    EstateWaits,
    HeirNotEligible,
    KeyReused,
    MandateCircle,
    MemberGone,
    MemberLeft,
    MemberNotDead,
    NotAllowed,
    NotMergeable,
    OpenMatters,
    ReasonMissing,
    SelfDealing,
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
    clock = bank.store.clock
    assert isinstance(clock, SteppingClock)
    clock.instant = NOW + timedelta(days=days)


def test_who_leaves_gives_the_hours_to_the_fund(bank: Bank) -> None:
    """The default of the policy; the account is empty and closed, nothing is deleted."""
    done = bank.lives.leave("lille", "m1", by="member:m1", key="k")

    assert {"fund:branch": 90, "member:m2:available": -90} == balances(bank)
    assert (LifeAct.LEFT, 2) == (done.event.act, done.event.entry)
    assert bank.members.show("lille", "m1").member.left_on == done.event.on
    assert done == bank.lives.leave("lille", "m1", by="member:m1", key="k")


def test_who_leaves_can_let_the_hours_rest(bank: Bank) -> None:
    """Kept by choice: no entry, the account stays open with its balance, and nobody can help as a member."""
    later(bank, 1)

    done = bank.lives.leave("lille", "m1", keep=True, by="member:m1")

    assert done.entry is None
    assert {"member:m1:available": 90, "member:m2:available": -90} == balances(bank)
    later(bank, 2)
    with pytest.raises(MemberLeft):
        help_given(bank)


def test_a_policy_can_refuse_to_keep_hours(bank: Bank) -> None:
    """Then they go to the fund that it names."""
    bank.policies.set("lille", 'format = 1\n[leaving]\nmay_keep = false\nfund = "solidarity"\n')

    bank.lives.leave("lille", "m1", keep=True, by="member:m1")

    assert {"fund:solidarity": 90, "member:m2:available": -90} == balances(bank)


def test_a_debt_is_written_off_with_a_reason_by_a_coordinator(bank: Bank) -> None:
    """The debt is to the bank, never to the helper."""
    with pytest.raises(NotAllowed):
        bank.lives.leave("lille", "m2", reason="moved", by="member:m2")
    with pytest.raises(ReasonMissing):
        bank.lives.leave("lille", "m2")
    with pytest.raises(SelfDealing):
        bank.lives.leave("lille", "m2", reason="moved", by="coordinator:m2")

    bank.lives.leave("lille", "m2", reason="moved")

    assert {"fund:solidarity": -90, "member:m1:available": 90} == balances(bank)


def test_nothing_is_posted_to_who_has_left(bank: Bank) -> None:
    """The empty account is closed."""
    bank.lives.leave("lille", "m1", by="member:m1")

    with pytest.raises(AccountClosed):
        bank.transfers.transfer(
            "lille", debit_path="member:m1:available", credit_path="fund:branch", minutes=1, reason="late"
        )


@pytest.mark.parametrize("act", ["leave", "died", "merge"])
def test_open_matters_are_named(bank: Bank, act: str) -> None:
    """Nobody goes while somebody waits for their word."""
    bank.hours.log(
        "lille",
        provider="m1",
        recipient="member:m3",
        minutes=30,
        kind="shopping",
        start_at=bank.now() - timedelta(hours=1),
        by="member:m1",
    )

    with pytest.raises(OpenMatters, match="record 2"):
        end(bank, act)
    assert {"member:m1:available": 90, "member:m2:available": -90} == balances(bank)


def end(bank: Bank, act: str) -> None:
    """End the membership of m1 in one of three ways."""
    if act == "leave":
        bank.lives.leave("lille", "m1", by="member:m1")
    elif act == "died":
        bank.lives.died("lille", "m1", on=date(2026, 6, 1), reason="told by the family")
    else:
        bank.lives.merge("lille", "m1", into="m3", reason="joined twice")


@pytest.mark.parametrize("first", ["leave", "died", "merge"])
@pytest.mark.parametrize("second", ["leave", "died", "merge"])
def test_a_membership_ends_once(bank: Bank, first: str, second: str) -> None:
    """The first end stands."""
    end(bank, first)
    before = balances(bank)

    with pytest.raises(MemberGone):
        end(bank, second)
    assert before == balances(bank)


def test_an_estate_waits_then_goes_to_an_heir(bank: Bank) -> None:
    """Death moves the hours to suspense; a coordinator approves the heir."""
    with pytest.raises(DayAhead):
        bank.lives.died("lille", "m1", on=date(2026, 6, 16), reason="told")
    bank.lives.died("lille", "m1", on=date(2026, 6, 1), reason="told by the family", key="d")
    assert {"suspense:estate-m1": 90, "member:m2:available": -90} == balances(bank)
    (waiting,) = bank.lives.estates("lille")
    assert (date(2027, 6, 15), 90) == (waiting.until, waiting.minutes)
    with pytest.raises(EstateWaits):
        bank.lives.settle_estate("lille", "m1", reason="nobody came")
    with pytest.raises(HeirNotEligible):
        bank.lives.settle_estate("lille", "m1", heir="m3", reason="no relation said")
    with pytest.raises(SelfDealing):
        bank.lives.settle_estate(
            "lille", "m1", heir="m3", relation=Heir.PARTNER, reason="me", by="coordinator:m3"
        )
    with pytest.raises(NotAllowed):
        bank.lives.settle_estate("lille", "m1", heir="m3", relation=Heir.PARTNER, reason="me", by="member:m3")

    done = bank.lives.settle_estate(
        "lille", "m1", heir="m3", relation=Heir.PARTNER, reason="approved", key="e"
    )

    assert {"member:m3:available": 90, "member:m2:available": -90} == balances(bank)
    assert [LifeAct.DIED, LifeAct.ESTATE] == [each.act for each in bank.lives.history("lille", "m1")]
    assert () == tuple(bank.lives.estates("lille"))
    again = bank.lives.settle_estate(
        "lille", "m1", heir="m3", relation=Heir.PARTNER, reason="approved", key="e"
    )
    assert done == again
    with pytest.raises(KeyReused):
        bank.lives.settle_estate("lille", "m1", reason="approved", key="e")
    with pytest.raises(EstateSettled):
        bank.lives.settle_estate("lille", "m1", reason="again")


def test_an_estate_goes_to_the_fund_when_the_time_is_over(bank: Bank) -> None:
    """On the last day an heir still can come, on the next one only the fund."""
    with pytest.raises(MemberNotDead):
        bank.lives.settle_estate("lille", "m1", reason="nobody came")
    bank.lives.died("lille", "m1", on=date(2026, 6, 1), reason="told")
    later(bank, 365)
    with pytest.raises(EstateWaits):
        bank.lives.settle_estate("lille", "m1", reason="nobody came")
    later(bank, 366)
    with pytest.raises(EstateOver):
        bank.lives.settle_estate("lille", "m1", heir="m3", relation=Heir.RELATIVE, reason="late")

    bank.lives.settle_estate("lille", "m1", reason="nobody came")

    assert {"fund:branch": 90, "member:m2:available": -90} == balances(bank)


def test_a_policy_without_heirs_gives_to_the_fund_at_once(bank: Bank) -> None:
    """An empty list leaves nobody to wait for."""
    bank.policies.set("lille", 'format = 1\n[death]\nheirs = []\nfund = "respite"\n')
    bank.lives.died("lille", "m1", on=date(2026, 6, 1), reason="told")

    bank.lives.settle_estate("lille", "m1", reason="our rule")

    assert {"fund:respite": 90, "member:m2:available": -90} == balances(bank)


def test_death_ends_mandates_and_writes_off_a_debt(bank: Bank) -> None:
    """A mandate does not outlive either of its two."""
    bank.mandates.grant("lille", principal="m2", holder="m3", basis="family", scopes=[Scope.VIEW])

    bank.lives.died("lille", "m2", on=date(2026, 6, 1), reason="told")

    assert {"fund:solidarity": -90, "member:m1:available": 90} == balances(bank)
    assert bank.mandates.show("lille", 1).revoked_at is not None


@pytest.mark.parametrize(("duplicate", "balance"), [("m1", 90), ("m2", -90)])
def test_a_duplicate_is_merged_by_one_entry(bank: Bank, duplicate: str, balance: int) -> None:
    """Credit and debt alike; the history of the duplicate stays."""
    bank.lives.merge("lille", duplicate, into="m3", reason="joined twice")

    assert balance == balances(bank)["member:m3:available"]
    assert f"member:{duplicate}:available" not in balances(bank)
    assert "m3" == bank.lives.history("lille", duplicate)[0].other
    with pytest.raises(MemberGone):
        bank.lives.merge("lille", "m3", into=duplicate, reason="a circle")


def test_who_is_not_one_person_is_not_merged(bank: Bank) -> None:
    """Nobody merges with themselves."""
    with pytest.raises(NotMergeable):
        bank.lives.merge("lille", "m1", into="m1", reason="a slip")


def test_dormant_members_are_listed_and_left_alone(bank: Bank) -> None:
    """Two years without an entry, of the branch's own rule; whoever left is not listed."""
    assert () == tuple(bank.lives.dormant("lille"))
    bank.lives.leave("lille", "m3", by="member:m3")
    later(bank, 729)
    assert () == tuple(bank.lives.dormant("lille"))
    later(bank, 731)
    before = balances(bank)

    found = bank.lives.dormant("lille")

    assert [("m1", 90), ("m2", -90)] == [(each.ref, each.balance) for each in found]
    assert before == balances(bank)
    assert ["m1", "m2"] == [each.ref for each in bank.lives.dormant("lille", months=1)]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 15), -24, date(2024, 1, 15)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_months_end_where_the_calendar_does(day: date, months: int, expected: date) -> None:
    """A month that is too short gives its last day."""
    assert expected == months_later(day, months)


def test_proxies_do_not_act_for_one_another_in_a_circle(bank: Bank) -> None:
    """Through the others somebody could confirm their own help (I-14); a revoked one breaks it."""
    grant = partial(bank.mandates.grant, "lille", basis="family", scopes=[Scope.CONFIRM])
    grant(principal="m1", holder="m2")
    grant(principal="m2", holder="m3")
    for holder, principal in (("m1", "m3"), ("m1", "m2"), ("m2", "m3")):
        with pytest.raises(MandateCircle):
            grant(principal=principal, holder=holder)

    bank.mandates.revoke("lille", 1)

    assert 3 == grant(principal="m3", holder="m1").no
