"""What is known of the request that is being answered: its id, and what became of it."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from litestar.types import Scope

NOWHERE: Final = "none"
"""The operation of a request that meets no route."""


@dataclass(slots=True)
class Seen:
    """What is known of a request."""

    id: str
    status: int = 0
    code: str = ""
    """Of the problem, if the answer is one."""


CURRENT: Final[ContextVar[Seen | None]] = ContextVar("timebank_request", default=None)
"""The request that is being answered."""


def request_id() -> str:
    """Return the id of the request that is being answered; empty outside of any."""
    current = CURRENT.get()
    return current.id if current is not None else ""


def note_problem(code: str) -> None:
    """Note the code of the problem that the answer is."""
    current = CURRENT.get()
    if current is not None:
        current.code = code


def operation_of(scope: Scope) -> str:
    """Return the operation id of the route that a request met."""
    found = getattr(scope.get("route_handler"), "operation_id", None)
    return found if isinstance(found, str) else NOWHERE
