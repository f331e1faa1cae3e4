"""Tags: a strong entity tag for every read, made of the bytes of its answer (RFC 9110, section 8.8)."""

import hashlib
from collections.abc import MutableMapping
from typing import Any, Final

TAG_BYTES: Final = 16
Scope = MutableMapping[str, Any]


def tag_of(content: bytes) -> bytes:
    """Return the strong entity tag of an answer, made of its bytes."""
    return b'"' + hashlib.blake2b(content, digest_size=TAG_BYTES).hexdigest().encode() + b'"'


def is_known(scope: Scope, tag: bytes) -> bool:
    """Tell whether whoever asks has the answer already, as `If-None-Match` says."""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            tags = [each.strip().removeprefix(b"W/") for each in value.split(b",")]
            if tag in tags or tags == [b"*"]:
                return True
    return False
