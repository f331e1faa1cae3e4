"""Roles on a test server: made for a test, able to log in, gone afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from psycopg import sql
from sqlalchemy import make_url
from tests.postgres import raw

NUMBERS = count(1)
PASSWORD = "sample-password"


@contextmanager
def a_role(address: str) -> Iterator[str]:
    """Make a role that may log in and nothing else; yields its name."""
    name = f"timebank_role_{os.getpid()}_{next(NUMBERS)}"
    role = sql.Identifier(name)
    with raw(address) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(PASSWORD)))
    try:
        yield name
    finally:
        with raw(address) as connection:
            connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def as_role(address: str, role: str) -> str:
    """Return the address of the same database for a role."""
    url = make_url(address).set(username=role, password=PASSWORD)
    return url.render_as_string(hide_password=False)
