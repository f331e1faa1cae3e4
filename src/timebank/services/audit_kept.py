"""The audit against what somebody kept outside: checkpoints, and receipts with theirs (I-11).

Whoever can rewrite the database can rewrite all that is in it: entries, leaves, tiles, checkpoints, and the
list of keys. What they cannot rewrite is a file that somebody else has kept. Of it, only what was signed is
believed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from timebank.errors import BadLogKey, TimebankError
from timebank.ledger.audit import Fault
from timebank.storage.books import Books

if TYPE_CHECKING:
    from timebank.translog.checkpoint import Checkpoint
    from timebank.translog.note import Note, VerifierKey

NO_RECEIPT: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """What somebody kept: a checkpoint, cosigned or not, or a receipt."""

    name: str
    """As faults call it."""
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheckpoint:
    """A kept checkpoint that the log of a branch goes on from."""

    file: str
    branch: str
    size: int
    """Entries that are still those that were signed."""


class KeptCheck:
    """Checks kept files against the logs of branches."""

    def __init__(self, books: Mapping[str, Books]) -> None:
        """Check against the logs of these branches, by their codes."""
        self.books = books
        self.confirmed: list[KeptCheckpoint] = []

    def check(self, file: KeptFile) -> Iterator[Fault]:
        """Check every checkpoint in a file; what holds is in `confirmed`.

        Hashes are taken from the tiles as stored; whether these are those of the entries is for the rest of
        the audit.
        """
        from timebank.translog.checkpoint import Checkpoint  # noqa: PLC0415 - as in `audit_log`

        try:
            found = [(note, Checkpoint.parse(note.text)) for note in notes_of(file.data)]
        except TimebankError as error:
            yield Fault(file.name, "kept_invalid", str(error))
            return
        except NO_RECEIPT:
            yield Fault(file.name, "kept_invalid", "it is neither a checkpoint nor a receipt")
            return
        for note, said in found:
            yield from self._check_one(file.name, note, said)

    def _check_one(self, file: str, note: "Note", said: "Checkpoint") -> Iterator[Fault]:
        from timebank.errors import NoteRefused  # noqa: PLC0415 - as above
        from timebank.translog.tree import root_at  # noqa: PLC0415

        place = f"{file} checkpoint {said.size}"
        keys = [(code, key) for code, key in self._keys() if key.name == said.origin]
        if not keys:
            yield Fault(place, "kept_foreign", "it is of none of the logs here")
            return
        signers = [(code, key) for code, key in keys if any(map(key.made, note.signatures))]
        if not signers:
            yield Fault(place, "kept_unsigned", "no key that is listed here for its log signed it")
            return
        try:
            for _, key in signers:
                key.verify(note)
        except NoteRefused:
            yield Fault(place, "kept_forged", "a signature by a listed key does not verify")
            return
        for code in sorted({code for code, _ in signers}):
            log = self.books[code].log
            size = log.size()
            if said.size > size:
                yield Fault(place, "kept_ahead", f"the journal of {code} has {size} entries")
            elif root_at(said.size, log.nodes()) != said.root:
                yield Fault(place, "kept_differs", f"the entries of {code} are not those that were signed")
            else:
                self.confirmed.append(KeptCheckpoint(file=file, branch=code, size=said.size))

    def _keys(self) -> Iterator[tuple[str, "VerifierKey"]]:
        """Yield every key that is listed, the retired ones too; what is no key has signed nothing."""
        from timebank.translog.note import VerifierKey  # noqa: PLC0415 - as above

        for code, books in self.books.items():
            for each in books.log_keys.list():
                try:
                    yield code, VerifierKey.parse(each.vkey)
                except BadLogKey:
                    continue


def notes_of(data: bytes) -> "Sequence[Note]":
    """Return the checkpoints in a file; the entries of a receipt are to be in theirs.

    Raises:
        NoteRefused, CheckpointRefused, ProofRefused: it is not written as it should be, or does not hold.
        ValueError, LookupError, TypeError, AttributeError, RecursionError: it is nothing of ours.
    """
    from timebank.translog.note import parse_note  # noqa: PLC0415 - as above
    from timebank.translog.proof import LogProof  # noqa: PLC0415

    if not data.lstrip().startswith(b"{"):
        return [parse_note(data)]
    notes = {}
    for part in json.loads(data)["parts"]:
        proof = LogProof.parse(part["proof"])
        proof.check(part["entry"].encode())
        notes[str(proof.note)] = proof.note
    if not notes:
        message = "a receipt has parts"
        raise ValueError(message)
    return list(notes.values())
