"""What every repository of a branch shares: its connection, its branch, its instant, its counters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as Found

from timebank.ledger.canonical import micros_of
from timebank.ledger.model import Branch
from timebank.storage.columns import Row, table_of
from timebank.storage.driver import find_rows, insert_row, insert_rows, query, update_rows
from timebank.storage.engine import CHANGED
from timebank.storage.warm import Head, WarmBook

TAKE_NUMBERS: Final = (
    "INSERT INTO branch_counter (branch_id, noun, last_no) VALUES (?, ?, ?) "
    "ON CONFLICT (branch_id, noun) DO UPDATE SET last_no = branch_counter.last_no + excluded.last_no "
    "RETURNING last_no"
)
READ_MOST: Final = 1_024
"""Rows of a kind that are remembered as what they mean: the same ones come with every request."""


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
    draw: Callable[[int], bytes] = token_bytes
    """Gives so many random bytes that nobody can guess."""
    is_ahead: bool = False
    """Whether there is no transaction yet: nothing can be read, see `storage.ahead`."""


class Repository:
    """Base of the repositories: the few statements they all need, always within the branch."""

    def __init__(self, desk: Desk) -> None:
        """Work at a desk."""
        self.desk = desk
        self.now_us = micros_of(desk.now)

    def _insert(self, row: type[Row], **values: object) -> None:
        insert_row(self.desk.connection, row, {"branch_id": self.desk.branch_id, **values})
        self.desk.connection.info[CHANGED] = True

    def _insert_many(self, row: type[Row], rows: Sequence[tuple[object, ...]]) -> None:
        here = self.desk.branch_id
        if rows:
            insert_rows(self.desk.connection, row, [(here, *values) for values in rows])
            self.desk.connection.info[CHANGED] = True

    def _update(self, row: type[Row], where: dict[str, object], **values: object) -> None:
        here = {"branch_id": self.desk.branch_id, **where}
        changed = update_rows(self.desk.connection, row, values, here)
        self.desk.connection.info[CHANGED] = True
        assert changed == 1, f"one row of {table_of(row).name} to update, {changed} found"

    def _find(
        self, row: type[Row], where: str = "", *values: object, order: str = "", limit: int | None = None
    ) -> list[Any]:
        """Return the branch's rows of a table for which `where`, with a value for each `?`, holds."""
        whole = f"branch_id = ? AND {where}" if where else "branch_id = ?"
        here = (self.desk.branch_id, *values)
        return find_rows(self.desk.connection, row, here, where=whole, order=order, limit=limit)

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

    def _matching(self, row: type[Row], order: str = "", /, **equal: object) -> list[Any]:
        """Return the branch's rows of a table whose columns have certain values; None is any value."""
        asked = {name: value for name, value in equal.items() if value is not None}
        where = " AND ".join([f"{name} = ?" for name in asked])
        return self._find(row, where, *asked.values(), order=order)

    def _row(self, row: type[Row], **equal: object) -> Any | None:  # noqa: ANN401 - a named tuple
        found = self._matching(row, "", **equal)
        assert len(found) <= 1, f"one row of {table_of(row).name} at most, {len(found)} found"
        return found[0] if found else None

    def _next_no(self, noun: str, *, count: int = 1) -> int:
        """Take `count` numbers for a noun of the branch, gapless; returns the first."""
        ((last_no,),) = query(self.desk.connection, TAKE_NUMBERS, (self.desk.branch_id, noun, count))
        self.desk.connection.info[CHANGED] = True
        return int(last_no) - count + 1
