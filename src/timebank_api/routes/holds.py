"""Holds: hours that are reserved for redemptions."""

from collections.abc import Sequence
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import Struct

from timebank.care.access import Visitor
from timebank.care.redemption import Redemption
from timebank.errors import UnknownHold
from timebank.instants import write_instant
from timebank.ledger.holds import Hold, HoldState
from timebank_api.acting import Visiting
from timebank_api.acts import desk_act, signed
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.routes.redemptions import RedemptionOut, redemption_out
from timebank_api.sight import whose
from timebank_api.wire import Reason


class HoldOut(Struct, frozen=True, kw_only=True):
    """Reserved minutes."""

    no: int
    member: str
    minutes: int
    captured_minutes: int
    state: str
    expires_at: str
    cause: str
    """What they are reserved for, such as `redemption lille-1`."""


class HoldRoutes(Controller):
    """Holds of the branch's members."""

    path = "/v1/holds"
    tags = ("holds",)

    @get("/", operation_id="holds_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        visitor: Visiting,
        *,
        in_state: Annotated[HoldState | None, QueryParameter(name="state")] = None,
        member: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[HoldOut]:
        """List holds, newest first: a member's own, everybody's for who runs or audits the branch."""
        found = bank_of(request).holds.newest(
            visitor.branch,
            state=in_state,
            member=whose(visitor, member),
            before=place_in(request, cursor, int),
            limit=limit + 1,
        )
        page = page_of(
            request,
            found,
            limit=limit,
            place=lambda each: each.no,
            is_seen=lambda each: _is_seen(visitor, each),
        )
        return [_out(each) for each in page]

    @get("/{no:int}", operation_id="holds_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, no: No) -> HoldOut:
        """Show one."""
        found = bank_of(request).holds.show(visitor.branch, no)
        if not _is_seen(visitor, found):
            raise UnknownHold(hold=no, branch=visitor.branch)
        return _out(found)

    @desk_act("/{no:int}/release", "holds_release")
    def release(self, request: Asking, no: No, data: JSONBody[Reason], key: Key) -> RedemptionOut:
        """Give reserved hours back as a coordinator, free of charge; this cancels what they were for."""
        holds = bank_of(request).holds
        done = holds.release(
            request.user.branch, no, reason=data.reason, **signed(request, key, redemption_out)
        )
        return redemption_out(done)

    @desk_act("/expire", "holds_expire")
    def expire(self, request: Asking, key: Key) -> list[RedemptionOut]:
        """Give back what is past its deadline, as a coordinator; the next act would do so first anyway."""
        ended = bank_of(request).holds.expire_due(request.user.branch, **signed(request, key, _ended))
        return _ended(ended)


def _ended(redemptions: Sequence[Redemption]) -> list[RedemptionOut]:
    return [redemption_out(each) for each in redemptions]


def _is_seen(visitor: Visitor, each: Hold) -> bool:
    return visitor.may_see((visitor.branch, each.member))


def _out(each: Hold) -> HoldOut:
    return HoldOut(
        no=each.no,
        member=each.member,
        minutes=each.minutes,
        captured_minutes=each.captured_minutes,
        state=each.state.value,
        expires_at=write_instant(each.expires_at),
        cause=f"{each.cause_kind} {each.cause_ref}",
    )
