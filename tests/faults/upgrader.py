"""Worker: `python -m tests.faults.upgrader "STATEMENT ADDRESS"` opens a database of an older version.

It kills itself before that statement of the upgrade; 0 lets it finish, and say how many there were.
"""

import os
import signal
import sys
from collections.abc import Callable

from sqlalchemy import Engine, event
from tests.faults.insisting import say

import timebank


def die_before(statement: int) -> Callable[[], int]:
    """Kill this process before a statement of its database; returns what counts them."""
    count = 0

    def tick(*_: object) -> None:
        nonlocal count
        count += 1
        if count == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "commit"):
        event.listen(Engine, moment, tick)
    return lambda: count


if __name__ == "__main__":
    number, _, place = sys.argv[1].partition(" ")
    counted = die_before(int(number))
    timebank.open(place).close()
    say(counted())
