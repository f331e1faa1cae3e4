"""Receipts as a branch would make them, for tests: sample entries in sample logs, signed by sample keys."""

import hashlib
import hmac
import json
from typing import Any

from timebank.translog.checkpoint import Checkpoint, sign_checkpoint
from timebank.translog.cosignature import cosign
from timebank.translog.encoding import text_of
from timebank.translog.note import COSIGNATURE, Note, SignerKey
from timebank.translog.proof import LogProof
from timebank.translog.tiles import nodes_of
from timebank.translog.tree import consistency_proof, inclusion_proof, leaf_of, root_of

LOCMINE = SignerKey("locmine.timebank", bytes(range(32)))
LILLE = SignerKey("lille.timebank", bytes(range(1, 33)))
WITNESS = SignerKey("witness.example/w1", bytes(range(2, 34)), COSIGNATURE)
SECRET = hashlib.sha256(b"a sample secret").digest()
DETAILS = "help companionship\nmode in person\n"
RECORDED_US = 1_768_381_505_250_000
"""14 January 2026, 09:05:05.25 UTC."""


def entry_of(branch: str, seq: int, details: str | None = None) -> str:
    """Return the canonical text of a sample entry."""
    made = hmac.new(SECRET, (details or "").encode(), "sha256").hexdigest()
    return (
        f"timebank-entry/{1 if details is None else 2}\n{branch} {seq}\nservice service {seq} 1\n"
        f"effective {RECORDED_US - 7_000_000} 2026-01-14\nrecorded {RECORDED_US + seq}\npolicy 1\n"
        f"by coordinator:c1@{branch}+m2#7\nreverses -\nhelp 1\n"
        + ("" if details is None else f"details {made}\n")
        + f"debit 90 min member:m2:available {seq} {-90 * seq}\n"
        + f"credit 90 min member:m1:available {seq} {90 * seq}\n"
    )


BETWEEN = "Nothing up to entry {0} was rewritten between the checkpoints of {0} and {1} entries of {2}."


class Log:
    """A branch's log of sample entries; the last one has details."""

    def __init__(self, signer: SignerKey, size: int) -> None:
        self.signer, self.size = signer, size
        branch = signer.name.partition(".")[0]
        self.entries = [entry_of(branch, seq, DETAILS if seq == size else None) for seq in range(1, size + 1)]
        self.leaves = [leaf_of(entry.encode()) for entry in self.entries]
        assert size <= 256, "one tile is enough here"
        self.nodes = nodes_of(lambda *_: b"".join(self.leaves))

    def note(self, size: int | None = None, *witnesses: SignerKey) -> Note:
        """Return a checkpoint of the first `size` entries."""
        size = self.size if size is None else size
        root = root_of(self.leaves[:size])
        signed = sign_checkpoint(Checkpoint(origin=self.signer.name, size=size, root=root), [self.signer])
        seen = [cosign(signed.text, one, at_seconds=1_768_400_000) for one in witnesses]
        return Note(signed.text, (*signed.signatures, *seen))

    def part(self, seq: int, note: Note, *, is_open: bool = False) -> dict[str, Any]:
        """Return the part of a receipt about an entry."""
        hashes = inclusion_proof(seq - 1, self.size, self.nodes)
        details = {"secret": SECRET.hex(), "text": DETAILS} if is_open else None
        proof = LogProof(index=seq - 1, hashes=hashes, note=note)
        return {"details": details, "entry": self.entries[seq - 1], "proof": str(proof)}

    def since(self, size: int) -> dict[str, Any]:
        """Return the proof from an older checkpoint."""
        hashes = consistency_proof(size, self.size, self.nodes)
        return {"from": str(self.note(size)), "hashes": [text_of(one) for one in hashes]}


def written(value: object) -> bytes:
    """Return a receipt's bytes."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def sample() -> dict[str, Any]:
    """Return a receipt of three entries in two branches, with details, a witness and an older checkpoint."""
    locmine, lille = Log(LOCMINE, 13), Log(LILLE, 6)
    note = locmine.note(None, WITNESS)
    entry = (
        "Entry {0} of {1}: service (service {0} 1), effective 2026-01-14, "
        "recorded 14 January 2026 at 09:05:05 UTC by coordinator:c1@{1}+m2#7."
    ).format
    who = "witness.example/w1 cosigned the 13 entries of locmine.timebank"
    lines = ["  debit 90 minutes: member:m2:available", "  credit 90 minutes: member:m1:available"]
    books = (
        "The books of {1} had {0} entries then; "
        "the entry stands unchanged among the {2} that {1}.timebank signed."
    ).format
    return {
        "consistency": [locmine.since(5), locmine.since(8)],
        "format": "timebank-receipt/1",
        "keys": sorted(str(one.verifier) for one in (LOCMINE, LILLE, WITNESS)),
        "parts": [locmine.part(2, note), lille.part(6, lille.note()), locmine.part(13, note, is_open=True)],
        "summary": [
            *(entry(2, "locmine"), *lines, books(2, "locmine", 13)),
            *(entry(6, "lille"), *lines, books(6, "lille", 6)),
            *(entry(13, "locmine"), *lines, "  details: help companionship", "  details: mode in person"),
            books(13, "locmine", 13),
            *(BETWEEN.format(old, 13, "locmine.timebank") for old in (5, 8)),
            f"{who} on 14 January 2026 at 14:13:20 UTC.",
        ],
    }


KEYS = [str(LOCMINE.verifier), str(LILLE.verifier)]
