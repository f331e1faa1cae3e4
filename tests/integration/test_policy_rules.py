"""Rules of a policy where hours are logged, confirmed, moved and spent, on both engines."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW

from timebank.care.beneficiary import Relation
from timebank.clock import SteppingClock
from timebank.errors import (
    ConfirmationLate,
    CountOnlyKind,
    EarnedTooLittle,
    EarningCapReached,
    GiftsNotAllowed,
)
from timebank.services.bank import Bank, open_bank
from timebank.services.hours import HoursDone


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    """An empty bank on either engine, on a Monday."""
    file = f"sqlite:///{tmp_path / 'bank.db'}"
    address = file if request.param == "sqlite" else request.getfixturevalue("postgres")
    opened = open_bank(address, clock=SteppingClock(NOW))
    yield opened
    opened.close()


def founded(bank: Bank, rules: str) -> Bank:
    """Found a branch of three members under these rules."""
    bank.branches.create("lille", name="Lille", policy=f"format = 1\n{rules}")
    for name in ("Ada", "Ben", "Cleo"):
        bank.members.add("lille", name=name, joined_on=(NOW - timedelta(days=400)).date())
    return bank


def helped(
    bank: Bank, minutes: int, *, days: int = 0, hours: int = 10, kind: str = "errand", unit: str = "min"
) -> HoursDone:
    """Let m1 state that they helped m2, and m2 confirm it."""
    start = NOW - timedelta(days=days, hours=hours)
    done = bank.hours.log(
        "lille",
        provider="m1",
        recipient="member:m2",
        minutes=minutes,
        kind=kind,
        start_at=start,
        unit=unit,
        by="member:m1",
    )
    return bank.hours.confirm("lille", done.record.no, by="member:m2")


def balances(bank: Bank) -> dict[str, int]:
    """Every balance that is not nothing; the books hold."""
    assert bank.audits.run().ok
    return {each.path: each.balance for each in bank.accounts.list("lille") if each.balance}


def test_rates_count_where_help_is_confirmed(bank: Bank) -> None:
    """Body care counts double; what is posted is what the record says."""
    founded(bank, '[rates]\nby_kind = ["body-care 2"]\n')

    done = helped(bank, 60, kind="body-care")

    assert 120 == done.record.credited_minutes
    assert {"member:m1:available": 120, "member:m2:available": -120} == balances(bank)


def test_a_weekly_cap_refuses_what_is_beyond_it(bank: Bank) -> None:
    """KISS: six hours a week; exactly six are fine, last week's do not count, a correction counts once."""
    founded(bank, "[limits.member]\nfloor_minutes = -6000\n[earning.week]\nmost_minutes = 360\n")
    helped(bank, 300, days=1)
    helped(bank, 300)
    record = helped(bank, 60, hours=4).record

    with pytest.raises(EarningCapReached):
        helped(bank, 15, hours=2)
    bank.hours.correct("lille", record.no, minutes=45, reason="less")

    helped(bank, 15, hours=1)
    with pytest.raises(EarningCapReached):
        bank.hours.correct("lille", record.no, minutes=60, reason="more")
    assert 660 == balances(bank)["member:m1:available"]


def test_a_daily_cap_gives_what_is_beyond_it_to_the_fund(bank: Bank) -> None:
    """And a reversal takes it back from where it went."""
    rules = '[earning.day]\nmost_minutes = 90\nover = "fund"\n[surplus]\nfund = "solidarity"\n'
    founded(bank, rules)
    helped(bank, 60, hours=8)
    second = helped(bank, 60, hours=6).record
    assert {"member:m1:available": 90, "member:m2:available": -120, "fund:solidarity": 30} == balances(bank)

    bank.hours.decide("lille", second.no, is_confirmed=False, reason="never was")

    assert {"member:m1:available": 60, "member:m2:available": -60} == balances(bank)


def test_what_is_beyond_the_ceiling_goes_to_the_fund(bank: Bank) -> None:
    """Nanjing: beyond the cap hours are only given away."""
    limits = 'floor_minutes = -600\nwarn_ceiling_minutes = "none"\nceiling_minutes = 100\n'
    founded(bank, f'[limits.member]\n{limits}[surplus]\nover_ceiling = "fund"\n')

    helped(bank, 120)

    assert {"member:m1:available": 100, "member:m2:available": -120, "fund:branch": 20} == balances(bank)


def test_a_joining_grant_is_issued_once_and_spent_first(bank: Bank) -> None:
    """In an account of its own, so that it is never spent on others."""
    founded(bank, "[joining]\ngrant_minutes = 60\n")
    assert -180 == balances(bank)["issuance:grant"]

    helped(bank, 90)

    assert {
        "issuance:grant": -180,
        "member:m1:available": 90,
        "member:m1:grant": 60,
        "member:m2:available": -30,
        "member:m3:grant": 60,
    } == balances(bank)


def test_a_levy_goes_to_the_fund(bank: Bank) -> None:
    """Three minutes for each help; service minutes pay none."""
    founded(bank, "[levy]\neach_service_minutes = 3\n")
    helped(bank, 60)
    helped(bank, 60, hours=5, unit="svc")

    found = {
        (each.path, each.unit): each.balance for each in bank.accounts.list("lille") if each.unit == "min"
    }
    assert bank.audits.run().ok
    assert (57, -60, 3) == tuple(
        found[path, "min"] for path in ("member:m1:available", "member:m2:available", "fund:branch")
    )


def test_after_the_days_of_confirming_a_coordinator_decides(bank: Bank) -> None:
    """The last day counts."""
    founded(bank, "[confirmation]\nwithin_days = 7\n")
    helped(bank, 60, days=7)

    with pytest.raises(ConfirmationLate):
        helped(bank, 60, days=8)
    bank.hours.decide("lille", 2, is_confirmed=True, reason="both told me")

    assert 120 == balances(bank)["member:m1:available"]


def test_what_is_only_counted_earns_nothing(bank: Bank) -> None:
    """Meetings of the board; nor can other help become one by correction."""
    founded(bank, '[count_only]\nkinds = ["board-meeting"]\n')
    helped(bank, 60, kind="board-meeting", unit="svc")

    with pytest.raises(CountOnlyKind):
        helped(bank, 60, hours=5, kind="board-meeting")
    record = helped(bank, 60, hours=5).record
    with pytest.raises(CountOnlyKind):
        bank.hours.correct("lille", record.no, kind="board-meeting", reason="it was one")


def moved(bank: Bank, debit_path: str, credit_path: str) -> None:
    """Move an hour by decision."""
    bank.transfers.transfer(
        "lille", debit_path=debit_path, credit_path=credit_path, minutes=60, reason="a present"
    )


def test_hours_are_not_given_away_where_the_policy_says_so(bank: Bank) -> None:
    """NALC: they are used for others, not given to them; a fund can still get and give."""
    founded(bank, "[gifts]\nbetween_members = false\n")

    with pytest.raises(GiftsNotAllowed):
        moved(bank, "member:m1:available", "member:m2:available")
    bank.accounts.open("lille", "fund:branch")
    moved(bank, "member:m1:available", "fund:branch")


def test_a_sponsor_gives_before_they_spend(bank: Bank) -> None:
    """Nanjing, before 2019: after twenty hours; here after two."""
    founded(bank, "[redemption]\nearned_least_minutes = 120\nneeds_consent = false\nneeds_check = false\n")
    helped(bank, 60)
    bank.beneficiaries.add("lille", sponsor="m1", member="m3", relation=Relation.PARENT, by="member:m1")

    def asked() -> str:
        later = NOW + timedelta(days=2)
        done = bank.redemptions.request("lille", 1, minutes=60, start_at=later, kind="errand", by="member:m1")
        return done.redemption.ref

    with pytest.raises(EarnedTooLittle):
        asked()
    helped(bank, 60, hours=5)

    assert "lille-1" == asked()
