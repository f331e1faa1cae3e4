"""Rows of a branch on their way in: from a file or from another database, into one that lacks the branch.

Nothing is recomputed; the guards of the database check what they check of every row. Most rows are entries,
postings and keys: they go in by the driver's own fastest way, COPY on PostgreSQL, many at once on SQLite.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from itertools import groupby, islice
from typing import Any, Final

from sqlalchemy import Integer, LargeBinary, Table, Text, func, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from timebank.errors import BranchFileFaulty, StorageRefused
from timebank.ledger.canonical import instant_of
from timebank.ledger.model import Actor, Branch, Cause, EntryKind
from timebank.reports.jsonl import BranchFile, Values
from timebank.storage.branches import Branches
from timebank.storage.dump import (
    BRANCH,
    CHUNK,
    ENTRY,
    HEAD,
    HERE,
    POSTING,
    SHAPES,
    Chunk,
    Tell,
    columns_of,
)
from timebank.storage.engine import meaning_of
from timebank.storage.log import TreeEnd
from timebank.storage.repository import Desk

COPY_TYPES: Final = ((Integer, "int8"), (Text, "text"), (LargeBinary, "bytea"))
SEQ_AT: Final = SHAPES[HEAD.name].at("entry_seq")
LEAF_AT: Final = SHAPES[ENTRY.name].at("leaf")


def chunks_of(rows: Iterable[tuple[str, Values]]) -> Iterator[Chunk]:
    """Gather the rows of a file into chunks; the postings that stand in entries come before them."""
    for name, group in groupby(rows, key=lambda row: row[0]):
        while chunk := [values for _, values in islice(group, CHUNK)]:
            if name == ENTRY.name:
                yield POSTING.name, [(row[0], *line) for row in chunk for line in row[-1]]
                chunk = [row[:-1] for row in chunk]
            yield name, chunk


def load(connection: Connection, file: BranchFile, chunks: Iterable[Chunk], tell: Tell) -> None:
    """Write a branch's rows into a database that does not have the branch.

    Args:
        connection: in a transaction that writes.
        file: which branch, and how many rows of each table there are.
        chunks: what is pointed to comes first, postings come before their entries.
        tell: told how many entries are in.

    Raises:
        BranchExists: the database has the branch.
        BranchFileFaulty: the rows contradict one another, `file` or the schema.
    """
    counts: Counter[str] = Counter()
    branch_id: int | None = None
    insert: Callable[[Table, Sequence[Values]], None] | None = None
    tree: TreeEnd | None = None
    for name, rows in chunks:
        counts[name] += len(rows)
        if branch_id is None or insert is None:
            branch_id = _found(connection, file, name, rows)
            insert = _inserter(connection, branch_id)
            tree = TreeEnd(branch_id, 0)
        elif name == HEAD.name:
            seq = rows[-1][SEQ_AT]
            connection.execute(update(HEAD).where(HEAD.c[HERE] == branch_id).values(entry_seq=seq))
        elif rows:
            _insert(insert, BRANCH.metadata.tables[name], rows)
        if name == ENTRY.name and tree is not None:
            tree.grow([row[LEAF_AT] for row in rows], connection).write(connection)
            tell(counts[name])
    if branch_id is None:
        raise BranchFileFaulty(place="table branch", what="not the branch that the first line names")
    latest = select(func.coalesce(func.max(ENTRY.c.recorded_us), 0)).where(ENTRY.c[HERE] == branch_id)
    connection.execute(update(HEAD).where(HEAD.c[HERE] == branch_id).values(last_us=latest.scalar_subquery()))
    for name in counts.keys() | file.counts.keys():
        if counts[name] != file.counts.get(name, 0):
            what = f"{counts[name]} rows, the first line says {file.counts.get(name, 0)}"
            raise BranchFileFaulty(place=f"table {name}", what=what)


def _found(connection: Connection, file: BranchFile, name: str, rows: Sequence[Values]) -> int:
    """Found the branch that the first row describes; returns its number in this database."""
    values = dict(zip(SHAPES[BRANCH.name].names, rows[0], strict=True)) if name == BRANCH.name else {}
    if len(rows) != 1 or values.get("code") != file.branch:
        raise BranchFileFaulty(place="table branch", what="not the branch that the first line names")
    try:
        created_at = instant_of(values["created_us"])
    except OverflowError:
        raise BranchFileFaulty(place="table branch", what="not an instant") from None
    branch = Branch(code=values["code"], name=values["name"], zone=values["zone"], created_at=created_at)
    return Branches(connection).create(branch)


def _insert(insert: Callable[[Table, Sequence[Values]], None], table: Table, rows: Sequence[Values]) -> None:
    """Insert rows of one table, and name the rule that they break."""
    try:
        insert(table, rows)
    except DBAPIError as error:
        meaning = meaning_of(error)
        place = f"table {ENTRY.name if table is POSTING else table.name}"
        if isinstance(meaning, StorageRefused):
            raise BranchFileFaulty(place=place, what=meaning.rule) from error
        if isinstance(error, (IntegrityError, DataError)):
            raise BranchFileFaulty(place=place, what="rows that cannot stand together") from error
        raise


def _inserter(connection: Connection, branch_id: int) -> Callable[[Table, Sequence[Values]], None]:
    """Return the fastest way to insert rows of a branch."""
    if connection.dialect.name == "sqlite":
        return lambda table, rows: _insert_many(connection, branch_id, table, rows)
    return lambda table, rows: _copy(connection, branch_id, table, rows)


def _insert_many(connection: Connection, branch_id: int, table: Table, rows: Sequence[Values]) -> None:
    # Straight to the driver: SQLAlchemy's care for each value would cost more than the insert itself.
    connection.exec_driver_sql(_insert_text(table, branch_id), list(rows))


def read_words(desk: Desk) -> None:
    """Read what an audit takes as it is stored: kinds, causes, actors, days and instants of entries.

    Raises:
        ValueError, AssertionError, TimebankError, OverflowError: one is none that timebank writes.
    """
    words = ("kind", "cause_kind", "actor", "effective_on")
    columns = [ENTRY.c[name] for name in words]
    distinct = select(*columns).where(ENTRY.c[HERE] == desk.branch_id).distinct()
    for kind, cause_kind, actor, effective_on in desk.connection.execute(distinct):
        EntryKind(kind)
        Actor.parse(actor)
        Cause(cause_kind, "1")
        date.fromisoformat(effective_on)
    rest = (ENTRY.c.cause_ref, ENTRY.c.effective_us, ENTRY.c.recorded_us)
    query = select(*rest).where(ENTRY.c[HERE] == desk.branch_id).execution_options(yield_per=CHUNK)
    for cause_ref, effective_us, recorded_us in desk.connection.execute(query):
        Cause("any", cause_ref)
        instant_of(effective_us)
        instant_of(recorded_us)


def stay(connection: Connection) -> None:
    """Let this transaction pause as long as it must: who reads the file may be slow, or the other database.

    A server otherwise ends transactions that do nothing for a while, lest they stop others from writing.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


@cache
def _insert_text(table: Table, branch_id: int) -> str:
    names = [column.name for column in columns_of(table)]
    marks = ", ".join("?" for _ in names)
    return f"INSERT INTO {table.name} ({HERE}, {', '.join(names)}) VALUES ({branch_id:d}, {marks})"  # noqa: S608 - our own names


def _copy(connection: Connection, branch_id: int, table: Table, rows: Sequence[Values]) -> None:
    statement, types = _copy_text(table)
    errors = connection.dialect.loaded_dbapi.Error
    driver: Any = connection.connection.cursor()
    try:
        with driver, driver.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row((branch_id, *row))
    except errors as error:
        # As SQLAlchemy would have raised it, had it run the statement; without any value of a row (I-10).
        raise DBAPIError.instance(
            statement, None, error, errors, hide_parameters=True, dialect=connection.dialect
        ) from error


@cache
def _copy_text(table: Table) -> tuple[str, tuple[str, ...]]:
    columns = [table.c[HERE], *columns_of(table)]
    names = ", ".join(column.name for column in columns)
    types = tuple(next(name for kind, name in COPY_TYPES if isinstance(each.type, kind)) for each in columns)
    return f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)", types
