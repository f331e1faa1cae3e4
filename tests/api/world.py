"""A sample world for tests that go through every route: three branches, seven kinds of callers.

The son, m1 of lille, spends his hours on his mother in locmine, and has a mandate of hers. Nothing of bayonne
concerns anybody else. New nouns of the service say in `OBJECTS` what of theirs is whose.
"""

import atexit
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.api.signing_in import quick_argon2
from tests.builders import JOINED_ON, NOW, a_bank, address_in, help_given

from timebank.care.access import AccessRole
from timebank.care.beneficiary import Relation
from timebank.care.mandate import Scope
from timebank.care.profile import Spot
from timebank.care.record import Mode
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.services.bank import Bank, open_bank
from timebank_api import Settings, create_app
from timebank_api.description import describe
from timebank_api.examples import FIELDS, INVITATION

CALLERS: Mapping[str, tuple[str, AccessRole, str] | None] = {
    "anonymous": None,
    "volunteer": ("lille", AccessRole.MEMBER, "m2"),
    "family": ("lille", AccessRole.MEMBER, "m1"),
    "coordinator": ("lille", AccessRole.COORDINATOR, "desk"),
    "auditor": ("lille", AccessRole.AUDITOR, "a1"),
    "operator": ("lille", AccessRole.OPERATOR, "o1"),
    "elsewhere": ("bayonne", AccessRole.COORDINATOR, "desk"),
}
"""The seven kinds."""
HELPERS: Mapping[str, tuple[str, AccessRole, str]] = {
    "mother": ("locmine", AccessRole.MEMBER, "m1"),
    "helper": ("locmine", AccessRole.MEMBER, "m2"),
    "desk near her": ("locmine", AccessRole.COORDINATOR, "desk"),
}
"""Who else has a part in the son's story."""
AGO = timedelta(days=3)
Place = Mapping[str, str | int]
"""What stands in a path for its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """References of one noun."""

    own: tuple[Place, ...]
    """In which the volunteer or the family of lille has a part, in different states."""
    others: Place | None = None
    """Of other members of lille; None: the noun has nothing of that kind."""
    elsewhere: Place
    """Of bayonne."""
    missing: Place


OBJECTS: Mapping[str, Objects] = {
    "accounts": Objects(
        own=({"path": "member:m2:available"}, {"path": "member:m1:available"}, {"path": "fund:tea"}),
        others={"path": "member:m3:available"},
        elsewhere={"path": "member:m5:available"},
        missing={"path": "member:m99:available"},
    ),
    "branches": Objects(
        own=({"branch": "lille"},), elsewhere={"branch": "bayonne"}, missing={"branch": "nowhere"}
    ),
    "holds": Objects(own=({"no": 1}, {"no": 3}), others={"no": 2}, elsewhere={"no": 5}, missing={"no": 99}),
    "entries": Objects(own=({"no": 1}, {"no": 3}), elsewhere={"no": 9}, missing={"no": 99}),
    "hours": Objects(own=({"no": 2}, {"no": 1}), others={"no": 4}, elsewhere={"no": 9}, missing={"no": 99}),
    "mandates": Objects(
        own=({"branch": "locmine", "no": 1},),
        others={"branch": "lille", "no": 1},
        elsewhere={"branch": "bayonne", "no": 1},
        missing={"branch": "lille", "no": 99},
    ),
    "members": Objects(
        own=({"ref": "m2"}, {"ref": "m1"}),
        others={"ref": "m3"},
        elsewhere={"ref": "m5"},
        missing={"ref": "m99"},
    ),
    "beneficiaries": Objects(
        own=({"branch": "lille", "no": 1}, {"branch": "lille", "no": 3}),
        others={"branch": "lille", "no": 2},
        elsewhere={"branch": "bayonne", "no": 1},
        missing={"branch": "lille", "no": 99},
    ),
    "redemptions": Objects(
        own=({"ref": "lille-1"}, {"ref": "lille-3"}, {"ref": "lille-4"}),
        others={"ref": "lille-2"},
        elsewhere={"ref": "bayonne-1"},
        missing={"ref": "lille-99"},
    ),
    "requests": Objects(
        own=({"no": 1}, {"no": 2}), others={"no": 3}, elsewhere={"no": 9}, missing={"no": 99}
    ),
    "offers": Objects(own=({"no": 1}, {"no": 2}), others={"no": 3}, elsewhere={"no": 9}, missing={"no": 99}),
    "profiles": Objects(
        own=({"ref": "m2"}, {"ref": "m1"}),
        others={"ref": "m3"},
        elsewhere={"ref": "m5"},
        missing={"ref": "m99"},
    ),
    "matches": Objects(own=({"no": 1}, {"no": 2}), others={"no": 3}, elsewhere={"no": 9}, missing={"no": 99}),
    "webhooks": Objects(own=({"no": 1},), elsewhere={"no": 2}, missing={"no": 99}),
    "receipts": Objects(own=({"no": 1}, {"no": 3}), elsewhere={"no": 9}, missing={"no": 99}),
    "me": Objects(own=({"no": 1},), others={"no": 2}, elsewhere={"no": 9}, missing={"no": 99}),
    "tokens": Objects(own=({"no": 1}, {"no": 2}), others={"no": 3}, elsewhere={"no": 9}, missing={"no": 99}),
    "invitations": Objects(own=({"no": 1},), elsewhere={"no": 9}, missing={"no": 99}),
}
"""By the noun behind `/v1/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the description has it."""

    name: str
    method: str
    path: str
    document: Mapping[str, Any] = field(repr=False)

    @property
    def noun(self) -> str:
        """Return the noun of its path."""
        parts = self.path.strip("/").split("/")
        return parts[1] if parts[0] == "v1" else parts[0]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameters of its path."""
        return tuple(each["name"] for each in self.document.get("parameters", ()) if each["in"] == "path")

    @property
    def is_public(self) -> bool:
        """Tell whether anybody may ask."""
        return self.document.get("security") == []

    @property
    def form(self) -> str | None:
        """Return the media type of its body, if it takes one."""
        return next(iter(self.document.get("requestBody", {}).get("content", {})), None)

    @property
    def body(self) -> Any:  # noqa: ANN401 - whatever its example is
        """Return the example of its body."""
        content = self.document.get("requestBody", {}).get("content", {})
        return content[self.form]["example"] if self.form is not None else None

    @property
    def places(self) -> tuple[Place, ...]:
        """Return places of its own objects to try; one empty one if its path has no parameters."""
        return self.objects.own if self.parameters else ({},)

    @property
    def objects(self) -> Objects:
        """Return whose is what, of its noun."""
        assert self.noun in OBJECTS, f"say in OBJECTS what {self.parameters} of {self.path} may be"
        return OBJECTS[self.noun]

    @property
    def asked(self) -> dict[str, Any]:
        """Return what its query has to say, by the examples."""
        return {
            each["name"]: each["example"]
            for each in self.document.get("parameters", ())
            if each["in"] == "query" and each.get("required")
        }

    def at(self, place: Place) -> str:
        """Return its path with the parameters filled in."""
        return self.path.format(**place)


@cache
def document() -> dict[str, Any]:
    """Return the description of the service."""
    return describe(create_app(Settings(address="sqlite:///none.db")))


@cache
def operations() -> tuple[Operation, ...]:
    """Return every operation of the service."""
    return tuple(
        Operation(name=each["operationId"], method=method.upper(), path=path, document=each)
        for path, item in document()["paths"].items()
        for method, each in item.items()
    )


@dataclass
class World:
    """The service over the sample world."""

    client: TestClient[Litestar]
    tokens: Mapping[str, str]
    folder: Path

    def ask(
        self,
        who: str,
        operation: Operation,
        place: Place,
        *,
        body: object = None,
        token: str | None = None,
    ) -> Any:  # noqa: ANN401 - an answer of httpx
        """Ask as somebody, with the example as the body unless another is given."""
        headers = {"Idempotency-Key": "k"} if operation.method != "GET" else {}
        if token is not None or who in self.tokens:
            headers["Authorization"] = f"Bearer {token or self.tokens[who]}"
        self.client.app.state.bank.sign_in.attempts.forget_all()  # every request is the first one of its kind
        sent: dict[str, Any] = {}
        if operation.form is not None:
            shown = operation.body if body is None else body
            if operation.form == "application/json":
                sent["json"] = shown
            else:
                sent["content"] = shown
                headers["Content-Type"] = operation.form
        return self.client.request(
            operation.method, operation.at(place), headers=headers, params=operation.asked, **sent
        )

    def fitting(self, operation: Operation) -> tuple[str, Place]:
        """Return who is answered well when they send the example, and about what."""
        said = []
        for place in operation.places:
            for who in (*CALLERS, *HELPERS):
                answer = self.ask(who, operation, place)
                if answer.is_success:
                    return who, place
                said.append(f"{who} {dict(place)}: {answer.status_code} {answer.json().get('code')}")
        pytest.fail(f"nobody's example of {operation.name} is accepted: {'; '.join(said)}")


def a_world(folder: Path) -> dict[str, str]:
    """Make the sample world in a folder's bank; return the tokens of everybody in it."""
    clock = SteppingClock(NOW - AGO)
    bank = a_bank(folder, clock=clock)
    for branch, members in (("lille", 4), ("locmine", 4), ("bayonne", 5)):
        bank.branches.create(branch, name=f"Sample {branch}")
        for number in range(1, members + 1):
            bank.members.add(branch, name=f"Sample Member {number} of {branch}", joined_on=JOINED_ON)
    bank.accounts.open("lille", "fund:tea")
    _help(bank)
    _families(bank)
    clock.advance(AGO)
    bank.redemptions.log("lille-4", minutes=60, start_at=NOW - timedelta(days=1), by="member:m2@locmine")
    for branch, count in (("lille", 1), ("bayonne", 2)):
        for _ in range(count):
            bank.webhooks.add(branch, url="https://receiver.example/")
    _wish(bank)
    for branch in ("lille", "bayonne"):
        bank.log.new_key(branch)
    tokens = {}
    for name, caller in {**CALLERS, **HELPERS}.items():
        if caller is not None:
            branch, role, ref = caller
            tokens[name] = bank.tokens.issue(branch, role=role, ref=ref).text or ""
    tokens["family"] = _let_in(bank)
    bank.close()
    return tokens


def _wish(bank: Bank) -> None:
    """Requests and offers 1 to 3 of lille: of m2, of the son, of m3; bayonne has nine of each."""
    week = Week.of([Window.parse("thu 14:00-17:00")])
    for branch, members in (("lille", ("m2", "m1", "m3")), ("bayonne", ("m1",) * 9)):
        for member in members:
            facts: dict[str, Any] = {
                "member": member,
                "kind": "company",
                "week": week,
                "by": f"member:{member}",
            }
            bank.help_requests.post(branch, minutes=60, **facts)
            bank.help_offers.post(branch, minutes_per_week=60, **facts)
    _meet(bank)


def _meet(bank: Bank) -> None:
    """In lille m2 is asked for the son (1) and rings him up (2), m3 is asked for m4 (3); bayonne has nine."""
    facts: dict[str, Any] = {"kind": "company", "week": Week.of([Window.parse("thu 14:00-17:00")])}
    home = Spot.parse("50.63,3.06")
    for branch, count in (("lille", 4), ("bayonne", 5)):
        for number in range(1, count + 1):
            bank.profiles.set(branch, f"m{number}", home=home, by=f"member:m{number}")
    for ref in ("m1", "m2"):
        bank.profiles.declare("lille", ref, "bereavement", by=f"member:{ref}")
    by_phone = {**facts, "mode": Mode.PHONE}
    bank.help_offers.post("lille", member="m2", minutes_per_week=60, by="member:m2", **by_phone)
    bank.help_requests.post("lille", member="m1", minutes=60, by="member:m1", **by_phone)
    bank.help_requests.post("lille", member="m4", minutes=60, by="member:m4", **facts)
    for request, helper in ((2, "m2"), (4, "m2"), (5, "m3")):
        bank.matches.offer("lille", request, helper)
    bank.matches.accept("lille", 2, by="member:m2")
    for number in range(2, 6):
        bank.help_offers.post(
            "bayonne", member=f"m{number}", minutes_per_week=60, by=f"member:m{number}", **facts
        )
    for request in range(1, 10):
        bank.matches.offer("bayonne", request, f"m{2 + request % 4}", by="coordinator:desk@bayonne")


def _let_in(bank: Bank) -> str:
    """Let the son sign in with the example's password, m2 come with its code; bayonne has nine of each."""
    for _ in range(8):
        bank.tokens.issue("bayonne", role=AccessRole.MEMBER, ref="m1")
        bank.invitations.issue("bayonne", ref="m1")
    bank.invitations.issue("bayonne", ref="m1")
    secret = iter(INVITATION.partition("-")[2].replace("-", ""))
    with patch("timebank.services.invitations.secrets.choice", lambda _: next(secret)):
        bank.invitations.issue("lille", ref="m2")
    password = str(FIELDS["password"])
    invited = bank.invitations.issue("lille", ref="m1").code or ""
    bank.sign_in.accept(invited, password=password)
    return bank.sign_in.with_password("lille", ref="m1", password=password).text


def _help(bank: Bank) -> None:
    """Record 1 of lille is confirmed, 2 is open; 3 and 4 are others'. Bayonne has nine."""
    help_given(bank, minutes=480, ago=AGO)
    _log(bank, "lille", "m2", "m1")
    help_given(bank, minutes=480, provider="m3", recipient="m4", ago=AGO)
    _log(bank, "lille", "m3", "m4")
    for branch, times in (("lille", 1), ("bayonne", 8)):
        for _ in range(times):
            bank.transfers.transfer(
                branch,
                debit_path="member:m4:available",
                credit_path="member:m3:available",
                minutes=30,
                reason="A sample.",
            )
    help_given(bank, minutes=480, branch="bayonne", ago=AGO)
    for hours in range(1, 9):
        _log(bank, "bayonne", "m1", "m2", hours=hours * 3 + 10)


def _log(bank: Bank, branch: str, provider: str, recipient: str, *, hours: int = 10) -> None:
    bank.hours.log(
        branch,
        provider=provider,
        recipient=f"member:{recipient}",
        minutes=60,
        kind="shopping",
        start_at=bank.now() - timedelta(hours=hours),
        by=f"member:{provider}",
    )


def _families(bank: Bank) -> None:
    """Make lille's 1 the son's mother, 2 somebody else's, 3 not agreed to; redemptions in each state."""
    for branch, principal, holder in (
        ("locmine", "m1", "m1@lille"),
        ("lille", "m3", "m4"),
        ("bayonne", "m1", "m2"),
    ):
        bank.mandates.grant(
            branch,
            principal=principal,
            holder=holder,
            basis="family-authorisation",
            scopes=frozenset(Scope),
            by=f"member:{principal}@{branch}",
        )
    for branch, sponsor, whose in (
        ("lille", "m1", "m1@locmine"),
        ("lille", "m3", "m3@locmine"),
        ("lille", "m1", "m4@locmine"),
        ("bayonne", "m1", "m2@bayonne"),
    ):
        named = bank.beneficiaries.add(
            branch, sponsor=sponsor, relation=Relation.PARENT, member=whose, by=f"member:{sponsor}"
        )
        if whose != "m4@locmine":
            bank.beneficiaries.consent(branch, named.no, by=f"member:{whose}")
            bank.beneficiaries.check(branch, named.no, by=f"coordinator:desk@{branch}")
    for branch, no, sponsor, days, minutes in (
        ("lille", 1, "m1", 2, 120),
        ("lille", 2, "m3", 2, 120),
        ("lille", 1, "m1", -1, 120),
        ("lille", 1, "m1", 2, 120),
        ("bayonne", 1, "m1", 2, 120),
        *[("bayonne", 1, "m1", 3, 30)] * 4,
    ):
        bank.redemptions.request(
            branch,
            no,
            start_at=NOW + timedelta(days=days),
            minutes=minutes,
            kind="shopping",
            by=f"member:{sponsor}",
        )
    for ref in ("lille-3", "lille-4"):
        bank.redemptions.assign(ref, provider="m2", by="coordinator:desk@locmine")


@cache
def _made() -> tuple[Path, Mapping[str, str]]:
    """Make the world once for each process."""
    folder = Path(mkdtemp(prefix="tb-world-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        quick_argon2(patch)
        return folder, a_world(folder)


def copied(folder: Path) -> Mapping[str, str]:
    """Copy the world into a folder; return everybody's tokens."""
    made, tokens = _made()
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return tokens


@contextmanager
def opened(folder: Path, *, is_kept: bool = True, **how: Any) -> Iterator[World]:  # noqa: ANN401
    """Open the service over a copy of the world.

    Args:
        folder: where the copy goes.
        is_kept: whether what callers change is kept; if not, it is decided in full and then rolled back, so
            that every request meets the same world.
        how: further arguments of the client.
    """
    tokens = copied(folder)
    settings = Settings(address=address_in(folder), webhooks="off", mail="console", refusals_per_second=0)
    opening = partial(open_bank, is_dry_run=not is_kept)
    app = create_app(settings, clock=SteppingClock(NOW))
    with ExitStack() as open_now:
        with patch("timebank_api.app.open_bank", opening):  # no longer: other services keep what they do
            client = open_now.enter_context(TestClient(app, **how))
        yield World(client, tokens, folder)
