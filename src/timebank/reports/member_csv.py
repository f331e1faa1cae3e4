"""Everything that is held on a member as tables for a spreadsheet: the same facts as in JSON. Pure.

Each list of objects becomes a table; what stands inside of an object becomes columns (`limits.floor`), lists
of plain values one cell, and lists of objects tables of their own, which say in their first column which row
of the outer one they belong to.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from timebank.reports.csv_out import Cell, csv_text

BETWEEN: Final = "; "
FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The day that every file of the archive bears: the same facts give the same bytes."""

Tables = dict[str, list[dict[str, Cell]]]


def tables_of(value: Mapping[str, Any]) -> Tables:
    """Return the tables of a JSON object, by name; what stands alone in it is a table of one row."""
    tables: Tables = {}
    for name, held in value.items():
        _take(tables, name, held if _is_rows(held) else [held if isinstance(held, Mapping) else {name: held}])
    return tables


def _take(tables: Tables, name: str, rows: Sequence[Mapping[str, Any]], *, outer: int | None = None) -> None:
    table = tables.setdefault(name, [])
    for row in rows:
        cells: dict[str, Cell] = {} if outer is None else {"row": outer}
        table.append(cells)
        for column, held in _flat(row):
            if _is_rows(held):
                _take(tables, f"{name}_{column}", held, outer=len(table))
            else:
                cells[column] = BETWEEN.join(map(str, held)) if isinstance(held, list) else held


def _is_rows(held: Any) -> bool:  # noqa: ANN401 - whatever JSON has
    """Tell whether this is a list of objects; an empty one is, too: nothing is lost by an empty table."""
    return isinstance(held, list) and all(isinstance(each, Mapping) for each in held)


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, held in row.items():
        if isinstance(held, Mapping):
            yield from ((f"{name}.{inner}", each) for inner, each in _flat(held))
        else:
            yield name, held


def write_archive(value: Mapping[str, Any], to: BinaryIO) -> int:
    """Write a ZIP archive with a CSV file for each table; returns how many."""
    tables = tables_of(value)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            titles = list(dict.fromkeys(column for row in rows for column in row))
            text = io.StringIO(newline="")
            text.writelines(
                csv_text(titles, ([row.get(each) for each in titles] for row in rows), has_bom=True)
            )
            archive.writestr(zipfile.ZipInfo(f"{name}.csv", FIRST_DAY), text.getvalue())
    return len(tables)
