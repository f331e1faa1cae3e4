"""Three PostgreSQL nodes under Patroni on one machine, with synchronous replication: to try, and to break.

`python -m tests.faults.cluster` starts one, prints its address and removes it at Ctrl-C. Everything comes
from Debian's packages `postgresql`, `patroni` and `etcd-server`; where they are missing and we are root,
they are installed. docs/operations.md says what the settings mean; this is no set-up to run a bank on: one
machine, one etcd, no passwords.
"""

import http.client
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import NullPool, create_engine
from tests.faults.processes import (
    LOOPBACK,
    TookTooLong,
    a_folder,
    free_port,
    is_root,
    kill_all,
    postmaster_of,
    run,
    start,
    wait_for,
)
from tests.faults.scores import Say, silent

PACKAGES: Final = ("postgresql", "patroni", "etcd-server")
PROGRAMS: Final = ("patroni", "patronictl", "etcd")
OWNER: Final = "postgres"
"""As whom the servers run where we are root, which PostgreSQL refuses to run as."""
NODES: Final = 3
FIRST_PORT: Final = 6001
TTL_SECONDS: Final = 20
"""How long the leader's lease lasts; the least that Patroni takes."""
STARTING_SECONDS: Final = 90
STOPPING_SECONDS: Final = 15
APT_SECONDS: Final = 300
ADVICE: Final = f"as root on Debian or Ubuntu: apt-get install --no-install-recommends {' '.join(PACKAGES)}"


class CannotHaveCluster(Exception):
    """This machine lacks what a cluster needs; the message says what, and what to do."""

    def __init__(self, programs: Sequence[str], advice: str) -> None:
        """Say what is missing or does not start, and what to do."""
        super().__init__(f"No cluster here, for want of {', '.join(programs)}; {advice}")


def postgres_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL server that Debian installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def missing_programs() -> list[str]:
    """Return what is not installed."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_environment()["PATH"]) is None]
    return missing if postgres_binaries() is not None else ["postgres", *missing]


def install_missing(say: Say = silent) -> None:
    """Install what is missing.

    Raises:
        CannotHaveCluster: it cannot be installed from here.
    """
    if not missing_programs():
        return
    if not is_root() or shutil.which("apt-get") is None:
        raise CannotHaveCluster(missing_programs(), ADVICE)
    say(f"installing {', '.join(PACKAGES)}")
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    with suppress(subprocess.SubprocessError):
        run([*apt, "update"], seconds=APT_SECONDS)
        run([*apt, "install", "-y", "--no-install-recommends", *PACKAGES], seconds=APT_SECONDS)
    if missing_programs():
        raise CannotHaveCluster(missing_programs(), ADVICE)


@dataclass(slots=True)
class Node:
    """One PostgreSQL under one Patroni."""

    name: str
    port: int
    rest_port: int
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        """The data folder of its PostgreSQL."""
        return self.folder / self.name

    @property
    def settings(self) -> Path:
        """The file that Patroni and patronictl read."""
        return self.folder / f"{self.name}.yml"

    def start(self) -> None:
        """Start its Patroni, which starts its PostgreSQL."""
        command = ["env", "-i", *(f"{name}={value}" for name, value in _environment().items())]
        command += ["patroni", str(self.settings)]
        self.process = start(command, log=self.folder / f"{self.name}.log", user=OWNER)

    def kill(self) -> int:
        """End Patroni, PostgreSQL and all its children with SIGKILL; returns how many there were."""
        assert self.process is not None, "it was started"
        postmaster = postmaster_of(self.data)
        count = kill_all([self.process.pid, *([postmaster] if postmaster is not None else [])])
        self.process.wait()
        self.process = None
        return count

    def view(self) -> dict[str, Any] | None:
        """Return what this Patroni knows about the cluster, None if it does not answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.rest_port, timeout=2)
        try:
            connection.request("GET", "/cluster")
            found = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        return found if isinstance(found, dict) else None


@dataclass(slots=True)
class Cluster:
    """Three nodes and the etcd that they agree in."""

    folder: Path
    etcd_port: int
    nodes: list[Node]
    etcd: "subprocess.Popen[bytes] | None" = None
    databases: list[str] = field(default_factory=list)

    def address(self, database: str, ports: tuple[int, ...] | None = None) -> str:
        """Return the address of a database: whichever node leads."""
        hosts = "&".join(f"host={LOOPBACK}:{port}" for port in ports or [node.port for node in self.nodes])
        options = "target_session_attrs=read-write&connect_timeout=2&sslmode=disable&gssencmode=disable"
        return f"postgresql+psycopg://postgres@/{database}?{hosts}&{options}"

    def new_database(self, name: str) -> None:
        """Make an empty database."""
        engine = create_engine(self.address("postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")

    def start(self) -> None:
        """Start etcd and every node."""
        peer = free_port()
        here = f"http://{LOOPBACK}:{self.etcd_port}"
        command = ["etcd", "--data-dir", str(self.folder / "etcd")]
        command += ["--listen-client-urls", here, "--advertise-client-urls", here]
        command += ["--listen-peer-urls", f"http://{LOOPBACK}:{peer}"]
        self.etcd = start(command, log=self.folder / "etcd.log", user=OWNER)
        for node in self.nodes:
            node.start()

    def leader(self) -> Node | None:
        """Return the node that leads, None if there is none or nobody can say."""
        for node in self.nodes:
            members = (node.view() or {}).get("members", ())
            for member in members:
                if member["role"] == "leader" and member["state"] == "running":
                    return next(each for each in self.nodes if each.name == member["name"])
        return None

    def is_whole(self) -> bool:
        """Tell whether one node leads and the others follow it closely, one of them synchronously."""
        views = [node.view() for node in self.nodes]
        members = views[0].get("members", []) if views[0] is not None else []
        leaders = [member for member in members if member["role"] == "leader"]
        followers = [member for member in members if member["role"] != "leader"]
        return (
            None not in views
            and len(leaders) == 1
            and len(followers) == len(self.nodes) - 1
            and any(member["role"] == "sync_standby" for member in followers)
            and all(member["state"] in {"running", "streaming"} for member in members)
            and all(member.get("timeline") == leaders[0].get("timeline") for member in followers)
            and all(member.get("lag") == 0 or member["role"] != "sync_standby" for member in followers)
        )

    def wait_until_whole(self, seconds: float = STARTING_SECONDS) -> float:
        """Wait until nothing is missing; returns the seconds it took."""
        since = time.monotonic()
        wait_for("a whole cluster", self.is_whole, seconds)
        return time.monotonic() - since

    def stop(self) -> None:
        """End everything that was started, and nothing else."""
        running = [node for node in self.nodes if node.process is not None]
        for node in running:
            assert node.process is not None, "it runs"
            node.process.terminate()
        until = time.monotonic() + STOPPING_SECONDS
        for node in running:
            assert node.process is not None, "it runs"
            with suppress(subprocess.TimeoutExpired):
                node.process.wait(timeout=max(0.1, until - time.monotonic()))
        for node in self.nodes:
            postmaster = postmaster_of(node.data)
            left = [node.process.pid] if node.process is not None and node.process.poll() is None else []
            kill_all([*left, *([postmaster] if postmaster is not None else [])])
            if node.process is not None:
                node.process.wait()
        if self.etcd is not None:
            kill_all([self.etcd.pid])
            self.etcd.wait()


def _environment() -> dict[str, str]:
    """Return the variables of a service: no virtual environment, whose Python others may not read."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def settings_of(node: Node, cluster: Cluster) -> dict[str, Any]:
    """Return the settings of one Patroni; docs/operations.md explains those that matter."""
    here = f"{LOOPBACK}:{node.port}"
    rest = f"{LOOPBACK}:{node.rest_port}"
    return {
        "scope": "timebank",
        "name": node.name,
        "restapi": {"listen": rest, "connect_address": rest},
        "etcd3": {"host": f"{LOOPBACK}:{cluster.etcd_port}"},
        "bootstrap": {
            "dcs": {
                "ttl": TTL_SECONDS,
                "loop_wait": 2,
                "retry_timeout": 5,
                "synchronous_mode": True,
                "synchronous_mode_strict": True,
                "postgresql": {
                    "use_pg_rewind": True,
                    "parameters": {
                        "synchronous_commit": "on",
                        "max_connections": 100,
                        "wal_keep_size": "256MB",
                        # A standby asks its new leader at once: until one does, nothing is acknowledged.
                        "wal_retrieve_retry_interval": "500ms",
                    },
                },
            },
            "initdb": ["data-checksums", {"encoding": "UTF8"}, {"locale": "C.UTF-8"}],
        },
        "postgresql": {
            "listen": here,
            "connect_address": here,
            "data_dir": str(node.data),
            "bin_dir": str(postgres_binaries()),
            "pgpass": str(cluster.folder / f"{node.name}.pgpass"),
            "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replica"}},
            "parameters": {"unix_socket_directories": str(cluster.folder)},
            "pg_hba": [f"host {what} all {LOOPBACK}/32 trust" for what in ("all", "replication")],
        },
    }


@contextmanager
def a_cluster(*, first_port: int = 0, say: Say = silent) -> Iterator[Cluster]:
    """Start a cluster, wait until it is whole, and remove it afterwards.

    Args:
        first_port: of the three nodes if it is free; any ports if 0.
        say: told what is being done.

    Raises:
        CannotHaveCluster: this machine lacks what it needs.
    """
    install_missing(say)
    with ExitStack() as stack:
        folder = stack.enter_context(a_folder(OWNER if is_root() else None))
        ports = [free_port(first_port + at if first_port else 0) for at in range(NODES)]
        nodes = [Node(f"n{at}", port, free_port(), folder) for at, port in enumerate(ports, 1)]
        cluster = Cluster(folder, free_port(), nodes)
        for node in nodes:
            node.settings.write_text(json.dumps(settings_of(node, cluster), indent=2), encoding="utf-8")
        stack.callback(cluster.stop)
        say("starting etcd and three nodes")
        cluster.start()
        try:
            cluster.wait_until_whole()
        except TookTooLong:
            logs = "\n".join(_end_of(folder / f"{node.name}.log") for node in nodes)
            raise CannotHaveCluster(PROGRAMS, logs) from None
        yield cluster


def _end_of(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"--- {log.name}", *lines[-8:]])


def main() -> int:
    """Start a cluster for somebody to try, and wait for Ctrl-C."""

    def end(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)
    try:
        with a_cluster(first_port=FIRST_PORT, say=_note) as cluster:
            cluster.new_database("timebank")
            sys.stdout.write(_introduction(cluster))
            sys.stdout.flush()
            while True:
                signal.pause()
    except CannotHaveCluster as error:
        _note(str(error))
        return 1
    except KeyboardInterrupt:
        _note("Removed.")
        return 0


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _introduction(cluster: Cluster) -> str:
    leader = wait_for("a leader", cluster.leader)
    control = f"patronictl -c {cluster.nodes[0].settings}"
    return (
        "Three nodes are ready; all of it is removed at Ctrl-C. Give timebank this address:\n\n"
        f"export TIMEBANK_DB='{cluster.address('timebank')}'\n\n"
        f"look            {control} list\n"
        f"switch over     {control} switchover --force\n"
        f"lose {leader.name}         kill -9 {' '.join(map(str, _ids_of(leader)))}\n"
        f"logs and data   {cluster.folder}\n"
    )


def _ids_of(node: Node) -> list[int]:
    patroni = node.process.pid if node.process is not None else None
    return [pid for pid in (patroni, postmaster_of(node.data)) if pid is not None]


if __name__ == "__main__":
    sys.exit(main())
