"""Guards: whole nouns that are for those who run or audit a branch."""

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from timebank.care.access import AccessRole, AccessToken
from timebank.errors import NotAllowed


async def require_books(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Let only those pass who see all books of a branch.

    Raises:
        NotAllowed: neither a coordinator nor an auditor.
    """
    _require(connection.user, AccessRole.COORDINATOR, AccessRole.AUDITOR)


async def require_coordinator(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Let only those pass who run a branch.

    Raises:
        NotAllowed: no coordinator.
    """
    _require(connection.user, AccessRole.COORDINATOR)


def _require(token: AccessToken, *roles: AccessRole) -> None:
    if token.role not in roles:
        raise NotAllowed(actor=f"{token.role}:{token.ref}")
