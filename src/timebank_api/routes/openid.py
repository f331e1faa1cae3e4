"""Signing in through an OpenID provider; there only where the settings name one."""

from anyio.to_thread import run_sync
from litestar import Controller, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER
from msgspec import Struct

from timebank.errors import ProviderRefused
from timebank.services.sign_in import Session
from timebank_api.auth import cookie_name, keep_in_cookies
from timebank_api.openid import LASTS_SECONDS, Pending, Provider, read_pending
from timebank_api.routes.sign_in import ANYBODY, Knocking, Reference, settings_of

NAME = "timebank-openid"


class OpenIdIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where somebody wants to come in."""

    branch: Reference
    invitation: str | None = None
    """Code of an invitation, the first time: from then on the provider's word is enough."""


class OpenIdOut(Struct, frozen=True, kw_only=True):
    """Where to go."""

    url: str
    """At the provider, who sends the browser back."""


async def as_it_comes(_: Knocking) -> None:
    """Take a query as the provider makes it: others add parameters of their own."""


class OpenIdRoutes(Controller):
    """Where people come in whom a provider knows."""

    path = "/v1/sign-in/openid"
    tags = ("sign-in",)
    opt = ANYBODY

    @post("/", operation_id="sign_in_openid", status_code=HTTP_200_OK)
    async def begin(self, request: Knocking, data: JSONBody[OpenIdIn]) -> Response[OpenIdOut]:
        """Say where to go to sign in; a browser keeps in a cookie what it will need when it comes back."""
        provider: Provider = request.app.state.openid
        now = request.app.state.bank.now()
        url, pending = await run_sync(lambda: provider.begin(data.branch, data.invitation, now=now))
        response = Response(OpenIdOut(url=url))
        response.set_cookie(_cookie(request, pending.written(), LASTS_SECONDS))
        return response

    @get("/return", operation_id="sign_in_return", status_code=HTTP_303_SEE_OTHER, before_request=as_it_comes)
    async def come_back(self, request: Knocking) -> Response[None]:
        """Begin a session in the browser that comes back from the provider, and send it to the front page."""
        settings = settings_of(request)
        kept = request.cookies.get(cookie_name(settings, NAME))
        if kept is None:
            raise ProviderRefused
        pending, said = read_pending(kept), dict(request.query_params.items())
        session = await run_sync(lambda: _begun(request, pending, said))
        response: Response[None] = Response(None, headers={"Location": f"{settings.root_path}/"})
        response.set_cookie(_cookie(request, "", 0))
        return keep_in_cookies(response, settings, session.text)


def _begun(request: Knocking, pending: Pending, said: dict[str, str]) -> Session:
    bank, settings = request.app.state.bank, settings_of(request)
    provider: Provider = request.app.state.openid
    subject = provider.finish(pending, said, now=bank.now())
    issuer, branch = settings.openid_issuer, pending.branch
    if pending.invitation is not None:
        branch = bank.sign_in.link(pending.invitation, issuer=issuer, subject=subject).branch
    session: Session = bank.sign_in.with_subject(
        branch, issuer=issuer, subject=subject, lasts=settings.session_lasts
    )
    return session


def _cookie(request: Knocking, value: str, seconds: int) -> Cookie:
    settings = settings_of(request)
    return Cookie(
        key=cookie_name(settings, NAME),
        value=value,
        max_age=seconds,
        path="/",
        secure=not settings.insecure_cookies,
        httponly=True,
        samesite="lax",
    )
