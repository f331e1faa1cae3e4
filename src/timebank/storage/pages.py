"""Pages of an account: its newest lines, or those before a line, in one query that no length slows down."""

from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Connection

from timebank.ledger.canonical import instant_of
from timebank.ledger.statement import StatementLine
from timebank.storage.driver import query

ACCOUNT = "SELECT no FROM account WHERE branch_id = ? AND path = ? AND unit = ?"
# The page is cut first, by the account's own numbers; what belongs to its lines is then looked up by key.
# Its length is part of the text: PostgreSQL plans a prepared query anew each time that it cannot see it.
PAGE = (
    "SELECT p.account_seq, p.side, p.amount, p.balance_after, e.seq, e.effective_on, e.recorded_us, "  # noqa: S608
    "e.kind, e.cause_kind, e.cause_ref, e.reverses, r.seq, a.path "
    "FROM (SELECT account_seq, account_no, entry_seq, side, amount, balance_after FROM posting "
    f"WHERE branch_id = ? AND account_no = ({ACCOUNT}) "
    "AND account_seq < ? ORDER BY account_seq DESC LIMIT %d) AS p "
    "JOIN entry AS e ON e.branch_id = ? AND e.seq = p.entry_seq "
    "LEFT JOIN entry AS r ON r.branch_id = ? AND r.reverses = p.entry_seq "
    "LEFT JOIN posting AS o "
    "ON o.branch_id = ? AND o.entry_seq = p.entry_seq AND o.account_no <> p.account_no "
    "LEFT JOIN account AS a ON a.branch_id = ? AND a.no = o.account_no "
    "ORDER BY p.account_seq DESC, o.line"
)
END = 2**62
"""Beyond every number of a line."""


def account_no_of(connection: Connection, branch_id: int, path: str, unit: str) -> int | None:
    """Return an account's number, None if there is none."""
    found = query(connection, ACCOUNT, (branch_id, path, unit))
    return int(found[0][0]) if found else None


def lines_before(
    connection: Connection, branch_id: int, path: str, unit: str, *, before: int | None, limit: int
) -> tuple[tuple[StatementLine, ...], int]:
    """Return an account's lines, newest first, each with the balance after it, and the last one's number.

    The number is 0 where there are no lines.
    """
    end = before if before is not None else END
    here = (branch_id,) * 4
    rows = query(connection, PAGE % limit, (branch_id, branch_id, path, unit, end, *here))
    lines = [_line(list(group)) for _, group in groupby(rows, key=itemgetter(0))]
    return tuple(lines), int(rows[-1][0]) if rows else 0


def _line(rows: list[tuple[Any, ...]]) -> StatementLine:
    """Build a line from its rows: one for each other line of its entry, or one without another account."""
    _, side, amount, balance, seq, on, recorded_us, kind, cause_kind, cause_ref, reverses, by, other = rows[0]
    return StatementLine(
        entry=seq,
        effective_on=date.fromisoformat(on),
        recorded_at=instant_of(recorded_us),
        kind=kind,
        cause=f"{cause_kind} {cause_ref}",
        other_paths=tuple([row[12] for row in rows]) if other is not None else (),
        change=amount if side == "credit" else -amount,
        balance=balance,
        reverses=reverses,
        reversed_by=by,
    )
