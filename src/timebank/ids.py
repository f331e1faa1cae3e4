"""References and identifiers: what they may look like, and idempotency keys.

References are opaque (I-10) and restricted to `[a-z0-9-]`, so that they survive every format the
books are exported to, and no two of them differ only in case.
"""

import hashlib
import re
from typing import Final

from timebank.errors import BadReference

REFERENCE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
KEY_BYTES: Final = 16
UUID_VERSION_BITS: Final = 0x7000
UUID_VARIANT_BITS: Final = 0x8000


def reference(text: str, *, what: str = "reference") -> str:
    """Return `text` if it can be a reference (branch code, member reference, fund name).

    Raises:
        BadReference: not 1 to 40 of a-z, 0-9 and '-', or it starts with '-'.
    """
    if REFERENCE.fullmatch(text) is None:
        raise BadReference(what=what)
    return text


def key_of(text: str) -> bytes:
    """Return the 16 bytes under which an idempotency key is kept: no personal data, fixed size (I-9)."""
    return hashlib.sha256(b"timebank key\0" + text.encode()).digest()[:KEY_BYTES]


def fingerprint_of(*parts: object) -> bytes:
    """Return 32 bytes that identify a request's payload: same parts, same bytes (I-9).

    `ascii`, not `repr`: what `repr` escapes shrinks with each version of Unicode, and keys are for ever.
    Parts must have a `repr` that depends on their value alone: str, int, None, date, datetime, enums,
    tuples and frozen dataclasses of these.
    """
    return hashlib.sha256(ascii(parts).encode()).digest()


def uuid7_of(unix_ms: int, entropy: bytes) -> str:
    """Return a UUIDv7 (RFC 9562) as text from milliseconds since 1970 and 10 random bytes."""
    assert len(entropy) == 10, f"UUIDv7 takes 10 random bytes, got {len(entropy)}"
    high = unix_ms << 16 | UUID_VERSION_BITS | (entropy[0] << 8 | entropy[1]) & 0x0FFF
    low = (int.from_bytes(entropy[2:4], "big") & 0x3FFF | UUID_VARIANT_BITS) << 48 | int.from_bytes(
        entropy[4:], "big"
    )
    text = f"{high << 64 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
