"""The family's story over HTTP: hours earned in one branch, help received in another."""

import pytest
from tests.api.conftest import Service

WANTED = {"beneficiary": 1, "start_at": "2026-06-20T14:00:00+02:00", "minutes": 90, "kind": "shopping"}


@pytest.fixture
def family(service: Service) -> Service:
    """The son in lille has named his mother in locmine; she agreed, and it was checked."""
    named = service.post("m1", "/v1/beneficiaries", {"relation": "parent", "member": "m1@locmine"})
    assert 201 == named.status_code
    assert 201 == service.post("mother", "/v1/beneficiaries/lille/1/consent", {}).status_code
    assert 201 == service.post("desk elsewhere", "/v1/beneficiaries/lille/1/check").status_code
    return service


def test_hours_earned_here_are_help_received_there(family: Service) -> None:
    """Reserved when it is asked for, charged and credited when she agrees that it took place."""
    asked = family.post("m1", "/v1/redemptions", WANTED).json()
    assert ("lille-1", "requested", 90) == (asked["redemption"], asked["state"], asked["held_minutes"])
    assert {"available_minutes": 150, "held_minutes": 90, "given_minutes": 240, "received_minutes": 0} == (
        family.get("m1", "/v1/me/balance").json()
    )

    family.post("desk elsewhere", "/v1/redemptions/lille-1/assign", {"provider": "m2"})
    assert ["lille-1"] == [each["redemption"] for each in family.get("helper", "/v1/redemptions").json()]
    family.post("helper", "/v1/redemptions/lille-1/log", {"minutes": 60, "start_at": "2026-06-15T09:00:00Z"})
    done = family.post("mother", "/v1/redemptions/lille-1/confirm", {}, key="yes").json()

    assert ("settled", 60) == (done["state"], done["charged_minutes"])
    assert {"lille", "locmine"} == {each["branch"] for each in done["entries"]}
    assert 180 == family.get("m1", "/v1/me/balance").json()["available_minutes"]
    assert 60 == family.get("helper", "/v1/me/balance").json()["available_minutes"]


def test_what_was_asked_for_can_be_called_off(family: Service) -> None:
    """In time, and the hours come back."""
    family.post("m1", "/v1/redemptions", WANTED)
    assert "cancelled" == family.post("m1", "/v1/redemptions/lille-1/cancel", {}).json()["state"]
    assert 240 == family.get("m1", "/v1/me/balance").json()["available_minutes"]


@pytest.mark.parametrize("who", ["m2", "m3", "helper", "operator"])
def test_what_is_not_theirs_is_as_if_it_were_not_there(family: Service, who: str) -> None:
    """For everybody who is no party to it and does not run either branch."""
    family.post("m1", "/v1/redemptions", WANTED)
    for path, missing in (
        ("/v1/redemptions/lille-1", "/v1/redemptions/lille-2"),
        ("/v1/beneficiaries/lille/1", "/v1/beneficiaries/lille/2"),
    ):
        foreign, absent = family.get(who, path), family.get(who, missing)
        assert (404, 404) == (foreign.status_code, absent.status_code)
        assert foreign.json().keys() == absent.json().keys()
        assert foreign.json()["code"] == absent.json()["code"]
    for path in ("/v1/redemptions", "/v1/beneficiaries"):
        listed = family.get(who, path)
        assert 403 == listed.status_code if who == "operator" else [] == listed.json()


@pytest.mark.parametrize("who", ["m1", "mother", "desk", "desk elsewhere", "auditor"])
def test_either_side_follows_it(family: Service, who: str) -> None:
    """The parties, and who runs or audits a branch of theirs."""
    family.post("m1", "/v1/redemptions", WANTED)

    assert "requested" == family.get(who, "/v1/redemptions/lille-1").json()["state"]
    assert 1 == family.get(who, "/v1/beneficiaries/lille/1").json()["no"]
    assert ["lille-1"] == [each["redemption"] for each in family.get(who, "/v1/redemptions").json()]


def test_members_of_two_branches_with_one_reference_are_not_mixed_up(family: Service) -> None:
    """m1 of locmine is the mother; she cannot spend what m1 of lille earned."""
    assert 404 == family.post("mother", "/v1/redemptions", WANTED).status_code


@pytest.mark.parametrize("ref", ["nowhere-1", "lille", "lille-0", "x" * 61, "lille-99999999999999999999"])
def test_a_reference_that_is_none_is_not_found(family: Service, ref: str) -> None:
    """Whatever is wrong with it."""
    assert family.get("m1", f"/v1/redemptions/{ref}").status_code in {400, 404}
