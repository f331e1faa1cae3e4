"""The audit of a branch's log: tiles against leaves, and every checkpoint against the tree (I-11).

Leaves are taken as they are stored: whether an entry hashes to its leaf is for the fold of the journal, and
so is a gap in it, where this ends.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from timebank.errors import TimebankError
from timebank.ledger.audit import Fault
from timebank.storage.log import LogReader, tail_at
from timebank.storage.log_book import SignedCheckpoint
from timebank.translog.tiles import TILE, Tail
from timebank.translog.tree import EMPTY_ROOT, HASH_BYTES

if TYPE_CHECKING:
    from timebank.services.audit_checks import Look

CHUNK: Final = 10 * TILE
"""Leaves read at once."""
Verify = Callable[[SignedCheckpoint], bytes]
"""Returns the root that a checkpoint says, or raises why it says none."""


def check_log(look: "Look") -> Iterator[Fault]:
    """Check tiles and checkpoints; those behind the point of an earlier audit are taken to be right."""
    books, after = look.books, look.scope.after
    log = books.log
    last = look.audit.last_seq
    signed = [each for each in reversed(books.checkpoints.list()) if each.size >= after]
    tree = _Tree(log, after, last)
    yield from _check_checkpoints(look, tree, signed)
    tree.go_to(last)
    if tree.is_whole:
        yield from _check_tiles(look.audit.branch, tree, log)


class _Tree:
    """The tree as the leaves lead to it, from one size to another."""

    def __init__(self, log: LogReader, size: int, last: int) -> None:
        """Begin with the tiles of `size` leaves as they are stored."""
        self.log = log
        self.last = last
        self.begin = size
        self.tail = tail_at(log.desk.connection, log.desk.branch_id, size) if size else Tail()
        self.hashes: dict[tuple[int, int], bytes] = {}
        """What tiles got since the beginning, by level and number."""
        self.is_whole = True
        """Whether no leaf was missing so far."""

    def go_to(self, size: int) -> None:
        """Take leaves up to a size, or up to the first that is not there."""
        while self.is_whole and self.tail.size < size:
            first = self.tail.size + 1
            until = min(size, first + CHUNK - 1)
            leaves = self.log.leaves(first, until)
            self.is_whole = len(leaves) == until - first + 1
            if self.is_whole:
                for each in self.tail.extend(leaves):
                    place = (each.level, each.number)
                    self.hashes[place] = self.hashes.get(place, b"") + each.hashes


def _check_checkpoints(look: "Look", tree: _Tree, signed: Sequence[SignedCheckpoint]) -> Iterator[Fault]:
    if not signed:
        return
    verify = _verifier(look)
    for each in signed:
        place = f"{look.audit.branch} checkpoint {each.size}"
        try:
            root = verify(each)
        except TimebankError as error:
            yield Fault(place, "checkpoint_invalid", f"key {each.key_no} did not sign it as it is: {error}")
            continue
        if each.size > tree.last:
            yield Fault(place, "checkpoint_ahead", f"the journal has {tree.last} entries")
            continue
        tree.go_to(each.size)
        if tree.is_whole and root != (tree.tail.root() if each.size else EMPTY_ROOT):
            yield Fault(place, "checkpoint_differs", "the entries behind it are not those that were signed")


def _verifier(look: "Look") -> Verify:
    # What verifies takes a while to load; without a checkpoint nobody needs it.
    from timebank.errors import NoteRefused  # noqa: PLC0415
    from timebank.translog.checkpoint import Checkpoint  # noqa: PLC0415
    from timebank.translog.note import VerifierKey, parse_note  # noqa: PLC0415

    keys = {each.no: each for each in look.books.log_keys.list()}

    def verify(signed: SignedCheckpoint) -> bytes:
        key = keys.get(signed.key_no)
        if key is None:
            raise NoteRefused(reason="unknown_key")
        note = parse_note(signed.note.encode())
        VerifierKey.parse(key.vkey).verify(note)
        said = Checkpoint.parse(note.text)
        if (said.origin, said.size) != (key.origin, signed.size):
            raise NoteRefused(reason="other_log_or_size")
        return said.root

    return verify


def _check_tiles(branch: str, tree: _Tree, log: LogReader) -> Iterator[Fault]:
    stored = {(level, number): hashes for level, number, hashes in log.tiles()}
    size = tree.tail.size
    level, wanted = 1, {}
    while count := size >> 8 * level:
        for number in range(-(-count // TILE)):
            wanted[level, number] = min(TILE, count - number * TILE)
        level += 1
    for place in sorted(wanted.keys() | stored.keys()):
        name = f"{branch} log tile {place[0]}/{place[1]}"
        width, hashes = wanted.get(place, 0), stored.get(place, b"")
        if len(hashes) < width * HASH_BYTES:
            found = len(hashes) // HASH_BYTES
            yield Fault(name, "tile_missing", f"{found} of {width} hashes are there")
        elif len(hashes) > width * HASH_BYTES:
            yield Fault(name, "tile_surplus", f"there are more than {width} hashes")
        new = tree.hashes.get(place, b"")
        start = width * HASH_BYTES - len(new)
        if hashes[start : start + len(new)] != new[: max(0, len(hashes) - start)]:
            yield Fault(name, "tile_differs", "a hash is not that of the entries below it")
