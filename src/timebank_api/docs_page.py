"""The page for people, made of the description (`description`): one document, without scripts or addresses.

Everything is shown once: headers that many operations take, errors, and shapes have their place at the end
or the beginning, and are linked from where they are meant.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from timebank_api.markup import Markup, Part, tag, words

Schema = Mapping[str, Any]
Operation = tuple[str, str, Schema]
"""Its method, its path, and what is said of it."""
STYLE: Final = Path(__file__).with_name("docs_page.css").read_text(encoding="utf-8")
_HASH: Final = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What a browser may do with the page: show it in its own style, and nothing else."""
FORMATS: Final = {"date-time": "instant", "date": "day", "binary": "file"}
NOTHING: Final = Markup("")


def page_of(document: Schema) -> str:
    """Return the page about what a description describes."""
    schemas = document["components"]["schemas"]
    nouns = dict(_by_noun(document["paths"]))
    title = f"{document['info']['title']}: the HTTP interface"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    places = (
        *((_anchor(noun), noun) for noun in nouns),
        ("webhooks-and-events", "webhooks and events"),
        ("errors", "errors"),
        ("shapes", "shapes"),
    )
    listed = tuple(tag("li", tag("a", name, href=f"#{place}")) for place, name in places)
    body = tag(
        "body",
        tag("a", "To the content", class_="skip", href="#content"),
        tag("header", tag("h1", title), _paragraphs(document["info"]["description"])),
        tag("nav", tag("ul", tag("li", tag("a", "asking", href="#asking")), listed), aria_label="Contents"),
        tag(
            "main",
            _asking(document),
            tuple(_noun(noun, operations, schemas) for noun, operations in nouns.items()),
            _events(document["webhooks"]),
            _errors(document["components"]["responses"]),
            _shapes(schemas),
            id="content",
        ),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _anchor(name: str) -> str:
    return f"noun-{name.replace(' ', '-')}"


def _paragraphs(text: str) -> Part:
    return tuple(tag("p", words(" ".join(each.split()))) for each in text.split("\n\n") if each.strip())


def _by_noun(paths: Schema) -> Iterator[tuple[str, list[Operation]]]:
    """Yield the nouns in the order of the alphabet, each with its operations."""
    found: dict[str, list[Operation]] = {}
    for path, item in paths.items():
        for method, operation in item.items():
            found.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    yield from sorted(found.items())


def _asking(document: Schema) -> Markup:
    """Return what holds for many operations: where it is, who asks, and the headers."""
    root = document["servers"][0]["url"].rstrip("/")
    headers = {
        each["name"]: each
        for item in document["paths"].values()
        for operation in item.values()
        for each in operation.get("parameters", ())
        if each["in"] == "header"
    }
    return tag(
        "section",
        tag("h2", "asking"),
        tag("p", ("All paths begin with ", tag("code", root), ". ") if root else "", words(CALLER)),
        tag(
            "p",
            "This page is made of the description, ",
            tag("a", "openapi.json", href=f"{root}/schema/openapi.json"),
            " (OpenAPI 3.1), from which clients may be made, too.",
        ),
        tag("dl", tuple(_header(each) for _, each in sorted(headers.items()))),
        id="asking",
    )


CALLER: Final = (
    "Whoever asks sends an access token, `Authorization: Bearer …`, except where it says that anybody may "
    "ask. Bodies and answers are JSON unless something else is said."
)


def _header(parameter: Schema) -> Part:
    shown = ("Such as ", tag("code", str(parameter["example"])), ".") if "example" in parameter else ""
    name = parameter["name"]
    return (
        tag("dt", tag("code", name), id=f"header-{name.lower()}"),
        tag("dd", words(parameter.get("description", "")), " ", shown),
    )


def _noun(noun: str, operations: Iterable[Operation], schemas: Schema) -> Markup:
    links = tuple(
        tag("li", *_call(method, path), " ", tag("a", words(each["summary"]), href=f"#{each['operationId']}"))
        for method, path, each in operations
    )
    parts = tuple(_operation(*each, schemas) for each in operations)
    return tag("section", tag("h2", noun), tag("ul", links, class_="calls"), parts, id=_anchor(noun))


def _call(method: str, path: str) -> tuple[Part, ...]:
    return tag("span", method, class_="method"), " ", tag("code", path)


def _operation(method: str, path: str, operation: Schema, schemas: Schema) -> Markup:
    name = operation["operationId"]
    public = tag("span", "anybody may ask", class_="note") if operation.get("security") == [] else NOTHING
    call = tag("p", *_call(method, path), " ", public, class_="call")
    taken = (
        _parameters(operation.get("parameters", ())),
        _body(operation.get("requestBody", {}).get("content", {}), schemas),
        _refusals(operation["responses"]),
    )
    said = tag("div", _paragraphs(operation.get("description", "")), taken)
    shown = tag("div", *_examples(operation), class_="shown")
    heading = tag("h3", tag("a", words(operation["summary"]), href=f"#{name}"))
    return tag("article", heading, call, tag("div", said, shown, class_="sides"), id=name)


def _parameters(parameters: Iterable[Schema]) -> Part:
    fields = []
    for each in parameters:
        name = tag("code", each["name"])
        if each["in"] == "header":
            name = tag("a", name, href=f"#header-{each['name'].lower()}")
        told = "" if each["in"] == "header" else each.get("description", "")
        where = (
            "header" if each["in"] == "header" else (_kind(_said(each["schema"])), f", in the {each['in']}")
        )
        fields.append(_field(name, where, told, is_needed=bool(each.get("required"))))
    return (tag("h4", "Parameters"), tag("dl", tuple(fields))) if fields else ""


def _said(schema: Schema) -> Schema:
    """Return what a parameter is if it is there: in an address nothing is null."""
    [*kinds] = (each for each in schema.get("oneOf", ()) if each.get("type") != "null")
    return kinds[0] if len(kinds) == 1 else schema


def _field(name: Markup, kind: Part, told: str, *, is_needed: bool) -> Part:
    note = "" if is_needed else (" ", tag("span", "optional", class_="note"))
    return tag("dt", name), tag("dd", tag("span", kind, class_="kind"), note, " ", words(told))


def _body(content: Schema, schemas: Schema) -> Part:
    for form, media in content.items():
        if form != "application/json":
            return tag("h4", "Body: ", tag("code", form))
        name = media["schema"].get("$ref", "").rpartition("/")[2]
        fields = _fields(schemas.get(name, media["schema"]))
        return tag("h4", "Body: ", _kind(media["schema"])), tag("dl", fields) if fields else ""
    return ""


def _refusals(responses: Schema) -> Part:
    links = [
        (tag("a", status, href=f"#error-{status}"), " ")
        for status, each in responses.items()
        if "$ref" in each
    ]
    return tag("h4", "May be refused with"), tag("p", *links, class_="statuses")


def _examples(operation: Schema) -> Iterator[Part]:
    """Yield the body and the answers, as they look."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield tag("h4", "What is sent"), _example(media)
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            continue
        heading: Part = f"{status} {answer.get('description', '')}"
        if "content" not in answer:
            yield tag("h4", heading)
        for form, media in answer.get("content", {}).items():
            said = _kind(media["schema"]) if form == "application/json" else tag("code", form)
            yield tag("h4", heading, ": ", said), _example(media)


def _example(media: Schema) -> Part:
    if "example" not in media:
        return ""
    shown = media["example"]
    text = shown if isinstance(shown, str) else json.dumps(shown, indent=2, ensure_ascii=False)
    return tag("pre", tag("code", text.strip()))


def _kind(schema: Schema) -> Part:
    """Return of what kind a value is."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return tag("a", name, href=f"#shape-{name}")
    if "const" in schema:
        return tag("code", str(schema["const"]))
    if "enum" in schema:
        return _or([tag("code", str(each)) for each in schema["enum"]])
    if "oneOf" in schema or "anyOf" in schema:
        return _or([_kind(each) for each in schema.get("oneOf", schema.get("anyOf", ()))])
    if schema.get("type") == "array":
        return ("list of ", _kind(schema["items"]))
    kind = FORMATS.get(schema.get("format", ""), schema.get("type", "anything"))
    bounds = tuple(str(schema[each]) for each in ("minimum", "maximum") if each in schema)
    return f"{kind} {' to '.join(bounds)}".rstrip()


def _or(kinds: Iterable[Part]) -> Part:
    return tuple(part for at, kind in enumerate(kinds) for part in ((" or ", kind) if at else (kind,)))


def _fields(schema: Schema, place: str = "") -> Part:
    """Return the fields of an object, and those of objects within it that have no shape of their own."""
    needed = schema.get("required", ())
    fields: list[Part] = []
    for name, each in schema.get("properties", {}).items():
        default = f" `{each['default']}` if it is left out." if each.get("default") is not None else ""
        told = each.get("description", "") + default
        fields.append(_field(tag("code", place + name), _kind(each), told, is_needed=name in needed))
        inner = each.get("items", each)
        if "properties" in inner:
            fields.append(_fields(inner, f"{place}{name}."))
    return tuple(fields)


def _events(webhooks: Schema) -> Markup:
    """Return what is told, by the noun that it is about; what all have in common, once."""
    nouns: dict[str, list[tuple[str, Schema]]] = {}
    for kind, item in webhooks.items():
        nouns.setdefault(kind.partition(".")[0], []).append((kind, item["post"]))
    parts = [_event_noun(noun, kinds) for noun, kinds in sorted(nouns.items())]
    first = next(iter(webhooks.values()))["post"] if webhooks else {"responses": {}}
    answers = tuple(
        (tag("dt", tag("code", status)), tag("dd", words(each["description"])))
        for status, each in first["responses"].items()
    )
    headers = tuple(_header(each) for each in first.get("parameters", ()))
    return tag(
        "section",
        tag("h2", "webhooks and events"),
        tag("p", words(TOLD)),
        tag("h3", "Headers of each"),
        tag("dl", headers),
        tag("h3", "What the receiver answers"),
        tag("dl", answers),
        tuple(parts),
        id="webhooks-and-events",
    )


TOLD: Final = (
    "What happens in a branch is read at `/v1/events`, page by page or as a stream, and sent to webhooks. It "
    "is the same in all three."
)


def _event_noun(noun: str, kinds: Iterable[tuple[str, Schema]]) -> Markup:
    listed = tuple(
        (tag("dt", tag("code", kind), id=each["operationId"]), tag("dd", words(each["summary"])))
        for kind, each in kinds
    )
    media = next(iter(kinds))[1]["requestBody"]["content"]["application/json"]
    schema = {**media["schema"], "properties": {**media["schema"]["properties"], "type": {"type": "string"}}}
    said = tag("h4", "What is said"), tag("dl", _fields(schema))
    return tag("article", tag("h3", noun), tag("dl", listed), said, id=f"events-{noun}")


def _errors(responses: Schema) -> Markup:
    parts = []
    for status, each in sorted(responses.items()):
        media = next(iter(each["content"].values()))
        listed = media["schema"]["allOf"][1]["properties"]["code"]["enum"]
        items = tuple((tag("code", code), " ") for code in listed)
        heading = tag("h3", f"{status} {media['example']['title']}")
        said = tag("p", words(each["description"])), tag("p", items, class_="codes")
        parts.append(tag("article", heading, said, id=f"error-{status}"))
    intro = tag("p", words(PROBLEM))
    return tag("section", tag("h2", "errors"), intro, tuple(parts), id="errors")


PROBLEM: Final = (
    "Every error is a problem as RFC 9457 describes it, `application/problem+json`. Programs may rely on "
    "`status` and `code`; people read `detail`; `faults` names each field that is wrong."
)


def _shapes(schemas: Schema) -> Markup:
    shapes = [
        tag(
            "article",
            tag("h3", name),
            _paragraphs(each.get("description", "")),
            _shape(each),
            id=f"shape-{name}",
        )
        for name, each in schemas.items()
    ]
    return tag("section", tag("h2", "shapes"), tuple(shapes), id="shapes")


def _shape(schema: Schema) -> Part:
    return tag("dl", _fields(schema)) if "properties" in schema else tag("p", _kind(schema))
