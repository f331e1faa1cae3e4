"""The page of documentation about the policy document, written from the specifications. Pure.

`docs/policy.md` is the output of `reference_text`; a test compares the two.
"""

import textwrap
from collections.abc import Iterator
from typing import Final

from timebank.errors import FaultCode
from timebank.minutes import format_minutes
from timebank.policy.document import DOCUMENT_BYTES_MAX, FORMAT_KEY, LINE_CHARACTERS_MAX
from timebank.policy.model import FORMAT, Policy, Rounding
from timebank.policy.rules import round_minutes
from timebank.policy.sections import Section, settings_of, tables_of
from timebank.policy.specs import Spec, toml
from timebank.policy.words import RoundingMode

WIDTH: Final = 110

INTRODUCTION: Final = f"""\
# The policy document

A branch states its rules in one TOML document, its policy. Every journal entry keeps the version of the
policy it was made under, so a new version changes what happens next and nothing that happened. A version is
known by its number and by the SHA-256 of its exact text.

The document starts with `{FORMAT_KEY} = {FORMAT}`. Any section or key can be left out and then has its
default; the defaults of a format never change. This is a whole policy:

```toml
{FORMAT_KEY} = {FORMAT}

[rounding]
step_minutes = 30
least_minutes = 60
mode = "up"
```

Amounts are whole minutes. A document has at most {DOCUMENT_BYTES_MAX} bytes, a line at most
{LINE_CHARACTERS_MAX} characters.

A document with faults is refused as a whole, and every fault is listed with its key, a code and what to
mend. Sources name schemes whose published rules say so; "our choice" marks a default that no scheme attests.

Nobody has to begin with nothing: `timebank policy list` names the rules of real schemes, each a document with
its sources, and `timebank policy default nalc` prints one. `timebank policy explain FILE` says in plain words
what a document means, `timebank policy diff FILE --against NAME` what it does otherwise. A name stands
wherever a command wants a file of rules.
"""

LIMITS_NOTE: Final = """\
A balance is credits minus debits: a member in credit has a positive balance, a member in debt a negative
one. The four levels stand in rising order: floor, warning floor, warning ceiling, ceiling. Limits count
redeemable minutes only, not service minutes or money.
"""

EXAMPLE: Final = Rounding(step_minutes=30, least_minutes=60, mode=RoundingMode.UP)
MEASURED: Final = (1, 7, 8, 22, 23, 52, 60, 61, 90, 100)

CANCELLATION_NOTE: Final = """\
By default, a visit of two hours planned for Tuesday costs nothing if it is cancelled by Monday midnight, 60
minutes if it is cancelled on Tuesday, and 120 minutes if nobody cancels and the helper finds nobody there.
"""

FAULTS: Final = {
    FaultCode.SYNTAX: "the text is not TOML, too long, or not Unicode; with the line where it is known",
    FaultCode.MISSING: f"`{FORMAT_KEY}` is not there",
    FaultCode.UNKNOWN_FORMAT: "the document is written for another version of timebank; only that is said",
    FaultCode.UNKNOWN_KEY: "there is no such key or section; with the one that was probably meant",
    FaultCode.WRONG_TYPE: "text for a number, `true` for 1, `15.0` for 15, a value for a section, and so on",
    FaultCode.OUT_OF_RANGE: "a number below or above its range, a list that is empty or too long",
    FaultCode.UNKNOWN_VALUE: "a word that the key does not know; with the one that was probably meant",
    FaultCode.REPEATED_VALUE: "a list names something twice",
    FaultCode.CONTRADICTION: "two keys cannot both hold, such as a floor above its warning level",
}


def reference_text() -> str:
    """Return the page as Markdown."""
    return "\n".join(lines_of_page()) + "\n"


def lines_of_page() -> Iterator[str]:
    """Return the lines of the page."""
    yield INTRODUCTION
    notes = {"rounding": rounding_note(), "limits.member": LIMITS_NOTE, "cancellation": CANCELLATION_NOTE}
    first_of: dict[type[Section], str] = {}
    for path, doc, section in tables_of(Policy(), "", ""):
        settings = list(settings_of(section))
        if not settings:
            continue
        yield from (f"## `[{path}]`", "", doc, "")
        first = first_of.setdefault(type(section), path)
        if first == path:
            yield from (item_of(name, spec, value) for name, spec, value in settings)
            yield ""
        else:
            defaults = ", ".join(f"`{name} = {toml(spec.raw_of(value))}`" for name, spec, value in settings)
            yield from (filled(f"Keys as in `[{first}]`. Defaults: {defaults}."), "")
        if path in notes:
            yield notes[path]
    yield from ("## Faults", "", "| code | what is wrong |", "| --- | --- |")
    yield from (f"| `{code}` | {meaning} |" for code, meaning in FAULTS.items())


def item_of(name: str, spec: Spec, value: object) -> str:
    """Return the item of one key: its default, what it takes, what it means, where that comes from."""
    default = toml(spec.raw_of(value))
    text = f"`{name} = {default}`: {spec.doc} Takes {spec.expects}. *Source: {spec.source}.*"
    return filled(text, first="- ", then="  ")


def filled(text: str, *, first: str = "", then: str = "") -> str:
    """Return a text wrapped at `WIDTH`, with what stands before its first line and before the others."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_on_hyphens=False,
        break_long_words=False,
    )


def rounding_note() -> str:
    """Return examples of rounding, as the rules compute them."""
    rows = (
        f"| {format_minutes(measured)} | {format_minutes(round_minutes(Rounding(), measured))}"
        f" | {format_minutes(round_minutes(EXAMPLE, measured))} |"
        for measured in MEASURED
    )
    head = ("| help given | counts by default | counts with the example above |", "| ---: | ---: | ---: |")
    return "\n".join((*head, *rows, ""))
