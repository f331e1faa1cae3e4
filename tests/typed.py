"""A journal in an SQLite file, folded as the audit's workers fold one: by column where that can be done."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from timebank.ledger.audit import JournalAudit, StoredEntry, StoredLine
from timebank.ledger.segments import Segment, SegmentFold
from timebank.storage import folding
from timebank.storage.columnar import ColumnFold, Headers, Postings
from timebank.storage.typed import TypedFold

KEYS = {"entry": "seq", "posting": "entry_seq, line"}


class Told(ColumnFold):
    """Keeps whether each chunk that is tried by column was accepted."""

    def __init__(self, fold: SegmentFold) -> None:
        super().__init__(fold)
        self.tried: list[bool] = []

    def take(self, headers: Headers, postings: Postings, count: int) -> bool:
        """Fold a chunk."""
        self.tried.append(super().take(headers, postings, count))
        return self.tried[-1]


def a_file(headers: Iterable[StoredEntry], lines: Iterable[StoredLine]) -> sqlite3.Connection:
    """Return a database whose tables take anything but a key twice."""
    connection = sqlite3.connect(":memory:")
    rows: dict[str, tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]] = {
        "entry": (StoredEntry._fields, headers),
        "posting": (StoredLine._fields, lines),
    }
    for table, (columns, values) in rows.items():
        key = f"PRIMARY KEY (branch_id, {KEYS[table]})"
        connection.execute(f"CREATE TABLE {table} (branch_id, {', '.join(columns)}, {key}) WITHOUT ROWID")
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {table} VALUES (1, {marks})", values)
    return connection


def folded(
    audit: JournalAudit,
    headers: Iterable[StoredEntry],
    lines: Iterable[StoredLine],
    *,
    last: int,
    first: int = 1,
    size: int = 3,
) -> tuple[Segment | None, list[bool]]:
    """Fold a stretch in chunks of a size.

    Returns:
        The segment, None if it was refused, and whether each chunk that was tried by column was accepted.
    """
    with closing(a_file(headers, lines)) as connection:
        journal = folding.JournalRows(connection, 1)
        fold = SegmentFold(audit, first)
        typed = TypedFold(journal, fold)
        typed.columns = told = Told(fold)
        for start in range(first, last + 1, size):
            end = min(start + size - 1, last)
            if not typed.take(start, end) or fold.last_seq != end:
                return None, told.tried
        typed.settle()
        return fold.result(), told.tried
