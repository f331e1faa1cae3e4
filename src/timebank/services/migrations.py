"""Migrations: bring a database to the schema of this program, or try that out on a copy."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from timebank.errors import DatabaseNewer
from timebank.storage.engine import engine_of, meaning_of, sqlite_file_of, url_of
from timebank.storage.inspection import read_only
from timebank.storage.place import copy_of, holds_anything
from timebank.storage.schema import HEAD, upgrade, version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Versions of the schema; `before` is None for a database that is not there or empty."""

    before: str | None
    after: str
    is_dry_run: bool

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after


def migrate(address: str, *, is_dry_run: bool = False) -> Migration:
    """Create a database, or bring it to the newest schema.

    A copy of an SQLite file is put beside it before it is changed. A dry run upgrades a copy that it throws
    away; of a server's database it compares the versions only.

    Raises:
        BadDatabaseUrl, NotADatabase, DatabaseDamaged, StorageUnusable, StorageReadOnly: the database cannot
            be used.
        DatabaseNewer: a newer timebank made it.
        TryAgain: somebody else is changing it.
    """
    url = url_of(address)
    if not is_dry_run:
        before, after = _upgraded(url)
        return Migration(before=before, after=after, is_dry_run=False)
    before = _version_of(url)
    if before is not None and before > HEAD:
        raise DatabaseNewer(found=before, known=HEAD)
    file = sqlite_file_of(url)
    if before != HEAD and file is not None:
        with tempfile.TemporaryDirectory(prefix="timebank-") as scratch:
            _upgraded(url_of(f"sqlite:///{copy_of(file, Path(scratch))}"))
    return Migration(before=before, after=HEAD, is_dry_run=True)


def _upgraded(url: URL) -> tuple[str | None, str]:
    engine = engine_of(url)
    try:
        return upgrade(engine, backup_beside=sqlite_file_of(url))
    except DatabaseError as error:
        raise meaning_of(error) or error from error
    finally:
        engine.dispose()


def _version_of(url: URL) -> str | None:
    """Return the schema version of a database without touching it; None if it is not there or empty."""
    file = sqlite_file_of(url)
    if file is not None:
        if not holds_anything(file):
            return None
        with read_only(file) as connection:
            return version_of(connection)
    engine = engine_of(url)
    try:
        with engine.connect() as connection:
            return version_of(connection)
    except DatabaseError as error:
        raise meaning_of(error) or error from error
    finally:
        engine.dispose()
