"""Idempotency keys of requests: required where something changes, each caller's own."""

import hashlib

from timebank.care.access import AccessToken
from timebank.ids import key_of


def key_for(token: AccessToken, key: str) -> str:
    """Return the key under which the library remembers a request of somebody.

    Two callers who happen to choose the same key do not meet.

    Raises:
        BadKey: empty or too long.
    """
    key_of(key)
    said = f"{token.role}:{token.ref}\0{key}".encode(errors="surrogatepass")
    return f"http-{hashlib.sha256(said).hexdigest()}"
