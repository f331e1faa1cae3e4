"""Restores: a branch from its export, all of it or nothing, and only if its books hold.

Nothing is recomputed: every row is stored as it was written. It is then proven like any other branch, by
the audit, inside the same transaction; so a leaf hash or a running balance that was right when it was
exported is right here, and one that is wrong keeps the branch out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from timebank.errors import BranchExists, RestoreRefused, RestoreUnreconciled
from timebank.ids import reference
from timebank.instants import zone_of
from timebank.ledger.audit import Fault
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.statement import ClearingPosition, clearing_positions
from timebank.reports.jsonl import LINE_MOST, BranchFile, check_lines, rows_of
from timebank.services.audits import Auditor, Progress, audit_journal
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.storage.dump import SHAPES, partners_of
from timebank.storage.loading import chunks_of, load, read_words
from timebank.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore brought in."""

    branch: str
    has_identities: bool
    members: int
    accounts: int
    entries: int
    unmatched: tuple[ClearingPosition, ...]
    """What the branch and others owe each other, where the other one is not in this database (yet)."""


class Restores(Service):
    """Use cases that bring a branch back."""

    def branch(self, source: BinaryIO, *, progress: Progress | None = None) -> Restored:
        """Restore a branch from its export into a database that does not have it.

        Args:
            source: opened for reading bytes, at its beginning, seekable.
            progress: told how many entries were written, then how many were proven.

        Raises:
            NotABranchFile, BranchFileNewer, BranchFileCut, BranchFileChanged: the file, as a whole.
            BranchExists: a branch of that code is here.
            BranchFileFaulty: the file says what no timebank writes.
            RestoreRefused: the audit of the restored books finds faults.
            RestoreUnreconciled: the branch and one that is here do not agree on what they owe each other, or
                on a redemption (I-7).
        """
        file = check_file(source)
        with self.store.write() as tx:
            if any(branch.code == file.branch for _, branch in tx.branches.list()):
                raise BranchExists(branch=file.branch)

            def tell(done: int) -> None:
                if progress is not None:
                    progress(file.branch, done, file.counts.get("entry", 0))

            source.seek(0)
            load(tx.connection, file, chunks_of(rows_of(lines_of(source), SHAPES)), tell)
            prove(tx, [file.branch], progress)
            return restored_of(tx, file)


def restored_of(tx: Transaction, file: BranchFile) -> Restored:
    """Say what a branch that was just restored brought in."""
    return Restored(
        branch=file.branch,
        has_identities=file.has_identities,
        members=file.counts.get("member", 0),
        accounts=file.counts.get("account", 0),
        entries=file.counts.get("entry", 0),
        unmatched=_unmatched(tx, file.branch),
    )


def check_file(source: BinaryIO) -> BranchFile:
    """Check that a file is a whole export, and go back to its beginning.

    Raises:
        NotABranchFile, BranchFileNewer, BranchFileCut, BranchFileChanged: it is not.
    """
    file = check_lines(lines_of(source))
    source.seek(0)
    return file


def lines_of(source: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; a longer one than any export has comes in pieces, which no check accepts."""
    return iter(lambda: source.readline(LINE_MOST), b"")


def prove(tx: Transaction, restored: Sequence[str], progress: Progress | None) -> None:
    """Audit branches by themselves, then together with those they have dealings with and that are here.

    Raises:
        RestoreRefused, RestoreUnreconciled: see `Restores.branch`.
    """
    auditor = Auditor(tx, progress)
    for code in restored:
        auditor.audit_branch(code)
        auditor.stage(f"{code} rows", partial(_check_words, tx.books(code)))
    auditor.audit_between()
    if auditor.faults:
        raise RestoreRefused(**_facts(auditor.faults))
    partners = {code for each in restored for code in partners_of(tx.books(each).desk)} - set(restored)
    if partners:
        for code in sorted(partners):
            auditor.audits[code] = audit_journal(tx.books(code), None)
        auditor.audit_between()
    if auditor.faults:
        raise RestoreUnreconciled(**_facts(auditor.faults))


def _facts(faults: Sequence[Fault]) -> dict[str, object]:
    first, *_ = found = sorted(set(faults))
    return {
        "faults": tuple(found),
        "count": len(found),
        "place": first.place,
        "first": f"{first.detail} [{first.code}]",
    }


def _check_words(books: Books) -> Iterator[Fault]:
    """Read what the audit takes as it is stored: the branch's code and zone, kinds and actors of entries."""
    reference(books.branch.code)
    zone_of(books.branch.zone)
    read_words(books.desk)
    yield from ()


def _unmatched(tx: Transaction, restored: str) -> tuple[ClearingPosition, ...]:
    """Return what the branch and others owe each other that cannot be matched: the other one is not here."""
    here = {branch.code for _, branch in tx.branches.list()}
    return clearing_positions(
        (restored, place_of(path).name, unit, balance)
        for path, unit, balance in tx.books(restored).reader.balances()
        if place_of(path).kind is AccountKind.CLEARING and place_of(path).name not in here and balance != 0
    )
