"""Growth: the time of a post on 10 million lines against the time on 100 thousand."""

import random
from collections.abc import Callable, Sequence
from itertools import islice
from statistics import mean

from benchmarks.lab import Lab, for_timebank
from benchmarks.sample import spread
from benchmarks.sqlite_rows import post_batches, post_each, use_every_account
from benchmarks.table import Measured
from benchmarks.turns import in_turn, seconds_of

import timebank
from timebank.services.bank import Bank

MANY = 10_000_000
FEW = 100_000
WARM_UP = 30
"""Batches posted first: a server logs whole each page that it touches for the first time since a checkpoint,
and copying the database made one. The small database has `FEW` lines after them."""
AT_FIRST = FEW - WARM_UP * 1_000 * 2
SINGLES = 100
RUNS = 9
"""Few posts each: the small database should stay small."""


def on_sqlite(lab: Lab) -> dict[str, Measured]:
    """Measure growth on SQLite."""
    files = [lab.filled_sqlite(lines) for lines in (MANY, AT_FIRST)]
    found = _grown(lab, [f"sqlite:///{file}" for file in files], "sqlite")
    for file in files:
        file.unlink()
    return found


def on_postgresql(lab: Lab) -> dict[str, Measured]:
    """Measure growth on PostgreSQL."""
    addresses = [for_timebank(lab.filled_postgresql(lines)) for lines in (MANY, AT_FIRST)]
    return _grown(lab, addresses, "postgresql")


def _grown(lab: Lab, addresses: list[str], engine: str) -> dict[str, Measured]:
    banks = [timebank.open(address) for address in addresses]
    size, singles = lab.sized(1_000, least=50), lab.sized(SINGLES, least=10)
    for bank in banks:
        use_every_account(bank)
        post_batches(bank, list(islice(spread(random.Random(3)), WARM_UP * size)), size)
    many, few = in_turn(RUNS, *(_batches(bank, size) for bank in banks))
    many_single, few_single = in_turn(RUNS, *(_singles(bank, singles) for bank in banks))
    for bank in banks:
        bank.close()
    return {
        f"growth-batch-{engine}": _measured(many, few),
        f"growth-single-{engine}": _measured(many_single, few_single),
    }


def _measured(many: Sequence[float], few: Sequence[float]) -> Measured:
    note = f"means, with what some runs did for others: {mean(many):.2f} and {mean(few):.2f} ms"
    return Measured(ours=many, other=few, unit="ms", note=note)


def _batches(bank: Bank, size: int) -> Callable[[int], float]:
    requests = spread(random.Random(1))

    def milliseconds(_run: int) -> float:
        drawn = list(islice(requests, size))
        return seconds_of(lambda: post_batches(bank, drawn, size)) * 1_000

    return milliseconds


def _singles(bank: Bank, number: int) -> Callable[[int], float]:
    requests = spread(random.Random(2))

    def milliseconds(_run: int) -> float:
        drawn = list(islice(requests, number))
        return seconds_of(lambda: post_each(bank, drawn)) * 1_000 / number

    return milliseconds
