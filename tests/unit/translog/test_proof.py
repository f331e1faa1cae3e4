"""Laws of log proofs, cosignatures and witnesses: one spelling, and each refusal with its own answer."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translog.receipts import LILLE, LOCMINE, WITNESS, Log

from timebank.errors import BadLogKey, NoteRefused, ProofRefused, WitnessAnswerRefused
from timebank.translog.checkpoint import Checkpoint, sign_checkpoint
from timebank.translog.cosignature import cosign, cosigned_at
from timebank.translog.encoding import text_of
from timebank.translog.note import COSIGNATURE, Note, Signature, SignerKey, VerifierKey, parse_note
from timebank.translog.proof import LogProof
from timebank.translog.tree import EMPTY_ROOT, consistency_proof, inclusion_proof
from timebank.translog.witness import (
    SIZE_TYPE,
    Accepted,
    AddCheckpoint,
    OldSize,
    Refusal,
    WitnessedLog,
    answer_of,
    decide,
    read_answer,
)

LOG = Log(LOCMINE, 13)
PROOF = LogProof(index=4, hashes=inclusion_proof(4, 13, LOG.nodes), note=LOG.note())
H = "A" * 43 + "="


def test_a_proof_reads_back_as_written_and_shows_its_entry() -> None:
    """With what nobody signed, and without."""
    for proof in (PROOF, LogProof(index=4, hashes=PROOF.hashes, note=PROOF.note, extra=b"x")):
        assert proof == LogProof.parse(str(proof))
        proof.check(LOG.entries[4].encode())
        with pytest.raises(ProofRefused, match="wrong_root"):
            proof.check(LOG.entries[5].encode())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("tlog-proof@v1", "tlog-proof@v2", "bad_header"),
        ("index 4", "index 04", "bad_index"),
        ("index 4", "index", "bad_index"),
        ("index 4", "index 9223372036854775807", "bad_index"),
        ("index 4\n", "", "bad_index"),
        ("index 4", "extra A\nindex 4", "bad_extra"),
        ("index 4\n", "index 4\nx\n", "bad_hash"),
        ("index 4\n", "index 4\n" + 64 * f"{H}\n", "too_long"),
    ],
)
def test_no_proof_is_refused(old: str, new: str, reason: str) -> None:
    """Each with its reason."""
    with pytest.raises(ProofRefused, match=reason):
        LogProof.parse(str(PROOF).replace(old, new, 1))


def test_a_proof_without_lines_is_refused() -> None:
    """The header alone is none."""
    with pytest.raises(ProofRefused, match="bad_index"):
        LogProof.parse("c2sp.org/tlog-proof@v1\n\nx")


@given(st.integers(0, 2**63 - 1))
def test_a_cosignature_tells_its_time(at: int) -> None:
    """To the second, and for this checkpoint only."""
    text = LOG.note().text
    note = Note(text, (cosign(text, WITNESS, at_seconds=at),))

    assert at == cosigned_at(parse_note(bytes(note)), WITNESS.verifier)
    with pytest.raises(NoteRefused, match="bad_signature"):
        cosigned_at(Note(LOG.note(3).text, note.signatures), WITNESS.verifier)


def test_the_latest_time_counts() -> None:
    """A witness may cosign a checkpoint again, as long as it is the latest it knows."""
    text = LOG.note().text
    times = tuple(cosign(text, WITNESS, at_seconds=at) for at in (5, 9, 7))

    assert 9 == cosigned_at(Note(text, times), WITNESS.verifier)


def test_a_logs_key_does_not_cosign() -> None:
    """Nor does a witness's key without a signature, or with a time out of range."""
    note = LOG.note(None, WITNESS)
    far = Signature(WITNESS.name, WITNESS.verifier.key_id, bytes([255] * 72))

    with pytest.raises(BadLogKey):
        cosign(note.text, LOCMINE, at_seconds=1)
    with pytest.raises(NoteRefused, match="not_signed"):
        cosigned_at(note, LOCMINE.verifier)
    with pytest.raises(NoteRefused, match="not_signed"):
        cosigned_at(LOG.note(), WITNESS.verifier)
    with pytest.raises(NoteRefused, match="bad_signature"):
        cosigned_at(Note(note.text, (far,)), WITNESS.verifier)


def request(old: int, new: int, note: Note | None = None) -> bytes:
    """Return a request from one size of the log to another."""
    hashes = consistency_proof(old, new, LOG.nodes)
    return str(AddCheckpoint(old_size=old, hashes=hashes, note=note or LOG.note(new))).encode()


def known_at(size: int) -> Callable[[str], WitnessedLog | None]:
    """Return the record of a witness that cosigned this size of the log."""
    root = Checkpoint.parse(LOG.note(size).text).root
    logs = {LOCMINE.name: WitnessedLog(keys=(LILLE.verifier, LOCMINE.verifier), size=size, root=root)}
    return logs.get


def test_a_witness_accepts_what_follows() -> None:
    """Every size from every smaller or same one, zero included."""
    for new in range(14):
        for old in range(new + 1):
            answer = decide(request(old, new), known_at(old))
            assert isinstance(answer, Accepted)
            assert (LOCMINE.name, new) == (answer.checkpoint.origin, answer.checkpoint.size)


def status(data: bytes, size: int = 5) -> int:
    """Return what a witness answers that knows the log at this size."""
    answer = decide(data, known_at(size))
    assert isinstance(answer, Refusal)
    assert answer.body.endswith("\n")
    return answer.status


def test_each_refusal_of_a_witness_has_its_status() -> None:
    """As the specification of witnesses says."""
    other = Log(LILLE, 13)
    impostor = Log(SignerKey(LOCMINE.name, bytes(32)), 13)
    twin = Checkpoint(origin=LOCMINE.name, size=5, root=bytes(32))
    split = AddCheckpoint(old_size=5, hashes=(), note=sign_checkpoint(twin, [LOCMINE]))
    above = AddCheckpoint(old_size=9, hashes=(), note=LOG.note(5))

    assert 400 == status(b"")
    assert 400 == status(b"old 05\n\n" + bytes(LOG.note()))
    assert 400 == status(b"old 5\nx\n\n" + bytes(LOG.note()))
    assert 400 == status(b"old 5\n" + 64 * f"{H}\n".encode() + b"\n" + bytes(LOG.note()))
    assert 400 == status(b"old 5\n\nno note")
    assert 400 == status(b"old 5\n\nno checkpoint\n\n" + f"{LOG.note().signatures[0].line}\n".encode())
    assert 400 == status(str(above).encode(), 9)
    assert 404 == status(request(5, 13, other.note()))
    assert 403 == status(request(5, 13, impostor.note()))
    assert 409 == status(request(4, 13))
    assert 409 == status(str(split).encode())
    assert 422 == status(request(5, 13).replace(b"old 5\n", f"old 5\n{H}\n".encode()))
    assert 422 == status(f"old 0\n{H}\n\n{LOG.note()}".encode(), 0)
    conflict = decide(request(4, 13), known_at(5))
    assert Refusal(status=409, body="5\n", content_type=SIZE_TYPE) == conflict


def test_a_new_log_is_known_as_empty() -> None:
    """Zero if a witness never cosigned a checkpoint."""
    log = WitnessedLog(keys=(LOCMINE.verifier,))

    assert (0, EMPTY_ROOT) == (log.size, log.root)
    assert isinstance(decide(request(0, 13), lambda _: log), Accepted)


def answer(*signatures: Signature, keys: tuple[VerifierKey, ...] = (WITNESS.verifier,)) -> object:
    """Return a 200 as the log reads it."""
    return read_answer(200, "text/plain", answer_of(signatures).encode(), note=LOG.note(), keys=keys)


def test_a_log_keeps_the_cosignatures_of_its_witnesses() -> None:
    """And passes over those that it does not know."""
    text = LOG.note().text
    good = cosign(text, WITNESS, at_seconds=1)
    stranger = cosign(text, SignerKey("x", bytes(32), COSIGNATURE), at_seconds=1)

    assert (good,) == answer(stranger, good)
    assert OldSize(7) == read_answer(409, SIZE_TYPE, b"7\n", note=LOG.note(), keys=())
    refusals: tuple[Callable[[], object], ...] = (
        lambda: answer(stranger),
        lambda: answer(cosign(LOG.note(3).text, WITNESS, at_seconds=1), good),
        lambda: answer(good, keys=()),
        lambda: answer(good, keys=(LOCMINE.verifier,)),
        lambda: answer(*LOG.note().signatures, keys=(LOCMINE.verifier,)),
        lambda: read_answer(409, SIZE_TYPE, b"7", note=LOG.note(), keys=()),
        lambda: read_answer(409, SIZE_TYPE, b"07\n", note=LOG.note(), keys=()),
        lambda: read_answer(409, "text/plain", b"7\n", note=LOG.note(), keys=()),
        lambda: read_answer(200, "text/plain", b"", note=LOG.note(), keys=()),
        lambda: read_answer(503, "text/plain", b"", note=LOG.note(), keys=()),
        lambda: read_answer(
            200, "", b"x\n\n" + f"{good.line}\n".encode(), note=LOG.note(), keys=(WITNESS.verifier,)
        ),
    )
    for refused in refusals:
        with pytest.raises(WitnessAnswerRefused):
            refused()


def test_a_request_reads_back_as_written() -> None:
    """Hashes and all."""
    made = AddCheckpoint.parse(request(5, 13))

    assert request(5, 13) == str(made).encode()
    assert text_of(made.hashes[0]) in str(made)
