"""Sending: one message to one address, over HTTP, with everything bounded.

The host is resolved here, its addresses are judged, and the connection goes to the very address that was
judged: a name that says something else a moment later changes nothing. No redirect is followed, little of the
answer is read, and all of it together takes no longer than `SEND_SECONDS`.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import httpcore

from timebank.care.webhook import Answer, Message, Reach
from timebank.errors import BadWebhookUrl
from timebank.services.addresses import Target, first_allowed, literal_of, target_of

SEND_SECONDS: Final = 15.0
"""For everything: name, connection, handshake, message and answer."""
ANSWER_BYTES_MOST: Final = 65_536
"""Read of an answer, which nobody looks at: so that the receiver is not cut off while it speaks."""
Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class NotReachable(Exception):
    """No message may go there."""


class Sender:
    """Sends messages as far as the operator lets them go."""

    def __init__(
        self,
        reach: Reach,
        *,
        seconds: float = SEND_SECONDS,
        resolve: Resolve = resolve,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """Send within `reach`; names are looked up by `resolve`, receivers must show a certificate."""
        self.reach = reach
        self._seconds = seconds
        self._resolve = resolve
        self._tls = tls or _trusted

    def __call__(self, url: str, message: Message) -> Answer:
        """Send a message; returns what came of it, and raises nothing that a receiver can cause."""
        try:
            said = self._post(target_of(url, self.reach), message)
        except (BadWebhookUrl, NotReachable):
            said = "not_allowed"
        except httpcore.TimeoutException:
            said = "timeout"
        except (httpcore.ConnectError, OSError, UnicodeError):
            said = "unreachable"
        except (httpcore.ProtocolError, httpcore.NetworkError):
            said = "broken_off"
        return Answer(said=said, is_taken=len(said) == 3 and said.startswith("2"))

    def _post(self, target: Target, message: Message) -> str:
        host = f"[{target.host}]" if ":" in target.host else target.host
        headers = {
            "host": host if target.port in {80, 443} else f"{host}:{target.port}",
            "content-type": "application/json",
            "content-length": str(len(message.body)),
            "user-agent": "timebank",
            "connection": "close",
            **message.headers,
        }
        deadline = Deadline(self._seconds)
        dialling = Dialling(self.reach, self._resolve, deadline, is_secure=target.is_secure)
        with httpcore.ConnectionPool(
            ssl_context=self._tls() if target.is_secure else None, network_backend=dialling, retries=0
        ) as pool:
            place = httpcore.URL(
                scheme=b"https" if target.is_secure else b"http",
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            )
            request = httpcore.Request(
                "POST",
                place,
                headers=list(headers.items()),
                content=message.body,
                extensions={"timeout": deadline.timeouts()},
            )
            response = pool.handle_request(request)
            try:
                _read(response.iter_stream())
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
                pass  # the status is there: what follows is not looked at
            finally:
                response.close()
            return str(response.status)


def _read(chunks: Iterable[bytes]) -> None:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > ANSWER_BYTES_MOST:
            return


class Deadline:
    """An instant by which everything is over."""

    def __init__(self, seconds: float) -> None:
        """Begin now."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            httpcore.ReadTimeout: none.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def timeouts(self) -> dict[str, float]:
        """Return what the library asks for; it gets what is left at each step anyway."""
        return dict.fromkeys(("connect", "read", "write", "pool"), self.left())


class Dialling(httpcore.NetworkBackend):
    """Connects to the address that was judged, and to no other."""

    def __init__(self, reach: Reach, resolve: Resolve, deadline: Deadline, *, is_secure: bool) -> None:
        """Connect within `reach`, until a deadline."""
        self._reach = reach
        self._resolve = resolve
        self._deadline = deadline
        self._is_secure = is_secure
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,  # noqa: ARG002 - any
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the usual ones
    ) -> httpcore.NetworkStream:
        """Resolve, judge and connect.

        Raises:
            NotReachable: the host has no address, or one that no message may go to.
        """
        found = [host] if literal_of(host) is not None else self._resolve(host, port)
        address = first_allowed(found, self._reach, is_secure=self._is_secure)
        if address is None:
            raise NotReachable
        stream = self._plain.connect_tcp(address, port, timeout=self._deadline.left())
        return Timed(stream, self._deadline)


class Timed(httpcore.NetworkStream):
    """A connection that is over at a deadline, however slowly the other side speaks."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        """Wrap a connection."""
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as above
        """Read what is there."""
        return self._stream.read(max_bytes, timeout=self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as above
        """Write all of it."""
        self._stream.write(buffer, timeout=self._deadline.left())

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
    ) -> httpcore.NetworkStream:
        """Go on encrypted; the certificate must be the named host's."""
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout=self._deadline.left())
        return Timed(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as the library has it
        """Say something of the connection."""
        return self._stream.get_extra_info(info)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
