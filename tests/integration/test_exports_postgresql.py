"""A branch moves between the two engines and back: its export is the same file on both."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders import NOW, a_bank
from tests.integration.exports import Change, export_of, resealed, rows
from tests.integration.worlds import a_world

from timebank.clock import SteppingClock
from timebank.errors import BranchFileFaulty, RestoreRefused
from timebank.services.bank import Bank, open_bank


@pytest.fixture
def elsewhere(postgres: str) -> Iterator[Bank]:
    """Open a bank on PostgreSQL."""
    bank = open_bank(postgres, clock=SteppingClock(NOW))
    yield bank
    bank.close()


def with_text_no_database_takes(content: bytes) -> bytes:
    """Return an export with a null character in a name: PostgreSQL has no such text."""
    change: Change = lambda lines: rows(lines, "identity_person")[0].update(name="Sample\0")  # noqa: E731
    return resealed(content, change)


def test_a_branch_is_the_same_file_on_both_engines(elsewhere: Bank, tmp_path: Path) -> None:
    """What one engine exports, the other restores and exports again, byte for byte."""
    clock = a_world(tmp_path)
    bank = a_bank(tmp_path, clock=clock)
    files = {branch: export_of(bank, branch) for branch in ("lille", "locmine")}
    bank.close()

    with pytest.raises((BranchFileFaulty, RestoreRefused)):
        elsewhere.restores.branch(io.BytesIO(with_text_no_database_takes(files["lille"])))
    assert [] == elsewhere.branches.list()
    for content in files.values():
        elsewhere.restores.branch(io.BytesIO(content))

    assert files == {branch: export_of(elsewhere, branch) for branch in files}
    assert () == elsewhere.audits.run().faults
