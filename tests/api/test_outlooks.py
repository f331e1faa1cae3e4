"""How likely help is near a beneficiary, over HTTP: who may see it, and what is never in it."""

from typing import Any

import pytest
from tests.api.conftest import Service
from tests.api.test_access_log import log_of

PATH = "/v1/beneficiaries/lille/1/helpers"
WANTED = "?kind=company&minutes=60"
HOME = {"lat_udeg": 47_885_000, "lon_udeg": -2_835_000}
WEEK = [{"day": "thu", "starts": "14:00", "ends": "17:00"}]
NOTHING_PAST = {"requests": None, "found_percent": None, "wait_minutes": None}


@pytest.fixture
def family(service: Service) -> Service:
    """The son in lille has named his mother in locmine; somebody near her offers company on Thursdays."""
    named = service.post("m1", "/v1/beneficiaries", {"relation": "parent", "member": "m1@locmine"})
    assert 201 == named.status_code
    assert 201 == service.post("mother", "/v1/beneficiaries/lille/1/consent", {}).status_code
    assert 201 == service.post("desk elsewhere", "/v1/beneficiaries/lille/1/check").status_code
    for who, ref in (("mother", "m1"), ("helper", "m2")):
        assert 201 == service.post(who, f"/v1/profiles/{ref}/set", {"home": HOME}).status_code
    offer = {"kind": "company", "week": WEEK, "minutes_per_week": 180}
    assert 201 == service.post("helper", "/v1/offers", offer).status_code
    return service


def told(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - of httpx
    """Return how an answer refuses."""
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("who", ["m1", "desk", "desk elsewhere"])
def test_who_spends_or_runs_a_branch_sees_counts(family: Service, who: str) -> None:
    """One helper is told as one or two, with neither name nor distance."""
    answer = family.get(who, PATH + WANTED)

    assert 200 == answer.status_code
    assert {
        "is_place_known": True,
        "count": None,
        "bands": [],
        "changes": [],
        "past": NOTHING_PAST,
    } == answer.json()
    assert "m2" not in answer.text


def test_another_time_is_a_change(family: Service) -> None:
    """On Fridays nobody; one or two on other days."""
    slots = "&slot=fri%2014:00-17:00&slot=sat%2009:00-12:00"
    found = family.get("m1", PATH + WANTED + slots).json()

    assert (0, [{"change": "time", "count": None}]) == (found["count"], found["changes"])
    on_thursday = family.get("m1", PATH + WANTED + "&start_at=2026-06-18T15:00:00%2B02:00").json()
    assert (None, []) == (on_thursday["count"], on_thursday["changes"])


@pytest.mark.parametrize("who", ["m2", "m3", "helper", "operator"])
def test_to_others_the_beneficiary_is_not_there(family: Service, who: str) -> None:
    """The answer is that to a number that nobody has, whatever else is asked."""
    for query in (WANTED, "?kind=nothing&minutes=0", WANTED + "&start_at=2020-01-01T00:00:00Z"):
        foreign, absent = family.get(who, PATH + query), family.get(who, PATH.replace("1", "9", 1) + query)
        assert (404, "unknown_beneficiary") == told(foreign)
        assert 404 == absent.status_code
    missing = family.get(who, "/v1/beneficiaries/lille/9/helpers" + WANTED)
    assert foreign.json()["detail"].replace("1", "9") == missing.json()["detail"]


@pytest.mark.parametrize("who", ["mother", "auditor"])
def test_who_sees_the_beneficiary_but_spends_no_hours_is_refused(family: Service, who: str) -> None:
    """The mother knows that she is one, and an auditor reads the books, not people's weeks."""
    assert 200 == family.get(who, "/v1/beneficiaries/lille/1").status_code
    assert (403, "not_allowed") == told(family.get(who, PATH + WANTED))


def test_a_mandate_must_cover_spending(family: Service) -> None:
    """To look at the sponsor's hours is not enough; the mandate's end is the end of it."""
    for scope in ("view", "sponsor"):
        body = {"holder": "m2", "basis": "family-authorisation", "scopes": [scope]}
        assert 201 == family.post("m1", "/v1/mandates", body, key=scope).status_code

    refused = family.get("m2", PATH + WANTED, acting="m1; mandate=1")
    assert (403, "mandate_not_in_force") == told(refused)
    assert 200 == family.get("m2", PATH + WANTED, acting="m1; mandate=2").status_code
    assert 201 == family.post("m1", "/v1/mandates/lille/2/revoke").status_code
    assert 403 == family.get("m2", PATH + WANTED, acting="m1; mandate=2").status_code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?kind=company", None),
        ("?minutes=60", None),
        ("?kind=company&minutes=0", "minutes_out_of_range"),
        ("?kind=company&minutes=60&slot=someday", "bad_window"),
        ("?kind=company&minutes=60&slot=thu%2014:00-14:30", "window_too_short"),
        ("?kind=company&minutes=60&start_at=2020-01-01T00:00:00Z", "planned_in_past"),
        ("?kind=company&minutes=60&start_at=2030-01-01T00:00:00", "naive_instant"),
        ("?kind=company&minutes=60&slot=thu%2014:00-17:00&start_at=2030-01-01T00:00:00Z", "when_unclear"),
        ("?kind=Company!&minutes=60", "bad_reference"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(family: Service, query: str, code: str | None) -> None:
    """With the code of the library, or with what is missing."""
    answer = family.get("m1", PATH + query)

    assert 400 <= answer.status_code < 500
    assert code is None or code == answer.json()["code"]


def test_who_looked_stands_in_both_branches_access_logs(family: Service) -> None:
    """The mother can see who asked about her."""
    family.get("m1", PATH + WANTED)

    for who, path, ref in (("mother", "/v1/me/access-log", "m1@lille"), ("desk", "/v1/access-log", "m1")):
        assert ("beneficiaries_helpers", ref, 200) in {
            (each["operation"], each["ref"], each["status"]) for each in log_of(family, who, path)
        }
