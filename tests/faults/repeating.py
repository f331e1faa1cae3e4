"""The service at full size: keys asked for again and again at once, and cursors that somebody changed."""

import random
import string
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from litestar.testing import TestClient
from tests.faults.scores import Say, Score, silent

from timebank.care.access import AccessRole
from timebank.clock import SteppingClock
from timebank.services.bank import open_bank
from timebank_api import Settings, create_app

REPEATS: Final = (2, 20)
CLIENTS: Final = REPEATS[1]
"""All who repeat a key do so at once."""
PAUSE_SECONDS: Final = 0.02
"""Before somebody asks again who was told that the first one is not through."""
AGAIN: Final = frozenset({409, 429, 503})
NOW: Final = datetime(2026, 6, 15, 12, tzinfo=UTC)
FIRST: Final = NOW - timedelta(days=360)
"""When the first help was given; an hour later the second, and so on."""
ALPHABET: Final = string.ascii_letters + string.digits + "-_"


@contextmanager
def _service(folder: Path, name: str) -> Iterator[tuple[TestClient[Any], list[dict[str, str]]]]:
    """Yield a client of a service over a branch of two members, and the headers of each."""
    address = f"sqlite:///{folder / name}.db"
    clock = SteppingClock(NOW)
    bank = open_bank(address, clock=clock)
    bank.branches.create("lille", name="Sample branch")
    headers = []
    for number in (1, 2):
        bank.members.add("lille", name=f"Sample Member {number}", joined_on=date(2019, 1, 1))
        token = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref=f"m{number}").text
        headers.append({"Authorization": f"Bearer {token}"})
    bank.close()
    settings = Settings(address=address, requests_per_second=0)
    with TestClient(create_app(settings, clock=clock)) as client:
        yield client, headers


def _hours(number: int) -> dict[str, object]:
    at = FIRST + timedelta(hours=number)
    return {"recipient": "member:m2", "minutes": 30, "kind": "shopping", "start_at": at.isoformat()}


def repeat_keys(keys: int, *, seed: int, folder: Path, say: Say = silent) -> Score:
    """Ask under each key two to twenty times at once: one effect, and the same bytes for everybody."""
    score = Score("service, repeated keys")
    chance = random.Random(seed)
    asked = [number for number in range(keys) for _ in range(chance.randint(*REPEATS))]
    answers: list[set[bytes]] = [set() for _ in range(keys)]

    with _service(folder, "repeated") as (client, (first, _)):

        def ask(number: int) -> None:
            headers = {**first, "Idempotency-Key": f"key {number}"}
            while True:
                answer = client.post("/v1/hours", json=_hours(number), headers=headers)
                if answer.status_code not in AGAIN or answer.json()["code"] == "overlapping_hours":
                    break
                time.sleep(PAUSE_SECONDS)
            answers[number].add(answer.content if answer.status_code == 201 else b"")
            if number % 100 == 0:
                say(f"{score.name}: key {number} of {keys}")

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(ask, asked))
        bank = client.app.state.bank
        effects = len(bank.hours.list("lille"))
        is_sound = not bank.audits.run().faults
    score.counts["requests"] = len(asked)
    score.counts["keys"] = keys
    score.counts["effects"] = effects
    score.expect(effects == keys, f"{effects} effects of {keys} keys")
    differing = sum(len(each) != 1 or b"" in each for each in answers)
    score.expect(not differing, f"{differing} keys were answered in several ways")
    score.expect(is_sound, "the audit finds faults")
    return score


def tamper_cursors(times: int, *, seed: int, folder: Path) -> Score:
    """Change cursors in every way, and hand them to others: not one is taken."""
    score = Score("service, tampered cursors")
    chance = random.Random(seed)
    with _service(folder, "cursors") as (client, (mine, theirs)):
        for number in range(3):
            headers = {**mine, "Idempotency-Key": f"k{number}"}
            logged = client.post("/v1/hours", json=_hours(number), headers=headers)
            assert logged.status_code == 201, logged.text
        link = client.get("/v1/hours?limit=1", headers=mine).links["next"]["url"]
        cursor = link.partition("cursor=")[2]
        kept = client.get(f"/v1/hours?limit=1&cursor={cursor}", headers=mine).status_code
        score.expect(kept == 200, f"the cursor itself is answered with {kept}")
        taken = 0
        for number in range(times):
            changed = cursor if number % 10 == 0 else _changed(cursor, chance)
            headers = theirs if changed == cursor else mine
            answer = client.get("/v1/hours", params={"limit": 1, "cursor": changed}, headers=headers)
            taken += answer.status_code != 400
    score.counts["tried"] = times
    score.counts["taken"] = taken
    score.expect(taken == 0, f"{taken} tampered cursors were taken")
    return score


def _changed(cursor: str, chance: random.Random) -> str:
    """Return a cursor with one to three places changed, cut, or made longer."""
    places = list(cursor)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(places))
        match chance.randrange(3):
            case 0:
                places[at] = chance.choice(ALPHABET)
            case 1:
                del places[at]
            case _:
                places.insert(at, chance.choice(ALPHABET))
    changed = "".join(places)
    return changed if changed != cursor else cursor[::-1]
