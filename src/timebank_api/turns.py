"""Turns: acts on books in a file take turns in one thread.

The file has one writer at a time anyway: threads that wait for it would go unfairly, and keep those who read
waiting for a thread. A server's branches are written side by side, so there acts go where reads go.
"""

from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

from anyio.to_thread import run_sync

from timebank.errors import TryAgain
from timebank.services.bank import Bank

Result = TypeVar("Result")
WAITING_MOST: Final = 1_000
"""Acts that may wait; whoever comes then is told to try again."""


async def look(bank: Bank, work: Callable[[], Result]) -> Result:
    """Do a look of some microseconds: here and now where the books are a file at hand, else in a thread.

    Nobody who writes keeps a look at a file waiting, and a thread would cost more than it.
    """
    return await run_sync(work) if bank.store.is_server else work()


class Turns:
    """The thread in which acts take turns."""

    def __init__(self, *, is_server: bool, waiting_most: int = WAITING_MOST) -> None:
        """Begin with nobody waiting; acts on a server take no turns."""
        self._thread = None if is_server else ThreadPoolExecutor(1, thread_name_prefix="timebank-acts")
        self._waiting = 0
        self._waiting_most = waiting_most

    async def take(self, act: Callable[[], Result]) -> Result:
        """Do an act when it is its turn, and return what it returns.

        Raises:
            TryAgain: too many wait; nothing was done.
        """
        if self._waiting >= self._waiting_most:
            raise TryAgain
        self._waiting += 1
        try:
            return await get_running_loop().run_in_executor(self._thread, copy_context().run, act)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End, after whoever has begun or waits."""
        if self._thread is not None:
            self._thread.shutdown()
