"""The page about matching says what the program says: codes, texts and terms, in their order."""

import re
from pathlib import Path

from timebank import errors
from timebank.matching.rules import PUBLIC, RuleCode
from timebank.matching.score import TermCode

PAGE = (Path(__file__).parents[2] / "docs" / "matching.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> list[str]:
    """Return the first column of the table below a heading of columns."""
    table = PAGE[PAGE.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [line.split("|")[1].strip().strip("`") for line in table]


def test_every_rule_is_on_the_page_in_order() -> None:
    """With the code that scripts see."""
    assert [code.value for code in RuleCode] == first_cells("| code |")


def test_every_term_is_on_the_page_in_order() -> None:
    """As it stands in a score."""
    assert [code.value for code in TermCode] == first_cells("| term |")


def test_the_page_says_which_rules_share_a_text() -> None:
    """Whoever writes a rule decides what everybody may know."""
    told = {
        text.strip(): set(re.findall(r"`([a-z-]+)`", codes))
        for text, codes in re.findall(r"^\| ([a-z][^|`]*) \| (`[^|]*) \|$", PAGE, re.MULTILINE)
    }

    assert {
        text: {code.value for code in RuleCode if PUBLIC[code] == text} for text in PUBLIC.values()
    } == told


def test_what_is_refused_is_refused_with_these_codes() -> None:
    """They are errors of the program."""
    known = {
        error.code for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "code")
    }
    table = PAGE[PAGE.index("| code | what is wrong |") :].split("\n\n")[0].splitlines()[2:]
    named = {code for line in table for code in re.findall(r"`([a-z_]+)`", line.split("|")[1])}

    assert len(named) == 12
    assert named <= known
