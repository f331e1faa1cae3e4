import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import BadKey, BadReference
from timebank.ids import (
    IN_ORDER_SINCE_MS,
    KEY_CHARACTERS_MAX,
    fingerprint_of,
    key_of,
    reference,
    timed_key,
)

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Colour(StrEnum):
    """A sample enum."""

    RED = "red"


@dataclass(frozen=True)
class Request:
    """A sample payload."""

    minutes: int
    colour: Colour | None = None
    words: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RequestOfTomorrow:
    """The same payload in a later version that knows one more thing."""

    minutes: int
    colour: Colour | None = None
    words: str | None = None
    urgent: bool | None = None


@pytest.mark.parametrize("text", ["m1", "0", "a-b-c", "x" * 40])
def test_a_reference_is_short_and_plain(text: str) -> None:
    """It survives every format the books are exported to (I-10)."""
    assert text == reference(text)


@pytest.mark.parametrize("text", ["", "-m1", "M1", "m_1", "m 1", "m1\n", "é", "m１", "x" * 41, "m1\0"])
def test_any_other_reference_is_refused(text: str) -> None:
    """And the error says what it was to be, never what it was (I-10)."""
    with pytest.raises(BadReference) as refused:
        reference(text, what="branch code")

    assert "not a branch code: use 1 to 40 of a-z, 0-9 and '-', starting with a letter or digit" == str(
        refused.value
    )


def test_a_key_is_kept_as_sixteen_bytes() -> None:
    """No personal data, and the same bytes for ever (I-9): this value is in people's databases."""
    assert "15375b5dae14f8a8c37f61167b2449b6" == key_of("sample").hex()


TEN_BYTES = st.binary(min_size=10, max_size=10)
SINCE = st.integers(IN_ORDER_SINCE_MS, 2**48 - 1)


@given(SINCE, TEN_BYTES)
def test_a_timed_key_is_a_uuid_of_version_seven(at_ms: int, drawn: bytes) -> None:
    """As RFC 9562 has it: the time first, then version and variant, the rest by chance."""
    made = UUID(timed_key(at_ms, drawn))

    assert (7, RFC_4122, at_ms) == (made.version, made.variant, made.int >> 80)
    assert int.from_bytes(drawn) & ~(0xF << 76 | 0b11 << 62) == made.int & ((1 << 80) - 1) & ~(
        0xF << 76 | 0b11 << 62
    )


@given(SINCE, SINCE, TEN_BYTES, TEN_BYTES, st.sampled_from(["", "auto-", "http-0-"]))
def test_timed_keys_are_kept_in_the_order_of_their_times(
    one: int, other: int, first: bytes, second: bytes, before: str
) -> None:
    """Whatever stands before the UUID; in capitals it is another key of the same time."""
    made, later = timed_key(one, first), timed_key(other, second)
    kept, kept_later = key_of(before + made), key_of(before + later)

    assert (one.to_bytes(6), 16) == (kept[:6], len(kept))
    assert one == other or (one < other) == (kept < kept_later)
    assert kept[:6] == key_of(before + made.upper())[:6]
    assert made == later or kept != kept_later


@given(st.integers(0, IN_ORDER_SINCE_MS - 1), TEN_BYTES)
def test_a_key_that_was_used_before_is_found_again(at_ms: int, drawn: bytes) -> None:
    """Keys were kept as digests alone once; a repetition of such a request must not take effect again."""
    text = timed_key(at_ms, drawn)

    assert sha256(b"timebank key\0" + text.encode()).digest()[:16] == key_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "019b8e2d-1c00-4000-8000-000000000000",
        "ffff8e2d-1c00-7000-7000-000000000000",
        "ffff8e2d-1c00-7000-8000-00000000000",
        "ffff8e2d-1c00-7000-8000-000000000000 ",
        "ffff8e2d1c0070008000000000000000",
        "\uff11fff8e2d-1c00-7000-8000-000000000000",
    ],
)
def test_any_other_key_is_kept_as_its_digest(text: str) -> None:
    """Another version or variant, a digit short, a space behind, no hyphens, digits of another script."""
    assert sha256(b"timebank key\0" + text.encode()).digest()[:16] == key_of(text)


@given(st.lists(st.text(min_size=1, max_size=KEY_CHARACTERS_MAX), min_size=2, max_size=2, unique=True))
def test_different_keys_are_kept_apart(keys: list[str]) -> None:
    """No folding of case, no trimming: a key is what the caller wrote."""
    assert key_of(keys[0]) != key_of(keys[1])


def test_a_key_may_hold_what_a_command_line_holds() -> None:
    """Python gives bytes that are no UTF-8 as lone surrogates."""
    assert 16 == len(key_of("caf\udce9"))


@pytest.mark.parametrize("text", ["", "x" * (KEY_CHARACTERS_MAX + 1)])
def test_an_empty_or_endless_key_is_refused(text: str) -> None:
    """An empty one is a script's unset variable: two requests would share it by accident."""
    with pytest.raises(BadKey):
        key_of(text)


plain: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.binary(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)
payloads = st.lists(st.recursive(plain, lambda part: st.lists(part).map(tuple), max_leaves=5), max_size=4)


@given(payloads, payloads)
def test_a_fingerprint_tells_payloads_apart(first: list[Any], second: list[Any]) -> None:
    """Same parts, same bytes; other parts, other bytes (I-9): `1`, `"1"` and `True` are three things."""
    is_same = repr(first) == repr(second)

    assert is_same == (fingerprint_of(*first) == fingerprint_of(*second))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b"), ("ab",)),
        (("a", None), ("a",)),
        ((1,), ("1",)),
        ((1,), (True,)),
        ((1,), (1.0,)),
        ((None,), ("None",)),
        ((b"a",), ("a",)),
        ((("a",), "b"), (("a", "b"),)),
        ((date(2026, 6, 15),), ("2026-06-15",)),
        ((NOON,), (NOON + timedelta(microseconds=1),)),
        ((Request(1),), (Request(2),)),
        ((Request(1, words="x"),), (Request(1, words="y"),)),
    ],
)
def test_payloads_that_only_look_alike_are_told_apart(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    """Also in fields that a class keeps out of its `repr`."""
    assert fingerprint_of(*one) != fingerprint_of(*other)


def test_one_instant_has_one_fingerprint() -> None:
    """In whatever zone it was written."""
    paris = NOON.astimezone(timezone(timedelta(hours=2)))

    assert fingerprint_of(NOON) == fingerprint_of(paris)


def test_a_fingerprint_survives_an_upgrade() -> None:
    """A request is retried after an upgrade, too: a fact that is not said changes nothing (I-9)."""
    assert fingerprint_of(Request(5, Colour.RED)) == fingerprint_of(RequestOfTomorrow(5, Colour.RED))
    assert fingerprint_of("x", Colour.RED) == fingerprint_of("x", "red")


def test_a_fingerprint_does_not_depend_on_the_process() -> None:
    """Python's sets come in another order in every process: they are sorted."""
    code = "from timebank.ids import fingerprint_of; print(fingerprint_of(frozenset('abcdefgh')).hex())"

    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2", "3")
    }

    assert {fingerprint_of(frozenset("abcdefgh")).hex()} == runs


@pytest.mark.parametrize("part", [1j, object(), {"a": 1}, [1]])
def test_a_part_without_a_settled_form_is_a_bug(part: object) -> None:
    """An object by its address would make the same request look like another one."""
    with pytest.raises(AssertionError):
        fingerprint_of(part)
