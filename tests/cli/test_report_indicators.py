"""`timebank report indicators`: what a coordinator reads, what a script gets, and what is drawn."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch
from xml.etree import ElementTree as ET

import pytest
from tests.builders import a_branch, address_in, help_given
from tests.cli.running import Done, run

from timebank.reports.charts import LETTERS_MOST, Bar, bars_svg
from timebank.reports.indicators.cooperation import KinRow
from timebank.services.indicators import Reconciliation

PERIOD = ("--from", "2026-01-01", "--to", "2026-06-30")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def address(tmp_path: Path) -> str:
    """The address of a bank where m1 to m5 each helped m6 for an hour."""
    bank = a_branch(tmp_path, members=6)
    for number in range(1, 6):
        help_given(bank, minutes=60, provider=f"m{number}", recipient="m6", ago=timedelta(days=number))
    bank.close()
    return address_in(tmp_path)


def indicators(address: str, *arguments: str, width: int | None = None) -> Done:
    """Ask for the report."""
    return run("--db", address, "report", "indicators", "-b", "lille", *PERIOD, *arguments, width=width)


def test_a_coordinator_reads_it_in_eighty_columns(address: str) -> None:
    """Every part, with bars; nobody is named."""
    done = indicators(address, width=80)

    assert 0 == done.status
    for words in (
        "How lille is doing, 2026-01-01 to 2026-06-30",
        "By quarter",
        "2026-Q2",
        "█",
        "Who helps whom",
        "Rules for cooperation",
        "never a proof",
        "8. connections asked for and concluded",
        "not held",
        "reconciled",
    ):
        assert words in done.out
    assert [] == [line for line in done.out.splitlines() if len(line) > 80]
    assert [] == [word for word in done.out.split() if word in {"m1", "m6", "Sample"}]


def test_a_script_gets_minutes_and_quotients(address: str) -> None:
    """A star: five partners for one, one for each of five; 5 ties of 30."""
    found = indicators(address, "--json").json

    assert (6, 6, 5, 300) == tuple(
        found["participation"][name] for name in ("members", "active", "exchanges", "minutes")
    )
    assert (5, None, None) == tuple(
        found["participation"][name] for name in ("givers", "receivers", "givers_per_receiver")
    )
    assert {
        "members": 6,
        "ties": 5,
        "partners_mean": 1.667,
        "partners_median": 1.0,
        "density": 0.167,
        "reciprocity": 0.0,
        "centralisation": 1.0,
    } == found["network"]
    assert ["direct", "indirect", "network", "group"] == [
        each["rule"] for each in found["cooperation"]["thresholds"]
    ]
    assert list(range(1, 9)) == [each["number"] for each in found["impact"]]
    assert found["reconciliation"]["is_reconciled"]


def test_a_spreadsheet_gets_a_row_for_each_figure(address: str) -> None:
    """The names are those of the JSON."""
    rows = dict(csv.reader(io.StringIO(indicators(address, "--csv").out)))

    assert ("300", "1", "0.167") == (
        rows["participation.minutes"],
        rows["network.centralisation"],
        rows["network.density"],
    )
    assert "" == rows["participation.receivers"]


def test_charts_are_drawn(address: str, tmp_path: Path) -> None:
    """Four pictures that are well formed, each with a title and what it says in words."""
    done = indicators(address, "--svg", str(tmp_path), "--json")

    assert "300" not in done.err
    drawn = sorted(tmp_path.glob("*.svg"))
    assert ["active-by-quarter", "hours-by-kind", "hours-by-quarter", "requests"] == [
        each.stem for each in drawn
    ]
    for file in drawn:
        root = ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own file
        assert root.find(f"{SVG}title") is not None
        assert root.find(f"{SVG}desc") is not None
    hours = (tmp_path / "hours-by-quarter.svg").read_text(encoding="utf-8")
    assert "2026-Q2: 5 h" in hours
    assert "[unwritable_file]" in indicators(address, "--svg", str(tmp_path / "nowhere")).err


def test_a_chart_of_nothing_and_of_somebodys_code() -> None:
    """No bars is said; a code is never markup, and a long one is cut with a sign."""
    assert "nothing to show" in bars_svg("Sample", "sample", [])
    long = "x" * (LETTERS_MOST + 1)

    drawn = bars_svg(
        "A & B", "<sample>", [Bar(label=long, amount=3, text="3"), Bar(label="y", amount=None, text="-")]
    )

    ET.fromstring(drawn)  # noqa: S314 - our own
    assert "A &amp; B" in drawn
    assert "&lt;sample&gt;" in drawn
    assert f"{long[:-2]}…" in drawn


def test_redeemed_hours_are_shown_by_relation(address: str) -> None:
    """Where there are any to show."""
    kin = (KinRow(relation="parent", minutes=300),)
    with patch("timebank.services.indicators.kin_of", lambda _: kin):
        done = indicators(address)

    assert "Redeemed, by relation" in done.out
    assert "5 h 00" in done.out


def test_figures_that_are_not_the_journals_end_in_four(address: str) -> None:
    """Like an audit: what does not reconcile is not to be relied on."""
    with patch.object(Reconciliation, "is_reconciled", new=False):
        done = indicators(address)

    assert 4 == done.status
    assert "NOT RECONCILED" in done.out


def test_a_period_that_ends_before_it_begins_is_refused(address: str) -> None:
    """As everywhere."""
    done = run(
        "--db", address, "report", "indicators", "-b", "lille", "--from", "2026-02-01", "--to", "2026-01-01"
    )

    assert "[period_reversed]" in done.err
