"""Files that rot and disks that fill up, in small: `make faults` does so many more times."""

import os
from pathlib import Path

import pytest
from tests.faults.filling import CannotMount, fill_disks
from tests.faults.flips import Change, cut_off, flip, rot, swap

SEED = int(os.environ.get("TIMEBANK_FAULT_SEED", "1"))


@pytest.mark.parametrize(("change", "times"), [(flip, 6), (swap, 2), (cut_off, 2)])
def test_no_rot_of_the_books_goes_unseen(change: Change, times: int, tmp_path: Path) -> None:
    """Whatever a file says otherwise is a fault with its place, or it is not opened as a bank (I-2)."""
    assert [] == rot(times, change=change, seed=SEED, folder=tmp_path).wrong


def test_a_full_disk_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    """Once there is room, the same bank goes on where it stood, over either journal (I-2)."""
    try:
        score = fill_disks(2, seed=SEED, folder=tmp_path)
    except CannotMount:
        pytest.skip("only root mounts disks")

    assert [] == score.wrong
    assert 2 == score.counts["went on with room"]
