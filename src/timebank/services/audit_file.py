"""What the audit checks of the database as such: its schema, and the file or the server it is in."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text

from timebank.ledger.audit import Fault
from timebank.storage.file_checks import damages_of
from timebank.storage.soundness import damages, expected_objects, made_on_sqlite, objects_of
from timebank.storage.transaction import Transaction
from timebank.storage.workers import FileTask, Results

COUNTED_PARTS = ("pages", "keys")
WHOLE_PARTS = ("indexes", "keys")


def check_schema(tx: Transaction) -> Iterator[Fault]:
    """Compare everything in the schema with what the migrations make: guards included."""
    dialect = tx.connection.dialect.name
    expected, found = expected_objects(dialect), objects_of(tx.connection)
    if dialect == "sqlite" and found != expected:
        expected = made_on_sqlite()
    for kind, name in sorted(expected.keys() | found.keys()):
        place = f"database {kind} {name}"
        if (kind, name) not in found:
            yield Fault(place, "schema_missing", "it was dropped")
        elif (kind, name) not in expected:
            yield Fault(place, "schema_foreign", "it is not timebank's")
        elif found[kind, name] != expected[kind, name]:
            yield Fault(place, "schema_differs", "its definition was changed")


def check_whole_file(tx: Transaction) -> Iterator[Fault]:
    """Check everything that the engine itself can check."""
    for damage in damages(tx.connection):
        yield Fault("database", "damaged", damage)


def check_parts(tx: Transaction, parts: Sequence[str], found: Results) -> Iterator[Fault]:
    """Check parts of an SQLite file, as far as workers have not done so."""
    connection: Any = tx.connection.connection.driver_connection
    for part in parts:
        known = found.get(FileTask(part))
        for damage in damages_of(connection, part) if known is None else known:
            yield Fault("database", "damaged", damage)


def schema_version(tx: Transaction) -> int:
    """Return how often the schema of an SQLite file was changed."""
    return int(tx.connection.execute(text("PRAGMA schema_version")).scalar_one())
