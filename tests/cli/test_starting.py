"""How the program starts: as a module, with what it needs and nothing else, in every shell."""

import json
import os
import subprocess
import sys

import pytest

LOADED = "import json, sys; print(json.dumps(sorted(name.partition('.')[0] for name in sys.modules)))"
FRAMEWORKS = {"litestar", "starlette", "fastapi", "uvicorn"}
DATABASE = {"alembic", "pydantic", "sqlalchemy", "sqlmodel", "psycopg"}
CORE = (
    "ledger.book",
    "ledger.audit",
    "policy.document",
    "care.workflow",
    "reports.journals",
    "errors",
    "instants",
)


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after a statement."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; {LOADED}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m timebank`."""
    return subprocess.run(
        [sys.executable, "-m", "timebank", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("module", ["timebank", "timebank.cli.main", "timebank.services.bank"])
def test_no_web_framework_is_loaded(module: str) -> None:
    """Who keeps books at a desk installs no server."""
    assert set() == modules_after(f"import {module}") & FRAMEWORKS


@pytest.mark.parametrize("module", ["timebank", "timebank.cli.main", *(f"timebank.{each}" for each in CORE)])
def test_the_core_and_the_help_load_no_database_library(module: str) -> None:
    """The core is pure, and `timebank --help` answers at once."""
    assert set() == modules_after(f"import {module}") & DATABASE


@pytest.mark.parametrize("module", ["timebank.cli.main", "timebank.services.bank"])
def test_the_measures_of_networks_are_loaded_by_their_report_alone(module: str) -> None:
    """Their library is an extra."""
    assert "networkx" not in modules_after(f"import {module}")


def test_the_module_is_the_program() -> None:
    """`python -m timebank` works where the scripts' folder is not on the PATH, and calls itself timebank."""
    done = run("--help")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("Usage: timebank ")


@pytest.mark.parametrize("flag", [["version"], ["--version"]])
def test_the_version_is_printed(flag: list[str]) -> None:
    """The first thing a report of a bug needs."""
    done = run(*flag)

    assert (0, "timebank") == (done.returncode, done.stdout.split()[0])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_printed_for_every_shell(shell: str) -> None:
    """It names the variable that the program then answers to."""
    done = run(_TIMEBANK_COMPLETE=f"source_{shell}")

    assert (0, "") == (done.returncode, done.stderr)
    assert f"_TIMEBANK_COMPLETE=complete_{shell}" in done.stdout


@pytest.mark.parametrize(
    ("typed", "word", "offered"), [("timebank hou", "1", "hours"), ("timebank hours lo", "2", "log")]
)
def test_words_are_completed(typed: str, word: str, offered: str) -> None:
    """The script asks the program; the program knows its nouns and verbs."""
    done = run(_TIMEBANK_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=word)

    assert [offered] == done.stdout.split()


def test_the_program_shows_and_installs_the_script_itself() -> None:
    """Typer's own options are there."""
    out = run("--help").stdout

    assert "--show-completion" in out
    assert "--install-completion" in out
