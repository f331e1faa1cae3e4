"""Processes that we start and end: as another user where we are root, and each one by its own id."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, TypeVar

import psutil  # type: ignore[import-untyped]

LOOPBACK: Final = "127.0.0.1"
PATIENCE_SECONDS: Final = 60
"""How long anything may take that ought to happen at once, on a machine that has other things to do."""
ROOT: Final = Path(__file__).parents[2]
Found = TypeVar("Found")


class TookTooLong(Exception):
    """Something that was waited for did not happen."""

    def __init__(self, what: str, seconds: float) -> None:
        """Say what did not happen, and how long it was waited for."""
        super().__init__(f"{what}: not within {seconds} seconds")


def wait_for(what: str, look: Callable[[], Found | None], seconds: float = PATIENCE_SECONDS) -> Found:
    """Look until something is found (anything that counts as true), and return it.

    Raises:
        TookTooLong: nothing was found in this time.
    """
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TookTooLong(what, seconds)
        time.sleep(0.05)
    return found


def free_port(preferred: int = 0) -> int:
    """Return a port of this machine that nobody listens on; the preferred one if it is free."""
    with socket.socket() as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((LOOPBACK, preferred))
        except OSError:
            trying.bind((LOOPBACK, 0))
        return int(trying.getsockname()[1])


@contextmanager
def a_folder(owner: str | None = None) -> Iterator[Path]:
    """Make a folder that servers of another user can read, and remove it afterwards."""
    # Not below pytest's own folder, whose permissions it tightens.
    folder = Path(mkdtemp(prefix="timebank-faults-"))
    folder.chmod(0o755)
    if owner is not None:
        shutil.chown(folder, owner)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_root() -> bool:
    """Tell whether we may act as somebody else."""
    return os.geteuid() == 0


def start(command: Sequence[str], *, log: Path, user: str | None = None) -> "subprocess.Popen[bytes]":
    """Start a server in a session of its own, so that a Ctrl-C reaches us and not it.

    Args:
        command: the program and its arguments.
        log: the file that it writes to.
        user: as whom it runs; only root may say.
    """
    group, others = _groups_of(user)
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            start_new_session=True,
            user=user if is_root() else None,
            group=group,
            extra_groups=others,
        )


def run(command: Sequence[str], *, user: str | None = None, seconds: float = PATIENCE_SECONDS) -> str:
    """Run a program to its end, and return what it printed.

    Raises:
        subprocess.CalledProcessError, subprocess.TimeoutExpired: it failed.
    """
    group, others = _groups_of(user)
    done = subprocess.run(
        command,
        check=True,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        cwd="/",
        user=user if is_root() else None,
        group=group,
        extra_groups=others,
    )
    return done.stdout


def _groups_of(user: str | None) -> tuple[str | None, tuple[str, ...] | None]:
    return (user, ()) if user is not None and is_root() else (None, None)


def kill_all(pids: Sequence[int]) -> int:
    """End processes and all their children with SIGKILL, and wait until they are gone; returns how many.

    Each is stopped before its children are looked for: what is stopped starts nothing and tidies nothing up.
    """
    found: list[psutil.Process] = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            parent.suspend()
            found += [parent, *parent.children(recursive=True)]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    # Who is our child stays as a zombie until somebody waits for it.
    _, left = psutil.wait_procs(found, timeout=PATIENCE_SECONDS)
    assert not left, "a killed process is still there"
    return len(found)


def postmaster_of(data: Path) -> int | None:
    """Return the id of the server that runs on a data folder, None if there is none."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        # The number may have been given to somebody else since.
        return pid if Path(psutil.Process(pid).cwd()) == data.resolve() else None
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None
