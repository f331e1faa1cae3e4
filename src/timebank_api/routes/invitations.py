"""Invitations: a coordinator lets somebody choose how they will sign in."""

from anyio.to_thread import run_sync
from litestar import Controller, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from timebank.care.access import AccessRole, AccessScope
from timebank.care.sign_in import Invitation
from timebank.instants import write_instant
from timebank.services.invitations import DAYS_USUAL
from timebank_api.acts import desk_act
from timebank_api.guards import require_coordinator
from timebank_api.inputs import Asking, Key, No, bank_of
from timebank_api.keys import key_for
from timebank_api.routes.sign_in import ANYBODY, Knocking
from timebank_api.scopes import OPTION


class InvitationIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is invited."""

    role: AccessRole = AccessRole.MEMBER
    ref: str
    """A member reference; in another role, how they are called."""
    days: int = DAYS_USUAL


class AcceptIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How somebody will sign in: a password, an address for codes, or both."""

    code: str
    """Of the invitation."""
    password: str | None = None
    email: str | None = None


class AcceptedOut(Struct, frozen=True, kw_only=True):
    """Who can sign in now."""

    branch: str
    role: str
    ref: str


class InvitationOut(Struct, frozen=True, kw_only=True):
    """An invitation."""

    branch: str
    no: int
    role: str
    ref: str
    created_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None
    code: str | None = None
    """Said once, in the answer that made it."""


class InvitationRoutes(Controller):
    """Who may choose how to sign in."""

    path = "/v1/invitations"
    tags = ("sign-in",)

    @desk_act("/", "invitations_issue")
    def issue(self, request: Asking, data: JSONBody[InvitationIn], key: Key) -> InvitationOut:
        """Invite somebody; their earlier invitations open nothing any more."""
        token = request.user
        issued = bank_of(request).invitations.issue(
            token.branch,
            role=data.role,
            ref=data.ref,
            days=data.days,
            under=token,
            by=token.actor,
            key=key_for(request, key),
        )
        return _out(issued.invitation, issued.code)

    @get("/", operation_id="invitations_list", sync_to_thread=True, guards=[require_coordinator])
    def list_(self, request: Asking) -> list[InvitationOut]:
        """List the invitations of the branch, by number; never their codes."""
        return [_out(each) for each in bank_of(request).invitations.list(request.user.branch)]

    @desk_act("/{no:int}/revoke", "invitations_revoke")
    def revoke(self, request: Asking, no: No, key: Key) -> InvitationOut:
        """Let an invitation open nothing any more."""
        token = request.user
        use_case = bank_of(request).invitations.revoke
        return _out(use_case(token.branch, no, by=token.actor, key=key_for(request, key)))

    @post(
        "/accept",
        operation_id="invitations_accept",
        status_code=HTTP_200_OK,
        opt={**ANYBODY, OPTION: AccessScope.ACCOUNT},
    )
    async def accept(self, request: Knocking, data: JSONBody[AcceptIn]) -> AcceptedOut:
        """Choose how to sign in, with an invitation's code; whoever was signed in as them is out."""
        use_case = request.app.state.bank.sign_in.accept
        invited = await run_sync(lambda: use_case(data.code, password=data.password, email=data.email))
        return AcceptedOut(branch=invited.branch, role=invited.role.value, ref=invited.ref)


def _out(invitation: Invitation, code: str | None = None) -> InvitationOut:
    used, revoked = invitation.used_at, invitation.revoked_at
    return InvitationOut(
        branch=invitation.branch,
        no=invitation.no,
        role=invitation.role.value,
        ref=invitation.ref,
        created_at=write_instant(invitation.created_at),
        expires_at=write_instant(invitation.expires_at),
        used_at=write_instant(used) if used is not None else None,
        revoked_at=write_instant(revoked) if revoked is not None else None,
        code=code,
    )
