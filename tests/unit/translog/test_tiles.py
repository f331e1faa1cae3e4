"""Laws of tiles: what a growing tree leaves in them is the tree, however it grew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translog import naive

from timebank.errors import BundleRefused
from timebank.translog.tiles import (
    ENTRIES,
    TILE,
    Tail,
    Tile,
    bundle_of,
    entries_of,
    entries_path,
    hashes_of,
    is_whole_at,
    nodes_of,
    partial_tiles,
    place_of,
    tile_at,
    tile_path,
    tiles_of,
)
from timebank.translog.tree import EMPTY_ROOT, node_of, root_at, root_of

MANY = naive.leaves_of(2000)


class Shelf:
    """Tiles as a store would keep them: only extended."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, number: int) -> bytes:
        return self.tiles[level, number]

    def append(self, tail: Tail, leaves: list[bytes]) -> None:
        size = tail.size
        for at, leaf in enumerate(leaves, size):
            key = (0, at // TILE)
            self.tiles[key] = self.tiles.get(key, b"") + leaf
        for added in tail.extend(leaves):
            key = (added.level, added.number)
            self.tiles[key] = self.tiles.get(key, b"") + added.hashes

    def tail(self, size: int) -> Tail:
        rows = [
            hashes_of(self.tiles[one.level, one.number]) if one.width else [] for one in partial_tiles(size)
        ]
        return Tail(size, rows)


@given(steps=st.lists(st.integers(0, 600), max_size=8), is_reopened=st.booleans())
def test_however_a_tree_grows_its_tiles_and_root_are_the_same(*, steps: list[int], is_reopened: bool) -> None:
    """In one batch or many, with the end kept in memory or read back from the tiles."""
    shelf = Shelf()
    tail = Tail()
    for step in steps:
        shelf.append(tail, MANY[tail.size : tail.size + step])
        if is_reopened:
            tail = shelf.tail(tail.size)

    size = tail.size

    assert root_of(MANY[:size]) == tail.root() == root_at(size, nodes_of(shelf.read))
    assert {(one.level, one.number): one.width * 32 for one in tiles_of(size)} == {
        key: len(tile) for key, tile in shelf.tiles.items()
    }


def test_a_tall_tree_has_tiles_above_tiles() -> None:
    """Above 65,536 leaves a second level of tiles begins, and everything still fits."""
    leaves = [b"%032d" % number for number in range(TILE * TILE + TILE + 3)]
    shelf = Shelf()
    tail = Tail()
    shelf.append(tail, leaves[:65000])
    shelf.append(tail, leaves[65000:])

    assert root_of(leaves) == tail.root() == root_at(len(leaves), nodes_of(shelf.read))
    assert root_of(leaves[: TILE * TILE]) == shelf.read(2, 0)
    assert (TILE + 1) * 32 == len(shelf.read(1, 0)) + len(shelf.read(1, 1))


def test_the_example_of_the_specification() -> None:
    """A tree of 70,000 has 273 full tiles of leaves and a partial one of 112, and 1 + 17 and 1 above."""
    tiles = list(tiles_of(70_000))

    assert 273 == sum(1 for one in tiles if one.level == 0 and one.width == TILE)
    assert [Tile(level=0, number=273, width=112)] == [one for one in tiles if one.level == 0][-1:]
    assert [TILE, 17] == [one.width for one in tiles if one.level == 1]
    assert [1] == [one.width for one in tiles if one.level == 2]
    assert [TILE, 1] == [one.width for one in tiles_of(256)]
    assert [] == list(tiles_of(0))
    assert EMPTY_ROOT == Tail().root()
    full = Tail()
    full.extend(MANY[:TILE])
    assert root_of(MANY[:TILE]) == full.root()


def test_nodes_between_tiles_are_made_from_one_of_them() -> None:
    """A node of level 9 is made of two hashes of a tile of level 1."""
    place = place_of(9, 128)

    assert (1, 1, 0, 2) == (place.level, place.number, place.start, place.width)
    assert node_of(MANY[6], MANY[7]) == nodes_of(lambda *_: b"".join(MANY[:TILE]))(1, 3)


def test_paths_are_those_of_the_specification() -> None:
    """Three digits at a time, so that they can be folders."""
    assert "tile/0/x001/x234/067" == tile_path(Tile(level=0, number=1_234_067, width=TILE))
    assert "tile/1/000.p/17" == tile_path(Tile(level=1, number=0, width=17))
    assert "tile/entries/x001/000.p/1" == entries_path(1000, 1)
    assert "tile/entries/999" == entries_path(999)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    """Whatever they are."""
    assert tuple(entries) == entries_of(bundle_of(entries))


@given(st.binary(min_size=1, max_size=60))
def test_a_bundle_cut_short_is_refused(entry: bytes) -> None:
    """At any byte."""
    bundle = bundle_of([entry])

    for end in range(1, len(bundle)):
        with pytest.raises(BundleRefused):
            entries_of(bundle[:end])


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    """Its length has two bytes."""
    assert 65_537 == len(bundle_of([bytes(65_535)]))
    with pytest.raises(BundleRefused):
        bundle_of([bytes(65_536)])


def test_a_path_names_one_tile_and_a_tile_one_path() -> None:
    """What is written in another way names nothing: caches would keep it twice."""
    for tile in (
        Tile(level=0, number=0, width=256),
        Tile(level=2, number=1_234_067, width=1),
        Tile(level=ENTRIES, number=12, width=255),
        Tile(level=ENTRIES, number=0, width=256),
    ):
        bundle = entries_path(tile.number, tile.width)
        path = bundle if tile.level == ENTRIES else tile_path(tile)
        assert tile == tile_at(path)
    for path in ("tile/0/0", "tile/0/000.p/256", "tile/0/000.p/257", "tile/0/x000/001", "tile/64/000", ""):
        assert tile_at(path) is None


def test_a_tile_is_whole_once_the_tree_has_its_hashes() -> None:
    """Bundles are read beside the leaves, one entry for each."""
    for level, size in ((0, 256), (1, 65_536), (ENTRIES, 256)):
        tile = Tile(level=level, number=0, width=256)
        assert is_whole_at(tile, size)
        assert not is_whole_at(tile, size - 1)
