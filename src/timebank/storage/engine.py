"""Opening a database: address, engine, schema version, and what its errors mean to a caller."""

import re
import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from timebank.errors import (
    BadDatabaseUrl,
    DatabaseDamaged,
    NotADatabase,
    StorageFull,
    StorageReadOnly,
    StorageRefused,
    StorageUnusable,
    TimebankError,
    TryAgain,
    ValueOutOfRange,
)

BUSY_SECONDS: Final = 5
"""How long a writer waits for another writer of the same SQLite file."""
WRITES: Final = "timebank_writes"
"""Execution option of a connection whose transactions write."""
SQLITE_DRIVERS: Final = frozenset({"sqlite", "sqlite+pysqlite"})
OUTSIDE: Final = "timebank_outside"
"""Execution option of a connection that runs a statement which no transaction can hold."""
CHANGED: Final = "timebank_changed"
"""Whether a connection has sent anything but queries since this was set to False in its `info`."""
GUARD_MESSAGE: Final = re.compile(r"I-[0-9]+: [a-z0-9 ,'-]+")
SQLITE_KINDS: Final[dict[int, type[TimebankError]]] = {
    sqlite3.SQLITE_BUSY: TryAgain,
    sqlite3.SQLITE_LOCKED: TryAgain,
    sqlite3.SQLITE_FULL: StorageFull,
    sqlite3.SQLITE_IOERR: StorageUnusable,
    sqlite3.SQLITE_READONLY: StorageReadOnly,
    sqlite3.SQLITE_PERM: StorageReadOnly,
    sqlite3.SQLITE_CANTOPEN: StorageUnusable,
    sqlite3.SQLITE_NOTADB: NotADatabase,
    sqlite3.SQLITE_CORRUPT: DatabaseDamaged,
}


def url_of(address: str) -> URL:
    """Read a database address.

    Raises:
        BadDatabaseUrl: malformed, of a kind not supported, or SQLite with anything but a file.
    """
    try:
        url = make_url(address)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise BadDatabaseUrl from None
    if backend not in {"sqlite", "postgresql"} or not address.isprintable():
        raise BadDatabaseUrl
    if backend == "sqlite":
        is_plain = url.drivername in SQLITE_DRIVERS and not url.host and not url.query
        if not is_plain or url.database in {None, "", ":memory:"}:
            raise BadDatabaseUrl
    return url


def engine_of(url: URL) -> Engine:
    """Make the engine for an address.

    Raises:
        BadDatabaseUrl: the driver for it is not there.
    """
    is_sqlite = url.get_backend_name() == "sqlite"
    options = {"timeout": BUSY_SECONDS} if is_sqlite else {}
    try:
        # The values of a statement may be names: no error or log of the library shows them (I-10).
        engine = create_engine(url, connect_args=options, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError, ArgumentError):
        raise BadDatabaseUrl from None
    event.listen(engine, "before_cursor_execute", _note_change)
    event.listen(engine, "handle_error", _refuse_what_cannot_be_kept)
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def sqlite_file_of(url: URL) -> Path | None:
    """Return the file of an SQLite address, None for any other engine."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _set_up_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Set what a ledger needs on every connection: durable, checked, erasable (design, section 5)."""
    connection.isolation_level = None  # BEGIN is ours: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "foreign_keys=ON",
        "synchronous=FULL",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "recursive_triggers=ON",
        f"busy_timeout={round(BUSY_SECONDS * 1000)}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != "wal":
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # A file that cannot be written keeps its journal mode; reading it still works.
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
                raise
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where the transaction writes: no upgrade, so no lost race."""
    options = connection.get_execution_options()
    if not options.get(OUTSIDE, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES, False) else "BEGIN")


def _note_change(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
    if not statement.startswith("SELECT"):
        connection.info[CHANGED] = True


def _refuse_what_cannot_be_kept(context: ExceptionContext) -> ValueOutOfRange | None:
    """Name what the driver cannot even send: a number beyond 64 bits, a text that is not Unicode."""
    is_ours = isinstance(context.original_exception, (OverflowError, UnicodeEncodeError))
    return ValueOutOfRange() if is_ours else None


def meaning_of(error: DatabaseError) -> TimebankError | None:
    """Say what an error of the database means to the caller, None if it means a bug of ours."""
    if isinstance(error, DataError):
        return ValueOutOfRange()
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        guard = GUARD_MESSAGE.search(str(cause))
        if guard is not None:
            return StorageRefused(rule=guard.group())
        kind = SQLITE_KINDS.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
        return kind() if kind is not None else None
    if isinstance(error, OperationalError):
        return TryAgain()
    return None
