"""Beneficiaries: for whom a sponsor may spend hours."""

from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import Struct

from timebank.care.beneficiary import Beneficiary, Relation
from timebank.errors import UnknownBeneficiary, UnknownBranch
from timebank.instants import write_instant
from timebank_api.auth import require_writer
from timebank_api.inputs import PAGE_USUAL, Asking, Branch, Key, Limit, No, bank_of
from timebank_api.keys import key_for
from timebank_api.pages import Cursor, page_of, place_in, rest_of
from timebank_api.sight import is_theirs, own_member


class BeneficiaryIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody for whom hours may be spent."""

    sponsor: str | None = None
    """Member reference of who pays; whoever asks, if it is left out."""
    relation: Relation
    member: str
    """The beneficiary: `REF@BRANCH`, or `REF` in the same branch."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class ReasonIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, where that is needed; kept with the names, erased with them."""

    reason: str | None = None


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


class BeneficiaryRoutes(Controller):
    """Beneficiaries of sponsors; `branch` is the sponsor's, which numbers them."""

    path = "/v1/beneficiaries"
    tags = ("beneficiaries",)

    @post("/", operation_id="beneficiaries_add", sync_to_thread=True, guards=[require_writer])
    def add(self, request: Asking, data: JSONBody[BeneficiaryIn], key: Key) -> BeneficiaryOut:
        """Name somebody for whom I may spend hours."""
        token = request.user
        added = bank_of(request).beneficiaries.add(
            token.branch,
            sponsor=data.sponsor if data.sponsor is not None else own_member(token),
            relation=data.relation,
            member=data.member,
            reason=data.reason,
            by=token.actor,
            key=key_for(request, key, _out),
        )
        return _out(added)

    @get("/", operation_id="beneficiaries_list", sync_to_thread=True)
    def list_(
        self, request: Asking, cursor: Cursor = None, limit: Limit = PAGE_USUAL
    ) -> list[BeneficiaryOut]:
        """List those of my branch's sponsors, and members of my branch who are beneficiaries."""
        found = bank_of(request).beneficiaries.list(request.user.branch)
        seen = [each for each in found if _is_seen(request, each)]
        after = place_in(request, cursor, tuple[str, int])
        rest = rest_of(seen, after, place=_place)
        return [_out(each) for each in page_of(request, rest, limit=limit, place=_place)]

    @get("/{branch:str}/{no:int}", operation_id="beneficiaries_show", sync_to_thread=True)
    def show(self, request: Asking, branch: Branch, no: No) -> BeneficiaryOut:
        """Show one."""
        return _out(_seen(request, branch, no))

    @post(
        "/{branch:str}/{no:int}/consent",
        operation_id="beneficiaries_consent",
        sync_to_thread=True,
        guards=[require_writer],
    )
    def consent(
        self, request: Asking, branch: Branch, no: No, data: JSONBody[ReasonIn], key: Key
    ) -> BeneficiaryOut:
        """Agree to be one."""
        token = request.user
        _seen(request, branch, no)
        use_case = bank_of(request).beneficiaries.consent
        return _out(
            use_case(
                branch, no, reason=data.reason, by=token.actor_from_afar, key=key_for(request, key, _out)
            )
        )

    @post(
        "/{branch:str}/{no:int}/check",
        operation_id="beneficiaries_check",
        sync_to_thread=True,
        guards=[require_writer],
    )
    def check(self, request: Asking, branch: Branch, no: No, key: Key) -> BeneficiaryOut:
        """Record, as a coordinator, that relation and consent were checked."""
        token = request.user
        _seen(request, branch, no)
        use_case = bank_of(request).beneficiaries.check
        return _out(use_case(branch, no, by=token.actor_from_afar, key=key_for(request, key, _out)))

    @post(
        "/{branch:str}/{no:int}/revoke",
        operation_id="beneficiaries_revoke",
        sync_to_thread=True,
        guards=[require_writer],
    )
    def revoke(
        self, request: Asking, branch: Branch, no: No, data: JSONBody[ReasonIn], key: Key
    ) -> BeneficiaryOut:
        """End it; what was requested before stays as it is."""
        token = request.user
        _seen(request, branch, no)
        use_case = bank_of(request).beneficiaries.revoke
        return _out(
            use_case(
                branch, no, reason=data.reason, by=token.actor_from_afar, key=key_for(request, key, _out)
            )
        )


def _place(each: Beneficiary) -> tuple[str, int]:
    return each.branch, each.no


def _is_seen(request: Asking, each: Beneficiary) -> bool:
    return is_theirs(request.user, (each.branch, each.sponsor), (each.host_branch, each.member))


def _seen(request: Asking, branch: Branch, no: int) -> Beneficiary:
    """Return a beneficiary that whoever asks may see.

    Raises:
        UnknownBeneficiary: there is none, or it is none of theirs: nobody is told which.
    """
    try:
        found = bank_of(request).beneficiaries.show(branch, no).beneficiary
    except UnknownBranch:
        raise UnknownBeneficiary(beneficiary=no, branch=branch) from None
    if not _is_seen(request, found):
        raise UnknownBeneficiary(beneficiary=no, branch=branch)
    return found


def _out(each: Beneficiary) -> BeneficiaryOut:
    consented, checked, revoked = (
        write_instant(at) if at is not None else None
        for at in (each.consented_at, each.checked_at, each.revoked_at)
    )
    return BeneficiaryOut(
        branch=each.branch,
        no=each.no,
        sponsor=each.sponsor,
        relation=each.relation.value,
        host_branch=each.host_branch,
        member=each.member,
        consented_at=consented,
        checked_at=checked,
        revoked_at=revoked,
    )
