"""Imports of history: what a row of another system means here, and that it is kept as it was."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.builders import TODAY, a_bank
from tests.integration.importing import (
    BRANCH,
    DATA,
    ENGLISH,
    FRENCH,
    GENERIC,
    SPANISH,
    Row,
    a_report,
    an_empty_branch,
    balances,
    csv_of,
    exchanges,
    names,
    of_members,
    refused,
)

from timebank.reports.importers.model import FaultCode, Layout, NoticeCode
from timebank.services.bank import Bank
from timebank.services.imports import FileFormat


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Open a bank with one branch and nobody in it."""
    bank = an_empty_branch(tmp_path)
    yield bank
    bank.close()


def effective_on(bank: Bank, seq: int) -> date:
    """Return the day of an entry."""
    return bank.entries.show(BRANCH, seq).entry.draft.effective_on


def test_from_was_helped_and_to_helped(bank: Bank) -> None:
    """TimeOverflow's From pays To: the other way round, everybody's hours would be somebody else's debt."""
    exchanges(bank, a_report(("Helped (1)", "Helper (2)", "1:30")))

    helped, helper = (bank.accounts.show(BRANCH, f"member:{ref}:available") for ref in ("m1", "m2"))
    assert (-90, 0, 90) == (helped.balance, helped.given, helped.received)
    assert (90, 90, 0) == (helper.balance, helper.given, helper.received)
    assert {"m1": "Helped", "m2": "Helper"} == names(bank)


def test_a_whole_report_gives_the_balances_that_its_system_shows(tmp_path: Path) -> None:
    """By hand, from the sample: own fund, two ways of leaving, nothing for zero, a post over two lines."""
    bank = a_bank(tmp_path)
    bank.branches.create(BRANCH, name="Banque de temps Exemple")

    report = exchanges(bank, (DATA / "timeoverflow-transfers.fr.csv").read_bytes())

    expected = {
        "fund:branch": -240,
        "member:m1:available": 75,
        "member:m2:available": 250,
        "member:m3:available": -45,
        "suspense:left-deleted": 20,
        "suspense:left-inactive": -60,
    }
    assert expected == balances(bank)
    assert (Layout.TIMEOVERFLOW, 6, 0) == (report.layout, report.rows_new, report.rows_known)
    assert (1, 6) == (report.first_entry, report.last_entry)
    assert expected.keys() == set(report.new_paths)
    assert Counter(
        {NoticeCode.BOTH_LEFT: 1, NoticeCode.ZERO_QUANTITY: 1, NoticeCode.LEFT_TOGETHER: 2}
    ) == Counter(notice.code for notice in report.notices)
    assert bank.audits.run().ok


@pytest.mark.parametrize("titles", [ENGLISH, FRENCH, SPANISH])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_report_in_any_dress_is_the_same_report(
    bank: Bank, titles: Row, encoding: str, separator: str
) -> None:
    """Language, encoding and separator are the coordinator's computer, not the exchange."""
    rows = (("José, dit « Pépé » (7)", "Zoë Exemple (8)", "0:45", "Thé; et; lecture"),)

    exchanges(bank, a_report(*rows, titles=titles, encoding=encoding, separator=separator))

    assert {"m7": -45, "m8": 45} == of_members(bank)
    assert {"m7": "José, dit « Pépé »", "m8": "Zoë Exemple"} == names(bank)


def test_in_komunitin_the_payer_was_helped(bank: Bank) -> None:
    """Payer to payee, committed transfers only; the other states are said and move nothing."""
    report = exchanges(bank, (DATA / "komunitin-transfers.csv").read_bytes())

    by_code = {name: of_members(bank)[ref] for ref, name in names(bank).items()}
    assert {"SMPL0001": -90, "SMPL0002": 75, "SMPL0003": 15} == by_code
    assert {NoticeCode.NOT_COMMITTED} == {notice.code for notice in report.notices}


def test_a_file_of_ones_own_is_read_by_a_mapping(bank: Bank) -> None:
    """Whatever the columns are called, and whoever is named how."""
    content = csv_of(("Tag", "Von", "Für", "Std"), ("04.05.2023", "Änne Muster", "Bo Muster", "1,5"))
    mapping = {"date": "Tag", "provider": "Von", "recipient": "Für", "hours": "Std"}

    exchanges(bank, content, how=FileFormat(mapping=mapping))

    assert {"Änne Muster": 90, "Bo Muster": -90} == {
        name: of_members(bank)[ref] for ref, name in names(bank).items()
    }
    assert date(2023, 5, 4) == effective_on(bank, 1)


def test_history_outside_the_limits_is_listed_not_refused(bank: Bank) -> None:
    """It happened; today's limits count from today on."""
    limits = bank.accounts

    report = exchanges(bank, a_report(("A (1)", "B (2)", "1:00"), ("A (1)", "B (2)", "9000:00")))

    floor = limits.show(BRANCH, "member:m1:available").limits.floor
    assert floor is not None
    assert floor > -540_060
    assert (BRANCH, "member:m1:available", -540_060) in report.outside_limits
    assert bank.audits.run().ok


def test_an_entry_keeps_the_day_and_says_where_it_is_from(bank: Bank) -> None:
    """The day is the branch's: 23:30 UTC is the next day in Paris. The cause is the import and the row."""
    content = csv_of(
        ENGLISH,
        ("2023-05-04 23:30:00 UTC", "A (1)", "B (2)", "", "1:00"),
        ("2023-05-06 10:00:00 UTC", "A (1)", "B (2)", "", "1:00"),
    )

    exchanges(bank, content)
    exchanges(bank, a_report(("A (1)", "B (2)", "1:15")))

    drafts = [bank.entries.show(BRANCH, seq).entry.draft for seq in (1, 2, 3)]
    assert [date(2023, 5, 5), date(2023, 5, 6), date(2023, 5, 4)] == [each.effective_on for each in drafts]
    assert [("1", 1), ("1", 2), ("2", 1)] == [(each.cause.ref, each.cause.step) for each in drafts]
    assert {"import"} == {each.cause.kind for each in drafts}


@pytest.mark.parametrize(
    ("zone", "when", "code"),
    [
        ("Europe/Paris", "1969-12-31 12:00:00 UTC", FaultCode.DATE_BEYOND_RANGE),
        ("America/Cayenne", "1970-01-01 01:00:00 UTC", FaultCode.DATE_BEYOND_RANGE),
        ("Europe/Paris", "2026-06-16 08:00:00 UTC", FaultCode.DATE_IN_FUTURE),
        ("Europe/Paris", "2026-06-15 22:00:00 UTC", FaultCode.DATE_IN_FUTURE),
        ("Europe/Paris", "2200-12-31 23:59:59 UTC", FaultCode.DATE_BEYOND_RANGE),
    ],
)
def test_a_day_that_no_history_can_have_is_a_fault(
    tmp_path: Path, zone: str, when: str, code: FaultCode
) -> None:
    """A year typed wrong would stand in the books for ever; before 1970 nothing is kept."""
    bank = an_empty_branch(tmp_path, zone=zone)

    faults = refused(bank, csv_of(ENGLISH, (when, "A (1)", "B (2)", "", "1:00")))

    assert [(2, code)] == [(line, found) for line, _, found in faults]


def test_today_is_no_future(bank: Bank) -> None:
    """A date alone is noon, which may be still to come; the day counts."""
    late = f"{TODAY} 21:59:59 UTC"

    exchanges(bank, csv_of(ENGLISH, (late, "A (1)", "B (2)", "", "1:00")))

    assert TODAY == effective_on(bank, 1)


def test_whoever_is_met_joined_on_the_first_day_the_file_names_them(bank: Bank) -> None:
    """Reports come newest first or oldest first, and are longer than a chunk."""
    first = date(2020, 1, 1)
    days = [first + timedelta(days=number) for number in range(1_500)]
    rows = [(day, "A", "B" if day < days[700] else "C", "5") for day in days]

    exchanges(bank, csv_of(GENERIC, *reversed(rows)))

    joined = {
        view.identity.name: view.member.joined_on for view in bank.members.list(BRANCH) if view.identity
    }
    assert {"A": first, "B": first, "C": days[700]} == joined
