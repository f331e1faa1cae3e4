"""The rules of a branch over HTTP: everybody reads them, coordinators set them."""

import pytest
from tests.api.conftest import Service

from timebank.policy.writing import DEFAULT_POLICY_TEXT

STRICTER = DEFAULT_POLICY_TEXT.replace("floor_minutes = ", "floor_minutes = -490 # was ", 1)


def test_the_rules_in_force_are_everybody_s_to_read(service: Service) -> None:
    """But for who sees no books."""
    for who in ("m1", "desk", "auditor"):
        shown = service.get(who, "/v1/policy").json()
        assert (1, DEFAULT_POLICY_TEXT) == (shown["version"], shown["document"])
    assert 403 == service.get("operator", "/v1/policy").status_code
    assert 401 == service.get(None, "/v1/policy").status_code
    missing = service.get("m1", "/v1/policy?version=9")
    assert (404, "unknown_policy_version") == (missing.status_code, missing.json()["code"])
    assert DEFAULT_POLICY_TEXT == service.get("m1", "/v1/policy/default").json()["document"]


def test_new_rules_are_checked_compared_and_set(service: Service) -> None:
    """The same key sets them once, and says again what they change."""
    assert {"is_usable": True, "faults": []} == (
        service.post("auditor", "/v1/policy/check", {"document": STRICTER}, key=None).json()
    )
    changes = service.post("auditor", "/v1/policy/diff", {"document": STRICTER}, key=None).json()
    assert ["-490"] == [each["after"] for each in changes]
    new = {"document": STRICTER, "effective_on": "2026-07-01"}
    done = service.post("desk", "/v1/policy", new)
    again = service.post("desk", "/v1/policy", new)

    assert (201, 2, changes) == (done.status_code, done.json()["version"], done.json()["changes"])
    assert done.json() == again.json()
    assert [1, 2] == [each["version"] for each in service.get("desk", "/v1/policy/versions").json()]
    assert 1 == service.get("desk", "/v1/policy").json()["version"]
    assert [1] == [each["version"] for each in service.get("desk elsewhere", "/v1/policy/versions").json()]


def test_every_fault_of_a_document_is_listed(service: Service) -> None:
    """With its key, by the check and by the refusal."""
    broken = STRICTER.replace("floor_minutes = -490", 'floor_minutes = "0"', 1) + "\n[unknown]\nkey = 1\n"
    found = service.post("desk", "/v1/policy/check", {"document": broken}, key=None).json()
    refused = service.post("desk", "/v1/policy", {"document": broken})

    assert not found["is_usable"]
    assert 2 <= len(found["faults"])
    assert (422, "policy_invalid", found["faults"]) == (
        refused.status_code,
        refused.json()["code"],
        refused.json()["faults"],
    )


@pytest.mark.parametrize("who", ["m1", "mother", "operator"])
def test_members_and_operators_check_nothing(service: Service, who: str) -> None:
    """That is for who runs or audits the branch."""
    for act in ("check", "diff"):
        assert 403 == service.post(who, f"/v1/policy/{act}", {"document": ""}, key=None).status_code
