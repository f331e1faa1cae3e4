"""Who I am, and how many hours I have; in a principal's name, how many they have."""

from functools import partial

from litestar import Controller, get
from msgspec import Struct

from timebank.care.access import AccessRole
from timebank.ledger.chart import available
from timebank_api.acting import Visiting
from timebank_api.inputs import PAGE_USUAL, Asking, Limit, bank_of
from timebank_api.pages import Cursor
from timebank_api.routes.accounts import LineOut, lines_of
from timebank_api.sight import seen_member
from timebank_api.turns import look


class Me(Struct, frozen=True):
    """Whoever asks."""

    branch: str
    role: str
    ref: str
    name: str | None


class Balance(Struct, frozen=True):
    """The hours of a member, in minutes."""

    available_minutes: int
    """Can be spent now; negative for who has received more than given."""
    held_minutes: int
    """Reserved for redemptions."""
    given_minutes: int
    received_minutes: int


class MeRoutes(Controller):
    """What concerns whoever asks."""

    path = "/v1/me"
    tags = ("me",)

    @get("/", operation_id="me_show", sync_to_thread=True)
    def me(self, request: Asking) -> Me:
        """Say who I am."""
        token, bank = request.user, bank_of(request)
        name = None
        if token.role is AccessRole.MEMBER:
            identity = bank.members.show(token.branch, token.ref).identity
            name = identity.name if identity is not None else None
        return Me(branch=token.branch, role=token.role.value, ref=token.ref, name=name)

    @get("/balance", operation_id="me_balance")
    async def balance(self, request: Asking, visitor: Visiting) -> Balance:
        """Say how many hours I have; 404 for who is no member."""
        ref = seen_member(visitor)
        return await look(bank_of(request), partial(balance_of, request, visitor.branch, ref))

    @get("/statement", operation_id="me_statement", sync_to_thread=True)
    def statement(
        self, request: Asking, visitor: Visiting, cursor: Cursor = None, limit: Limit = PAGE_USUAL
    ) -> list[LineOut]:
        """Show what happened to my hours, newest first; 404 for who is no member."""
        return statement_of(request, visitor.branch, seen_member(visitor), cursor, limit)


def balance_of(request: Asking, branch: str, ref: str) -> Balance:
    """Return the hours of a member."""
    totals = bank_of(request).accounts.totals(branch, available(ref))
    return Balance(
        available_minutes=totals.balance,
        held_minutes=totals.held,
        given_minutes=totals.given,
        received_minutes=totals.received,
    )


def statement_of(request: Asking, branch: str, ref: str, cursor: str | None, limit: int) -> list[LineOut]:
    """Return what happened to a member's hours, newest first."""
    return lines_of(request, branch, available(ref), cursor, limit)
