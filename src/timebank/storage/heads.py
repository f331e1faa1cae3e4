"""Where journals begin and end, in a database of any of our schema versions: to compare two copies."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.engine import Connection

from timebank.reports.relation import JournalCopy
from timebank.storage.columns import table_of
from timebank.storage.tables import BranchRow, EntryRow

BRANCH = table_of(BranchRow)
ENTRY = table_of(EntryRow)
CHUNK: Final = 5_000
HEADS: Final = (
    "SELECT b.code, h.entry_seq, e.leaf FROM branch AS b JOIN branch_head AS h ON h.branch_id = b.branch_id "
    "LEFT JOIN entry AS e ON e.branch_id = h.branch_id AND e.seq = h.entry_seq"
)
Heads = dict[str, tuple[int, bytes | None]]
"""Number and leaf hash of the last entry of each branch, by code; 0 and None where there is none."""


def heads_of(connection: Connection) -> Heads:
    """Return where each branch's journal ends."""
    rows = connection.exec_driver_sql(HEADS)
    return heads_in((str(code), int(seq), leaf) for code, seq, leaf in rows)


def heads_in(rows: Iterable[tuple[str, int, bytes | None]]) -> Heads:
    """Return the rows of the query `HEADS` by code."""
    found = {code: (seq, bytes(leaf) if leaf is not None else None) for code, seq, leaf in rows}
    return dict(sorted(found.items()))


def journals_of(connection: Connection) -> Mapping[str, JournalCopy]:
    """Return the journal of each branch by code; its leaves are read when they are asked for."""
    rows = connection.execute(select(BRANCH.c.code, BRANCH.c.branch_id, BRANCH.c.created_us)).all()
    return {
        code: JournalCopy(created_us=created_us, leaves=_leaves(connection, branch_id))
        for code, branch_id, created_us in sorted(rows)
    }


def _leaves(connection: Connection, branch_id: int) -> Iterator[tuple[int, bytes]]:
    query = select(ENTRY.c.seq, ENTRY.c.leaf).where(ENTRY.c.branch_id == branch_id).order_by(ENTRY.c.seq)
    rows = connection.execute(query.execution_options(yield_per=CHUNK))
    return ((int(seq), bytes(leaf)) for seq, leaf in rows)


def recorded_us(connection: Connection, code: str, seq: int) -> int:
    """Return the instant at which an entry was recorded, in microseconds since 1970."""
    query = (
        select(ENTRY.c.recorded_us)
        .join(BRANCH, BRANCH.c.branch_id == ENTRY.c.branch_id)
        .where(BRANCH.c.code == code, ENTRY.c.seq == seq)
    )
    return int(connection.execute(query).scalar_one())
