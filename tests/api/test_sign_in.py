"""Signing in: who gets in, who does not, and that nobody learns more from a refusal than that it is one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.api.signing_in import (
    BROWSER,
    EMAIL,
    HELP,
    OTHER_PASSWORD,
    PASSWORD,
    House,
    a_house,
    cookies_of,
    quick_argon2,
    said,
)
from tests.builders import a_bank, address_in

from timebank.care.access import AccessRole
from timebank.errors import SettingInvalid
from timebank.services import passwords
from timebank.services.attempts import ATTEMPTS_MOST
from timebank.services.sign_in import TRIES_MOST
from timebank_api import Settings

REAL = passwords._argon2


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no longer than needed."""
    quick_argon2(monkeypatch)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The service over two branches."""
    with a_house(tmp_path) as found:
        yield found


# --- Invitations -------------------------------------------------------------------------------------------


def test_an_invitation_leads_to_a_session(house: House) -> None:
    """The member chooses a password, signs in, and is who was invited."""
    accepted = house.accept(house.invite(), password=PASSWORD)
    assert {"branch": "lille", "role": "member", "ref": "m1"} == accepted.json()

    session = house.sign_in().json()
    me = house.send("GET", "/v1/me", token=session["token"]).json()

    assert ("lille", "member", "m1") == (me["branch"], me["role"], me["ref"])
    assert session["csrf"] is None
    assert ["account", "log", "read", "redeem"] == session["scopes"]


def test_an_invitation_opens_once(house: House) -> None:
    """Used, revoked, replaced by a later one, expired, of another branch: all are refused alike."""
    used = house.invite()
    house.accept(used, password=PASSWORD)
    replaced = house.invite("m2")
    revoked = house.invite("m2")
    bank = a_bank(house.folder, clock=house.clock)
    bank.invitations.revoke("lille", 3)
    bank.close()
    foreign = house.invite("m3").replace("lille", "locmine")
    nowhere = house.invite("m3").replace("lille", "brest")

    codes = [used, replaced, revoked, foreign, nowhere, "no code"]
    answers = [house.accept(code, password=OTHER_PASSWORD) for code in codes]
    late = house.invite("m3")
    house.wait(days=14)
    answers.append(house.accept(late, password=OTHER_PASSWORD))

    assert {(403, "invitation_refused")} == {said(each) for each in answers}
    assert 1 == len({each.text for each in answers})
    assert (401, "sign_in_refused") == said(house.sign_in("m2", OTHER_PASSWORD))


def test_an_invitation_that_is_refused_stays_open(house: House) -> None:
    """A weak password, none at all, or an address that is none: the member tries again."""
    code = house.invite()
    assert (422, "weak_password") == said(house.accept(code, password="too short"))
    assert (422, "credential_missing") == said(house.accept(code))
    assert (422, "bad_email") == said(house.accept(code, email="nowhere"))
    assert (400, "malformed") == said(house.accept(code, password=PASSWORD, role="coordinator"))
    assert 200 == house.accept(code, password=PASSWORD).status_code


def test_a_new_invitation_replaces_a_forgotten_password(house: House) -> None:
    """Whoever had the old one is out, sessions included; tokens that were issued stay."""
    house.join()
    session = house.token()
    bank = a_bank(house.folder, clock=house.clock)
    issued = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1").text
    bank.close()

    house.accept(house.invite(), password=OTHER_PASSWORD)

    assert (401, "sign_in_refused") == said(house.sign_in())
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=session))
    assert 200 == house.send("GET", "/v1/me", token=issued).status_code
    assert 200 == house.sign_in("m1", OTHER_PASSWORD).status_code


@pytest.mark.parametrize("role", AccessRole)
def test_every_role_can_be_invited(house: House, role: AccessRole) -> None:
    """Each comes as what it was invited as, and a namesake in another role does not."""
    house.join("m1", role=role)
    session = house.sign_in(role=role.value).json()
    assert (role.value, "m1") == (session["role"], session["ref"])
    others = [each for each in AccessRole if each is not role]
    assert {(401, "sign_in_refused")} == {said(house.sign_in(role=each.value)) for each in others}


def test_coordinators_invite_and_nobody_else(house: House) -> None:
    """The code is said once; the list never says it."""
    house.join("desk", role=AccessRole.COORDINATOR)
    house.join("m1")
    desk = house.token("desk", role="coordinator")
    made = house.send("POST", "/v1/invitations", {"ref": "m2"}, token=desk)
    assert 201 == made.status_code
    again = house.send("POST", "/v1/invitations", {"ref": "m2"}, token=desk)
    assert {**made.json(), "code": None} == again.json()
    assert made.json()["code"] not in house.send("GET", "/v1/invitations", token=desk).text

    revoked = house.send("POST", f"/v1/invitations/{made.json()['no']}/revoke", token=desk, key="r")
    assert revoked.json()["revoked_at"] is not None
    assert (403, "invitation_refused") == said(house.accept(made.json()["code"], password=PASSWORD))
    member = house.token("m1")
    for method, path in (("POST", ""), ("GET", ""), ("POST", "/1/revoke")):
        answer = house.send(
            method, f"/v1/invitations{path}", {"ref": "m2"} if not path else None, token=member
        )
        assert (403, "not_allowed") == said(answer)
    assert (404, "unknown_member") == said(
        house.send("POST", "/v1/invitations", {"ref": "m9"}, token=desk, key="2")
    )
    assert (404, "unknown_invitation") == said(
        house.send("POST", "/v1/invitations/99/revoke", token=desk, key="3")
    )


# --- Passwords ---------------------------------------------------------------------------------------------


def test_every_refusal_says_the_same(house: House) -> None:
    """Wrong password, nobody there, no such branch, another's branch, no password yet, no reference."""
    house.join("m1")
    answers = [
        house.sign_in("m1", "a wrong password"),
        house.sign_in("m9"),
        house.sign_in("m2"),
        house.sign_in("m1", branch="locmine"),
        house.sign_in("m1", branch="brest"),
        house.sign_in("no reference"),
        house.sign_in("m1", ""),
        house.sign_in("m1", PASSWORD + "x" * 200),
    ]
    assert {(401, "sign_in_refused")} == {said(each) for each in answers}
    assert 1 == len({each.text for each in answers})


def test_whoever_is_unknown_costs_as_much_work(house: House) -> None:
    """Argon2 runs once for every attempt, with the parameters it has for members."""
    house.join("m1")
    assert "$argon2id$v=19$m=65536,t=3,p=4$" == REAL().hash("sample")[:31]
    hasher = type(passwords._argon2())
    for ref, branch in (("m1", "lille"), ("m2", "lille"), ("m9", "lille"), ("m1", "brest"), ("?", "lille")):
        with patch.object(hasher, "verify_and_update", return_value=(False, None)) as verify:
            house.sign_in(ref, "a wrong password", branch=branch)
        ((_, hashed),) = [call.args for call in verify.call_args_list]
        assert "$argon2id$v=19$m=8,t=1,p=1$" == hashed[:27]


def test_what_is_half_said_is_refused(house: House) -> None:
    """A password and a code, or neither."""
    for body in ({}, {"branch": "lille", "ref": "m1"}, {"ticket": "t"}, {"code": "1", "password": PASSWORD}):
        assert (422, "credential_missing") == said(house.send("POST", "/v1/sign-in", body))
    assert (400, "malformed") == said(house.sign_in(admin=True))


def test_a_session_ends_by_itself_and_by_signing_out(house: House) -> None:
    """After twelve hours, or from the next request on; only that one."""
    house.join("m1")
    first, second = house.token(), house.token()
    assert first != second
    assert 204 == house.send("POST", "/v1/sign-out", token=first).status_code
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=first))
    assert 200 == house.send("GET", "/v1/me", token=second).status_code
    house.wait(hours=12)
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=second))


def test_changing_a_password_ends_every_session_but_the_one_it_begins(house: House) -> None:
    """The old password opens nothing any more."""
    house.join("m1")
    mine, elsewhere = house.token(), house.token()
    change = {"current": PASSWORD, "new": OTHER_PASSWORD}

    wrong = house.send("POST", "/v1/me/password", {**change, "current": "not my password"}, token=mine)
    assert (401, "sign_in_refused") == said(wrong)
    weak = house.send("POST", "/v1/me/password", {**change, "new": "short"}, token=mine)
    same = house.send("POST", "/v1/me/password", {**change, "new": PASSWORD}, token=mine)
    assert [(422, "weak_password")] * 2 == [said(weak), said(same)]
    done = house.send("POST", "/v1/me/password", change, token=mine)

    assert 200 == done.status_code
    for old in (mine, elsewhere):
        assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=old))
    assert 200 == house.send("GET", "/v1/me", token=done.json()["token"]).status_code
    assert (401, "sign_in_refused") == said(house.sign_in())
    assert 200 == house.sign_in("m1", OTHER_PASSWORD).status_code


def test_an_issued_token_changes_no_password(house: House) -> None:
    """A program that has one cannot take the account over."""
    bank = a_bank(house.folder, clock=house.clock)
    issued = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref="m1").text
    bank.close()
    answer = house.send("POST", "/v1/me/password", {"new": PASSWORD}, token=issued)
    assert (403, "session_needed") == said(answer)


def test_whoever_left_or_was_erased_signs_in_no_more(house: House) -> None:
    """And nothing of how they did is left in any file."""
    house.join("m1")
    house.accept(house.invite(), email=EMAIL)
    house.send("POST", "/v1/sign-in/codes", {"branch": "lille", "ref": "m1"})
    token = house.token()
    open_ = house.invite()
    with closing(sqlite3.connect(house.folder / "bank.db")) as raw:
        ((hashed,),) = raw.execute("SELECT password FROM credential").fetchall()
    bank = a_bank(house.folder, clock=house.clock)
    bank.members.erase("lille", "m1")
    bank.close()

    assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=token))
    assert (401, "sign_in_refused") == said(house.sign_in())
    assert (403, "invitation_refused") == said(house.accept(open_, password=PASSWORD))
    with closing(sqlite3.connect(house.folder / "bank.db")) as raw:
        for table in ("credential", "mail_code", "openid_subject", "identity_address"):
            assert [] == raw.execute(f"SELECT * FROM {table}").fetchall()
    for mark in (hashed.encode(), EMAIL.encode()):
        assert [] == [each.name for each in house.folder.iterdir() if mark in each.read_bytes()]


# --- Guessing ----------------------------------------------------------------------------------------------


def test_guessing_closes_the_account_to_the_guesser_only(house: House) -> None:
    """From there even the right password is refused for a while; from elsewhere, and inside, all goes on."""
    house.join("m1")
    house.join("m2")
    inside = house.token()
    with patch("timebank_api.routes.sign_in.sleep") as slowed:
        for _ in range(ATTEMPTS_MOST):
            assert (401, "sign_in_refused") == said(house.sign_in("m1", "a wrong password"))
        refused = house.sign_in()
        assert (429, "too_many_attempts") == said(refused)
        assert 0 < int(refused.headers["Retry-After"]) <= 900
        assert 200 == house.sign_in("m2").status_code
        assert 200 == house.send("GET", "/v1/me", token=inside).status_code
        change = {"current": PASSWORD, "new": OTHER_PASSWORD}
        assert 200 == house.send("POST", "/v1/me/password", change, token=inside).status_code
        with patch("timebank_api.routes.sign_in.peer_of", return_value="198.51.100.7"):
            assert 200 == house.sign_in("m1", OTHER_PASSWORD).status_code
        house.wait(minutes=15)
        assert 200 == house.sign_in("m1", OTHER_PASSWORD).status_code
    assert all(0 <= call.args[0] <= 2 for call in slowed.await_args_list)


def test_guessing_at_nobody_looks_the_same(house: House) -> None:
    """Whether an account exists is not to be learnt from when it is closed."""
    with patch("timebank_api.routes.sign_in.sleep"):
        answers = [said(house.sign_in("m9")) for _ in range(ATTEMPTS_MOST + 1)]
    assert [(401, "sign_in_refused")] * ATTEMPTS_MOST + [(429, "too_many_attempts")] == answers


# --- Codes by mail -----------------------------------------------------------------------------------------


def ask(house: House, ref: str = "m1") -> str:
    """Ask for a code by mail; returns the ticket."""
    answer = house.send("POST", "/v1/sign-in/codes", {"branch": "lille", "ref": ref})
    assert 202 == answer.status_code
    return str(answer.json()["ticket"])


def test_a_code_by_mail_leads_to_a_session_once(house: House) -> None:
    """With the ticket of whoever asked for it, for ten minutes."""
    house.accept(house.invite(), email=EMAIL)
    ticket = ask(house)
    (letter,) = house.letters.sent
    assert EMAIL == letter.email
    body = {"ticket": ticket, "code": letter.code}

    assert 200 == house.send("POST", "/v1/sign-in", body).status_code
    assert (401, "sign_in_refused") == said(house.send("POST", "/v1/sign-in", body))

    late = {"ticket": ask(house), "code": house.letters.sent[-1].code}
    house.wait(minutes=10)
    assert (401, "sign_in_refused") == said(house.send("POST", "/v1/sign-in", late))


def test_asking_for_a_code_says_nothing_about_who_is_there(house: House) -> None:
    """Members with an address and without, nobody, no branch: one answer, and a ticket that opens nothing."""
    house.accept(house.invite(), email=EMAIL)
    asked = [("lille", "m1"), ("lille", "m2"), ("lille", "m9"), ("brest", "m1"), ("locmine", "m1")]
    answers = [
        house.send("POST", "/v1/sign-in/codes", {"branch": branch, "ref": ref}) for branch, ref in asked
    ]
    assert {202} == {each.status_code for each in answers}
    assert 1 == len({tuple(each.json()) for each in answers})
    lengths = {
        len(each.json()["ticket"]) - len(branch) for each, (branch, _) in zip(answers, asked, strict=True)
    }
    assert {len("tc__") + 43} == lengths
    assert 1 == len(house.letters.sent)
    for answer in answers[1:]:
        body = {"ticket": answer.json()["ticket"], "code": house.letters.sent[0].code}
        assert (401, "sign_in_refused") == said(house.send("POST", "/v1/sign-in", body))


def test_a_code_is_not_guessed_and_nobody_elses_is_used_up(house: House) -> None:
    """A few tries for each ticket; the owner's own ticket does not notice."""
    house.accept(house.invite(), email=EMAIL)
    mine = ask(house)
    code = house.letters.sent[0].code
    guesser = ask(house)
    for _ in range(TRIES_MOST):
        for wrong in ("00000000", code):
            body = {"ticket": guesser, "code": wrong}
            assert (401, "sign_in_refused") == said(house.send("POST", "/v1/sign-in", body))
    spent = {"ticket": guesser, "code": house.letters.sent[1].code}
    assert (401, "sign_in_refused") == said(house.send("POST", "/v1/sign-in", spent))
    for ticket in ("", "tc_brest_" + "x" * 43, "tc_lille_" + "x" * 43):
        body = {"ticket": ticket, "code": code}
        assert (401, "sign_in_refused") == said(house.send("POST", "/v1/sign-in", body))
    assert 200 == house.send("POST", "/v1/sign-in", {"ticket": mine, "code": code}).status_code


def test_nobody_is_flooded_with_letters_from_one_place(house: House) -> None:
    """Asked too often, the answer is the same for who is there and who is not."""
    house.accept(house.invite(), email=EMAIL)
    for ref in ("m1", "m9"):
        for _ in range(5):
            ask(house, ref)
        answer = house.send("POST", "/v1/sign-in/codes", {"branch": "lille", "ref": ref})
        assert (429, "too_many_attempts") == said(answer)
    assert 5 == len(house.letters.sent)


def test_without_mail_nobody_is_let_wait_for_a_letter(house: House) -> None:
    """The service says so."""
    house.client.app.state.mail = None
    answer = house.send("POST", "/v1/sign-in/codes", {"branch": "lille", "ref": "m1"})
    assert (409, "no_mail") == said(answer)


# --- Browsers ----------------------------------------------------------------------------------------------


def test_a_browser_keeps_its_session_where_no_script_reads_it(house: House) -> None:
    """`HttpOnly`, `Secure`, of this host only; the token itself is not said."""
    house.join()
    answer = house.sign_in(cookie=True)
    lines = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    session, csrf = (
        next(each for each in lines if each.startswith(f"{name}=")) for name in (BROWSER, f"{BROWSER}-csrf")
    )

    assert answer.json()["token"] is None
    assert answer.json()["csrf"] == cookies_of(answer)[f"{BROWSER}-csrf"]
    assert cookies_of(answer)[BROWSER] not in answer.text
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=43200"} <= set(session.split("; "))
    assert {"Secure", "Path=/", "SameSite=lax"} <= set(csrf.split("; "))
    assert "HttpOnly" not in csrf
    assert "Domain" not in session


def test_a_cookie_changes_something_only_with_its_own_csrf_token(house: House) -> None:
    """Not without, not with another session's, not with an older one's."""
    house.join("m1")
    house.join("m2")
    cookie, csrf = house.browser("m1")
    _, others = house.browser("m2")
    _, older = house.browser("m1")

    assert 200 == house.send("GET", "/v1/me", cookie=cookie).status_code
    for wrong in (None, "", others, older, cookie, csrf[:-1], csrf.upper()):
        answer = house.send("POST", "/v1/hours", HELP, cookie=cookie, csrf=wrong)
        assert (403, "csrf_refused") == said(answer), wrong
        assert (403, "csrf_refused") == said(house.send("POST", "/v1/sign-out", cookie=cookie, csrf=wrong))
    assert 201 == house.send("POST", "/v1/hours", HELP, cookie=cookie, csrf=csrf).status_code


def test_a_csrf_token_opens_nothing(house: House) -> None:
    """Neither as a token nor as a cookie."""
    house.join()
    _, csrf = house.browser()
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", token=csrf))
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", cookie=csrf))


def test_the_header_decides_where_both_are_said(house: House) -> None:
    """A good token needs no CSRF token; a bad one is refused, whatever the cookie is."""
    house.join("m1")
    house.join("m2")
    cookie, csrf = house.browser("m1")
    token = house.token("m2")
    assert "m2" == house.send("GET", "/v1/me", token=token, cookie=cookie).json()["ref"]
    logged = house.send("POST", "/v1/hours", {**HELP, "recipient": "member:m1"}, token=token, cookie=cookie)
    assert (201, "m2") == (logged.status_code, logged.json()["provider"])
    refused = house.send("POST", "/v1/hours", HELP, token="tb_lille_" + "x" * 43, cookie=cookie, csrf=csrf)
    assert (401, "token_refused") == said(refused)


def test_a_session_is_never_what_somebody_else_chose(house: House) -> None:
    """A cookie that was there before signing in is not taken up, and opens nothing afterwards."""
    house.join()
    planted = "tb_lille_" + "x" * 43
    body = {"branch": "lille", "ref": "m1", "password": PASSWORD, "cookie": True}
    answer = house.send("POST", "/v1/sign-in", body, cookie=planted)
    assert planted != cookies_of(answer)[BROWSER]
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", cookie=planted))


def test_signing_out_takes_the_cookies_back(house: House) -> None:
    """And what a browser kept all the same opens nothing."""
    house.join()
    cookie, csrf = house.browser()
    answer = house.send("POST", "/v1/sign-out", cookie=cookie, csrf=csrf)
    assert 204 == answer.status_code
    lines = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    assert 2 == len([each for each in lines if "Max-Age=0" in each])
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", cookie=cookie))


def test_a_browser_that_changes_its_password_stays_in(house: House) -> None:
    """Under another token, in the same place."""
    house.join()
    cookie, csrf = house.browser()
    change = {"current": PASSWORD, "new": OTHER_PASSWORD}
    answer = house.send("POST", "/v1/me/password", change, cookie=cookie, csrf=csrf)
    assert answer.json()["token"] is None
    assert (401, "token_refused") == said(house.send("GET", "/v1/me", cookie=cookie))
    assert 200 == house.send("GET", "/v1/me", cookie=cookies_of(answer)[BROWSER]).status_code


def test_cookies_without_secure_stay_on_one_machine(tmp_path: Path) -> None:
    """They are for trying a browser out; elsewhere the service does not start."""
    address = address_in(tmp_path)
    for host in ("0.0.0.0", "192.0.2.1", "bank.example", "::"):  # noqa: S104 - to be refused
        with pytest.raises(SettingInvalid):
            Settings(address=address, host=host, insecure_cookies=True)
    for host in ("127.0.0.1", "::1", "localhost"):
        Settings(address=address, host=host, insecure_cookies=True)
    with a_house(tmp_path, insecure_cookies=True) as house:
        house.join()
        assert {"timebank", "timebank-csrf"} == set(cookies_of(house.sign_in(cookie=True)))


# --- What is left behind -----------------------------------------------------------------------------------


def test_no_secret_is_kept_or_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No password, code, ticket, token or CSRF token in files, logs, errors; addresses only with names."""
    caplog.set_level("DEBUG")
    secrets = [PASSWORD, OTHER_PASSWORD, "a wrong password"]
    errors = []
    with a_house(tmp_path) as house:
        invitation = house.invite()
        secrets += [invitation, "".join(invitation.split("-")[1:])]
        errors.append(house.accept(invitation, password=PASSWORD, email=f"{EMAIL} {EMAIL}"))
        house.accept(invitation, password=PASSWORD, email=EMAIL)
        ticket = ask(house)
        secrets += [ticket, house.letters.sent[0].code]
        errors += [
            house.sign_in("m1", "a wrong password"),
            house.send("POST", "/v1/sign-in", {"ticket": ticket, "code": "12345678"}),
        ]
        token = house.token()
        cookie, csrf = house.browser()
        secrets += [token, cookie, csrf]
        errors += [
            house.send("POST", "/v1/hours", HELP, cookie=cookie),
            house.send("POST", "/v1/me/password", {"current": "a wrong password", "new": "x"}, token=token),
            house.send("POST", "/v1/me/password", {"current": PASSWORD, "new": PASSWORD}, token=token),
        ]
        house.send("POST", "/v1/me/password", {"current": PASSWORD, "new": OTHER_PASSWORD}, token=token)
    said_aloud = caplog.text + "".join(capfd.readouterr()) + "".join(each.text for each in errors)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert [] == [each for each in [*secrets, EMAIL] if each in said_aloud]
    assert [] == [each for each in secrets for content in files.values() if each.encode() in content]
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name for name in tables for row in raw.execute(f"SELECT * FROM {name}") if EMAIL in repr(row)
        }
    assert {"identity_address"} == found
