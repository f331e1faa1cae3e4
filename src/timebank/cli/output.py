"""Printing: results on stdout, everything else on stderr; JSON, or tables that fit the terminal.

A reader who has seen enough (`| head`) is no error: what was asked is done, and the exit status says so.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from rich.box import Box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from timebank.errors import ResultNotWritten
from timebank.instants import zone_of
from timebank.minutes import format_minutes

WIDTH_WHEN_PIPED = 100
RULES = Box(
    # Edges, columns and rows need no lines: a rule below the headings and one above the total are enough.
    "    \n    \n ── \n    \n ── \n ── \n    \n    \n"
)
SHORT = 12
"""A column of cells up to this long is not folded: a day has ten characters."""
FOLDED_LEAST = 10
"""A column that folds keeps at least this width."""
WIDER_THAN_ANY = 10_000
COUNTED_UNITS = frozenset({"min", "svc"})
JsonObject = dict[str, Any]
Shown: TypeAlias = Table | Text | str


class ResultConsole(Console):
    """The console for results: knows whether a table follows another, and lets a pipe end early."""

    def __init__(self) -> None:
        """Print as wide as the terminal, or in a fixed width into a pipe or a file."""
        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_WHEN_PIPED
        super().__init__(width=width, highlight=False, soft_wrap=False, emoji=False)
        self.is_used = False

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - as Rich has it
        """Print, and remember that something was printed."""
        super().print(*objects, **options)
        self.is_used = True

    def on_broken_pipe(self) -> None:
        """Send what is left to nowhere."""
        _drop_stdout()


class Sheet(Table):
    """A table with a heading above it; an empty line keeps it apart from what was printed before.

    Nothing is ever cut off: columns of words fold, columns of numbers and short codes do not, and where the
    terminal is too narrow even for that, every row becomes a card of its own, one cell a line.
    """

    def __init__(self, heading: str) -> None:
        """Begin with no columns."""
        super().__init__(box=RULES, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        self.heading = heading
        self.cells: list[tuple[Text, ...]] = []

    def add(self, cells: Sequence[object]) -> None:
        """Add a row; text is shown as it is, never as markup."""
        self.cells.append(tuple(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells))
        self.add_row(*self.cells[-1])

    def keep_short_columns_whole(self) -> None:
        """Let no column fold whose cells are all short: days, codes, amounts."""
        for column, cells in zip(self.columns, zip(*self.cells, strict=True), strict=False):
            widest = max(line.cell_len for cell in cells for line in cell.split(allow_blank=True))
            column.no_wrap = column.no_wrap or widest <= SHORT

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render heading and table, without blanks at the ends of lines."""
        if isinstance(console, ResultConsole) and console.is_used:
            yield Segment.line()
        yield Text(self.heading, style="bold")
        if not self.cells:
            yield Text("none", style="dim")
            return
        body = _Body(self) if self._least_width(console, options) <= options.max_width else _Cards(self)
        for line in Segment.split_lines(console.render(body, options)):
            yield from _without_blanks_at_the_end(line)
            yield Segment.line()

    def _least_width(self, console: Console, options: ConsoleOptions) -> int:
        """Return the width below which cells would be cut off, or folded to shreds."""
        wide = options.update(width=WIDER_THAN_ANY)
        widths = [self._measure_column(console, wide, column).maximum for column in self.columns]
        return sum(
            width if column.no_wrap else min(width, FOLDED_LEAST)
            for column, width in zip(self.columns, widths, strict=True)
        ) + (len(self.columns) - 1)


class _Body:
    """The table of a sheet, to be rendered as Rich does it."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return Table.__rich_console__(self.sheet, console, options)


class _Cards:
    """The rows of a sheet one below the other, for a narrow terminal."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = [str(column.header) for column in self.sheet.columns]
        for cells in self.sheet.cells:
            yield Text("─" * options.max_width)
            for name, cell in zip(names, cells, strict=True):
                if cell.plain:
                    yield Text.assemble((f"{name}: " if name else "", "dim"), cell, overflow="fold")


def _without_blanks_at_the_end(line: Sequence[Segment]) -> Iterator[Segment]:
    kept = list(line)
    while kept and not kept[-1].text.strip(" "):
        kept.pop()
    if kept:
        text, style, control = kept[-1]
        yield from kept[:-1]
        yield Segment(text.rstrip(" "), style, control)


_results: tuple[object, ResultConsole] | None = None


def stdout() -> ResultConsole:
    """Return the console for results; the same one as long as stdout is the same."""
    global _results  # noqa: PLW0603 - one program, one stdout
    if _results is None or _results[0] is not sys.stdout:
        _results = sys.stdout, ResultConsole()
    return _results[1]


def stderr() -> Console:
    """Return the console for progress, warnings and errors."""
    is_wrapped = sys.stderr.isatty()  # for people, between words; in a log, one sentence is one line
    return Console(stderr=True, highlight=False, soft_wrap=not is_wrapped, emoji=False)


def emit(value: object, *, as_json: bool, table: Shown | Sequence[Shown] | None = None) -> None:
    """Print a result: as JSON if asked, else as tables or sentences.

    Raises:
        ResultNotWritten: the disk that stdout goes to is full, or stdout is closed.
    """
    parts = [table] if isinstance(table, (Table, Text, str)) else table or []
    try:
        if as_json:
            sys.stdout.write(_json_of(value))
        else:
            for part in parts:
                _print(part)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
    except (OSError, ValueError):
        _drop_stdout()
        raise ResultNotWritten from None


def _print(part: Shown) -> None:
    """Print a table or a line; a plain string goes out as it is, tabs and all."""
    if isinstance(part, str):
        sys.stdout.write(part if part.endswith("\n") else f"{part}\n")
    else:
        stdout().print(part, soft_wrap=isinstance(part, Text), markup=False)


def _json_of(value: object) -> str:
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not is_unicode, indent=2) + "\n"


def _drop_stdout() -> None:
    """Let nothing more be written, and nothing complain of it when the program ends."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - open until the end


def table_of(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[str] = (),
    total: Sequence[object] | None = None,
) -> Table:
    """Return a table; columns named in `right` are right-aligned. Text is shown as it is, never as markup.

    Args:
        title: stands above it.
        columns: their headings.
        rows: the cells of each row.
        right: columns of amounts and numbers; their cells are never broken.
        total: a last row, below a rule.
    """
    sheet = Sheet(title)
    for name in columns:
        is_right = name in right
        sheet.add_column(
            Text(name), justify="right" if is_right else "left", no_wrap=is_right, overflow="fold"
        )
    for row in rows:
        sheet.add(row)
    sheet.keep_short_columns_whole()
    if total is not None:
        sheet.add_section()
        sheet.add(total)
    return sheet


def facts_of(title: str, facts: Sequence[tuple[str, object]]) -> Table:
    """Return a table of named facts, one a line."""
    sheet = Sheet(title)
    sheet.show_header = False
    sheet.add_column(no_wrap=True)
    sheet.add_column(overflow="fold")
    for name, value in facts:
        sheet.add((Text(name, style="dim"), value))
    return sheet


def local_time(at: datetime, zone: str) -> str:
    """Write an instant for people, to the minute, in a time zone: `2026-03-01 14:00`."""
    return f"{at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M}"


def amount(value: int, unit: str = "min", *, is_change: bool = False) -> Text:
    """Return an amount for people, see `written_amount`; a change has its sign, plus included."""
    sign = "+" if is_change and value > 0 else ""
    return Text(sign + written_amount(value, unit))


def written_amount(value: int, unit: str = "min") -> str:
    """Write an amount for people: `1 h 30`, `45 min`, `12.50 EUR`."""
    if unit in COUNTED_UNITS:
        return format_minutes(value)
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value) // 100}.{abs(value) % 100:02d} {unit}"


def note(message: str) -> None:
    """Print a remark on stderr, as it is."""
    stderr().print(Text(message))


def warn(message: str) -> None:
    """Print a warning on stderr, as it is."""
    stderr().print(Text(f"warning: {message}", style="yellow"))
