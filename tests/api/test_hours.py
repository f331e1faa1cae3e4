"""The volunteer's story over HTTP: log help, the other side agrees, the hours are there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.builders import NOW, a_branch, address_in

from timebank.care.access import AccessRole
from timebank.clock import SteppingClock
from timebank_api import Settings, create_app

Client = TestClient[Any]
HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


@pytest.fixture
def bearers(tmp_path: Path) -> dict[str, dict[str, str]]:
    """A branch, and headers for three members, a coordinator and an auditor."""
    bank = a_branch(tmp_path)
    callers = {
        **{ref: (AccessRole.MEMBER, ref) for ref in ("m1", "m2", "m3")},
        "desk": (AccessRole.COORDINATOR, "desk"),
        "auditor": (AccessRole.AUDITOR, "a1"),
    }
    headers = {
        name: {"Authorization": f"Bearer {bank.tokens.issue('lille', role=role, ref=ref).text}"}
        for name, (role, ref) in callers.items()
    }
    bank.close()
    return headers


@pytest.fixture
def client(bearers: dict[str, dict[str, str]], tmp_path: Path) -> Iterator[Client]:
    """A client of the service over that branch."""
    with TestClient(create_app(Settings(address=address_in(tmp_path)), clock=SteppingClock(NOW))) as found:
        yield found


def test_an_hour_goes_from_the_phone_to_the_balance(
    client: Client, bearers: dict[str, dict[str, str]]
) -> None:
    """Logged by one, agreed by the other, and not again if the answer was lost."""
    logged = client.post("/v1/hours", json=HELP, headers={**bearers["m1"], "Idempotency-Key": "k1"})
    assert (201, "logged") == (logged.status_code, logged.json()["state"])
    again = client.post("/v1/hours", json=HELP, headers={**bearers["m1"], "Idempotency-Key": "k1"})
    assert logged.json() == again.json()

    no = logged.json()["no"]
    agreed = client.post(f"/v1/hours/{no}/confirm", headers={**bearers["m2"], "Idempotency-Key": "k2"})
    assert (201, "confirmed") == (agreed.status_code, agreed.json()["state"])
    assert 90 == client.get("/v1/me/balance", headers=bearers["m1"]).json()["available_minutes"]
    assert -90 == client.get("/v1/me/balance", headers=bearers["m2"]).json()["available_minutes"]
