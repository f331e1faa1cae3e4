"""Asking: one request of the client, with its key, its retries and its answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import msgspec

from timebank.client import async_nouns, nouns
from timebank.client.refusals import ServiceUnreachable, refusal_of
from timebank.client.wishes import Wish

ACTING_HEADER: Final = "Timebank-Acting-For"
AGAIN: Final = frozenset({429, 503})
"""Answers after which the same request may succeed."""
TIMEOUT_SECONDS: Final = 30.0
TRIES: Final = 4
WAIT_SECONDS: Final = 0.5
"""After the first try that failed and said nothing else; twice as long after each further one."""
WAIT_SECONDS_MOST: Final = 60.0
Shape = TypeVar("Shape")


def _wait_after(answer: httpx.Response | None, tried: int) -> float:
    """Return for how many seconds to wait before the next try."""
    said = answer.headers.get("Retry-After", "") if answer is not None else ""
    seconds = float(said) if said.isascii() and said.isdigit() else WAIT_SECONDS * 2 ** (tried - 1)
    return min(seconds, WAIT_SECONDS_MOST)


def _read(answer: httpx.Response, shape: type[Shape]) -> Shape:
    if not answer.is_success:
        raise refusal_of(answer.status_code, answer.content)
    if shape is type(None):
        return None
    if shape is str:
        return answer.text  # type: ignore[return-value]
    return msgspec.json.decode(answer.content, type=shape, strict=True)


def _headers(token: str | None, acting_for: str | None) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    if acting_for is not None:
        headers[ACTING_HEADER] = acting_for
    return headers


def _next_of(answer: httpx.Response) -> str | None:
    found = answer.links.get("next", {}).get("url")
    return str(answer.url.join(found)) if found is not None else None


class Client(nouns.Nouns):
    """The service, asked by one thread at a time.

    What changes something gets an idempotency key, or takes one as `key`; if the service is busy or does not
    answer, the same request is made again with the same key, so that it never takes effect twice.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        acting_for: str | None = None,
        tries: int = TRIES,
        http: httpx.Client | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Ask a service.

        Args:
            address: such as `https://bank.example.org`.
            token: an access token; None: as anybody.
            acting_for: the mandate under which to act for somebody else, as the service writes it.
            tries: how often to ask at most.
            http: what to ask through; a client with a time limit of 30 seconds by default.
            wait: how to let seconds pass between two tries.
        """
        super().__init__(self)
        self._address, self._tries, self._wait = address, tries, wait
        self._http = http or httpx.Client(base_url=address, timeout=TIMEOUT_SECONDS)
        self._http.headers.update(_headers(token, acting_for))

    def one(self, shape: type[Shape], wish: Wish) -> Shape:
        """Return one answer.

        Raises:
            ServiceUnreachable: nothing answered.
            TimebankError: what the service said.
        """
        return _read(self._sent(wish.request(self._http), may_repeat=wish.may_repeat), shape)

    def pages(self, shape: type[Shape], wish: Wish) -> Iterator[Shape]:
        """Yield every item of a list, asking for one page after the other.

        Raises:
            ServiceUnreachable, TimebankError: as for `one`.
        """
        request: httpx.Request | None = wish.request(self._http)
        while request is not None:
            answer = self._sent(request, may_repeat=True)
            yield from _read(answer, tuple[shape, ...])  # type: ignore[valid-type]
            url = _next_of(answer)
            request = self._http.build_request("GET", url) if url is not None else None

    def _sent(self, request: httpx.Request, *, may_repeat: bool) -> httpx.Response:
        answer = None
        for tried in range(1, self._tries + 1):
            try:
                answer = self._http.send(request)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in AGAIN:
                return answer
            if not may_repeat:
                break
            if tried < self._tries:
                self._wait(_wait_after(answer, tried))
        return _at_the_end(answer, self._address)

    def close(self) -> None:
        """Let connections go."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _at_the_end(answer: httpx.Response | None, address: str) -> httpx.Response:
    if answer is None:
        raise ServiceUnreachable(address=address)
    return answer


class AsyncClient(async_nouns.Nouns):
    """The service, asked from an event loop; otherwise as `Client`."""

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        acting_for: str | None = None,
        tries: int = TRIES,
        http: httpx.AsyncClient | None = None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Ask a service; the arguments are those of `Client`."""
        super().__init__(self)
        self._address, self._tries, self._wait = address, tries, wait
        self._http = http or httpx.AsyncClient(base_url=address, timeout=TIMEOUT_SECONDS)
        self._http.headers.update(_headers(token, acting_for))

    async def one(self, shape: type[Shape], wish: Wish) -> Shape:
        """Return one answer, as `Client` does."""
        return _read(await self._sent(wish.request(self._http), may_repeat=wish.may_repeat), shape)

    async def pages(self, shape: type[Shape], wish: Wish) -> AsyncIterator[Shape]:
        """Yield every item of a list, as `Client` does."""
        request: httpx.Request | None = wish.request(self._http)
        while request is not None:
            answer = await self._sent(request, may_repeat=True)
            for each in _read(answer, tuple[shape, ...]):  # type: ignore[valid-type]
                yield each
            url = _next_of(answer)
            request = self._http.build_request("GET", url) if url is not None else None

    async def _sent(self, request: httpx.Request, *, may_repeat: bool) -> httpx.Response:
        answer = None
        for tried in range(1, self._tries + 1):
            try:
                answer = await self._http.send(request)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in AGAIN:
                return answer
            if not may_repeat:
                break
            if tried < self._tries:
                await self._wait(_wait_after(answer, tried))
        return _at_the_end(answer, self._address)

    async def close(self) -> None:
        """Let connections go."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
