"""The access log: who saw or did what for whom; references only, and at most a second late."""

import sqlite3
from contextlib import closing
from typing import Any

from tests.api.conftest import Service

HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


def log_of(service: Service, who: str, path: str = "/v1/access-log") -> list[dict[str, Any]]:
    """Return the log as somebody reads it, oldest first, all written."""
    manners = service.client.app.asgi_handler._app
    assert manners.shared.recorder.flush()
    found: list[dict[str, Any]] = service.get(who, f"{path}{'&' if '?' in path else '?'}limit=100").json()
    return found[::-1]


def test_who_saw_a_record_is_written_down_for_both_sides(service: Service) -> None:
    """With role, operation, object and status; members read what concerned them, and nothing else."""
    service.get("desk", "/v1/hours/1")
    service.get("auditor", "/v1/hours?member=m1")
    service.get("m3", "/v1/me/balance")
    mine = log_of(service, "m1", "/v1/me/access-log")

    assert {
        ("coordinator", "desk", "hours_show", "1", "m1", 200),
        ("auditor", "a1", "hours_list", None, "m1", 200),
    } == {
        (each["role"], each["ref"], each["operation"], each["object"], each["member"], each["status"])
        for each in mine
    }
    assert all(each["request"] for each in mine)
    assert {"m1", "m2", "m3", None} >= {each["member"] for each in log_of(service, "desk")}
    assert ["me_balance"] == [each["operation"] for each in log_of(service, "m3", "/v1/me/access-log")][:1]


def test_who_looked_from_another_branch_is_written_down_there_and_here(service: Service) -> None:
    """A member looks in their own branch's log; who came from elsewhere is named with their branch."""
    service.post("m1", "/v1/beneficiaries", {"relation": "parent", "member": "m1@locmine"})
    service.get("desk elsewhere", "/v1/beneficiaries/lille/1")
    mine = log_of(service, "m1", "/v1/me/access-log")
    theirs = log_of(service, "desk elsewhere")

    assert ("desk@locmine", "beneficiaries_show", "lille/1") in [
        (each["ref"], each["operation"], each["object"]) for each in mine
    ]
    assert {"m1", "m1@lille"} == {each["member"] for each in theirs if each["ref"] == "desk"} - {None}


def test_what_was_refused_is_written_down(service: Service) -> None:
    """Somebody who asks for what is not theirs leaves a line."""
    assert 404 == service.get("m3", "/v1/hours/1").status_code
    lines = [each for each in log_of(service, "desk") if each["ref"] == "m3"]

    assert [("hours_show", "1", 404)] == [
        (each["operation"], each["object"], each["status"]) for each in lines
    ]


def test_who_reads_the_log_of_a_branch_runs_or_audits_it(service: Service) -> None:
    """And only their own branch's."""
    service.get("desk", "/v1/hours/1")

    assert 403 == service.get("m1", "/v1/access-log").status_code
    assert 403 == service.get("operator", "/v1/access-log").status_code
    assert [] == [each for each in log_of(service, "desk elsewhere") if each["branch"] != "locmine"]
    assert 404 == service.get("desk", "/v1/me/access-log").status_code


def test_the_log_has_pages(service: Service) -> None:
    """As every list; a page is not shifted by its own line."""
    for _ in range(5):
        service.get("desk", "/v1/hours/1")
    whole = log_of(service, "m1", "/v1/me/access-log")
    first = service.get("m1", "/v1/me/access-log?limit=3")
    second = service.get("m1", f"/v1/me/access-log{first.links['next']['url']}")

    assert 5 == len([each for each in whole if each["operation"] == "hours_show"])
    assert 3 == len(first.json())
    assert not [each for each in second.json() if each in first.json()]


def test_the_log_says_no_names_and_survives_erasure(service: Service) -> None:
    """References stay, they are no names (I-10)."""
    service.get("m1", "/v1/me")
    service.post("m1", "/v1/hours", HELP)
    before = log_of(service, "desk")
    with closing(sqlite3.connect(service.folder / "bank.db")) as raw:
        rows = str(list(raw.execute("SELECT * FROM access_log")))

    assert before
    assert "Sample" not in rows
    assert "shopping" not in rows


def test_what_waits_is_written_when_the_service_ends(service: Service) -> None:
    """Nothing is lost but by a power cut, and then a second at most."""
    service.get("desk", "/v1/hours/1")
    service.client.__exit__(None, None, None)
    with closing(sqlite3.connect(service.folder / "bank.db")) as raw:
        count = raw.execute("SELECT count(*) FROM access_log WHERE operation = 'hours_show'").fetchone()
    service.client.__enter__()

    assert (2,) == count
