"""Requests and offers over HTTP: members post and see their own, who runs the branch sees them all."""

from typing import Any

import pytest
from tests.api.conftest import Service

WEEK = [{"day": "thu", "starts": "14:00", "ends": "17:00"}]
ASKED = {"kind": "company", "minutes": 60, "week": WEEK, "note": "Sample words"}
ONCE = {
    "kind": "shopping",
    "minutes": 90,
    "earliest_at": "2026-06-20T08:00:00Z",
    "latest_at": "2026-06-20T12:00:00Z",
}
OFFERED = {"kind": "company", "week": WEEK, "minutes_per_week": 120}
NOUNS = [("requests", ASKED), ("offers", OFFERED)]


def numbers(service: Service, who: str, path: str) -> list[int]:
    """Return the numbers in a list as somebody sees it."""
    return [each["no"] for each in service.get(who, path).json()]


def test_a_wish_is_posted_once_shown_and_taken_back(service: Service) -> None:
    """With the words about it; the same key posts it once."""
    posted = service.post("m1", "/v1/requests", ASKED)
    again = service.post("m1", "/v1/requests", ASKED)
    gone = service.post("m1", "/v1/requests/1/withdraw", {}).json()

    assert (201, posted.json()) == (posted.status_code, again.json())
    shown = service.get("m1", "/v1/requests/1").json()
    assert ("withdrawn", "m1", WEEK, "Sample words") == (
        shown["state"],
        shown["member"],
        shown["week"],
        shown["note"],
    )
    assert "2026-09-13T22:00:00Z" == shown["expires_at"]
    assert ("withdrawn", "member:m1") == (gone["state"], gone["ended_by"])
    over = service.post("m1", "/v1/requests/1/withdraw", {}, key="2")
    assert (409, "listing_not_open") == (over.status_code, over.json()["code"])


def test_a_wish_for_a_day_is_open_as_long_as_it_can_be_granted(service: Service) -> None:
    """An hour and a half before its end it is in vain."""
    shown = service.post("m1", "/v1/requests", ONCE).json()

    assert (None, "2026-06-20T10:30:00Z") == (shown["week"], shown["expires_at"])
    assert [] == service.post("desk", "/v1/requests/expire").json()
    assert [1] == numbers(service, "m1", "/v1/requests?state=open")
    assert [] == numbers(service, "m1", "/v1/requests?state=expired")


def test_a_coordinator_posts_for_a_member_and_says_why(service: Service) -> None:
    """On the phone, say; and only in the own branch."""
    for noun, body in NOUNS:
        silent = service.post("desk", f"/v1/{noun}", {**body, "member": "m2"}, key="1")
        assert (422, "reason_missing") == (silent.status_code, silent.json()["code"])
        done = service.post("desk", f"/v1/{noun}", {**body, "member": "m2", "reason": "Sample reason"})
        assert (201, "coordinator:desk") == (done.status_code, done.json()["posted_by"])
        shown = service.get("m2", f"/v1/{noun}/{done.json()['no']}").json()
        assert ["Sample reason"] == shown["reasons"]
        assert 404 == service.post("desk", f"/v1/{noun}", {**body, "reason": "x"}, key="2").status_code
        for member in ("m9", "h1"):
            missing = service.post("desk", f"/v1/{noun}", {**body, "member": member, "reason": "x"}, key="3")
            assert (404, "unknown_member") == (missing.status_code, missing.json()["code"])


@pytest.mark.parametrize(("noun", "body"), NOUNS)
def test_everybody_sees_what_is_theirs(service: Service, noun: str, body: dict[str, Any]) -> None:
    """Whoever else a member asks for; offers are not shown to other members."""
    for who in ("m1", "m2", "mother"):
        assert 201 == service.post(who, f"/v1/{noun}", body).status_code

    assert [1] == numbers(service, "m1", f"/v1/{noun}")
    assert [1] == numbers(service, "m1", f"/v1/{noun}?member=m2")
    assert [] == numbers(service, "m3", f"/v1/{noun}")
    for who in ("desk", "auditor"):
        assert [2, 1] == numbers(service, who, f"/v1/{noun}")
        assert [2] == numbers(service, who, f"/v1/{noun}?member=m2")
        assert [2] == numbers(service, who, f"/v1/{noun}?limit=1")
    assert [1] == numbers(service, "desk elsewhere", f"/v1/{noun}")
    assert 403 == service.get("operator", f"/v1/{noun}").status_code
    assert 401 == service.get(None, f"/v1/{noun}").status_code
    assert [1] == [each["no"] for each in service.get("m1", "/v1/me/export").json()[noun]]


@pytest.mark.parametrize(("noun", "body"), NOUNS)
def test_what_is_not_theirs_is_as_if_it_were_not_there(
    service: Service, noun: str, body: dict[str, Any]
) -> None:
    """To look at, and to take back."""
    service.post("m1", f"/v1/{noun}", body)
    for who in ("m2", "mother", "helper", "desk elsewhere", "operator"):
        foreign, missing = service.get(who, f"/v1/{noun}/1"), service.get(who, f"/v1/{noun}/99")
        assert (404, 404) == (foreign.status_code, missing.status_code)
        assert foreign.text == missing.text.replace("99", "1")
        acted = service.post(who, f"/v1/{noun}/1/withdraw", {})
        if who == "operator":
            assert (403, "not_allowed") == (acted.status_code, acted.json()["code"])
        else:
            assert (404, foreign.text) == (acted.status_code, acted.text)
    for who in ("m1", "desk", "auditor"):
        assert "open" == service.get(who, f"/v1/{noun}/1").json()["state"]


@pytest.mark.parametrize(("noun", "body"), NOUNS)
def test_who_reads_does_not_write(service: Service, noun: str, body: dict[str, Any]) -> None:
    """An auditor and an operator post, withdraw and end nothing; members end nothing; all need a key."""
    service.post("m1", f"/v1/{noun}", body)
    for who in ("auditor", "operator"):
        for path in (f"/v1/{noun}", f"/v1/{noun}/1/withdraw"):
            answer = service.post(who, path, {**body, "member": "m1"} if path == f"/v1/{noun}" else {})
            assert (403, "not_allowed") == (answer.status_code, answer.json()["code"])
    for who in ("m1", "mother", "auditor", "operator"):
        assert 403 == service.post(who, f"/v1/{noun}/expire").status_code
    assert "key_missing" == service.post("m1", f"/v1/{noun}", body, key=None).json()["code"]
    for path in (f"/v1/{noun}/1/withdraw", f"/v1/{noun}"):
        assert 401 == service.post(None, path, body).status_code
    assert 403 == service.post("m2", f"/v1/{noun}", {**body, "member": "m1"}).status_code


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"week": None}, 422, "when_unclear"),
        ({"earliest_at": "2026-06-20T08:00:00Z"}, 422, "when_unclear"),
        ({"week": [{"day": "thu", "starts": "14:10", "ends": "17:00"}]}, 422, "bad_window"),
        ({"week": [{"day": "jeudi", "starts": "14:00", "ends": "17:00"}]}, 400, "malformed"),
        ({"week": []}, 409, "window_too_short"),
        ({"minutes": 200}, 409, "window_too_short"),
        ({"minutes": 0}, 422, "minutes_out_of_range"),
        ({"minutes": "60"}, 400, "malformed"),
        ({"kind": "Not A Code"}, 422, "bad_reference"),
        ({"until_on": "2026-06-01"}, 409, "deadline_out_of_range"),
        ({"until_on": "9999-12-31"}, 422, "day_beyond_range"),
        ({"note": "x" * 501}, 422, "bad_text"),
        ({"note": "\0"}, 400, "malformed"),
        ({"state": "open"}, 400, "malformed"),
        ({"id": 1}, 400, "malformed"),
    ],
)
def test_a_wish_that_cannot_be_granted_is_refused(
    service: Service, changed: dict[str, Any], status: int, code: str
) -> None:
    """With the library's reason, and nothing is kept of it."""
    answer = service.post("m1", "/v1/requests", {**ASKED, **changed})

    assert (status, code) == (answer.status_code, answer.json()["code"])
    assert [] == numbers(service, "m1", "/v1/requests")
