"""The real storage over another journal of SQLite's, or less careful, than it asks for.

`timebank` always asks for a write-ahead log and `synchronous=FULL`. Here these statements are changed on
their way to the driver, and nothing else is: what is shown of it is shown of the rest of the program, too.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any
from unittest import mock

from sqlalchemy import create_engine, make_url

from timebank.storage import engine


class Journal(StrEnum):
    """How SQLite can take back what was not committed."""

    WAL = "wal"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Care:
    """How careful SQLite is."""

    journal: Journal = Journal.WAL
    synchronous: str = "FULL"
    log_pages: int | None = None
    """After how many pages a log is carried over; as the program says if None."""

    def statement(self, text: str) -> str:
        """Return what is sent instead of a statement of the program."""
        if text.startswith("PRAGMA journal_mode") and self.journal is not Journal.WAL:
            # Asked which one there is, too: a file that somebody has used otherwise is set back.
            return f"PRAGMA journal_mode={self.journal}"
        if text.startswith("PRAGMA wal_autocheckpoint=") and self.log_pages is not None:
            return f"PRAGMA wal_autocheckpoint={self.log_pages}"
        if text == "PRAGMA synchronous=FULL":
            return f"PRAGMA synchronous={self.synchronous}"
        return text


@contextmanager
def kept_with(care: Care) -> Iterator[None]:
    """Let whatever is opened in the block be as careful as this."""
    with through(connect_args={"factory": partial(_Connection, care=care)}):
        yield


@contextmanager
def through(*, connect_args: dict[str, Any], **options: Any) -> Iterator[None]:  # noqa: ANN401 - SQLAlchemy's own
    """Let engines that are made in the block have these options besides their own."""

    def make(url: object, **own: Any) -> object:  # noqa: ANN401
        arguments = own.pop("connect_args")
        if make_url(str(url)).get_backend_name() == "sqlite":
            arguments = {**arguments, **connect_args}
        return create_engine(url, connect_args=arguments, **own, **options)  # type: ignore[call-overload]

    with mock.patch.object(engine, "create_engine", make):
        yield


class _Connection(sqlite3.Connection):
    def __init__(self, *arguments: Any, care: Care, **options: Any) -> None:  # noqa: ANN401 - sqlite3's own
        super().__init__(*arguments, **options)
        self.care = care

    def cursor(self, *_: object, **__: object) -> Any:  # noqa: ANN401
        return _Cursor(self)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, values: Sequence[Any] = (), /) -> "_Cursor":  # type: ignore[override]
        assert isinstance(self.connection, _Connection), "it was made by one"
        super().execute(self.connection.care.statement(sql), values)
        return self
