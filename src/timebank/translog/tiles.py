"""Tiles: where the hashes of the tree are kept, as in C2SP tlog-tiles.

Tile (L, N) holds up to 256 hashes; the hash with number i in it is node (8 * L, 256 * N + i). Level 0 are the
leaves. Only complete nodes are kept, so a tile is only ever extended, at its end. Pure.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from timebank.errors import BundleRefused
from timebank.translog.tree import HASH_BYTES, Nodes, root_of

HEIGHT: Final = 8
TILE: Final = 1 << HEIGHT
"""Hashes of a full tile."""
TILE_BYTES: Final = TILE * HASH_BYTES
ENTRY_BYTES_MAX: Final = 0xFFFF
"""Longest entry that a bundle can hold."""

ENTRIES: Final = -1
"""The level of bundles of entries, which are read beside the leaves."""
PATH: Final = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<number>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)

ReadTile: TypeAlias = Callable[[int, int], bytes]
"""Gives the bytes of a tile by level and number; as many hashes as are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the hashes under a node are: in one tile, `width` of them from `start`."""

    level: int
    number: int
    start: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile of a tree of a certain size: its level, number, and how many hashes it has."""

    level: int
    number: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Hashes that belong at the end of a tile, joined."""

    level: int
    number: int
    hashes: bytes


def place_of(level: int, index: int) -> Place:
    """Return where node (level, index) can be made from."""
    above, below = divmod(level, HEIGHT)
    first = index << below
    return Place(level=above, number=first // TILE, start=first % TILE, width=1 << below)


def node_in(tile: bytes, place: Place) -> bytes:
    """Return the node at a place of its tile, whose bytes these are."""
    start = place.start * HASH_BYTES
    hashes = tile[start : start + place.width * HASH_BYTES]
    assert len(hashes) == place.width * HASH_BYTES, f"tile {place.level}/{place.number} is too short"
    return root_of(hashes_of(hashes))


def nodes_of(read: ReadTile) -> Nodes:
    """Return nodes that are read from tiles, each tile once."""
    kept: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        place = place_of(level, index)
        key = (place.level, place.number)
        if key not in kept:
            kept[key] = read(*key)
        return node_in(kept[key], place)

    return node


def hashes_of(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile, in order."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile of a tree of `size` leaves, level by level, the last of a level perhaps partial."""
    level, count = 0, size
    while count:
        for number in range(-(-count // TILE)):
            yield Tile(level=level, number=number, width=min(TILE, count - number * TILE))
        level, count = level + 1, count // TILE


@dataclass(slots=True)
class Tail:
    """The end of a tree that grows: the hashes of the last, not yet full tile of each level.

    Whoever keeps the tiles makes it from `size` and the partial tiles (`partial_tiles`), extends it, and
    appends what it returns. `rows[L]` holds size // 256**L % 256 hashes.
    """

    size: int = 0
    rows: list[list[bytes]] = field(default_factory=list)

    def extend(self, leaves: Iterable[bytes]) -> list[Added]:
        """Append leaves; return what tiles of level 1 and above get, by level and number.

        Level 0 is left out: the caller has the leaves.
        """
        added: list[Added] = []
        count = self.size
        rising = list(leaves)
        self.size += len(rising)
        level = 0
        while rising:
            if level == len(self.rows):
                self.rows.append([])
            if level:
                added += _additions(level, count, rising)
            row = self.rows[level] + rising
            full = len(row) - len(row) % TILE
            rising = [root_of(row[at : at + TILE]) for at in range(0, full, TILE)]
            self.rows[level] = row[full:]
            level, count = level + 1, count // TILE
        return added

    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        carried: bytes | None = None
        for row in self.rows:
            hashes = row if carried is None else [*row, carried]
            if hashes:
                carried = root_of(hashes)
        return root_of(()) if carried is None else carried


def partial_tiles(size: int) -> list[Tile]:
    """Return the tile that each level of a tree of `size` leaves grows at, by level; its width may be 0."""
    levels: list[Tile] = []
    while size:
        levels.append(Tile(level=len(levels), number=size // TILE, width=size % TILE))
        size //= TILE
    return levels


def tile_path(tile: Tile) -> str:
    """Return the path of a tile: `tile/LEVEL/NUMBER`, with `.p/WIDTH` if it is partial."""
    return f"tile/{tile.level}/{_number_path(tile.number)}{_width_path(tile.width)}"


def entries_path(number: int, width: int = TILE) -> str:
    """Return the path of a bundle of entries: `tile/entries/NUMBER`, with `.p/WIDTH` if it is partial."""
    return f"tile/entries/{_number_path(number)}{_width_path(width)}"


def tile_at(path: str) -> Tile | None:
    """Return the tile that a path names, of level `ENTRIES` for a bundle; None if it names none."""
    found = PATH.fullmatch(path)
    if found is None:
        return None
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    number = int(found["number"].replace("x", "").replace("/", ""))
    width = TILE if found["width"] is None else int(found["width"])
    tile = Tile(level=level, number=number, width=width)
    written = entries_path(number, width) if level == ENTRIES else tile_path(tile)
    return tile if written == path and width <= TILE else None


def is_whole_at(tile: Tile, size: int) -> bool:
    """Tell whether a tree of `size` leaves has all the hashes, or entries, of a tile."""
    return tile.number * TILE + tile.width <= size >> HEIGHT * max(tile.level, 0)


def bundle_of(entries: Iterable[bytes]) -> bytes:
    """Return a bundle: each entry after its length in two bytes, the higher first.

    Raises:
        BundleRefused: an entry is longer than 65,535 bytes.
    """
    parts = []
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise BundleRefused(problem="an entry is too long for it")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def entries_of(bundle: bytes) -> tuple[bytes, ...]:
    """Return the entries of a bundle, in order.

    Raises:
        BundleRefused: it ends inside an entry.
    """
    entries = []
    at = 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if at + 2 > len(bundle) or end > len(bundle):
            raise BundleRefused(problem="it ends inside an entry")
        entries.append(bundle[at + 2 : end])
        at = end
    return tuple(entries)


def _additions(level: int, count: int, hashes: Sequence[bytes]) -> list[Added]:
    """Return where hashes belong that follow the `count` ones of a level."""
    added = []
    at = 0
    while at < len(hashes):
        number, held = divmod(count + at, TILE)
        piece = hashes[at : at + TILE - held]
        added.append(Added(level=level, number=number, hashes=b"".join(piece)))
        at += len(piece)
    return added


def _number_path(number: int) -> str:
    """Return a tile's number in groups of three digits, all but the last after an `x`."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))


def _width_path(width: int) -> str:
    """Return what a partial tile's path ends with."""
    return "" if width == TILE else f".p/{width}"
