"""Where an SQLite database is kept: whether anything is there, and a copy to try things out on."""

import errno
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from timebank.errors import StorageUnusable
from timebank.storage.inspection import read_only
from timebank.storage.schema import HEAD, version_of

NAME_BYTES_MAX: Final = 255
"""What every usual file system allows."""
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
