"""Tables: nothing is cut off, columns stand below one another, and pipes get plain text."""

import io
import re
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from tests.cli.running import run

from timebank.cli.output import ResultConsole, amount, facts_of, table_of, written_amount

LETTERS = "aé花ภ한😀[/]\\*_ﬁ\u0301"
"""One, two and no columns wide; what Rich would take for markup; a ligature and an accent of its own."""
WORDS = st.text(LETTERS + "  -:", max_size=30).map(str.strip)
ROWS = st.lists(st.tuples(WORDS, WORDS, st.integers(-(10**7), 10**7)), min_size=1, max_size=6)


def drawn(table: Table, *, width: int) -> list[str]:
    """Return the lines of a table in a terminal of this width, without colours."""
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None, legacy_windows=False).print(table)
    return stream.getvalue().splitlines()


def a_table(rows: Sequence[tuple[str, str, int]]) -> Table:
    """Return a table of two columns of words and an amount."""
    cells = [(first, second, amount(minutes)) for first, second, minutes in rows]
    return table_of("Sample", ["name", "what", "balance"], cells, right=["balance"])


@given(ROWS, st.integers(6, 100))
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut_off(
    rows: list[tuple[str, str, int]], width: int
) -> None:
    """A balance that lost its last digit would be believed."""
    lines = drawn(a_table(rows), width=width)

    assert [] == [line for line in lines if cell_len(line) > width]
    printed = "".join("".join(lines).split())
    letters = list(printed)
    for first, second, minutes in rows:
        assert written_amount(minutes).replace(" ", "") in printed
        for word in (first, second):
            for letter in "".join(word.split()):
                letters.remove(letter)


@given(ROWS)
def test_amounts_end_in_one_column_whatever_the_names_are(rows: list[tuple[str, str, int]]) -> None:
    """French, Japanese and emoji are of different widths; the figures still stand below one another."""
    lines = drawn(a_table(rows), width=120)

    assert 1 == len({cell_len(line) for line in lines[1:]})


@given(ROWS, st.integers(6, 100))
def test_lines_end_without_blanks(rows: list[tuple[str, str, int]], width: int) -> None:
    """Copied into a letter or compared by a test, invisible blanks only annoy."""
    assert [] == [line for line in drawn(a_table(rows), width=width) if line.endswith(" ")]


def test_names_are_never_markup() -> None:
    """A member called [red] is called [red]."""
    lines = drawn(table_of("[b]", ["[i]"], [("[red]x[/red] :smile:",)]), width=60)

    assert ["[b]", "[i]", "[red]x[/red] :smile:"] == [line for line in lines if "─" not in line]


def test_days_and_codes_are_never_broken() -> None:
    """2030-01-0 and, a line below, 1 is no day: where such columns do not fit, there are cards."""
    row = ("2030-01-01", "member-1", "member-2", "housekeeping", "1 h 30", "confirmed")
    table = table_of("Hours", ["on", "provider", "recipient", "kind", "stated", "state"], [row])

    for width in range(20, 100):
        printed = "\n".join(drawn(table, width=width))
        assert [] == [cell for cell in row if cell not in printed]


def test_a_narrow_terminal_gets_cards() -> None:
    """Below the width where columns make sense, each row is read from top to bottom."""
    table = table_of("Hours", ["no", "on", "state"], [(1, "2030-01-01", "logged"), (2, "2030-01-02", "")])

    assert [
        "Hours",
        "─" * 16,
        "no: 1",
        "on: 2030-01-01",
        "state: logged",
        "─" * 16,
        "no: 2",
        "on: 2030-01-02",
    ] == drawn(table, width=16)


def test_a_total_stands_below_a_rule() -> None:
    """The eye finds the sum where bookkeepers put it."""
    table = table_of("T", ["a", "b"], [("x", 1)], right=["b"], total=("sum", 1))

    assert ["T", "a    b", "──────", "x    1", "──────", "sum  1"] == drawn(table, width=40)


def test_an_empty_list_says_so() -> None:
    """Headings without anything below look as if something went wrong."""
    assert ["Hours", "none"] == drawn(table_of("Hours", ["no", "on"], []), width=40)


def test_facts_stand_in_two_columns() -> None:
    """A single thing is easier to read from top to bottom."""
    facts = facts_of("F", [("what", "transfer"), ("by", "coordinator:desk")])

    assert ["F", "what  transfer", "by    coordinator:desk"] == drawn(facts, width=40)


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [(90, "min", "1 h 30"), (-5, "svc", "-5 min"), (1250, "EUR", "12.50 EUR"), (-5, "EUR", "-0.05 EUR")],
)
def test_amounts_are_written_in_their_unit(value: int, unit: str, written: str) -> None:
    """Minutes look like time, money like money; nothing is converted (I-12)."""
    assert written == written_amount(value, unit)


def test_a_change_has_its_sign() -> None:
    """In a statement, +1 h 00 and -1 h 00 are told apart at a glance."""
    assert ["+1 h 00", "-1 h 00", "0 min"] == [amount(value, is_change=True).plain for value in (60, -60, 0)]


def test_tables_that_follow_each_other_are_kept_apart(address: str) -> None:
    """The heading of the second would look like a row of the first."""
    out = run("--db", address, "entry", "show", "1", "-b", "lille").out

    assert "\n\nPostings\n" in out
    assert not out.startswith("\n")


def test_a_pipe_gets_plain_text(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape sequences in a file help nobody."""
    assert "\x1b" not in run("--db", address, "doctor").out


def test_no_color_means_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """People who cannot see colours well set NO_COLOR; see https://no-color.org."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    colours = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
    table = facts_of("F", [("verdict", "fail")])

    for no_color in (False, True):
        if no_color:
            monkeypatch.setenv("NO_COLOR", "1")
        console = ResultConsole()
        with console.capture() as captured:
            console.print("x", style="red")
            console.print(table)
        assert bool(colours.search(captured.get())) is not no_color
