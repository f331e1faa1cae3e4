"""Migrations: bring a database to the schema of this program, or try that out on a copy."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from timebank.errors import DatabaseNewer, GrantNotAllowed, RolesUnsupported, ServerRefused
from timebank.storage.engine import WRITES, engine_of, meaning_of, sqlite_file_of, url_of
from timebank.storage.inspection import read_only
from timebank.storage.place import copy_of, holds_anything
from timebank.storage.roles import excesses, grant, require_role, shortages
from timebank.storage.schema import HEAD, take_turn, upgrade, version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The rights of a role: whether they had to be changed, and what it can do beyond them all the same."""

    role: str
    is_needed: bool
    excesses: tuple[str, ...]
    """One sentence each: what cannot be taken from it here, such as being a superuser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Versions of the schema; `before` is None for a database that is not there or empty."""

    before: str | None
    after: str
    is_dry_run: bool
    granted: Granted | None = None

    @property
    def is_needed(self) -> bool:
        """Whether the schema has anything done to it."""
        return self.before != self.after


def migrate(address: str, *, grant_to: str | None = None, is_dry_run: bool = False) -> Migration:
    """Create a database, or bring it to the newest schema.

    A copy of an SQLite file is put beside it before it is changed. A dry run upgrades a copy that it throws
    away; of a server's database it compares the versions only.

    Args:
        address: of the database.
        grant_to: a role of the server that then gets the rights the service needs, and no others.
        is_dry_run: whether nothing is changed.

    Raises:
        BadDatabaseUrl, NotADatabase, DatabaseDamaged, StorageUnusable, StorageReadOnly: the database cannot
            be used.
        DatabaseNewer: a newer timebank made it.
        UpgradeNotAllowed, GrantNotAllowed: that is for the owner of the tables to do.
        RolesUnsupported, UnknownDatabaseRole, RoleOwnsTables: nothing can be granted to that role.
        TryAgain: somebody else is changing it.
    """
    url = url_of(address)
    if grant_to is not None and sqlite_file_of(url) is not None:
        raise RolesUnsupported
    engine = engine_of(url)
    try:
        if grant_to is not None:
            _require_role(engine, grant_to)
        before = _tried(engine) if is_dry_run else upgrade(engine, backup_beside=sqlite_file_of(url))[0]
        is_there = before == HEAD or not is_dry_run
        granted = _grant(engine, grant_to, is_dry_run=is_dry_run) if grant_to and is_there else None
    except DBAPIError as error:
        raise meaning_of(error) or error from error
    finally:
        engine.dispose()
    return Migration(before=before, after=HEAD, is_dry_run=is_dry_run, granted=granted)


def _tried(engine: Engine) -> str | None:
    """Return the version there is now, having tried the upgrade on a copy of a file."""
    before = _version_of(engine)
    if before is not None and before > HEAD:
        raise DatabaseNewer(found=before, known=HEAD)
    file = sqlite_file_of(engine.url)
    if before != HEAD and file is not None:
        with tempfile.TemporaryDirectory(prefix="timebank-") as scratch:
            _upgrade_copy(url_of(f"sqlite:///{copy_of(file, Path(scratch))}"))
    return before


def _upgrade_copy(url: URL) -> None:
    engine = engine_of(url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def _version_of(engine: Engine) -> str | None:
    """Return the schema version of a database without touching it; None if it is not there or empty."""
    file = sqlite_file_of(engine.url)
    if file is None:
        with engine.connect() as connection:
            return version_of(connection)
    if not holds_anything(file):
        return None
    with read_only(file) as connection:
        return version_of(connection)


def _require_role(engine: Engine, role: str) -> None:
    with engine.connect() as connection:
        require_role(connection, role)


def _grant(engine: Engine, role: str, *, is_dry_run: bool) -> Granted:
    """Grant in one transaction, and look at what came of it; a dry run rolls that back."""
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin() as begun:
        take_turn(connection)
        before = (excesses(connection, role), shortages(connection, role))
        try:
            grant(connection, role)
        except DBAPIError as error:
            if isinstance(meaning_of(error), ServerRefused):
                raise GrantNotAllowed from error
            raise
        after = (excesses(connection, role), shortages(connection, role))
        if after[1]:
            raise GrantNotAllowed
        if is_dry_run:
            begun.rollback()
    return Granted(role=role, is_needed=before != after, excesses=tuple(after[0]))
