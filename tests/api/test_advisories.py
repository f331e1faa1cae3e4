"""What was once wrong with the framework, and must not become wrong here: its last advisories."""

from typing import Any

import pytest
from tests.api.conftest import Service
from tests.api.test_witness import a_scope, watched

from timebank_api.limits import Buckets, peer_of
from timebank_api.peers import Names, Peers

ALLOWED = "hours.example.org"


def test_no_header_buys_another_bucket() -> None:
    """CVE-2025-59152: who writes another address in front of every request still has one limit."""
    buckets, peers = Buckets(per_second=1, burst=3, elapsed=lambda: 0.0), Peers(["10.0.0.1"])
    waits = []
    for number in range(6):
        lies = (("x-forwarded-for", f"192.0.2.{number}"), ("forwarded", f"for=192.0.2.{number}"))
        scope = a_scope("198.51.100.4", *lies, ("x-real-ip", f"192.0.2.{number}"))
        peers.admit(scope)
        waits.append(buckets.take(peer_of(scope)))

    assert [0, 0, 0, 1, 1, 1] == waits


def test_a_proxy_buys_no_bucket_for_who_stands_behind_it() -> None:
    """The same: what a visitor wrote stands left of what the named proxy wrote, and is not looked at."""
    peers = Peers(["10.0.0.1"])
    sides = set()
    for number in range(6):
        scope = a_scope("10.0.0.1", ("x-forwarded-for", f"192.0.2.{number}, 198.51.100.4"))
        peers.admit(scope)
        sides.add(peer_of(scope))

    assert {"198.51.100.4"} == sides


@pytest.mark.parametrize("origin", ["https://hours.example.org", "https://hoursXexample.org", "null", "*"])
def test_no_other_site_is_let_in_by_default(service: Service, origin: str) -> None:
    """CVE-2026-25478: a dot of an allowed origin matched any character; none is allowed unasked."""
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    with watched(service.folder, allowed_hosts=(ALLOWED, "testserver.local")) as (client, _):
        for answer in (client.options("/v1/me", headers=asking), client.get("/v1/me", headers=asking)):
            assert [] == [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("place", range(len(ALLOWED)))
def test_a_name_that_differs_in_one_place_is_another(place: int) -> None:
    """CVE-2026-25479: a dot of an allowed host matched any character."""
    other = "x" if ALLOWED[place] != "x" else "y"
    name = ALLOWED[:place] + other + ALLOWED[place + 1 :]

    assert Names([ALLOWED]).allow(a_scope("192.0.2.9", ("host", ALLOWED)))
    assert not Names([ALLOWED]).allow(a_scope("192.0.2.9", ("host", name)))
    assert not Names([f"*.{ALLOWED}"]).allow(a_scope("192.0.2.9", ("host", f"a.{name}")))


def test_nothing_is_kept_where_keys_may_collide(service: Service) -> None:
    """CVE-2026-25480: two keys of a file store were one; no answer is cached, and no store used."""
    with watched(service.folder) as (client, _):
        app = client.app
        assert {} == dict(app.stores._stores)
        assert [False] == list(
            {bool(handler.cache) for route in app.routes for handler in handlers_of(route)}
        )


def handlers_of(route: object) -> list[Any]:
    """Return the handlers of a route that answer over HTTP."""
    return [each for each in getattr(route, "route_handlers", ()) if hasattr(each, "cache")]


@pytest.mark.parametrize("name", ["hours.example.org", "testserver.local"])
def test_no_forwarded_name_counts(service: Service, name: str) -> None:
    """CVE-2026-48061: where there was no name, a header stood in for it; see `test_serving`, too."""
    with watched(service.folder, allowed_hosts=(ALLOWED,)) as (client, _):
        lies = {"X-Forwarded-Host": ALLOWED, "Forwarded": f"host={ALLOWED}", "Host": name}
        status = client.get("/v1/me", headers=lies).status_code

    assert (401 if name == ALLOWED else 400) == status
