"""Who I am, and how many hours I have."""

from litestar import Controller, get
from msgspec import Struct

from timebank.care.access import AccessRole
from timebank.ledger.chart import available
from timebank.ledger.statement import StatementLine
from timebank_api.inputs import PAGE_USUAL, Asking, Limit, bank_of
from timebank_api.pages import Cursor, goes_on_at, place_in
from timebank_api.sight import own_member


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


class Line(Struct, frozen=True):
    """What one entry did to an account."""

    entry: int
    effective_on: str
    change_minutes: int
    balance_minutes: int
    """Of the account, after it."""
    kind: str
    others: tuple[str, ...]
    """The accounts on the other side."""


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

    @get("/balance", operation_id="me_balance", sync_to_thread=True)
    def balance(self, request: Asking) -> Balance:
        """Say how many hours I have; 404 for who is no member."""
        token = request.user
        totals = bank_of(request).accounts.totals(token.branch, available(own_member(token)))
        return Balance(
            available_minutes=totals.balance,
            held_minutes=totals.held,
            given_minutes=totals.given,
            received_minutes=totals.received,
        )

    @get("/statement", operation_id="me_statement", sync_to_thread=True)
    def statement(
        self,
        request: Asking,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[Line]:
        """Show what happened to my hours, newest first; 404 for who is no member."""
        token = request.user
        page = bank_of(request).statements.page(
            token.branch,
            available(own_member(token)),
            before=place_in(request, cursor, int),
            limit=limit,
        )
        if page.older is not None:
            goes_on_at(request, page.older)
        return [_line(each) for each in page.lines]


def _line(line: StatementLine) -> Line:
    return Line(
        entry=line.entry,
        effective_on=line.effective_on.isoformat(),
        change_minutes=line.change,
        balance_minutes=line.balance,
        kind=line.kind,
        others=line.other_paths,
    )
