"""The description of the service: OpenAPI 3.1, as the framework makes it, with what it leaves out.

Every rule stands here once and holds for every route there is: which errors it may answer with follows from
what it takes; the words about fields are their docstrings; the examples come from `examples`.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from textwrap import dedent
from typing import Any, Final

from litestar import Litestar, Request
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Server
from litestar.router import Router
from msgspec import Struct
from msgspec.structs import fields

from timebank import errors
from timebank_api.event_docs import described_events
from timebank_api.examples import FIELDS, MISSING, example_of, text_of
from timebank_api.inputs import ACTING_HEADER
from timebank_api.problems import KEY_HEADER, MEDIA_TYPE, status_of

Document = dict[str, Any]
PATH: Final = "/schema/openapi.json"
TEXT_PATTERN: Final = r"^[^\u0000]*$"
"""No database keeps null characters."""
METHODS: Final = ("get", "post", "put", "patch", "delete")
JUDGED_READS: Final = frozenset({"beneficiaries_helpers", "requests_explain", "requests_suggestions"})
"""Reads that a rule of the branch may refuse: they look at what could be done, and that cannot be done."""
PUBLIC: Final = "exclude_from_auth"
TEXT: Final = (
    "Volunteers log hours of help, the other side agrees, and families redeem them. Amounts are whole "
    "minutes, instants RFC 3339 with a time zone, days ISO 8601. What somebody may not see is answered as if "
    "it were not there."
)
OWN_CODES: Final[Mapping[int, tuple[str, ...]]] = {
    400: ("bad_request", "key_missing", "malformed"),
    500: ("internal_error",),
}
"""Codes of the service, beside those of the library and of the framework."""
MEANINGS: Final[Mapping[int, str]] = {
    400: "The request is not as it is described; `faults` says where.",
    401: "There is no access token, or it opens nothing (any more).",
    403: "Not in this role.",
    404: "It is not there, or not for whoever asks: nobody is told which.",
    409: "A rule of the branch says no; the same request again cannot help.",
    412: "Somebody else changed it in between: read it again.",
    413: "The body is too large.",
    415: "The body is in another form than described.",
    422: "A value is out of its range, or the key was used for another request.",
    428: "Say which version is changed: send `If-Match`.",
    429: "Too many requests: wait as long as `Retry-After` says.",
    500: "Something is wrong on our side; nothing is half-done.",
    503: "Nothing was changed; the same request may succeed after `Retry-After` seconds.",
}
"""What each error status says."""
PARAMETERS: Final[Mapping[str, str]] = {
    "before": "Only what is older than this; what the last page called `older`.",
    "branch": "Code of a branch.",
    "path": "Path of an account, such as `member:m1:available`.",
    "cause": "Only what came of this, such as `service 3`.",
    "cursor": "Where the last page ended, as it said in `next`.",
    "dates": "Whether the day or the month comes first.",
    "dry_run": "Only tell what would happen.",
    "effective_at": "When it takes effect; now, if it is left out.",
    "encoding": "Of the file, such as `utf-8`; found out, if it is left out.",
    "first_on": "First day.",
    "format": "In which form.",
    "known_at": "As it was known then; everything, if it is left out.",
    "last_on": "Last day.",
    "limit": "At most so many.",
    "member": "Only what concerns this member, by their reference.",
    "no": "Its number in the branch.",
    "ref": "Its reference.",
    "separator": "Between two columns; found out, if it is left out.",
    "state": "Only what stands so.",
    "unit": "Of the account: `min`, or a currency.",
    "version": "Which version; the one in force, if it is left out.",
    "with_names": "With names and contacts.",
    "without_identities": "Without names and contacts.",
    KEY_HEADER: (
        "Any text of the caller's own that names this act. The same key with the same request gives the same "
        "answer and takes no effect a second time, however much later; with another request it is refused."
    ),
}
"""What parameters mean, wherever they stand."""
PARAMETER_EXAMPLES: Final[Mapping[str, object]] = {
    ACTING_HEADER: "m1@locmine; mandate=1",
    KEY_HEADER: "visit-of-2-march",
}
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "Nobody keeps the answer.",
    "Referrer-Policy": "Nobody is told where a reader came from.",
    "X-Content-Type-Options": "It is of the type that it says.",
}


class Description(JsonRenderPlugin):
    """Serves the description, made once."""

    def __init__(self) -> None:
        """Serve it under the framework's usual name."""
        super().__init__(path="/openapi.json")

    def render(self, request: Request[Any, Any, Any], openapi_schema: Document) -> bytes:  # noqa: ARG002 - the framework's form
        """Return it as JSON."""
        return super().render(request, description_of(request.app))


def _only_the_document(request: Request[Any, Any, Any]) -> None:
    """Answer for anything else beside it as for any path that is not there.

    Raises:
        NotFoundException: it is not the document.
    """
    if request.url.path != PATH:
        raise NotFoundException


def config(*, root_path: str = "") -> OpenAPIConfig:
    """Return what the framework is told about the description; `root_path`: where a proxy puts it."""
    return OpenAPIConfig(
        title="timebank",
        version="1",
        description=TEXT,
        use_handler_docstrings=True,
        render_plugins=[Description()],
        servers=[Server(url=root_path or "/")],
        webhooks=described_events(),
        openapi_router=Router(
            "/schema",
            route_handlers=[],
            include_in_schema=False,
            before_request=_only_the_document,
            opt={PUBLIC: True},
        ),
    )


def describe(app: Litestar) -> Document:
    """Return the description of an application, the same for the same routes."""
    document: Document = app.openapi_schema.to_schema()
    public = set(_public(app))
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in schemas.items():
        _say_fields(name, schema)
    paths = sorted(document["paths"].items())
    document["paths"] = {path: dict(_operations(item, schemas, public)) for path, item in paths}
    document["security"] = [{"bearer": []}]
    document["components"] = {
        "schemas": dict(sorted({**schemas, "Fault": FAULT, "Problem": PROBLEM}.items())),
        "responses": {str(status): _problem(status) for status in MEANINGS},
        "headers": {
            name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()
        },
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "An access token."}
        },
    }
    tidied = _tidied(document)
    assert isinstance(tidied, dict), "what was an object is one"
    return tidied


def description_of(app: Litestar) -> Document:
    """Return the description of a running application, made when it is asked for first."""
    if "description" not in app.state:
        app.state.description = describe(app)
    found: Document = app.state.description
    return found


def _public(app: Litestar) -> Iterator[str]:
    """Yield the operations that anybody may ask for."""
    for route in app.routes:
        for handler, _ in getattr(route, "route_handler_map", {}).values():
            if handler.opt.get(PUBLIC) and isinstance(handler.operation_id, str):
                yield handler.operation_id


def _operations(item: Document, schemas: Document, public: set[str]) -> Iterator[tuple[str, Document]]:
    for method in METHODS:
        if method not in item:
            continue
        operation = item[method]
        first, _, rest = operation.get("description", "").partition("\n\n")
        operation["summary"] = " ".join(first.split()).removesuffix(".")
        operation["description"] = rest
        is_public = operation["operationId"] in public
        if is_public:
            operation["security"] = []
        for parameter in operation.get("parameters", ()):
            _say_parameter(parameter)
        _show(operation["operationId"], operation.get("requestBody", {}), schemas)
        operation["responses"] = _responses(method, operation, schemas, is_public=is_public)
        yield method, operation


def _responses(method: str, operation: Document, schemas: Document, *, is_public: bool) -> Document:
    """Return what it may answer with: what the route says, and the errors that follow from what it takes."""
    found = {status: each for status, each in operation["responses"].items() if int(status) < 400}
    for status, each in found.items():
        each["description"] = HTTPStatus(int(status)).phrase
        if int(status) == HTTPStatus.NO_CONTENT:
            each.pop("content", None)
        each["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"} if name in HEADERS else header
            for name, header in sorted(each.get("headers", {}).items())
        }
        _show(operation["operationId"], each, schemas)
    for status in sorted(set(_errors(method, operation, is_public=is_public))):
        found[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return found


def _errors(method: str, operation: Document, *, is_public: bool) -> Iterator[int]:
    """Yield the error statuses of an operation: nobody has to remember them for a new one."""
    parameters = {(each["in"], each["name"]) for each in operation.get("parameters", ())}
    has_body = "requestBody" in operation
    if parameters or has_body:
        yield from (400, 422)
    if not is_public or method != "get":
        yield from (401, 403)
    if not is_public or any(place == "path" for place, _ in parameters):
        yield 404
    if method != "get" or operation["operationId"] in JUDGED_READS:
        yield 409
    if ("header", "If-Match") in parameters:
        yield from (412, 428)
    if has_body:
        yield from (413, 415)
    yield from (429, 500, 503)


def _problem(status: int) -> Document:
    """Return the answer that says what went wrong, with the codes that it can have."""
    known = sorted({*OWN_CODES.get(status, ()), *_library_codes(status), *_framework_codes(status)})
    shown = {
        "type": f"/problems/{known[0]}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": known[0],
        "detail": MEANINGS[status],
    }
    headers: Document = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"description": "How to come in.", "schema": {"type": "string"}}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers["Retry-After"] = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
    said = {"properties": {"status": {"const": status}, "code": {"enum": known}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, said]}
    return {
        "description": MEANINGS[status],
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": schema, "example": shown}},
    }


def _library_codes(status: int) -> Iterator[str]:
    for each in vars(errors).values():
        if (
            isinstance(each, type)
            and issubclass(each, errors.TimebankError)
            and each is not errors.TimebankError
            and status_of(each) == status
        ):
            yield each.code


def _framework_codes(status: int) -> Iterator[str]:
    if status not in OWN_CODES:
        yield HTTPStatus(status).name.lower()


def _say_parameter(parameter: Document) -> None:
    name = parameter["name"]
    if not parameter.get("description"):
        parameter["description"] = PARAMETERS.get(name, "")
    if name == ACTING_HEADER:
        pattern = parameter["schema"]["pattern"]
        parameter["schema"] = {"type": "string", "minLength": 11, "maxLength": 102, "pattern": pattern}
    if name == KEY_HEADER:
        parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255}
    if parameter["in"] in {"query", "path"}:
        _say_characters(parameter["schema"])
    shown = PARAMETER_EXAMPLES.get(name, FIELDS.get(name))
    if shown is not None and parameter["schema"].get("type") in {"string", "integer"}:
        parameter["example"] = shown


def _show(name: str, holder: Document, schemas: Document) -> None:
    """Add an example to each form of a body or an answer."""
    for form, media in holder.get("content", {}).items():
        schema = media.get("schema")
        if not schema or "example" in media:
            continue
        schema.pop("examples", None)  # the framework's are random
        shown = example_of(schema, schemas) if form == "application/json" else text_of(name, form)
        if shown is not MISSING and shown is not None:
            media["example"] = shown


def _say_fields(name: str, schema: Document) -> None:
    """Add to a struct's schema what its docstrings say, and that it takes no other fields."""
    struct = _structs().get(name)
    if struct is None:
        return
    schema["description"] = (struct.__doc__ or "").strip()
    if struct.__struct_config__.forbid_unknown_fields:
        schema["additionalProperties"] = False
        for each in schema["properties"].values():
            _say_characters(each)
    words = words_of(struct)
    for field in fields(struct):
        if field.encode_name in words and field.encode_name in schema["properties"]:
            said = schema["properties"][field.encode_name]
            schema["properties"][field.encode_name] = {**said, "description": words[field.encode_name]}


def _say_characters(schema: Document) -> None:
    """Add to each text that is sent, unless it has a form of its own, that it has no null characters."""
    if schema.get("type") == "string" and not schema.keys() & {"enum", "format", "pattern"}:
        schema["pattern"] = TEXT_PATTERN
    within = [schema["items"]] if "items" in schema else []
    for each in (*within, *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        _say_characters(each)


@cache
def _structs() -> Mapping[str, type[Struct]]:
    """Return the structs of the service by the names that the framework may give them."""
    found: dict[str, type[Struct]] = {}
    waiting = list(Struct.__subclasses__())
    while waiting:
        each = waiting.pop()
        waiting.extend(each.__subclasses__())
        module = each.__module__
        if module.startswith("timebank_api"):
            found[f"{module.rpartition('.')[2]}_{each.__name__}"] = each
            found[each.__name__] = each
    return found


def words_of(struct: type[Struct]) -> Mapping[str, str]:
    """Return the docstring of each field that has one."""
    body = ast.parse(dedent(inspect.getsource(struct))).body[0]
    assert isinstance(body, ast.ClassDef), "a struct is a class"
    return {
        before.target.id: inspect.cleandoc(after.value.value)
        for before, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def _tidied(part: object) -> object:
    """Return a part without what says nothing, and bounds of integers as integers."""
    if isinstance(part, dict):
        return {name: _tidied(each) for name, each in part.items() if (name, each) not in NOISE}
    if isinstance(part, list | tuple):
        return [_tidied(each) for each in part]
    return int(part) if isinstance(part, float) and part.is_integer() else part


NOISE: Final[tuple[tuple[str, object], ...]] = (
    ("deprecated", False),
    ("allowEmptyValue", False),
    ("allowReserved", False),
    ("headers", {}),
    ("description", ""),
    ("required", []),
)
FAULT: Final[Document] = {
    "type": "object",
    "description": "What is wrong with one field of a body or one parameter.",
    "properties": {
        "field": {"type": "string", "description": "Its path, such as `minutes` or `postings.0.amount`."},
        "detail": {"type": "string"},
    },
    "required": ["field", "detail"],
}
PROBLEM: Final[Document] = {
    "type": "object",
    "description": "An error, as RFC 9457 describes it.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "`/problems/CODE`."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "description": "Stable: programs may rely on it."},
        "detail": {"type": "string"},
        "faults": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
