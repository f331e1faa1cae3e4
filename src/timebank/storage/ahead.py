"""Ahead: a post decided before its transaction begins, on what is in hand, and then sent in one go.

Most of the time nobody but one process writes to a branch. So that process decides its next post on the
books that its last one left, if need be while that one is still being written, and sends the rows together
with BEGIN, the branch's head and COMMIT: to a server in one round trip. The head is saved only if it is still
the one that the post was decided on; if it is not, or if a key was used before, nothing of it is kept, and
the post is decided again in a transaction that has taken the head (see `Store.write`).
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final, NoReturn, cast

from sqlalchemy.engine import Connection

from timebank.storage.books import Books
from timebank.storage.round_trip import UNKNOWN_NAME
from timebank.storage.scripts import Script, Step, Steps
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

    def __init__(self, books: Books, basis: Outcome | None, script: Script) -> None:
        """Begin to decide, on books whose desk is `NOWHERE`."""
        self.books = books
        self.outcome = Outcome()
        self._here = books.desk.branch_id
        self._basis = basis
        self._script = script
        self._revision = books.journal.head.revision
        self._steps: Steps = []

    def hand_on(self) -> WarmBook | None:
        """Take out what was decided, as a whole; returns the book for the next post."""
        journal, requests, script = self.books.journal, self.books.requests, self._script
        if not journal.headers:
            return self.books.desk.warm  # whatever was refused has changed nothing
        unused = requests.assumed_unused()
        rows = script.rows(self._here, journal.take(), requests.take())
        head = script.head(self._here, self._revision, journal.move_head(), unused)
        self._steps = [*head, *rows]
        return self.kept(self.outcome)

    def kept(self, basis: Outcome | None) -> WarmBook:
        """Return the book for the next post, which rests on an outcome, or on what is known."""
        kept = self.books.in_hand()
        assert kept is not None, "what is decided ahead rests on a warm book, and read nothing"
        kept.basis = basis
        return kept

    def steps(self) -> Steps:
        """Return what writes a post that was decided as a whole; waits for the write that it rests on.

        Raises:
            Overtaken: that did not take place, or there is nothing to write: others may have written since.
        """
        self._insist()
        if not self._steps:
            raise Overtaken
        return self._steps

    def flow(self, parts: Iterable[object]) -> Iterator[Step]:
        """Yield what writes a post that is decided part by part, as the parts are decided.

        Args:
            parts: each step of it decides a part.

        Raises:
            Overtaken: as `steps`.
        """
        self._insist()
        journal, requests, script, here = self.books.journal, self.books.requests, self._script, self._here
        head = journal.head
        yield from script.head(here, self._revision, (head.entry_seq, head.revision, head.last_us), ())
        for _ in parts:
            if journal.headers:
                yield from script.rows(here, journal.take(), requests.take())
        if journal.book.last_seq == head.entry_seq:
            raise Overtaken
        yield from script.head(here, self._revision, journal.move_head(), requests.assumed_unused())

    def _insist(self) -> None:
        if self._basis is not None and not self._basis.wait():
            raise Overtaken


def is_overtaken(error: Any) -> bool:  # noqa: ANN401 - the driver is optional
    """Tell whether an error says that what was decided ahead cannot be."""
    state = str(getattr(error, "sqlstate", None))
    return (
        isinstance(error, NotInHand | Overtaken | sqlite3.IntegrityError)
        or state.startswith(CONSTRAINT)
        or state == UNKNOWN_NAME
    )
