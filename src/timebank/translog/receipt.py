"""Receipts, made: entries, their proofs and checkpoints in the one JSON file that `verifier` checks.

Format `timebank-receipt/1`: docs/receipt-format.md. Pure. What is made here from true parts verifies; the
caller has it verified before anybody gets the file.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from timebank.translog import verifier
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.cosignature import cosigned_at
from timebank.translog.note import COSIGNATURE, Note, VerifierKey
from timebank.translog.proof import LogProof

FORMAT: Final = "timebank-receipt/1"
COSIGNATURES_MAX: Final = 15
RECORDED_LINE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What opens the commitment of an entry: the words, and the secret key that they were committed with."""

    secret: bytes
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One entry, and where it is in its branch's log."""

    entry: bytes
    """The canonical text, as it was hashed."""
    proof: LogProof
    details: Details | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """That an older checkpoint is the beginning of the one in the parts."""

    note: Note
    hashes: tuple[bytes, ...]


def receipt_of(parts: Iterable[Part], keys: Sequence[VerifierKey], since: Iterable[Since] = ()) -> bytes:
    """Return the bytes of a receipt.

    Args:
        parts: at least one, none twice; those of one log with the same checkpoint.
        keys: of the logs, and of the witnesses whose cosignatures are wanted; further ones are left out.
        since: checkpoints older than those of the parts.

    Raises:
        verifier.Refused: a part does not prove its entry.
        NoteRefused: a signature by one of the keys does not verify.
    """
    ordered = sorted(parts, key=_place)
    older = sorted(since, key=lambda one: (_of(one.note).origin, _of(one.note).size))
    values = [_written(each, keys) for each in ordered]
    notes = [tidied(each.note, keys) for each in older]
    used = {
        (signature.name, signature.key_id)
        for note in (*(tidied(part.proof.note, keys) for part in ordered), *notes)
        for signature in note.signatures
    }
    envelope = {
        "consistency": [
            {"from": str(note), "hashes": [b64encode(one).decode() for one in each.hashes]}
            for note, each in zip(notes, older, strict=True)
        ],
        "format": FORMAT,
        "keys": sorted({str(key) for key in keys if (key.name, key.key_id) in used}),
        "parts": values,
        "summary": list(_summary(ordered, values, older, keys)),
    }
    return (json.dumps(envelope, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def tidied(note: Note, keys: Sequence[VerifierKey]) -> Note:
    """Return a note with the log's signature first, then the witnesses', in the set order, all by these keys.

    The log signs once, by the last of its keys that did; up to fifteen witnesses follow, each at its latest.
    """
    origin = _of(note).origin
    by_log, by_witness = [], []
    for key in keys:
        made = [each for each in note.signatures if key.made(each)]
        if made and key.type == COSIGNATURE:
            by_witness.append(max(made, key=lambda each: each.signature[:8]))
        elif made and key.name == origin:
            by_log.append(made[-1])
    ordered = sorted(by_witness, key=lambda each: each.line)
    return Note(note.text, (*by_log[-1:], *ordered[:COSIGNATURES_MAX]))


def _of(note: Note) -> Checkpoint:
    return Checkpoint.parse(note.text)


def _place(part: Part) -> tuple[int, str, int]:
    """Return when an entry was recorded, its branch and its number."""
    lines = part.entry.decode().split("\n")
    branch, seq = lines[1].split(" ")
    return int(lines[RECORDED_LINE].split(" ")[1]), branch, int(seq)


def _written(part: Part, keys: Sequence[VerifierKey]) -> dict[str, Any]:
    proof = LogProof(index=part.proof.index, hashes=part.proof.hashes, note=tidied(part.proof.note, keys))
    details = part.details
    opened = None if details is None else {"secret": details.secret.hex(), "text": details.text}
    return {"details": opened, "entry": part.entry.decode(), "proof": str(proof)}


def _summary(
    parts: Sequence[Part],
    values: Sequence[dict[str, Any]],
    older: Sequence[Since],
    keys: Sequence[VerifierKey],
) -> Iterable[str]:
    """Yield what the receipt says, in the verifier's words."""
    for value in values:
        yield from verifier.part_in(value)[2]
    now = {_of(part.proof.note).origin: tidied(part.proof.note, keys) for part in parts}
    for each in older:
        old = _of(each.note)
        new = _of(now[old.origin])
        yield (
            f"Nothing up to entry {old.size:,} was rewritten between the checkpoints of {old.size:,} and "
            f"{new.size:,} entries of {new.origin}."
        )
    for origin, note in now.items():
        for signature in note.signatures[1:]:
            (key,) = (key for key in keys if key.made(signature))
            at = verifier.told(cosigned_at(Note(note.text, (signature,)), key))
            yield f"{key.name} cosigned the {_of(note).size:,} entries of {origin} on {at}."
