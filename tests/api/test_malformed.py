"""Bad input: all that is wrong with a request is named, and nothing of it gets any further."""

from typing import Any

import pytest
from tests.api.conftest import Service

HELP = {"recipient": "member:m2", "minutes": 90, "kind": "shopping", "start_at": "2026-03-01T14:00:00+01:00"}


def fields_of(answer: Any) -> list[str]:  # noqa: ANN401 - an answer of httpx
    """Return the places of the faults that a problem names."""
    assert (400, "malformed") == (answer.status_code, answer.json()["code"])
    return [each["field"] for each in answer.json()["faults"]]


def sent(service: Service, body: bytes, path: str = "/v1/hours", **headers: str) -> Any:  # noqa: ANN401
    """Send bytes as they are."""
    said = {"Authorization": f"Bearer {service.tokens['m1']}", "Idempotency-Key": "k"}
    said["Content-Type"] = "application/json"
    return service.client.post(path, content=body, headers={**said, **headers})


def test_all_faults_of_a_body_are_named(service: Service) -> None:
    """Not only the first one, as msgspec does: whoever mends a form mends it once."""
    body = {"minutes": "90", "start_at": "yesterday", "mode": "by magic", "role": "x", "recipient": 1}
    answer = service.post("m1", "/v1/hours", body)

    assert ["kind", "minutes", "mode", "recipient", "role", "start_at"] == sorted(fields_of(answer))
    assert "magic" not in answer.text
    assert "yesterday" not in answer.text


def test_faults_of_body_and_headers_are_named_together(service: Service) -> None:
    """And a missing key alone has its own code."""
    both = service.post("m1", "/v1/hours", {**HELP, "minutes": "x"}, key=None)

    assert ["minutes", "Idempotency-Key"] == fields_of(both)
    assert "key_missing" == service.post("m1", "/v1/hours", HELP, key=None).json()["code"]


def test_all_faults_of_a_query_are_named(service: Service) -> None:
    """Unknown parameters, too: somebody expects an effect of them."""
    asked = service.get("m1", "/v1/hours?limit=0&state=odd&colour=red&member=a&member=b")

    assert ["colour", "limit", "member", "state"] == sorted(fields_of(asked))
    assert ["colour"] == fields_of(service.get("m1", "/v1/me?colour=red"))


@pytest.mark.parametrize("instant", ["0.5", "20260301", "2026", "", "1e9"])
def test_a_number_is_no_instant(service: Service, instant: str) -> None:
    """The framework would count seconds from 1970; a statement as of then is not what anybody asks for."""
    path = "/v1/accounts/member:m1:available/statement?known_at="

    assert ["known_at"] == fields_of(service.get("m1", f"{path}{instant}"))
    assert 200 == service.get("m1", f"{path}2026-03-01T14:00:00Z").status_code


def test_a_number_is_no_day(service: Service) -> None:
    """Neither the first nor the last one of a period."""
    path = "/v1/accounts/member:m1:available/statement?first_on=0.5&last_on=20260301"

    assert ["first_on", "last_on"] == fields_of(service.get("m1", path))


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'{"minutes": 1, "minutes": 2}', ["kind", "minutes", "recipient", "start_at"]),
        (b'{"minutes": 1, "m\\u0069nutes": 2}', ["kind", "minutes", "recipient", "start_at"]),
        (b'{"kind": "\\u0000"}', ["kind", "minutes", "recipient", "start_at"]),
        (b'{"kind": "\\ud800"}', ["kind", "minutes", "recipient", "start_at"]),
        (b'{"minutes": 1e400}', ["kind", "minutes", "recipient", "start_at"]),
        (b'{"minutes": NaN}', ["kind", "minutes", "recipient", "start_at"]),
        (b"\xef\xbb\xbf{}", [""]),
        (b'{"kind": "\xff"}', [""]),
        (b'{"kind": "\xed\xa0\x80"}', [""]),
        (b'{"kind": "\x00"}', [""]),
        (b"[" * 60_000, [""]),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, [""]),
        (b'{"minutes": ' + b"9" * 5_000 + b"}", [""]),
        (b"{}{}", [""]),
        (b"null", [""]),
        (b"", [""]),
    ],
    ids=[
        *("twice", "twice, written differently", "null", "half a pair", "beyond floats", "no number"),
        *(
            "a mark",
            "no UTF-8",
            "a surrogate",
            "a raw null",
            "deep",
            "deep objects",
            "digits",
            "two",
            "null body",
        ),
        "nothing",
    ],
)
def test_a_body_that_nobody_should_send_is_refused(service: Service, body: bytes, fields: list[str]) -> None:
    """With the field where there is one, and never as an error of ours."""
    assert fields == sorted(fields_of(sent(service, body)))
    assert 1 == len(service.get("desk", "/v1/hours").json())


@pytest.mark.parametrize("minutes", [10**30, -(2**63), 2**53, 0, -1])
def test_a_number_out_of_range_is_refused(service: Service, minutes: int) -> None:
    """By a rule of the bank, not by its database."""
    assert service.post("m1", "/v1/hours", {**HELP, "minutes": minutes}).status_code in {400, 409, 422}


def test_words_with_null_characters_are_refused_wherever_they_are(service: Service) -> None:
    """Two names of a field that JSON writes differently are one name."""
    whole = (
        b'{"recipient":"member:m2","minutes":90,"kind":"a\\u0000","start_at":"2026-03-01T14:00:00Z"}',
        b'{"recipient":"member:m2","minutes":90,"kind":"a","k\\u0069nd":"b","start_at":"2026-03-01T14:00:00Z"}',
    )

    for body in whole:
        assert ["kind"] == fields_of(sent(service, body))


@pytest.mark.parametrize("path", ["/v1/hours/%00", "/v1/redemptions/lille%00-1", "/v1/hours?member=%00"])
def test_null_characters_of_an_address_are_refused(service: Service, path: str) -> None:
    """No database keeps them."""
    assert 400 == service.get("m1", path).status_code


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "x"])
def test_a_body_in_another_encoding_is_refused(service: Service, coding: str) -> None:
    """Nothing is unpacked: a small body stays small."""
    answer = sent(service, b"{}", **{"Content-Encoding": coding})

    assert (415, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_a_body_where_none_is_asked_for_is_refused(service: Service) -> None:
    """A role or a balance in it would be ignored, which is not what its sender thinks."""
    assert [""] == fields_of(sent(service, b'{"role": "coordinator"}', "/v1/hours/1/withdraw"))
    assert 201 == service.post("m1", "/v1/hours", HELP).status_code
    assert 201 == sent(service, b"{}", "/v1/hours/2/withdraw").status_code


def test_every_answer_has_the_headers_of_safety(service: Service) -> None:
    """Errors of the outermost layer and unknown routes, too."""
    answers = [
        service.get("m1", "/v1/me"),
        service.get("m1", "/nowhere"),
        service.get("m1", "/v1/hours/%00"),
        service.get(None, "/v1/me"),
    ]

    for answer in answers:
        assert "nosniff" == answer.headers["X-Content-Type-Options"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "no-store" == answer.headers["Cache-Control"]
