"""What one key of a policy may hold: its type, range, meaning and source, stated once.

The reader, the writer, the comparison and the documentation all work from these specifications. Pure.
A value has two forms: as TOML gives it (*raw*: `"none"`, `["self"]`) and as the rules use it (None, enums,
tuples).
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from timebank.errors import FaultCode, PolicyFault
from timebank.ids import REFERENCE

NONE: Final = "none"
"""Stands for "no limit": TOML has no null."""
CODE_FORM: Final = "1 to 40 of a-z, 0-9 and '-', starting with a letter or digit"
LISTED_MAX: Final = 200
"""Most items of one list."""
SHOWN_MAX: Final = 40
"""Most characters of a word from the document that a message repeats."""
STEM_MIN: Final = 3
"""Fewest characters from which the rest of a word can be guessed."""
LINE_MAX: Final = 100
"""A list longer than this is written on several lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec(ABC):
    """What one key may hold."""

    doc: str
    """What it means, as a sentence or two."""
    source: str
    """Where the rule and its default come from."""

    @property
    @abstractmethod
    def expects(self) -> str:
        """The values it takes, to follow "must be"."""

    @abstractmethod
    def faults_in(self, key: str, raw: object) -> tuple[PolicyFault, ...]:
        """Return every fault of a raw value; none if `value_of` can take it."""

    @abstractmethod
    def value_of(self, raw: object) -> object:
        """Return the value that a faultless raw value stands for."""

    @abstractmethod
    def raw_of(self, value: object) -> object:
        """Return the raw form of a value; also of one that has faults."""

    def must(self, key: str, code: FaultCode) -> tuple[PolicyFault, ...]:
        """Return the one fault that the value is not what the key takes."""
        return (PolicyFault(key=key, code=code, text=f"must be {self.expects}"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Spec):
    """A whole number from `least` to `most`, or "none" where `or_none`."""

    least: int
    most: int
    or_none: bool = False

    @property
    def expects(self) -> str:
        """The range."""
        return f"a whole number from {self.least} to {self.most}" + (', or "none"' if self.or_none else "")

    def faults_in(self, key: str, raw: object) -> tuple[PolicyFault, ...]:
        """Refuse other types (true is not 1, 15.0 is not 15) and numbers outside the range."""
        if self.or_none and raw == NONE:
            return ()
        if isinstance(raw, bool) or not isinstance(raw, int):
            return self.must(key, FaultCode.WRONG_TYPE)
        return () if self.least <= raw <= self.most else self.must(key, FaultCode.OUT_OF_RANGE)

    def value_of(self, raw: object) -> object:
        """Return the number, or None for "none"."""
        return None if raw == NONE else raw

    def raw_of(self, value: object) -> object:
        """Return the number, or "none" for None."""
        return NONE if value is None else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Spec):
    """True or false."""

    @property
    def expects(self) -> str:
        """Both."""
        return "true or false"

    def faults_in(self, key: str, raw: object) -> tuple[PolicyFault, ...]:
        """Refuse anything else, 0 and 1 too."""
        return () if isinstance(raw, bool) else self.must(key, FaultCode.WRONG_TYPE)

    def value_of(self, raw: object) -> object:
        """Return it as it is."""
        return raw

    def raw_of(self, value: object) -> object:
        """Return it as it is."""
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Spec):
    """One of the words of an enumeration."""

    words: type[StrEnum]

    @property
    def expects(self) -> str:
        """The words."""
        return "one of " + quoted(self.words)

    def faults_in(self, key: str, raw: object) -> tuple[PolicyFault, ...]:
        """Refuse other types and other words."""
        if not isinstance(raw, str):
            return self.must(key, FaultCode.WRONG_TYPE)
        return unknown_words(key, (raw,), self.words)

    def value_of(self, raw: object) -> object:
        """Return the member of the enumeration."""
        assert isinstance(raw, str), "the raw value has no faults"
        return self.words(raw)

    def raw_of(self, value: object) -> object:
        """Return the word."""
        return value.value if isinstance(value, StrEnum) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Several(Spec):
    """A list without repeats: of the words of an enumeration, or of codes where `words` is None."""

    words: type[StrEnum] | None = None
    least: int = 0
    """Fewest items: 0 or 1."""

    @property
    def expects(self) -> str:
        """The words, or the form of a code."""
        of = quoted(self.words) if self.words else f"codes ({CODE_FORM})"
        return f"a list of {of}" + ("; not empty" if self.least else "")

    def faults_in(self, key: str, raw: object) -> tuple[PolicyFault, ...]:
        """Refuse what is not a list of text, is too short or too long, has unknown or repeated items."""
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            return self.must(key, FaultCode.WRONG_TYPE)
        if len(raw) < self.least:
            return self.must(key, FaultCode.OUT_OF_RANGE)
        if len(raw) > LISTED_MAX:
            text = f"lists {len(raw)} items, at most {LISTED_MAX} can be"
            return (PolicyFault(key=key, code=FaultCode.OUT_OF_RANGE, text=text),)
        items = tuple(dict.fromkeys(raw))
        faults = unknown_words(key, items, self.words) if self.words else self.not_codes(key, items)
        for item in items:
            if raw.count(item) > 1:
                text = f"names {shown(item)} more than once"
                faults += (PolicyFault(key=key, code=FaultCode.REPEATED_VALUE, text=text),)
        return faults

    def not_codes(self, key: str, items: Iterable[str]) -> tuple[PolicyFault, ...]:
        """Return a fault for each item that is not a code."""
        return tuple(
            PolicyFault(
                key=key,
                code=FaultCode.UNKNOWN_VALUE,
                text=f"{shown(item)} is no code, which is {CODE_FORM}",
            )
            for item in items
            if REFERENCE.fullmatch(item) is None
        )

    def value_of(self, raw: object) -> object:
        """Return a tuple, in the order of the document."""
        assert isinstance(raw, list), "the raw value has no faults"
        return tuple(self.words(item) for item in raw) if self.words else tuple(raw)

    def raw_of(self, value: object) -> object:
        """Return the list."""
        if not isinstance(value, tuple):
            return value
        return [item.value if isinstance(item, StrEnum) else item for item in value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Spec):
    """One code that the branch chooses."""

    @property
    def expects(self) -> str:
        """The form of a code."""
        return f"a code ({CODE_FORM})"

    def faults_in(self, key: str, raw: object) -> tuple[PolicyFault, ...]:
        """Refuse other types and what is no code."""
        if not isinstance(raw, str):
            return self.must(key, FaultCode.WRONG_TYPE)
        return () if REFERENCE.fullmatch(raw) is not None else self.must(key, FaultCode.UNKNOWN_VALUE)

    def value_of(self, raw: object) -> object:
        """Return it as it is."""
        return raw

    def raw_of(self, value: object) -> object:
        """Return it as it is."""
        return value


def unknown_words(key: str, items: Iterable[str], words: type[StrEnum]) -> tuple[PolicyFault, ...]:
    """Return a fault for each item that is not one of the words, with the word that was probably meant."""
    known = [word.value for word in words]
    return tuple(
        PolicyFault(
            key=key,
            code=FaultCode.UNKNOWN_VALUE,
            text=f"knows no {shown(item)}{meant(item, known) or ', only ' + quoted(words)}",
        )
        for item in items
        if item not in known
    )


def meant(word: str, known: Iterable[str]) -> str:
    """Return a question that names the known word closest to `word`, or nothing if none is close.

    A word cut short is close too: units and other endings are what people leave out.
    """
    words = tuple(known)
    close = get_close_matches(word[:SHOWN_MAX], words, n=1)
    if not close and len(word) >= STEM_MIN:
        close = [longer for longer in words if longer.startswith(word)]
    return f": did you mean {close[0]}?" if close else ""


def shown(word: str) -> str:
    """Return a word of the document for a message: quoted, cut short, control characters escaped."""
    return json.dumps(word if len(word) <= SHOWN_MAX else word[:SHOWN_MAX] + "...")


def quoted(words: Iterable[str]) -> str:
    """Return the words in quotes with commas between."""
    return ", ".join(f'"{word}"' for word in words)


def toml(raw: object) -> str:
    """Write a raw value without faults as TOML."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, list):
        line = f"[{quoted(raw)}]"
        return line if len(line) <= LINE_MAX else "[\n" + "".join(f'  "{item}",\n' for item in raw) + "]"
    return f'"{raw}"' if isinstance(raw, str) else str(raw)
