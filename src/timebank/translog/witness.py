"""Witnesses of C2SP: `add-checkpoint`, what a witness decides about it, and its answer read by the log.

Both sides are here: a branch asks witnesses for cosignatures, and is one for others. Pure: whoever serves it
keeps the record and must change it, before it answers, in the transaction in which it was read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from timebank.errors import CheckpointRefused, NoteRefused, ProofRefused, WitnessAnswerRefused
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.cosignature import cosigned_at
from timebank.translog.encoding import decimal_of, text_of
from timebank.translog.note import Note, Signature, VerifierKey, parse_note
from timebank.translog.proof import hashes_in
from timebank.translog.tree import EMPTY_ROOT, check_consistency

SIZE_TYPE: Final = "text/x.tlog.size"
PLAIN: Final = "text/plain; charset=utf-8"
OK, BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, UNPROCESSABLE = 200, 400, 403, 404, 409, 422


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A log's request: its new checkpoint, and the proof from the size that it last had cosigned."""

    old_size: int
    hashes: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        """Write the request's body."""
        return (
            f"old {self.old_size}\n" + "".join(f"{text_of(one)}\n" for one in self.hashes) + f"\n{self.note}"
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a request's body, strictly.

        Raises:
            ProofRefused: `bad_old_size`, `bad_hash`, `too_long`.
            NoteRefused: what follows the empty line is no note.
        """
        head, _, note = data.partition(b"\n\n")
        first, *lines = head.decode("ascii", errors="replace").split("\n")
        old_size = decimal_of(first.removeprefix("old ")) if first.startswith("old ") else None
        if old_size is None:
            raise ProofRefused(reason="bad_old_size")
        return cls(old_size=old_size, hashes=hashes_in(lines), note=parse_note(note))


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessedLog:
    """What a witness keeps of a log: its keys, and the latest tree it cosigned, at first the empty one."""

    keys: tuple[VerifierKey, ...]
    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The checkpoint may be cosigned, once the record says it."""

    checkpoint: Checkpoint
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The answer to a request that is refused."""

    status: int
    body: str
    content_type: str = PLAIN


Known: TypeAlias = Callable[[str], WitnessedLog | None]
"""Gives what a witness keeps of a log by its origin; None if it is none of its logs."""


def decide(data: bytes, known: Known) -> Accepted | Refusal:  # noqa: PLR0911 - an answer for each failure
    """Decide about a request's body, in the order of the specification; the first failure is the answer.

    400 unreadable, 404 unknown origin, 403 signed by none of the log's keys, 400 an old size above the
    checkpoint's, 409 an old size that is not the witness's (which is the body) or the same size with another
    root, 422 a proof that does not hold.
    """
    try:
        request = AddCheckpoint.parse(data)
        checkpoint = Checkpoint.parse(request.note.text)
    except (ProofRefused, NoteRefused, CheckpointRefused):
        return Refusal(status=BAD_REQUEST, body="not an add-checkpoint request\n")
    log = known(checkpoint.origin)
    if log is None:
        return Refusal(status=NOT_FOUND, body="unknown origin\n")
    if not any(_has_signed(key, request.note) for key in log.keys):
        return Refusal(status=FORBIDDEN, body="not signed by a key of the log\n")
    if request.old_size > checkpoint.size:
        return Refusal(status=BAD_REQUEST, body="the old size is above the checkpoint's\n")
    if request.old_size != log.size:
        return Refusal(status=CONFLICT, body=f"{log.size}\n", content_type=SIZE_TYPE)
    if checkpoint.size == log.size and checkpoint.root != log.root:
        return Refusal(status=CONFLICT, body="another root for the same size\n")
    try:
        check_consistency(log.size, log.root, checkpoint.size, checkpoint.root, request.hashes)
    except ProofRefused:
        return Refusal(status=UNPROCESSABLE, body="the consistency proof does not hold\n")
    return Accepted(checkpoint=checkpoint, note=request.note)


def answer_of(signatures: Sequence[Signature]) -> str:
    """Return the body of a 200: the cosignatures, one a line."""
    return "".join(f"{one.line}\n" for one in signatures)


@dataclass(frozen=True, slots=True)
class OldSize:
    """The witness knows the log at another size: ask again with a proof from there."""

    size: int


def read_answer(
    status: int, content_type: str, body: bytes, *, note: Note, keys: Sequence[VerifierKey]
) -> tuple[Signature, ...] | OldSize:
    """Read a witness's answer to the checkpoint of `note`.

    Args:
        status: of the HTTP response.
        content_type: its `Content-Type`.
        body: its body.
        note: what was sent.
        keys: the witness's, as the operator trusts them; cosignatures by others are passed over.

    Returns:
        the cosignatures, each verified, at least one; or the size to begin at.

    Raises:
        WitnessAnswerRefused: the witness refused, or what it sent is no cosignature by its key.
    """
    if status == CONFLICT and content_type == SIZE_TYPE:
        text = body.decode("ascii", errors="replace")
        size = decimal_of(text.removesuffix("\n"))
        if size is None or not text.endswith("\n"):
            raise WitnessAnswerRefused(status=status)
        return OldSize(size)
    if status != OK:
        raise WitnessAnswerRefused(status=status)
    try:
        sent = parse_note(f"{note.text}\n".encode() + body)
        cosigned = [key for key in keys if any(key.made(one) for one in sent.signatures)]
        for key in cosigned:
            cosigned_at(sent, key)
    except NoteRefused:
        raise WitnessAnswerRefused(status=status) from None
    kept = tuple(one for one in sent.signatures if any(key.made(one) for key in cosigned))
    if sent.text != note.text or not kept:
        raise WitnessAnswerRefused(status=status)
    return kept


def _has_signed(key: VerifierKey, note: Note) -> bool:
    """Tell whether a key signed a note."""
    try:
        key.verify(note)
    except NoteRefused:
        return False
    return True
