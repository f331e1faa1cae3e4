"""What a coordinator does for a branch, over HTTP; the table of `matrix.txt` says who else may."""

import pytest
from tests.api.conftest import Service
from tests.builders import a_bank

from timebank.errors import StatementTooLong


def paged(service: Service, who: str, path: str) -> list[dict[str, object]]:
    """Return a list, page by page of one, until it ends."""
    found, link = [], "?limit=1"
    while link:
        answer = service.get(who, f"{path}{link}")
        assert 1 >= len(answer.json())
        found += answer.json()
        link = answer.links["next"]["url"] if "next" in answer.links else ""
    return found


def test_members_join_are_found_renamed_and_erased(service: Service) -> None:
    """By the desk; the name is sent in bodies, never in an address."""
    joined = service.post("desk", "/v1/members", {"name": "Léa Sample"})
    assert (201, "m4", False) == (joined.status_code, joined.json()["ref"], joined.json()["is_erased"])
    assert ["m4"] == [
        each["ref"]
        for each in service.post("auditor", "/v1/members/search", {"name": "lea"}, key=None).json()
    ]
    renamed = service.post("desk", "/v1/members/m4/rename", {"name": "Lea Other", "phone": "555"})
    assert ("Lea Other", "555") == (renamed.json()["name"], renamed.json()["phone"])
    assert service.post("desk", "/v1/members/m4/erase").json()["is_erased"]
    assert service.get("desk", "/v1/members/m4").json()["name"] is None


def test_lists_are_read_page_by_page(service: Service) -> None:
    """Each thing once, in order, whatever the size of a page."""
    assert ["m1", "m2", "m3"] == [each["ref"] for each in paged(service, "desk", "/v1/members")]
    paths = [f"member:m{number}:available" for number in (1, 2, 3)]
    assert paths == [each["path"] for each in paged(service, "auditor", "/v1/accounts")]
    assert paths[:1] == [each["path"] for each in paged(service, "m1", "/v1/accounts")]
    for holder in ("m2", "m3"):
        body = {"holder": holder, "basis": "friend", "scopes": ["view"]}
        assert 201 == service.post("m1", "/v1/mandates", body, key=holder).status_code
    assert ["m2", "m3"] == [each["holder"] for each in paged(service, "m1", "/v1/mandates")]


def test_limits_and_overrides_are_recorded_with_who_and_why(service: Service) -> None:
    """And seen by whose account it is (I-5)."""
    path = "/v1/accounts/member:m2:available"
    service.post("desk", f"{path}/limit", {"floor_minutes": -300, "reason": "the board agreed"})
    until = {"floor_minutes": -600, "until_at": "2030-01-31T12:00:00Z", "reason": "hospital"}
    assert -600 == service.post("desk", f"{path}/override", until).json()["floor_minutes"]
    changes = service.get("m2", f"{path}/changes").json()
    assert [
        ("limits", "coordinator:desk", "the board agreed"),
        ("override", "coordinator:desk", "hospital"),
    ] == [(each["what"], each["by"], each["why"]) for each in changes]
    dropped = service.post("desk", f"{path}/limit", {"follows_policy": True, "reason": "over"}, key="k2")
    assert 201 == dropped.status_code


def test_funds_are_opened_and_closed(service: Service) -> None:
    """By the desk, while they are empty."""
    assert 201 == service.post("desk", "/v1/accounts", {"path": "fund:tea"}).status_code
    assert service.post("desk", "/v1/accounts/fund:tea/close").json()["is_closed"]
    full = service.post("desk", "/v1/accounts/member:m1:available/close", key="k2")
    assert (409, "account_not_empty") == (full.status_code, full.json()["code"])


def test_a_statement_covers_a_period_as_known_at_an_instant(service: Service) -> None:
    """Opening, lines, closing, on two time axes."""
    path = "/v1/accounts/member:m1:available/statement"
    whole = service.get("m1", path).json()
    assert (0, 240, 1) == (whole["opening_minutes"], whole["closing_minutes"], len(whole["lines"]))
    before = service.get("m1", f"{path}?last_on=2026-01-01").json()
    assert (0, []) == (before["closing_minutes"], before["lines"])
    bank = a_bank(service.folder)
    with pytest.raises(StatementTooLong):
        bank.statements.statement("lille", "member:m1:available", lines_most=0)
    bank.close()
    unknown = service.get("m1", f"{path}?known_at=2026-01-01T00:00:00Z").json()
    assert 0 == unknown["closing_minutes"]


def test_a_dispute_is_decided_and_its_history_told(service: Service) -> None:
    """By a coordinator, with a reason that both sides read."""
    body = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-06-10T10:00:00Z"}
    no = service.post("m1", "/v1/hours", body).json()["no"]
    service.post("m2", f"/v1/hours/{no}/dispute", {"reason": "it was shorter"})
    decided = service.post(
        "desk", f"/v1/hours/{no}/decide", {"decision": "confirm", "minutes": 60, "reason": "by phone"}
    )
    assert ("confirmed", 60) == (decided.json()["state"], decided.json()["credited_minutes"])
    events = service.get("m2", f"/v1/hours/{no}/history").json()["events"]
    assert [None, "it was shorter", "by phone"] == [each["reason"] for each in events]


def test_a_hold_is_listed_and_released(service: Service) -> None:
    """The desk gives the hours back, free of charge; the story of the redemption says so."""
    service.post("m1", "/v1/beneficiaries", {"relation": "parent", "member": "m1@locmine"})
    service.post("mother", "/v1/beneficiaries/lille/1/consent", {})
    service.post("desk", "/v1/beneficiaries/lille/1/check")
    wanted = {"beneficiary": 1, "start_at": "2026-06-20T14:00:00Z", "minutes": 90, "kind": "shopping"}
    service.post("m1", "/v1/redemptions", wanted)
    assert [("pending", "redemption lille-1")] == [
        (each["state"], each["cause"]) for each in service.get("m1", "/v1/holds").json()
    ]
    assert (
        "cancelled" == service.post("desk", "/v1/holds/1/release", {"reason": "by mistake"}).json()["state"]
    )
    story = service.get("m1", "/v1/redemptions/lille-1/story").json()
    assert (True, 0, "by mistake") == (
        story["is_reconciled"],
        story["paid_minutes"],
        story["events"][-1]["reason"],
    )
    assert [] == service.post("desk", "/v1/holds/expire").json()
