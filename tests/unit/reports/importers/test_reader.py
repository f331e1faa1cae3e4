"""The reader: encodings, separators, limits and torn rows."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import (
    BadSeparator,
    NoHeader,
    NotATable,
    TableEmpty,
    TableTooLarge,
    UnknownEncoding,
    WrongEncoding,
)
from timebank.reports.importers import reader
from timebank.reports.importers.model import FaultCode, RowFault
from timebank.reports.importers.reader import CODECS, Row, Table, read_table


def rows_in(file: bytes, *, encoding: str | None = None, separator: str | None = None) -> list[list[str]]:
    """Return the cells of a file that has no faults."""
    table = read_table(file, encoding=encoding, separator=separator)
    return [list(row.cells) for row in table.rows if isinstance(row, Row)]


def faults_in(table: Table) -> list[tuple[int, str | None, FaultCode]]:
    """Return line, column and code of every fault."""
    return [(row.line, row.column, row.code) for row in table.rows if isinstance(row, RowFault)]


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
def test_the_encoding_is_found(encoding: str, codec: str) -> None:
    """By its mark, else UTF-8 if all of it is, else Windows-1252."""
    table = read_table("né,à\nœuvre,b\n".encode(encoding))

    assert (codec, ("né", "à"), codec == "cp1252") == (table.encoding, table.header, table.is_guessed)
    assert [Row(2, ["œuvre", "b"])] == list(table.rows)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF-8", "utf-8-sig"),
        ("utf_16", "utf-16"),
        ("UTF-16LE", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("Windows-1252", "cp1252"),
        ("ISO-8859-15", "iso8859-15"),
        ("latin1", "iso8859-1"),
        ("CP850", "cp850"),
        ("macintosh", "mac-roman"),
    ],
)
def test_an_encoding_can_be_named(name: str, codec: str) -> None:
    """However people write it."""
    assert [["é", "b"]] == rows_in("a,b\né,b\n".encode(codec), encoding=name)


def test_japanese_encodings_can_be_named() -> None:
    """Fureai Kippu comes from Japan."""
    for name in ("Shift_JIS", "euc-jp"):
        assert [["介護", "b"]] == rows_in("a,b\n介護,b\n".encode(name), encoding=name)


def test_a_byte_order_mark_is_no_letter() -> None:
    """Also where the encoding is named without it: the first title would not be found."""
    file = '\ufeff"a",b\n1,2\n'

    assert ("a", "b") == read_table(file.encode("utf-16-le"), encoding="utf-16-le").header
    assert ("a", "b") == read_table(file.encode(), encoding="utf-8").header


def test_every_known_encoding_exists() -> None:
    """The table names Python's codecs, which all read ASCII but UTF-16."""
    for name, codec in CODECS.items():
        assert ("a", "b") == read_table("a,b\n1,2\n".encode(codec), encoding=name).header


@pytest.mark.parametrize(
    "name", ["", "klingon", "base64", "rot13", "a\0b", "../x", "utf-7", "idna", "x" * 10_000]
)
def test_an_unknown_encoding_is_refused(name: str) -> None:
    """Python also has codecs that are no encodings of text."""
    with pytest.raises(UnknownEncoding):
        read_table(b"a,b\n1,2\n", encoding=name)


def test_damaged_utf8_is_not_read_as_something_else() -> None:
    """Read as Windows-1252, every name in the file would be garbled, and no fault be found."""
    damaged = "a,b\né,1\nx,2\n".encode() + b"\xe9,3\n"

    with pytest.raises(WrongEncoding, match="UTF-8 throughout, see about line 4"):
        read_table(damaged)
    with pytest.raises(WrongEncoding):
        rows_in(damaged, encoding="utf-8")


def test_damage_is_found_across_chunks() -> None:
    """A sequence may begin at the end of one chunk and be sound in the next, or not."""
    start = b"a,b\n" + b"x" * (reader.CHUNK_BYTES - 5)
    sound = start + "é,1\n".encode()

    assert "utf-8" == read_table(sound).encoding
    assert "cp1252" == read_table(start + b"\xe9,1\n").encoding
    with pytest.raises(WrongEncoding, match="line 3"):
        read_table(sound + b"\xe9,1\n")


def test_what_windows_1252_lacks_is_refused() -> None:
    """Five bytes mean nothing in it."""
    with pytest.raises(WrongEncoding):
        rows_in(b"a,b\n\xe9,\x81\n")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", [None, "comma", "semicolon", "tab", "pipe"])
def test_the_separator_is_found_or_named(separator: str, name: str | None) -> None:
    """A named one is used even where another would fit better."""
    named = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}.get(name or "", separator)

    table = read_table(f"a{separator}b\n1{separator}2\n".encode(), separator=name)

    assert named == table.separator
    assert (("a", "b") if named == separator else (f"a{separator}b".replace("\t", " "),)) == table.header


@pytest.mark.parametrize(
    ("file", "separator"),
    [
        ("Date;Durée (h,min)\n2023;1,5\n", ";"),
        ("Date;Durée (h,min)\n", ";"),
        ("Nom, prénom;Date;Heures\nA, B;1;2\n", ";"),
        ('Date,"From; or so",To\n1,2,3\n', ","),
        ("Date,To\n1;2;3;4,x\n", ","),
        ('a|b\n"1|\n2"|x\n', "|"),
        ("a,b\n1,2\n" + '"' + "\n" * 20, ","),
        ("only\n1\n", ";"),
    ],
)
def test_the_separator_that_fits_header_and_first_row_wins(file: str, separator: str) -> None:
    """Commas also stand in titles and in decimals."""
    assert separator == read_table(file.encode()).separator


def test_the_line_for_spreadsheets_is_obeyed() -> None:
    """Excel writes `sep=;` above the header; lines are counted with it."""
    table = read_table(b"sep=;\r\na,x;b\r\n1;2\r\n")

    assert (";", 2, ("a,x", "b")) == (table.separator, table.line, table.header)
    assert [Row(3, ["1", "2"])] == list(table.rows)
    assert [Row(3, ["1", "2"])] == list(read_table(b"sep=#\na,b\n1,2\n").rows)


@pytest.mark.parametrize("separator", ["", ",,", "x", "\n", "\0", "tabulator"])
def test_an_unknown_separator_is_refused(separator: str) -> None:
    """One letter would cut words in two."""
    with pytest.raises(BadSeparator):
        read_table(b"a,b\n1,2\n", separator=separator)


@pytest.mark.parametrize(
    "file",
    [
        b"PK\x03\x04\x14\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"%PDF-1.7\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"SQLite format 3\x00",
        b"\r\n<!DOCTYPE html>",
        b"<html><body>,</body></html>",
        b"a\x00b,c\n1,2\n",
        "a,b\n1,2\n".encode("utf-16-be"),
        "a,b\n1,2\n".encode("utf-32"),
    ],
)
def test_other_formats_are_refused(file: bytes) -> None:
    """By their first bytes, or because a title has control characters."""
    with pytest.raises(NotATable):
        read_table(file)


@pytest.mark.parametrize(
    "file", [b'"a"b,c\n1,2\n', b'"a,b\n1,2\n', b"x" * 201 + b",b\n1,2\n", b'"' + b"x" * 200_000]
)
def test_a_first_line_that_is_no_header_is_refused(file: bytes) -> None:
    """Without titles no column can be found."""
    with pytest.raises(NoHeader):
        read_table(file)


def test_limits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit is allowed, one more is not."""
    most = reader.COLUMNS_MAX
    assert most == len(read_table(b",".join([b"a"] * most) + b"\n1\n").header)
    with pytest.raises(TableTooLarge, match="header"):
        read_table(b",".join([b"a"] * (most + 1)) + b"\n1\n")
    with pytest.raises(TableTooLarge, match="line 2"):
        rows_in(b"a,b\n" + b"x" * 10_000_000)

    monkeypatch.setattr(reader, "ROWS_MAX", 2)
    assert [["1"], ["2"]] == rows_in(b"a\n1\n2\n")
    with pytest.raises(TableTooLarge, match="the file has more than 2 rows"):
        rows_in(b"a\n1\n2\n3\n")


@pytest.mark.parametrize(("length", "faults"), [(65_536, []), (65_537, [(2, "b", FaultCode.CELL_TOO_LONG)])])
def test_a_long_cell_is_a_fault(length: int, faults: list[object]) -> None:
    """The limit is on each cell, not on the row."""
    table = read_table(f"a,b\n{'y' * 65_536},{'x' * length}\nz,z\n".encode())

    assert faults == faults_in(table)


def test_a_quote_that_is_never_closed_is_a_fault() -> None:
    """On the line where its row begins; what it swallowed is read again once it is repaired."""
    unclosed = 'a,b\n1,2\n3,"4\n5,6\n'

    assert [(3, None, FaultCode.BROKEN_QUOTES)] == faults_in(read_table(unclosed.encode()))
    swallowing = unclosed + "7,8\n" * 50_000
    assert (3, None, FaultCode.CELL_TOO_LONG) == faults_in(read_table(swallowing.encode()))[0]


def test_a_torn_row_is_a_fault_and_reading_goes_on() -> None:
    """Too few cells, too many, quotes in the wrong place."""
    table = read_table(b'a,b\n1\n1,2,3\n"1"x,2\n1,2,,\n1,2\n')

    found = list(table.rows)

    assert [(2, "ragged_row"), (3, "ragged_row"), (4, "broken_quotes")] == [
        (row.line, row.code.value) for row in found if isinstance(row, RowFault)
    ]
    assert [Row(5, ["1", "2"]), Row(6, ["1", "2"])] == [row for row in found if isinstance(row, Row)]


def test_empty_rows_and_columns_are_skipped() -> None:
    """Spreadsheets add them at the end."""
    table = read_table(b"\n , \na ,  b  c,,\n\n,,,\n1,2,,\n \t\n")

    assert (3, ("a", "b c")) == (table.line, table.header)
    assert [Row(6, ["1", "2"])] == list(table.rows)


@pytest.mark.parametrize("file", [b"", b"\n\n", b"a,b", b"a,b\n,\n", b"sep=,\n", b"sep=,\na,b\n"])
def test_a_file_without_rows_is_refused(file: bytes) -> None:
    """Whoever exported it chose the wrong thing."""
    with pytest.raises(TableEmpty):
        list(read_table(file).rows)


@given(st.lists(st.sampled_from(("\n", "\r\n", "\r")), min_size=2, max_size=8))
def test_newlines_may_be_mixed(ends: list[str]) -> None:
    """Files are joined by hand; every end of a line counts one."""
    file = "".join(f"{number},x{end}" for number, end in enumerate(ends))

    assert [Row(number + 1, [str(number), "x"]) for number in range(1, len(ends))] == list(
        read_table(file.encode()).rows
    )


def test_a_file_is_read_from_its_start_and_left_open() -> None:
    """The caller may have looked at it, and goes on with it."""
    file = io.BytesIO(b"a,b\n1,2\n")
    file.seek(5)

    assert [Row(2, ["1", "2"])] == list(read_table(file).rows)
    assert not file.closed


def test_a_file_closed_early_does_no_harm() -> None:
    """A caller that gives up leaves rows unread."""
    file = io.BytesIO(b"a,b\n" + b"1,2\n" * 10_000)
    table = read_table(file)
    next(table.rows)
    file.close()

    del table

    assert file.closed
