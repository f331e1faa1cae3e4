"""A process that transfers minutes and says so: `python -m tests.faults.writer` with a JSON argument.

Request number N of writer W moves AMOUNT = (W + 1) * 1,000,000 + N minutes under the key `W N`, so that the
amount of an entry alone says which request it came from. Each answer is one line: the number of the request
and that of the entry. A SIGTERM lets it finish what it is doing and end.
"""

import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import PoolProxiedConnection
from tests.faults.crew import READY, Crew
from tests.faults.insisting import Interruption, insist, say
from tests.faults.journals import Care, Journal, kept_with

import timebank
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank

REQUESTS_MOST: Final = 1_000_000
SOURCE: Final = "issuance:grant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a writer is told."""

    address: str
    writer: int
    number: int = 1
    """The first request; the requests before it were answered."""
    requests: int = REQUESTS_MOST
    dies_after_commit: int | None = None
    """The request in which the process ends with its commit done and nothing said."""
    journal: str = Journal.WAL

    @property
    def branch(self) -> str:
        """The branch it writes to: writers share two."""
        return branch_of(self.writer)

    def hire(self, crew: Crew) -> None:
        """Start a writer with this job."""
        crew.hire("tests.faults.writer", self.writer, json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Ack:
    """One answer: writer, request, entry."""

    writer: int
    number: int
    seq: int


def acks_of(crew: Crew) -> tuple[Ack, ...]:
    """Return every answer that a crew of writers has had."""
    return tuple(Ack(said.worker, *map(int, said.words)) for said in tuple(crew.said))


def last_number(acks: Iterable[Ack], writer: int) -> int:
    """Return the last request of a writer that was answered, 0 if none was."""
    return max((ack.number for ack in acks if ack.writer == writer), default=0)


def branch_of(writer: int) -> str:
    """Return the branch that a writer writes to."""
    return f"branch-{writer % 2}"


def fund_of(writer: int) -> str:
    """Return the account that a writer pays into."""
    return f"fund:writer-{writer}"


def amount_of(writer: int, number: int) -> int:
    """Return the minutes of a request: no two requests have the same."""
    return (writer + 1) * REQUESTS_MOST + number


def found(address: str, writers: int) -> None:
    """Make a database with what these writers need."""
    bank = timebank.open(address)
    for branch in sorted({branch_of(writer) for writer in range(writers)}):
        bank.branches.create(branch, name="Sample")
        bank.accounts.open(branch, SOURCE)
    for writer in range(writers):
        bank.accounts.open(branch_of(writer), fund_of(writer))
    bank.close()


def request(bank: Bank, job: Job, number: int) -> int:
    """Make one request and return its entry; the same one for the same number.

    Every other one goes the way of a batch, which keeps the end of the journal in mind between transactions.
    """
    path, minutes, key = fund_of(job.writer), amount_of(job.writer, number), f"{job.writer} {number}"
    if number % 2:
        postings = (debit(SOURCE, minutes), credit(path, minutes))
        return bank.entries.post(job.branch, PostRequest(postings=postings, key=key)).seq
    return bank.transfers.transfer(
        job.branch, debit_path=SOURCE, credit_path=path, minutes=minutes, reason="fault run", key=key
    ).seq


def die_after_commit(bank: Bank) -> None:
    """Let the next commit be the last thing that this process does."""
    dialect = bank.store.engine.dialect
    commit = dialect.do_commit

    def commit_and_die(connection: PoolProxiedConnection) -> None:
        commit(connection)
        os.kill(os.getpid(), signal.SIGKILL)

    dialect.do_commit = commit_and_die  # type: ignore[assignment]


def work(job: Job) -> None:
    """Make requests, one after the other, each until it is answered."""
    told = Interruption()
    bank, _ = insist(lambda: timebank.open(job.address))
    say(READY)
    for number in range(job.number, job.number + job.requests):
        if told.to_end:
            break
        if number == job.dies_after_commit:
            die_after_commit(bank)
        seq, _ = insist(lambda number=number: request(bank, job, number))  # type: ignore[misc]
        say(number, seq)
    bank.close()


if __name__ == "__main__":
    hired = Job(**json.loads(sys.argv[1]))
    with kept_with(Care(Journal(hired.journal))):
        work(hired)
