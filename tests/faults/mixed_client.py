"""A client that costs little: one connection, one request at a time, HTTP/1.1 by hand."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

from tests.faults.processes import LOOPBACK

ANSWER_SECONDS: Final = 30
"""Who waits longer for an answer hangs."""
NEXT: Final = 'rel="next"'


class Refused(Exception):
    """Another answer than was to be expected."""

    def __init__(self, path: str, status: int, said: object) -> None:
        """Say what was asked, and what was answered."""
        super().__init__(f"{path}: {status} {said}")


@dataclass(slots=True)
class Caller:
    """Somebody with a token."""

    port: int
    token: str
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """How long each answer took."""
    wrong: list[str] = field(default_factory=list)
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, path: str, *, refusal: int | None = None) -> Any:  # noqa: ANN401 - of JSON
        """Read something, which is there unless a refusal is to be expected."""
        _, said = await self._ask("GET", path, expected=refusal or 200)
        return said

    async def read_page(self, path: str) -> tuple[Any, str | None]:
        """Read a page; returns it, and the path of the next one."""
        headers, said = await self._ask("GET", path, expected=200)
        link = headers.get("link", "")
        return said, urljoin(path, link.partition("<")[2].partition(">")[0]) if NEXT in link else None

    async def change(self, path: str, body: object, key: str) -> Any:  # noqa: ANN401 - of JSON
        """Change something."""
        _, said = await self._ask("POST", path, body=json.dumps(body), key=key, expected=201)
        return said

    async def hang_up(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            await self._streams[1].wait_closed()

    async def _ask(
        self, method: str, path: str, *, expected: int, body: str = "", key: str = ""
    ) -> tuple[dict[str, str], Any]:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {LOOPBACK}", f"Authorization: Bearer {self.token}"]
        if method == "POST":
            lines += [f"Idempotency-Key: {key}", "Content-Type: application/json"]
            lines += [f"Content-Length: {len(body)}"]
        request = "\r\n".join([*lines, "", body]).encode()
        began = time.monotonic()
        async with asyncio.timeout(ANSWER_SECONDS):
            status, headers, text = await self._exchange(request)
        self.seconds.append(time.monotonic() - began)
        self.statuses[status] += 1
        said = json.loads(text)
        if status != expected:
            raise Refused(path, status, said)
        return headers, said

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None or self._streams[0].at_eof():  # a server closes what is idle
            await self.hang_up()
            self._streams = await asyncio.open_connection(LOOPBACK, self.port)
        reader, writer = self._streams
        writer.write(request)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        text = await reader.readexactly(int(headers["content-length"]))
        return int(first.split(" ")[1]), headers, text
