"""Where an SQLite database is kept: whether anything is there, copies of it, and one put in its place."""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from timebank.errors import FileExists, LogInTheWay, StorageUnusable, TryAgain, UnwritableFile
from timebank.storage.engine import BUSY_SECONDS, meaning_of, sqlite_file_of
from timebank.storage.heads import HEADS, Heads, heads_in
from timebank.storage.inspection import read_only
from timebank.storage.schema import HEAD, version_of

NAME_BYTES_MAX: Final = 255
"""What every usual file system allows."""
BESIDE: Final = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database while somebody has it open; left over, it would change another file."""
PAGES: Final = 2_000
"""How many pages are copied between two reports of progress."""
Tell = Callable[[int, int], None]
"""Told, now and then, how much is done and how much there is."""
NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})


def holds_anything(file: Path) -> bool:
    """Tell whether there is a file with something in it; an empty one is no database yet.

    Raises:
        StorageUnusable: the folder does not let anybody look.
    """
    try:
        return file.stat().st_size > 0
    except OSError as error:
        if error.errno in NOT_THERE:
            return False
        raise StorageUnusable from error


def make_private(file: Path) -> None:
    """Make a file that does not exist, for its owner only: it will hold people's names.

    What cannot be made is left to the database to complain of.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))


def is_current(file: Path) -> bool:
    """Tell whether a file has the newest schema.

    Raises:
        NotADatabase, DatabaseDamaged, StorageUnusable, TryAgain: it cannot be read.
    """
    if not holds_anything(file):
        return False
    with read_only(file) as connection:
        return version_of(connection) == HEAD


def copy_of(file: Path, folder: Path) -> Path:
    """Copy a database into a folder, or only name one there if there is nothing to copy; returns its file.

    Raises:
        StorageUnusable: there is nothing, and no file could be made there.
    """
    copy = folder / "copy.db"
    if holds_anything(file):
        address = f"{file.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy
    try:
        is_possible = file.parent.is_dir() and not file.is_dir() and len(file.name.encode()) <= NAME_BYTES_MAX
    except OSError as error:
        raise StorageUnusable from error
    if not is_possible:
        raise StorageUnusable
    return copy


def is_still(file: Path) -> bool:
    """Tell whether nobody has a database open: then SQLite has nothing beside it."""
    return not any(file.with_name(f"{file.name}{suffix}").exists() for suffix in BESIDE)


# --- Copies of a database that is in use ---------------------------------------------------------------


def copy_online(source: Path, target: Path, *, tell: Tell, still: bool = False) -> None:
    """Copy a database as it is at one moment, while others read and write it.

    Args:
        source: an SQLite file that exists.
        target: a file that exists and is empty.
        tell: told how many pages are done.
        still: nobody has the source open.

    Raises:
        NotADatabase, DatabaseDamaged, StorageUnusable, StorageFull, TryAgain: it cannot be read or written.
    """
    address = f"{source.resolve().as_uri()}?{'immutable=1' if still else 'mode=ro'}"
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as origin,
            closing(sqlite3.connect(target, timeout=BUSY_SECONDS)) as copy,
        ):
            origin.execute("BEGIN")  # one state from the first page to the last, whatever others write
            origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
            copy.execute("PRAGMA synchronous=OFF")  # the file is synced as a whole, before it gets its name
            origin.backup(copy, pages=PAGES, progress=lambda _, left, total: tell(total - left, total))
    except sqlite3.Error as error:
        raise meaning_of(error) or StorageUnusable from error


def put_in_place(source: Path, target: Path, *, heads: Heads) -> Path:
    """Put the content of one database in the place of another's, which is kept beside it.

    It is one transaction of SQLite: after a crash the target has the old content or the new one. Nobody else
    may have it open.

    Args:
        source: a file that nobody has open.
        target: the database whose content is replaced.
        heads: where its journals were found to end; if they went on since, nothing is done.

    Returns:
        The file that keeps what was there.

    Raises:
        TryAgain: somebody has the target open, or has written to it.
        StorageFull, StorageReadOnly, StorageUnusable, UnwritableFile: there is no room, or no right to write.
    """
    try:
        with closing(sqlite3.connect(target, isolation_level=None, timeout=BUSY_SECONDS)) as there:
            there.execute("PRAGMA locking_mode=EXCLUSIVE")
            there.execute("BEGIN EXCLUSIVE")
            there.execute("COMMIT")  # the lock stays until the connection is closed
            if heads_in(there.execute(HEADS)) != heads:
                raise TryAgain
            kept = _free_name(target)
            with unfinished(kept, force=False) as copied, closing(sqlite3.connect(copied)) as copy:
                there.backup(copy)
            with closing(sqlite3.connect(f"{source.resolve().as_uri()}?immutable=1", uri=True)) as new:
                if _page_bytes(new) != _page_bytes(there):
                    # A log holds pages of one size only; a rollback journal brings back the old ones.
                    there.execute("PRAGMA journal_mode=DELETE")
                new.backup(there)
            return kept
    except sqlite3.Error as error:
        raise meaning_of(error) or StorageUnusable from error


def _page_bytes(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_size").fetchone()[0])


def _free_name(file: Path) -> Path:
    """Return a name beside a file for what was there before a restore."""
    names = (f"{file.name}.before-restore{f'-{number}' if number > 1 else ''}" for number in count(1))
    return next(each for each in map(file.with_name, names) if not each.exists())


@contextmanager
def beside(file: Path) -> Iterator[Path]:
    """Make an empty file beside `file`, for its owner only, which is gone after the block.

    A process that is killed leaves it: its name begins with a dot and ends in `.part`.

    Raises:
        UnwritableFile: the folder is not there or cannot be written, or the disk is full.
    """
    part: Path | None = None
    try:
        target = file.resolve()
        name = target.with_name(f".{target.name}.{os.getpid()}.part")
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        part = name
        yield part
    except (OSError, RuntimeError):
        raise UnwritableFile(file=file.name) from None
    finally:
        if part is not None:
            for suffix in ("", *BESIDE):
                part.with_name(f"{part.name}{suffix}").unlink(missing_ok=True)


@contextmanager
def unfinished(file: Path, *, force: bool) -> Iterator[Path]:
    """Make an empty file beside `file`, for its owner only, which gets that name if the block ends well.

    It then is on the disk as a whole. Whatever happens before, nothing stands under the name that did not
    stand there.

    Args:
        file: its name.
        force: replace a file of that name.

    Raises:
        FileExists: there is something of that name, and `force` is not given.
        LogInTheWay: what SQLite keeps beside an open database of that name is there.
        UnwritableFile: the folder is not there or cannot be written, the disk is full, or the name is that
            of something other than a file.
    """
    with beside(file) as part:
        target = file.resolve()  # a link keeps pointing to what is replaced
        _refuse_taken(target, force=force)
        yield part
        _sync(part)
        _refuse_taken(target, force=force)
        part.replace(target)
        _sync(target.parent)


def _sync(place: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_taken(target: Path, *, force: bool) -> None:
    if target.exists() and not target.is_file():
        raise UnwritableFile(file=target.name)
    if target.exists() and not force:
        raise FileExists(file=target.name)
    for suffix in BESIDE:
        if target.with_name(f"{target.name}{suffix}").exists():
            raise LogInTheWay(file=f"{target.name}{suffix}")


def identity_of(engine: Engine) -> tuple[object, ...]:
    """Return what tells a database from every other: two addresses may lead to the same one."""
    file = sqlite_file_of(engine.url)
    if file is not None:
        status = file.stat()
        return status.st_dev, status.st_ino
    query = "SELECT pg_postmaster_start_time()::text, oid FROM pg_database WHERE datname = current_database()"
    with engine.connect() as connection:
        return tuple(connection.execute(text(query)).one())
