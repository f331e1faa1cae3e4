"""The description of events: a webhook of OpenAPI for every kind, with what it says, field by field.

Read from the types themselves, so that nothing is described that is not sent.
"""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Schema,
)

from timebank.care.events import DATA, MEANING, EventKind

HEADERS: Final = {
    "webhook-id": "The event's name: the same whenever it is sent again. Take each name once.",
    "webhook-timestamp": "When this attempt was sent, in seconds since 1970.",
    "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` with the secret.",
}
ANSWERS: Final = {
    "2XX": "Taken.",
    "410": "Gone: nothing is sent there any more, until a coordinator enables the webhook again.",
    "default": "Not taken: it is sent again, up to ten times in some three days.",
}
PLAIN: Final[dict[Any, Schema]] = {
    str: Schema(type=OpenAPIType.STRING),
    int: Schema(type=OpenAPIType.INTEGER),
    datetime: Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME),
    date: Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE),
}


def described_events() -> dict[str, PathItem | Reference]:
    """Return a webhook for every kind of event."""
    return {kind.value: PathItem(post=_message(kind)) for kind in EventKind}


def _message(kind: EventKind) -> Operation:
    schema = Schema(
        type=OpenAPIType.OBJECT,
        required=["type", "timestamp", "branch", "no", "data"],
        properties={
            "type": Schema(const=kind.value),
            "timestamp": PLAIN[datetime],
            "branch": PLAIN[str],
            "no": PLAIN[int],
            "data": _schema(DATA[kind.partition(".")[0]]),
        },
    )
    return Operation(
        operation_id=f"event_{kind.value.replace('.', '_')}",
        tags=["events"],
        summary=MEANING[kind],
        parameters=[
            Parameter(name=name, param_in="header", required=True, description=words, schema=PLAIN[str])
            for name, words in HEADERS.items()
        ],
        request_body=RequestBody(
            required=True, content={"application/json": OpenAPIMediaType(schema=schema)}
        ),
        responses={status: OpenAPIResponse(description=words) for status, words in ANSWERS.items()},
    )


def _schema(data: type[Any]) -> Schema:
    hints = get_type_hints(data)
    names = [each.name for each in fields(data)]
    properties: dict[str, Schema | Reference] = {name: _of(hints[name]) for name in names}
    return Schema(
        title=data.__name__,
        type=OpenAPIType.OBJECT,
        description=data.__doc__,
        required=names,
        properties=properties,
    )


def _of(hint: Any) -> Schema | Reference:  # noqa: ANN401 - a type
    if hint in PLAIN:
        return PLAIN[hint]
    if is_dataclass(hint):
        return _schema(hint)  # type: ignore[arg-type]
    if get_origin(hint) is UnionType:
        [one] = _without_none(get_args(hint))
        return Schema(one_of=[PLAIN[one], Schema(type=OpenAPIType.NULL)])
    assert get_origin(hint) is tuple, f"{hint} has no description"
    return Schema(type=OpenAPIType.ARRAY, items=_of(get_args(hint)[0]))


def _without_none(hints: Sequence[Any]) -> list[Any]:
    return [hint for hint in hints if hint is not NoneType]
