"""The log in storage: whatever is posted in whatever batches, the tiles are those of the leaves (I-11)."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.builders import NOW
from tests.postgres import a_database, raw

from timebank.clock import SteppingClock
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank, open_bank
from timebank.storage.store import Store
from timebank.translog.tiles import Tail
from timebank.translog.tree import root_at, root_of

BRANCH = "lille"


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
        for table in ("log_cosignature", "log_checkpoint", "log_key", "log_tile", "witness_log"):
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
    return sqlite3.connect(address.removeprefix("sqlite:///"), isolation_level=None)
