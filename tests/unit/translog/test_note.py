"""Laws of notes and checkpoints: one spelling of each, and only the key's own signature counts."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import BadLogKey, CheckpointRefused, NoteRefused
from timebank.translog.checkpoint import Checkpoint, sign_checkpoint
from timebank.translog.encoding import bytes_of, decimal_of, hash_in
from timebank.translog.note import COSIGNATURE, Note, SignerKey, VerifierKey, parse_note, sign_note
from timebank.translog.tree import EMPTY_ROOT

# The example of Go's golang.org/x/mod/sumdb/note, whose key is published with its signature.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of C2SP tlog-checkpoint.
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
SIGNER = SignerKey("lille.timebank", bytes(range(32)))
OTHER = SignerKey("lille.timebank", bytes(32))
NOTE = sign_note("one\n\ntwo\n", [SIGNER])


def test_the_example_of_go_verifies() -> None:
    """A note that another implementation signed."""
    key = VerifierKey.parse(GO_KEY)
    note = parse_note(GO_NOTE.encode())

    key.verify(note)
    assert (GO_KEY, GO_NOTE) == (str(key), str(note))


def test_the_example_of_the_specification_reads() -> None:
    """A checkpoint as C2SP shows it."""
    note = parse_note(C2SP_CHECKPOINT.encode())
    checkpoint = Checkpoint.parse(note.text)

    assert ("example.com/behind-the-sofa", 20852163) == (checkpoint.origin, checkpoint.size)
    assert C2SP_CHECKPOINT == str(Note(checkpoint.text, note.signatures))


def test_keys_read_back_as_written() -> None:
    """Both of a pair; the private one shows nothing of itself unless asked."""
    assert SIGNER == SignerKey.parse(SIGNER.text)
    assert SIGNER.verifier == VerifierKey.parse(str(SIGNER.verifier))
    assert "SignerKey('lille.timebank')" == repr(SIGNER)
    assert 64 == len(SIGNER.raw_signature(b""))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lille",
        "lille+00000000+",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("c74f20a3", "C74F20A3"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        GO_KEY.replace("PeterNeumann", ""),
        GO_KEY + "=",
        GO_KEY + "\n",
        "x+00000000+Ag==",
        "x+00000000+" + base64.b64encode(bytes([2] * 33)).decode(),
    ],
)
def test_no_key_is_refused(text: str) -> None:
    """A key id is that of its name and key, and each key has one spelling."""
    with pytest.raises(BadLogKey):
        VerifierKey.parse(text)
    with pytest.raises(BadLogKey):
        SignerKey.parse("PRIVATE+KEY+" + text)


def test_a_private_key_has_its_mark() -> None:
    """Without it, or with another key id, it is none."""
    for wrong in (
        SIGNER.text.removeprefix("PRIVATE+KEY+"),
        SIGNER.text.replace(SIGNER.verifier.key_id.hex(), "00000000"),
    ):
        with pytest.raises(BadLogKey):
            SignerKey.parse(wrong)


def test_only_the_keys_own_signature_counts() -> None:
    """Another key of the same name is unknown; a wrong signature of the right key is an outrage."""
    SIGNER.verifier.verify(NOTE)

    with pytest.raises(NoteRefused, match="not_signed"):
        OTHER.verifier.verify(NOTE)
    with pytest.raises(NoteRefused, match="bad_signature"):
        SIGNER.verifier.verify(Note("one\n", NOTE.signatures))
    with pytest.raises(NoteRefused, match="not_signed"):
        VerifierKey("lille.timebank", SIGNER.verifier.public, COSIGNATURE).verify(NOTE)
    with pytest.raises(BadLogKey):
        SignerKey("w", bytes(32), COSIGNATURE).sign("one\n")


def test_a_note_may_be_signed_by_several() -> None:
    """A log's old and its new key, while it changes from one to the other."""
    both = parse_note(bytes(sign_note("one\n", [SIGNER, OTHER])))

    SIGNER.verifier.verify(both)
    OTHER.verifier.verify(both)


@pytest.mark.parametrize("text", ["", "one", "one\r\n", "one\x00\n"])
def test_no_text_of_a_note_is_signed(text: str) -> None:
    """It ends with a newline and has no other control characters."""
    with pytest.raises(NoteRefused, match="bad_text"):
        sign_note(text, [SIGNER])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unsigned"),
        (b"one\n", "unsigned"),
        (b"one\n\n", "unsigned"),
        (bytes(NOTE)[:-1], "unsigned"),
        (bytes(NOTE) + b"\n", "unsigned"),
        (bytes(NOTE) + b"more\n", "bad_signature_line"),
        (bytes(NOTE).replace("—".encode(), b"-"), "bad_signature_line"),
        (bytes(NOTE).replace(b"timebank ", b"timebank  "), "bad_signature_line"),
        (bytes(NOTE).replace(b"timebank ", b"timebank"), "bad_signature_line"),
        (bytes(NOTE).replace(b"lille.", b"lil+le."), "bad_signature_line"),
        ("one\n\n— a AAAAAA==\n".encode(), "bad_signature_line"),
        (bytes(NOTE).replace(b"one", b"\r"), "bad_text"),
        (b"\xff" + bytes(NOTE), "not_utf8"),
        (b"x" * 1_000_001, "too_large"),
        (bytes(sign_note("one\n", [SIGNER] * 101)), "too_many_signatures"),
    ],
)
def test_no_note_is_refused(data: bytes, reason: str) -> None:
    """Each with its reason."""
    with pytest.raises(NoteRefused, match=reason):
        parse_note(data)


@given(st.integers(0, len(bytes(NOTE)) - 1), st.integers(1, 255))
def test_a_note_with_any_byte_changed_is_refused(at: int, change: int) -> None:
    """As unreadable, as by an unknown key, or as wrongly signed."""
    data = bytearray(bytes(NOTE))
    data[at] ^= change

    with pytest.raises(NoteRefused):
        SIGNER.verifier.verify(parse_note(bytes(data)))


def test_a_checkpoint_reads_back_as_signed() -> None:
    """The empty tree's too."""
    for checkpoint in (
        Checkpoint(origin="lille.timebank", size=0, root=EMPTY_ROOT),
        Checkpoint(origin="lille.timebank", size=7, root=bytes(32)),
    ):
        note = parse_note(bytes(sign_checkpoint(checkpoint, [SIGNER])))

        SIGNER.verifier.verify(note)
        assert checkpoint == Checkpoint.parse(note.text)


ROOT = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a\n1\n{ROOT}", "bad_lines"),
        (f"a\n1\n{ROOT}\nmore\n", "bad_lines"),
        (f"a\n1\n{ROOT}\n\n", "bad_lines"),
        ("a\n1\n", "bad_lines"),
        (f"\n1\n{ROOT}\n", "bad_origin"),
        (f"a b\n1\n{ROOT}\n", "bad_origin"),
        (f"a+b\n1\n{ROOT}\n", "bad_origin"),
        (f"a\u00a0b\n1\n{ROOT}\n", "bad_origin"),
        (f"a\n01\n{ROOT}\n", "bad_size"),
        (f"a\n-1\n{ROOT}\n", "bad_size"),
        (f"a\n1 \n{ROOT}\n", "bad_size"),
        (f"a\n٣\n{ROOT}\n", "bad_size"),
        (f"a\n9223372036854775808\n{ROOT}\n", "bad_size"),
        (f"a\n0\n{ROOT}\n", "bad_root"),
        (f"a\n1\n{ROOT[:-2]}B=\n", "bad_root"),
        ("a\n1\nAAAA\n", "bad_root"),
        ("a\n1\né\n", "bad_root"),
    ],
)
def test_no_checkpoint_is_refused(text: str, reason: str) -> None:
    """Each with its reason; a size beyond the largest too."""
    with pytest.raises(CheckpointRefused, match=reason):
        Checkpoint.parse(text)


def test_what_could_not_be_read_is_not_made() -> None:
    """A size out of range, or a root of another length."""
    with pytest.raises(CheckpointRefused, match="bad_size"):
        Checkpoint(origin="a", size=-1, root=bytes(32))
    with pytest.raises(CheckpointRefused, match="bad_root"):
        Checkpoint(origin="a", size=1, root=bytes(31))


def test_each_value_has_one_spelling() -> None:
    """Whatever else reads as the same number or bytes elsewhere is none here."""
    assert (0, 10, 2**63 - 1) == (decimal_of("0"), decimal_of("10"), decimal_of(str(2**63 - 1)))
    assert [None] * 8 == [decimal_of(text) for text in ("", "00", "+1", " 1", "1_0", "1\n", "３", str(2**63))]
    assert (b"", b"\x00") == (bytes_of(""), bytes_of("AA=="))
    assert [None] * 6 == [bytes_of(text) for text in ("AA", "AB==", "AA==\n", "A A==", "_A==", "AA==AA==")]
    assert bytes(32) == hash_in(ROOT)
