"""The columns tables are made of, for SQLite's STRICT tables and a sharded PostgreSQL alike.

House rules: every key starts with the branch, nothing is numbered by a global sequence, instants are
whole microseconds since 1970 in UTC (suffix `_us`), days are ISO text (suffix `_on`), enums are text.
"""

from typing import Any, Final, cast

from sqlalchemy import BigInteger, ColumnElement, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.engine import Connection
from sqlmodel import Field, SQLModel

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
STRICT: Final = {"sqlite_strict": True, "sqlite_with_rowid": False}
WIDE: Final = Integer().with_variant(BigInteger, "postgresql")
"""64 bits on both engines: SQLite's INTEGER already is."""


class Row(SQLModel):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


def key_number() -> Any:  # noqa: ANN401 - what SQLModel's Field returns
    """Return a column of a primary key, a 64-bit whole number."""
    return Field(sa_type=WIDE, primary_key=True, sa_column_kwargs={"autoincrement": False})


def key_text() -> Any:  # noqa: ANN401
    """Return a column of a primary key, text."""
    return Field(sa_type=Text, primary_key=True)


def key_bytes() -> Any:  # noqa: ANN401
    """Return a column of a primary key, bytes."""
    return Field(sa_type=LargeBinary, primary_key=True)


def number(*, nullable: bool = False) -> Any:  # noqa: ANN401
    """Return a column of 64-bit whole numbers."""
    return Field(sa_type=WIDE, nullable=nullable)


def counter() -> Any:  # noqa: ANN401
    """Return a column of 64-bit whole numbers that begin at 0."""
    return Field(sa_type=WIDE, nullable=False, sa_column_kwargs={"server_default": "0"})


def text(*, nullable: bool = False) -> Any:  # noqa: ANN401
    """Return a text column."""
    return Field(sa_type=Text, nullable=nullable)


def worded(usual: str) -> Any:  # noqa: ANN401
    """Return a text column; rows that were there before have the usual one."""
    return Field(sa_type=Text, nullable=False, sa_column_kwargs={"server_default": usual})


def blob(*, nullable: bool = False) -> Any:  # noqa: ANN401
    """Return a column of bytes."""
    return Field(sa_type=LargeBinary, nullable=nullable)


def table_of(row: type[Row]) -> Table:
    """Return the table behind a row class, for SQLAlchemy Core."""
    return cast("Table", row.__table__)  # type: ignore[attr-defined]


def by_code_point(column: ColumnElement[str], connection: Connection) -> ColumnElement[str]:
    """Return a text column that is compared and sorted by code points, on either engine."""
    return column.collate("C") if connection.dialect.name == "postgresql" else column
