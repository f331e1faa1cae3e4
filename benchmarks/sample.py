"""The sample branch: 5,000 accounts of sample members, and requests that move minutes between them."""

import hashlib
import random
from collections.abc import Iterator
from itertools import count

from timebank.ids import IN_ORDER_SINCE_MS, timed_key
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import EntryKind, credit, debit

BRANCH = "sample"
ACCOUNTS = 5_000
HOT = 1
AMOUNTS = (1, 2, 3, 5)
"""Small against the limits of the default policy: however long a run posts, nothing is refused."""
NUMBERS = count(1)
MOMENTS = count(IN_ORDER_SINCE_MS)
"""Milliseconds: when each request's key was made."""


def path_of(no: int) -> str:
    """Return the path of account NO, 1 to `ACCOUNTS`."""
    return f"member:s{no}:available"


def key_number(mark: int, number: int) -> str:
    """Return a key as our clients make it; the same in each run."""
    return timed_key(next(MOMENTS), hashlib.sha256(b"%d %d" % (mark, number)).digest())


def request_between(payer: int, payee: int, minutes: int, key: str) -> PostRequest:
    """Return a transfer under an idempotency key."""
    return PostRequest(
        postings=(debit(path_of(payer), minutes), credit(path_of(payee), minutes)),
        kind=EntryKind.TRANSFER,
        key=key,
    )


def spread(chance: random.Random) -> Iterator[PostRequest]:
    """Yield transfers between any two accounts."""
    mark = next(NUMBERS)
    for number in count():
        payer, payee = chance.sample(range(1, ACCOUNTS + 1), 2)
        yield request_between(payer, payee, chance.choice(AMOUNTS), key_number(mark, number))


def hot(chance: random.Random) -> Iterator[PostRequest]:
    """Yield transfers that all touch one account: it pays, then is paid, so it stays within its limits."""
    mark = next(NUMBERS)
    for number in count():
        other = chance.randint(HOT + 1, ACCOUNTS)
        payer, payee = (HOT, other) if number % 2 else (other, HOT)
        yield request_between(payer, payee, AMOUNTS[number // 2 % 4], key_number(mark, number))
