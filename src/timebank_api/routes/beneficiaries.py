"""Beneficiaries: for whom a sponsor may spend hours."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import JSONBody, QueryParameter
from msgspec import Struct
from msgspec.structs import asdict

from timebank.care.access import Visitor
from timebank.care.beneficiary import Beneficiary, Relation
from timebank.care.mandate import Scope
from timebank.care.record import Mode
from timebank.care.week import Week, Window
from timebank.errors import UnknownBeneficiary, UnknownBranch
from timebank.instants import write_instant
from timebank.services.beneficiaries import BeneficiaryHistory
from timebank_api.acting import Visiting
from timebank_api.acts import act, signed, signed_from_afar
from timebank_api.inputs import PAGE_USUAL, Asking, Branch, Key, Limit, No, bank_of
from timebank_api.outlooks import OutlookOut, outlook_out
from timebank_api.pages import Cursor, page_of, place_in, rest_of
from timebank_api.sight import own_member, whose
from timebank_api.sightings import concerns
from timebank_api.wire import ReasonIfAny, instant


class BeneficiaryIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody for whom hours may be spent."""

    sponsor: str | None = None
    """Member reference of who pays; whoever asks, if it is left out."""
    relation: Relation
    member: str
    """The beneficiary: `REF@BRANCH`, or `REF` in the same branch."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class BeneficiaryOut(Struct, frozen=True, kw_only=True):
    """A beneficiary."""

    branch: str
    no: int
    sponsor: str
    relation: str
    host_branch: str
    member: str
    consented_at: str | None
    checked_at: str | None
    revoked_at: str | None


class StageOut(Struct, frozen=True, kw_only=True):
    """What was done about a beneficiary."""

    no: int
    act: str
    acted_in: str
    """Branch it was done in; `by` is written as seen from there."""
    by: str
    at: str
    reason: str | None
    """Null where there was none, or it was erased."""


class BeneficiaryHistoryOut(BeneficiaryOut, frozen=True, kw_only=True):
    """A beneficiary with everything that was done, oldest first."""

    events: tuple[StageOut, ...]


Kind = Annotated[str, QueryParameter(description="Code of the kind of help.")]
Lasting = Annotated[int, QueryParameter(description="How long it is to last.")]
Way = Annotated[
    Mode | None, QueryParameter(description="How it is to reach the beneficiary; in person if left out.")
]
StartAt = Annotated[
    datetime | None,
    QueryParameter(description="When it begins, with a time zone; any time if left out."),
]
Slots = Annotated[
    list[str] | None,
    QueryParameter(
        name="slot",
        description="A time of every week there, such as `thu 14:00-17:00`; instead of `start_at`.",
        max_items=50,
    ),
]


class BeneficiaryRoutes(Controller):
    """Beneficiaries of sponsors; `branch` is the sponsor's, which numbers them."""

    path = "/v1/beneficiaries"
    tags = ("beneficiaries",)

    @act("/", "beneficiaries_add")
    def add(
        self, request: Asking, visitor: Visiting, data: JSONBody[BeneficiaryIn], key: Key
    ) -> BeneficiaryOut:
        """Name somebody for whom I may spend hours."""
        added = bank_of(request).beneficiaries.add(
            visitor.branch,
            sponsor=data.sponsor if data.sponsor is not None else own_member(visitor),
            relation=data.relation,
            member=data.member,
            reason=data.reason,
            **signed(request, key, _out, visitor),
        )
        return _out(added)

    @get("/", operation_id="beneficiaries_list", sync_to_thread=True)
    def list_(
        self, request: Asking, visitor: Visiting, cursor: Cursor = None, limit: Limit = PAGE_USUAL
    ) -> list[BeneficiaryOut]:
        """List those of my branch's sponsors, and members of my branch who are beneficiaries."""
        whose(visitor)
        found = bank_of(request).beneficiaries.list(visitor.branch)
        seen = [each for each in found if _is_seen(visitor, each)]
        rest = rest_of(seen, place_in(request, cursor, tuple[str, int]), place=_place)
        return [_out(each) for each in page_of(request, rest, limit=limit, place=_place)]

    @get("/{branch:str}/{no:int}", operation_id="beneficiaries_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, branch: Branch, no: No) -> BeneficiaryOut:
        """Show one."""
        return _out(_seen(request, visitor, branch, no).beneficiary)

    @get("/{branch:str}/{no:int}/history", operation_id="beneficiaries_history", sync_to_thread=True)
    def history(self, request: Asking, visitor: Visiting, branch: Branch, no: No) -> BeneficiaryHistoryOut:
        """Show one with everything that was done."""
        return _history(_seen(request, visitor, branch, no))

    @get("/{branch:str}/{no:int}/helpers", operation_id="beneficiaries_helpers", sync_to_thread=True)
    def helpers(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        branch: Branch,
        no: No,
        kind: Kind,
        minutes: Lasting,
        mode: Way = None,
        start_at: StartAt = None,
        slot: Slots = None,
    ) -> OutlookOut:
        """See how likely help is near one, before any hours are spent; at any time, unless one is said."""
        _seen(request, visitor, branch, no, to={Scope.SPONSOR})
        found = bank_of(request).redemptions.helpers_near(
            branch,
            no,
            kind=kind,
            minutes=minutes,
            start_at=start_at,
            week=Week.of(map(Window.parse, slot)) if slot else None,
            mode=mode if mode is not None else Mode.IN_PERSON,
            by=visitor.actor_from_afar,
        )
        return outlook_out(found)

    @act("/{branch:str}/{no:int}/consent", "beneficiaries_consent")
    def consent(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        branch: Branch,
        no: No,
        data: JSONBody[ReasonIfAny],
        key: Key,
    ) -> BeneficiaryOut:
        """Agree to be one."""
        _seen(request, visitor, branch, no, to={Scope.REQUEST})
        beneficiaries, signature = (
            bank_of(request).beneficiaries,
            signed_from_afar(request, key, _out, visitor),
        )
        return _out(beneficiaries.consent(branch, no, reason=data.reason, **signature))

    @act("/{branch:str}/{no:int}/check", "beneficiaries_check")
    def check(self, request: Asking, branch: Branch, no: No, key: Key) -> BeneficiaryOut:
        """Record, as a coordinator, that relation and consent were checked."""
        _seen(request, Visitor(token=request.user), branch, no)
        beneficiaries = bank_of(request).beneficiaries
        return _out(beneficiaries.check(branch, no, **signed_from_afar(request, key, _out)))

    @act("/{branch:str}/{no:int}/revoke", "beneficiaries_revoke")
    def revoke(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        branch: Branch,
        no: No,
        data: JSONBody[ReasonIfAny],
        key: Key,
    ) -> BeneficiaryOut:
        """End it; what was requested before stays as it is."""
        _seen(request, visitor, branch, no, to={Scope.SPONSOR, Scope.REQUEST})
        beneficiaries, signature = (
            bank_of(request).beneficiaries,
            signed_from_afar(request, key, _out, visitor),
        )
        return _out(beneficiaries.revoke(branch, no, reason=data.reason, **signature))


def _is_seen(visitor: Visitor, each: Beneficiary, to: Collection[Scope] = ()) -> bool:
    return visitor.may_see((each.branch, each.sponsor), (each.host_branch, each.member), to=to)


def _seen(
    request: Asking, visitor: Visitor, branch: str, no: int, *, to: Collection[Scope] = ()
) -> BeneficiaryHistory:
    """Return a beneficiary that whoever asks may see.

    Raises:
        UnknownBeneficiary: there is none, or it is none of theirs: nobody is told which.
    """
    try:
        found = bank_of(request).beneficiaries.show(branch, no)
    except UnknownBranch:
        raise UnknownBeneficiary(beneficiary=no, branch=branch) from None
    if not _is_seen(visitor, found.beneficiary, to):
        raise UnknownBeneficiary(beneficiary=no, branch=branch)
    named = found.beneficiary
    concerns(request, (named.branch, named.sponsor), (named.host_branch, named.member))
    return found


def _place(each: Beneficiary) -> tuple[str, int]:
    return each.branch, each.no


def _out(each: Beneficiary) -> BeneficiaryOut:
    return BeneficiaryOut(
        branch=each.branch,
        no=each.no,
        sponsor=each.sponsor,
        relation=each.relation.value,
        host_branch=each.host_branch,
        member=each.member,
        consented_at=instant(each.consented_at),
        checked_at=instant(each.checked_at),
        revoked_at=instant(each.revoked_at),
    )


def _history(found: BeneficiaryHistory) -> BeneficiaryHistoryOut:
    stages = tuple(
        StageOut(
            no=event.no,
            act=event.act,
            acted_in=event.acted_in,
            by=event.actor,
            at=write_instant(event.at),
            reason=reason,
        )
        for event, reason in found.events
    )
    return BeneficiaryHistoryOut(**asdict(_out(found.beneficiary)), events=stages)
