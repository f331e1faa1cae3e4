"""Proofs of C2SP tlog-proof, version 1: where an entry is in a log, and the log's checkpoint. Pure."""

from dataclasses import dataclass
from typing import Final, Self

from timebank.errors import ProofRefused
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.encoding import bytes_of, decimal_of, hash_in, text_of
from timebank.translog.note import Note, parse_note
from timebank.translog.tree import SIZE_MAX, check_inclusion, leaf_of

HEADER: Final = "c2sp.org/tlog-proof@v1"
HASHES_MAX: Final = 63
"""Most hashes of a proof in a tree of at most 2**63 - 1 leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """That an entry is the leaf `index` (from 0) of the tree in the checkpoint's note."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None
    """What nobody signed: for whoever wrote the proof, and not to be trusted."""

    def __str__(self) -> str:
        """Write the proof as it is kept and sent."""
        extra = "" if self.extra is None else f"extra {text_of(self.extra)}\n"
        hashes = "".join(f"{text_of(one)}\n" for one in self.hashes)
        return f"{HEADER}\n{extra}index {self.index}\n{hashes}\n{self.note}"

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint in the note.

        Raises:
            CheckpointRefused: the note's text is none.
        """
        return Checkpoint.parse(self.note.text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a proof, strictly: what it writes again is what was read.

        Raises:
            ProofRefused: `bad_header`, `bad_extra`, `bad_index`, `bad_hash` or `too_long`.
            NoteRefused: what follows the empty line is no note.
        """
        head, empty_line, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != HEADER or not empty_line:
            raise ProofRefused(reason="bad_header")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = bytes_of(lines.pop(0).removeprefix("extra "))
            if extra is None:
                raise ProofRefused(reason="bad_extra")
        index = (
            decimal_of(lines[0].removeprefix("index ")) if lines and lines[0].startswith("index ") else None
        )
        if index is None or index >= SIZE_MAX:
            raise ProofRefused(reason="bad_index")
        return cls(index=index, hashes=hashes_in(lines[1:]), note=parse_note(note.encode()), extra=extra)

    def check(self, entry: bytes) -> None:
        """Refuse the proof unless it shows this entry in the checkpoint's tree; signatures are passed over.

        Raises:
            ProofRefused: see `check_inclusion`.
            CheckpointRefused: the note's text is no checkpoint.
        """
        at = self.checkpoint
        check_inclusion(leaf_of(entry), self.index, at.size, self.hashes, at.root)


def hashes_in(lines: list[str]) -> tuple[bytes, ...]:
    """Read the hashes of a proof, one in each line.

    Raises:
        ProofRefused: `bad_hash` or `too_long`.
    """
    if len(lines) > HASHES_MAX:
        raise ProofRefused(reason="too_long")
    hashes = []
    for line in lines:
        one = hash_in(line)
        if one is None:
            raise ProofRefused(reason="bad_hash")
        hashes.append(one)
    return tuple(hashes)
