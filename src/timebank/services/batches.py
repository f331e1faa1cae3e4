"""Batches: any number of requests to post in one transaction, each with its result (see `ledger.batch`).

The one way into the journal for many: `Entries.post_many`, the coalescing writer and imports all end here.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import repeat

from timebank.errors import KeyReused, TimebankError
from timebank.ids import AnsweredKey, key_of
from timebank.instants import day_of
from timebank.ledger.batch import (
    Posted,
    PostGroup,
    PostItem,
    PostRequest,
    PostResult,
    Refused,
    payload_of,
    requests_of,
)
from timebank.ledger.model import HELP, Actor, Cause, EntryDraft
from timebank.storage.books import Books

Check = Callable[[PostRequest], None]
"""Refuses a request by raising, before the ledger looks at it."""


class Batch:
    """A branch's journal, open for many requests of one actor."""

    def __init__(self, books: Books, actor: Actor, *, enforce_limits: bool = True) -> None:
        """Begin with nothing posted; `enforce_limits` is False for history and corrections."""
        self.books = books
        self.actor = actor
        self.actor_text = str(actor)
        self.enforce_limits = enforce_limits
        self.requests = books.requests
        self._versions: dict[date, int] = {}

    def post(
        self,
        items: Sequence[PostItem],
        *,
        check: Check | None = None,
        actors: Sequence[Actor] | None = None,
    ) -> list[PostResult]:
        """Decide every item in order; returns a result for each item.

        What was decided is held back until the books are flushed, at the latest with the commit.

        Args:
            items: of any number.
            check: what else refuses a request.
            actors: who wishes each of them, unless it is the batch's own actor for all.
        """
        keys = [self._key_of(item) for item in items]
        known = self.requests.known([key for key in keys if isinstance(key, bytes)])
        self.load(items)
        results = []
        for item, key, actor in zip(items, keys, actors or repeat(self.actor, len(items)), strict=True):
            self._act_as(actor)
            results.append(self._result(item, key, known, check))
        return results

    def _act_as(self, actor: Actor) -> None:
        if actor is not self.actor:
            self.actor, self.actor_text = actor, str(actor)

    def _key_of(self, item: PostItem) -> bytes | TimebankError | None:
        try:
            return key_of(item.key) if item.key is not None else None
        except TimebankError as error:
            return error

    def load(self, items: Iterable[PostItem]) -> None:
        """Take the accounts of items in hand."""
        in_hand = self.books.journal.book.accounts
        missing = {
            posting.path
            for item in items
            for request in requests_of(item)
            for posting in request.postings
            if (posting.path, posting.unit) not in in_hand
        }
        if missing:
            self.books.journal.load(*sorted(missing))

    def _result(
        self,
        item: PostItem,
        key: bytes | TimebankError | None,
        known: dict[bytes, tuple[bytes, str]],
        check: Check | None,
    ) -> PostResult:
        try:
            if isinstance(key, TimebankError):
                raise key
            payload = payload_of(item, self.actor_text) if key is not None else b""
            if key is not None:
                used = self.requests.pending.get(key) or known.get(key)
                if used is not None:
                    repeated = _repeated(used, payload)
                    if isinstance(item.key, AnsweredKey):
                        item.key.answer = self.requests.answers.get(key)
                    return repeated
            posted = self._post(item, check)
        except TimebankError as error:
            return Refused(error=error)
        if key is not None:
            self.requests.pending[key] = payload, " ".join(map(str, posted.entries))
            if isinstance(item.key, AnsweredKey):
                self.requests.answers[key] = item.key.answer_to(posted)
        return posted

    def _post(self, item: PostItem, check: Check | None) -> Posted:
        warnings = self.books.journal.warnings
        before = len(warnings)
        if isinstance(item, PostGroup):
            entries = self._post_group(item, check)
        else:
            entries = (self._post_one(item, check),)
        return Posted(entries=entries, warnings=tuple(warnings[before:]))

    def _post_group(self, group: PostGroup, check: Check | None) -> tuple[int, ...]:
        journal = self.books.journal
        mark = journal.mark((each.path, each.unit) for request in group.requests for each in request.postings)
        try:
            return tuple(self._post_one(request, check) for request in group.requests)
        except TimebankError:
            journal.go_back(mark)
            raise

    def _post_one(self, request: PostRequest, check: Check | None) -> int:
        if check is not None:
            check(request)
        books = self.books
        cause = request.cause or Cause("transfer", str(books.journal.book.last_seq + 1))
        at = request.effective_at
        on = books.today if at is None else day_of(at, books.zone)
        draft = EntryDraft(
            kind=request.kind,
            cause=cause,
            effective_at=at if at is not None else books.desk.now,
            effective_on=on,
            policy_version=self.version_on(on),
            actor=self.actor,
            postings=request.postings,
            counts_help=1 if request.kind in HELP else 0,
        )
        return books.journal.post(draft, enforce_limits=self.enforce_limits).seq

    def version_on(self, on: date) -> int:
        """Return the version of the policy in force on a day."""
        if on not in self._versions:
            self._versions[on] = self.books.policies.in_force(on).version
        return self._versions[on]


def _repeated(used: tuple[bytes, str], payload: bytes) -> Posted:
    if used[0] != payload:
        raise KeyReused
    return Posted(entries=tuple(map(int, used[1].split())), is_repeat=True)
