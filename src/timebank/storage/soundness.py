"""Whether a database is sound: its schema is what the migrations make, nothing in it is damaged."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection

from timebank.storage import catalogue
from timebank.storage.catalogue import Objects
from timebank.storage.engine import engine_of, url_of
from timebank.storage.file_checks import PROVEN
from timebank.storage.folding import CACHE_KIB
from timebank.storage.schema import upgrade

OWN_TABLES: Final = frozenset({"sqlite_sequence", "sqlite_stat1", "sqlite_stat4"})
"""Tables that SQLite itself may add, with counts and statistics; no others of its names are exempt."""

DESCRIBED: Final = """
    WITH tables (name) AS (SELECT name FROM sqlite_master WHERE type IN ('table', 'view'))
    SELECT type, CASE WHEN tbl_name IN tables THEN name ELSE name || ' of ' || tbl_name END, sql
    FROM sqlite_master
    WHERE sql IS NOT NULL OR type <> 'index' OR name NOT GLOB 'sqlite_autoindex_' || tbl_name || '_[0-9]*'
        OR tbl_name NOT IN tables
"""
"""All but the indexes that SQLite makes for keys by itself: they have no text of their own. Letters count
as they are written: SQLite finds such an index in capitals as well, but did not write it so."""


def objects_of(connection: Connection) -> Objects:
    """Return the schema of a database as it is stored, white space apart."""
    if connection.dialect.name != "sqlite":
        return catalogue.objects_of(connection)
    rows = connection.execute(text(DESCRIBED))
    return {
        (str(kind), str(name)): " ".join(str(sql).split())
        for kind, name, sql in rows
        if name not in OWN_TABLES
    }


def expected_objects(dialect: str) -> Objects:
    """Return the schema that the migrations make on an engine, `sqlite` or `postgresql`, as we ship it."""
    return catalogue.expected_objects(dialect)


@cache
def made_on_sqlite() -> Objects:
    """Return the schema of a file fresh from the migrations; made once, in a temporary folder.

    The library of this machine may write it in other words than the one that ours was made with.
    """
    with tempfile.TemporaryDirectory(prefix="timebank-") as scratch:
        engine = engine_of(url_of(f"sqlite:///{Path(scratch) / 'expected.db'}"))
        try:
            upgrade(engine)
            with engine.connect() as connection:
                return objects_of(connection)
        finally:
            engine.dispose()


@contextmanager
def scanning(connection: Connection) -> Iterator[None]:
    """Keep few pages of an SQLite file in memory while it is read once, beside workers that do the same."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    connection.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KIB}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = {before}")


def holds_only(connection: Connection, branch_ids: Iterable[int]) -> bool:
    """Tell whether all entries and postings of an SQLite file belong to these branches."""
    ids = sorted(branch_ids)
    for table in PROVEN:
        for before, after in pairwise((None, *ids, None)):
            lowest = "" if before is None else f" AND branch_id > {before}"
            highest = "" if after is None else f" AND branch_id < {after}"
            query = f"SELECT 1 FROM {table} WHERE 1{lowest}{highest} LIMIT 1"  # noqa: S608 - our own numbers
            if connection.execute(text(query)).first() is not None:
                return False
    return True


def damages(connection: Connection) -> Iterator[str]:
    """Yield what the engine itself finds wrong.

    On SQLite: broken pages, values that break a type, CHECK, index or key. On PostgreSQL: indexes and
    constraints that are not in force, rows that break a foreign key.
    """
    if connection.dialect.name != "sqlite":
        yield from catalogue.damages(connection)
        return
    for (message,) in connection.execute(text("PRAGMA integrity_check")):
        if message != "ok":
            yield str(message)
    for child, _, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"a row of {child} points to no row of {parent}"
