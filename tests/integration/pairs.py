"""The same rows in SQLite and in PostgreSQL, for the same plain SQL."""

import re
import sqlite3
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors

ACCOUNTS = ("min", "min", "min", "svc", "svc")
"""The units of the accounts 1 to 5 of each of two branches."""
ENTRY_COLUMNS = 15
POSTING_COLUMNS = 8
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two databases with the same rows; whatever is run in them is undone."""

    sqlite: sqlite3.Connection
    postgresql: "psycopg.Connection[tuple[object, ...]]"

    def said(self, *statements: str) -> tuple[str | None, str | None]:
        """Run statements in both; returns what SQLite's guard says and what PostgreSQL's does."""
        return self.said_by_sqlite(*statements), self.said_by_postgresql(*statements)

    def said_by_sqlite(self, *statements: str) -> str | None:
        """Run statements on SQLite; returns the guard's words, None if it let them pass."""
        self.sqlite.execute("BEGIN")
        try:
            for statement in statements:
                self.sqlite.execute(statement)
        except sqlite3.IntegrityError as error:
            return words(error)
        finally:
            self.sqlite.execute("ROLLBACK")
        return None

    def said_by_postgresql(self, *statements: str) -> str | None:
        """Run statements on PostgreSQL; returns the guard's words, None if it let them pass."""
        try:
            with self.postgresql.transaction(force_rollback=True):
                for statement in statements:
                    self.postgresql.execute(statement)
        except (errors.RaiseException, errors.IntegrityError) as error:
            return words(error)
        return None


def words(error: Exception) -> str:
    """Return a guard's words, or `key` for what is a matter of keys, checks and references."""
    found = re.search(r"I-[0-9]+: [a-z0-9_ ,'-]+", str(error))
    return "key" if found is None or "replaced" in found.group() else found.group()


def journal(*entries: tuple[int, int, int, int]) -> tuple[Rows, Rows]:
    """Return postings and headers of entries given as (branch, debited, credited, amount).

    The accounts of the two sides have to be of one unit.
    """
    last: dict[int, int] = {}
    state: dict[tuple[int, int], tuple[int, int]] = {}
    postings: Rows = []
    headers: Rows = []
    for branch, debited, credited, amount in entries:
        seq = last[branch] = last.get(branch, 0) + 1
        for line, (account, side) in enumerate(((debited, "debit"), (credited, "credit")), 1):
            version, balance = state.get((branch, account), (0, 0))
            balance += amount if side == "credit" else -amount
            state[branch, account] = version + 1, balance
            postings.append((branch, seq, line, account, side, amount, version + 1, balance))
        headers.append((branch, seq, *header_of(seq)))
    return postings, headers


def header_of(seq: int) -> tuple[Any, ...]:
    """Return the rest of a header, as plain as it can be."""
    who = "coordinator:desk"
    return ("transfer", "transfer", str(seq), 0, 0, "2026-01-01", 0, 1, who, None, 0, b"leaf", None)


BEGINNING = ((1, 1, 2, 60), (1, 2, 3, 15), (2, 1, 2, 30))
RECORD = (
    "1, 1, 'm1', 'm2', 'tea', 'phone', 0, 6, 6, NULL, 'min', 'logged', 'provider', 'member:m1', 1, NULL, 0"
)
REDEMPTION = "1, 1, 'm1', 1, 'nantes', 'm2', 'shopping', 'phone', 0, 6, 6, 'asked', 1, NULL, NULL, NULL, 9, 0"
PREPARE = (
    "INSERT INTO branch VALUES (1, 'lille', 'Lille', 'UTC', 0), (2, 'nantes', 'Nantes', 'UTC', 0)",
    "INSERT INTO branch_head (branch_id, entry_seq) VALUES (1, 2), (2, 1)",
    *(
        f"INSERT INTO account VALUES ({branch}, {no}, 'fund:f{no}', '{unit}', 0, NULL)"
        for branch in (1, 2)
        for no, unit in enumerate(ACCOUNTS, 1)
    ),
    "INSERT INTO hold VALUES (1, 1, 'm1', 60, 'pending', 9, 'redemption', '1', 0)",
    "INSERT INTO hold VALUES (1, 2, 'm1', 60, 'captured', 9, 'redemption', '2', 30)",
    "INSERT INTO account_balance VALUES (1, 1, 0, 0, 0, 0)",
    "INSERT INTO member VALUES (1, 'm1', 'person', '2026-01-01', NULL, NULL)",
    f"INSERT INTO service_record VALUES ({RECORD})",
    "INSERT INTO service_event VALUES (1, 1, 1, 'logged', 'member:m1', 60, NULL, 0)",
    "INSERT INTO request_key VALUES (1, 'a', 'b', 'c', 0, NULL)",
    "INSERT INTO policy_version VALUES (1, 1, '2026-01-01', 0, 'coordinator:desk', '', 'f')",
    "INSERT INTO import_batch VALUES (1, 1, 'generic', 'file', 1, 0, 'coordinator:desk', 0)",
    "INSERT INTO account_limit VALUES (1, 1, 1, 0, NULL, NULL, NULL, NULL, 'coordinator:desk', NULL, 0)",
    "INSERT INTO account_override VALUES (1, 1, 1, NULL, NULL, 9, 'coordinator:desk', 1, 0)",
    "INSERT INTO beneficiary VALUES (1, 1, 'm1', 'mother', 'nantes', 'm2', NULL, NULL, NULL)",
    "INSERT INTO beneficiary_event VALUES (1, 1, 1, 'nantes', 'asked', 'member:m1', NULL, 0)",
    f"INSERT INTO redemption VALUES ({REDEMPTION})",
    "INSERT INTO redemption_event VALUES (1, 1, 1, 'nantes', 'asked', 'member:m1', 60, NULL, 0)",
    "INSERT INTO outbox VALUES (1, 1, 1, 'member.joined', ' m1 ', '{}', 0)",
)
"""One row of every kind, on both engines."""


def marks(columns: int, mark: str) -> str:
    """Return the values clause of a row."""
    return f"VALUES ({', '.join([mark] * columns)})"


def fill(pair: Pair) -> None:
    """Write the beginning."""
    blobs = {"'a', 'b', 'c'": "x'61', x'62', 'c'", "'', 'f'": "'', x'66'"}
    for statement in PREPARE:
        pair.postgresql.execute(statement)
        for text, blob in blobs.items():
            statement = statement.replace(text, blob)  # noqa: PLW2901 - SQLite is strict about bytes
        pair.sqlite.execute(statement)
    postings, headers = journal(*BEGINNING)
    write_sqlite(pair.sqlite, postings, headers)
    write_postgresql(pair.postgresql, postings, headers)


def write_sqlite(connection: sqlite3.Connection, postings: Rows, headers: Rows) -> None:
    """Write row by row, in the order in which lines follow one another."""
    by_account = sorted(postings, key=lambda row: (row[0], row[3], row[6]))
    connection.executemany(f"INSERT INTO posting {marks(POSTING_COLUMNS, '?')}", by_account)
    by_seq = sorted(headers, key=lambda row: (row[0], row[1]))
    connection.executemany(f"INSERT INTO entry {marks(ENTRY_COLUMNS, '?')}", by_seq)


def write_postgresql(
    connection: "psycopg.Connection[tuple[object, ...]]", postings: Rows, headers: Rows
) -> None:
    """Write all postings in one statement, then all headers in one."""
    for table, rows in (("posting", postings), ("entry", headers)):
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def judged_by_sqlite(pair: Pair, postings: Rows, headers: Rows) -> str | None:
    """Return SQLite's words about rows, None if it takes them."""
    pair.sqlite.execute("BEGIN")
    try:
        write_sqlite(pair.sqlite, postings, headers)
    except sqlite3.IntegrityError as error:
        return words(error)
    finally:
        pair.sqlite.execute("ROLLBACK")
    return None


def judged_by_postgresql(pair: Pair, postings: Rows, headers: Rows) -> str | None:
    """Return PostgreSQL's words about two statements, None if it takes them."""
    try:
        with pair.postgresql.transaction(force_rollback=True):
            write_postgresql(pair.postgresql, postings, headers)
    except (errors.RaiseException, errors.IntegrityError) as error:
        return words(error)
    return None
