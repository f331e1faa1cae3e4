"""Insiders: whoever may write the file changes an entry and works everything out anew that follows from it.

The guards are dropped and put back, running balances, caches and leaves are made to fit, the checkpoints
inside are gone: the audit of the file alone may then find nothing, and is only counted. Somebody outside
has kept a checkpoint of before. A proof that its books are the beginning of the new ones is made as well
as the insider can; it has to be refused, every time.
"""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.builders import a_bank
from tests.faults.scores import Say, Score, silent
from tests.integration.tampering import recompute, reseal, unguarded
from tests.integration.worlds import a_world

from timebank.errors import TimebankError
from timebank.translog.tree import check_consistency, consistency_proof, root_of

CHANGES: Final = {
    "amount": "UPDATE posting SET amount = amount + ?2 WHERE branch_id = 1 AND entry_seq = ?1",
    "day": (
        "UPDATE entry SET effective_on = date(effective_on, ?2 || ' day') WHERE branch_id = 1 AND seq = ?1"
    ),
    "instant": "UPDATE entry SET recorded_us = recorded_us + ?2 WHERE branch_id = 1 AND seq = ?1",
    "actor": "UPDATE entry SET actor = 'coordinator:c' || ?2 WHERE branch_id = 1 AND seq = ?1",
}


def rewrite(times: int, *, seed: int, folder: Path, say: Say = silent) -> Score:
    """Rewrite an entry of the sample world again and again, and hold it against a checkpoint of before.

    Args:
        times: how many.
        seed: of the entries, the changes and the sizes of the checkpoints.
        folder: where the file is made.
        say: told how far it is.
    """
    score = Score("insiders' rewrites")
    chance = random.Random(seed)
    for number in range(1, times + 1):
        clock = a_world(folder)
        file = folder / "bank.db"
        before = leaves_of(file)
        size = chance.randint(2, len(before))
        seq, what = chance.randint(1, size), chance.choice(sorted(CHANGES))
        with unguarded(file) as raw:
            raw.execute(CHANGES[what], (seq, chance.randint(1, 300)))
            recompute(raw)
            reseal(raw)
            raw.execute("DELETE FROM log_checkpoint")
        after = leaves_of(file)
        is_kept = not _is_refused(before[:size], after)
        score.counts[f"of the {what}"] += 1
        score.counts["refused against the older checkpoint"] += not is_kept
        score.expect(not is_kept, f"rewrite {number}: {what} of entry {seq}, checkpoint of {size}")
        score.expect(before != after, f"rewrite {number}: {what} of entry {seq} changed nothing")
        with closing(a_bank(folder, clock=clock)) as bank:
            score.counts["unseen by the audit of the file alone"] += bank.audits.run().is_kept
        for each in folder.glob("bank.db*"):
            each.unlink()
        say(f"{score.name}: {number} of {times}")
    return score


def leaves_of(file: Path) -> list[bytes]:
    """Return the leaves of the first branch, as stored."""
    with closing(sqlite3.connect(file)) as raw:
        return [leaf for (leaf,) in raw.execute("SELECT leaf FROM entry WHERE branch_id = 1 ORDER BY seq")]


def _is_refused(kept: Sequence[bytes], now: Sequence[bytes]) -> bool:
    """Tell whether books are refused by whoever kept a checkpoint of the older ones."""

    def node(level: int, index: int) -> bytes:
        return root_of(now[index << level : (index + 1) << level])

    try:
        check_consistency(
            len(kept), root_of(kept), len(now), root_of(now), consistency_proof(len(kept), len(now), node)
        )
    except TimebankError:
        return True
    return False
