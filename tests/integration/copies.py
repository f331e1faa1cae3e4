"""Copies of a database on a test server: `CREATE DATABASE … TEMPLATE` is faster than building it again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from psycopg import sql
from sqlalchemy import make_url
from tests.postgres import raw

NUMBERS = count(1)


def copy_of(server: str, original: str) -> str:
    """Copy a database that nobody is connected to; returns the address of the copy."""
    name = f"timebank_copy_{os.getpid()}_{next(NUMBERS)}"
    # File by file: the server's other way writes every page to its log.
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    with raw(server) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(_name_in(original))))
    return make_url(original).set(database=name).render_as_string(hide_password=False)


def drop(server: str, address: str) -> None:
    """Drop a database, whoever is connected to it."""
    with raw(server) as connection:
        statement = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        connection.execute(statement.format(sql.Identifier(_name_in(address))))


@contextmanager
def a_copy(server: str, original: str) -> Iterator[str]:
    """Copy a database, and drop the copy afterwards; yields its address."""
    address = copy_of(server, original)
    try:
        yield address
    finally:
        drop(server, address)


def _name_in(address: str) -> str:
    return str(make_url(address).database)
