"""Where two people edit: who saw an older state than there is changes nothing (`If-Match`)."""

from typing import Any

import pytest
from tests.api.conftest import Service

HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


def change(service: Service, who: str, path: str, body: Any, tag: str, *, key: str = "k") -> Any:  # noqa: ANN401
    """Change something as seen."""
    headers = {"Authorization": f"Bearer {service.tokens[who]}", "Idempotency-Key": key, "If-Match": tag}
    return service.client.post(path, json=body, headers=headers)


def test_who_saw_an_older_record_does_not_correct_it(service: Service) -> None:
    """412, and the record is as the other one left it; with the tag of what is there it goes through."""
    no = service.post("m1", "/v1/hours", HELP).json()["no"]
    seen = service.get("m2", f"/v1/hours/{no}").headers["ETag"]
    first = change(service, "m1", f"/v1/hours/{no}/correct", {"minutes": 60}, seen)
    late = change(service, "m2", f"/v1/hours/{no}/correct", {"minutes": 30}, seen)
    assert (201, 412, "version_changed") == (first.status_code, late.status_code, late.json()["code"])
    record = service.get("m2", f"/v1/hours/{no}")
    again = change(service, "m2", f"/v1/hours/{no}/correct", {"minutes": 30}, record.headers["ETag"])

    assert 60 == record.json()["minutes"]
    assert (201, 30) == (again.status_code, again.json()["minutes"])


def test_a_repeat_is_answered_whatever_changed(service: Service) -> None:
    """The same request with its key: its own effect is what changed the version."""
    no = service.post("m1", "/v1/hours", HELP).json()["no"]
    seen = service.get("m2", f"/v1/hours/{no}").headers["ETag"]
    first = change(service, "m2", f"/v1/hours/{no}/correct", {"minutes": 60}, seen)

    assert first.content == change(service, "m2", f"/v1/hours/{no}/correct", {"minutes": 60}, seen).content


@pytest.mark.parametrize(("tag", "status"), [("*", 201), ('"x", "y"', 412), ('W/"x"', 412), ("", 412)])
def test_other_forms_of_a_tag(service: Service, tag: str, status: int) -> None:
    """A star is whatever is there; a weak tag never matches."""
    no = service.post("m1", "/v1/hours", HELP).json()["no"]

    assert status == change(service, "m2", f"/v1/hours/{no}/correct", {"minutes": 60}, tag).status_code


def test_a_policy_is_set_by_who_saw_the_newest(service: Service) -> None:
    """The tag is that of the list of versions: one that is in force later counts, too."""
    tag = service.get("desk", "/v1/policy/versions").headers["ETag"]
    body = {"document": service.get("desk", "/v1/policy/default").json()["document"]}
    later = {**body, "effective_on": "2026-12-01"}
    assert 201 == change(service, "desk", "/v1/policy", later, tag).status_code
    late = change(service, "desk", "/v1/policy", body, tag, key="another")

    assert (412, "version_changed") == (late.status_code, late.json()["code"])


def test_a_tag_where_nothing_has_a_version_is_refused(service: Service) -> None:
    """Rather than ignored: whoever sends it relies on it."""
    assert 400 == change(service, "m1", "/v1/hours", HELP, '"x"').status_code
