"""The rows of a branch as stored, for the audit: nothing is checked here, nothing is read back into shape."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Table, and_, func, null, select

from timebank.ledger.audit import StoredAccount, StoredEntry, StoredLine
from timebank.ledger.reconcile import StoredHold, StoredLimit
from timebank.ledger.stories import StoredAct, StoredBeneficiary, StoredRecord, StoredRedemption, StoredStep
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
from timebank.storage.tables_identity import NoteRow, PersonRow

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
    "hold": table_of(HoldRow),
    "mandate": table_of(MandateRow),
    "record": table_of(ServiceRecordRow),
    "redemption": table_of(RedemptionRow),
}
"""Tables whose rows are numbered by a counter of the branch and never deleted."""
Stored = TypeVar("Stored", bound=NamedTuple)


class Evidence(Repository):
    """Everything the audit of a branch looks at; large tables are streamed."""

    def entries(self) -> Iterator[StoredEntry]:
        """Yield the headers of entries, by sequence number."""
        return self._all(StoredEntry, ENTRY, ENTRY.c.seq)

    def lines(self) -> Iterator[StoredLine]:
        """Yield the postings, by entry and line."""
        return self._all(StoredLine, POSTING, POSTING.c.entry_seq, POSTING.c.line)

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

    def policies(self) -> list[tuple[int, bool]]:
        """Return each version and whether its document matches its fingerprint, by version."""
        query = select(POLICY).where(POLICY.c.branch_id == self.desk.branch_id).order_by(POLICY.c.version)
        return [
            (row.version, policy_fingerprint(row.document) == row.fingerprint)
            for row in self.desk.connection.execute(query)
        ]

    def holds(self) -> Iterator[StoredHold]:
        """Yield the holds, by number."""
        return self._all(StoredHold, table_of(HoldRow), table_of(HoldRow).c.no)

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

    def records(self) -> Iterator[StoredRecord]:
        """Yield the service records, by number."""
        table = table_of(ServiceRecordRow)
        return self._all(StoredRecord, table, table.c.no)

    def record_acts(self) -> Iterator[StoredAct]:
        """Yield what was done to service records, by record and number."""
        return self._acts(table_of(ServiceEventRow), "record_no")

    def redemptions(self) -> Iterator[StoredRedemption]:
        """Yield the redemptions, by number."""
        table = table_of(RedemptionRow)
        return self._all(StoredRedemption, table, table.c.no)

    def redemption_acts(self) -> Iterator[StoredAct]:
        """Yield what was done to redemptions, by redemption and number."""
        return self._acts(table_of(RedemptionEventRow), "redemption_no")

    def beneficiaries(self) -> Iterator[StoredBeneficiary]:
        """Yield the beneficiaries, by number."""
        table = table_of(BeneficiaryRow)
        return self._all(StoredBeneficiary, table, table.c.no)

    def beneficiary_steps(self) -> Iterator[StoredStep]:
        """Yield what was done about beneficiaries, by beneficiary and number."""
        table = table_of(BeneficiaryEventRow)
        columns = (table.c.beneficiary_no, table.c.no, table.c.act, table.c.recorded_us)
        query = select(*columns).where(table.c.branch_id == self.desk.branch_id)
        for row in self._stream(query.order_by(table.c.beneficiary_no, table.c.no)):
            yield StoredStep(*row)

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

    def entries_with_words(self) -> list[int]:
        """Return the numbers of the entries that words were written about, unless they were erased."""
        query = select(NOTE.c.about).where(
            NOTE.c.branch_id == self.desk.branch_id, NOTE.c.about.startswith(ABOUT_ENTRY, autoescape=True)
        )
        numbers = (row.about.removeprefix(ABOUT_ENTRY) for row in self.desk.connection.execute(query))
        return sorted(int(number) for number in numbers if number.isdecimal())

    def strangers(self) -> list[str]:
        """Return the references of identities that belong to no member."""
        query = (
            select(PERSON.c.ref)
            .outerjoin(MEMBER, and_(PERSON.c.branch_id == MEMBER.c.branch_id, PERSON.c.ref == MEMBER.c.ref))
            .where(PERSON.c.branch_id == self.desk.branch_id, MEMBER.c.ref.is_(None))
            .order_by(PERSON.c.ref)
        )
        return [row.ref for row in self.desk.connection.execute(query)]

    def _acts(self, table: Table, story: str) -> Iterator[StoredAct]:
        columns = (table.c[story], table.c.no, table.c.act, table.c.actor, table.c.minutes)
        query = select(*columns).where(table.c.branch_id == self.desk.branch_id)
        for row in self._stream(query.order_by(table.c[story], table.c.no)):
            yield StoredAct(*row)

    def _all(self, stored: type[Stored], table: Table, *order: Any) -> Iterator[Stored]:  # noqa: ANN401
        query = select(*_columns(stored, table)).where(table.c.branch_id == self.desk.branch_id)
        for row in self._stream(query.order_by(*order)):
            yield stored(*row)

    def _stream(self, query: Any) -> Any:  # noqa: ANN401 - whatever was selected
        return self.desk.connection.execute(query.execution_options(yield_per=CHUNK))


def _columns(stored: type[NamedTuple], table: Table) -> list[Any]:
    return [table.c[name] for name in stored._fields]
