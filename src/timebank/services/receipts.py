"""Receipts: proof for a family that their hours are in the books, to be checked without us (I-11)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from timebank.errors import (
    CheckpointRefused,
    HistoryRewritten,
    NotACheckpoint,
    NotCosigned,
    NoteRefused,
    NothingToProve,
    ReceiptRefused,
)
from timebank.ledger.canonical import canonical_bytes
from timebank.services.log import Log, witness_key
from timebank.services.redemptions import Redemptions
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.translog import verifier
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.kept import notes_in
from timebank.translog.note import Note, VerifierKey, parse_note
from timebank.translog.proof import LogProof
from timebank.translog.receipt import Part, Since, receipt_of, tidied
from timebank.translog.tree import consistency_proof, inclusion_proof, root_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt that verifies."""

    data: bytes
    """The file, format `timebank-receipt/1`."""
    entries: tuple[tuple[str, int], ...]
    """What it proves: branch and number of each entry."""
    keys: tuple[str, ...]
    """Public keys of the logs: to be given to whoever checks it, another way."""
    summary: tuple[str, ...]
    """What it says, in plain sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _LogState:
    """A branch's log as it was signed just now."""

    books: Books
    signed: Checkpoint
    note: Note
    keys: tuple[VerifierKey, ...]


class Receipts(Service):
    """Use cases on receipts."""

    def make(
        self, branch: str, *, seq: int, since: Sequence[bytes] = (), witnesses: Sequence[str] = ()
    ) -> Receipt:
        """Return a receipt of one entry, proved by a checkpoint of the whole log as it is now.

        Args:
            branch: whose book.
            seq: number of the entry.
            since: files that the family kept, receipts or notes of checkpoints: the receipt shows that the
                books up to there are the beginning of these.
            witnesses: public keys: the receipt is then of the newest checkpoint that all of them cosigned,
                and has their cosignatures.

        Raises:
            UnknownBranch, UnknownEntry: there is none.
            BadLogKey: a witness's key is none, or a log's.
            NotCosigned: they cosigned no checkpoint that has the entry.
            NotACheckpoint: a file of `since` is none, or of another log.
            HistoryRewritten: the log does not begin as it was signed then.
            ReceiptRefused: what is stored does not hold.
            Others: the log cannot be signed, see `Log.checkpoint`.
        """
        with self.store.read() as tx:
            tx.books(branch).reader.entry(seq)
        return self._made([(branch, seq)], since, witnesses)

    def of_redemption(
        self, redemption: str, *, since: Sequence[bytes] = (), witnesses: Sequence[str] = ()
    ) -> Receipt:
        """Return a receipt of every entry of a redemption's story, in both branches.

        Raises:
            NotARedemption, UnknownBranch, UnknownRedemption: there is none.
            NothingToProve: it has no entry.
            Others: as `make`.
        """
        story = Redemptions(self.store, self.default_actor).show(redemption)
        entries = [(entry.branch, entry.seq) for entry in story.entries]
        if not entries:
            raise NothingToProve(redemption=redemption)
        return self._made(entries, since, witnesses)

    def _made(
        self, entries: Sequence[tuple[str, int]], since: Sequence[bytes], witnesses: Sequence[str]
    ) -> Receipt:
        """Sign the logs, put the proofs together, and verify them as whoever gets them would."""
        trusted = [witness_key(text) for text in witnesses]
        signed = self._cosigned(entries, trusted) if trusted else self._signed(entries)
        older = [note for file in since for note in _older_in(file)]
        with self.store.read() as tx:
            states = {branch: _state(tx.books(branch), note) for branch, note in signed.items()}
            _require_known(older, states.values())
            keys = [*(key for state in states.values() for key in state.keys), *trusted]
            parts = [_part(states[branch], seq) for branch, seq in entries]
            links = {(str(link.note)): link for state in states.values() for link in _links(state, older)}
        vkeys = [str(key) for key in keys]
        try:
            data = receipt_of(parts, keys, links.values())
            verified = verifier.verify(data, vkeys, known=[bytes(note) for note, _ in older])
        except verifier.Refused as refused:
            raise ReceiptRefused(why=str(refused), reason=refused.code) from None
        return Receipt(
            data=data,
            entries=tuple(entries),
            keys=tuple(dict.fromkeys(map(str, [*map(_signer, states.values()), *trusted]))),
            summary=verified.summary,
        )

    def _signed(self, entries: Sequence[tuple[str, int]]) -> dict[str, str]:
        """Return a checkpoint of each log as it is now."""
        log = Log(self.store, self.default_actor)
        return {branch: log.checkpoint(branch).note for branch, _ in entries}

    def _cosigned(
        self, entries: Sequence[tuple[str, int]], witnesses: Sequence[VerifierKey]
    ) -> dict[str, str]:
        """Return the newest checkpoint of each log that all of these cosigned, with their cosignatures."""
        names = {key.name for key in witnesses}
        found: dict[str, str] = {}
        with self.store.read() as tx:
            for branch in dict.fromkeys(branch for branch, _ in entries):
                least = max(seq for home, seq in entries if home == branch)
                note = tx.books(branch).checkpoints.cosigned_note(names, least=least)
                if note is None:
                    raise NotCosigned(branch=branch, entry=least)
                found[branch] = note
        return found


def _state(books: Books, note: str) -> _LogState:
    parsed = parse_note(note.encode())
    keys = tuple(VerifierKey.parse(key.vkey) for key in books.log_keys.list())
    return _LogState(books=books, signed=Checkpoint.parse(parsed.text), note=parsed, keys=keys)


def _signer(state: _LogState) -> VerifierKey:
    """Return the key by which the receipt's checkpoint is signed."""
    (signature, *_) = tidied(state.note, state.keys).signatures
    return next(key for key in state.keys if key.made(signature))


def _part(state: _LogState, seq: int) -> Part:
    entry = canonical_bytes(state.books.reader.entry(seq))
    hashes = inclusion_proof(seq - 1, state.signed.size, state.books.log.nodes())
    return Part(entry=entry, proof=LogProof(index=seq - 1, hashes=hashes, note=state.note))


def _older_in(file: bytes) -> Iterator[tuple[Note, Checkpoint]]:
    """Yield the checkpoints in a file that somebody kept."""
    try:
        for data in notes_in(file):
            note = parse_note(data)
            yield note, Checkpoint.parse(note.text)
    except (ValueError, NoteRefused, CheckpointRefused):
        raise NotACheckpoint from None


def _require_known(older: Sequence[tuple[Note, Checkpoint]], states: Iterable[_LogState]) -> None:
    """Refuse a checkpoint that none of these logs signed: it would prove nothing."""
    keys = [key for state in states for key in state.keys]
    for note, checkpoint in older:
        if not any(key.name == checkpoint.origin and _is_signed(note, key) for key in keys):
            raise NotACheckpoint


def _is_signed(note: Note, key: VerifierKey) -> bool:
    try:
        key.verify(note)
    except NoteRefused:
        return False
    return True


def _links(state: _LogState, older: Sequence[tuple[Note, Checkpoint]]) -> Iterator[Since]:
    """Yield the proofs from older checkpoints of a log; one of the same size needs none."""
    nodes, now = state.books.log.nodes(), state.signed
    for note, old in older:
        if old.origin != now.origin:
            continue
        if old.size > now.size or root_at(old.size, nodes) != old.root:
            raise HistoryRewritten(size=old.size, origin=old.origin)
        if 0 < old.size < now.size:
            tidy = tidied(note, state.keys)
            yield Since(note=tidy, hashes=consistency_proof(old.size, now.size, nodes))
