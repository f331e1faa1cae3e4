"""The very rows that ours wrote, for a ceiling to write again: nothing is decided, checked or hashed there.

A ceiling's database starts as a copy of ours and is given the same rows in the same transactions: postings,
headers, idempotency keys, the balances of the accounts they touch, the head. It has no guards, but the same
tables, indexes, keys and foreign keys, and the same durability.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from benchmarks.filled import switch
from sqlalchemy import Engine, update
from sqlmodel import Session

from timebank.ids import key_of
from timebank.ledger.batch import PostRequest
from timebank.storage.columns import Row, table_of
from timebank.storage.driver import balances_saved, in_one, numbered, rows_inserted
from timebank.storage.engine import engine_of, url_of
from timebank.storage.scripts import Steps
from timebank.storage.tables import AccountBalanceRow, BranchHeadRow, EntryRow, PostingRow, RequestKeyRow

Values: TypeAlias = tuple[Any, ...]
KEYS_AT_ONCE = 500
POSTINGS = "SELECT * FROM posting WHERE branch_id = 1 AND entry_seq BETWEEN ? AND ? ORDER BY entry_seq, line"
ENTRIES = "SELECT * FROM entry WHERE branch_id = 1 AND seq BETWEEN ? AND ? ORDER BY seq"
KEYS = "SELECT * FROM request_key WHERE branch_id = 1 AND key IN"
HERE = 1
"""The number of the sample branch."""
PRAGMAS = ("foreign_keys", "synchronous", "secure_delete", "temp_store", "cache_size", "wal_autocheckpoint")
"""Settings of a connection that the ceiling takes over from the ledger's."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction of ours wrote, each table's rows in the order of its columns."""

    postings: list[Values]
    entries: list[Values]
    keys: list[Values]
    balances: list[Values]
    """(balance, given, received, version, branch, account) of each account touched, as it was at the end."""
    head: Values
    """(entry_seq, revision, last_us, branch)."""


class Rows:
    """Reads what ours wrote."""

    def __init__(self, connection: Any, mark: str) -> None:  # noqa: ANN401 - of either driver
        """Read through a driver's connection, whose placeholder is `mark`; what is there is skipped."""
        self.connection = connection
        self.mark = mark
        self.seq, self.revision = self._all(
            "SELECT entry_seq, revision FROM branch_head WHERE branch_id = 1"
        )[0]

    def next(self, requests: Sequence[PostRequest], size: int) -> Iterator[Written]:
        """Yield what was written for requests that were all granted, `size` in each transaction."""
        for start in range(0, len(requests), size):
            yield self._written(requests[start : start + size])

    def _written(self, requests: Sequence[PostRequest]) -> Written:
        first, last = self.seq + 1, self.seq + len(requests)
        self.seq, self.revision = last, self.revision + 1
        postings = self._all(POSTINGS.replace("?", self.mark), (first, last))
        entries = self._all(ENTRIES.replace("?", self.mark), (first, last))
        assert len(entries) == len(requests), "every request was granted, and none before its time"
        recorded = entries[-1][_place(EntryRow, "recorded_us")]
        return Written(
            postings=postings,
            entries=entries,
            keys=list(self._keys(requests)),
            balances=_balances(postings),
            head=(last, self.revision, recorded, HERE),
        )

    def _keys(self, requests: Sequence[PostRequest]) -> Iterator[Values]:
        for start in range(0, len(requests), KEYS_AT_ONCE):
            keys = [key_of(str(each.key)) for each in requests[start : start + KEYS_AT_ONCE]]
            marks = ", ".join([self.mark] * len(keys))
            found = self._all(f"{KEYS} ({marks})", keys)
            by_key = {bytes(row[1]): row for row in found}
            yield from (by_key[key] for key in keys)

    def _all(self, query: str, values: Sequence[object] = ()) -> list[Values]:
        return [tuple(row) for row in self.connection.execute(query, values).fetchall()]


def _place(row: type[Row], column: str) -> int:
    return [each.name for each in table_of(row).columns].index(column)


def _balances(postings: list[Values]) -> list[Values]:
    """Return the last balance of every account touched; transfers count no help."""
    account, seq, after = (
        _place(PostingRow, each) for each in ("account_no", "account_seq", "balance_after")
    )
    last = {row[account]: (row[after], 0, 0, row[seq], HERE, row[account]) for row in postings}
    return list(last.values())


SAVE_BALANCE = (
    "UPDATE account_balance SET balance = ?, given = ?, received = ?, version = ? "
    "WHERE branch_id = ? AND account_no = ?"
)
SAVE_HEAD = "UPDATE branch_head SET entry_seq = ?, revision = ?, last_us = ? WHERE branch_id = ?"


def _insert(row: type[Row]) -> str:
    table = table_of(row)
    return f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608 - our own


INSERT_POSTING, INSERT_ENTRY, INSERT_KEY = (_insert(row) for row in (PostingRow, EntryRow, RequestKeyRow))


def bare_sqlite(file: Path) -> sqlite3.Connection:
    """Open a copy of ours through the driver alone, and take its guards away."""
    connection = sqlite3.connect(file, isolation_level=None)
    engine = engine_of(url_of(f"sqlite:///{file}"))
    with engine.connect() as ours:
        for name in PRAGMAS:
            value = ours.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            connection.execute(f"PRAGMA {name} = {value}")
    engine.dispose()
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def write_sqlite(connection: sqlite3.Connection, written: Sequence[Written]) -> None:
    """Write rows through the driver, each `Written` in a transaction."""
    cursor = connection.cursor()
    for each in written:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(INSERT_POSTING, each.postings)
        cursor.executemany(INSERT_ENTRY, each.entries)
        cursor.executemany(INSERT_KEY, each.keys)
        cursor.executemany(SAVE_BALANCE, each.balances)
        cursor.execute(SAVE_HEAD, each.head)
        cursor.execute("COMMIT")


def bare_engine(file: Path) -> Engine:
    """Open a copy of ours for SQLModel, with the ledger's settings of SQLite and without its guards."""
    bare_sqlite(file).close()
    return engine_of(url_of(f"sqlite:///{file}"))


def write_sqlmodel(engine: Engine, written: Sequence[Written]) -> None:
    """Write rows as an application with SQLModel does: `add_all` of objects, balances by primary key."""
    for each in written:
        with Session(engine) as session:
            for row, values in (
                (PostingRow, each.postings),
                (EntryRow, each.entries),
                (RequestKeyRow, each.keys),
            ):
                names = [column.name for column in table_of(row).columns]
                session.add_all([row(**dict(zip(names, line, strict=True))) for line in values])
            session.flush()
            names = ["balance", "given", "received", "version", "branch_id", "account_no"]
            changed = [dict(zip(names, line, strict=True)) for line in each.balances]
            session.execute(update(AccountBalanceRow), changed)
            head = dict(zip(("entry_seq", "revision", "last_us", "branch_id"), each.head, strict=True))
            session.execute(update(BranchHeadRow), [head])
            session.commit()


SAVE_BALANCES = """
UPDATE account_balance AS b
SET balance = v.balance, given = v.given, received = v.received, version = v.version
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
  AS v (balance, given, received, version, branch_id, account_no)
WHERE b.branch_id = v.branch_id AND b.account_no = v.account_no
"""


def bare_postgresql(address: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """Open a copy of ours through the driver alone, and turn its guards off; foreign keys stay."""
    connection = psycopg.connect(address)
    guards = connection.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
    ).fetchall()
    for table, name in guards:
        switch(connection, table, name, "DISABLE")
    connection.commit()
    return connection


def copy_postgresql(connection: "psycopg.Connection[tuple[Any, ...]]", written: Sequence[Written]) -> None:
    """Write rows by COPY, and the balances by one statement, each `Written` in a transaction."""
    for each in written:
        with connection.cursor() as cursor:
            for table, rows in (
                ("posting", each.postings),
                ("entry", each.entries),
                ("request_key", each.keys),
            ):
                with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            columns = [list(column) for column in zip(*each.balances, strict=True)]
            cursor.execute(SAVE_BALANCES, columns)
            cursor.execute(SAVE_HEAD.replace("?", "%s"), each.head)
        connection.commit()


def trips_of(written: Sequence[Written]) -> list[Steps]:
    """Return statements that write each `Written` in one round trip, with values ready to be sent."""
    return [
        [
            numbered((SAVE_HEAD.replace("?", "%s"), each.head)),
            numbered(
                in_one(
                    [
                        rows_inserted(RequestKeyRow, each.keys),
                        balances_saved(HERE, [(*row[:4], row[5]) for row in each.balances]),
                        rows_inserted(PostingRow, each.postings),
                    ]
                )
            ),
            numbered(rows_inserted(EntryRow, each.entries)),
        ]
        for each in written
    ]
