"""The store: transactions over the database, one for each use case.

A transaction sees one instant (`now`), takes the heads of the branches it writes to first and in
sorted order (so that nothing deadlocks), and is rolled back unless it ends well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from timebank.clock import Clock
from timebank.errors import ErasureUnfinished, Kind, NoDatabase, TimebankError
from timebank.ledger.canonical import instant_of, micros_of
from timebank.storage.books import Books
from timebank.storage.branches import Branches
from timebank.storage.columns import table_of
from timebank.storage.engine import CHANGED, OUTSIDE, WRITES, engine_of, meaning_of, sqlite_file_of, url_of
from timebank.storage.place import copy_of, holds_anything, is_current, make_private
from timebank.storage.repository import Desk
from timebank.storage.schema import upgrade
from timebank.storage.tables import BranchHeadRow

HEAD = table_of(BranchHeadRow)


class Transaction:
    """One database transaction: the books of any branch, at one instant (`now`, aware UTC)."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        """Begin with no books open; `Store.read` and `Store.write` make transactions."""
        self.connection = connection
        self.now = now
        self.branches = Branches(connection)
        self._books: dict[str, Books] = {}
        self._taken: list[int] = []

    def books(self, code: str) -> Books:
        """Open the books of a branch; the same ones for the whole transaction.

        Raises:
            UnknownBranch: no branch has that code.
        """
        if code not in self._books:
            branch_id, branch = self.branches.find(code)
            self._books[code] = Books(Desk(self.connection, branch_id, branch, self.now))
        return self._books[code]

    def take_heads(self, codes: tuple[str, ...]) -> None:
        """Take the heads of branches in sorted order: who has a head is the branch's only writer.

        Time does not go back in a branch: if the clock did, the transaction has the last write's instant.
        """
        for code in sorted(set(codes)):
            branch_id, _ = self.branches.find(code)
            taking = select(HEAD.c.last_us).where(HEAD.c.branch_id == branch_id).with_for_update()
            last_us = self.connection.execute(taking).scalar()
            self._taken.append(branch_id)
            if last_us is not None and last_us > micros_of(self.now):
                self.now = instant_of(last_us)
        self.connection.info[CHANGED] = False

    def flush(self) -> None:
        """Write what the journals have decided; if anything was written, count it in the heads taken."""
        for books in self._books.values():
            books.flush()
        if self._taken and self.connection.info[CHANGED]:
            counted = {"revision": HEAD.c.revision + 1, "last_us": micros_of(self.now)}
            self.connection.execute(update(HEAD).where(HEAD.c.branch_id.in_(self._taken)).values(counted))


class Store:
    """A database of books."""

    def __init__(self, address: str, *, clock: Clock, create: bool = True, is_dry_run: bool = False) -> None:
        """Open a database, and create or upgrade it.

        Args:
            address: `sqlite:///FILE` or `postgresql+psycopg://…`.
            clock: gives each transaction its instant.
            create: whether an SQLite file that does not exist is created.
            is_dry_run: every write is decided and checked in full, then rolled back; a database that would
                have to be created or upgraded first is tried out on a copy.

        Raises:
            BadDatabaseUrl, NoDatabase, DatabaseNewer, NotADatabase, StorageUnusable, StorageReadOnly,
            TryAgain: as their names say.
        """
        url = url_of(address)
        file = sqlite_file_of(url)
        self.clock = clock
        self.is_dry_run = is_dry_run
        self._scratch: TemporaryDirectory[str] | None = None
        if file is not None and not create and not holds_anything(file):
            raise NoDatabase
        if file is not None and is_dry_run and not is_current(file):
            self._scratch = TemporaryDirectory(prefix="timebank-")
        try:
            if file is not None and self._scratch is not None:
                file = copy_of(file, Path(self._scratch.name))
                url = url.set(database=str(file))
            if file is not None and create:
                make_private(file)
            self.engine: Engine = engine_of(url)
            with _meaningful_errors():
                upgrade(self.engine, backup_beside=file)
        except TimebankError:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads; everything in it is as of one moment."""
        with _meaningful_errors(), self.engine.connect() as connection, connection.begin():
            yield Transaction(connection, self.clock.now())

    @contextmanager
    def write(self, *codes: str) -> Iterator[Transaction]:
        """Open a transaction that writes to these branches; committed if the block ends well.

        Raises:
            UnknownBranch: no branch has one of the codes.
            TryAgain, StorageFull, StorageReadOnly: nothing was changed.
        """
        with _meaningful_errors(), self.engine.connect().execution_options(**{WRITES: True}) as connection:
            begun = connection.begin()
            with begun:
                transaction = Transaction(connection, self.clock.now())
                transaction.take_heads(codes)
                yield transaction
                transaction.flush()
                if self.is_dry_run:
                    begun.rollback()

    def wipe_log(self) -> None:
        """Carry the write-ahead log of an SQLite database over and blank it: it holds rows as they were.

        Other databases recycle theirs in their own time.

        Raises:
            ErasureUnfinished: somebody reads an older state, for longer than `BUSY_SECONDS`.
        """
        if self.is_dry_run or self.engine.dialect.name != "sqlite":
            return
        with _meaningful_errors(), self.engine.connect().execution_options(**{OUTSIDE: True}) as connection:
            is_busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if is_busy:
            raise ErasureUnfinished

    def close(self) -> None:
        """Close every connection."""
        if "engine" in self.__dict__:
            self.engine.dispose()
        if self._scratch is not None:
            self._scratch.cleanup()


@contextmanager
def _meaningful_errors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        meaning = meaning_of(error)
        if meaning is None:
            raise
        raise meaning from error


def unreadable(error: Exception) -> str:
    """Say, without any value of a row, what kept rows from being read.

    Raises:
        The error itself, where the database was busy or gone rather than damaged.
    """
    if isinstance(error, DatabaseError):
        meaning = meaning_of(error)
        if meaning is None or meaning.kind is Kind.TRANSIENT:
            raise error
        return meaning.code
    if isinstance(error, TimebankError):
        return error.code
    return type(error).__name__
