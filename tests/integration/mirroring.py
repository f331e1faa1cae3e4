"""A bank with a log of many entries, and what its mirror holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tests.builders import NOW

from timebank.clock import SteppingClock
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank, open_bank

BRANCH = "lille"


@contextmanager
def a_bank(address: str, *, entries: int = 0) -> Iterator[Bank]:
    """Return a bank with a branch, its log's key, two funds and so many entries."""
    bank = open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)))
    bank.branches.create(BRANCH, name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    bank.log.new_key(BRANCH)
    post(bank, entries)
    yield bank
    bank.close()


def post(bank: Bank, count: int) -> None:
    """Post so many entries in one batch."""
    wish = PostRequest(postings=(debit("fund:a", 1), credit("fund:b", 1)))
    if count:
        bank.entries.post_many(BRANCH, [wish] * count)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file in a folder by its path."""
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }
