"""Visits: what is noted about one request on its way through the service.

The outermost layer (`manners`) makes a visit; handlers note in it what the layers around them need to know.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from timebank.errors import RequestInProgress
from timebank.ids import AnsweredKey

PLACE: Final = "timebank.visit"
"""Where a request's scope has it."""


@dataclass(slots=True)
class Shared:
    """What the visits of one process share."""

    running: dict[str, "Visit"] = field(default_factory=dict)
    """By idempotency key: requests that are being worked on."""
    secrets: dict[str, bytes] = field(default_factory=dict)
    """What a branch's cursors are signed with."""


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
    member: str | None = None
    """Whom it concerns: `REF`, or `REF@BRANCH`; for the access log."""
    mandate: int | None = None

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
