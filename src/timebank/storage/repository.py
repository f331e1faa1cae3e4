"""What every repository of a branch shares: its connection, its branch, its instant, its counters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as Found

from timebank.ledger.canonical import micros_of
from timebank.ledger.model import Branch
from timebank.storage.columns import Row, table_of
from timebank.storage.driver import insert_rows
from timebank.storage.engine import CHANGED
from timebank.storage.tables import BranchCounterRow
from timebank.storage.warm import Head, WarmBook


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a repository works: one branch, in one transaction, at one instant."""

    connection: Connection
    branch_id: int
    branch: Branch
    now: datetime
    """The transaction's instant, aware UTC."""
    head: Head | None = None
    """The branch's head, where the transaction has taken it: it may write."""
    warm: WarmBook | None = None
    """What an earlier transaction of this process left in hand, if nothing was written since."""
    is_ahead: bool = False
    """Whether there is no transaction yet: nothing can be read, see `storage.ahead`."""


class Repository:
    """Base of the repositories: the few statements they all need, always within the branch."""

    def __init__(self, desk: Desk) -> None:
        """Work at a desk."""
        self.desk = desk
        self.now_us = micros_of(desk.now)

    def _insert(self, row: type[Row], **values: object) -> None:
        self.desk.connection.execute(insert(table_of(row)), {"branch_id": self.desk.branch_id, **values})

    def _insert_many(self, row: type[Row], rows: Sequence[tuple[object, ...]]) -> None:
        here = self.desk.branch_id
        if rows:
            insert_rows(self.desk.connection, row, [(here, *values) for values in rows])
            self.desk.connection.info[CHANGED] = True

    def _update(self, row: type[Row], where: dict[str, object], **values: object) -> None:
        table = table_of(row)
        conditions = [table.c[name] == value for name, value in where.items()]
        statement = (
            update(table).where(table.c.branch_id == self.desk.branch_id, *conditions).values(**values)
        )
        changed = self.desk.connection.execute(statement).rowcount
        assert changed == 1, f"one row of {table.name} to update, {changed} found"

    def _rows(
        self,
        row: type[Row],
        *where: ColumnElement[bool],
        order_by: Sequence[Any] = (),
        limit: int | None = None,
    ) -> list[Found[Any]]:
        table = table_of(row)
        statement = select(table).where(table.c.branch_id == self.desk.branch_id, *where)
        return list(self.desk.connection.execute(statement.order_by(*order_by).limit(limit)))

    def _row(self, row: type[Row], **where: object) -> Found[Any] | None:
        table = table_of(row)
        found = self._rows(row, *(table.c[name] == value for name, value in where.items()))
        assert len(found) <= 1, f"one row of {table.name} at most, {len(found)} found"
        return found[0] if found else None

    def _next_no(self, noun: str, *, count: int = 1) -> int:
        """Take `count` numbers for a noun of the branch, gapless; returns the first."""
        last = self._row(BranchCounterRow, noun=noun)
        if last is None:
            self._insert(BranchCounterRow, noun=noun, last_no=count)
            return 1
        self._update(BranchCounterRow, {"noun": noun}, last_no=last.last_no + count)
        return int(last.last_no) + 1
