"""Accounts: opening, limits and overrides, and the state that the book decides on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.engine import Row as Found

from timebank.errors import UnknownAccount
from timebank.ledger.book import AccountState
from timebank.ledger.canonical import instant_of
from timebank.ledger.chart import BUCKETS, AccountKind, held, place_of
from timebank.ledger.limits import HELD, Limits, Override, limits_in_force
from timebank.ledger.model import MINUTES
from timebank.policy.model import Policy
from timebank.policy.rules import limit_rule_for
from timebank.storage.columns import by_code_point, table_of
from timebank.storage.driver import query, query_among
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import (
    AccountBalanceRow,
    AccountLimitRow,
    AccountOverrideRow,
    AccountRow,
)

ACCOUNT = table_of(AccountRow)
LIMIT = table_of(AccountLimitRow)
OVERRIDE = table_of(AccountOverrideRow)
STATES: Final = (
    "SELECT a.no, a.path, a.unit, a.closed_us, b.balance, b.given, b.received, b.version FROM account AS a "
    "JOIN account_balance AS b ON b.branch_id = a.branch_id AND b.account_no = a.no WHERE a.branch_id = ?"
)
PATHS_MOST: Final = 1_000
"""Paths looked up at once: within the number of parameters that every SQLite takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one account holds, and what went through it."""

    balance: int
    given: int
    received: int


NOTHING: Final = Standing(balance=0, given=0, received=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """A recorded change of an account's own limits."""

    no: int
    limits: Limits | None
    """None: the policy's limits count again."""
    actor: str
    note_no: int | None
    recorded_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRecord:
    """A recorded override: what it allows, who gave it, why (a note) and when."""

    override: Override
    actor: str
    note_no: int
    recorded_us: int


class Accounts(Repository):
    """The accounts of a branch, with today's limits under `policy`."""

    def __init__(self, desk: Desk, policy: Policy, today: date) -> None:
        """Work at a desk, under the policy in force today."""
        super().__init__(desk)
        self.policy = policy
        self.today = today
        self.has_overrides = False
        """Whether a permission that ends was in force for any account that was read."""
        self._by_kind: dict[AccountKind, Limits] = {}

    def open(self, path: str, unit: str = MINUTES) -> bool:
        """Open an account unless it is open; returns whether it is new.

        Raises:
            BadPath: the path is not in the chart of accounts.
        """
        place_of(path)
        if self._row(AccountRow, path=path, unit=unit) is not None:
            return False
        no = self._next_no("account")
        self._insert(AccountRow, no=no, path=path, unit=unit, opened_us=self.now_us, closed_us=None)
        self._insert(AccountBalanceRow, account_no=no, balance=0, given=0, received=0, version=0)
        return True

    def open_all(self, paths: Sequence[str], unit: str) -> list[AccountState]:
        """Open accounts that are known to be new; returns them as the book decides on them."""
        first = self._next_no("account", count=len(paths)) if paths else 0
        numbered = list(enumerate(paths, first))
        self._insert_many(AccountRow, [(no, path, unit, self.now_us, None) for no, path in numbered])
        self._insert_many(AccountBalanceRow, [(no, 0, 0, 0, 0) for no, _ in numbered])
        return [
            AccountState(no=no, path=path, unit=unit, limits=self._limits(path, unit, None, []))
            for no, path in numbered
        ]

    def close(self, path: str, unit: str) -> None:
        """Close an account: it takes no more postings."""
        self._update(AccountRow, {"path": path, "unit": unit}, closed_us=self.now_us)

    def states(self, paths: Iterable[str] | None = None) -> list[AccountState]:
        """Return accounts as the book decides on them, by path; None for all of the branch."""
        own = self._own_limits()
        overrides = self._overrides()
        return [
            AccountState(
                no=no,
                path=path,
                unit=unit,
                balance=balance,
                given=given,
                received=received,
                version=version,
                limits=self._limits(path, unit, own.get(no), overrides.get(no, [])),
                is_closed=closed_us is not None,
            )
            for no, path, unit, closed_us, balance, given, received, version in self._state_rows(paths)
        ]

    def page(
        self, *, member: str | None, after: tuple[str, str] | None, limit: int
    ) -> Sequence[tuple[str, str]]:
        """Return path and unit of the branch's accounts, or of a member's, in order, from behind one."""
        path = by_code_point(ACCOUNT.c.path, self.desk.connection)
        unit = by_code_point(ACCOUNT.c.unit, self.desk.connection)
        wanted = select(path, unit).where(ACCOUNT.c.branch_id == self.desk.branch_id)
        if member is not None:
            wanted = wanted.where(ACCOUNT.c.path.in_([f"member:{member}:{bucket}" for bucket in BUCKETS]))
        if after is not None:
            wanted = wanted.where((path > after[0]) | ((path == after[0]) & (unit > after[1])))
        rows = self.desk.connection.execute(wanted.order_by(path, unit).limit(limit))
        return [(row[0], row[1]) for row in rows]

    def _state_rows(self, paths: Iterable[str] | None) -> list[tuple[Any, ...]]:
        """Return `STATES` by path, then unit, as code points order them on every engine."""
        connection, here = self.desk.connection, self.desk.branch_id
        if paths is None:
            rows = query(connection, STATES, (here,))
        else:
            wanted = list(paths)
            rows = [
                row
                for start in range(0, len(wanted), PATHS_MOST)
                for row in query_among(
                    connection, f"{STATES} AND a.path", here, wanted[start : start + PATHS_MOST]
                )
            ]
        return sorted(rows, key=itemgetter(1, 2))

    def totals(self, path: str, unit: str = MINUTES) -> tuple[Standing, Standing]:
        """Return how an account stands, and what is held of it: nothing of an account that is no member's.

        Raises:
            BadPath, UnknownAccount: as `state`.
        """
        place = place_of(path)
        paths = [path, held(place.name)] if place.bucket == "available" else [path]
        found = {
            row[1]: Standing(balance=row[4], given=row[5], received=row[6])
            for row in self._state_rows(paths)
            if row[2] == unit
        }
        if path not in found:
            raise UnknownAccount(path=path, branch=self.desk.branch.code)
        return found[path], found.get(paths[-1], NOTHING) if len(paths) > 1 else NOTHING

    def state(self, path: str, unit: str = MINUTES) -> AccountState:
        """Return one account.

        Raises:
            BadPath: the path is not in the chart of accounts.
            UnknownAccount: the branch has no such account.
        """
        place_of(path)
        for state in self.states([path]):
            if state.unit == unit:
                return state
        raise UnknownAccount(path=path, branch=self.desk.branch.code)

    def _limits(self, path: str, unit: str, own: Limits | None, overrides: list[Override]) -> Limits:
        place = place_of(path)
        if place.bucket in {"held", "grant"}:
            return HELD
        if own is not None:
            return limits_in_force(own, overrides, at=self.desk.now)
        if unit != MINUTES:
            return Limits()
        if place.kind not in self._by_kind:
            self._by_kind[place.kind] = policy_limits(self.policy, place.kind)
        return limits_in_force(self._by_kind[place.kind], overrides, at=self.desk.now)

    def _own_limits(self) -> dict[int, Limits | None]:
        """Return the accounts that have limits of their own; few have."""
        rows = self._find(AccountLimitRow, order="account_no, no")
        return {row.account_no: _limits_of(row) for row in rows}

    def _overrides(self) -> dict[int, list[Override]]:
        found: dict[int, list[Override]] = {}
        for row in self._find(AccountOverrideRow, "until_us >= ?", self.now_us):
            found.setdefault(row.account_no, []).append(_override_of(row))
            self.has_overrides = True
        return found

    def change_limits(
        self, account_no: int, limits: Limits | None, *, actor: str, note_no: int | None
    ) -> None:
        """Record new limits of an account's own; None lets it follow the policy again."""
        count = len(self._find(AccountLimitRow, "account_no = ?", account_no))
        levels = limits if limits is not None else Limits()
        self._insert(
            AccountLimitRow,
            account_no=account_no,
            no=count + 1,
            follows_policy=int(limits is None),
            floor=levels.floor,
            ceiling=levels.ceiling,
            warn_floor=levels.warn_floor,
            warn_ceiling=levels.warn_ceiling,
            actor=actor,
            note_no=note_no,
            recorded_us=self.now_us,
        )

    def limit_changes(self, account_no: int) -> list[LimitChange]:
        """Return the history of an account's own limits, oldest first."""
        rows = self._find(AccountLimitRow, "account_no = ?", account_no, order="no")
        return [
            LimitChange(
                no=row.no,
                limits=_limits_of(row),
                actor=row.actor,
                note_no=row.note_no,
                recorded_us=row.recorded_us,
            )
            for row in rows
        ]

    def add_override(
        self,
        account_no: int,
        *,
        floor: int | None,
        ceiling: int | None,
        until_us: int,
        actor: str,
        note_no: int,
    ) -> int:
        """Record an override; returns its number on the account."""
        no = len(self._find(AccountOverrideRow, "account_no = ?", account_no)) + 1
        self._insert(
            AccountOverrideRow,
            account_no=account_no,
            no=no,
            floor=floor,
            ceiling=ceiling,
            until_us=until_us,
            actor=actor,
            note_no=note_no,
            recorded_us=self.now_us,
        )
        return no

    def overrides(self, account_no: int) -> list[OverrideRecord]:
        """Return every override an account ever had, oldest first."""
        rows = self._find(AccountOverrideRow, "account_no = ?", account_no, order="no")
        return [
            OverrideRecord(
                override=_override_of(row), actor=row.actor, note_no=row.note_no, recorded_us=row.recorded_us
            )
            for row in rows
        ]

    def held_by(self, ref: str) -> int:
        """Return the minutes a member has reserved (I-6)."""
        return sum(state.balance for state in self.states([held(ref)]) if state.unit == MINUTES)


def policy_limits(policy: Policy, kind: AccountKind) -> Limits:
    """Return a policy's limits for a kind of account."""
    rule = limit_rule_for(policy, kind.value)
    return Limits(
        floor=rule.floor_minutes,
        ceiling=rule.ceiling_minutes,
        warn_floor=rule.warn_floor_minutes,
        warn_ceiling=rule.warn_ceiling_minutes,
    )


def _limits_of(row: Found[Any]) -> Limits | None:
    if row.follows_policy:
        return None
    return Limits(
        floor=row.floor,
        ceiling=row.ceiling,
        warn_floor=row.warn_floor,
        warn_ceiling=row.warn_ceiling,
    )


def _override_of(row: Found[Any]) -> Override:
    return Override(
        no=row.no,
        floor=row.floor,
        ceiling=row.ceiling,
        until_at=instant_of(row.until_us),
    )
