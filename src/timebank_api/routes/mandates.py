"""Mandates: who may act for whom."""

from datetime import date

from litestar import Controller, get
from litestar.params import JSONBody
from msgspec import Struct

from timebank.care.access import Visitor
from timebank.care.mandate import Mandate, Scope
from timebank.errors import UnknownBranch, UnknownMandate
from timebank_api.acts import act, signed, signed_from_afar
from timebank_api.inputs import PAGE_USUAL, Asking, Branch, Key, Limit, No, bank_of
from timebank_api.pages import Cursor, page_of, place_in, rest_of
from timebank_api.sight import own_member, whose
from timebank_api.wire import instant


class MandateIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A right to act for somebody."""

    principal: str | None = None
    """Member reference of who is acted for; whoever asks, if it is left out."""
    holder: str
    """Who may act: `REF@BRANCH`, or `REF` in the same branch."""
    basis: str
    """Code of what it rests on, such as `family-authorisation`; the paper stays outside."""
    scopes: frozenset[Scope]
    """What it covers."""
    from_on: date | None = None
    """First day, in the branch's calendar; today if it is left out."""
    until_on: date | None = None
    """Last day; until it is revoked if it is left out."""


class MandateOut(Struct, frozen=True, kw_only=True):
    """A mandate; `branch` is the principal's, which numbers it."""

    branch: str
    no: int
    principal: str
    holder: str
    holder_branch: str
    basis: str
    scopes: tuple[str, ...]
    from_on: str
    until_on: str | None
    revoked_at: str | None


class MandateRoutes(Controller):
    """Mandates of the branch's members, and those they hold elsewhere."""

    path = "/v1/mandates"
    tags = ("mandates",)

    @act("/", "mandates_grant")
    def grant(self, request: Asking, data: JSONBody[MandateIn], key: Key) -> MandateOut:
        """Let somebody act for me; or, as a coordinator, record that from a paper."""
        token = request.user
        granted = bank_of(request).mandates.grant(
            token.branch,
            principal=data.principal if data.principal is not None else own_member(token),
            holder=data.holder,
            basis=data.basis,
            scopes=data.scopes,
            from_on=data.from_on,
            until_on=data.until_on,
            **signed(request, key, _out),
        )
        return _out(granted)

    @get("/", operation_id="mandates_list", sync_to_thread=True)
    def list_(self, request: Asking, cursor: Cursor = None, limit: Limit = PAGE_USUAL) -> list[MandateOut]:
        """List those I gave or hold; all those of the branch's members for who runs or audits it."""
        visitor = Visitor(token=request.user)
        found = bank_of(request).mandates.around(visitor.branch, member=whose(visitor))
        seen = [each for each in found if _is_seen(visitor, each)]
        rest = rest_of(seen, place_in(request, cursor, tuple[str, int]), place=_place)
        return [_out(each) for each in page_of(request, rest, limit=limit, place=_place)]

    @get("/{branch:str}/{no:int}", operation_id="mandates_show", sync_to_thread=True)
    def show(self, request: Asking, branch: Branch, no: No) -> MandateOut:
        """Show one."""
        return _out(_seen(request, branch, no))

    @act("/{branch:str}/{no:int}/revoke", "mandates_revoke")
    def revoke(self, request: Asking, branch: Branch, no: No, key: Key) -> MandateOut:
        """End it now: as who gave it, who holds it, or a coordinator of the branch that keeps it."""
        _seen(request, branch, no)
        return _out(bank_of(request).mandates.revoke(branch, no, **signed_from_afar(request, key, _out)))


def _is_seen(visitor: Visitor, each: Mandate) -> bool:
    return visitor.may_see((each.branch, each.principal), (each.holder_branch, each.holder))


def _seen(request: Asking, branch: str, no: int) -> Mandate:
    """Return a mandate that whoever asks may see.

    Raises:
        UnknownMandate: there is none, or it is none of theirs: nobody is told which.
    """
    try:
        found = bank_of(request).mandates.show(branch, no)
    except UnknownBranch:
        raise UnknownMandate(mandate=no, branch=branch) from None
    if not _is_seen(Visitor(token=request.user), found):
        raise UnknownMandate(mandate=no, branch=branch)
    return found


def _place(each: Mandate) -> tuple[str, int]:
    return each.branch, each.no


def _out(each: Mandate) -> MandateOut:
    return MandateOut(
        branch=each.branch,
        no=each.no,
        principal=each.principal,
        holder=each.holder,
        holder_branch=each.holder_branch,
        basis=each.basis,
        scopes=tuple(sorted(each.scopes)),
        from_on=each.from_on.isoformat(),
        until_on=each.until_on.isoformat() if each.until_on is not None else None,
        revoked_at=instant(each.revoked_at),
    )
