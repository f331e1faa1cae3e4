"""Bodies: read strictly, before a handler sees them.

The framework would take "90" for 90, as it must in a query; in a body that is somebody's mistake. It would
also let a name stand twice in an object, and pass on null characters, which no database keeps.
"""

import json
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.exceptions import ClientException

from timebank_api.malformed import Malformed, has_bad_instant, in_body, in_parameters, in_query, said_of
from timebank_api.visits import visit_of

JSON: Final = "application/json"
RAW: Final = "body"
"""The parameter of a handler that takes the body as it is."""
NULL: Final = b"\\u0000"
NO_BODY: Final = frozenset({b"", b"{}"})


class UnsupportedMediaType(ClientException):
    """The body is in another form than JSON."""

    status_code = 415


class _Repeated(ValueError):
    """A name stands more than once in an object."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _Repeated


STRICT: Final = json.JSONDecoder(object_pairs_hook=_once)
WRONG: Final = (msgspec.DecodeError, msgspec.ValidationError, ValueError, RecursionError)


async def read_strictly(request: Request[Any, Any, Any]) -> None:
    """Refuse a request that is not, value for value, as it is described.

    Raises:
        UnsupportedMediaType: its body is no JSON.
        TooManyRequests: whoever asks does so too often.
        Malformed: with all that is wrong with it.
    """
    caller = request.scope.get("user")
    if caller is not None:
        visit_of(request.scope).count((caller.branch, caller.role, caller.ref))
    described = request.route_handler.parsed_data_field
    if described is None:
        if RAW not in request.route_handler.parsed_fn_signature.parameters:
            await _refuse_body(request)
    elif getattr(described.kwarg_definition, "media_type", JSON) == JSON:
        if request.content_type[0] != JSON:
            raise UnsupportedMediaType
        body = await request.body()
        try:
            msgspec.json.decode(body, type=described.annotation, strict=True)
            STRICT.decode(body.decode())
            is_wrong = NULL in body
        except WRONG as error:
            _refuse(request, in_body(body, described.annotation) or [("", said_of(error))])
        if is_wrong and (faults := in_body(body, described.annotation)):
            _refuse(request, faults)
    if request.scope["query_string"] and (in_query(request) or has_bad_instant(request)):
        _refuse(request, [])


async def _refuse_body(request: Request[Any, Any, Any]) -> None:
    """Refuse a body where none is asked for: whoever sends it expects an effect."""
    headers = request.headers
    if (
        "content-length" in headers or "transfer-encoding" in headers
    ) and await request.body() not in NO_BODY:
        _refuse(request, [("", "no body is asked for here")])


def _refuse(request: Request[Any, Any, Any], faults: list[tuple[str, str]]) -> None:
    raise Malformed([*faults, *in_parameters(request)])
