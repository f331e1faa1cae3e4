"""Access tokens: a coordinator issues them, and everybody sees and revokes their own."""

from litestar import Controller, get, post
from litestar.params import JSONBody
from msgspec import Struct

from timebank.care.access import SCOPES_OF, AccessRole, AccessScope, AccessToken
from timebank.errors import UnknownToken
from timebank.instants import write_instant
from timebank.services.tokens import DAYS_USUAL
from timebank_api.acts import desk_act
from timebank_api.inputs import Asking, Key, No, bank_of
from timebank_api.keys import key_for
from timebank_api.scopes import OPTION


class TokenIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom a token is, and for what."""

    role: AccessRole
    ref: str
    """A member reference; in another role, how they are called."""
    days: int = DAYS_USUAL
    scopes: tuple[AccessScope, ...] | None = None
    """What it is for; all that the role can have, if they are left out."""


class TokenOut(Struct, frozen=True, kw_only=True):
    """An access token."""

    branch: str
    no: int
    role: str
    ref: str
    kind: str
    """`issued`, or `session` for who signed in."""
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str
    revoked_at: str | None
    token: str | None = None
    """Its text, said once, in the answer that made it."""


class TokenRoutes(Controller):
    """Who may come to the service as whom."""

    path = "/v1/tokens"
    tags = ("sign-in",)

    @desk_act("/", "tokens_issue")
    def issue(self, request: Asking, data: JSONBody[TokenIn], key: Key) -> TokenOut:
        """Let somebody of the branch come; with no more than whoever asks may do."""
        token = request.user
        scopes = frozenset(data.scopes) if data.scopes is not None else SCOPES_OF[data.role]
        issued = bank_of(request).tokens.issue(
            token.branch,
            role=data.role,
            ref=data.ref,
            days=data.days,
            scopes=scopes,
            under=token,
            by=token.actor,
            key=key_for(request, key),
        )
        return _out(issued.token, issued.text)

    @get("/", operation_id="tokens_list", sync_to_thread=True)
    def list_(self, request: Asking) -> list[TokenOut]:
        """List tokens, by number, never their texts: one's own, everybody's for who runs the branch."""
        token = request.user
        found = bank_of(request).tokens.list(token.branch)
        return [_out(each) for each in found if _is_theirs(token, each)]

    @post(
        "/{no:int}/revoke",
        operation_id="tokens_revoke",
        sync_to_thread=True,
        opt={OPTION: AccessScope.ACCOUNT},
    )
    def revoke(self, request: Asking, no: No, key: Key) -> TokenOut:
        """Let a token open nothing any more, from the next request on."""
        token, bank = request.user, bank_of(request)
        if not any(each.no == no and _is_theirs(token, each) for each in bank.tokens.list(token.branch)):
            raise UnknownToken(token=no, branch=token.branch)
        return _out(bank.tokens.revoke(token.branch, no, under=token, key=key_for(request, key)))


def _is_theirs(asking: AccessToken, other: AccessToken) -> bool:
    return asking.role is AccessRole.COORDINATOR or other.is_of(asking.role, asking.ref)


def _out(token: AccessToken, text: str | None = None) -> TokenOut:
    return TokenOut(
        branch=token.branch,
        no=token.no,
        role=token.role.value,
        ref=token.ref,
        kind=token.kind.value,
        scopes=tuple(sorted(token.scopes)),
        created_at=write_instant(token.created_at),
        expires_at=write_instant(token.expires_at),
        revoked_at=write_instant(token.revoked_at) if token.revoked_at is not None else None,
        token=text,
    )
