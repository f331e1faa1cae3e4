"""Limits: how often, how long, from where; and who is held up by whom."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

import pytest
from litestar.testing import TestClient
from tests.api.conftest import Service
from tests.builders import NOW, address_in

from timebank.clock import SteppingClock
from timebank.errors import SettingInvalid
from timebank.services.hours import Hours
from timebank_api import Settings, create_app
from timebank_api.limits import Buckets, peer_of
from timebank_api.manners import Manners

HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


@contextmanager
def told(folder: Path, **settings: Any) -> Iterator[TestClient[Any]]:  # noqa: ANN401
    """Yield a client of a service that is told something."""
    app = create_app(Settings(address=address_in(folder), **settings), clock=SteppingClock(NOW))
    with TestClient(app) as client:
        yield client


def as_(service: Service, who: str) -> dict[str, str]:
    """Return the headers of somebody."""
    return {"Authorization": f"Bearer {service.tokens[who]}"}


def test_a_bucket_fills_up_with_time() -> None:
    """At once as many as it holds, then as many as flow in; each side has its own."""
    now = [0.0]
    buckets = Buckets(per_second=2, burst=3, elapsed=lambda: now[0])

    assert [0, 0, 0, 1] == [buckets.take("a") for _ in range(4)]
    assert 0 == buckets.take("b")
    now[0] = 0.5
    assert [0, 1] == [buckets.take("a") for _ in range(2)]
    now[0] = 100
    assert [0, 0, 0, 1] == [buckets.take("a") for _ in range(4)]
    assert 0 == Buckets(per_second=0, burst=0).take("a")


@pytest.mark.parametrize(
    ("host", "side"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("socket", "socket"),
    ],
)
def test_a_household_is_one_side(host: str, side: str) -> None:
    """Of IPv6 whoever has one address has as many as they like."""
    assert side == peer_of({"client": (host, 1)})
    assert "" == peer_of({})


def test_a_caller_who_asks_too_often_waits(service: Service) -> None:
    """429 with how long; others, from the same address, are not held up."""
    with told(service.folder, requests_per_second=1) as client:
        answers = [client.get("/v1/me", headers=as_(service, "m1")) for _ in range(12)]
        other = client.get("/v1/me", headers=as_(service, "m2"))

    late = answers[-1]
    assert (429, "too_many_requests") == (late.status_code, late.json()["code"])
    assert int(late.headers["Retry-After"]) >= 1
    assert 200 == other.status_code


def test_an_address_that_is_refused_too_often_waits(service: Service) -> None:
    """Nobody tries tokens without end; who came in before from there still does."""
    with told(service.folder, refusals_per_second=1) as client:
        inside = [client.get("/v1/me", headers=as_(service, "m1")).status_code]
        statuses = [client.get("/v1/me").status_code for _ in range(40)]
        inside.append(client.get("/v1/me", headers=as_(service, "m1")).status_code)

    assert [401] * 10 == statuses[:10]
    assert 429 == statuses[-1]
    assert [200, 200] == inside


def test_a_request_that_takes_too_long_is_given_up(service: Service) -> None:
    """503 with when to ask again; its effect may still come, and the same key finds it."""
    may_go_on = Event()
    log = Hours.log

    def slowly(self: Hours, *args: Any, **how: Any) -> Any:  # noqa: ANN401 - as the use case
        may_go_on.wait(10)
        return log(self, *args, **how)

    headers = {**as_(service, "m1"), "Idempotency-Key": "k"}
    with told(service.folder, seconds_most=1) as client:
        with patch.object(Hours, "log", slowly):
            late = client.post("/v1/hours", json=HELP, headers=headers)
            may_go_on.set()
        while (again := client.post("/v1/hours", json=HELP, headers=headers)).status_code == 409:
            pass

    assert (503, "too_late") == (late.status_code, late.json()["code"])
    assert "Retry-After" in late.headers
    assert 201 == again.status_code


def test_a_client_that_hangs_half_way_is_cut() -> None:
    """408, and the connection ends: what it has sent is no request."""
    sent: list[Any] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:  # noqa: ANN401
        while (await receive())["type"] != "http.disconnect":
            pass

    async def talk() -> None:
        is_cut = asyncio.Event()
        parts = [{"type": "http.request", "body": b"{", "more_body": True}]

        async def receive() -> Any:  # noqa: ANN401
            if parts:
                return parts.pop()
            await is_cut.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401
            sent.append(message)
            if message["type"] == "http.response.body":
                is_cut.set()

        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
        await Manners(app, seconds_most=0.01)(scope, receive, send)

    asyncio.run(talk())

    assert 408 == sent[0]["status"]
    assert (b"connection", b"close") in sent[0]["headers"]


def test_other_sites_are_let_in_by_name_only(service: Service) -> None:
    """No header that opens anything, unless the settings name the site; and never with cookies."""
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    closed = service.client.options("/v1/hours", headers=ask)
    with told(service.folder, origins=("https://app.example",)) as client:
        opened = client.options("/v1/hours", headers=ask)
        other = client.options("/v1/hours", headers={**ask, "Origin": "https://app.example.evil.example"})

    assert "access-control-allow-origin" not in closed.headers
    assert "https://app.example" == opened.headers["access-control-allow-origin"]
    assert "access-control-allow-credentials" not in opened.headers
    assert "access-control-allow-origin" not in other.headers
    for origin in ("*", "https://app.example/", "null", "HTTPS://app.example"):
        with pytest.raises(SettingInvalid):
            Settings(origins=(origin,))


def test_browsers_are_told_of_tls_where_there_is_tls(service: Service) -> None:
    """Only then: a bank at home without TLS would lock itself out."""
    with told(service.folder, tls=True) as client:
        assert "max-age=31536000" == client.get("/health/live").headers["Strict-Transport-Security"]
        assert "Strict-Transport-Security" in client.get("/nowhere").headers
    assert "Strict-Transport-Security" not in service.get(None, "/health/live").headers
