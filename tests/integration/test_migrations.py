"""Migrations: what they make is what the models say, from empty and from every earlier version."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, text
from tests.postgres import raw

import timebank
from timebank.errors import DatabaseNewer, NotADatabase, ServerNotUnicode, ServerTooOld, ValueOutOfRange
from timebank.storage import engine as storage_engine
from timebank.storage import schema
from timebank.storage.catalogue import Objects
from timebank.storage.columns import Row
from timebank.storage.engine import engine_of, url_of
from timebank.storage.schema import HEAD, upgrade
from timebank.storage.soundness import expected_objects, objects_of

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


def engine_in(folder: Path, name: str) -> Engine:
    """Make an engine on a file."""
    return engine_of(url_of(f"sqlite:///{folder / name}"))


def definitions(engine: Engine) -> dict[str, list[str]]:
    """Return each table's and index's parts, sorted: the order of constraints means nothing."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index')"
    with engine.connect() as connection:
        found = {str(name): " ".join(str(sql).split()) for name, sql in connection.execute(text(query))}
    found.pop("alembic_version", None)
    return {name: _parts(sql) for name, sql in found.items()}


def _parts(sql: str) -> list[str]:
    """Split at the commas outside parentheses; what stands after the last parenthesis is a part as well.

    A constraint of a column that was added later stands behind it, without a comma.
    """
    head, _, body = sql.partition("(")
    body, _, tail = body.rpartition(")")
    return [
        head,
        *sorted(part.strip() for part in re.split(r",(?![^()]*\))|(?<=\w) (?=CONSTRAINT )", body)),
        tail,
    ]


def test_the_newest_version_is_the_last_file() -> None:
    """A migration that nobody runs would be found by the first coordinator who needs it."""
    assert HEAD == max(file.name[:4] for file in VERSIONS.glob("[0-9]*.py"))


def test_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    """Checks and constraints included, which autogenerate does not compare."""
    migrated, modelled = engine_in(tmp_path, "migrated.db"), engine_in(tmp_path, "modelled.db")
    upgrade(migrated)
    Row.metadata.create_all(modelled)

    assert definitions(modelled) == definitions(migrated)
    with migrated.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), Row.metadata)


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_an_older_database_keeps_its_rows_and_a_copy(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upgrading loses nothing, and what was there stands beside it."""
    file = tmp_path / "old.db"
    engine = engine_in(tmp_path, "old.db")
    monkeypatch.setattr(schema, "HEAD", version)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO branch VALUES (1, 'lille', 'Lille', 'Europe/Paris', 0)"))
    monkeypatch.undo()

    assert (version, HEAD) == upgrade(engine, backup_beside=file)

    with engine.connect() as connection:
        assert ["lille"] == list(connection.execute(text("SELECT code FROM branch")).scalars())
    with sqlite3.connect(tmp_path / f"old.db.before-{HEAD}-was-{version}") as copy:
        assert [("lille",)] == copy.execute("SELECT code FROM branch").fetchall()
    copy.close()
    assert (HEAD, HEAD) == upgrade(engine)
    assert definitions(engine).keys() >= {"entry", "identity_person"}


def test_a_newer_or_foreign_database_is_refused_untouched(tmp_path: Path) -> None:
    """An old program must not write into books it does not understand."""
    bank = timebank.open(f"sqlite:///{tmp_path / 'newer.db'}")
    bank.close()
    with sqlite3.connect(tmp_path / "newer.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with sqlite3.connect(tmp_path / "foreign.db") as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    connection.close()

    with pytest.raises(DatabaseNewer):
        timebank.open(f"sqlite:///{tmp_path / 'newer.db'}")
    with pytest.raises(NotADatabase):
        timebank.open(f"sqlite:///{tmp_path / 'foreign.db'}")

    with sqlite3.connect(tmp_path / "foreign.db") as connection:
        assert [("recipe",)] == connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()


def test_a_new_database_is_for_its_owner_only(tmp_path: Path) -> None:
    """It will hold people's names; a shared machine has other users."""
    file = tmp_path / "private.db"

    bank = timebank.open(f"sqlite:///{file}")

    assert {0o600} == {each.stat().st_mode & 0o777 for each in tmp_path.glob("private.db*")}
    bank.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database, of either engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bank.db'}"
    return str(request.getfixturevalue("postgres"))


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    """Make an engine, and close what it opened."""
    engine = engine_of(url_of(address))
    try:
        yield engine
    finally:
        engine.dispose()


def found_in(address: str) -> tuple[str | None, Objects]:
    """Return the version and everything in the schema of a database."""
    with opened(address) as engine, engine.connect() as connection:
        return schema.version_of(connection), objects_of(connection)


def begin_at(
    address: str, version: str | None, monkeypatch: pytest.MonkeyPatch
) -> tuple[str | None, Objects]:
    """Make a database of an older version, with a branch in it; none if there is no version."""
    if version is not None:
        monkeypatch.setattr(schema, "HEAD", version)
        with opened(address) as engine:
            upgrade(engine)
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO branch VALUES (1, 'lille', 'Lille', 'Europe/Paris', 0)"))
                connection.execute(text("INSERT INTO branch_head (branch_id, entry_seq) VALUES (1, 0)"))
        monkeypatch.undo()
    return found_in(address)


def finish(address: str) -> None:
    """Upgrade a database that somebody else left in the middle, and see that all of it is there."""
    with closing(timebank.open(address)) as bank:
        bank.branches.create("nantes", name="Nantes")
        faults = bank.audits.run().faults
    # A branch of older versions has neither policy nor accounts here; only the schema is judged.
    assert not [fault for fault in faults if fault.place.startswith("database")]
    version, objects = found_in(address)
    assert (HEAD, expected_objects(url_of(address).get_backend_name())) == (version, objects)


BEFORE_AND_WHERE = [
    (None, "CREATE TABLE branch "),
    (None, "CREATE TRIGGER entry_balances"),
    (None, "UPDATE alembic_version SET version_num='0005'"),
    ("0002", "CREATE TRIGGER entry_balances"),
    ("0003", "UPDATE branch_head SET last_us"),
]
"""From which version, and the statement in place of which the machine stops."""


class Stop(Exception):
    """The upgrade stops in the middle."""


@pytest.mark.parametrize(("before", "where"), BEFORE_AND_WHERE)
def test_an_upgrade_that_fails_leaves_what_was_there(
    place: str, before: str | None, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old or new, never half; the next try does it all."""
    then = begin_at(place, before, monkeypatch)

    def stop(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if where.replace(" ", "") in statement.replace(" ", "").replace("\n", ""):
            raise Stop

    with opened(place) as engine:
        event.listen(engine, "before_cursor_execute", stop)
        with pytest.raises(Stop):
            upgrade(engine)

    assert then == found_in(place)
    finish(place)


KILLED = """
import os, signal, sys
from sqlalchemy import event
from timebank.storage.engine import engine_of, url_of
from timebank.storage.schema import upgrade

def stop(_connection, _cursor, statement, *_):
    if sys.argv[2].replace(" ", "") in statement.replace(" ", ""):
        os.kill(os.getpid(), signal.SIGKILL)

engine = engine_of(url_of(sys.argv[1]))
event.listen(engine, "before_cursor_execute", stop)
upgrade(engine)
"""


@pytest.mark.parametrize(("before", "where"), BEFORE_AND_WHERE[1:4])
def test_a_process_that_is_killed_while_upgrading_leaves_what_was_there(
    place: str, before: str | None, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with nobody left to undo anything: the file's log, or the server, does."""
    then = begin_at(place, before, monkeypatch)

    ended = subprocess.run([sys.executable, "-c", KILLED, place, where], check=False)

    assert -signal.SIGKILL == ended.returncode
    assert then == found_in(place)
    finish(place)


def test_several_may_upgrade_at_once(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All processes of a service start at the same moment; one upgrades, the others wait for it."""
    begin_at(place, "0003", monkeypatch)
    count = 4
    start = threading.Barrier(count)

    def start_up() -> tuple[str | None, str]:
        with opened(place) as engine:
            start.wait()
            return upgrade(engine)

    with ThreadPoolExecutor(count) as threads:
        ended = [each.result() for each in [threads.submit(start_up) for _ in range(count)]]

    assert {HEAD} == {after for _, after in ended}
    assert {before for before, _ in ended} <= {"0003", HEAD}
    finish(place)


def test_an_upgrade_waits_for_its_turn(postgres: str) -> None:
    """On a server, whoever comes second waits in line rather than trip over the first."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with raw(postgres) as first, opened(postgres) as engine, ThreadPoolExecutor(1) as thread:
        first.execute("SELECT pg_advisory_lock(%s)", [schema.TURN])
        second = thread.submit(upgrade, engine)
        while first.execute(waiting).fetchone() == (0,):
            assert not second.done()
        assert (0,) == first.execute("SELECT count(*) FROM pg_class WHERE relname = 'branch'").fetchone()
        first.execute("SELECT pg_advisory_unlock(%s)", [schema.TURN])

        assert (None, HEAD) == second.result()


@pytest.mark.parametrize("version", ["0001", "0002", "0003", "0004"])
def test_an_older_database_on_a_server_becomes_what_a_new_one_is(
    postgres: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And keeps its rows."""
    begin_at(postgres, version, monkeypatch)

    finish(postgres)

    with raw(postgres) as connection:
        assert [("lille",), ("nantes",)] == connection.execute(
            "SELECT code FROM branch ORDER BY 1"
        ).fetchall()


def test_migrations_make_what_the_models_say_on_a_server(postgres: str) -> None:
    """Autogenerate finds nothing to do; what it does not compare, the catalogue does."""
    with opened(postgres) as engine:
        upgrade(engine)
        with engine.connect() as connection:
            assert [] == compare_metadata(MigrationContext.configure(connection), Row.metadata)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_keep_every_name_is_refused(postgres_server: str, encoding: str) -> None:
    """Names are Unicode; found out at the beginning, not when the first Łucja joins."""
    name = f"timebank_{os.getpid()}_{encoding.lower()}"
    with raw(postgres_server) as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    url = url_of(postgres_server).set(database=name).update_query_dict({"client_encoding": "utf8"})
    address = url.render_as_string(hide_password=False)
    try:
        with pytest.raises(ServerNotUnicode, match=encoding):
            timebank.open(address)
        with raw(address) as connection:
            assert (0,) == connection.execute(
                "SELECT count(*) FROM pg_class WHERE relname = 'branch'"
            ).fetchone()
    finally:
        with raw(postgres_server) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_server_that_is_too_old_is_refused(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no test ever ran on is not where somebody's hours should be."""
    monkeypatch.setattr(storage_engine, "POSTGRES_LEAST", 99)

    with pytest.raises(ServerTooOld, match="99"):
        timebank.open(postgres)


def test_another_programs_database_on_a_server_is_refused_untouched(postgres: str) -> None:
    """A mistyped address must not put our tables among somebody else's."""
    with raw(postgres) as connection:
        connection.execute("CREATE TABLE recipe (name text)")

    with pytest.raises(NotADatabase):
        timebank.open(postgres)

    assert {("table", "recipe"), ("column", "name of recipe")} == found_objects(postgres)


def found_objects(address: str) -> set[tuple[str, str]]:
    """Return what is in the schema of a database that is not ours."""
    with opened(address) as engine, engine.connect() as connection:
        return set(objects_of(connection))


def test_a_newer_database_on_a_server_is_refused_untouched(postgres: str) -> None:
    """An old program must not write into books it does not understand."""
    timebank.open(postgres).close()
    with raw(postgres) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseNewer):
        timebank.open(postgres)
    with raw(postgres) as connection:
        assert ("9999",) == connection.execute("SELECT version_num FROM alembic_version").fetchone()


def test_a_number_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    """A library caller gets a sentence, not an error of the driver."""
    bank = timebank.open(f"sqlite:///{tmp_path / 'wide.db'}")
    bank.branches.create("lille", name="Lille")

    with pytest.raises(ValueOutOfRange):
        bank.entries.show("lille", 2**63)
    bank.close()
