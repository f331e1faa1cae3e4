"""How far a journal reaches: what an exported journal has to know before its first entry."""

from datetime import date

from sqlalchemy import and_, func, select

from timebank.instants import day_of, zone_of
from timebank.ledger.canonical import instant_of
from timebank.reports.journals import JournalAccount, JournalBook
from timebank.storage.columns import table_of
from timebank.storage.repository import Repository
from timebank.storage.tables import AccountBalanceRow, AccountRow, EntryRow, PostingRow

ACCOUNT = table_of(AccountRow)
BALANCE = table_of(AccountBalanceRow)
ENTRY = table_of(EntryRow)
POSTING = table_of(PostingRow)


class Extent(Repository):
    """The accounts of a branch from their first day on, and the days of its entries."""

    def book(self) -> JournalBook:
        """Return what a journal says besides its entries."""
        query = select(func.count(), func.max(ENTRY.c.effective_on)).where(
            ENTRY.c.branch_id == self.desk.branch_id
        )
        entries, last_on = self.desk.connection.execute(query).one()
        return JournalBook(
            branch=self.desk.branch.code,
            entries=entries,
            accounts=self._accounts(),
            last_entry_on=date.fromisoformat(last_on) if last_on is not None else None,
        )

    def _accounts(self) -> tuple[JournalAccount, ...]:
        zone = zone_of(self.desk.branch.zone)
        first_days = self._first_days()
        query = (
            select(ACCOUNT, BALANCE.c.balance)
            .join(
                BALANCE,
                and_(BALANCE.c.branch_id == ACCOUNT.c.branch_id, BALANCE.c.account_no == ACCOUNT.c.no),
            )
            .where(ACCOUNT.c.branch_id == self.desk.branch_id)
        )
        rows = self.desk.connection.execute(query)
        accounts = (
            JournalAccount(
                path=row.path,
                unit=row.unit,
                balance=row.balance,
                opened_on=min(day_of(instant_of(row.opened_us), zone), first_days.get(row.no, date.max)),
                is_closed=row.closed_us is not None,
            )
            for row in rows
        )
        return tuple(sorted(accounts, key=lambda account: (account.path, account.unit)))

    def _first_days(self) -> dict[int, date]:
        """Return the first effective day of each account that has postings."""
        query = (
            select(POSTING.c.account_no, func.min(ENTRY.c.effective_on))
            .join(ENTRY, and_(ENTRY.c.branch_id == POSTING.c.branch_id, ENTRY.c.seq == POSTING.c.entry_seq))
            .where(POSTING.c.branch_id == self.desk.branch_id)
            .group_by(POSTING.c.account_no)
        )
        return {no: date.fromisoformat(first_on) for no, first_on in self.desk.connection.execute(query)}
