"""Hours: log help that was given, look at it, agree with it."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, HeaderParameter, JSONBody
from msgspec import Meta, Struct

from timebank.care.record import Mode, ServiceRecord
from timebank.errors import UnknownRecord
from timebank.instants import write_instant
from timebank.services.hours import HoursDone
from timebank_api.auth import require_writer
from timebank_api.keys import key_for
from timebank_api.problems import KEY_HEADER
from timebank_api.routes.me import Asking, bank_of

NUMBER_MOST = 2**53
No = Annotated[int, Meta(ge=1, le=NUMBER_MOST)]
Key = Annotated[str, HeaderParameter(name=KEY_HEADER)]


class HoursIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Help that was given."""

    provider: str | None = None
    """Member reference of who helped; whoever asks, if it is left out."""
    recipient: str
    """Who was helped: `member:REF`, or `fund:NAME`."""
    minutes: int
    kind: str
    """Code of the kind of help, such as `shopping`."""
    start_at: datetime
    """When it began, with a time zone."""
    mode: Mode = Mode.IN_PERSON


class HoursOut(Struct, frozen=True, kw_only=True):
    """A service record."""

    branch: str
    no: int
    state: str
    provider: str
    recipient: str
    kind: str
    mode: str
    start_at: str
    minutes: int
    credited_minutes: int | None
    """What was credited; null as long as it is not confirmed."""
    entries: tuple[int, ...] = ()
    """Entries that this very act posted."""


class HoursRoutes(Controller):
    """Service records of the branch."""

    path = "/v1/hours"
    tags = ("hours",)

    @post("/", operation_id="hours_log", sync_to_thread=True, guards=[require_writer])
    def log(self, request: Asking, data: JSONBody[HoursIn], key: Key) -> HoursOut:
        """State help that was given; the other side then has the word."""
        token = request.user
        done = bank_of(request).hours.log(
            token.branch,
            provider=data.provider if data.provider is not None else token.ref,
            recipient=data.recipient,
            minutes=data.minutes,
            kind=data.kind,
            start_at=data.start_at,
            mode=data.mode,
            by=token.actor,
            key=key_for(token, key),
        )
        return _out(done)

    @get("/{no:int}", operation_id="hours_show", sync_to_thread=True)
    def show(self, request: Asking, no: FromPath[No]) -> HoursOut:
        """Show a record."""
        return _out(HoursDone(record=_seen(request, no)))

    @post("/{no:int}/confirm", operation_id="hours_confirm", sync_to_thread=True, guards=[require_writer])
    def confirm(self, request: Asking, no: FromPath[No], key: Key) -> HoursOut:
        """Agree with what the other side stated; this posts the help."""
        token = request.user
        _seen(request, no)
        return _out(bank_of(request).hours.confirm(token.branch, no, by=token.actor, key=key_for(token, key)))


def _seen(request: Asking, no: int) -> ServiceRecord:
    """Return a record that whoever asks may see.

    Raises:
        UnknownRecord: there is none, or it is none of theirs: nobody is told which.
    """
    token = request.user
    record = bank_of(request).hours.show(token.branch, no).record
    if not token.may_see(record.provider, record.recipient.removeprefix("member:")):
        raise UnknownRecord(record=no, branch=token.branch)
    return record


def _out(done: HoursDone) -> HoursOut:
    record = done.record
    return HoursOut(
        branch=record.branch,
        no=record.no,
        state=record.state.value,
        provider=record.provider,
        recipient=record.recipient,
        kind=record.kind,
        mode=record.mode.value,
        start_at=write_instant(record.start_at),
        minutes=record.minutes,
        credited_minutes=record.credited_minutes,
        entries=done.entries,
    )
