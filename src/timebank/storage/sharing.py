"""Sharing: short writes of many callers in one transaction of a file, each of them whole or not at all.

A commit waits for the disk, so callers who come together share one. Each write is a savepoint of the
transaction: one that is refused leaves nothing and disturbs nobody. What was written counts for nothing
before the commit: nobody is told, and if the commit fails, all of it has failed.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from sqlalchemy.engine import Connection

from timebank.errors import TryAgain
from timebank.storage.engine import begun
from timebank.storage.kept import Opened
from timebank.storage.transaction import Transaction

HASTY: Final = "timebank_hasty"
"""Whether a connection waits for no other writer."""


class Share:
    """One transaction that several writes share; `Store.share` makes them."""

    def __init__(
        self, writers: Opened, open_on: Callable[[Connection], Transaction], *, is_patient: bool
    ) -> None:
        """Begin; from now on nobody else writes.

        Args:
            writers: lend connections.
            open_on: makes what a use case works with.
            is_patient: whether to wait for another writer; else the connections are those of shares alone.

        Raises:
            TryAgain: somebody else writes.
        """
        self._open_on = open_on
        with ExitStack() as lent:
            self._connection = lent.enter_context(writers.one())
            if not is_patient and HASTY not in self._connection.info:
                self._run("PRAGMA busy_timeout = 0")
                self._connection.info[HASTY] = True
            begun(self._connection)
            self._lent = lent.pop_all()

    def read(self) -> Transaction:
        """Return what reads as of now, the writes so far included."""
        return self._open_on(self._connection)

    @contextmanager
    def write(self, codes: tuple[str, ...]) -> Iterator[Transaction]:
        """Do one write; if its block raises, nothing of it is left.

        Raises:
            TryAgain: the database has given up the whole transaction.
            Others: see `Store.write`.
        """
        self._insist()
        self._run("SAVEPOINT one")
        transaction = self._open_on(self._connection)
        try:
            transaction.take_heads(codes)
            yield transaction
            transaction.flush()
        except BaseException:
            if self._is_alive:
                self._run("ROLLBACK TO one")
                self._run("RELEASE one")
            raise
        self._run("RELEASE one")

    def commit(self) -> None:
        """Keep all of it, on any thread.

        Raises:
            TryAgain: the database has given it up; nothing was kept.
            Others: it could not be kept, for what the driver says; nothing was.
        """
        with self._lent:
            self._insist()
            self._connection.commit()

    def _insist(self) -> None:
        if not self._is_alive:
            raise TryAgain

    @property
    def _is_alive(self) -> bool:
        """Whether the transaction goes on: where a disk is full, the database ends it by itself."""
        return bool(self._driver.in_transaction)

    def _run(self, statement: str) -> None:
        self._driver.execute(statement)

    @property
    def _driver(self) -> Any:  # noqa: ANN401 - sqlite3's connection
        return self._connection.connection.dbapi_connection
