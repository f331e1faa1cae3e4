"""The folder of a mirror: what is in it, and files that appear in it whole or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from timebank.errors import CheckpointRefused, MirrorBusy, NotAMirror, NoteRefused, UnwritableFile
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.mirror import CHECKPOINT, KEYS
from timebank.translog.note import parse_note

PART: Final = ".part"
"""What the name of a file ends with that is being written, after a dot before it."""
OURS: Final = frozenset({CHECKPOINT, KEYS, "tile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a folder holds before anything is written to it."""

    checkpoint: Checkpoint | None = None
    keys: tuple[str, ...] = ()
    has_entries: bool = False


def content_of(folder: Path) -> Content:
    """Return what is in the folder of a mirror; it need not be there.

    Raises:
        NotAMirror: it is no folder, or holds something else.
        UnwritableFile: nothing can be written to it.
        OSError: it cannot be read.
    """
    if folder.exists():
        names = {each.name for each in folder.iterdir()} if folder.is_dir() else {""}
        names -= {f".{name}{PART}" for name in OURS}  # an export was killed
        if not names <= OURS or (names and KEYS not in names):  # the keys are written first
            raise NotAMirror(folder=folder.name)
    _require_writable(folder)
    return Content(
        checkpoint=_checkpoint_in(folder),
        keys=_keys_in(folder),
        has_entries=(folder / "tile" / "entries").exists(),
    )


@dataclass(slots=True)
class Files:
    """The files of one mirror, while they are written."""

    folder: Path
    is_dry: bool
    written: int = 0
    kept: int = 0
    removed: int = 0
    bytes_written: int = 0

    @classmethod
    @contextmanager
    def open(cls, folder: Path, *, is_dry: bool) -> Iterator["Files"]:
        """Make the folder, and let nobody else write to it meanwhile.

        Raises:
            MirrorBusy: somebody does.
            UnwritableFile: it cannot be made or written to, or the disk is full.
        """
        if is_dry:
            yield cls(folder, is_dry)
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for left in folder.rglob(f".*{PART}"):  # of an export that was killed
                    left.unlink()
                yield cls(folder, is_dry)
            finally:
                os.close(handle)
        except BlockingIOError:
            raise MirrorBusy(folder=folder.name) from None
        except OSError:
            raise UnwritableFile(file=folder.name) from None

    def has(self, path: str) -> bool:
        """Tell whether a file is there, and count it."""
        found = (self.folder / path).is_file()
        self.kept += found
        return found

    def put(self, path: str, data: bytes) -> None:
        """Write a file, unless it is there with these bytes; it appears whole, and on the disk."""
        file = self.folder / path
        if file.is_file() and file.read_bytes() == data:
            self.kept += 1
            return
        self.written += 1
        self.bytes_written += len(data)
        if self.is_dry:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}{PART}")
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)

    def remove_outgrown(self) -> None:
        """Remove partial tiles whose full one is there."""
        for folder in list(self.folder.rglob("*.p")):
            if folder.with_suffix("").is_file():
                for each in list(folder.iterdir()):
                    self.removed += 1
                    if not self.is_dry:
                        each.unlink()
                if not self.is_dry:
                    folder.rmdir()


def _checkpoint_in(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in a folder; None if it has none.

    Raises:
        NotAMirror: what is called so is none.
        OSError: it cannot be read.
    """
    try:
        return Checkpoint.parse(parse_note((folder / CHECKPOINT).read_bytes()).text)
    except FileNotFoundError:
        return None
    except (NoteRefused, CheckpointRefused):
        raise NotAMirror(folder=folder.name) from None


def _keys_in(folder: Path) -> tuple[str, ...]:
    try:
        return tuple((folder / KEYS).read_text(encoding="utf-8").splitlines())
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        raise NotAMirror(folder=folder.name) from None


def _require_writable(folder: Path) -> None:
    """Refuse a folder that files cannot be made in; of one that is not there, the nearest that is.

    Raises:
        UnwritableFile: they cannot.
    """
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UnwritableFile(file=folder.name)
