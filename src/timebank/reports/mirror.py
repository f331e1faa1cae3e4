"""The audit of a mirror: a log's files, checked by themselves, without any database (I-11, I-1 to I-4, I-13).

Of each file it is known what it must be, once the root is known to be the one that was signed: so a file that
was changed is named, not one beside it. Memory grows with the accounts, not with the entries. Pure: whoever
calls it reads the files.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from timebank.errors import BadLogKey, BundleRefused, CheckpointRefused, NoteRefused
from timebank.ledger.audit import Fault
from timebank.reports.mirror_entries import EntryFold
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.cosignature import cosigned_at
from timebank.translog.mirror import CHECKPOINT, KEYS, may_stay, path_of, wanted_of
from timebank.translog.note import ED25519, NOTE_BYTES_MAX, Note, VerifierKey, parse_note
from timebank.translog.tiles import (
    ENTRIES,
    ENTRY_BYTES_MAX,
    TILE,
    Tail,
    Tile,
    entries_of,
    hashes_of,
    nodes_of,
)
from timebank.translog.tree import HASH_BYTES, leaf_of, root_at

MOST: Final = 1_000
"""Faults of a kind that are listed; nobody reads more."""
KEYS_MOST: Final = 65_536
BUNDLE_MOST: Final = TILE * (2 + ENTRY_BYTES_MAX)
Read = Callable[[str, int], bytes | None]
"""Gives the bytes of a file by its path, one more than asked for at most; None: it is not there."""


class Unchecked(LookupError):
    """A tile that is needed to answer is not there."""


@dataclass(slots=True)
class _Climb:
    """The tree that some leaves lead to, and where tiles above them are others."""

    tail: Tail = field(default_factory=Tail)
    growing: dict[tuple[int, int], bytes] = field(default_factory=dict)
    differs: dict[str, str] = field(default_factory=dict)
    """What is wrong, by path."""

    def take(self, leaves: Sequence[bytes], compare: Callable[[Tile, bytes], str | None]) -> None:
        """Go on with leaves; a tile above is compared when it is full."""
        for each in self.tail.extend(leaves):
            place = (each.level, each.number)
            hashes = self.growing.pop(place, b"") + each.hashes
            if len(hashes) == TILE * HASH_BYTES:
                self._compare(place, hashes, compare)
            else:
                self.growing[place] = hashes

    def end(self, compare: Callable[[Tile, bytes], str | None]) -> None:
        """Compare what is left."""
        for place, hashes in sorted(self.growing.items()):
            self._compare(place, hashes, compare)

    def _compare(
        self, place: tuple[int, int], hashes: bytes, compare: Callable[[Tile, bytes], str | None]
    ) -> None:
        tile = Tile(level=place[0], number=place[1], width=len(hashes) // HASH_BYTES)
        found = compare(tile, hashes)
        if found is not None and len(self.differs) < MOST:
            self.differs[path_of(tile)] = found


@dataclass(slots=True)
class MirrorAudit:
    """The audit of one log's files."""

    read: Read
    paths: Callable[[], Iterable[str]]
    """Names every file that is there."""
    trusted: Sequence[VerifierKey] = ()
    """Keys that come from elsewhere; without any, those in the mirror are believed."""
    name: str = ""
    """What the places of faults begin with."""
    progress: Callable[[int, int], None] | None = None
    faults: list[Fault] = field(default_factory=list)
    keys: list[VerifierKey] = field(default_factory=list)
    said: Checkpoint | None = None
    fold: EntryFold | None = None

    def run(self) -> None:
        """Check everything; what is wrong is in `faults`."""
        has_entries = any(path.startswith("tile/entries/") for path in self.paths())
        self._read_keys()
        self._read_checkpoint()
        if self.said is None:
            return
        self._check_tree(self.said, has_entries=has_entries)
        self._check_surplus(self.said.size, has_entries=has_entries)

    def fault(self, code: str, path: str, detail: str) -> None:
        """Note a fault, unless there are too many."""
        if len(self.faults) < MOST:
            self.faults.append(Fault(f"{self.name}{path}", code, detail))

    def root_of(self, size: int) -> bytes:
        """Return the root of the first entries, by the tiles as they are.

        Raises:
            Unchecked: a tile is missing, or too short.
        """
        assert self.said is not None, "there is a checkpoint"
        whole = self.said.size

        def read(level: int, number: int) -> bytes:
            held = (whole >> 8 * level) - number * TILE
            hashes = self._hashes(Tile(level=level, number=number, width=min(held, TILE)), is_told=False)
            if hashes is None:
                raise Unchecked
            return hashes

        return root_at(size, nodes_of(read))

    def _read_keys(self) -> None:
        data = self.read(KEYS, KEYS_MOST)
        if data is None:
            self.fault("file_missing", KEYS, "it should be there")
            self.keys = list(self.trusted)
            return
        try:
            text = data.decode()
            listed = [VerifierKey.parse(line.removesuffix("\n")) for line in text.splitlines(keepends=True)]
            is_written = text == "".join(f"{key}\n" for key in listed)
        except (UnicodeDecodeError, BadLogKey):
            listed, is_written = [], False
        if not is_written:
            self.fault("key_invalid", KEYS, "it is not written as public keys are, one a line")
        self.keys = [*self.trusted, *(key for key in listed if key not in self.trusted)]

    def _read_checkpoint(self) -> None:
        data = self.read(CHECKPOINT, NOTE_BYTES_MAX)
        if data is None:
            self.fault("file_missing", CHECKPOINT, "it should be there")
            return
        try:
            note = parse_note(data)
            self.said = Checkpoint.parse(note.text)
            self._check_signatures(note, self.said.origin)
        except (NoteRefused, CheckpointRefused) as refused:
            self.fault("checkpoint_invalid", CHECKPOINT, str(refused))

    def _check_signatures(self, note: Note, origin: str) -> None:
        """Check every signature; one by a key that nobody named is a fault: any byte may have been changed.

        Raises:
            NoteRefused: one does not verify.
        """
        by = [[key for key in self.keys if key.made(each)] for each in note.signatures]
        for keys in by:
            for key in keys:
                if key.type == ED25519:
                    key.verify(note)
                else:
                    cosigned_at(note, key)
        believed = self.trusted or self.keys
        if not any(key in believed and key.name == origin for keys in by for key in keys):
            self.fault("checkpoint_unsigned", CHECKPOINT, "no key of the log that was named signed it")
        for each, keys in zip(note.signatures, by, strict=True):
            if not keys:
                self.fault("signature_unknown", CHECKPOINT, f"a key of {each.name} that nobody named signed")

    def _hashes(self, tile: Tile, *, is_told: bool = True) -> bytes | None:
        """Return the hashes of a tile; None if it is missing or has another length."""
        length = tile.width * HASH_BYTES
        data = self.read(path_of(tile), length)
        if data is not None and len(data) == length:
            return data
        if is_told and data is None:
            self.fault("file_missing", path_of(tile), "it should be there")
        elif is_told:
            self.fault("tile_differs", path_of(tile), f"it should have {length} bytes")
        return None

    def _entries(self, tile: Tile) -> tuple[bytes, ...] | None:
        """Return the entries of a bundle; None if it is missing, or has others than it should."""
        data = self.read(path_of(tile), BUNDLE_MOST)
        if data is None:
            self.fault("file_missing", path_of(tile), "it should be there")
            return None
        try:
            found = entries_of(data)
        except BundleRefused as refused:
            self.fault("bundle_differs", path_of(tile), str(refused))
            return None
        if len(found) != tile.width:
            self.fault("bundle_differs", path_of(tile), f"it should have {tile.width} entries")
            return None
        return found

    def _check_tree(self, said: Checkpoint, *, has_entries: bool) -> None:
        by_tiles, by_entries = _Climb(), _Climb()
        unlike: dict[int, str] = {}
        is_whole = True
        fold = self.fold = EntryFold(self._entry) if has_entries else None
        for number in range(-(-said.size // TILE)):
            tile = Tile(level=0, number=number, width=min(TILE, said.size - number * TILE))
            bundle = Tile(level=ENTRIES, number=number, width=tile.width)
            hashes = self._hashes(tile)
            leaves = None if hashes is None else hashes_of(hashes)
            entries = self._entries(bundle) if has_entries else None
            made = None if entries is None else [leaf_of(each) for each in entries]
            if leaves is None and made is None:
                is_whole = False
            if is_whole:
                by_tiles.take(leaves or made or [], self._unlike)
                by_entries.take(made or leaves or [], self._unlike)
            if leaves is not None and made is not None and leaves != made and len(unlike) < MOST:
                unlike[number] = _first_unlike(number, leaves, made)
            if fold is not None:
                fold.take(number * TILE + 1, entries, is_sure=made == leaves)
            if self.progress is not None:
                self.progress(number * TILE + tile.width, said.size)
        by_tiles.end(self._unlike)
        by_entries.end(self._unlike)
        self._blame(said, by_tiles, by_entries, unlike, is_whole=is_whole)
        if fold is not None:
            self.faults += fold.faults[: MOST - len(self.faults)]
        for tile in wanted_of(said.size, with_entries=False):
            if tile.level:
                self._hashes(tile)

    def _blame(
        self,
        said: Checkpoint,
        by_tiles: _Climb,
        by_entries: _Climb,
        unlike: dict[int, str],
        *,
        is_whole: bool,
    ) -> None:
        """Name the files that are not what the root needs; where none is known to be right, all."""
        right = [climb for climb in (by_entries, by_tiles) if climb.tail.root() == said.root]
        if not right and is_whole:
            edge = Tile(level=0, number=said.size // TILE, width=said.size % TILE)
            more = f": it, or {path_of(edge)}, was changed" if edge.width else ""
            self.fault("root_differs", CHECKPOINT, f"what is here does not lead to its root{more}")
        differs = right[0].differs if right else by_tiles.differs | by_entries.differs
        for path, what in differs.items():
            self.fault("tile_differs", path, what)
        for number, what in unlike.items():
            width = min(TILE, said.size - number * TILE)
            if by_tiles not in right:
                tile = Tile(level=0, number=number, width=width)
                self.fault("tile_differs", path_of(tile), what)
            if by_entries not in right:
                place = Tile(level=ENTRIES, number=number, width=width)
                self.fault("bundle_differs", path_of(place), what)

    def _unlike(self, tile: Tile, hashes: bytes) -> str | None:
        """Say how a tile differs from what is below it; None if it does not, or is reported as missing."""
        found = self._hashes(tile, is_told=False)
        if found is None or found == hashes:
            return None
        pairs = enumerate(zip(hashes_of(found), hashes_of(hashes), strict=True))
        at = next(at for at, (one, other) in pairs if one != other)
        below = Tile(level=tile.level - 1, number=tile.number * TILE + at, width=TILE)
        return f"hash {at} is not that of {path_of(below)}"

    def _entry(self, seq: int) -> bytes | None:
        """Return an entry by its number; None if it is not there."""
        number, at = divmod(seq - 1, TILE)
        assert self.said is not None, "there is a checkpoint"
        width = min(TILE, self.said.size - number * TILE)
        try:
            data = self.read(path_of(Tile(level=ENTRIES, number=number, width=width)), BUNDLE_MOST)
            return None if data is None else entries_of(data)[at]
        except (BundleRefused, IndexError):
            return None

    def _check_surplus(self, size: int, *, has_entries: bool) -> None:
        """Find files that are nothing of the tree, and partial tiles that are not the beginning of theirs."""
        needed = {CHECKPOINT, KEYS}
        for path in self.paths():
            if path in needed:
                continue
            tile = may_stay(path, size, with_entries=has_entries)
            if tile is None:
                self.fault("file_surplus", path, "no file of the log of this size is called so")
            elif not self._is_beginning(tile, size):
                self.fault("tile_differs", path, "it is not the beginning of the newer tile")

    def _is_beginning(self, tile: Tile, size: int) -> bool:
        held = (size >> 8 * max(tile.level, 0)) - tile.number * TILE
        now = Tile(level=tile.level, number=tile.number, width=min(held, TILE))
        if tile == now or f"{self.name}{path_of(now)}" in {fault.place for fault in self.faults}:
            return True  # checked with the tree
        most = BUNDLE_MOST if tile.level == ENTRIES else TILE * HASH_BYTES
        old, new = self.read(path_of(tile), most), self.read(path_of(now), most)
        if old is None or new is None:
            return new is None  # that is a fault of its own
        if tile.level != ENTRIES:
            return old == new[: tile.width * HASH_BYTES]
        try:
            return entries_of(old) == entries_of(new)[: tile.width]
        except BundleRefused:
            return False


def _first_unlike(number: int, leaves: Sequence[bytes], made: Sequence[bytes]) -> str:
    at = next(at for at, (one, other) in enumerate(zip(leaves, made, strict=True)) if one != other)
    return f"entry {number * TILE + at + 1} has another leaf"
