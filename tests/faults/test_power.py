"""Power cuts, in small: `make faults` makes thousands; `TIMEBANK_FAULT_SEED` draws others."""

import os
from pathlib import Path

import pytest
from tests.faults.journals import Care, Journal
from tests.faults.power import Disk, cut_power

SEED = int(os.environ.get("TIMEBANK_FAULT_SEED", "1"))


@pytest.mark.parametrize("journal", Journal)
def test_no_acknowledged_entry_is_lost_when_the_power_is_cut(journal: Journal, tmp_path: Path) -> None:
    """Acknowledged means on the disk (I-2), whatever else of the last writes is there."""
    score = cut_power(8, care=Care(journal), seed=SEED, folder=tmp_path)

    assert [] == score.wrong
    assert 8 == score.counts["cuts"]


@pytest.mark.parametrize(
    ("care", "disk"), [(Care(synchronous="OFF"), Disk()), (Care(), Disk(lies=1.0))], ids=["careless", "lying"]
)
def test_a_cut_hurts_where_nothing_is_synced(care: Care, disk: Disk, tmp_path: Path) -> None:
    """The cuts above are worth something: they take what was not brought to the disk."""
    assert cut_power(8, care=care, disk=disk, seed=SEED, folder=tmp_path).wrong
