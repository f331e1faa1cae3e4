"""Read a policy document: TOML in, a policy out, or every fault at once. Pure."""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from timebank.errors import FaultCode, PolicyFault, PolicyInvalid
from timebank.policy.model import FORMAT, Policy
from timebank.policy.sections import Part, Section, entries_of, invalid, settings_of, tables_of
from timebank.policy.specs import meant, shown

DOCUMENT_BYTES_MAX: Final = 64 * 1024
"""Longest document, in bytes of UTF-8."""
LINE_CHARACTERS_MAX: Final = 2000
"""Longest line: Python's TOML reader takes time in the square of the parts of a dotted key."""
FORMAT_KEY: Final = "format"
BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
TOML_PLACE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")
REASON_MAX: Final = 200
"""Most characters of the TOML reader's own message that are passed on."""
NOT_UNICODE: Final = PolicyFault(key="", code=FaultCode.SYNTAX, text="not Unicode text")
TOO_LONG: Final = PolicyFault(
    key="", code=FaultCode.SYNTAX, text=f"longer than the {DOCUMENT_BYTES_MAX} bytes a document can have"
)
LONG_LINE: Final = PolicyFault(
    key="", code=FaultCode.SYNTAX, text=f"longer than the {LINE_CHARACTERS_MAX} characters a line can have"
)
TOO_MANY_DIGITS: Final = PolicyFault(key="", code=FaultCode.SYNTAX, text="a number has too many digits")
TOO_DEEP: Final = PolicyFault(key="", code=FaultCode.SYNTAX, text="tables or lists are nested too deeply")

Rules = TypeVar("Rules", bound=Section)


def parse_policy(text: str) -> Policy:
    """Read a policy document; what it leaves out has its default.

    Args:
        text: TOML with `format = 1`, at most `DOCUMENT_BYTES_MAX` bytes of UTF-8 in lines of at most
            `LINE_CHARACTERS_MAX` characters; a byte order mark at its start is passed over.

    Raises:
        PolicyInvalid: `faults` lists every fault: first those of the document as a whole, then section by
            section in the order of the reference. A document that is not TOML, or of another format, has
            that one fault.
    """
    tree = tree_of(text)
    faults = list(format_faults(tree))
    policy, more = read(Policy(), {key: raw for key, raw in tree.items() if key != FORMAT_KEY}, "")
    faults += more
    if faults:
        raise invalid(faults)
    return policy


def policy_fingerprint(text: str) -> bytes:
    """Return the SHA-256 of the exact text in UTF-8: the name of this version of the rules."""
    return hashlib.sha256(text.encode()).digest()


def tree_of(text: str) -> dict[str, object]:
    """Read TOML.

    Raises:
        PolicyInvalid: it is too long, not Unicode, or not TOML.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise invalid([NOT_UNICODE]) from None
    if size > DOCUMENT_BYTES_MAX:
        raise invalid([TOO_LONG])
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LINE_CHARACTERS_MAX:
            raise invalid([replace(LONG_LINE, line=number)])
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        fault = syntax_fault(str(error), last_line=text.count("\n") + 1)
        raise invalid([fault]) from None
    except ValueError:
        # Python's own limit on digits, which its TOML reader lets through.
        raise invalid([TOO_MANY_DIGITS]) from None
    except RecursionError:
        raise invalid([TOO_DEEP]) from None


def syntax_fault(message: str, *, last_line: int) -> PolicyFault:
    """Return the fault that the TOML reader's message describes."""
    place = TOML_PLACE.search(message)
    line = int(place["line"]) if place and place["line"] else last_line
    reason = TOML_PLACE.sub("", message)[:REASON_MAX]
    return PolicyFault(key="", code=FaultCode.SYNTAX, text=f"not TOML: {reason}", line=line)


def format_faults(tree: Mapping[str, object]) -> Iterator[PolicyFault]:
    """Return the fault of the document's format, if it has one.

    Raises:
        PolicyInvalid: the document is of another format, so that its other keys cannot be judged.
    """
    if FORMAT_KEY not in tree:
        text = f"is missing: write {FORMAT_KEY} = {FORMAT} before the first section"
        yield PolicyFault(key=FORMAT_KEY, code=FaultCode.MISSING, text=text)
        return
    given = tree[FORMAT_KEY]
    if isinstance(given, bool) or not isinstance(given, int):
        yield PolicyFault(key=FORMAT_KEY, code=FaultCode.WRONG_TYPE, text=f"must be the number {FORMAT}")
    elif given != FORMAT:
        text = f"is for another version of timebank, this one reads {FORMAT}"
        raise invalid([PolicyFault(key=FORMAT_KEY, code=FaultCode.UNKNOWN_FORMAT, text=text)])


def read(default: Rules, raw: object, path: str) -> tuple[Rules, list[PolicyFault]]:
    """Read one section and all inside it.

    Returns:
        The section, with defaults in the place of what is missing or faulty, and every fault.
    """
    if not isinstance(raw, dict):
        return default, [
            PolicyFault(key=path, code=FaultCode.WRONG_TYPE, text=f"must be a section: write [{path}]")
        ]
    faults: list[PolicyFault] = []
    sound: dict[str, object] = {}
    for name, entry, value in entries_of(default):
        if name not in raw:
            continue
        if isinstance(entry, Part):
            assert isinstance(value, Section), f"{name} is a section"
            sound[name], found = read(value, raw[name], under(path, name))
        else:
            found = list(entry.faults_in(under(path, name), raw[name]))
            if not found:
                sound[name] = entry.value_of(raw[name])
        faults += found
    section, contradictions = build(default, sound)
    faulty = {fault.key for fault in faults}
    for fault in contradictions:
        keys = (under(path, fault.key), *(under(path, key) for key in fault.also))
        if faulty.isdisjoint(keys):
            left = [key for key in (fault.key, *fault.also) if key not in raw]
            faults.append(replace(fault, key=keys[0], also=keys[1:], text=fault.text + left_out(left)))
    return section, [*faults, *unknown_keys(default, raw, path)]


def build(default: Rules, sound: Mapping[str, object]) -> tuple[Rules, tuple[PolicyFault, ...]]:
    """Return the default section with the sound values in place; if they contradict, the default and why."""
    try:
        return replace(default, **sound), ()
    except PolicyInvalid as refusal:
        return default, refusal.faults


def left_out(keys: Iterable[str]) -> str:
    """Return a hint at the keys that have a contradicting value only because the document leaves them out."""
    return "".join(f"; {key} has its default, write it too" for key in keys)


def unknown_keys(section: Section, raw: Mapping[str, object], path: str) -> Iterator[PolicyFault]:
    """Return a fault for each key that the section does not have, with the key that was probably meant."""
    known = [name for name, _, _ in entries_of(section)]
    for name in raw:
        if name not in known:
            text = "is no key of a policy" + (meant(name, known) or elsewhere(name))
            yield PolicyFault(key=under(path, name), code=FaultCode.UNKNOWN_KEY, text=text)


def elsewhere(name: str) -> str:
    """Return a question that names the key of that name in another section, or nothing if there is none."""
    for path, _, section in tables_of(Policy(), "", ""):
        if name in {key for key, _, _ in settings_of(section)}:
            return f": did you mean {under(path, name)}?"
    return ""


def under(path: str, name: str) -> str:
    """Return the path of a key in the section `path`; a name TOML would quote is quoted, and cut short."""
    shown_name = name if BARE_KEY.fullmatch(name) else shown(name)
    return f"{path}.{shown_name}" if path else shown_name
