"""Files that rot: bits flipped, pages swapped, ends cut off; whatever changes the books is found, and where.

What a file says is read twice without timebank: every row of every table, and the text of the schema, white
space apart. A change that no row shows (in free space, or in an index) is drawn again and only counted.
Columns of which nothing else in the database speaks, such as a name or what somebody may sign in with, are
no part of the books; they are those that the tests of the audit list, with reasons, and a change of nothing
else is counted apart.
"""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.builders import a_bank
from tests.faults.scores import Say, Score, silent
from tests.integration.test_audit_tampering import NOT_COVERED
from tests.integration.worlds import a_world

from timebank.clock import SteppingClock
from timebank.errors import TimebankError

PAGE: Final = 4096
Said = dict[str, list[str]]
"""What a file says of the books: the rows of every table, as text."""
Change = Callable[[bytearray, random.Random], None]


def flip(content: bytearray, chance: random.Random) -> None:
    """Flip one bit."""
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def swap(content: bytearray, chance: random.Random) -> None:
    """Swap two pages."""
    one, other = (PAGE * page for page in chance.sample(range(len(content) // PAGE), 2))
    content[one : one + PAGE], content[other : other + PAGE] = (
        content[other : other + PAGE],
        content[one : one + PAGE],
    )


def cut_off(content: bytearray, chance: random.Random) -> None:
    """Cut the end off."""
    del content[chance.randrange(len(content)) :]


def rot(times: int, *, change: Change, seed: int, folder: Path, say: Say = silent) -> Score:
    """Change a file until its books have been changed so often; the audit must see every time.

    Args:
        times: how many changes of the books.
        change: what is done to the file: see `flip`, `swap` and `cut_off`.
        seed: of the places.
        folder: where the file is made.
        say: told how far it is.
    """
    score = Score(f"files that rot, {change.__name__}")
    chance = random.Random(f"{seed} {score.name}")
    clock = a_world(folder)
    file = folder / "bank.db"
    whole = file.read_bytes()
    books, all_of_it = said(file, is_all=False), said(file, is_all=True)
    while score.counts["changed the books"] < times:
        content = bytearray(whole)
        change(content, chance)
        _remove(folder)
        file.write_bytes(content)
        score.counts["changes"] += 1
        if said(file, is_all=False) == books:
            score.counts["of what nothing else speaks of"] += said(file, is_all=True) != all_of_it
            continue
        score.counts["changed the books"] += 1
        found = find(folder, clock.instant, score)
        score.counts["found"] += found
        score.expect(
            found, f"change {score.counts['changes']}: {_difference(books, said(file, is_all=False))}"
        )
        say(f"{score.name}: {score.counts['changed the books']} of {times}")
    _remove(folder)
    return score


def find(folder: Path, now: datetime, score: Score) -> bool:
    """Open and audit a file; True if that is refused, or if every fault has a place."""
    clock = SteppingClock(now)
    try:
        with closing(a_bank(folder, clock=clock)) as bank:
            faults = bank.audits.run().faults
    except TimebankError as error:
        score.counts[f"refused as {error.code}"] += 1
        return True
    return bool(faults) and all(fault.place for fault in faults)


def said(file: Path, *, is_all: bool) -> Said | None:
    """Return what a file says, without timebank; None if SQLite cannot read it.

    Args:
        file: of the database; it is not changed.
        is_all: whether columns count of which nothing else in the database speaks.
    """
    try:
        with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as raw:
            schema = raw.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
            ).fetchall()
            tables = [name for kind, name, *_ in schema if kind == "table"]
            found = {"schema": [repr((*names, str(text).split())) for *names, text in schema]}
            for table in tables:
                left_out = () if is_all else NOT_COVERED.get(table, ())
                names = [name for _, name, *_ in raw.execute(f"PRAGMA table_info({table})")]
                covered = ", ".join(name for name in names if name not in left_out)
                if covered:
                    rows = raw.execute(f"SELECT {covered} FROM {table} NOT INDEXED")
                    found[table] = sorted(map(repr, rows))
    except (sqlite3.Error, UnicodeError):
        return None
    return found


def _difference(before: Said | None, after: Said | None) -> str:
    if before is None or after is None:
        return "it cannot be read"
    return str(
        {
            table: sorted({*rows} ^ {*after.get(table, [])})[:2]
            for table, rows in before.items()
            if rows != after.get(table)
        }
    )


def _remove(folder: Path) -> None:
    for each in folder.glob("bank.db*"):
        each.unlink()
