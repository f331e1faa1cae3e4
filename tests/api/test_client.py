"""The client tells the stories of the service: typed answers, the library's errors, keys said again."""

import asyncio
import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.conftest import Service
from tests.api.world import operations
from tests.builders import NOW
from tests.client_source import FOLDER, python_name, texts

from timebank.client import AsyncClient, Client, ServiceRefused, ServiceUnreachable
from timebank.client.refusals import refusal_of
from timebank.errors import InsufficientHours, KeyReused, TryAgain, UnknownRecord

VISIT_AT = datetime(2026, 3, 1, 13, tzinfo=UTC)


@pytest.fixture
def service_of(service: Service) -> Callable[[str | None], Client]:
    """Return clients by who asks."""

    def asked(who: str | None) -> Client:
        http = httpx.Client(base_url="http://testserver", transport=service.client._transport)
        return Client("http://testserver", service.tokens[who] if who else None, http=http)

    return asked


def test_what_is_written_from_the_description_is_current() -> None:
    """`make docs` writes it."""
    for name, text in texts().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"make docs writes {name}"


def test_every_operation_has_its_method() -> None:
    """On the attribute of its noun, waiting and awaited."""
    for client in (Client("http://nowhere.invalid"), AsyncClient("http://nowhere.invalid")):
        for operation in operations():
            noun, _, verb = operation.name.partition("_")
            assert callable(getattr(getattr(client, noun), python_name(verb))), operation.name


def test_the_volunteers_story(service_of: Any) -> None:  # noqa: ANN401
    """Logged by one, agreed by the other, and not again under the same key."""
    volunteer, neighbour = service_of("m1"), service_of("m2")
    said = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": VISIT_AT}
    logged = volunteer.hours.log(**said, key="visit")
    assert logged == volunteer.hours.log(**said, key="visit")
    assert (logged.state, logged.start_at) == ("logged", VISIT_AT)
    agreed = neighbour.hours.confirm(logged.no)

    assert ("confirmed", 90) == (agreed.state, agreed.credited_minutes)
    assert 330 == volunteer.me.balance().available_minutes
    assert {logged.no} <= {each.no for each in volunteer.hours.list(limit=1)}
    assert isinstance(hash(agreed), int)


def test_the_familys_story(service_of: Any) -> None:  # noqa: ANN401
    """Hours earned here are help received there."""
    son, mother, desk, helper = map(service_of, ("m1", "mother", "desk elsewhere", "helper"))
    named = son.beneficiaries.add(relation="parent", member="m1@locmine")
    mother.beneficiaries.consent(named.branch, named.no)
    desk.beneficiaries.check(named.branch, named.no)
    wanted_at = NOW + timedelta(days=5)
    asked = son.redemptions.request(
        beneficiary=named.no, start_at=wanted_at, minutes=90, kind="shopping", mode="in-person"
    )
    assert 90 == son.me.balance().held_minutes
    desk.redemptions.assign(asked.redemption, provider="m2")
    helper.redemptions.log(asked.redemption, minutes=60, start_at=NOW - timedelta(hours=3))
    done = mother.redemptions.confirm(asked.redemption)

    assert ("settled", 60) == (done.state, done.charged_minutes)
    assert 60 == helper.me.balance().available_minutes


def test_the_coordinators_story(service_of: Any) -> None:  # noqa: ANN401
    """What is posted by hand is undone by hand, and the books hold."""
    desk = service_of("desk")
    moved = desk.transfers.post(
        debit_path="member:m1:available", credit_path="member:m3:available", minutes=30, reason="A sample."
    )
    undone = desk.entries.reverse(moved.entry, reason="It was a sample.")

    assert moved.entry == undone.reverses
    assert desk.audit.run().is_clean


def test_refusals_are_the_librarys_errors(service_of: Any) -> None:  # noqa: ANN401
    """By their code, with what the service says."""
    volunteer = service_of("m1")
    with pytest.raises(UnknownRecord) as missing:
        volunteer.hours.show(99)
    assert 404 == missing.value.refusal.status  # type: ignore[attr-defined]
    said = {"recipient": "member:m2", "kind": "shopping", "start_at": VISIT_AT, "key": "k"}
    volunteer.hours.log(**said, minutes=90)
    with pytest.raises(KeyReused):
        volunteer.hours.log(**said, minutes=60)
    with pytest.raises(ServiceRefused) as malformed:
        volunteer.hours.log(recipient="member:m2", kind="shopping", start_at="yesterday", minutes=1)
    assert "malformed" == malformed.value.code
    assert isinstance(refusal_of(409, b'{"code": "insufficient_hours", "status": 409}'), InsufficientHours)
    assert isinstance(refusal_of(502, b"<html>"), ServiceRefused)


def answering(*answers: int | None) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """Return a service that answers so, one after the other, None being no answer; and what it was asked."""
    asked: list[httpx.Request] = []
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        status = left.pop(0)
        if status is None:
            raise httpx.ConnectError("gone", request=request)
        said = {"status": status, "code": "try_again"} if status >= 400 else BALANCE
        return httpx.Response(status, json=said, headers={"Retry-After": "7"})

    return httpx.MockTransport(answer), asked


BALANCE = {"available_minutes": 1, "held_minutes": 0, "given_minutes": 1, "received_minutes": 0}


def test_a_busy_service_is_asked_again_with_the_same_key() -> None:
    """After as long as it says, and so that nothing takes effect twice."""
    transport, asked = answering(503, None, 429, 503)
    waited: list[float] = []
    http = httpx.Client(base_url="http://bank.invalid", transport=transport)
    client = Client("http://bank.invalid", "token", http=http, wait=waited.append)
    with pytest.raises(TryAgain):
        client.hours.confirm(1)

    assert [7.0, 1.0, 7.0] == waited
    assert 1 == len({each.headers["Idempotency-Key"] for each in asked})
    assert {"Bearer token"} == {each.headers["Authorization"] for each in asked}


def test_what_never_answers_is_unreachable() -> None:
    """And what has no key is not repeated."""
    transport, asked = answering(None, None)
    http = httpx.Client(base_url="http://bank.invalid", transport=transport)
    with pytest.raises(ServiceUnreachable):
        Client("http://bank.invalid", http=http, wait=lambda _: None).sign.out()
    assert 1 == len(asked)


def test_it_is_awaited_just_so(tmp_path: Path) -> None:
    """From an event loop."""
    transport, asked = answering(503, 200)

    async def balance() -> int:
        http = httpx.AsyncClient(base_url="http://bank.invalid", transport=transport)

        async def wait(seconds: float) -> None:
            assert 7.0 == seconds

        async with AsyncClient("http://bank.invalid", "t", acting_for="x", http=http, wait=wait) as client:
            return (await client.me.balance()).available_minutes

    assert 1 == asyncio.run(balance())
    assert "x" == asked[0].headers["Timebank-Acting-For"]


def test_it_needs_no_database() -> None:
    """Whoever only asks installs httpx and msgspec."""
    from timebank.client import asking, nouns, refusals, shapes, wishes

    for module in (asking, nouns, refusals, shapes, wishes):
        assert "sqlalchemy" not in inspect.getsource(module)
