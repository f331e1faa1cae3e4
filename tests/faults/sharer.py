"""Worker: does requests that share commits, and dies at a moment; `python -m tests.faults.sharer` with JSON.

Two ways lead to a shared commit: a share of acts, as the service makes it on a file, and the coalescing
writer, to which any number of requests are handed in at once.
"""

import json
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from os import getpid, kill
from signal import SIGKILL
from typing import Final

from sqlalchemy import PoolProxiedConnection
from tests.faults.crew import READY, Crew
from tests.faults.insisting import be_quiet, say
from tests.faults.writer import Job, amount_of, fund_of, request

import timebank
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank
from timebank.services.sharing import Shared

COMMIT: Final = "commit"
"""What a worker says of the shared commit: how many entries there are before it, and after it."""
GATHERING_SECONDS: Final = 0.1
"""How long a commit takes that nobody shares: meanwhile others gather for the next one."""


class Way(StrEnum):
    """What leads to a shared commit."""

    SHARE = "share"
    WRITER = "writer"


class Moment(StrEnum):
    """When a worker dies."""

    BETWEEN_ACTS = "between acts"
    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker is told."""

    address: str
    way: str
    first: int
    """The first request."""
    requests: int
    moment: str = Moment.NEVER
    act: int = 0
    """After how many acts it dies, if between acts."""

    def hire(self, crew: Crew) -> None:
        """Start a worker with this task."""
        crew.hire("tests.faults.sharer", 0, json.dumps(asdict(self)))

    @property
    def job(self) -> Job:
        """The same as a writer's job."""
        return Job(address=self.address, writer=0)

    @property
    def numbers(self) -> range:
        """The requests."""
        return range(self.first, self.first + self.requests)


def die() -> None:
    """End this process at once."""
    kill(getpid(), SIGKILL)


def watch_commits(bank: Bank, task: Task) -> None:
    """Die at the first commit of more than one entry, and say before how many there are and will be."""
    dialect = bank.store.engine.dialect
    commit = dialect.do_commit
    kept = task.first - 1

    def watched(connection: PoolProxiedConnection) -> None:
        nonlocal kept
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM entry")
        before, (kept,) = kept, cursor.fetchone() or (0,)
        cursor.close()
        is_shared = kept > before + 1
        if is_shared and task.moment != Moment.NEVER:
            say(COMMIT, before, kept)
        if is_shared and task.moment == Moment.BEFORE_COMMIT:
            die()
        if not is_shared:
            time.sleep(GATHERING_SECONDS)
        commit(connection)
        if is_shared and task.moment == Moment.AFTER_COMMIT:
            die()

    dialect.do_commit = watched  # type: ignore[assignment]


def share(bank: Bank, task: Task) -> None:
    """Do all requests in one transaction."""
    shared = Shared(bank.store, is_patient=True)
    done = []
    with shared.here():
        for count, number in enumerate(task.numbers):
            if task.moment == Moment.BETWEEN_ACTS and count == task.act:
                die()
            done.append((number, request(bank, task.job, number)))
    shared.commit()
    for each in done:
        say(*each)


def hand_in(bank: Bank, task: Task) -> None:
    """Hand all requests in to the coalescing writer at once."""
    path = fund_of(0)
    with bank.writer() as writer:
        waiting = []
        for number in task.numbers:
            minutes = amount_of(0, number)
            postings = (debit("issuance:grant", minutes), credit(path, minutes))
            item = PostRequest(postings=postings, key=f"0 {number}")
            waiting.append((number, writer.submit(task.job.branch, item)))
        for number, future in waiting:
            say(number, future.result().entries[0])


def work(task: Task) -> None:
    """Open the books and do the task."""
    be_quiet()
    with closing(timebank.open(task.address)) as bank:
        bank.branches.list()
        say(READY)
        watch_commits(bank, task)
        (share if task.way == Way.SHARE else hand_in)(bank, task)


if __name__ == "__main__":
    work(Task(**json.loads(sys.argv[1])))
