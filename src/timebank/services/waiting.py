"""Those who wait for the coalescing writer: threads and tasks, and how each gets its answer."""

from asyncio import AbstractEventLoop
from asyncio import Future as LoopFuture
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Protocol

from timebank.ledger.batch import Posted, PostItem
from timebank.ledger.model import Actor

Wish = tuple[PostItem, Actor]
Answer = Posted | Exception


class Waiting(Protocol):
    """Somebody with a wish."""

    wish: Wish

    def claim(self) -> bool:
        """Begin to grant the wish; returns False if whoever waited gave up before."""

    def answer(self, answer: Answer) -> None:
        """Say what became of it; in the event loop where there is one."""


class ThreadWaiting:
    """A thread, or whoever else has a `concurrent.futures.Future`."""

    def __init__(self, wish: Wish) -> None:
        """Begin to wait."""
        self.wish = wish
        self.future: Future[Posted] = Future()

    def claim(self) -> bool:
        """Begin to grant the wish; returns False if it was cancelled."""
        return self.future.set_running_or_notify_cancel()

    def answer(self, answer: Answer) -> None:
        """End the future."""
        if isinstance(answer, Posted):
            self.future.set_result(answer)
        else:
            self.future.set_exception(answer)


class AsyncWaiting:
    """A task of an event loop."""

    def __init__(self, wish: Wish, loop: AbstractEventLoop) -> None:
        """Begin to wait; in the loop's thread."""
        self.wish = wish
        self.loop = loop
        self.future: LoopFuture[Posted] = loop.create_future()

    def claim(self) -> bool:
        """Begin to grant the wish; returns False if the task was cancelled."""
        return not self.future.cancelled()

    def answer(self, answer: Answer) -> None:
        """End the future, unless the task was cancelled meanwhile; in the loop's thread."""
        if self.future.done():
            return
        if isinstance(answer, Posted):
            self.future.set_result(answer)
        else:
            self.future.set_exception(answer)


def answer_all(answered: Sequence[tuple[Waiting, Answer]]) -> None:
    """Give everybody their answer; each event loop is woken once for all of its tasks."""
    by_loop: dict[AbstractEventLoop, list[tuple[Waiting, Answer]]] = {}
    for waiting, answer in answered:
        if isinstance(waiting, AsyncWaiting):
            by_loop.setdefault(waiting.loop, []).append((waiting, answer))
        else:
            waiting.answer(answer)
    for loop, those in by_loop.items():
        with suppress(RuntimeError):  # the loop was closed: nobody waits there any more
            loop.call_soon_threadsafe(_answer_here, those)


def _answer_here(answered: Sequence[tuple[Waiting, Answer]]) -> None:
    for waiting, answer in answered:
        waiting.answer(answer)
