"""The journal, written: drafts go through the book, then out in few statements.

A journal holds back what it decided until `flush`, which writes postings, then headers, then cached
balances and the branch's head; the unit of work flushes before it commits.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import bindparam, select, update

from timebank.ledger.book import AccountKey, AccountState, Book
from timebank.ledger.canonical import leaf_hash, micros_of
from timebank.ledger.limits import LimitWarning
from timebank.ledger.model import MINUTES, EntryDraft, JournalEntry
from timebank.storage.accounts import Accounts
from timebank.storage.columns import table_of
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import AccountBalanceRow, BranchHeadRow, EntryRow, PostingRow

HEAD = table_of(BranchHeadRow)
BALANCE = table_of(AccountBalanceRow)
SAVE_BALANCE = (
    update(BALANCE)
    .where(BALANCE.c.branch_id == bindparam("b_branch_id"), BALANCE.c.account_no == bindparam("b_account_no"))
    .values(
        balance=bindparam("b_balance"),
        given=bindparam("b_given"),
        received=bindparam("b_received"),
        version=bindparam("b_version"),
    )
)


class Journal(Repository):
    """The end of a branch's journal, open for posting."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        """Read the head; the accounts are loaded as they are needed."""
        super().__init__(desk)
        self.accounts = accounts
        query = select(HEAD.c.entry_seq).where(HEAD.c.branch_id == desk.branch_id)
        self.book = Book(desk.branch.code, desk.connection.execute(query).scalar_one())
        self.pending: list[JournalEntry] = []

    @property
    def warnings(self) -> list[LimitWarning]:
        """The soft limits passed so far."""
        return self.book.warnings

    def load(self, *paths: str) -> None:
        """Take the accounts of these paths in hand, or every account of the branch if none is named."""
        self.book.take(self.accounts.states(paths or None))

    def open(self, path: str, unit: str = MINUTES) -> None:
        """Open an account unless it is open, and take it in hand."""
        if (path, unit) not in self.book.accounts:
            self.accounts.open(path, unit)
            self.load(path)

    def open_all(self, paths: Sequence[str]) -> None:
        """Open accounts of minutes that are known to be new, and take them in hand."""
        self.book.take(self.accounts.open_all(paths, MINUTES))

    def state(self, path: str, unit: str = MINUTES) -> AccountState:
        """Return an account as the book has it now, what is pending included.

        Raises:
            UnknownAccount: the branch has no such account.
        """
        if (path, unit) not in self.book.accounts:
            self.book.take([self.accounts.state(path, unit)])
        return self.book.accounts[path, unit]

    def post(self, draft: EntryDraft, *, enforce_limits: bool = True) -> JournalEntry:
        """Give a draft its place in the journal; see `Book.post` for what it refuses."""
        in_hand = self.book.accounts
        missing = {each.path for each in draft.postings if (each.path, each.unit) not in in_hand}
        if missing:
            self.load(*sorted(missing))
        entry = self.book.post(draft, recorded_at=self.desk.now, enforce_limits=enforce_limits)
        self.pending.append(entry)
        return entry

    def flush(self) -> None:
        """Write everything decided so far."""
        if not self.pending:
            return
        execute = self.desk.connection.execute
        here = self.desk.branch_id
        numbers = {key: state.no for key, state in self.book.changed.items()}
        self._insert_many(PostingRow, [row for entry in self.pending for row in _lines(entry, numbers)])
        self._insert_many(EntryRow, [_header(entry) for entry in self.pending])
        execute(
            SAVE_BALANCE,
            [
                {
                    "b_branch_id": here,
                    "b_account_no": state.no,
                    "b_balance": state.balance,
                    "b_given": state.given,
                    "b_received": state.received,
                    "b_version": state.version,
                }
                for state in self.book.changed.values()
            ],
        )
        execute(update(HEAD).where(HEAD.c.branch_id == here).values(entry_seq=self.book.last_seq))
        self.pending.clear()
        self.book.changed.clear()


def _lines(entry: JournalEntry, numbers: Mapping[AccountKey, int]) -> Iterator[tuple[object, ...]]:
    for number, line in enumerate(entry.lines, 1):
        posting = line.posting
        yield (
            entry.seq,
            number,
            numbers[posting.path, posting.unit],
            str(posting.side),
            posting.amount,
            line.account_seq,
            line.balance_after,
        )


def _header(entry: JournalEntry) -> tuple[object, ...]:
    draft = entry.draft
    return (
        entry.seq,
        str(draft.kind),
        draft.cause.kind,
        draft.cause.ref,
        draft.cause.step,
        micros_of(draft.effective_at),
        draft.effective_on.isoformat(),
        micros_of(entry.recorded_at),
        draft.policy_version,
        str(draft.actor),
        draft.reverses,
        draft.counts_help,
        leaf_hash(entry),
    )
