"""Hours: log help that was given, look at it, agree with it."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Struct

from timebank.care.access import AccessRole
from timebank.care.record import Mode, RecordState, ServiceRecord
from timebank.errors import NotAllowed, UnknownRecord
from timebank.instants import write_instant
from timebank.services.hours import HoursDone
from timebank_api.auth import require_writer
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.keys import key_for
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.sight import own_member


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


class CorrectionIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is restated; what is left out stays as it is."""

    minutes: int | None = None
    start_at: datetime | None = None
    kind: str | None = None
    mode: Mode | None = None
    reason: str | None = None


class ReasonIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; kept with the names, erased with them."""

    reason: str


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
            provider=data.provider if data.provider is not None else own_member(token),
            recipient=data.recipient,
            minutes=data.minutes,
            kind=data.kind,
            start_at=data.start_at,
            mode=data.mode,
            by=token.actor,
            key=key_for(request, key, _out),
        )
        return _out(done)

    @get("/", operation_id="hours_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        in_state: Annotated[RecordState | None, QueryParameter(name="state")] = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[HoursOut]:
        """List records, newest first: a member's own, everybody's for who runs or audits the branch."""
        token = request.user
        if token.role is AccessRole.OPERATOR:
            raise NotAllowed(actor=f"{token.role}:{token.ref}")
        whose = token.ref if token.role is AccessRole.MEMBER else member
        records = bank_of(request).hours.list(
            token.branch,
            state=in_state,
            member=whose,
            before=place_in(request, cursor, int),
            limit=limit + 1,
        )
        page = page_of(request, records, limit=limit, place=lambda each: each.no)
        return [_out(HoursDone(record=each)) for each in page]

    @get("/{no:int}", operation_id="hours_show", sync_to_thread=True)
    def show(self, request: Asking, no: No) -> HoursOut:
        """Show a record."""
        return _out(HoursDone(record=_seen(request, no)))

    @post("/{no:int}/confirm", operation_id="hours_confirm", sync_to_thread=True, guards=[require_writer])
    def confirm(self, request: Asking, no: No, key: Key) -> HoursOut:
        """Agree with what the other side stated; this posts the help."""
        token = request.user
        _seen(request, no)
        return _out(
            bank_of(request).hours.confirm(token.branch, no, by=token.actor, key=key_for(request, key, _out))
        )

    @post("/{no:int}/correct", operation_id="hours_correct", sync_to_thread=True, guards=[require_writer])
    def correct(self, request: Asking, no: No, data: JSONBody[CorrectionIn], key: Key) -> HoursOut:
        """Restate a record; an open one then waits for the other side."""
        token = request.user
        _seen(request, no)
        done = bank_of(request).hours.correct(
            token.branch,
            no,
            minutes=data.minutes,
            start_at=data.start_at,
            kind=data.kind,
            mode=data.mode,
            reason=data.reason,
            by=token.actor,
            key=key_for(request, key, _out),
        )
        return _out(done)

    @post("/{no:int}/dispute", operation_id="hours_dispute", sync_to_thread=True, guards=[require_writer])
    def dispute(self, request: Asking, no: No, data: JSONBody[ReasonIn], key: Key) -> HoursOut:
        """Say that it was not so; a coordinator then decides."""
        token = request.user
        _seen(request, no)
        use_case = bank_of(request).hours.dispute
        return _out(
            use_case(token.branch, no, reason=data.reason, by=token.actor, key=key_for(request, key, _out))
        )

    @post("/{no:int}/reject", operation_id="hours_reject", sync_to_thread=True, guards=[require_writer])
    def reject(self, request: Asking, no: No, data: JSONBody[ReasonIn], key: Key) -> HoursOut:
        """Refuse what the other side stated."""
        token = request.user
        _seen(request, no)
        use_case = bank_of(request).hours.reject
        return _out(
            use_case(token.branch, no, reason=data.reason, by=token.actor, key=key_for(request, key, _out))
        )

    @post("/{no:int}/withdraw", operation_id="hours_withdraw", sync_to_thread=True, guards=[require_writer])
    def withdraw(self, request: Asking, no: No, key: Key) -> HoursOut:
        """Take back what I stated, as long as nobody agreed."""
        token = request.user
        _seen(request, no)
        return _out(
            bank_of(request).hours.withdraw(token.branch, no, by=token.actor, key=key_for(request, key, _out))
        )


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
