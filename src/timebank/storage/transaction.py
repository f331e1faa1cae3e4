"""One database transaction of a use case: the books of any branch, at one instant."""

from collections.abc import Callable, Hashable
from datetime import datetime
from secrets import token_bytes
from typing import Any, Final

from sqlalchemy.engine import Connection

from timebank.ledger.canonical import instant_of, micros_of
from timebank.ledger.model import Branch
from timebank.storage.books import Books
from timebank.storage.branches import Branches
from timebank.storage.driver import SAVE_HEAD, execute, is_postgresql, query, together
from timebank.storage.engine import CHANGED, WRITES
from timebank.storage.repository import Desk
from timebank.storage.warm import Head, WarmBooks

UNCHANGED: Final = "timebank_unchanged"
"""Where a connection keeps what it found; see `Transaction.unchanged`."""
UNCHANGED_MOST: Final = 10_000
TAKE_HEAD: Final = {
    "sqlite": "SELECT entry_seq, revision, last_us, is_frozen FROM branch_head WHERE branch_id = ?",
    "postgresql": (
        "SELECT entry_seq, revision, last_us, is_frozen FROM branch_head WHERE branch_id = ? FOR UPDATE"
    ),
}


class Transaction:
    """One database transaction: the books of any branch, at one instant (`now`, aware UTC)."""

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        known: dict[str, tuple[int, Branch]],
        warm: WarmBooks | None = None,
        *,
        draw: Callable[[int], bytes] = token_bytes,
    ) -> None:
        """Begin with no books open; `Store.read` and `Store.write` make transactions.

        Args:
            connection: in a transaction.
            now: its instant.
            known: branches found in earlier ones, for ever the same; grows by what was committed.
            warm: the books that earlier ones left in hand; None for a transaction that does not post.
            draw: gives random bytes.
        """
        self.connection = connection
        self.now = now
        self.branches = Branches(connection)
        self._warm = warm
        self._draw = draw
        self._heads: dict[int, Head] = {}
        self._known = known
        self._books: dict[str, Books] = {}

    def books(self, code: str) -> Books:
        """Open the books of a branch; the same ones for the whole transaction.

        Raises:
            UnknownBranch: no branch has that code.
        """
        if code not in self._books:
            branch_id, branch = self._find(code)
            head = self._heads.get(branch_id)
            warm = self._warm.take(branch_id, head.revision) if self._warm is not None and head else None
            desk = Desk(self.connection, branch_id, branch, self.now, head, warm, draw=self._draw)
            self._books[code] = Books(desk)
        return self._books[code]

    def _find(self, code: str) -> tuple[int, Branch]:
        if code in self._known:
            return self._known[code]
        found = self.branches.find(code)
        if not self.connection.info.get(CHANGED, False):  # else it may be this transaction that founds it
            self._known[code] = found
        return found

    def unchanged(self) -> dict[Hashable, Any]:
        """Return what was found on this connection before, for as long as nobody has written since.

        SQLite tells whether anybody has, for next to nothing; of a server nothing is kept.
        """
        if is_postgresql(self.connection) or self.connection.get_execution_options().get(WRITES, False):
            return {}  # a server does not tell, and SQLite nothing of what this very connection writes
        ((version,),) = query(self.connection, "PRAGMA data_version", ())
        kept = self.connection.info.get(UNCHANGED)
        if kept is None or kept[0] != version or len(kept[1]) >= UNCHANGED_MOST:
            kept = self.connection.info[UNCHANGED] = (version, {})
        found: dict[Hashable, Any] = kept[1]
        return found

    def take_heads(self, codes: tuple[str, ...]) -> None:
        """Take the heads of branches in sorted order: who has a head is the branch's only writer.

        Time does not go back in a branch: if the clock did, the transaction has the last write's instant.
        """
        self.connection.info[CHANGED] = False
        taking = TAKE_HEAD[self.connection.dialect.name]
        for branch_id in [self._find(code)[0] for code in sorted(set(codes))]:
            with together(self.connection, rows=1):  # with the BEGIN that the driver sends first
                found = query(self.connection, taking, (branch_id,))
            for entry_seq, revision, last_us, is_frozen in found:
                self._heads[branch_id] = Head(entry_seq, revision, last_us, is_frozen)
                if last_us > micros_of(self.now):
                    self.now = instant_of(last_us)

    def flush(self) -> None:
        """Write what the journals have decided; if anything else was written, count it in the heads taken."""
        for books in self._books.values():
            books.flush()
        if self.connection.info[CHANGED]:
            now_us = micros_of(self.now)
            for branch_id, head in self._heads.items():
                head.revision += 1
                head.last_us = now_us
                values = (head.entry_seq, head.revision, now_us, branch_id)
                execute(self.connection, SAVE_HEAD, values)

    def pending(self) -> int:
        """Return how many rows the journals hold back, about."""
        return sum(books.pending() for books in self._books.values())

    def keep_warm(self) -> None:
        """After the commit, leave in hand what only the journal has changed."""
        if self._warm is None or self.connection.info[CHANGED]:
            return
        for books in self._books.values():
            kept = books.in_hand()
            if kept is not None:
                self._warm.put(books.desk.branch_id, kept)
