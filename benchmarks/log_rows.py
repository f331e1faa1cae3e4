"""The log: growing its tree beside pymerkle, and a process that verifies a receipt."""

import hashlib
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from unittest.mock import patch

from benchmarks.lab import Lab
from benchmarks.sample import BRANCH, spread
from benchmarks.sqlite_rows import post_batches, use_every_account
from benchmarks.startup import seconds_of as seconds_of_process
from benchmarks.table import Measured
from benchmarks.turns import in_turn, seconds_of
from pymerkle import InmemoryTree  # type: ignore[import-untyped]
from tests.unit.translog.receipts import KEYS, sample, written

import timebank
from timebank.storage.log import NO_TILES, TileRows, TreeEnd
from timebank.translog import verifier
from timebank.translog.tiles import Tail
from timebank.translog.tree import leaf_of

ENTRIES = 100_000
MILLION = 1_000_000
BATCH = 1_000
BATCHES = 4
TURNS = 7
PROOFS = 200
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


def posting(lab: Lab) -> dict[str, Measured]:
    """Measure `post_many` of 1,000 with the log, against batches that leave leaf and tree alone."""
    size = lab.sized(BATCH, least=50)
    files = [lab.filled_sqlite(MILLION) for _ in range(2)]
    banks = [timebank.open(f"sqlite:///{file}") for file in files]
    for bank in banks:
        use_every_account(bank)
    requests = spread(random.Random(size))

    def posted(bank: timebank.Bank) -> float:
        drawn = list(islice(requests, size * BATCHES))
        return seconds_of(lambda: post_batches(bank, drawn, size))

    def without(_run: int) -> float:
        with _without_log():
            return posted(banks[1])

    mine, other = in_turn(TURNS, lambda _: posted(banks[0]), without)
    for bank, file in zip(banks, files, strict=True):
        bank.close()
        file.unlink()
    return {"log-post": Measured(ours=mine, other=other, unit="s")}


def proving(lab: Lab) -> dict[str, Measured]:
    """Measure an inclusion proof and a consistency proof of a log of a million entries, each read afresh."""
    file = lab.filled_sqlite(2 * MILLION)
    bank = timebank.open(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        size = _hash_entries(connection)
    chance = random.Random(size)

    def proofs(_run: int) -> float:
        def work() -> None:
            for _ in range(PROOFS):
                bank.log.inclusion(BRANCH, chance.randint(1, size))
                bank.log.consistency(BRANCH, chance.randint(1, size - 1))

        return seconds_of(work) * 1_000 / PROOFS

    (mine,) = in_turn(TURNS, proofs)
    bank.close()
    file.unlink()
    return {"log-proof": Measured(ours=mine, unit="ms")}


@contextmanager
def _without_log() -> Iterator[None]:
    """Post entries whose leaf is not worked out, into a tree that stays as it is."""
    with (
        patch("timebank.storage.journal.leaf_of", lambda _: bytes(32)),
        patch("timebank.storage.journal.text_of", lambda *_: ""),
        patch.object(TreeEnd, "grow", _only_counted),
    ):
        yield


def _only_counted(tree: TreeEnd, leaves: Sequence[bytes], _connection: object) -> TileRows:
    tree.size += len(leaves)
    return NO_TILES


def _hash_entries(connection: sqlite3.Connection) -> int:
    """Give every entry of a filled database a leaf of its own, and the tree its tiles; returns its size."""
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    connection.create_function("leaf", 1, lambda seq: leaf_of(b"%d" % seq), deterministic=True)
    connection.execute("BEGIN IMMEDIATE")
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE entry SET leaf = leaf(seq)")
    leaves = [row[0] for row in connection.execute("SELECT leaf FROM entry ORDER BY seq")]
    connection.execute("DELETE FROM log_tile")
    tiles: dict[tuple[object, ...], bytes] = {}
    for each in Tail().extend(leaves):
        tiles[each.level, each.number] = tiles.get((each.level, each.number), b"") + each.hashes
    rows = [(1, level, number, hashes) for (level, number), hashes in tiles.items()]
    connection.executemany("INSERT INTO log_tile (branch_id, level, idx, hashes) VALUES (?, ?, ?, ?)", rows)
    for _, text in guards:
        connection.execute(text)
    connection.execute("COMMIT")
    return len(leaves)
