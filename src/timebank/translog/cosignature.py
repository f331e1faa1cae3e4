"""Cosignatures of C2SP, version 1: a witness says when a checkpoint was the latest it knew. Pure."""

from timebank.errors import BadLogKey, NoteRefused
from timebank.translog.note import COSIGNATURE, Note, Signature, SignerKey, VerifierKey

SECONDS_BYTES = 8
SECONDS_MAX = 2**63 - 1


def cosign(text: str, signer: SignerKey, *, at_seconds: int) -> Signature:
    """Return a witness's cosignature of a checkpoint's text.

    Args:
        text: the whole text of the checkpoint's note, with its last newline.
        signer: the witness's key, of type 0x04.
        at_seconds: whole seconds since 1970-01-01T00:00Z, not below zero.

    Raises:
        BadLogKey: the key is a log's, which is for notes.
    """
    if signer.type != COSIGNATURE:
        raise BadLogKey
    assert 0 <= at_seconds <= SECONDS_MAX, "a witness's clock is after 1970"
    signed = signer.raw_signature(_message(text, at_seconds))
    return Signature(signer.name, signer.verifier.key_id, at_seconds.to_bytes(SECONDS_BYTES, "big") + signed)


def cosigned_at(note: Note, key: VerifierKey) -> int:
    """Return when a witness cosigned a checkpoint, in seconds since 1970; the latest if more than once.

    Raises:
        NoteRefused: `not_signed` if it did not, `bad_signature` if a cosignature by its key does not verify.
    """
    found = [one for one in note.signatures if key.made(one) and key.type == COSIGNATURE]
    if not found:
        raise NoteRefused(reason="not_signed")
    times = []
    for one in found:
        seconds = int.from_bytes(one.signature[:SECONDS_BYTES], "big")
        if seconds > SECONDS_MAX or not key.signed(
            _message(note.text, seconds), one.signature[SECONDS_BYTES:]
        ):
            raise NoteRefused(reason="bad_signature")
        times.append(seconds)
    return max(times)


def _message(text: str, at_seconds: int) -> bytes:
    """Return what a witness signs."""
    return f"cosignature/v1\ntime {at_seconds}\n{text}".encode()
