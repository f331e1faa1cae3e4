"""Child processes at work, and every line they said."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tests.faults.processes import PATIENCE_SECONDS, ROOT, Found, wait_for

END_SECONDS: Final = 150
"""A worker that is told to end first gets its last answer, if need be after a failover."""
READY: Final = "ready"
"""What a worker says once it has opened the database."""
KILLED: Final = -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Said:
    """One line that a worker said, word by word, and when (monotonic seconds)."""

    worker: int
    words: tuple[str, ...]
    at: float


@dataclass(slots=True)
class Crew:
    """Workers: modules that say one line for everything they have done, and end at a SIGTERM."""

    said: list[Said] = field(default_factory=list)
    ready: int = 0
    _running: list["subprocess.Popen[str]"] = field(default_factory=list)
    _listeners: list[threading.Thread] = field(default_factory=list)

    def hire(self, module: str, worker: int, argument: str) -> None:
        """Start a worker and listen to it."""
        command = [sys.executable, "-W", "error", "-m", module, argument]
        process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        listener = threading.Thread(target=self._listen, args=(worker, process), daemon=True)
        listener.start()
        self._running.append(process)
        self._listeners.append(listener)

    def _listen(self, worker: int, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None, "it was started with a pipe"
        for line in process.stdout:
            if line.strip() == READY:
                self.ready += 1
            elif line.endswith("\n"):  # half a line was not said
                self.said.append(Said(worker, tuple(line.split()), time.monotonic()))

    def wait_for(
        self, what: str, look: Callable[[], Found | None], seconds: float = PATIENCE_SECONDS
    ) -> Found:
        """Wait until something is found, and return it; a worker that dies meanwhile is a failure at once."""
        return wait_for(what, lambda: look() if self._works() else None, seconds)

    def wait_until_ready(self) -> None:
        """Wait until every worker has opened the database."""
        self.wait_for("the workers", lambda: self.ready >= len(self._running))

    def wait_for_lines(self, more: int, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until so many more lines were said."""
        least = len(self.said) + more
        self.wait_for("answers", lambda: len(self.said) >= least, seconds)

    def longest_silence(self, since: float) -> float:
        """Return the longest time without any line after an instant (monotonic seconds)."""
        times = [since, *(said.at for said in tuple(self.said) if said.at > since)]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    def kill(self) -> None:
        """End every worker with SIGKILL, and hear what it said before."""
        for process in self._running:
            process.kill()
        self.wait_until_over()

    def dismiss(self) -> None:
        """Let every worker finish what it is doing, and end."""
        for process in self._running:
            process.terminate()
        self.wait_until_over()

    def wait_until_over(self) -> None:
        """Wait until every worker has done what it was told, or was killed."""
        for process, listener in zip(self._running, self._listeners, strict=True):
            assert process.stderr is not None, "it was started with a pipe"
            errors = process.stderr.read()
            status = process.wait(timeout=END_SECONDS)
            listener.join(timeout=PATIENCE_SECONDS)
            process.communicate()  # closes what it spoke through
            assert status in {0, KILLED}, f"a worker ended with {status}:\n{errors}"
            assert not errors, errors
        self._running.clear()
        self._listeners.clear()
        self.ready = 0

    def end(self) -> None:
        """Kill whoever is left."""
        for process in self._running:
            process.kill()
            process.communicate()

    def _works(self) -> bool:
        """Say at once what a worker died of, rather than wait for its answers."""
        for process in self._running:
            assert process.stderr is not None, "it was started with a pipe"
            died = process.poll() not in {None, 0, KILLED}
            assert not died, f"a worker ended by itself:\n{process.stderr.read()}"
        return True


@contextmanager
def a_crew() -> Iterator[Crew]:
    """Make an empty crew; whoever is left in it at the end is killed."""
    crew = Crew()
    try:
        yield crew
    finally:
        crew.end()
