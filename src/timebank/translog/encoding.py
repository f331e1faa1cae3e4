"""The spellings that the log's formats share: decimals and base64, one spelling for each value. Pure."""

import base64
import binascii
import re
from typing import Final

DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
DECIMAL_MAX: Final = 2**63 - 1


def decimal_of(text: str) -> int | None:
    """Read a decimal from 0 to 2**63 - 1 without sign, spaces or leading zeros; None if it is none."""
    if DECIMAL.fullmatch(text) is None:
        return None
    value = int(text)
    return value if value <= DECIMAL_MAX else None


def bytes_of(text: str) -> bytes | None:
    """Read standard base64 with padding; None if it is none, or another spelling of the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        return None
    return data if text_of(data) == text else None


def hash_in(text: str) -> bytes | None:
    """Read the base64 of 32 bytes; None if it is not that."""
    data = bytes_of(text)
    return data if data is not None and len(data) == 32 else None


def text_of(data: bytes) -> str:
    """Return the base64 of bytes."""
    return base64.b64encode(data).decode("ascii")
