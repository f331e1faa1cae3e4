"""Worker processes for the audit: each opens the database by itself, for reading only.

A worker is this Python running `storage.folding`; it imports nothing of the program that called, so a script
needs no `__main__` guard. Where no process can be started (a frozen program) or a worker fails, the caller
does its tasks itself. Imports no database library: a worker may begin while the caller still loads its own.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from timebank.ledger.segments import Segment

if TYPE_CHECKING:
    from sqlalchemy import Engine

WORKERS_MOST: Final = 8
BUSY_SECONDS: Final = 2
"""How long a worker waits for whoever locks the whole file."""
PROGRAM: Final = "import sys; sys.path[:] = {path!r}; from timebank.storage.folding import main; main()"
ADDRESS: Final = "sqlite:///"
LARGE: Final = 32 * 2**20
"""Bytes of a file that is worth beginning early with."""
MANY: Final = 100_000
"""Entries of a branch that are worth beginning early with."""
SMALLEST: Final = 8
"""No segment but the last is smaller than this part of what one worker folds."""
JOURNALS: Final = """
    SELECT branch_id, code, last FROM (
        SELECT branch_id, code, (SELECT MAX(seq) FROM entry WHERE entry.branch_id = branch.branch_id) AS last
        FROM branch ORDER BY code)
    WHERE last >= ?
"""
WAL_HEADER: Final = slice(18, 20)
"""Versions for writing and reading: 2 with a write-ahead log, where a reader is in nobody's way."""
COOKIE: Final = slice(40, 44)
"""Where the header of a file has its `schema_version`: https://sqlite.org/fileformat.html"""
SINGLE: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Keeps numpy from starting threads of its own: we only compare and add."""
TellMore = Callable[[str, int], None]
"""Told (branch, entries more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldTask:
    """A stretch of a branch's journal to fold."""

    branch_id: int
    code: str
    first: int
    last: int
    is_typed: bool
    """Whether to take it as given that every value is of its column's type: what is found counts if it is."""


@dataclass(frozen=True, slots=True)
class FileTask:
    """A part of an SQLite file to check: see `file_checks.damages_of`."""

    part: str


Task: TypeAlias = FoldTask | FileTask
Results: TypeAlias = dict[Task, Any]
"""What workers found, by task: a segment (None if it needs the careful fold), or damages. A task that is
not in it was not done."""


def cut(
    branch_id: int, code: str, *, after: int, last: int, count: int, is_typed: bool
) -> Iterator[FoldTask]:
    """Cut a stretch to fold for `count` workers: smaller and smaller, so that all end at about once."""
    first, least = after + 1, (last - after) // (SMALLEST * count) + 1
    while first <= last:
        end = min(first + max(least, (last - first + 1) // (2 * count)) - 1, last)
        yield FoldTask(branch_id=branch_id, code=code, first=first, last=end, is_typed=is_typed)
        first = end + 1


def workers_here() -> int:
    """Return how many worker processes this machine has processors for; 0 where none can be started."""
    if getattr(sys, "frozen", False) or not sys.executable:
        return 0
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, WORKERS_MOST) if processors > 1 else 0


def how_to_connect(engine: "Engine") -> dict[str, Any]:
    """Say how a worker connects to the database of an engine."""
    if engine.dialect.name == "sqlite":
        return how_to_open(Path(str(engine.url.database)))
    _, server = engine.dialect.create_connect_args(engine.url)
    server.pop("context", None)
    return {"server": {name: str(value) for name, value in server.items()}}


def how_to_open(file: Path) -> dict[str, Any]:
    """Say how a worker opens an SQLite file."""
    return {"file": file.resolve().as_uri(), "busy_seconds": BUSY_SECONDS}


class Crew:
    """Workers on one database, and what they found."""

    def __init__(self, how: dict[str, Any]) -> None:
        """Begin with nobody; `how` to connect."""
        self.how = how
        self.cookie: int | None = None
        """The schema's version when the first task was given, where that was before the file was opened."""
        self.given: set[Task] = set()
        self.results: Results = {}
        self.tell: TellMore = _tell_nobody
        """Told of progress, from one thread at a time."""
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._workers: list[subprocess.Popen[str]] = []
        self._lock = Lock()

    def give(self, tasks: Iterable[Task], *, to: int) -> None:
        """Have tasks done by so many workers, in their order, the longest first; not those given before."""
        for task in tasks:
            if task not in self.given:
                self.given.add(task)
                self._tasks.put(task)
        for _ in range(len(self._threads), min(to, len(self.given))):
            self._threads.append(Thread(target=self._run, daemon=True))
            self._threads[-1].start()

    def finish(self) -> Results:
        """Wait until all is done that will be; returns what was found."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        return self.results

    def dismiss(self) -> None:
        """End the workers, whatever they are at."""
        with self._lock:
            for worker in self._workers:
                worker.kill()

    def _run(self) -> None:
        """Run one worker until no task is left or it fails."""
        program = PROGRAM.format(path=[each or str(Path.cwd()) for each in sys.path])
        try:
            worker = subprocess.Popen(  # noqa: S603 - this Python, our own program
                [sys.executable, "-S", "-c", program],  # it is told where everything is
                env=os.environ | SINGLE,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError:
            return
        with self._lock:
            self._workers.append(worker)
        with suppress(BrokenPipeError), worker:  # what a dead worker did not read is not worth an error
            try:
                self._tell_worker(worker, self.how)
                while (task := self._tasks.get()) is not None:
                    self._do(worker, task)
            except (OSError, ValueError, LookupError):
                worker.kill()  # what it did not do is left to the caller

    @staticmethod
    def _tell_worker(worker: "subprocess.Popen[str]", what: dict[str, Any]) -> None:
        assert worker.stdin is not None, "a pipe"
        worker.stdin.write(json.dumps(what) + "\n")
        worker.stdin.flush()

    def _do(self, worker: "subprocess.Popen[str]", task: Task) -> None:
        assert worker.stdout is not None, "a pipe"
        self._tell_worker(worker, vars_of(task))
        while "done" in (answer := json.loads(worker.stdout.readline())):
            with self._lock:
                self.tell(vars_of(task)["code"], answer["done"])
        if isinstance(task, FileTask):
            self.results[task] = tuple(answer["damages"])
        else:
            found = answer["segment"]
            self.results[task] = None if found is None else Segment.of_json(found)


def _tell_nobody(_code: str, _more: int) -> None:
    pass


def vars_of(task: Task) -> dict[str, Any]:
    """Return a task as a worker reads it."""
    return asdict(task)


def work(
    engine: "Engine", tasks: Iterable[Task], *, count: int, tell: TellMore, crew: Crew | None = None
) -> Results:
    """Do tasks in worker processes; returns what was done.

    Args:
        engine: of the database.
        tasks: the longest first.
        count: how many workers.
        tell: told of progress, from one thread at a time.
        crew: one that has begun, if it works on the same database.
    """
    how = how_to_connect(engine)
    if crew is None or crew.how != how:
        crew = Crew(how)
    crew.tell = tell
    crew.give(tasks, to=count)
    return crew.finish()


def begin_early(address: str, *, part: str) -> Crew | None:
    """Have workers begin with a large SQLite file, before the database library is even loaded.

    Args:
        address: of the database.
        part: of the file, to be checked first; then come the journals of large branches.

    Returns:
        None for any other database, or where that could be in the way of whoever opens the file.
    """
    if not address.startswith(ADDRESS) or not workers_here():
        return None
    file = Path(address.removeprefix(ADDRESS))
    try:
        with file.open("rb") as opened:
            header = opened.read(COOKIE.stop)
            is_large = os.fstat(opened.fileno()).st_size >= LARGE
            if is_large and hasattr(os, "posix_fadvise"):  # in order, before workers ask for page after page
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
    except (OSError, ValueError):
        return None  # whoever opens it says why
    if not is_large or header[WAL_HEADER] != b"\2\2":
        return None
    crew = Crew(how_to_open(file))
    crew.cookie = int.from_bytes(header[COOKIE], "big")
    tasks: list[Task] = [FileTask(part), *_journals_in(file)]
    crew.give(tasks, to=workers_here())
    return crew


def _journals_in(file: Path) -> Iterator[FoldTask]:
    """Cut the journals of large branches as the audit will, if nothing is odd about them."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as raw,
    ):
        for branch_id, code, last in raw.execute(JOURNALS, (MANY,)).fetchall():
            yield from cut(branch_id, code, after=0, last=last, count=workers_here(), is_typed=True)
