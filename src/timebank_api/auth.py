"""Who asks: a token, looked up for every request, so that a revoked one opens nothing any more.

A program sends its token in the header `Authorization`; a browser keeps the token of its session in a cookie,
which it sends along whoever made it ask. So a request that comes with the cookie changes something only if it
says the session's own CSRF token, too, which no other site can read.
"""

import hashlib
import hmac
from functools import partial
from typing import Final, TypeVar

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from timebank.care.access import AccessRole, AccessToken
from timebank.errors import CsrfRefused, NotAllowed, TokenRefused
from timebank.services.bank import Bank
from timebank_api.scopes import HARMLESS, scope_of
from timebank_api.settings import Settings
from timebank_api.turns import look

Body = TypeVar("Body")
SCHEME: Final = "bearer "
BEARER: Final = "bearer"
COOKIE: Final = "cookie"
"""How a request said who asks: `request.auth`."""
NAME: Final = "timebank"
CSRF_NAME: Final = "timebank-csrf"
SECURE: Final = "__Host-"
"""What browsers take from nobody but the host itself, over TLS, for all of its paths."""
CSRF_HEADER: Final = "X-CSRF-Token"


class Callers(AbstractAuthenticationMiddleware):
    """Lets in who has a token that is in force."""

    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:  # type: ignore[type-arg]
        """Return whose token it is; the header decides, and no cookie helps one that is refused.

        Raises:
            TokenRefused: there is none, or it opens nothing.
            ScopeMissing: it is for less than this.
            CsrfRefused: a browser's session would change something without its CSRF token.
        """
        header = connection.headers.get("authorization")
        if header is not None:
            if not header.lower().startswith(SCHEME):
                raise TokenRefused
            token = await _found(connection, header[len(SCHEME) :].strip())
            return AuthenticationResult(user=token, auth=BEARER)
        settings: Settings = connection.app.state.settings
        text = connection.cookies.get(cookie_name(settings))
        if text is None:
            raise TokenRefused
        token = await _found(connection, text)
        if connection.scope.get("method") not in HARMLESS:
            said = connection.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(csrf_of(text).encode(), said.encode()):
                raise CsrfRefused
        return AuthenticationResult(user=token, auth=COOKIE)


async def _found(connection: ASGIConnection, text: str) -> AccessToken:  # type: ignore[type-arg]
    bank: Bank = connection.app.state.bank
    token = await look(bank, partial(bank.tokens.find, text))
    token.require(scope_of(str(connection.scope.get("method")), connection.route_handler))
    return token


def csrf_of(text: str) -> str:
    """Return the CSRF token of a session: of this one and no other, and it opens nothing itself."""
    return hashlib.sha256(f"timebank csrf\0{text}".encode()).hexdigest()


def cookie_name(settings: Settings, name: str = NAME) -> str:
    """Return what a cookie is called."""
    return name if settings.insecure_cookies else f"{SECURE}{name}"


def keep_in_cookies(response: Response[Body], settings: Settings, text: str) -> Response[Body]:
    """Give a browser its session: the token where no script reads it, the CSRF token where ours does."""
    seconds = int(settings.session_lasts.total_seconds())
    for name, value, is_hidden in ((NAME, text, True), (CSRF_NAME, csrf_of(text), False)):
        response.set_cookie(_cookie(settings, name, value, seconds, is_hidden=is_hidden))
    return response


def drop_cookies(response: Response[Body], settings: Settings) -> Response[Body]:
    """Take a browser's session back."""
    for name, is_hidden in ((NAME, True), (CSRF_NAME, False)):
        response.set_cookie(_cookie(settings, name, "", 0, is_hidden=is_hidden))
    return response


def _cookie(settings: Settings, name: str, value: str, seconds: int, *, is_hidden: bool) -> Cookie:
    return Cookie(
        key=cookie_name(settings, name),
        value=value,
        max_age=seconds,
        path="/",
        secure=not settings.insecure_cookies,
        httponly=is_hidden,
        samesite="lax",
    )


async def require_writer(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Let only those pass who act on books.

    Raises:
        NotAllowed: an auditor or an operator.
    """
    token: AccessToken = connection.user
    if token.role not in {AccessRole.MEMBER, AccessRole.COORDINATOR}:
        raise NotAllowed(actor=f"{token.role}:{token.ref}")
