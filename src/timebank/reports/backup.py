"""Every branch of a database as JSON Lines, `timebank-backup/1`: exports of branches in one file. Pure.

    {"format":"timebank-backup/1","identities":true,"branches":[{"branch":"lille","entries":2,"leaf":"9f"}]}
    {"format":"timebank-branch/1","branch":"lille", …}
    …
    {"end":"timebank-branch/1","rows":41,"sha256":"9f86…"}
    … the other branches …
    {"end":"timebank-backup/1","lines":97,"sha256":"2c26…"}

Between the first line and the last stand the exports of the branches (`reports.jsonl`) as they are, in the
order of their codes: each can be cut out and used alone. The first line says where each journal ends, the
last one how many lines there were and the SHA-256 of every byte before it. The same books give the same
bytes, as with an export.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, Final

from timebank.errors import (
    BranchFileChanged,
    BranchFileCut,
    BranchFileFaulty,
    BranchFileNewer,
    NotABackup,
    NotABranchFile,
)
from timebank.ids import REFERENCE
from timebank.reports import jsonl
from timebank.reports.jsonl import BranchFile, check_lines, is_count, line_of, object_of, read_header

NAME: Final = "timebank-backup"
VERSION: Final = 1
FORMAT: Final = f"{NAME}/{VERSION}"
FORMAT_TEXT: Final = re.compile(rf"{NAME}/([1-9][0-9]{{0,5}})", re.ASCII)
LEAF: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BackupFormat(StrEnum):
    """How a backup is written."""

    SQLITE = "sqlite"
    """The database file itself, with everything in it."""
    JSONL = "jsonl"
    """JSON Lines, which either engine restores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the journal of a branch ends."""

    branch: str
    entries: int
    leaf: str | None
    """Hash of the last entry, hexadecimal; None if there is none, or if it is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """What the first line of a file says."""

    has_identities: bool
    """Whether names, contacts and words are in it."""
    heads: tuple[Head, ...]
    """One for each branch, by code."""


def backup_lines(file: BackupFile, sections: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """Yield the lines of a file.

    Args:
        file: for the first line.
        sections: the lines of each branch's export, in the order of `file.heads`.
    """
    digest = hashlib.sha256()
    heads = [{"branch": each.branch, "entries": each.entries, "leaf": each.leaf} for each in file.heads]
    first = line_of({"format": FORMAT, "identities": file.has_identities, "branches": heads})
    count = 0
    for line in chain([first], chain.from_iterable(sections)):
        digest.update(line)
        count += 1
        yield line
    yield line_of({"end": FORMAT, "lines": count - 1, "sha256": digest.hexdigest()})


def check_backup(lines: Iterable[bytes]) -> BackupFile:
    """Check that a file is whole and as it was written, and return what its first line says.

    The export of a single branch is a backup of that branch.

    Args:
        lines: each with its newline, none longer than `jsonl.LINE_MOST`.

    Raises:
        NotABackup, BranchFileNewer: by the first line.
        BranchFileCut: there is no last line.
        BranchFileChanged: the number of lines or the SHA-256 differs.
    """
    lines = iter(lines)
    first = next(lines, b"")
    if is_branch_file(first):
        return _of_one(check_lines(chain([first], lines)))
    file = read_backup_header(first)
    digest = hashlib.sha256()
    last = first
    count = -1
    for line in lines:
        digest.update(last)
        last = line
        count += 1
    footer = object_of(last) if last.endswith(b"\n") else None
    if footer is None or footer.get("end") != FORMAT:
        raise BranchFileCut
    if footer != {"end": FORMAT, "lines": count, "sha256": digest.hexdigest()}:
        raise BranchFileChanged
    return file


def is_branch_file(line: bytes) -> bool:
    """Tell whether a first line is that of the export of one branch."""
    value = object_of(line) or {}
    return jsonl.FORMAT_TEXT.fullmatch(str(value.get("format"))) is not None


def read_backup_header(line: bytes) -> BackupFile:
    """Read the first line of a file.

    Raises:
        NotABackup: it is another file.
        BranchFileNewer: a newer timebank wrote it.
    """
    if is_branch_file(line):
        return _of_one(read_header(line))
    value = object_of(line) or {}
    found = FORMAT_TEXT.fullmatch(str(value.get("format")))
    if found is None:
        raise NotABackup(format=FORMAT)
    if int(found[1]) > VERSION:
        raise BranchFileNewer(found=found[0], known=FORMAT)
    branches = value.get("branches")
    heads = [_head(each) for each in branches] if isinstance(branches, list) else [None]
    known = [each for each in heads if each is not None]
    codes = [each.branch for each in known]
    is_whole = len(known) == len(heads) and codes == sorted(set(codes))
    if not is_whole or not isinstance(value.get("identities"), bool):
        raise NotABackup(format=FORMAT)
    return BackupFile(has_identities=bool(value["identities"]), heads=tuple(known))


def _head(value: Any) -> Head | None:  # noqa: ANN401 - whatever the file has there
    if not isinstance(value, dict):
        return None
    branch, entries, leaf = value.get("branch"), value.get("entries"), value.get("leaf")
    if not isinstance(branch, str) or REFERENCE.fullmatch(branch) is None:
        return None
    if not isinstance(entries, int) or not is_count(entries):
        return None
    if leaf is not None and (not isinstance(leaf, str) or LEAF.fullmatch(leaf) is None):
        return None
    return Head(branch=branch, entries=entries, leaf=leaf)


def _of_one(file: BranchFile) -> BackupFile:
    head = Head(branch=file.branch, entries=file.counts.get("entry", 0), leaf=None)
    return BackupFile(has_identities=file.has_identities, heads=(head,))


def sections_of(lines: Iterable[bytes]) -> Iterator[tuple[BranchFile, Iterator[bytes], int]]:
    """Yield what a file that `check_backup` found whole has of each branch: read each before the next.

    Yields:
        What the branch's first line says, its lines beginning with that one, and the number of that one.

    Raises:
        BranchFileNewer: a newer timebank wrote a branch.
        BranchFileFaulty: what stands in the file are not the branches that its first line names.
    """
    numbered = enumerate(lines, 1)
    number, first = next(numbered, (1, b""))
    expected: Sequence[Head] = read_backup_header(first).heads
    if is_branch_file(first):
        yield read_header(first), _section(first, (line for _, line in numbered)), number
        return
    for head in expected:
        number, line = next(numbered, (number + 1, b""))
        try:
            file = read_header(line)
        except NotABranchFile:
            what = f"the export of branch {head.branch} does not begin here"
            raise BranchFileFaulty(place=f"line {number}", what=what) from None
        if (file.branch, file.counts.get("entry", 0)) != (head.branch, head.entries):
            what = f"not branch {head.branch} with {head.entries} entries, which the first line names"
            raise BranchFileFaulty(place=f"line {number}", what=what)
        section = _section(line, (line for _, line in numbered))
        yield file, section, number
        for _ in section:
            pass
    number, line = next(numbered, (number + 1, b""))
    if (object_of(line) or {}).get("end") != FORMAT:
        raise BranchFileFaulty(place=f"line {number}", what="more than the first line names")


def _section(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of one branch, its last one included."""
    yield first
    for line in rest:
        yield line
        if line.startswith(END):
            return


END: Final = b'{"end":'
"""No row begins like this: rows begin with their table."""
