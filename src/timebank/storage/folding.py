"""The fast lane of the audit on a plain driver connection, and the program that a worker process runs.

Imports nothing but the standard library and the core, so that a worker starts in a few hundredths of a
second; it opens the database for reading only, by what its parent tells it on standard input, and answers
in lines of JSON. Everything it looks at is never changed once written, so it needs no moment in common with
its parent.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

from timebank.ledger.audit import JournalAudit, StoredAccount, StoredEntry, StoredLine
from timebank.ledger.segments import Rows, Segment, SegmentFold

CHUNK: Final = 5_000
"""Entries looked at together."""
CACHE_KIB: Final = 8_192
Tell = Callable[[int], None]
"""Told how many entries more are done."""

ENTRIES: Final = (
    f"SELECT {', '.join(StoredEntry._fields)} FROM entry "  # noqa: S608 - our own names
    "WHERE branch_id = ? AND seq BETWEEN ? AND ? ORDER BY seq"
)
LINES: Final = (
    f"SELECT {', '.join(StoredLine._fields)} FROM posting "  # noqa: S608 - our own names
    "WHERE branch_id = ? AND entry_seq BETWEEN ? AND ? ORDER BY entry_seq, line"
)
ACCOUNTS: Final = "SELECT no, path, unit FROM account WHERE branch_id = ?"
POLICIES: Final = "SELECT version FROM policy_version WHERE branch_id = ?"


class JournalRows:
    """A branch's journal as plain tuples from the driver."""

    def __init__(self, connection: Any, branch_id: int) -> None:  # noqa: ANN401 - a driver's connection
        """Read by a connection of `sqlite3` or `psycopg`."""
        self.cursor = connection.cursor()
        self.branch_id = branch_id
        self.is_qmark = isinstance(connection, sqlite3.Connection)

    def chunks(self, first: int, last: int) -> Iterator[tuple[Rows, Rows]]:
        """Yield headers and postings from one entry to another, some thousand entries at a time."""
        for start in range(first, last + 1, CHUNK):
            end = min(start + CHUNK - 1, last)
            yield self._rows(ENTRIES, start, end), self._rows(LINES, start, end)

    def audit(self, code: str) -> JournalAudit:
        """Return a fresh audit of the branch, as far as the fast lane needs one."""
        accounts = {
            no: StoredAccount(no, path, unit, None, None, None, None)
            for no, path, unit in self._rows(ACCOUNTS)
        }
        return JournalAudit(code, accounts, frozenset(version for (version,) in self._rows(POLICIES)))

    def _rows(self, query: str, *numbers: int) -> list[Any]:
        text = query if self.is_qmark else query.replace("?", "%s")
        self.cursor.execute(text, (self.branch_id, *numbers))
        rows: list[Any] = self.cursor.fetchall()
        return rows


def fold_segment(rows: JournalRows, code: str, first: int, last: int, tell: Tell) -> Segment | None:
    """Fold a stretch of the journal by itself; None if it takes the careful fold to say what is wrong."""
    fold = SegmentFold(rows.audit(code), first)
    for entries, lines in rows.chunks(first, last):
        if not fold.take(entries, lines):
            return None
        tell(len(entries))
    return fold.result() if fold.last_seq == last else None


def damages_of(connection: sqlite3.Connection, part: str) -> Iterator[str]:
    """Yield what SQLite finds wrong with a part of its file.

    Args:
        connection: to the file.
        part: `pages` (every page, value, CHECK and NOT NULL), `keys` (the foreign keys that the fold of the
            journal does not prove, and whether every index has as many rows as its table), or `indexes`
            (pages, and every row of every index is the one of its table: slow).
    """
    if part == "keys":
        yield from _loose_keys(connection)
        yield from _uneven_indexes(connection)
        return
    check = {"pages": "quick_check", "indexes": "integrity_check"}[part]
    for (message,) in connection.execute(f"PRAGMA {check}"):
        if message != "ok":
            yield str(message)


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return [name for (name,) in connection.execute(query).fetchall()]


def _loose_keys(connection: sqlite3.Connection) -> Iterator[str]:
    for table in _tables(connection):
        if table == "posting":
            continue
        for child, _, parent, _ in connection.execute(f'PRAGMA foreign_key_check("{table}")'):
            yield f"a row of {child} points to no row of {parent}"


def _uneven_indexes(connection: sqlite3.Connection) -> Iterator[str]:
    for table in _tables(connection):
        indexes = connection.execute(f'PRAGMA index_list("{table}")').fetchall()
        for _, index, _, origin, is_partial in indexes:
            if origin == "pk" or is_partial:
                continue
            counts = [
                connection.execute(f'SELECT COUNT(*) FROM "{table}" {how}').fetchone()[0]  # noqa: S608 - as above
                for how in ("NOT INDEXED", f'INDEXED BY "{index}"')
            ]
            if counts[0] != counts[1]:
                yield f"index {index} has {counts[1]} rows, its table {counts[0]}"


def connect(how: dict[str, Any]) -> Any:  # noqa: ANN401 - a driver's connection
    """Open a connection that only reads; `how` is what `storage.workers` says of the database."""
    if "file" in how:
        connection = sqlite3.connect(f"{how['file']}?mode=rw", uri=True, timeout=how["busy_seconds"])
        # Opened with mode=ro, SQLite leaves out CHECK constraints when it looks for damage.
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection
    import psycopg  # noqa: PLC0415 - only where it is needed

    server = psycopg.connect(**how["server"])
    server.read_only = True
    return server


def _answer(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _work(connection: Any, task: dict[str, Any]) -> None:  # noqa: ANN401
    if "part" in task:
        _answer(damages=list(damages_of(connection, task["part"])))
        return
    rows = JournalRows(connection, task["branch_id"])
    segment = fold_segment(rows, task["code"], task["first"], task["last"], lambda done: _answer(done=done))
    _answer(segment=None if segment is None else segment.to_json())


def main() -> None:
    """Open the database that the first line of standard input names, then do a task for each line more."""
    lines = iter(sys.stdin.readline, "")
    with closing(connect(json.loads(next(lines)))) as connection:
        for line in lines:
            _work(connection, json.loads(line))
