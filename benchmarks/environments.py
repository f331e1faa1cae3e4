"""The peers' throwaway environments: made once in the user's cache folder, from PyPI and from Debian.

What cannot be had (no interpreter of the right version, no network, no package) is said in a sentence; the
rows that need it then do not count.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.turns import say

HORDAK = "hordak"
TIGERSTAR = "tigerstar"
SOLVERS = "solvers"
PACKAGES = {
    HORDAK: ("django-hordak==2.0.0", "django>=5.2,<5.3", "psycopg[binary]>=3.3.9,<4"),
    TIGERSTAR: ("tigerstar[postgres]==0.1.1", "psycopg[binary]>=3.3.9,<4"),
    SOLVERS: ("ortools==9.15.6755", "scipy==1.17.1"),
}
LEAST = {HORDAK: (3, 11), TIGERSTAR: (3, 12), SOLVERS: (3, 11)}
SECONDS_MOST = 300


class CannotBeHad(Exception):
    """A peer cannot be had on this machine."""

    def __init__(self, *, what: str, why: str) -> None:
        """Say what is missing, and why."""
        super().__init__(f"{what} cannot be had: {why}")


class Environments:
    """Where the peers live."""

    def __init__(self) -> None:
        """Choose the cache folder, outside any checkout."""
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        self.folder = Path(base) / "timebank-bench"

    def python_of(self, name: str) -> str:
        """Return the interpreter of a peer's environment, made if it is not there.

        Raises:
            CannotBeHad: there is no interpreter for it, or its packages did not install.
        """
        folder = self.folder / name
        python = folder / "bin" / "python"
        stamp = folder / "packages"
        wanted = "\n".join(PACKAGES[name])
        if stamp.exists() and stamp.read_text() == wanted:
            return str(python)
        base = _interpreter(name, LEAST[name])
        say(f"making an environment for {name}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        for command in (
            [base, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *PACKAGES[name]],
        ):
            _run(command, name, "its packages did not install")
        stamp.write_text(wanted)
        return str(python)

    def hledger(self) -> str:
        """Return hledger's program: the system's, or Debian's package unpacked in the cache folder.

        Raises:
            CannotBeHad: neither is there.
        """
        found = shutil.which("hledger")
        if found is not None:
            return found
        folder = self.folder / "hledger"
        program = folder / "usr" / "bin" / "hledger"
        if not program.exists():
            if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
                raise CannotBeHad(what="hledger", why="this is not Debian")
            say("fetching hledger")
            folder.mkdir(parents=True, exist_ok=True)
            _run(["apt-get", "download", "-qq", "hledger"], "hledger", "it cannot be fetched", cwd=folder)
            package = next(folder.glob("hledger_*.deb"), None)
            if package is None:
                raise CannotBeHad(what="hledger", why="its package cannot be fetched")
            _run(["dpkg-deb", "-x", str(package), str(folder)], "hledger", "it cannot be unpacked")
        _run([str(program), "--version"], "hledger", "it does not run")
        return str(program)


def bean_check() -> str:
    """Return beancount's program, which the tests need too.

    Raises:
        CannotBeHad: it is not there.
    """
    beside = Path(sys.executable).parent / "bean-check"
    found = str(beside) if beside.exists() else shutil.which("bean-check")
    if found is None:
        raise CannotBeHad(what="bean-check", why="it is not installed")
    return found


def _interpreter(name: str, least: tuple[int, int]) -> str:
    """Return an interpreter of at least a version: this one, one on the PATH, or one of pyenv's."""
    if sys.version_info[:2] >= least:
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in range(least[1], least[1] + 4):
        in_pyenv = sorted(pyenv.glob(f"3.{minor}.*/bin/python"))
        candidates = [shutil.which(f"python3.{minor}"), *map(str, in_pyenv)]
        for candidate in candidates:
            if candidate is not None and _is_at_least(candidate, least):
                return candidate
    raise CannotBeHad(what=name, why=f"there is no Python {least[0]}.{least[1]} here")


def _is_at_least(python: str, least: tuple[int, int]) -> bool:
    """Ask an interpreter; a name on the PATH may be an empty shim."""
    asked = f"import sys, venv; sys.exit(sys.version_info[:2] < {least})"
    return subprocess.run([python, "-c", asked], capture_output=True, check=False).returncode == 0


def _run(command: list[str], what: str, sorrow: str, cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(command, capture_output=True, check=False, cwd=cwd, timeout=SECONDS_MOST)
    except (OSError, subprocess.TimeoutExpired):
        raise CannotBeHad(what=what, why=sorrow) from None
    if done.returncode != 0:
        raise CannotBeHad(what=what, why=sorrow)
