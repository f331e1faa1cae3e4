"""SQLite as `apsw` bundles it, below the real storage, with a file system of ours below that.

The standard library's `sqlite3` cannot have its file operations changed. So SQLAlchemy is given a driver
that looks like it and speaks to `apsw`: the program's own code decides, writes and reads as it always does.
What is not the program's: the version of SQLite, and the few lines here that name its errors as `sqlite3`
does.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

import apsw
from tests.faults.journals import Care, through

ERRORS: Final[dict[type[apsw.Error], type[sqlite3.Error]]] = {
    apsw.ConstraintError: sqlite3.IntegrityError,
    apsw.CorruptError: sqlite3.DatabaseError,
    apsw.NotADBError: sqlite3.DatabaseError,
    apsw.TooBigError: sqlite3.DataError,
    apsw.MismatchError: sqlite3.IntegrityError,
    apsw.MisuseError: sqlite3.ProgrammingError,
}
"""As `sqlite3` names them; all others are OperationalError."""


@contextmanager
def stored_through(vfs: str, care: Care) -> Iterator[None]:
    """Let whatever is opened in the block go through a file system, and be as careful as this."""

    def connect(database: str, **options: Any) -> Connection:  # noqa: ANN401 - sqlite3's own
        return Connection(database, vfs=vfs, care=care, timeout=options["timeout"])

    driver = SimpleNamespace(
        **{name: getattr(sqlite3, name) for name in sqlite3.__all__}
        if hasattr(sqlite3, "__all__")
        else {name: value for name, value in vars(sqlite3).items() if not name.startswith("_")},
    )
    driver.connect = connect
    driver.sqlite_version_info = tuple(map(int, apsw.sqlite_lib_version().split(".")))
    with through(connect_args={}, module=driver):
        yield


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    """Name an error of `apsw` as `sqlite3` does."""
    try:
        yield
    except apsw.Error as error:
        named = ERRORS.get(type(error), sqlite3.OperationalError)(str(error))
        named.sqlite_errorcode = getattr(error, "extendedresult", 0) or getattr(error, "result", 0)
        raise named from error


class Connection:
    """What SQLAlchemy and our storage use of `sqlite3.Connection`."""

    def __init__(self, database: str, *, vfs: str, care: Care, timeout: float) -> None:
        """Open a file."""
        with _as_sqlite3():
            self.driver = apsw.Connection(database, vfs=vfs)
        self.driver.set_busy_timeout(round(timeout * 1000))
        self.care = care
        self.isolation_level: str | None = ""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.driver.in_transaction

    def cursor(self) -> "Cursor":
        """Return a new cursor."""
        return Cursor(self)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> "Cursor":
        """Run a statement on a new cursor."""
        return self.cursor().execute(sql, values)

    def commit(self) -> None:
        """Commit what is open, if anything is."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """Roll back what is open, if anything is."""
        self._end("ROLLBACK")

    def _end(self, how: str) -> None:
        if self.driver.in_transaction:
            with _as_sqlite3():
                self.driver.execute(how)

    def create_function(
        self, name: str, count: int, act: Callable[..., Any], *, deterministic: bool = False
    ) -> None:
        """Make a function known to SQL."""
        self.driver.create_scalar_function(name, act, count, deterministic=deterministic)

    def close(self) -> None:
        """Close it."""
        with _as_sqlite3():
            self.driver.close()


class Cursor:
    """What SQLAlchemy and our storage use of `sqlite3.Cursor`."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        """Have run nothing yet."""
        self.connection = connection
        self.driver = connection.driver.cursor()
        self.driver.exec_trace = self._note
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def _note(self, cursor: apsw.Cursor, _sql: str, _values: object) -> bool:
        found = cursor.get_description()
        self.description = tuple((name, None, None, None, None, None, None) for name, _ in found) or None
        return True

    def execute(self, sql: str, values: Sequence[Any] = ()) -> "Cursor":
        """Run a statement."""
        return self._run(lambda: self.driver.execute(self.connection.care.statement(sql), tuple(values)))

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> "Cursor":
        """Run a statement for each row of values."""
        return self._run(lambda: self.driver.executemany(sql, (tuple(row) for row in rows)))

    def _run(self, act: Callable[[], object]) -> "Cursor":
        driver = self.connection.driver
        before = driver.total_changes()
        self.description = None
        with _as_sqlite3():
            act()
        self.rowcount = driver.total_changes() - before if self.description is None else -1
        self.lastrowid = driver.last_insert_rowid()
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""
        with _as_sqlite3():
            return next(self.driver, None)

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """Return up to so many rows."""
        return [row for _, row in zip(range(size), self, strict=False)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        with _as_sqlite3():
            return self.driver.fetchall()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Return the rows one by one."""
        return iter(self.fetchone, None)

    def close(self) -> None:
        """Let go of what it runs."""
        self.driver.close()
