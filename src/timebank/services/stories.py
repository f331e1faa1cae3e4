"""Stories: everything that is known about one redemption, and whether its two books agree (I-7)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from timebank.care.record import ServiceRecord
from timebank.care.redemption import Redemption
from timebank.ledger.chart import available, clearing, held
from timebank.ledger.holds import Hold, HoldState
from timebank.ledger.model import MINUTES, JournalEntry
from timebank.services.settling import TwoBooks
from timebank.storage.care import StoredAct
from timebank.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionStory:
    """A redemption with all that was done, its hold, its service record, and its entries in both books."""

    redemption: Redemption
    host_zone: str
    """IANA name of the zone in which the help was planned."""
    is_due: bool
    """It reached its deadline without help; the next act in the home branch ends it."""
    events: tuple[tuple[StoredAct, str | None], ...]
    """What was done, oldest first, with the reason; None where there was none or it was erased."""
    hold: Hold
    record: ServiceRecord | None
    entries: tuple[JournalEntry, ...]
    """The home branch's, then the host's, each in the order of its journal."""
    paid_minutes: int
    """What its entries took from the sponsor in all: available and held together."""
    earned_minutes: int
    """What its entries gave the provider in all."""
    held_minutes: int
    """What its entries leave on the sponsor's held account."""
    clearing_minutes: int
    """What its entries leave on the two clearing accounts together."""

    @property
    def is_reconciled(self) -> bool:
        """Whether sponsor, provider, hold and both clearing accounts say the same."""
        charged = self.redemption.charged_minutes or 0
        pending = self.hold.minutes if self.hold.state is HoldState.PENDING else 0
        return (self.paid_minutes, self.earned_minutes, self.held_minutes, self.clearing_minutes) == (
            charged,
            charged,
            pending,
            0,
        )


def story_of(tx: Transaction, books: TwoBooks, redemption: Redemption) -> RedemptionStory:
    """Gather the story of a redemption from both branches."""
    home, host = books.home, books.host
    cause = ("redemption", redemption.ref)
    by_book = {each.branch.code: each.reader.list(cause=cause) for each in books.each}
    paid = _changes(by_book[redemption.branch])
    earned = _changes(by_book[redemption.host_branch])
    is_one_branch = home is host
    left = (
        0 if is_one_branch else paid[clearing(redemption.host_branch)] + earned[clearing(redemption.branch)]
    )
    reserved = paid[held(redemption.sponsor)]
    events = home.redemptions.events(redemption.no)
    return RedemptionStory(
        redemption=redemption,
        host_zone=host.branch.zone,
        is_due=redemption.is_due(at=tx.now),
        events=tuple((each, tx.books(each.acted_in).identities.note(each.note_no)) for each in events),
        hold=home.holds.get(redemption.hold_no),
        record=host.records.get(redemption.record_no) if redemption.record_no is not None else None,
        entries=tuple(entry for entries in by_book.values() for entry in entries),
        paid_minutes=-paid[available(redemption.sponsor)] - reserved,
        earned_minutes=earned[available(redemption.provider)] if redemption.provider is not None else 0,
        held_minutes=reserved,
        clearing_minutes=left,
    )


def _changes(entries: Iterable[JournalEntry]) -> Counter[str]:
    """Return by how much entries changed each account, in minutes."""
    changes: Counter[str] = Counter()
    for entry in entries:
        for line in entry.lines:
            if line.posting.unit == MINUTES:
                changes[line.posting.path] += line.posting.change
    return changes
