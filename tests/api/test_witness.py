"""What stands outside of everything: request ids, the log, numbers, named proxies, allowed names."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient
from tests.api.conftest import Service
from tests.builders import NOW, address_in

from timebank.clock import SteppingClock
from timebank.errors import StorageFull
from timebank.services.branches import Branches
from timebank.services.members import Members
from timebank_api import Settings, create_app
from timebank_api.logs import log_to, start
from timebank_api.peers import Names, Peers, is_relayed

PROXY = "testclient"
OURS = re.compile(r"[0-9a-f]{32}")
SECRET = "a-sample-secret-of-the-scraper"


@contextmanager
def watched(folder: Path, **settings: Any) -> Iterator[tuple[TestClient[Any], io.BytesIO]]:  # noqa: ANN401
    """Return a client and what the service logs."""
    lines = io.BytesIO()
    app = create_app(
        Settings(address=address_in(folder), **settings),
        clock=SteppingClock(NOW),
        log=log_to(lines, form="json", level="info"),
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client, lines


@contextmanager
def asked_from(host: str) -> Iterator[None]:
    """Let requests come from an address."""
    admit = Peers.admit

    def moved(self: Peers, scope: Any) -> str:  # noqa: ANN401
        scope["client"] = (host, 50_000)
        return admit(self, scope)

    with patch.object(Peers, "admit", moved):
        yield


def a_scope(host: str, *headers: tuple[str, str]) -> Any:  # noqa: ANN401
    """Return the scope of a request from an address."""
    return {
        "type": "http",
        "scheme": "http",
        "client": (host, 4_711),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "state": {},
    }


def lines_of(log: io.BytesIO) -> list[dict[str, Any]]:
    """Return the lines of a log."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_every_answer_names_its_request(service: Service) -> None:
    """Whoever asks for help can say which one it was; no two share a name."""
    paths = ("/health/live", "/v1/me", "/nowhere", "/v1/hours/999", "/schema/openapi.json", "/health/live")
    names = [service.get(None, path).headers["X-Request-Id"] for path in paths]

    assert len(paths) == len(set(names))
    assert all(OURS.fullmatch(name) for name in names)


def test_a_fault_of_ours_names_its_request_in_the_problem(service: Service) -> None:
    """There it is looked for; elsewhere it would tell what is foreign from what is missing."""
    with watched(service.folder) as (client, _), patch.object(Branches, "list", side_effect=StorageFull()):
        answer = client.get("/health/ready")
    assert answer.status_code >= 500
    assert answer.headers["X-Request-Id"] == answer.json()["request"]
    assert "request" not in service.get(None, "/nowhere").json()


@pytest.mark.parametrize(
    ("header", "given_id", "found"),
    [
        ("X-Request-Id", "sample-request.1", "sample-request.1"),
        ("traceparent", f"00-{'ab' * 16}-{'cd' * 8}-01", "ab" * 16),
        ("traceparent", f"00-{'00' * 16}-{'cd' * 8}-01", None),
        ("X-Request-Id", "short", None),
        ("X-Request-Id", "x" * 65, None),
        ("X-Request-Id", "two words of mine", None),
        ("X-Request-Id", "é" * 10, None),
    ],
)
def test_only_a_named_proxy_names_a_request(header: str, given_id: str, found: str | None) -> None:
    """And only in a form that no log and no terminal stumbles over."""
    trusted, strangers = Peers(["10.0.0.0/24"]), Peers([])

    named = trusted.admit(a_scope("10.0.0.7", (header.lower(), given_id)))
    assert found == named if found is not None else OURS.fullmatch(named)
    for peers in (trusted, strangers):
        assert OURS.fullmatch(peers.admit(a_scope("10.0.1.7", (header.lower(), given_id))))


LIES = (
    ("x-forwarded-for", "192.0.2.9"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "bank.example.org"),
    ("forwarded", "for=192.0.2.9;host=bank.example.org;proto=https"),
    ("x-real-ip", "192.0.2.9"),
    ("x-original-url", "/v1/members"),
    ("x-forwarded-prefix", "/admin"),
)


@given(st.lists(st.sampled_from(LIES)))
def test_lies_of_strangers_are_as_if_unsaid(lies: list[tuple[str, str]]) -> None:
    """In whatever number and order: address and scheme are the connection's."""
    scope = a_scope("198.51.100.4", *lies, ("accept", "*/*"))
    Peers(["10.0.0.1"]).admit(scope)

    assert (("198.51.100.4", 4_711), "http") == (scope["client"], scope["scheme"])
    assert [(b"accept", b"*/*")] == scope["headers"]
    assert bool(lies) == is_relayed(scope)


@pytest.mark.parametrize(
    ("chain", "asker"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("1.2.3.4, 192.0.2.9", "192.0.2.9"),
        ("1.2.3.4, 192.0.2.9, 10.0.0.2", "192.0.2.9"),
        ("192.0.2.9:4711", "192.0.2.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.0.0.2, 10.0.0.3", None),
        ("192.0.2.9, unknown", None),
        ("", None),
        (" , ,", None),
        ("<script>", None),
    ],
)
def test_a_named_proxy_says_for_whom_it_asks(chain: str, asker: str | None) -> None:
    """The nearest who is no proxy of ours: what stands further left, anybody can have written there."""
    scope = a_scope("10.0.0.1", ("x-forwarded-for", chain), ("x-forwarded-proto", "https"))
    Peers(["10.0.0.0/24"]).admit(scope)

    assert (asker or "10.0.0.1") == scope["client"][0]
    assert "https" == scope["scheme"]


@given(st.text(max_size=60))
def test_no_chain_of_a_proxy_breaks_anything(chain: str) -> None:
    """Whatever it passes on from strangers."""
    scope = a_scope("10.0.0.1")
    scope["headers"] = [(b"x-forwarded-for", chain.encode(errors="replace"))]

    assert OURS.fullmatch(Peers(["10.0.0.1"]).admit(scope))


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("hours.example.org", True),
        ("HOURS.example.org:8443", True),
        ("a.branch.example.org", True),
        ("branch.example.org", False),
        ("hoursXexample.org", False),
        ("hours.example.org.evil.example", False),
        ("evil-hours.example.org", False),
        ("a.branchXexample.org", False),
        ("[::1]:8000", True),
        ("[::2]", False),
        ("", False),
    ],
)
def test_names_are_compared_to_the_letter(host: str, is_allowed: bool) -> None:  # noqa: FBT001 - a case
    """A dot is a dot: no pattern is made of a name (CVE-2026-25479)."""
    names = Names(["hours.example.org", "*.branch.example.org", "[::1]"])

    assert is_allowed is names.allow(a_scope("192.0.2.9", ("host", host)))


def test_no_other_header_stands_in_for_the_name() -> None:
    """Without a name, or with two, nobody is let in (CVE-2026-48061)."""
    names, peers = Names(["hours.example.org"]), Peers(["10.0.0.1"])
    for headers in (
        [("x-forwarded-host", "hours.example.org")],
        [("forwarded", "host=hours.example.org")],
        [("host", "evil.example"), ("x-forwarded-host", "hours.example.org")],
        [("host", "hours.example.org"), ("host", "evil.example")],
    ):
        for peer in ("10.0.0.1", "192.0.2.9"):
            scope = a_scope(peer, *headers)
            peers.admit(scope)
            assert not names.allow(scope)


def test_a_name_that_is_not_ours_is_refused_as_a_problem(service: Service) -> None:
    """Before any route is looked for; whoever watches asks by address."""
    with watched(service.folder, allowed_hosts=("hours.example.org",)) as (client, _):
        refused = client.get("/v1/me")
        assert (400, "unknown_host") == (refused.status_code, refused.json()["code"])
        assert "application/problem+json" == refused.headers["Content-Type"]
        assert 200 == client.get("/health/ready").status_code
        assert 401 == client.get("/v1/me", headers={"Host": "hours.example.org:8443"}).status_code


def test_the_log_says_what_was_asked_and_by_which_role(service: Service) -> None:
    """And how it ended."""
    with watched(service.folder) as (client, log):
        bearer = {"Authorization": f"Bearer {service.tokens['m1']}"}
        answer = client.get("/v1/hours/999", headers=bearer)

    found = next(line for line in lines_of(log) if line["event"] == "request")
    assert {
        "level": "info",
        "event": "request",
        "request": answer.headers["X-Request-Id"],
        "operation": "hours_show",
        "status": 404,
        "code": "unknown_record",
        "role": "member",
        "branch": "lille",
    } == {name: value for name, value in found.items() if name not in {"ms", "timestamp"}}
    assert found["ms"] > 0


WORDS = ("Sample Member", "sample words", "Sample-Nowhere", "m9999", "198.51.100", "sample-cookie")


def test_no_line_of_a_busy_run_holds_anything_of_a_person(service: Service) -> None:
    """No token, name, note, path, query, address or header, whatever is asked and however it fails (I-10)."""
    reason = {"reason": "sample words of a note"}
    hours = {"recipient": "member:m2", "minutes": 30, "kind": "shopping", "start_at": "2026-06-15T09:00:00Z"}
    wrong = {"reason": "sample words", "Sample Member 1": "sample words"}
    headers = {
        "Cookie": "session=sample-cookie",
        "User-Agent": "sample words",
        "X-Forwarded-For": "198.51.100.4",
    }
    with watched(service.folder) as (client, log):
        start(log_to(log, form="json", level="debug"), level="debug")
        busy = Service(client, service.tokens, service.folder)
        client.headers.update(headers)
        for who in (*service.tokens, None):
            busy.get(who, "/v1/me?q=Sample-Nowhere")
            busy.get(who, "/Sample-Nowhere/m9999")
            busy.post(who, "/v1/hours", hours, key=f"sample words {who}")
            busy.post(who, "/v1/hours/1/dispute", reason)
            busy.post(who, "/v1/hours/1/dispute", wrong)
            busy.ask(who, "PATCH", "/v1/hours/1", wrong)
            for error in (ZeroDivisionError("Sample Member 1"), StorageFull()):
                with patch.object(Members, "show", side_effect=error):
                    busy.get(who, "/v1/me")
        logging.getLogger("sqlalchemy.engine").warning("INSERT %s", "Sample Member 1")
        logging.getLogger("asyncio").error("Task <Sample Member 1>", exc_info=ValueError("sample words"))
        logging.getLogger("sqlalchemy.engine").info("Sample Member 1")
    text = log.getvalue().decode()

    assert len(text.splitlines()) > 80
    assert [] == [word for word in (*WORDS, *service.tokens.values()) if word in text]
    assert {"request", "a library has something to say"} < {line["event"] for line in lines_of(log)}


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Put the process's logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    ours = {name: logging.getLogger(name) for name in ("timebank", "timebank_api", "uvicorn")}
    levels = {name: logger.level for name, logger in ours.items()}
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name, logger in ours.items():
        logger.setLevel(levels[name])


def test_people_read_text(service: Service) -> None:
    """On a terminal, in colours."""
    for form, is_terminal, mark in (("text", False, "["), ("auto", True, "\x1b"), ("auto", False, "{")):
        lines = io.BytesIO()
        log_to(lines, form=form, level="info", is_terminal=is_terminal).info("sample", status=200)
        assert mark in lines.getvalue().decode()


def test_the_numbers_are_nobodys_by_default(service: Service) -> None:
    """As if they were not there, to the letter."""
    asked, missing = service.get("desk", "/metrics"), service.get("desk", "/nowhere")

    assert (404, asked.json()) == (asked.status_code, missing.json())


def test_the_numbers_are_for_who_has_the_secret(service: Service) -> None:
    """Operations and classes of status; a token of the bank opens them no more than nothing does."""
    with watched(service.folder, metrics="token", metrics_token=SECRET) as (client, log):
        for who in ("m1", "m2"):
            client.get("/v1/me", headers={"Authorization": f"Bearer {service.tokens[who]}"})
        client.get("/v1/me")
        with patch.object(Branches, "list", side_effect=StorageFull()):
            client.get("/health/ready")
        for wrong in ({}, {"Authorization": f"Bearer {service.tokens['desk']}"}, {"Authorization": SECRET}):
            assert 401 == client.get("/metrics", headers=wrong).status_code
        found = client.get("/metrics", headers={"Authorization": f"Bearer {SECRET}"})

    assert 200 == found.status_code
    assert found.headers["Content-Type"].startswith("text/plain")
    for line in (
        'timebank_requests_total{operation="me_show",status="2xx"} 2.0',
        'timebank_requests_total{operation="me_show",status="4xx"} 1.0',
        'timebank_request_seconds_count{operation="me_show"} 3.0',
        'timebank_failures_total{code="storage_full"} 1.0',
        "timebank_requests_in_flight 1.0",
        "timebank_writer_waiting 0.0",
    ):
        assert line in found.text.splitlines()
    assert SECRET not in log.getvalue().decode()


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.9", {}, 404),
        ("testclient", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
    ],
)
def test_the_numbers_are_for_this_machine_if_so_set(
    service: Service, host: str, headers: dict[str, str], status: int
) -> None:
    """A proxy on it asks for others."""
    with watched(service.folder, metrics="loopback") as (client, _), asked_from(host):
        assert status == client.get("/metrics", headers=headers).status_code


def test_a_service_that_ends_says_so_and_keeps_no_connection(service: Service) -> None:
    """Who balances load looks elsewhere; who is served is still served."""
    with watched(service.folder) as (client, _):
        assert "Connection" not in client.get("/health/ready").headers
        client.app.state.ending.begin()
        ready, live = client.get("/health/ready"), client.get("/health/live")

    assert (503, "service_ending") == (ready.status_code, ready.json()["code"])
    assert {"1"} == {ready.headers["Retry-After"]}
    assert (200, "close") == (live.status_code, live.headers["Connection"])


def test_a_path_that_a_proxy_left_on_is_taken_off(service: Service) -> None:
    """Whether it strips it or not; the description says where the service is."""
    with watched(service.folder, root_path="/timebank") as (client, _):
        for path in ("/health/live", "/timebank/health/live"):
            assert 200 == client.get(path).status_code
        for path in ("/timebankhealth/live", "/timebank/timebank/health/live", "/timebank"):
            assert 404 == client.get(path).status_code
        assert [{"url": "/timebank"}] == client.get("/timebank/schema/openapi.json").json()["servers"]


def test_a_proxy_is_the_same_on_a_socket_that_listens_to_both_kinds() -> None:
    """There an IPv4 address comes as an IPv6 one."""
    assert Peers(["10.0.0.0/24"]).is_named("::ffff:10.0.0.7")
    assert not Peers(["10.0.0.0/24"]).is_named("::ffff:10.0.1.7")
