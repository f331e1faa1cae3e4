"""Accounts: balances, lines and statements, limits and overrides."""

from datetime import date, datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Struct

from timebank.care.access import AccessRole, Visitor
from timebank.errors import UnknownAccount
from timebank.instants import write_instant
from timebank.ledger.limits import Limits
from timebank.ledger.model import MINUTES
from timebank.ledger.statement import Statement, StatementLine
from timebank.services.accounts import AccountChange, AccountView
from timebank_api.acting import Visiting
from timebank_api.acts import desk_act, signed
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, bank_of
from timebank_api.pages import Cursor, goes_on_at, page_of, place_in
from timebank_api.sight import whose
from timebank_api.wire import instant

Path = Annotated[str, PathParameter(max_length=60, description="Such as `member:m1:available`.")]
Unit = Annotated[str, QueryParameter(max_length=10, description="`min`, `svc` or a money code.")]
Day = Annotated[date | None, QueryParameter(description="First or last day, included.")]
KnownAt = Annotated[
    datetime | None, QueryParameter(description="Leave out what was recorded later; with a time zone.")
]
Level = int | None
LINES_MOST = 1_000
"""Of a statement; who wants more asks for shorter periods."""


class LimitsIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of an account's own, or none: it then follows the policy. A level that is null is no limit."""

    follows_policy: bool = False
    """Drop the account's own limits; no level is said then."""
    floor_minutes: Level = None
    ceiling_minutes: Level = None
    warn_floor_minutes: Level = None
    warn_ceiling_minutes: Level = None
    reason: str


class OverrideIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A permission to pass the limits for a while."""

    floor_minutes: Level = None
    ceiling_minutes: Level = None
    until_at: datetime
    """Last instant, with a time zone."""
    reason: str


class AccountIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account that is nobody's: a fund, an issuance or a suspense account."""

    path: str
    unit: str = MINUTES


class AccountOut(Struct, frozen=True, kw_only=True):
    """An account; `balance_minutes` is positive when the member has credit."""

    path: str
    unit: str
    balance_minutes: int
    held_minutes: int
    given_minutes: int
    received_minutes: int
    floor_minutes: int | None
    ceiling_minutes: int | None
    warn_floor_minutes: int | None
    warn_ceiling_minutes: int | None
    is_closed: bool


class ChangeOut(Struct, frozen=True, kw_only=True):
    """A change of limits or an override."""

    no: int
    what: str
    floor_minutes: int | None
    ceiling_minutes: int | None
    until_at: str | None
    by: str
    why: str | None
    recorded_at: str


class LineOut(Struct, frozen=True, kw_only=True):
    """What one entry did to an account."""

    entry: int
    effective_on: str
    recorded_at: str
    change_minutes: int
    balance_minutes: int
    """Of the account, after it."""
    kind: str
    cause: str
    others: tuple[str, ...]
    """The accounts on the other side."""
    reverses: int | None
    reversed_by: int | None
    receipt: str | None
    """Path of the proof of the entry, if whoever asks may have it."""


class StatementOut(Struct, frozen=True, kw_only=True):
    """One account over one period: opening, lines, closing."""

    branch: str
    path: str
    unit: str
    first_on: str | None
    last_on: str | None
    known_at: str | None
    opening_minutes: int
    closing_minutes: int
    lines: tuple[LineOut, ...]


class AccountRoutes(Controller):
    """Accounts of the branch."""

    path = "/v1/accounts"
    tags = ("accounts",)

    @get("/", operation_id="accounts_list", sync_to_thread=True)
    def list_(
        self, request: Asking, visitor: Visiting, cursor: Cursor = None, limit: Limit = PAGE_USUAL
    ) -> list[AccountOut]:
        """List accounts by path: my own, or all of the branch for who runs or audits it."""
        after = place_in(request, cursor, tuple[str, str])
        found = bank_of(request).accounts.page(
            visitor.branch, member=whose(visitor), after=after, limit=limit + 1
        )
        page = page_of(
            request,
            found,
            limit=limit,
            place=lambda each: (each.path, each.unit),
            is_seen=lambda each: visitor.may_see_account(each.path),
        )
        return [account_out(each) for each in page]

    @desk_act("/", "accounts_open")
    def open(self, request: Asking, data: JSONBody[AccountIn], key: Key) -> AccountOut:
        """Open a fund, an issuance or a suspense account, as a coordinator."""
        accounts = bank_of(request).accounts
        return account_out(
            accounts.open(request.user.branch, data.path, data.unit, **signed(request, key, account_out))
        )

    @get("/{path:str}", operation_id="accounts_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, path: Path, unit: Unit = MINUTES) -> AccountOut:
        """Show an account: balance, and the limits in force."""
        branch = seen_account(visitor, path)
        return account_out(bank_of(request).accounts.show(branch, path, unit))

    @get("/{path:str}/changes", operation_id="accounts_changes", sync_to_thread=True)
    def changes(
        self, request: Asking, visitor: Visiting, path: Path, unit: Unit = MINUTES
    ) -> list[ChangeOut]:
        """List every change of an account's limits, oldest first."""
        branch = seen_account(visitor, path)
        return [_change(each) for each in bank_of(request).accounts.history(branch, path, unit)]

    @get("/{path:str}/lines", operation_id="accounts_lines", sync_to_thread=True)
    def lines(
        self,
        request: Asking,
        visitor: Visiting,
        path: Path,
        *,
        unit: Unit = MINUTES,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[LineOut]:
        """Show an account's lines, newest first, with the balance after each."""
        branch = seen_account(visitor, path)
        return lines_of(request, branch, path, cursor, limit, unit=unit)

    @get("/{path:str}/statement", operation_id="accounts_statement", sync_to_thread=True)
    def statement(
        self,
        request: Asking,
        visitor: Visiting,
        path: Path,
        *,
        unit: Unit = MINUTES,
        first_on: Day = None,
        last_on: Day = None,
        known_at: KnownAt = None,
    ) -> StatementOut:
        """Show an account over a period by the days things took effect, or as it was known at an instant."""
        branch = seen_account(visitor, path)
        found = bank_of(request).statements.statement(
            branch,
            path,
            unit=unit,
            first_on=first_on,
            last_on=last_on,
            known_at=known_at,
            lines_most=LINES_MOST,
        )
        return statement_out(request, found)

    @desk_act("/{path:str}/limit", "accounts_limit")
    def limit(self, request: Asking, path: Path, data: JSONBody[LimitsIn], key: Key) -> AccountOut:
        """Give an account limits of its own, or let it follow the policy again, as a coordinator."""
        limits = Limits(
            floor=data.floor_minutes,
            ceiling=data.ceiling_minutes,
            warn_floor=data.warn_floor_minutes,
            warn_ceiling=data.warn_ceiling_minutes,
        )
        changed = bank_of(request).accounts.limit(
            request.user.branch,
            path,
            limits=None if data.follows_policy else limits,
            why=data.reason,
            **signed(request, key, account_out),
        )
        return account_out(changed)

    @desk_act("/{path:str}/override", "accounts_override")
    def override(self, request: Asking, path: Path, data: JSONBody[OverrideIn], key: Key) -> AccountOut:
        """Let an account pass its limits for a while, as a coordinator."""
        changed = bank_of(request).accounts.override(
            request.user.branch,
            path,
            floor=data.floor_minutes,
            ceiling=data.ceiling_minutes,
            until_at=data.until_at,
            why=data.reason,
            **signed(request, key, account_out),
        )
        return account_out(changed)

    @desk_act("/{path:str}/close", "accounts_close")
    def close(self, request: Asking, path: Path, key: Key, unit: Unit = MINUTES) -> AccountOut:
        """Close an empty account, as a coordinator: it takes no more postings."""
        accounts = bank_of(request).accounts
        return account_out(
            accounts.close(request.user.branch, path, unit, **signed(request, key, account_out))
        )


def seen_account(visitor: Visitor, path: str) -> str:
    """Return the branch of an account that whoever asks may see, if it is there.

    Raises:
        BadPath: the path is not in the chart.
        UnknownAccount: it is none of theirs; what is missing says the same.
    """
    if not visitor.may_see_account(path):
        raise UnknownAccount(path=path, branch=visitor.branch)
    return visitor.branch


def account_out(view: AccountView) -> AccountOut:
    """Write an account."""
    levels = view.limits
    return AccountOut(
        path=view.path,
        unit=view.unit,
        balance_minutes=view.balance,
        held_minutes=view.held,
        given_minutes=view.given,
        received_minutes=view.received,
        floor_minutes=levels.floor,
        ceiling_minutes=levels.ceiling,
        warn_floor_minutes=levels.warn_floor,
        warn_ceiling_minutes=levels.warn_ceiling,
        is_closed=view.is_closed,
    )


def lines_of(
    request: Asking, branch: str, path: str, cursor: str | None, limit: int, *, unit: str = MINUTES
) -> list[LineOut]:
    """Return a page of an account's lines, newest first."""
    page = bank_of(request).statements.page(
        branch, path, unit=unit, before=place_in(request, cursor, int), limit=limit
    )
    if page.older is not None:
        goes_on_at(request, page.older)
    return [_line(request, path, each) for each in page.lines]


def statement_out(request: Asking, found: Statement) -> StatementOut:
    """Write a statement."""
    first, last = found.period.first_on, found.period.last_on
    return StatementOut(
        branch=found.branch,
        path=found.path,
        unit=found.unit,
        first_on=first.isoformat() if first is not None else None,
        last_on=last.isoformat() if last is not None else None,
        known_at=instant(found.known_at),
        opening_minutes=found.opening,
        closing_minutes=found.closing,
        lines=tuple(_line(request, found.path, each) for each in found.lines),
    )


def receipt_at(request: Asking, path: str, entry: int) -> str | None:
    """Return where the receipt of an entry of an account is, for whoever asks and may see the account."""
    root: str = request.app.state.settings.root_path
    if request.user.role is not AccessRole.MEMBER:
        return f"{root}/v1/receipts/{entry}"
    return f"{root}/v1/me/receipts/{entry}" if path.startswith("member:") else None


def _line(request: Asking, path: str, line: StatementLine) -> LineOut:
    return LineOut(
        entry=line.entry,
        effective_on=line.effective_on.isoformat(),
        recorded_at=write_instant(line.recorded_at),
        change_minutes=line.change,
        balance_minutes=line.balance,
        kind=line.kind,
        cause=line.cause,
        others=line.other_paths,
        reverses=line.reverses,
        reversed_by=line.reversed_by,
        receipt=receipt_at(request, path, line.entry),
    )


def _change(change: AccountChange) -> ChangeOut:
    return ChangeOut(
        no=change.no,
        what=change.what,
        floor_minutes=change.floor,
        ceiling_minutes=change.ceiling,
        until_at=instant(change.until_at),
        by=change.actor,
        why=change.why,
        recorded_at=write_instant(change.recorded_at),
    )
