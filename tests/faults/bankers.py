"""Workers of the bank workload: `python -m tests.faults.bankers` with a JSON argument.

Numbers as in Jepsen's bank test: 8 accounts, 100 minutes in all, transfers of 1 to 5. A writer says each
transfer that was acknowledged; a blind one has a lost update planted in it. A reader says each reading that
was wrong, and why, and now and then how many it has made.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from tests.faults.crew import READY, Crew
from tests.faults.insisting import Interruption, insist, say

import timebank
from timebank.errors import InsufficientHours
from timebank.ledger.batch import PostRequest
from timebank.ledger.limits import Limits
from timebank.ledger.model import JournalEntry, Side, credit, debit
from timebank.services.bank import Bank

BRANCH: Final = "bank"
ACCOUNTS: Final = tuple(f"fund:account-{number}" for number in range(8))
TOTAL_MINUTES: Final = 100
TRANSFER_MINUTES_MOST: Final = 5
REPORT_EVERY: Final = 50
WRONG: Final = "wrong"
READINGS: Final = "readings"
BLIND_SECONDS: Final = 0.001
"""Between what a blind writer reads and what it writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a worker is told."""

    what: str
    """`writer`, `blind writer` or `reader`."""
    address: str
    worker: int

    def hire(self, crew: Crew) -> None:
        """Start a worker in this role."""
        crew.hire("tests.faults.bankers", self.worker, json.dumps(asdict(self)))


def found_bank(address: str) -> None:
    """Make a database with the accounts, none of which may overdraw, and put the total into the first."""
    bank = timebank.open(address)
    bank.branches.create(BRANCH, name="Sample")
    bank.accounts.open(BRANCH, "issuance:opening")
    for path in ACCOUNTS:
        bank.accounts.open(BRANCH, path)
        bank.accounts.limit(BRANCH, path, limits=Limits(floor=0), why="bank workload")
    bank.transfers.transfer(
        BRANCH,
        debit_path="issuance:opening",
        credit_path=ACCOUNTS[0],
        minutes=TOTAL_MINUTES,
        reason="bank workload",
    )
    bank.close()


def transfers_of(chance: random.Random) -> Iterator[tuple[str, str, int]]:
    """Draw transfers for ever: from where, to where, minutes."""
    while True:
        debit_path, credit_path = chance.sample(ACCOUNTS, 2)
        yield debit_path, credit_path, chance.randint(1, TRANSFER_MINUTES_MOST)


def write(role: Role) -> None:
    """Transfer minutes until told to end; what an account does not have is refused."""
    told = Interruption()
    bank, _ = insist(lambda: timebank.open(role.address))
    say(READY)
    for number, (debit_path, credit_path, minutes) in enumerate(transfers_of(random.Random(role.worker))):
        if told.to_end:
            break
        move = partial(_move, bank, debit_path, credit_path, minutes, f"{role.worker} {number}")
        with suppress(InsufficientHours):
            insist(move)
            say(debit_path, credit_path, minutes)
    bank.close()


def _move(bank: Bank, debit_path: str, credit_path: str, minutes: int, key: str) -> None:
    """Move minutes in one of the two ways that there are."""
    if minutes % 2:
        postings = (debit(debit_path, minutes), credit(credit_path, minutes))
        bank.entries.post(BRANCH, PostRequest(postings=postings, key=key))
    else:
        bank.transfers.transfer(
            BRANCH,
            debit_path=debit_path,
            credit_path=credit_path,
            minutes=minutes,
            reason="bank workload",
            key=key,
        )


def write_blindly(role: Role) -> None:
    """Do the same with a lost update: read two balances, and later write what they should be by now.

    It goes past the program, and past the guards in the database, right to the balances that readers see.
    """
    told = Interruption()
    engine = create_engine(role.address)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _ignore_triggers)
    say(READY)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        accounts = connection.exec_driver_sql("SELECT path, no FROM account")
        numbers = {str(path): int(no) for path, no in accounts}
        for debit_path, credit_path, minutes in transfers_of(random.Random(role.worker)):
            if told.to_end:
                break
            balances = [_balance(connection, numbers[path]) for path in (debit_path, credit_path)]
            if balances[0] < minutes:
                continue
            time.sleep(BLIND_SECONDS)
            with suppress(OperationalError):  # the file was busy, the rows were locked crosswise
                _write_balances(
                    connection,
                    {numbers[debit_path]: balances[0] - minutes, numbers[credit_path]: balances[1] + minutes},
                )
                say(debit_path, credit_path, minutes)
    engine.dispose()


def unguard(address: str) -> None:
    """Take away from an SQLite file what would stop a blind writer; on PostgreSQL its session does."""
    engine = create_engine(address)
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            triggers = (
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'account_balance'"
            )
            for (name,) in connection.exec_driver_sql(triggers).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
    engine.dispose()


def _ignore_triggers(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("SET session_replication_role = replica")
    cursor.close()
    connection.commit()


def _balance(connection: Connection, account: int) -> int:
    query = f"SELECT balance FROM account_balance WHERE account_no = {account}"
    return int(connection.exec_driver_sql(query).scalar_one())


def _write_balances(connection: Connection, balances: dict[int, int]) -> None:
    """Write both in one transaction, so that the only mistake is the one that was planted."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
    try:
        for account, balance in sorted(balances.items()):
            query = f"UPDATE account_balance SET balance = {balance} WHERE account_no = {account}"
            connection.exec_driver_sql(query)
        connection.exec_driver_sql("COMMIT")
    except OperationalError:
        connection.exec_driver_sql("ROLLBACK")
        raise


class Reader:
    """Reads everything in one transaction, and compares it with all that it has read before."""

    def __init__(self, bank: Bank) -> None:
        """Begin with an empty journal."""
        self.bank = bank
        self.seen = 0
        self.folded: Counter[str] = Counter()

    def read(self, *, is_in_steps: bool) -> Iterator[str]:
        """Read once; yields what is wrong.

        Args:
            is_in_steps: each balance by a statement of its own rather than all in one: a transaction that is
                not of one moment shows itself.
        """
        with self.bank.store.read() as tx:
            books = tx.books(BRANCH)
            if is_in_steps:
                balances = {path: books.accounts.state(path).balance for path in ACCOUNTS}
            else:
                balances = {each.path: each.balance for each in books.accounts.states(ACCOUNTS)}
            head = books.reader.head()
            entries = books.reader.list(after=self.seen)
        yield from self._judge(balances, head, entries)

    def _judge(self, balances: dict[str, int], head: int, entries: Sequence[JournalEntry]) -> Iterator[str]:
        if set(balances) != set(ACCOUNTS):
            yield "accounts"
        if sum(balances.values()) != TOTAL_MINUTES:
            yield "total"
        if min(balances.values()) < 0:
            yield "negative"
        if head < self.seen:
            yield "head-went-back"
        if [entry.seq for entry in entries] != list(range(self.seen + 1, head + 1)):
            yield "gap"
        for entry in entries:
            for line in entry.lines:
                change = line.posting.amount if line.posting.side is Side.CREDIT else -line.posting.amount
                self.folded[line.posting.path] += change
        self.seen = max(self.seen, head)
        if any(self.folded[path] != balances.get(path) for path in ACCOUNTS):
            yield "journal-differs"


def read(role: Role) -> None:
    """Read until told to end."""
    told = Interruption()
    bank, _ = insist(lambda: timebank.open(role.address))
    reader = Reader(bank)
    say(READY)
    readings = 0
    while not told.to_end:
        is_in_steps = readings % 2 == 0
        wrong, _ = insist(lambda is_in_steps=is_in_steps: list(reader.read(is_in_steps=is_in_steps)))  # type: ignore[misc]
        for what in wrong:
            say(WRONG, what)
        readings += 1
        if readings % REPORT_EVERY == 0:
            say(READINGS, REPORT_EVERY)
    say(READINGS, readings % REPORT_EVERY)
    bank.close()


WORK: Final = {"writer": write, "blind writer": write_blindly, "reader": read}

if __name__ == "__main__":
    given = Role(**json.loads(sys.argv[1]))
    WORK[given.what](given)
