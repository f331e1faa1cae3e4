"""A whole transaction written to an SQLite file, through `sqlite3` itself."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any


def write_to_file(connection: sqlite3.Connection, steps: Iterable[tuple[str, Sequence[Any]]]) -> None:
    """Begin, run statements that return nothing, and commit.

    Args:
        connection: outside a transaction.
        steps: statements, to be run in this order, each for each of its rows of values.

    Raises:
        Whatever `steps` raises, sqlite3.Error: nothing was kept, the transaction is to be rolled back.
    """
    cursor = connection.cursor()
    try:
        cursor.execute("BEGIN IMMEDIATE")
        for text, rows in steps:
            cursor.executemany(text, rows)
        cursor.execute("COMMIT")
    finally:
        cursor.close()
