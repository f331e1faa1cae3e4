"""Ahead: a post decided before its transaction begins, on what is in hand, and then sent in one go.

Most of the time nobody but one process writes to a branch. So that process decides its next post on the
books that its last one left, if need be while the server still writes that one, and sends the rows together
with BEGIN, the branch's head and COMMIT: one round trip. The head is saved only if it is still the one that
the post was decided on; if it is not, or if a key was used before, nothing of it is kept, and the post is
decided again in a transaction that has taken the head (see `Store.write`). On PostgreSQL only: on SQLite a
transaction of one's own costs no round trips.
"""

from typing import Any, Final, NoReturn, cast

from sqlalchemy.engine import Connection

from timebank.storage.books import Books
from timebank.storage.driver import ONE_PLAN, balances_saved, head_moved, in_one, numbered, rows_inserted
from timebank.storage.journal import Decided
from timebank.storage.requests import Requests
from timebank.storage.round_trip import Statement
from timebank.storage.tables import EntryRow, PostingRow, RequestKeyRow
from timebank.storage.warm import Outcome, WarmBook

CONSTRAINT: Final = "23"
"""The class of SQLSTATE: a row that cannot be, among them a head without a revision, a key used twice."""


class NotInHand(Exception):
    """To decide, something has to be read."""


class Overtaken(Exception):
    """What was decided ahead rests on what is not so; nothing of it was written."""


class _Nowhere:
    """Stands where a connection would be."""

    def __getattr__(self, name: str) -> NoReturn:
        raise NotInHand


NOWHERE: Final = cast("Connection", _Nowhere())


class Ahead:
    """A post on its way: decided, then handed on for the next one to rest on, then written."""

    def __init__(self, books: Books, basis: Outcome | None) -> None:
        """Begin to decide, on books whose desk is `NOWHERE`."""
        self.books = books
        self.outcome = Outcome()
        self._basis = basis
        self.statements: list[Statement] = []
        """What writes every row, once that is decided; none if there is nothing to write."""

    def hand_on(self) -> WarmBook | None:
        """Take out what was decided; returns the book for the next post."""
        if not self.books.journal.headers:
            return self.books.desk.warm  # whatever was refused has changed nothing
        revision = self.books.journal.head.revision
        self.statements = self._written(revision, self.books.journal.take(), self.books.requests)
        kept = self.books.in_hand()
        assert kept is not None, "what is decided ahead rests on a warm book, and read nothing"
        kept.basis = self.outcome
        return kept

    def insist(self) -> None:
        """Wait for the write that this one rests on.

        Raises:
            Overtaken: it did not take place, or there is nothing to write: others may have written since.
        """
        if not self.statements or (self._basis is not None and not self._basis.wait()):
            raise Overtaken

    def _written(self, revision: int, decided: Decided, requests: Requests) -> list[Statement]:
        """Return what writes every row, the head first: who has it is the only writer."""
        here, head = self.books.desk.branch_id, decided.head
        moved = (head.entry_seq, head.revision, head.last_us)
        unused, keys = requests.assumed_unused(), requests.take()
        parts = [balances_saved(here, decided.balances), rows_inserted(PostingRow, decided.lines)]
        if keys:
            parts.insert(0, rows_inserted(RequestKeyRow, keys))
        return [
            (ONE_PLAN, ()),
            numbered(head_moved(here, revision, moved, unused)),
            numbered(in_one(parts)),
            numbered(rows_inserted(EntryRow, decided.headers)),
        ]


def is_overtaken(error: Any) -> bool:  # noqa: ANN401 - the driver is optional
    """Tell whether an error says that rows decided ahead cannot be."""
    cause = getattr(error, "orig", error)
    return str(getattr(cause, "sqlstate", None)).startswith(CONSTRAINT)
