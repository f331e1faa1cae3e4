"""A whole country on paper: lines a day, storage and write rate of many branches, from measured figures.

Measures, on both databases, what one exchange costs as people do it (logged by the helper, confirmed by the
other side: a service record, its history, keys, an entry with two lines) and what an entry costs in a batch;
then multiplies. Assumptions are arguments, printed with their sources.

    python -m benchmarks.national [--branches 10000] [--members 200] [--exchanges 500]
"""

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import psycopg
from benchmarks.filled import rounds_of
from benchmarks.lab import Lab, a_lab, for_timebank
from benchmarks.sample import ACCOUNTS, spread
from benchmarks.sqlite_rows import post_batches, use_every_account
from benchmarks.turns import say, seconds_of

import timebank
from timebank.services.bank import Bank

BRANCHES = 10_000
MEMBERS = 200
HOURS_OF_EXCHANGE = 1.5
"""NALC calls a job of one to two hours usual."""
RATES = {
    "quiet (KISS 2019: 15 h a member and year)": 15 / HOURS_OF_EXCHANGE / 12,
    "lively (St. Gallen 2019: 50.7 h a volunteer and year)": 50.7 / HOURS_OF_EXCHANGE / 12,
    "planned for (twice the liveliest)": 2 * 50.7 / HOURS_OF_EXCHANGE / 12,
}
"""Exchanges of a member in a month: hours by the usual length of an exchange."""
REDEEMED = 0.1
"""Share of exchanges that are sponsored in another branch; our assumption, no scheme publishes it."""
ENTRIES_OF_REDEMPTION = 3
"""Hold, charge and settlement at home; the credit at the host is the exchange's own entry."""
PEAK_HOUR = 0.15
"""Share of a day's exchanges in its busiest hour; our assumption: ten busy hours, a peak in the evening."""
DAYS_OF_MONTH = 365.25 / 12
SECONDS_OF_HOUR = 3_600
YEARS = 30
BATCH = 1_000
BATCHES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something costs in a database, indexes included."""

    bytes_each: float
    seconds_each: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a deployment has to carry."""

    exchanges_a_day: float
    lines_a_day: float
    entries_a_second: float
    """In the busiest hour."""
    bytes_a_year: float


def load_of(*, members: int, rate: float, exchange: Cost, entry: Cost) -> Load:
    """Return what so many members lead to, at so many exchanges of a member in a month."""
    exchanges = members * rate / DAYS_OF_MONTH
    more = exchanges * REDEEMED * ENTRIES_OF_REDEMPTION
    stored = exchanges * exchange.bytes_each + more * entry.bytes_each
    return Load(
        exchanges_a_day=exchanges,
        lines_a_day=2 * (exchanges + more),
        entries_a_second=(exchanges + more) * PEAK_HOUR / SECONDS_OF_HOUR,
        bytes_a_year=stored * 365.25,
    )


def exchanged(bank: Bank, size: Callable[[], int], number: int) -> Cost:
    """Measure exchanges as people do them, in a branch of 200 members."""
    bank.branches.create("measured", name="Sample branch")
    joined = datetime.now(UTC).date() - timedelta(days=80)
    members = []
    for no in range(1, MEMBERS + 1):
        added = bank.members.add("measured", name=f"Sample {no}", joined_on=joined)
        members.append(added.member.ref)
    before = size()
    start = datetime.now(UTC) - timedelta(days=70)

    def work() -> None:
        for no in range(number):
            place = no % MEMBERS
            helper, helped = members[place], members[place ^ 1]  # who was helped helps next
            at = start + timedelta(hours=2 * (no // MEMBERS))
            logged = bank.hours.log(
                "measured",
                provider=helper,
                recipient=f"member:{helped}",
                minutes=90,
                kind="shopping",
                start_at=at,
                by=f"member:{helper}",
                key=f"log {no}",
            )
            bank.hours.confirm("measured", logged.record.no, by=f"member:{helped}", key=f"confirm {no}")

    seconds = seconds_of(work)
    return Cost(bytes_each=(size() - before) / number, seconds_each=seconds / number)


def batched(bank: Bank, size: Callable[[], int]) -> Cost:
    """Measure entries in batches of 1,000, each with its key, on accounts that are all in use."""
    use_every_account(bank)
    drawn = list(islice(spread(random.Random(1)), BATCH * BATCHES))
    before = size()
    seconds = seconds_of(lambda: post_batches(bank, drawn, BATCH))
    return Cost(bytes_each=(size() - before) / len(drawn), seconds_each=seconds / len(drawn))


def sqlite(lab: Lab, number: int) -> tuple[Cost, Cost]:
    """Measure both on SQLite."""
    file = lab.filled_sqlite(rounds_of(1) * ACCOUNTS)
    bank = timebank.open(f"sqlite:///{file}")

    def size() -> int:
        bank.store.wipe_log()
        return Path(file).stat().st_size

    costs = exchanged(bank, size, number), batched(bank, size)
    bank.close()
    return costs


def postgresql(lab: Lab, number: int) -> tuple[Cost, Cost]:
    """Measure both on PostgreSQL."""
    address = lab.filled_postgresql(rounds_of(1) * ACCOUNTS)
    bank = timebank.open(for_timebank(address))
    with psycopg.connect(address, autocommit=True) as connection:

        def size() -> int:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            assert row is not None, "a database has a size"
            return int(row[0])

        costs = exchanged(bank, size, number), batched(bank, size)
    bank.close()
    return costs


def main() -> int:
    """Measure, multiply, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--branches", type=int, default=BRANCHES)
    parser.add_argument("--members", type=int, default=MEMBERS, help="of each branch")
    parser.add_argument("--exchanges", type=int, default=500, help="how many to measure")
    options = parser.parse_args()
    with a_lab() as lab:
        measured = {}
        for engine, measure in {"SQLite": sqlite, "PostgreSQL": postgresql}.items():
            say(f"measuring {engine}")
            measured[engine] = measure(lab, options.exchanges)
    print("\n".join(report(measured, branches=options.branches, members=options.members)))
    return 0


def report(measured: dict[str, tuple[Cost, Cost]], *, branches: int, members: int) -> list[str]:
    """Return the tables in Markdown."""
    columns = ("activity", "exchanges a day", "lines a day", "entries/s in the busiest hour", "GB a year")
    lines = [
        "| measured | SQLite | PostgreSQL |",
        "| --- | --- | --- |",
        *(
            _measured_line(measured, what, place)
            for place, what in enumerate(("exchange", "entry in a batch"))
        ),
        "",
        f"{branches:,} branches of {members} members, {branches * members:,} members; PostgreSQL:",
        "",
        f"| {' | '.join(columns)} | TB in {YEARS} years |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    exchange, entry = measured["PostgreSQL"]
    for name, rate in RATES.items():
        load = load_of(members=branches * members, rate=rate, exchange=exchange, entry=entry)
        lines.append(
            f"| {name}: {rate:.1f} a month | {load.exchanges_a_day:,.0f} | {load.lines_a_day:,.0f} | "
            f"{load.entries_a_second:,.1f} | {load.bytes_a_year / 1e9:,.0f} | "
            f"{load.bytes_a_year * YEARS / 1e12:,.1f} |"
        )
    one = load_of(members=members, rate=max(RATES.values()), exchange=exchange, entry=entry)
    own = load_of(
        members=members, rate=max(RATES.values()), exchange=measured["SQLite"][0], entry=measured["SQLite"][1]
    )
    said = f"One branch of {members}, as planned for: {one.exchanges_a_day:,.0f} exchanges a day, "
    lines += ["", said + f"{own.bytes_a_year * YEARS / 1e6:,.0f} MB of SQLite in {YEARS} years."]
    return lines


def _measured_line(measured: dict[str, tuple[Cost, Cost]], what: str, place: int) -> str:
    costs = [measured[engine][place] for engine in ("SQLite", "PostgreSQL")]
    told = [f"{cost.bytes_each:,.0f} bytes, {cost.seconds_each * 1e3:.2f} ms" for cost in costs]
    return f"| {what} | {told[0]} | {told[1]} |"


if __name__ == "__main__":
    sys.exit(main())
