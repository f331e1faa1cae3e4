"""Restores: a branch from its export, all of it or nothing, and only if its books hold.

Nothing is recomputed: every row is stored as it was written. It is then proven like any other branch, by
the audit, inside the same transaction; so a leaf hash or a running balance that was right when it was
exported is right here, and one that is wrong keeps the branch out.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from timebank.errors import BranchExists, BranchFileFaulty, RestoreRefused, RestoreUnreconciled, TimebankError
from timebank.ids import reference
from timebank.instants import zone_of
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.statement import ClearingPosition, clearing_positions
from timebank.reports.jsonl import LINE_MOST, BranchFile, check_lines, rows_of
from timebank.services.audits import Auditor, Progress
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.storage.dump import SHAPES, RecordStream, load
from timebank.storage.store import Transaction


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
            RestoreUnreconciled: a branch that is here says otherwise of what the two owe each other (I-7).
        """
        file = check_file(source)
        with self.store.write() as tx:
            if any(branch.code == file.branch for _, branch in tx.branches.list()):
                raise BranchExists(branch=file.branch)

            def tell(done: int) -> None:
                if progress is not None:
                    progress(file.branch, done, file.counts.get("entry", 0))

            source.seek(0)
            load(tx.connection, file, rows_of(lines_of(source), SHAPES), tell)
            books = tx.books(file.branch)
            _prove(tx, file.branch, progress)
            _read_back(books)
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


def _prove(tx: Transaction, branch: str, progress: Progress | None) -> None:
    auditor = Auditor(tx, progress)
    auditor.audit_branch(branch)
    faults = sorted(auditor.faults)
    if faults:
        first = faults[0]
        raise RestoreRefused(
            faults=tuple(faults), count=len(faults), place=first.place, first=f"{first.detail} [{first.code}]"
        )


def _read_back(books: Books) -> None:
    """Read everything as the program reads it; the audit looks at numbers, this at words, days and codes."""
    readers: dict[str, Callable[[], object]] = {
        "branch": lambda: (reference(books.branch.code), zone_of(books.branch.zone)),
        "policy_version": lambda: [version.policy for version in books.policies.list()],
        "member": books.members.list,
        "identity_person": books.identities.list,
        "account": lambda: [place_of(state.path) for state in books.accounts.states()],
        "mandate": books.mandates.list,
        "beneficiary": books.beneficiaries.list,
        "hold": books.holds.list,
        "redemption": books.redemptions.around,
        "service_record": lambda: deque(RecordStream(books.desk).all(), maxlen=0),
        "entry": lambda: deque(books.reader.entries(), maxlen=0),
    }
    for table, read in readers.items():
        try:
            read()
        except (TimebankError, ValueError, OverflowError, AssertionError) as error:
            what = error.code if isinstance(error, TimebankError) else "a value that timebank does not know"
            raise BranchFileFaulty(place=f"table {table}", what=what) from error


def _unmatched(tx: Transaction, restored: str) -> tuple[ClearingPosition, ...]:
    """Return what cannot be matched because the other branch is not here.

    Raises:
        RestoreUnreconciled: it is here, and says otherwise (I-7).
    """
    here = {branch.code for _, branch in tx.branches.list()}
    positions = clearing_positions(
        (code, place_of(path).name, unit, balance)
        for code in here
        for path, unit, balance in tx.books(code).reader.balances()
        if place_of(path).kind is AccountKind.CLEARING
    )
    unmatched = [
        position
        for position in positions
        if restored in {position.branch, position.other} and not position.is_reconciled
    ]
    for position in unmatched:
        if {position.branch, position.other} <= here:
            raise RestoreUnreconciled(
                branch=position.branch,
                other=position.other,
                off_by=abs(position.owed + position.owed_back),
                unit=position.unit,
            )
    return tuple(unmatched)
