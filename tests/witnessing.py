"""A witness for tests: a real server on a loopback port, which decides as C2SP tlog-witness says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from timebank.translog.cosignature import cosign
from timebank.translog.note import COSIGNATURE, SignerKey, VerifierKey
from timebank.translog.witness import OK, PLAIN, Accepted, WitnessedLog, answer_of, decide

Said = tuple[int, str, bytes]
"""Status, content type and body."""


@dataclass
class Witness:
    """A witness of one log, with its memory."""

    origin: str
    log_key: VerifierKey
    signer: SignerKey = field(
        default_factory=lambda: SignerKey("witness.example/sample", bytes(range(32)), COSIGNATURE)
    )
    seen: WitnessedLog | None = None
    bodies: list[bytes] = field(default_factory=list)
    instead: Callable[[bytes], Said] | None = None
    """Answers instead of the witness."""
    url: str = ""

    @property
    def vkey(self) -> str:
        """Its public key."""
        return str(self.signer.verifier)

    def answer(self, body: bytes) -> Said:
        """Decide about a request, and remember."""
        self.bodies.append(body)
        if self.instead is not None:
            return self.instead(body)
        known = self.seen or WitnessedLog(keys=(self.log_key,))
        found = decide(body, lambda origin: known if origin == self.origin else None)
        if not isinstance(found, Accepted):
            return found.status, found.content_type, found.body.encode()
        self.seen = WitnessedLog(keys=(self.log_key,), size=found.checkpoint.size, root=found.checkpoint.root)
        signature = cosign(found.note.text, self.signer, at_seconds=1_800_000_000)
        return OK, PLAIN, answer_of([signature]).encode()


@contextmanager
def serving(witness: Witness) -> Iterator[Witness]:
    """Let a witness listen while the block runs; its `url` says where."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_there = self.path == "/sample/add-checkpoint"
            status, kind, said = witness.answer(body) if is_there else (404, PLAIN, b"")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    witness.url = f"http://127.0.0.1:{server.server_port}/sample"
    try:
        yield witness
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
