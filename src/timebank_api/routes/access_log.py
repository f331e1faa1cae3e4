"""The access log: who saw or did what for whom."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import Struct

from timebank.care.sightings import Sighting
from timebank.instants import write_instant
from timebank.ledger.canonical import instant_of, micros_of
from timebank_api.guards import require_books
from timebank_api.inputs import PAGE_USUAL, Asking, Limit, bank_of
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.sight import own_member


class SightingOut(Struct, frozen=True, kw_only=True):
    """That somebody saw or did something."""

    branch: str
    at: str
    request: str | None
    """Id of the request."""
    role: str
    """Of whoever asked."""
    ref: str
    operation: str
    """What they asked for, as this description calls it."""
    object: str | None
    """Of what, as the path names it; null for lists."""
    member: str | None
    """Whom it concerned: `REF`, or `REF@BRANCH`; null for lists and whole branches."""
    mandate: int | None
    """Number of the mandate they acted under."""
    status: int
    """Of the answer; what was refused is written down, too."""


class AccessLogRoutes(Controller):
    """Who saw or did what for whom, at most a second ago."""

    path = "/v1"
    tags = ("access log",)

    @get("/access-log", operation_id="access_log_list", sync_to_thread=True, guards=[require_books])
    def list_(
        self,
        request: Asking,
        member: Annotated[str | None, QueryParameter(max_length=100)] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[SightingOut]:
        """List what people of my branch saw and did, newest first."""
        return _page(request, member, cursor, limit)

    @get("/me/access-log", operation_id="me_access_log", sync_to_thread=True)
    def mine(self, request: Asking, cursor: Cursor = None, limit: Limit = PAGE_USUAL) -> list[SightingOut]:
        """List who of my branch saw or did something that concerned me, newest first."""
        return _page(request, own_member(request.user), cursor, limit)


def _page(request: Asking, member: str | None, cursor: str | None, limit: int) -> list[SightingOut]:
    after = place_in(request, cursor, tuple[int, int])
    before = (instant_of(after[0]), after[1]) if after is not None else None
    found = bank_of(request).access_log.list(
        request.user.branch, member=member, before=before, limit=limit + 1
    )
    return [_out(each) for each in page_of(request, found, limit=limit, place=_place)]


def _place(each: Sighting) -> tuple[int, int]:
    return micros_of(each.at), each.no


def _out(each: Sighting) -> SightingOut:
    return SightingOut(
        branch=each.branch,
        at=write_instant(each.at),
        request=each.request,
        role=each.role,
        ref=each.ref,
        operation=each.operation,
        object=each.object,
        member=each.member,
        mandate=each.mandate,
        status=each.status,
    )
