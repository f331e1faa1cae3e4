"""Redemptions: a sponsor's hours, spent on help for a beneficiary near them."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Struct

from timebank.care.access import AccessRole
from timebank.care.record import Mode
from timebank.care.redemption import Redemption, RedemptionState
from timebank.errors import NotARedemption, UnknownBranch, UnknownRedemption
from timebank.instants import write_instant
from timebank.services.settling import RedemptionDone
from timebank_api.auth import require_writer
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, bank_of
from timebank_api.keys import key_for
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.routes.beneficiaries import ReasonIn
from timebank_api.sight import is_theirs

Ref = Annotated[str, PathParameter(max_length=60)]
"""`BRANCH-NO` of the sponsor's branch, such as `lille-1`."""


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


class HelpIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Help that was given; what is left out was as planned."""

    minutes: int | None = None
    start_at: datetime | None = None


class EntryOut(Struct, frozen=True):
    """An entry in the books of a branch."""

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
    entries: tuple[EntryOut, ...] = ()
    """Entries that this very act posted."""


class RedemptionRoutes(Controller):
    """Redemptions that a branch pays or serves."""

    path = "/v1/redemptions"
    tags = ("redemptions",)

    @post("/", operation_id="redemptions_request", sync_to_thread=True, guards=[require_writer])
    def request(self, request: Asking, data: JSONBody[RedemptionIn], key: Key) -> RedemptionOut:
        """Ask for help; the hours are reserved at once."""
        token = request.user
        done = bank_of(request).redemptions.request(
            token.branch,
            data.beneficiary,
            start_at=data.start_at,
            minutes=data.minutes,
            kind=data.kind,
            mode=data.mode,
            reason=data.reason,
            by=token.actor,
            key=key_for(request, key, _out),
        )
        return _out(done)

    @get("/", operation_id="redemptions_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        in_state: Annotated[RedemptionState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[RedemptionOut]:
        """List those that I am a party to, newest first; all of the branch for who runs or audits it."""
        token = request.user
        whose = token.ref if token.role is AccessRole.MEMBER else None
        found = bank_of(request).redemptions.list(
            token.branch,
            state=in_state,
            member=whose,
            after=place_in(request, cursor, str),
            limit=limit + 1,
        )
        page = page_of(request, found, limit=limit, place=lambda each: each.ref)
        return [_out(RedemptionDone(redemption=each)) for each in page if _is_seen(request, each)]

    @get("/{ref:str}", operation_id="redemptions_show", sync_to_thread=True)
    def show(self, request: Asking, ref: Ref) -> RedemptionOut:
        """Follow one."""
        return _out(RedemptionDone(redemption=_seen(request, ref)))

    @post(
        "/{ref:str}/assign", operation_id="redemptions_assign", sync_to_thread=True, guards=[require_writer]
    )
    def assign(self, request: Asking, ref: Ref, data: JSONBody[AssignmentIn], key: Key) -> RedemptionOut:
        """Say who will help."""
        token = request.user
        _seen(request, ref)
        use_case = bank_of(request).redemptions.assign
        return _out(
            use_case(ref, provider=data.provider, by=token.actor_from_afar, key=key_for(request, key, _out))
        )

    @post("/{ref:str}/log", operation_id="redemptions_log", sync_to_thread=True, guards=[require_writer])
    def log(self, request: Asking, ref: Ref, data: JSONBody[HelpIn], key: Key) -> RedemptionOut:
        """State the help that was given."""
        token = request.user
        _seen(request, ref)
        done = bank_of(request).redemptions.log(
            ref,
            minutes=data.minutes,
            start_at=data.start_at,
            by=token.actor_from_afar,
            key=key_for(request, key, _out),
        )
        return _out(done)

    @post(
        "/{ref:str}/confirm", operation_id="redemptions_confirm", sync_to_thread=True, guards=[require_writer]
    )
    def confirm(self, request: Asking, ref: Ref, data: JSONBody[ReasonIn], key: Key) -> RedemptionOut:
        """Agree with what was stated; this charges the sponsor and credits the helper."""
        token = request.user
        _seen(request, ref)
        use_case = bank_of(request).redemptions.confirm
        return _out(
            use_case(ref, reason=data.reason, by=token.actor_from_afar, key=key_for(request, key, _out))
        )

    @post(
        "/{ref:str}/cancel", operation_id="redemptions_cancel", sync_to_thread=True, guards=[require_writer]
    )
    def cancel(self, request: Asking, ref: Ref, data: JSONBody[ReasonIn], key: Key) -> RedemptionOut:
        """Call the help off; the policy says whether that costs something."""
        token = request.user
        _seen(request, ref)
        use_case = bank_of(request).redemptions.cancel
        return _out(
            use_case(ref, reason=data.reason, by=token.actor_from_afar, key=key_for(request, key, _out))
        )


def _is_seen(request: Asking, each: Redemption) -> bool:
    helper = ((each.host_branch, each.provider),) if each.provider is not None else ()
    return is_theirs(request.user, (each.branch, each.sponsor), (each.host_branch, each.beneficiary), *helper)


def _seen(request: Asking, ref: str) -> Redemption:
    """Return a redemption that whoever asks may see.

    Raises:
        UnknownRedemption: there is none, or it is none of theirs: nobody is told which.
    """
    try:
        found = bank_of(request).redemptions.show(ref).redemption
    except (NotARedemption, UnknownBranch):
        raise UnknownRedemption(redemption=ref) from None
    if not _is_seen(request, found):
        raise UnknownRedemption(redemption=ref)
    return found


def _out(done: RedemptionDone) -> RedemptionOut:
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
        entries=tuple(EntryOut(code, seq) for code, seq in done.entries),
    )
