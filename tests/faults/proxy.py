"""A proxy before a PostgreSQL server that cuts connections at the worst moment: around a COMMIT.

It passes every byte on as it comes. Armed, it looks for the statement COMMIT among what a client sends.
"""

import select
import socket
import struct
import threading
from contextlib import suppress
from enum import Enum
from typing import Final

from tests.faults.processes import LOOPBACK

COMMIT: Final = b"COMMIT"
COMMITTED: Final = b"C\x00\x00\x00\x0bCOMMIT\x00"
"""What a server answers to a COMMIT that took place."""
READY: Final = b"Z\x00\x00\x00\x05I"
"""What it sends when it waits for the next transaction."""
RESET: Final = struct.pack("ii", 1, 0)


class Cut(Enum):
    """What happens to a connection that sends a COMMIT."""

    BEFORE = "the COMMIT never reached the server"
    AFTER = "the answer to the COMMIT was lost"
    RESET = "the answer to the COMMIT was lost to a reset"
    HOLD = "the answer to the COMMIT was held back until the machine was gone"


class Proxy:
    """Listens on a port of its own, and connects each client to one server."""

    def __init__(self, upstream_port: int) -> None:
        """Stand before a server of this machine."""
        self.upstream_port = upstream_port
        self.withheld = 0
        """Answers that said "committed" and were never passed on."""
        self.dropped = 0
        """COMMITs that were never passed on."""
        self._cuts: list[Cut] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def arm(self, cut: Cut, times: int = 1) -> None:
        """Cut the next so many connections that send a COMMIT."""
        with self._lock:
            self._cuts += [cut] * times
            if cut is Cut.HOLD:
                self._released.clear()

    def disarm(self) -> None:
        """Let every COMMIT through from now on, and close the connections held back."""
        with self._lock:
            self._cuts.clear()
            self._released.set()

    def close(self) -> None:
        """Stop listening and close every connection."""
        self.disarm()
        self._listener.close()
        with self._lock:
            for each in self._open:
                _close(each)

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = None
        try:
            server = socket.create_connection((LOOPBACK, self.upstream_port))
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            self._pass_on(client, server)
        except OSError:
            pass  # either side went away: so does the other
        finally:
            with self._lock:
                self._open -= {client, server} if server is not None else {client}
            _close(client)
            if server is not None:
                _close(server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            readable, _, _ = select.select([client, server], [], [])
            if server in readable:
                if not (data := server.recv(65_536)):
                    return
                client.sendall(data)
            if client in readable:
                if not (data := client.recv(65_536)):
                    return
                cut = self._cut() if COMMIT in data else None
                if cut is not None:
                    self._interrupt(cut, data, client, server)
                    return
                server.sendall(data)

    def _cut(self) -> Cut | None:
        with self._lock:
            return self._cuts.pop(0) if self._cuts else None

    def _interrupt(self, cut: Cut, data: bytes, client: socket.socket, server: socket.socket) -> None:
        if cut is Cut.BEFORE:
            with self._lock:
                self.dropped += 1
            return
        server.sendall(data)
        answer = self._answer(client, server)
        with self._lock:
            self.withheld += COMMITTED in answer
        if cut is Cut.RESET:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()
        if cut is Cut.HOLD:
            self._released.wait()

    @staticmethod
    def _answer(client: socket.socket, server: socket.socket) -> bytes:
        """Return what the server answers until it is ready; what the client still sends goes on to it.

        A pipeline's end may come in a packet of its own, after the COMMIT, and the server waits for it.
        """
        answer = b""
        while not answer.endswith(READY):
            readable, _, _ = select.select([client, server], [], [])
            if client in readable:
                if not (data := client.recv(65_536)):
                    break
                server.sendall(data)
            if server in readable:
                if not (more := server.recv(65_536)):
                    break
                answer += more
        return answer


def _close(each: socket.socket) -> None:
    with suppress(OSError):  # it was closed from the other side
        each.shutdown(socket.SHUT_RDWR)
    each.close()
