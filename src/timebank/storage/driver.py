"""The driver itself, for the few statements that every post needs: nothing is compiled, many rows go at once.

SQLAlchemy builds the schema, reads and migrates; here its per-statement cost would exceed the work.
Rows are tuples in the order of the table's columns.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import Integer, LargeBinary, Table
from sqlalchemy.engine import Connection

from timebank.storage.columns import Row, table_of

COPY_LEAST: Final = 150
"""From how many rows on PostgreSQL's COPY, with its two more round trips, is faster than INSERT."""
FEW_ROWS: Final = 2
"""Rows that PostgreSQL takes sooner value by value than as arrays: those of one exchange."""
ROWS_AT_ONCE: Final = 250
"""Rows of one statement on SQLite: within the 32,766 values that it takes."""
UNNEST_BALANCES: Final = "unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])"
SAVE_BALANCES: Final = {
    "sqlite": (
        "UPDATE account_balance SET balance = ?, given = ?, received = ?, version = ? "
        "WHERE branch_id = ? AND account_no = ?"
    ),
    "postgresql": (
        "UPDATE account_balance AS b "
        "SET balance = v.balance, given = v.given, received = v.received, version = v.version "
        "FROM " + UNNEST_BALANCES + " AS v (balance, given, received, version, no) "
        "WHERE b.branch_id = %s AND b.account_no = v.no"
    ),
}
MOVE_HEAD: Final = {
    "sqlite": (
        "UPDATE branch_head SET entry_seq = ?, last_us = ?, revision = CASE revision WHEN ? THEN ? END "
        "WHERE branch_id = ?"
    ),
    "postgresql": (
        "UPDATE branch_head SET entry_seq = %s, last_us = %s, "
        "revision = CASE WHEN revision = %s AND NOT EXISTS (SELECT FROM request_key AS k "
        "WHERE k.branch_id = branch_head.branch_id AND k.key = ANY(%s::bytea[])) THEN %s::bigint END "
        "WHERE branch_id = %s"
    ),
}
"""Saves a head that is still at a certain revision; on PostgreSQL, if certain keys were never used.

Otherwise it fails: NULL is no revision.
"""
REFUSE_USED_KEY: Final = (
    "UPDATE branch_head SET revision = NULL FROM request_key AS k "
    "WHERE branch_head.branch_id = k.branch_id AND k.branch_id = ? AND k.key = ?"
)
"""Fails on SQLite, likewise, if a key was used."""
ONE_PLAN: Final = "SET plan_cache_mode = force_generic_plan"
"""Few rows or many, they are found by key: planning that anew for each transaction would cost more."""
SAVE_HEAD: Final = "UPDATE branch_head SET entry_seq = ?, revision = ?, last_us = ? WHERE branch_id = ?"


def is_postgresql(connection: Connection) -> bool:
    """Tell which of the two engines a connection is to."""
    return connection.dialect.name == "postgresql"


def query(connection: Connection, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    """Run a query written with `?` and return its rows."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_marked(statement, is_postgresql(connection)), values)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def query_among(
    connection: Connection, statement: str, branch_id: int, among: Sequence[object]
) -> list[tuple[Any, ...]]:
    """Run a query that ends with a column which is to be one of some values, up to a thousand."""
    if is_postgresql(connection):
        kind = "bytea[]" if among and isinstance(among[0], bytes) else "text[]"
        return query(connection, f"{statement} = ANY(?::{kind})", (branch_id, ARRAYS[kind](among)))
    marks = ", ".join("?" * len(among))
    return query(connection, f"{statement} IN ({marks})", (branch_id, *among))


def execute(connection: Connection, statement: str, values: Sequence[object]) -> int:
    """Run a statement written with `?` that returns no rows; returns how many it changed."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_marked(statement, is_postgresql(connection)), values)
        return int(cursor.rowcount)
    finally:
        cursor.close()


@cache
def _marked(statement: str, has_percent_marks: bool) -> str:  # noqa: FBT001 - a key of the cache
    return statement.replace("?", "%s") if has_percent_marks else statement


def find_rows(
    connection: Connection,
    row: type[Row],
    values: Sequence[object],
    *,
    where: str,
    order: str = "",
    limit: int | None = None,
) -> list[Any]:
    """Return rows of a table as named tuples.

    Args:
        connection: to the database.
        row: which table.
        values: one for each `?` of `where`.
        where: the condition.
        order: columns, as SQL; any order if empty.
        limit: how many at most.
    """
    table = table_of(row)
    text = _select_text(table, where, order, limit is not None)
    rows = query(connection, text, values if limit is None else (*values, limit))
    return list(map(_shape_of(table), rows))


@cache
def _select_text(table: Table, where: str, order: str, is_limited: bool) -> str:  # noqa: FBT001 - as above
    ordered = f" ORDER BY {order}" if order else ""
    limited = " LIMIT ?" if is_limited else ""
    return f"SELECT {_names(table)} FROM {table.name} WHERE {where}{ordered}{limited}"  # noqa: S608 - our own


@cache
def _shape_of(table: Table) -> Callable[[Sequence[Any]], Any]:
    named: Any = namedtuple  # noqa: PYI024 - its fields are the table's, known when the program runs
    make: Callable[[Sequence[Any]], Any] = named(table.name, [column.name for column in table.columns])._make
    return make


def insert_row(connection: Connection, row: type[Row], values: dict[str, object]) -> None:
    """Insert one row; columns that are not named have their default."""
    execute(connection, _insert_named(table_of(row), tuple(values)), tuple(values.values()))


@cache
def _insert_named(table: Table, names: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - as above


def update_rows(
    connection: Connection, row: type[Row], values: dict[str, object], where: dict[str, object]
) -> int:
    """Set columns of the rows whose columns have certain values; returns how many there were."""
    text = _update_text(table_of(row), tuple(values), tuple(where))
    return execute(connection, text, (*values.values(), *where.values()))


@cache
def _update_text(table: Table, names: tuple[str, ...], where: tuple[str, ...]) -> str:
    changes, conditions = (
        ", ".join(f"{name} = ?" for name in names),
        " AND ".join(f"{name} = ?" for name in where),
    )
    return f"UPDATE {table.name} SET {changes} WHERE {conditions}"  # noqa: S608 - as above


def insert_rows(connection: Connection, row: type[Row], rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows: on SQLite many in a statement, on PostgreSQL all of them, by COPY or INSERT."""
    if not rows:
        return
    cursor = connection.connection.cursor()
    try:
        is_server = is_postgresql(connection)
        if len(rows) == 1:
            cursor.execute(_insert_text(table_of(row), "%s" if is_server else "?"), rows[0])
        elif not is_server:
            for text, values in rows_in_file(row, rows):
                cursor.executemany(text, values)
        elif len(rows) < COPY_LEAST:
            cursor.execute(_unnest_text(table_of(row)), _arrays(table_of(row), rows))
        else:
            with cursor.copy(_copy_text(table_of(row))) as copy:
                for values in rows:
                    copy.write_row(values)
    finally:
        cursor.close()


@cache
def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


@cache
def _insert_text(table: Table, mark: str, *, rows: int = 1) -> str:
    marks = ", ".join([f"({', '.join([mark] * len(table.columns))})"] * rows)
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES {marks}"  # noqa: S608 - our own names


@cache
def _unnest_text(table: Table) -> str:
    arrays = ", ".join(f"%s::{_array_of(column.type)}" for column in table.columns)
    return f"INSERT INTO {table.name} ({_names(table)}) SELECT * FROM unnest({arrays})"  # noqa: S608 - as above


def _arrays(table: Table, rows: Sequence[tuple[object, ...]]) -> list[str]:
    return [
        write(values) for write, values in zip(_array_writers(table), zip(*rows, strict=True), strict=True)
    ]


@cache
def _array_writers(table: Table) -> tuple[Callable[[Sequence[Any]], str], ...]:
    return tuple(ARRAYS[_array_of(column.type)] for column in table.columns)


def _array_of(kind: object) -> str:
    if isinstance(kind, Integer):
        return "bigint[]"
    return "bytea[]" if isinstance(kind, LargeBinary) else "text[]"


@cache
def _copy_text(table: Table) -> str:
    return f"COPY {table.name} ({_names(table)}) FROM STDIN"


def save_balances(
    connection: Connection, branch_id: int, rows: Sequence[tuple[int, int, int, int, int]]
) -> None:
    """Update cached totals: (balance, given, received, version, account number) of each account."""
    cursor = connection.connection.cursor()
    try:
        if is_postgresql(connection):
            columns = [_numbers(column) for column in zip(*rows, strict=True)]
            cursor.execute(SAVE_BALANCES["postgresql"], [*columns, branch_id])
        else:
            for text, values in balances_in_file(branch_id, rows):
                cursor.executemany(text, values)
    finally:
        cursor.close()


# PostgreSQL's array literals, written here: the driver's own writer looks at every value again and again.
def _numbers(values: Sequence[int | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _texts(values: Sequence[str | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _blobs(values: Sequence[bytes | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]) + "}"


ARRAYS: Final[dict[str, Callable[[Sequence[Any]], str]]] = {
    "bigint[]": _numbers,
    "text[]": _texts,
    "bytea[]": _blobs,
}


Written = tuple[str, Sequence[object]]
"""A statement with `%s` for each of its values."""


def rows_inserted(row: type[Row], rows: Sequence[tuple[object, ...]]) -> Written:
    """Return what inserts rows on PostgreSQL: value by value where they are few, else as arrays."""
    table = table_of(row)
    if len(rows) <= FEW_ROWS:
        return _insert_text(table, "%s", rows=len(rows)), list(chain.from_iterable(rows))
    return _unnest_text(table), _arrays(table, rows)


def balances_saved(branch_id: int, rows: Sequence[tuple[int, int, int, int, int]]) -> Written:
    """Return what updates cached totals on PostgreSQL; see `save_balances`."""
    if len(rows) <= FEW_ROWS:
        return _save_few(len(rows)), [*chain.from_iterable(rows), branch_id]
    columns = [_numbers(column) for column in zip(*rows, strict=True)]
    return SAVE_BALANCES["postgresql"], [*columns, branch_id]


@cache
def _save_few(rows: int) -> str:
    values = ", ".join(["(%s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint)"] * rows)
    before, after = SAVE_BALANCES["postgresql"].split(UNNEST_BALANCES)
    return f"{before}(VALUES {values}){after}"


def head_moved(branch_id: int, revision: int, head: tuple[int, int, int], unused: Sequence[bytes]) -> Written:
    """Return what saves a head (last entry, revision, instant) that is still at a revision.

    See `MOVE_HEAD`.
    """
    entry_seq, moved, last_us = head
    return MOVE_HEAD["postgresql"], [entry_seq, last_us, revision, _blobs(unused), moved, branch_id]


def rows_in_file(row: type[Row], rows: Sequence[tuple[object, ...]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield what inserts rows on SQLite, with the rows of values of each statement.

    Many rows go in one statement: the driver is asked, and Python's lock given back, less often.
    """
    table = table_of(row)
    whole = len(rows) - len(rows) % ROWS_AT_ONCE
    for start in range(0, whole, ROWS_AT_ONCE):
        values = list(chain.from_iterable(rows[start : start + ROWS_AT_ONCE]))
        yield _insert_text(table, "?", rows=ROWS_AT_ONCE), [values]
    if whole < len(rows):
        yield _insert_text(table, "?"), rows[whole:]


def balances_in_file(
    branch_id: int, rows: Sequence[tuple[int, int, int, int, int]]
) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield what updates cached totals on SQLite; see `save_balances`."""
    if rows:
        yield SAVE_BALANCES["sqlite"], [(*row[:4], branch_id, row[4]) for row in rows]


def in_one(parts: Sequence[Written]) -> Written:
    """Return one statement for several that change different tables."""
    return _in_one(tuple(text for text, _ in parts)), [value for _, values in parts for value in values]


@cache
def _in_one(texts: tuple[str, ...]) -> str:
    before = ", ".join(f"part_{number} AS ({text})" for number, text in enumerate(texts[:-1]))
    return f"WITH {before} {texts[-1]}"


def numbered(written: Written) -> tuple[str, list[bytes | None]]:
    """Return a statement as libpq takes it: $1, $2, … and values as text."""
    text, values = written
    return _numbered(text), [_sent(value) for value in values]


def _sent(value: object) -> bytes | None:
    if value is None:
        return None
    return b"\\x" + value.hex().encode() if type(value) is bytes else str(value).encode()


@cache
def _numbered(text: str) -> str:
    first, *rest = text.split("%s")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


@contextmanager
def together(connection: Connection, *, rows: int) -> Iterator[None]:
    """Send the statements of the block without waiting for each answer, where the driver can do that."""
    if is_postgresql(connection) and rows < COPY_LEAST:
        with connection.connection.dbapi_connection.pipeline():  # type: ignore[union-attr]
            yield
    else:
        yield
