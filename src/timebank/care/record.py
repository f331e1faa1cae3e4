"""Service records: what a record, its hours, its history and its effect on the journal look like.

Owns the overlap half of I-8 (one provider is not in two places at once). What can be done to a record
stands in `workflow`. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from timebank.care.mandate import Person
from timebank.errors import BadPath
from timebank.ids import reference
from timebank.instants import aware_utc
from timebank.ledger.chart import AccountKind, available, place_of
from timebank.ledger.model import Actor, Cause, Posting, Role
from timebank.policy.words import ServiceMode

Mode: TypeAlias = ServiceMode
"""How the help reached the recipient."""


class RecordState(StrEnum):
    """Where a record stands."""

    LOGGED = "logged"
    CORRECTED = "corrected"
    """While it is open: one side changed what the other had stated."""
    DISPUTED = "disputed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    """By the other side, by decision, or annulled after it was confirmed."""
    WITHDRAWN = "withdrawn"


PENDING: Final = frozenset({RecordState.LOGGED, RecordState.CORRECTED})
"""Waiting for the other side's word."""
OPEN: Final = PENDING | {RecordState.DISPUTED}
"""Not yet settled either way."""
VOID: Final = frozenset({RecordState.REJECTED, RecordState.WITHDRAWN})
"""These hours were not given, as far as the books go."""


class Party(StrEnum):
    """On which side of a record somebody speaks."""

    PROVIDER = "provider"
    RECIPIENT = "recipient"
    """The member helped or a proxy; for a fund, a coordinator of the branch."""
    COORDINATOR = "coordinator"


class RecordAct(StrEnum):
    """What was done to a record."""

    LOG = "log"
    CORRECT = "correct"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    DECIDE = "decide"
    ANNUL = "annul"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What a side states: when, how long, what and how. `start_at` is kept in UTC.

    Raises:
        NaiveInstant, DayBeyondRange: the start has no time zone, or a year that is not kept.
        BadReference: the kind is malformed.
    """

    start_at: datetime
    minutes: int
    kind: str
    """Code of the kind of help, such as `shopping`."""
    mode: Mode = Mode.IN_PERSON

    def __post_init__(self) -> None:
        """Put the start into UTC, where minutes can be added on any night of the year."""
        object.__setattr__(self, "start_at", aware_utc(self.start_at))
        reference(self.kind, what="kind code")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRules:
    """What the branch's policy says about stated hours."""

    longest_minutes: int
    """The longest help in one record."""
    oldest_days: int
    """How many times 24 hours ago help may have begun when it is logged."""
    refuses_overlap: bool
    """Whether overlapping hours of one provider are refused; else they are flagged (I-8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """Help given by one member of the branch to another, or to the work of a fund."""

    branch: str
    no: int
    provider: str
    """Member reference."""
    recipient: str
    """Who was helped and is charged: `member:REF` or `fund:NAME`."""
    kind: str
    mode: Mode
    start_at: datetime
    """Aware UTC."""
    minutes: int
    """As stated."""
    unit: str
    """`min`, or `svc` for service that is counted but never redeemable (I-12)."""
    state: RecordState
    logged_by: Actor
    stated_by: Actor
    """Whose statement stands: who logged it, or who corrected or decided it last."""
    credited_minutes: int | None = None
    """As posted, after rates and rounding; None unless confirmed."""
    revision: int = 0
    """0 until confirmed, 1 after that, one more for each correction or annulment since."""
    redemption: str | None = None
    """The redemption it fulfils, `HOME-NO` as in `lille-3`; its settlement then does the posting."""
    is_flagged_overlap: bool = False

    def __post_init__(self) -> None:
        """Assert what every function of this module keeps."""
        assert self.start_at.tzinfo is UTC, "a record's start is kept in UTC"
        assert self.minutes >= 1, "a record is about a minute at least"
        assert self.recipient != f"member:{self.provider}", "a record has two parties"
        is_confirmed = self.state is RecordState.CONFIRMED
        assert is_confirmed == (self.credited_minutes is not None), "minutes are credited when confirmed"
        assert not (self.state in OPEN and self.revision), "I-8: an open record was never posted"

    @property
    def end_at(self) -> datetime:
        """When the help ended, aware UTC; the end itself no longer belongs to it."""
        return self.start_at + timedelta(minutes=self.minutes)

    @property
    def recipient_member(self) -> str | None:
        """The member who was helped; None for a fund."""
        return member_in(self.recipient)

    @property
    def hours(self) -> Hours:
        """What is stated."""
        return Hours(start_at=self.start_at, minutes=self.minutes, kind=self.kind, mode=self.mode)

    @property
    def logged_side(self) -> Party:
        """The side that logged it."""
        return self._side_named(self.logged_by)

    @property
    def stated_side(self) -> Party:
        """The side whose statement stands."""
        return self._side_named(self.stated_by)

    @property
    def waits_for(self) -> Party:
        """The side that has the word: the one that did not state it; the one charged if a coordinator did."""
        return Party.PROVIDER if self.stated_side is Party.RECIPIENT else Party.RECIPIENT

    @property
    def parties(self) -> tuple[Person, ...]:
        """Provider and, unless it is a fund, recipient, as human beings."""
        refs = (self.provider, self.recipient_member)
        return tuple((self.branch, ref) for ref in refs if ref is not None)

    def _side_named(self, actor: Actor) -> Party:
        if actor.role is Role.COORDINATOR:
            return Party.RECIPIENT if self.recipient_member is None else Party.COORDINATOR
        return Party.PROVIDER if actor.speaks_for == self.provider else Party.RECIPIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """One line of a record's history; the reason itself is kept with the identities (I-10)."""

    act: RecordAct
    actor: Actor
    at: datetime
    minutes: int
    """Stated minutes after the act."""
    has_reason: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """An entry to post: its cause and its postings."""

    cause: Cause
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutcome:
    """What an act leads to: the record as it is now, its event, and what to do in the journal, in order.

    A record of a redemption leaves the journal to `redemption.follow`: both are None.
    """

    record: ServiceRecord
    event: RecordEvent
    undo: Cause | None = None
    """The cause of the entry to reverse."""
    credit: Credit | None = None
    """The entry to post after that."""
    reason: str | None = field(default=None, repr=False)
    """Cleaned text for the identity store; never for the books."""


def overlaps(record: ServiceRecord, others: Iterable[ServiceRecord]) -> tuple[int, ...]:
    """Return the numbers of the provider's records that share time with this one, in rising order (I-8).

    Times are instants, so a night with a clock change counts as long as it was. A record that begins when
    another one ends does not overlap it; void records and the record itself never do.
    """
    return tuple(
        sorted(
            other.no
            for other in others
            if (other.branch, other.provider) == (record.branch, record.provider)
            and other.no != record.no
            and other.state not in VOID
            and other.start_at < record.end_at
            and record.start_at < other.end_at
        )
    )


def payer_path(recipient: str) -> str:
    """Return the account that help to a recipient is charged to.

    Raises:
        BadPath: the recipient is neither `member:REF` nor `fund:NAME`.
    """
    member = member_in(recipient)
    path = available(member) if member is not None else recipient
    if place_of(path).kind not in {AccountKind.MEMBER, AccountKind.FUND}:
        raise BadPath
    return path


def member_in(recipient: str) -> str | None:
    """Return the member reference of `member:REF`; None for a fund."""
    return recipient.removeprefix("member:") if recipient.startswith("member:") else None
