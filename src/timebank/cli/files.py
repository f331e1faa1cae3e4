"""Files that people name on the command line: read and written with one clear sentence if that fails."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from timebank.cli.output import stdout
from timebank.errors import FileExists, ResultNotWritten, UnreadableFile, UnwritableFile

TEXT_MOST = 10_000_000


def read_text(file: Path) -> str:
    """Read a UTF-8 text file of at most ten million bytes.

    Raises:
        UnreadableFile: the file is not there, cannot be read, is too large or is not UTF-8.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(TEXT_MOST + 1)
        if len(content) > TEXT_MOST:
            raise UnreadableFile(file=file.name)
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UnreadableFile(file=file.name) from None


def write_text(file: Path, text: str) -> None:
    """Write a UTF-8 text file, all of it or none of it.

    Raises:
        UnwritableFile: the folder is not there or cannot be written, or the disk is full.
    """
    unfinished = file.with_name(f"{file.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise UnwritableFile(file=file.name) from None


@contextmanager
def reading(file: Path) -> Iterator[BinaryIO]:
    """Open a file to read bytes from, as often as needed: it is no pipe.

    Raises:
        UnreadableFile: it is not there, cannot be read, or is not a file.
    """
    try:
        if not file.is_file():
            raise UnreadableFile(file=file.name)
        stream = file.open("rb")
    except (OSError, ValueError):
        raise UnreadableFile(file=file.name) from None
    with stream:
        try:
            yield stream
        except OSError:
            raise UnreadableFile(file=file.name) from None


@contextmanager
def writing(file: Path, *, force: bool, is_private: bool) -> Iterator[BinaryIO]:
    """Open a new file to write bytes to; it gets its name when all of it is on the disk, or never.

    Args:
        file: its name.
        force: replace a file of that name.
        is_private: let nobody but its owner read it.

    Raises:
        FileExists: there is something of that name, and `force` is not given.
        UnwritableFile: the folder is not there or cannot be written, the disk is full, or the name is that
            of something other than a file.
    """
    unfinished: Path | None = None
    try:
        target = file.resolve()  # a link keeps pointing to what is replaced
        _refuse_taken(target, force=force)
        name = target.with_name(f".{target.name}.{os.getpid()}.part")
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if is_private else 0o666)
        unfinished = name
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _refuse_taken(target, force=force)
        unfinished.replace(target)
        unfinished = None
    except (OSError, RuntimeError):
        raise UnwritableFile(file=file.name) from None
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)


def _refuse_taken(target: Path, *, force: bool) -> None:
    if target.exists() and not target.is_file():
        raise UnwritableFile(file=target.name)
    if target.exists() and not force:
        raise FileExists(file=target.name)


@contextmanager
def writing_result() -> Iterator[BinaryIO]:
    """Write bytes to stdout; a reader who has seen enough (`| head`) is no error.

    Raises:
        ResultNotWritten: the disk that stdout goes to is full, or stdout is closed.
    """
    try:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        stdout().on_broken_pipe()
    except OSError:
        stdout().on_broken_pipe()
        raise ResultNotWritten from None
