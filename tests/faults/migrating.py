"""Migrations interrupted half way, at any of their statements or before the commit; see `upgrader`."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final
from unittest import mock

from sqlalchemy import MetaData, NullPool, create_engine, insert, select
from tests.faults.crew import a_crew
from tests.faults.scores import Say, Score, silent
from tests.faults.servers import Server
from tests.faults.verdict import entries_of
from tests.faults.writer import Job, found, request

import timebank
from timebank.services.bank import Bank
from timebank.storage import schema
from timebank.storage.engine import engine_of, url_of

OLD: Final = "0003"
"""The last version that was ever published without what came later."""
ENTRIES: Final = 5
LAST: Final = "entry"
"""Its guards look at the postings, which are there before it."""


def make_old(address: str, model: str) -> None:
    """Make a database of an old version with the rows that a new one has.

    Args:
        address: of an empty database.
        model: address of another one, which is filled with a few entries first.
    """
    found(model, 1)
    nothing_told = mock.patch("timebank.services.posting.commitment_of", return_value=None)
    with closing(timebank.open(model)) as bank, nothing_told:
        for number in range(1, ENTRIES + 1):
            request(bank, Job(address=model, writer=0, number=number), number)
    old, new = engine_of(url_of(address)), create_engine(model, poolclass=NullPool)
    with mock.patch.object(schema, "HEAD", OLD):
        schema.upgrade(old)
    tables = MetaData()
    tables.reflect(old)
    ordered = sorted(tables.sorted_tables, key=lambda table: table.name == LAST)
    with new.connect() as source, old.begin() as target:
        for table in ordered:
            rows = source.execute(select(table)).mappings().all()
            if rows and table.name != schema.VERSIONS:
                target.execute(insert(table), [dict(row) for row in rows])
    old.dispose()


def interrupt(times: int, *, fresh: Callable[[], str], engine: str, say: Say = silent) -> Score:
    """Kill an upgrade at moments spread over all of it, and open the database again.

    Args:
        times: how many; every statement once if there are not so many.
        fresh: makes a database of the old version and returns its address.
        engine: its name.
        say: told how far it is.
    """
    score = Score(f"migrations killed, {engine}")
    statements = _upgrade(fresh(), 0)
    score.counts["statements"] = statements
    for at in sorted({(step + 1) * statements // (times + 1) + 1 for step in range(times)}):
        address = fresh()
        _upgrade(address, at)
        version = version_of(address)
        with closing(timebank.open(address)) as bank:
            _check(bank, address, score, f"before statement {at}")
        score.counts["kills"] += 1
        score.counts["done again from the start"] += version == OLD
        score.expect(version in {OLD, schema.HEAD}, f"before statement {at}: left at version {version}")
        say(f"{score.name}: {at} of {statements} statements")
    return score


def _check(bank: Bank, address: str, score: Score, where: str) -> None:
    report = bank.audits.run()
    score.expect(report.ok, f"{where}: {len(report.faults)} faults")
    score.expect(len(entries_of(address)) == ENTRIES, f"{where}: entries are missing")
    score.expect(version_of(address) == schema.HEAD, f"{where}: not upgraded the second time")


def _upgrade(address: str, statement: int) -> int:
    """Open a database in a process of its own; returns how many statements it said there were."""
    with a_crew() as crew:
        crew.hire("tests.faults.upgrader", 0, f"{statement} {address}")
        crew.wait_until_over()
        return int(crew.said[0].words[0]) if crew.said else 0


def version_of(address: str) -> str | None:
    """Return the version of the schema."""
    with create_engine(address, poolclass=NullPool).connect() as connection:
        return schema.version_of(connection)


def interrupt_on_sqlite(times: int, *, folder: Path, say: Say = silent) -> Score:
    """Interrupt upgrades of an SQLite file."""
    old, copy = folder / "old.db", folder / "copy.db"
    make_old(f"sqlite:///{old}", f"sqlite:///{folder / 'new.db'}")

    def fresh() -> str:
        for each in folder.glob("copy.db*"):
            each.unlink()
        shutil.copy(old, copy)
        return f"sqlite:///{copy}"

    return interrupt(times, fresh=fresh, engine="sqlite", say=say)


def interrupt_on_postgresql(times: int, *, server: Server, say: Say = silent) -> Score:
    """Interrupt upgrades of a database on a server."""
    old = server.new_database()
    make_old(server.address(old), server.address(server.new_database()))
    return interrupt(
        times, fresh=lambda: server.address(server.new_database(like=old)), engine="postgresql", say=say
    )
