"""Tokens that open nothing: revoked, expired, swapped between branches, changed by a letter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from litestar.testing import TestClient
from tests.api.world import copied
from tests.builders import NOW, a_bank, address_in

from timebank.care.access import AccessRole
from timebank.clock import SteppingClock
from timebank_api import Settings, create_app

PATHS = ("/v1/me", "/v1/me/balance", "/v1/hours", "/v1/redemptions/lille-1", "/v1/beneficiaries/lille/1")
DAYS = 2
"""For which the tokens that expire are issued; the service looks at them when these are over."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Intrusion:
    """What came of it."""

    tried: int
    accepted: tuple[str, ...]
    """How each token was made that was let in."""
    texts: int
    """Different refusals: one, or somebody is told why."""


def intrude(folder: Path, *, tokens: int, seed: int = 1) -> Intrusion:
    """Try so many tokens, each on one path; half of them need the database to have known them."""
    copied(folder)
    random = Random(seed)
    made = list(_tokens(folder, tokens, random))
    later = SteppingClock(NOW + timedelta(days=DAYS))
    accepted, texts = [], set()
    app = create_app(Settings(address=address_in(folder), refusals_per_second=0), clock=later)
    with TestClient(app) as client:
        for kind, text in made:
            answer = client.get(random.choice(PATHS), headers={"Authorization": f"Bearer {text}"})
            texts.add(answer.text)
            if answer.status_code != 401:
                accepted.append(f"{kind}: {answer.status_code}")
    return Intrusion(len(made), tuple(accepted), len(texts))


def _tokens(folder: Path, count: int, random: Random) -> Iterator[tuple[str, str]]:
    """Yield how a token was made, and its text."""
    bank = a_bank(folder)
    for number in range(count):
        kind = ("revoked", "expired", "swapped", "changed")[number % 4]
        role, ref = random.choice(((AccessRole.MEMBER, "m1"), (AccessRole.COORDINATOR, "desk")))
        days = DAYS if kind == "expired" else 30
        issued = bank.tokens.issue("lille", role=role, ref=ref, days=days)
        text = issued.text or ""
        if kind == "revoked":
            bank.tokens.revoke("lille", issued.token.no)
        elif kind == "swapped":
            text = text.replace("lille", random.choice(("bayonne", "locmine", "nowhere")), 1)
        elif kind == "changed":
            text = _changed(text, random)
        yield kind, text
    bank.close()


def _changed(text: str, random: Random) -> str:
    at = random.randrange(text.rindex("_") + 1, len(text))
    return text[:at] + random.choice(LETTERS.replace(text[at], "")) + text[at + 1 :]
