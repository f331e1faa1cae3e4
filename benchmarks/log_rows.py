"""The log: growing its tree beside pymerkle, and a process that verifies a receipt."""

import hashlib
import sys
from pathlib import Path

from benchmarks.lab import Lab
from benchmarks.startup import seconds_of as seconds_of_process
from benchmarks.table import Measured
from benchmarks.turns import in_turn, seconds_of
from pymerkle import InmemoryTree  # type: ignore[import-untyped]
from tests.unit.translog.receipts import KEYS, sample, written

from timebank.translog import verifier
from timebank.translog.tiles import Tail
from timebank.translog.tree import leaf_of

ENTRIES = 100_000
RUNS = 3
STARTS = 15
CRYPTOGRAPHY = [sys.executable, "-c", "import cryptography"]


def appending(lab: Lab) -> dict[str, Measured]:
    """Measure a growing tree, hashes of entries and tiles included, against pymerkle in memory."""
    entries = [hashlib.sha512(b"%d" % number).digest() * 4 for number in range(lab.sized(ENTRIES, least=500))]

    def ours() -> None:
        tail = Tail()
        for at in range(0, len(entries), 1_000):
            tail.extend([leaf_of(entry) for entry in entries[at : at + 1_000]])
        tail.root()

    def theirs() -> None:
        tree = InmemoryTree(algorithm="sha256")
        for entry in entries:
            tree.append_entry(entry)
        tree.get_root()

    mine, other = in_turn(RUNS, lambda _: seconds_of(ours), lambda _: seconds_of(theirs))
    return {"log-append": Measured(ours=mine, other=other, unit="s", is_other_over_ours=True)}


def verifying(lab: Lab) -> dict[str, Measured]:
    """Measure a process that verifies a receipt, against 1.5 × importing cryptography, and 20 ms."""
    receipt = Path(lab.folder) / "receipt.json"
    receipt.write_bytes(written(sample()))
    command = [sys.executable, str(verifier.__file__), str(receipt), *KEYS]
    mine, other = in_turn(
        STARTS,
        lambda _: seconds_of_process(command),
        lambda _: 1.5 * seconds_of_process(CRYPTOGRAPHY) + 0.02,
    )
    return {"verify-cold": Measured(ours=mine, other=other, unit="s")}
