"""Statements and trial balances: what an account or a branch looks like, on two time axes.

"Effective" is when it happened, "known" is when the ledger learned it: a statement for March as known
on 31 March leaves out what was recorded later, even if it took effect in March. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from timebank.errors import PeriodReversed


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Calendar days of the branch, both ends included; None means open.

    Raises:
        PeriodReversed: the last day is before the first.
    """

    first_on: date | None = None
    last_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a period that ends before it starts."""
        if self.first_on is not None and self.last_on is not None and self.last_on < self.first_on:
            raise PeriodReversed


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One posting of the account, with the entry around it."""

    entry: int
    effective_on: date
    recorded_at: datetime
    kind: str
    cause: str
    other_paths: tuple[str, ...]
    """The other accounts of the entry, in posting order."""
    change: int
    """Credits positive, debits negative."""
    balance: int
    """Running balance of this statement, in the order of its lines."""
    reverses: int | None = None
    reversed_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account over one period: opening, lines, closing; closing = opening + all changes."""

    branch: str
    path: str
    unit: str
    period: Period
    known_at: datetime | None
    opening: int
    lines: tuple[StatementLine, ...]
    closing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """Lines of one account in the order of the journal, newest first; balances are the account's own."""

    branch: str
    path: str
    unit: str
    lines: tuple[StatementLine, ...]
    older: int | None
    """What to ask for next, as `before`; None if there is nothing older."""


def statement_of(
    *,
    branch: str,
    path: str,
    unit: str,
    period: Period,
    known_at: datetime | None,
    opening: int,
    lines: Iterable[StatementLine],
) -> Statement:
    """Build a statement: order the lines by effective day, then entry, and carry the balance.

    Args:
        branch: code of the branch.
        path: the account.
        unit: the account's unit.
        period: the days it covers.
        known_at: leave out what was recorded after this instant; None for everything known.
        opening: sum of all changes effective before the period, known at that instant.
        lines: the postings in the period, any order; their `balance` is computed here.
    """
    balance = opening
    ordered = []
    for line in sorted(lines, key=lambda line: (line.effective_on, line.entry)):
        balance += line.change
        ordered.append(replace(line, balance=balance))
    return Statement(
        branch=branch,
        path=path,
        unit=unit,
        period=period,
        known_at=known_at,
        opening=opening,
        lines=tuple(ordered),
        closing=balance,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One account in a trial balance: its balance stands in one of the two columns."""

    path: str
    unit: str
    debit: int
    credit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBalance:
    """Every balance of a branch in one unit; debits equal credits."""

    branch: str
    unit: str
    rows: tuple[TrialRow, ...]
    debit_total: int
    credit_total: int

    @property
    def is_balanced(self) -> bool:
        """Whether debits equal credits."""
        return self.debit_total == self.credit_total


def trial_balance_of(branch: str, balances: Iterable[tuple[str, str, int]]) -> tuple[TrialBalance, ...]:
    """Return one trial balance for each unit, rows by path, from (path, unit, balance) triples.

    Accounts without a balance are left out.
    """
    by_unit: dict[str, list[TrialRow]] = {}
    for path, unit, balance in sorted(balances):
        rows = by_unit.setdefault(unit, [])
        if balance != 0:
            rows.append(TrialRow(path=path, unit=unit, debit=max(0, -balance), credit=max(0, balance)))
    return tuple(
        TrialBalance(
            branch=branch,
            unit=unit,
            rows=tuple(rows),
            debit_total=sum(row.debit for row in rows),
            credit_total=sum(row.credit for row in rows),
        )
        for unit, rows in sorted(by_unit.items())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearingPosition:
    """What one branch owes another, as each of the two books says (I-7)."""

    branch: str
    other: str
    unit: str
    owed: int
    """Positive: `branch` owes `other`; from the book of `branch`."""
    owed_back: int
    """The same in the book of `other`; the two sum to zero."""

    @property
    def is_reconciled(self) -> bool:
        """Whether the two books agree."""
        return self.owed + self.owed_back == 0


def clearing_positions(balances: Iterable[tuple[str, str, str, int]]) -> tuple[ClearingPosition, ...]:
    """Pair the clearing accounts of all branches: one position for each pair of branches and unit.

    Args:
        balances: (branch, other branch, unit, balance) of every clearing account, any order.
    """
    books = {(branch, other, unit): balance for branch, other, unit, balance in balances}
    pairs = sorted({(min(branch, other), max(branch, other), unit) for branch, other, unit in books})
    return tuple(
        ClearingPosition(
            branch=branch,
            other=other,
            unit=unit,
            owed=books.get((branch, other, unit), 0),
            owed_back=books.get((other, branch, unit), 0),
        )
        for branch, other, unit in pairs
    )
