"""The coalescing writer: single requests that arrive together are posted together.

A crew of threads writes for each branch that has requests, hand over hand: while one of them writes a batch,
the next one gathers and, where the database allows it, decides the following one, and it begins to write as
soon as the first has ended. So a hot account costs nothing extra, and many callers share the price of one
commit. Every caller gets the answer to its own request and to no other's, and only after the commit.
"""

from asyncio import get_running_loop
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from math import ceil
from threading import Condition, Lock, Thread
from types import TracebackType
from typing import Final, NoReturn, Protocol, Self

from timebank.errors import Kind, OutcomeUnknown, QueueFull, TimebankError, WriterClosed
from timebank.ledger.batch import Posted, PostItem, PostResult, Refused
from timebank.ledger.model import Actor
from timebank.services.waiting import Answer, AsyncWaiting, ThreadWaiting, Waiting, Wish, answer_all

QUEUE_MOST: Final = 1_000
BATCH_MOST: Final = 1_000
LINGER_SECONDS: Final = 0.002
"""How long a batch waits for callers who were just answered: they cost less than another commit."""
SHARE_LEAST: Final = 8
"""Fewer requests than these are not shared out to two batches, one decided while the other is written."""
BATCHES_IN_VAIN: Final = 16
IDLE_SECONDS: Final = 2.0
"""How long a branch's threads wait for more before they end."""

Finish = Callable[[], Sequence[PostResult]]
"""Writes wishes in one transaction; a result for each."""


class Prepare(Protocol):
    """Decides wishes of a branch, as far as that is possible before it is their turn, unless it is."""

    def __call__(self, branch: str, wishes: Sequence[Wish], /, *, is_turn: bool = False) -> Finish:
        """Return what writes them, or decides and writes them."""


class _Lane:
    """What waits for one branch, and who writes it."""

    def __init__(self, lock: Lock) -> None:
        self.changed = Condition(lock)
        """Told when the first request waits, when as many wait as are expected, when a batch was written, and
        when the writer closes."""
        self.queue: deque[Waiting] = deque()
        self.gathering = Lock()
        """Whose turn it is to gather and decide."""
        self.writing = Lock()
        """Whose turn it is to write; taken before `gathering` is given back, so that nobody overtakes."""
        self.is_left = False
        """Whether nothing came for so long that the threads end."""
        self.in_flight = 0
        """How many requests are being written."""
        self.expected = 0
        """How many a batch should have, if everybody who was just answered asks again at once."""
        self.in_vain = 0
        """For how many more batches nobody is waited for, because those who were expected did not come."""


class Writer:
    """Takes requests from any number of threads and tasks; use it as a context manager, or `close` it."""

    def __init__(
        self,
        prepare: Prepare,
        actor_of: Callable[[Actor | str | None], Actor],
        *,
        queue_most: int = QUEUE_MOST,
        batch_most: int = BATCH_MOST,
        crew: int = 1,
    ) -> None:
        """Begin with nothing waiting; `Bank.writer` makes writers.

        Args:
            prepare: decides a batch, and returns what writes it.
            actor_of: says who acts.
            queue_most: how many requests may wait for one branch.
            batch_most: how many are posted in one transaction.
            crew: how many threads write for a branch: two where a batch can be decided while the one before
                it is written, else one.
        """
        self._prepare = prepare
        self._actor_of = actor_of
        self._queue_most = queue_most
        self._batch_most = batch_most
        self._crew = crew
        self._lanes: dict[str, _Lane] = {}
        self._threads: set[Thread] = set()
        self._is_closing = False
        self._lock = Lock()

    def post(self, branch: str, item: PostItem, *, by: Actor | str | None = None) -> Posted:
        """Post one request or group and wait for the commit.

        Raises:
            QueueFull, WriterClosed: nothing was changed, try again.
            Others: see `Entries.post`.
        """
        return self.submit(branch, item, by=by).result()

    async def apost(self, branch: str, item: PostItem, *, by: Actor | str | None = None) -> Posted:
        """Do what `post` does, for a task of an event loop; raises the same."""
        waiting = AsyncWaiting((item, self._actor_of(by)), get_running_loop())
        self._enter(branch, waiting)
        return await waiting.future

    def submit(self, branch: str, item: PostItem, *, by: Actor | str | None = None) -> "Future[Posted]":
        """Hand one request or group in; the future ends after the commit, or with the refusal.

        Raises:
            QueueFull: too many wait already.
            WriterClosed: the writer is closing.
            BadActor, BadReference: `by` is not an actor.
        """
        waiting = ThreadWaiting((item, self._actor_of(by)))
        self._enter(branch, waiting)
        return waiting.future

    def _enter(self, branch: str, waiting: Waiting) -> None:
        with self._lock:
            if self._is_closing:
                raise WriterClosed
            lane = self._lanes.get(branch) or self._open(branch)
            if len(lane.queue) >= self._queue_most:
                raise QueueFull
            lane.queue.append(waiting)
            if len(lane.queue) in {1, lane.expected}:
                lane.changed.notify_all()

    def _open(self, branch: str) -> _Lane:
        lane = self._lanes[branch] = _Lane(self._lock)
        for number in range(1, self._crew + 1):
            name = f"timebank writer {number} of {branch}"
            thread = Thread(target=self._write, args=(branch, lane), name=name)
            self._threads = {each for each in self._threads if each.is_alive()} | {thread}
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
                lane.changed.notify_all()
            threads = list(self._threads)
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
        while True:
            with lane.gathering:
                batch = self._next_batch(branch, lane)
                if not batch:
                    return
                claimed = [each for each in batch if each.claim()]
                finish = self._prepared(branch, claimed)
                lane.writing.acquire()  # before `gathering` is given back: nobody overtakes
            try:
                answers = self._answers(branch, claimed, finish)
            finally:
                self._is_written(lane, len(batch))
            answer_all(answers)

    def _is_written(self, lane: _Lane, number: int) -> None:
        with self._lock:
            lane.in_flight -= number
            lane.expected = ceil((len(lane.queue) + lane.in_flight + number) / self._crew)
            lane.changed.notify_all()
        lane.writing.release()

    def _next_batch(self, branch: str, lane: _Lane) -> list[Waiting]:
        """Take what waits; empty once nothing came for a while, or nothing will: the thread then ends."""
        with self._lock:
            while not lane.queue:
                if lane.is_left or self._is_closing:
                    return []
                lane.changed.wait_for(lambda: lane.queue or self._is_closing, timeout=IDLE_SECONDS)
                if not lane.queue and lane.in_flight == 0 and self._lanes.get(branch) is lane:
                    lane.is_left = True
                    del self._lanes[branch]
            self._linger(lane)
            share = max(SHARE_LEAST, ceil((len(lane.queue) + lane.in_flight) / self._crew))
            batch = [lane.queue.popleft() for _ in range(min(len(lane.queue), share, self._batch_most))]
            lane.in_flight += len(batch)
            return batch

    def _linger(self, lane: _Lane) -> None:
        """Let those in who were just answered and are on their way back, if there are such callers."""
        expected = min(lane.expected, self._batch_most)

        def is_enough() -> bool:
            return len(lane.queue) >= expected or self._is_closing

        lane.changed.wait_for(lambda: is_enough() or lane.in_flight == 0)
        if is_enough():
            return
        if lane.in_vain > 0:
            lane.in_vain -= 1
        elif not lane.changed.wait_for(is_enough, timeout=LINGER_SECONDS):
            lane.in_vain = BATCHES_IN_VAIN

    def _prepared(self, branch: str, batch: Sequence[Waiting], *, is_turn: bool = False) -> Finish:
        """Decide a batch ahead; what goes wrong goes wrong when it is finished."""
        try:
            return self._prepare(branch, [each.wish for each in batch], is_turn=is_turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is somebody's answer
            return partial(_raise, error)

    def _answers(
        self, branch: str, batch: Sequence[Waiting], finish: Finish
    ) -> Sequence[tuple[Waiting, Answer]]:
        if not batch:
            return ()
        try:
            results = finish()
        except Exception as error:  # noqa: BLE001 - as above
            return self._answers_failed(branch, batch, error)
        return [
            (each, result.error if isinstance(result, Refused) else result)
            for each, result in zip(batch, results, strict=True)
        ]

    def _answers_failed(
        self, branch: str, batch: Sequence[Waiting], error: Exception
    ) -> Sequence[tuple[Waiting, Answer]]:
        """Nothing of a batch was kept: try each request by itself, unless it could only fail again."""
        is_transient = isinstance(error, TimebankError) and error.kind is Kind.TRANSIENT
        if len(batch) == 1 or is_transient:
            return [(each, _own(error, each.wish[0])) for each in batch]
        return [
            answer
            for each in batch
            for answer in self._answers(branch, [each], self._prepared(branch, [each], is_turn=True))
        ]


def _raise(error: Exception) -> NoReturn:
    raise error


def _own(error: Exception, item: PostItem) -> Exception:
    """Return the error as one caller meets it: with their own key."""
    return OutcomeUnknown(key=item.key or "none was given") if isinstance(error, OutcomeUnknown) else error
