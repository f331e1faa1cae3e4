"""Use an installed wheel the way a stranger would: away from the checkout, with nothing else installed.

Run by `.ci/run` with the Python of a fresh environment (`python -I tests/smoke_wheel.py`); not collected
by pytest, because there the package comes from the checkout.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

DATABASE = ("--db", "sqlite:///t.db")
WITHOUT_FRAMEWORKS = """
import sys
import timebank
loaded = {"litestar", "starlette", "uvicorn"} & sys.modules.keys()
assert not loaded, f"importing timebank loaded {loaded}"
"""

AT_ONE_INSTANT = """
import sys
from datetime import UTC, datetime
from timebank.clock import SystemClock
SystemClock.now = lambda self: datetime(2026, 1, 13, 9, tzinfo=UTC)
from timebank.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""Runs the program as it would at that moment."""
MATCHING = (
    ("match", "suggest", "1", "--branch", "lille"),
    ("match", "explain", "1", "m7", "--branch", "lille"),
    ("match", "run", "--branch", "lille", "--dry-run"),
    ("match", "exchange", "--branch", "lille"),
)


def run(*command: str, at: Path) -> str:
    """Run `command` in the folder `at`; return its standard output, or stop with what it said."""
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Install nothing, import the library, open a branch, prove its books."""
    # Not resolved: in a virtual environment the interpreter is a link out of it.
    timebank = str(Path(sys.executable).with_name("timebank"))
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        package = run(sys.executable, "-I", "-c", "import timebank; print(*timebank.__path__)", at=here)
        installed = Path(package.strip())
        assert (installed / "py.typed").is_file(), "the wheel ships no py.typed"
        assert Path(__file__).parents[1] not in installed.parents, "the checkout was imported, not the wheel"
        run(sys.executable, "-I", "-W", "error", "-c", WITHOUT_FRAMEWORKS, at=here)

        assert "branch" in run(timebank, "--help", at=here), "the help does not name its nouns"
        run(timebank, *DATABASE, "branch", "create", "lille", "--name", "Lille", at=here)
        json.loads(run(timebank, *DATABASE, "audit", "--json", at=here))
        assert (here / "t.db").is_file(), "the database is not where --db says"
        plans = matched(here)
    sys.stdout.write(f"the wheel works on Python {sys.version.split()[0]}\nplans {plans}\n")


def matched(here: Path) -> str:
    """Match the sample world; returns a hash of everything it says, which is the same on every Python."""
    program = (sys.executable, "-I", "-c", AT_ONE_INSTANT, "--db", "sqlite:///world.db")
    run(*program, "demo", at=here)
    said = [run(*program, *command, *more, at=here) for command in MATCHING for more in ((), ("--json",))]
    assert all(said), "a command said nothing"
    return hashlib.sha256("".join(said).encode()).hexdigest()


if __name__ == "__main__":
    main()
