"""What tests of signing in share: a service at a clock that can be moved, its letters, its browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.builders import JOINED_ON, NOW, a_bank, a_branch, address_in

from timebank.care.access import AccessRole
from timebank.clock import SteppingClock
from timebank.services import passwords
from timebank.services.sign_in import Letter
from timebank_api import Settings, create_app
from timebank_api.auth import CSRF_HEADER

PASSWORD = "zebra crossing 7"
OTHER_PASSWORD = "a slow boat in May"
EMAIL = "zqxm1@mail.example"
BROWSER = "__Host-timebank"
HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


@dataclass
class Letters:
    """Mail that arrives here."""

    sent: list[Letter] = field(default_factory=list)

    def send(self, letter: Letter) -> None:
        """Keep a letter."""
        self.sent.append(letter)


@dataclass
class House:
    """The service, its clock, its letters and its database."""

    client: TestClient[Any]
    clock: SteppingClock
    letters: Letters
    folder: Path

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        cookie: str | None = None,
        csrf: str | None = None,
        key: str | None = "k",
    ) -> Any:  # noqa: ANN401 - an answer of httpx
        """Ask with a token, with a browser's cookie, with both or with neither."""
        headers = {"Idempotency-Key": key} if key is not None and method == "POST" else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if cookie is not None:
            headers["Cookie"] = f"{BROWSER}={cookie}"
        if csrf is not None:
            headers[CSRF_HEADER] = csrf
        self.client.cookies.clear()  # what a browser would keep is said in each request
        answer = self.client.request(method, path, json=body, headers=headers)
        self.client.cookies.clear()
        return answer

    def invite(self, ref: str = "m1", *, role: AccessRole = AccessRole.MEMBER, branch: str = "lille") -> str:
        """Return the code of an invitation, as its coordinator reads it out."""
        bank = a_bank(self.folder, clock=self.clock)
        code = bank.invitations.issue(branch, role=role, ref=ref).code
        bank.close()
        assert code is not None, "it is issued for the first time"
        return code

    def accept(self, code: str, **how: str) -> Any:  # noqa: ANN401
        """Come with an invitation."""
        return self.send("POST", "/v1/invitations/accept", {"code": code, **how})

    def join(self, ref: str = "m1", *, role: AccessRole = AccessRole.MEMBER, branch: str = "lille") -> None:
        """Let somebody choose the sample password."""
        assert 200 == self.accept(self.invite(ref, role=role, branch=branch), password=PASSWORD).status_code

    def sign_in(self, ref: str = "m1", password: str = PASSWORD, **more: Any) -> Any:  # noqa: ANN401
        """Sign in with a password."""
        body = {"branch": "lille", "ref": ref, "password": password, **more}
        return self.send("POST", "/v1/sign-in", body)

    def token(self, ref: str = "m1", **more: Any) -> str:  # noqa: ANN401
        """Return the token of a new session."""
        return str(self.sign_in(ref, **more).json()["token"])

    def browser(self, ref: str = "m1") -> tuple[str, str]:
        """Return the cookie and the CSRF token of a new session in a browser."""
        answer = self.sign_in(ref, cookie=True)
        return cookies_of(answer)[BROWSER], str(answer.json()["csrf"])

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))


def cookies_of(answer: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the cookies that an answer sets."""
    return dict(
        line.partition(";")[0].split("=", 1)
        for name, line in answer.headers.multi_items()
        if name == "set-cookie"
    )


def said(answer: Any) -> tuple[int, str | None]:  # noqa: ANN401
    """Return status and code of an answer."""
    return answer.status_code, answer.json().get("code") if answer.content else None


@contextmanager
def a_house(folder: Path, **settings: Any) -> Iterator[House]:  # noqa: ANN401
    """Open the service over two branches: lille with m1 to m3, locmine with m1."""
    clock = SteppingClock(NOW)
    bank = a_branch(folder, clock=clock)
    bank.branches.create("locmine", name="Sample branch elsewhere")
    bank.members.add("locmine", name="Sample Member 1", joined_on=JOINED_ON)
    bank.close()
    app = create_app(Settings(address=address_in(folder), **settings), clock=clock)
    letters = Letters()
    app.state.mail = letters
    with TestClient(app, base_url="https://testserver.local") as client:
        yield House(client, clock, letters, folder)


def quick_argon2(patch: pytest.MonkeyPatch) -> None:
    """Let argon2 take a moment instead of a while; whoever tests its parameters takes the real one."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    hashed = quick.hash("nobody's password")
    patch.setattr(passwords, "_argon2", lambda: quick)
    patch.setattr(passwords, "_dummy", lambda: hashed)
