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

from timebank.errors import DatabaseNewer, NotADatabase
from timebank.storage.engine import WRITES

HEAD: Final = "0006"
"""The newest migration; a test holds it against the folder."""
VERSION: Final = re.compile(r"(?!0000)[0-9]{4}", re.ASCII)
VERSIONS: Final = "alembic_version"
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
    """
    with engine.connect() as connection:
        before = version_of(connection)
    if before == HEAD:
        return before, HEAD
    if before is not None and before > HEAD:
        raise DatabaseNewer(found=before, known=HEAD)
    if before is not None and backup_beside is not None:
        _back_up(backup_beside, before)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if version_of(connection) != HEAD:  # somebody else may have upgraded it while we waited
            _run_migrations(connection)
    return before, HEAD


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
