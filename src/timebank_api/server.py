"""The server: uvicorn, one process, until it is told to end; then all in flight is answered or refused."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any, Final

import uvicorn

from timebank.errors import CannotListen, PortTaken
from timebank_api.app import create_app
from timebank_api.configuration import InForce, load
from timebank_api.ending import Ending
from timebank_api.logs import log_to_stderr, start
from timebank_api.memory import share_memory
from timebank_api.patience import Patient
from timebank_api.settings import Settings

__all__ = ["InForce", "load", "serve"]
LAST_SECONDS: Final = 1.0
"""How long we wait for requests on connections that are open when nobody is let in any more."""
PAUSE_SECONDS: Final = 0.02
BACKLOG: Final = 2_048
"""Connections that wait to be accepted."""


class Server(uvicorn.Server):
    """Ends in two steps: first it answers everybody and keeps no connection, then nobody comes in."""

    def __init__(self, config: uvicorn.Config, *, ending: Ending, drain_seconds: int) -> None:
        """Run an application.

        Args:
            config: of uvicorn.
            ending: told when the first signal comes.
            drain_seconds: how long everybody is still answered after it.
        """
        super().__init__(config)
        self._ending = ending
        self._drain_seconds = drain_seconds
        self._ends_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as uvicorn has it
        """Begin to end at the first signal, go on at once at the second, wait for nobody at the third."""
        if self._ends_at is None:
            self._ending.begin()
            self._ends_at = monotonic() + self._drain_seconds
        else:
            self.force_exit = self.should_exit
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Tell whether it is time to let nobody in any more."""
        is_over = await super().on_tick(counter)
        return is_over or (self._ends_at is not None and monotonic() >= self._ends_at)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody in; answer who came in last, rather than hang up on them; then end as uvicorn does."""
        for listening in sockets or ():
            await self._let_in(listening)
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        until = monotonic() + LAST_SECONDS
        # No event: connections are uvicorn's, and it says nothing when one ends.
        while self.server_state.connections and monotonic() < until and not self.force_exit:  # noqa: ASYNC110 - as above
            await asyncio.sleep(PAUSE_SECONDS)
        await super().shutdown(sockets)

    async def _let_in(self, listening: socket.socket) -> None:
        """Accept whoever stands at the door: the system would hang up on them when it is shut."""
        loop = asyncio.get_running_loop()
        kind: Any = self.config.http_protocol_class
        protocol = partial(
            kind,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        with suppress(OSError):  # nobody is left
            while True:
                accepted, _ = listening.accept()
                accepted.setblocking(False)  # noqa: FBT003 - as the library has it
                await loop.connect_accepted_socket(protocol, accepted)


def serve(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve a database until the process is told to end.

    Args:
        settings: what it is told.
        announce: called with the address once requests are taken.

    Raises:
        PortTaken, CannotListen: nobody can be served there.
    """
    share_memory()
    listening = listen(settings.host, settings.port)
    log = log_to_stderr(form=settings.log, level=settings.log_level)
    start(log, level=settings.log_level)
    app = create_app(settings, log=log)
    config = uvicorn.Config(
        app,
        access_log=False,
        backlog=BACKLOG,
        http=partial(Patient, head_seconds=settings.head_seconds),  # type: ignore[arg-type]
        lifespan="on",
        log_config=None,
        proxy_headers=False,  # the application knows the proxies
        server_header=False,
        timeout_graceful_shutdown=settings.grace_seconds,
        ws="none",
    )
    server = Server(config, ending=app.state.ending, drain_seconds=settings.drain_seconds)
    announce(url_of(listening))
    server.run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        PortTaken: somebody else listens there.
        CannotListen: the host is not this machine's, or the port not for us.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port) from None
        raise CannotListen(host=host, port=port) from None
    # Whoever is let in inherits it; else the end of an answer would wait for the other side's nod.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket) -> str:
    """Return the address at which the service is reached on this machine."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
