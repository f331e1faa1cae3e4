"""A page of 50 lines of an account at 10 million lines: the use case against the bare query of that page."""

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from statistics import median
from typing import Any

import psycopg
from benchmarks.lab import Lab, for_timebank
from benchmarks.sample import ACCOUNTS, BRANCH, path_of
from benchmarks.table import Measured
from benchmarks.turns import in_turn

import timebank

LINES = 10_000_000
RUNS = 5
PAGES = 300
LIMIT = 50
BARE = """
SELECT p.account_seq, p.side, p.amount, p.balance_after, e.seq, e.effective_on, e.recorded_us, e.kind,
  e.cause_kind, e.cause_ref, e.reverses, r.seq, a.path
FROM (SELECT * FROM posting WHERE branch_id = 1 AND account_seq < ? AND account_no =
    (SELECT no FROM account WHERE branch_id = 1 AND path = ? AND unit = 'min')
  ORDER BY account_seq DESC LIMIT 50) AS p
JOIN entry AS e ON e.branch_id = 1 AND e.seq = p.entry_seq
LEFT JOIN entry AS r ON r.branch_id = 1 AND r.reverses = e.seq
LEFT JOIN posting AS o ON o.branch_id = 1 AND o.entry_seq = p.entry_seq AND o.account_no <> p.account_no
LEFT JOIN account AS a ON a.branch_id = 1 AND a.no = o.account_no
ORDER BY p.account_seq DESC, o.line
"""
"""Everything that a page shows, in one statement: lines, headers, reversals, the other accounts.

It is as good as we know how to write it, and the driver prepares it: the same rows, one round trip each.
"""
END = 2**62


def on_sqlite(lab: Lab) -> dict[str, Measured]:
    """Measure pages on SQLite."""
    file = lab.filled_sqlite(LINES, to_change=False)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        measured = _compared(lab, f"sqlite:///{file}", _asked(connection, BARE))
    return {"page-sqlite": measured}


def on_postgresql(lab: Lab) -> dict[str, Measured]:
    """Measure pages on PostgreSQL."""
    address = lab.filled_postgresql(LINES, to_change=False)
    with psycopg.connect(address, autocommit=True) as connection:
        measured = _compared(lab, for_timebank(address), _asked(connection, BARE.replace("?", "%s")))
    return {"page-postgresql": measured}


def _asked(connection: Any, query: str) -> Callable[[int, int | None], object]:  # noqa: ANN401 - of either driver
    def ask(no: int, before: int | None) -> object:
        return connection.execute(query, (before or END, path_of(no))).fetchall()

    return ask


def _compared(lab: Lab, address: str, ask: Callable[[int, int | None], object]) -> Measured:
    """Ask for the newest page of any account, or for one from the middle, each side for others."""
    bank = timebank.open(address)
    number = lab.sized(PAGES, least=20)
    middle = LINES // ACCOUNTS // 2 if lab.scale >= 1 else None
    chance = random.Random(1)

    def milliseconds(work: Callable[[int, int | None], object]) -> float:
        taken = []
        for _ in range(number):
            no, before = chance.randint(1, ACCOUNTS), chance.choice((None, middle))
            started = time.perf_counter()
            work(no, before)
            taken.append((time.perf_counter() - started) * 1_000)
        return median(taken)

    def page(no: int, before: int | None) -> object:
        return bank.statements.page(BRANCH, path_of(no), before=before, limit=LIMIT)

    mine, theirs = in_turn(RUNS, lambda _: milliseconds(page), lambda _: milliseconds(ask))
    bank.close()
    return Measured(ours=mine, other=theirs, unit="ms")
