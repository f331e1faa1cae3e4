"""Idempotency keys of requests: required where something changes, each caller's own for each operation."""

import hashlib
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final, get_args

import msgspec
from litestar.serialization import encode_json

from timebank.errors import VersionChanged
from timebank.ids import TIMED, AnsweredKey, require_key
from timebank_api.inputs import Asking
from timebank_api.malformed import Malformed
from timebank_api.tags import tag_of
from timebank_api.visits import visit_of

WORDS: Final = frozenset(
    {"name", "title", "email", "phone", "note", "notes", "reason", "words", "description", "identity"}
    | {"text", "token", "secret", "password", "code", "session", "csrf"}
)
"""Fields of answers that may hold what people wrote or a secret: such an answer is made anew."""


def key_for(
    request: Asking,
    key: str,
    answered: Callable[[Any], object] | None = None,
    *,
    current: Callable[[Any], object] | None = None,
) -> str:
    """Return the key under which the library remembers a request of somebody, and note that it runs.

    Two callers who happen to choose the same key do not meet, not even namesakes of two branches; nor do two
    operations of one caller.

    Args:
        request: that changes something.
        key: as it was sent.
        answered: makes the body of the answer of what the use case returns. With it, the answer is kept with
            the key and repeated byte by byte, for ever, unless it says words or secrets.
        current: makes the body of the read whose tag `If-Match` may give, of what the use case is about.

    Raises:
        BadKey: empty or too long.
        RequestInProgress: the same request is being worked on.
        Malformed: there is an `If-Match` that nobody would look at.
    """
    expects = _expects(request, current)
    name = begin(request, key)
    if answered is None:
        return name
    visit = visit_of(request.scope)
    visit.key = AnsweredKey(name, partial(_text, answered), expects)
    return visit.key


def begin(request: Asking, key: str) -> str:
    """Note that a request runs under its key, and return the key's name, as `key_for` does.

    Raises:
        BadKey, RequestInProgress: as `key_for`.
    """
    visit = visit_of(request.scope)
    if visit.running is not None:
        return visit.running
    require_key(key)
    token, operation = request.user, request.route_handler.operation_id
    said = f"{operation} {token.role}:{token.ref}@{token.branch}\0{key}".encode(errors="surrogatepass")
    name = f"http-{hashlib.sha256(said).hexdigest()}"
    if TIMED.fullmatch(key):
        name += f"-{key}"  # so that it is kept beside those of its time
    visit.begin(name)
    return name


def _expects(request: Asking, current: Callable[[Any], object] | None) -> Callable[[Any], None] | None:
    """Return what raises `VersionChanged` unless it is given what `If-Match` names."""
    asked = request.headers.get("if-match")
    if asked is None:
        return None
    if current is None:
        raise Malformed([("If-Match", "nothing here has a version")])
    tags = [each.strip() for each in asked.split(",")]

    def expect(value: object) -> None:
        if tags != ["*"] and tag_of(encode_json(current(value))).decode() not in tags:
            raise VersionChanged

    return expect


def _text(answered: Callable[[Any], object], result: object) -> str | None:
    body = answered(result)
    parts = body if isinstance(body, list | tuple) else (body,)
    is_kept = all(isinstance(part, msgspec.Struct) and not says_words(type(part)) for part in parts)
    return encode_json(body).decode() if is_kept else None


@cache
def says_words(kind: Any) -> bool:  # noqa: ANN401 - of a field, whatever it is
    """Tell whether an answer of this form may hold what people wrote, or a secret."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return any(says_words(part) for part in get_args(kind))
    fields = msgspec.structs.fields(kind)
    return any(each.encode_name in WORDS or says_words(each.type) for each in fields)
