"""Posting on PostgreSQL: against COPY of the same rows, django-hordak, tigerstar and pgbench's TPC-B."""

import asyncio
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median

import psycopg
from benchmarks.environments import HORDAK, TIGERSTAR
from benchmarks.lab import Lab, for_timebank, output_of
from benchmarks.same_rows import Rows, bare_postgresql, copy_postgresql, trips_of
from benchmarks.sample import ACCOUNTS, BRANCH, hot, spread
from benchmarks.sqlite_rows import (
    LINES,
    RUNS,
    RUNS_LONG,
    post_and_copy,
    post_batches,
    post_each,
    use_every_account,
)
from benchmarks.table import Measured
from benchmarks.turns import in_turn, say, seconds_of

import timebank
from timebank.ledger.batch import PostRequest
from timebank.services.bank import Bank
from timebank.storage.round_trip import Prepared, run_together
from timebank.storage.scripts import Steps

PEERS = Path(__file__).parent / "peers"
SINGLES = 500
BATCHES = 4
CALLERS = 32
FEW_CALLERS = 8
SECONDS = 4
ENOUGH = 2_000
"""Requests drawn for each caller and second, outside the measurement; more than any machine posts."""
SCALE = 50
TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


def copy(lab: Lab) -> dict[str, Measured]:
    """Measure `post_many` of 1,000 against COPY."""
    address, other = lab.filled_postgresql(LINES), lab.filled_postgresql(LINES)
    size = lab.sized(1_000, least=50)
    bank = timebank.open(for_timebank(address))
    with closing(bare_postgresql(other)) as writing, psycopg.connect(address, autocommit=True) as reading:
        measured = post_and_copy(
            bank,
            Rows(reading, "%s"),
            lambda each: copy_postgresql(writing, each),
            number=size * BATCHES,
            size=size,
            runs=RUNS,
        )
    bank.close()
    return {"postgresql-copy": measured}


def hordak(lab: Lab) -> dict[str, Measured]:
    """Measure single posts against django-hordak, one client each; in the note eight callers, the driver."""
    command = [lab.environments.python_of(HORDAK), str(PEERS / "hordak_posts.py"), lab.database()]
    output_of([*command, "set-up"])
    address, bare = lab.filled_postgresql(LINES), lab.filled_postgresql(LINES)
    bank = timebank.open(for_timebank(address))
    requests, posted = spread(random.Random(1)), list[PostRequest]()
    number, prepared = lab.sized(SINGLES, least=20), Prepared()

    def alone(_run: int) -> float:
        posted[:] = islice(requests, number)
        return number / seconds_of(lambda: post_each(bank, posted))

    def other(callers: int) -> float:
        return float(output_of([*command, "post", str(max(5, number // callers)), str(callers)]))

    with closing(bare_postgresql(bare)) as writing, psycopg.connect(address, autocommit=True) as reading:
        rows = Rows(reading, "%s")
        copy_postgresql(writing, list(rows.next(use_every_account(bank), ACCOUNTS)))

        def driver(_run: int) -> float:
            trips = trips_of(list(rows.next(posted, 1)))
            return number / seconds_of(lambda: run_all(trips))

        def run_all(trips: list[Steps]) -> None:
            for each in trips:
                run_together(writing, each, prepared)

        mine_alone, theirs_alone, by_driver = in_turn(RUNS, alone, lambda _: other(1), driver)
    seconds = max(1, lab.sized(3))
    mine, theirs = in_turn(
        RUNS,
        lambda _: together(bank, spread, seconds, [], callers=FEW_CALLERS),
        lambda _: other(FEW_CALLERS),
    )
    bank.close()
    note = (
        f"the same rows by the driver alone, in one round trip, without a guard: {median(by_driver):,.0f}/s; "
        f"eight callers in one process: {median(mine):,.0f}/s and {median(theirs):,.0f}/s"
    )
    return {"postgresql-hordak": Measured(ours=mine_alone, other=theirs_alone, unit="/s", note=note)}


def tigerstar(lab: Lab) -> dict[str, Measured]:
    """Measure `post_many` of 1,000 against tigerstar's lists of 1,000."""
    command = [lab.environments.python_of(TIGERSTAR), str(PEERS / "tigerstar_posts.py"), lab.database()]
    output_of([*command, "set-up"])
    bank = timebank.open(for_timebank(lab.filled_postgresql(LINES)))
    use_every_account(bank)
    requests = spread(random.Random(1))
    size = lab.sized(1_000, least=50)

    def ours(_run: int) -> float:
        drawn = list(islice(requests, size * BATCHES))
        return size * BATCHES / seconds_of(lambda: post_batches(bank, drawn, size))

    def other(_run: int) -> float:
        return float(output_of([*command, "post", str(size), "2"]))

    mine, theirs = in_turn(RUNS_LONG, ours, other)
    bank.close()
    return {"postgresql-tigerstar": Measured(ours=mine, other=theirs, unit="/s")}


def callers(lab: Lab) -> dict[str, Measured]:
    """Measure 32 concurrent callers, on one account and spread, against TPC-B with 32 clients.

    They are tasks of one event loop, as the clients of `pgbench` are; 32 threads are in the note.
    """
    pgbench = str(lab.programs / "pgbench")
    tpc_b = lab.database()
    say("filling pgbench's tables")
    output_of([pgbench, "-i", "-q", "-s", str(lab.sized(SCALE)), tpc_b])
    bank = timebank.open(for_timebank(lab.filled_postgresql(LINES)))
    use_every_account(bank)
    seconds = max(1, lab.sized(SECONDS))

    def other(_run: int) -> float:
        asked = ["-n", "-M", "prepared", "-c", str(CALLERS), "-j", "2", "-T", str(seconds)]
        printed = TPS.search(output_of([pgbench, *asked, tpc_b]))
        assert printed is not None, "pgbench says how many transactions it did"
        return float(printed[1])

    waited: dict[str, list[float]] = {"one": [], "all": [], "threads": []}
    one, every, threads, theirs = in_turn(
        RUNS,
        lambda _: as_tasks(bank, hot, seconds, waited["one"]),
        lambda _: as_tasks(bank, spread, seconds, waited["all"]),
        lambda _: together(bank, hot, seconds, waited["threads"]),
        other,
    )
    bank.close()
    notes = {name: f"waits of {waits(each)} ms in the middle and at 99 %" for name, each in waited.items()}
    say(f"callers: {notes}")
    as_threads = f"as 32 threads {median(threads):,.0f}/s, {notes['threads']}"
    return {
        "callers-hot": Measured(ours=one, other=theirs, unit="/s", note=f"{notes['one']}; {as_threads}"),
        "callers-spread": Measured(ours=every, other=theirs, unit="/s", note=notes["all"]),
        "callers-hot-spread": Measured(ours=one, other=every, unit="/s"),
    }


def as_tasks(
    bank: Bank, draw: Callable[[random.Random], Iterator[PostRequest]], seconds: float, waited: list[float]
) -> float:
    """Let tasks of one event loop post through one writer, each waiting for its answer; returns posts/s."""
    drawn = [list(islice(draw(random.Random(number)), round(seconds * ENOUGH))) for number in range(CALLERS)]

    async def call(requests: Iterable[PostRequest], until: float) -> list[float]:
        own: list[float] = []
        for request in requests:
            begun = time.perf_counter()
            if begun >= until:
                break
            await writer.apost(BRANCH, request)
            own.append(time.perf_counter() - begun)
        assert len(own) < seconds * ENOUGH, "enough requests were drawn"
        return own

    async def call_all() -> float:
        begun = time.perf_counter()
        calls = await asyncio.gather(*(call(each, begun + seconds) for each in drawn))
        waited[:] = [one for each in calls for one in each]
        return len(waited) / (time.perf_counter() - begun)

    with bank.writer() as writer:
        return asyncio.run(call_all())


def together(
    bank: Bank,
    draw: Callable[[random.Random], Iterator[PostRequest]],
    seconds: float,
    waited: list[float],
    *,
    callers: int = CALLERS,
) -> float:
    """Let threads post through one writer, each waiting for its answer; returns posts per second."""
    start = threading.Barrier(callers + 1)
    end = threading.Event()

    def call(number: int) -> list[float]:
        requests = draw(random.Random(number))
        own = []
        start.wait()
        while not end.is_set():
            request = next(requests)
            begun = time.perf_counter()
            writer.post(BRANCH, request)
            own.append(time.perf_counter() - begun)
        return own

    with bank.writer() as writer, ThreadPoolExecutor(callers) as pool:
        calls = [pool.submit(call, number) for number in range(callers)]
        start.wait()
        begun = time.perf_counter()
        time.sleep(seconds)
        end.set()
        waited[:] = [one for each in calls for one in each.result()]
        taken = time.perf_counter() - begun
    return len(waited) / taken


def waits(waited: list[float]) -> str:
    """Say the middle and the 99th of 100 of waiting times, in ms."""
    ordered = sorted(waited)
    return " and ".join(f"{ordered[len(ordered) * part // 100] * 1000:.1f}" for part in (50, 99))
