"""The service as a process of its own, asked over a real socket."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.builders import a_branch, address_in
from tests.faults.processes import LOOPBACK, free_port
from tests.faults.serving import a_service, is_there

from timebank.care.access import AccessRole
from timebank.services.bank import open_bank

NAMED_PROXY = "127.0.0.2"
STRANGER = "127.0.0.1"
ASKER = "127.0.0.9"
"""For whom the proxy asks: on this machine, so that the numbers would be theirs to read."""
FAR_ASKER = "192.0.2.9"
NAME = "hours.example.org"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is nobody")


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs, a token of its, and where it logs."""

    address: str
    port: int
    token: str
    log: Path

    def ask(
        self, path: str, *headers: tuple[str, str], source: str = STRANGER, name: str | None = NAME
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask from an address of this machine; returns status, headers and body."""
        asking = http.client.HTTPConnection(LOOPBACK, self.port, timeout=30, source_address=(source, 0))
        with closing(asking):
            asking.putrequest("GET", path, skip_host=True)
            for header in ([("Host", name)] if name is not None else []) + list(headers):
                asking.putheader(*header)
            asking.endheaders()
            answer = asking.getresponse()
            found = {key.lower(): value for key, value in answer.getheaders()}
            return answer.status, found, answer.read()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service behind one named proxy, known under one name, below a path."""
    folder = tmp_path_factory.mktemp("serving")
    a_branch(folder).close()
    bank = open_bank(address_in(folder))
    token = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1").text
    bank.close()
    assert token is not None
    service = Running(address_in(folder), free_port(), token, folder / "log")
    with a_service(
        service.address,
        service.port,
        log=service.log,
        proxies=NAMED_PROXY,
        allowed_hosts=NAME,
        root_path="/timebank",
        metrics="loopback",
        drain_seconds="0",
        grace_seconds="1",
    ):
        yield service


def test_a_second_service_in_the_same_place_says_what_is_wrong(running: Running) -> None:
    """In one sentence, and it ends."""
    command = [sys.executable, "-c", "from timebank.cli.main import run; run()"]
    done = subprocess.run(
        [*command, "serve", "--db", running.address, "--port", str(running.port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (1, "") == (done.returncode, done.stdout)
    assert [f"timebank: another program listens on 127.0.0.1 port {running.port} already"] == [
        line.partition(":")[0] + ":" + line.partition(":")[2].partition(":")[0]
        for line in done.stderr.splitlines()[:1]
    ]
    assert "[port_taken]" in done.stderr


def test_only_the_named_proxy_is_believed(running: Running) -> None:
    """About the request's name, and about who asks (CVE-2025-59152)."""
    for source, is_believed in ((NAMED_PROXY, True), (STRANGER, False)):
        name = ("X-Request-Id", "gateway-4711")
        assert is_believed == (
            "gateway-4711" == running.ask("/health/live", name, source=source)[1]["x-request-id"]
        )
    far, near = ("X-Forwarded-For", FAR_ASKER), ("X-Forwarded-For", ASKER)
    assert 200 == running.ask("/metrics", source=STRANGER)[0]
    assert 404 == running.ask("/metrics", far, source=NAMED_PROXY)[0]
    assert 200 == running.ask("/metrics", near, source=NAMED_PROXY)[0]
    assert 404 == running.ask("/metrics", near, source=STRANGER)[0], "a proxy that nobody named"
    assert 404 == running.ask("/metrics", ("X-Forwarded-For", f"{ASKER}, {FAR_ASKER}"), source=NAMED_PROXY)[0]


@pytest.mark.parametrize("source", [NAMED_PROXY, STRANGER])
def test_no_header_stands_in_for_the_name(running: Running, source: str) -> None:
    """Not even a named proxy's (CVE-2026-48061, CVE-2026-25479)."""
    lies = (
        ("X-Forwarded-Host", NAME),
        ("Forwarded", f"host={NAME}"),
        ("X-Host", NAME),
        ("X-Forwarded-Server", NAME),
    )
    assert 401 == running.ask("/v1/me", *lies, source=source)[0]
    for name in ("evil.example.org", "hoursXexample.org", f"{NAME}.evil.example", f"evil.{NAME}", "", None):
        status, _, body = running.ask("/v1/me", *lies, source=source, name=name)
        assert 400 == status, name
        assert name is None or "unknown_host" == json.loads(body)["code"]
    status, _, _ = running.ask("/v1/me", ("Host", "evil.example"), source=source)
    assert 400 == status, "two names are none"


def test_no_name_at_all_is_none(running: Running) -> None:
    """As HTTP/1.0 allows; a header about it changes nothing (CVE-2026-48061)."""
    with socket.create_connection((LOOPBACK, running.port), timeout=30) as asking:
        asking.sendall(f"GET /v1/me HTTP/1.0\r\nX-Forwarded-Host: {NAME}\r\n\r\n".encode())
        said = b"".join(iter(lambda: asking.recv(65_536), b""))

    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"unknown_host" in said


def test_it_is_found_below_its_path_and_without_it(running: Running) -> None:
    """Whether the proxy strips it or not; other paths that begin like it are none."""
    bearer = ("Authorization", f"Bearer {running.token}")
    for path, status in (
        ("/timebank/v1/me", 200),
        ("/v1/me", 200),
        ("/timebankv1/me", 404),
        ("/timebank/timebank/v1/me", 404),
        ("/elsewhere/timebank/v1/me", 404),
    ):
        assert status == running.ask(path, bearer)[0], path


def test_every_line_of_its_log_is_json_without_people(running: Running) -> None:
    """The server's own lines, too; what is no HTTP leaves no trace of what it was."""
    running.ask("/v1/me?sample=words", ("Authorization", f"Bearer {running.token}"))
    with socket.create_connection((LOOPBACK, running.port), timeout=30) as asking:
        asking.sendall(b"sample words\r\n\r\n")
        asking.recv(65_536)
    text = running.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]

    assert {"timestamp", "level", "event"} <= set.intersection(*(set(line) for line in lines))
    assert {"uvicorn.error"} == {line["logger"] for line in lines if "logger" in line}
    assert any(line.get("operation") == "me_show" and line.get("role") == "member" for line in lines)
    for word in (running.token, "sample", "Sample", "/v1", "evil"):
        assert word not in text, word


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_time_though_somebody_never_finishes_a_request(
    running: Running, how: signal.Signals
) -> None:
    """Who hangs is hung up on, at the latest when the grace is over, and it is no failure."""
    port = free_port()
    with (
        a_service(running.address, port, drain_seconds="0", grace_seconds="1") as process,
        socket.create_connection((LOOPBACK, port), timeout=30) as hanging,
        socket.create_connection((LOOPBACK, port), timeout=30) as idle,
    ):
        head = f"POST /v1/hours HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/json\r\n"
        bearer = f"Authorization: Bearer {running.token}\r\nIdempotency-Key: k\r\nContent-Length: 99\r\n\r\n"
        hanging.sendall(f"{head}{bearer}{{".encode())
        time.sleep(0.5)
        process.send_signal(how)

        assert 0 == process.wait(timeout=30)
        assert b"" == idle.recv(10)
        said = b"".join(iter(lambda: hanging.recv(65_536), b""))
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"service_ending" in said


def test_who_never_says_what_they_ask_for_is_hung_up_on(running: Running) -> None:
    """Neither silence nor a byte now and then keeps a connection open; others are answered meanwhile."""
    port = free_port()
    with a_service(running.address, port, head_seconds="1", drain_seconds="0"):
        silent, slow, again = (socket.create_connection((LOOPBACK, port), timeout=30) for _ in range(3))
        with silent, slow, again:
            again.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            said = b""
            while not said.endswith(b'{"status":"live"}'):
                said += again.recv(65_536)
            again.sendall(b"GET /health/live HTTP/1.1\r\nHost:")
            slow.sendall(b"GET /health/live HTTP/1.1\r\n")
            for asking in (silent, slow, again):
                assert b"" == asking.recv(65_536)
            assert is_there(port)


def test_a_backup_needs_no_pause(running: Running, tmp_path: Path) -> None:
    """As of one moment, while the service has the books open; what was copied opens, and holds."""
    running.ask("/v1/me", ("Authorization", f"Bearer {running.token}"))
    copy = tmp_path / "backup.db"
    command = [sys.executable, "-c", "from timebank.cli.main import run; run()"]
    for words in (("backup", str(copy), "--db", running.address), ("audit", "--db", f"sqlite:///{copy}")):
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False)
        assert (0, "") == (done.returncode, done.stderr)
