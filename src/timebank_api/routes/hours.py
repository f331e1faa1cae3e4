"""Hours: log help that was given, look at it, agree with it."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Struct
from msgspec.structs import asdict

from timebank.care.access import Visitor
from timebank.care.mandate import Scope
from timebank.care.record import Mode, RecordState, ServiceRecord
from timebank.errors import UnknownRecord
from timebank.instants import write_instant
from timebank.ledger.model import MINUTES
from timebank.services.hours import HoursDone, RecordHistory
from timebank_api.acting import Visiting
from timebank_api.acts import act, desk_act, signed
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.sight import own_member, whose
from timebank_api.sightings import concerns
from timebank_api.wire import Reason, WarningOut, warnings_out


class Decision(StrEnum):
    """How a record is decided."""

    CONFIRM = "confirm"
    REJECT = "reject"


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
    unit: str = MINUTES
    """`min`, or `svc` for service that is counted but never redeemable."""


class CorrectionIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is restated; what is left out stays as it is."""

    minutes: int | None = None
    start_at: datetime | None = None
    kind: str | None = None
    mode: Mode | None = None
    reason: str | None = None


class DecisionIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a coordinator decides a record."""

    decision: Decision
    minutes: int | None = None
    """Other minutes than stated, where it is confirmed."""
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
    unit: str
    logged_by: str
    stated_by: str
    redemption: str | None
    """Reference of the redemption that it fulfils."""
    is_flagged_overlap: bool
    """Whether the provider has another record at the same time, which the policy lets pass."""
    warnings: tuple[WarningOut, ...] = ()
    """Soft limits that this very act passed."""
    entries: tuple[int, ...] = ()
    """Entries that this very act posted."""


class EventOut(Struct, frozen=True, kw_only=True):
    """What was done to a record."""

    no: int
    act: str
    by: str
    at: str
    minutes: int
    """As stated then."""
    reason: str | None
    """Null where there was none, or it was erased."""


class HistoryOut(HoursOut, frozen=True, kw_only=True):
    """A service record with everything that was done to it, oldest first."""

    events: tuple[EventOut, ...]


class HoursRoutes(Controller):
    """Service records of the branch."""

    path = "/v1/hours"
    tags = ("hours",)

    @act("/", "hours_log")
    def log(self, request: Asking, visitor: Visiting, data: JSONBody[HoursIn], key: Key) -> HoursOut:
        """State help that was given; the other side then has the word."""
        done = bank_of(request).hours.log(
            visitor.branch,
            provider=data.provider if data.provider is not None else own_member(visitor),
            recipient=data.recipient,
            minutes=data.minutes,
            kind=data.kind,
            start_at=data.start_at,
            mode=data.mode,
            unit=data.unit,
            **signed(request, key, _out, visitor),
        )
        return _out(done)

    @get("/", operation_id="hours_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        in_state: Annotated[RecordState | None, QueryParameter(name="state")] = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[HoursOut]:
        """List records, newest first: a member's own, everybody's for who runs or audits the branch."""
        records = bank_of(request).hours.list(
            visitor.branch,
            state=in_state,
            member=whose(visitor, member),
            before=place_in(request, cursor, int),
            limit=limit + 1,
        )
        page = page_of(
            request,
            records,
            limit=limit,
            place=lambda each: each.no,
            is_seen=lambda each: visitor.may_see(*each.parties),
        )
        return [_standing(each) for each in page]

    @get("/{no:int}", operation_id="hours_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, no: No) -> HoursOut:
        """Show a record."""
        return _standing(_seen(request, visitor, no).record)

    @get("/{no:int}/history", operation_id="hours_history", sync_to_thread=True)
    def history(self, request: Asking, visitor: Visiting, no: No) -> HistoryOut:
        """Show a record with everything that was done to it."""
        return _history(_seen(request, visitor, no))

    @act("/{no:int}/confirm", "hours_confirm")
    def confirm(self, request: Asking, visitor: Visiting, no: No, key: Key) -> HoursOut:
        """Agree with what the other side stated; this posts the help."""
        branch = _acted_on(request, visitor, no)
        return _out(
            bank_of(request).hours.confirm(
                branch, no, **signed(request, key, _out, visitor, current=_standing)
            )
        )

    @act("/{no:int}/correct", "hours_correct")
    def correct(
        self, request: Asking, visitor: Visiting, no: No, data: JSONBody[CorrectionIn], key: Key
    ) -> HoursOut:
        """Restate a record; an open one then waits for the other side."""
        branch = _acted_on(request, visitor, no)
        done = bank_of(request).hours.correct(
            branch,
            no,
            minutes=data.minutes,
            start_at=data.start_at,
            kind=data.kind,
            mode=data.mode,
            reason=data.reason,
            **signed(request, key, _out, visitor, current=_standing),
        )
        return _out(done)

    @act("/{no:int}/dispute", "hours_dispute")
    def dispute(
        self, request: Asking, visitor: Visiting, no: No, data: JSONBody[Reason], key: Key
    ) -> HoursOut:
        """Say that it was not so; a coordinator then decides."""
        branch = _acted_on(request, visitor, no)
        hours = bank_of(request).hours
        return _out(hours.dispute(branch, no, reason=data.reason, **signed(request, key, _out, visitor)))

    @act("/{no:int}/reject", "hours_reject")
    def reject(
        self, request: Asking, visitor: Visiting, no: No, data: JSONBody[Reason], key: Key
    ) -> HoursOut:
        """Refuse what the other side stated."""
        branch = _acted_on(request, visitor, no)
        hours = bank_of(request).hours
        return _out(hours.reject(branch, no, reason=data.reason, **signed(request, key, _out, visitor)))

    @act("/{no:int}/withdraw", "hours_withdraw")
    def withdraw(self, request: Asking, visitor: Visiting, no: No, key: Key) -> HoursOut:
        """Take back what I stated, as long as nobody agreed."""
        branch = _acted_on(request, visitor, no)
        return _out(bank_of(request).hours.withdraw(branch, no, **signed(request, key, _out, visitor)))

    @desk_act("/{no:int}/decide", "hours_decide")
    def decide(self, request: Asking, no: No, data: JSONBody[DecisionIn], key: Key) -> HoursOut:
        """Decide a record as a coordinator; rejecting a confirmed one reverses its entry."""
        done = bank_of(request).hours.decide(
            request.user.branch,
            no,
            is_confirmed=data.decision is Decision.CONFIRM,
            minutes=data.minutes,
            reason=data.reason,
            **signed(request, key, _out),
        )
        return _out(done)


def _acted_on(request: Asking, visitor: Visitor, no: int) -> str:
    """Return the branch of a record that whoever asks may speak about. Raises as `_seen` does."""
    return _seen(request, visitor, no, to={Scope.CONFIRM}).record.branch


def _seen(request: Asking, visitor: Visitor, no: int, *, to: Collection[Scope] = ()) -> RecordHistory:
    """Return a record that whoever asks may see.

    Raises:
        UnknownRecord: there is none, or it is none of theirs: nobody is told which.
    """
    found = bank_of(request).hours.show(visitor.branch, no)
    if not visitor.may_see(*found.record.parties, to=to):
        raise UnknownRecord(record=no, branch=visitor.branch)
    concerns(request, *found.record.parties)
    return found


def _history(found: RecordHistory) -> HistoryOut:
    events = tuple(
        EventOut(
            no=event.no,
            act=event.act,
            by=event.actor,
            at=write_instant(event.at),
            minutes=event.minutes,
            reason=reason,
        )
        for event, reason in found.events
    )
    return HistoryOut(**asdict(_out(HoursDone(record=found.record))), events=events)


def _standing(record: ServiceRecord) -> HoursOut:
    return _out(HoursDone(record=record))


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
        unit=record.unit,
        logged_by=str(record.logged_by),
        stated_by=str(record.stated_by),
        redemption=record.redemption,
        is_flagged_overlap=record.is_flagged_overlap,
        warnings=warnings_out(done.warnings),
        entries=done.entries,
    )
