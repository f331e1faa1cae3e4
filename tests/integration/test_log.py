"""The log in storage: whatever is posted in whatever batches, the tiles are those of the leaves (I-11)."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event
from tests.builders import NOW
from tests.integration.tampering import reseal, tamper, unguarded
from tests.postgres import a_database, raw

from timebank.clock import SteppingClock
from timebank.errors import LogForked
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank, open_bank
from timebank.storage.store import Store
from timebank.translog.tiles import Tail
from timebank.translog.tree import root_at, root_of

BRANCH = "lille"
LOG_TABLES = ("log_cosignature", "log_checkpoint", "log_key", "log_tile", "witness_log")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database of either engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'books.db'}"
    else:
        with a_database(request.getfixturevalue("postgres_server")) as found:
            yield found


@pytest.fixture
def bank(address: str) -> Iterator[Bank]:
    """Return a bank with a branch and two funds."""
    bank = open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)))
    bank.branches.create(BRANCH, name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    yield bank
    bank.close()


def post(bank: Bank, count: int) -> None:
    """Post so many entries in one batch."""
    wish = PostRequest(postings=(debit("fund:a", 1), credit("fund:b", 1)))
    bank.entries.post_many(BRANCH, [wish] * count)


def leaves(store: Store) -> list[bytes]:
    """Return the leaves of the branch, in order."""
    with store.read() as tx:
        return [bytes(each.leaf) for each in tx.books(BRANCH).evidence.entries()]


def stored(store: Store) -> dict[tuple[int, int], bytes]:
    """Return the tiles of the branch by level and number."""
    with store.read() as tx:
        return {(level, number): hashes for level, number, hashes in tx.books(BRANCH).log.tiles()}


def expected(found: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Return the tiles that these leaves lead to."""
    tiles: dict[tuple[int, int], bytes] = {}
    for each in Tail().extend(found):
        place = (each.level, each.number)
        tiles[place] = tiles.get(place, b"") + each.hashes
    return tiles


def check(store: Store) -> None:
    """Compare tiles and roots with the leaves."""
    found = leaves(store)
    assert expected(found) == stored(store)
    with store.read() as tx:
        books = tx.books(BRANCH)
        assert len(found) == books.log.size()
        for size in {0, 1, len(found) // 2, len(found) & ~255, len(found)}:
            assert root_of(found[:size]) == root_at(size, books.log.nodes())


@pytest.mark.parametrize("batches", [(300, 300), (255, 1, 1), (1, 254, 600, 200), (256, 256), (5, 700)])
def test_tiles_are_those_of_the_leaves(bank: Bank, address: str, batches: Sequence[int]) -> None:
    """By one program that has everything in hand, and by others that have nothing."""
    for count in batches:
        post(bank, count)
        check(bank.store)
    for _ in range(2):
        other = open_bank(address)
        post(other, 130)
        post(other, 130)
        check(other.store)
        other.close()
    post(bank, 257)
    check(bank.store)


DAMAGES = {
    "UPDATE log_tile SET hashes = zeroblob(64) WHERE level = 1": ("tile_differs", "lille log tile 1/0"),
    "UPDATE log_tile SET hashes = substr(hashes, 1, 32)": ("tile_missing", "lille log tile 1/0"),
    "UPDATE log_tile SET hashes = CAST(hashes || zeroblob(32) AS BLOB)": (
        "tile_surplus",
        "lille log tile 1/0",
    ),
    "DELETE FROM log_tile": ("tile_missing", "lille log tile 1/0"),
    "INSERT INTO log_tile VALUES (1, 2, 0, zeroblob(32))": ("tile_surplus", "lille log tile 2/0"),
    "UPDATE log_checkpoint SET note = replace(note, 'lille.', 'lilly.')": (
        *("checkpoint_invalid", "lille checkpoint 600"),
    ),
    "UPDATE log_checkpoint SET note = 'x'": ("checkpoint_invalid", "lille checkpoint 600"),
    "UPDATE log_checkpoint SET size = 500": ("checkpoint_invalid", "lille checkpoint 500"),
}


@pytest.mark.parametrize("change", DAMAGES)
def test_every_damage_to_the_log_is_found_with_its_place(tmp_path: Path, change: str) -> None:
    """By an audit of everything, and as far as it looks by one since the last."""
    file = tmp_path / "bank.db"
    bank = open_bank(f"sqlite:///{file}", clock=SteppingClock(NOW, timedelta(seconds=1)))
    bank.branches.create(BRANCH, name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    bank.log.new_key(BRANCH)
    post(bank, 600)
    bank.log.checkpoint(BRANCH)
    assert bank.audits.run().ok
    assert bank.audits.run(since_last=True).ok
    bank.close()

    tamper(file, change)
    bank = open_bank(f"sqlite:///{file}")
    found = bank.audits.run(keep=False).faults

    assert [DAMAGES[change]] == [(each.code, each.place) for each in found]
    bank.close()


def test_a_journal_that_was_rewritten_with_its_leaves_and_tiles_contradicts_its_checkpoint(
    tmp_path: Path,
) -> None:
    """Whoever rewrites everything but the key cannot sign what was signed (I-11)."""
    file = tmp_path / "bank.db"
    bank = open_bank(f"sqlite:///{file}", clock=SteppingClock(NOW, timedelta(seconds=1)))
    bank.branches.create(BRANCH, name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    bank.log.new_key(BRANCH)
    post(bank, 3)
    bank.log.checkpoint(BRANCH)
    post(bank, 300)
    bank.close()

    with unguarded(file) as plain:
        plain.execute("UPDATE entry SET actor = 'coordinator:other' WHERE seq = 2")
        reseal(plain)
        plain.execute("DELETE FROM log_tile")
    bank = open_bank(f"sqlite:///{file}")
    with unguarded(file) as plain:
        for hashes in expected(leaves(bank.store)).values():
            plain.execute("INSERT INTO log_tile VALUES (1, 1, 0, ?)", (hashes,))
    found = bank.audits.run(keep=False).faults

    assert [("checkpoint_differs", "lille checkpoint 3")] == [(each.code, each.place) for each in found]
    with pytest.raises(LogForked):
        bank.log.checkpoint(BRANCH)
    bank.close()


def test_the_guards_keep_the_log_as_it_is(address: str) -> None:
    """By plain SQL: tiles grow behind the entries, what was signed stays (I-2, I-11)."""
    bank = open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)))
    bank.branches.create(BRANCH, name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    post(bank, 600)
    bank.close()
    zeros = "x'" + "00" * 32 + "'" if "sqlite" in address else "decode(repeat('00', 32), 'hex')"
    bytes_ = "BLOB" if "sqlite" in address else "bytea"
    longer = f"UPDATE log_tile SET hashes = CAST(hashes || {zeros} AS {bytes_})"
    errors = (sqlite3.IntegrityError, psycopg.errors.RaiseException, psycopg.errors.IntegrityError)
    with raw(address) if "postgresql" in address else closing(_file(address)) as connection:
        for allowed in (
            "INSERT INTO log_key VALUES (1, 1, 'lille', 'v', 0, 'coordinator:desk', NULL)",
            "INSERT INTO log_checkpoint VALUES (1, 600, 1, 'note', 0)",
            "INSERT INTO log_cosignature VALUES (1, 600, 'w', 'line')",
            f"INSERT INTO witness_log VALUES ('o', 'v', 1, {zeros}, 'n')",
            "UPDATE log_key SET retired_us = 1",
            "UPDATE witness_log SET vkey = 'w'",
        ):
            connection.execute(allowed)
        for refused in (
            "DELETE FROM log_tile",
            longer,
            f"UPDATE log_tile SET hashes = {zeros}",
            f"INSERT INTO log_tile VALUES (1, 2, 0, {zeros})",
            f"INSERT INTO log_tile VALUES (1, 8, 0, {zeros})",
            f"INSERT INTO log_tile VALUES (1, 1, 0, {zeros})",
            "UPDATE log_key SET retired_us = 2",
            "DELETE FROM log_key",
            "INSERT INTO log_checkpoint VALUES (1, 601, 1, 'note', 0)",
            "INSERT INTO log_checkpoint VALUES (1, 5, 2, 'note', 0)",
            "UPDATE log_checkpoint SET note = ''",
            "DELETE FROM log_checkpoint",
            "UPDATE log_cosignature SET line = ''",
            "DELETE FROM log_cosignature",
            "UPDATE witness_log SET size = 0",
            f"UPDATE witness_log SET root = {zeros.replace('00', '01')}",
            "DELETE FROM witness_log",
        ):
            with pytest.raises(errors):
                connection.execute(refused)


def test_only_a_full_tile_costs_a_statement(bank: Bank) -> None:
    """An entry in the middle of a tile is as cheap as if there were no log."""
    if bank.store.is_server:
        pytest.skip("SQLite tells what it is asked")
    said: list[str] = []
    post(bank, 250)
    engine = bank.store.engine
    event.listen(engine, "connect", lambda connection, _: connection.set_trace_callback(said.append))
    bank.store.close()
    for _ in range(5):
        post(bank, 1)
    assert said
    assert not [each for each in said if "log_tile" in each or "SELECT leaf" in each]
    post(bank, 1)
    assert 1 == len({each for each in said if each.startswith("INSERT INTO log_tile")})


def test_a_copy_and_a_restored_branch_have_the_same_tiles(bank: Bank, tmp_path: Path) -> None:
    """The tiles are no part of a file: they follow from the entries."""
    post(bank, 600)
    file = BytesIO()
    bank.exports.branch(BRANCH, file)
    copied = open_bank(f"sqlite:///{tmp_path / 'copied.db'}")
    restored = open_bank(f"sqlite:///{tmp_path / 'restored.db'}")
    bank.backups.copy([BRANCH], copied.store)
    file.seek(0)
    restored.restores.branch(file)
    for other in (copied, restored):
        assert stored(bank.store) == stored(other.store)
        post(other, 300)
        check(other.store)
        other.close()


def test_the_tiles_of_what_was_there_are_made_by_the_migration(address: str) -> None:
    """Of a database of the version before; the migration does what posting does."""
    bank = open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)))
    bank.branches.create(BRANCH, name="Sample branch")
    bank.branches.create("brest", name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    post(bank, 600)
    bank.close()
    with raw(address) if "postgresql" in address else closing(_file(address)) as connection:
        connection.execute("ALTER TABLE entry DROP COLUMN details")
        connection.execute("ALTER TABLE branch_head DROP COLUMN is_frozen")
        for table in ("life_event", "identity_detail", *LOG_TABLES):
            connection.execute(f"DROP TABLE {table}")
        if "postgresql" in address:
            for table in ("log_tile", "log_checkpoint", "log_key", "witness_log"):
                connection.execute(f"DROP FUNCTION guard_{table}")
        connection.execute("UPDATE alembic_version SET version_num = '0013'")
    bank = open_bank(address)
    check(bank.store)
    post(bank, 300)
    check(bank.store)
    bank.close()


def _file(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
