"""Pages: every item once, and a cursor good for nobody else, no other list and no other filters."""

import random
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from tests.api.conftest import Service

from timebank_api.pages import page_of

HELP = {"recipient": "member:m2", "minutes": 10, "kind": "shopping"}
RECORDS = 5


def logged(service: Service) -> list[int]:
    """Log a few hours, and return the numbers of all records of m1, newest first."""
    for day in range(1, RECORDS + 1):
        body = {**HELP, "start_at": f"2026-02-{day:02}T14:00:00Z"}
        assert 201 == service.post("m1", "/v1/hours", body, key=f"k{day}").status_code
    return [each["no"] for each in service.get("m1", "/v1/hours").json()]


def pages(service: Service, who: str, path: str) -> list[Any]:
    """Read a list page by page."""
    found = []
    next_page: str | None = path
    while next_page is not None:
        answer = service.get(who, next_page)
        assert 200 == answer.status_code
        found.append(answer.json())
        link = answer.links.get("next")
        next_page = f"{path.partition('?')[0]}{link['url']}" if link else None
    return found


def cursor_of(answer: Any) -> str:  # noqa: ANN401
    """Return the cursor to the next page."""
    found: str = answer.links["next"]["url"].partition("cursor=")[2]
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_the_pages_of_a_list_are_the_list(service: Service, limit: int) -> None:
    """Nothing twice, nothing left out; the last page leads nowhere."""
    whole = logged(service)
    found = pages(service, "m1", f"/v1/hours?limit={limit}")

    assert whole == [each["no"] for page in found for each in page]
    assert {limit} >= {len(page) for page in found[:-1]}


def test_what_is_added_meanwhile_shifts_no_page(service: Service) -> None:
    """A list goes on from a place, not from a number of rows."""
    whole = logged(service)
    first = service.get("m1", "/v1/hours?limit=2")
    service.post("m1", "/v1/hours", {**HELP, "start_at": "2026-02-20T14:00:00Z"}, key="meanwhile")
    second = service.get("m1", f"/v1/hours{first.links['next']['url']}")

    assert whole[2:4] == [each["no"] for each in second.json()]


def test_lists_of_redemptions_and_beneficiaries_have_pages(service: Service) -> None:
    """As every list."""
    body = {"relation": "parent", "member": "m1@locmine"}
    no = service.post("m1", "/v1/beneficiaries", body).json()["no"]
    service.post("mother", f"/v1/beneficiaries/lille/{no}/consent", {})
    service.post("desk", f"/v1/beneficiaries/lille/{no}/check")
    for day in (1, 2, 3):
        wish = {"beneficiary": no, "start_at": f"2026-07-0{day}T14:00:00Z", "minutes": 30, "kind": "shopping"}
        assert 201 == service.post("m1", "/v1/redemptions", wish, key=f"r{day}").status_code
    service.post("m1", "/v1/beneficiaries", {"relation": "parent", "member": "m2@locmine"}, key="another")

    for who in ("m1", "desk elsewhere"):
        found = pages(service, who, "/v1/redemptions?limit=1")
        assert [["lille-3"], ["lille-2"], ["lille-1"]] == [[each["redemption"] for each in p] for p in found]
    assert [1, 2] == [
        each["no"] for page in pages(service, "m1", "/v1/beneficiaries?limit=1") for each in page
    ]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_accounts_of_one_path_in_two_units_do_not_get_lost_between_pages(
    service: Service, limit: int
) -> None:
    """A path is no place of the list: the account in the other unit comes behind it."""
    counted = {**HELP, "unit": "svc", "start_at": "2026-02-20T14:00:00Z"}
    no = service.post("m1", "/v1/hours", counted).json()["no"]
    assert 201 == service.post("m2", f"/v1/hours/{no}/confirm").status_code

    for who in ("m1", "desk"):
        whole = [(each["path"], each["unit"]) for each in service.get(who, "/v1/accounts").json()]
        found = [each for page in pages(service, who, f"/v1/accounts?limit={limit}") for each in page]
        assert {("member:m1:available", "min"), ("member:m1:available", "svc")} <= set(whole)
        assert whole == [(each["path"], each["unit"]) for each in found]


def test_a_list_goes_on_behind_what_may_not_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """An item that is left out ends no page early; and nobody is told of a list that is not theirs."""
    went_on: list[int] = []
    monkeypatch.setattr("timebank_api.pages.goes_on_at", lambda _, place: went_on.append(place))

    def page(is_seen: Callable[[int], bool]) -> list[int]:
        return list(page_of(Mock(), [4, 3, 2], limit=2, place=lambda each: each, is_seen=is_seen))

    assert ([4], [3]) == (page(lambda each: each != 3), went_on)
    assert ([], [3]) == (page(lambda _: False), went_on)


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("m2", "/v1/hours?limit=2"),
        ("desk", "/v1/hours?limit=2"),
        ("auditor", "/v1/hours?limit=2"),
        ("desk elsewhere", "/v1/hours?limit=2"),
        ("m1", "/v1/hours?limit=2&state=logged"),
        ("m1", "/v1/hours?limit=2&member=m1"),
        ("m1", "/v1/me/statement?limit=2"),
        ("m1", "/v1/redemptions?limit=2"),
    ],
)
def test_a_cursor_is_good_for_nothing_else(service: Service, who: str, path: str) -> None:
    """Not for somebody else, not for another list, not with other filters."""
    logged(service)
    cursor = cursor_of(service.get("m1", "/v1/hours?limit=2"))
    answer = service.get(who, f"{path}&cursor={cursor}")

    assert (400, "bad_cursor") == (answer.status_code, answer.json()["code"])
    assert 200 == service.get("m1", f"/v1/hours?limit=1&cursor={cursor}").status_code


def test_no_tampered_cursor_is_taken(service: Service) -> None:
    """Whatever was changed about it (`make faults` tries a thousand)."""
    logged(service)
    cursor = cursor_of(service.get("m1", "/v1/hours?limit=2"))
    letters = "ABCabc012_-"
    chance = random.Random(1)
    tampered = {
        "",
        "x",
        cursor[:-1],
        cursor + "A",
        cursor[1:],
        *(cursor + "A" * more for more in range(1, 5)),
        cursor + "=",
        *(
            cursor[:at] + chance.choice(letters.replace(cursor[at], "")) + cursor[at + 1 :]
            for at in range(len(cursor))
        ),
    }
    for each in tampered - {cursor}:
        assert 400 == service.get("m1", f"/v1/hours?limit=2&cursor={each}").status_code


def test_processes_agree_on_cursors(service: Service) -> None:
    """The secret is the database's: another process, or this one after a restart, takes them."""
    from tests.api.conftest import opened

    logged(service)
    cursor = cursor_of(service.get("m1", "/v1/hours?limit=2"))
    with opened(service.folder) as client:
        headers = {"Authorization": f"Bearer {service.tokens['m1']}"}
        assert 200 == client.get(f"/v1/hours?limit=2&cursor={cursor}", headers=headers).status_code


def test_a_read_that_is_known_is_not_sent_again(service: Service) -> None:
    """`If-None-Match` with the tag of what is there: 304, without a body; with another one: the answer."""
    headers = {"Authorization": f"Bearer {service.tokens['m1']}"}
    first = service.get("m1", "/v1/me/balance")
    tag = first.headers["ETag"]
    known = service.client.get("/v1/me/balance", headers={**headers, "If-None-Match": f'"x", {tag}'})
    other = service.client.get("/v1/me/balance", headers={**headers, "If-None-Match": '"x"'})

    assert (304, b"") == (known.status_code, known.content)
    assert tag == known.headers["ETag"]
    assert (200, first.content) == (other.status_code, other.content)
    assert not tag.startswith("W/")
    assert "ETag" not in service.get("m3", "/v1/hours/1").headers
