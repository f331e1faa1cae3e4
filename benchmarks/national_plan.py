"""A plan of a national branch in a process of its own: prints CPU seconds, peak KiB, how many are served.

`read` instead of `plan` reads the same rows through the driver, and nothing else.
"""

import resource
import sqlite3
import sys
import time
from contextlib import closing

from benchmarks.national_world import BRANCH, TABLES, AtNow

import timebank


def read(file: str) -> int:
    """Read every row that a plan is made of; returns how many there are."""
    count = 0
    with closing(sqlite3.connect(file)) as connection:
        for table in TABLES:
            count += len(connection.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608 - our own names
    return count


def plan(file: str) -> int:
    """Make the plan, its explanations included; returns how many requests are served."""
    bank = timebank.open(f"sqlite:///{file}", clock=AtNow())
    found = bank.matches.plan(BRANCH)
    bank.close()
    return len(found.planned)


def main(work: str, file: str) -> None:
    """Do one of both, and print what it took."""
    started = time.process_time()
    count = {"read": read, "plan": plan}[work](file)
    taken = time.process_time() - started
    print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, count)


if __name__ == "__main__":
    main(*sys.argv[1:])
