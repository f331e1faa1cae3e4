"""The log of a branch, stored: leaves in `entry`, interior hashes in tiles (I-11).

Posting extends the tiles in the transaction of the entries, and only when a tile of 256 leaves gets full: one
entry in 256 costs a statement more. A proof reads two runs of up to 256 leaves and a tile of each level.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.engine import Connection

from timebank.storage.columns import table_of
from timebank.storage.driver import execute, insert_rows, query
from timebank.storage.repository import Repository
from timebank.storage.tables import EntryRow
from timebank.storage.tables_log import LogTileRow
from timebank.translog.tiles import TILE, Added, Tail, hashes_of, nodes_of, partial_tiles
from timebank.translog.tree import HASH_BYTES, Nodes

LEAF_AT: Final = [column.name for column in table_of(EntryRow).columns].index("leaf")
LEAVES: Final = "SELECT leaf FROM entry WHERE branch_id = ? AND seq BETWEEN ? AND ? ORDER BY seq"
TILE_HASHES: Final = "SELECT hashes FROM log_tile WHERE branch_id = ? AND level = ? AND idx = ?"
EXTEND: Final = {
    name: f"UPDATE log_tile SET hashes = CAST(hashes || ? AS {kind}) "  # noqa: S608 - our own names
    "WHERE branch_id = ? AND level = ? AND idx = ? AND length(hashes) = ?"
    for name, kind in (("sqlite", "BLOB"), ("postgresql", "bytea"))
}
"""A tile that is not as long as it should be is left alone: the audit says so."""


@dataclass(frozen=True, slots=True)
class TileRows:
    """Hashes to be stored, as rows."""

    new: list[tuple[object, ...]] = field(default_factory=list)
    """Of tiles that begin."""
    more: list[tuple[object, ...]] = field(default_factory=list)
    """Of tiles that are there: as `EXTEND` takes them."""

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self.new or self.more)

    def write(self, connection: Connection) -> None:
        """Write them, after the entries."""
        insert_rows(connection, LogTileRow, self.new)
        for values in self.more:
            execute(connection, EXTEND[connection.dialect.name], values)


NO_TILES: Final = TileRows()


class TreeEnd:
    """Where the tree of a branch ends, for it to grow; read only when a tile gets full."""

    def __init__(self, branch_id: int, size: int) -> None:
        """Begin with nothing in hand but how many leaves there are."""
        self.branch_id = branch_id
        self.size = size
        self._tail: Tail | None = Tail() if size == 0 else None

    def grow(self, leaves: Sequence[bytes], connection: Connection) -> TileRows:
        """Take leaves that follow; returns what is to be stored of them.

        Args:
            leaves: of entries that were not yet written when `connection` reads.
            connection: read from if a tile gets full and what came before is not in hand.
        """
        before = self.size
        self.size += len(leaves)
        if self._tail is None:
            if before // TILE == self.size // TILE:
                return NO_TILES
            self._tail = tail_at(connection, self.branch_id, before)
        return rows_of(self.branch_id, before, self._tail.extend(leaves))


def rows_of(branch_id: int, before: int, added: Iterable[Added]) -> TileRows:
    """Return what tiles get as rows; `before` is the size of the tree that they were added to."""
    rows = TileRows()
    for each in added:
        held = (before >> 8 * each.level) - each.number * TILE
        place = (branch_id, each.level, each.number)
        if held > 0:
            rows.more.append((each.hashes, *place, held * HASH_BYTES))
        else:
            rows.new.append((*place, each.hashes))
    return rows


def tail_at(connection: Connection, branch_id: int, size: int) -> Tail:
    """Read the end of the tree of the first `size` leaves."""
    rows = []
    for tile in partial_tiles(size):
        hashes = _read(connection, branch_id, tile.level, tile.number, tile.width)
        rows.append(hashes_of(hashes)[: tile.width])
    return Tail(size=size, rows=rows)


def _read(connection: Connection, branch_id: int, level: int, number: int, width: int = TILE) -> bytes:
    """Return the hashes of a tile, joined; as many as there are, up to `width` leaves on level 0."""
    if width == 0:
        return b""
    if level == 0:
        first = number * TILE + 1
        return b"".join(row[0] for row in query(connection, LEAVES, (branch_id, first, first + width - 1)))
    return b"".join(row[0] for row in query(connection, TILE_HASHES, (branch_id, level, number)))


def leaves_in(headers: Iterable[Sequence[Any]]) -> list[bytes]:
    """Return the leaves of entries' rows."""
    return [row[LEAF_AT] for row in headers]


class LogReader(Repository):
    """The tree of a branch, for reading."""

    def size(self) -> int:
        """Return how many entries the log has."""
        ((size,),) = query(
            self.desk.connection,
            "SELECT entry_seq FROM branch_head WHERE branch_id = ?",
            (self.desk.branch_id,),
        )
        return int(size)

    def nodes(self) -> Nodes:
        """Return the nodes of the tree, each tile read once."""
        return nodes_of(self.tile)

    def tile(self, level: int, number: int) -> bytes:
        """Return the hashes of a tile, joined: as many as there are."""
        return _read(self.desk.connection, self.desk.branch_id, level, number)

    def leaves(self, first: int, last: int) -> list[bytes]:
        """Return the leaves of entries by number, as many as there are."""
        rows = query(self.desk.connection, LEAVES, (self.desk.branch_id, first, last))
        return [row[0] for row in rows]

    def tiles(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield level, number and hashes of every tile that is stored."""
        for row in self._find(LogTileRow, order="level, idx"):
            yield row.level, row.idx, bytes(row.hashes)
