"""Malformed requests: everything that is wrong with one, each fault with its place.

The good path pays nothing for it: a body is decoded as a whole (see `bodies`), and only looked at field by
field when that failed. Nothing here repeats a value that was sent.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec
from litestar import Request
from litestar.enums import ParamType
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler

AnyRequest = Request[Any, Any, Any]
Found = tuple[str, str]
"""Where, and what."""
FAULTS_MOST: Final = 100
"""What more there is will be found when these are mended."""
WHERE: Final = re.compile(r" - at `[^`]*`$")
VALUE: Final = re.compile(r" '.*'$", re.DOTALL)
"""How msgspec shows a value that is none of an enum's."""
NONE: Final = "null"
"""How a query may write what it could as well leave out."""
SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Malformed(ValidationException):
    """A request is not as it is described."""

    def __init__(self, found: list[Found]) -> None:
        """Say all that is wrong."""
        super().__init__()
        self.found = found


class _Object(dict[str, Any]):
    """An object of JSON, with the names that it has more than once."""

    repeated: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found.repeated = tuple(sorted({name for name in names if names.count(name) > 1}))
    return found


def _no_number(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def in_body(body: bytes, kind: Any) -> list[Found]:  # noqa: ANN401 - whatever a route takes
    """Return what is wrong with a body that is to be of a kind; empty if nothing is."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return [("", f"not UTF-8 at byte {error.start}")]
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        return [("", f"not JSON at character {error.pos}")]
    except RecursionError:
        return [("", "nested too deeply")]
    except ValueError:
        return [("", "a number has too many digits")]
    return list(_among(value, kind, ""))[:FAULTS_MOST]


def _among(value: Any, kind: Any, path: str) -> Iterator[Found]:  # noqa: ANN401
    struct, item = _parts(kind)
    if struct is not None and isinstance(value, _Object):
        yield from _in_object(value, struct, path)
    elif item is not None and isinstance(value, list):
        for number, each in enumerate(value):
            yield from _among(each, item, _below(path, str(number)))
    else:
        try:
            msgspec.convert(value, kind, strict=True)
        except (msgspec.ValidationError, ValueError) as error:
            yield path, said_of(error, kind)
        yield from _in_texts(value, path)


def _in_object(value: _Object, struct: type[msgspec.Struct], path: str) -> Iterator[Found]:
    fields = {each.encode_name: each for each in msgspec.structs.fields(struct)}
    for name in value.repeated:
        yield _below(path, _shown(name)), "there more than once"
    for name in value:
        if name not in fields:
            yield _below(path, _shown(name)), "unknown field"
    for name, each in fields.items():
        if name in value:
            yield from _among(value[name], each.type, _below(path, name))
        elif each.required:
            yield _below(path, name), "missing"


def _in_texts(value: Any, path: str) -> Iterator[Found]:  # noqa: ANN401
    """Yield the texts that no database keeps, wherever they are."""
    if isinstance(value, str):
        if "\0" in value:
            yield path, "has a null character"
        elif SURROGATE.search(value):
            yield path, "is not Unicode: half of a pair"
    elif isinstance(value, _Object):
        for name in value.repeated:
            yield _below(path, _shown(name)), "there more than once"
        for name, each in value.items():
            yield from _in_texts(name, _below(path, _shown(name)))
            yield from _in_texts(each, _below(path, _shown(name)))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _in_texts(each, _below(path, str(number)))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(name: str) -> str:
    """Return a field's name as somebody sent it, in a form that can be sent back."""
    return SURROGATE.sub("\ufffd", name.replace("\0", "\ufffd"))[:100]


@cache
def _parts(kind: Any) -> tuple[type[msgspec.Struct] | None, Any]:  # noqa: ANN401
    """Return the structure that a kind is or may be, and the kind of its items if it is a list."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind, None
    origin, among = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _parts(among[0])
    if origin in {Union, UnionType}:
        found = [_parts(each) for each in among if each is not type(None)]
        return found[0] if len(found) == 1 else (None, None)
    if origin is list or (origin is tuple and among[1:] == (...,)):
        return None, among[0]
    return None, None


def said_of(error: Exception, kind: Any = None) -> str:  # noqa: ANN401
    """Return what msgspec says of a value, without the value."""
    text = VALUE.sub("", WHERE.sub("", str(error)))
    if text.startswith("Invalid enum value"):
        members = [str(each.value) for each in _enum(kind) or ()]
        return f"none of {', '.join(members)}" if members else "none of the values that there are"
    return text


def _enum(kind: Any) -> type[Enum] | None:  # noqa: ANN401
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return next((found for found in map(_enum, get_args(kind)) if found is not None), None)


@cache
def _known(handler: HTTPRouteHandler, path_names: frozenset[str]) -> Mapping[str, bool]:
    """Return a route's query parameters, and of each whether it may be there more than once."""
    model = handler.create_kwargs_model(dict.fromkeys(path_names))  # type: ignore[arg-type]
    return {each.field_alias: each.is_sequence for each in model.expected_query_params}


def in_query(request: AnyRequest) -> list[Found]:
    """Return what a query has that the route does not know, and what it has too often."""
    if not request.scope["query_string"]:
        return []
    known = _known(request.route_handler, frozenset(request.path_params))
    faults = []
    for name in dict.fromkeys(request.query_params):
        if name not in known:
            faults.append((_shown(name), "unknown parameter"))
        elif not known[name] and len(request.query_params.getall(name)) > 1:
            faults.append((name, "there more than once"))
    return faults[:FAULTS_MOST]


def has_bad_instant(request: AnyRequest) -> bool:
    """Tell whether a query has an instant or a day that is not as described.

    The framework would take a number for the seconds since 1970, and that may be a mistyped year.
    """
    kinds = _instants(request.route_handler, frozenset(request.path_params))
    return any(
        not _is_strictly(value, kind)
        for name, kind in kinds.items()
        for value in request.query_params.getall(name, [])
    )


@cache
def _instants(handler: HTTPRouteHandler, path_names: frozenset[str]) -> Mapping[str, Any]:
    """Return a route's query parameters that are instants or days, with their kinds."""
    model = handler.create_kwargs_model(dict.fromkeys(path_names))  # type: ignore[arg-type]
    kinds = _kinds(handler)
    found = {each.field_alias: kinds.get(each.field_name, Any) for each in model.expected_query_params}
    return {name: kind for name, kind in found.items() if _is_instant(kind)}


def _is_instant(kind: Any) -> bool:  # noqa: ANN401
    return (isinstance(kind, type) and issubclass(kind, date)) or any(map(_is_instant, get_args(kind)))


def _is_strictly(value: str, kind: Any) -> bool:  # noqa: ANN401
    try:
        msgspec.convert(value, kind, strict=value != NONE)
    except msgspec.ValidationError:
        return False
    return True


def in_parameters(request: AnyRequest) -> list[Found]:
    """Return everything that is wrong with query, path and headers."""
    handler = request.route_handler
    model = handler.create_kwargs_model(dict.fromkeys(request.path_params))  # type: ignore[arg-type]
    kinds = _kinds(handler)
    faults = in_query(request)
    known = {*model.expected_query_params, *model.expected_path_params, *model.expected_header_params}
    for each in sorted(known, key=lambda each: (each.param_type.value, each.field_alias)):
        value = _value_of(request, each)
        if value is None:
            if each.is_required:
                faults.append((each.field_alias, "missing"))
            continue
        kind = kinds.get(each.field_name, Any)
        try:
            msgspec.convert(value, kind, strict=_is_instant(kind) and value != NONE)
        except msgspec.ValidationError as error:
            faults.append((each.field_alias, said_of(error, kind)))
    return faults


@cache
def _kinds(handler: HTTPRouteHandler) -> Mapping[str, Any]:
    """Return the kinds of a route's parameters, those of what it depends on among them."""
    models = [each.signature_model for each in handler.resolve_dependencies().values()]
    return {
        name: kind
        for model in (*models, handler.signature_model)
        for name, kind in getattr(model, "__annotations__", {}).items()
    }


def _value_of(request: AnyRequest, parameter: Any) -> Any:  # noqa: ANN401 - the framework does not name it
    name = parameter.field_alias
    if parameter.param_type is ParamType.HEADER:
        return request.headers.get(name)
    if parameter.param_type is ParamType.PATH:
        return request.path_params.get(name)
    values = request.query_params.getall(name, [])
    return values if parameter.is_sequence and values else (values[0] if values else None)
