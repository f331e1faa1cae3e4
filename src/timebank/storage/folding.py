"""The fast lane of the audit on a plain driver connection, and the program that a worker process runs.

Imports nothing but the standard library and the core, so that a worker starts in a few hundredths of a
second; it opens the database for reading only, by what its parent tells it on standard input, and answers
in lines of JSON. Everything it looks at is never changed once written, so it needs no moment in common with
its parent.
"""

import gc
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from timebank.ledger.audit import JournalAudit, StoredAccount, StoredEntry, StoredLine
from timebank.ledger.quick import Rows
from timebank.ledger.segments import Segment, SegmentFold
from timebank.storage.file_checks import damages_of

if TYPE_CHECKING:
    from timebank.storage.typed import TypedFold

CHUNK: Final = 400
"""Entries looked at together: as many as stay near the processor."""
SERVER_CHUNKS: Final = 25
"""How many times as many a server is asked for at once."""
COLUMN_CHUNKS: Final = 5
"""How many times as many are taken at once by column."""
TELL_EVERY: Final = 5_000
"""Entries between two words on how far a stretch is."""
CACHE_KIB: Final = 8_192
Tell = Callable[[int], None]
"""Told how many entries more are done."""

ENTRIES: Final = (
    f"SELECT {', '.join(StoredEntry._fields)} FROM entry "  # noqa: S608 - our own names
    "WHERE branch_id = ? AND seq BETWEEN ? AND ? ORDER BY seq"
)
LINES: Final = (
    f"SELECT {', '.join(StoredLine._fields)} FROM posting "  # noqa: S608 - our own names
    "WHERE branch_id = ? AND entry_seq BETWEEN ? AND ? ORDER BY entry_seq, line"
)
ACCOUNTS: Final = "SELECT no, path, unit FROM account WHERE branch_id = ?"
POLICIES: Final = "SELECT version FROM policy_version WHERE branch_id = ?"


class JournalRows:
    """A branch's journal as plain tuples from the driver."""

    def __init__(self, connection: Any, branch_id: int) -> None:  # noqa: ANN401 - a driver's connection
        """Read by a connection of `sqlite3` or `psycopg`."""
        self.cursor = connection.cursor()
        self.branch_id = branch_id
        self.is_qmark = isinstance(connection, sqlite3.Connection)

    def chunks(self, first: int, last: int, *, times: int = 1) -> Iterator[tuple[int, int]]:
        """Yield the first and the last number of every chunk from one entry to another."""
        size = times * CHUNK if self.is_qmark else CHUNK * SERVER_CHUNKS
        for start in range(first, last + 1, size):
            yield start, min(start + size - 1, last)

    def whole(self, start: int, end: int) -> tuple[Rows, Rows]:
        """Return headers and postings of a chunk."""
        return self._rows(ENTRIES, start, end), self._rows(LINES, start, end)

    def headers(self, start: int, end: int) -> Rows:
        """Return the headers of a chunk."""
        return self._rows(ENTRIES, start, end)

    def select(self, query: str, *values: int | str | None) -> Rows:
        """Return what a query finds for the branch and these values."""
        return self._rows(query, *values)

    def audit(self, code: str) -> JournalAudit:
        """Return a fresh audit of the branch, as far as the fast lane needs one."""
        accounts = {
            no: StoredAccount(no, path, unit, None, None, None, None)
            for no, path, unit in self._rows(ACCOUNTS)
        }
        return JournalAudit(code, accounts, frozenset(version for (version,) in self._rows(POLICIES)))

    def _rows(self, query: str, *values: int | str | None) -> list[Any]:
        text = query if self.is_qmark else query.replace("?", "%s")
        self.cursor.execute(text, (self.branch_id, *values))
        rows: list[Any] = self.cursor.fetchall()
        return rows


def fold_segment(
    rows: JournalRows, code: str, first: int, last: int, tell: Tell, *, is_typed: bool
) -> Segment | None:
    """Fold a stretch of the journal by itself; None if it takes the careful fold to say what is wrong.

    Args:
        rows: of the branch.
        code: of the branch.
        first: entry.
        last: entry.
        tell: told of progress.
        is_typed: whether to take it as given that every value is of its column's type.
    """
    fold = SegmentFold(rows.audit(code), first)
    typed = typed_fold(rows, fold) if is_typed else None
    told = first - 1
    for start, end in rows.chunks(first, last, times=1 if typed is None else COLUMN_CHUNKS):
        is_right = fold.take(*rows.whole(start, end)) if typed is None else typed.take(start, end)
        if not is_right or fold.last_seq != end:
            return None
        if end - told >= TELL_EVERY or end == last:
            tell(end - told)
            told = end
    if typed is not None:
        typed.settle()
    return fold.result()


def typed_fold(rows: JournalRows, fold: SegmentFold) -> "TypedFold":
    """Return what folds a stretch by column, for which numpy is loaded."""
    from timebank.storage.typed import TypedFold  # noqa: PLC0415

    return TypedFold(rows, fold)


def connect(how: dict[str, Any]) -> Any:  # noqa: ANN401 - a driver's connection
    """Open a connection that only reads; `how` is what `storage.workers` says of the database."""
    if "file" in how:
        address = f"{how['file']}?mode=rw"
        connection = sqlite3.connect(address, uri=True, timeout=how["busy_seconds"], isolation_level=None)
        # Opened with mode=ro, SQLite leaves out CHECK constraints when it looks for damage.
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection
    import psycopg  # noqa: PLC0415 - only where it is needed

    server = psycopg.connect(**how["server"])
    server.read_only = True
    return server


def _answer(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _work(connection: Any, task: dict[str, Any]) -> None:  # noqa: ANN401
    if "part" in task:
        _answer(damages=list(damages_of(connection, task["part"])))
        return
    rows = JournalRows(connection, task["branch_id"])
    rows.cursor.execute("BEGIN")  # one look at the log beside the file, not one for each chunk
    segment = fold_segment(
        *(rows, task["code"], task["first"], task["last"], lambda done: _answer(done=done)),
        is_typed=task["is_typed"],
    )
    rows.cursor.execute("ROLLBACK")
    _answer(segment=None if segment is None else segment.to_json())


def main() -> None:
    """Open the database that the first line of standard input names, then do a task for each line more."""
    gc.disable()  # rows by the million, and never a cycle among them
    lines = iter(sys.stdin.readline, "")
    with closing(connect(json.loads(next(lines)))) as connection:
        for line in lines:
            _work(connection, json.loads(line))
