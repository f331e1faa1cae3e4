"""Write the client's nouns and shapes from the service's description: `python -m tests.client_source`."""

import keyword
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from timebank_api import Settings, create_app
from timebank_api.description import describe

FOLDER = Path(__file__).parents[1] / "src" / "timebank" / "client"
Part = Mapping[str, Any]
PLAIN = {"string": "str", "integer": "int", "boolean": "bool", "number": "float", "null": "None"}
BUILTINS = {"filter", "format", "hash", "input", "map", "type", "vars"}
"""Names of parameters that would hide what Python has; methods hide nothing."""
NOTE = "Written by `make docs`; do not edit."


def class_name(component: str) -> str:
    """Return how a component's class is called: `entries_EntryOut` is `EntriesEntryOut`."""
    return "".join(part[0].upper() + part[1:] for part in component.split("_"))


def python_name(name: str) -> str:
    """Return how a field or parameter is called in Python."""
    plain = name.replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) or plain in BUILTINS else plain


def type_of(schema: Part, schemas: Part, *, name: str = "", prefix: str = "") -> str:  # noqa: PLR0911
    """Return the type that a schema describes; the ending of the field's name tells instants and days."""
    if "$ref" in schema:
        component = schema["$ref"].rpartition("/")[2]
        if "enum" in schemas[component]:
            return type_of(schemas[component], schemas)
        return f"{prefix}{class_name(component)}"
    if "enum" in schema:
        return f"Literal[{', '.join(repr(each) for each in schema['enum'])}]"
    options = schema.get("oneOf", schema.get("anyOf"))
    if options:
        found = dict.fromkeys(type_of(each, schemas, name=name, prefix=prefix) for each in options)
        return " | ".join(sorted(found, key="None".__eq__))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(PLAIN[each] for each in sorted(kind, key="null".__eq__))
    if kind == "array":
        return f"tuple[{type_of(schema['items'], schemas, name=name, prefix=prefix)}, ...]"
    if kind == "string" and (schema.get("format") == "date-time" or name.endswith("_at")):
        return "datetime"
    if kind == "string" and (schema.get("format") == "date" or name.endswith("_on") or name == "on"):
        return "date"
    return PLAIN.get(str(kind), "Mapping[str, Any]" if kind == "object" else "Any")


def shapes_text(document: Part) -> str:
    """Return the module of what the service answers, and of what is nested in what it is asked."""
    schemas = document["components"]["schemas"]
    lines = [f'"""Shapes: what the service answers. {NOTE}"""\n', "from __future__ import annotations\n"]
    lines += ["from collections.abc import Mapping", "from datetime import date, datetime"]
    lines += ["from typing import Any, Literal\n", "from msgspec import Struct, field\n\n"]
    for component, schema in schemas.items():
        if "properties" in schema and component != "Problem":
            lines += [*shape_lines(component, schema, schemas), "\n"]
    return "\n".join(lines)


def shape_lines(component: str, schema: Part, schemas: Part) -> Iterator[str]:
    """Yield the class of one shape."""
    yield f"class {class_name(component)}(Struct, frozen=True, kw_only=True):"
    yield f'    """{schema.get("description") or component}"""\n'
    required = schema.get("required", ())
    for name, each in schema["properties"].items():
        kind = type_of(each, schemas, name=name)
        called = python_name(name)
        as_named = f'name="{name}"' if called != name else ""
        if name in required:
            default = f" = field({as_named})" if as_named else ""
        else:
            nothing = "()" if kind.startswith("tuple") else "None"
            kind = kind if nothing == "()" or kind.endswith("None") else f"{kind} | None"
            default = f" = field(default={nothing}, {as_named})" if as_named else f" = {nothing}"
        yield f"    {called}: {kind}{default}"
        if each.get("description"):
            yield f'    """{each["description"]}"""'


def nouns_text(document: Part, *, is_async: bool) -> str:
    """Return the module of the nouns, whose methods wait or are awaited."""
    by_noun: dict[str, list[str]] = defaultdict(list)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            noun, _, verb = operation["operationId"].partition("_")
            by_noun[noun].append(
                "\n".join(method_lines(verb, method, path, operation, document, is_async=is_async))
            )
    kinds = "AsyncIterator, Awaitable" if is_async else "Iterator"
    answer, pages = ("Awaitable[Shape]", "AsyncIterator[Shape]") if is_async else ("Shape", "Iterator[Shape]")
    lines = [
        f'"""Nouns: what the service can be asked, awaited. {NOTE}"""\n'
        if is_async
        else f'"""Nouns: what the service can be asked. {NOTE}"""\n',
        f"from collections.abc import {kinds}, Mapping, Sequence",
        "from datetime import date, datetime",
        "from typing import Any, Literal, Protocol, TypeVar\n",
        "from timebank.client import shapes",
        "from timebank.client.wishes import Wish, said\n",
        'Shape = TypeVar("Shape")\n\n',
        "class Asker(Protocol):",
        '    """Who sends what a noun wishes."""\n',
        f"    def one(self, shape: type[Shape], wish: Wish) -> {answer}:",
        '        """Return one answer."""\n        ...\n',
        f"    def pages(self, shape: type[Shape], wish: Wish) -> {pages}:",
        '        """Yield every item of a list."""\n        ...\n\n',
    ]
    for noun, methods in sorted(by_noun.items()):
        lines += [f"class {noun.capitalize()}Calls:", f'    """What can be asked of `{noun}`."""\n']
        lines += ["    def __init__(self, asker: Asker) -> None:", '        """Ask through somebody."""']
        lines += ["        self._asker = asker\n", *(f"{text}\n" for text in methods), ""]
    lines += ["class Nouns:", '    """Every noun of the service."""\n']
    lines += ["    def __init__(self, asker: Asker) -> None:", '        """Ask through somebody."""']
    lines += [f"        self.{noun} = {noun.capitalize()}Calls(asker)" for noun in sorted(by_noun)]
    return "\n".join(lines) + "\n"


def method_lines(
    verb: str, method: str, path: str, operation: Part, document: Part, *, is_async: bool
) -> Iterator[str]:
    """Yield one method."""
    schemas = document["components"]["schemas"]
    answer, is_paged = _answer(operation, schemas), _is_paged(operation)
    shown = answer
    if is_paged:
        answer = answer.removeprefix("tuple[").removesuffix(", ...]")
        shown = f"{'AsyncIterator' if is_async else 'Iterator'}[{answer}]"
    is_awaited = is_async and not is_paged
    arguments = ", ".join(_arguments(operation, schemas))
    yield f"    {'async ' if is_awaited else ''}def {python_name(verb)}({arguments}) -> {shown}:"
    yield f'        """{operation["summary"]}."""'
    wish = [f'method="{method.upper()}"', f'path="{path}"', *_wish(operation, schemas)]
    taken = "type(None)" if answer == "None" else answer
    call = f"self._asker.{'pages' if is_paged else 'one'}({taken}, Wish({', '.join(wish)}))"
    yield f"        {'' if answer == 'None' else 'return '}{'await ' if is_awaited else ''}{call}"


def _arguments(operation: Part, schemas: Part) -> Iterator[str]:
    """Yield the arguments: what stands in the path, a file, and by keyword first what must be said."""
    yield "self"
    for each in _parameters(operation, "path"):
        yield f"{python_name(each['name'])}: {_parameter_type(each, schemas)}"
    form, names, required = _body(operation, schemas)
    if form and not names:
        yield "content: bytes"
    kinds = {
        python_name(name): (_wide(each, schemas, name), name in required) for name, each in names.items()
    }
    for each in _parameters(operation, "query"):
        kinds[python_name(each["name"])] = (_parameter_type(each, schemas), each.get("required", False))
    keywords = [f"{name}: {kind}" for name, (kind, is_needed) in kinds.items() if is_needed]
    keywords += [f"{name}: {_optional(kind)}" for name, (kind, is_needed) in kinds.items() if not is_needed]
    headers = {each["name"] for each in _parameters(operation, "header")}
    keywords += [f"{name}: str | None = None" for header, name in HEADERS.items() if header in headers]
    if keywords:
        yield from ("*", *keywords)


def _wish(operation: Part, schemas: Part) -> Iterator[str]:
    """Yield the further arguments of `Wish`."""
    for part, called in (("path", "places"), ("query", "query")):
        found = [f'"{each["name"]}": {python_name(each["name"])}' for each in _parameters(operation, part)]
        if found:
            yield f"{called}={{{', '.join(found)}}}"
    form, names, _ = _body(operation, schemas)
    if names:
        yield f"body=said({', '.join(f'{name}={python_name(name)}' for name in names)})"
    elif form:
        yield f'body=content, form="{form}"'
    headers = {each["name"] for each in _parameters(operation, "header")}
    if "Idempotency-Key" in headers:
        yield "needs_key=True"
    yield from (f"{name}={name}" for header, name in HEADERS.items() if header in headers)


HEADERS = {"If-Match": "if_match", "Idempotency-Key": "key"}


def _parameters(operation: Part, part: str) -> list[Part]:
    found = [each for each in operation.get("parameters", ()) if each["in"] == part]
    return [each for each in found if (part, each["name"]) != ("query", "cursor")]


def _is_paged(operation: Part) -> bool:
    return any(each["name"] == "cursor" for each in operation.get("parameters", ()))


def _body(operation: Part, schemas: Part) -> tuple[str, Part, Sequence[str]]:
    """Return the form of the body, its fields, and which of them are needed."""
    content = operation.get("requestBody", {}).get("content", {})
    form = next(iter(content), "")
    reference = content[form]["schema"].get("$ref") if form == "application/json" else None
    if reference is None:
        return form, {}, ()
    found = schemas[reference.rpartition("/")[2]]
    return form, found.get("properties", {}), found.get("required", ())


def _parameter_type(parameter: Part, schemas: Part) -> str:
    return _wide(parameter["schema"], schemas, parameter["name"])


def _wide(schema: Part, schemas: Part, name: str) -> str:
    """Return what a caller may give: any sequence for a tuple."""
    kind = type_of(schema, schemas, name=name, prefix="shapes.")
    return kind.replace("tuple[", "Sequence[").replace(", ...]", "]")


def _optional(kind: str) -> str:
    return f"{kind} = None" if kind.endswith("None") else f"{kind} | None = None"


def _answer(operation: Part, schemas: Part) -> str:
    good = next(each for status, each in operation["responses"].items() if status < "300")
    content = good.get("content", {})
    form = next(iter(content), "")
    if not form or not content[form].get("schema"):
        return "None"
    if form != "application/json":
        return "str"
    return type_of(content[form]["schema"], schemas, prefix="shapes.")


def texts() -> dict[str, str]:
    """Return the modules by their names, formatted."""
    document = describe(create_app(Settings(address="sqlite:///none.db")))
    return {
        "shapes.py": formatted(shapes_text(document)),
        "nouns.py": formatted(nouns_text(document, is_async=False)),
        "async_nouns.py": formatted(nouns_text(document, is_async=True)),
    }


def formatted(text: str) -> str:
    """Return a module as our checks want it."""
    for command in (["check", "--select", "F401,I", "--fix", "-q"], ["format"]):
        run = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(FOLDER / "written.py"), "-"]
        text = subprocess.run(run, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main() -> None:
    """Write them."""
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
