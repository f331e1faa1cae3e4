"""Mirrors: the files of a log in a folder, as C2SP tlog-tiles lays them out. Pure.

A mirror of a tree has the tiles of that tree, bundles of entries beside them where these are public, `key`
with the public keys, one a line, and `checkpoint`, which is written last: what it covers is there. A partial
tile may stay until the full one is there; an older one is the beginning of a newer one.
"""

from collections.abc import Iterator
from typing import Final

from timebank.translog.tiles import ENTRIES, HEIGHT, TILE, Tile, entries_path, tile_at, tile_path, tiles_of

CHECKPOINT: Final = "checkpoint"
KEYS: Final = "key"


def path_of(tile: Tile) -> str:
    """Return the path of a tile, or of a bundle of entries, which is of level `ENTRIES`."""
    return entries_path(tile.number, tile.width) if tile.level == ENTRIES else tile_path(tile)


def wanted_of(size: int, *, with_entries: bool) -> Iterator[Tile]:
    """Yield the tiles of a tree of `size` leaves, and after each of level 0 its bundle of entries."""
    for tile in tiles_of(size):
        yield tile
        if tile.level == 0 and with_entries:
            yield Tile(level=ENTRIES, number=tile.number, width=tile.width)


def count_of(size: int, *, with_entries: bool) -> int:
    """Return how many files `wanted_of` names."""
    count, here = 0, size
    while here:
        here_tiles = -(-here // TILE)
        count += here_tiles * (2 if with_entries and here == size else 1)
        here //= TILE
    return count


def is_covered(tile: Tile, size: int) -> bool:
    """Tell whether a tree of `size` leaves has this very tile: that width, or all of a full one."""
    held = (size >> HEIGHT * max(tile.level, 0)) - tile.number * TILE
    return tile.width == min(held, TILE)


def may_stay(path: str, size: int, *, with_entries: bool) -> Tile | None:
    """Return the tile that a path names if it may be in a mirror of a tree of `size` leaves, else None.

    What the tree needs may, and partial tiles of an older tree.
    """
    tile = tile_at(path)
    if tile is None or (tile.level == ENTRIES and not with_entries):
        return None
    held = (size >> HEIGHT * max(tile.level, 0)) - tile.number * TILE
    return tile if tile.width <= held else None
