"""What tests of the command line share: a quiet environment, and a branch to work on."""

import os
import shutil
from pathlib import Path

import pytest
from tests.builders import a_branch, address_in, help_given


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that the developer has set decides what a test sees."""
    for name in os.environ:
        if name.startswith(("TIMEBANK", "_TIMEBANK", "_TYPER")) or name in {
            "COLUMNS",
            "NO_COLOR",
            "FORCE_COLOR",
        }:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank with the branch lille, members m1 to m3, and 90 minutes that m1 gave m2: entry 1."""
    folder = tmp_path_factory.mktemp("template")
    bank = a_branch(folder)
    help_given(bank)
    bank.close()
    return folder


@pytest.fixture
def address(template: Path, tmp_path: Path) -> str:
    """The address of a copy of the template that the test may change."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return address_in(tmp_path)
