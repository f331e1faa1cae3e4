"""The volunteer's story over HTTP: log help, the other side agrees, the hours are there."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from litestar.testing import TestClient
from tests.builders import NOW, a_bank, a_branch, address_in

from timebank.care.access import AccessRole
from timebank.clock import SteppingClock
from timebank.services.members import Members
from timebank_api import Settings, create_app

Client = TestClient[Any]
Bearers = dict[str, dict[str, str]]
HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


@pytest.fixture
def bearers(tmp_path: Path) -> Bearers:
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
def client(bearers: Bearers, tmp_path: Path) -> Iterator[Client]:
    """A client of the service over that branch."""
    with TestClient(create_app(Settings(address=address_in(tmp_path)), clock=SteppingClock(NOW))) as found:
        yield found


def test_an_hour_goes_from_the_phone_to_the_balance(client: Client, bearers: Bearers) -> None:
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


def send(client: Client, who: dict[str, str], key: str | None = "k", **changed: Any) -> Any:  # noqa: ANN401
    """Log help as somebody."""
    headers = who if key is None else {**who, "Idempotency-Key": key}
    return client.post("/v1/hours", json={**HELP, **changed}, headers=headers)


def test_what_is_not_mine_is_as_if_it_were_not_there(client: Client, bearers: Bearers) -> None:
    """Nobody learns from the answer that a record exists; coordinators and auditors see it."""
    no = send(client, bearers["m1"]).json()["no"]
    foreign = client.get(f"/v1/hours/{no}", headers=bearers["m3"])
    missing = client.get(f"/v1/hours/{no + 1}", headers=bearers["m3"])
    acting = client.post(f"/v1/hours/{no}/confirm", headers={**bearers["m3"], "Idempotency-Key": "k"})

    assert (404, 404, 404) == (foreign.status_code, missing.status_code, acting.status_code)
    assert foreign.text == missing.text.replace(str(no + 1), str(no))
    assert foreign.text == acting.text
    for name in ("m1", "m2", "desk", "auditor"):
        assert 200 == client.get(f"/v1/hours/{no}", headers=bearers[name]).status_code


def test_an_auditor_writes_nothing(client: Client, bearers: Bearers) -> None:
    """Not even what a member could."""
    refused = send(client, bearers["auditor"], provider="m1")

    assert (403, "not_allowed") == (refused.status_code, refused.json()["code"])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"minutes": "90"}, "minutes"),
        ({"minutes": 1.5}, "minutes"),
        ({"mode": "by magic"}, "mode"),
        ({"start_at": "yesterday"}, "start_at"),
    ],
    ids=["a text", "a half", "a word", "no instant"],
)
def test_a_wrong_field_is_named(
    client: Client, bearers: Bearers, changed: dict[str, Any], field: str
) -> None:
    """With its path, and nothing of its value."""
    answer = send(client, bearers["m1"], **changed)

    assert (400, "malformed") == (answer.status_code, answer.json()["code"])
    assert [field] == [each["field"] for each in answer.json()["faults"]]


@pytest.mark.parametrize("field", ["role", "balance", "id", "branch", "state"])
def test_fields_that_nobody_asked_for_are_refused(client: Client, bearers: Bearers, field: str) -> None:
    """Rather than ignored: whoever sends them expects an effect."""
    assert 400 == send(client, bearers["m1"], **{field: "x"}).status_code


def test_a_key_is_needed_and_never_takes_effect_twice(client: Client, bearers: Bearers) -> None:
    """Each caller has keys of their own."""
    assert "key_missing" == send(client, bearers["m1"], key=None).json()["code"]
    assert 201 == send(client, bearers["m1"]).status_code
    reused = send(client, bearers["m1"], minutes=30)
    assert (422, "key_reused") == (reused.status_code, reused.json()["code"])
    assert 201 == send(client, bearers["m2"], recipient="member:m3").status_code


def test_a_token_opens_nothing_once_it_is_revoked_or_expired(
    client: Client, bearers: Bearers, tmp_path: Path
) -> None:
    """From the next request on; and nobody is told why."""
    bank = a_bank(tmp_path)
    bank.tokens.revoke("lille", 1)
    later = SteppingClock(NOW + timedelta(days=90))
    bank.close()
    revoked = client.get("/v1/me", headers=bearers["m1"])
    with TestClient(create_app(Settings(address=address_in(tmp_path)), clock=later)) as tomorrow:
        expired = tomorrow.get("/v1/me", headers=bearers["m2"])
    unknown = client.get("/v1/me", headers={"Authorization": f"Bearer tb_lille_{'x' * 43}"})
    nowhere = client.get("/v1/me", headers={"Authorization": f"Bearer tb_nowhere_{'x' * 43}"})

    assert 200 == client.get("/v1/me", headers=bearers["m2"]).status_code
    assert 401 == revoked.status_code
    assert revoked.text == expired.text == unknown.text == nowhere.text == client.get("/v1/me").text
    assert "Bearer" == revoked.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PATCH", "/v1/me", 405),
        ("TRACE", "/v1/me", 405),
        ("GET", "/v1/hours/x", 404),
        ("GET", "/v1/me", 401),
    ],
    ids=["no route", "no method", "a mirror", "no number", "nobody"],
)
def test_every_error_is_a_problem(client: Client, method: str, path: str, status: int) -> None:
    """In the form of RFC 9457, and kept by nobody."""
    answer = client.request(method, path)

    assert status == answer.status_code == answer.json()["status"]
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert "no-store" == answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"minutes": 9\xff}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"minutes=90", "application/x-www-form-urlencoded", 415),
        (b"minutes: 90", "application/yaml", 415),
    ],
    ids=["half of it", "no UTF-8", "a list", "nothing", "deep", "a form", "yaml"],
)
def test_a_body_that_is_no_json_is_refused(
    client: Client, bearers: Bearers, body: bytes, kind: str, status: int
) -> None:
    """And no word of a parser's error gets out but where it was."""
    headers = {**bearers["m1"], "Idempotency-Key": "k", "Content-Type": kind}
    answer = client.post("/v1/hours", content=body, headers=headers)

    assert status == answer.status_code == answer.json()["status"]


def test_a_body_beyond_the_limit_is_refused(client: Client, bearers: Bearers) -> None:
    """Before it is read."""
    assert 413 == send(client, bearers["m1"], kind="x" * 70_000).status_code


def test_a_bug_of_ours_tells_nothing(
    bearers: Bearers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the caller nor the log learns more than where it was."""
    app = create_app(Settings(address=address_in(tmp_path)), clock=SteppingClock(NOW))
    with (
        TestClient(app, raise_server_exceptions=False) as client,
        patch.object(Members, "show", side_effect=ZeroDivisionError("Sample Member 1")),
    ):
        answer = client.get("/v1/me", headers=bearers["m1"])

    assert (500, "internal_error") == (answer.status_code, answer.json()["code"])
    assert "Sample" not in answer.text + caplog.text
    assert "ZeroDivisionError in me_show, me.py line " in caplog.text


def test_the_description_names_no_outside_address(client: Client) -> None:
    """It is served where it describes."""
    text = client.get("/schema/openapi.json").text

    assert {"https://receiver.example"} >= set(re.findall(r"https?://[^/\"\\]+", text)), "an example's"
    assert 404 == client.get("/schema/redoc").status_code


def act(client: Client, who: dict[str, str], no: int, verb: str, **body: Any) -> Any:  # noqa: ANN401
    """Do something to a record as somebody."""
    headers = {**who, "Idempotency-Key": f"{verb} {no}"}
    return client.post(f"/v1/hours/{no}/{verb}", json=body or None, headers=headers)


def test_what_was_logged_can_be_corrected_disputed_rejected_and_withdrawn(
    client: Client, bearers: Bearers
) -> None:
    """By whose turn it is."""
    records = [
        send(client, bearers["m1"], key=f"k{day}", start_at=f"2026-02-0{day}T14:00:00Z").json()["no"]
        for day in (1, 2, 3, 4)
    ]
    states = [
        act(client, bearers["m2"], records[0], "correct", minutes=60).json()["state"],
        act(client, bearers["m2"], records[1], "dispute", reason="it was shorter").json()["state"],
        act(client, bearers["m2"], records[2], "reject", reason="nobody came").json()["state"],
        act(client, bearers["m1"], records[3], "withdraw").json()["state"],
    ]

    assert ["corrected", "disputed", "rejected", "withdrawn"] == states
    refused = act(client, bearers["m2"], records[3], "confirm")
    assert 409 == refused.status_code


def test_a_list_holds_what_one_may_see(client: Client, bearers: Bearers) -> None:
    """Members their own, whoever else they ask for; coordinators and auditors everybody's."""
    first = send(client, bearers["m1"]).json()["no"]
    second = send(client, bearers["m2"], recipient="member:m3").json()["no"]

    def listed(name: str, **asked: str) -> list[int]:
        answer = client.get("/v1/hours", headers=bearers[name], params=asked)
        return [each["no"] for each in answer.json()]

    assert [first] == listed("m1")
    assert [first] == listed("m1", member="m3")
    assert [second, first] == listed("m2")
    assert [second, first] == listed("auditor")
    assert [second] == listed("desk", member="m3")
    assert [second] == listed("desk", limit="1")
    assert [] == listed("m1", state="confirmed")
    assert 400 == client.get("/v1/hours?limit=101", headers=bearers["m1"]).status_code


def test_a_statement_says_what_happened_to_my_hours(client: Client, bearers: Bearers) -> None:
    """Page by page, newest first; who is no member has none."""
    for day in (1, 2, 3):
        no = send(client, bearers["m1"], key=f"k{day}", start_at=f"2026-02-0{day}T14:00:00Z").json()["no"]
        act(client, bearers["m2"], no, "confirm")
    newest = client.get("/v1/me/statement?limit=2", headers=bearers["m1"])
    oldest = client.get(f"/v1/me/statement{newest.links['next']['url']}", headers=bearers["m1"])

    assert [(3, 270), (2, 180)] == [(each["entry"], each["balance_minutes"]) for each in newest.json()]
    assert [(1, 90, ["member:m2:available"])] == [
        (each["entry"], each["change_minutes"], each["others"]) for each in oldest.json()
    ]
    assert {} == oldest.links
    assert 404 == client.get("/v1/me/statement", headers=bearers["desk"]).status_code


@pytest.mark.parametrize("role", [AccessRole.COORDINATOR, AccessRole.AUDITOR, AccessRole.OPERATOR])
def test_a_member_s_hours_are_not_their_namesake_s(client: Client, tmp_path: Path, role: AccessRole) -> None:
    """Somebody in another role may be called as a member is; they have no hours of their own."""
    bank = a_bank(tmp_path)
    headers = {"Authorization": f"Bearer {bank.tokens.issue('lille', role=role, ref='m1').text}"}
    bank.close()

    for path in ("/v1/me/balance", "/v1/me/statement"):
        assert 404 == client.get(path, headers=headers).status_code
    logged = client.post("/v1/hours", json=HELP, headers={**headers, "Idempotency-Key": "k"})
    assert logged.status_code in {403, 404}
