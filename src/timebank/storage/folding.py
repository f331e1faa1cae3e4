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
from typing import Any, Final

from timebank.ledger.audit import JournalAudit, StoredAccount, StoredEntry, StoredLine
from timebank.ledger.quick import Rows
from timebank.ledger.runs import Columns, Likeness, RunFold, likeness_of
from timebank.ledger.segments import Segment, SegmentFold
from timebank.storage.file_checks import damages_of

CHUNK: Final = 400
"""Entries looked at together: as many as stay near the processor."""
SERVER_CHUNKS: Final = 25
"""How many times as many a server is asked for at once."""
PAUSE_MOST: Final = 32
"""Chunks that are not tried as a run after one was none, at most."""
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
RUN_HEADERS: Final = """
    SELECT group_concat(seq), group_concat(step), group_concat(effective_us),
        group_concat(effective_on), CAST(group_concat(leaf, '') AS BLOB), MIN(length(leaf))
    FROM entry
    WHERE branch_id = ? AND seq BETWEEN ? AND ? AND reverses IS NULL
        AND +kind = ? AND +cause_kind = ? AND +cause_ref = ? AND +recorded_us = ? AND +policy_version = ?
        AND +actor = ? AND +counts_help = ?
"""
"""By the `+`, no index is chosen for these."""
RUN_LINES: Final = """
    SELECT group_concat(account_no), group_concat(amount),
        group_concat(account_seq), group_concat(balance_after),
        group_concat(CASE WHEN side = CASE line WHEN 1 THEN 'debit' WHEN 2 THEN 'credit' END
            THEN (entry_seq - ?2) * 2 + line - 1 END)
    FROM posting WHERE branch_id = ?1 AND entry_seq BETWEEN ?2 AND ?3
"""
"""As `ledger.runs` takes them; no value is missing where none may be: SQLite leaves such out."""
ACCOUNTS: Final = "SELECT no, path, unit FROM account WHERE branch_id = ?"
POLICIES: Final = "SELECT version FROM policy_version WHERE branch_id = ?"


class JournalRows:
    """A branch's journal as plain tuples from the driver."""

    def __init__(self, connection: Any, branch_id: int) -> None:  # noqa: ANN401 - a driver's connection
        """Read by a connection of `sqlite3` or `psycopg`."""
        self.cursor = connection.cursor()
        self.branch_id = branch_id
        self.is_qmark = isinstance(connection, sqlite3.Connection)
        self.likeness: Likeness | None = None
        self.pause = 0
        self.paused = 0

    def chunks(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the first and the last number of every chunk from one entry to another."""
        size = CHUNK if self.is_qmark else CHUNK * SERVER_CHUNKS
        for start in range(first, last + 1, size):
            yield start, min(start + size - 1, last)

    def whole(self, start: int, end: int) -> tuple[Rows, Rows]:
        """Return headers and postings of a chunk."""
        return self._rows(ENTRIES, start, end), self._rows(LINES, start, end)

    def fold_typed(self, fold: RunFold, start: int, end: int) -> bool:
        """Fold a chunk of a file whose values are of the types of their columns; False if anything is off.

        It is tried as a run like the chunk before it, but not for a while after that went wrong, each time
        for twice as long: what is saved in one journal must not be lost in another.
        """
        if self.paused > 0:
            self.paused -= 1
        elif self.likeness is not None:
            if self._fold_run(fold, self.likeness, start, end):
                self.pause = 0
                return True
            if fold.is_spoilt:
                return False
            self.pause = min(2 * self.pause + 1, PAUSE_MOST)
            self.paused = self.pause
        entries, lines = self.whole(start, end)
        if not fold.take(entries, lines):
            return False
        self.likeness = likeness_of(fold.audit.branch, entries) if entries else None
        return True

    def _fold_run(self, fold: RunFold, likeness: Likeness, start: int, end: int) -> bool:
        (headers,) = self._rows(RUN_HEADERS, start, end, *likeness.same.values())
        (lines,) = self._rows(RUN_LINES, start, end)
        columns = Columns._make((*headers, *lines))
        return None not in columns and fold.take_run(likeness, columns, end - start + 1)

    def audit(self, code: str) -> JournalAudit:
        """Return a fresh audit of the branch, as far as the fast lane needs one."""
        accounts = {
            no: StoredAccount(no, path, unit, None, None, None, None)
            for no, path, unit in self._rows(ACCOUNTS)
        }
        return JournalAudit(code, accounts, frozenset(version for (version,) in self._rows(POLICIES)))

    def _rows(self, query: str, *values: int | str) -> list[Any]:
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
    told = first - 1
    for start, end in rows.chunks(first, last):
        is_right = rows.fold_typed(fold, start, end) if is_typed else fold.take(*rows.whole(start, end))
        if not is_right or fold.last_seq != end:
            return None
        if end - told >= TELL_EVERY or end == last:
            tell(end - told)
            told = end
    return fold.result()


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
