"""Statements, trial balances and clearing positions, on both time axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Final

from timebank.errors import AmountOutOfRange, StatementTooLong, UnknownAccount
from timebank.instants import aware_utc
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.model import MINUTES
from timebank.ledger.statement import (
    AccountPage,
    ClearingPosition,
    Period,
    Statement,
    TrialBalance,
    clearing_positions,
    statement_of,
    trial_balance_of,
)
from timebank.reports.supply import TimeSupply, time_supply_of
from timebank.services.service import Service
from timebank.storage.dump import partners_of
from timebank.storage.pages import account_no_of, lines_before


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """A statement with the names that people read above it."""

    statement: Statement
    branch_name: str
    holder: str | None
    """Whose account it is; None for an account that is nobody's, or once the name is erased."""


PAGE_USUAL: Final = 50
PAGE_MOST: Final = 1_000


class Statements(Service):
    """Use cases that only read balances."""

    def statement(
        self,
        branch: str,
        path: str,
        *,
        unit: str = MINUTES,
        first_on: date | None = None,
        last_on: date | None = None,
        known_at: datetime | None = None,
        lines_most: int | None = None,
    ) -> Statement:
        """Return one account over one period: opening, lines, closing.

        Args:
            branch: its code.
            path: the account.
            unit: of the account.
            first_on: first effective day, included; from the beginning if None.
            last_on: last effective day, included; to the end if None.
            known_at: leave out what was recorded after this instant.
            lines_most: refuse a longer one, rather than gather it.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is no such account.
            PeriodReversed, NaiveInstant: a part is malformed.
            StatementTooLong: it has more lines than `lines_most`.
        """
        period = Period(first_on=first_on, last_on=last_on)
        known = aware_utc(known_at) if known_at is not None else None
        with self.store.read() as tx:
            books = tx.books(branch)
            account = books.accounts.state(path, unit)
            lines = books.reader.statement_lines(account.no, period, known_at=known)
            if lines_most is not None:
                some = list(islice(lines, lines_most + 1))
                if len(some) > lines_most:
                    raise StatementTooLong(most=lines_most)
                lines = iter(some)
            return statement_of(
                branch=branch,
                path=path,
                unit=unit,
                period=period,
                known_at=known,
                opening=books.reader.opening(account.no, period, known_at=known),
                lines=lines,
            )

    def page(
        self,
        branch: str,
        path: str,
        *,
        unit: str = MINUTES,
        before: int | None = None,
        limit: int = PAGE_USUAL,
    ) -> AccountPage:
        """Return an account's newest lines, or those before a line; a long account takes no longer.

        Args:
            branch: its code.
            path: the account.
            unit: of the account.
            before: `older` of the page before this one; None for the newest lines.
            limit: how many lines, 1 to `PAGE_MOST`.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is no such account.
            AmountOutOfRange: `limit` is out of range.
        """
        if not 1 <= limit <= PAGE_MOST:
            raise AmountOutOfRange(amount=limit, least=1, most=PAGE_MOST)
        place_of(path)
        with self.store.glance() as tx:
            desk = tx.books(branch).desk
            here = (desk.connection, desk.branch_id, path, unit)
            lines, oldest = lines_before(*here, before=before, limit=limit)
            if not lines and account_no_of(*here) is None:
                raise UnknownAccount(path=path, branch=branch)
        return AccountPage(
            branch=branch,
            path=path,
            unit=unit,
            lines=lines,
            older=oldest if oldest > 1 else None,
        )

    def balance_at(self, branch: str, path: str, *, known_at: datetime, unit: str = MINUTES) -> int:
        """Return an account's balance as known at an instant; what was recorded at it counts.

        Raises:
            UnknownBranch, BadPath, UnknownAccount: there is no such account.
            NaiveInstant: the instant has no time zone.
        """
        place_of(path)
        known = aware_utc(known_at)
        with self.store.read() as tx:
            books = tx.books(branch)
            no = account_no_of(books.desk.connection, books.desk.branch_id, path, unit)
            if no is None:
                raise UnknownAccount(path=path, branch=branch)
            found = books.reader.balances_at(known, account_no=no)
            return found[0][2] if found else 0

    def named(
        self,
        branch: str,
        path: str,
        *,
        unit: str = MINUTES,
        first_on: date | None = None,
        last_on: date | None = None,
        known_at: datetime | None = None,
    ) -> StatementPage:
        """Return a statement, see `statement`, with the names of the branch and the member."""
        found = self.statement(branch, path, unit=unit, first_on=first_on, last_on=last_on, known_at=known_at)
        place = place_of(path)
        with self.store.read() as tx:
            books = tx.books(branch)
            who = books.identities.find(place.name) if place.kind is AccountKind.MEMBER else None
            return StatementPage(
                statement=found, branch_name=books.branch.name, holder=who.name if who is not None else None
            )

    def trial_balance(
        self, branch: str, *, on: date | None = None, known_at: datetime | None = None
    ) -> tuple[TrialBalance, ...]:
        """Return the trial balance of a branch, one for each unit: now, at the end of a day, as known at.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            balances = tx.books(branch).reader.balances(on=on, known_at=known_at)
            return trial_balance_of(branch, balances)

    def time_supply(self, branch: str | None = None) -> Sequence[tuple[str, TimeSupply]]:
        """Return where the hours of a branch come from and where they are; of every branch if None, by code.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            codes = [each.code for _, each in tx.branches.list()] if branch is None else [branch]
            return [
                (
                    code,
                    time_supply_of(
                        (path, balance)
                        for path, unit, balance in tx.books(code).reader.balances()
                        if unit == MINUTES
                    ),
                )
                for code in codes
            ]

    def clearing(self, branch: str | None = None) -> tuple[ClearingPosition, ...]:
        """Return what every branch owes every other, as each of the two books says (I-7).

        Args:
            branch: only what it owes others, or they owe it; everything if None.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            here = [each.code for _, each in tx.branches.list()]
            if branch is not None:
                partners = partners_of(tx.books(branch).desk)
                here = [code for code in here if code == branch or code in partners]
            return clearing_positions(
                (code, other, unit, balance)
                for code in here
                for path, unit, balance in tx.books(code).reader.balances()
                if place_of(path).kind is AccountKind.CLEARING
                for other in (place_of(path).name,)
                if branch in {None, code, other}
            )
