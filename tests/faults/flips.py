"""Files that rot: bits flipped, pages swapped, ends cut off; whatever changes the books is found, and where.

What a file says is read twice without timebank: every row of every table, and the text of the schema, white
space apart. A change that no row shows (in free space, or in an index) is drawn again and only counted.
Columns of which nothing else in the database speaks, such as a name or what somebody may sign in with, are
no part of the books; they are those that the tests of the audit list, with reasons, and a change of nothing
else is counted apart.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.builders import a_bank
from tests.faults.scores import Say, Score, silent
from tests.integration.test_audit_tampering import NOT_COVERED
from tests.integration.worlds import a_world

from timebank.clock import SteppingClock
from timebank.errors import TimebankError

PAGE: Final = 4096
LOT: Final = 250
WAL_AT: Final = 18
"""Where a file's header says which versions of the journal may write and read it."""
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

    The changes are made in lots, each with a seed of its own, by as many processes as there are processors:
    how many these are changes nothing but the time.

    Args:
        times: how many changes of the books.
        change: what is done to the file: see `flip`, `swap` and `cut_off`.
        seed: of the places.
        folder: where files are made.
        say: told how far it is.
    """
    score = Score(f"files that rot, {change.__name__}")
    lots = [
        Lot(change, f"{seed} {score.name} {first}", min(LOT, times - first), folder / f"rot-{first}")
        for first in range(0, times, LOT)
    ]
    for done in _worked_through(lots):
        score.counts += done.counts
        score.wrong += done.wrong
        say(f"{score.name}: {score.counts['changed the books']} of {times}")
    return score


@dataclass(frozen=True, slots=True)
class Lot:
    """Some of the changes of a run."""

    change: Change
    seed: str
    times: int
    folder: Path
    """Where its file is made; not there yet."""


def _worked_through(lots: list[Lot]) -> Iterator[Score]:
    if len(lots) == 1:
        yield work_through(lots[0])
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as crew:
        yield from crew.map(work_through, lots)


def work_through(lot: Lot) -> Score:
    """Change a copy of the sample world as often as a lot says; its seed names what is wrong."""
    score = Score(lot.seed)
    chance = random.Random(lot.seed)
    lot.folder.mkdir()
    clock = a_world(lot.folder)
    file = lot.folder / "bank.db"
    whole = file.read_bytes()
    books, all_of_it = said(whole, is_all=False), said(whole, is_all=True)
    while score.counts["changed the books"] < lot.times:
        content = bytearray(whole)
        lot.change(content, chance)
        score.counts["changes"] += 1
        now = said(bytes(content), is_all=False)
        if now == books:
            score.counts["of what nothing else speaks of"] += said(bytes(content), is_all=True) != all_of_it
            continue
        score.counts["changed the books"] += 1
        _remove(lot.folder)
        file.write_bytes(content)
        found = find(lot.folder, clock.instant, score)
        score.counts["found"] += found
        where = f"{lot.seed}, change {score.counts['changes']}"
        score.expect(found, f"{where}: {_difference(books, now)}")
    shutil.rmtree(lot.folder)
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


def said(content: bytes, *, is_all: bool) -> Said | None:
    """Return what a file says, without timebank and without a disk; None if SQLite cannot read it.

    Args:
        content: of the database's file.
        is_all: whether columns count of which nothing else in the database speaks.
    """
    try:
        with closing(sqlite3.connect(":memory:")) as raw:
            # Of the header's two bytes that say there is a log beside it: in memory there can be none.
            raw.deserialize(content[:WAL_AT] + b"\x01\x01" + content[WAL_AT + 2 :])
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
