"""Changing a bank's file behind its back, with plain sqlite3 and every guard put back in its place."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from timebank.ledger.audit import StoredEntry
from timebank.ledger.canonical import head_text, leaf_of, line_text

Change = Callable[[sqlite3.Connection], None]


@contextmanager
def unguarded(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a file with its triggers dropped and its checks off; all of them come back as they were."""
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        yield raw
        for _, text in triggers:
            raw.execute(text)


def tamper(file: Path, change: Change | str) -> None:
    """Change a file; text is a script."""
    with unguarded(file) as raw:
        if isinstance(change, str):
            raw.executescript(change)
        else:
            change(raw)


def tables_of(raw: sqlite3.Connection) -> list[str]:
    """Return the names of the tables."""
    return [
        name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]


def columns_of(raw: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return the columns of a table with their types."""
    return {name: kind for _, name, kind, *_ in raw.execute(f"PRAGMA table_info({table})")}


def keys_of(raw: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table's primary key; those of its single row if it has none."""
    info = raw.execute(f"PRAGMA table_info({table})").fetchall()
    return [name for _, name, _, _, _, key in info if key] or [info[0][1]]


def set_cell(file: Path, table: str, key: tuple[object, ...], column: str, value: object) -> bool:
    """Put any value into one cell, even a NULL where none may be: the table's text is bent and bent back.

    Returns:
        Whether the rows are others than before: SQLite may make of the value what was there.
    """
    with unguarded(file) as raw:
        where = " AND ".join(f"{name} IS ?" for name in keys_of(raw, table))
        (text,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        bent = re.sub(r"(INTEGER|TEXT|BLOB) NOT NULL", r"\1", text)
        _rewrite_schema(raw, table, re.sub(r",\s*STRICT", "", bent))
    with unguarded(file) as raw:
        before = raw.execute(f"SELECT * FROM {table}").fetchall()
        raw.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {where}", (value, *key))
        after = raw.execute(f"SELECT * FROM {table}").fetchall()
        _rewrite_schema(raw, table, text)
    return repr(sorted(map(repr, before))) != repr(sorted(map(repr, after)))


def _rewrite_schema(raw: sqlite3.Connection, table: str, text: str) -> None:
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (text, table))
    raw.execute("PRAGMA writable_schema = RESET")


def recompute(raw: sqlite3.Connection) -> None:
    """Make running balances, versions and caches follow from the postings again, as a careful forger does."""
    for branch, account in raw.execute("SELECT branch_id, no FROM account").fetchall():
        balance = given = received = version = 0
        rows = raw.execute(
            "SELECT p.entry_seq, p.line, p.side, p.amount, e.counts_help FROM posting AS p"
            " LEFT JOIN entry AS e ON e.branch_id = p.branch_id AND e.seq = p.entry_seq"
            " WHERE p.branch_id = ? AND p.account_no = ? ORDER BY p.entry_seq, p.line",
            (branch, account),
        ).fetchall()
        for seq, line, side, amount, counts in rows:
            version += 1
            balance += amount if side == "credit" else -amount
            is_giving = (side == "credit") == ((counts or 0) > 0)
            given += amount * (counts or 0) if is_giving else 0
            received += 0 if is_giving else amount * (counts or 0)
            raw.execute(
                "UPDATE posting SET balance_after = ?, account_seq = ? + 10000000"
                " WHERE branch_id = ? AND entry_seq = ? AND line = ?",
                (balance, version, branch, seq, line),
            )
        raw.execute(
            "UPDATE posting SET account_seq = account_seq - 10000000"
            " WHERE branch_id = ? AND account_no = ? AND account_seq > 10000000",
            (branch, account),
        )
        raw.execute(
            "UPDATE account_balance SET balance = ?, given = ?, received = ?, version = ?"
            " WHERE branch_id = ? AND account_no = ?",
            (balance, given, received, version, branch, account),
        )


def reseal(raw: sqlite3.Connection) -> None:
    """Compute every leaf anew: what a forger can still do until somebody keeps a checkpoint elsewhere."""
    codes = dict(raw.execute("SELECT branch_id, code FROM branch").fetchall())
    names = ", ".join(StoredEntry._fields[:-1])
    for branch, code in codes.items():
        for header in raw.execute(f"SELECT {names} FROM entry WHERE branch_id = ?", (branch,)).fetchall():
            lines = raw.execute(
                "SELECT p.side, p.amount, a.unit, a.path, p.account_seq, p.balance_after FROM posting AS p"
                " JOIN account AS a ON a.branch_id = p.branch_id AND a.no = p.account_no"
                " WHERE p.branch_id = ? AND p.entry_seq = ? ORDER BY p.line",
                (branch, header[0]),
            )
            text = head_text(code, *header) + "".join(line_text(*line) for line in lines)
            raw.execute(
                "UPDATE entry SET leaf = ? WHERE branch_id = ? AND seq = ?",
                (leaf_of(text.encode()), branch, header[0]),
            )


def copy_row(raw: sqlite3.Connection, table: str, where: str, **changes: object) -> None:
    """Insert a copy of a row with some columns changed."""
    columns = columns_of(raw, table)
    found = raw.execute(f"SELECT * FROM {table} WHERE {where}").fetchone()
    row = {**dict(zip(columns, found, strict=True)), **changes}
    raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
