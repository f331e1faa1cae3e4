"""Members: join, list, look up, rename, erase; and how many hours somebody has."""

from datetime import date
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from timebank.care.access import AccessScope, Visitor
from timebank.care.member import MemberKind
from timebank.errors import UnknownMember
from timebank.services.members import MemberView
from timebank_api.acting import Visiting
from timebank_api.acts import act, desk_act, signed
from timebank_api.guards import require_books
from timebank_api.inputs import PAGE_MOST, PAGE_USUAL, Asking, Key, Limit, bank_of
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.routes.accounts import LineOut
from timebank_api.routes.me import Balance, balance_of, statement_of
from timebank_api.routes.member_data import MemberDataOut, data_out

Ref = Annotated[str, PathParameter(max_length=40, description="Such as `m1`.")]


class MemberIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who joins."""

    name: str
    """Kept apart from the books, erasable; so are the contacts."""
    email: str | None = None
    phone: str | None = None
    ref: str | None = None
    """Opaque reference; the next free one, such as `m3`, if it is left out."""
    kind: MemberKind = MemberKind.PERSON
    joined_on: date | None = None
    """First day; today if it is left out."""


class IdentityIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and contacts; a contact that is left out stays, one that is empty is removed."""

    name: str
    email: str | None = None
    phone: str | None = None


class SearchIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is looked for; in a body, because addresses are written down on the way and names are not."""

    name: str
    """Words of a name, in any order; neither capitals nor accents count."""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MOST)] = PAGE_USUAL


class MemberOut(Struct, frozen=True, kw_only=True):
    """A member with, unless erased, who it is."""

    branch: str
    ref: str
    kind: str
    joined_on: str
    left_on: str | None
    is_erased: bool
    name: str | None
    email: str | None
    phone: str | None


class MemberRoutes(Controller):
    """Members of the branch."""

    path = "/v1/members"
    tags = ("members",)

    @desk_act("/", "members_add")
    def add(self, request: Asking, data: JSONBody[MemberIn], key: Key) -> MemberOut:
        """Let a member join, as a coordinator."""
        added = bank_of(request).members.add(
            request.user.branch,
            name=data.name,
            email=data.email,
            phone=data.phone,
            ref=data.ref,
            kind=data.kind,
            joined_on=data.joined_on,
            **signed(request, key, _out),
        )
        return _out(added)

    @get("/", operation_id="members_list", sync_to_thread=True, guards=[require_books])
    def list_(self, request: Asking, cursor: Cursor = None, limit: Limit = PAGE_USUAL) -> list[MemberOut]:
        """List the members of the branch, by number."""
        found = bank_of(request).members.page(
            request.user.branch, after=place_in(request, cursor, str), limit=limit + 1
        )
        page = page_of(request, found, limit=limit, place=lambda each: each.member.ref)
        return [_out(each) for each in page]

    @post(
        "/search",
        operation_id="members_search",
        sync_to_thread=True,
        guards=[require_books],
        status_code=200,
    )
    def search(self, request: Asking, data: JSONBody[SearchIn]) -> list[MemberOut]:
        """Look members up by name; changes nothing, and needs no key."""
        found = bank_of(request).members.search(request.user.branch, data.name, limit=data.limit)
        return [_out(each) for each in found]

    @get("/{ref:str}", operation_id="members_show", sync_to_thread=True)
    def show(self, request: Asking, ref: Ref) -> MemberOut:
        """Show a member: myself, or anybody of the branch for who runs or audits it."""
        branch = _seen(Visitor(token=request.user), ref)
        return _out(bank_of(request).members.show(branch, ref))

    @act("/{ref:str}/rename", "members_rename", scope=AccessScope.ACCOUNT)
    def rename(self, request: Asking, ref: Ref, data: JSONBody[IdentityIn], key: Key) -> MemberOut:
        """Change my name and contacts, or as a coordinator a member's; the books do not change."""
        branch = _seen(Visitor(token=request.user), ref)
        renamed = bank_of(request).members.rename(
            branch, ref, name=data.name, email=data.email, phone=data.phone, **signed(request, key, _out)
        )
        return _out(renamed)

    @act("/{ref:str}/erase", "members_erase", scope=AccessScope.ACCOUNT, is_short=False)
    def erase(self, request: Asking, ref: Ref, key: Key) -> MemberOut:
        """Erase a person for ever: name, contacts, and every note that names them. The books stay."""
        branch = _seen(Visitor(token=request.user), ref)
        return _out(bank_of(request).members.erase(branch, ref, **signed(request, key, _out)))

    @get("/{ref:str}/export", operation_id="members_export", sync_to_thread=True)
    def export(self, request: Asking, ref: Ref) -> MemberDataOut:
        """Write out everything that is held on a member, for them to have."""
        branch = _seen(Visitor(token=request.user), ref)
        return data_out(bank_of(request).members.export_data(branch, ref))

    @get("/{ref:str}/balance", operation_id="members_balance", sync_to_thread=True)
    def balance(self, request: Asking, visitor: Visiting, ref: Ref) -> Balance:
        """Say how many hours a member has."""
        return balance_of(request, _there(request, visitor, ref), ref)

    @get("/{ref:str}/statement", operation_id="members_statement", sync_to_thread=True)
    def statement(
        self,
        request: Asking,
        visitor: Visiting,
        ref: Ref,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[LineOut]:
        """Show what happened to a member's hours, newest first."""
        return statement_of(request, _there(request, visitor, ref), ref, cursor, limit)


def _seen(visitor: Visitor, ref: str) -> str:
    """Return the branch of a member who may be seen, if there is one.

    Raises:
        UnknownMember: it is none of theirs; what is missing says the same.
    """
    if not visitor.may_see((visitor.branch, ref)):
        raise UnknownMember(member=ref, branch=visitor.branch)
    return visitor.branch


def _there(request: Asking, visitor: Visitor, ref: str) -> str:
    branch = _seen(visitor, ref)
    bank_of(request).members.show(branch, ref)
    return branch


def _out(view: MemberView) -> MemberOut:
    member, who = view.member, view.identity
    return MemberOut(
        branch=member.branch,
        ref=member.ref,
        kind=member.kind.value,
        joined_on=member.joined_on.isoformat(),
        left_on=member.left_on.isoformat() if member.left_on is not None else None,
        is_erased=who is None,
        name=who.name if who is not None else None,
        email=who.email if who is not None else None,
        phone=who.phone if who is not None else None,
    )
