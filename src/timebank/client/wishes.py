"""Wishes: what to ask of the service, before it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import token_bytes
from time import time_ns
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from timebank.ids import timed_key

KEY_HEADER: Final = "Idempotency-Key"


def new_key() -> str:
    """Return an idempotency key that nobody has used."""
    return timed_key(time_ns() // 1_000_000, token_bytes(10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One request as the nouns state it."""

    method: str
    path: str
    places: Mapping[str, object] = field(default_factory=dict)
    """What stands in the path."""
    query: Mapping[str, object] = field(default_factory=dict)
    """What is None is left out."""
    body: Mapping[str, object] | bytes | None = None
    form: str = "application/json"
    needs_key: bool = False
    key: str | None = None
    if_match: str | None = None

    @property
    def may_repeat(self) -> bool:
        """Tell whether repeating it cannot take effect twice."""
        return self.method == "GET" or self.needs_key

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Return it for httpx: with a key of its own, unless one was given."""
        headers = {}
        if self.needs_key:
            headers[KEY_HEADER] = self.key if self.key is not None else new_key()
        if self.if_match is not None:
            headers["If-Match"] = self.if_match
        content = self.body if isinstance(self.body, bytes) else None
        if self.body is not None:
            headers["Content-Type"] = self.form
            content = content if content is not None else msgspec.json.encode(self.body)
        path = self.path.format(**{name: quote(str(each), safe="") for name, each in self.places.items()})
        query = {name: _said(each) for name, each in self.query.items() if each is not None}
        return http.build_request(self.method, path, params=query, headers=headers, content=content)


def _said(value: object) -> Any:  # noqa: ANN401 - whatever httpx takes
    return value.isoformat() if isinstance(value, date | datetime) else value


def said(**fields: object) -> dict[str, object]:
    """Return the fields of a body that say something: None leaves one out."""
    return {name: each for name, each in fields.items() if each is not None}
