"""Sightings: that somebody saw or did something over the service; references only, no names (I-10)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One line of a branch's access log."""

    branch: str
    """Of whoever asked."""
    at: datetime
    no: int
    """Random: tells apart what happened at one instant."""
    request: str | None
    """The request's id, as the service's log has it."""
    role: str
    ref: str
    operation: str
    object: str | None
    """What of, as the path names it: `3`, `lille/1`, `lille-2`."""
    member: str | None
    """Whom it concerned: `REF`, or `REF@BRANCH` of another branch; None for lists and whole branches."""
    mandate: int | None
    status: int
    """As HTTP has it: what was refused is written down, too."""
