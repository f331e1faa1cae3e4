"""Balances as known at an instant, found by halving: a handful of rows, however long the journal is.

Within a branch what is recorded later has a higher number (`Transaction` sees to it, the audit checks it),
and an account's own numbers rise with its entries. So the last entry known at an instant, and the last
posting of an account up to an entry, are each found in as many steps as their number has bits.
"""

from sqlalchemy.engine import Connection

from timebank.storage.driver import is_postgresql, query

# Halving goes on while lo < hi; the row with lo = hi names the last one that is early enough, 0 if none is.
CUT = (
    "WITH RECURSIVE cut (lo, hi) AS ("
    "SELECT CAST(0 AS BIGINT), entry_seq FROM branch_head WHERE branch_id = ? UNION ALL "
    "SELECT CASE WHEN e.recorded_us <= ? THEN e.seq ELSE lo END, "
    "CASE WHEN e.recorded_us <= ? THEN hi ELSE e.seq - 1 END FROM cut {probe} WHERE lo < hi"
    ") SELECT lo FROM cut WHERE lo = hi"
)
CUT_PROBE = ("entry", "e", "seq, recorded_us", "branch_id = ? AND {t}seq = (lo + hi + 1) / 2")
BALANCES = (
    "WITH RECURSIVE cut (no, lo, hi) AS ("
    "SELECT account_no, CAST(0 AS BIGINT), version FROM account_balance WHERE branch_id = ? {only} UNION ALL "
    "SELECT no, CASE WHEN p.entry_seq <= ? THEN p.account_seq ELSE lo END, "
    "CASE WHEN p.entry_seq <= ? THEN hi ELSE p.account_seq - 1 END FROM cut {probe} WHERE lo < hi"
    ") SELECT a.path, a.unit, p.balance_after FROM cut {last} JOIN account AS a "
    "ON a.branch_id = ? AND a.no = cut.no WHERE lo = hi AND lo > 0"
)
BALANCES_PROBE = (
    "posting",
    "p",
    "account_seq, entry_seq",
    "branch_id = ? AND {t}account_no = cut.no AND {t}account_seq = (lo + hi + 1) / 2",
)
LAST_PROBE = (
    "posting",
    "p",
    "balance_after",
    "branch_id = ? AND {t}account_no = cut.no AND {t}account_seq = lo",
)


def last_entry_at(connection: Connection, branch_id: int, known_us: int) -> int:
    """Return the number of the last entry recorded by an instant, 0 if there was none.

    Args:
        connection: in a transaction.
        branch_id: of the branch.
        known_us: the instant; what was recorded at it counts.
    """
    is_server = is_postgresql(connection)
    statement = CUT.format(probe=_join(CUT_PROBE, is_server=is_server))
    found = query(connection, statement, (branch_id, known_us, known_us, branch_id))
    return int(found[0][0]) if found else 0


def balances_at(
    connection: Connection, branch_id: int, seq: int, *, account_no: int | None = None
) -> list[tuple[str, str, int]]:
    """Return (path, unit, balance) after an entry, of all accounts that had postings then, or of one."""
    is_server = is_postgresql(connection)
    statement = BALANCES.format(
        only="" if account_no is None else "AND account_no = ?",
        probe=_join(BALANCES_PROBE, is_server=is_server),
        last=_join(LAST_PROBE, is_server=is_server),
    )
    first = (branch_id,) if account_no is None else (branch_id, account_no)
    rows = query(connection, statement, (*first, seq, seq, branch_id, branch_id, branch_id))
    return [(path, unit, int(balance)) for path, unit, balance in rows]


def _join(probe: tuple[str, str, str, str], *, is_server: bool) -> str:
    """Write a join that looks one row up by its key: PostgreSQL would otherwise read the whole table."""
    table, name, columns, where = probe
    if is_server:
        return (
            f"CROSS JOIN LATERAL (SELECT {columns} FROM {table} WHERE {where.format(t='')} LIMIT 1) AS {name}"  # noqa: S608 - our own names
        )
    return f"JOIN {table} AS {name} ON {name}.{where.format(t=name + '.')}"
