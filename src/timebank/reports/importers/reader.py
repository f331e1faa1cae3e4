"""Reader: a CSV file of any encoding and separator, as a header and rows, one row in memory at a time.

Whatever the file is, it ends in rows, row faults, or one error that says what to do; never in a trace.
Pure: the file arrives as an argument, is read from its start, and is left open.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from timebank.errors import (
    BadSeparator,
    NoHeader,
    NotATable,
    TableEmpty,
    TableTooLarge,
    UnknownEncoding,
    WrongEncoding,
)
from timebank.reports.importers.model import FaultCode, RowFault

FIELD_CHARS_MAX: Final = 65_536
"""Longest cell, in characters."""
LINE_CHARS_MAX: Final = 1_048_576
"""Longest line, in characters: what is held in memory at once."""
COLUMNS_MAX: Final = 200
ROWS_MAX: Final = 5_000_000
TITLE_CHARS_MAX: Final = 200
"""Longest title of a column: what is longer is no header."""

CHUNK_BYTES: Final = 65_536
SAMPLE_LINES: Final = 10
"""Lines looked at to find the separator."""

SEPARATORS: Final = (";", "\t", "|", ",")
"""Of two that fit a file equally well the earlier wins: commas also stand in prose and in numbers."""
NAMED_SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "\\t": "\t"}

CODECS: Final = {
    "utf8": "utf-8",
    "utf8sig": "utf-8",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "cp1252": "cp1252",
    "windows1252": "cp1252",
    "ansi": "cp1252",
    "iso88591": "iso8859-1",
    "latin1": "iso8859-1",
    "iso885915": "iso8859-15",
    "latin9": "iso8859-15",
    "cp850": "cp850",
    "macroman": "mac-roman",
    "macintosh": "mac-roman",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "cp932": "cp932",
    "eucjp": "euc-jp",
}
"""Encodings that can be named, written without spaces, hyphens and underscores."""
ENCODINGS_SHOWN: Final = (
    "utf-8, utf-16, utf-16-le, utf-16-be, cp1252, iso-8859-15, cp850, macroman, shift-jis"
)

MAGIC: Final = (
    (b"PK\x03\x04", "a spreadsheet (xlsx, ods) or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (xls)"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\x00", "a database"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
)
# Tabs and line ends may stand in a cell; the rest means that the file is no text, or was damaged.
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# The first line by which spreadsheets tell one another the separator.
SEP_LINE: Final = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its first line in the file, from 1, and as many cells as the header has titles."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An open CSV file: its titles, then its rows as they are read. `rows` can be walked once."""

    encoding: str
    is_guessed: bool
    """The file does not say its encoding, and it is not UTF-8."""
    separator: str
    line: int
    """The line of the header, from 1."""
    header: tuple[str, ...]
    rows: Iterator[Row | RowFault]


def read_table(file: BinaryIO | bytes, *, encoding: str | None = None, separator: str | None = None) -> Table:
    """Open a CSV file; the first line with anything on it is the header.

    Args:
        file: seekable, opened for reading bytes; nobody else may move it until the rows are read.
        encoding: one of `CODECS`; None reads the byte order mark, then tries UTF-8, then Windows-1252.
        separator: one of `SEPARATORS` or its name; None finds it from the first lines.

    Walking the rows skips empty ones and yields a fault for each that is torn: quotes, number of cells,
    control characters, a cell beyond `FIELD_CHARS_MAX`.

    Raises:
        UnknownEncoding, BadSeparator: the name is none of those known. Here.
        NotATable, NoHeader: a picture, an archive, a web page …, or no titles. Here.
        TableEmpty: nothing below the header. Here, or after the last row.
        TableTooLarge: beyond one of the limits above. Here, or while walking the rows.
        WrongEncoding: bytes that the encoding does not have. Here, or while walking the rows.
    """
    source = io.BytesIO(file) if isinstance(file, bytes) else file
    named = separator_named(separator) if separator is not None else None
    codec = codec_named(encoding) if encoding is not None else None
    refuse_other_formats(source)
    is_guessed = False
    if codec is None:
        codec, is_guessed = codec_of(source)
    sample = list(islice(lines_of(source, codec), SAMPLE_LINES))
    told = SEP_LINE.fullmatch(sample[0]) if sample else None
    skipped = 0 if told is None else 1
    if named is None:
        named = told[1] if told is not None and told[1] in SEPARATORS else separator_of(sample[skipped:])
    records = records_of(source, codec=codec, separator=named, skipped=skipped)
    header = next(records, None)
    if header is None:
        raise TableEmpty
    if isinstance(header, RowFault):
        raise NoHeader
    titles = titles_of(header.cells)
    return Table(
        encoding=codec,
        is_guessed=is_guessed,
        separator=named,
        line=header.line,
        header=titles,
        rows=rows_of(records, titles),
    )


def separator_named(name: str) -> str:
    """Return the separator that `name` is or means.

    Raises:
        BadSeparator: it is neither a known separator nor the name of one.
    """
    separator = NAMED_SEPARATORS.get(name.lower(), name)
    if separator not in SEPARATORS:
        raise BadSeparator
    return separator


def codec_named(name: str) -> str:
    """Return Python's name of the encoding that `name` means.

    Raises:
        UnknownEncoding: it is none of `CODECS`.
    """
    codec = CODECS.get(re.sub(r"[\s_-]", "", name).lower())
    if codec is None:
        raise UnknownEncoding(known=ENCODINGS_SHOWN)
    return codec


def refuse_other_formats(source: BinaryIO) -> None:
    """Look at the first bytes for the formats that people take for CSV.

    Raises:
        NotATable: it is one of `MAGIC`.
    """
    source.seek(0)
    head = source.read(64)
    for magic, what in MAGIC:
        if head.startswith(magic) or head.lstrip().lower().startswith(magic):
            raise NotATable(what=what)


def codec_of(source: BinaryIO) -> tuple[str, bool]:
    """Find the encoding of a file: its byte order mark, else UTF-8 if all of it is, else Windows-1252.

    The first character beyond ASCII decides between the last two: Windows-1252 text hardly ever starts
    with one that UTF-8 allows, and a damaged UTF-8 file read as Windows-1252 would garble every name.

    Returns:
        Python's name of the encoding, and whether it was guessed.

    Raises:
        WrongEncoding: the file starts as UTF-8 and then is not.
    """
    source.seek(0)
    if source.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16", False
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, is_utf8 = 1, False
    while True:
        chunk = source.read(CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            if is_utf8 or not before.isascii():
                raise WrongEncoding(encoding="UTF-8", line=line + before.count(b"\n")) from None
            return "cp1252", True
        if not chunk:
            return "utf-8", False
        is_utf8 = is_utf8 or not text.isascii()
        line += text.count("\n")


def lines_of(source: BinaryIO, codec: str) -> Iterator[str]:
    """Yield the lines of a file with their ends, whichever they are (LF, CRLF, CR), and leave it open.

    Raises:
        TableTooLarge: a line is beyond `LINE_CHARS_MAX`.
        WrongEncoding: bytes that the encoding does not have.
    """
    source.seek(0)
    text = io.TextIOWrapper(source, encoding=codec, newline="")
    line = 0
    try:
        while found := text.readline(LINE_CHARS_MAX + 1):
            if len(found) > LINE_CHARS_MAX:
                raise TableTooLarge(what=f"line {line + 1}", most=LINE_CHARS_MAX, of="characters")
            yield found if line else found.removeprefix("\ufeff")
            line += 1
    except UnicodeError:
        raise WrongEncoding(encoding=codec, line=line + 1) from None
    finally:
        # The wrapper would close the file with itself.
        if not source.closed:
            text.detach()


def separator_of(sample: Sequence[str]) -> str:
    """Find the separator: the one that gives the header as many cells as the first row, and the most."""

    def fit(separator: str) -> tuple[bool, int]:
        widths: list[int] = []
        # The sample may end inside a quoted cell.
        with suppress(csv.Error):
            widths.extend(
                len(cells) for cells in csv.reader(sample, delimiter=separator, strict=True) if cells
            )
        header, row = [*widths, 0, 0][:2]
        return 1 < header == row, header

    return max(SEPARATORS, key=fit)


def records_of(source: BinaryIO, *, codec: str, separator: str, skipped: int) -> Iterator[Row | RowFault]:
    """Yield the records of a file that are not empty, after `skipped` lines, or why they cannot be cut.

    After a quote that is never closed, cutting goes on where the reader gave up: at the end of the file,
    or some hundred thousand characters later.
    """
    lines = lines_of(source, codec)
    for _ in range(skipped):
        next(lines)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The only limit of the csv module; everything else it refuses is about quotes.
            yield too_long(line, None) if "field limit" in str(error) else broken_quotes(line)
            continue
        if not "".join(cells).isspace() and any(cells):
            yield Row(line, cells)


def titles_of(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the titles in a header record, without the empty ones at its end.

    Raises:
        NotATable: control characters: the file is no text, or not in that encoding.
        NoHeader: a title is too long to be one.
        TableTooLarge: more than `COLUMNS_MAX`.
    """
    if CONTROL.search("".join(cells)) is not None:
        raise NotATable(what="binary, or in an encoding to be named, such as UTF-16")
    titles = [" ".join(cell.split()) for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    if len(titles) > COLUMNS_MAX:
        raise TableTooLarge(what="the header", most=COLUMNS_MAX, of="columns")
    if any(len(title) > TITLE_CHARS_MAX for title in titles):
        raise NoHeader
    return tuple(titles)


def rows_of(records: Iterator[Row | RowFault], titles: tuple[str, ...]) -> Iterator[Row | RowFault]:
    """Yield the rows below the header, each as wide as the header, or why it is not a row.

    Empty cells beyond the last title are dropped: spreadsheets add them.

    Raises:
        TableEmpty: there was none.
        TableTooLarge: there are more than `ROWS_MAX`.
    """
    width = len(titles)
    count = 0
    for record in records:
        count += 1
        if count > ROWS_MAX:
            raise TableTooLarge(what="the file", most=ROWS_MAX, of="rows")
        if isinstance(record, RowFault):
            yield record
        elif any(record.cells[width:]):
            yield fault_of(record, titles) or record
        else:
            row = Row(record.line, record.cells[:width])
            yield fault_of(row, titles) or row
    if count == 0:
        raise TableEmpty


def fault_of(row: Row, titles: tuple[str, ...]) -> RowFault | None:
    """Return what is wrong with the shape of a row, if anything: its width, its size, its characters."""
    found = len(row.cells)
    if found != len(titles):
        reason = f"the header has {len(titles)} columns, this row {found}"
        return RowFault(line=row.line, column=None, code=FaultCode.RAGGED_ROW, reason=reason)
    whole = "".join(row.cells)
    if len(whole) <= FIELD_CHARS_MAX and CONTROL.search(whole) is None:
        return None
    for title, cell in zip(titles, row.cells, strict=True):
        if len(cell) > FIELD_CHARS_MAX:
            return too_long(row.line, title)
        if CONTROL.search(cell) is not None:
            reason = "a control character that is no text: damaged, or in another encoding"
            return RowFault(line=row.line, column=title, code=FaultCode.CONTROL_CHARACTER, reason=reason)
    return None


def too_long(line: int, column: str | None) -> RowFault:
    """Return the fault of a cell that is longer than `FIELD_CHARS_MAX`."""
    reason = f"a cell has at most {FIELD_CHARS_MAX} characters: is a quote not closed?"
    return RowFault(line=line, column=column, code=FaultCode.CELL_TOO_LONG, reason=reason)


def broken_quotes(line: int) -> RowFault:
    """Return the fault of a row that cannot be cut into cells."""
    reason = "a quoted cell does not end where a cell must end"
    return RowFault(line=line, column=None, code=FaultCode.BROKEN_QUOTES, reason=reason)
