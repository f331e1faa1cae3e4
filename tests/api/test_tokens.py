"""Tokens over HTTP: what they are for, who issues, sees and revokes which."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler
from tests.api.signing_in import HELP, House, a_house, quick_argon2, said
from tests.builders import a_bank

from timebank.care.access import ALL, AccessRole, AccessScope
from timebank_api.scopes import HARMLESS, OPTION, scope_of

READS = frozenset({"imports_reconcile", "audit_run", "members_search", "policy_check", "policy_diff"})
"""What is asked with POST, and changes nothing."""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The service over two branches."""
    quick_argon2(monkeypatch)
    with a_house(tmp_path) as found:
        yield found


def issued(
    house: House,
    role: AccessRole,
    ref: str,
    *scopes: AccessScope,
    branch: str = "lille",
) -> str:
    """Return the text of a token from the terminal."""
    bank = a_bank(house.folder, clock=house.clock)
    text = bank.tokens.issue(branch, role=role, ref=ref, scopes=frozenset(scopes) or ALL).text
    bank.close()
    assert text is not None, "it is issued for the first time"
    return text


def test_a_token_that_reads_never_writes(house: House) -> None:
    """Whatever there is: every operation that changes something refuses it, and changes nothing."""
    reader = issued(house, AccessRole.COORDINATOR, "desk", AccessScope.READ)
    asked = 0
    for route in house.client.app.routes:
        for handler, _ in getattr(route, "route_handler_map", {}).values():
            if handler.opt.get("exclude_from_auth") or not isinstance(handler, HTTPRouteHandler):
                continue
            if handler.operation_id in READS:
                continue
            for method in handler.http_methods - HARMLESS:
                path = route.path_format.replace("{no}", "1").replace("{branch}", "lille")
                answer = house.send(method, path.replace("{redemption}", "lille-1"), {}, token=reader)
                assert (403, "scope_missing") == said(answer), (method, path)
                asked += 1
    assert asked >= 40
    proven = house.send("POST", "/v1/audit", {}, token=reader)
    assert (200, False) == (proven.status_code, proven.json()["is_kept"])
    assert 200 == house.send("GET", "/v1/hours", token=reader).status_code


def test_each_scope_is_for_its_own_operations(house: House) -> None:
    """A device that logs help cannot spend hours, nor look at them."""
    logger = issued(house, AccessRole.MEMBER, "m1", AccessScope.LOG)
    redeemer = issued(house, AccessRole.MEMBER, "m1", AccessScope.REDEEM, AccessScope.READ)
    name = {"relation": "parent", "member": "m1@locmine"}

    assert 201 == house.send("POST", "/v1/hours", HELP, token=logger).status_code
    assert (403, "scope_missing") == said(house.send("GET", "/v1/me/balance", token=logger))
    assert (403, "scope_missing") == said(house.send("POST", "/v1/beneficiaries", name, token=logger))
    assert (403, "scope_missing") == said(house.send("POST", "/v1/hours", HELP, token=redeemer))
    assert 201 == house.send("POST", "/v1/beneficiaries", name, token=redeemer).status_code
    assert 200 == house.send("GET", "/v1/me/balance", token=redeemer).status_code
    assert (403, "scope_missing") == said(house.send("POST", "/v1/sign-out", token=redeemer))


def test_an_operation_that_names_no_scope_is_the_coordinators() -> None:
    """What is added later is closed to narrow tokens until somebody says otherwise."""

    class Handler:
        opt: dict[str, Any]
        operation_id = "something_new"

    handler: Any = Handler()
    handler.opt = {}
    assert AccessScope.COORDINATE is scope_of("POST", handler)
    assert AccessScope.READ is scope_of("GET", handler)
    handler.opt = {OPTION: AccessScope.LOG}
    assert AccessScope.LOG is scope_of("POST", handler)


def test_a_coordinator_issues_tokens_with_no_more_than_their_own(house: House) -> None:
    """The text is said once; neither narrow tokens nor narrow invitations grow."""
    desk = issued(house, AccessRole.COORDINATOR, "desk")
    body = {"role": "member", "ref": "m1", "days": 1, "scopes": ["read", "log"]}
    made = house.send("POST", "/v1/tokens", body, token=desk)
    assert (201, ["log", "read"]) == (made.status_code, made.json()["scopes"])
    assert {**made.json(), "token": None} == house.send("POST", "/v1/tokens", body, token=desk).json()
    assert 201 == house.send("POST", "/v1/hours", HELP, token=made.json()["token"]).status_code

    narrow = issued(house, AccessRole.COORDINATOR, "desk", AccessScope.COORDINATE, AccessScope.READ)
    allowed = {**body, "scopes": ["read"]}
    assert 201 == house.send("POST", "/v1/tokens", allowed, token=narrow, key="2").status_code
    for more in ({"scopes": ["read", "log"]}, {"scopes": None}, {"role": "auditor", "scopes": ["account"]}):
        answer = house.send("POST", "/v1/tokens", {**body, **more}, token=narrow, key="3")
        assert (403, "scopes_exceeded") == said(answer)
    invite = house.send("POST", "/v1/invitations", {"ref": "m1"}, token=narrow, key="4")
    assert (403, "scopes_exceeded") == said(invite)
    assert (400, "malformed") == said(
        house.send("POST", "/v1/tokens", {**body, "scopes": ["all"]}, token=desk, key="5")
    )
    assert (422, "days_out_of_range") == said(
        house.send("POST", "/v1/tokens", {**body, "days": 367}, token=desk, key="6")
    )


def test_nobody_but_a_coordinator_issues_tokens(house: House) -> None:
    """Not even for themselves."""
    for role in (AccessRole.MEMBER, AccessRole.AUDITOR, AccessRole.OPERATOR):
        body = {"role": role.value, "ref": "m1"}
        answer = house.send("POST", "/v1/tokens", body, token=issued(house, role, "m1"))
        assert (403, "not_allowed") == said(answer)


@pytest.mark.parametrize("role", AccessRole)
def test_everybody_sees_and_revokes_their_own(house: House, role: AccessRole) -> None:
    """Another's is as if it were not there, but to whoever runs the branch; another branch's to nobody."""
    desk = issued(house, AccessRole.COORDINATOR, "boss")  # 1
    mine = issued(house, role, "m1")  # 2
    spare = issued(house, role, "m1")  # 3
    foreign = issued(house, AccessRole.MEMBER, "m2")  # 4
    for _ in range(5):
        elsewhere = issued(house, AccessRole.MEMBER, "m1", branch="locmine")  # 5 is the last one there

    seen = [each["no"] for each in house.send("GET", "/v1/tokens", token=mine).json()]
    assert ([1, 2, 3, 4] if role is AccessRole.COORDINATOR else [2, 3]) == seen
    for text in (mine, spare, foreign, elsewhere, desk):
        assert text not in house.send("GET", "/v1/tokens", token=desk).text

    assert 201 == house.send("POST", "/v1/tokens/3/revoke", token=mine, key="1").status_code
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=spare))
    hidden = house.send("POST", "/v1/tokens/4/revoke", token=mine, key="2")
    missing = house.send("POST", "/v1/tokens/5/revoke", token=mine, key="3")
    assert (404, "unknown_token") == said(missing)
    if role is not AccessRole.COORDINATOR:
        assert missing.text.replace("5", "4") == hidden.text
        assert 200 == house.send("GET", "/v1/me", token=foreign).status_code
    assert 201 == house.send("POST", "/v1/tokens/4/revoke", token=desk, key="4").status_code
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=foreign))
    assert 200 == house.send("GET", "/v1/me", token=elsewhere).status_code


def test_a_thousand_tokens_that_are_none_open_nothing(house: House) -> None:
    """Another branch's name on it, one character changed, cut, in capitals."""
    house.join("m1")
    good = house.token()
    secret = good.rpartition("_")[2] if good.count("_") == 2 else good[len("tb_lille_") :]
    wrong = {f"tb_locmine_{secret}", f"tb_brest_{secret}", secret, good.upper(), good[:-1], f"{good}x", ""}
    for at in range(len("tb_lille_"), len(good)):
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWX":
            wrong.add(f"{good[:at]}{letter}{good[at + 1 :]}")
    wrong.discard(good)
    assert len(wrong) >= 1_000
    bank = house.client.app.state.bank
    opened = 0
    for text in wrong:
        try:
            bank.tokens.find(text)
        except Exception as refused:  # noqa: BLE001 - whatever it is, it must be this one
            assert "token_refused" == getattr(refused, "code", None)  # noqa: PT017
        else:
            opened += 1
    assert 0 == opened
    assert 200 == house.send("GET", "/v1/me", token=good).status_code


def test_a_token_that_was_just_used_opens_nothing_once_it_is_revoked_elsewhere(house: House) -> None:
    """What is kept of it between requests ends with anybody's write, in whatever process."""
    text = issued(house, AccessRole.MEMBER, "m1")
    assert [200, 200] == [house.send("GET", "/v1/me", token=text).status_code for _ in range(2)]
    bank = a_bank(house.folder, clock=house.clock)
    bank.tokens.revoke("lille", max(each.no for each in bank.tokens.list("lille")))
    bank.close()

    assert 401 == house.send("GET", "/v1/me", token=text).status_code
