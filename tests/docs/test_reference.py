"""The pages that the program writes about itself are current and complete."""

import re
from pathlib import Path

import pytest
from tests.cli.running import commands

from timebank.cli import reference
from timebank.cli.exits import MEANINGS, OF_KIND, Exit
from timebank.cli.help import example_lines, example_of
from timebank.errors import TimebankError
from timebank.ledger import limits
from timebank.ledger.faults import FAULTS
from timebank.reports.importers.model import FaultCode, NoticeCode

DOCS = Path(__file__).parents[2] / "docs"
CODE = re.compile(r"[a-z][a-z_]+[a-z]")
CLASSES = reference.error_classes()
NAMES = [each.__name__ for each in CLASSES]


def test_the_page_about_commands_is_what_the_program_says() -> None:
    """The documentation cannot fall behind the program: `make docs` writes it."""
    assert reference.cli_text() == (DOCS / "cli.md").read_text(encoding="utf-8")


def test_the_page_about_errors_is_what_the_program_says() -> None:
    """The documentation cannot fall behind the program: `make docs` writes it."""
    assert reference.errors_text() == (DOCS / "errors.md").read_text(encoding="utf-8")


def test_both_pages_are_written_into_the_folder(tmp_path: Path) -> None:
    """What `make docs` runs."""
    reference.main(tmp_path)

    assert {"cli.md": reference.cli_text(), "errors.md": reference.errors_text()} == {
        path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()
    }


def test_every_command_is_on_the_page_with_its_example() -> None:
    """A command that is not there does not exist for who reads."""
    page = reference.cli_text()
    for words, command in commands():
        assert f"### `timebank {' '.join(words)}`\n" in page
        for line in example_lines(example_of(command.epilog)):
            assert line.strip() in page


def test_every_exit_status_is_explained() -> None:
    """A script is written from this table."""
    assert set(Exit) == set(MEANINGS)


@pytest.mark.parametrize("error", CLASSES, ids=NAMES)
def test_every_error_is_documented(error: type[TimebankError]) -> None:
    """Its code, what it means, and whether repeating helps, each in a sentence."""
    meaning, remedy = reference.meaning_of(error)

    assert f"| `{error.code}` | {meaning} | {remedy} |" in reference.errors_text()
    assert meaning.endswith(".")
    assert remedy.endswith("."), "the docstring says whether a retry helps"
    assert error.kind in OF_KIND


@pytest.mark.parametrize("error", CLASSES, ids=NAMES)
def test_every_error_is_one_clear_sentence(error: type[TimebankError]) -> None:
    """It stands between the name of the program and the code, so it neither starts nor ends a sentence."""
    assert "code" in vars(error)
    assert CODE.fullmatch(error.code)
    assert error.template
    assert not error.template.endswith(".")
    assert "\n" not in error.template
    assert not error.template[0].isupper()


def test_no_two_errors_share_a_code() -> None:
    """A script tells them apart by it."""
    assert len(CLASSES) == len({error.code for error in CLASSES})
    assert "bug" not in {error.code for error in CLASSES}


def test_every_fault_of_the_audit_is_on_the_page() -> None:
    """Who reads a code in the report of an audit looks it up there."""
    page = reference.errors_text()
    assert [] == [code for code in FAULTS if f"| `{code}` |" not in page]


def test_every_code_of_an_import_is_on_its_page() -> None:
    """A coordinator who moves a branch in meets them by the dozen."""
    page = (DOCS / "imports.md").read_text(encoding="utf-8")

    assert [] == [code for code in (*FaultCode, *NoticeCode) if f"| `{code}` |" not in page]


def test_every_warning_is_on_the_page() -> None:
    """The codes are written where the limits are checked."""
    source = Path(limits.__file__).read_text(encoding="utf-8")

    assert set(reference.WARNINGS) == set(re.findall(r'LimitWarning\("([a-z_]+)"', source))
