"""Visits: what is noted about one request on its way through the service.

The outermost layer (`manners`) makes a visit; handlers note in it what the layers around them need to know.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from timebank.care.mandate import Person
from timebank.errors import RequestInProgress, TooManyRequests
from timebank.ids import AnsweredKey
from timebank_api.limits import Buckets
from timebank_api.recorder import Recorder

CREDENTIALS: Final = frozenset({b"authorization", b"cookie"})
KNOWN_MOST: Final = 10_000
PLACE: Final = "timebank.visit"
"""Where a request's scope has it."""


@dataclass(slots=True)
class Shared:
    """What the visits of one process share."""

    running: dict[str, "Visit"] = field(default_factory=dict)
    """By idempotency key: requests that are being worked on."""
    recorder: Recorder | None = None
    """Writes the access log."""
    callers: Buckets = field(default_factory=lambda: Buckets(per_second=0, burst=0))
    """How often each caller may ask."""
    secrets: dict[str, bytes] = field(default_factory=dict)
    """What a branch's cursors are signed with."""
    known: dict[int, None] = field(default_factory=dict)
    """Hashes of what opened the door lately: who has it is not held up by others at the same address."""

    def knows(self, scope: MutableMapping[str, Any]) -> bool:
        """Tell whether a request says what opened the door lately; whether it still does is looked up."""
        return _said(scope) in self.known

    def remember(self, scope: MutableMapping[str, Any]) -> None:
        """Note that what a request says opened the door."""
        said = _said(scope)
        if said not in self.known:
            self.known[said] = None
            if len(self.known) > KNOWN_MOST:
                del self.known[next(iter(self.known))]


def _said(scope: MutableMapping[str, Any]) -> int:
    """Return a hash, of this process only, of the headers that say who asks."""
    return hash(tuple(value for name, value in scope["headers"] if name in CREDENTIALS))


@dataclass(slots=True, eq=False)
class Visit:
    """One request."""

    shared: Shared
    running: str | None = None
    """The idempotency key under which this request runs."""
    key: AnsweredKey | None = None
    """The same, where the answer is kept with it."""
    next: str | None = None
    """Where the list goes on."""
    members: tuple[Person, ...] = ()
    """Whom it concerns, (branch, member) each; for the access log."""
    mandate: int | None = None
    """Under which mandate."""

    def count(self, caller: object) -> None:
        """Count a request of a caller.

        Raises:
            TooManyRequests: they come too often.
        """
        wait_seconds = self.shared.callers.take(caller)
        if wait_seconds:
            raise TooManyRequests(retry_seconds=wait_seconds)

    def begin(self, key: str) -> None:
        """Note that the request under a key has begun.

        Raises:
            RequestInProgress: another one under the same key has, and has not ended.
        """
        if self.shared.running.setdefault(key, self) is not self:
            raise RequestInProgress
        self.running = key

    def end(self) -> None:
        """Note that the request has ended."""
        if self.running is not None:
            self.shared.running.pop(self.running, None)


def visit_of(scope: Any) -> Visit:  # noqa: ANN401 - the framework's, or of a test
    """Return the visit that a request is part of."""
    visit: Visit = scope[PLACE]
    return visit
