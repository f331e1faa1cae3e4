"""Connections kept outside the pool, which would ask after each and set it back each time."""

import selectors
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import PoolProxiedConnection

from timebank.errors import TimebankError
from timebank.storage.driver import ONE_PLAN
from timebank.storage.engine import HAS_POLL, is_lost
from timebank.storage.round_trip import Prepared


class KeptConnection:
    """A driver's connection outside the pool, outside any transaction while it is not in use."""

    def __init__(self, engine: Engine) -> None:
        """Open it."""
        self._fairy: PoolProxiedConnection = engine.raw_connection()
        self._fairy.detach()
        self.driver = cast("Any", self._fairy.dbapi_connection)
        self.prepared = Prepared()
        self._selector: selectors.BaseSelector | None = None
        try:
            if engine.dialect.name == "postgresql":
                self._set_up()
        except Exception:
            self.close()
            raise

    def _set_up(self) -> None:
        self.driver.execute(ONE_PLAN)
        self.driver.commit()
        self._selector = selectors.PollSelector() if HAS_POLL else selectors.DefaultSelector()
        self._selector.register(self.driver.fileno(), selectors.EVENT_READ)

    @property
    def is_dead(self) -> bool:
        """Whether the server went away meanwhile: there is an end to read."""
        return self._selector is not None and bool(self._selector.select(0))

    def close(self) -> None:
        """Close it; whatever was not committed is rolled back."""
        if self._selector is not None:
            self._selector.close()
        self._fairy.close()


class KeptConnections:
    """Those of a store: as many as have ever been in use at the same time."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self._free: deque[KeptConnection] = deque()

    @contextmanager
    def one(self) -> Iterator[KeptConnection]:
        """Lend a connection; after an error it is rolled back, or closed if it is lost."""
        connection = self._next()
        try:
            yield connection
        except BaseException as error:
            if isinstance(error, Exception) and is_lost(error):
                connection.close()
                raise
            try:
                connection.driver.rollback()
            except Exception:  # noqa: BLE001 - what it was about is being raised
                connection.close()
            else:
                self._free.append(connection)
            raise
        self._free.append(connection)

    def _next(self) -> KeptConnection:
        with suppress(IndexError):
            while True:
                connection = self._free.pop()
                if not connection.is_dead:
                    return connection
                connection.close()
        return KeptConnection(self._engine)

    def close(self) -> None:
        """Close those that are not in use."""
        with suppress(IndexError):
            while True:
                self._free.pop().close()


class Opened:
    """SQLAlchemy's connections, opened for one purpose: as many as have ever been in use at once."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none; `engine` has the options that each is to have."""
        self._engine = engine
        self._free: deque[Connection] = deque()

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """Lend a connection outside any transaction; an error that is no answer of ours closes it."""
        connection = self._next()
        try:
            yield connection
        except TimebankError:
            self._take_back(connection)
            raise
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        self._take_back(connection)

    def _take_back(self, connection: Connection) -> None:
        if connection.in_transaction():
            connection.rollback()
        self._free.append(connection)

    def _next(self) -> Connection:
        with suppress(IndexError):
            while True:
                connection = self._free.pop()
                if connection.dialect.name != "postgresql" or not _is_dead(connection):
                    return connection
                connection.invalidate()
                connection.close()
        return self._engine.connect()

    def close(self) -> None:
        """Close those that are not in use."""
        with suppress(IndexError):
            while True:
                self._free.pop().close()


def _is_dead(connection: Connection) -> bool:
    with selectors.PollSelector() if HAS_POLL else selectors.DefaultSelector() as selector:
        selector.register(cast("Any", connection.connection).fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))
