"""The container of a backup: the branches come out as they went in, and nothing but a whole file is taken."""

import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import (
    BranchFileChanged,
    BranchFileCut,
    BranchFileFaulty,
    BranchFileNewer,
    NotABackup,
    NotABranchFile,
)
from timebank.reports.backup import BackupFile, Head, backup_lines, check_backup, sections_of
from timebank.reports.jsonl import BranchFile, Column, ColumnKind, TableShape, branch_lines, rows_of

SHAPES = {
    "entry": TableShape(
        name="entry",
        columns=(
            Column("seq", ColumnKind.NUMBER, is_nullable=False),
            Column("words", ColumnKind.TEXT, is_nullable=True),
        ),
    )
}
LEAF = "9f" * 32
BRANCHES = st.dictionaries(
    st.sampled_from(["brest", "lille", "lille-sud", "locmine"]),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=4),
    max_size=3,
)
REFUSALS = (NotABackup, NotABranchFile, BranchFileCut, BranchFileChanged, BranchFileNewer)


def content_of(branches: dict[str, list[str]]) -> bytes:
    """Return a backup of branches, each with an entry for each text."""
    heads = tuple(
        Head(branch=code, entries=len(texts), leaf=LEAF if texts else None)
        for code, texts in sorted(branches.items())
    )
    sections = [section_of(code, texts) for code, texts in sorted(branches.items())]
    return b"".join(backup_lines(BackupFile(has_identities=True, heads=heads), sections))


def section_of(code: str, texts: Sequence[str]) -> list[bytes]:
    """Return the export of a branch."""
    file = BranchFile(branch=code, has_identities=True, counts={"entry": len(texts)})
    return list(branch_lines(file, SHAPES, [("entry", (at, text)) for at, text in enumerate(texts, 1)]))


def resealed(lines: list[bytes]) -> list[bytes]:
    """Return lines, without their last one, with a last line that vouches for them."""
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    last = {"end": "timebank-backup/1", "lines": len(lines) - 1, "sha256": digest}
    return [*lines, json.dumps(last).encode() + b"\n"]


def found_in(lines: list[bytes]) -> dict[str, list[str]]:
    """Return what a backup has."""
    return {
        file.branch: [row[1] for _, row in rows_of(section, SHAPES, first_line=number)]
        for file, section, number in sections_of(lines)
    }


@given(branches=BRANCHES)
def test_every_branch_comes_back(branches: dict[str, list[str]]) -> None:
    """Those without an entry, too; and a backup of no branch is one."""
    lines = content_of(branches).splitlines(keepends=True)

    file = check_backup(lines)

    assert {code: len(texts) for code, texts in branches.items()} == {
        head.branch: head.entries for head in file.heads
    }
    assert branches == found_in(lines)


@given(branches=BRANCHES)
def test_a_branch_can_be_cut_out(branches: dict[str, list[str]]) -> None:
    """Its lines are its export, byte for byte."""
    lines = content_of(branches).splitlines(keepends=True)

    for file, section, _ in sections_of(lines):
        assert section_of(file.branch, branches[file.branch]) == list(section)


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=3))
def test_the_export_of_one_branch_is_a_backup_of_it(texts: list[str]) -> None:
    """Nobody has to remember which of the two a file was."""
    lines = section_of("lille", texts)

    assert [("lille", len(texts))] == [(head.branch, head.entries) for head in check_backup(lines).heads]
    assert {"lille": texts} == found_in(lines)


@given(branches=BRANCHES, data=st.data())
def test_a_file_that_was_cut_or_changed_is_refused(
    branches: dict[str, list[str]], data: st.DataObject
) -> None:
    """At any byte."""
    content = bytearray(content_of(branches))
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))

    with pytest.raises(REFUSALS):
        check_backup(bytes(content).splitlines(keepends=True))


@given(branches=BRANCHES.filter(len), data=st.data())
def test_a_file_without_one_of_its_lines_is_refused(
    branches: dict[str, list[str]], data: st.DataObject
) -> None:
    """The lines that are left are whole, but not all of them."""
    lines = content_of(branches).splitlines(keepends=True)
    del lines[data.draw(st.integers(1, len(lines) - 2))]

    with pytest.raises(BranchFileChanged):
        check_backup(lines)


HEADER = {
    "format": "timebank-backup/1",
    "identities": True,
    "branches": [{"branch": "lille", "entries": 1, "leaf": LEAF}],
}


@pytest.mark.parametrize(
    "header",
    [
        [],
        {},
        {"format": "timebank-backup"},
        {"format": "timebank-backup/0"},
        {"format": "timebank-backup/1"},
        {**HEADER, "identities": 1},
        {**HEADER, "branches": {}},
        {**HEADER, "branches": ["lille"]},
        {**HEADER, "branches": [{"branch": "Lille!", "entries": 1, "leaf": None}]},
        {**HEADER, "branches": [{"branch": 3, "entries": 1, "leaf": None}]},
        {**HEADER, "branches": [{"branch": "lille", "entries": -1, "leaf": None}]},
        {**HEADER, "branches": [{"branch": "lille", "entries": True, "leaf": None}]},
        {**HEADER, "branches": [{"branch": "lille", "entries": 1, "leaf": "x"}]},
        {**HEADER, "branches": [{"branch": "lille", "entries": 1, "leaf": 1}]},
        {**HEADER, "branches": [HEADER["branches"][0], HEADER["branches"][0]]},  # type: ignore[index]
    ],
)
def test_another_first_line_is_no_backup(header: object) -> None:
    """Nothing else in the file is looked at."""
    with pytest.raises(NotABackup):
        check_backup([json.dumps(header).encode() + b"\n"])


def test_a_backup_of_a_newer_timebank_is_named_as_such() -> None:
    """Upgrading helps."""
    with pytest.raises(BranchFileNewer):
        check_backup(resealed([json.dumps({**HEADER, "format": "timebank-backup/2"}).encode() + b"\n"]))


@pytest.mark.parametrize(
    ("sections", "what"),
    [
        ([], "line 2: the export of branch lille does not begin here"),
        ([section_of("brest", ["x"])], "line 2: not branch lille with 1 entries"),
        ([section_of("lille", [])], "line 2: not branch lille with 1 entries"),
        ([section_of("lille", ["x"]), section_of("brest", [])], "line 5: more than the first line names"),
    ],
)
def test_other_branches_than_the_first_line_names_are_refused(sections: list[list[bytes]], what: str) -> None:
    """Even if the last line of the file vouches for them."""
    first = json.dumps(HEADER).encode() + b"\n"
    lines = resealed([first, *(line for section in sections for line in section)])
    check_backup(lines)

    with pytest.raises(BranchFileFaulty) as caught:
        found_in(lines)

    assert what in str(caught.value)
