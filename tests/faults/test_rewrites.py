"""Insiders' rewrites and changed receipts, in small: `make faults` does more of them."""

import os
from pathlib import Path

from tests.faults.insiders import rewrite
from tests.faults.receipts import change_receipts

SEED = int(os.environ.get("TIMEBANK_FAULT_SEED", "1"))


def test_an_insider_is_seen_by_who_kept_a_checkpoint(tmp_path: Path) -> None:
    """Every checkpoint is the beginning of all later books, or these are others (I-11)."""
    score = rewrite(5, seed=SEED, folder=tmp_path)

    assert [] == score.wrong
    assert score.counts["unseen by the audit of the file alone"] > 0


def test_no_change_of_a_receipt_is_accepted() -> None:
    """By our verifier not at all, by another one not for anything that was not proven before."""
    assert [] == change_receipts(200, seed=SEED).wrong
