"""Folds a stretch of an SQLite file by column where it can, and by row where it cannot; for worker processes.

What the headers of a journal have in common is learned on the way: in one that was imported they differ in
little but number, step and time, in one written entry by entry in more.
"""

from collections import Counter
from typing import Any, Final

from timebank.ledger.quick import Rows
from timebank.ledger.segments import SegmentFold
from timebank.storage.column_texts import DETAILS, FACTS
from timebank.storage.columnar import ColumnFold, Headers, Postings, is_paired
from timebank.storage.folding import JournalRows

NUMBER: Final = "seq"
CHANGES_MOST: Final = 2
"""So often may a column change its value: after that it is no longer one that headers share."""
PAUSE_MOST: Final = 32
"""Chunks that are not tried by column after one could not be taken, at most."""
SHOWN: Final = {
    "reverses": "ifnull(reverses, '-')",
    DETAILS: "CASE WHEN details IS NULL THEN '-' ELSE lower(hex(details)) END",
}
"""Columns that may be empty, as their texts have it; `hex` writes no value and an empty one alike."""
PAIRS: Final = """
    SELECT group_concat(account_no), group_concat(amount),
        group_concat(account_seq), group_concat(balance_after),
        group_concat(CASE WHEN side = CASE line WHEN 1 THEN 'debit' WHEN 2 THEN 'credit' END
            THEN (entry_seq - ?2) * 2 + line - 1 END)
    FROM posting WHERE branch_id = ?1 AND entry_seq BETWEEN ?2 AND ?3
"""
LINES: Final = """
    SELECT group_concat(account_no), group_concat(amount),
        group_concat(account_seq), group_concat(balance_after),
        group_concat(entry_seq - ?2), group_concat(line), group_concat(side)
    FROM posting WHERE branch_id = ?1 AND entry_seq BETWEEN ?2 AND ?3
"""
"""As `storage.columnar` takes them; no value is missing where none may be: SQLite leaves such out."""


class TypedFold:
    """Folds chunks of a file whose values are of the types of their columns."""

    def __init__(self, rows: JournalRows, fold: SegmentFold) -> None:
        """Fold for a segment."""
        self.rows = rows
        self.fold = fold
        self.columns = ColumnFold(fold)
        self.same: dict[str, Any] = {}
        """What headers have had in common lately, by column."""
        self.changes: Counter[str] = Counter()
        self.has_learned = False
        self.is_paired = True
        """Whether entries have had two postings each lately."""
        self.pause = 0
        self.paused = 0

    def take(self, start: int, end: int) -> bool:
        """Fold the next chunk; False if anything is off: then the stretch has to be folded carefully.

        It is tried by column, but not for a while after that went wrong although nothing new was learned from
        it, each time for twice as long: what is saved in one journal must not be lost in another.
        """
        is_tried = self.paused == 0
        if is_tried and self._take_columns(start, end):
            self.pause = 0
            return True
        self.columns.give_back()
        is_new = False
        for first, last in self.rows.chunks(start, end):
            entries, lines = self.rows.whole(first, last)
            if not self.fold.take(entries, lines):
                return False
            is_new = self._learn(entries) or is_new
        if is_tried:
            self.pause = 0 if is_new else min(2 * self.pause + 1, PAUSE_MOST)
            self.paused = self.pause
        else:
            self.paused -= 1
        return True

    def settle(self) -> None:
        """Write what was folded into the fold of the segment."""
        self.columns.give_back()

    def _learn(self, entries: Rows) -> bool:
        """Note what headers have in common; tells whether that is news."""
        before = set(self.changes.items())
        for name, values in zip(FACTS, map(set, zip(*entries, strict=True)), strict=False):
            if not self.has_learned and len(values) == 1:
                self.same[name] = values.pop()
            elif name in self.same and values != {self.same[name]}:
                self.changes[name] += 1
                if len(values) > 1 or self.changes[name] > CHANGES_MOST:
                    del self.same[name]
                else:
                    self.same[name] = values.pop()
        self.same.pop(NUMBER, None)
        if self.same.get(DETAILS) is not None:
            del self.same[DETAILS]
        is_new = not self.has_learned or before != set(self.changes.items())
        self.has_learned = self.has_learned or bool(entries)
        return is_new

    def _take_columns(self, start: int, end: int) -> bool:
        if not self.has_learned:
            first = next(self.rows.chunks(start, end))
            self._learn(self.rows.headers(*first))
        headers = self._headers(start, end)
        postings = None if headers is None else self._postings(start, end)
        return (
            headers is not None
            and postings is not None
            and self.columns.take(headers, postings, end - start + 1)
        )

    def _headers(self, start: int, end: int) -> Headers | None:
        free = [name for name in FACTS if name not in self.same]
        columns = "".join(f"group_concat({SHOWN.get(name, name)}), " for name in free)
        alike = "".join(f" AND +{name} IS ?" for name in self.same)
        query = (
            f"SELECT {columns}CAST(group_concat(leaf, '') AS BLOB), MIN(length(leaf)) FROM entry "  # noqa: S608
            f"WHERE branch_id = ? AND seq BETWEEN ? AND ?{alike}"
        )
        (found,) = self.rows.select(query, start, end, *self.same.values())
        *texts, leaves, least = found
        if None in found:
            return None
        return Headers(self.same, dict(zip(free, texts, strict=True)), leaves, least)

    def _postings(self, start: int, end: int) -> Postings | None:
        count = end - start + 1
        if self.is_paired:
            (found,) = self.rows.select(PAIRS, start, end)
            if None not in found and is_paired(Postings(*found), count):
                return Postings(*found)
        (found,) = self.rows.select(LINES, start, end)
        if None in found:
            return None
        postings = Postings(*found)
        self.is_paired = postings.line == ",".join(["1,2"] * count)
        return postings
