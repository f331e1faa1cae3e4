"""Signed notes of C2SP: a text, an empty line, and signatures over the text by named keys.

Keys are written `name+hex key id+base64` as by Go's `sumdb/note`. Signatures by unknown keys are passed over,
as the format demands; one by a known key must verify. Only Ed25519: type 0x01 here, 0x04 in `cosignature`.
Pure, but for `cryptography`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from timebank.errors import BadLogKey, NoteRefused
from timebank.translog.encoding import bytes_of, text_of

NOTE_BYTES_MAX: Final = 1_000_000
SIGNATURES_MAX: Final = 100
"""More than any log has witnesses, less than it takes to keep a verifier busy."""
KEY_ID_BYTES: Final = 4
KEY_BYTES: Final = 32
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
PRIVATE: Final = "PRIVATE+KEY+"
DASH: Final = "— "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose, by which key, and its bytes."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, without its newline."""
        return f"{DASH}{self.name} {text_of(self.key_id + self.signature)}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a signature line without its newline.

        Raises:
            NoteRefused: another form.
        """
        if not line.startswith(DASH):
            raise NoteRefused(reason="bad_signature_line")
        name, space, encoded = line.removeprefix(DASH).partition(" ")
        data = bytes_of(encoded)
        if not space or not is_name(name) or data is None or len(data) <= KEY_ID_BYTES:
            raise NoteRefused(reason="bad_signature_line")
        return cls(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """Write the note as it is kept and sent."""
        return f"{self.text}\n" + "".join(f"{one.line}\n" for one in self.signatures)

    def __bytes__(self) -> bytes:
        """Write it in UTF-8."""
        return str(self).encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key by its name."""

    name: str
    public: bytes
    type: int = ED25519
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what could not be written, and work out the key id."""
        if not is_name(self.name) or len(self.public) != KEY_BYTES or self.type not in {ED25519, COSIGNATURE}:
            raise BadLogKey
        object.__setattr__(self, "key_id", key_id_of(self.name, self.type, self.public))

    def __str__(self) -> str:
        """Write the key: name, key id in hexadecimal, type and key in base64."""
        return f"{self.name}+{self.key_id.hex()}+{text_of(bytes([self.type]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` writes.

        Raises:
            BadLogKey: another form, an unknown type, or a key id that is not the key's.
        """
        name, _, rest = text.partition("+")
        _, _, encoded = rest.partition("+")
        data = bytes_of(encoded)
        if not data:
            raise BadLogKey
        key = cls(name, data[1:], data[0])
        if str(key) != text:
            raise BadLogKey
        return key

    def made(self, signature: Signature) -> bool:
        """Tell whether a signature claims to be by this key."""
        return (self.name, self.key_id) == (signature.name, signature.key_id)

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether an Ed25519 signature of a message is by this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def verify(self, note: Note) -> None:
        """Refuse a note that this key did not sign.

        Raises:
            NoteRefused: `not_signed` without a signature by the key, `bad_signature` with a wrong one.
        """
        # What a witness's key signs is another message: `cosignature`.
        found = [one for one in note.signatures if self.made(one) and self.type == ED25519]
        if not found:
            raise NoteRefused(reason="not_signed")
        if not all(self.signed(note.text.encode(), one.signature) for one in found):
            raise NoteRefused(reason="bad_signature")


@dataclass(frozen=True, slots=True, repr=False)
class SignerKey:
    """A private key by its name. Its text is a secret: it appears in no message, log line or `repr`."""

    name: str
    private: bytes
    type: int = ED25519
    verifier: VerifierKey = field(init=False)

    def __post_init__(self) -> None:
        """Work out the public key; refuse what could not be written."""
        if len(self.private) != KEY_BYTES:
            raise BadLogKey
        public = Ed25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()
        object.__setattr__(self, "verifier", VerifierKey(self.name, public, self.type))

    def __repr__(self) -> str:
        """Show whose key it is, and nothing of the key."""
        return f"SignerKey({self.name!r})"

    @property
    def text(self) -> str:
        """The key as it is kept: `PRIVATE+KEY+name+hex key id+base64`."""
        return (
            f"{PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{text_of(bytes([self.type]) + self.private)}"
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` holds.

        Raises:
            BadLogKey: another form, an unknown type, or a key id that is not the key's.
        """
        name, _, rest = text.removeprefix(PRIVATE).partition("+")
        _, _, encoded = rest.partition("+")
        data = bytes_of(encoded)
        if not data:
            raise BadLogKey
        key = cls(name, data[1:], data[0])
        if key.text != text:
            raise BadLogKey
        return key

    def raw_signature(self, message: bytes) -> bytes:
        """Return the 64 bytes of the Ed25519 signature of a message."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(message)

    def sign(self, text: str) -> Signature:
        """Return the signature of a note's text.

        Raises:
            BadLogKey: it is a witness's key, which is for cosignatures.
        """
        if self.type != ED25519:
            raise BadLogKey
        return Signature(self.name, self.verifier.key_id, self.raw_signature(text.encode()))


def sign_note(text: str, signers: Iterable[SignerKey]) -> Note:
    """Return a note of this text, signed by each.

    Raises:
        NoteRefused: the text does not end with a newline, or holds control characters.
    """
    if not text.endswith("\n") or not _is_clean(text):
        raise NoteRefused(reason="bad_text")
    return Note(text, tuple(signer.sign(text) for signer in signers))


def parse_note(data: bytes) -> Note:
    """Read a note, strictly: what it writes again is what was read.

    Raises:
        NoteRefused: `reason` is `too_large`, `not_utf8`, `bad_text`, `unsigned`, `too_many_signatures` or
            `bad_signature_line`.
    """
    if len(data) > NOTE_BYTES_MAX:
        raise NoteRefused(reason="too_large")
    try:
        written = data.decode()
    except UnicodeDecodeError:
        raise NoteRefused(reason="not_utf8") from None
    if not _is_clean(written):
        raise NoteRefused(reason="bad_text")
    text, empty_line, signed = written.rpartition("\n\n")
    if not empty_line or not signed.endswith("\n"):
        raise NoteRefused(reason="unsigned")
    lines = signed.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteRefused(reason="too_many_signatures")
    return Note(f"{text}\n", tuple(Signature.parse(line) for line in lines))


def key_id_of(name: str, type_: int, public: bytes) -> bytes:
    """Return the four bytes that tell a key of a name from its others."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([type_]) + public).digest()[:KEY_ID_BYTES]


def is_name(name: str) -> bool:
    """Tell whether a key can have this name: at least one character, all printable, no space, no plus."""
    return bool(name) and name.isprintable() and "+" not in name and not any(map(str.isspace, name))


def _is_clean(text: str) -> bool:
    """Tell whether a text has no control characters but newlines."""
    return all(character >= " " or character == "\n" for character in text)
