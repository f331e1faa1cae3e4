"""Idempotency keys over HTTP: a repeated request gets the same bytes, and takes no effect again (I-9)."""

import sqlite3
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing

import pytest
from msgspec import Struct
from tests.api.conftest import Service

from timebank_api.keys import says_words

HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


def test_a_repeat_gets_the_bytes_of_the_first_answer(service: Service) -> None:
    """Also when what it led to has changed since."""
    first = service.post("m1", "/v1/hours", HELP)
    confirmed = service.post("m2", "/v1/hours/2/confirm")
    again = service.post("m1", "/v1/hours", HELP)

    assert "confirmed" == confirmed.json()["state"]
    assert (201, "logged") == (first.status_code, first.json()["state"])
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert confirmed.content == service.post("m2", "/v1/hours/2/confirm").content
    assert first.headers["content-type"] == again.headers["content-type"]


def test_the_answer_is_kept_with_the_key(service: Service) -> None:
    """In the same row, so in the same transaction as the effect; and in the same database, for ever."""
    answer = service.post("m1", "/v1/hours", HELP)
    with closing(sqlite3.connect(service.folder / "bank.db")) as raw:
        kept = [row for (row,) in raw.execute("SELECT answer FROM request_key WHERE answer IS NOT NULL")]

    assert [answer.text] == kept


def test_a_refused_request_is_decided_again(service: Service) -> None:
    """Nothing came of it, so there is nothing to repeat."""
    refused = service.post("m2", "/v1/hours/9/confirm")

    assert 404 == refused.status_code
    assert refused.content == service.post("m2", "/v1/hours/9/confirm").content


def test_the_same_key_with_another_request_is_refused(service: Service) -> None:
    """422, whatever differs; and nothing of the first answer is said."""
    service.post("m1", "/v1/hours", HELP)
    reused = service.post("m1", "/v1/hours", {**HELP, "minutes": 30})

    assert (422, "key_reused") == (reused.status_code, reused.json()["code"])


@pytest.mark.parametrize("key", ["", "x" * 256, None], ids=["empty", "too long", "none"])
def test_a_key_that_is_none_is_refused(service: Service, key: str | None) -> None:
    """Before anything happens."""
    answer = service.post("m1", "/v1/hours", HELP, key=key)

    assert answer.status_code in {400, 422}
    assert 1 == len(service.get("m1", "/v1/hours").json())


def test_a_request_that_still_runs_is_not_begun_again(service: Service) -> None:
    """409, with when to ask again; then the answer is there."""
    with (
        closing(sqlite3.connect(service.folder / "bank.db", isolation_level=None)) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")  # so that whichever comes first waits
        asked = {pool.submit(service.post, "m1", "/v1/hours", HELP) for _ in range(2)}
        (meanwhile,), (first,) = wait(asked, timeout=10, return_when=FIRST_COMPLETED)
        other.execute("ROLLBACK")
        refused, answer = meanwhile.result(), first.result()

    assert (409, "request_in_progress") == (refused.status_code, refused.json()["code"])
    assert "1" == refused.headers["Retry-After"]
    assert (201, answer.content) == (answer.status_code, service.post("m1", "/v1/hours", HELP).content)


def test_concurrent_repeats_take_effect_once(service: Service) -> None:
    """However many come at once: one effect for each key (`make faults` does this at full size)."""
    keys, repeats = 12, 6

    def ask(number: int) -> tuple[int, bytes]:
        key = number // repeats
        body = {**HELP, "start_at": f"2026-02-{key + 1:02}T14:00:00+01:00"}
        while True:
            answer = service.post("m1", "/v1/hours", body, key=f"k{key}")
            if answer.status_code not in {409, 503}:
                return answer.status_code, answer.content

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(keys * repeats)))

    assert {201} == {status for status, _ in answers}
    assert keys == len({content for _, content in answers})
    assert keys + 1 == len(service.get("desk", "/v1/hours").json())


class Inner(Struct):
    """A part of an answer."""

    words: str


class Outer(Struct):
    """An answer with such a part."""

    no: int
    parts: tuple[Inner, ...] | None


class Plain(Struct):
    """An answer without words."""

    no: int
    state: str


def test_an_answer_with_words_is_not_kept() -> None:
    """Names and notes are erased with a person, and secrets are said once; keys stay for ever (I-10)."""
    assert says_words(Outer)
    assert not says_words(Plain)
