"""A database looked at from outside, without changing it: for `doctor`, and for a dry run of `migrate`."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from timebank.errors import StorageUnusable
from timebank.storage.columns import table_of
from timebank.storage.engine import BUSY_SECONDS, meaning_of
from timebank.storage.tables import BranchRow, EntryRow

MOUNTS: Final = Path("/proc/self/mounts")
NETWORK_DRIVES: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "ceph", "glusterfs"}
)
"""Where a write-ahead log cannot be shared: https://sqlite.org/wal.html, "advantages and disadvantages"."""
OTHERS_CAN_READ: Final = 0o004
DURABLE: Final = {"synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
"""What every connection must have (design: the ledger on disk)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What the file system says about an SQLite file."""

    size_bytes: int
    log_bytes: int
    """Size of the write-ahead log beside it."""
    free_bytes: int
    is_readable: bool
    is_writable: bool
    """File and folder: SQLite keeps its log beside the file."""
    is_read_by_others: bool
    file_system: str | None
    """Type of the mounted file system, None where it is not known."""


def facts_of(file: Path) -> FileFacts:
    """Return what the file system says about a file that exists."""
    status = file.stat()
    log = file.with_name(f"{file.name}-wal")
    return FileFacts(
        size_bytes=status.st_size,
        log_bytes=log.stat().st_size if log.exists() else 0,
        free_bytes=shutil.disk_usage(file.parent).free,
        is_readable=os.access(file, os.R_OK),
        is_writable=os.access(file, os.W_OK) and os.access(file.parent, os.W_OK),
        is_read_by_others=os.name == "posix" and bool(status.st_mode & OTHERS_CAN_READ),
        file_system=_file_system_of(file),
    )


def _file_system_of(file: Path) -> str | None:
    try:
        mounts = [line.split() for line in MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return None
    place = file.resolve()
    around = [(mount[1], mount[2]) for mount in mounts if place.is_relative_to(mount[1])]
    return max(around, key=lambda mount: len(mount[0]))[1] if around else None


@contextmanager
def read_only(file: Path, *, is_still: bool = False) -> Iterator[Connection]:
    """Open an SQLite file that exists for reading, without the settings of ours that would touch it.

    Args:
        file: its name.
        is_still: nobody has it open and nobody opens it meanwhile: SQLite puts nothing beside it.

    Raises:
        NotADatabase, StorageUnusable, TryAgain: it cannot be read.
    """
    address = f"{file.resolve().as_uri()}?{'immutable=1' if is_still else 'mode=ro'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise meaning_of(error) or StorageUnusable from error


def damages_of(connection: Connection) -> Sequence[str]:
    """Return the first damages that SQLite itself finds in its file; none if it is sound."""
    found = [str(line) for (line,) in connection.execute(text("PRAGMA quick_check(3)"))]
    return () if found == ["ok"] else found


def settings_of(connection: Connection) -> dict[str, str]:
    """Return what decides on the durability of an SQLite database."""
    names = ("journal_mode", *DURABLE)
    return {name: str(connection.execute(text(f"PRAGMA {name}")).scalar()) for name in names}


def last_recorded_us(connection: Connection) -> int | None:
    """Return the latest instant at which anything was entered, None if nothing was."""
    entry = connection.execute(select(func.max(table_of(EntryRow).c.recorded_us))).scalar()
    branch = connection.execute(select(func.max(table_of(BranchRow).c.created_us))).scalar()
    known = [int(us) for us in (entry, branch) if us is not None]
    return max(known, default=None)


def zones_of(connection: Connection) -> dict[str, str]:
    """Return the time zone of every branch."""
    branch = table_of(BranchRow)
    return {row.code: row.zone for row in connection.execute(select(branch.c.code, branch.c.zone))}
