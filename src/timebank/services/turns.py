"""Turns: a batch's way into the journal of its branch, decided ahead where that is possible."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from typing import Final

from timebank.care.mandate import require_coordinator
from timebank.errors import NotAllowed
from timebank.ledger.batch import PostResult, check_by_hand
from timebank.ledger.model import Actor
from timebank.services.batches import Batch
from timebank.services.garbage import without_search
from timebank.services.service import act_in
from timebank.services.waiting import Wish
from timebank.storage.ahead import Ahead, NotInHand, Overtaken
from timebank.storage.books import Books
from timebank.storage.store import Store

PART: Final = 250
"""More wishes than these are decided part by part where there is a server, which writes those before."""


class Turn:
    """Wishes that are granted or refused in one transaction."""

    def __init__(self, store: Store, default_actor: Actor, branch: str, wishes: Sequence[Wish]) -> None:
        """Begin with nothing decided."""
        self.store = store
        self.branch = branch
        self.wishes = wishes
        self._default_actor = default_actor
        self._ahead: Ahead | None = None
        self._results: list[PostResult] = []

    def decide(self) -> None:
        """Decide before it is their turn, if that can be done: see `storage.ahead`."""
        ahead = self.store.ahead(self.branch)
        if ahead is None:
            return
        with suppress(NotInHand, NotAllowed):
            batch = self._open(ahead.books)
            if self.store.is_server and len(self.wishes) > PART:
                batch.load([item for item, _ in self.wishes])
            else:
                with without_search() if len(self.wishes) > PART else nullcontext():
                    self._results = self._post(batch, self.wishes)
                    self.store.hand_on(ahead)
            self._ahead = ahead

    def finish(self) -> Sequence[PostResult]:
        """Write them, or decide and write them; returns a result for each, in order.

        To be called once, after the turns of the branch that were decided before.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator; nothing was posted.
            TryAgain, ServerLost, OutcomeUnknown: as for every write.
        """
        has_keys = all(item.key is not None for item, _ in self.wishes)
        return self.store.retry.run(self._run, key="the keys of the requests" if has_keys else None)

    def _run(self) -> Sequence[PostResult]:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            with suppress(Overtaken):
                self.store.write_ahead(ahead, None if self._results else self._parts(ahead.books))
                return self._results
        with self.store.write(self.branch) as tx:
            return self._post(self._open(tx.books(self.branch)), self.wishes)

    def _parts(self, books: Books) -> Iterator[object]:
        batch = Batch(books, self._default_actor)
        for start in range(0, len(self.wishes), PART):
            self._results += self._post(batch, self.wishes[start : start + PART])
            yield start

    def _open(self, books: Books) -> Batch:
        """Open a batch for everybody who wishes something.

        Raises:
            NotAllowed: somebody is not a coordinator.
        """
        for actor in {actor for _, actor in self.wishes}:
            require_coordinator(act_in(books, actor), books.branch.code)
        return Batch(books, self._default_actor)

    @staticmethod
    def _post(batch: Batch, wishes: Sequence[Wish]) -> list[PostResult]:
        items, actors = [item for item, _ in wishes], [actor for _, actor in wishes]
        return batch.post(items, check=check_by_hand, actors=actors)
