"""Accounts: list them, look at one, change limits, grant overrides; every change is recorded (I-5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from timebank.care.inputs import reason_of
from timebank.care.mandate import require_coordinator
from timebank.errors import AccountManaged, AccountNotEmpty, UnknownAccount
from timebank.instants import aware_utc
from timebank.ledger.book import AccountState
from timebank.ledger.canonical import instant_of, micros_of
from timebank.ledger.chart import AccountKind, held, place_of
from timebank.ledger.limits import Limits
from timebank.ledger.model import MINUTES, Actor
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account as people want to see it; all amounts in the unit's smallest quantity (minutes)."""

    path: str
    unit: str
    balance: int
    """Credits minus debits: positive when the member has credit."""
    held: int
    """Minutes of this member reserved by pending holds (0 for other accounts); not part of `balance`."""
    given: int
    """Help given, what was taken back not counted."""
    received: int
    """Help received or drawn for a beneficiary, what was taken back not counted."""
    limits: Limits
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How an account stands; as in `AccountView`."""

    balance: int
    held: int
    given: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """A recorded change of limits or an override: who, why (None once erased), when."""

    no: int
    what: str
    floor: int | None
    ceiling: int | None
    until_at: datetime | None
    actor: str
    why: str | None
    recorded_at: datetime


class Accounts(Service):
    """Use cases on accounts."""

    def list(self, branch: str) -> Sequence[AccountView]:
        """Return all accounts of a branch, by path and unit.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return views_of(tx.books(branch).accounts.states())

    def page(
        self, branch: str, *, member: str | None = None, after: tuple[str, str] | None = None, limit: int
    ) -> Sequence[AccountView]:
        """Return accounts by path and unit.

        Args:
            branch: its code.
            member: only the accounts of this member.
            after: only what comes behind this path and unit.
            limit: how many.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            accounts = tx.books(branch).accounts
            wanted = set(accounts.page(member=member, after=after, limit=limit))
            paths = {path for path, _ in wanted}
            holders = {place_of(path).name for path in paths if place_of(path).bucket == "available"}
            views = views_of(accounts.states({*paths, *map(held, holders)}))
            return [view for view in views if (view.path, view.unit) in wanted]

    def show(self, branch: str, path: str, unit: str = MINUTES) -> AccountView:
        """Return one account.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is none.
        """
        with self.store.read() as tx:
            return _view(tx.books(branch), path, unit)

    def totals(self, branch: str, path: str, unit: str = MINUTES) -> Totals:
        """Return how one account stands, without the limits that it is under: one query, no transaction.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is none.
        """
        with self.store.glance() as tx:
            books = tx.books(branch)
            own, reserved = books.accounts.totals(path, unit)
            return Totals(
                balance=own.balance,
                held=reserved.balance,
                given=own.given + reserved.given,
                received=own.received + reserved.received,
            )

    def history(self, branch: str, path: str, unit: str = MINUTES) -> Sequence[AccountChange]:
        """Return every change of an account's limits and every override, oldest first."""
        with self.store.read() as tx:
            books = tx.books(branch)
            no = books.accounts.state(path, unit).no
            changes = [
                AccountChange(
                    no=change.no,
                    what="limits" if change.limits is not None else "limits of the policy",
                    floor=change.limits.floor if change.limits is not None else None,
                    ceiling=change.limits.ceiling if change.limits is not None else None,
                    until_at=None,
                    actor=change.actor,
                    why=books.identities.note(change.note_no),
                    recorded_at=instant_of(change.recorded_us),
                )
                for change in books.accounts.limit_changes(no)
            ]
            changes += [
                AccountChange(
                    no=record.override.no,
                    what="override",
                    floor=record.override.floor,
                    ceiling=record.override.ceiling,
                    until_at=record.override.until_at,
                    actor=record.actor,
                    why=books.identities.note(record.note_no),
                    recorded_at=instant_of(record.recorded_us),
                )
                for record in books.accounts.overrides(no)
            ]
            return sorted(changes, key=lambda change: (change.recorded_at, change.what, change.no))

    def limit(
        self,
        branch: str,
        path: str,
        *,
        limits: Limits | None,
        why: str,
        by: Who | None = None,
        key: str | None = None,
    ) -> AccountView:
        """Give an account limits of its own, or None to let it follow the policy again.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is no such account.
            NotAllowed: only a coordinator changes limits.
            AccountManaged: a held account always has a floor of zero.
            ReasonMissing, BadText: there is no reason.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "account limit", path, limits, actor)
            if request.outcome is None:
                state = books.accounts.state(path)
                _require_manager(books, actor, path)
                note_no = _write_why(books, path, why)
                books.accounts.change_limits(state.no, limits, actor=str(actor), note_no=note_no)
                request.done(path, _view(books, path, MINUTES))
            return _view(books, path, MINUTES)

    def override(
        self,
        branch: str,
        path: str,
        *,
        floor: int | None = None,
        ceiling: int | None = None,
        until_at: datetime,
        why: str,
        by: Who | None = None,
        key: str | None = None,
    ) -> AccountView:
        """Let an account pass its floor or ceiling until an instant; an override only ever widens.

        Raises:
            As `limit` does.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            until_us = micros_of(aware_utc(until_at))
            request = books.requests.open(key, "account override", path, floor, ceiling, until_us, actor)
            if request.outcome is None:
                state = books.accounts.state(path)
                _require_manager(books, actor, path)
                note_no = _write_why(books, path, why)
                books.accounts.add_override(
                    state.no,
                    floor=floor,
                    ceiling=ceiling,
                    until_us=until_us,
                    actor=str(actor),
                    note_no=note_no,
                )
                request.done(path, _view(books, path, MINUTES))
            return _view(books, path, MINUTES)

    def open(
        self, branch: str, path: str, unit: str = MINUTES, *, by: Who | None = None, key: str | None = None
    ) -> AccountView:
        """Open a fund or another account of the chart that is not a member's; opening twice changes nothing.

        Raises:
            UnknownBranch, BadPath, BadUnit: a part is malformed.
            NotAllowed: only a coordinator opens accounts.
            AccountManaged: members' and clearing accounts are opened by joining and redeeming.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "account open", path, unit, actor)
            if request.outcome is None:
                _require_manager(books, actor, path)
                if place_of(path).kind in {AccountKind.MEMBER, AccountKind.CLEARING}:
                    raise AccountManaged(path=path)
                books.accounts.open(path, unit)
                request.done(path, _view(books, path, unit))
            return _view(books, path, unit)

    def close(
        self, branch: str, path: str, unit: str = MINUTES, *, by: Who | None = None, key: str | None = None
    ) -> AccountView:
        """Close an account with a balance of zero; it takes no more postings.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is no such account.
            NotAllowed: only a coordinator closes accounts.
            AccountNotEmpty: it has a balance.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "account close", path, unit, actor)
            if request.outcome is None:
                _require_manager(books, actor, path)
                state = books.accounts.state(path, unit)
                if state.balance != 0:
                    raise AccountNotEmpty(path=path, balance_minutes=state.balance)
                books.accounts.close(path, unit)
                request.done(path, _view(books, path, unit))
            return _view(books, path, unit)


def views_of(states: list[AccountState]) -> Sequence[AccountView]:
    """Return what people see of accounts; a member's held minutes stand with the available ones."""
    by_key = {(state.path, state.unit): state for state in states}
    views = []
    for state in states:
        place = place_of(state.path)
        reserved = by_key.get((held(place.name), state.unit)) if place.bucket == "available" else None
        views.append(
            AccountView(
                path=state.path,
                unit=state.unit,
                balance=state.balance,
                held=reserved.balance if reserved is not None else 0,
                given=state.given + (reserved.given if reserved is not None else 0),
                received=state.received + (reserved.received if reserved is not None else 0),
                limits=state.limits,
                is_closed=state.is_closed,
            )
        )
    return views


def _view(books: Books, path: str, unit: str) -> AccountView:
    place = place_of(path)
    paths = [path, held(place.name)] if place.kind is AccountKind.MEMBER else [path]
    for view in views_of(books.accounts.states(paths)):
        if (view.path, view.unit) == (path, unit):
            return view
    raise UnknownAccount(path=path, branch=books.branch.code)


def _require_manager(books: Books, actor: Actor, path: str) -> None:
    require_coordinator(act_in(books, actor), books.branch.code)
    if place_of(path).bucket == "held":
        raise AccountManaged(path=path)


def _write_why(books: Books, path: str, why: str) -> int:
    place = place_of(path)
    members = [place.name] if place.kind is AccountKind.MEMBER else []
    return books.identities.write_note(reason_of(why), about=f"account {path}", members=members)
