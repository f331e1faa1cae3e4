"""Another system's file over HTTP: what would happen is reported first; all of it or nothing."""

from typing import Any

import pytest
from tests.api.conftest import Service

EXCHANGES = (
    b"date,provider,recipient,minutes\n2026-01-05,Sample A,Sample B,60\n2026-01-06,Sample B,Sample A,30\n"
)
MEMBERS = b"number,name,email\n7,Sample Newcomer,sample@example.org\n"
OPENINGS = b"member,minutes\n7,120\n"
KINDS = ["exchanges", "members", "openings"]


def upload(
    service: Service,
    path: str,
    content: bytes = EXCHANGES,
    *,
    who: str | None = "desk",
    key: str | None = "k",
    media_type: str = "text/csv",
) -> Any:  # noqa: ANN401 - an answer of httpx
    """Send a file as somebody."""
    headers = {"Content-Type": media_type}
    if who is not None:
        headers["Authorization"] = f"Bearer {service.tokens[who]}"
    if key is not None:
        headers["Idempotency-Key"] = key
    return service.client.post(f"/v1/imports/{path}", content=content, headers=headers)


def counts(service: Service) -> tuple[int, int]:
    """Return how many entries and accounts lille has."""
    report = service.post("auditor", "/v1/audit", {}, key=None).json()
    assert report["is_clean"]
    return report["entries"], report["accounts"]


def test_a_file_is_tried_first_and_then_imported_once(service: Service) -> None:
    """Unless it is said otherwise nothing is changed; the same key gives the same numbers."""
    before = counts(service)
    tried = upload(service, "exchanges").json()
    assert (True, 2, 2, before) == (
        tried["is_dry_run"],
        tried["rows_new"],
        tried["accounts_new"],
        counts(service),
    )

    done = upload(service, "exchanges?dry_run=false").json()
    again = upload(service, "exchanges?dry_run=false").json()
    assert (False, 2, 2, 3) == (done["is_dry_run"], done["rows_new"], done["first_entry"], done["last_entry"])
    assert {**done, "new_paths": [], "accounts_new": 0, "notices": [], "outside_limits": []} == again
    assert (before[0] + 2, before[1] + 2) == counts(service)
    known = upload(service, "exchanges?dry_run=false", key="another").json()
    assert (0, 2) == (known["rows_new"], known["rows_known"])


def test_another_file_under_a_key_is_refused(service: Service) -> None:
    """Rather than taken for the one before."""
    upload(service, "exchanges?dry_run=false")
    reused = upload(service, "exchanges?dry_run=false", EXCHANGES.replace(b",30", b",45"))

    assert (422, "key_reused") == (reused.status_code, reused.json()["code"])


def test_members_and_balances_are_brought_in_and_compared(service: Service) -> None:
    """Field by field as the mapping says."""

    def sent(path: str, content: bytes) -> Any:  # noqa: ANN401 - an answer of httpx
        return upload(service, path, content, who="desk elsewhere")

    members = sent("members?dry_run=false&source=north&map=key=number", MEMBERS)
    openings = sent("openings?dry_run=false&source=north&effective_at=2026-01-01T00:00:00Z", OPENINGS)
    agreed = sent("reconcile?source=north", OPENINGS)
    apart = sent("reconcile?source=north", OPENINGS.replace(b"120", b"90"))

    assert (200, 1) == (members.status_code, members.json()["rows_new"])
    assert (200, 1) == (openings.status_code, openings.json()["rows_new"])
    assert {"is_reconciled": True, "differences": []} == agreed.json()
    assert [(2, 90, 120)] == [
        (each["line"], each["theirs_minutes"], each["ours_minutes"]) for each in apart.json()["differences"]
    ]


def test_every_line_at_fault_is_named(service: Service) -> None:
    """With its column, and never with what stands there; nothing of the file is imported."""
    before = counts(service)
    bad = EXCHANGES + b"never,Sample A,Sample B,60\n2026-01-08,Sample A,Sample B,-1\n"
    for query in ("", "?dry_run=false"):
        refused = upload(service, f"exchanges{query}", bad)
        assert (409, "import_refused") == (refused.status_code, refused.json()["code"])
        assert ["lines.4.date", "lines.5.minutes"] == [each["field"] for each in refused.json()["faults"]]
        assert "Sample" not in refused.text
        assert "never" not in refused.text
    assert before == counts(service)


@pytest.mark.parametrize("kind", [*KINDS, "reconcile"])
def test_only_a_coordinator_imports(service: Service, kind: str) -> None:
    """Not even a dry run is for anybody else."""
    for who in ("m1", "mother", "auditor", "operator"):
        refused = upload(service, kind, who=who)
        assert (403, "not_allowed") == (refused.status_code, refused.json()["code"])
    assert 401 == upload(service, kind, who=None).status_code


def test_a_coordinator_imports_into_the_own_branch_only(service: Service) -> None:
    """Whatever is in the file."""
    before = counts(service)
    assert 2 == upload(service, "exchanges?dry_run=false", who="desk elsewhere").json()["rows_new"]
    assert before == counts(service)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_needed(service: Service, kind: str) -> None:
    """As for everything that changes something."""
    assert "key_missing" == upload(service, f"{kind}?dry_run=false", key=None).json()["code"]


@pytest.mark.parametrize(
    ("content", "media_type", "query", "status"),
    [
        (EXCHANGES, "application/json", "", 415),
        (EXCHANGES, "multipart/form-data; boundary=x", "", 415),
        (b"", "text/csv", "", 422),
        (b"\x00\x01\x02", "text/csv", "", 422),
        (b"a,b\n1,2\n", "text/csv", "", 422),
        (EXCHANGES, "text/csv", "?format=unknown", 400),
        (EXCHANGES, "text/csv", "?map=provider", 422),
        (EXCHANGES, "text/csv", "?encoding=klingon", 422),
        (EXCHANGES, "text/csv", "?source=No Reference", 422),
        (b"x" * (5 * 1024 * 1024 + 1), "text/csv", "", 413),
    ],
    ids=[
        "json",
        "a form",
        "nothing",
        "binary",
        "no titles",
        "format",
        "map",
        "encoding",
        "source",
        "too big",
    ],
)
def test_what_is_no_usable_file_is_refused(
    service: Service, content: bytes, media_type: str, query: str, status: int
) -> None:
    """As a problem, whatever it is."""
    answer = upload(service, f"exchanges{query}", content, media_type=media_type)

    assert status == answer.status_code == answer.json()["status"]


def test_a_file_may_be_larger_than_other_bodies(service: Service) -> None:
    """Up to five mebibytes."""
    rows = b"".join(b"2025-01-05,Sample A,Sample B,%d\n" % (1 + each % 90) for each in range(2_500))
    content = b"date,provider,recipient,minutes\n" + rows
    assert len(content) > 65_536
    assert 2_500 == upload(service, "exchanges", content).json()["rows_new"]
