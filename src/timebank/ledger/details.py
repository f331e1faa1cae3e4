"""Details of an entry, and the commitment to them that the entry carries.

An entry says nothing of the help behind it but minutes and accounts. What else is known (which help, how,
when, in which words) is kept with the names, and can be erased with them. The entry carries HMAC-SHA-256 of
it, keyed with a secret of 32 random bytes that is kept beside it: whoever is shown details and secret can
check them against a receipt; once both are erased, the commitment says nothing, and every proof still holds
(I-10). Pure.

Format `timebank-details/1`, ASCII, lines ended by a newline; one for each fact that is known, in this order:

    timebank-details/1
    help "CODE"
    mode "CODE"
    start MICROSECONDS            (since 1970-01-01T00:00Z)
    minutes NUMBER                (as stated, before rates and rounding)
    words "TEXT"

Texts are in Unicode's composed form (NFC), and written as JSON writes a string with ASCII only.
"""

import hmac
import json
import re
import unicodedata
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Final

from timebank.errors import DetailsUnreadable

FORMAT: Final = "timebank-details/1"
SECRET_BYTES: Final = 32
NUMBER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is known of an entry beside the ledger's facts; None where nothing is."""

    help: str | None = None
    """Code of the kind of help."""
    mode: str | None = None
    """Code of how it reached the recipient."""
    start: int | None = None
    """When it began, in microseconds since 1970."""
    minutes: int | None = None
    """As stated."""
    words: str | None = None
    """The reason somebody wrote."""


TEXTS: Final = frozenset({"help", "mode", "words"})


def details_text(details: Details) -> str:
    """Return the canonical text of details; the module docstring states the format."""
    known = ((each.name, getattr(details, each.name)) for each in fields(details))
    return f"{FORMAT}\n" + "".join(
        f"{name} {_written(value)}\n" for name, value in known if value is not None
    )


def _written(value: str | int) -> str:
    return str(value) if isinstance(value, int) else json.dumps(unicodedata.normalize("NFC", value))


def parse_details(text: str) -> Details:
    """Read what `details_text` writes, and nothing else.

    Raises:
        DetailsUnreadable: any other text.
    """
    found: dict[str, str | int] = {}
    for line in text.split("\n")[1:-1]:
        name, _, value = line.partition(" ")
        found[name] = _read(name, value)
    try:
        details = Details(**found)  # type: ignore[arg-type]
    except TypeError:
        raise DetailsUnreadable from None
    if details_text(details) != text:  # another order or version, a fact told twice, a text written otherwise
        raise DetailsUnreadable
    return details


def _read(name: str, value: str) -> str | int:
    if name not in TEXTS:
        if NUMBER.fullmatch(value) is None:
            raise DetailsUnreadable
        return int(value)
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        raise DetailsUnreadable from None
    if not isinstance(found, str):
        raise DetailsUnreadable
    return found


def commitment_of(text: str, secret: bytes) -> bytes:
    """Return the 32 bytes that an entry carries for details in canonical form."""
    assert len(secret) == SECRET_BYTES, "a secret has 32 bytes"
    return hmac.digest(secret, text.encode(), sha256)


def is_committed(commitment: bytes, text: str, secret: bytes) -> bool:
    """Tell whether an entry's commitment is to these details under this secret."""
    return len(secret) == SECRET_BYTES and hmac.compare_digest(commitment, commitment_of(text, secret))
