"""What SQLite finds wrong with its file, in parts that processes can share. Imports nothing but `sqlite3`."""

import sqlite3
from collections.abc import Iterator
from typing import Final

PROVEN: Final = ("entry", "posting")
"""Tables whose CHECK constraints the fold of the journal proves."""


def damages_of(connection: sqlite3.Connection, part: str) -> Iterator[str]:
    """Yield what SQLite finds wrong with a part of its file.

    Args:
        connection: to the file.
        part: `pages` (every page, type, NOT NULL and CHECK, apart from the CHECKs of the journal), `journal`
            (these), `keys` (the foreign keys that the fold of the journal does not prove, and whether every
            index has as many rows as its table), or `indexes` (pages, all CHECKs, and that every row of every
            index is the one of its table: slow).
    """
    if part == "pages":
        yield from _pages(connection)
    elif part == "journal":
        for table in PROVEN:
            yield from _found(connection, f'quick_check("{table}")')
    elif part == "keys":
        yield from _loose_keys(connection)
        yield from _uneven_indexes(connection)
    else:
        yield from _found(connection, "integrity_check")


def _found(connection: sqlite3.Connection, check: str) -> Iterator[str]:
    for (message,) in connection.execute(f"PRAGMA {check}").fetchall():
        if message != "ok":
            yield str(message)


def _pages(connection: sqlite3.Connection) -> Iterator[str]:
    """Look at every page, type and NOT NULL at once, then at tables that have a CHECK, one by one.

    SQLite builds the list in `counts_help IN (-1, 0, 1)` anew for each row: half the time of a large file.
    """
    connection.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield from _found(connection, "quick_check")
    finally:
        connection.execute("PRAGMA ignore_check_constraints = OFF")
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%CHECK%' ORDER BY name"
    for (table,) in connection.execute(query).fetchall():
        if table not in PROVEN:
            yield from _found(connection, f'quick_check("{table}")')


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
        indexes = [
            name
            for _, name, _, origin, is_partial in connection.execute(f'PRAGMA index_list("{table}")')
            if origin != "pk" and not is_partial
        ]
        rows = _count(connection, table, "NOT INDEXED") if indexes else 0
        for index in indexes:
            found = _count(connection, table, f'INDEXED BY "{index}"')
            if found != rows:
                yield f"index {index} has {found} rows, its table {rows}"


def _count(connection: sqlite3.Connection, table: str, how: str) -> int:
    query = f'SELECT COUNT(*) FROM "{table}" {how}'  # noqa: S608 - names from the schema
    return int(connection.execute(query).fetchone()[0])
