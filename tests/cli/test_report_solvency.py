"""`timebank report solvency`: what a coordinator reads, and what a script gets."""

import csv
import io
from pathlib import Path

import pytest
from tests.builders import a_branch, address_in, help_given
from tests.cli.running import Done, commands, run

from timebank.reports.solvency.projection import Assumptions
from timebank.services.promises import SEED_USUAL

QUICK = ("--runs", "20", "--years", "3")


@pytest.fixture
def address(tmp_path: Path) -> str:
    """The address of a bank where m1 gave m2 an hour and a half."""
    bank = a_branch(tmp_path, members=6)
    help_given(bank, minutes=90)
    bank.close()
    return address_in(tmp_path)


def solvency(address: str, *arguments: str, width: int | None = None) -> Done:
    """Ask for the report, with few draws."""
    command = ("report", "solvency", "-b", "lille", "--at", "2026-06-30", *QUICK)
    return run("--db", address, *command, *arguments, width=width)


def test_a_coordinator_reads_it_in_eighty_columns(address: str) -> None:
    """Figures, the years to come, the tests, and what was assumed; nobody is named."""
    done = solvency(address, width=80)

    assert 0 == done.status
    assert "years of cover" in done.out
    assert "1.0" in done.out
    assert "a third of the" in done.out
    assert "What is assumed" in done.out
    assert [] == [line for line in done.out.splitlines() if len(line) > 80]
    for words in ("m1", "m2", "Sample Member"):
        assert words not in done.out


def test_a_script_gets_minutes_and_quotients(address: str) -> None:
    """Whole minutes; a quotient is a number."""
    found = solvency(address, "--json").json

    assert (90, 90, 90, 1.0) == (
        found["owed_minutes"],
        found["given_minutes"],
        found["redeemed_minutes"],
        found["cover_years"],
    )
    assert [] == found["reserves"]
    assert {"helpers": 0, "requests": None, "found_percent": None, "wait_minutes": None} == (
        found["redeemability"]
    )
    assert ["as assumed", "a third of the helpers stop", "nobody replaces a helper"] == [
        each["name"] for each in found["projections"][:3]
    ]
    assert [1, 2, 3] == [each["year"] for each in found["projections"][0]["years"]]


def test_a_spreadsheet_gets_a_row_for_each_figure(address: str) -> None:
    """The names are those of the JSON."""
    rows = dict(csv.reader(io.StringIO(solvency(address, "--csv").out)))

    assert ("90", "1", "lille") == (rows["owed_minutes"], rows["cover_years"], rows["branch"])
    assert "projections.3.years.2.unmet_minutes.high" in rows


def test_years_of_birth_make_cohorts(address: str, tmp_path: Path) -> None:
    """From a file that is used once."""
    births = tmp_path / "births.csv"
    births.write_text(
        "member,year\n" + "".join(f"m{number},1950\n" for number in range(1, 7)), encoding="utf-8"
    )

    done = solvency(address, "--births", str(births))

    assert "70-79" in done.out
    assert "No years of birth" not in done.out
    births.write_text("m1,1950\nm1,1951\n", encoding="utf-8")
    assert "[not_birth_years]" in solvency(address, "--births", str(births)).err


def test_a_life_table_of_ones_own(address: str, tmp_path: Path) -> None:
    """Is named beside the figures."""
    table = tmp_path / "own.csv"
    table.write_text("age,q\n60,0.01\n", encoding="utf-8")

    assert "Life table: file own.csv." in " ".join(
        solvency(address, "--life-table", str(table), "--json").json["assumptions"]
    )
    table.write_text("60\n", encoding="utf-8")
    assert "[not_a_life_table]" in solvency(address, "--life-table", str(table)).err


def test_a_place_narrows_it_down(address: str) -> None:
    """And is checked."""
    assert "within 5km of 47.89,-2.83" in solvency(address, "--near", "47.89,-2.83", "--within", "5km").out
    assert "[not_a_spot]" in solvency(address, "--near", "Locminé").err


def test_what_is_usual_is_what_is_usual_everywhere() -> None:
    """The options' defaults are those of the library, which is not loaded for `--help`."""
    command = dict(commands())["report", "solvency"]
    usual = Assumptions()

    assert {
        "years": usual.years,
        "runs": usual.runs,
        "seed": SEED_USUAL,
        "stopping": usual.stopping_percent,
        "replaced": usual.replaced_percent,
        "asking": usual.asking_percent,
        "care_age": usual.care_age,
    } == {each.name: each.default for each in command.params if type(each.default) is int}


def test_money_beside_the_hours_is_shown(address: str, tmp_path: Path) -> None:
    """Of a fund: 30 euros beside an hour and a half are 20 for each hour owed."""
    for command in (
        ("account", "open", "issuance:opening", "--unit", "EUR"),
        ("account", "open", "fund:reserve", "--unit", "EUR"),
        (
            *("transfer", "--from", "issuance:opening", "--to", "fund:reserve", "-m", "30.00"),
            *("--unit", "EUR", "--reason", "sample"),
        ),
    ):
        done = run("--db", address, *command, "-b", "lille")
        assert 0 == done.status, done.err

    done = run("--db", address, "report", "solvency", "-b", "lille", *QUICK)

    assert "30.00 EUR" in done.out
    assert "20.00 EUR" in done.out


def test_requests_that_ended_are_told_from_five_on(address: str) -> None:
    """Five were withdrawn: nobody found anybody."""
    for number in range(1, 6):
        posted = run(
            *("--db", address, "request", "post", "-b", "lille", "--member", "m1", "-k", "company"),
            *("-m", "1h", "--slot", "thu 14:00-17:00", "--by", "member:m1"),
        )
        assert 0 == posted.status, posted.err
        run("--db", address, "request", "withdraw", str(number), "-b", "lille", "--by", "member:m1")

    done = run("--db", address, "report", "solvency", "-b", "lille", *QUICK)

    assert "5; 0 % found somebody; median wait not told" in done.out


def test_an_empty_branch_owes_nothing(address: str) -> None:
    """And nothing is drawn for it."""
    run("--db", address, "branch", "create", "brest", "--name", "Brest")

    done = run("--db", address, "report", "solvency", "-b", "brest")

    assert 0 == done.status
    assert "nothing was given" in done.out
    assert "years to come" not in done.out
