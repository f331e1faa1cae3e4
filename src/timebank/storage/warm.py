"""What stays in hand between transactions: the end of a branch's journal, for the next post.

A branch's head counts its writes. Who finds the count that they left knows that nobody wrote since, in no
process: accounts, limits and policies are as they were, and need not be read again. Whoever takes a warm
book out owns it; it comes back only after a commit that changed nothing but the journal.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Final

from timebank.ledger.book import Book

if TYPE_CHECKING:
    from timebank.storage.policies import PolicyVersion

ACCOUNTS_MOST: Final = 50_000
"""How many accounts are kept in hand, over all branches: some 30 MiB."""


@dataclass(slots=True)
class Head:
    """A branch's head, as taken by a transaction and as it will leave it."""

    entry_seq: int
    revision: int
    last_us: int


@dataclass(slots=True)
class WarmBook:
    """A branch as a transaction left it."""

    revision: int
    today: date
    """Limits are those of this day."""
    book: Book
    policies: "Sequence[PolicyVersion]"


class WarmBooks:
    """The warm books of a store, by the branch's number; the least recently used go first."""

    def __init__(self) -> None:
        """Begin with nothing in hand."""
        self._books: OrderedDict[int, WarmBook] = OrderedDict()
        self._accounts = 0
        self._lock = Lock()

    def take(self, branch_id: int, revision: int) -> WarmBook | None:
        """Take a branch's book out; None if there is none or somebody wrote since."""
        with self._lock:
            warm = self._books.pop(branch_id, None)
            self._accounts -= len(warm.book.accounts) if warm is not None else 0
        return warm if warm is not None and warm.revision == revision else None

    def put(self, branch_id: int, warm: WarmBook) -> None:
        """Keep a book after its commit."""
        warm.book.changed.clear()
        warm.book.warnings.clear()
        with self._lock:
            replaced = self._books.pop(branch_id, None)
            self._accounts -= len(replaced.book.accounts) if replaced is not None else 0
            self._books[branch_id] = warm
            self._accounts += len(warm.book.accounts)
            while self._accounts > ACCOUNTS_MOST:
                _, oldest = self._books.popitem(last=False)
                self._accounts -= len(oldest.book.accounts)
