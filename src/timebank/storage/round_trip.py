"""One round trip: a whole transaction sent to PostgreSQL at once, through psycopg's own view of libpq.

psycopg's cursors wait for the socket after each statement, even in a pipeline, and with every wait they let
another thread of Python run; here there is one wait for all. Each connection prepares a statement once.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

Statement = tuple[str, Sequence[bytes | None]]
"""Its text, with $1, $2, … and its values as text; None is NULL."""
BEGIN: Final = b"BEGIN"
COMMIT: Final = b"COMMIT"
UNKNOWN_NAME: Final = "26000"
"""SQLSTATE: there is no prepared statement of that name."""


@dataclass(slots=True)
class Prepared:
    """What one connection knows."""

    names: dict[str, bytes] = field(default_factory=dict)
    """By the statement's text."""
    made: int = 0
    """How many names were ever used: one that a failure left behind is not used again."""


def run_together(
    connection: "psycopg.Connection[Any]", statements: Iterable[Statement], prepared: Prepared
) -> None:
    """Begin, run statements that return nothing, and commit.

    Args:
        connection: outside a transaction.
        statements: to be run in this order. They are sent as they come: the server begins with the first ones
            while the last ones are thought about.
        prepared: what this connection knows; grows.

    Raises:
        Whatever `statements` raises: nothing was kept, the transaction is to be rolled back.
        psycopg.Error: of the first statement that failed; nothing was kept, the transaction is to be rolled
            back. Or the connection was lost: nobody knows whether it was committed.
    """
    try:
        _run(connection, statements, prepared)
    except Exception as error:
        if getattr(error, "sqlstate", None) != UNKNOWN_NAME or not prepared.names:
            raise
        prepared.names.clear()  # a rollback of psycopg's lets the server forget everybody's
        if not isinstance(statements, Sequence):
            raise
        connection.rollback()
        _run(connection, statements, prepared)


def _run(connection: "psycopg.Connection[Any]", statements: Iterable[Statement], prepared: Prepared) -> None:
    libpq = connection.pgconn
    libpq.enter_pipeline_mode()
    try:
        new = _sent(connection, statements, prepared)
        libpq.send_query_params(COMMIT, None)
        libpq.pipeline_sync()
        connection.wait(_until_done(connection))
        prepared.names.update(new)
    finally:
        libpq.exit_pipeline_mode()


def _sent(
    connection: "psycopg.Connection[Any]", statements: Iterable[Statement], prepared: Prepared
) -> dict[str, bytes]:
    """Begin and send statements; returns the names of those that are new to the server."""
    libpq = connection.pgconn
    new: dict[str, bytes] = {}
    libpq.send_query_params(BEGIN, None)
    try:
        for text, values in statements:
            name = prepared.names.get(text) or new.get(text)
            if name is None:
                prepared.made += 1
                name = new[text] = f"timebank_{prepared.made}".encode()
                libpq.send_prepare(name, text.encode())
            libpq.send_query_prepared(name, values)
            libpq.flush()
    except BaseException:
        libpq.pipeline_sync()
        with suppress(Exception):  # what was sent so far is rolled back, whatever the server says of it
            connection.wait(_until_done(connection))
        raise
    return new


def _until_done(connection: "psycopg.Connection[Any]") -> Generator[Any, Any, None]:
    """Send what is to be sent and read every answer."""
    from psycopg import errors, waiting  # noqa: PLC0415 - the driver is optional
    from psycopg.pq import ExecStatus  # noqa: PLC0415

    libpq = connection.pgconn
    while libpq.flush():
        if (yield waiting.Wait.RW) & waiting.Ready.R:
            libpq.consume_input()
    failed = None
    while True:
        while libpq.is_busy():
            yield waiting.Wait.R
            libpq.consume_input()
        result = libpq.get_result()
        if result is None:
            continue
        if result.status == ExecStatus.PIPELINE_SYNC:
            break
        if result.status == ExecStatus.FATAL_ERROR and failed is None:
            failed = errors.error_from_result(result)
    if failed is not None:
        raise failed
