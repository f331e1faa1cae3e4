"""The rows of a branch's books as stored, for the audit.

Nothing is checked here, nothing is read back into shape. Stories are in `story_evidence`, the fast lane over
the journal is in `folding`.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Table, and_, func, null, or_, select

from timebank.ledger.audit import StoredAccount, StoredEntry, StoredLine
from timebank.ledger.reconcile import StoredLimit
from timebank.policy.document import policy_fingerprint
from timebank.storage.columns import table_of
from timebank.storage.repository import Repository
from timebank.storage.tables import (
    AccountBalanceRow,
    AccountLimitRow,
    AccountOverrideRow,
    AccountRow,
    BranchCounterRow,
    BranchHeadRow,
    EntryRow,
    PolicyVersionRow,
    PostingRow,
)
from timebank.storage.tables_care import (
    BeneficiaryRow,
    HoldRow,
    MandateRow,
    MemberRow,
    RedemptionRow,
    ServiceRecordRow,
)
from timebank.storage.tables_identity import NoteRow, PersonRow
from timebank.storage.tables_listings import HelpOfferRow, HelpRequestRow
from timebank.storage.tables_matches import MatchRow

CHUNK = 2_000
ACCOUNT = table_of(AccountRow)
BALANCE = table_of(AccountBalanceRow)
COUNTER = table_of(BranchCounterRow)
ENTRY = table_of(EntryRow)
HEAD = table_of(BranchHeadRow)
MEMBER = table_of(MemberRow)
NOTE = table_of(NoteRow)
PERSON = table_of(PersonRow)
POLICY = table_of(PolicyVersionRow)
POSTING = table_of(PostingRow)
ABOUT_ENTRY = "entry "
NUMBERED = {
    "account": table_of(AccountRow),
    "beneficiary": table_of(BeneficiaryRow),
    "help_match": table_of(MatchRow),
    "help_offer": table_of(HelpOfferRow),
    "help_request": table_of(HelpRequestRow),
    "hold": table_of(HoldRow),
    "mandate": table_of(MandateRow),
    "record": table_of(ServiceRecordRow),
    "redemption": table_of(RedemptionRow),
}
"""Tables whose rows are numbered by a counter of the branch and never deleted."""
Stored = TypeVar("Stored", bound=NamedTuple)


class Extent(NamedTuple):
    """How far a journal goes, as stored; None where there is nothing."""

    entries: int
    """How many there are; of many, how many there should be."""
    first_seq: int | None
    last_seq: int | None
    first_posted: int | None
    """The first entry that has postings."""
    last_posted: int | None
    is_counted: bool = True
    """Whether all entries were counted."""

    def is_whole(self, after: int) -> bool:
        """Tell whether entries are numbered without a gap from 1, and no posting lies outside them.

        Of entries that were not counted, the fold has to say so.
        """
        last = self.last_seq or 0
        if not last:
            return self.first_posted is None
        return (
            self.first_seq == self.first_posted == 1
            and self.last_posted == last
            and self.entries == last - after
        )


class Evidence(Repository):
    """Everything the audit of a branch looks at; large tables are streamed."""

    def entries(self, *, after: int | None = None) -> Iterator[StoredEntry]:
        """Yield the headers of entries, by sequence number."""
        return self._all(StoredEntry, ENTRY, ENTRY.c.seq, after=after)

    def lines(self, *, after: int | None = None) -> Iterator[StoredLine]:
        """Yield the postings, by entry and line."""
        return self._all(StoredLine, POSTING, POSTING.c.entry_seq, POSTING.c.line, after=after)

    def extent(self, *, after: int = 0, most: int | None = None) -> Extent:
        """Return how many entries there are beyond one, and the ends of them and of the postings.

        Args:
            after: the entry.
            most: how many to count; if there are as many, their numbers say how many there should be.
        """
        ends = [
            select(end(number)).where(table.c.branch_id == self.desk.branch_id).scalar_subquery()
            for table, number in ((ENTRY, ENTRY.c.seq), (POSTING, POSTING.c.entry_seq))
            for end in (func.min, func.max)  # one alone is a look at an end of the index, both are a scan
        ]
        first, last, first_posted, last_posted = self.desk.connection.execute(select(*ends)).one()
        beyond = select(ENTRY.c.seq).where(ENTRY.c.branch_id == self.desk.branch_id, ENTRY.c.seq > after)
        counted = select(func.count()).select_from(beyond.limit(most).subquery())
        count = self.desk.connection.execute(counted).scalar_one()
        is_counted = most is None or count < most
        entries = count if is_counted else last - after
        return Extent(entries, first, last, first_posted, last_posted, is_counted)

    def head_of(self, seq: int) -> tuple[bytes, int] | None:
        """Return leaf and instant of an entry, None if it is not there."""
        query = select(ENTRY.c.leaf, ENTRY.c.recorded_us).where(
            ENTRY.c.branch_id == self.desk.branch_id, ENTRY.c.seq == seq
        )
        row = self.desk.connection.execute(query).one_or_none()
        return None if row is None else (row.leaf, row.recorded_us)

    def lines_of(self, seqs: Iterable[int]) -> Iterator[StoredLine]:
        """Yield the postings of some entries, by entry and line."""
        rest = iter(sorted(seqs))
        while chunk := list(islice(rest, CHUNK)):
            query = select(*_columns(StoredLine, POSTING)).where(
                POSTING.c.branch_id == self.desk.branch_id, POSTING.c.entry_seq.in_(chunk)
            )
            for row in self.desk.connection.execute(query.order_by(POSTING.c.entry_seq, POSTING.c.line)):
                yield StoredLine(*row)

    def accounts(self) -> dict[int, StoredAccount]:
        """Return the accounts with their cached totals, by number."""
        query = (
            select(
                ACCOUNT.c.no,
                ACCOUNT.c.path,
                ACCOUNT.c.unit,
                BALANCE.c.balance,
                BALANCE.c.given,
                BALANCE.c.received,
                BALANCE.c.version,
            )
            .outerjoin(
                BALANCE,
                and_(BALANCE.c.branch_id == ACCOUNT.c.branch_id, BALANCE.c.account_no == ACCOUNT.c.no),
            )
            .where(ACCOUNT.c.branch_id == self.desk.branch_id)
        )
        return {row.no: StoredAccount(*row) for row in self.desk.connection.execute(query)}

    def closed_with_balance(self) -> list[tuple[str, str]]:
        """Return path and unit of the accounts that are closed, yet have a cached balance."""
        query = (
            select(ACCOUNT.c.path, ACCOUNT.c.unit)
            .join(
                BALANCE,
                and_(BALANCE.c.branch_id == ACCOUNT.c.branch_id, BALANCE.c.account_no == ACCOUNT.c.no),
            )
            .where(
                ACCOUNT.c.branch_id == self.desk.branch_id,
                ACCOUNT.c.closed_us.is_not(None),
                BALANCE.c.balance != 0,
            )
        )
        return [(row.path, row.unit) for row in self.desk.connection.execute(query)]

    def head(self) -> int | None:
        """Return the number of the last entry, as the branch's head says; None if it has no head."""
        query = select(HEAD.c.entry_seq).where(HEAD.c.branch_id == self.desk.branch_id)
        head: int | None = self.desk.connection.execute(query).scalar_one_or_none()
        return head

    def last_written_us(self) -> int:
        """Return when the branch was last written to."""
        query = select(HEAD.c.last_us).where(HEAD.c.branch_id == self.desk.branch_id)
        return int(self.desk.connection.execute(query).scalar_one())

    def policies(self) -> list[tuple[int, bool]]:
        """Return each version and whether its document matches its fingerprint, by version."""
        query = select(POLICY).where(POLICY.c.branch_id == self.desk.branch_id).order_by(POLICY.c.version)
        return [
            (row.version, policy_fingerprint(row.document) == row.fingerprint)
            for row in self.desk.connection.execute(query)
        ]

    def limits(self) -> Iterator[StoredLimit]:
        """Yield the changes of accounts' own limits, by account and number."""
        table = table_of(AccountLimitRow)
        return self._all(StoredLimit, table, table.c.account_no, table.c.no)

    def overrides(self) -> Iterator[StoredLimit]:
        """Yield the overrides, by account and number, without their levels: an override sets either alone."""
        table = table_of(AccountOverrideRow)
        columns = (table.c.account_no, table.c.no, *[null()] * 4, table.c.actor)
        query = select(*columns).where(table.c.branch_id == self.desk.branch_id)
        for row in self._stream(query.order_by(table.c.account_no, table.c.no)):
            yield StoredLimit(*row)

    def counters(self) -> dict[str, int]:
        """Return the last number given to each noun."""
        query = select(COUNTER.c.noun, COUNTER.c.last_no).where(COUNTER.c.branch_id == self.desk.branch_id)
        return {row.noun: row.last_no for row in self.desk.connection.execute(query)}

    def numbers(self) -> dict[str, tuple[int, int]]:
        """Return how many rows each numbered table has and their highest number, by noun."""
        found = {}
        for noun, table in NUMBERED.items():
            query = select(func.count(), func.coalesce(func.max(table.c.no), 0)).where(
                table.c.branch_id == self.desk.branch_id
            )
            count, highest = self.desk.connection.execute(query).one()
            found[noun] = (count, highest)
        return found

    def members(self) -> list[tuple[str, bool, bool]]:
        """Return reference, whether marked as erased, and whether an identity is kept, of every member."""
        query = (
            select(MEMBER.c.ref, MEMBER.c.erased_us, PERSON.c.ref.label("person"))
            .outerjoin(PERSON, and_(PERSON.c.branch_id == MEMBER.c.branch_id, PERSON.c.ref == MEMBER.c.ref))
            .where(MEMBER.c.branch_id == self.desk.branch_id)
            .order_by(MEMBER.c.ref)
        )
        rows = self.desk.connection.execute(query)
        return [(row.ref, row.erased_us is not None, row.person is not None) for row in rows]

    def words_beyond(self, seq: int) -> list[int]:
        """Return the entries after `seq` that words were written about, unless these were erased."""
        last = f"{ABOUT_ENTRY}{seq}"
        about: Any = NOTE.c.about
        if self.desk.connection.dialect.name == "postgresql":
            about = about.collate("C")
        # As numbers are written, the longer one is the larger: the database looks through a million notes, so
        # what takes it least comes first.
        query = select(NOTE.c.about).where(
            NOTE.c.branch_id == self.desk.branch_id,
            func.length(about) >= len(last),
            or_(func.length(about) > len(last), about > last),
            NOTE.c.about.startswith(ABOUT_ENTRY, autoescape=True),
        )
        numbers = (row.about.removeprefix(ABOUT_ENTRY) for row in self.desk.connection.execute(query))
        return sorted(each for each in (int(text) for text in numbers if text.isdecimal()) if each > seq)

    def strangers(self) -> list[str]:
        """Return the references of identities that belong to no member."""
        query = (
            select(PERSON.c.ref)
            .outerjoin(MEMBER, and_(PERSON.c.branch_id == MEMBER.c.branch_id, PERSON.c.ref == MEMBER.c.ref))
            .where(PERSON.c.branch_id == self.desk.branch_id, MEMBER.c.ref.is_(None))
            .order_by(PERSON.c.ref)
        )
        return [row.ref for row in self.desk.connection.execute(query)]

    def _all(
        self,
        stored: type[Stored],
        table: Table,
        *order: Any,  # noqa: ANN401
        after: int | None = None,
    ) -> Iterator[Stored]:
        query = select(*_columns(stored, table)).where(table.c.branch_id == self.desk.branch_id)
        if after is not None:
            query = query.where(order[0] > after)
        for row in self._stream(query.order_by(*order)):
            yield stored(*row)

    def _stream(self, query: Any) -> Any:  # noqa: ANN401 - whatever was selected
        return self.desk.connection.execute(query.execution_options(yield_per=CHUNK))


def _columns(stored: type[NamedTuple], table: Table) -> list[Any]:
    return [table.c[name] for name in stored._fields]
