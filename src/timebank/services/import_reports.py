"""Imports: how a file is to be read, what became of it, and how an import is remembered under a key."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, Final
from zlib import crc32

from timebank.reports.importers.cells import DateOrder
from timebank.reports.importers.model import Layout, Notice
from timebank.storage.store import Store
from timebank.storage.transaction import Transaction

CHECK_BITS: Final = 0xFFFF
"""Keys are kept for ever and texts are not: so few bits tell two files apart, and tell no text (I-10)."""
PART_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How a file is to be read; what is None is found out from the file."""

    layout: Layout | None = None
    mapping: Mapping[str, str] | None = None
    encoding: str | None = None
    separator: str | None = None
    dates: DateOrder = DateOrder.DAY_FIRST
    left_sentences: tuple[str, ...] = ()

    @property
    def settled(self) -> tuple[object, ...]:
        """Everything of it, in a form that tells one request from another (I-9)."""
        mapping = tuple(sorted((self.mapping or {}).items()))
        return (self.layout, mapping, self.encoding, self.separator, self.dates, self.left_sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did."""

    layout: Layout
    encoding: str
    separator: str
    rows_new: int
    rows_known: int
    """Rows that an earlier import had brought already."""
    new_paths: tuple[str, ...]
    """Accounts opened for parties that were not known."""
    first_entry: int | None
    last_entry: int | None
    notices: tuple[Notice, ...]
    outside_limits: tuple[tuple[str, str, int], ...]
    """(branch, path, balance in minutes) of every account outside today's limits."""


class _NotMeant(Exception):
    """Ends what was only tried."""


@contextmanager
def importing(store: Store, branch: str, *, is_dry_run: bool) -> Iterator[Transaction]:
    """Open a transaction that writes to a branch; if it is only tried, nothing of it stays."""
    with suppress(_NotMeant), store.write(branch) as tx:
        yield tx
        if is_dry_run:
            raise _NotMeant


def content_of(file: BinaryIO) -> tuple[int, int]:
    """Return the size of a file in bytes and a short checksum, and go back to its beginning."""
    file.seek(0)
    size, check = 0, 0
    while part := file.read(PART_BYTES):
        size, check = size + len(part), crc32(part, check)
    file.seek(0)
    return size, check & CHECK_BITS


def outcome_of(report: ImportReport) -> str:
    """Write down what an import did: numbers only."""
    facts = (report.rows_new, report.rows_known, report.first_entry, report.last_entry)
    return json.dumps([report.layout.value, report.encoding, report.separator, *facts])


def report_again(outcome: str) -> ImportReport:
    """Return what an import did under a key that was used before; what it listed is not listed again."""
    layout, encoding, separator, rows_new, rows_known, first_entry, last_entry = json.loads(outcome)
    return ImportReport(
        layout=Layout(layout),
        encoding=encoding,
        separator=separator,
        rows_new=rows_new,
        rows_known=rows_known,
        new_paths=(),
        first_entry=first_entry,
        last_entry=last_entry,
        notices=(),
        outside_limits=(),
    )
