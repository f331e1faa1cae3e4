"""The records of the ledger: postings, entries, causes and who acted.

Owns I-1 (an entry balances per unit) and I-15 (whole amounts). Pure; imports nothing but errors and
references. One balance convention everywhere: credits minus debits, so that the balances of a branch
sum to zero in each unit, and a member in credit has a positive balance.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from timebank.errors import (
    AmountNotWhole,
    AmountOutOfRange,
    BadActor,
    BadUnit,
    NaiveInstant,
    TooFewPostings,
    TooManyPostings,
    UnbalancedEntry,
)
from timebank.ids import reference

AMOUNT_MAX: Final = 100_000_000
"""Largest amount of one posting: about 190 years of minutes, a million euros in cents."""
DETAILS_BYTES: Final = 32
"""Length of a commitment to details."""
POSTINGS_MAX: Final = 500
"""Most postings of one entry."""
BALANCE_MAX: Final = 2**53 - 1
"""Largest absolute balance: every JSON reader keeps it exactly."""

MINUTES: Final = "min"
"""Redeemable minutes."""
SERVICE_MINUTES: Final = "svc"
"""Count-only service minutes, never redeemable (I-12)."""
UNIT: Final = re.compile(r"min|svc|(?!MIN|SVC)[A-Z]{3}", re.ASCII)
CAUSE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}", re.ASCII)
"""Kind and reference of a cause: wider than a reference, for `BRANCH-NO` of the longest branch code."""
MANDATE_MAX: Final = 999_999_999
"""Largest number of a mandate that an actor's text has room for."""
ACTOR: Final = re.compile(
    r"(?P<role>[a-z]+):(?P<ref>[a-z0-9-]+)(?:@(?P<branch>[a-z0-9-]+))?(?:\+(?P<principal>[a-z0-9-]+)#(?P<mandate>[0-9]{1,9}))?",
    re.ASCII,
)


def unit_of(text: str) -> str:
    """Return `text` if it is a unit: `min`, `svc` or a three-letter money code (amounts in cents).

    Raises:
        BadUnit: it is none of these.
    """
    if UNIT.fullmatch(text) is None:
        raise BadUnit
    return text


class Side(StrEnum):
    """The two sides of an account."""

    DEBIT = "debit"
    CREDIT = "credit"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


DEBIT, CREDIT = Side
"""For the paths that every posting takes: Python 3.11 calls a function for each `Side.CREDIT`."""


class Role(StrEnum):
    """In which role somebody acts."""

    MEMBER = "member"
    COORDINATOR = "coordinator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it, for whom, under which mandate (I-14).

    `branch` is the code of the actor's own branch where it is not the branch of the act.
    `principal` and `mandate` come together: the member acted for, and the mandate's number.

    Raises:
        BadReference: a reference or code is malformed.
        BadActor: a principal without a mandate, or the other way round, or a mandate's number out of range.
    """

    role: Role
    ref: str
    branch: str | None = None
    principal: str | None = None
    mandate: int | None = None

    def __post_init__(self) -> None:
        """Refuse what `parse` could not read back: the text stands in the canonical bytes of entries."""
        reference(self.ref)
        if self.branch is not None:
            reference(self.branch, what="branch code")
        if self.principal is not None:
            reference(self.principal)
        if (self.principal is None) != (self.mandate is None):
            raise BadActor
        if self.mandate is not None and not 0 <= self.mandate <= MANDATE_MAX:
            raise BadActor

    def __str__(self) -> str:
        """Write `role:ref`, then `@branch`, then `+principal#mandate`, as far as they are known."""
        at = f"@{self.branch}" if self.branch is not None else ""
        proxy = f"+{self.principal}#{self.mandate}" if self.principal is not None else ""
        return f"{self.role}:{self.ref}{at}{proxy}"

    @classmethod
    @lru_cache(maxsize=4_096)
    def parse(cls, text: str) -> "Actor":
        """Read what `str` writes.

        Raises:
            BadActor: another form, or an unknown role.
            BadReference: a reference is too long or malformed.
        """
        found = ACTOR.fullmatch(text)
        if found is None or found["role"] not in set(Role):
            raise BadActor
        mandate = found["mandate"]
        return cls(
            role=Role(found["role"]),
            ref=found["ref"],
            branch=found["branch"],
            principal=found["principal"],
            mandate=int(mandate) if mandate is not None else None,
        )

    @property
    def speaks_for(self) -> str:
        """The member whose will the act expresses: the principal of a proxy, else the actor."""
        return self.principal if self.principal is not None else self.ref


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry as decided: account path, unit, side, amount above zero."""

    path: str
    unit: str
    side: Side
    amount: int

    @property
    def change(self) -> int:
        """What the posting adds to the balance: positive for a credit."""
        return self.amount if self.side is CREDIT else -self.amount


def debit(path: str, amount: int, unit: str = MINUTES) -> Posting:
    """Return a debit posting of `amount` in the unit's smallest quantity."""
    return Posting(path, unit, DEBIT, amount)


def credit(path: str, amount: int, unit: str = MINUTES) -> Posting:
    """Return a credit posting of `amount` in the unit's smallest quantity."""
    return Posting(path, unit, CREDIT, amount)


class EntryKind(StrEnum):
    """What an entry is for. Only the kinds in `HELP` count towards given and received totals."""

    SERVICE = "service"
    """A confirmed service record, or an imported exchange."""
    REDEMPTION = "redemption"
    """The capture of a sponsored redemption, in either branch."""
    FEE = "fee"
    """Minutes charged for a late cancellation or a missed visit."""
    TRANSFER = "transfer"
    """Minutes moved between two accounts by decision, without help behind them."""
    HOLD = "hold"
    """Minutes reserved: available to held."""
    RELEASE = "release"
    """Minutes no longer reserved: held to available."""
    OPENING = "opening"
    """A balance brought forward from before the books began."""
    REVERSAL = "reversal"
    """The linked opposite of another entry (I-3)."""


HELP: Final = frozenset({EntryKind.SERVICE, EntryKind.REDEMPTION})


@dataclass(frozen=True, slots=True)
class Cause:
    """The one business event behind entries, e.g. `service 17` or `redemption lille-3`.

    `step` numbers the entries of one cause in a branch; a step happens once (I-8), and its reversal
    has the step negated.
    """

    kind: str
    ref: str
    step: int = 1

    def __post_init__(self) -> None:
        """Assert what keeps the canonical text unambiguous: no blank, no line break."""
        for text in (self.kind, self.ref):
            assert CAUSE.fullmatch(text) is not None, "a cause is a code and a reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """An entry as decided, before the branch gives it a sequence number.

    Invariants:
        I-1: 2 to `POSTINGS_MAX` postings, amounts from 1 to `AMOUNT_MAX`; per unit, debits equal credits.

    Raises:
        TooFewPostings, TooManyPostings, AmountNotWhole, AmountOutOfRange, BadUnit, UnbalancedEntry,
        NaiveInstant: in this order; the first failure wins.
    """

    kind: EntryKind
    cause: Cause
    effective_at: datetime
    effective_on: date
    policy_version: int
    actor: Actor
    postings: tuple[Posting, ...]
    reverses: int | None = None
    counts_help: int = 0
    """1: credits are help given and debits help received; -1: takes such counts back; 0: neither."""
    details: bytes | None = None
    """The commitment to what is known beside the ledger's facts, 32 bytes; None: nothing is committed to."""

    def __post_init__(self) -> None:
        """Refuse an entry that breaks I-1."""
        if len(self.postings) < 2:
            raise TooFewPostings(count=len(self.postings))
        if len(self.postings) > POSTINGS_MAX:
            raise TooManyPostings(most=POSTINGS_MAX, count=len(self.postings))
        if not _is_exchange(self.postings):
            _check_postings(self.postings)
        if self.effective_at.utcoffset() is None:
            raise NaiveInstant(text=self.effective_at.isoformat())
        assert (self.reverses is not None) == (self.kind is EntryKind.REVERSAL), (
            "I-3: a reversal names its original"
        )
        assert self.details is None or len(self.details) == DETAILS_BYTES, "a commitment has 32 bytes"


def _is_exchange(postings: tuple[Posting, ...]) -> bool:
    """Tell, fast, whether these are the two sides of one amount of minutes: what nearly every entry is."""
    if len(postings) != 2:
        return False
    first, second = postings
    amount = first.amount
    return (
        type(amount) is type(second.amount) is int
        and amount == second.amount
        and 1 <= amount <= AMOUNT_MAX
        and first.unit == second.unit == MINUTES
        and first.side is not second.side
    )


def _check_postings(postings: tuple[Posting, ...]) -> None:
    amounts = [posting.amount for posting in postings]
    for amount in amounts:
        if type(amount) is not int:  # neither a bool nor a number of another kind
            raise AmountNotWhole
    for amount in amounts:
        if not 1 <= amount <= AMOUNT_MAX:
            raise AmountOutOfRange(amount=amount, least=1, most=AMOUNT_MAX)
    imbalances = imbalance_by_unit(postings)
    for unit in imbalances:
        unit_of(unit)
    for unit, off_by in imbalances.items():
        if off_by != 0:
            raise UnbalancedEntry(unit=unit, off_by=abs(off_by))


def imbalance_by_unit(postings: Iterable[Posting]) -> dict[str, int]:
    """Return credits minus debits for each unit; all zero when the postings balance (I-1)."""
    totals: dict[str, int] = {}
    for posting in postings:
        totals[posting.unit] = totals.get(posting.unit, 0) + posting.change
    return totals


@dataclass(frozen=True, slots=True)
class Line:
    """A posting as kept in the journal, with the account's version and running balance (I-4)."""

    posting: Posting
    account_seq: int
    """1 for the account's first posting, then without gaps."""
    balance_after: int
    """The account's balance (credits minus debits) after this posting."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An immutable, balanced set of postings with its place in the branch's journal."""

    branch: str
    seq: int
    """1 for the branch's first entry, then without gaps (I-13)."""
    recorded_at: datetime
    """When the ledger learned it, aware UTC."""
    draft: EntryDraft
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One time bank, or one local office of it: its own book, chart, policy and time zone."""

    code: str
    name: str
    zone: str
    """IANA name; calendar days of the branch are days there."""
    created_at: datetime
