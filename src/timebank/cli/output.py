"""Printing: results on stdout, everything else on stderr; JSON or tables that fit 80 columns."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from timebank.minutes import format_minutes

WIDTH_WHEN_PIPED = 100
MONEY_UNIT_LENGTH = 3


def stdout() -> Console:
    """Return the console for results; as wide as the terminal, or a fixed width in a pipe."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_WHEN_PIPED
    return Console(width=width, highlight=False, soft_wrap=False)


def stderr() -> Console:
    """Return the console for progress, warnings and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def emit(value: object, *, as_json: bool, table: Table | Text | str | None = None) -> None:
    """Print a result: as JSON if asked, else the table."""
    if as_json:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    elif table is not None:
        stdout().print(table, soft_wrap=isinstance(table, (Text, str)), markup=False)


def table_of(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()
) -> Table:
    """Return a table; columns named in `right` are right-aligned. Text is shown as it is, never as markup."""
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        is_right = name in right
        table.add_column(Text(name), justify="right" if is_right else "left", no_wrap=is_right, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return table


def amount(value: int, unit: str = "min") -> Text:
    """Return an amount for people: minutes as hours and minutes, money in units of cents; debits in red."""
    if unit in {"min", "svc"}:
        written = format_minutes(value)
    else:
        sign = "-" if value < 0 else ""
        written = f"{sign}{abs(value) // 100}.{abs(value) % 100:02d} {unit}"
    return Text(written, style="red" if value < 0 else "")


def note(message: str) -> None:
    """Print a remark on stderr, as it is."""
    stderr().print(Text(message))


def warn(message: str) -> None:
    """Print a warning on stderr, as it is."""
    stderr().print(Text(f"warning: {message}", style="yellow"))


JsonObject = dict[str, Any]
