"""Opening a database: address, engine, schema version, and what its errors mean to a caller."""

import logging
import re
import selectors
import sqlite3
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL, Connection, RootTransaction
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from timebank.errors import (
    BadDatabaseUrl,
    DatabaseDamaged,
    DriverMissing,
    NotADatabase,
    ServerLost,
    ServerReadOnly,
    ServerRefused,
    ServerTooOld,
    ServerUnreachable,
    StorageFull,
    StorageReadOnly,
    StorageRefused,
    StorageUnusable,
    TimebankError,
    TryAgain,
    ValueOutOfRange,
)

BUSY_SECONDS: Final = 2
"""How long a writer waits for another one of the same file or branch, before the retry policy counts."""
WRITES: Final = "timebank_writes"
"""Execution option of a connection whose transactions write."""
POSTGRES_OPTIONS: Final = {
    "connect_timeout": 5,
    "application_name": "timebank",
    "client_encoding": "utf8",
}
PORT_MOST: Final = 65_535
POSTGRES_LEAST: Final = 15
"""The oldest version whose behaviour the tests cover."""
POSTGRES_DRIVERS: Final = frozenset({"postgresql", "postgresql+psycopg"})
SQLITE_DRIVERS: Final = frozenset({"sqlite", "sqlite+pysqlite"})
OUTSIDE: Final = "timebank_outside"
"""Execution option of a connection that runs a statement which no transaction can hold."""
CHANGED: Final = "timebank_changed"
"""Whether a connection has sent anything but queries since this was set to False in its `info`."""
CACHE_KIB: Final = 65_536
"""Pages kept in memory: the ends of a branch's accounts, which every post touches, stay there."""
LOG_PAGES: Final = 32_768
"""After how many pages the log is carried over: 128 MiB, so that many posts share the work."""
HAS_POLL: Final = hasattr(selectors, "PollSelector")
"""Cheaper for one look than what selects among many; Windows has none."""
IDLE_SECONDS: Final = 60
"""How long a transaction on a server may do nothing before the server ends it."""
RAISED: Final = "P0001"
GONE: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
"""SQLSTATE: the server shuts down, crashed, starts, or ended a session that did nothing."""
REFUSALS: Final = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "is not permitted to log in",
    "permission denied",
    "not accepting connections",
)
"""What libpq passes on of a server that lets nobody in; such an error carries no SQLSTATE."""
UNREACHABLE: Final = ("connection failed", "failed to resolve host", "connection timeout")
MALFORMED: Final = ("invalid connection option", "invalid integer value", "bad value for", "invalid dsn")
"""What libpq says of an address that it cannot read."""
POSTGRES_KINDS: Final[dict[str, type[TimebankError]]] = {
    "08": ServerLost,
    "22": ValueOutOfRange,
    "25006": ServerReadOnly,
    "25P03": ServerLost,
    "28": ServerRefused,
    "3D": ServerRefused,
    "40001": TryAgain,
    "40P01": TryAgain,
    "42501": ServerRefused,
    "53100": StorageFull,
    "53": TryAgain,
    "55P03": TryAgain,
    "57014": TryAgain,
    "57": ServerLost,
    "58": StorageUnusable,
}
"""By SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
GUARD_MESSAGE: Final = re.compile(r"I-[0-9]+: [a-z0-9_ ,'-]+")
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
    elif url.drivername not in POSTGRES_DRIVERS or (url.port or 0) > PORT_MOST:
        raise BadDatabaseUrl
    else:
        url = url.set(drivername="postgresql+psycopg")
    return url


def engine_of(url: URL, *, cache_kib: int = CACHE_KIB) -> Engine:
    """Make the engine for an address; each of its connections to a file keeps so many KiB of pages in memory.

    Raises:
        DriverMissing: PostgreSQL's driver is not installed.
        BadDatabaseUrl: another driver is named, or an option is not one.
    """
    is_sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, object] = {"timeout": BUSY_SECONDS} if is_sqlite else dict(POSTGRES_OPTIONS)
    try:
        # The values of a statement may be names: no error or log of the library shows them (I-10).
        engine = create_engine(
            url,
            connect_args={name: value for name, value in options.items() if name not in url.query},
            hide_parameters=True,
            max_overflow=-1,  # connections are kept, as many as have ever worked at once
            **({} if is_sqlite else {"use_native_hstore": False}),  # no column of ours: two queries less
        )
    except ModuleNotFoundError:
        raise (BadDatabaseUrl if is_sqlite else DriverMissing) from None
    except (NoSuchModuleError, ArgumentError):
        raise BadDatabaseUrl from None
    event.listen(engine, "before_cursor_execute", _note_change)
    event.listen(engine, "handle_error", _refuse_what_cannot_be_kept)
    if is_sqlite:
        event.listen(engine, "connect", lambda connection, _: _set_up_sqlite(connection, cache_kib))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
        event.listen(engine, "checkout", _refuse_dead)
        for name in ("psycopg", "sqlalchemy"):
            # Of a connection that broke our errors speak; handlers of the program's own still hear these.
            logging.getLogger(name).addHandler(logging.NullHandler())
    return engine


def sqlite_file_of(url: URL) -> Path | None:
    """Return the file of an SQLite address, None for any other engine."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _set_up_sqlite(connection: DBAPIConnection, cache_kib: int) -> None:
    """Set what a ledger needs on every connection: durable, checked, erasable (design, section 5)."""
    connection.isolation_level = None  # BEGIN is ours: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "foreign_keys=ON",
        "synchronous=FULL",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "recursive_triggers=ON",
        f"cache_size=-{cache_kib}",
        f"wal_autocheckpoint={LOG_PAGES}",
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
        cursor = connection.connection.cursor()  # the driver's own: every transaction pays for it
        cursor.execute("BEGIN IMMEDIATE" if options.get(WRITES, False) else "BEGIN")
        cursor.close()


def begun(connection: Connection) -> RootTransaction:
    """Begin a transaction; where somebody else writes to the file, the connection stays of use.

    Raises:
        TryAgain: somebody else writes.
    """
    try:
        return connection.begin()
    except sqlite3.OperationalError as error:  # of `_begin_sqlite`, where the driver is asked directly
        raise meaning_of(error) or error from error


def _note_change(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
    if not statement.startswith("SELECT"):
        connection.info[CHANGED] = True


def _refuse_what_cannot_be_kept(context: ExceptionContext) -> ValueOutOfRange | None:
    """Name what the driver cannot even send: a number beyond 64 bits, a text that is not Unicode."""
    is_ours = isinstance(context.original_exception, (OverflowError, UnicodeEncodeError))
    return ValueOutOfRange() if is_ours else None


def _set_up_postgresql(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Let nobody wait for ever, and nobody hold a branch's head who has gone away."""
    found = cast("Any", connection).info.server_version // 10_000
    if found < POSTGRES_LEAST:
        raise ServerTooOld(found=found, least=POSTGRES_LEAST)
    cursor = connection.cursor()
    cursor.execute(
        f"SET lock_timeout = {round(BUSY_SECONDS * 1000)}; "
        f"SET idle_in_transaction_session_timeout = {IDLE_SECONDS * 1000}; SET TimeZone = 'UTC'"
    )
    cursor.close()
    connection.commit()


def _refuse_dead(connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: object) -> None:
    """Replace a connection whose server went while it lay in the pool: there is an end to read."""
    with selectors.PollSelector() if HAS_POLL else selectors.DefaultSelector() as selector:
        selector.register(cast("Any", connection).fileno(), selectors.EVENT_READ)
        if selector.select(0):
            raise InvalidatePoolError


def meaning_of(error: Exception) -> TimebankError | None:
    """Say what an error of the database or its driver means to the caller, None if it means a bug of ours."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _meaning_on_sqlite(cause)
    if isinstance(cause, OverflowError | UnicodeEncodeError):
        return ValueOutOfRange()
    if isinstance(cause, UnicodeDecodeError):
        return DatabaseDamaged()  # SQLite quotes the damaged schema, and the driver cannot read the quotation
    if hasattr(cause, "sqlstate"):
        return _meaning_on_postgresql(cause)
    return None


def is_lost(error: Exception) -> bool:
    """Tell whether an error says that the connection to a server is gone: nobody knows the outcome."""
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    if not hasattr(cause, "sqlstate"):
        return False
    state = cause.sqlstate
    return type(cause).__name__ in {"OperationalError", "AdminShutdown", "CrashShutdown"} and (
        state is None or state.startswith("08") or state in GONE
    )


def _meaning_on_sqlite(cause: sqlite3.Error) -> TimebankError | None:
    if isinstance(cause, sqlite3.DataError):
        return ValueOutOfRange()
    guard = GUARD_MESSAGE.search(str(cause))
    if guard is not None:
        return StorageRefused(rule=guard.group())
    kind = SQLITE_KINDS.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    return kind() if kind is not None else None


def _meaning_on_postgresql(cause: Any) -> TimebankError | None:  # noqa: ANN401 - psycopg is optional
    """Judge by SQLSTATE; an error without one came from connecting, or from a connection that broke."""
    state: str | None = cause.sqlstate
    if state is None:
        return _meaning_without_state(cause)
    guard = GUARD_MESSAGE.search(str(cause))
    if state == RAISED and guard is not None:
        return StorageRefused(rule=guard.group())
    kind = POSTGRES_KINDS.get(state) or POSTGRES_KINDS.get(state[:2])
    return kind() if kind is not None else None


def _meaning_without_state(cause: Any) -> TimebankError | None:  # noqa: ANN401
    if type(cause).__name__ == "DataError":
        return ValueOutOfRange()
    if type(cause).__name__ == "ProgrammingError" and any(part in str(cause) for part in MALFORMED):
        return BadDatabaseUrl()
    if type(cause).__name__ not in {"OperationalError", "ConnectionTimeout"}:
        return None
    said = str(cause)
    if any(part in said for part in REFUSALS):
        return ServerRefused()
    if getattr(cause, "pgconn", None) is not None or any(part in said for part in UNREACHABLE):
        return ServerUnreachable()
    return ServerLost()
