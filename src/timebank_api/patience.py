"""Patience has an end: who opens a connection and does not ask, or asks for ever, is hung up on.

uvicorn has a limit for the time between two requests, and we have one for a request's body and answer
(`manners`); between the opening of a connection and the end of a request's head nobody else counts.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class Patient(H11Protocol):
    """A connection whose requests have to begin, and their heads to end, in time."""

    def __init__(self, *, head_seconds: float, **others: Any) -> None:  # noqa: ANN401 - as uvicorn has them
        """Wait for so long."""
        super().__init__(**others)
        self._head_seconds = head_seconds
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request in."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Count the time while no request is being answered; from the first byte, not anew with every one."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(self._head_seconds, self._hang_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
