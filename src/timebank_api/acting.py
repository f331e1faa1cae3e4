"""Acting for somebody: one header names the principal and the mandate, on the routes that know it (I-14)."""

import re
from functools import partial
from typing import Annotated, Final

from anyio.to_thread import run_sync
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import HeaderParameter

from timebank.care.access import Visitor
from timebank.errors import BadActor
from timebank_api.inputs import ACTING_HEADER, Asking, bank_of
from timebank_api.malformed import Malformed
from timebank_api.visits import visit_of

VISITOR: Final = "visitor"
"""What a route calls it that may be used in a principal's name."""
CODE: Final = "[a-z0-9][a-z0-9-]{0,39}"
FORM: Final = re.compile(
    rf"(?P<ref>{CODE})(?:@(?P<branch>{CODE}))?; ?mandate=(?P<no>[1-9][0-9]{{0,8}})", re.ASCII
)
SAID: Final = (
    "For whom I act, and under which mandate: `REF@BRANCH; mandate=NO`, or `REF; mandate=NO` in my own "
    "branch. What is mine is then what is the principal's."
)
ActingFor = Annotated[
    str | None,
    HeaderParameter(
        name=ACTING_HEADER,
        description=SAID,
        schema_extra={"pattern": f"^{CODE}(@{CODE})?; ?mandate=[1-9][0-9]{{0,8}}$"},
    ),
]

Visiting = NamedDependency[Visitor]
"""Who comes, in whose name, on a route that heeds the header."""


async def visitor_of(request: Asking, acting_for: ActingFor = None) -> Visitor:
    """Return who comes, in whose name.

    Raises:
        BadActor: the header is not as described.
        NotAllowed: there is no such mandate of theirs in force; nobody is told why.
    """
    token = request.user
    if acting_for is None:
        return Visitor(token=token)
    found = FORM.fullmatch(acting_for)
    if found is None:
        raise BadActor
    branch = found["branch"] if found["branch"] is not None else token.branch
    visit = visit_of(request.scope)
    visit.members, visit.mandate = ((branch, found["ref"]),), int(found["no"])
    admit = bank_of(request).mandates.admit
    return await run_sync(partial(admit, token, branch, int(found["no"]), principal=found["ref"]))


async def heed_acting_for(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """Refuse the header where it would have no effect: whoever sends it expects one.

    Raises:
        Malformed: this route knows no acting for somebody.
    """
    is_said = ACTING_HEADER in connection.headers
    if is_said and VISITOR not in handler.parsed_fn_signature.parameters:
        raise Malformed([(ACTING_HEADER, "nobody is acted for here")])
