"""What an importer yields: rows, faults and notices.

Names, addresses and descriptions of people go to the erasable identity store only (I-10): they are
left out of every `repr`, and no fault or notice quotes a cell.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias


class Layout(StrEnum):
    """Whose export it is."""

    TIMEOVERFLOW = "timeoverflow"
    KOMUNITIN = "komunitin"
    GENERIC = "csv"
    """Any CSV file, its columns named by a mapping or recognised by their titles."""


class PartyKind(StrEnum):
    """What stands at one side of an exchange in the other system."""

    MEMBER = "member"
    ORGANISATION = "organisation"
    """The bank's own account, or another organisation, known by its name."""
    LEFT = "left"
    """Somebody who left: the export names nobody, so several people can hide behind one party."""
    ACCOUNT = "account"
    """An account code; whose account it is stands elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One side of an exchange, as the other system names it.

    `key` stays the same from export to export (a member number, a code, the name of an organisation,
    `inactive` or `deleted` for those who left); `label` is the name as displayed, and may be empty.
    In a generic file a key may be a person's name: treat it as personal data.
    """

    kind: PartyKind
    key: str
    label: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRow:
    """Help given, as the other system recorded it.

    `line` is the row's first line in the file, from 1. `minutes` is above zero. `occurred_at` is aware
    UTC. `kind` is the kind of help as written there, if the file has it; `external_id` is the other
    system's identifier of the exchange, if it has one.
    """

    line: int
    occurred_at: datetime
    minutes: int
    provider: Party
    recipient: Party
    description: str = field(default="", repr=False)
    kind: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A member of the other system. `balance_minutes` is None where the file has no balance."""

    line: int
    key: str
    name: str = field(repr=False)
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    alternative_phone: str = field(default="", repr=False)
    language: str = ""
    joined_on: date | None = None
    balance_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A balance in the other system, positive for a member in credit: to reconcile with, or to open with."""

    line: int
    party: Party
    balance_minutes: int


class FaultCode(StrEnum):
    """Why a row cannot be imported. A code never changes its meaning once published."""

    BROKEN_QUOTES = "broken_quotes"
    RAGGED_ROW = "ragged_row"
    CELL_TOO_LONG = "cell_too_long"
    CONTROL_CHARACTER = "control_character"
    MISSING = "missing"
    BAD_DATE = "bad_date"
    DATE_ORDER = "date_order"
    AMBIGUOUS_TIME = "ambiguous_time"
    MISSING_TIME = "missing_time"
    DATE_BEYOND_RANGE = "date_beyond_range"
    DATE_IN_FUTURE = "date_in_future"
    BAD_DURATION = "bad_duration"
    NOT_WHOLE_MINUTES = "not_whole_minutes"
    DURATION_BEYOND_RANGE = "duration_beyond_range"
    BAD_STATE = "bad_state"
    BAD_EMAIL = "bad_email"
    BAD_NUMBER = "bad_number"
    SAME_PARTY = "same_party"
    REPEATED_KEY = "repeated_key"
    CHANGED = "changed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """Why one row cannot be imported: its first line, the title of the column, a code and a sentence.

    `column` is None when the whole row is at fault. The sentence never quotes a cell: a shifted column
    can put a name anywhere.
    """

    line: int
    column: str | None
    code: FaultCode
    reason: str


class NoticeCode(StrEnum):
    """What the coordinator should know, although nothing is wrong."""

    GUESSED_ENCODING = "guessed_encoding"
    UNKNOWN_HEADER = "unknown_header"
    ZERO_QUANTITY = "zero_quantity"
    NOT_COMMITTED = "not_committed"
    BOTH_LEFT = "both_left"
    LEFT_TOGETHER = "left_together"
    ERASED_BEFORE = "erased_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something left out, or guessed, with the line it is about."""

    line: int
    code: NoticeCode
    reason: str


FoundExchange: TypeAlias = ExchangeRow | RowFault | Notice
FoundMember: TypeAlias = MemberRow | RowFault | Notice
FoundAccount: TypeAlias = AccountRow | RowFault | Notice
