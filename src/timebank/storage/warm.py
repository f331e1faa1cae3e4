"""What stays in hand between transactions: the end of a branch's journal, for the next post.

A branch's head counts its writes. Who finds the count that they left knows that nobody wrote since, in no
process: accounts, limits and policies are as they were, and need not be read again. Whoever takes a warm
book out owns it; it comes back only after what changed nothing but the journal.

A book may come back before its commit, for who decides ahead (see `storage.ahead`): then it says on whose
`Outcome` it rests.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Final

from timebank.ledger.book import Book

if TYPE_CHECKING:
    from timebank.storage.log import TreeEnd
    from timebank.storage.policies import PolicyVersion

ACCOUNTS_MOST: Final = 50_000
"""How many accounts are kept in hand, over all branches: some 30 MiB."""
OUTCOME_SECONDS: Final = 5.0
"""How long the outcome of another write is waited for; then the post is decided anew."""
NOT_AHEAD: Final = 16
"""How many posts are not decided ahead after one that was overtaken: others write to that branch, too."""


@dataclass(slots=True)
class Head:
    """A branch's head, as taken by a transaction and as it will leave it."""

    entry_seq: int
    revision: int
    last_us: int
    is_frozen: int = 0
    """1: only what closes the branch is posted."""


class Outcome:
    """Whether a write that was decided ahead took place, once that is known."""

    def __init__(self) -> None:
        """Begin without knowing."""
        self.is_committed = False
        self._lock = Lock()
        self._lock.acquire()

    def settle(self, *, is_committed: bool) -> None:
        """Tell everybody who waits; to be called once."""
        self.is_committed = is_committed
        self._lock.release()

    def wait(self) -> bool:
        """Wait until it is known; returns whether the write took place."""
        is_known = self._lock.acquire(timeout=OUTCOME_SECONDS)
        if is_known:
            self._lock.release()
        return is_known and self.is_committed


@dataclass(slots=True)
class WarmBook:
    """A branch as a transaction left it."""

    head: Head
    today: date
    """Limits are those of this day."""
    book: Book
    policies: "Sequence[PolicyVersion]"
    tree: "TreeEnd"
    """Where its log ends."""
    basis: Outcome | None = None
    """The write that it was left by, if that was not yet committed then."""

    @property
    def is_sure(self) -> bool:
        """Whether what it was left by was committed."""
        return self.basis is None or self.basis.is_committed


class WarmBooks:
    """The warm books of a store, by the branch's number; the least recently used go first."""

    def __init__(self) -> None:
        """Begin with nothing in hand."""
        self._books: OrderedDict[int, WarmBook] = OrderedDict()
        self._accounts = 0
        self._overtaken: Counter[int] = Counter()
        self._lock = Lock()

    def take(self, branch_id: int, revision: int) -> WarmBook | None:
        """Take a branch's book out; None if there is none, or it is not of this revision of the branch."""
        with self._lock:
            warm = self._pop(branch_id)
        return warm if warm is not None and warm.head.revision == revision and warm.is_sure else None

    def take_newest(self, branch_id: int) -> WarmBook | None:
        """Take a branch's book out, whatever it rests on; None if there is none, or others write there."""
        with self._lock:
            if self._overtaken[branch_id] > 0:
                self._overtaken[branch_id] -= 1
                return None
            return self._pop(branch_id)

    def overtaken(self, branch_id: int) -> None:
        """Note that somebody else wrote to a branch."""
        with self._lock:
            self._overtaken[branch_id] = NOT_AHEAD

    def put(self, branch_id: int, warm: WarmBook) -> None:
        """Keep a book."""
        warm.book.changed.clear()
        warm.book.warnings.clear()
        with self._lock:
            self._pop(branch_id)
            self._books[branch_id] = warm
            self._accounts += len(warm.book.accounts)
            while self._accounts > ACCOUNTS_MOST:
                self._pop(next(iter(self._books)))

    def _pop(self, branch_id: int) -> WarmBook | None:
        warm = self._books.pop(branch_id, None)
        self._accounts -= len(warm.book.accounts) if warm is not None else 0
        return warm
