"""Idempotency keys of requests: required where something changes, each caller's own for each operation."""

import hashlib

from timebank.ids import key_of
from timebank_api.inputs import Asking


def key_for(request: Asking, key: str) -> str:
    """Return the key under which the library remembers a request of somebody.

    Two callers who happen to choose the same key do not meet, not even namesakes of two branches; nor do two
    operations of one caller.

    Raises:
        BadKey: empty or too long.
    """
    key_of(key)
    token, operation = request.user, request.route_handler.operation_id
    said = f"{operation} {token.role}:{token.ref}@{token.branch}\0{key}".encode(errors="surrogatepass")
    return f"http-{hashlib.sha256(said).hexdigest()}"
