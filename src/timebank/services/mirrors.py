"""Mirrors of logs: written as files that anybody can publish, keep and check (I-11).

Each log has a folder of its branch's name, and in it what the service gives at `/log/BRANCH`, byte for byte.
A file appears whole or not at all; one that is there is not written again; the checkpoint comes last.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from timebank.errors import (
    MirrorDiverged,
    MirrorHasEntries,
    MirrorOfAnother,
    MirrorUnfounded,
    NothingSigned,
    UnwritableFile,
)
from timebank.ledger.canonical import canonical_bytes
from timebank.services.log import Log
from timebank.services.mirror_files import Files, content_of
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.mirror import CHECKPOINT, KEYS, count_of, is_covered, path_of, wanted_of
from timebank.translog.note import parse_note
from timebank.translog.tiles import ENTRIES, TILE, Tile, bundle_of
from timebank.translog.tree import HASH_BYTES, leaf_of, root_at

TOLD_EVERY: Final = 100
"""Files between two words of progress."""
Progress = Callable[[str, int, int], None]
"""Told the branch, how many files are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """A log that was written to its mirror."""

    branch: str
    origin: str
    folder: Path
    size: int
    """Entries that the checkpoint covers."""
    has_entries: bool
    """Whether the entries are in it, or their hashes alone."""
    written: int
    """Files that were new; the checkpoint and the keys are, when they have changed."""
    kept: int
    """Files that were there."""
    removed: int
    """Partial tiles whose full one is there now."""
    bytes_written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be written for one branch, after every check."""

    branch: str
    origin: str
    folder: Path
    note: str
    size: int
    keys: str


class Mirrors(Service):
    """Use cases that write mirrors of logs."""

    def export(
        self,
        folder: Path,
        branches: Sequence[str] = (),
        *,
        with_entries: bool = False,
        signs: bool = True,
        progress: Progress | None = None,
    ) -> Sequence[Mirrored]:
        """Write the logs of branches into `folder`, each into a folder of the branch's name.

        What is there is gone on with: only what is new is written. Nothing is, before all that is there of
        every branch was found to be a mirror of its log, and the log to go on from it.

        Args:
            folder: made if it is not there.
            branches: whose logs; by default all that were signed, or can be.
            with_entries: entries, too, and not their hashes alone: references, minutes, days.
            signs: sign each log first, if it has grown; otherwise it is written as far as it was signed.
            progress: told every hundred files.

        Raises:
            UnknownBranch: no branch has that code.
            NothingSigned: a log was never signed, and `signs` is false; or there is none to be written.
            NotAMirror, MirrorOfAnother, MirrorHasEntries: the folder is for something else.
            MirrorDiverged: the log does not go on from what is there.
            MirrorUnfounded: an entry does not hash to its leaf.
            MirrorBusy: somebody else is writing there.
            UnwritableFile: the folder cannot be written to, or the disk is full.
            Others: as `Log.checkpoint`.
        """
        codes = list(dict.fromkeys(branches)) or self._with_logs(signs=signs)
        if not codes:
            raise NothingSigned(what="a log")
        for code in codes:
            self._look(code, folder / code, with_entries=with_entries)
        plans = [self._plan(code, folder / code, signs=signs) for code in codes]
        is_dry = self.store.is_dry_run
        done = []
        for plan in plans:
            with Files.open(plan.folder, is_dry=is_dry) as files:
                done.append(self._write(plan, files, with_entries=with_entries, progress=progress))
        return done

    def _with_logs(self, *, signs: bool) -> list[str]:
        """Return the branches whose logs can be written."""
        with self.store.read() as tx:
            found = []
            for _, branch in tx.branches.list():
                books = tx.books(branch.code)
                can_sign = signs and any(key.is_active for key in books.log_keys.list())
                if can_sign or (not signs and books.checkpoints.last() is not None):
                    found.append(branch.code)
            return found

    def _look(self, code: str, folder: Path, *, with_entries: bool) -> None:
        """Refuse a folder that is for something else, or that the log does not go on from."""
        try:
            found = content_of(folder)
            with self.store.read() as tx:
                books = tx.books(code)
                keys = books.log_keys.list()
                vkeys, origins = {each.vkey for each in keys}, [each.origin for each in keys]
                named = [key.partition("+")[0] for key in found.keys if key not in vkeys]
                if found.checkpoint is not None and found.checkpoint.origin not in origins:
                    named.append(found.checkpoint.origin)
                if named:
                    raise MirrorOfAnother(
                        folder=folder.name, found=named[-1], origin=origins[-1] if origins else code
                    )
                if found.has_entries and not with_entries:
                    raise MirrorHasEntries(folder=folder.name)
                _require_beginning(code, books, folder, found.checkpoint)
        except OSError:
            raise UnwritableFile(file=folder.name) from None

    def _plan(self, code: str, folder: Path, *, signs: bool) -> _Plan:
        """Sign the log if that is wanted; return what is to be written of it."""
        log = Log(self.store, self.default_actor)
        signed = log.checkpoint(code) if signs else None
        note = log.published(code)
        if signed is not None and (note is None or not note.startswith(signed.note)):
            note = signed.note  # in a dry run it was signed, and is forgotten
        if note is None:
            raise NothingSigned(what=f"the log of {code}")
        said = Checkpoint.parse(parse_note(note.encode()).text)
        return _Plan(
            branch=code,
            origin=said.origin,
            folder=folder,
            note=note,
            size=said.size,
            keys="".join(f"{each.vkey}\n" for each in log.keys(code)),
        )

    def _write(self, plan: _Plan, files: Files, *, with_entries: bool, progress: Progress | None) -> Mirrored:
        total = count_of(plan.size, with_entries=with_entries)
        files.put(KEYS, plan.keys.encode())
        wanted = enumerate(wanted_of(plan.size, with_entries=with_entries), start=1)
        for number, tile in wanted:
            path = path_of(tile)
            if not files.has(path):
                files.put(path, self._bytes_of(plan.branch, tile))
            if progress is not None and (number % TOLD_EVERY == 0 or number == total):
                progress(plan.branch, number, total)
        files.put(CHECKPOINT, plan.note.encode())
        files.remove_outgrown()
        return Mirrored(
            branch=plan.branch,
            origin=plan.origin,
            folder=plan.folder,
            size=plan.size,
            has_entries=with_entries,
            written=files.written,
            kept=files.kept,
            removed=files.removed,
            bytes_written=files.bytes_written,
        )

    def _bytes_of(self, branch: str, tile: Tile) -> bytes:
        """Read a tile, or a bundle whose entries hash to the leaves.

        Raises:
            MirrorUnfounded: one does not.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            if tile.level != ENTRIES:
                return books.log.tile(tile.level, tile.number)[: tile.width * HASH_BYTES]
            first = tile.number * TILE + 1
            last = first + tile.width - 1
            entries = [canonical_bytes(each) for each in books.reader.list_between(first, last)]
            leaves = books.log.leaves(first, last)
        made = list(map(leaf_of, entries))
        for at in range(tile.width):
            if made[at : at + 1] != leaves[at : at + 1]:
                raise MirrorUnfounded(branch=branch, entry=first + at)
        return bundle_of(entries)


def _require_beginning(code: str, books: Books, folder: Path, old: Checkpoint | None) -> None:
    """Refuse a mirror that is not the beginning of the log: by its checkpoint, and by tiles beyond that.

    Raises:
        MirrorDiverged: it is not.
    """
    size = books.log.size()
    if old is not None and (old.size > size or root_at(old.size, books.log.nodes()) != old.root):
        raise MirrorDiverged(branch=code, size=old.size)
    known = 0 if old is None else old.size
    for tile in _beyond(known, size):
        file = folder / path_of(tile)
        hashes = books.log.tile(tile.level, tile.number)[: tile.width * HASH_BYTES] if file.is_file() else b""
        if hashes and file.read_bytes() != hashes:
            raise MirrorDiverged(branch=code, size=known)


def _beyond(known: int, size: int) -> Iterable[Tile]:
    """Return the tiles of a log that a mirror's checkpoint does not cover: an export may have ended early."""
    return (tile for tile in wanted_of(size, with_entries=False) if not is_covered(tile, known))
