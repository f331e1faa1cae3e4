"""A whole branch as JSON Lines, `timebank-branch/1`: rows to lines and back. Pure.

    {"format":"timebank-branch/1","branch":"lille","identities":true,"counts":{"member":2, …}}
    {"table":"member","ref":"m1","kind":"person","joined_on":"2026-03-01","left_on":null,"erased_us":null}
    {"table":"entry","seq":1, …,"posting":[{"line":1,"account_no":2,"side":"debit","amount":90, …}, …]}
    {"end":"timebank-branch/1","rows":41,"sha256":"9f86…"}

The first line says what the file holds, the last one how many rows there were and the SHA-256 of every
byte before it: a file that was cut short or damaged is found out before anything is done with it. (That
is no signature: who changes the file on purpose can write a new last line.) The same books give the same
bytes: tables, rows and columns have a fixed order, bytes are hexadecimal, nothing local to a database and
no date of the export is in it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from timebank.errors import (
    BranchFileChanged,
    BranchFileCut,
    BranchFileFaulty,
    BranchFileNewer,
    NotABranchFile,
)
from timebank.ids import REFERENCE

NAME: Final = "timebank-branch"
VERSION: Final = 1
FORMAT: Final = f"{NAME}/{VERSION}"
FORMAT_TEXT: Final = re.compile(rf"{NAME}/([1-9][0-9]{{0,5}})", re.ASCII)
LINE_MOST: Final = 4_000_000
"""Longest line, in bytes: a policy document and the postings of one entry are far below it."""
INTEGER_MOST: Final = 2**63 - 1
SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half of a pair: JSON can say it, UTF-8 cannot."""
HEX: Final = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)

Value = str | int | bytes | None
Values = Mapping[str, Any]
"""The values of a row by column; under the name of a nested table, a list of its rows."""


class ColumnKind(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    TEXT = "text"
    BYTES = "bytes"


class Column(NamedTuple):
    """A column of a table."""

    name: str
    kind: ColumnKind
    is_nullable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table as the file has it: its columns in their order, and the table nested in each of its rows."""

    name: str
    columns: tuple[Column, ...]
    nested: "TableShape | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchFile:
    """What the first line of a file says."""

    branch: str
    has_identities: bool
    """Whether names, contacts and words are in it."""
    counts: Mapping[str, int]
    """Rows of each table; a nested table's too."""


# --- Writing ----------------------------------------------------------------------------------------


def branch_lines(
    file: BranchFile, shapes: Mapping[str, TableShape], rows: Iterable[tuple[str, Values]]
) -> Iterator[bytes]:
    """Yield the lines of a file.

    Args:
        file: for the first line.
        shapes: the tables by name.
        rows: (table, values), in the order in which they are to be restored.
    """
    digest = hashlib.sha256()
    count = -1
    for line in _all_but_last(file, shapes, rows):
        digest.update(line)
        count += 1
        yield line
    yield _line({"end": FORMAT, "rows": count, "sha256": digest.hexdigest()})


def _all_but_last(
    file: BranchFile, shapes: Mapping[str, TableShape], rows: Iterable[tuple[str, Values]]
) -> Iterator[bytes]:
    yield _line(
        {
            "format": FORMAT,
            "branch": file.branch,
            "identities": file.has_identities,
            "counts": dict(file.counts),
        }
    )
    for table, values in rows:
        yield _line({"table": table, **_written(shapes[table], values)})


def _line(value: Mapping[str, object]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n").encode()


def _written(shape: TableShape, values: Values) -> dict[str, object]:
    written: dict[str, object] = {
        name: values[name].hex() if kind is ColumnKind.BYTES and values[name] is not None else values[name]
        for name, kind, _ in shape.columns
    }
    if shape.nested is not None:
        nested = shape.nested
        written[nested.name] = [_written(nested, each) for each in values[nested.name]]
    return written


# --- Reading ----------------------------------------------------------------------------------------


def check_lines(lines: Iterable[bytes]) -> BranchFile:
    """Check that a file is whole and as it was written, and return what its first line says.

    Args:
        lines: each with its newline, none longer than `LINE_MOST`.

    Raises:
        NotABranchFile, BranchFileNewer: by the first line.
        BranchFileCut: there is no last line.
        BranchFileChanged: the number of rows or the SHA-256 differs.
    """
    digest = hashlib.sha256()
    file: BranchFile | None = None
    count = 0
    last = b""
    for line in lines:
        if file is None:
            file = read_header(line)
        else:
            digest.update(last)
        last = line
        count += 1
    if file is None:
        raise NotABranchFile(format=FORMAT)
    footer = _object(last) if last.endswith(b"\n") else None
    if footer is None or "end" not in footer:
        raise BranchFileCut
    if footer != {"end": FORMAT, "rows": count - 2, "sha256": digest.hexdigest()}:
        raise BranchFileChanged
    return file


def read_header(line: bytes) -> BranchFile:
    """Read the first line of a file.

    Raises:
        NotABranchFile: it is another file.
        BranchFileNewer: a newer timebank wrote it.
    """
    value = _object(line) or {}
    found = FORMAT_TEXT.fullmatch(str(value.get("format")))
    if found is None:
        raise NotABranchFile(format=FORMAT)
    if int(found[1]) > VERSION:
        raise BranchFileNewer(found=found[0], known=FORMAT)
    branch, has_identities, counts = (value.get(name) for name in ("branch", "identities", "counts"))
    is_whole = (
        isinstance(branch, str)
        and REFERENCE.fullmatch(branch) is not None
        and isinstance(has_identities, bool)
        and isinstance(counts, dict)
        and all(_is_number(count) and count >= 0 for count in counts.values())
    )
    if not is_whole:
        raise NotABranchFile(format=FORMAT)
    assert isinstance(counts, dict), "checked above"
    return BranchFile(branch=str(branch), has_identities=bool(has_identities), counts=counts)


def rows_of(lines: Iterable[bytes], shapes: Mapping[str, TableShape]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, values) of every row of a file that `check_lines` found whole.

    Raises:
        BranchFileNewer: a table or a column is not known.
        BranchFileFaulty: a line is not a row of its table, for what it says no timebank wrote.
    """
    for number, line in enumerate(lines, 1):
        value = _object(line)
        if value is None:
            raise BranchFileFaulty(place=f"line {number}", what="not a JSON object with each name once")
        if number == 1 or "end" in value:
            continue
        table = value.pop("table", None)
        if not isinstance(table, str) or table not in shapes:
            raise BranchFileNewer(found=f"a table that is not known, in line {number}", known=FORMAT)
        yield table, _read(shapes[table], value, number)


def _read(shape: TableShape, value: dict[str, Any], number: int) -> dict[str, Any]:
    place = f"line {number}"
    row: dict[str, Any] = {}
    for column in shape.columns:
        found = value.pop(column.name, None)  # a column that an older timebank did not have is empty
        if not _fits(column, found):
            raise BranchFileFaulty(place=place, what=f"{column.name} is missing or not a {column.kind.value}")
        row[column.name] = (
            bytes.fromhex(found) if column.kind is ColumnKind.BYTES and found is not None else found
        )
    if shape.nested is not None:
        nested = value.pop(shape.nested.name, None)
        if not isinstance(nested, list) or not all(isinstance(each, dict) for each in nested):
            raise BranchFileFaulty(
                place=place, what=f"{shape.nested.name} is missing or not a list of objects"
            )
        row[shape.nested.name] = [_read(shape.nested, each, number) for each in nested]
    if value:
        raise BranchFileNewer(found=f"a column that is not known, in {place}", known=FORMAT)
    return row


def _fits(column: Column, value: object) -> bool:
    if value is None:
        return column.is_nullable
    if column.kind is ColumnKind.NUMBER:
        return _is_number(value)
    if not isinstance(value, str) or SURROGATE.search(value) is not None:
        return False
    return column.kind is ColumnKind.TEXT or HEX.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INTEGER_MOST


def _object(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a line; None if it is anything else, or names something twice."""
    try:
        value = json.loads(
            line.decode(), object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value


def _refuse(_text: str) -> object:
    raise ValueError
