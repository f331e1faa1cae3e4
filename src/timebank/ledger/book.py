"""The book: decides entries in order against the balances it holds.

Owns I-4 (running balance and version on every line), I-5 at the moment of posting and I-13 (gapless
sequence). Pure: the caller loads the accounts that a request touches, posts drafts, and saves the
entries and the changed accounts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from timebank.errors import AccountClosed, BalanceTooLarge, UnknownAccount
from timebank.ledger.chart import is_held
from timebank.ledger.limits import UNLIMITED, Limits, LimitWarning, check_limits, soft_warnings
from timebank.ledger.model import BALANCE_MAX, CREDIT, EntryDraft, JournalEntry, Line, Posting

AccountKey = tuple[str, str]
"""Path and unit: what identifies an account inside a branch."""


@dataclass(slots=True)
class AccountState:
    """One account as the book knows it now; the book changes it as it posts."""

    no: int
    path: str
    unit: str
    balance: int = 0
    """Credits minus debits."""
    given: int = 0
    """Help given: credits of entries that count help, less those taken back."""
    received: int = 0
    """Help received: debits of entries that count help, less those taken back."""
    version: int = 0
    """Number of postings so far (I-4)."""
    limits: Limits = UNLIMITED
    is_closed: bool = False


@dataclass(slots=True)
class Book:
    """A branch's journal at its end: the next sequence number and the accounts in hand."""

    branch: str
    last_seq: int
    accounts: dict[AccountKey, AccountState] = field(default_factory=dict)
    changed: dict[AccountKey, AccountState] = field(default_factory=dict)
    """Accounts posted to since the book was opened, for the caller to save."""
    warnings: list[LimitWarning] = field(default_factory=list)

    def take(self, states: Iterable[AccountState]) -> None:
        """Take accounts in hand; one already in hand keeps its state."""
        for state in states:
            self.accounts.setdefault((state.path, state.unit), state)

    def post(self, draft: EntryDraft, *, recorded_at: datetime, enforce_limits: bool = True) -> JournalEntry:
        """Give a draft its place in the journal and move the balances; all or nothing.

        Args:
            draft: balanced postings (I-1 holds by construction).
            recorded_at: when the ledger learns it, aware UTC.
            enforce_limits: False for history from another system and for corrections, which must be
                possible whatever the limits say. Held minutes cannot be overspent even then (I-6).

        Raises:
            UnknownAccount, AccountClosed: in posting order, before any limit.
            BalanceTooLarge, InsufficientHours, CeilingReached: in the order in which accounts first
                appear, judged on the entry's net effect on each account.
        """
        postings = draft.postings
        touched = [self._account(posting) for posting in postings]
        net: dict[int, tuple[AccountState, int]] = {}
        for state, posting in zip(touched, postings, strict=True):
            before = net.get(state.no)
            net[state.no] = state, posting.change + (before[1] if before is not None else 0)
        for state, change in net.values():
            self._check(state, change, enforce_limits=enforce_limits)
        if enforce_limits:
            for state, change in net.values():
                if state.limits.warns:
                    self.warnings += soft_warnings(
                        state.path, state.limits, before=state.balance, after=state.balance + change
                    )
        self.last_seq += 1
        counts_help = draft.counts_help
        lines = tuple(
            [
                self._apply(state, posting, counts_help)
                for state, posting in zip(touched, postings, strict=True)
            ]
        )
        return JournalEntry(self.branch, self.last_seq, recorded_at, draft, lines)

    def mark(self, keys: Iterable[AccountKey]) -> "Mark":
        """Return how these accounts and the end of the journal stand, to `go_back` to."""
        states = {key: replace(self.accounts[key]) for key in keys if key in self.accounts}
        changed = {key for key in states if key in self.changed}
        return Mark(self.last_seq, states, changed, len(self.warnings))

    def go_back(self, mark: "Mark") -> None:
        """Undo what was posted since a mark, which must have named every account posted to."""
        self.last_seq = mark.last_seq
        self.accounts.update(mark.states)
        for key, state in mark.states.items():
            if key in mark.changed:
                self.changed[key] = state
            else:
                self.changed.pop(key, None)
        del self.warnings[mark.warnings :]

    def _account(self, posting: Posting) -> AccountState:
        state = self.accounts.get((posting.path, posting.unit))
        if state is None:
            raise UnknownAccount(path=posting.path, branch=self.branch)
        if state.is_closed:
            raise AccountClosed(path=posting.path)
        return state

    @staticmethod
    def _check(state: AccountState, change: int, *, enforce_limits: bool) -> None:
        after = state.balance + change
        if not -BALANCE_MAX <= after <= BALANCE_MAX:
            raise BalanceTooLarge(path=state.path)
        if enforce_limits or is_held(state.path):
            check_limits(state.path, state.limits, before=state.balance, after=after)

    def _apply(self, state: AccountState, posting: Posting, counts_help: int) -> Line:
        state.balance += posting.change
        state.version += 1
        if counts_help != 0:
            given, received = help_counted(posting, counts_help)
            state.given += given
            state.received += received
        self.changed[state.path, state.unit] = state
        return Line(posting, state.version, state.balance)


@dataclass(frozen=True, slots=True)
class Mark:
    """How a book stood before an atomic group."""

    last_seq: int
    states: dict[AccountKey, AccountState]
    changed: set[AccountKey]
    warnings: int


def help_counted(posting: Posting, counts_help: int) -> tuple[int, int]:
    """Return what a posting adds to its account's given and received totals.

    An entry that counts help (1) credits the giver and debits the receiver; its reversal (-1) mirrors
    the sides, so a debit takes back help given and a credit takes back help received.
    """
    if counts_help == 0:
        return 0, 0
    is_giving = (posting.side is CREDIT) == (counts_help > 0)
    amount = posting.amount * counts_help
    return (amount, 0) if is_giving else (0, amount)
