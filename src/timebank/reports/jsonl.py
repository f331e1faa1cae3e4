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
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
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
ESCAPED: Final = b"\\u"
"""A line without it has no half of a pair: UTF-8 cannot say one."""
ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)

Values = tuple[Any, ...]
"""A row: the values of its columns in their order; where a table is nested, then a tuple of its rows."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableShape:
    """A table as the file has it: its columns in their order, and the table nested in each of its rows."""

    name: str
    columns: tuple[Column, ...]
    nested: "TableShape | None" = None
    names: tuple[str, ...] = field(init=False)
    """Of the columns, and then of the nested table: as they stand in a line."""
    bytes_at: tuple[int, ...] = field(init=False)
    """Where columns of bytes stand."""
    numbers_at: tuple[int, ...] = field(init=False)
    """Where columns of numbers stand."""

    def __post_init__(self) -> None:
        """Derive what every row needs."""
        names = [column.name for column in self.columns]
        if self.nested is not None:
            names.append(self.nested.name)
        object.__setattr__(self, "names", tuple(names))
        for name, kind in (("bytes_at", ColumnKind.BYTES), ("numbers_at", ColumnKind.NUMBER)):
            places = (at for at, column in enumerate(self.columns) if column.kind is kind)
            object.__setattr__(self, name, tuple(places))

    def at(self, name: str) -> int:
        """Return where a column stands in a row."""
        return self.names.index(name)


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
    yield line_of({"end": FORMAT, "rows": count, "sha256": digest.hexdigest()})


def _all_but_last(
    file: BranchFile, shapes: Mapping[str, TableShape], rows: Iterable[tuple[str, Values]]
) -> Iterator[bytes]:
    yield line_of(
        {
            "format": FORMAT,
            "branch": file.branch,
            "identities": file.has_identities,
            "counts": dict(file.counts),
        }
    )
    for table, values in rows:
        yield line_of({"table": table, **_written(shapes[table], values)})


def line_of(value: Mapping[str, object]) -> bytes:
    """Return a line of a file."""
    return (ENCODER.encode(value) + "\n").encode()


def _written(shape: TableShape, values: Values) -> dict[str, object]:
    written: dict[str, object] = dict(zip(shape.names, values, strict=True))
    for at in shape.bytes_at:
        if values[at] is not None:
            written[shape.names[at]] = values[at].hex()
    if shape.nested is not None:
        nested = shape.nested
        written[nested.name] = [_written(nested, each) for each in values[-1]]
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
    footer = object_of(last) if last.endswith(b"\n") else None
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
    value = object_of(line) or {}
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
        and all(is_count(count) for count in counts.values())
    )
    if not is_whole:
        raise NotABranchFile(format=FORMAT)
    assert isinstance(counts, dict), "checked above"
    return BranchFile(branch=str(branch), has_identities=bool(has_identities), counts=counts)


def rows_of(
    lines: Iterable[bytes], shapes: Mapping[str, TableShape], *, first_line: int = 1
) -> Iterator[tuple[str, Values]]:
    """Yield (table, values) of every row of a file that `check_lines` found whole.

    Args:
        lines: the first line is the one that says what the file holds.
        shapes: the tables by name.
        first_line: its number, where the lines are part of a larger file.

    Raises:
        BranchFileNewer: a table or a column is not known.
        BranchFileFaulty: a line is not a row of its table, for what it says no timebank wrote.
    """
    for number, line in enumerate(lines, first_line):
        value = object_of(line)
        if value is None:
            raise BranchFileFaulty(place=f"line {number}", what="not a JSON object with each name once")
        if number == first_line or "end" in value:
            continue
        table = value.pop("table", None)
        if not isinstance(table, str) or table not in shapes:
            raise BranchFileNewer(found=f"a table that is not known, in line {number}", known=FORMAT)
        yield table, _read(shapes[table], value, number, has_escapes=ESCAPED in line)


def _read(shape: TableShape, value: dict[str, Any], number: int, *, has_escapes: bool) -> Values:
    place = f"line {number}"
    if tuple(value) != shape.names:
        value = _in_order(shape, value, place)
    row = list(value.values())
    if (
        has_escapes
        or not _types_fit(shape, tuple(map(type, row)))
        or not all(row[at] is None or abs(row[at]) <= INTEGER_MOST for at in shape.numbers_at)
    ):
        for at, column in enumerate(shape.columns):
            if not _fits(column, row[at]):
                what = f"{column.name} is missing or not a {column.kind.value}"
                raise BranchFileFaulty(place=place, what=what)
    for at in shape.bytes_at:
        if row[at] is not None:
            if HEX.fullmatch(row[at]) is None:
                raise BranchFileFaulty(place=place, what=f"{shape.names[at]} is missing or not a bytes")
            row[at] = bytes.fromhex(row[at])
    if shape.nested is not None:
        nested = row[-1]
        if not isinstance(nested, list) or not all(isinstance(each, dict) for each in nested):
            raise BranchFileFaulty(
                place=place, what=f"{shape.nested.name} is missing or not a list of objects"
            )
        row[-1] = tuple(_read(shape.nested, each, number, has_escapes=has_escapes) for each in nested)
    return tuple(row)


@cache
def _types_fit(shape: TableShape, types: tuple[type, ...]) -> bool:
    """Tell whether values of these types fit the columns, sizes of numbers and halves of pairs aside."""
    wanted = {ColumnKind.NUMBER: int, ColumnKind.TEXT: str, ColumnKind.BYTES: str}
    return all(
        found is wanted[column.kind] or (column.is_nullable and found is type(None))
        for column, found in zip(shape.columns, types, strict=False)
    )


def _in_order(shape: TableShape, value: dict[str, Any], place: str) -> dict[str, Any]:
    """Return a row's values in the order of the columns; one that an older timebank did not have is empty."""
    if not set(shape.names).issuperset(value):
        raise BranchFileNewer(found=f"a column that is not known, in {place}", known=FORMAT)
    return {name: value.get(name) for name in shape.names}


def _fits(column: Column, value: object) -> bool:
    if column.kind is ColumnKind.NUMBER and type(value) is int:
        return -INTEGER_MOST <= value <= INTEGER_MOST
    if value is None:
        return column.is_nullable
    if column.kind is ColumnKind.NUMBER:
        return False
    return isinstance(value, str) and SURROGATE.search(value) is None


def is_count(value: object) -> bool:
    """Tell whether a value is a whole number that counts something."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INTEGER_MOST


def object_of(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a line; None if it is anything else, or names something twice."""
    try:
        value = DECODER.decode(line.decode())
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


DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse)
