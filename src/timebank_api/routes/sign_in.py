"""Signing in and out, with a password or a code that comes by mail, and choosing another password."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from anyio import sleep
from anyio.to_thread import run_sync
from litestar import Controller, Request, Response, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from timebank.care.access import AccessRole, AccessScope
from timebank.errors import CredentialMissing, NoMail
from timebank.ids import REFERENCE
from timebank.instants import write_instant
from timebank.services.bank import Bank
from timebank.services.sign_in import Session
from timebank_api.auth import COOKIE, csrf_of, drop_cookies, keep_in_cookies
from timebank_api.inputs import Asking
from timebank_api.limits import peer_of
from timebank_api.mail import Mail, send_quietly
from timebank_api.scopes import OPTION
from timebank_api.settings import Settings

Reference = Annotated[str, Meta(pattern=f"^{REFERENCE.pattern}$")]
ANYBODY: Final = {"exclude_from_auth": True}
OWN: Final = {OPTION: AccessScope.ACCOUNT}
Knocking = Request[None, None, State]
"""A request of somebody who is not in yet."""


class SignInIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes, and with what: branch, reference and password, or ticket and code."""

    branch: str | None = None
    role: AccessRole = AccessRole.MEMBER
    ref: str | None = None
    password: str | None = None
    ticket: str | None = None
    """What asking for a code answered."""
    code: str | None = None
    """What came by mail."""
    cookie: bool = False
    """For a browser: the token is set as a cookie and not said."""


class CodeIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks for a code by mail."""

    branch: Reference
    role: AccessRole = AccessRole.MEMBER
    ref: Reference


class CodeOut(Struct, frozen=True, kw_only=True):
    """What to say together with the code, if one comes."""

    ticket: str


class PasswordIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another password."""

    current: str | None = None
    """Left out by whoever has none yet."""
    new: str


class SessionOut(Struct, frozen=True, kw_only=True):
    """A session that began."""

    branch: str
    role: str
    ref: str
    expires_at: str
    scopes: tuple[str, ...]
    token: str | None
    """For the header `Authorization`; null where it went into a cookie."""
    csrf: str | None
    """For the header `X-CSRF-Token` of whatever changes something with the cookie; null without one."""


class SignInRoutes(Controller):
    """Where people come in."""

    path = "/v1"
    tags = ("sign-in",)

    @post("/sign-in", operation_id="sign_in", status_code=HTTP_200_OK, opt=ANYBODY)
    async def sign_in(self, request: Knocking, data: JSONBody[SignInIn]) -> Response[SessionOut]:
        """Begin a session, with a password or with a code.

        Failures count for each account and place, and slow down who comes next a little; nobody is locked out
        by another's.
        """
        settings = settings_of(request)
        session = await _begun(request, data, settings)
        return welcome(session, settings, in_cookie=data.cookie)

    @post("/sign-in/codes", operation_id="sign_in_ask", status_code=HTTP_202_ACCEPTED, opt=ANYBODY)
    async def ask(self, request: Knocking, data: JSONBody[CodeIn]) -> Response[CodeOut]:
        """Ask for a code by mail; the answer is the same for whoever is not there, or has no address."""
        mail: Mail | None = request.app.state.mail
        if mail is None:
            raise NoMail
        use_case = _bank(request).sign_in.ask_code
        asked = await run_sync(
            lambda: use_case(data.branch, role=data.role, ref=data.ref, place=peer_of(request.scope))
        )
        letter = asked.letter
        task = BackgroundTask(run_sync, send_quietly, mail, letter) if letter is not None else None
        return Response(CodeOut(ticket=asked.ticket), background=task)

    @post("/sign-out", operation_id="sign_out", status_code=HTTP_204_NO_CONTENT, opt=OWN, sync_to_thread=True)
    def sign_out(self, request: Asking) -> Response[None]:
        """End the session: its token opens nothing from the next request on."""
        _bank(request).tokens.end(request.user)
        return drop_cookies(Response(None), settings_of(request))

    @post("/me/password", operation_id="me_password", status_code=HTTP_200_OK, opt=OWN)
    async def change_password(self, request: Asking, data: JSONBody[PasswordIn]) -> Response[SessionOut]:
        """Choose another password: every session ends, and a new one begins here.

        Tokens that were issued stay; look through them at `/v1/tokens`.
        """
        settings, sign_in = settings_of(request), _bank(request).sign_in
        session = await run_sync(
            lambda: sign_in.change_password(
                request.user, current=data.current, new=data.new, lasts=settings.session_lasts
            )
        )
        return welcome(session, settings, in_cookie=request.auth == COOKIE)


async def _begun(request: Knocking, data: SignInIn, settings: Settings) -> Session:
    sign_in, lasts = _bank(request).sign_in, settings.session_lasts
    begin: Callable[[], Session]
    match data:
        case SignInIn(branch=None, ref=None, password=None, ticket=str(ticket), code=str(code)):

            def begin() -> Session:
                return sign_in.with_code(ticket, code, lasts=lasts)

        case SignInIn(branch=str(branch), ref=str(ref), password=str(password), ticket=None, code=None):
            place = peer_of(request.scope)
            await sleep(sign_in.delay_seconds(branch, data.role, ref, place))

            def begin() -> Session:
                return sign_in.with_password(
                    branch, role=data.role, ref=ref, password=password, place=place, lasts=lasts
                )

        case _:
            raise CredentialMissing
    return await run_sync(begin)


def welcome(session: Session, settings: Settings, *, in_cookie: bool) -> Response[SessionOut]:
    """Return the answer that lets somebody in."""
    token = session.token
    said = SessionOut(
        branch=token.branch,
        role=token.role.value,
        ref=token.ref,
        expires_at=write_instant(token.expires_at),
        scopes=tuple(sorted(token.scopes)),
        token=None if in_cookie else session.text,
        csrf=csrf_of(session.text) if in_cookie else None,
    )
    response = Response(said)
    return keep_in_cookies(response, settings, session.text) if in_cookie else response


def settings_of(request: Request[Any, Any, Any]) -> Settings:
    """Return what the application was told."""
    settings: Settings = request.app.state.settings
    return settings


def _bank(request: Request[Any, Any, Any]) -> Bank:
    bank: Bank = request.app.state.bank
    return bank
