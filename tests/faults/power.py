"""Power cuts: what the real program wrote and synced is recorded, and what may be left after each made of it.

Real: services, storage and SQLite over a log of every write, truncation, sync, creation and deletion of the
file and its journal (`vfs`). Made up: the disk. At a cut, a sector of 512 bytes that was written since the
file's last sync is there or is not, each by chance, in any order; so are an unsynced truncation, and a file
whose creation was not yet followed by a sync. What was made of the rest by real SQLite and by our audit is
then real again.

A deletion is taken as kept at once, as on a file system with a journal; `Disk.forgets_deletions` says
otherwise. Not covered: sectors torn within, sectors that rot, and whatever a real drive's cache adds to
this.
"""

import random
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import apsw
from sqlalchemy.exc import SQLAlchemyError
from tests.faults.journals import Care, Journal, kept_with
from tests.faults.scores import Say, Score, silent
from tests.faults.verdict import Verdict, judge
from tests.faults.vfs import stored_through
from tests.faults.writer import Ack, Job, found, request

import timebank
from timebank.errors import TimebankError

SECTOR: Final = 512
NAME: Final = "timebank-power"
CUTS_PER_RUN: Final = 250
REQUESTS_PER_RUN: Final = 60
REQUESTS_PER_OPENING: Final = 15
"""Closing carries the log over into the file."""
LOG_PAGES: Final = 60
"""The log is carried over, and begun anew, many times in a run; otherwise it would be at closing only."""
FOUNDED: Final = 3
"""Events that stand for the founding, during which no power is cut."""
KEPT: Final = (0.0, 0.1, 0.5, 0.9, 1.0)
"""How likely an unsynced sector is there; one of these for each cut."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that the program did to a file, or the answer to a request."""

    what: str
    file: str = ""
    offset: int = 0
    data: bytes = b""
    ack: Ack | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What it makes of a sync or a deletion."""

    lies: float = 0.0
    """How likely a sync does nothing."""
    forgets_deletions: bool = False
    """Whether a deletion that was not followed by a sync of its folder may be undone."""


CONTROLS: Final = (
    (Care(Journal.WAL, "NORMAL"), Disk()),
    (Care(Journal.WAL, "OFF"), Disk()),
    (Care(Journal.DELETE, "OFF"), Disk()),
    (Care(Journal.WAL), Disk(lies=0.3)),
    (Care(Journal.DELETE), Disk(lies=0.3)),
)


class Recorder(apsw.VFS):
    """A file system that does everything and writes it down."""

    def __init__(self) -> None:
        """Stand before the usual one."""
        self.events: list[Event] = []
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802, ANN401 - apsw's names
        """Open a file."""
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        if flags[0] & apsw.SQLITE_OPEN_CREATE and not path.exists():
            self.events.append(Event("create", path.name))
        return _File(self, path, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - apsw's names
        """Delete a file."""
        super().xDelete(name, syncdir)
        self.events.append(Event("delete", Path(name).name, offset=int(syncdir)))


class _File(apsw.VFSFile):
    def __init__(self, recorder: Recorder, path: Path, flags: list[int]) -> None:
        self.events = recorder.events
        self.name = path.name
        super().__init__("", str(path), flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self.events.append(Event("write", self.name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self.events.append(Event("truncate", self.name, size))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self.events.append(Event("sync", self.name))


@dataclass(slots=True)
class _Stored:
    """A file as the disk has it: what is there for certain, and what may be."""

    kept: bytearray = field(default_factory=bytearray)
    is_kept: bool = False
    """Whether the file is there for certain."""
    pending: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if event.what == "write":
            end = event.offset + len(event.data)
            self.kept.extend(bytes(max(0, end - len(self.kept))))
            self.kept[event.offset : end] = event.data
        else:
            self.kept.extend(bytes(max(0, event.offset - len(self.kept))))
            del self.kept[event.offset :]

    def sync(self) -> None:
        for event in self.pending:
            self.take(event)
        self.pending.clear()
        self.is_kept = True

    def after_cut(self, chance: random.Random, kept: float) -> bytes | None:
        if not self.is_kept and chance.random() > kept:
            return None
        left = _Stored(bytearray(self.kept))
        for event in self.pending:
            for start in range(0, max(1, len(event.data)), SECTOR):
                if chance.random() < kept:
                    part = event.data[start : start + SECTOR]
                    at = event.offset + start
                    left.take(Event(event.what, event.file, at, part))
        return bytes(left.kept)


class Medium:
    """The disk's files, as events come."""

    def __init__(self, disk: Disk, chance: random.Random) -> None:
        """Begin empty."""
        self.disk = disk
        self.chance = chance
        self.files: dict[str, _Stored] = {}
        self.deleted: dict[str, _Stored] = {}
        self.acks: list[Ack] = []

    def take(self, event: Event) -> None:
        """Do what the program did."""
        if event.ack is not None:
            self.acks.append(event.ack)
        elif event.what == "delete":
            gone = self.files.pop(event.file, None)
            if gone is not None and gone.is_kept and self.disk.forgets_deletions and not event.offset:
                self.deleted[event.file] = gone
            else:
                self.deleted.pop(event.file, None)
        elif event.what == "sync":
            if self.chance.random() >= self.disk.lies:
                self.files.setdefault(event.file, _Stored()).sync()
        else:
            stored = self.files.setdefault(event.file, _Stored())
            if event.what != "create":
                stored.pending.append(event)
            else:
                self.deleted.pop(event.file, None)

    def write_out(self, folder: Path, chance: random.Random) -> None:
        """Write what is left after a cut into an empty folder."""
        kept = chance.choice(KEPT)
        files = {**self.deleted, **self.files} if chance.random() < kept else self.files
        for name, stored in files.items():
            content = stored.after_cut(chance, kept)
            if content is not None:
                (folder / name).write_bytes(content)


def record(care: Care, folder: Path) -> list[Event]:
    """Let the real program work, and return all that it did to its files since the bank was founded."""
    recorder = Recorder()
    file = folder / "power.db"
    address = f"sqlite:///{file}"
    with stored_through(NAME, replace(care, log_pages=LOG_PAGES)):
        found(address, 1)
        job = Job(address=address, writer=0)
        whole = Event("write", file.name, 0, file.read_bytes())
        recorder.events[:] = [Event("create", file.name), whole, Event("sync", file.name)]
        for first in range(1, REQUESTS_PER_RUN + 1, REQUESTS_PER_OPENING):
            with closing(timebank.open(address)) as bank:
                for number in range(first, first + REQUESTS_PER_OPENING):
                    seq = request(bank, job, number)
                    recorder.events.append(Event("answer", ack=Ack(0, number, seq)))
    recorder.unregister()
    for left in folder.glob(f"{file.name}*"):
        left.unlink()
    return recorder.events


def cut_power(
    cuts: int, *, care: Care, disk: Disk | None = None, seed: int, folder: Path, say: Say = silent
) -> Score:
    """Cut the power again and again, open what is left and audit it in full; all that is wrong is counted.

    Args:
        cuts: how many.
        care: what the program asks SQLite for.
        disk: what it is written to; an honest one if None.
        seed: of the moments, and of what is left.
        folder: where files are made.
        say: told how far it is.
    """
    disk = disk or Disk()
    score = Score(f"power cuts, {care.journal} journal, synchronous {care.synchronous}{_said(disk)}")
    chance = random.Random(f"{seed} {score.name}")
    for first in range(0, cuts, CUTS_PER_RUN):
        events = record(care, folder)
        medium = Medium(disk, chance)
        moments = sorted(chance.choices(range(FOUNDED, len(events)), k=min(CUTS_PER_RUN, cuts - first)))
        taken = 0
        for moment in moments:
            for event in events[taken:moment]:
                medium.take(event)
            taken = moment
            _cut(medium, chance, care, folder, score)
            say(f"{score.name}: {score.counts['cuts']} of {cuts}")
    return score


def _said(disk: Disk) -> str:
    lies = f", {disk.lies:.0%} of syncs do nothing" if disk.lies else ""
    return lies + (", deletions may be undone" if disk.forgets_deletions else "")


def _cut(medium: Medium, chance: random.Random, care: Care, folder: Path, score: Score) -> None:
    left = folder / "left"
    left.mkdir()
    medium.write_out(left, chance)
    score.counts["cuts"] += 1
    where = f"cut {score.counts['cuts']}"
    try:
        with kept_with(Care(care.journal)):
            verdict = judge(f"sqlite:///{left / 'power.db'}", medium.acks)
    except (TimebankError, SQLAlchemyError) as error:
        verdict = Verdict(entries=0, unanswered=0, lost=0, doubled=0, faults=(type(error).__name__,))
    score.counts["cuts with something lost"] += verdict.lost > 0
    score.counts["cuts that left damage"] += bool(verdict.faults)
    score.take(verdict, where)
    for each in left.iterdir():
        each.unlink()
    left.rmdir()


def show_that_cuts_hurt(cuts: int, *, seed: int, folder: Path, say: Say = silent) -> Score:
    """Cut the power of what must lose by it: less care, and disks that lie. Else nothing is shown.

    Args:
        cuts: how many for each.
        seed: of the moments, and of what is left.
        folder: where files are made.
        say: told how far it is.
    """
    score = Score("power cuts that must hurt")
    for care, disk in CONTROLS:
        found = cut_power(cuts, care=care, disk=disk, seed=seed, folder=folder, say=say)
        lost, damaged = found.counts["cuts with something lost"], found.counts["cuts that left damage"]
        what = f"{care.journal} {care.synchronous}{_said(disk)}"
        score.notes.append(f"{what}: {lost} lost and {damaged} damaged of {cuts}")
        score.expect(lost + damaged, f"{what}: nothing was found")
    return score
