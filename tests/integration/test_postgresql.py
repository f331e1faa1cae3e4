"""The same code on PostgreSQL: a real server from a wheel, and a role that may do its work only."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.roles import a_role, as_role

import timebank
from timebank.clock import SteppingClock
from timebank.services.bank import Bank
from timebank.services.migrations import migrate
from timebank.services.sample_world import build

NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)


@pytest.fixture
def address(postgres: str) -> Iterator[str]:
    """Return the address of a database for the role that the service has: it may do its work only."""
    with a_role(postgres) as role:
        migrate(postgres, grant_to=role)
        yield as_role(postgres, role)


@pytest.fixture
def world(address: str) -> Iterator[tuple[Bank, SteppingClock]]:
    """Open the bank on the server."""
    clock = SteppingClock(NOW, timedelta(seconds=1))
    bank = timebank.open(address, clock=clock, draw=bytes)
    yield bank, clock
    bank.close()


def test_the_sample_world_is_the_same_on_postgresql(
    address: str, world: tuple[Bank, SteppingClock], tmp_path: Path
) -> None:
    """Imports, members, holds and a redemption over two branches give the same books on both engines.

    Opening the database again finds them, and nothing of it needs more than the service's rights.
    """
    bank, clock = world
    here = SteppingClock(NOW, timedelta(seconds=1))
    embedded = timebank.open(f"sqlite:///{tmp_path / 'same.db'}", clock=here, draw=bytes)

    for each, its_clock in ((bank, clock), (embedded, here)):
        build(each, its_clock, seed=7, progress=lambda _what, _rows: None)

    for branch in ("lille", "locmine"):
        assert embedded.accounts.list(branch) == bank.accounts.list(branch)
        assert embedded.statements.trial_balance(branch) == bank.statements.trial_balance(branch)
    assert embedded.statements.clearing() == bank.statements.clearing()
    assert embedded.redemptions.show("lille-1") == bank.redemptions.show("lille-1")
    assert bank.audits.run().ok
    bank.members.erase("lille", bank.members.list("lille")[-1].member.ref)
    assert bank.audits.run().ok
    again = timebank.open(address)
    assert ["lille", "locmine"] == [branch.code for branch in again.branches.list()]
    again.close()
    embedded.close()
