"""The page about security names tests that exist, and leaves nothing open."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
OTHERWISE = ("the operator's", "by construction: ", "not met: ")
"""What stands in place of a test."""


def rows() -> list[list[str]]:
    """Return the cells of every table, without their heads."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return [cells for cells in lines if cells[-1] not in {"shown by", "---"}]


def test_every_test_that_the_page_names_exists() -> None:
    """What it says is shown is shown somewhere."""
    named = NAMED.findall(PAGE)

    assert named
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"


def test_every_point_is_shown_or_says_why_not() -> None:
    """A point without a test is somebody else's, follows from how it is built, or is honestly not met."""
    assert len(rows()) >= 100
    for cells in rows():
        assert 3 == len(cells), cells
        assert NAMED.search(cells[2]) or cells[2].startswith(OTHERWISE), cells[0]
    assert "not yet" not in PAGE


def test_all_ten_risks_and_every_chapter_that_applies_are_there() -> None:
    """OWASP API Security 2023, ASVS 5.0."""
    risks = [cells[0].partition(" ")[0] for cells in rows() if cells[0].startswith("API")]

    assert [f"API{number}" for number in range(1, 11)] == risks
    assert ["1", "2", "3", "4", "6", "7", "8", "10", "11", "12", "13", "14", "16"] == re.findall(
        r"^### .*\(V(\d+)\)$", PAGE, re.MULTILINE
    )
