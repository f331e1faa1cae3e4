"""JSON Lines of a branch: nothing gets lost on the way, and nothing but a whole file is taken."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import (
    BranchFileChanged,
    BranchFileCut,
    BranchFileFaulty,
    BranchFileNewer,
    NotABranchFile,
)
from timebank.reports.jsonl import (
    BranchFile,
    Column,
    ColumnKind,
    TableShape,
    Values,
    branch_lines,
    check_lines,
    rows_of,
)

LINE = TableShape(
    name="line",
    columns=(
        Column("no", ColumnKind.NUMBER, is_nullable=False),
        Column("of", ColumnKind.TEXT, is_nullable=True),
    ),
)
SHAPES = {
    "thing": TableShape(
        name="thing",
        columns=(
            Column("no", ColumnKind.NUMBER, is_nullable=False),
            Column("words", ColumnKind.TEXT, is_nullable=False),
            Column("maybe", ColumnKind.NUMBER, is_nullable=True),
            Column("hash", ColumnKind.BYTES, is_nullable=False),
        ),
        nested=LINE,
    ),
    "line": LINE,
}
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LINES = st.tuples(NUMBERS, st.none() | TEXTS)
THINGS = st.tuples(NUMBERS, TEXTS, st.none() | NUMBERS, st.binary(), st.lists(LINES, max_size=3).map(tuple))
ROWS = st.lists(st.one_of(st.tuples(st.just("thing"), THINGS), st.tuples(st.just("line"), LINES)), max_size=6)
FILE = BranchFile(branch="lille", has_identities=True, counts={"thing": 1})
REFUSALS = (NotABranchFile, BranchFileNewer, BranchFileCut, BranchFileChanged)
A_THING: Mapping[str, Any] = {"no": 1, "words": "é", "maybe": None, "hash": b"\x00\xff", "line": []}


def content_of(rows: Iterable[tuple[str, Values]]) -> bytes:
    """Return a file with these rows."""
    return b"".join(branch_lines(FILE, SHAPES, rows))


def sealed(*lines: object) -> list[bytes]:
    """Return lines with a last line that is right about them: what somebody writes who knows how."""
    above = [json.dumps(line).encode() + b"\n" if not isinstance(line, bytes) else line for line in lines]
    digest = hashlib.sha256(b"".join(above)).hexdigest()
    return [
        *above,
        json.dumps({"end": "timebank-branch/1", "rows": len(above) - 1, "sha256": digest}).encode() + b"\n",
    ]


HEADER = {"format": "timebank-branch/1", "branch": "lille", "identities": True, "counts": {"thing": 1}}


@given(rows=ROWS)
def test_every_row_comes_back(rows: list[tuple[str, Values]]) -> None:
    """What is written is read, whatever the texts and bytes; and the same rows are the same bytes."""
    lines = content_of(rows).splitlines(keepends=True)

    assert FILE == check_lines(lines)
    found = list(rows_of(lines, SHAPES))
    assert rows == found
    assert b"".join(lines) == content_of(found)


@given(rows=ROWS, data=st.data())
def test_a_file_that_was_cut_short_is_refused(rows: list[tuple[str, Values]], data: st.DataObject) -> None:
    """Wherever the copying stopped, down to the last newline."""
    content = content_of(rows)
    kept = content[: data.draw(st.integers(0, len(content) - 1))]

    with pytest.raises((NotABranchFile, BranchFileCut)):
        check_lines(kept.splitlines(keepends=True))


@given(rows=ROWS, data=st.data())
def test_a_file_with_one_other_byte_is_refused(rows: list[tuple[str, Values]], data: st.DataObject) -> None:
    """Wherever it is, and whatever it became."""
    content = bytearray(content_of(rows))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))

    with pytest.raises(REFUSALS):
        check_lines(bytes(content).splitlines(keepends=True))


@given(rows=ROWS.filter(len), data=st.data())
def test_a_file_without_one_of_its_lines_is_refused(
    rows: list[tuple[str, Values]], data: st.DataObject
) -> None:
    """The lines that are left are whole, but not all of them."""
    lines = content_of(rows).splitlines(keepends=True)
    del lines[data.draw(st.integers(1, len(lines) - 2))]

    with pytest.raises(BranchFileChanged):
        check_lines(lines)


@given(content=st.binary())
def test_garbage_is_no_export(content: bytes) -> None:
    """Any other file is told apart by its first line."""
    with pytest.raises(NotABranchFile):
        check_lines(content.splitlines(keepends=True))


@pytest.mark.parametrize(
    "header",
    [
        [],
        "timebank-branch/1",
        {**HEADER, "format": "timebank-branch/0"},
        {**HEADER, "format": "timebank-branch/01"},
        {**HEADER, "format": "timebank-branch/٣"},
        {**HEADER, "format": 1},
        {**HEADER, "branch": "Lille"},
        {**HEADER, "branch": None},
        {**HEADER, "identities": 1},
        {**HEADER, "counts": {"thing": -1}},
        {**HEADER, "counts": {"thing": True}},
        {**HEADER, "counts": []},
        b"\xef\xbb\xbf" + json.dumps(HEADER).encode() + b"\n",
        b"[" * 100_000 + b"\n",
        b'{"format": "timebank-branch/1", "format": "timebank-branch/1"}\n',
    ],
)
def test_a_first_line_of_another_kind_is_no_export(header: object) -> None:
    """Nothing else in the file is looked at."""
    with pytest.raises(NotABranchFile):
        check_lines(sealed(header))


def test_an_export_of_a_newer_timebank_is_named_as_such() -> None:
    """Upgrading helps; trying to repair the file does not."""
    with pytest.raises(BranchFileNewer) as caught:
        check_lines(sealed({**HEADER, "format": "timebank-branch/2"}))

    assert "a newer timebank wrote this file (timebank-branch/2); this one reads timebank-branch/1" == str(
        caught.value
    )


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"table": "thing", **A_THING, "hash": ""} | {"words": 3}, "words is missing or not a text"),
        ({"table": "thing", **A_THING, "hash": ""} | {"words": None}, "words is missing or not a text"),
        ({"table": "thing", **A_THING, "hash": ""} | {"words": "\ud800"}, "words is missing or not a text"),
        ({"table": "thing", **A_THING, "hash": ""} | {"no": "3"}, "no is missing or not a number"),
        ({"table": "thing", **A_THING, "hash": ""} | {"no": True}, "no is missing or not a number"),
        ({"table": "thing", **A_THING, "hash": ""} | {"no": 2**63}, "no is missing or not a number"),
        ({"table": "thing", **A_THING, "hash": "0"}, "hash is missing or not a bytes"),
        ({"table": "thing", **A_THING, "hash": "AA"}, "hash is missing or not a bytes"),
        ({"table": "thing", **A_THING, "hash": ""} | {"line": 1}, "line is missing or not a list of objects"),
        (
            {"table": "thing", **A_THING, "hash": ""} | {"line": [1]},
            "line is missing or not a list of objects",
        ),
        (
            {"table": "thing", **A_THING, "hash": ""} | {"line": [{"of": "x"}]},
            "no is missing or not a number",
        ),
        ({"table": "thing"}, "no is missing or not a number"),
        ([1], "not a JSON object with each name once"),
        ({"table": "thing", "no": 1.5}, "not a JSON object with each name once"),
        (b'{"table": "thing", "no": NaN}\n', "not a JSON object with each name once"),
        (b'{"table": "line", "no": 1, "no": 2}\n', "not a JSON object with each name once"),
    ],
)
def test_a_row_that_no_timebank_wrote_is_refused(row: object, what: str) -> None:
    """Even if the last line of the file vouches for it."""
    lines = sealed(HEADER, row)
    check_lines(lines)

    with pytest.raises(BranchFileFaulty) as caught:
        list(rows_of(lines, SHAPES))

    assert f"the file cannot be a branch's books, line 2: {what}" == str(caught.value)


@pytest.mark.parametrize(
    "row", [{"table": "other"}, {"table": 1}, {}, {"table": "line", "no": 1, "of": None, "new": 1}]
)
def test_a_table_or_column_that_is_not_known_is_newer(row: object) -> None:
    """A later timebank may keep more; leaving it out silently would lose it."""
    with pytest.raises(BranchFileNewer):
        list(rows_of(sealed(HEADER, row), SHAPES))


def test_a_column_that_an_older_timebank_did_not_have_is_empty() -> None:
    """An old export stays good when a column is added that may be empty."""
    assert [("line", (1, None))] == list(rows_of(sealed(HEADER, {"table": "line", "no": 1}), SHAPES))
