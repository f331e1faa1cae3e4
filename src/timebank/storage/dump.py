"""Every table of a branch, out as rows and in again: what `reports.jsonl` writes and reads.

The list of tables is written out, not found: a table that is not named here does not leave the database
by accident, and a test sees to it that every table is either named or kept back on purpose.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, Final

from sqlalchemy import Integer, LargeBinary, Table, Text, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, IntegrityError

from timebank.errors import BranchFileFaulty, ExportInconsistent, StorageRefused
from timebank.ledger.canonical import instant_of
from timebank.ledger.chart import clearing
from timebank.ledger.model import Branch
from timebank.reports.jsonl import BranchFile, Column, ColumnKind, TableShape
from timebank.storage.branches import Branches
from timebank.storage.columns import Row, table_of
from timebank.storage.engine import meaning_of
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import (
    AccountBalanceRow,
    AccountLimitRow,
    AccountOverrideRow,
    AccountRow,
    BranchCounterRow,
    BranchHeadRow,
    BranchRow,
    EntryRow,
    ImportBatchRow,
    PolicyVersionRow,
    PostingRow,
    RequestKeyRow,
)
from timebank.storage.tables_care import (
    BeneficiaryEventRow,
    BeneficiaryRow,
    HoldRow,
    MandateRow,
    MemberRow,
    RedemptionEventRow,
    RedemptionRow,
    ServiceEventRow,
    ServiceRecordRow,
)
from timebank.storage.tables_identity import AliasRow, NoteRow, PersonRow

HERE: Final = "branch_id"
"""The branch's number in this database: local, so never in a file."""
BRANCH: Final = table_of(BranchRow)
HEAD: Final = table_of(BranchHeadRow)
ENTRY: Final = table_of(EntryRow)
POSTING: Final = table_of(PostingRow)
ACCOUNT: Final = table_of(AccountRow)
RECORD: Final = table_of(ServiceRecordRow)
REDEMPTION: Final = table_of(RedemptionRow)
ENTRY_KEY: Final = "entry_seq"
LOCAL: Final[Mapping[str, Collection[str]]] = {"branch_head": ("revision", "last_us")}
"""Columns that say what happened to this database, not what the books say."""
IDENTITIES: Final = tuple(table_of(row) for row in (PersonRow, NoteRow, AliasRow))
# In the order in which they can be restored: what is pointed to comes first. Postings go with their entry.
ROWS: Final[tuple[type[Row], ...]] = (
    *(BranchRow, BranchHeadRow, BranchCounterRow, PolicyVersionRow, MemberRow),
    *(PersonRow, NoteRow, AliasRow),
    *(AccountRow, AccountBalanceRow, AccountLimitRow, AccountOverrideRow, MandateRow),
    *(BeneficiaryRow, BeneficiaryEventRow),
    *(EntryRow, HoldRow, ServiceRecordRow, ServiceEventRow, RedemptionRow, RedemptionEventRow),
    *(RequestKeyRow, ImportBatchRow),
)
TABLES: Final = tuple(table_of(row) for row in ROWS)
KEPT_BACK: Final[frozenset[str]] = frozenset()
"""Tables that are not exported: secrets, and what belongs to the database rather than to a branch."""
CHUNK: Final = 1_000
KINDS: Final = ((Integer, ColumnKind.NUMBER), (Text, ColumnKind.TEXT), (LargeBinary, ColumnKind.BYTES))

Tell = Callable[[int], None]
"""Told, now and then, how many entries are done."""


def shape_of(table: Table, *, without: Collection[str] = (), nested: TableShape | None = None) -> TableShape:
    """Return a table as files have it: every column but the branch's number and those in `without`."""
    columns = tuple(
        Column(
            column.name,
            next(kind for type_, kind in KINDS if isinstance(column.type, type_)),
            bool(column.nullable),
        )
        for column in table.columns
        if column.name not in {HERE, *without}
    )
    return TableShape(name=table.name, columns=columns, nested=nested)


SHAPES: Final[Mapping[str, TableShape]] = {
    table.name: shape_of(
        table,
        without=LOCAL.get(table.name, ()),
        nested=shape_of(POSTING, without=(ENTRY_KEY,)) if table is ENTRY else None,
    )
    for table in TABLES
}


class Dump(Repository):
    """A branch on its way out."""

    def __init__(self, desk: Desk, *, with_identities: bool) -> None:
        """Work at a desk; `with_identities` takes names, contacts and words along."""
        super().__init__(desk)
        self.tables = TABLES if with_identities else tuple(each for each in TABLES if each not in IDENTITIES)
        counts = {table.name: self._count(table) for table in (*self.tables, POSTING)}
        self.file = BranchFile(branch=desk.branch.code, has_identities=with_identities, counts=counts)

    def _count(self, table: Table) -> int:
        query = select(func.count()).select_from(table).where(table.c[HERE] == self.desk.branch_id)
        return int(self.desk.connection.execute(query).scalar_one())

    def rows(self, tell: Tell) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield (table, values) of every row, by table and key; postings stand in their entry.

        Raises:
            ExportInconsistent: after the last row, if there were not as many as were counted.
        """
        written: Counter[str] = Counter()
        for table in self.tables:
            rows = self._stream(table) if table is not ENTRY else self._entries(written, tell)
            for values in rows:
                written[table.name] += 1
                yield table.name, values
        for name, counted in self.file.counts.items():
            if written[name] != counted:
                raise ExportInconsistent(
                    table=name, branch=self.desk.branch.code, counted=counted, written=written[name]
                )

    def _stream(self, table: Table) -> Iterator[Mapping[str, Any]]:
        # PostgreSQL sorts text by its locale unless told; the same books give the same file on any engine.
        is_postgres = self.desk.connection.dialect.name == "postgresql"
        order = [
            column.collate("C") if is_postgres and isinstance(column.type, Text) else column
            for column in table.primary_key
        ]
        query = select(table).where(table.c[HERE] == self.desk.branch_id).order_by(*order)
        rows = self.desk.connection.execute(query.execution_options(yield_per=CHUNK))
        return (dict(row) for row in rows.mappings())

    def _entries(self, written: Counter[str], tell: Tell) -> Iterator[Mapping[str, Any]]:
        postings = groupby(self._stream(POSTING), key=lambda row: row[ENTRY_KEY])
        upcoming = next(postings, None)
        for entry in self._stream(ENTRY):
            lines: list[Mapping[str, Any]] = []
            if upcoming is not None and upcoming[0] == entry["seq"]:
                lines = list(upcoming[1])
                upcoming = next(postings, None)
            written[POSTING.name] += len(lines)
            yield {**entry, POSTING.name: lines}
            if entry["seq"] % CHUNK == 0:
                tell(entry["seq"])


def load(
    connection: Connection, file: BranchFile, rows: Iterable[tuple[str, dict[str, Any]]], tell: Tell
) -> None:
    """Write a branch's rows into a database that does not have the branch.

    Raises:
        BranchExists: it has.
        BranchFileFaulty: the rows contradict one another, the first line or the schema.
    """
    rows = iter(rows)
    branch_id = _found(connection, file, next(rows, None))
    counts = Counter({BRANCH.name: 1})
    for name, group in groupby(rows, key=lambda row: row[0]):
        while chunk := [values for _, values in islice(group, CHUNK)]:
            try:
                counts[POSTING.name] += _insert(connection, branch_id, name, chunk)
            except (IntegrityError, DataError) as error:
                meaning = meaning_of(error)
                rule = (
                    meaning.rule if isinstance(meaning, StorageRefused) else "rows that cannot stand together"
                )
                raise BranchFileFaulty(place=f"table {name}", what=rule) from error
            counts[name] += len(chunk)
            if name == ENTRY.name:
                tell(counts[name])
    latest = select(func.coalesce(func.max(ENTRY.c.recorded_us), 0)).where(ENTRY.c[HERE] == branch_id)
    connection.execute(update(HEAD).where(HEAD.c[HERE] == branch_id).values(last_us=latest.scalar_subquery()))
    for name in counts.keys() | file.counts.keys():
        if counts[name] != file.counts.get(name, 0):
            what = f"{counts[name]} rows, the first line says {file.counts.get(name, 0)}"
            raise BranchFileFaulty(place=f"table {name}", what=what)


def _found(connection: Connection, file: BranchFile, first: tuple[str, dict[str, Any]] | None) -> int:
    """Found the branch that the first row describes; returns its number in this database."""
    if first is None or first[0] != BRANCH.name or first[1]["code"] != file.branch:
        raise BranchFileFaulty(place="table branch", what="not the branch that the first line names")
    values = first[1]
    try:
        created_at = instant_of(values["created_us"])
    except OverflowError:
        raise BranchFileFaulty(place="table branch", what="not an instant") from None
    branch = Branch(code=values["code"], name=values["name"], zone=values["zone"], created_at=created_at)
    return Branches(connection).create(branch)


def _insert(connection: Connection, branch_id: int, name: str, chunk: list[dict[str, Any]]) -> int:
    """Write rows of one table; returns how many postings went with them."""
    if name == HEAD.name:
        seq = chunk[-1]["entry_seq"]
        connection.execute(update(HEAD).where(HEAD.c.branch_id == branch_id).values(entry_seq=seq))
        return 0
    postings = [
        {HERE: branch_id, ENTRY_KEY: values["seq"], **posting}
        for values in chunk
        for posting in values.pop(POSTING.name, ())
    ]
    if postings:  # before their entries: an entry that is written takes no more (I-2)
        connection.execute(insert(POSTING), postings)
    table = BRANCH.metadata.tables[name]
    connection.execute(insert(table), [{HERE: branch_id, **values} for values in chunk])
    return len(postings)


def partners_of(desk: Desk) -> list[str]:
    """Return the branches of this database that a branch owes, is owed by, or redeems hours with."""
    here, code = desk.branch_id, desk.branch.code
    ours = RECORD.c[HERE] == here
    owing = select(ACCOUNT.c[HERE]).where(ACCOUNT.c.path == clearing(code))
    owed = select(ACCOUNT.c.path).where(ACCOUNT.c[HERE] == here)
    sponsoring = select(REDEMPTION.c[HERE]).where(REDEMPTION.c.host_branch == code)
    hosting = select(REDEMPTION.c.host_branch).where(REDEMPTION.c[HERE] == here)
    # A record names its redemption `CODE-NO`. What begins with `lille-` may be of `lille-sud`: one too many.
    helping = select(RECORD.c[HERE]).where(RECORD.c.redemption.startswith(f"{code}-"))
    helped = select(RECORD.c.no).where(ours, RECORD.c.redemption.startswith(BRANCH.c.code + "-"))
    query = select(BRANCH.c.code).where(
        BRANCH.c[HERE] != here,
        or_(
            BRANCH.c[HERE].in_(owing),
            (clearing("") + BRANCH.c.code).in_(owed),
            BRANCH.c[HERE].in_(sponsoring),
            BRANCH.c.code.in_(hosting),
            BRANCH.c[HERE].in_(helping),
            helped.exists(),
        ),
    )
    return sorted(desk.connection.execute(query).scalars())
