"""What tests of the service share: two branches, callers with tokens, and a client."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.builders import JOINED_ON, NOW, a_branch, address_in, help_given

from timebank.care.access import AccessRole
from timebank.clock import SteppingClock
from timebank_api import Settings, create_app

Client = TestClient[Any]
CALLERS = {
    **{f"m{number}": ("lille", AccessRole.MEMBER, f"m{number}") for number in (1, 2, 3)},
    "mother": ("locmine", AccessRole.MEMBER, "m1"),
    "helper": ("locmine", AccessRole.MEMBER, "m2"),
    "desk": ("lille", AccessRole.COORDINATOR, "desk"),
    "desk elsewhere": ("locmine", AccessRole.COORDINATOR, "desk"),
    "auditor": ("lille", AccessRole.AUDITOR, "a1"),
    "operator": ("lille", AccessRole.OPERATOR, "o1"),
}


@dataclass
class Service:
    """The service over a sample database, and who may come."""

    client: Client
    tokens: dict[str, str]
    folder: Path

    def ask(
        self,
        who: str | None,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = "k",
        acting: str | None = None,
    ) -> Any:  # noqa: ANN401 - an answer of httpx
        """Ask as somebody, `acting` for somebody else; `key` is sent with what changes something."""
        headers = {} if who is None else {"Authorization": f"Bearer {self.tokens[who]}"}
        if acting is not None:
            headers["Timebank-Acting-For"] = acting
        if method == "POST" and key is not None:
            headers["Idempotency-Key"] = key
        return self.client.request(method, path, json=body, headers=headers)

    def get(self, who: str | None, path: str, **how: Any) -> Any:  # noqa: ANN401
        """Read as somebody."""
        return self.ask(who, "GET", path, **how)

    def post(self, who: str | None, path: str, body: object = None, **how: Any) -> Any:  # noqa: ANN401
        """Change something as somebody."""
        return self.ask(who, "POST", path, body, **how)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait who guesses: tests do nothing else."""

    async def sleep(_: float) -> None: ...

    monkeypatch.setattr("timebank_api.routes.sign_in.sleep", sleep)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Two branches: lille, where m1 has four hours, and locmine; everybody of `CALLERS` has a token."""
    bank = a_branch(tmp_path)
    help_given(bank, minutes=240)
    bank.branches.create("locmine", name="Sample branch elsewhere")
    for number in (1, 2):
        bank.members.add("locmine", name=f"Sample Member {number}", joined_on=JOINED_ON)
    tokens = {}
    for name, (branch, role, ref) in CALLERS.items():
        text = bank.tokens.issue(branch, role=role, ref=ref).text
        assert text is not None, "it is issued for the first time"
        tokens[name] = text
    bank.close()
    with opened(tmp_path) as client:
        yield Service(client, tokens, tmp_path)


def opened(folder: Path, *, now: Any = NOW, **how: Any) -> Client:  # noqa: ANN401
    """Return a client of the service over a folder's database."""
    settings = Settings(address=address_in(folder), webhooks="off")
    app = create_app(settings, clock=SteppingClock(now))
    return TestClient(app, **how)
