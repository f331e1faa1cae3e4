"""A server that says what a test wants: a few bytes of PostgreSQL's protocol, on a port of its own."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


def message(kind: bytes, body: bytes) -> bytes:
    """Return one message of the protocol."""
    return kind + struct.pack("!I", len(body) + 4) + body


def an_error(code: str, words: str) -> bytes:
    """Return what a server sends before it closes the door."""
    fields = (b"SFATAL", b"VFATAL", b"C" + code.encode(), b"M" + words.encode())
    return message(b"E", b"\0".join(fields) + b"\0\0")


def _read(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise ConnectionError
        found += part
    return found


def _serve(connection: socket.socket, answer: bytes) -> None:
    with connection, suppress(OSError):
        connection.settimeout(10)
        while True:
            size, code = struct.unpack("!II", _read(connection, 8))
            _read(connection, size - 8)
            if code not in {SSL_REQUEST, GSS_REQUEST}:
                break
            connection.sendall(b"N")
        connection.sendall(answer)
        while connection.recv(1024):
            pass


@contextmanager
def a_false_server(answer: bytes) -> Iterator[str]:
    """Answer every connection with these bytes; yields an address of a database there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def work() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    _serve(connection, answer)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        try:
            yield f"postgresql://sample:secret@127.0.0.1:{listening.getsockname()[1]}/bank"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            worker.join()


@contextmanager
def a_silent_server() -> Iterator[str]:
    """Listen and never answer; yields an address of a database there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://sample@127.0.0.1:{listening.getsockname()[1]}/bank?connect_timeout=2"


def a_closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
