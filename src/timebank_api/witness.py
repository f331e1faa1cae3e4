"""The witness: stands outside of everything, sees each request come and its answer go, and writes that down.

It gives the request its id, takes no word of strangers for who they are, and, once the service ends, lets no
connection live on. It never sees more of a person than the role and the branch of their token.
"""

from asyncio import CancelledError
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, cast

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from timebank.errors import ServiceEnding
from timebank_api.ending import Ending
from timebank_api.logs import Log, facts_of
from timebank_api.metrics import Metrics
from timebank_api.peers import Names, Peers
from timebank_api.problems import problem_of, raw_problem
from timebank_api.seen import CURRENT, Seen, operation_of
from timebank_api.traces import Traces

ID_HEADER: Final = b"x-request-id"
ENDED: Final = (
    "The service ends before it can answer: the same request, with its key, finds out what became of it."
)
RETRY: Final = ((b"retry-after", b"1"),)
HEALTH: Final = "/health/"


async def refuse_name(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer who asks for a name that is not ours."""
    problem = problem_of(HTTPStatus.BAD_REQUEST, "unknown_host", "The service is not known under this name.")
    asked: Request[Any, Any, Any] = Request(scope, receive)
    await problem.to_asgi_response(None, asked)(scope, receive, send)


class Witness:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        refuse_name: ASGIApp,
        peers: Peers,
        names: Names,
        root_path: str,
        ending: Ending,
        metrics: Metrics,
        log: Log | None,
        traces: Traces | None,
    ) -> None:
        """Wrap an application.

        Args:
            app: answers.
            refuse_name: answers who asks for a name that is not allowed.
            peers: the named proxies.
            names: the allowed names.
            root_path: under which a proxy shows the service; taken off if the proxy left it on.
            ending: whether the service ends.
            metrics: counts.
            log: takes a line for every request; None takes none.
            traces: makes a span of every request; None makes none.
        """
        self._app = app
        self._refuse_name = refuse_name
        self._peers = peers
        self._names = names
        self._root_path = root_path
        self._ending = ending
        self._metrics = metrics
        self._log = log
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and write down that it was answered."""
        if scope["type"] == ScopeType.HTTP:
            await self._see(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _see(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        request = Seen(self._peers.admit(scope))
        token = CURRENT.set(request)
        self._metrics.in_flight += 1
        try:
            if self._traces is None:
                await self._answer(request, scope, receive, send)
            else:
                with self._traces.span(scope) as span:
                    await self._answer(request, scope, receive, send)
                    self._traces.end(span, operation=operation_of(scope), status=request.status)
        except BaseException as error:
            if self._log is not None:
                self._log.error("unanswered", request=request.id, **facts_of(error))
            raise
        finally:
            CURRENT.reset(token)
            self._metrics.in_flight -= 1
            self._write_down(request, scope, perf_counter() - began)

    async def _answer(self, request: Seen, scope: HTTPScope, receive: Receive, send: Send) -> None:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                headers = [*message["headers"], (ID_HEADER, request.id.encode())]
                if self._ending.has_begun:
                    headers.append((b"connection", b"close"))
                message["headers"] = headers
            await send(message)

        root, path = self._root_path, scope["path"]
        if root and (path == root or path.startswith(root + "/")):
            scope["path"] = path[len(root) :] or "/"
        is_named = self._names.allow(scope) or scope["path"].startswith(HEALTH)
        try:
            await (self._app if is_named else self._refuse_name)(scope, receive, watch)
        except CancelledError:  # the server's patience is over
            if request.status or not self._ending.has_begun:
                raise
            for message in raw_problem(HTTPStatus.SERVICE_UNAVAILABLE, ServiceEnding.code, ENDED, RETRY):
                await watch(cast("Message", message))

    def _write_down(self, request: Seen, scope: HTTPScope, seconds: float) -> None:
        operation = operation_of(scope)
        status = request.status or 499  # it went away, or was sent away, before it was answered
        self._metrics.count(operation=operation, status=status, seconds=seconds, code=request.code)
        if self._log is None:
            return
        facts: dict[str, Any] = {
            "operation": operation,
            "status": status,
            "ms": round(seconds * 1_000, 2),
        }
        if request.code:
            facts["code"] = request.code
        caller = scope.get("user")
        if caller is not None:
            facts["role"], facts["branch"] = caller.role.value, caller.branch
        self._log.info("request", **facts, request=request.id)
