"""Worker processes for the audit: each opens the database by itself, for reading only.

A worker is this Python running `storage.folding`; it imports nothing of the program that called, so a script
needs no `__main__` guard. Where no process can be started (a frozen program) or a worker fails, the caller
does its tasks itself.
"""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final, TypeAlias

from sqlalchemy import Engine

from timebank.ledger.segments import Segment
from timebank.storage.engine import BUSY_SECONDS

WORKERS_MOST: Final = 8
PROGRAM: Final = "import sys; sys.path[:] = {path!r}; from timebank.storage.folding import main; main()"
TellMore = Callable[[str, int], None]
"""Told (branch, entries more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldTask:
    """A stretch of a branch's journal to fold."""

    branch_id: int
    code: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class FileTask:
    """A part of an SQLite file to check: see `folding.damages_of`."""

    part: str


Task: TypeAlias = FoldTask | FileTask
Results: TypeAlias = dict[Task, Any]
"""What workers found, by task: a segment (None if it needs the careful fold), or damages. A task that is
not in it was not done."""


def workers_here() -> int:
    """Return how many worker processes this machine has processors for; 0 where none can be started."""
    if getattr(sys, "frozen", False) or not sys.executable:
        return 0
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(processors, WORKERS_MOST) if processors > 1 else 0


def how_to_connect(engine: Engine) -> dict[str, Any]:
    """Say how a worker connects to the database of an engine."""
    if engine.dialect.name == "sqlite":
        file = Path(str(engine.url.database)).resolve()
        return {"file": file.as_uri(), "busy_seconds": BUSY_SECONDS}
    _, server = engine.dialect.create_connect_args(engine.url)
    server.pop("context", None)
    return {"server": {name: str(value) for name, value in server.items()}}


def work(engine: Engine, tasks: Sequence[Task], *, count: int, tell: TellMore) -> Results:
    """Do tasks in worker processes, in their order; returns what was done.

    Args:
        engine: of the database.
        tasks: the longest first.
        count: how many workers.
        tell: told of progress, from one thread at a time.
    """
    crew = _Crew(json.dumps(how_to_connect(engine)), deque(tasks), tell)
    threads = [Thread(target=crew.run, daemon=True) for _ in range(min(count, len(tasks)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return crew.results


class _Crew:
    """Tasks that are left, and what came back."""

    def __init__(self, how: str, tasks: deque[Task], tell: TellMore) -> None:
        self.how = how
        self.tasks = tasks
        self.tell = tell
        self.results: Results = {}
        self.lock = Lock()

    def run(self) -> None:
        """Run one worker until no task is left or it fails."""
        program = PROGRAM.format(path=[each or str(Path.cwd()) for each in sys.path])
        try:
            worker = subprocess.Popen(  # noqa: S603 - this Python, our own program
                [sys.executable, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError:
            return
        with worker:
            try:
                self._give(worker, self.how)
                while (task := self._next()) is not None:
                    self._do(worker, task)
            except (OSError, ValueError, LookupError):
                worker.kill()  # what it did not do is left to the caller

    def _next(self) -> Task | None:
        with self.lock:
            return self.tasks.popleft() if self.tasks else None

    @staticmethod
    def _give(worker: "subprocess.Popen[str]", line: str) -> None:
        assert worker.stdin is not None, "a pipe"
        worker.stdin.write(line + "\n")
        worker.stdin.flush()

    def _do(self, worker: "subprocess.Popen[str]", task: Task) -> None:
        assert worker.stdout is not None, "a pipe"
        told = vars_of(task)
        self._give(worker, json.dumps(told))
        while "done" in (answer := json.loads(worker.stdout.readline())):
            with self.lock:
                self.tell(told["code"], answer["done"])
        if isinstance(task, FileTask):
            self.results[task] = tuple(answer["damages"])
        else:
            found = answer["segment"]
            self.results[task] = None if found is None else Segment.of_json(found)


def vars_of(task: Task) -> dict[str, Any]:
    """Return a task as a worker reads it."""
    if isinstance(task, FileTask):
        return {"part": task.part}
    return {"branch_id": task.branch_id, "code": task.code, "first": task.first, "last": task.last}
