"""A receiver of webhooks on this machine: a real HTTP server that takes, refuses, hangs or vanishes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What it received, and how it answers."""

    port: int = 0
    answers: Callable[[int], int | str] = lambda _: 200
    """To the n-th message, from 1: a status, or `hang`, `drip`, `vanish`, `redirect`, `huge`."""
    messages: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hours?from=timebank"

    @property
    def ids(self) -> list[str]:
        """The names of the messages, as they came."""
        return [headers["webhook-id"] for headers, _ in self.messages]


@contextmanager
def a_receiver() -> Iterator[Receiver]:  # noqa: C901 - a way to answer each
    """Run a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.messages.append((headers, body))
            with suppress(OSError):
                self._answer(receiver.answers(len(receiver.messages)))

        def _answer(self, how: int | str) -> None:
            if isinstance(how, int):
                self.send_response(how)
                self.send_header("content-length", "0")
                self.end_headers()
            elif how == "hang":
                receiver.over.wait(10)
            elif how == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
                while not receiver.over.is_set():
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.02)
            elif how == "redirect":
                self.send_response(302)
                self.send_header("location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()
            elif how == "huge":
                self.send_response(200)
                self.end_headers()
                for _ in range(200):
                    self.wfile.write(b"x" * 65_536)
            else:
                self.connection.close()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
