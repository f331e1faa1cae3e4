"""Posting on SQLite: against the driver writing the same rows, and against SQLModel's `add_all` of them."""

import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from benchmarks.lab import Lab
from benchmarks.same_rows import (
    Rows,
    Written,
    bare_engine,
    bare_sqlite,
    write_sqlite,
    write_sqlmodel,
)
from benchmarks.sample import ACCOUNTS, AMOUNTS, BRANCH, NUMBERS, request_between, spread
from benchmarks.table import Measured
from benchmarks.turns import in_turn, seconds_of

import timebank
from timebank.ledger.batch import Posted, PostRequest
from timebank.services.bank import Bank

LINES = 1_000_000
RUNS = 5
RUNS_LONG = 3
SINGLES = 500
BATCHES = 4
Write = Callable[[Sequence[Written]], None]


def use_every_account(bank: Bank) -> list[PostRequest]:
    """Let every account pay or be paid once, as after some time; returns what was asked."""
    mark = next(NUMBERS)
    requests = [request_between(no, no + 1, AMOUNTS[0], f"first {mark} {no}") for no in range(1, ACCOUNTS, 2)]
    post_batches(bank, requests, len(requests))
    return requests


def post_each(bank: Bank, requests: Sequence[PostRequest]) -> None:
    """Post requests one by one, each in a transaction of its own."""
    for request in requests:
        bank.entries.post(BRANCH, request)


def post_batches(bank: Bank, requests: Sequence[PostRequest], size: int) -> None:
    """Post requests in batches; all are granted."""
    for start in range(0, len(requests), size):
        results = bank.entries.post_many(BRANCH, requests[start : start + size])
        assert all(isinstance(each, Posted) for each in results), "nothing of the sample is refused"


def single(lab: Lab) -> dict[str, Measured]:
    """Measure single posts against the driver."""
    with _two(lab) as (file, other), closing(bare_sqlite(other)) as connection:
        return {
            "sqlite-single": compared(
                file, lambda each: write_sqlite(connection, each), lab.sized(SINGLES, least=20), 1, RUNS
            )
        }


def batch(lab: Lab) -> dict[str, Measured]:
    """Measure `post_many` of 1,000 against the driver."""
    with _two(lab) as (file, other), closing(bare_sqlite(other)) as connection:
        size = lab.sized(1_000, least=50)
        return {
            "sqlite-batch": compared(
                file, lambda each: write_sqlite(connection, each), size * BATCHES, size, RUNS
            )
        }


def add_all(lab: Lab) -> dict[str, Measured]:
    """Measure `post_many` of 1,000 and of 10,000 against SQLModel."""
    found = {}
    with _two(lab) as (file, other):
        engine = bare_engine(other)
        for name, whole in (("sqlite-add-all-1000", 1_000), ("sqlite-add-all-10000", 10_000)):
            size = lab.sized(whole, least=50)
            found[name] = compared(file, lambda each: write_sqlmodel(engine, each), size, size, RUNS_LONG)
        engine.dispose()
    return found


@contextmanager
def _two(lab: Lab) -> Iterator[tuple[Path, Path]]:
    """Make two copies of a database with a million lines."""
    files = lab.filled_sqlite(LINES), lab.filled_sqlite(LINES)
    yield files
    for file in files:
        file.unlink()


def compared(file: Path, write: Write, number: int, size: int, runs: int) -> Measured:
    """Post `number` requests a run, `size` in each transaction; then let the other write the same rows."""
    bank = timebank.open(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as reading:
        measured = post_and_copy(bank, Rows(reading, "?"), write, number=number, size=size, runs=runs)
    bank.close()
    return measured


def post_and_copy(bank: Bank, rows: Rows, write: Write, *, number: int, size: int, runs: int) -> Measured:
    """Post through a bank and let the other write the same rows, in turn; returns entries per second.

    Every account has been used once before, on both sides.
    """
    requests = spread(random.Random(number))
    write(list(rows.next(use_every_account(bank), ACCOUNTS)))
    waiting: list[list[PostRequest]] = []

    def ours(_run: int) -> float:
        drawn = list(islice(requests, number))
        waiting.append(drawn)
        if size == 1:
            return number / seconds_of(lambda: post_each(bank, drawn))
        return number / seconds_of(lambda: post_batches(bank, drawn, size))

    def other(_run: int) -> float:
        written = list(rows.next(waiting.pop(), size))
        return number / seconds_of(lambda: write(written))

    mine, theirs = in_turn(runs, ours, other)
    return Measured(ours=mine, other=theirs, unit="/s")
