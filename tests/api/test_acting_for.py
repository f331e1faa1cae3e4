"""Acting for somebody: a holder sees and does what a mandate covers; any other is as if there were none."""

from typing import Any

import pytest
from tests.api.conftest import Service

SHOPPING = {"recipient": "member:m1", "minutes": 90, "kind": "shopping", "start_at": "2026-06-10T10:00:00Z"}
FOR_MOTHER = "m1@locmine; mandate=1"
BASIS = "family-authorisation"
READS: tuple[str, ...] = (
    "/v1/me/balance",
    "/v1/me/statement",
    "/v1/hours",
    "/v1/hours/1",
    "/v1/hours/1/history",
    "/v1/holds",
)
READS += ("/v1/members/m1/balance", "/v1/members/m1/statement", "/v1/accounts", "/v1/redemptions")
READS += ("/v1/accounts/member:m1:available", "/v1/accounts/member:m1:available/lines")
READS += ("/v1/beneficiaries", "/v1/branches", "/v1/branches/locmine")
LISTS = {"/v1/hours", "/v1/holds", "/v1/accounts", "/v1/redemptions", "/v1/beneficiaries"}
OPEN_TO_ALL = {"/v1/branches", "/v1/branches/locmine"}
"""What every mandate opens: the calendar of the branch that is acted in."""
AMISS: dict[str, dict[str, Any]] = {
    "over": {"from_on": "2026-06-01", "until_on": "2026-06-14"},
    "not begun": {"from_on": "2026-06-16"},
    "another's": {"holder": "m2@lille"},
    "revoked": {},
    "a namesake's": {"holder": "m2"},
}


def mandated(service: Service, *scopes: str, by: str = "mother", **changed: object) -> str:
    """Let the mother grant a mandate to her son, `m1` of lille; returns the header's value."""
    body = {"holder": "m1@lille", "basis": BASIS, "scopes": scopes, **changed}
    key = str(sorted(body.items(), key=str))
    granted = service.post(by, "/v1/mandates", body, key=key)
    assert 201 == granted.status_code, granted.text
    return f"{granted.json()['principal']}@{granted.json()['branch']}; mandate={granted.json()['no']}"


@pytest.fixture
def helped(service: Service) -> Service:
    """The helper has logged 90 minutes with the mother, in locmine."""
    assert 201 == service.post("helper", "/v1/hours", SHOPPING).status_code
    return service


def test_a_holder_sees_what_the_principal_sees(helped: Service) -> None:
    """From another branch, too; the very same answers."""
    acting = mandated(helped, "view")

    for path in READS:
        seen = helped.get("m1", path, acting=acting)
        assert (200, helped.get("mother", path).text) == (seen.status_code, seen.text)


def test_a_holder_confirms_for_the_principal_and_the_books_say_so(helped: Service) -> None:
    """Who did it, for whom, under which mandate (I-14)."""
    acting = mandated(helped, "confirm")

    assert "confirmed" == helped.post("m1", "/v1/hours/1/confirm", acting=acting).json()["state"]
    events = helped.get("mother", "/v1/hours/1/history").json()["events"]
    assert ["member:m2", "member:m1@lille+m1#1"] == [each["by"] for each in events]
    assert -90 == helped.get("mother", "/v1/me/balance").json()["available_minutes"]


@pytest.mark.parametrize("amiss", AMISS)
def test_a_mandate_that_does_not_count_is_as_if_there_were_none(helped: Service, amiss: str) -> None:
    """Over, not begun, revoked, another's: the answer is that to a number nobody has."""
    acting = mandated(helped, "view", "confirm", **AMISS[amiss])
    if amiss == "revoked":
        helped.post("mother", "/v1/mandates/locmine/1/revoke")

    for path in READS:
        refused = helped.get("m1", path, acting=acting)
        missing = helped.get("m1", path, acting="m1@locmine; mandate=9")
        assert (403, 403) == (refused.status_code, missing.status_code)
        assert refused.text == missing.text.replace("#9", "#1")


@pytest.mark.parametrize("amiss", AMISS)
def test_nothing_is_done_under_a_mandate_that_does_not_count(helped: Service, amiss: str) -> None:
    """Neither to what is there nor to what is not; nobody learns which."""
    acting = mandated(helped, "view", "confirm", **AMISS[amiss])
    if amiss == "revoked":
        helped.post("mother", "/v1/mandates/locmine/1/revoke")

    there = helped.post("m1", "/v1/hours/1/confirm", acting=acting)
    not_there = helped.post("m1", "/v1/hours/2/confirm", acting=acting)

    assert (403, there.text) == (there.status_code, not_there.text)
    assert "logged" == helped.get("mother", "/v1/hours/1").json()["state"]


def test_another_scope_shows_nothing(helped: Service) -> None:
    """As if nothing were there: who may request help may not look around."""
    acting = mandated(helped, "request")

    for path in sorted(set(READS) - OPEN_TO_ALL):
        seen = helped.get("m1", path, acting=acting)
        if path in LISTS:
            assert (200, []) == (seen.status_code, seen.json())
        else:
            missing = helped.get("m1", path.replace("/1", "/2").replace("m1", "m9"), acting=acting)
            assert 404 == seen.status_code == missing.status_code
            assert seen.text == missing.text.replace(" 2 ", " 1 ").replace("m9", "m1")


def test_a_scope_to_act_shows_no_more_than_what_is_acted_on(helped: Service) -> None:
    """Another scope's act is refused as if the record were missing; under scope view, as not covered."""
    asks = mandated(helped, "request")
    looks = mandated(helped, "view")

    blind = helped.post("m1", "/v1/hours/1/confirm", acting=asks)
    missing = helped.post("m1", "/v1/hours/2/confirm", acting=asks)
    seeing = helped.post("m1", "/v1/hours/1/confirm", acting=looks, key="k2")

    assert (404, missing.text.replace(" 2 ", " 1 ")) == (blind.status_code, blind.text)
    assert (403, "mandate_not_in_force") == (seeing.status_code, seeing.json()["code"])
    assert "logged" == helped.get("mother", "/v1/hours/1").json()["state"]


def test_a_mandate_shows_only_its_principal_s(helped: Service) -> None:
    """Not what concerns others of that branch, and not one's own."""
    acting = mandated(helped, "view", by="helper", holder="m1@lille")
    assert "m2@locmine; mandate=1" == acting

    assert 404 == helped.get("m1", "/v1/members/m1/balance", acting=acting).status_code
    assert 404 == helped.get("m1", "/v1/accounts/member:m1:available", acting=acting).status_code
    assert [1] == [each["no"] for each in helped.get("m1", "/v1/hours", acting=acting).json()]
    assert 0 == helped.get("m1", "/v1/me/balance", acting=acting).json()["available_minutes"]
    assert ["locmine"] == [each["code"] for each in helped.get("m1", "/v1/branches", acting=acting).json()]


def test_a_proxy_never_confirms_their_own_service(helped: Service) -> None:
    """The helper holds the mother's mandate, and still has no word on it (I-14)."""
    acting = mandated(helped, "view", "confirm", holder="m2")

    refused = helped.post("helper", "/v1/hours/1/confirm", acting=acting)

    assert (409, "self_dealing") == (refused.status_code, refused.json()["code"])


def test_a_daughter_spends_her_father_s_hours_under_a_mandate(service: Service) -> None:
    """m2 of lille names, requests and cancels for m1, whose hours they are; m3 agrees for the mother."""
    acting = mandated(service, "sponsor", by="m1", holder="m2")
    asked = mandated(service, "request", holder="m3@lille")
    mother = {"relation": "parent", "member": "m1@locmine"}
    wanted = {"beneficiary": 1, "start_at": "2026-06-20T10:00:00Z", "minutes": 60, "kind": "shopping"}

    assert "m1" == service.post("m2", "/v1/beneficiaries", mother, acting=acting).json()["sponsor"]
    agreed = service.post("m3", "/v1/beneficiaries/lille/1/consent", {}, acting=asked)
    service.post("desk", "/v1/beneficiaries/lille/1/check")
    requested = service.post("m2", "/v1/redemptions", wanted, acting=acting)
    cancelled = service.post("m2", "/v1/redemptions/lille-1/cancel", {}, acting=acting)

    assert agreed.json()["consented_at"] is not None
    assert ("m1", "requested") == (requested.json()["sponsor"], requested.json()["state"])
    assert "cancelled" == cancelled.json()["state"]
    steps = service.get("m1", "/v1/redemptions/lille-1/story").json()["events"]
    assert ["member:m2+m1#1"] * 2 == [each["by"] for each in steps]


def test_who_is_no_member_acts_for_nobody(helped: Service) -> None:
    """Whatever the mandate says: in other roles nobody acts for a member (I-14)."""
    acting = mandated(helped, "view")

    for who in ("desk", "desk elsewhere", "auditor", "operator", "m2", "helper", "mother"):
        refused = helped.get(who, "/v1/me/balance", acting=acting)
        assert (403, "not_allowed") == (refused.status_code, refused.json()["code"])


@pytest.mark.parametrize(
    ("path", "acting"),
    [
        ("/v1/me", FOR_MOTHER),
        ("/v1/mandates", FOR_MOTHER),
        ("/v1/members/m1", FOR_MOTHER),
        ("/health/ready", FOR_MOTHER),
    ],
)
def test_the_header_is_never_ignored(service: Service, path: str, acting: str) -> None:
    """Whoever sends it expects an effect: it is refused where it has none, and where it says nothing."""
    mandated(service, "view")
    refused = service.get("m1", path, acting=acting)

    assert (400, ["Timebank-Acting-For"]) == (
        refused.status_code,
        [each["field"] for each in refused.json()["faults"]],
    )


@pytest.mark.parametrize(
    "acting",
    ["m1@locmine", "m1@locmine; mandate=0", "M1@locmine; mandate=1", "m1@locmine; mandate=1; mandate=2", ""],
)
def test_a_header_that_names_nobody_is_refused(service: Service, acting: str) -> None:
    """Rather than read as one's own name."""
    refused = service.get("m1", "/v1/me/balance", acting=acting)

    assert (422, "bad_actor") == (refused.status_code, refused.json()["code"])
