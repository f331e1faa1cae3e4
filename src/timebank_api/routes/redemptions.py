"""Redemptions: a sponsor's hours, spent on help for a beneficiary near them."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter
from msgspec import Struct
from msgspec.structs import asdict

from timebank.care.access import Visitor
from timebank.care.mandate import Person, Scope
from timebank.care.record import Mode
from timebank.care.redemption import Redemption, RedemptionState
from timebank.errors import NotARedemption, UnknownBranch, UnknownRedemption
from timebank.instants import write_instant
from timebank.services.settling import RedemptionDone
from timebank.services.stories import RedemptionStory
from timebank_api.acting import Visiting
from timebank_api.acts import act, signed, signed_from_afar
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, bank_of
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.sight import whose
from timebank_api.sightings import concerns
from timebank_api.wire import Reason, ReasonIfAny, WarningOut, warnings_out

Ref = Annotated[
    str, PathParameter(max_length=60, description="`BRANCH-NO` of the sponsor's branch, such as `lille-1`.")
]


class Missing(StrEnum):
    """Who was not there."""

    BENEFICIARY = "beneficiary"
    PROVIDER = "provider"


class RedemptionIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Help that is wanted."""

    beneficiary: int
    """Number of the beneficiary in the sponsor's branch."""
    start_at: datetime
    """When it is to begin, with a time zone."""
    minutes: int
    kind: str
    mode: Mode = Mode.IN_PERSON
    reason: str | None = None
    """Why; needed of a coordinator."""


class AssignmentIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who will help."""

    provider: str
    """Member reference in the beneficiary's branch."""


class MissIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who was not there."""

    missing: Missing
    reason: str | None = None
    """Why; needed of a coordinator."""


class HelpIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Help that was given; what is left out was as planned."""

    minutes: int | None = None
    start_at: datetime | None = None


class PlaceOut(Struct, frozen=True):
    """Where an entry is: the branch and its number there."""

    branch: str
    entry: int


class RedemptionOut(Struct, frozen=True, kw_only=True):
    """A redemption."""

    redemption: str
    """Its reference, `BRANCH-NO`."""
    state: str
    branch: str
    sponsor: str
    beneficiary_no: int
    host_branch: str
    beneficiary: str
    provider: str | None
    kind: str
    mode: str
    planned_at: str
    planned_minutes: int
    held_minutes: int
    charged_minutes: int | None
    expires_at: str
    record_no: int | None
    entries: tuple[PlaceOut, ...] = ()
    """Entries that this very act posted, in either branch."""
    warnings: tuple[WarningOut, ...] = ()
    """Soft limits that this very act passed."""
    expired: tuple[str, ...] = ()
    """Other redemptions that were past their deadline, and that this very act ended first."""


class StepOut(Struct, frozen=True, kw_only=True):
    """What was done to a redemption."""

    no: int
    act: str
    acted_in: str
    """Branch it was done in; `by` is written as seen from there."""
    by: str
    at: str
    minutes: int | None
    reason: str | None
    """Null where there was none, or it was erased."""


class StoryOut(RedemptionOut, frozen=True, kw_only=True):
    """A redemption with everything that was done, reconciled in both books."""

    is_due: bool
    """It reached its deadline without help; the next act in the sponsor's branch ends it."""
    events: tuple[StepOut, ...]
    posted: tuple[PlaceOut, ...]
    """All its entries: the sponsor's branch's, then the beneficiary's."""
    is_reconciled: bool
    """Whether sponsor, provider, hold and both clearing accounts say the same."""
    paid_minutes: int
    earned_minutes: int
    left_held_minutes: int
    """What its entries leave reserved."""
    clearing_minutes: int


SPEAKS = frozenset({Scope.CONFIRM})
"""What a mandate covers under which somebody speaks about the help."""
CANCELS = frozenset({Scope.SPONSOR, Scope.REQUEST})
"""What a mandate covers under which somebody calls it off, for the sponsor or for the beneficiary."""


class RedemptionRoutes(Controller):
    """Redemptions that a branch pays or serves."""

    path = "/v1/redemptions"
    tags = ("redemptions",)

    @act("/", "redemptions_request")
    def request(
        self, request: Asking, visitor: Visiting, data: JSONBody[RedemptionIn], key: Key
    ) -> RedemptionOut:
        """Ask for help; the hours are reserved at once."""
        done = bank_of(request).redemptions.request(
            visitor.branch,
            data.beneficiary,
            start_at=data.start_at,
            minutes=data.minutes,
            kind=data.kind,
            mode=data.mode,
            reason=data.reason,
            **signed(request, key, redemption_out, visitor),
        )
        return redemption_out(done)

    @get("/", operation_id="redemptions_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        in_state: Annotated[RedemptionState | None, QueryParameter(name="state")] = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[RedemptionOut]:
        """List those that I am a party to, newest first; all of the branch for who runs or audits it."""
        found = bank_of(request).redemptions.list(
            visitor.branch,
            state=in_state,
            member=whose(visitor, member),
            after=place_in(request, cursor, str),
            limit=limit + 1,
        )
        page = page_of(
            request,
            found,
            limit=limit,
            place=lambda each: each.ref,
            is_seen=lambda each: _is_seen(visitor, each),
        )
        return [redemption_out(each) for each in page]

    @get("/{ref:str}", operation_id="redemptions_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, ref: Ref) -> RedemptionOut:
        """Follow one."""
        return redemption_out(_seen(request, visitor, ref).redemption)

    @get("/{ref:str}/story", operation_id="redemptions_story", sync_to_thread=True)
    def story(self, request: Asking, visitor: Visiting, ref: Ref) -> StoryOut:
        """Tell everything that was done about it, and what its entries add up to in both books."""
        return _story(_seen(request, visitor, ref))

    @act("/{ref:str}/assign", "redemptions_assign")
    def assign(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[AssignmentIn], key: Key
    ) -> RedemptionOut:
        """Say who will help."""
        _seen(request, visitor, ref, to=SPEAKS)
        redemptions, signature = (
            bank_of(request).redemptions,
            signed_from_afar(request, key, redemption_out, visitor),
        )
        return redemption_out(redemptions.assign(ref, provider=data.provider, **signature))

    @act("/{ref:str}/unassign", "redemptions_unassign")
    def unassign(self, request: Asking, visitor: Visiting, ref: Ref, key: Key) -> RedemptionOut:
        """Step back, so that somebody else can help."""
        _seen(request, visitor, ref, to=SPEAKS)
        redemptions, signature = (
            bank_of(request).redemptions,
            signed_from_afar(request, key, redemption_out, visitor),
        )
        return redemption_out(redemptions.unassign(ref, **signature))

    @act("/{ref:str}/log", "redemptions_log")
    def log(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[HelpIn], key: Key
    ) -> RedemptionOut:
        """State the help that was given."""
        _seen(request, visitor, ref, to=SPEAKS)
        redemptions, signature = (
            bank_of(request).redemptions,
            signed_from_afar(request, key, redemption_out, visitor),
        )
        return redemption_out(redemptions.log(ref, minutes=data.minutes, start_at=data.start_at, **signature))

    @act("/{ref:str}/confirm", "redemptions_confirm")
    def confirm(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[ReasonIfAny], key: Key
    ) -> RedemptionOut:
        """Agree with what was stated; this charges the sponsor and credits the helper."""
        _seen(request, visitor, ref, to=SPEAKS)
        redemptions, signature = (
            bank_of(request).redemptions,
            signed_from_afar(request, key, redemption_out, visitor),
        )
        return redemption_out(redemptions.confirm(ref, reason=data.reason, **signature))

    @act("/{ref:str}/dispute", "redemptions_dispute")
    def dispute(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[Reason], key: Key
    ) -> RedemptionOut:
        """Refuse to agree for now; a correction or a coordinator settles it."""
        _seen(request, visitor, ref, to=SPEAKS)
        redemptions, signature = (
            bank_of(request).redemptions,
            signed_from_afar(request, key, redemption_out, visitor),
        )
        return redemption_out(redemptions.dispute(ref, reason=data.reason, **signature))

    @act("/{ref:str}/no-show", "redemptions_no_show")
    def no_show(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[MissIn], key: Key
    ) -> RedemptionOut:
        """State that the visit failed; the policy says what a missing beneficiary costs."""
        _seen(request, visitor, ref, to=SPEAKS)
        redemptions, signature = (
            bank_of(request).redemptions,
            signed_from_afar(request, key, redemption_out, visitor),
        )
        is_by_provider = data.missing is Missing.PROVIDER
        return redemption_out(
            redemptions.miss(ref, is_by_provider=is_by_provider, reason=data.reason, **signature)
        )

    @act("/{ref:str}/cancel", "redemptions_cancel")
    def cancel(
        self, request: Asking, visitor: Visiting, ref: Ref, data: JSONBody[ReasonIfAny], key: Key
    ) -> RedemptionOut:
        """Call the help off; the policy says whether that costs something."""
        _seen(request, visitor, ref, to=CANCELS)
        redemptions, signature = (
            bank_of(request).redemptions,
            signed_from_afar(request, key, redemption_out, visitor),
        )
        return redemption_out(redemptions.cancel(ref, reason=data.reason, **signature))


def _parties(each: Redemption) -> list[Person]:
    helper = [each.provider_person] if each.provider_person is not None else []
    return [(each.branch, each.sponsor), (each.host_branch, each.beneficiary), *helper]


def _is_seen(visitor: Visitor, each: Redemption, to: Collection[Scope] = ()) -> bool:
    return visitor.may_see(*_parties(each), to=to)


def _seen(request: Asking, visitor: Visitor, ref: str, *, to: Collection[Scope] = ()) -> RedemptionStory:
    """Return a redemption that whoever asks may see.

    Raises:
        UnknownRedemption: there is none, or it is none of theirs: nobody is told which.
    """
    try:
        found = bank_of(request).redemptions.show(ref)
    except (NotARedemption, UnknownBranch):
        raise UnknownRedemption(redemption=ref) from None
    if not _is_seen(visitor, found.redemption, to):
        raise UnknownRedemption(redemption=ref)
    concerns(request, *_parties(found.redemption))
    return found


def redemption_out(done: RedemptionDone | Redemption) -> RedemptionOut:
    """Write a redemption, and what an act on it led to."""
    if isinstance(done, Redemption):
        return redemption_out(RedemptionDone(redemption=done))
    value = done.redemption
    return RedemptionOut(
        redemption=value.ref,
        state=value.state.value,
        branch=value.branch,
        sponsor=value.sponsor,
        beneficiary_no=value.beneficiary_no,
        host_branch=value.host_branch,
        beneficiary=value.beneficiary,
        provider=value.provider,
        kind=value.kind,
        mode=value.mode.value,
        planned_at=write_instant(value.planned_at),
        planned_minutes=value.planned_minutes,
        held_minutes=value.held_minutes,
        charged_minutes=value.charged_minutes,
        expires_at=write_instant(value.expires_at),
        record_no=value.record_no,
        entries=tuple(PlaceOut(code, seq) for code, seq in done.entries),
        warnings=warnings_out(done.warnings),
        expired=done.expired,
    )


def _story(story: RedemptionStory) -> StoryOut:
    steps = tuple(
        StepOut(
            no=event.no,
            act=event.act,
            acted_in=event.acted_in,
            by=event.actor,
            at=write_instant(event.at),
            minutes=event.minutes,
            reason=reason,
        )
        for event, reason in story.events
    )
    return StoryOut(
        **asdict(redemption_out(story.redemption)),
        is_due=story.is_due,
        events=steps,
        posted=tuple(PlaceOut(entry.branch, entry.seq) for entry in story.entries),
        is_reconciled=story.is_reconciled,
        paid_minutes=story.paid_minutes,
        earned_minutes=story.earned_minutes,
        left_held_minutes=story.held_minutes,
        clearing_minutes=story.clearing_minutes,
    )
