"""Members: an opaque reference for the books, and an identity kept apart (I-10).

`Member` is what the ledger may know. `Identity` is a person's or organisation's name and contacts; it
lives in a store of its own and can be erased there without touching the books. Pure.
"""

import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from timebank.care.inputs import clean_text
from timebank.errors import MemberLeft, PeriodReversed
from timebank.ids import reference

TEXTS_MOST: Final = {"name": 200, "email": 254, "phone": 40, "note": 2_000}
"""Most characters of each text of an identity; 254 is the longest address SMTP can carry (RFC 5321)."""


class MemberKind(StrEnum):
    """Who joins a branch."""

    PERSON = "person"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a branch, known to the books by an opaque reference.

    Raises:
        BadReference: the reference or the branch code is malformed.
        PeriodReversed: the member left before joining.
    """

    branch: str
    ref: str
    kind: MemberKind
    joined_on: date
    left_on: date | None = None
    """The last day of membership; None while it lasts."""

    def __post_init__(self) -> None:
        """Refuse malformed references and a membership that ends before it starts."""
        reference(self.branch, what="branch code")
        reference(self.ref, what="member reference")
        if self.left_on is not None and self.left_on < self.joined_on:
            raise PeriodReversed

    def is_active(self, on: date) -> bool:
        """Tell whether the day lies in the membership; the first and the last day do."""
        return self.joined_on <= on and (self.left_on is None or on <= self.left_on)


def require_active(member: Member, *, on: date) -> None:
    """Refuse a member who has not joined yet or has left.

    Raises:
        MemberLeft: the day lies outside the membership.
    """
    if not member.is_active(on):
        raise MemberLeft(member=member.ref, branch=member.branch, on=on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Name and contacts of one member: the erasable part. Its texts never show in a `repr`.

    Texts are kept cleaned: see `clean_text`. An empty contact counts as none.

    Raises:
        BadText: the name is empty, or a text is too long or has characters no text can have.
    """

    branch: str
    ref: str
    name: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    note: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Clean every text."""
        for what, most in TEXTS_MOST.items():
            text: str | None = getattr(self, what)
            is_left_out = what != "name" and (text is None or not text.strip())
            cleaned = None if is_left_out else clean_text(text or "", what=what, most=most)
            object.__setattr__(self, what, cleaned)


def is_called(who: Identity, words: str) -> bool:
    """Tell whether each of some words stands in a name; neither capitals nor accents count.

    No word at all stands in no name.
    """
    name = _plain(who.name)
    wanted = _plain(words).split()
    return bool(wanted) and all(word in name for word in wanted)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold()
