"""Errors of a disk, at some of the calls: `make faults` fails every one."""

from pathlib import Path

from tests.faults.errors_at import fail_everywhere


def test_a_disk_error_is_told_and_leaves_no_part_of_an_entry(tmp_path: Path) -> None:
    """Whatever call fails, the books hold (I-1, I-4), and asking again does it once (I-9)."""
    score = fail_everywhere(tmp_path, every=30, acts=("confirm",))

    assert [] == score.wrong
    assert score.counts["calls that failed"] >= 6
