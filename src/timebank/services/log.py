"""The log of a branch: keys, checkpoints, and proofs over its entries (I-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from timebank.care.mandate import require_coordinator
from timebank.errors import (
    BadLogKey,
    BeyondLog,
    CheckpointRefused,
    LogForked,
    LogKeyExists,
    NoLogKey,
    NoteRefused,
    UnknownLogKey,
)
from timebank.ledger.canonical import canonical_bytes
from timebank.services.log_keys import KeyRing, make_key
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books
from timebank.storage.engine import sqlite_file_of
from timebank.storage.log_book import LogKey, SignedCheckpoint
from timebank.translog.checkpoint import Checkpoint, sign_checkpoint
from timebank.translog.note import COSIGNATURE, SignerKey, VerifierKey, parse_note
from timebank.translog.tiles import ENTRIES, TILE, Tile, bundle_of, is_whole_at
from timebank.translog.tree import HASH_BYTES, consistency_proof, inclusion_proof, root_at

__all__ = ["LOCAL", "Log", "LogProof", "LogView", "MadeKey", "SignedCheckpoint"]

LOCAL: Final = ".timebank"
"""What an origin ends with that nobody chose: plainly no address of the Internet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key that was made, and where its private half is."""

    key: LogKey
    place: Path | None
    """None: nothing was written now, in a dry run or as it was made before."""
    checkpoint: SignedCheckpoint | None = None
    """Of a rotation: signed by the old key and the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """The log of a branch."""

    branch: str
    size: int
    root: bytes
    last: SignedCheckpoint | None
    keys: Sequence[LogKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """Hashes that show an entry to be in the log, or an older log to be its beginning."""

    branch: str
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    index: int | None = None
    """Of the entry, from 0; None for consistency."""
    leaf: bytes | None = None
    old_size: int | None = None
    old_root: bytes | None = None


class Log(Service):
    """Use cases on logs."""

    @property
    def ring(self) -> KeyRing:
        """Where private keys are."""
        return KeyRing.of(sqlite_file_of(self.store.engine.url), folder=self.store.key_folder)

    def show(self, branch: str) -> LogView:
        """Return size, root, last checkpoint and keys of a log.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            size = books.log.size()
            return LogView(
                branch=books.branch.code,
                size=size,
                root=root_at(size, books.log.nodes()),
                last=books.checkpoints.last(),
                keys=books.log_keys.list(),
            )

    def keys(self, branch: str) -> Sequence[LogKey]:
        """Return the keys of a log, the oldest first, retired ones too: what they signed stays signed."""
        with self.store.read() as tx:
            return tx.books(branch).log_keys.list()

    def new_key(
        self, branch: str, *, origin: str | None = None, by: Who | None = None, key: str | None = None
    ) -> MadeKey:
        """Make the first key of a log; its private half goes into a file of one's own.

        Args:
            branch: whose log.
            origin: the log's name in checkpoints, for ever; `BRANCH.timebank` by default.
            by: a coordinator.
            key: idempotency key; a repeated request finds what was made then, and makes no file again.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator.
            LogKeyExists: it has one that signs: see `rotate_key`.
            BadLogKey: the origin is no name of a log.
            NoKeyFolder, LogKeyUnreadable, LogKeyExposed: the private half cannot be kept.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "log key new", origin or "", actor)
            if request.outcome is not None:
                return MadeKey(key=_key(books, int(request.outcome)), place=None)
            require_coordinator(act_in(books, actor), branch)
            keys = books.log_keys.list()
            for each in keys:
                if each.is_active:
                    raise LogKeyExists(branch=branch, no=each.no)
            name = origin or (keys[-1].origin if keys else f"{branch}{LOCAL}")
            made = self._make(books, name, by)
            request.done(made.key.no)
            return made

    def rotate_key(
        self, branch: str, *, is_lost: bool = False, by: Who | None = None, key: str | None = None
    ) -> MadeKey:
        """Make a key that signs from now on instead of the one that did; what that one signed stays signed.

        The first checkpoint of the new key is signed by the old one, too, unless that is lost.

        Args:
            branch: whose log.
            is_lost: the private half of the old key is nowhere any more.
            by: a coordinator.
            key: idempotency key; a repeated request finds what was made then, and makes no file again.

        Raises:
            NoLogKey: there is no key to rotate.
            LogKeyMissing: the private half of the old one is nowhere.
            LogForked: the log does not go on from its last checkpoint.
            Others: as `new_key`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "log key rotate", int(is_lost), actor)
            if request.outcome is not None:
                return MadeKey(key=_key(books, int(request.outcome)), place=None)
            require_coordinator(act_in(books, actor), branch)
            old = _active(books)
            signers: list[SignerKey] = []
            if not is_lost:
                signers.append(self.ring.find(branch, old))
            made = self._make(books, old.origin, by, also=signers)
            books.log_keys.retire(old.no)
            request.done(made.key.no)
            return made

    def retire_key(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> LogKey:
        """Let a key sign no more; the log is then not signed until there is a new one.

        Raises:
            UnknownLogKey: there is no such key, or it is retired.
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "log key retire", no, actor)
            if request.outcome is not None:
                return _key(books, no)
            require_coordinator(act_in(books, actor), branch)
            if not any(each.no == no and each.is_active for each in books.log_keys.list()):
                raise UnknownLogKey(branch=branch, no=no)
            books.log_keys.retire(no)
            request.done(no)
            return _key(books, no)

    def checkpoint(self, branch: str) -> SignedCheckpoint:
        """Return a checkpoint of the whole log as it is: the last one, or a new one if the log has grown.

        Raises:
            UnknownBranch: no branch has that code.
            NoLogKey: it has no key.
            LogKeyMissing, LogKeyUnreadable, LogKeyExposed, LogKeyMalformed, LogKeyDiffers, NoKeyFolder: its
                private half cannot be used.
            LogForked: the log does not go on from its last checkpoint.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            key, last = _active(books), books.checkpoints.last()
            if last is not None and (last.size, last.key_no) == (books.log.size(), key.no):
                return last
        with self.store.write() as tx:
            return self._signed(tx.books(branch))

    def checkpoints(
        self, branch: str, *, after: tuple[int, int] | None = None, limit: int | None = 50
    ) -> Sequence[SignedCheckpoint]:
        """Return checkpoints, the newest first; behind the one of size and key number `after`."""
        with self.store.read() as tx:
            return tx.books(branch).checkpoints.list(after=after, limit=limit)

    def sign(self, branch: str, *, by: Who | None = None, key: str | None = None) -> SignedCheckpoint:
        """Sign the whole log as it is, as a coordinator, unless that was done since it grew.

        Args:
            branch: whose log.
            by: a coordinator.
            key: idempotency key; a repeated request finds what was signed then.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator.
            Others: as `checkpoint`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "log sign", actor)
            if request.outcome is not None:
                found = books.checkpoints.of_size(int(request.outcome))
                assert found is not None, "what was signed stays"
                return found
            require_coordinator(act_in(books, actor), branch)
            signed = self._signed(books)
            request.done(signed.size)
            return signed

    def published(self, branch: str) -> str | None:
        """Return the last checkpoint with the cosignatures of its witnesses, for everybody; None: none yet.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            kept = tx.books(branch).checkpoints
            last = kept.last()
            return None if last is None else _with_cosignatures(last.note, kept.cosignatures(last.size))

    def cosigned(self, branch: str) -> str | None:
        """Return the last checkpoint that a witness cosigned, with its cosignatures; None: none yet.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            kept = tx.books(branch).checkpoints
            last = kept.last_cosigned()
            return None if last is None else _with_cosignatures(last.note, kept.cosignatures(last.size))

    def tile(self, branch: str, tile: Tile) -> bytes | None:
        """Return a tile, or a bundle of entries, of the last checkpoint's tree; None: it has no such tile.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            last = books.checkpoints.last()
            if last is None or not is_whole_at(tile, last.size):
                return None
            if tile.level == ENTRIES:
                first = tile.number * TILE
                found = books.reader.list_between(first + 1, first + tile.width)
                return bundle_of(map(canonical_bytes, found))
            return books.log.tile(tile.level, tile.number)[: tile.width * HASH_BYTES]

    def signing(self) -> Sequence[str]:
        """Return the branches whose logs have a key that signs."""
        with self.store.read() as tx:
            codes = [branch.code for _, branch in tx.branches.list()]
            return [code for code in codes if any(key.is_active for key in tx.books(code).log_keys.list())]

    def inclusion(self, branch: str, seq: int, *, size: int | None = None) -> LogProof:
        """Return the proof that an entry is in the log of a size; of all entries by default.

        Raises:
            UnknownBranch, BeyondLog: there is no such branch, entry or size.
        """
        with self.store.read() as tx:
            log = tx.books(branch).log
            size = _size(log.size(), size)
            nodes = log.nodes()
            if not 1 <= seq <= size:
                raise BeyondLog(size=size, asked=seq)
            return LogProof(
                branch=branch,
                size=size,
                root=root_at(size, nodes),
                hashes=inclusion_proof(seq - 1, size, nodes),
                index=seq - 1,
                leaf=nodes(0, seq - 1),
            )

    def consistency(self, branch: str, old_size: int, *, size: int | None = None) -> LogProof:
        """Return the proof that the log of an older size is the beginning of a newer one.

        Raises:
            UnknownBranch, BeyondLog: there is no such branch or size.
        """
        with self.store.read() as tx:
            log = tx.books(branch).log
            size = _size(log.size(), size)
            nodes = log.nodes()
            return LogProof(
                branch=branch,
                size=size,
                root=root_at(size, nodes),
                hashes=consistency_proof(old_size, size, nodes),
                old_size=old_size,
                old_root=root_at(old_size, nodes),
            )

    def _make(self, books: Books, origin: str, by: Who | None, *, also: Sequence[SignerKey] = ()) -> MadeKey:
        """Make a key and keep both halves; `also` signs its first checkpoint with it."""
        branch = books.branch.code
        signer = make_key(origin)
        no = books.log_keys.add(origin=origin, vkey=str(signer.verifier), actor=str(self.actor(by)))
        key = _key(books, no)
        signed = self._sign(books, key, [*also, signer], books.log.size()) if also else None
        place = None if self.store.is_dry_run else self.ring.keep(branch, signer)
        return MadeKey(key=key, place=place, checkpoint=signed)

    def _signed(self, books: Books) -> SignedCheckpoint:
        """Return a checkpoint of the whole log: the last one, or a new one."""
        key, last, size = _active(books), books.checkpoints.last(), books.log.size()
        if last is not None and (last.size, last.key_no) == (size, key.no):
            return last
        return self._sign(books, key, [self.ring.find(books.branch.code, key)], size)

    @staticmethod
    def _sign(books: Books, key: LogKey, signers: Sequence[SignerKey], size: int) -> SignedCheckpoint:
        """Sign the log, unless it is not what was signed before (I-11)."""
        branch, nodes, last = books.branch.code, books.log.nodes(), books.checkpoints.last()
        if last is not None and not _is_prefix(last, size, books):
            raise LogForked(branch=branch, size=last.size)
        checkpoint = Checkpoint(origin=key.origin, size=size, root=root_at(size, nodes))
        note = str(sign_checkpoint(checkpoint, signers))
        return books.checkpoints.keep(size=size, key_no=key.no, note=note)


def witness_key(text: str) -> VerifierKey:
    """Return the public key of a witness.

    Raises:
        BadLogKey: it is none, or one that signs logs.
    """
    key = VerifierKey.parse(text)
    if key.type != COSIGNATURE:
        raise BadLogKey
    return key


def _with_cosignatures(note: str, lines: Sequence[str]) -> str:
    return note + "".join(f"{line}\n" for line in lines)


def _key(books: Books, no: int) -> LogKey:
    return next(each for each in books.log_keys.list() if each.no == no)


def _active(books: Books) -> LogKey:
    """Return the key that signs.

    Raises:
        NoLogKey: there is none.
    """
    for each in books.log_keys.list():
        if each.is_active:
            return each
    raise NoLogKey(branch=books.branch.code)


def _size(whole: int, asked: int | None) -> int:
    if asked is not None and not 0 <= asked <= whole:
        raise BeyondLog(size=whole, asked=asked)
    return whole if asked is None else asked


def _is_prefix(last: SignedCheckpoint, size: int, books: Books) -> bool:
    try:
        said = Checkpoint.parse(parse_note(last.note.encode()).text)
    except (NoteRefused, CheckpointRefused):
        return False
    return said.size == last.size <= size and said.root == root_at(last.size, books.log.nodes())
