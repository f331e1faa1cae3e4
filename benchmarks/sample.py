"""The sample branch: 5,000 accounts of sample members, and requests that move minutes between them."""

import random
from collections.abc import Iterator
from itertools import count

from timebank.ledger.batch import PostRequest
from timebank.ledger.model import EntryKind, credit, debit

BRANCH = "sample"
ACCOUNTS = 5_000
HOT = 1
AMOUNTS = (1, 2, 3, 5)
"""Small against the limits of the default policy: however long a run posts, nothing is refused."""
NUMBERS = count(1)


def path_of(no: int) -> str:
    """Return the path of account NO, 1 to `ACCOUNTS`."""
    return f"member:s{no}:available"


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
        yield request_between(payer, payee, chance.choice(AMOUNTS), f"sample {mark} {number}")


def hot(chance: random.Random) -> Iterator[PostRequest]:
    """Yield transfers that all touch one account: it pays, then is paid, so it stays within its limits."""
    mark = next(NUMBERS)
    for number in count():
        other = chance.randint(HOT + 1, ACCOUNTS)
        payer, payee = (HOT, other) if number % 2 else (other, HOT)
        yield request_between(payer, payee, AMOUNTS[number // 2 % 4], f"sample {mark} {number}")
