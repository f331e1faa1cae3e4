"""References and identifiers: what they may look like, and idempotency keys.

References are opaque (I-10) and restricted to `[a-z0-9-]`, so that they survive every format the
books are exported to, and no two of them differ only in case.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final, Self
from uuid import UUID

from timebank.errors import BadKey, BadReference

REFERENCE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
KEY_BYTES: Final = 16
KEY_CHARACTERS_MAX: Final = 255
TIME_BYTES: Final = 6
TIMED: Final = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z", re.ASCII | re.IGNORECASE
)
"""A UUID of version 7 at the end of a key: its first 48 bits are milliseconds since 1970 (RFC 9562, 5.7)."""
IN_ORDER_SINCE_MS: Final = 1_796_083_200_000
"""2026-12-01. Keys that were made before are kept as they always were: a repetition must still find them."""
SETTLED: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def reference(text: str, *, what: str = "reference") -> str:
    """Return `text` if it can be a reference (branch code, member reference, fund name).

    Raises:
        BadReference: not 1 to 40 of a-z, 0-9 and '-', or it starts with '-'.
    """
    if REFERENCE.fullmatch(text) is None:
        raise BadReference(what=what)
    return text


def require_key(text: str) -> None:
    """Refuse a text that is no idempotency key.

    Raises:
        BadKey: empty, or longer than `KEY_CHARACTERS_MAX`.
    """
    if not 1 <= len(text) <= KEY_CHARACTERS_MAX:
        raise BadKey(most=KEY_CHARACTERS_MAX)


def key_of(text: str) -> bytes:
    """Return the 16 bytes under which an idempotency key is kept: no personal data, fixed size (I-9).

    They are the beginning of a digest. Of a key that ends with a UUID of version 7 they begin with its time,
    so that keys of one time are kept side by side, and each new one costs a database no page of its own.

    Raises:
        BadKey: empty, or longer than `KEY_CHARACTERS_MAX`.
    """
    require_key(text)
    # A command line that is not UTF-8 arrives with lone surrogates; they name a request as well as any text.
    digest = hashlib.sha256(b"timebank key\0" + text.encode(errors="surrogatepass")).digest()
    timed = TIMED.search(text)
    if timed is None:
        return digest[:KEY_BYTES]
    began = int(timed[1] + timed[2], 16)
    if began < IN_ORDER_SINCE_MS:
        return digest[:KEY_BYTES]
    return began.to_bytes(TIME_BYTES) + digest[: KEY_BYTES - TIME_BYTES]


def timed_key(at_ms: int, drawn: bytes) -> str:
    """Return a UUID of version 7 (RFC 9562, 5.7), the form of key that a database keeps best.

    Args:
        at_ms: milliseconds since 1970, below 2⁴⁸.
        drawn: ten bytes that nobody can guess; six bits of them are not used.
    """
    number = int.from_bytes(at_ms.to_bytes(TIME_BYTES) + drawn[: KEY_BYTES - TIME_BYTES])
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0b11 << 62) | 0b10 << 62
    return str(UUID(int=number))


class AnsweredKey(str):
    """An idempotency key of a request that is answered again with the very same text, for ever."""

    __slots__ = ("answer", "expects", "render")
    answer: str | None
    """What was answered, once that is known; None if it is not kept."""
    render: Callable[[Any], str | None]
    expects: Callable[[Any], None] | None
    """Raises unless what the request is about is as whoever asks has seen it."""

    def __new__(
        cls, key: str, render: Callable[[Any], str | None], expects: Callable[[Any], None] | None = None
    ) -> Self:
        """Name a request.

        Args:
            key: as any.
            render: says what is answered to a use case's result, None if that must not be kept.
            expects: raises unless what the request is about, as it stands, is as it was seen.
        """
        made = super().__new__(cls, key)
        made.answer = None
        made.render = render
        made.expects = expects
        return made

    def answer_to(self, result: object) -> str | None:
        """Return what is answered to a result, to be kept with the key; None if it is not kept."""
        self.answer = self.render(result) if result is not None else None
        return self.answer


def fingerprint_of(*parts: object) -> bytes:
    """Return 32 bytes that identify a request's payload: same parts, same bytes, for ever (I-9).

    The same in every process and every version of timebank: an enum counts as its value, an instant as
    itself in whatever zone it was written, a dataclass as those of its fields that are not None.

    Args:
        parts: str, int, bool, None, bytes, date, aware datetime, enums, and tuples, sets and dataclasses of
            these.
    """
    text = SETTLED([_settled(part) for part in parts])
    return hashlib.sha256(text.encode()).digest()


def _settled(part: object) -> object:  # noqa: PLR0911 - one return for each form
    """Return a part in a form that JSON writes one way, and no other part shares."""
    match part:
        case Enum():
            return _settled(part.value)
        case None | bool() | int() | str():
            return part
        case float():  # no request needs one; it is for the ledger to refuse it (I-15)
            return {"float": part.hex()}
        case bytes():
            return {"bytes": part.hex()}
        case datetime():
            return {"at": part.astimezone(UTC).isoformat()}
        case date():
            return {"on": part.isoformat()}
        case tuple():
            return [_settled(each) for each in part]
        case frozenset() | set():
            return {"set": sorted(json.dumps(_settled(each), sort_keys=True) for each in part)}
        case _:
            assert is_dataclass(part), f"a {type(part).__name__} has no settled form"
            said = {each.name: getattr(part, each.name) for each in fields(part)}
            return {"of": {name: _settled(value) for name, value in said.items() if value is not None}}
