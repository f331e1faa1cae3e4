"""Exports of stored books: judged by programs we did not write, and free of personal data."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core.realization import iter_children, realize
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from tests.builders import NOW, a_bank, a_branch, a_draft, help_given
from tests.integration.exports import export_of
from tests.integration.worlds import MARKER, a_world
from tests.unit.reports.journal_books import DAYS, some_postings
from tests.unit.reports.plain_tools import hledger_balances, ledger_balances, needs_hledger, needs_ledger

from timebank.cli import wire
from timebank.errors import BadSeparator, ExportInconsistent, UnknownBranch
from timebank.ledger.model import Cause, credit, debit
from timebank.reports.beancount import beancount_account, beancount_commodity
from timebank.reports.journals import JournalFormat, plain_account, quantity_of
from timebank.services.bank import Bank
from timebank.services.exports import CsvStyle
from timebank.storage.columns import Row, table_of
from timebank.storage.dump import KEPT_BACK, SHAPES
from timebank.storage.tables import PostingRow

PATHS = ("member:m1:available", "member:m2:grant", "fund:solidarity", "issuance:grant", "clearing:brest")
UNITS = ("min", "svc", "EUR")
Judge = Callable[[str, Path], dict[tuple[str, str], str]]


def by_beancount(text: str, _folder: Path) -> dict[tuple[str, str], str]:
    """Return the balances that beancount computes; it must have nothing to complain of."""
    entries, errors, _ = loader.load_string(text)
    assert [] == [error.message for error in errors]
    return {
        (account.account, position.units.currency): str(position.units.number)
        for account in iter_children(realize(entries))  # type: ignore[no-untyped-call]
        for position in account.balance
    }


def by_hledger(text: str, folder: Path) -> dict[tuple[str, str], str]:
    """Return the balances that hledger computes."""
    file = folder / "export.journal"
    file.write_text(text, "utf-8")
    return hledger_balances(file)


def by_ledger(text: str, folder: Path) -> dict[tuple[str, str], str]:
    """Return the balances that ledger computes."""
    file = folder / "export.journal"
    file.write_text(text, "utf-8")
    return ledger_balances(file)


JUDGES = [
    pytest.param(JournalFormat.BEANCOUNT, by_beancount, id="beancount"),
    pytest.param(JournalFormat.HLEDGER, by_hledger, id="hledger", marks=needs_hledger),
    pytest.param(JournalFormat.LEDGER, by_ledger, id="ledger", marks=needs_ledger),
]


def listed(bank: Bank, branch: str, form: JournalFormat) -> dict[tuple[str, str], Decimal]:
    """Return what `account list --json` says, by the names of a program, debits positive, without zeros."""
    is_beancount = form is JournalFormat.BEANCOUNT
    accounts = [wire.account(view) for view in bank.accounts.list(branch)]
    return {
        (
            beancount_account(each["path"]) if is_beancount else plain_account(each["path"]),
            beancount_commodity(each["unit"]) if is_beancount else each["unit"],
        ): Decimal(quantity_of(-each["balance_minutes"], each["unit"]))
        for each in accounts
        if each["balance_minutes"]
    }


def text_of(bank: Bank, branch: str, form: JournalFormat) -> str:
    """Return the journal of a branch."""
    file = io.BytesIO()
    bank.exports.journal(branch, file, form=form)
    return file.getvalue().decode()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Bank]:
    """Open a world with rows of every kind."""
    clock = a_world(tmp_path)
    bank = a_bank(tmp_path, clock=clock)
    yield bank
    bank.close()


@pytest.mark.parametrize("branch", ["lille", "locmine"])
@pytest.mark.parametrize(("form", "judge"), JUDGES)
def test_an_outside_program_agrees_with_the_books(
    world: Bank, form: JournalFormat, judge: Judge, branch: str, tmp_path: Path
) -> None:
    """Holds, redemptions, reversals, funds, imports: what we list is what an outsider computes."""
    found = judge(text_of(world, branch, form), tmp_path)

    assert listed(world, branch, form) == {key: Decimal(amount) for key, amount in found.items()}
    assert found


@pytest.mark.parametrize(("form", "judge"), JUDGES)
@settings(max_examples=10)
@given(data=st.data())
def test_an_outside_program_agrees_with_any_books(
    form: JournalFormat, judge: Judge, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any accounts, units and amounts, many postings, days out of order and from 1970 to 2200."""
    folder = tmp_path_factory.mktemp("any")
    bank = a_branch(folder, members=2)
    post_anything(bank, data)

    found = judge(text_of(bank, "lille", form), folder)
    bank.close()

    assert listed(bank, "lille", form) == {key: Decimal(amount) for key, amount in found.items()}


def post_anything(bank: Bank, data: st.DataObject) -> None:
    """Post random entries of several units, past every limit."""
    with bank.store.write("lille") as tx:
        books = tx.books("lille")
        for path in PATHS:
            for unit in UNITS:
                books.journal.open(path, unit)
        for number in range(1, data.draw(st.integers(0, 6)) + 1):
            on = data.draw(DAYS)
            postings = data.draw(some_postings(list(PATHS), list(UNITS)))
            at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
            cause = Cause("transfer", str(number))
            books.journal.post(
                a_draft(*postings, cause=cause, effective_at=at, effective_on=on), enforce_limits=False
            )


@pytest.mark.parametrize("form", list(JournalFormat))
def test_a_branch_without_entries_has_a_journal(form: JournalFormat, tmp_path: Path) -> None:
    """A branch that was founded a minute ago can be exported."""
    bank = a_branch(tmp_path, members=0)

    assert "Entries: 0." in text_of(bank, "lille", form)
    bank.close()


@pytest.mark.parametrize("branch", ["lille", "locmine"])
def test_exports_name_nobody(world: Bank, branch: str) -> None:
    """Journals and tables hold references only, and so does a branch without identities (I-10)."""
    file = io.BytesIO()
    for form in JournalFormat:
        world.exports.journal(branch, file, form=form)
    world.exports.accounts(branch, file)
    world.exports.entries(branch, file)
    world.exports.members(branch, file)
    world.exports.branch(branch, file, with_identities=False)

    assert MARKER.encode() not in file.getvalue()


def test_names_are_exported_where_they_are_asked_for(world: Bank) -> None:
    """A backup without names would not be one; a list of members has them on request, but for the erased."""
    file = io.BytesIO()
    world.exports.members("lille", file, with_names=True)

    found = {row["ref"]: row for row in csv.DictReader(io.StringIO(file.getvalue().decode(), newline=""))}
    assert f"Sample {MARKER} m1" == found["m1"]["name"]
    assert f"'+33 {MARKER} 1" == found["m1"]["phone"]
    assert "" == found["m9"]["name"]
    assert MARKER.encode() in export_of(world)


def test_the_changes_of_all_entries_add_up_to_the_balances(world: Bank) -> None:
    """The two tables reconcile: a spreadsheet that sums the one finds the other."""
    accounts, entries = io.BytesIO(), io.BytesIO()
    world.exports.accounts("lille", accounts, style=CsvStyle(separator="semicolon", has_bom=True))
    done = world.exports.entries("lille", entries)

    sums: dict[tuple[str, str], int] = {}
    rows = list(csv.DictReader(io.StringIO(entries.getvalue().decode(), newline="")))
    for row in rows:
        key = (row["path"], row["unit"])
        sums[key] = sums.get(key, 0) + int(row["change"])
    table = csv.DictReader(io.StringIO(accounts.getvalue().decode("utf-8-sig"), newline=""), delimiter=";")
    assert {key: change for key, change in sums.items() if change} == {
        (row["path"], row["unit"]): int(row["balance"]) for row in table if int(row["balance"])
    }
    assert int(rows[-1]["entry"]) == done.count


def test_a_statement_is_exported_as_it_is_shown(world: Bank) -> None:
    """As known at an instant, too: the file says what the screen says."""
    known_at = NOW + timedelta(minutes=1)
    shown = world.statements.statement("lille", "member:m1:available", known_at=known_at)
    file = io.BytesIO()

    done = world.exports.statement("lille", "member:m1:available", file, known_at=known_at)

    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
    assert [str(shown.opening), *(str(line.balance) for line in shown.lines), str(shown.closing)] == [
        row["balance"] for row in rows
    ]
    assert len(shown.lines) == done.count


def test_exports_are_told_as_they_go(tmp_path: Path) -> None:
    """Somebody who waits sees how far it is."""
    bank = a_branch(tmp_path)
    with bank.store.write("lille") as tx:
        journal = tx.books("lille").journal
        journal.open("fund:solidarity")
        for number in range(1, 5_001):
            postings = (debit("member:m1:available", 1), credit("fund:solidarity", 1))
            journal.post(a_draft(*postings, cause=Cause("transfer", str(number))), enforce_limits=False)
    told: list[tuple[str, int, int]] = []

    def tell(*what: Any) -> None:  # noqa: ANN401 - branch, done, total
        told.append(what)

    bank.exports.journal("lille", io.BytesIO(), form="hledger", progress=tell)
    bank.exports.entries("lille", io.BytesIO(), progress=tell)
    bank.exports.branch("lille", io.BytesIO(), progress=tell)
    bank.close()

    assert [("lille", 5_000, 5_000)] * 2 == told[:2]
    assert [("lille", done, 5_000) for done in (1_000, 2_000, 3_000, 4_000, 5_000)] == told[2:]


def test_an_export_of_no_branch_or_with_no_separator_is_refused(world: Bank) -> None:
    """Nothing is written."""
    file = io.BytesIO()

    with pytest.raises(UnknownBranch):
        world.exports.journal("brest", file, form=JournalFormat.LEDGER)
    with pytest.raises(UnknownBranch):
        world.exports.branch("brest", file)
    with pytest.raises(BadSeparator):
        world.exports.accounts("lille", file, style=CsvStyle(separator="x"))
    assert b"" == file.getvalue()


def test_every_table_is_exported_or_kept_back_on_purpose() -> None:
    """A new table must be named in `storage.dump`: else a backup would silently be without it."""
    known = {*SHAPES, table_of(PostingRow).name, *KEPT_BACK}

    assert set(Row.metadata.tables) == known


def test_books_that_do_not_hold_together_are_not_exported(tmp_path: Path) -> None:
    """Postings without their entry would be left out: better no backup than one that lacks something."""
    bank = a_branch(tmp_path)
    help_given(bank)
    with bank.store.write("lille") as tx:
        row = {"branch_id": 1, "entry_seq": 9, "line": 1, "account_no": 1, "side": "credit", "amount": 5}
        tx.connection.execute(insert(table_of(PostingRow)), {**row, "account_seq": 2, "balance_after": 95})

    with pytest.raises(ExportInconsistent) as caught:
        export_of(bank)
    bank.close()

    assert "posting of lille has 3 rows, 2 belong together: run `timebank audit`" == str(caught.value)
