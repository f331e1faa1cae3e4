"""Who asks: bearer tokens, looked up for every request, so that a revoked one opens nothing any more."""

from typing import Final

from anyio.to_thread import run_sync
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from timebank.care.access import AccessRole, AccessToken
from timebank.errors import NotAllowed, TokenRefused
from timebank.services.bank import Bank

SCHEME: Final = "bearer "


class BearerTokens(AbstractAuthenticationMiddleware):
    """Lets in who has a token that is in force."""

    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:  # type: ignore[type-arg]
        """Return whose token it is.

        Raises:
            TokenRefused: there is none, or it opens nothing.
        """
        header = connection.headers.get("authorization", "")
        if not header.lower().startswith(SCHEME):
            raise TokenRefused
        bank: Bank = connection.app.state.bank
        token = await run_sync(bank.tokens.find, header[len(SCHEME) :].strip())
        return AuthenticationResult(user=token, auth=None)


def require_writer(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Let only those pass who act on books.

    Raises:
        NotAllowed: an auditor or an operator.
    """
    token: AccessToken = connection.user
    if token.role not in {AccessRole.MEMBER, AccessRole.COORDINATOR}:
        raise NotAllowed(actor=f"{token.role}:{token.ref}")
