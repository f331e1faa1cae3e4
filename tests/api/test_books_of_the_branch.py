"""What a coordinator runs and an auditor proves over HTTP: entries, clearing, audit, reports, exports."""

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from tests.api.conftest import Service

from timebank.errors import QueueFull
from timebank.services.writer import Writer

GIFT = {
    "postings": [
        {"path": "member:m1:available", "side": "debit", "amount": 30},
        {"path": "member:m3:available", "side": "credit", "amount": 30},
    ]
}
TRANSFER = {
    "debit_path": "member:m1:available",
    "credit_path": "member:m3:available",
    "minutes": 30,
    "reason": "Sample reason",
}
READS = [
    "/v1/entries",
    "/v1/entries/1",
    "/v1/clearing",
    "/v1/policy/versions",
    "/v1/reports/trial-balance",
    "/v1/reports/activity",
    "/v1/reports/indicators",
    "/v1/reports/solvency",
    "/v1/exports/journal",
    "/v1/exports/branch",
    "/v1/exports/accounts",
    "/v1/exports/entries",
    "/v1/exports/statement?path=member:m1:available",
    "/v1/exports/members",
]
WRITES: list[tuple[str, Any]] = [
    ("/v1/entries", GIFT),
    ("/v1/entries/1/reverse", {"reason": "Sample reason"}),
    ("/v1/transfers", TRANSFER),
    ("/v1/policy", {"document": ""}),
]
OUTSIDERS = ["m1", "m2", "mother", "helper", "operator"]


@pytest.mark.parametrize("path", READS)
def test_all_books_are_seen_by_who_runs_or_audits_the_branch(service: Service, path: str) -> None:
    """And by nobody else; who is nobody is told less still."""
    for who in ("desk", "auditor"):
        assert 200 == service.get(who, path).status_code
    for who in OUTSIDERS:
        refused = service.get(who, path)
        assert (403, "not_allowed") == (refused.status_code, refused.json()["code"])
    assert 401 == service.get(None, path).status_code


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_only_a_coordinator_writes(service: Service, path: str, body: Any) -> None:  # noqa: ANN401
    """Neither an auditor, nor an operator, nor a member; and nothing happens without a key."""
    before = service.get("desk", "/v1/entries").json()
    for who in ("auditor", *OUTSIDERS):
        refused = service.post(who, path, body)
        assert (403, "not_allowed") == (refused.status_code, refused.json()["code"])
    assert 401 == service.post(None, path, body).status_code
    assert "key_missing" == service.post("desk", path, body, key=None).json()["code"]
    assert before == service.get("desk", "/v1/entries").json()


def test_an_entry_of_another_branch_is_as_if_it_were_not_there(service: Service) -> None:
    """A number means the own branch's entry, whoever asks."""
    foreign, missing = service.get("desk elsewhere", "/v1/entries/1"), service.get("desk", "/v1/entries/99")
    undone = service.post("desk elsewhere", "/v1/entries/1/reverse", {"reason": "Sample reason"})

    assert (404, 404, 404) == (foreign.status_code, missing.status_code, undone.status_code)
    assert foreign.text == missing.text.replace("99", "1").replace("lille", "locmine") == undone.text
    assert [] == service.get("desk elsewhere", "/v1/entries").json()


def test_an_entry_is_posted_once_and_can_be_reversed(service: Service) -> None:
    """The same key is the same entry; another payload under it is refused."""
    posted = service.post("desk", "/v1/entries", GIFT)
    again = service.post("desk", "/v1/entries", GIFT)
    other = {"postings": [{**each, "amount": 31} for each in GIFT["postings"]]}
    reused = service.post("desk", "/v1/entries", other)

    assert (201, {"branch": "lille", "entry": 2}) == (posted.status_code, posted.json())
    assert (posted.status_code, posted.json()) == (again.status_code, again.json())
    assert (422, "key_reused") == (reused.status_code, reused.json()["code"])
    undone = service.post("desk", "/v1/entries/2/reverse", {"reason": "Sample reason"}).json()
    assert (3, 2) == (undone["entry"], undone["reverses"])
    shown = service.get("auditor", "/v1/entries/2").json()
    assert (3, "coordinator:desk") == (shown["reversed_by"], shown["by"])
    assert ["Sample reason"] == service.get("desk", "/v1/entries/3").json()["notes"]
    assert (
        "already_reversed"
        == (service.post("desk", "/v1/entries/2/reverse", {"reason": "x"}, key="2").json()["code"])
    )


def test_entries_are_listed_page_by_page(service: Service) -> None:
    """Newest first; of an account, or of a cause."""
    for number in (1, 2, 3):
        service.post("desk", "/v1/transfers", TRANSFER, key=str(number))

    def listed(query: str) -> list[int]:
        return [each["entry"] for each in service.get("auditor", f"/v1/entries?{query}").json()]

    assert [4, 3] == listed("limit=2")
    first = service.get("auditor", "/v1/entries?limit=2").links["next"]["url"]
    assert [2, 1] == listed(first.removeprefix("?"))
    assert [1] == listed("path=member:m2:available")
    assert [1] == listed("cause=service 1")
    refused = service.get("auditor", "/v1/entries?cause=service")
    assert (400, "cause") == (refused.status_code, refused.json()["faults"][0]["field"])


def test_requests_that_arrive_together_each_get_their_own_answer(service: Service) -> None:
    """They share a commit, not an entry; who is refused does not touch the others."""
    wishes = [
        (f"k{number}", {"postings": [{**each, "amount": number} for each in GIFT["postings"]]})
        for number in range(1, 21)
    ]
    wishes.append(("too much", {"postings": [{**each, "amount": 600_000} for each in GIFT["postings"]]}))
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda wish: service.post("desk", "/v1/entries", wish[1], key=wish[0]), wishes * 2)
        )
    posted = [answer.json()["entry"] for answer in answers if answer.status_code == 201]

    assert list(range(2, 22)) == sorted(set(posted))
    assert 40 == len(posted)
    assert {409} == {answer.status_code for answer in answers} - {201}


def test_a_full_queue_is_said_to_be_one(service: Service) -> None:
    """Nothing was changed, and the answer says when to come back."""
    with patch.object(Writer, "_enter", side_effect=QueueFull):
        full = service.post("desk", "/v1/entries", GIFT)

    assert (503, "queue_full") == (full.status_code, full.json()["code"])
    assert "1" == full.headers["Retry-After"]
    assert 201 == service.post("desk", "/v1/entries", GIFT).status_code


@pytest.mark.parametrize(
    ("posting", "status"),
    [
        ({"amount": 0}, 422),
        ({"amount": -1}, 422),
        ({"amount": 2**63}, 422),
        ({"amount": 1.5}, 400),
        ({"amount": True}, 400),
        ({"side": "left"}, 400),
        ({"path": "member:m9:available"}, 404),
        ({"path": "nowhere"}, 404),
        ({"path": "member:m1:held"}, 409),
        ({"unit": "EUR"}, 409),
        ({"balance": 1}, 400),
    ],
)
def test_a_posting_that_is_none_is_refused(service: Service, posting: dict[str, Any], status: int) -> None:
    """With the library's reason."""
    first, second = GIFT["postings"]
    answer = service.post("desk", "/v1/entries", {"postings": [{**first, **posting}, second]})

    assert status == answer.status_code
    assert 1 == len(service.get("desk", "/v1/entries").json())


def test_an_audit_finds_nothing_in_sound_books(service: Service) -> None:
    """A coordinator's is remembered, and the next one goes on from it; an auditor's leaves no trace."""
    proven = service.post("auditor", "/v1/audit", {}, key=None).json()
    assert (True, [], 1, False) == (
        proven["is_clean"],
        proven["findings"],
        proven["checked_entries"],
        proven["is_kept"],
    )
    assert service.post("desk", "/v1/audit", {}, key=None).json()["is_kept"]
    later = service.post("auditor", "/v1/audit", {"since_last": True}, key=None).json()
    assert (True, 1, 0) == (later["is_clean"], later["entries"], later["checked_entries"])
    for who in OUTSIDERS:
        assert 403 == service.post(who, "/v1/audit", {}, key=None).status_code


def test_an_audit_speaks_of_the_own_branch_only(service: Service) -> None:
    """Whoever else keeps books in the same database."""
    assert 3 == service.post("desk", "/v1/audit", {}, key=None).json()["accounts"]
    assert 2 == service.post("desk elsewhere", "/v1/audit", {}, key=None).json()["accounts"]


def redeem(service: Service) -> None:
    """Let the mother in locmine receive an hour that m1 of lille pays for."""
    service.post("m1", "/v1/beneficiaries", {"relation": "parent", "member": "m1@locmine"})
    service.post("mother", "/v1/beneficiaries/lille/1/consent", {})
    service.post("desk", "/v1/beneficiaries/lille/1/check")
    wanted = {"beneficiary": 1, "start_at": "2026-06-20T14:00:00Z", "minutes": 60, "kind": "shopping"}
    service.post("m1", "/v1/redemptions", wanted)
    service.post("desk elsewhere", "/v1/redemptions/lille-1/assign", {"provider": "m2"})
    service.post("helper", "/v1/redemptions/lille-1/log", {"start_at": "2026-06-15T09:00:00Z"})
    assert "settled" == service.post("mother", "/v1/redemptions/lille-1/confirm", {}).json()["state"]


def test_what_branches_owe_one_another_is_the_same_in_both_books(service: Service) -> None:
    """Seen from either side."""
    assert {"is_reconciled": True, "positions": []} == service.get("desk", "/v1/clearing").json()
    redeem(service)

    for who in ("desk", "auditor", "desk elsewhere"):
        found = service.get(who, "/v1/clearing").json()
        assert found["is_reconciled"]
        assert [("lille", "locmine", 60, -60)] == [
            (each["branch"], each["other"], each["owed"], each["owed_back"]) for each in found["positions"]
        ]


def test_a_trial_balance_is_balanced_and_dated(service: Service) -> None:
    """Now, at the end of a day, and as known at an instant."""
    (now,) = service.get("auditor", "/v1/reports/trial-balance").json()
    assert (True, 240, 240) == (now["is_balanced"], now["debit_total"], now["credit_total"])
    for query in ("on=2026-01-01", "known_at=2026-01-01T00:00:00Z"):
        assert [] == service.get("auditor", f"/v1/reports/trial-balance?{query}").json()
    assert 400 == service.get("auditor", "/v1/reports/trial-balance?on=yesterday").status_code
    assert [{"month": "2026-06", "exchanges": 1, "minutes": 240}] == (
        service.get("auditor", "/v1/reports/activity").json()
    )


def test_an_export_is_what_it_says_it_is(service: Service) -> None:
    """Its length and its digest go with it; it is a file with a name."""
    answer = service.get("auditor", "/v1/exports/journal?format=hledger")
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()

    assert f"sha-256=:{digest}:" == answer.headers["Repr-Digest"]
    assert str(len(answer.content)) == answer.headers["Content-Length"]
    assert 'attachment; filename="lille.hledger"' == answer.headers["Content-Disposition"]
    assert "member:m1:available" in answer.text
    assert "Sample" not in answer.text


def test_names_leave_only_if_they_are_asked_for(service: Service) -> None:
    """But for the whole branch, which is kept with its names unless they are left out."""
    assert "Sample Member 1" not in service.get("desk", "/v1/exports/members").text
    assert "Sample Member 1" in service.get("desk", "/v1/exports/members?with_names=true").text
    assert "Sample Member 1" in service.get("desk", "/v1/exports/branch").text
    assert "Sample Member 1" not in service.get("desk", "/v1/exports/branch?without_identities=true").text


def test_a_table_is_written_as_the_spreadsheet_wants_it(service: Service) -> None:
    """Separator and byte order mark; a separator that is none is refused before anything is sent."""
    table = service.get("desk", "/v1/exports/accounts?separator=semicolon&bom=true").content
    assert table.startswith(b"\xef\xbb\xbf")
    assert b"path;unit" in table
    refused = service.get("desk", "/v1/exports/accounts?separator=dot")
    assert (422, "bad_separator") == (refused.status_code, refused.json()["code"])
    missing = service.get("desk", "/v1/exports/statement?path=member:m9:available")
    assert (404, "unknown_account") == (missing.status_code, missing.json()["code"])


def test_i_have_everything_that_is_held_on_me(service: Service) -> None:
    """And nothing that opens a door; of others no more than their references."""
    service.post("desk", "/v1/transfers", TRANSFER)
    redeem(service)
    mine = service.get("m1", "/v1/me/export").json()

    assert ("m1", "Sample Member 1") == (mine["profile"]["ref"], mine["profile"]["name"])
    assert {"member:m1:available": 150, "member:m1:held": 0} == {
        each["path"]: each["closing"] for each in mine["accounts"]
    }
    assert [1] == [each["no"] for each in mine["records"]]
    assert ["lille-1"] == [each["redemption"] for each in mine["redemptions"]]
    assert [1] == [each["no"] for each in mine["beneficiaries"]] == [each["no"] for each in mine["holds"]]
    assert ["Sample reason"] == [each["words"] for each in mine["notes"]]
    assert [1] == [each["no"] for each in mine["tokens"]]
    text = json.dumps(mine)
    assert "Sample Member 2" not in text
    assert service.tokens["m1"] not in text
    assert "digest" not in text


@pytest.mark.parametrize("who", ["desk", "auditor", "operator", "desk elsewhere"])
def test_who_is_no_member_has_no_data_of_one(service: Service, who: str) -> None:
    """Not even under a member's reference."""
    assert 404 == service.get(who, "/v1/me/export").status_code
    assert 401 == service.get(None, "/v1/me/export").status_code
