"""The end of the service: told once, it lets go of whoever keeps a connection open."""

import asyncio
from typing import Final

PAUSE_SECONDS: Final = 0.1
"""How soon somebody who waits for the end hears of it."""


class Ending:
    """Whether the service was told to end; then `/health/ready` says no, and no connection is kept."""

    def __init__(self) -> None:
        """Begin with nobody having said so."""
        self.has_begun = False

    def begin(self) -> None:
        """Say that the service ends; may be called from a signal handler."""
        self.has_begun = True

    async def wait(self) -> None:
        """Wait until the service ends: for handlers that stream for as long as it lives."""
        # No event: a signal handler sets this, in whatever moment, and a stream may wait a tenth of a second.
        while not self.has_begun:  # noqa: ASYNC110 - as above
            await asyncio.sleep(PAUSE_SECONDS)
