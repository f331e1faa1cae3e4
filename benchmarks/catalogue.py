"""Every row of the table: what it promises, what it measures, and which measurement gives it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from benchmarks import (
    exchange_rows,
    explain_rows,
    growth_rows,
    log_rows,
    matching_rows,
    million_rows,
    national_rows,
    page_rows,
    plan_rows,
    postgresql_rows,
    program_rows,
    service_rows,
    sqlite_rows,
)
from benchmarks.lab import Lab
from benchmarks.table import Better, Measured, Missing, Row

Measure: TypeAlias = Callable[[Lab], Mapping[str, Measured | Missing]]

SAME_ROWS = "the very rows that ours wrote (postings, header, key, balances, head), without guards"
WARM = "A million lines and 5,000 accounts, each used once before."


@dataclass(frozen=True, slots=True)
class Measurement:
    """Rows that one measurement gives; it runs if any of them is asked for."""

    measure: Measure
    rows: tuple[Row, ...]


SQLITE_SINGLE = Row(
    name="sqlite-single",
    work="single post, SQLite, synchronous FULL",
    against="the driver, same rows",
    floor=0.5,
    aim=0.7,
    if_missed="Above the driver: deciding, hashing, the guards.",
    measures=f"Posts per second, each committed; against `sqlite3` writing {SAME_ROWS}, each entry in a "
    f"transaction. {WARM}",
)
SQLITE_BATCH = Row(
    name="sqlite-batch",
    work="`post_many` 1,000, SQLite",
    against="the driver, same rows",
    floor=0.5,
    aim=0.65,
    if_missed="Half of a post's CPU time is SQLite's own; a third is deciding, canonical text and hash in "
    "Python, the rest the guards.",
    measures=f"Posts per second in batches of 1,000; against `sqlite3` writing {SAME_ROWS}, each batch in a "
    f"transaction. {WARM}",
)
ONCE_COMMITTED = (
    "A batch of 1,000 changes some 2,900 pages, which COMMIT writes whoever made them; a third of the rest "
    "is deciding, canonical text and hash in Python."
)
ADD_ALL = tuple(
    Row(
        name=f"sqlite-add-all-{size}",
        work=f"`post_many` {size:,}, SQLite",
        against="SQLModel `add_all`",
        floor=floor,
        aim=aim,
        if_missed=if_missed,
        measures=f"Posts per second in batches of {size:,}; against `session.add_all` of objects for "
        f"{SAME_ROWS}, balances by SQLAlchemy's bulk update. {WARM}",
    )
    for size, floor, aim, if_missed in (
        (1_000, 3.5, 4.7, ONCE_COMMITTED),
        (
            10_000,
            5,
            8,
            "As `sqlite-add-all-1000`; each page is then written once for ten times as many posts.",
        ),
    )
)
CALLERS = (
    Row(
        name="callers-hot",
        work="32 callers, one hot account, PostgreSQL",
        against="TPC-B, 32 clients",
        floor=1.5,
        aim=3,
        if_missed="Half of a post's time is the server's, with the guards; the other half is one process of "
        "Python that decides, hashes and answers, and hardly does so while the server works: batches of 32 "
        "leave nobody to decide for.",
        measures="Posts per second of 32 tasks of one process, each waiting for its answer from one "
        "`bank.writer()`, every post touching the same account; against `pgbench -M prepared -c 32 -j 2` at "
        f"scale 50 on the same server, whose clients are no Python. {WARM}",
    ),
    Row(
        name="callers-spread",
        work="32 callers, accounts spread, PostgreSQL",
        against="TPC-B, 32 clients",
        floor=1.5,
        aim=3,
        if_missed="As `callers-hot`.",
        measures="As `callers-hot`, between any two accounts.",
    ),
    Row(
        name="callers-hot-spread",
        work="32 callers, one hot account, PostgreSQL",
        against="ours, accounts spread",
        floor=0.9,
        aim=1,
        if_missed="Noise: both do the same work.",
        measures="The first of the two rows above by the second.",
    ),
)
COPY = Row(
    name="postgresql-copy",
    work="`post_many` 1,000, PostgreSQL",
    against="COPY, same rows",
    floor=0.5,
    aim=0.7,
    if_missed="The guards look at every line once more inside the server, and the ceiling has none; "
    "deciding and hashing come on top.",
    measures=f"Posts per second in batches of 1,000; against psycopg's COPY of {SAME_ROWS}, foreign keys "
    f"as they are, balances by one UPDATE from arrays. {WARM}",
)
HORDAK = Row(
    name="postgresql-hordak",
    work="single post, PostgreSQL",
    against="django-hordak 2.0",
    floor=3,
    aim=5,
    if_missed="The driver alone, sending the same rows ready-made in one round trip to a database without "
    "guards, is three to four times as fast as hordak (the note below says how fast); the "
    "guards and deciding come on top.",
    measures="Posts per second of one client each, every post committed; against a Transaction with two Legs "
    "in `transaction.atomic()`, in tables that begin empty, with 200 accounts. No key, no limits, no stored "
    "balance there. The note is no part of the row: eight threads in one process, ours through "
    f"`bank.writer()`. Ours: {WARM}",
)
TIGERSTAR = Row(
    name="postgresql-tigerstar",
    work="`post_many` 1,000, PostgreSQL",
    against="tigerstar 0.1.1",
    floor=12,
    aim=18,
    if_missed="The guards inside the server, and the checks of a ledger that tigerstar has not.",
    measures="Posts per second in batches of 1,000; against `create_transfers` of 1,000, in tables that "
    f"begin empty, with 5,000 accounts. Ours: {WARM}",
)
AUDITS = tuple(
    Row(
        name=f"audit-{name}",
        work="full audit of 1M exchanges",
        against=against,
        floor=floor,
        aim=aim,
        if_missed="Half of it is the fold: SQLite writing columns as text, every entry's canonical text "
        "built and hashed again, every line compared with its running balance. A fifth is the check of the "
        "file's pages. The other reads and sums.",
        measures=f"Seconds of `timebank audit` from the first entry on, SQLite, the whole process; against "
        f"{command} of our own export of the same branch. The other takes minutes and runs once, between "
        "runs of ours.",
    )
    for name, against, command, floor, aim in (
        ("hledger", "hledger check", "`hledger check`", 20, 49),
        ("beancount", "bean-check", "`bean-check --no-cache`", 30, 89),
    )
)
PAGES = tuple(
    Row(
        name=f"page-{engine.lower()}",
        work=f"statement page at 10M lines, {engine}",
        against="the bare query",
        floor=2,
        aim=1.3,
        better=Better.LOWER,
        if_missed="Both ask once, for the same rows. A use case takes a connection from the pool and builds "
        "fifty values of ten fields; the bare query gives tuples on a connection that is open.",
        measures="Median time of `bank.statements.page` of 50 lines, the newest or from the middle of any of "
        "5,000 accounts; against one statement through the driver that returns everything the page shows, on "
        "an open connection.",
    )
    for engine in ("SQLite", "PostgreSQL")
)
MEMORY = tuple(
    Row(
        name=f"memory-{work}",
        work=f"peak memory, {work} of 1M exchanges",
        against="–",
        floor=400,
        aim=200,
        better=Better.LOWER,
        measures=f"Peak resident memory of the whole process, {said}, SQLite.",
    )
    for work, said in (("import", "`timebank import exchanges`, once"), ("audit", "`timebank audit`"))
)
GROWTH = {
    engine: tuple(
        Row(
            name=f"growth-{work}-{engine.lower()}",
            work=f"time of {said}, 10M lines, {engine}",
            against="ours at 100k lines",
            floor=1.3,
            aim=1.3,
            better=Better.LOWER,
            if_missed="At 10 million lines each line falls on a page of its own of the index by account, and "
            "each key on one of the keys: several times the pages to write of the small database.",
            measures=f"Milliseconds for {said} between any two of 5,000 accounts, all used before, after 30 "
            "batches of 1,000. Every tenth batch or so also carries SQLite's log over, which the means show.",
        )
        for work, said in (("batch", "`post_many` 1,000"), ("single", "a single post"))
    )
    for engine in ("SQLite", "PostgreSQL")
}
IMPORT = Row(
    name="import",
    work="import of 20,000 exchanges, SQLite",
    against="SQLModel `add_all`",
    floor=3,
    aim=3,
    measures="Seconds from the report to the commit; against `session.add_all` of the finished rows in "
    "batches of 1,000, without guards (`benchmarks/import_speed.py`).",
)
EXPORT = Row(
    name="export",
    work="peak memory, exports and restore of 100k exchanges",
    against="–",
    floor=150,
    aim=150,
    better=Better.LOWER,
    measures="Highest peak of every export of a branch and of its restore (`benchmarks/export_speed.py`).",
)
STARTUP = Row(
    name="startup",
    work="`timebank --help`",
    against="importing its libraries",
    floor=2,
    aim=2,
    better=Better.LOWER,
    measures="Seconds of the process; against a process that imports typer, rich and sqlmodel "
    "(`benchmarks/startup.py`).",
)
LOG_APPEND = Row(
    name="log-append",
    work="the log's tree grows by 100k entries",
    against="pymerkle, in memory",
    floor=5,
    aim=5,
    measures="Seconds for leaves, tiles, root, in batches of 1,000; against pymerkle's `append_entry`.",
)
LOG_POST = Row(
    name="log-post",
    work="`post_many` of 1,000 on SQLite, into a million lines",
    against="the same without the log",
    floor=1.1,
    aim=1.1,
    better=Better.LOWER,
    measures="Seconds of four batches; against batches in a like database, by turns, that write 32 zero "
    "bytes for the leaf hash, without the entry's text, and let no tile grow.",
)
LOG_PROOF = Row(
    name="log-proof",
    work="an inclusion and a consistency proof, a million entries",
    against="a ceiling",
    floor=5,
    aim=5,
    better=Better.LOWER,
    measures="Milliseconds for both, of entries and older sizes by chance; each is read from SQLite anew.",
)
VERIFY_COLD = Row(
    name="verify-cold",
    work="a process that verifies a receipt of three entries",
    against="1.5 × importing cryptography, and 20 ms",
    floor=1,
    aim=1,
    better=Better.LOWER,
    measures="Seconds of the process, from the file `verifier.py`; against 1.5 times those of a process "
    "that imports cryptography, and 20 ms.",
    if_missed="Importing `cryptography` alone loads none of its algorithms: Ed25519 takes as long again as "
    "the interpreter, JSON and hashes a little more, and a file that is run is compiled each time.",
)

SERVICE_COSTS = (
    Row(
        name="service-log",
        work="logging an hour over HTTP, SQLite",
        against="a route that does nothing",
        floor=4,
        aim=4,
        better=Better.LOWER,
        measures="The server's CPU time for a request, asked one after another: `POST /v1/hours`, committed; "
        "against `GET /health/live` of the same process.",
    ),
    Row(
        name="service-balance",
        work="reading a balance over HTTP, SQLite",
        against="a route that does nothing",
        floor=2,
        aim=2,
        better=Better.LOWER,
        measures="The same for `GET /v1/me/balance`.",
    ),
)
SERVICE_LOAD = (
    Row(
        name="service-rate",
        work="hours logged by 32 connections, SQLite",
        against="a bare Litestar route, same rows",
        floor=0.6,
        aim=0.6,
        measures="Requests per second, one process, synchronous FULL; against a route that asks for no token "
        "and looks nothing up, and writes the rows through `sqlite3` (`benchmarks/bare_service.py`).",
    ),
    Row(
        name="service-tail",
        work="slowest hundredth by the middle, 32 connections",
        against="–",
        floor=10,
        aim=10,
        better=Better.LOWER,
        measures="The 99th percentile of the time to an answer, by its median, while they log hours.",
    ),
)

CANDIDATES = tuple(
    Row(
        name=f"match-candidates-{size // 1_000}k",
        work=f"candidates, {size:,} requests, {3 * size:,} helpers",
        against="a double loop in Python",
        floor=floor,
        aim=aim,
        better=Better.LOWER,
        measures="Seconds from requests and helpers to all pairs that no rule keeps apart "
        "(`benchmarks/matching_world.py`); against a loop over ready-made tuples that compares the kind, "
        f"then the distance, then asks the rules{scaled}. Both find the same pairs.",
    )
    for size, floor, aim, scaled in (
        (1_000, 0.15, 0.08, ""),
        (10_000, 0.03, 0.013, ", for one request in ten, its time times ten"),
    )
)

MATCH_EXCHANGE = Row(
    name="match-exchange",
    work="time exchange, 1,000 members: by priority",
    against="ours, finding the most there is",
    floor=50,
    aim=10,
    better=Better.LOWER,
    measures="Time to choose, among all exchanges that move the most minutes, the one that serves members "
    "best in their order; against finding one that moves the most (`benchmarks/exchange_rows.py`).",
)
OPTIMA = tuple(
    Row(
        name=f"match-optimum-{size // 1_000}k",
        work=f"the best plan, {size:,} requests",
        against="OR-Tools SimpleMinCostFlow, CPU",
        floor=floor,
        aim=aim,
        better=Better.LOWER,
        measures="Seconds of CPU time from columns of candidates to the plan, its proof checked, in plain "
        "Python; against OR-Tools from arrays to the arcs that are used, in C++. A helper takes one request. "
        "Both serve as many requests for as many points; ours also breaks every tie the same way.",
    )
    for size, floor, aim in ((10_000, 1.2, 0.8), (100_000, 0.8, 0.5))
)
INSERTION = Row(
    name="match-insert",
    work="one request more among 100,000",
    against="the whole plan anew",
    floor=20_000,
    aim=100_000,
    if_missed="Most of it is reading and sorting the request's own candidates.",
    measures="Median CPU time of `Matching.insert` over the last thousand requests; as a speed, against "
    "`solve` of all. The plan is the same in the end.",
)
CONFLICTS = Row(
    name="match-conflicts",
    work="a plan with times, 10,000 requests, what is missing",
    against="–",
    floor=1_000,
    aim=500,
    better=Better.LOWER,
    measures="What a plan is worth less, in millionths, than the bound of a linear program with a row for "
    "each largest set of requests that overlap, by HiGHS: twice the most points for each request served, and "
    "the points. A third of the helpers, with as many visits as they have left.",
)
FAIRNESS = Row(
    name="match-fairness",
    work="loads more even, 1,000 requests",
    against="–",
    floor=30,
    aim=35,
    measures="By how much the Gini coefficient of loads falls, over all who are candidates, at the cost of a "
    "load that takes at most 2.5 % of the points and no request. A third of the helpers, up to six requests "
    "each.",
)
MATCH_EXPLAIN = Row(
    name="match-explain",
    work="explaining a plan, 10,000 requests",
    against="ours, finding the plan",
    floor=1.0,
    aim=0.5,
    better=Better.LOWER,
    measures="Time to say of every request who is suggested, by which terms, at which rank and why not the "
    "first choice, or what keeps everybody away and which single change would serve it; against solving the "
    "same candidates.",
)

NATIONAL = Row(
    name="match-national",
    work="a plan for 100,000 requests, 300,000 helpers",
    against="reading them from SQLite",
    floor=25,
    aim=16,
    better=Better.LOWER,
    if_missed="A third is making values of what the rows say, each checked as it was when it was written; as "
    "much is the first plan, whose six million candidates are whole numbers of Python. Some visits do not "
    "find their time at first, but only what that changes is planned again.",
    measures="CPU seconds of a process from opening the file to the plan, times arranged and everything "
    "explained; against `SELECT *` of the same tables through `sqlite3` into a list. One branch, some 2 "
    "million rows.",
)

CATALOGUE: Final = (
    Measurement(program_rows.starting, (STARTUP,)),
    Measurement(sqlite_rows.single, (SQLITE_SINGLE,)),
    Measurement(sqlite_rows.batch, (SQLITE_BATCH,)),
    Measurement(sqlite_rows.add_all, ADD_ALL),
    Measurement(postgresql_rows.callers, CALLERS),
    Measurement(postgresql_rows.copy, (COPY,)),
    Measurement(postgresql_rows.hordak, (HORDAK,)),
    Measurement(postgresql_rows.tigerstar, (TIGERSTAR,)),
    Measurement(million_rows.million, (*AUDITS, *MEMORY)),
    Measurement(program_rows.importing, (IMPORT,)),
    Measurement(program_rows.exporting, (EXPORT,)),
    Measurement(exchange_rows.exchanging, (MATCH_EXCHANGE,)),
    Measurement(explain_rows.explaining, (MATCH_EXPLAIN,)),
    Measurement(log_rows.appending, (LOG_APPEND,)),
    Measurement(log_rows.posting, (LOG_POST,)),
    Measurement(log_rows.proving, (LOG_PROOF,)),
    Measurement(log_rows.verifying, (VERIFY_COLD,)),
    Measurement(service_rows.costs, SERVICE_COSTS),
    Measurement(service_rows.load, SERVICE_LOAD),
    Measurement(page_rows.on_sqlite, PAGES[:1]),
    Measurement(page_rows.on_postgresql, PAGES[1:]),
    Measurement(growth_rows.on_sqlite, GROWTH["SQLite"]),
    Measurement(growth_rows.on_postgresql, GROWTH["PostgreSQL"]),
    Measurement(matching_rows.candidates(1_000), CANDIDATES[:1]),
    Measurement(matching_rows.candidates(10_000), CANDIDATES[1:]),
    Measurement(plan_rows.optimum(10_000), OPTIMA[:1]),
    Measurement(plan_rows.optimum(100_000), OPTIMA[1:]),
    Measurement(plan_rows.inserting(100_000), (INSERTION,)),
    Measurement(plan_rows.conflicts, (CONFLICTS,)),
    Measurement(plan_rows.fairness, (FAIRNESS,)),
    Measurement(national_rows.national, (NATIONAL,)),
)
