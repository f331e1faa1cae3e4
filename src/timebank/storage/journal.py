"""The journal, written: drafts go through the book, then out in few statements.

A journal holds back what it decided until `flush`, which writes postings, then headers, then cached
balances and the branch's head; the unit of work flushes before it commits.
"""

from sqlalchemy import bindparam, insert, select, update

from timebank.ledger.book import AccountState, Book
from timebank.ledger.canonical import leaf_hash, micros_of
from timebank.ledger.limits import LimitWarning
from timebank.ledger.model import MINUTES, EntryDraft, JournalEntry
from timebank.storage.accounts import Accounts
from timebank.storage.columns import table_of
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import AccountBalanceRow, BranchHeadRow, EntryRow, PostingRow

HEAD = table_of(BranchHeadRow)
ENTRY = table_of(EntryRow)
POSTING = table_of(PostingRow)
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
        missing = {posting.path for posting in draft.postings} - {path for path, _ in self.book.accounts}
        if missing:
            self.load(*sorted(missing))
        entry = self.book.post(draft, recorded_at=self.desk.now, enforce_limits=enforce_limits)
        self.pending.append(entry)
        return entry

    def flush(self) -> None:
        """Write everything decided so far."""
        if not self.pending:
            return
        here = self.desk.branch_id
        execute = self.desk.connection.execute
        numbers = {key: state.no for key, state in self.book.changed.items()}
        execute(
            insert(POSTING),
            [
                {
                    "branch_id": here,
                    "entry_seq": entry.seq,
                    "line": number,
                    "account_no": numbers[line.posting.path, line.posting.unit],
                    "side": line.posting.side.value,
                    "amount": line.posting.amount,
                    "account_seq": line.account_seq,
                    "balance_after": line.balance_after,
                }
                for entry in self.pending
                for number, line in enumerate(entry.lines, 1)
            ],
        )
        execute(insert(ENTRY), [self._header(entry) for entry in self.pending])
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

    def _header(self, entry: JournalEntry) -> dict[str, object]:
        draft = entry.draft
        return {
            "branch_id": self.desk.branch_id,
            "seq": entry.seq,
            "kind": draft.kind.value,
            "cause_kind": draft.cause.kind,
            "cause_ref": draft.cause.ref,
            "step": draft.cause.step,
            "effective_us": micros_of(draft.effective_at),
            "effective_on": draft.effective_on.isoformat(),
            "recorded_us": micros_of(entry.recorded_at),
            "policy_version": draft.policy_version,
            "actor": str(draft.actor),
            "reverses": draft.reverses,
            "counts_help": draft.counts_help,
            "leaf": leaf_hash(entry),
        }
