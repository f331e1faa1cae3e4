"""Sponsored redemptions: a sponsor's hours, spent on help for a beneficiary near them, maybe elsewhere.

What a redemption looks like, and the entries that end it. Owns the plan behind I-7: whatever a capture
takes to the clearing account in the home book, it takes from the clearing account in the host's book.
What can be done to a redemption stands in `sponsorship`. Pure.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from timebank.care.mandate import Person
from timebank.care.record import Mode, RecordOutcome
from timebank.errors import CaptureExceedsHold
from timebank.ledger.chart import available, clearing, held
from timebank.ledger.model import Actor, Cause, EntryKind, Posting, credit, debit

STEPS_PER_REVISION: Final = 3


def step_of_hold(revision: int = 1) -> int:
    """Return the step of the entry that reserves minutes in the home book: 1, and 4, 7, … in corrections."""
    return STEPS_PER_REVISION * revision - 2


def step_of_capture(revision: int = 1) -> int:
    """Return the step of a charge and of the credit that goes with it: 2, and 5, 8, … in corrections."""
    return STEPS_PER_REVISION * revision - 1


def step_of_release(revision: int = 1) -> int:
    """Return the step of the entry that gives back what was not charged: 3, and 6, 9, … in corrections."""
    return STEPS_PER_REVISION * revision


class RedemptionState(StrEnum):
    """Where a redemption stands."""

    REQUESTED = "requested"
    ASSIGNED = "assigned"
    LOGGED = "logged"
    """Help was stated; its service record waits for confirmation, and no deadline runs any more."""
    SETTLED = "settled"
    CANCELLED = "cancelled"
    MISSED = "missed"
    EXPIRED = "expired"


WAITING: Final = frozenset({RedemptionState.REQUESTED, RedemptionState.ASSIGNED})
"""No help was stated yet."""
OPEN: Final = WAITING | {RedemptionState.LOGGED}


class RedemptionAct(StrEnum):
    """What was done to a redemption."""

    REQUEST = "request"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    LOG = "log"
    REOPEN = "reopen"
    """Its service record was rejected or withdrawn; the help is still to be given."""
    SETTLE = "settle"
    CORRECT = "correct"
    """Its service record was corrected or annulled after it was settled."""
    CANCEL = "cancel"
    MISSED_BY_BENEFICIARY = "missed-by-beneficiary"
    MISSED_BY_PROVIDER = "missed-by-provider"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """Help for a beneficiary in `host_branch`, charged to the sponsor in `branch`."""

    branch: str
    """The home branch: the sponsor's, which numbers it and keeps its hold."""
    no: int
    sponsor: str
    """Member reference in `branch`."""
    beneficiary_no: int
    host_branch: str
    beneficiary: str
    """Member reference in `host_branch`."""
    kind: str
    mode: Mode
    planned_at: datetime
    """Aware UTC."""
    planned_minutes: int
    held_minutes: int
    """Reserved at the sponsor: the planned minutes after the policy's rates and rounding."""
    expires_at: datetime
    """Aware UTC; at the deadline itself it is due. It no longer counts once help is logged."""
    state: RedemptionState
    hold_no: int
    provider: str | None = None
    """Member reference in `host_branch`."""
    record_no: int | None = None
    """The service record in `host_branch`."""
    charged_minutes: int | None = None
    """What the sponsor was charged and the provider credited; None while it is open."""

    def __post_init__(self) -> None:
        """Assert what every function of `sponsorship` keeps."""
        assert self.planned_at.tzinfo is UTC, "a redemption's plan is kept in UTC"
        assert self.expires_at.tzinfo is UTC, "a redemption's deadline is kept in UTC"
        assert (self.state in OPEN) == (self.charged_minutes is None), "a redemption is charged when it ends"
        has_record = self.state in {RedemptionState.LOGGED, RedemptionState.SETTLED}
        assert has_record == (self.record_no is not None), "help is logged, then settled, with a record"
        assert self.provider is not None or not self.charged_minutes, "a charge credits a provider"

    @property
    def ref(self) -> str:
        """How causes and records name it: `lille-3`."""
        return f"{self.branch}-{self.no}"

    @property
    def provider_person(self) -> Person | None:
        """The provider as a human being."""
        return None if self.provider is None else (self.host_branch, self.provider)

    def is_due(self, *, at: datetime) -> bool:
        """Tell whether it has reached its deadline without any help logged; the deadline itself counts."""
        return self.state in WAITING and at >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionEvent:
    """One line of a redemption's history; the reason itself is kept with the identities (I-10)."""

    act: RedemptionAct
    actor: Actor
    at: datetime
    minutes: int
    """Charged minutes once it is over, planned minutes until then."""
    has_reason: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What to do in the books, in this order: undo, reserve, charge and credit, give back.

    All of it belongs in one database transaction; empty postings mean no entry.
    """

    kind: EntryKind
    """Of charge and credit: `redemption` for help, `fee` for a charge without help."""
    undo: Cause | None
    """The cause of the earlier charge (home) and credit (host) to reverse first, in each book."""
    hold: Cause
    """The cause of what is reserved in addition, in the home book."""
    capture: Cause
    """The cause of charge and credit, in both books."""
    release: Cause
    """The cause of what is given back, in the home book."""
    hold_postings: tuple[Posting, ...]
    """What a correction charges beyond the earlier charge, from the sponsor's available minutes."""
    home_postings: tuple[Posting, ...]
    """The charge; in one branch, the credit too."""
    host_postings: tuple[Posting, ...]
    """The credit in another branch's book; empty in one branch."""
    release_postings: tuple[Posting, ...]
    """What was reserved but not charged, back to the sponsor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionOutcome:
    """What an act leads to: the redemption as it is now, its event, and what to do in the books."""

    redemption: Redemption
    event: RedemptionEvent
    settlement: Settlement | None = None
    record: RecordOutcome | None = None
    """The new service record of the host branch, where help was logged."""
    reason: str | None = field(default=None, repr=False)
    """Cleaned text for the identity store; never for the books."""


def settlement_of(
    redemption: Redemption, *, charged_minutes: int, kind: EntryKind, revision: int = 1
) -> Settlement:
    """Plan the entries that charge the sponsor, credit the provider and give the rest back.

    Between two branches, each book balances alone over its clearing account. A correction (revision 2 and
    later) first reverses the earlier charge and credit, which puts their minutes on the sponsor's held
    account again, and reserves what is missing there: every charge comes from the held account alone, so
    that its reversal always puts all of it back there (I-3, I-6).

    Args:
        redemption: as it stands before: open, or settled for a correction.
        charged_minutes: what the sponsor pays in all, 0 or more.
        kind: `redemption` for help, `fee` for a charge without help.
        revision: of the service record's posting; 1 unless corrected.

    Raises:
        CaptureExceedsHold: more than was held, the first time.
    """
    assert charged_minutes >= 0, "a charge is not negative"
    before = redemption.charged_minutes
    assert (revision == 1) == (before is None), "revision 1 settles an open redemption, later ones correct"
    reserved = redemption.held_minutes if before is None else before
    if before is None and charged_minutes > reserved:
        raise CaptureExceedsHold(needed_minutes=charged_minutes, held_minutes=reserved)
    home, host = _charge(redemption, charged_minutes)
    sponsor_available, sponsor_held = available(redemption.sponsor), held(redemption.sponsor)
    return Settlement(
        kind=kind,
        undo=None if before is None else cause_of(redemption, step_of_capture(revision - 1)),
        hold=cause_of(redemption, step_of_hold(revision)),
        capture=cause_of(redemption, step_of_capture(revision)),
        release=cause_of(redemption, step_of_release(revision)),
        hold_postings=_moved(sponsor_available, sponsor_held, charged_minutes - reserved),
        home_postings=home,
        host_postings=host,
        release_postings=_moved(sponsor_held, sponsor_available, reserved - charged_minutes),
    )


def cause_of(redemption: Redemption, step: int) -> Cause:
    """Return the cause that every entry of the redemption's story cites, in both books."""
    return Cause("redemption", redemption.ref, step)


def _charge(redemption: Redemption, charged_minutes: int) -> tuple[tuple[Posting, ...], tuple[Posting, ...]]:
    """Return the postings of the charge in the home book, and of the credit in the host's."""
    if charged_minutes == 0:
        return (), ()
    assert redemption.provider is not None, "a charge credits a provider"
    payer, payee = held(redemption.sponsor), available(redemption.provider)
    if redemption.branch == redemption.host_branch:
        return _moved(payer, payee, charged_minutes), ()
    return (
        _moved(payer, clearing(redemption.host_branch), charged_minutes),
        _moved(clearing(redemption.branch), payee, charged_minutes),
    )


def _moved(source: str, target: str, minutes: int) -> tuple[Posting, ...]:
    return (debit(source, minutes), credit(target, minutes)) if minutes > 0 else ()
