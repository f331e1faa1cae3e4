"""Turns: acts on books in a file take turns, and those who come together share a commit.

The file has one writer at a time anyway, and a commit waits for the disk. So short acts are done here and
now, one after another in one transaction, and only its end goes to a thread; meanwhile the next ones gather.
While somebody else writes, all of it goes to the thread. What takes longer than a moment has a thread of its
own. A server's branches are written side by side, so there acts go where reads go.
"""

from asyncio import AbstractEventLoop, Future, get_running_loop
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from anyio.to_thread import run_sync

from timebank.errors import TryAgain
from timebank.services.bank import Bank
from timebank.services.sharing import Shared, is_worth_another_try, may_share

Result = TypeVar("Result")
WAITING_MOST: Final = 1_000
"""Acts that may wait; whoever comes then is told to try again."""
SHARED_MOST: Final = 16
"""Acts that share a commit: who only reads is not kept waiting for more of them."""


async def look(bank: Bank, work: Callable[[], Result]) -> Result:
    """Do a look of some microseconds: here and now where the books are a file at hand, else in a thread.

    Nobody who writes keeps a look at a file waiting, and a thread would cost more than it.
    """
    return await run_sync(work) if bank.store.is_server else work()


@dataclass(slots=True)
class _Short:
    """A short act that shares a commit."""

    act: Callable[[], Any]
    is_kept: "Future[bool]"
    """Ends after the commit; False if it is to be done alone."""
    context: Context = field(default_factory=copy_context)
    result: Any = None
    error: Exception | None = None

    def run(self) -> None:
        """Do it, and keep what comes of it until that counts."""
        try:
            self.result = self.context.run(self.act)
        except Exception as error:  # noqa: BLE001 - it is somebody's answer
            self.error = error

    def tell(self, *, is_committed: bool) -> None:
        """Say whether it counts, if anybody still waits."""
        if not self.is_kept.done():
            self.is_kept.set_result(is_committed and not is_worth_another_try(self.error))


class Turns:
    """Who acts when."""

    def __init__(self, bank: Bank, *, waiting_most: int = WAITING_MOST) -> None:
        """Begin with nobody waiting; acts on a server take no turns."""
        self._bank = bank
        self._alone = (
            None if bank.store.is_server else ThreadPoolExecutor(1, thread_name_prefix="timebank-acts")
        )
        self._commits = ThreadPoolExecutor(1, thread_name_prefix="timebank-commits")
        self._waiting = 0
        self._waiting_most = waiting_most
        self._short: deque[_Short] = deque()
        self._is_writing = False

    async def take(self, act: Callable[[], Result], *, is_short: bool = False) -> Result:
        """Do an act when it is its turn, and return what it returns.

        Args:
            act: writes to the books.
            is_short: whether it takes about a millisecond and writes through the store alone, so that it may
                share a commit.

        Raises:
            TryAgain: too many wait; nothing was done.
        """
        if self._waiting >= self._waiting_most:
            raise TryAgain
        self._waiting += 1
        try:
            if not is_short or not may_share(self._bank.store):
                return await self._do_alone(act)
            return await self._share(act)
        finally:
            self._waiting -= 1

    async def _do_alone(self, act: Callable[[], Result]) -> Result:
        return await get_running_loop().run_in_executor(self._alone, copy_context().run, act)

    async def _share(self, act: Callable[[], Result]) -> Result:
        loop = get_running_loop()
        short = _Short(act, loop.create_future())
        self._short.append(short)
        if not self._is_writing:
            self._is_writing = True
            loop.call_soon(self._write, loop)
        if not await short.is_kept:
            return await self._do_alone(act)
        if short.error is not None:
            raise short.error
        result: Result = short.result
        return result

    def _write(self, loop: AbstractEventLoop) -> None:
        """Do the acts that wait, and let a thread wait for the disk."""
        acts = [self._short.popleft() for _ in range(min(len(self._short), SHARED_MOST))]
        try:
            shared = Shared(self._bank.store, is_patient=False)
        except Exception:  # noqa: BLE001 - whatever it is, each act meets it alone; else nobody would be answered
            commit = loop.run_in_executor(self._commits, self._write_waiting, acts)
        else:
            self._act(acts, shared)
            commit = loop.run_in_executor(self._commits, shared.commit)
        commit.add_done_callback(partial(self._tell, loop, acts))

    def _write_waiting(self, acts: Sequence[_Short]) -> None:
        shared = Shared(self._bank.store, is_patient=True)
        self._act(acts, shared)
        shared.commit()

    @staticmethod
    def _act(acts: Sequence[_Short], shared: Shared) -> None:
        with shared.here():
            for each in acts:
                each.run()

    def _tell(self, loop: AbstractEventLoop, acts: Sequence[_Short], commit: "Future[None]") -> None:
        is_committed = commit.exception() is None
        for each in acts:
            each.tell(is_committed=is_committed)
        self._is_writing = bool(self._short)
        if self._is_writing:
            loop.call_soon(self._write, loop)

    def close(self) -> None:
        """End, after whoever has begun or waits."""
        self._commits.shutdown()
        if self._alone is not None:
            self._alone.shutdown()
