"""Profiles, suggestions and matches over HTTP: who sees what of whom, and who says what for whom."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from tests.api.conftest import Service

WEEK = [{"day": "thu", "starts": "14:00", "ends": "17:00"}]
HOME = {"lat_udeg": 50_631_234, "lon_udeg": 3_062_345}
ON_THE_GRID = {"lat_udeg": 50_630_000, "lon_udeg": 3_060_000}
NOT_THEIRS = (404, "unknown_member")


def told(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - of httpx
    """Return how an answer refuses."""
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def town(service: Service) -> Service:
    """Return the service where m1 wishes for company, and m2 and m3 offer it."""
    for who in ("m1", "m2", "m3"):
        assert 201 == service.post(who, f"/v1/profiles/{who}/set", {"home": HOME}).status_code
    wish = {"kind": "company", "minutes": 60, "week": WEEK}
    assert 201 == service.post("m1", "/v1/requests", wish).status_code
    for who in ("m2", "m3"):
        offer = {"kind": "company", "week": WEEK, "minutes_per_week": 120}
        assert 201 == service.post(who, "/v1/offers", offer).status_code
    return service


def test_a_profile_is_seen_by_the_member_and_who_runs_the_branch(town: Service) -> None:
    """Not by other members, nor by an auditor."""
    shown = town.get("m1", "/v1/profiles/m1").json()

    assert ON_THE_GRID == shown["home"]
    assert shown == town.get("desk", "/v1/profiles/m1").json()
    for who in ("m2", "auditor", "operator"):
        assert NOT_THEIRS == told(town.get(who, "/v1/profiles/m1")), who
        changed = town.post(who, "/v1/profiles/m1/set", {"languages": ["fr"], "reason": "x"})
        assert changed.status_code in {403, 404}, who
    assert NOT_THEIRS == told(town.get("desk", "/v1/profiles/m9"))


def test_what_is_null_is_forgotten_and_what_is_left_out_stays(town: Service) -> None:
    """So that one field can be changed without saying all of them again."""
    said = {"reach_metres": 3_000, "languages": ["fr", "ar"], "gender": "woman"}
    town.post("m2", "/v1/profiles/m2/set", said, key="1")
    changed = town.post("m2", "/v1/profiles/m2/set", {"gender": None, "reach_metres": 500}, key="2").json()

    assert (None, 500, ["ar", "fr"], ON_THE_GRID) == tuple(
        changed[each] for each in ("gender", "reach_metres", "languages", "home")
    )
    wish = town.post("m1", "/v1/requests/1/wish", {"languages": ["fr"], "team": "tea"}, key="3").json()
    assert (["fr"], "tea", 2) == (wish["languages"], wish["team"], wish["urgency"])
    assert None is town.post("m1", "/v1/requests/1/wish", {"team": None}, key="4").json()["team"]
    assert 404 == town.get("auditor", "/v1/requests/1/wish").status_code
    assert 200 == town.get("auditor", "/v1/requests/1").status_code


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"home": {"lat_udeg": 91_000_000, "lon_udeg": 0}}, 422, "bad_place"),
        ({"languages": ["french"]}, 422, "bad_language"),
        ({"reach_metres": -1}, 422, "number_out_of_range"),
        ({"gender": "Woman"}, 400, "request_malformed"),
        ({"team": "tea"}, 400, "request_malformed"),
    ],
)
def test_what_cannot_be_meant_is_refused(town: Service, body: dict[str, Any], status: int, code: str) -> None:
    """With its own code, and nothing changes."""
    before = town.get("m1", "/v1/profiles/m1").json()
    answer = town.post("m1", "/v1/profiles/m1/set", body, key="bad")

    assert status == answer.status_code
    assert code == answer.json()["code"] or status == 400
    assert before == town.get("m1", "/v1/profiles/m1").json()


def test_suggestions_are_for_who_runs_the_branch(town: Service) -> None:
    """They hold what members know of nobody."""
    found = town.get("desk", "/v1/requests/1/suggestions").json()

    assert {"m2", "m3"} == {each["helper"] for each in found["suggestions"]}
    assert [1, 2] == [each["rank"] for each in found["suggestions"]]
    for each in found["suggestions"]:
        assert each["score"] == sum(term["points"] * term["weight"] for term in each["terms"])
    one = town.get("desk", "/v1/requests/1/suggestions?limit=1").json()
    assert (1, 2) == (len(one["suggestions"]), one["count"])
    why = town.get("desk", "/v1/requests/1/explanation?helper=m1").json()
    assert (None, ["kind"]) == (why["suggestion"], [each["rule"] for each in why["rules"]])
    for path in ("suggestions", "explanation?helper=m2"):
        for who in ("m1", "m2", "auditor"):
            assert (403, "not_allowed") == told(town.get(who, f"/v1/requests/1/{path}")), who
        assert 404 == town.get("desk elsewhere", f"/v1/requests/1/{path}").status_code
    assert 404 == town.get("desk", "/v1/requests/9/suggestions").status_code
    assert NOT_THEIRS == told(town.get("desk", "/v1/requests/1/explanation?helper=m9"))


def numbers(service: Service, who: str, query: str = "") -> list[int]:
    """Return the matches that somebody sees."""
    return [each["no"] for each in service.get(who, f"/v1/matches{query}").json()]


def test_who_asks_hears_of_a_yes_and_of_nothing_else(town: Service) -> None:
    """Neither who was asked, nor who said no."""
    town.post("desk", "/v1/matches", {"request": 1, "helper": "m2"}, key="1")
    assert 404 == town.get("m1", "/v1/matches/1").status_code
    assert ([1], [], []) == tuple(numbers(town, who) for who in ("m2", "m1", "m3"))
    declined = town.post("m2", "/v1/matches/1/decline", {"why": "no_time"})
    assert "declined" == declined.json()["state"]
    assert "no_time" not in declined.text
    assert 404 == town.get("m1", "/v1/matches/1").status_code
    town.post("desk", "/v1/matches", {"request": 1, "helper": "m3"}, key="2")
    assert (404, "unknown_match") == told(town.post("m2", "/v1/matches/2/accept", {}))
    accepted = town.post("m3", "/v1/matches/2/accept", {}, key="3")

    assert "accepted" == accepted.json()["state"]
    assert accepted.content == town.post("m3", "/v1/matches/2/accept", {}, key="3").content
    assert accepted.json() == town.get("m1", "/v1/matches/2").json()
    assert ([2], [2], [2, 1]) == tuple(numbers(town, who) for who in ("m1", "m3", "auditor"))
    assert [1] == numbers(town, "desk", "?state=declined")
    assert [2] == numbers(town, "desk", "?member=m1")
    done = town.post("desk", "/v1/matches/2/conclude", {"outcome": "helped"})
    assert "helped" == done.json()["outcome"]
    assert [] == town.post("desk", "/v1/matches/expire").json()


def test_a_proxy_sets_the_profile_under_a_mandate_and_says_no_yes(town: Service) -> None:
    """To request is to say what is wished; the helper's time is the helper's own."""
    for scopes, key in ((["view"], "1"), (["request"], "2")):
        granted = {"principal": "m2", "holder": "m1", "basis": "family", "scopes": scopes}
        assert 201 == town.post("m2", "/v1/mandates", granted, key=key).status_code
    seeing, asking = ("m2@lille; mandate=1", "m2@lille; mandate=2")

    refused = town.post("m1", "/v1/profiles/m2/set", {"languages": ["fr"]}, acting=seeing, key="5")
    done = town.post("m1", "/v1/profiles/m2/set", {"languages": ["fr"]}, acting=asking, key="3")
    assert (403, "mandate_not_in_force") == told(refused)
    assert 201 == done.status_code
    town.post("desk", "/v1/matches", {"request": 1, "helper": "m2"})
    assert 200 == town.get("m1", "/v1/matches/1", acting=seeing).status_code
    assert 404 == town.get("m1", "/v1/matches/1", acting=asking).status_code
    assert (403, "not_allowed") == told(town.post("m1", "/v1/matches/1/accept", {}, acting=seeing, key="4"))


def test_no_answer_about_people_is_kept_with_its_key(town: Service) -> None:
    """A key is kept for ever; what it was used to say can be erased (I-9, I-10)."""
    said = {"gender": "woman", "household": "zqxhouse"}
    first = town.post("m2", "/v1/profiles/m2/set", said, key="p").json()
    assert first == town.post("m2", "/v1/profiles/m2/set", said, key="p").json()
    town.post("m2", "/v1/profiles/m2/declare", {"experience": "zqxgrief", "is_consented": True}, key="d")

    with closing(sqlite3.connect(town.folder / "bank.db")) as raw:
        kept = repr(raw.execute("SELECT outcome, answer FROM request_key").fetchall())
        outbox = repr(raw.execute("SELECT data FROM outbox").fetchall())
    assert "zqx" not in kept + outbox
    assert "woman" not in kept + outbox
    other = town.post("m2", "/v1/profiles/m2/set", {"gender": "man"}, key="p")
    assert (422, "key_reused") == told(other)
