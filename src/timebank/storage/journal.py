"""The journal, written: drafts go through the book, then out in few statements.

A journal holds back what it decided, as rows, until `flush`, which writes postings, then headers, then
cached balances and the branch's head; the unit of work flushes before it commits.
"""

from collections.abc import Sequence

from sqlalchemy import select, update

from timebank.ledger.book import AccountState, Book
from timebank.ledger.canonical import facts_of, leaf_of, text_of
from timebank.ledger.limits import LimitWarning
from timebank.ledger.model import MINUTES, EntryDraft, JournalEntry
from timebank.storage.accounts import Accounts
from timebank.storage.columns import table_of
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import BranchHeadRow, EntryRow, PostingRow

HEAD = table_of(BranchHeadRow)
SAVE_BALANCE = (
    "UPDATE account_balance SET balance = {0}, given = {0}, received = {0}, version = {0} "
    "WHERE branch_id = {0} AND account_no = {0}"
)


class Journal(Repository):
    """The end of a branch's journal, open for posting."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        """Read the head; the accounts are loaded as they are needed."""
        super().__init__(desk)
        self.accounts = accounts
        query = select(HEAD.c.entry_seq).where(HEAD.c.branch_id == desk.branch_id)
        self.book = Book(desk.branch.code, desk.connection.execute(query).scalar_one())
        self.headers: list[tuple[object, ...]] = []
        self.lines: list[tuple[object, ...]] = []

    @property
    def warnings(self) -> list[LimitWarning]:
        """The soft limits passed so far."""
        return self.book.warnings

    def load(self, *paths: str) -> None:
        """Take the accounts of these paths in hand, or every account of the branch if none is named."""
        self.book.take(self.accounts.states(paths or None))

    def open(self, path: str, unit: str = MINUTES) -> bool:
        """Open an account unless it is open, and take it in hand; returns whether it is new."""
        if (path, unit) in self.book.accounts:
            return False
        is_new = self.accounts.open(path, unit)
        self.load(path)
        return is_new

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
        self._hold_back(entry)
        return entry

    def _hold_back(self, entry: JournalEntry) -> None:
        facts = facts_of(entry)
        self.headers.append((*facts, leaf_of(text_of(entry, facts).encode())))
        in_hand = self.book.accounts
        for number, line in enumerate(entry.lines, 1):
            posting = line.posting
            account = in_hand[posting.path, posting.unit]
            self.lines.append(
                (
                    entry.seq,
                    number,
                    account.no,
                    str(posting.side),
                    posting.amount,
                    line.account_seq,
                    line.balance_after,
                )
            )

    def flush(self) -> None:
        """Write everything decided so far."""
        if not self.headers:
            return
        here = self.desk.branch_id
        self._insert_many(PostingRow, self.lines)
        self._insert_many(EntryRow, self.headers)
        self._save_balances()
        head = update(HEAD).where(HEAD.c.branch_id == here).values(entry_seq=self.book.last_seq)
        self.desk.connection.execute(head)
        self.lines.clear()
        self.headers.clear()
        self.book.changed.clear()

    def _save_balances(self) -> None:
        connection = self.desk.connection
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        here = self.desk.branch_id
        connection.exec_driver_sql(
            SAVE_BALANCE.format(mark),
            [
                (state.balance, state.given, state.received, state.version, here, state.no)
                for state in self.book.changed.values()
            ],
        )
