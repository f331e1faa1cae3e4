"""Imports of balances: to open the books with, and to prove them against the other system's list."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.builders import NOW
from tests.integration.importing import (
    BRANCH,
    DATA,
    ENGLISH,
    GENERIC,
    a_report,
    an_empty_branch,
    balances,
    csv_of,
    dump,
    exchanges,
    names,
    of_members,
    openings,
)

from timebank.errors import ImportRefused
from timebank.ledger.chart import available, held
from timebank.ledger.model import Cause, EntryKind, credit, debit
from timebank.reports.importers.model import FaultCode, Layout
from timebank.services.bank import Bank
from timebank.services.imports import FileFormat
from timebank.services.posting import post

TIMEOVERFLOW = FileFormat(layout=Layout.TIMEOVERFLOW)
LIST = ("number", "name", "email", "phone", "joined")


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Open a bank with one branch and nobody in it."""
    bank = an_empty_branch(tmp_path)
    yield bank
    bank.close()


# --- Opening balances ---------------------------------------------------------------------------------


def test_openings_bring_balances_forward(bank: Bank, tmp_path: Path) -> None:
    """Against issuance:opening, for whoever is listed; zero needs no entry; twice changes nothing."""
    content = (DATA / "opening-balances.en.csv").read_bytes()

    report = openings(bank, content)
    before = dump(tmp_path)
    again = openings(bank, content)

    by_name = {name: of_members(bank)[ref] for ref, name in names(bank).items()}
    assert {"M1": -90, "M2": 90, "M3": 0} == by_name
    assert 0 == balances(bank)["issuance:opening"]
    assert (3, 1, 2) == (report.rows_new, report.first_entry, report.last_entry)
    assert (0, 3) == (again.rows_new, again.rows_known)
    assert before == dump(tmp_path)
    assert [0, 0] == [account.given for account in bank.accounts.list(BRANCH) if account.balance][:2]
    assert bank.audits.run().ok


def test_openings_count_from_the_day_that_is_said(bank: Bank) -> None:
    """Books are often begun at the turn of a year."""
    at = datetime(2025, 12, 31, 23, 0, tzinfo=UTC)

    with (DATA / "opening-balances.en.csv").open("rb") as file:
        bank.imports.openings(BRANCH, file, effective_at=at)

    draft = bank.entries.show(BRANCH, 1).entry.draft
    assert (at, date(2026, 1, 1), Cause("import", "1", 1)) == (
        draft.effective_at,
        draft.effective_on,
        draft.cause,
    )


def test_another_opening_balance_is_refused(bank: Bank, tmp_path: Path) -> None:
    """It was booked, and people may have spent it; all that differ are named at once."""
    titles = ("member", "minutes")
    openings(bank, csv_of(titles, ("A", 60), ("B", -60)))
    before = dump(tmp_path)

    with pytest.raises(ImportRefused) as error:
        openings(bank, csv_of(titles, ("new", 5), ("A", 61), ("B", 0), ("C", "x")))

    assert [(3, FaultCode.CHANGED), (4, FaultCode.CHANGED), (5, FaultCode.BAD_DURATION)] == [
        (each.line, each.code) for each in error.value.faults
    ]
    assert before == dump(tmp_path)


# --- Reconciling --------------------------------------------------------------------------------------


def differences(
    bank: Bank, content: bytes, *, how: FileFormat | None = None, source: str | None = None
) -> list[tuple[int | None, str | None, int | None, int | None]]:
    """Compare the books with a list; returns line, account, their minutes and ours for each difference."""
    found = bank.imports.reconcile(BRANCH, io.BytesIO(content), file_format=how, source=source)
    return [(each.line, each.path, each.theirs_minutes, each.ours_minutes) for each in found]


@pytest.mark.parametrize(
    ("history", "listed", "how"),
    [
        ("timeoverflow-transfers.fr.csv", "timeoverflow-members.fr.csv", TIMEOVERFLOW),
        ("komunitin-transfers.csv", "komunitin-accounts.csv", None),
    ],
)
def test_the_books_agree_with_the_list_after_an_import(
    bank: Bank, tmp_path: Path, history: str, listed: str, how: FileFormat | None
) -> None:
    """The proof of a move: every balance as the old system shows it. Comparing writes nothing."""
    exchanges(bank, (DATA / history).read_bytes())
    before = dump(tmp_path)

    assert [] == differences(bank, (DATA / listed).read_bytes(), how=how)

    assert before == dump(tmp_path)


def test_every_difference_is_named(bank: Bank) -> None:
    """Another balance, nobody of that name, somebody not listed; nothing for two kinds of nothing."""
    exchanges(bank, csv_of(GENERIC, ("2023-05-04", "1", "2", 60), ("2023-05-04", "3", "2", 5)))
    content = csv_of(("member", "minutes"), ("1", 61), ("2", -65), ("nobody", 7), ("nothing", 0))

    expected = [
        (2, "member:m1:available", 61, 60),
        (4, None, 7, None),
        (None, "member:m3:available", None, 5),
    ]
    assert expected == differences(bank, content)


def test_held_minutes_are_the_members_own(bank: Bank) -> None:
    """I-6: available plus held is the balance that the old system knows."""
    exchanges(bank, csv_of(GENERIC, ("2023-05-04", "1", "2", 600)))
    with bank.store.write(BRANCH) as tx:
        books = tx.books(BRANCH)
        books.journal.open(held("m1"))
        post(
            books,
            kind=EntryKind.HOLD,
            cause=Cause("hold", "1"),
            postings=(debit(available("m1"), 90), credit(held("m1"), 90)),
            actor=bank.imports.default_actor,
        )

    assert [] == differences(bank, csv_of(("member", "minutes"), ("1", 600), ("2", -600)))


def test_a_list_is_not_asked_for_whom_it_cannot_have(bank: Bank) -> None:
    """Members of another source; and organisations, which TimeOverflow lists nowhere."""
    exchanges(bank, a_report(("Exemple Une (1)", "Library", "0:30")), source="north")
    exchanges(bank, csv_of(GENERIC, ("2023-05-04", "X", "Y", 60)))
    titles = ("N", "name", "email", "phone", "alt", "created", "seen", "locale", "balance")
    content = csv_of(titles, ("1", "Exemple Une", "", "", "", "", "", "fr", "-1800"))

    assert [] == differences(bank, content, how=TIMEOVERFLOW, source="north")
    assert 2 == len(differences(bank, csv_of(("member", "minutes"), ("X", 1), ("Y", 2))))


def test_a_list_with_faults_is_refused(bank: Bank) -> None:
    """Half a comparison would look like agreement."""
    with pytest.raises(ImportRefused):
        differences(bank, csv_of(("member", "minutes"), ("X", "x")))


def test_now_is_when_a_recorded_import_was_made(bank: Bank) -> None:
    """Effective then, recorded now: the two time axes of the books."""
    exchanges(bank, csv_of(ENGLISH, ("2023-05-04 10:00:00 UTC", "A (1)", "B (2)", "", "1:00")))

    entry = bank.entries.show(BRANCH, 1).entry
    assert (datetime(2023, 5, 4, 10, tzinfo=UTC), NOW) == (entry.draft.effective_at, entry.recorded_at)
