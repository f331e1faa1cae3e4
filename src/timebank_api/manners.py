"""Manners: the outermost layer, which every request passes on its way in and every answer on its way out.

It refuses what need not be looked at, answers a repeated request with the bytes of the first answer, says
where a list goes on, answers `If-None-Match`, and lets nobody wait for ever. It is plain ASGI: it costs every
request little.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from timebank_api.limits import Buckets, peer_of
from timebank_api.problems import raw_problem
from timebank_api.sightings import write_down
from timebank_api.tags import is_known, tag_of
from timebank_api.visits import PLACE, Shared, Visit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
SECONDS_MOST: Final = 30
RETRY_LATE: Final = 5
OK: Final = 200
NOT_MODIFIED: Final = 304
UNAUTHORIZED: Final = 401
STRICT: Final = (b"strict-transport-security", b"max-age=31536000")
READS: Final = frozenset({"GET", "HEAD"})
LATE: Final = "The answer takes too long. The same request, with its key, finds out later what became of it."
UNFINISHED: Final = "The request did not arrive as a whole in time."


@dataclass(slots=True)
class Manners:
    """The application, with manners."""

    app: App
    seconds_most: float = SECONDS_MOST
    """How long a request may take, its arrival included; 0 for no limit."""
    refused: Buckets = field(default_factory=lambda: Buckets(per_second=0, burst=0))
    """How often a peer may come without being let in."""
    shared: Shared = field(default_factory=Shared)
    is_behind_tls: bool = False
    """Whether browsers are told to come by https only."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        visit = scope[PLACE] = Visit(self.shared)
        if self.is_behind_tls:
            send = _strictly(send)
        answer = Answer(visit, scope, send, self.refused)
        wait_seconds = self.refused.wait_seconds(peer_of(scope)) if self.refused.per_second else 0
        if wait_seconds and not self.shared.knows(scope):
            detail = "Too many requests without a valid access token came from your address."
            await answer.refuse(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", detail, retry=wait_seconds)
            return
        if await _is_refused(scope, answer):
            return
        arriving = _Arriving(receive)
        timer = None
        if self.seconds_most:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(self.seconds_most, lambda: loop.create_task(answer.end(arriving)))
        try:
            await self.app(scope, arriving, answer)
        finally:
            if timer is not None:
                timer.cancel()
            visit.end()
            if self.shared.recorder is not None:
                write_down(self.shared.recorder, visit, scope, answer.status)


def _strictly(send: Send) -> Send:
    async def send_strictly(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), STRICT]
        await send(message)

    return send_strictly


class _Arriving:
    """A request on its way in."""

    __slots__ = ("is_whole", "receive")

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.is_whole = False

    async def __call__(self) -> Message:
        message = await self.receive()
        if not message.get("more_body", False):
            self.is_whole = True
        return message


class Answer:
    """An answer on its way out."""

    __slots__ = ("_refused", "_scope", "_send", "_start", "_visit", "is_over", "is_started", "status")

    def __init__(self, visit: Visit, scope: Scope, send: Send, refused: Buckets) -> None:
        """Begin with nothing sent."""
        self._visit = visit
        self._scope = scope
        self._send = send
        self._refused = refused
        self._start: Message | None = None
        self.status = 0
        self.is_started = False
        self.is_over = False
        """Whether something else was answered: the rest comes too late."""

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer, the first one only with the second."""
        if self.is_over:
            return
        kind = message["type"]
        if kind == "http.response.start":
            self._start = message
            self.status = message["status"]
            if self._refused.per_second:
                self._count(message["status"])
            return
        if kind == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            self.is_started = True
            if not message.get("more_body", False):
                message = self._finished(start, message)
            await self._send(start)
        await self._send(message)

    def _count(self, status: int) -> None:
        """Count who is not let in, and remember who is."""
        if status == UNAUTHORIZED:
            self._refused.take(peer_of(self._scope))
        elif self._scope.get("user") is not None:
            self._visit.shared.remember(self._scope)

    def _finished(self, start: Message, message: Message) -> Message:
        """Complete an answer that is there as a whole."""
        visit, status = self._visit, start["status"]
        body: bytes = message.get("body", b"")
        if visit.key is not None and visit.key.answer is not None and status < HTTPStatus.MULTIPLE_CHOICES:
            body = visit.key.answer.encode()
            return self._replaced(start, message, body)
        if status != OK or self._scope["method"] not in READS or not body:
            return message
        tag = tag_of(body + (visit.next or "").encode())
        headers = [*start.get("headers", ()), (b"etag", tag)]
        if visit.next is not None:
            headers.append((b"link", visit.next.encode()))
        start["headers"] = headers
        if is_known(self._scope, tag):
            start["status"] = NOT_MODIFIED
            start["headers"] = [each for each in headers if not each[0].lower().startswith(b"content-")]
            return {**message, "body": b""}
        return message

    def _replaced(self, start: Message, message: Message, body: bytes) -> Message:
        others = [each for each in start.get("headers", ()) if each[0].lower() != b"content-length"]
        start["headers"] = [*others, (b"content-length", str(len(body)).encode())]
        return {**message, "body": body}

    async def refuse(
        self, status: HTTPStatus, code: str, detail: str, *, retry: int | None = None, is_last: bool = False
    ) -> None:
        """Answer with a problem instead; `is_last` closes the connection."""
        self.is_started = self.is_over = True
        headers = [(b"retry-after", str(retry).encode())] if retry is not None else []
        if is_last:
            headers.append((b"connection", b"close"))
        start, body = raw_problem(status, code, detail, headers)
        await self._send(start)
        await self._send(body)

    async def end(self, arriving: _Arriving) -> None:
        """Answer that it took too long, unless the answer is on its way."""
        if self.is_started:
            return
        if arriving.is_whole:
            status, code = HTTPStatus.SERVICE_UNAVAILABLE, "too_late"
            await self.refuse(status, code, LATE, retry=RETRY_LATE, is_last=True)
        else:
            await self.refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", UNFINISHED, is_last=True)


async def _is_refused(scope: Scope, answer: Answer) -> bool:
    """Refuse what no route takes: bodies in another encoding, null characters."""
    if any(name == b"content-encoding" and value.lower() != b"identity" for name, value in scope["headers"]):
        detail = "Send the body as it is, without a Content-Encoding."
        await answer.refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        return True
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        detail = "The address has a null character."
        await answer.refuse(HTTPStatus.BAD_REQUEST, "malformed", detail)
        return True
    return False
