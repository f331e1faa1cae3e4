"""How is the bank doing? Every figure is the journal's, whatever was reversed, and nothing is told of few."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders import NOW, TODAY, a_bank, a_branch, help_given
from tests.integration.exports import export_of
from tests.integration.family import a_family
from tests.integration.worlds import MARKER, a_world

from timebank.care.record import Mode
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.errors import DayBeyondRange, PeriodReversed, ServiceMissing, UnknownBranch
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.model import MINUTES
from timebank.services.bank import Bank, open_bank
from timebank.services.indicators import IndicatorReport
from timebank.services.promises import SolvencyReport

DAY = timedelta(days=1)
RING = ("m1", "m2", "m3", "m4", "m5", "m6")
THURSDAY = Week.of([Window.parse("thu 14:00-17:00")])


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Open a bank with the branch `lille`, where six members helped in a ring, an hour each."""
    bank = a_branch(tmp_path, members=8)
    for number, provider in enumerate(RING):
        recipient = RING[(number + 1) % len(RING)]
        help_given(bank, minutes=60, provider=provider, recipient=recipient, ago=(number + 1) * DAY)
    yield bank
    bank.close()


def of(bank: Bank, **period: Any) -> IndicatorReport:  # noqa: ANN401 - first and last day
    """Ask for the last year of Lille."""
    return bank.indicators.of("lille", **period)


def by_kind(bank: Bank, on: date) -> dict[str, int]:
    """Return the trial balance in minutes at the end of a day, added up by kind of account."""
    sums: dict[str, int] = {}
    for balances in bank.statements.trial_balance("lille", on=on):
        for row in balances.rows if balances.unit == MINUTES else ():
            kind = place_of(row.path).kind.value
            sums[kind] = sums.get(kind, 0) + row.credit - row.debit
    return sums


def movement(found: IndicatorReport) -> dict[str, int]:
    """Return what all entries of the period did, by kind of account."""
    sums: dict[str, int] = {}
    for each in found.reconciliation.movements:
        for kind, change in each.changes.items():
            sums[kind] = sums.get(kind, 0) + change
    return sums


def test_a_ring_by_hand(bank: Bank) -> None:
    """Six exchanges of 60 min by six of eight members, in a ring.

    Six ties of 30, none of them both ways; two partners each, so nobody is in the centre; everybody gives and
    gets the same.
    """
    found = of(bank)

    who, net = found.participation, found.network
    assert (8, 6, 6, 360, 6, 6) == (
        who.members,
        who.active,
        who.exchanges,
        who.minutes,
        who.givers,
        who.receivers,
    )
    assert [0, 0] == [who.given_gini, who.received_gini]
    assert [6, 6, 2, 2] == [net.members, net.ties, net.partners_mean, net.partners_median]
    assert ["1/5", "0", "0"] == [str(each) for each in (net.density, net.reciprocity, net.centralisation)]
    assert [("shopping", 6, 360)] == [(each.kind, each.exchanges, each.minutes) for each in found.kinds]
    assert (TODAY - timedelta(days=364), TODAY) == (found.first_on, found.last_on)
    assert found.reconciliation.is_reconciled
    assert 360 == found.reconciliation.standing_minutes


def test_what_was_taken_back_counts_only_in_the_reconciliation(bank: Bank) -> None:
    """An annulled hour is no exchange; a corrected one is the new one; the journal's sum is explained."""
    bank.hours.decide("lille", 1, is_confirmed=False, reason="it was another day")
    bank.hours.correct("lille", 2, minutes=30, reason="both agree")

    found = of(bank)

    sums = found.reconciliation
    assert (5, 270) == (found.participation.exchanges, found.participation.minutes)
    assert (270, 120, 120, 270) == (
        sums.standing_minutes,
        sums.undone_minutes,
        sums.taken_back_minutes,
        sums.journal_minutes,
    )
    assert sums.is_reconciled


def test_what_is_taken_back_later_is_missing_then_and_told_later(bank: Bank) -> None:
    """The hour of yesterday is reversed today: yesterday has it as undone, today takes it back."""
    bank.hours.decide("lille", 1, is_confirmed=False, reason="it was another day")

    before = of(bank, last_on=TODAY - DAY).reconciliation
    today = of(bank, first_on=TODAY).reconciliation

    assert (300, 60, 0, 360) == (
        before.standing_minutes,
        before.undone_minutes,
        before.taken_back_minutes,
        before.journal_minutes,
    )
    assert (0, 0, 60, -60) == (
        today.standing_minutes,
        today.undone_minutes,
        today.taken_back_minutes,
        today.journal_minutes,
    )
    assert before.is_reconciled
    assert today.is_reconciled


@pytest.mark.parametrize("days", [0, 3, 10, 400])
def test_every_sum_is_the_movement_of_the_trial_balance(tmp_path: Path, days: int) -> None:
    """In a world with transfers, fees, holds, funds, reversals and imports, whatever the period."""
    bank = a_bank(tmp_path, clock=a_world(tmp_path))
    last = bank.now().date()
    first = last - timedelta(days=days)

    found = of(bank, first_on=first, last_on=last)

    before, after = by_kind(bank, first - DAY), by_kind(bank, last)
    changed = {kind: after.get(kind, 0) - before.get(kind, 0) for kind in after.keys() | before.keys()}
    moved = movement(found)
    assert {kind: change for kind, change in changed.items() if change} == {
        kind: change for kind, change in moved.items() if change
    }
    assert 0 == sum(moved.values())
    assert found.reconciliation.is_reconciled
    assert found.participation.minutes == (
        found.reconciliation.standing_minutes + found.reconciliation.elsewhere_minutes
    )
    assert found.participation.exchanges == sum(each.exchanges for each in found.quarters)
    assert found.participation.minutes == sum(each.minutes for each in found.quarters)
    bank.close()


def test_nobody_is_named(tmp_path: Path) -> None:
    """No reference, no name, no word that somebody wrote."""
    bank = a_bank(tmp_path, clock=a_world(tmp_path))

    said = repr(of(bank)) + repr(bank.promises.solvency("lille"))

    assert MARKER not in said
    assert [] == [f"m{number}" for number in range(1, 10) if f"'m{number}'" in said]
    bank.close()


def test_a_redemption_elsewhere_is_help_here_and_there(tmp_path: Path) -> None:
    """Paid in the son's branch, given in his mother's: an exchange in both, credited in one."""
    family = a_family(tmp_path / "family.db")
    codes = ("lille", "locmine")
    home, host = (family.bank.indicators.of(code) for code in codes)
    family.settled(minutes=60)

    home_now, host_now = (family.bank.indicators.of(code) for code in codes)

    for before, now in ((home, home_now), (host, host_now)):
        assert before.participation.minutes + 60 == now.participation.minutes
        assert now.reconciliation.is_reconciled
    assert 60 == home_now.reconciliation.elsewhere_minutes
    assert host.reconciliation.standing_minutes + 60 == host_now.reconciliation.standing_minutes
    family.bank.close()


def test_requests_and_offers_are_counted(bank: Bank) -> None:
    """Two requests, three offers; a match that was accepted, and one offer withdrawn."""
    facts: dict[str, Any] = {"kind": "company", "week": THURSDAY, "mode": Mode.PHONE}
    for ref in ("m1", "m2"):
        bank.help_requests.post("lille", member=ref, minutes=60, by=f"member:{ref}", **facts)
    for ref in ("m3", "m4", "m5"):
        bank.help_offers.post("lille", member=ref, minutes_per_week=60, by=f"member:{ref}", **facts)
    bank.matches.offer("lille", 1, "m3")
    bank.matches.accept("lille", 1, by="member:m3")
    bank.help_offers.withdraw("lille", 2, by="member:m4")

    found = of(bank)

    eight = {each.number: dict(each.figures) for each in found.impact}
    assert (None, None, "3/2") == (
        found.members_offering,
        found.members_asking,
        str(found.offers_per_request),
    )
    assert {"offers_active": 2, "offers_new": 3, "offers_withdrawn": 1} == eight[7]
    assert (2, 1, 1, 0, 1, 0) == tuple(
        eight[8][name] for name in ("requests", "somebody_asked", "agreed", "concluded", "open", "unserved")
    )
    assert 1 == found.thresholds[1].out_of


def test_what_was_known_before_the_period_is_known_in_it(bank: Bank) -> None:
    """Three helpers who helped last week say yes today: all three could be known of."""
    facts: dict[str, Any] = {"kind": "company", "week": THURSDAY, "mode": Mode.PHONE}
    for number in (1, 2, 3):
        asker, helper = f"m{number}", f"m{number + 3}"
        bank.help_requests.post("lille", member=asker, minutes=60, by=f"member:{asker}", **facts)
        bank.help_offers.post("lille", member=helper, minutes_per_week=180, by=f"member:{helper}", **facts)
        bank.matches.offer("lille", number, helper, key=f"offer {number}")
        bank.matches.accept("lille", number, by=f"member:{helper}", key=f"accept {number}")

    found = of(bank, first_on=TODAY)

    assert [1, 3] == [found.thresholds[1].measured, found.thresholds[1].out_of]
    assert 0 == found.participation.exchanges


def test_both_engines_say_the_same(postgres: str, tmp_path: Path) -> None:
    """The same world, on SQLite and on PostgreSQL: reports are equal, figure by figure."""
    clock = a_world(tmp_path)
    bank = a_bank(tmp_path, clock=SteppingClock(clock.instant))
    server = open_bank(postgres, clock=SteppingClock(clock.instant))
    for branch in ("lille", "locmine"):
        server.restores.branch(io.BytesIO(export_of(bank, branch)))

    def asked(which: Bank, branch: str) -> tuple[IndicatorReport, SolvencyReport]:
        return which.indicators.of(branch), which.promises.solvency(branch)

    for branch in ("lille", "locmine"):
        assert asked(bank, branch) == asked(server, branch)
    bank.close()
    server.close()


def test_what_cannot_be_reported_is_refused(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """A period that ends before it begins, a branch that is not there, a library that is not installed."""
    with pytest.raises(PeriodReversed):
        of(bank, first_on=TODAY, last_on=TODAY - DAY)
    with pytest.raises(UnknownBranch):
        bank.indicators.of("nowhere")
    for period in ({"first_on": date.min}, {"last_on": date.min}, {"last_on": date.max}):
        with pytest.raises(DayBeyondRange):
            of(bank, **period)
    with pytest.raises(DayBeyondRange):
        bank.promises.solvency("lille", on=date.min)
    monkeypatch.setitem(__import__("sys").modules, "networkx", None)
    with pytest.raises(ServiceMissing, match="reports"):
        of(bank)


def test_before_there_was_anything_nothing_is_told(bank: Bank) -> None:
    """Zeroes and gaps, no error."""
    found = of(bank, first_on=date(2020, 1, 1), last_on=date(2020, 6, 30))

    assert (0, 0, 0) == (
        found.participation.members,
        found.participation.exchanges,
        found.participation.minutes,
    )
    assert ["2020-Q1", "2020-Q2"] == [each.name for each in found.quarters]
    assert found.network.density is None
    assert NOW.date() == TODAY
    assert AccountKind.MEMBER.value not in movement(found)
