"""The journal, written: drafts go through the book, then out in few statements.

A journal holds back what it decided, as rows, until `flush`, which writes postings, then headers, then
cached balances and the branch's head; the unit of work flushes before it commits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy.engine import Connection

from timebank.errors import BranchFrozen
from timebank.ledger.book import AccountKey, AccountState, Book, Mark
from timebank.ledger.canonical import facts_of, leaf_of, text_of
from timebank.ledger.limits import LimitWarning
from timebank.ledger.model import MINUTES, EntryDraft, JournalEntry
from timebank.storage.accounts import Accounts
from timebank.storage.columns import table_of
from timebank.storage.driver import SAVE_HEAD, execute, insert_rows, is_postgresql, save_balances
from timebank.storage.log import TileRows, TreeEnd, leaves_in
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import EntryRow, PostingRow

CLOSING = "closing"
"""The cause of the entries that close a branch: the only ones that a frozen one takes."""
LINE = [column.name for column in table_of(PostingRow).columns]
BY_ACCOUNT = itemgetter(LINE.index("account_no"), LINE.index("account_seq"))


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, as rows to be written."""

    lines: list[tuple[object, ...]]
    headers: list[tuple[object, ...]]
    balances: list[tuple[int, int, int, int, int]]
    tiles: TileRows

    def write(self, connection: Connection, branch_id: int) -> None:
        """Write everything but the head.

        On SQLite the lines of an account go in together: each page of the index by account is then visited
        once in a batch. PostgreSQL's log makes nothing of it.
        """
        lines = self.lines if is_postgresql(connection) else sorted(self.lines, key=BY_ACCOUNT)
        insert_rows(connection, PostingRow, lines)
        insert_rows(connection, EntryRow, self.headers)
        save_balances(connection, branch_id, self.balances)
        self.tiles.write(connection)


@dataclass(frozen=True, slots=True)
class JournalMark:
    """How far a journal had come."""

    book: Mark
    headers: int
    lines: int


class Journal(Repository):
    """The end of a branch's journal, open for posting."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        """Go on where the head says; the accounts are loaded as they are needed."""
        assert desk.head is not None, "I-13: who posts has taken the branch's head"
        super().__init__(desk)
        self.accounts = accounts
        self.head = desk.head
        if desk.warm is not None and desk.warm.today == accounts.today:
            self.book = desk.warm.book
        else:
            self.book = Book(desk.branch.code, self.head.entry_seq)
        self.tree = desk.warm.tree if desk.warm is not None else TreeEnd(desk.branch_id, self.head.entry_seq)
        assert self.tree.size == self.head.entry_seq, "I-11: the log ends where the journal does"
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
        """Give a draft its place in the journal; see `Book.post` for what it refuses.

        Raises:
            BranchFrozen: the branch is being closed, or is.
        """
        if self.head.is_frozen and draft.cause.kind != CLOSING:
            raise BranchFrozen(branch=self.desk.branch.code)
        in_hand = self.book.accounts
        for each in draft.postings:
            if (each.path, each.unit) not in in_hand:
                self.load(each.path)
        entry = self.book.post(draft, recorded_at=self.desk.now, enforce_limits=enforce_limits)
        self._hold_back(entry)
        return entry

    def _hold_back(self, entry: JournalEntry) -> None:
        facts = facts_of(entry)
        here, seq = self.desk.branch_id, entry.seq
        leaf = leaf_of(text_of(entry, facts).encode())
        self.headers.append((here, *facts[:-1], leaf, facts[-1]))
        in_hand = self.book.accounts
        for number, line in enumerate(entry.lines, 1):
            posting = line.posting
            no = in_hand[posting.path, posting.unit].no
            self.lines.append(
                (
                    here,
                    seq,
                    number,
                    no,
                    posting.side.value,
                    posting.amount,
                    line.account_seq,
                    line.balance_after,
                )
            )

    def mark(self, keys: Iterable[AccountKey]) -> JournalMark:
        """Return where the journal stands, to `go_back` to; `keys` are all accounts that may be posted to."""
        return JournalMark(self.book.mark(keys), len(self.headers), len(self.lines))

    def go_back(self, mark: JournalMark) -> None:
        """Undo what was posted since a mark; nothing of it was written yet."""
        self.book.go_back(mark.book)
        del self.headers[mark.headers :]
        del self.lines[mark.lines :]

    def take(self) -> Decided:
        """Take out what was decided so far."""
        changed = self.book.changed.values()
        balances = [(each.balance, each.given, each.received, each.version, each.no) for each in changed]
        tiles = self.tree.grow(leaves_in(self.headers), self.desk.connection)
        decided = Decided(self.lines, self.headers, balances, tiles)
        self.lines, self.headers = [], []
        self.book.changed.clear()
        return decided

    def move_head(self) -> tuple[int, int, int]:
        """Count what was taken out in the head; returns last entry, revision and instant."""
        head = self.head
        head.entry_seq, head.last_us = self.book.last_seq, self.now_us
        head.revision += 1
        return head.entry_seq, head.revision, head.last_us

    def flush(self) -> None:
        """Write everything decided so far, and the branch's head."""
        if self.headers:
            connection, here = self.desk.connection, self.desk.branch_id
            self.take().write(connection, here)
            execute(connection, SAVE_HEAD, (*self.move_head(), here))
