"""Every table of a branch, out as rows: what `reports.jsonl` writes, and what goes to another database.

The list of tables is written out, not found: a table that is not named here does not leave the database
by accident, and a test sees to it that every table is either named or kept back on purpose.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, LargeBinary, Table, Text, func, or_, select

from timebank.errors import ExportInconsistent
from timebank.ledger.chart import clearing
from timebank.reports.jsonl import BranchFile, Column, ColumnKind, TableShape, Values
from timebank.storage.columns import Row, table_of
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
from timebank.storage.tables_access import AccessTokenRow
from timebank.storage.tables_audit import AuditPointRow
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
from timebank.storage.tables_events import DeadLetterRow, OutboxRow, WebhookRow
from timebank.storage.tables_identity import AddressRow, AliasRow, DetailRow, NoteRow, PersonRow
from timebank.storage.tables_life import LifeEventRow
from timebank.storage.tables_listings import HelpOfferRow, HelpRequestRow
from timebank.storage.tables_log import (
    LogCheckpointRow,
    LogCosignatureRow,
    LogKeyRow,
    LogTileRow,
    WitnessLogRow,
)
from timebank.storage.tables_manners import AccessLogRow, BranchSecretRow
from timebank.storage.tables_matches import MatchRow
from timebank.storage.tables_profiles import (
    ClearanceRow,
    ExclusionRow,
    ExperienceRow,
    ParkingRow,
    ProfileRow,
    WishRow,
)
from timebank.storage.tables_sign_in import CredentialRow, InvitationRow, MailCodeRow, SubjectRow

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
IDENTITY_ROWS: Final[tuple[type[Row], ...]] = (
    *(PersonRow, NoteRow, DetailRow, AliasRow),
    *(ProfileRow, WishRow, ExperienceRow, ClearanceRow, ExclusionRow, ParkingRow),
)
IDENTITIES: Final = tuple(map(table_of, IDENTITY_ROWS))
# In the order in which they can be restored: what is pointed to comes first. Postings go with their entry.
ROWS: Final[tuple[type[Row], ...]] = (
    *(BranchRow, BranchHeadRow, BranchCounterRow, PolicyVersionRow, MemberRow),
    *IDENTITY_ROWS,
    *(AccountRow, AccountBalanceRow, AccountLimitRow, AccountOverrideRow, MandateRow),
    *(BeneficiaryRow, BeneficiaryEventRow),
    *(HelpRequestRow, HelpOfferRow, MatchRow),
    *(EntryRow, HoldRow, ServiceRecordRow, ServiceEventRow, RedemptionRow, RedemptionEventRow),
    *(RequestKeyRow, ImportBatchRow, OutboxRow),
    *(LogKeyRow, LogCheckpointRow, LogCosignatureRow),
    LifeEventRow,
)
TABLES: Final = tuple(table_of(row) for row in ROWS)
KEPT_BACK: Final[frozenset[str]] = frozenset(
    table_of(row).name
    for row in (
        *(AuditPointRow, AccessTokenRow, BranchSecretRow, AccessLogRow),
        *(InvitationRow, CredentialRow, MailCodeRow, SubjectRow, AddressRow),
        *(WebhookRow, DeadLetterRow),
        *(LogTileRow, WitnessLogRow),
    )
)
"""Tables that are not exported: secrets, what belongs to the database rather than to a branch, and the tiles,
which follow from the entries.
"""
CHUNK: Final = 1_000
KINDS: Final = ((Integer, ColumnKind.NUMBER), (Text, ColumnKind.TEXT), (LargeBinary, ColumnKind.BYTES))

Chunk = tuple[str, Sequence[Values]]
"""Rows of one table, each in the columns of `columns_of`."""
Tell = Callable[[int], None]
"""Told, now and then, how many entries are done."""


def columns_of(table: Table) -> list[ColumnElement[Any]]:
    """Return the columns of a table that leave the database, in their order."""
    return [each for each in table.columns if each.name not in {HERE, *LOCAL.get(table.name, ())}]


def shape_of(table: Table, *, without: Collection[str] = (), nested: TableShape | None = None) -> TableShape:
    """Return a table as files have it: every column that leaves the database but those in `without`."""
    columns = tuple(
        Column(
            column.name,
            next(kind for type_, kind in KINDS if isinstance(column.type, type_)),
            bool(column.nullable),
        )
        for column in columns_of(table)
        if column.name not in without
    )
    return TableShape(name=table.name, columns=columns, nested=nested)


SHAPES: Final[Mapping[str, TableShape]] = {
    table.name: shape_of(
        table,
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

    def chunks(self, tell: Tell) -> Iterator[Chunk]:
        """Yield (table, rows) by table and key, in the columns of the file; postings before their entries.

        Raises:
            ExportInconsistent: after the last row, if there were not as many as were counted.
        """
        written: Counter[str] = Counter()
        for table in self.tables:
            for name, rows in self._stream(table) if table is not ENTRY else self._entries(tell):
                written[name] += len(rows)
                yield name, rows
        for name, counted in self.file.counts.items():
            if written[name] != counted:
                raise ExportInconsistent(
                    table=name, branch=self.desk.branch.code, counted=counted, written=written[name]
                )

    def rows(self, tell: Tell) -> Iterator[tuple[str, Values]]:
        """Yield (table, values) of every row, by table and key; postings stand in their entry.

        Raises:
            As `chunks` does.
        """
        lines: dict[int, list[Values]] = {}
        for name, rows in self.chunks(tell):
            if name == POSTING.name:
                lines = {seq: [row[1:] for row in group] for seq, group in groupby(rows, key=itemgetter(0))}
                continue
            for row in rows:
                yield name, row if name != ENTRY.name else (*row, lines.get(row[0], ()))

    def _stream(self, table: Table) -> Iterator[Chunk]:
        # PostgreSQL sorts text by its locale unless told; the same books give the same file on any engine.
        is_postgres = self.desk.connection.dialect.name == "postgresql"
        order = [
            column.collate("C") if is_postgres and isinstance(column.type, Text) else column
            for column in table.primary_key
        ]
        query = select(*columns_of(table)).where(table.c[HERE] == self.desk.branch_id).order_by(*order)
        found = self.desk.connection.execute(query.execution_options(yield_per=CHUNK))
        return ((table.name, [tuple(row) for row in rows]) for rows in found.partitions())

    def _entries(self, tell: Tell) -> Iterator[Chunk]:
        """Yield entries and their postings, a range of numbers at a time: no cursor stays open for either."""
        here, execute = self.desk.branch_id, self.desk.connection.execute
        entries = select(*columns_of(ENTRY)).where(ENTRY.c[HERE] == here).order_by(ENTRY.c.seq).limit(CHUNK)
        key = (POSTING.c[ENTRY_KEY], POSTING.c.line)
        postings = select(*columns_of(POSTING)).where(POSTING.c[HERE] == here).order_by(*key)
        last = -1
        while rows := [tuple(row) for row in execute(entries.where(ENTRY.c.seq > last))]:
            first, last = last, rows[-1][0]
            between = (POSTING.c[ENTRY_KEY] > first, POSTING.c[ENTRY_KEY] <= last)
            known = {row[0] for row in rows}
            lines = [tuple(row) for row in execute(postings.where(*between))]
            yield POSTING.name, [line for line in lines if line[0] in known]
            yield ENTRY.name, rows
            tell(last)


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
