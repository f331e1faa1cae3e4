"""Scripts: what writes a post that was decided ahead, in the form in which each engine takes it."""

from collections.abc import Sequence
from typing import Any, Protocol

from timebank.storage.driver import (
    MOVE_HEAD,
    REFUSE_USED_KEY,
    balances_in_file,
    balances_saved,
    head_moved,
    in_one,
    numbered,
    rows_in_file,
    rows_inserted,
)
from timebank.storage.journal import BY_ACCOUNT, Decided
from timebank.storage.log import EXTEND, TileRows
from timebank.storage.tables import EntryRow, PostingRow, RequestKeyRow
from timebank.storage.tables_log import LogTileRow

Step = tuple[str, Sequence[Any]]
"""A statement with its values, on SQLite with rows of values."""
Steps = Sequence[Step]
"""To be run in this order."""


class Script(Protocol):
    """How one engine writes."""

    def head(
        self, branch_id: int, revision: int, head: tuple[int, int, int], unused: Sequence[bytes]
    ) -> Steps:
        """Return what saves a head that is still at a revision, if certain keys were never used; or fails.

        Args:
            branch_id: of the head.
            revision: that was decided on.
            head: last entry, new revision, instant.
            unused: keys.
        """

    def rows(self, branch_id: int, decided: Decided, keys: Sequence[tuple[object, ...]]) -> Steps:
        """Return what writes everything but the head; `keys` are rows."""


class ServerScript:
    """PostgreSQL: few statements, whose many values are arrays."""

    def head(
        self, branch_id: int, revision: int, head: tuple[int, int, int], unused: Sequence[bytes]
    ) -> Steps:
        """See `Script`."""
        return [numbered(head_moved(branch_id, revision, head, unused))]

    def rows(self, branch_id: int, decided: Decided, keys: Sequence[tuple[object, ...]]) -> Steps:
        """See `Script`; what does not touch the same table goes in one statement."""
        parts = [balances_saved(branch_id, decided.balances), rows_inserted(PostingRow, decided.lines)]
        if keys:
            parts.insert(0, rows_inserted(RequestKeyRow, keys))
        written = [numbered(in_one(parts)), numbered(rows_inserted(EntryRow, decided.headers))]
        return [*written, *_tiles_on_server(decided.tiles)] if decided.tiles else written


class FileScript:
    """SQLite: statements to be run for each of their rows, or for many rows at once."""

    def head(
        self, branch_id: int, revision: int, head: tuple[int, int, int], unused: Sequence[bytes]
    ) -> Steps:
        """See `Script`."""
        entry_seq, moved, last_us = head
        steps: Steps = [(REFUSE_USED_KEY, [(branch_id, key) for key in unused])] if unused else []
        return [*steps, (MOVE_HEAD["sqlite"], [(entry_seq, last_us, revision, moved, branch_id)])]

    def rows(self, branch_id: int, decided: Decided, keys: Sequence[tuple[object, ...]]) -> Steps:
        """See `Script`; lines go in by account, see `Decided.write`."""
        return [
            *rows_in_file(PostingRow, sorted(decided.lines, key=BY_ACCOUNT)),
            *rows_in_file(EntryRow, decided.headers),
            *rows_in_file(RequestKeyRow, keys),
            *balances_in_file(branch_id, decided.balances),
            *rows_in_file(LogTileRow, decided.tiles.new),
            *((EXTEND["sqlite"], [values]) for values in decided.tiles.more),
        ]


def _tiles_on_server(tiles: TileRows) -> Steps:
    extend = EXTEND["postgresql"].replace("?", "%s")
    new = [numbered(rows_inserted(LogTileRow, tiles.new))] if tiles.new else []
    return [*new, *(numbered((extend, values)) for values in tiles.more)]
