"""Migrations: what they make is what the models say, from empty and from every earlier version."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

import timebank
from timebank.errors import DatabaseNewer, NotADatabase, ValueOutOfRange
from timebank.storage import schema, tables, tables_care, tables_identity
from timebank.storage.columns import Row
from timebank.storage.engine import engine_of, url_of
from timebank.storage.schema import HEAD, upgrade

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"
MODELS = (tables, tables_care, tables_identity)


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
    """Split at the commas outside parentheses; what stands after the last parenthesis is a part as well."""
    head, _, body = sql.partition("(")
    body, _, tail = body.rpartition(")")
    return [head, *sorted(part.strip() for part in re.split(r",(?![^()]*\))", body)), tail]


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


def test_a_number_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    """A library caller gets a sentence, not an error of the driver."""
    bank = timebank.open(f"sqlite:///{tmp_path / 'wide.db'}")
    bank.branches.create("lille", name="Lille")

    with pytest.raises(ValueOutOfRange):
        bank.entries.show("lille", 2**63)
    bank.close()
