"""Databases that already hold many lines, made by SQL in about the time it takes to write them.

The rows are what the ledger would have written for transfers between 5,000 members: gapless sequence
numbers, running balances, cached balances and heads that agree with them, an idempotency key for each
entry. Only the leaf hashes are zero bytes, for nothing here is audited. Every round pairs each account of
the first half with one of the second, shifted by one each round, and each round's transfers go back in the
next: after an even number of rounds every balance is zero.

Guards are dropped while SQLite is filled and made again from their own text; PostgreSQL's are off for the
session that fills.
"""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from secrets import token_bytes

import psycopg
from benchmarks.sample import ACCOUNTS, BRANCH
from psycopg import sql

import timebank
from timebank.clock import Clock
from timebank.ledger.canonical import instant_of

HALF = ACCOUNTS // 2
LINES_OF_ROUND = ACCOUNTS
FIRST_US = 1_420_070_400_000_000
"""2015-01-01T00:00Z; an entry a minute from then on, so that 10 million lines end in 2024."""
ENTRY_US = 60_000_000
CACHE_KIB = 1_000_000

SQLITE_LINES = """(SELECT r.n AS r, p.n AS p, l.n AS l
FROM numbers r CROSS JOIN numbers p CROSS JOIN numbers l
WHERE r.n <= {rounds} AND p.n <= {half} AND l.n <= 2)"""
SQLITE_ENTRIES = """(SELECT r.n AS r, p.n AS p FROM numbers r CROSS JOIN numbers p
WHERE r.n <= {rounds} AND p.n <= {half})"""
POSTGRESQL_LINES = """(SELECT g / (2 * {half}) + 1 AS r, g / 2 % {half} + 1 AS p, g % 2 + 1 AS l
FROM generate_series(0::bigint, 2 * {rounds} * {half} - 1) g)"""
POSTGRESQL_ENTRIES = """(SELECT g / {half} + 1 AS r, g % {half} + 1 AS p
FROM generate_series(0::bigint, {rounds} * {half} - 1) g)"""
"""Rounds, places in a round and lines in the order of the journal, as each engine makes them fastest."""

ACCOUNTS_SQL = """
INSERT INTO account (branch_id, no, path, unit, opened_us, closed_us)
SELECT 1, n, 'member:s' || n || ':available', 'min', {first}, NULL FROM numbers WHERE n <= {accounts};
INSERT INTO account_balance (branch_id, account_no, balance, given, received, version)
SELECT 1, n, 0, 0, 0, {rounds} FROM numbers WHERE n <= {accounts};
INSERT INTO branch_counter (branch_id, noun, last_no) VALUES (1, 'account', {accounts});
"""
POSTINGS_SQL = """
INSERT INTO posting (branch_id, entry_seq, line, account_no, side, amount, account_seq, balance_after)
SELECT 1, (r - 1) * {half} + p, l,
  CASE WHEN (l = 1) = (r % 2 = 1) THEN {half} + 1 + (p + r) % {half} ELSE p END,
  CASE l WHEN 1 THEN 'debit' ELSE 'credit' END,
  15 * (1 + (r - 1) / 2 % 4), r,
  CASE r % 2 WHEN 0 THEN 0 ELSE 15 * (1 + (r - 1) / 2 % 4) * (2 * l - 3) END
FROM {lines};
"""
ENTRIES_SQL = """
INSERT INTO entry (branch_id, seq, kind, cause_kind, cause_ref, step, effective_us, effective_on,
  recorded_us, policy_version, actor, reverses, counts_help, leaf)
SELECT 1, e.seq, 'transfer', 'transfer', CAST(e.seq AS TEXT), 1, e.us, {day}, e.us, 1,
  'coordinator:desk', NULL, 0, {leaf}
FROM (SELECT (r - 1) * {half} + p AS seq, {first} + ((r - 1) * {half} + p) * {step} AS us
  FROM {entries_from}) e;
"""
KEYS_SQL = """
INSERT INTO request_key (branch_id, key, fingerprint, outcome, recorded_us)
SELECT 1, {key}, {leaf}, CAST(seq AS TEXT), recorded_us FROM entry WHERE branch_id = 1 ORDER BY 2;
"""
HEAD_SQL = """
UPDATE branch_head SET entry_seq = {entries}, revision = {entries}, last_us = {last} WHERE branch_id = 1;
"""


class Start(Clock):
    """A clock that stands before the first line."""

    def now(self) -> datetime:
        """Return the first instant."""
        return instant_of(FIRST_US)


def rounds_of(lines: int) -> int:
    """Return how many rounds make about so many lines: an even number, at least two."""
    return max(2, lines // LINES_OF_ROUND // 2 * 2)


def _numbers(rounds: int, **engine: str) -> dict[str, object]:
    entries = rounds * HALF
    return {
        "accounts": ACCOUNTS,
        "half": HALF,
        "rounds": rounds,
        "entries": entries,
        "first": FIRST_US,
        "step": ENTRY_US,
        "last": FIRST_US + entries * ENTRY_US,
        **{name: text.format(rounds=rounds, half=HALF) for name, text in engine.items()},
    }


def found(address: str) -> None:
    """Create the schema and the sample branch."""
    bank = timebank.open(address, clock=Start())
    bank.branches.create(BRANCH, name="Sample branch")
    bank.close()


def key_made(at_ms: int) -> bytes:
    """Return what is kept of a key that a client made at an instant (`timebank.ids.key_of`)."""
    return at_ms.to_bytes(6) + token_bytes(10)


def fill_sqlite(file: Path, lines: int) -> None:
    """Make an SQLite database with so many lines."""
    found(f"sqlite:///{file}")
    rounds = rounds_of(lines)
    said = _numbers(
        rounds,
        day="date(e.us / 1000000, 'unixepoch')",
        leaf="zeroblob(32)",
        key="key_made(recorded_us / 1000)",
        lines=SQLITE_LINES,
        entries_from=SQLITE_ENTRIES,
    )
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.create_function("key_made", 1, key_made)
        run = connection.execute
        guards = run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
            run(f"PRAGMA {pragma}")
        run("BEGIN IMMEDIATE")
        for name, _ in guards:
            run(f"DROP TRIGGER {name}")
        run("CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY)")
        run(
            "INSERT INTO numbers WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up "
            "WHERE n < ?) SELECT n FROM up",
            (max(rounds, ACCOUNTS),),
        )
        for script in (ACCOUNTS_SQL, POSTINGS_SQL, ENTRIES_SQL, KEYS_SQL, HEAD_SQL):
            for statement in script.format(**said).split(";"):
                run(statement)
        for _, text in guards:
            run(text)
        run("DROP TABLE numbers")
        run("COMMIT")
        run("PRAGMA journal_mode = WAL")


def fill_postgresql(address: str, plain: str, lines: int) -> None:
    """Make a PostgreSQL database with so many lines.

    Args:
        address: as timebank takes it.
        plain: the same for the driver; of a superuser, for the guards are off while it fills.
        lines: how many postings, about.
    """
    found(address)
    rounds = rounds_of(lines)
    said = _numbers(
        rounds,
        day="to_char(to_timestamp(e.us / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        leaf="decode(repeat('00', 32), 'hex')",
        key="substr(int8send(recorded_us / 1000), 3) || substr(sha256(int8send(seq)), 1, 10)",
        lines=POSTGRESQL_LINES,
        entries_from=POSTGRESQL_ENTRIES,
    )
    with psycopg.connect(plain) as connection:
        run = connection.execute
        for setting in (
            "session_replication_role = replica",
            "synchronous_commit = off",
            "maintenance_work_mem = '512MB'",
            "work_mem = '256MB'",
        ):
            run(f"SET LOCAL {setting}")
        guards = run(
            "SELECT tgrelid::regclass::text, tgname, CASE tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' "
            "ELSE 'ENABLE' END FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        ).fetchall()
        for table, name, _ in guards:
            switch(connection, table, name, "DISABLE")
        keys = run(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype IN ('p', 'u') AND conrelid IN ('entry'::regclass, 'posting'::regclass, "
            "'request_key'::regclass) AND NOT EXISTS (SELECT 1 FROM pg_constraint AS f "
            "WHERE f.confrelid = pg_constraint.conrelid)"
        ).fetchall()
        for table, name, _ in keys:
            run(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*map(sql.Identifier, (table, name))))
        run(
            f"CREATE TEMP TABLE numbers ON COMMIT DROP AS "
            f"SELECT generate_series(1, {max(rounds, ACCOUNTS)})::bigint AS n"
        )
        for script in (ACCOUNTS_SQL, POSTINGS_SQL, ENTRIES_SQL, KEYS_SQL, HEAD_SQL):
            for statement in script.format(**said).split(";"):
                if statement.strip():
                    run(statement)
        for table, name, text in keys:
            adding = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
            run(adding.format(sql.Identifier(table), sql.Identifier(name), sql.SQL(text)))
        for table, name, state in guards:
            switch(connection, table, name, state)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def switch(connection: "psycopg.Connection[tuple[object, ...]]", table: str, name: str, state: str) -> None:
    """Turn a guard off or on: `DISABLE`, `ENABLE` or `ENABLE ALWAYS`."""
    turning = sql.SQL("ALTER TABLE {} {} TRIGGER {}")
    connection.execute(turning.format(sql.Identifier(table), sql.SQL(state), sql.Identifier(name)))
