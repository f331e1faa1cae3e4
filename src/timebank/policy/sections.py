"""Sections of a policy: frozen dataclasses whose fields carry their specification.

To add a key, add a field; to add a section, write a class and give `Policy` a field of it. Reader, writer,
comparison and documentation follow. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, TypeAlias

from timebank.errors import PolicyFault, PolicyInvalid
from timebank.policy.specs import Choice, Code, Flag, Several, Spec, Whole

ENTRY: Final = "entry"
Metadata: TypeAlias = dict[str, "Spec | Part"]
"""Metadata of a dataclass field: what its key or section holds."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section inside a section, and what it is about."""

    doc: str


@dataclass(frozen=True, slots=True)
class Section:
    """Base of all sections: a section with a fault cannot be built.

    Raises:
        PolicyInvalid: a value is not what its key takes, or two keys contradict each other. Paths of keys
            start at this section.
    """

    def __post_init__(self) -> None:
        """Refuse to exist with a fault."""
        faults: Sequence[PolicyFault] = [
            fault
            for name, spec, value in settings_of(self)
            for fault in spec.faults_in(name, spec.raw_of(value))
        ]
        faults = faults or self.contradictions()
        if faults:
            raise invalid(faults)

    def contradictions(self) -> Sequence[PolicyFault]:
        """Return a fault for each pair of keys of this section that cannot both hold."""
        return ()


def invalid(faults: Sequence[PolicyFault]) -> PolicyInvalid:
    """Return the refusal that carries all faults; there is at least one."""
    return PolicyInvalid(faults=tuple(faults), count=len(faults), first=faults[0])


def entries_of(section: Section) -> Iterator[tuple[str, Spec | Part, object]]:
    """Return the name, the specification and the value of each field, in order."""
    for each in fields(section):
        entry = each.metadata[ENTRY]
        assert isinstance(entry, Spec | Part), f"{each.name} says what it holds"
        yield each.name, entry, getattr(section, each.name)


def settings_of(section: Section) -> Iterator[tuple[str, Spec, object]]:
    """Return the keys of the section itself, without those of the sections inside it."""
    for name, entry, value in entries_of(section):
        if isinstance(entry, Spec):
            yield name, entry, value


def parts_of(section: Section) -> Iterator[tuple[str, Part, Section]]:
    """Return the sections inside the section."""
    for name, entry, value in entries_of(section):
        if isinstance(entry, Part):
            assert isinstance(value, Section), f"{name} is a section"
            yield name, entry, value


def tables_of(section: Section, path: str, doc: str) -> Iterator[tuple[str, str, Section]]:
    """Return path, meaning and section of this section and all inside it, each before its parts."""
    yield path, doc, section
    for name, part, inner in parts_of(section):
        yield from tables_of(inner, f"{path}.{name}" if path else name, part.doc)


def part(doc: str) -> Metadata:
    """Declare a section inside a section."""
    return {ENTRY: Part(doc)}


def whole(*, least: int, most: int, doc: str, source: str) -> Metadata:
    """Declare a whole number from `least` to `most`."""
    return {ENTRY: Whole(least=least, most=most, doc=doc, source=source)}


def limit(*, least: int, most: int, doc: str, source: str) -> Metadata:
    """Declare a whole number from `least` to `most`, or "none"."""
    return {ENTRY: Whole(least=least, most=most, or_none=True, doc=doc, source=source)}


def flag(*, doc: str, source: str) -> Metadata:
    """Declare true or false."""
    return {ENTRY: Flag(doc=doc, source=source)}


def choice(words: type[StrEnum], *, doc: str, source: str) -> Metadata:
    """Declare one word of an enumeration."""
    return {ENTRY: Choice(words=words, doc=doc, source=source)}


def several(words: type[StrEnum], *, least: int, doc: str, source: str) -> Metadata:
    """Declare a list of at least `least` (0 or 1) words of an enumeration."""
    return {ENTRY: Several(words=words, least=least, doc=doc, source=source)}


def codes(*, doc: str, source: str) -> Metadata:
    """Declare a list of codes that the branch chooses."""
    return {ENTRY: Several(doc=doc, source=source)}


def code(*, doc: str, source: str) -> Metadata:
    """Declare one code that the branch chooses."""
    return {ENTRY: Code(doc=doc, source=source)}
