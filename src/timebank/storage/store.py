"""The store: transactions over the database, one for each use case.

A transaction sees one instant (`now`), takes the heads of the branches it writes to first and in
sorted order (so that nothing deadlocks), and is rolled back unless it ends well.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from threading import local

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from timebank.clock import Clock
from timebank.errors import (
    ErasureUnfinished,
    Kind,
    NoDatabase,
    OutcomeUnknown,
    StorageUnusable,
    TimebankError,
)
from timebank.ledger.canonical import instant_of
from timebank.ledger.model import Branch
from timebank.storage.ahead import NOWHERE, Ahead, Overtaken, is_overtaken
from timebank.storage.books import Books
from timebank.storage.driver import together
from timebank.storage.engine import (
    CACHE_KIB,
    CHANGED,
    OUTSIDE,
    WRITES,
    begun,
    engine_of,
    is_lost,
    meaning_of,
    sqlite_file_of,
    url_of,
)
from timebank.storage.file_write import write_to_file
from timebank.storage.kept import KeptConnection, KeptConnections, Opened
from timebank.storage.place import copy_of, holds_anything, is_current, make_private
from timebank.storage.repository import Desk
from timebank.storage.retry import RetryPolicy
from timebank.storage.round_trip import run_together
from timebank.storage.schema import upgrade
from timebank.storage.scripts import FileScript, ServerScript, Step
from timebank.storage.sharing import Share
from timebank.storage.transaction import Transaction
from timebank.storage.warm import WarmBooks

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""PostgreSQL's words for what SQLite's readers always have: everything as of one moment."""


class Store:
    """A database of books."""

    def __init__(
        self,
        address: str,
        *,
        clock: Clock,
        create: bool = True,
        is_dry_run: bool = False,
        retry: RetryPolicy | None = None,
        cache_kib: int = CACHE_KIB,
        draw: Callable[[int], bytes] = token_bytes,
        key_folder: Path | None = None,
    ) -> None:
        """Open a database, and create or upgrade it.

        Args:
            address: `sqlite:///FILE` or `postgresql+psycopg://…`.
            clock: gives each transaction its instant.
            create: whether an SQLite file that does not exist is created.
            is_dry_run: every write is decided and checked in full, then rolled back; a database that would
                have to be created or upgraded first is tried out on a copy.
            retry: how often a use case that could not be finished runs again.
            cache_kib: how much of an SQLite file each connection keeps in memory.
            draw: gives so many random bytes that nobody can guess: the secrets behind commitments.
            key_folder: where the private keys of logs are; beside an SQLite file if None, unless the
                environment says otherwise.

        Raises:
            BadDatabaseUrl, NoDatabase, DatabaseNewer, NotADatabase, StorageUnusable, StorageReadOnly,
            TryAgain: as their names say.
        """
        url = url_of(address)
        file = sqlite_file_of(url)
        self.clock = clock
        self.draw = draw
        self.key_folder = key_folder
        self.retry = retry or RetryPolicy()
        self.is_server = file is None
        self.is_dry_run = is_dry_run
        self._scratch: TemporaryDirectory[str] | None = None
        self._file: _File | None = None
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
            self.engine: Engine = engine_of(url, cache_kib=cache_kib)
            self._kept = KeptConnections(self.engine)
            self._writers = Opened(self.engine.execution_options(**{WRITES: True}))
            snapshot = {} if file is not None else SNAPSHOT
            self._readers = Opened(self.engine.execution_options(**snapshot))
            one_query = {OUTSIDE: True} if file is not None else {"isolation_level": "AUTOCOMMIT"}
            self._glancers = Opened(self.engine.execution_options(**one_query))
            self._sharers = Opened(self.engine.execution_options(**{WRITES: True}))
            self._here = _Here()
            self._warm = WarmBooks()
            self._branches: dict[str, tuple[int, Branch]] = {}
            with self._meaningful_errors():
                upgrade(self.engine, backup_beside=file)
            self._file = _File.at(file) if file is not None else None
        except TimebankError:
            self.close()
            raise

    def _close_kept(self) -> None:
        for kept in (self._kept, self._writers, self._readers, self._glancers, self._sharers):
            kept.close()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads; everything in it is as of one moment."""
        if self._here.share is not None:
            with self._meaningful_errors():
                yield self._here.share.read()
            return
        with self._meaningful_errors(), self._readers.one() as connection, connection.begin():
            connection.info[CHANGED] = False
            yield Transaction(connection, self.clock.now(), self._branches)

    @contextmanager
    def glance(self) -> Iterator[Transaction]:
        """Do without a transaction, for one query: it sees one moment by itself, and needs no BEGIN."""
        if self.is_sharing:
            with self.read() as transaction:
                yield transaction
            return
        with self._meaningful_errors(), self._glancers.one() as connection:
            connection.info[CHANGED] = False
            yield Transaction(connection, self.clock.now(), self._branches)

    @contextmanager
    def write(self, *codes: str) -> Iterator[Transaction]:
        """Open a transaction that writes to these branches; committed if the block ends well.

        Raises:
            UnknownBranch: no branch has one of the codes.
            TryAgain, ServerLost, StorageFull, StorageReadOnly, ServerReadOnly: nothing was changed.
            OutcomeUnknown: the connection was lost while committing.
        """
        if self._here.share is not None:
            with self._meaningful_errors(), self._here.share.write(codes) as shared:
                yield shared
            return
        phase = _Phase()
        with self._meaningful_errors(phase), self._writers.one() as connection:
            transaction_begun = begun(connection)
            with transaction_begun, _dropped_if_lost(connection):
                warm = None if self.is_dry_run else self._warm
                transaction = Transaction(connection, self.clock.now(), self._branches, warm, draw=self.draw)
                transaction.take_heads(codes)
                yield transaction
                if self.is_dry_run:
                    transaction.flush()
                    transaction_begun.rollback()
                else:
                    with together(connection, rows=transaction.pending()):
                        transaction.flush()
                        phase.is_committing = True
                        transaction_begun.commit()
                    phase.is_committing = False
            if not self.is_dry_run:
                transaction.keep_warm()

    @property
    def may_share(self) -> bool:
        """Whether writes may share a transaction: those of a file; on a server, branches go side by side."""
        return not self.is_server and not self.is_dry_run

    @property
    def is_sharing(self) -> bool:
        """Whether what this thread writes now is part of a share."""
        return self._here.share is not None

    def share(self, *, is_patient: bool) -> Share:
        """Begin a transaction for several writes, see `storage.sharing`; `commit` it in any case.

        Args:
            is_patient: whether to wait for another writer, for `BUSY_SECONDS` at most.

        Raises:
            TryAgain: somebody else writes.
            StorageUnusable, StorageReadOnly: nothing can be written.
        """
        known = dict(self._branches)  # whatever is founded in it may come to nothing
        with self._meaningful_errors():
            return Share(
                self._writers if is_patient else self._sharers,
                lambda connection: Transaction(connection, self.clock.now(), known, draw=self.draw),
                is_patient=is_patient,
            )

    @contextmanager
    def sharing(self, share: Share) -> Iterator[None]:
        """Make everything that this thread writes or reads in the block part of a share."""
        self._here.share = share
        try:
            yield
        finally:
            self._here.share = None

    def commit(self, share: Share) -> None:
        """Keep what was written in a share.

        Raises:
            TryAgain, StorageFull, StorageUnusable: nothing of it was kept.
        """
        with self._meaningful_errors():
            share.commit()

    @contextmanager
    def _meaningful_errors(self, phase: "_Phase | None" = None) -> Iterator[None]:
        if self._file is not None:
            self._file.insist()
        try:
            yield
        except Exception as error:
            meaning = meaning_of(error)
            if meaning is None:
                raise
            if is_lost(error):
                self._close_kept()
                self.engine.dispose()  # what else was open to that server is gone, too
                if phase is not None and phase.is_committing:
                    raise OutcomeUnknown(key="not known here") from error
            raise meaning from error

    def ahead(self, code: str) -> Ahead | None:
        """Open the books of a branch as the last post left them, to decide the next one before its turn.

        Returns:
            None if they are not in hand, or others write to the branch, too. Otherwise the caller owns them:
            `hand_on` leaves them to the next post, `write_ahead` writes.
        """
        known = self._branches.get(code)
        if known is None or self.is_dry_run:
            return None
        branch_id, branch = known
        warm = self._warm.take_newest(branch_id)
        if warm is None:
            return None
        now = max(self.clock.now(), instant_of(warm.head.last_us))
        desk = Desk(NOWHERE, branch_id, branch, now, warm.head, warm, is_ahead=True)
        return Ahead(Books(desk), warm.basis, ServerScript() if self.is_server else FileScript())

    def hand_on(self, ahead: Ahead) -> None:
        """Leave the books to the next post, which may be decided from now on."""
        kept = ahead.hand_on()
        if kept is not None:
            self._warm.put(ahead.books.desk.branch_id, kept)

    def write_ahead(self, ahead: Ahead, parts: Iterable[object] | None = None) -> None:
        """Write what was decided ahead, in one go.

        Args:
            ahead: decided as a whole and handed on; or its books, on which nothing was decided yet.
            parts: each step of it decides a part.

        Raises:
            Overtaken: nothing was written, because somebody else wrote, or a key was used before.
            Others: see `write`; the outcome is unknown wherever the connection was lost.
        """
        phase = _Phase()
        try:
            steps = ahead.steps() if parts is None else ahead.flow(parts)
            with self._meaningful_errors(phase), self._kept.one() as kept:
                phase.is_committing = True
                try:
                    self._send(kept, steps)
                except Exception as error:
                    if is_overtaken(error):
                        raise Overtaken from error
                    raise
            ahead.outcome.settle(is_committed=True)
            if parts is not None:
                self._warm.put(ahead.books.desk.branch_id, ahead.kept(None))
        except Exception as error:
            ahead.outcome.settle(is_committed=False)
            if isinstance(error, Overtaken):
                self._warm.overtaken(ahead.books.desk.branch_id)
            raise

    def _send(self, kept: KeptConnection, steps: Iterable[Step]) -> None:
        if self.is_server:
            run_together(kept.driver, steps, kept.prepared)
        else:
            write_to_file(kept.driver, steps)

    def wipe_log(self) -> None:
        """Carry the write-ahead log of an SQLite database over and blank it: it holds rows as they were.

        Other databases recycle theirs in their own time.

        Raises:
            ErasureUnfinished: somebody reads an older state, for longer than `BUSY_SECONDS`.
        """
        if self.is_dry_run or self.engine.dialect.name != "sqlite":
            return
        with (
            self._meaningful_errors(),
            self.engine.connect().execution_options(**{OUTSIDE: True}) as connection,
        ):
            is_busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if is_busy:
            raise ErasureUnfinished

    def close(self) -> None:
        """Close every connection."""
        if "engine" in self.__dict__:
            self._close_kept()
            self.engine.dispose()
        if self._scratch is not None:
            self._scratch.cleanup()


@dataclass(frozen=True, slots=True)
class _File:
    """The file of an SQLite database that is open: what was moved away or deleted would take writes still."""

    path: Path
    device: int
    node: int

    @classmethod
    def at(cls, path: Path) -> "_File":
        """Note which file is there."""
        found = path.stat()
        return cls(path, found.st_dev, found.st_ino)

    def insist(self) -> None:
        """See that it still is.

        Raises:
            StorageUnusable: there is none, or another one: what it holds is not what is in hand.
        """
        try:
            found = self.path.stat()
        except OSError:
            raise StorageUnusable from None
        if (found.st_dev, found.st_ino) != (self.device, self.node):
            raise StorageUnusable


class _Here(local):
    """What a thread is doing."""

    share: Share | None = None


@dataclass(slots=True)
class _Phase:
    """How far a write has come."""

    is_committing: bool = False


def unreadable(error: Exception) -> str:
    """Say, without any value of a row, what kept rows from being read.

    Raises:
        The error itself, where the database was busy or gone rather than damaged.
    """
    meaning = error if isinstance(error, TimebankError) else meaning_of(error)
    if meaning is None:
        return type(error).__name__
    if meaning.kind is Kind.TRANSIENT:
        raise error
    return meaning.code


@contextmanager
def _dropped_if_lost(connection: Connection) -> Iterator[None]:
    """Let go of a connection that broke, without asking the server to roll back what it has lost anyway."""
    try:
        yield
    except Exception as error:
        if is_lost(error):
            connection.invalidate()
        raise
