"""Who I am, and how many hours I have."""

from litestar import Controller, Request, get
from litestar.datastructures import State
from msgspec import Struct

from timebank.care.access import AccessRole, AccessToken
from timebank.ledger.chart import available
from timebank.services.bank import Bank

Asking = Request[AccessToken, None, State]


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

    @get("/", operation_id="me", sync_to_thread=True)
    def me(self, request: Asking) -> Me:
        """Say who I am."""
        token, bank = request.user, bank_of(request)
        name = None
        if token.role is AccessRole.MEMBER:
            identity = bank.members.show(token.branch, token.ref).identity
            name = identity.name if identity is not None else None
        return Me(branch=token.branch, role=token.role.value, ref=token.ref, name=name)

    @get("/balance", operation_id="me_balance", sync_to_thread=True)
    def balance(self, request: Asking) -> Balance:
        """Say how many hours I have; 404 for who is no member."""
        token = request.user
        view = bank_of(request).accounts.show(token.branch, available(token.ref))
        return Balance(
            available_minutes=view.balance,
            held_minutes=view.held,
            given_minutes=view.given,
            received_minutes=view.received,
        )


def bank_of(request: Asking) -> Bank:
    """Return the bank that the application works on."""
    bank: Bank = request.app.state.bank
    return bank
