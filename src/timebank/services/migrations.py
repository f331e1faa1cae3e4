"""Migrations: bring a database to the schema of this program, or say what that would do."""

from dataclasses import dataclass

from sqlalchemy.exc import DatabaseError

from timebank.errors import DatabaseNewer
from timebank.storage.engine import engine_of, meaning_of, sqlite_file_of, url_of
from timebank.storage.inspection import read_only, version_in
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

    A copy of an SQLite file is put beside it before it is changed.

    Raises:
        BadDatabaseUrl, NotADatabase, StorageUnusable, StorageReadOnly: the database cannot be used.
        DatabaseNewer: a newer timebank made it.
        TryAgain: somebody else is changing it.
    """
    if is_dry_run:
        before = known_version(address)
        if before is not None and before > HEAD:
            raise DatabaseNewer(found=before, known=HEAD)
        return Migration(before=before, after=HEAD, is_dry_run=True)
    url = url_of(address)
    engine = engine_of(url)
    try:
        before, after = upgrade(engine, backup_beside=sqlite_file_of(url))
    except DatabaseError as error:
        raise meaning_of(error) or error from error
    finally:
        engine.dispose()
    return Migration(before=before, after=after, is_dry_run=False)


def known_version(address: str) -> str | None:
    """Return the schema version of a database without touching it; None if it is not there or empty.

    Raises:
        BadDatabaseUrl, NotADatabase, StorageUnusable, TryAgain: the database cannot be read.
    """
    url = url_of(address)
    file = sqlite_file_of(url)
    if file is not None:
        if not file.exists():
            return None
        with read_only(file) as raw:
            return version_in(raw)
    engine = engine_of(url)
    try:
        with engine.connect() as connection:
            return version_of(connection)
    except DatabaseError as error:
        raise meaning_of(error) or error from error
    finally:
        engine.dispose()
