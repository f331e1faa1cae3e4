"""Whether an SQLite database is sound as a file: its schema is ours, its pages and rows are well-formed."""

import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection

from timebank.storage.engine import engine_of, url_of
from timebank.storage.schema import upgrade

OWN_TABLES: Final = frozenset({"sqlite_sequence", "sqlite_stat1", "sqlite_stat4"})
"""Tables that SQLite itself may add, with counts and statistics; no others of its names are exempt."""

Objects = Mapping[tuple[str, str], str]
"""The text of every table, index, trigger and view, by type and name."""


def objects_of(connection: Connection) -> Objects:
    """Return the schema of a database as it is stored, white space apart."""
    rows = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {
        (str(kind), str(name)): " ".join(str(sql).split())
        for kind, name, sql in rows
        if name not in OWN_TABLES
    }


@cache
def expected_objects() -> Objects:
    """Return the schema of a database fresh from the migrations; made once, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="timebank-") as scratch:
        engine = engine_of(url_of(f"sqlite:///{Path(scratch) / 'expected.db'}"))
        try:
            upgrade(engine)
            with engine.connect() as connection:
                return objects_of(connection)
        finally:
            engine.dispose()


def damages(connection: Connection) -> Iterator[str]:
    """Yield what SQLite itself finds wrong: broken pages, values that break a type, CHECK, index or key."""
    for (message,) in connection.execute(text("PRAGMA integrity_check")):
        if message != "ok":
            yield str(message)
    for child, _, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"a row of {child} points to no row of {parent}"
