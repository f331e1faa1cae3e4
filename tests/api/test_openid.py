"""OpenID Connect, against a provider that listens on this machine: for whom it vouches, and for whom not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from tests.api.signing_in import House, a_house, cookies_of, said
from tests.builders import NOW, a_bank, address_in

from timebank.care.access import AccessRole
from timebank.errors import ServiceMissing, SettingInvalid
from timebank_api import Settings, create_app
from timebank_api.openid import DISCOVERY

CLIENT = "sample-bank"
SECRET = "sample secret of the client"
RETURN = "https://testserver.local/v1/sign-in/openid/return"
COOKIE = "__Host-timebank-openid"
SESSION = "__Host-timebank"
Change = Callable[[dict[str, Any]], None]


@dataclass
class Login:
    """A provider: whom it vouches for, and how it can be made to misbehave."""

    issuer: str = ""
    subject: Any = "subject-17"
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    algorithm: str = "RS256"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    change: Change = lambda _: None
    signs: Callable[[dict[str, Any]], str] | None = None
    """Otherwise than with the key that it publishes."""
    answer: Callable[[str], tuple[int, bytes]] | None = None

    def visit(self, url: str) -> dict[str, str]:
        """Sign in there, as a browser would; returns what it brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert ("code", CLIENT, RETURN) == (query["response_type"], query["client_id"], query["redirect_uri"])
        assert "S256" == query["code_challenge_method"]
        assert "openid" in query["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"], "session_state": "a provider's own"}

    def exchange(self, body: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Give tokens for a code, once, to whoever has the verifier."""
        query = self.codes.pop(body.get("code", ""), None)
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        shown = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if query is None or query["code_challenge"] != challenge or authorization != f"Basic {shown}":
            return None
        now = int(NOW.timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.subject,
            "nonce": query["nonce"],
            "iat": now,
            "exp": now + 300,
        }
        self.change(claims)
        header = {"alg": self.algorithm, "kid": "k1"}
        text = self.signs(claims) if self.signs else jwt.encode(header, claims, self.key)
        return {"id_token": text, "access_token": "unused", "token_type": "Bearer"}


@contextmanager
def listening(login: Login) -> Iterator[Login]:
    """Let the provider listen."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Say where everything is, and the keys."""
            login.asked.append(self.path)
            if self.path == DISCOVERY:
                self.say(200, {**described(login), **login.metadata})
            else:
                self.say(200, {"keys": [{**login.key.as_dict(private=False), "kid": "k1"}]})

        def do_POST(self) -> None:
            """Give tokens for a code."""
            login.asked.append(self.path)
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = {name: values[0] for name, values in parse_qs(sent).items()}
            if login.answer is not None:
                self.raw(*login.answer(body["code"]))
                return
            given = login.exchange(body, self.headers.get("Authorization", ""))
            self.say(200 if given else 400, given or {"error": "invalid_grant"})

        def say(self, status: int, content: object) -> None:
            """Answer with JSON."""
            self.raw(status, json.dumps(content).encode())

        def raw(self, status: int, content: bytes) -> None:
            """Answer."""
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        login.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield login
        server.shutdown()
        thread.join()


def described(login: Login) -> dict[str, str]:
    """Return what a provider says of itself."""
    return {
        "issuer": login.issuer,
        "authorization_endpoint": f"{login.issuer}/authorize",
        "token_endpoint": f"{login.issuer}/token",
        "jwks_uri": f"{login.issuer}/keys",
    }


@pytest.fixture
def login() -> Iterator[Login]:
    """A provider."""
    with listening(Login()) as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, login: Login) -> Iterator[House]:
    """The service, which knows that provider."""
    with a_house(tmp_path, **settings(login)) as found:
        yield found


def settings(login: Login) -> dict[str, str]:
    """Return what the service is told."""
    return {
        "openid_issuer": login.issuer,
        "openid_client_id": CLIENT,
        "openid_client_secret": SECRET,
        "openid_return_url": RETURN,
    }


def begin(house: House, branch: str = "lille", **more: str) -> tuple[str, str]:
    """Return where to go, and the cookie to come back with."""
    answer = house.send("POST", "/v1/sign-in/openid", {"branch": branch, **more})
    assert 200 == answer.status_code, answer.text
    return answer.json()["url"], cookies_of(answer)[COOKIE]


def come_back(house: House, cookie: str | None, query: dict[str, str]) -> Any:  # noqa: ANN401
    """Come back from the provider."""
    house.client.cookies.clear()
    headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie is not None else {}
    answer = house.client.get(
        "/v1/sign-in/openid/return", params=query, headers=headers, follow_redirects=False
    )
    house.client.cookies.clear()
    return answer


def linked(house: House, login: Login) -> None:
    """Link m1 to the provider's subject."""
    url, cookie = begin(house, invitation=house.invite())
    assert 303 == come_back(house, cookie, login.visit(url)).status_code


def test_an_invitation_links_a_subject_for_good(house: House, login: Login) -> None:
    """The browser has a session, as with a password."""
    linked(house, login)

    url, cookie = begin(house)
    answer = come_back(house, cookie, login.visit(url))

    assert (303, "/") == (answer.status_code, answer.headers["Location"])
    session = cookies_of(answer)[SESSION]
    me = house.send("GET", "/v1/me", cookie=session).json()
    assert ("lille", "member", "m1") == (me["branch"], me["role"], me["ref"])
    assert "" == cookies_of(answer)[COOKIE].strip('"')


def test_a_subject_that_nobody_invited_stays_outside(house: House, login: Login) -> None:
    """Another subject, or the same one in another branch."""
    linked(house, login)
    for branch, subject in (("lille", "subject-18"), ("locmine", "subject-17"), ("brest", "subject-17")):
        login.subject = subject
        url, cookie = begin(house, branch)
        assert (401, "sign_in_refused") == said(come_back(house, cookie, login.visit(url)))


def test_an_invitation_links_once(house: House, login: Login) -> None:
    """A used one, or none that was ever issued, links nobody."""
    used = house.invite()
    url, cookie = begin(house, invitation=used)
    come_back(house, cookie, login.visit(url))
    login.subject = "subject-18"
    for code in (used, "lille-0000-0000-0000-0000-0000"):
        url, cookie = begin(house, invitation=code)
        assert (403, "invitation_refused") == said(come_back(house, cookie, login.visit(url)))


def test_an_answer_is_taken_once_by_whoever_asked(house: House, login: Login) -> None:
    """Not without the cookie, with another's, with a changed state, twice, or too late."""
    linked(house, login)
    url, cookie = begin(house)
    other_url, other_cookie = begin(house)
    brought, others = login.visit(url), login.visit(other_url)

    assert (401, "provider_refused") == said(come_back(house, None, brought))
    assert (401, "provider_refused") == said(come_back(house, other_cookie, brought))
    assert (401, "provider_refused") == said(come_back(house, cookie, others))
    for wrong in ("", "x", brought["state"][:-1]):
        assert (401, "provider_refused") == said(come_back(house, cookie, {**brought, "state": wrong}))
    for broken in ("", "x", "é", base64.urlsafe_b64encode(b"{}").decode()):
        quoted = broken.encode("ascii", "ignore").decode()
        assert (401, "provider_refused") == said(come_back(house, quoted, brought))
    assert (401, "provider_refused") == said(
        come_back(house, cookie, {**brought, "iss": "https://x.example"})
    )
    assert (401, "provider_refused") == said(come_back(house, cookie, {**brought, "error": "access_denied"}))
    assert (401, "provider_refused") == said(come_back(house, cookie, {"state": brought["state"]}))

    assert 303 == come_back(house, cookie, {**brought, "iss": login.issuer}).status_code
    assert (401, "provider_refused") == said(come_back(house, cookie, brought))
    house.wait(minutes=10)
    assert (401, "provider_refused") == said(come_back(house, other_cookie, others))


def test_a_code_needs_the_verifier_of_whoever_asked(house: House, login: Login) -> None:
    """A code that was stolen on its way back opens nothing in another browser (PKCE)."""
    linked(house, login)
    url, _ = begin(house)
    stolen = login.visit(url)["code"]
    own_url, own_cookie = begin(house)
    state = login.visit(own_url)["state"]
    assert (401, "provider_refused") == said(come_back(house, own_cookie, {"code": stolen, "state": state}))


CHANGES: dict[str, Change] = {
    "another issuer": lambda claims: claims.update(iss="https://login.example"),
    "another audience": lambda claims: claims.update(aud="another-bank"),
    "another party": lambda claims: claims.update(aud=[CLIENT, "another-bank"], azp="another-bank"),
    "another nonce": lambda claims: claims.update(nonce="x"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "over": lambda claims: claims.update(exp=claims["iat"] - 120),
    "no end": lambda claims: claims.pop("exp"),
    "not yet": lambda claims: claims.update(nbf=claims["iat"] + 120),
    "nobody": lambda claims: claims.pop("sub"),
    "a number": lambda claims: claims.update(sub=17),
    "an empty name": lambda claims: claims.update(sub=""),
    "another access token": lambda claims: claims.update(at_hash="x"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_token_that_says_something_else_lets_nobody_in(house: House, login: Login, change: str) -> None:
    """Each claim is looked at."""
    linked(house, login)
    login.change = CHANGES[change]
    url, cookie = begin(house)
    assert (401, "provider_refused") == said(come_back(house, cookie, login.visit(url)))


def forged(algorithm: str, secret: bytes) -> Callable[[dict[str, Any]], str]:
    """Return what makes tokens by hand, as no library would."""

    def sign(claims: dict[str, Any]) -> str:
        parts = [_coded(json.dumps(each).encode()) for each in ({"alg": algorithm, "kid": "k1"}, claims)]
        said = ".".join(parts)
        signature = hmac.digest(secret, said.encode(), "sha256") if secret else b""
        return f"{said}.{_coded(signature)}"

    return sign


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_a_token_that_somebody_else_signed_lets_nobody_in(house: House, login: Login) -> None:
    """With another key, the public key as a secret, the secret that both know, or not at all."""
    linked(house, login)
    other, curve = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
    signers: list[Callable[[dict[str, Any]], str]] = [
        lambda claims: jwt.encode({"alg": "RS256", "kid": "k1"}, claims, other),
        lambda claims: jwt.encode({"alg": "ES256", "kid": "k1"}, claims, curve),
        forged("HS256", login.key.as_pem(private=False)),
        forged("HS256", SECRET.encode()),
        forged("none", b""),
        forged("RS256", b""),
    ]
    for sign in signers:
        login.signs = sign
        url, cookie = begin(house)
        assert (401, "provider_refused") == said(come_back(house, cookie, login.visit(url)))


def test_new_keys_of_the_provider_are_asked_for(house: House, login: Login) -> None:
    """It may change them at any time, for keys of another kind, too."""
    linked(house, login)
    login.key = ECKey.generate_key("P-256")
    login.algorithm = "ES256"
    url, cookie = begin(house)
    assert 303 == come_back(house, cookie, login.visit(url)).status_code
    assert 2 == login.asked.count("/keys")
    assert 1 == login.asked.count(DISCOVERY)


def test_a_provider_that_is_not_what_it_says_is_not_asked(tmp_path: Path, login: Login) -> None:
    """Another issuer, or addresses where others listen."""
    for wrong in (
        {"issuer": "https://login.example"},
        {"token_endpoint": "http://login.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ):
        login.metadata = wrong
        folder = tmp_path / str(len(login.asked))
        folder.mkdir()
        with a_house(folder, **settings(login)) as house:
            answer = house.send("POST", "/v1/sign-in/openid", {"branch": "lille"})
            assert (503, "provider_unreachable") == said(answer)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (500, b"", (503, "provider_unreachable")),
        (302, b"", (401, "provider_refused")),
        (200, b"<html>", (401, "provider_refused")),
        (200, b'{"id_token": "x", "access_token": "y"}', (401, "provider_refused")),
        (200, b" " * 2_000_000, (503, "provider_unreachable")),
    ],
)
def test_a_provider_that_misbehaves_lets_nobody_in(
    house: House, login: Login, status: int, content: bytes, expected: tuple[int, str]
) -> None:
    """And its words go nowhere."""
    login.answer = lambda _: (status, content)
    url, cookie = begin(house)
    assert expected == said(come_back(house, cookie, login.visit(url)))


def test_a_provider_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    """Nobody waits for it."""
    login = Login(issuer="http://127.0.0.1:1")
    with a_house(tmp_path, **settings(login)) as house:
        answer = house.send("POST", "/v1/sign-in/openid", {"branch": "lille"})
        assert (503, "provider_unreachable") == said(answer)


def test_whoever_was_erased_is_no_longer_linked(house: House, login: Login) -> None:
    """The provider's word opens nothing then."""
    linked(house, login)
    bank = a_bank(house.folder, clock=house.clock)
    bank.members.erase("lille", "m1")
    bank.close()
    url, cookie = begin(house)
    assert (401, "sign_in_refused") == said(come_back(house, cookie, login.visit(url)))


def test_without_a_provider_there_is_no_way_through_one(tmp_path: Path) -> None:
    """Nor without the libraries for it, nor with half of what it takes."""
    with a_house(tmp_path) as house:
        assert 404 == house.send("POST", "/v1/sign-in/openid", {"branch": "lille"}).status_code
    half = {"address": address_in(tmp_path), "openid_issuer": "https://login.example"}
    with pytest.raises(SettingInvalid):
        Settings(**half)  # type: ignore[arg-type]
    whole = Settings(**half, openid_client_id=CLIENT, openid_return_url=RETURN)  # type: ignore[arg-type]
    with (
        patch("timebank_api.app.import_module", side_effect=ModuleNotFoundError),
        pytest.raises(ServiceMissing),
    ):
        create_app(whole)
    for issuer in ("http://login.example", "login.example", "https://", "http://[x"):
        with pytest.raises(SettingInvalid):
            Settings(**{**half, "openid_issuer": issuer})  # type: ignore[arg-type]


def test_nothing_of_the_way_through_a_provider_is_logged(
    tmp_path: Path, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    """No subject, code, state, nonce, verifier or secret; and the database has no subject."""
    caplog.set_level("INFO")
    with a_house(tmp_path, **settings(login)) as house:
        invitation = house.invite(role=AccessRole.COORDINATOR)
        url, cookie = begin(house, invitation=invitation)
        brought = login.visit(url)
        query = dict(login.codes[brought["code"]])
        answer = come_back(house, cookie, brought)
    secrets = [SECRET, login.subject, brought["code"], query["state"], query["nonce"], invitation]
    secrets += [cookie, cookies_of(answer)[SESSION]]
    ours = "".join(each.getMessage() for each in caplog.records if "testserver" not in each.getMessage())
    assert [] == [each for each in secrets if each in ours + answer.text]
    files = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert [] == [each for each in secrets if each.encode() in files]
