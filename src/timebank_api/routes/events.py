"""Events: what happened in a branch, page by page or as it happens."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any, cast

from anyio.to_thread import run_sync
from litestar import Controller, Response, get
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage
from msgspec import Struct

from timebank.care.access import AccessToken
from timebank.care.events import Event, EventKind, EventPage
from timebank.instants import write_instant
from timebank_api.inputs import NUMBER_MOST, PAGE_USUAL, Asking, Limit, bank_of
from timebank_api.newsroom import Newsroom

STREAM = "text/event-stream"
KINDS_MOST = len(EventKind)
After = Annotated[
    int | None,
    QueryParameter(
        gt=-1, le=NUMBER_MOST, description="The number of the last event that is known; 0 for none."
    ),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", description="As `after`: what a browser sends when it comes back."),
]
Kinds = Annotated[
    list[EventKind] | None,
    QueryParameter(name="kind", max_items=KINDS_MOST, description="Only these kinds; all if left out."),
]


class BranchEventOut(Struct, frozen=True, kw_only=True):
    """Something that happened."""

    type: EventKind
    timestamp: str
    """When it was recorded."""
    branch: str
    no: int
    """Its number in the branch: 1, 2, 3 … in the order in which it happened."""
    data: dict[str, Any]
    """References, minutes, states and instants; what they are for each kind is under `webhooks`."""


class EventsOut(Struct, frozen=True, kw_only=True):
    """Events that whoever asks may hear of."""

    events: tuple[BranchEventOut, ...]
    through: int
    """Everything up to this number was looked at: what to ask for next, as `after`."""
    end: int
    """The number of the branch's last event: go on until `through` is there."""


@dataclass
class Streaming(Operation):
    """An operation that answers as a page or as a stream, as it is asked."""

    def __post_init__(self) -> None:
        """Say so."""
        answer = (self.responses or {}).get("200")
        if isinstance(answer, OpenAPIResponse) and answer.content is not None:
            text = Schema(type=OpenAPIType.STRING, description="Lines of `id`, `event` and `data`.")
            shown = 'id: 17\r\nevent: hours.logged\r\ndata: {"type":"hours.logged","no":17}\r\n\r\n'
            answer.content[STREAM] = OpenAPIMediaType(schema=text, example=shown)


class EventRoutes(Controller):
    """What happened in my branch, as far as it concerns me."""

    path = "/v1/events"
    tags = ("events",)

    @get("/", operation_id="events_list", operation_class=Streaming)
    async def list_(
        self,
        request: Asking,
        after: After = None,
        last_event_id: LastEventId = None,
        kind: Kinds = None,
        limit: Limit = PAGE_USUAL,
    ) -> Response[EventsOut]:
        """List what happened, oldest first; with `Accept: text/event-stream`, tell it as it happens.

        A member hears of their own records, redemptions, beneficiaries and mandates; who runs or audits the
        branch of all of it. A page begins at the beginning, a stream now, unless `after` says where. A stream
        ends when the token does; a browser then comes back with the last number that it heard.
        """
        known = after if after is not None else _number(last_event_id)
        kinds = tuple(kind or ())
        if STREAM in request.headers.get("accept", ""):
            return await self._stream(request, known, kinds)
        page = await run_sync(lambda: _page(request, known or 0, kinds, limit))
        return Response(EventsOut(events=tuple(map(_out, page.events)), through=page.through, end=page.end))

    async def _stream(
        self, request: Asking, known: int | None, kinds: tuple[EventKind, ...]
    ) -> Response[EventsOut]:
        token, bank = request.user, bank_of(request)
        newsroom: Newsroom = request.app.state.newsroom
        newsroom.require_room(token)
        end = await run_sync(bank.events.end, token.branch)
        await run_sync(lambda: _page(request, end, kinds, 1))  # who may not hear anything is told so
        stream = ServerSentEvent(_follow(newsroom, token, end if known is None else known, kinds))
        return cast("Response[EventsOut]", stream)  # the other form of the answer: see `Streaming`


async def _follow(
    newsroom: Newsroom, token: AccessToken, after: int, kinds: tuple[EventKind, ...]
) -> AsyncGenerator[ServerSentEventMessage, None]:
    """Tell somebody what happens, for as long as their token opens the door."""
    bank = newsroom.bank
    with newsroom.place(token):
        yield _comment("events")
        while not newsroom.is_closed and await run_sync(bank.tokens.still_opens, token):
            page = await run_sync(
                lambda: bank.events.seen_by(token, after=after, limit=PAGE_USUAL, kinds=kinds)  # noqa: B023 - called at once
            )
            for event in page.events:
                yield ServerSentEventMessage(data=event.text, event=event.kind.value, id=event.no)
            after = page.through
            if after >= page.end and not await newsroom.news(token.branch, page.end):
                yield _comment("still here")


def _comment(text: str) -> ServerSentEventMessage:
    return ServerSentEventMessage(data=None, comment=text)


def _page(request: Asking, after: int, kinds: tuple[EventKind, ...], limit: int) -> EventPage:
    return bank_of(request).events.seen_by(request.user, after=after, limit=limit, kinds=kinds)


def _number(text: str | None) -> int | None:
    """Read what a browser heard last; what is no number of ours is as if it had heard nothing."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= len(str(NUMBER_MOST))
    return min(int(text), NUMBER_MOST) if text is not None and is_number else None


def _out(event: Event) -> BranchEventOut:
    return BranchEventOut(
        type=event.kind,
        timestamp=write_instant(event.at),
        branch=event.branch,
        no=event.no,
        data=json.loads(event.data),
    )
