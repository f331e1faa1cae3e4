"""Acts: what every request that changes something shares, so that a route is two lines.

A route first looks at what it acts on (404 unless it may be seen), then calls one use case, signed.
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, TypeAlias, TypedDict

from litestar import post
from litestar.handlers import HTTPRouteHandler

from timebank.care.access import AccessScope, Visitor
from timebank.ledger.model import Actor
from timebank_api.auth import require_writer
from timebank_api.guards import require_coordinator
from timebank_api.inputs import Asking
from timebank_api.keys import begin, key_for
from timebank_api.scopes import OPTION
from timebank_api.turns import Turns

Handler: TypeAlias = Callable[..., Any]
Route: TypeAlias = Callable[[Handler], HTTPRouteHandler]


class Signature(TypedDict):
    """What every use case that changes something is told."""

    by: Actor
    key: str


def act(path: str, operation_id: str, *, scope: AccessScope | None = None, is_short: bool = True) -> Route:
    """Return the decorator of a route that changes something: for who acts on books, when it is their turn.

    Args:
        path: below the controller's.
        operation_id: `noun_verb`.
        scope: what a token must be for; as the noun says (see `scopes`) if None.
        is_short: whether it may share a commit with others, see `turns`.
    """
    opt = {OPTION: scope} if scope is not None else {}
    route = post(path, operation_id=operation_id, guards=[require_writer], opt=opt)
    return lambda handler: route(_in_turn(handler, is_short=is_short))


def desk_act(path: str, operation_id: str) -> Route:
    """Return the decorator of a route that changes what only a coordinator does: each by itself."""
    route = post(path, operation_id=operation_id, guards=[require_coordinator])
    return lambda handler: route(_in_turn(handler, is_short=False))


def _in_turn(handler: Handler, *, is_short: bool) -> Callable[..., Awaitable[Any]]:
    """Return what the framework waits for, while the handler acts when it is its turn; see `turns`.

    The same request is not let in again while it waits for its turn.
    """

    @wraps(handler)
    async def wait(*controller: object, request: Asking, key: str, **said: object) -> object:
        begin(request, key)
        turns: Turns = request.app.state.turns
        acting = partial(handler, *controller, request=request, key=key, **said)
        return await turns.take(acting, is_short=is_short)

    return wait


def signed(
    request: Asking,
    key: str,
    out: Callable[[Any], object],
    visitor: Visitor | None = None,
    *,
    current: Callable[[Any], object] | None = None,
) -> Signature:
    """Say who acts, in the branch acted in, in whose name, and under which key.

    Args:
        request: that changes something.
        key: as it was sent.
        out: writes what the use case returns; the answer is kept with the key, see `key_for`.
        visitor: who acts in whose name; whoever asks, in their own, if None.
        current: writes how what is acted on stands, where two people edit it; see `key_for`.

    Raises:
        BadKey: the key is empty or too long.
        RequestInProgress: the same request is being worked on.
        NotAllowed: somebody who does not act on books.
    """
    who = visitor if visitor is not None else request.user
    return {"by": who.actor, "key": key_for(request, key, out, current=current)}


def signed_from_afar(
    request: Asking,
    key: str,
    out: Callable[[Any], object],
    visitor: Visitor | None = None,
    *,
    current: Callable[[Any], object] | None = None,
) -> Signature:
    """Say who acts, with their branch named: for acts that two branches know. As `signed` otherwise."""
    who = visitor if visitor is not None else request.user
    return {"by": who.actor_from_afar, "key": key_for(request, key, out, current=current)}
