"""Write a policy as a document that explains itself and reads back as the same policy. Pure."""

import textwrap
from collections.abc import Iterator
from typing import Final

from timebank.minutes import MINUTES_PER_HOUR, format_minutes
from timebank.policy.document import FORMAT_KEY
from timebank.policy.model import FORMAT, Policy
from timebank.policy.sections import Section, settings_of, tables_of
from timebank.policy.specs import toml

WIDTH: Final = 100
HEADER: Final = (
    "The rules of a time bank branch. A key that is left out has its default. Amounts are minutes. To change"
    " a rule, publish a new version; entries keep the version they were made under."
)


def write_policy(policy: Policy) -> str:
    """Write a policy as commented TOML, every key with its value, also where it is the default.

    `parse_policy` reads it back as an equal policy.
    """
    return "\n".join(lines_of(policy)) + "\n"


def lines_of(policy: Policy) -> Iterator[str]:
    """Return the lines of the document."""
    yield from comment(HEADER)
    yield f"{FORMAT_KEY} = {FORMAT}"
    explained: dict[type[Section], str] = {}
    for path, doc, section in tables_of(policy, "", ""):
        settings = list(settings_of(section))
        if path:
            yield ""
            yield from comment(doc)
        if settings:
            first = explained.setdefault(type(section), path)
            if first != path:
                yield from comment(f"The keys mean the same as in [{first}].")
            yield f"[{path}]"
        for name, spec, value in settings:
            if first == path:
                yield from comment(f"{spec.doc} Takes {spec.expects}.")
            raw = spec.raw_of(value)
            yield f"{name} = {toml(raw)}{in_hours(name, raw)}"


def comment(text: str) -> Iterator[str]:
    """Return a text as lines of comment."""
    return (f"# {line}" for line in textwrap.wrap(text, WIDTH - 2, break_on_hyphens=False))


def in_hours(name: str, raw: object) -> str:
    """Return a comment with the hours of an amount of an hour or more, for people."""
    is_long = name.endswith("_minutes") and isinstance(raw, int) and abs(raw) >= MINUTES_PER_HOUR
    return f"  # {format_minutes(raw)}" if is_long and isinstance(raw, int) else ""


DEFAULT_POLICY_TEXT: Final = write_policy(Policy())
"""The default policy as a document: what a new branch starts from."""
