"""The service over HTTP: what a request costs, and how many it answers, on a real SQLite file.

Each server is one process of its own, asked over sockets. CPU time is the server's, as the system counts it.
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import TypeAlias

import psutil  # type: ignore[import-untyped]
from benchmarks.lab import Lab
from benchmarks.table import Measured
from benchmarks.turns import in_turn

import timebank
from timebank.care.access import AccessRole

BRANCH = "lille"
MEMBERS = 32
HELPED = f"m{MEMBERS + 1}"
RUNS = 5
REQUESTS = 400
CONNECTIONS = 32
SECONDS = 4
LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)
START_SECONDS = 30
Asked: TypeAlias = Callable[[int], bytes]
"""The bytes of the next request of a connection, by its number."""


def books(lab: Lab) -> tuple[Path, list[str]]:
    """Return a new file with members, and the text of a token for each of them."""
    file = lab.path("service.db")
    bank = timebank.open(f"sqlite:///{file}")
    bank.branches.create(BRANCH, name="Sample branch")
    on = datetime.now(UTC).date() - timedelta(days=60)
    for number in range(1, MEMBERS + 2):
        bank.members.add(BRANCH, name=f"Sample Member {number}", joined_on=on)
    tokens = [
        bank.tokens.issue(BRANCH, role=AccessRole.MEMBER, ref=f"m{number}").text or ""
        for number in range(1, MEMBERS + 1)
    ]
    bank.close()
    return file, tokens


@contextmanager
def served(lab: Lab, *arguments: str) -> Iterator[tuple[psutil.Process, int]]:
    """Run a server that takes its port as the last argument; yields its process and the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with lab.path("service.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", *arguments, str(port)], stdout=log, stderr=log)
        try:
            _wait_for(port)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def ask(connection: socket.socket, request: bytes) -> None:
    """Send a request and read its answer, which must be a success."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    status, found = head.split(b" ", 2)[1], LENGTH.search(head)
    assert status[:1] == b"2", f"the service answered {head.decode(errors='replace')}"
    assert found is not None, "every answer says how long it is"
    length = int(found[1])
    while len(body) < length:
        body += _more(connection)


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65_536)
    assert part, "nobody hangs up"
    return part


def living(_: int) -> bytes:
    """Return a request to the route that does nothing."""
    return b"GET /health/live HTTP/1.1\r\nhost: bench\r\n\r\n"


def balance(tokens: Sequence[str]) -> Asked:
    """Return what asks for a member's balance."""
    return lambda number: (
        f"GET /v1/me/balance HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {tokens[number]}\r\n\r\n"
    ).encode()


def logged(tokens: Sequence[str]) -> Asked:
    """Return what logs an hour; every one is new, and none overlaps another."""
    begin = datetime.now(UTC) - timedelta(days=28)
    slots = [count() for _ in tokens]

    def asked(number: int) -> bytes:
        slot = next(slots[number])
        body = json.dumps(
            {
                "provider": f"m{number + 1}",
                "recipient": f"member:{HELPED}",
                "minutes": 1,
                "kind": "shopping",
                "start_at": (begin + timedelta(minutes=2 * slot)).isoformat(),
            }
        )
        return (
            f"POST /v1/hours HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {tokens[number]}\r\n"
            f"idempotency-key: visit {number} {slot}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    return asked


def microseconds(process: psutil.Process, port: int, asked: Asked, requests: int) -> float:
    """Return the server's CPU time for one request, asked one after another."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        ask(connection, asked(0))
        before = process.cpu_times()
        for number in range(requests):
            ask(connection, asked(number % MEMBERS))
        after = process.cpu_times()
    used: float = after.user + after.system - before.user - before.system
    return used / requests * 1e6


def together(port: int, asked: Asked, seconds: float) -> tuple[float, list[float]]:
    """Ask on many connections at once; returns requests per second, and how long each took."""
    until = time.perf_counter() + seconds
    took: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    failed: list[Exception] = []

    def one(number: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                while (started := time.perf_counter()) < until:
                    ask(connection, asked(number))
                    took[number].append(time.perf_counter() - started)
        except (OSError, AssertionError) as error:
            failed.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CONNECTIONS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    every = [each for found in took for each in found]
    return len(every) / (time.perf_counter() - started), every


def costs(lab: Lab) -> dict[str, Measured]:
    """Measure what a request costs, against one to a route that does nothing."""
    file, tokens = books(lab)
    requests = lab.sized(REQUESTS, least=20)
    asked = logged(tokens)
    with _ours(lab, file) as (process, port):
        nothing, read, written = in_turn(
            RUNS,
            lambda _: microseconds(process, port, living, requests),
            lambda _: microseconds(process, port, balance(tokens), requests),
            lambda _: microseconds(process, port, asked, requests),
        )
    return {
        "service-log": Measured(ours=written, other=nothing, unit="µs"),
        "service-balance": Measured(ours=read, other=nothing, unit="µs"),
    }


def load(lab: Lab) -> dict[str, Measured]:
    """Measure 32 connections that log hours, against a bare route that writes the same rows."""
    seconds = lab.sized(SECONDS)
    file, tokens = books(lab)
    other, _ = books(lab)
    tails: list[float] = []
    asked = logged(tokens)

    def ours(port: int) -> float:
        rate, took = together(port, asked, seconds)
        took.sort()
        tails.append(took[len(took) * 99 // 100] / median(took))
        return rate

    with (
        _ours(lab, file) as (_, port),
        served(lab, "benchmarks.bare_service", str(other)) as (_, bare),
    ):
        mine, theirs = in_turn(RUNS, lambda _: ours(port), lambda _: together(bare, asked, seconds)[0])
    return {
        "service-rate": Measured(ours=mine, other=theirs, unit="/s"),
        "service-tail": Measured(ours=tails[1:], unit="times"),
    }


@contextmanager
def _ours(lab: Lab, file: Path) -> Iterator[tuple[psutil.Process, int]]:
    os.environ["TIMEBANK_DB"] = f"sqlite:///{file}"
    os.environ["TIMEBANK_REQUESTS_PER_SECOND"] = "0"  # one caller asks all the time
    with served(lab, "timebank", "serve", "--port") as found:
        yield found
