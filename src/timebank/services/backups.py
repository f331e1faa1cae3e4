"""Backups: every branch of a database in one file, and back; or straight into another database.

A backup is as of one moment. Bringing it back, or copying, takes all of it or nothing, and what arrives is
proven by the audit before anything of it is kept. Branches that are here already are never touched: their
journals are compared with those of the backup, and unless they are equal nothing is done.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from timebank.errors import (
    BackupDiverged,
    BackupNewer,
    BackupOlder,
    BranchExists,
    BranchFileFaulty,
    CopyRefused,
    RestoreRefused,
    SameDatabase,
    UnknownBranch,
)
from timebank.instants import write_instant
from timebank.ledger.canonical import instant_of
from timebank.reports.backup import BackupFile, Head, backup_lines, check_backup, sections_of
from timebank.reports.jsonl import BranchFile, Values, branch_lines, rows_of
from timebank.reports.relation import JournalCopy, Relation, RelationKind, absent, relate
from timebank.services.audits import Progress
from timebank.services.exports import Sink, write_parts
from timebank.services.restores import Restored, lines_of, prove, restored_of
from timebank.services.service import Service
from timebank.storage.dump import BRANCH, ENTRY, SHAPES, Dump
from timebank.storage.heads import heads_of, journals_of, recorded_us
from timebank.storage.loading import chunks_of, load, stay
from timebank.storage.place import identity_of
from timebank.storage.store import Store
from timebank.storage.transaction import Transaction

CREATED_AT = SHAPES[BRANCH.name].at("created_us")
SEQ_AT = SHAPES[ENTRY.name].at("seq")
LEAF_AT = SHAPES[ENTRY.name].at("leaf")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What a backup holds: enough to compare it with another, or with the books."""

    heads: tuple[Head, ...]
    has_identities: bool
    bytes_written: int
    sha256: str
    """Of the whole file, hexadecimal."""


class Backups(Service):
    """Use cases on all branches of a database at once."""

    def write(self, to: Sink, *, with_identities: bool = True, progress: Progress | None = None) -> BackedUp:
        """Write every branch as JSON Lines, as of one moment, whatever others write meanwhile.

        Args:
            to: where the lines go.
            with_identities: take names, contacts and words along.
            progress: told how many entries of each branch were written.

        Raises:
            ExportInconsistent: the books do not hold; what was written is of no use.
        """
        with self.store.read() as tx:
            stay(tx.connection)
            heads = tuple(
                Head(branch=code, entries=seq, leaf=leaf.hex() if leaf is not None else None)
                for code, (seq, leaf) in heads_of(tx.connection).items()
            )
            file = BackupFile(has_identities=with_identities, heads=heads)
            dumps = (Dump(tx.books(each.branch).desk, with_identities=with_identities) for each in heads)
            sections = (_section(dump, progress) for dump in dumps)
            size, sha256 = write_parts(to, backup_lines(file, sections))
        return BackedUp(heads=heads, has_identities=with_identities, bytes_written=size, sha256=sha256)

    def compare(self, source: BinaryIO, *, is_checked: bool = False) -> tuple[Relation, ...]:
        """Say how each branch of a backup is related to the branch of that code that is here; change nothing.

        Args:
            source: what `write` or `Exports.branch` wrote, opened for reading bytes, seekable.
            is_checked: `check_backup_file` was just done.

        Raises:
            NotABackup, BranchFileNewer, BranchFileCut, BranchFileChanged: the file, as a whole.
            BranchFileFaulty: the file says what no timebank writes.
        """
        if not is_checked:
            check_backup_file(source)
        with self.store.read() as tx:
            here = journals_of(tx.connection)
            return tuple(
                relate(file.branch, here=here[file.branch], there=_journal_in(rows))
                if file.branch in here
                else absent(file.branch, file.counts.get("entry", 0))
                for file, rows in _sections_in(source)
            )

    def restore(
        self, source: BinaryIO, *, progress: Progress | None = None, is_checked: bool = False
    ) -> tuple[Restored, ...]:
        """Restore the branches of a backup that are not here; those that are must have the same journal.

        Args:
            source: what `write` or `Exports.branch` wrote, opened for reading bytes, seekable.
            progress: told how many entries were written, then how many were proven.
            is_checked: `check_backup_file` was just done.

        Returns:
            The branches that were not here; empty if there was nothing to do.

        Raises:
            BackupOlder, BackupNewer, BackupDiverged: a branch is here, with another journal.
            NotABackup, BranchFileNewer, BranchFileCut, BranchFileChanged, BranchFileFaulty, RestoreRefused,
            RestoreUnreconciled: as for `Restores.branch`.
        """
        relations = self.compare(source, is_checked=is_checked)
        self.refuse(relations)
        missing = missing_of(relations)
        if not missing:
            return ()
        files = {}
        with self.store.write() as tx:
            stay(tx.connection)
            for file, rows in _sections_in(source):
                if file.branch in missing:
                    tell = _Teller(progress, file.branch, file.counts.get("entry", 0))
                    load(tx.connection, file, chunks_of(rows), tell)
                    files[file.branch] = file
            prove(tx, sorted(files), progress)
            return tuple(restored_of(tx, file) for file in files.values())

    def refuse(self, relations: Sequence[Relation]) -> None:
        """Refuse what must not be brought back over the books here.

        Raises:
            BackupOlder, BackupNewer, BackupDiverged: a branch is here, with another journal.
        """
        with self.store.read() as tx:
            refuse_others(tx, relations)

    def copy(
        self, codes: Sequence[str], to: Store, *, progress: Progress | None = None
    ) -> tuple[Restored, ...]:
        """Copy branches into another database, which lacks them: same numbers, leaf hashes and balances.

        Args:
            codes: of the branches; those that owe each other hours belong together. All of them if empty.
            to: the other database, on either engine.
            progress: told how many entries were written, then how many were proven.

        Raises:
            UnknownBranch: no branch has one of the codes.
            SameDatabase: it is the same one.
            BranchExists: the other database has one of them.
            CopyRefused: the books do not hold.
            RestoreUnreconciled: they and a branch that is there do not agree (I-7).
        """
        with self.store.read() as source:
            refuse_same(self.store, to)
            stay(source.connection)
            known = heads_of(source.connection)
            wanted = sorted(set(codes)) or sorted(known)
            for code in wanted:
                if code not in known:
                    raise UnknownBranch(branch=code)
            with to.write() as target:
                stay(target.connection)
                return _copied(source, target, wanted, progress)


def refuse_same(one: Store, other: Store) -> None:
    """Refuse to work from a database into itself.

    Raises:
        SameDatabase: both are the same one.
    """
    if identity_of(one.engine) == identity_of(other.engine):
        raise SameDatabase


def check_backup_file(source: BinaryIO) -> BackupFile:
    """Check that a file is a whole backup, and go back to its beginning.

    Raises:
        NotABackup, BranchFileNewer, BranchFileCut, BranchFileChanged: it is not.
    """
    source.seek(0)
    file = check_backup(lines_of(source))
    source.seek(0)
    return file


def missing_of(relations: Iterable[Relation]) -> list[str]:
    """Return the branches of a backup that are not here."""
    return [each.branch for each in relations if each.kind is RelationKind.ABSENT]


def refuse_others(tx: Transaction, relations: Iterable[Relation], *, is_newer_fine: bool = False) -> None:
    """Refuse relations that stand in the way of a restore, the most telling one first.

    Raises:
        BackupDiverged, BackupOlder, BackupNewer: a branch is here, with another journal.
    """
    for kind in (RelationKind.DIVERGED, RelationKind.OLDER, RelationKind.NEWER):
        for each in relations:
            if each.kind is not kind:
                continue
            if kind is RelationKind.DIVERGED:
                raise BackupDiverged(branch=each.branch, seq=each.differs_at)
            if kind is RelationKind.OLDER:
                since_us = recorded_us(tx.connection, each.branch, each.common + 1)
                since = write_instant(instant_of(since_us).replace(microsecond=0))
                count = each.here - each.there
                raise BackupOlder(branch=each.branch, count=count, seq=each.common + 1, since=since)
            if not is_newer_fine:
                raise BackupNewer(branch=each.branch, count=each.there - each.here)


@dataclass(frozen=True, slots=True)
class _Teller:
    progress: Progress | None
    branch: str
    total: int

    def __call__(self, done: int) -> None:
        if self.progress is not None:
            self.progress(self.branch, done, self.total)


def _section(dump: Dump, progress: Progress | None) -> Iterator[bytes]:
    tell = _Teller(progress, dump.file.branch, dump.file.counts["entry"])
    return branch_lines(dump.file, SHAPES, dump.rows(tell))


def _sections_in(source: BinaryIO) -> Iterator[tuple[BranchFile, Iterator[tuple[str, Values]]]]:
    source.seek(0)
    for file, lines, number in sections_of(lines_of(source)):
        yield file, rows_of(lines, SHAPES, first_line=number)


def _journal_in(rows: Iterator[tuple[str, Values]]) -> JournalCopy:
    """Return the journal among the rows of a branch, whose first row is the branch itself."""
    name, first = next(rows, ("", ()))
    if name != BRANCH.name:
        raise BranchFileFaulty(place="table branch", what="not the branch that the first line names")
    leaves = ((row[SEQ_AT], row[LEAF_AT]) for table, row in rows if table == ENTRY.name)
    return JournalCopy(created_us=first[CREATED_AT], leaves=leaves)


def _copied(
    source: Transaction, target: Transaction, codes: Sequence[str], progress: Progress | None
) -> tuple[Restored, ...]:
    taken = {branch.code for _, branch in target.branches.list()}
    for code in codes:
        if code in taken:
            raise BranchExists(branch=code)
    files = []
    for code in codes:
        with _as_copy(code):
            dump = Dump(source.books(code).desk, with_identities=True)
            tell = _Teller(progress, code, dump.file.counts["entry"])
            load(target.connection, dump.file, dump.chunks(lambda _: None), tell)
            files.append(dump.file)
    with _as_copy(", ".join(codes)):
        prove(target, codes, progress)
    return tuple(restored_of(target, file) for file in files)


@contextmanager
def _as_copy(branch: str) -> Iterator[None]:
    """Speak of books rather than of a file."""
    try:
        yield
    except BranchFileFaulty as error:
        raise CopyRefused(branch=branch, place=error.place, what=error.what) from error
    except RestoreRefused as error:
        raise CopyRefused(branch=branch, place=error.place, what=error.first) from error
