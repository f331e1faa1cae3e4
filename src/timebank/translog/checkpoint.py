"""Checkpoints of C2SP: the origin of a log, its size and its root, as the text of a signed note. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from timebank.errors import CheckpointRefused
from timebank.translog.encoding import decimal_of, hash_in, text_of
from timebank.translog.note import Note, SignerKey, is_name, sign_note
from timebank.translog.tree import EMPTY_ROOT, HASH_BYTES, SIZE_MAX

LINES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log says about itself: its first `size` leaves have this root.

    Raises:
        CheckpointRefused: an origin that is no name of a key, a size out of range, a root of another
            length, or of another tree than the empty one at size 0.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written, or read back."""
        if not is_name(self.origin):
            raise CheckpointRefused(reason="bad_origin")
        if not 0 <= self.size <= SIZE_MAX:
            raise CheckpointRefused(reason="bad_size")
        if len(self.root) != HASH_BYTES or (self.size == 0 and self.root != EMPTY_ROOT):
            raise CheckpointRefused(reason="bad_root")

    @property
    def text(self) -> str:
        """The three lines of the note."""
        return f"{self.origin}\n{self.size}\n{text_of(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the three lines, strictly; extension lines are refused: no part of ours writes or reads them.

        Raises:
            CheckpointRefused: as above, or `bad_lines`.
        """
        lines = text.split("\n")
        if len(lines) != LINES + 1 or lines[-1]:
            raise CheckpointRefused(reason="bad_lines")
        size = decimal_of(lines[1])
        root = hash_in(lines[2])
        if size is None:
            raise CheckpointRefused(reason="bad_size")
        if root is None:
            raise CheckpointRefused(reason="bad_root")
        return cls(origin=lines[0], size=size, root=root)


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[SignerKey]) -> Note:
    """Return the signed note of a checkpoint."""
    return sign_note(checkpoint.text, signers)
