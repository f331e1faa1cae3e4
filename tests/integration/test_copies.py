"""Copies: a branch in another database is the same branch, or it is not there at all."""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import NOW, a_bank, a_branch
from tests.integration.exports import export_of
from tests.integration.family import Family
from tests.integration.test_exports import post_anything
from tests.integration.worlds import a_world
from tests.postgres import a_database

from timebank.clock import SteppingClock
from timebank.errors import (
    BranchExists,
    CopyRefused,
    RestoreUnreconciled,
    SameDatabase,
    UnknownBranch,
)
from timebank.services.bank import Bank, open_bank

BOTH = ("lille", "locmine")
EXCHANGES = 20_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Bank]:
    """Open a world with rows of every kind."""
    folder = tmp_path / "world"
    folder.mkdir()
    bank = a_bank(folder, clock=a_world(folder))
    yield bank
    bank.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Bank]:
    """Open an empty database on SQLite."""
    folder = tmp_path / "other"
    folder.mkdir()
    bank = a_bank(folder)
    yield bank
    bank.close()


@pytest.fixture
def server(postgres: str) -> Iterator[Bank]:
    """Open an empty database on PostgreSQL."""
    bank = open_bank(postgres, clock=SteppingClock(NOW))
    yield bank
    bank.close()


def codes(bank: Bank) -> list[str]:
    """Return the branches of a bank."""
    return [branch.code for branch in bank.branches.list()]


def leaves(bank: Bank) -> list[Any]:
    """Return every entry's number and leaf hash, and every posting's running balance."""
    with bank.store.read() as tx:
        entries = tx.connection.exec_driver_sql("SELECT seq, leaf FROM entry ORDER BY branch_id, seq")
        postings = tx.connection.exec_driver_sql(
            "SELECT entry_seq, line, account_no, account_seq, balance_after FROM posting "
            "ORDER BY branch_id, entry_seq, line"
        )
        return [(seq, bytes(leaf)) for seq, leaf in entries] + [tuple(row) for row in postings]


def test_a_copy_on_a_server_and_its_copy_are_the_same_branches(
    world: Bank, server: Bank, other: Bank
) -> None:
    """Numbers, leaf hashes, balances, and every byte of an export; both pass the audit on their engine."""
    files = {code: export_of(world, code) for code in BOTH}

    there = world.backups.copy([], server.store)
    back = server.backups.copy(["lille", "locmine"], other.store)

    assert list(BOTH) == [each.branch for each in there] == [each.branch for each in back]
    assert files == {code: export_of(server, code) for code in BOTH}
    assert files == {code: export_of(other, code) for code in BOTH}
    assert leaves(world) == leaves(server) == leaves(other)
    for bank in (server, other):
        assert () == bank.audits.run().faults
        for code in BOTH:
            assert world.statements.trial_balance(code) == bank.statements.trial_balance(code)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_books_are_copied_to_a_server_and_back(
    data: st.DataObject, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever was posted."""
    bank = a_branch(tmp_path_factory.mktemp("any"), members=2)
    post_anything(bank, data)
    back = a_bank(tmp_path_factory.mktemp("back"))
    with a_database(postgres_server) as address:
        between = open_bank(address, clock=SteppingClock(NOW))
        bank.backups.copy(["lille"], between.store)
        between.backups.copy(["lille"], back.store)
        between.close()

    assert export_of(bank) == export_of(back)
    bank.close()
    back.close()


def test_a_copy_goes_on_where_the_branch_was(world: Bank, server: Bank) -> None:
    """Numbers go on, and a request that was done before is not done twice (I-9)."""
    world.backups.copy([], server.store)
    gift: dict[str, Any] = {
        "debit_path": "fund:solidarity",
        "credit_path": "member:m8:available",
        "minutes": 20,
    }

    again = server.transfers.transfer("lille", **gift, reason="once more", key="gift")
    new = server.transfers.transfer("lille", **gift, reason="another")

    assert world.entries.show("lille", again.seq).entry == again
    assert len(world.entries.list("lille", limit=None)) + 1 == new.seq
    assert server.audits.run().ok


def test_one_of_a_family_is_copied_with_a_word_about_the_other(world: Bank, server: Bank) -> None:
    """Branches that owe each other hours belong together; when the second comes, they must agree."""
    first = world.backups.copy(["lille"], server.store)
    second = world.backups.copy(["locmine"], server.store)

    assert ["locmine"] == [each.other for each in first[0].unmatched]
    assert () == second[0].unmatched
    assert () == server.audits.run().faults


def test_branches_of_different_moments_are_not_put_together(family: Family, server: Bank) -> None:
    """One was copied before a redemption, the other after it (I-7)."""
    family.bank.backups.copy(["lille"], server.store)
    family.settled()

    with pytest.raises(RestoreUnreconciled):
        family.bank.backups.copy(["locmine"], server.store)

    assert ["lille"] == codes(server)


def test_what_cannot_be_copied_changes_nothing(world: Bank, server: Bank, tmp_path: Path) -> None:
    """A branch that is there, one that is not here, the same database by another name."""
    world.backups.copy(["locmine"], server.store)
    same = open_bank(f"sqlite:///{tmp_path}/world/../world/bank.db")

    with pytest.raises(BranchExists):
        world.backups.copy([], server.store)
    with pytest.raises(UnknownBranch):
        world.backups.copy(["lille", "brest"], server.store)
    with pytest.raises(SameDatabase):
        world.backups.copy(["lille"], same.store)
    with pytest.raises(SameDatabase):
        server.backups.copy([], server.store)

    same.close()
    assert ["locmine"] == codes(server)


def test_a_dry_run_copies_nothing(world: Bank, postgres: str) -> None:
    """It proves that it would work."""
    server = open_bank(postgres, clock=SteppingClock(NOW), is_dry_run=True)

    done = world.backups.copy([], server.store)

    assert list(BOTH) == [each.branch for each in done]
    assert [] == codes(server)
    server.close()


TAMPERED = {
    "a balance": "UPDATE account_balance SET balance = balance + 60 WHERE branch_id = 1 AND account_no = 1",
    "a leaf": (
        "DROP TRIGGER entry_never_updated; UPDATE entry SET leaf = x'00' WHERE branch_id = 1 AND seq = 2"
    ),
    "a running balance": (
        "DROP TRIGGER posting_never_updated; "
        "UPDATE posting SET balance_after = balance_after + 1 WHERE branch_id = 1 AND entry_seq = 2"
    ),
    "a side": (
        "DROP TRIGGER posting_never_updated; "
        "UPDATE posting SET side = 'debit' WHERE branch_id = 1 AND entry_seq = 2"
    ),
    "an entry": (
        "DROP TRIGGER entry_never_deleted; PRAGMA foreign_keys=OFF; "
        "DELETE FROM entry WHERE branch_id = 1 AND seq = 3"
    ),
}


@pytest.mark.parametrize("script", TAMPERED.values(), ids=TAMPERED)
def test_books_that_do_not_hold_are_not_copied(
    world: Bank, server: Bank, other: Bank, tmp_path: Path, script: str
) -> None:
    """The guards of the other database or the audit find it; nothing arrives, on either engine."""
    with closing(sqlite3.connect(tmp_path / "world" / "bank.db")) as connection:
        connection.executescript(script)

    for target in (server, other):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the classes are compared below
            world.backups.copy([], target.store)
        assert caught.type.__name__ in {"CopyRefused", "ExportInconsistent"}, caught.value
        assert [] == codes(target)


def test_a_refusal_speaks_of_books_and_not_of_a_file(world: Bank, server: Bank, tmp_path: Path) -> None:
    """There is none."""
    with closing(sqlite3.connect(tmp_path / "world" / "bank.db")) as connection:
        connection.executescript(TAMPERED["a balance"])

    with pytest.raises(CopyRefused) as caught:
        world.backups.copy(["lille"], server.store)

    assert "lille was not copied, its books do not hold" in str(caught.value)
    assert "file" not in str(caught.value)


def test_a_large_branch_goes_to_a_server_and_back_unchanged(
    tmp_path: Path, server: Bank, other: Bank
) -> None:
    """Twenty thousand exchanges: the export of what comes back is the same file, byte for byte."""
    folder = tmp_path / "large"
    folder.mkdir()
    bank = a_bank(folder)
    bank.branches.create("lille", name="Sample branch")
    rows = (
        f"2024-{1 + no % 12:02d}-{1 + no % 28:02d};Sample {no % 97};Sample {100 + no % 89};60;Number {no}"
        for no in range(EXCHANGES)
    )
    content = "date;provider;recipient;minutes;description\n" + "\n".join(rows)
    bank.imports.exchanges("lille", io.BytesIO(content.encode()))

    bank.backups.copy([], server.store)
    server.backups.copy([], other.store)

    file = export_of(bank)
    assert EXCHANGES == file.count(b'{"table":"entry"')
    assert file == export_of(server)
    assert file == export_of(other)
    bank.close()
