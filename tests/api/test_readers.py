"""Readers wait for no writer: neither for one that holds the books, nor for one that waits for them."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from tests.api.conftest import Service
from tests.faults.processes import PATIENCE_SECONDS

from timebank.storage.retry import RetryPolicy

HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""
READS = (
    "/v1/me",
    "/v1/me/balance",
    "/v1/me/statement",
    "/v1/hours",
    "/v1/redemptions",
    "/v1/events",
    "/health/ready",
)


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Let another process hold the only right to write, until the block is over."""
    command = [sys.executable, "-c", HOLD, str(file)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        assert "held\n" == process.stdout.readline()
        try:
            yield
            assert process.poll() is None, "it held on to the end"
        finally:
            process.communicate("over\n")


def test_nobody_who_reads_waits_for_who_writes(service: Service) -> None:
    """Another process writes, and a post waits for it: every read is answered before either has ended."""
    is_trying, order = Event(), list[str]()

    def elapsed() -> float:
        is_trying.set()
        return 0

    service.client.app.state.bank.store.retry = RetryPolicy(attempts=1_000, elapsed=elapsed)
    with ThreadPoolExecutor(1) as threads:
        with held(service.folder / "bank.db"):
            posting: Future[Any] = threads.submit(service.post, "m1", "/v1/hours", HELP)
            posting.add_done_callback(lambda _: order.append("written"))
            assert is_trying.wait(PATIENCE_SECONDS)
            for path in READS:
                assert 200 == service.get("m1", path).status_code
                order.append(path)
        assert 201 == posting.result().status_code

    assert [*READS, "written"] == order
