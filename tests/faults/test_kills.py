"""Killed writers and servers, in small: `make faults` does the same a hundred times over.

`TIMEBANK_FAULT_SEED` draws other moments.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.bank_workload import find_lost_update, run_bank
from tests.faults.journals import Journal
from tests.faults.kills import kill_servers, kill_writers
from tests.faults.migrating import interrupt_on_postgresql, interrupt_on_sqlite
from tests.faults.outcomes import a_proxy, cut_connections, die_after_commits
from tests.faults.servers import Server, a_server
from tests.faults.serving import end_service
from tests.faults.sharer import Way
from tests.faults.sharing import kill_sharing

SEED = int(os.environ.get("TIMEBANK_FAULT_SEED", "1"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a PostgreSQL server that a test may be rude to."""
    with a_server() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> str:
    """Return the address of an empty database on either engine."""
    is_embedded = request.param == "sqlite"
    return f"sqlite:///{tmp_path / 'faults.db'}" if is_embedded else server.address(server.new_database())


@pytest.mark.parametrize("journal", Journal)
def test_no_acknowledged_entry_is_lost_when_its_writer_is_killed(journal: Journal, tmp_path: Path) -> None:
    """Acknowledged means kept (I-2), and a kill never leaves half an entry (I-1, I-4)."""
    score = kill_writers(2, seed=SEED, folder=tmp_path, journal=journal)

    assert [] == score.wrong
    assert 2 == score.counts["kills"]


def test_no_acknowledged_entry_is_lost_when_the_server_is_killed(server: Server) -> None:
    """Who was writing asks again with the same key once it is back, and finds what was done (I-9)."""
    score = kill_servers(1, server=server, seed=SEED)

    assert [] == score.wrong
    assert 1 == score.counts["kills"]


def test_a_lost_answer_leads_to_the_same_entry(server: Server) -> None:
    """Whether the commit took place or not, the same key has one effect (I-9)."""
    database = server.new_database()
    with a_proxy(server.port) as proxy:
        score = cut_connections(
            9,
            proxy=proxy,
            seen=server.address(database, port=proxy.port),
            direct=server.address(database),
        )

    assert [] == score.wrong
    assert 6 == score.counts["answers lost after the commit"]
    assert 3 == score.counts["commits lost on the way"]


def test_a_client_that_died_after_its_commit_is_not_repeated(address: str) -> None:
    """Nothing was said, everything was done: the next client finds it (I-9)."""
    score = die_after_commits(1, address=address)

    assert [] == score.wrong
    assert 1 == score.counts["found by the next one"]


@pytest.mark.parametrize("way", Way)
def test_a_commit_that_many_share_is_kept_whole_or_not_at_all(way: Way, tmp_path: Path) -> None:
    """Killed before it, nobody's entry is there; after it, everybody's (I-1); nobody's twice (I-9)."""
    score = kill_sharing(len(Way) + 1, address=f"sqlite:///{tmp_path / 'shared.db'}", way=way, seed=SEED)

    assert [] == score.wrong
    assert score.counts["kept but not yet answered"] >= 2


def test_every_reading_sees_the_same_total(address: str) -> None:
    """A read transaction is of one moment, and no transfer is lost, whoever else is at work (I-4)."""
    score = run_bank(address, seconds=1, writers=3, readers=1)

    assert [] == score.wrong


def test_a_planted_lost_update_is_seen(address: str) -> None:
    """The readings above are worth something: they see what a careless writer does."""
    assert find_lost_update(address, writers=3, readers=1).counts["wrong totals"] > 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_that_ends_loses_nothing_and_doubles_nothing(how: signal.Signals, tmp_path: Path) -> None:
    """Told to end, it answers all that it did; killed, whoever asks again finds it (I-9)."""
    score = end_service(1, seed=SEED, folder=tmp_path, how=how)

    assert [] == score.wrong
    assert (0, 0) == (score.counts["lost"], score.counts["doubled"])


def test_an_interrupted_migration_is_done_again(server: Server, tmp_path: Path) -> None:
    """A database is of one version or of another, never in between, on both engines."""
    assert [] == interrupt_on_sqlite(1, folder=tmp_path).wrong
    assert [] == interrupt_on_postgresql(1, server=server).wrong
