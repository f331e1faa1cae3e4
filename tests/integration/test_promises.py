"""Can the promise be kept? St. Gallen's published figures, and what the rows of a branch add up to."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders import JOINED_ON, TODAY, a_bank, a_branch, help_given
from tests.integration.family import a_family

from timebank.care.profile import Spot
from timebank.care.record import Mode
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.errors import NumberOutOfRange, UnknownBranch
from timebank.ledger.chart import AccountKind, place_of
from timebank.reports.solvency.projection import Assumptions
from timebank.services.bank import Bank
from timebank.services.promises import Around, SolvencyReport

QUICK = Assumptions(years=3, runs=20)
VOLUNTEERS, GIVEN_HOURS, OWED_HOURS = 235, 11_925, 46_478
HOME = Spot.parse("47.425,9.375")
THURSDAY = Week.of([Window.parse("thu 14:00-17:00")])


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Open a bank with the branch `lille` and eight members."""
    bank = a_branch(tmp_path, members=8)
    yield bank
    bank.close()


def solvency(bank: Bank, **changes: Any) -> SolvencyReport:  # noqa: ANN401 - arguments of `solvency`
    """Ask, with few draws."""
    return bank.promises.solvency("lille", **{"assumed": QUICK, **changes})


def parts(total: int, count: int) -> list[int]:
    """Return a total in so many parts that differ by one at most."""
    return [total * (number + 1) // count - total * number // count for number in range(count)]


def test_st_gallen_has_3_9_years_of_cover(tmp_path: Path) -> None:
    """235 volunteers who gave 11,925 h in 2019 and are owed 46,478 h; 3.4 million francs stand beside it.

    What they gave before 2019 is 46,478 − 11,925 = 34,553 h. 46,478 ÷ 11,925 = 3.9 years.
    CHF 3,400,000 ÷ 46,478 h = CHF 73.15 for each hour owed.
    """
    clock = SteppingClock(datetime(2020, 1, 15, tzinfo=UTC))
    bank = a_bank(tmp_path, clock=clock)
    bank.branches.create("gallen", name="Sample branch")
    before, then = (parts(hours * 60, VOLUNTEERS) for hours in (OWED_HOURS - GIVEN_HOURS, GIVEN_HOURS))
    lines = [
        f"{day};Volunteer {number};Elder {number % 81};{minutes};"
        for day, amounts in (("2018-06-30", before), ("2019-06-30", then))
        for number, minutes in enumerate(amounts)
    ]
    history = "\n".join(("date;provider;recipient;minutes;description", *lines, ""))
    bank.imports.exchanges("gallen", io.BytesIO(history.encode()))
    for path in ("issuance:opening", "fund:guarantee"):
        bank.accounts.open("gallen", path, unit="CHF")
    for number in range(4):
        bank.transfers.transfer(
            "gallen",
            debit_path="issuance:opening",
            credit_path="fund:guarantee",
            minutes=85_000_000,
            unit="CHF",
            reason="sample",
            effective_at=datetime(2019, 1, 1, tzinfo=UTC),
            key=str(number),
        )

    found = bank.promises.solvency("gallen", on=date(2019, 12, 31), assumed=QUICK)

    assert (OWED_HOURS * 60, GIVEN_HOURS * 60) == (found.cover.owed_minutes, found.cover.given_minutes)
    assert "3.9" == f"{float(found.cover.years or 0):.1f}"
    assert date(2019, 1, 1) == found.since_on
    ((unit, held, per_hour),) = [(each.unit, each.held, each.per_hour_owed) for each in found.reserves]
    assert ("CHF", 340_000_000, 7_315) == (unit, held, round(per_hour or 0))
    bank.close()


def test_what_is_owed_is_what_the_trial_balance_says(bank: Bank) -> None:
    """Members in credit, with all that is theirs; what others are in debt is not set against it."""
    help_given(bank, minutes=90)
    help_given(bank, minutes=30, provider="m3", recipient="m1", ago=timedelta(days=2))

    found = solvency(bank)

    (balances,) = bank.statements.trial_balance("lille")
    owed = sum(row.credit for row in balances.rows if place_of(row.path).kind is AccountKind.MEMBER)
    assert owed == found.cover.owed_minutes == 90
    assert (120, 120, 8) == (found.cover.given_minutes, found.cover.redeemed_minutes, found.members)


def test_help_that_was_taken_back_was_not_given(bank: Bank) -> None:
    """An annulled record leaves nothing given and nothing owed."""
    record = help_given(bank, minutes=90)
    bank.hours.decide("lille", record, is_confirmed=False, reason="it was another day")

    found = solvency(bank)

    assert (0, 0, 0) == (
        found.cover.given_minutes,
        found.cover.redeemed_minutes,
        found.cover.owed_minutes,
    )
    assert (None, ()) == (found.cover.years, found.projections)


def test_help_before_the_twelve_months_is_owed_and_not_given(bank: Bank) -> None:
    """The day a year ago is out, the day after it is in."""
    help_given(bank, minutes=60, ago=timedelta(days=365))
    help_given(bank, minutes=45, ago=timedelta(days=364))

    found = solvency(bank)

    assert (date(2025, 6, 16), TODAY) == (found.since_on, found.on)
    assert (45, 105) == (found.cover.given_minutes, found.cover.owed_minutes)


def test_an_earlier_day_is_told_as_it_stood(bank: Bank) -> None:
    """What took effect later is left out."""
    help_given(bank, minutes=60, ago=timedelta(days=10))
    help_given(bank, minutes=45, ago=timedelta(days=1))

    found = solvency(bank, on=TODAY - timedelta(days=5))

    assert (60, 60) == (found.cover.given_minutes, found.cover.owed_minutes)


def test_an_odd_day_has_a_year_before_it(bank: Bank) -> None:
    """The twelve months that end on 29 February begin on 1 March."""
    assert date(2023, 3, 1) == solvency(bank, on=date(2024, 2, 29)).since_on


def test_a_redemption_elsewhere_is_paid_here_and_given_there(tmp_path: Path) -> None:
    """The son's branch redeems, his mother's delivers."""
    family = a_family(tmp_path / "family.db")
    codes = ("lille", "locmine")
    home, host = (family.bank.promises.solvency(code, assumed=QUICK).cover for code in codes)
    family.settled(minutes=60)

    home_now, host_now = (family.bank.promises.solvency(code, assumed=QUICK).cover for code in codes)

    assert (home.given_minutes, home.redeemed_minutes + 60) == (
        home_now.given_minutes,
        home_now.redeemed_minutes,
    )
    assert (host.given_minutes + 60, host.redeemed_minutes) == (
        host_now.given_minutes,
        host_now.redeemed_minutes,
    )
    family.bank.close()


def test_ages_come_from_outside_and_are_not_kept(bank: Bank, tmp_path: Path) -> None:
    """Two rows of at least five; the file of the bank is as it was."""
    births = {f"m{number}": year for number, year in enumerate((1950,) * 6 + (1940, 1941), 1)}
    stored = (tmp_path / "bank.db").read_bytes()

    found = solvency(bank, births=births)

    assert [("70-79, 80-89", 8)] == [(each.ages, each.people) for each in found.cohorts]
    assert found.is_age_known
    assert stored == (tmp_path / "bank.db").read_bytes()


def test_helpers_near_a_place(bank: Bank) -> None:
    """Six live there, one does not reach it, one lives far away; fewer than five are not told."""
    for number in range(1, 9):
        ref = f"m{number}"
        far = Spot(lat_udeg=HOME.lat_udeg + 500_000, lon_udeg=HOME.lon_udeg)
        near = Spot(lat_udeg=HOME.lat_udeg + 20_000, lon_udeg=HOME.lon_udeg)
        bank.profiles.set(
            "lille",
            ref,
            home=far if number == 8 else near,
            reach_metres=1_000 if number == 7 else 9_000,
            by=f"member:{ref}",
        )
        bank.help_offers.post(
            "lille", member=ref, kind="company", week=THURSDAY, minutes_per_week=60, by=f"member:{ref}"
        )

    assert 8 == solvency(bank).redeemability.helpers
    assert 6 == solvency(bank, around=Around(spot=HOME)).redeemability.helpers
    assert 0 == solvency(bank, around=Around(spot=HOME, within_metres=1_000)).redeemability.helpers
    bank.help_offers.withdraw("lille", 1, by="member:m1")
    bank.help_offers.withdraw("lille", 2, by="member:m2")
    assert solvency(bank, around=Around(spot=HOME)).redeemability.helpers is None


def test_requests_near_a_place(bank: Bank) -> None:
    """Five that ended are told; where nobody knows the place, it was not there."""
    at = bank.now() + timedelta(days=30)
    for number in range(5):
        bank.help_requests.post(
            "lille",
            member="m1",
            kind="company",
            minutes=60,
            earliest_at=at,
            latest_at=at + timedelta(hours=3),
            by="member:m1",
        )
        bank.help_requests.withdraw("lille", number + 1, by="member:m1")

    past = solvency(bank).redeemability.past
    assert (5, 0, None) == (past.requests, past.found_percent, past.wait_minutes)
    assert solvency(bank, around=Around(spot=HOME)).redeemability.past.requests is None
    bank.profiles.set("lille", "m1", home=HOME, by="member:m1")
    assert 5 == solvency(bank, around=Around(spot=HOME)).redeemability.past.requests


def test_a_yes_is_waited_for(bank: Bank) -> None:
    """Five requests, each answered at once: all found somebody, and nobody waited."""
    facts: dict[str, Any] = {"kind": "company", "week": THURSDAY, "mode": Mode.PHONE}
    for number in range(1, 6):
        asker, helper = f"m{number % 4 + 1}", f"m{number % 4 + 5}"
        bank.help_requests.post("lille", member=asker, minutes=15, by=f"member:{asker}", **facts)
        if number < 5:
            bank.help_offers.post(
                "lille", member=helper, minutes_per_week=180, by=f"member:{helper}", **facts
            )
        bank.matches.offer("lille", number, helper, key=f"offer {number}")
        bank.matches.accept("lille", number, by=f"member:{helper}", key=f"accept {number}")

    past = solvency(bank).redeemability.past

    assert (5, 100, 0) == (past.requests, past.found_percent, past.wait_minutes)


def test_the_same_seed_says_the_same(bank: Bank) -> None:
    """And another one something else."""
    help_given(bank, minutes=600, ago=timedelta(days=1))
    long = Assumptions(years=5, runs=50)

    found = solvency(bank, assumed=long, seed=7)

    assert found == solvency(bank, assumed=long, seed=7)
    assert found.projections != solvency(bank, assumed=long, seed=8).projections
    assert 4 == len(found.projections)


@pytest.mark.parametrize("assumed", [Assumptions(years=0), Assumptions(years=41), Assumptions(runs=0)])
def test_what_cannot_be_drawn_is_refused(bank: Bank, assumed: Assumptions) -> None:
    """Before anything is read."""
    with pytest.raises(NumberOutOfRange):
        solvency(bank, assumed=assumed)


def test_an_unknown_branch_is_refused(bank: Bank) -> None:
    """As everywhere."""
    with pytest.raises(UnknownBranch):
        bank.promises.solvency("nowhere")


def test_who_has_left_is_still_owed(bank: Bank) -> None:
    """A balance outlives membership; the count of members does not."""
    bank.members.add("lille", name="Sample Leaver", joined_on=JOINED_ON)
    help_given(bank, minutes=60, provider="m9")

    assert (60, 9) == (solvency(bank).cover.owed_minutes, solvency(bank).members)
