"""An error of the disk at every n-th call that the real storage makes of it, for n from one to the last.

The call fails once, or it and all that follow until the disk is whole again. The files are copied as they
are then: an entry is there with all that belongs to it, or not at all. Asked again with the same key, the
same bank does it.

Calls are those of SQLite to read, write, truncate, sync, measure, open and delete a file (`vfs`); locks are
not among them. One thing is harsher than a disk: where SQLite could do without a call that failed, the
error is told all the same, so that an act may have been done although an error was given.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import apsw
from tests.builders import a_bank, address_in
from tests.faults.journals import Care
from tests.faults.scores import Say, Score, silent
from tests.faults.vfs import stored_through
from tests.integration.worlds import a_world

import timebank
from timebank.errors import TimebankError
from timebank.services.bank import Bank

NAME: Final = "timebank-errors"
CODES: Final = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "size": apsw.SQLITE_IOERR_FSTAT,
    "delete": apsw.SQLITE_IOERR_DELETE,
}
GIFT: Final = 11
"""A transfer of the sample world that was not reversed."""
Do = Callable[[Bank], object]


def _log(bank: Bank) -> object:
    return bank.hours.log(
        "lille",
        provider="m5",
        recipient="member:m2",
        minutes=45,
        kind="company",
        start_at=bank.now() - timedelta(hours=7),
        by="member:m5",
        key="fault",
    )


def _confirm(bank: Bank) -> object:
    return bank.hours.confirm("lille", 8, by="member:m2", key="fault")


def _redeem(bank: Bank) -> object:
    start_at = bank.now() + timedelta(days=9)
    return bank.redemptions.request(
        "lille", 2, start_at=start_at, minutes=30, kind="company", by="member:m3", key="fault"
    )


def _settle(bank: Bank) -> object:
    return bank.redemptions.confirm("lille-4", by="member:h1@locmine", key="fault")


def _reverse(bank: Bank) -> object:
    return bank.entries.reverse("lille", GIFT, reason="Sample reason", key="fault")


ACTS: Final[dict[str, Do]] = {
    "log": _log,
    "confirm": _confirm,
    "redeem": _redeem,
    "settle": _settle,
    "reverse": _reverse,
}


class FaultyDisk(apsw.VFS):
    """A file system whose calls fail from a certain one on, or that one alone."""

    def __init__(self) -> None:
        """Work, until told otherwise."""
        self.calls = 0
        self.fails_at: int | None = None
        self.is_lasting = False
        self.has_failed = ""
        super().__init__(NAME, "")

    def fail(self, at: int | None, *, is_lasting: bool = False) -> None:
        """Let the n-th call from now on fail; none if None."""
        self.calls, self.fails_at, self.is_lasting, self.has_failed = 0, at, is_lasting, ""

    def come(self, what: str) -> None:
        """Count a call, and fail if it is the one."""
        self.calls += 1
        if self.fails_at is None or self.calls < self.fails_at:
            return
        if self.calls == self.fails_at or self.is_lasting:
            self.has_failed = self.has_failed or what
            error: Any = apsw.CantOpenError("made up") if what == "open" else apsw.IOError("made up")
            error.extendedresult = CODES.get(what, apsw.SQLITE_CANTOPEN)
            raise error

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802, ANN401 - apsw's names
        """Open a file."""
        self.come("open")
        return _File(self, name, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - apsw's names
        """Delete a file."""
        self.come("delete")
        super().xDelete(name, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:  # noqa: ANN401
        self.disk = disk
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self.disk.come("read")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self.disk.come("write")
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self.disk.come("truncate")
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.disk.come("sync")
        super().xSync(flags)

    def xFileSize(self) -> int:  # noqa: N802
        self.disk.come("size")
        return super().xFileSize()


def fail_everywhere(
    folder: Path, *, every: int = 1, acts: tuple[str, ...] = tuple(ACTS), say: Say = silent
) -> Score:
    """Let each act meet an error at its first call, its second, and so on to its last.

    Args:
        folder: where files are made.
        every: of how many calls one is tried.
        acts: which; see `ACTS`.
        say: told how far it is.
    """
    score = Score("disk errors at the n-th call")
    disk = FaultyDisk()
    try:
        for name in acts:
            for is_lasting in (False, True):
                for call in count(1, every):
                    say(f"{score.name}: {name} {call}")
                    if not _try(disk, name, call, folder, is_lasting=is_lasting, score=score):
                        break
                score.notes.append(f"{name}{', lasting' * is_lasting}: to call {call}")
    finally:
        disk.unregister()
    return score


def _try(disk: FaultyDisk, name: str, call: int, folder: Path, *, is_lasting: bool, score: Score) -> bool:
    """Let one call fail; False if there was no such call."""
    clock = a_world(folder)
    where = f"{name}, call {call}{' and all after it' * is_lasting}"
    before = _entries(folder / "bank.db")
    with stored_through(NAME, Care()), closing(a_bank(folder, clock=clock)) as bank:
        bank.branches.list()
        disk.fail(call, is_lasting=is_lasting)
        try:
            ACTS[name](bank)
            outcome = "done"
        except TimebankError as error:
            outcome = error.code
        except Exception as error:  # noqa: BLE001 - just what must not be
            outcome = type(error).__name__
            score.expect(holds=False, otherwise=f"{where}: {error!r}")
        failed = disk.has_failed
        disk.fail(None)
        if failed:
            left = _as_left(folder, score, where)
            ACTS[name](bank)
    after = _entries(folder / "bank.db")
    if failed:
        score.counts["calls that failed"] += 1
        score.counts[f"outcome {outcome}"] += 1
        score.counts["kept although an error was given"] += outcome != "done" and left == after != before
        score.expect(left in {before, after}, f"{where} ({failed}): {left} entries")
    _audit(folder, score, f"{where}, after the next try")
    for each in folder.glob("bank.db*"):
        each.unlink()
    return bool(failed)


def _as_left(folder: Path, score: Score, where: str) -> int:
    copy = folder / "left"
    copy.mkdir()
    for each in folder.glob("bank.db*"):
        if not each.name.endswith("-shm"):
            shutil.copy(each, copy)
    _audit(copy, score, f"{where}, as it was left")
    entries = _entries(copy / "bank.db")
    shutil.rmtree(copy)
    return entries


def _audit(folder: Path, score: Score, where: str) -> None:
    with closing(timebank.open(address_in(folder))) as bank:
        faults = bank.audits.run().faults
    score.expect(not faults, f"{where}: {', '.join(fault.code for fault in faults)}")


def _entries(file: Path) -> int:
    with closing(sqlite3.connect(file)) as raw:
        return int(raw.execute("SELECT count(*) FROM entry").fetchone()[0])
