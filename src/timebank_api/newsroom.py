"""The newsroom: one look a second at each branch that somebody follows, however many do."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from anyio.to_thread import run_sync

from timebank.care.access import AccessToken
from timebank.errors import TimebankError, TooManyStreams
from timebank.services.bank import Bank

LOOK_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 15.0
"""After so long without news, a comment is sent, and it is looked whether the door is still open."""
STREAMS_MOST: Final = 5
"""Of one caller."""
Caller = tuple[str, str, str]


class Newsroom:
    """Who follows which branch, and how far it has come. For one event loop."""

    def __init__(
        self,
        bank: Bank,
        *,
        look_seconds: float = LOOK_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        streams_most: int = STREAMS_MOST,
    ) -> None:
        """Begin with nobody who follows."""
        self.bank = bank
        self.heartbeat_seconds = heartbeat_seconds
        self.is_closed = False
        self._look_seconds = look_seconds
        self._streams_most = streams_most
        self._streams: Counter[Caller] = Counter()
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._lookers: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, int] = {}

    def close(self) -> None:
        """End every stream: the service ends. May be called from a signal's handler."""
        self.is_closed = True
        for branch in list(self._waiting):
            self._wake(branch)

    async def finish(self) -> None:
        """Close, and look at nothing any more."""
        self.close()
        lookers = list(self._lookers.values())
        for looker in lookers:
            looker.cancel()
        await asyncio.gather(*lookers, return_exceptions=True)

    def require_room(self, token: AccessToken) -> None:
        """See that somebody does not follow in too many places.

        Raises:
            TooManyStreams: they do.
        """
        if self._streams[_caller(token)] >= self._streams_most:
            raise TooManyStreams(most=self._streams_most)

    @contextmanager
    def place(self, token: AccessToken) -> Iterator[None]:
        """Count a stream for as long as it is open."""
        caller = _caller(token)
        self._streams[caller] += 1
        try:
            yield
        finally:
            self._streams[caller] -= 1
            if not self._streams[caller]:
                del self._streams[caller]

    async def news(self, branch: str, known: int) -> bool:
        """Wait for an event after the one that is known; returns False if the heartbeat comes first."""
        if self.is_closed:
            return False
        if self._ends.get(branch, known) > known:
            return True
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[branch].add(waiting)
        if branch not in self._lookers:
            self._ends[branch] = known
            self._lookers[branch] = asyncio.create_task(self._look(branch))
        try:
            await asyncio.wait_for(waiting, self.heartbeat_seconds)
        except TimeoutError:
            return False
        finally:
            self._waiting[branch].discard(waiting)
        return not self.is_closed

    async def _look(self, branch: str) -> None:
        """Look at a branch for as long as somebody waits for its news."""
        try:
            while self._waiting[branch]:
                with suppress(TimebankError):  # the database may be away for a moment
                    end = await run_sync(self.bank.events.end, branch)
                    if end != self._ends[branch]:
                        self._ends[branch] = end
                        self._wake(branch)
                await asyncio.sleep(self._look_seconds)
        finally:
            self._waiting.pop(branch, None)
            self._lookers.pop(branch, None)
            self._ends.pop(branch, None)

    def _wake(self, branch: str) -> None:
        for waiting in self._waiting[branch]:
            if not waiting.done():
                waiting.set_result(None)


def _caller(token: AccessToken) -> Caller:
    return (token.branch, token.role.value, token.ref)
