"""A database that is locked, full or gone: 503 with when to ask again, not a word of what is behind it."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import event
from tests.api.conftest import Service
from tests.builders import JOINED_ON, NOW
from tests.faults.servers import a_server

from timebank.care.access import AccessRole
from timebank.clock import SteppingClock
from timebank.services.bank import open_bank
from timebank.storage.retry import RetryPolicy
from timebank_api import Settings, create_app

HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}
SECRETS = ("sqlite", "SELECT", "INSERT", "Traceback", "bank.db", "psycopg", "Sample", "connection")


def is_away(answer: Any) -> bool:  # noqa: ANN401 - an answer of httpx
    """Tell whether an answer says that the books cannot be reached, and nothing else."""
    assert not [word for word in SECRETS if word in answer.text]
    assert "application/problem+json" == answer.headers["content-type"]
    return bool(answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1)


@pytest.fixture
def impatient(service: Service) -> Service:
    """The service, that gives up soon."""
    service.client.app.state.bank.store.retry = RetryPolicy(attempts=1)
    return service


def test_a_locked_database(impatient: Service) -> None:
    """Reads go on; a write is refused and succeeds with the same key once the lock is gone."""
    with closing(sqlite3.connect(impatient.folder / "bank.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert is_away(impatient.post("m1", "/v1/hours", HELP))
        assert 200 == impatient.get("m1", "/v1/me/balance").status_code
        other.execute("ROLLBACK")

    assert 201 == impatient.post("m1", "/v1/hours", HELP).status_code


def test_a_full_database(impatient: Service) -> None:
    """Nothing is half-done: with room again, the same request with its key succeeds."""
    store = impatient.client.app.state.bank.store

    def leave_no_room(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(store.engine, "connect", leave_no_room)
    store.engine.dispose()
    store._close_kept()
    for number in range(300):
        body = {**HELP, "minutes": 30, "start_at": f"2026-02-{1 + number // 24:02}T{number % 24:02}:00:00Z"}
        answer = impatient.post("m1", "/v1/hours", body, key=f"k{number}")
        if answer.status_code != 201:
            break
    assert is_away(answer)
    assert "storage_full" == answer.json()["code"]
    event.remove(store.engine, "connect", leave_no_room)
    store.engine.dispose()
    store._close_kept()

    assert 201 == impatient.post("m1", "/v1/hours", body, key=f"k{number}").status_code
    assert () == tuple(impatient.client.app.state.bank.audits.run().faults)


def test_a_file_that_was_moved_away(impatient: Service) -> None:
    """Nothing is written to it where it is now; once it is back, the service goes on."""
    here, away = impatient.folder / "bank.db", impatient.folder / "away.db"
    impatient.post("m1", "/v1/hours", HELP)
    here.rename(away)
    answers = [
        impatient.post("m1", "/v1/hours", HELP, key="k2"),
        impatient.get("m1", "/v1/me/balance"),
        impatient.get(None, "/health/ready"),
    ]
    here.write_bytes(b"another file")
    answers.append(impatient.get("m1", "/v1/me/balance"))
    away.replace(here)

    assert [True] * 4 == [is_away(answer) for answer in answers]
    assert 200 == impatient.get("m1", "/v1/me/balance").status_code
    assert 1 + 1 == len(impatient.get("desk", "/v1/hours").json())


def test_a_server_that_stops_and_comes_back() -> None:
    """PostgreSQL gone: 503; back: the service goes on by itself, and the same key finds its answer."""
    with a_server() as server:
        address = server.address(server.new_database())
        bank = open_bank(address, clock=SteppingClock(NOW))
        bank.branches.create("lille", name="Sample branch")
        for number in (1, 2):
            bank.members.add("lille", name=f"Sample Member {number}", joined_on=JOINED_ON)
        token = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1").text
        bank.close()
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        with TestClient(create_app(Settings(address=address), clock=SteppingClock(NOW))) as client:
            client.app.state.bank.store.retry = RetryPolicy(attempts=1)
            first = client.post("/v1/hours", json=HELP, headers=headers)
            server.kill()
            assert is_away(client.post("/v1/hours", json=HELP, headers=headers))
            assert is_away(client.get("/v1/me", headers=headers))
            assert is_away(client.get("/health/ready"))
            server.start()
            again = client.post("/v1/hours", json=HELP, headers=headers)

    assert (201, first.content) == (again.status_code, again.content)
