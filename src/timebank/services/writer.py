"""The coalescing writer: single requests that arrive together are posted together.

One thread writes for each branch that has requests; while it commits one batch, the next one gathers.
So a hot account costs nothing extra, and many callers share the price of one commit. Every caller gets
the answer to its own request and to no other's, and only after the commit.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread
from types import TracebackType
from typing import Final, Self

from timebank.errors import Kind, OutcomeUnknown, QueueFull, TimebankError, WriterClosed
from timebank.ledger.batch import Posted, PostItem, PostResult, Refused
from timebank.ledger.model import Actor

QUEUE_MOST: Final = 1_000
BATCH_MOST: Final = 1_000
LINGER_SECONDS: Final = 0.002
"""How long a batch waits for callers who were just answered: they cost less than another commit."""
BATCHES_IN_VAIN: Final = 16
IDLE_SECONDS: Final = 2.0
"""How long a branch's thread waits for more before it ends."""

Wish = tuple[PostItem, Actor]
PostAll = Callable[[str, Sequence[Wish]], Sequence[PostResult]]
"""Posts wishes of a branch in one transaction; a result for each."""


@dataclass(slots=True)
class _Waiting:
    wish: Wish
    future: "Future[Posted]"


@dataclass(slots=True)
class _Lane:
    """What waits for one branch."""

    changed: Condition
    """Told when the first request waits, when as many wait as are expected, and when the writer closes."""
    queue: deque[_Waiting] = field(default_factory=deque)
    expected: int = 0
    """How many requests there would be if everybody who was just answered asked again at once."""
    in_vain: int = 0
    """For how many more batches nobody is waited for, because those who were expected did not come."""


class Writer:
    """Takes requests from any number of threads; use it as a context manager, or `close` it."""

    def __init__(
        self,
        post_all: PostAll,
        actor_of: Callable[[Actor | str | None], Actor],
        *,
        queue_most: int = QUEUE_MOST,
        batch_most: int = BATCH_MOST,
    ) -> None:
        """Begin with nothing waiting; `Bank.writer` makes writers.

        Args:
            post_all: writes a batch.
            actor_of: says who acts.
            queue_most: how many requests may wait for one branch.
            batch_most: how many are posted in one transaction.
        """
        self._post_all = post_all
        self._actor_of = actor_of
        self._queue_most = queue_most
        self._batch_most = batch_most
        self._lanes: dict[str, _Lane] = {}
        self._threads: dict[str, Thread] = {}
        self._is_closing = False
        self._lock = Lock()

    def post(self, branch: str, item: PostItem, *, by: Actor | str | None = None) -> Posted:
        """Post one request or group and wait for the commit.

        Raises:
            QueueFull, WriterClosed: nothing was changed, try again.
            Others: see `Entries.post`.
        """
        return self.submit(branch, item, by=by).result()

    def submit(self, branch: str, item: PostItem, *, by: Actor | str | None = None) -> "Future[Posted]":
        """Hand one request or group in; the future ends after the commit, or with the refusal.

        Raises:
            QueueFull: too many wait already.
            WriterClosed: the writer is closing.
            BadActor, BadReference: `by` is not an actor.
        """
        future: Future[Posted] = Future()
        wish = (item, self._actor_of(by))
        with self._lock:
            if self._is_closing:
                raise WriterClosed
            lane = self._lanes.get(branch) or self._open(branch)
            if len(lane.queue) >= self._queue_most:
                raise QueueFull
            lane.queue.append(_Waiting(wish, future))
            if len(lane.queue) in {1, lane.expected}:
                lane.changed.notify()
        return future

    def _open(self, branch: str) -> _Lane:
        lane = self._lanes[branch] = _Lane(Condition(self._lock))
        thread = Thread(target=self._write, args=(branch, lane), name=f"timebank writer {branch}")
        self._threads[branch] = thread
        thread.start()
        return lane

    def waiting(self) -> int:
        """Return how many requests wait, over all branches."""
        with self._lock:
            return sum(len(lane.queue) for lane in self._lanes.values())

    def close(self) -> None:
        """Take no more requests, answer every one that waits, and end the threads."""
        with self._lock:
            self._is_closing = True
            for lane in self._lanes.values():
                lane.changed.notify()
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, branch: str, lane: _Lane) -> None:
        """Write a branch's requests until none came for a while."""
        while batch := self._next_batch(branch, lane):
            self._answer(branch, [each for each in batch if each.future.set_running_or_notify_cancel()])
            lane.expected = len(lane.queue) + len(batch)

    def _next_batch(self, branch: str, lane: _Lane) -> list[_Waiting]:
        """Take what waits; empty once nothing came for a while, or nothing will: the thread then ends."""
        with self._lock:
            if not lane.queue:
                lane.changed.wait_for(lambda: lane.queue or self._is_closing, timeout=IDLE_SECONDS)
            self._linger(lane)
            batch = [lane.queue.popleft() for _ in range(min(len(lane.queue), self._batch_most))]
            if not batch:
                del self._lanes[branch], self._threads[branch]
            return batch

    def _linger(self, lane: _Lane) -> None:
        """Let those in who were just answered and are on their way back, if there are such callers."""
        expected = min(lane.expected, self._batch_most)
        if len(lane.queue) >= expected or self._is_closing:
            return
        if lane.in_vain > 0:
            lane.in_vain -= 1
            return
        has_come = lane.changed.wait_for(
            lambda: len(lane.queue) >= expected or self._is_closing, timeout=LINGER_SECONDS
        )
        if not has_come:
            lane.in_vain = BATCHES_IN_VAIN

    def _answer(self, branch: str, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        try:
            results = self._post_all(branch, [each.wish for each in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is somebody's answer
            self._answer_failed(branch, batch, error)
            return
        for each, result in zip(batch, results, strict=True):
            if isinstance(result, Refused):
                each.future.set_exception(result.error)
            else:
                each.future.set_result(result)

    def _answer_failed(self, branch: str, batch: Sequence[_Waiting], error: Exception) -> None:
        """Nothing of a batch was kept: try each request by itself, unless it could only fail again."""
        is_transient = isinstance(error, TimebankError) and error.kind is Kind.TRANSIENT
        if len(batch) > 1 and not is_transient:
            for each in batch:
                self._answer(branch, [each])
            return
        for each in batch:
            each.future.set_exception(_own(error, each.wish[0]))


def _own(error: Exception, item: PostItem) -> Exception:
    """Return the error as one caller meets it: with their own key."""
    return OutcomeUnknown(key=item.key or "none was given") if isinstance(error, OutcomeUnknown) else error
