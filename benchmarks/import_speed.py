"""Import of exchanges against SQLModel's `session.add_all` of the very rows that the import writes.

Ours reads a TimeOverflow report and does everything: parse, resolve parties, decide every entry against
its balances, hash it, and write it under all triggers. The peer only inserts the finished rows, in
batches of 1,000, each committed, into the same tables without any trigger. Both use SQLite with
`synchronous=FULL`. Prints the ratio of the medians of interleaved runs; floor 3.

    python benchmarks/import_speed.py [--rows 100000] [--runs 3]
"""

import argparse
import io
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, SQLModel, select

import timebank
from timebank.storage.columns import table_of
from timebank.storage.engine import engine_of, url_of
from timebank.storage.tables import AccountBalanceRow, AccountRow, EntryRow, PostingRow, RequestKeyRow
from timebank.storage.tables_identity import AliasRow, NoteRow, PersonRow

FLOOR = 3.0
MEMBERS = 3_000
BATCH = 1_000
CEILING_MIB = 300
FIRST = (AccountRow, AccountBalanceRow, PersonRow, AliasRow)
MANY = (PostingRow, EntryRow, RequestKeyRow, NoteRow)


def report_of(rows: int) -> bytes:
    """Write a TimeOverflow report of `rows` exchanges between 3,000 sample members."""
    chance = random.Random(1)
    at = datetime(2015, 1, 1, 8, tzinfo=UTC)
    longest = min(40, 10_000_000 // rows - 1)  # however many there are, the last one is not to come
    lines = ["Date,From,To,Post,Quantity"]
    for number in range(rows):
        at += timedelta(minutes=chance.randint(1, longest))
        helped, helper = chance.sample(range(1, MEMBERS + 1), 2)
        quantity = f"{chance.randint(0, 3)}:{chance.choice(['15', '30', '45'])}"
        lines.append(
            f"{at:%Y-%m-%d %H:%M:%S} UTC,Sample {helped} ({helped}),Sample {helper} ({helper}),"
            f"Sample help {number % 50},{quantity}"
        )
    return "\n".join(lines).encode()


def ours(folder: Path, report: bytes) -> tuple[float, float, Path]:
    """Import the report; returns wall seconds, CPU seconds and the database."""
    file = folder / "ours.db"
    bank = timebank.open(f"sqlite:///{file}")
    bank.branches.create("lille", name="Lille")
    wall, cpu = time.perf_counter(), time.process_time()
    bank.imports.exchanges("lille", io.BytesIO(report))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    bank.close()
    return wall, cpu, file


def peer(folder: Path, source: Path) -> tuple[float, float]:
    """Insert the rows of `source` through `add_all`; returns wall and CPU seconds of the inserts alone."""
    wall = cpu = 0.0
    origin = engine_of(url_of(f"sqlite:///{source}"))
    bank = timebank.open(f"sqlite:///{folder / 'peer.db'}")
    bank.branches.create("lille", name="Lille")
    engine = bank.store.engine
    with engine.begin() as connection:
        triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
        for name in list(triggers):
            connection.execute(text(f"DROP TRIGGER {name}"))
    with Session(origin) as reading, Session(engine) as writing:
        for row in (*FIRST, *MANY):
            for batch in batches(reading, row):
                started, used = time.perf_counter(), time.process_time()
                writing.add_all([row(**values) for values in batch])
                writing.commit()
                writing.expunge_all()
                wall += time.perf_counter() - started
                cpu += time.process_time() - used
    origin.dispose()
    bank.close()
    return wall, cpu


def batches(session: Session, row: type[SQLModel]) -> Iterator[list[dict[str, Any]]]:
    """Yield a table's rows as dictionaries, a thousand at a time."""
    rows = session.execute(select(table_of(row)).execution_options(yield_per=BATCH)).mappings()  # type: ignore[arg-type,call-overload]
    while batch := [dict(each) for each in islice(rows, BATCH)]:
        yield batch


def main() -> int:
    """Run both in turn, print the medians and the ratio; 0 if the floors are met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    report = report_of(options.rows)
    walls: list[tuple[float, float]] = []
    cpus: list[tuple[float, float]] = []
    memory = 0
    for run in range(options.runs):
        with tempfile.TemporaryDirectory() as name:
            wall_ours, cpu_ours, file = ours(Path(name), report)
            memory = memory or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            wall_peer, cpu_peer = peer(Path(name), file)
        walls.append((wall_ours, wall_peer))
        cpus.append((cpu_ours, cpu_peer))
        print(
            f"run {run + 1}: import {wall_ours:.1f} s, add_all {wall_peer:.1f} s, "
            f"ratio {wall_peer / wall_ours:.2f}",
            file=sys.stderr,
        )
    for what, pairs in (("wall", walls), ("CPU", cpus)):
        mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"import of {options.rows:,} exchanges against add_all, {what}: "
            f"{mine:.1f} s against {theirs:.1f} s, ratio {theirs / mine:.2f} (floor {FLOOR})"
        )
    print(f"peak memory of the import: {memory} MiB (ceiling {CEILING_MIB})")
    mine, theirs = (statistics.median(column) for column in zip(*cpus, strict=True))
    return 0 if theirs / mine >= FLOOR and memory <= CEILING_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
