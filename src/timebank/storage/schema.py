"""The schema's version: create or upgrade a database, and say what its schema should be.

Migrations are Alembic's and ship in the package. A database that a newer timebank made is refused; an
older one is upgraded in one transaction, after a copy of an SQLite file was put beside it.
"""

import re
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ProgrammingError

from timebank.errors import DatabaseNewer, NotADatabase, ServerNotUnicode, UpgradeNotAllowed
from timebank.storage.engine import WRITES

HEAD: Final = "0016"
"""The newest migration; a test holds it against the folder."""
VERSION: Final = re.compile(r"(?!0000)[0-9]{4}", re.ASCII)
VERSIONS: Final = "alembic_version"
TURN: Final = 7_402_318_155
"""Number of the advisory lock of whoever upgrades a database or grants rights in it."""
TURN_SECONDS: Final = 60
"""How long to wait for somebody else's upgrade of a server's database."""
NOT_ALLOWED: Final = "42501"
OURS: Final = frozenset({VERSIONS, "branch", "entry", "posting"})
"""Tables that every version of ours has; many programs have the first of them."""


def version_of(connection: Connection) -> str | None:
    """Return the schema version of a database, None if it is empty.

    Raises:
        NotADatabase: it holds something, but not our tables under one of our versions.
    """
    found = inspect(connection)
    names = set(found.get_table_names())
    if not names and not found.get_view_names():
        return None
    if not names >= OURS or "version_num" not in {each["name"] for each in found.get_columns(VERSIONS)}:
        raise NotADatabase
    versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(versions) != 1 or VERSION.fullmatch(str(versions[0])) is None:
        raise NotADatabase
    return str(versions[0])


def upgrade(engine: Engine, *, backup_beside: Path | None = None) -> tuple[str | None, str]:
    """Bring a database to the newest schema; returns the versions before and after.

    Args:
        engine: of an empty database or one that any earlier timebank made.
        backup_beside: the SQLite file to copy before an upgrade; None to copy nothing.

    Raises:
        DatabaseNewer: a newer timebank made it.
        NotADatabase: it holds other tables than ours.
        ServerNotUnicode: it could not keep every name.
        UpgradeNotAllowed: it is older, and not ours to change.
        TryAgain: somebody else is upgrading it, for very long.
    """
    with engine.connect() as connection:
        _require_utf8(connection)
        before = version_of(connection)
    if before == HEAD:
        return before, HEAD
    if before is not None and before > HEAD:
        raise DatabaseNewer(found=before, known=HEAD)
    if before is not None and backup_beside is not None:
        _back_up(backup_beside, before)
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            take_turn(connection)
            if version_of(connection) != HEAD:  # somebody else may have upgraded it while we waited
                _run_migrations(connection)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != NOT_ALLOWED:
            raise
        raise UpgradeNotAllowed(found=before or "none", known=HEAD) from error
    return before, HEAD


def take_turn(connection: Connection) -> None:
    """Wait until nobody else changes the schema or its rights; an SQLite transaction has waited already."""
    if connection.dialect.name == "sqlite":
        return
    usual = connection.exec_driver_sql("SELECT current_setting('lock_timeout')").scalar_one()
    wait = text("SELECT set_config('lock_timeout', :length, true)")
    connection.execute(wait, {"length": f"{TURN_SECONDS}s"})
    connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
    connection.execute(wait, {"length": usual})


def _require_utf8(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        found = connection.exec_driver_sql("SELECT current_setting('server_encoding')").scalar_one()
        if found != "UTF8":
            raise ServerNotUnicode(found=found)


def _run_migrations(connection: Connection) -> None:
    # Alembic takes a third of a second to import; a database that is up to date never needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files("timebank.storage") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _back_up(file: Path, version: str) -> None:
    copy = file.with_name(f"{file.name}.before-{HEAD}-was-{version}")
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
