"""Backup files: a whole database in one file that gets its name when it is complete and checked, and back.

A file is either a database of SQLite as it is, or JSON Lines, which both engines read (`Backups`). A database
that is restored is built beside its place, upgraded and audited there; only then is it put in its place.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

from timebank.clock import Clock, SystemClock
from timebank.errors import (
    BackupDamaged,
    BackupLacksBranch,
    BackupUnsound,
    DatabaseDamaged,
    DatabaseNewer,
    NoDatabase,
    NotABackup,
    OneFormOnly,
    SameDatabase,
    TimebankError,
    UnreadableFile,
)
from timebank.ledger.model import Actor, Role
from timebank.reports.backup import FORMAT, BackupFormat, Head, read_backup_header
from timebank.reports.erasures import Erasure
from timebank.reports.relation import Relation, RelationKind, absent, relate
from timebank.services.audits import Progress
from timebank.services.backups import (
    BackedUp,
    Backups,
    check_backup_file,
    missing_of,
    refuse_others,
)
from timebank.services.erasures import Erasures
from timebank.services.restores import Restored, lines_of, prove, restored_of
from timebank.storage.dump import Dump
from timebank.storage.engine import sqlite_file_of, url_of
from timebank.storage.heads import Heads, heads_of, journals_of
from timebank.storage.inspection import damages_of, read_only
from timebank.storage.place import (
    beside,
    copy_online,
    holds_anything,
    is_still,
    make_private,
    put_in_place,
    unfinished,
)
from timebank.storage.schema import HEAD, version_of
from timebank.storage.store import Store

SQLITE_MAGIC: Final = b"SQLite format 3\0"
RESTORE: Final = Actor(role=Role.SYSTEM, ref="restore")
"""Who erases again."""
NOBODY: Final = Actor.parse("coordinator:desk")
"""A restore brings its own actors; nothing is written in this one's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredAll:
    """What a restore did."""

    form: BackupFormat
    relations: tuple[Relation, ...]
    """How each branch of the backup was related to what was here."""
    restored: tuple[Restored, ...]
    """The branches that were brought in; empty if all of them were here with the same journal."""
    kept: Path | None = None
    """The file that keeps the books that were here; None if none were replaced."""


def back_up(
    address: str,
    file: Path,
    *,
    form: BackupFormat | None = None,
    with_identities: bool = True,
    force: bool = False,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> tuple[BackupFormat, BackedUp]:
    """Back a database up into a file, as of one moment, while others go on working with it.

    The file is written beside its name, checked, and on the disk before it gets the name. Only its owner
    can read it.

    Args:
        address: of the database.
        file: the backup's name.
        form: the database file itself by default; JSON Lines from a server, or without identities.
        with_identities: take names, contacts and words along.
        force: replace a file of that name.
        progress: told how far it is: pages of the file, or entries of each branch.
        clock: the machine's by default.

    Raises:
        FileExists, UnwritableFile, LogInTheWay, SameDatabase: the file cannot be had.
        OneFormOnly: a server's database has no file of its own, and a file is not written without identities.
        NoDatabase, BadDatabaseUrl and so on: as for `timebank.open`.
        DatabaseDamaged, ExportInconsistent, BackupUnsound: the books do not hold, or did not arrive.
    """
    source = sqlite_file_of(url_of(address))
    if form is None:
        form = BackupFormat.JSONL if source is None or not with_identities else BackupFormat.SQLITE
    if form is BackupFormat.SQLITE and (source is None or not with_identities):
        raise OneFormOnly
    if source is not None and not holds_anything(source):
        raise NoDatabase
    refuse_same_file(source, file)
    with unfinished(file, force=force) as part:
        if form is BackupFormat.SQLITE:
            assert source is not None, "checked above"
            return form, _copy_file(source, part, progress)
        store = Store(address, clock=clock or SystemClock(), create=False)
        with closing(store), part.open("wb") as to:
            done = Backups(store, NOBODY).write(to, with_identities=with_identities, progress=progress)
        with part.open("rb") as written:
            if check_backup_file(written).heads != done.heads:
                raise BackupUnsound(what="it says something else than what was written")
        return form, done


def refuse_same_file(one: Path | None, other: Path) -> None:
    """Refuse to work from a file into itself.

    Raises:
        SameDatabase: both names lead to one file.
    """
    try:
        is_same = one is not None and one.exists() and other.exists() and one.samefile(other)
    except OSError:
        is_same = False
    if is_same:
        raise SameDatabase


def _copy_file(source: Path, part: Path, progress: Progress | None) -> BackedUp:
    with read_only(source) as connection:
        if version_of(connection) is None:
            raise NoDatabase
        first = heads_of(connection)
    copy_online(source, part, tell=_Pages(progress, source.name))
    heads = _check_file(part, still=True)
    if any(code not in heads or heads[code][0] < seq for code, (seq, _) in first.items()):
        raise BackupUnsound(what="journals end earlier in it than in the books")
    with part.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    return BackedUp(
        heads=_named(heads), has_identities=True, bytes_written=part.stat().st_size, sha256=digest
    )


def _named(heads: Heads) -> tuple[Head, ...]:
    return tuple(
        Head(branch=code, entries=seq, leaf=leaf.hex() if leaf is not None else None)
        for code, (seq, leaf) in heads.items()
    )


def _check_file(file: Path, *, still: bool) -> Heads:
    """Check a database, and return where its journals end."""
    with read_only(file, is_still=still) as connection:
        if damages_of(connection):
            raise DatabaseDamaged
        found = version_of(connection)
        if found is None:
            raise NotABackup(format=FORMAT)
        if found > HEAD:
            raise DatabaseNewer(found=found, known=HEAD)
        return heads_of(connection)


@dataclass(frozen=True, slots=True)
class _Pages:
    progress: Progress | None
    name: str

    def __call__(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(self.name, done, total)


# --- And back -------------------------------------------------------------------------------------------


def form_of(source: BinaryIO) -> BackupFormat:
    """Tell by its first bytes how a backup is written, and go back to its beginning."""
    first = source.read(len(SQLITE_MAGIC))
    source.seek(0)
    return BackupFormat.SQLITE if first == SQLITE_MAGIC else BackupFormat.JSONL


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a backup is to the books at an address."""

    relations: tuple[Relation, ...]
    """One for each branch of the backup."""
    refusal: TimebankError | None
    """What `restore` would refuse it with; None if it would begin, or has nothing to do."""


def compare(address: str, file: Path, *, clock: Clock | None = None) -> Comparison:
    """Say how each branch of a backup is related to the branch of that code at an address; change nothing.

    Where there is no database yet, every branch is absent, and none is made.

    Raises:
        UnreadableFile, NotABackup, NotADatabase, DatabaseNewer, BranchFileNewer, BranchFileCut,
        BranchFileChanged, BranchFileFaulty, DatabaseDamaged: the file.
        BadDatabaseUrl and so on: as for `timebank.open`.
    """
    with _opened(file) as (form, source):
        refuse_same_file(sqlite_file_of(url_of(address)), file)
        _check(form, file, source)
        with _books_at(address, clock or SystemClock()) as store:
            relations = _relations(form, file, source, store)
            try:
                _refuse(store, relations)
            except TimebankError as refusal:
                return Comparison(relations=relations, refusal=refusal)
            return Comparison(relations=relations, refusal=None)


def restore(
    address: str,
    file: Path,
    *,
    is_dry_run: bool = False,
    progress: Progress | None = None,
    clock: Clock | None = None,
    erasures: Sequence[Erasure] = (),
) -> RestoredAll:
    """Bring the branches of a backup back: all of them or none, proven before anything is kept.

    Branches that are here with the same journal stay as they are. Where the journals of an SQLite database
    are the beginnings of those in the backup, the backup takes its place, and it is kept beside it.

    Args:
        address: of the database; one that is not there is made.
        file: what `back_up`, `Backups.write` or `Exports.branch` wrote.
        is_dry_run: do all of it and keep nothing.
        progress: told how far it is.
        clock: the machine's by default.
        erasures: who was erased after the backup was made; with those whom the books here know of, they are
            erased again before what came back gets its place.

    Raises:
        BackupOlder, BackupNewer, BackupDiverged, BackupLacksBranch: it does not fit what is here.
        RestoreRefused, RestoreUnreconciled: the books in it do not hold.
        Others: as for `compare`, and `TryAgain` if somebody has the database open that would be replaced.
    """
    clock = clock or SystemClock()
    target = sqlite_file_of(url_of(address))
    with _opened(file) as (form, source):
        refuse_same_file(target, file)
        _check(form, file, source)
        with _books_at(address, clock) as store:
            relations = _relations(form, file, source, store)
            here = _heads_at(store)
            _refuse(store, relations)
            gone = (*erasures, *_erased_at(store))
        is_behind = any(each.kind is RelationKind.NEWER for each in relations)
        missing = missing_of(relations)
        done = RestoredAll(form=form, relations=relations, restored=())
        if not is_behind and not missing:
            return done
        job = _Job(address, file, form, source, is_dry_run, progress, clock, gone)
        if target is None or (here and not is_behind):
            return _with(done, job.bring_in(missing))
        if form is BackupFormat.JSONL and not is_behind:
            return _with(done, job.bring_in(missing))
        return _with(done, *job.replace(target, here))


def _with(done: RestoredAll, restored: tuple[Restored, ...], kept: Path | None = None) -> RestoredAll:
    return RestoredAll(form=done.form, relations=done.relations, restored=restored, kept=kept)


@dataclass(frozen=True, slots=True)
class _Job:
    """One restore at work."""

    address: str
    file: Path
    form: BackupFormat
    source: BinaryIO
    is_dry_run: bool
    progress: Progress | None
    clock: Clock
    gone: Sequence[Erasure]

    def bring_in(self, missing: list[str]) -> tuple[Restored, ...]:
        """Add the branches that are not here to a database that goes on."""
        with closing(Store(self.address, clock=self.clock, is_dry_run=self.is_dry_run)) as store:
            done = self._brought(missing, store)
            self._erase_again(store)
            return done

    def _brought(self, missing: list[str], store: Store) -> tuple[Restored, ...]:
        if self.form is BackupFormat.JSONL:
            return Backups(store, NOBODY).restore(self.source, progress=self.progress, is_checked=True)
        with TemporaryDirectory(prefix="timebank-") as scratch:
            built = Path(scratch) / "backup.db"
            make_private(built)
            with closing(self._built(built)) as backup:
                return Backups(backup, NOBODY).copy(missing, store, progress=self.progress)

    def _erase_again(self, store: Store) -> None:
        Erasures(store, RESTORE).repeat(self.gone)

    def replace(self, target: Path, here: Heads) -> tuple[tuple[Restored, ...], Path | None]:
        """Build the backup's database beside its place, prove it, and put it there."""
        if self.is_dry_run:
            with TemporaryDirectory(prefix="timebank-") as scratch:
                built = Path(scratch) / "backup.db"
                make_private(built)
                return self._proven(built), None
        if not holds_anything(target):
            with unfinished(target, force=target.exists()) as built:
                return self._proven(built), None
        with beside(target) as built:
            return self._proven(built), put_in_place(built, target, heads=here)

    def _built(self, built: Path) -> Store:
        """Open the database of the backup in a file of its own, with the newest schema."""
        if self.form is BackupFormat.SQLITE:
            tell = _Pages(self.progress, self.file.name)
            copy_online(self.file, built, tell=tell, still=is_still(self.file))
        return Store(f"sqlite:///{built}", clock=self.clock)

    def _proven(self, built: Path) -> tuple[Restored, ...]:
        with closing(self._built(built)) as store:
            done = self._checked(store)
            self._erase_again(store)
            return done

    def _checked(self, store: Store) -> tuple[Restored, ...]:
        if self.form is BackupFormat.JSONL:
            return Backups(store, NOBODY).restore(self.source, progress=self.progress, is_checked=True)
        with store.read() as tx:
            codes = sorted(heads_of(tx.connection))
            prove(tx, codes, self.progress)
            files = [Dump(tx.books(code).desk, with_identities=True).file for code in codes]
            return tuple(restored_of(tx, each) for each in files)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BackupFormat, BinaryIO]]:
    try:
        if not file.is_file():
            raise UnreadableFile(file=file.name)
        stream = file.open("rb")
    except (OSError, ValueError):
        raise UnreadableFile(file=file.name) from None
    with stream:
        yield form_of(stream), stream


def _check(form: BackupFormat, file: Path, source: BinaryIO) -> None:
    """Check the backup as a whole, before anything is opened or made for it."""
    if form is BackupFormat.JSONL:
        check_backup_file(source)
        return
    try:
        _check_file(file, still=is_still(file))
    except DatabaseDamaged:
        raise BackupDamaged from None


@contextmanager
def _books_at(address: str, clock: Clock) -> Iterator[Store | None]:
    """Open the database at an address; None if there is none yet."""
    target = sqlite_file_of(url_of(address))
    if target is not None and not holds_anything(target):
        yield None
        return
    with closing(Store(address, clock=clock, create=False)) as store:
        yield store


def _heads_at(store: Store | None) -> Heads:
    if store is None:
        return {}
    with store.read() as tx:
        return heads_of(tx.connection)


def _erased_at(store: Store | None) -> tuple[Erasure, ...]:
    if store is None:
        return ()
    return tuple(each for each, _ in Erasures(store, NOBODY).list())


def _relations(form: BackupFormat, file: Path, source: BinaryIO, store: Store | None) -> tuple[Relation, ...]:
    if form is BackupFormat.JSONL:
        if store is not None:
            return Backups(store, NOBODY).compare(source, is_checked=True)
        source.seek(0)
        file_says = read_backup_header(next(lines_of(source)))
        return tuple(absent(head.branch, head.entries) for head in file_says.heads)
    with read_only(file, is_still=is_still(file)) as connection:
        heads, there = heads_of(connection), journals_of(connection)
        if store is None:
            return tuple(absent(code, seq) for code, (seq, _) in heads.items())
        with store.read() as tx:
            here = journals_of(tx.connection)
            return tuple(
                relate(code, here=here[code], there=there[code]) if code in here else absent(code, seq)
                for code, (seq, _) in heads.items()
            )


def _refuse(store: Store | None, relations: tuple[Relation, ...]) -> None:
    """Refuse a backup that does not fit what is here."""
    if store is None:
        return
    can_replace = store.engine.dialect.name == "sqlite"
    with store.read() as tx:
        refuse_others(tx, relations, is_newer_fine=can_replace)
    is_behind = any(each.kind is RelationKind.NEWER for each in relations)
    lost = sorted(_heads_at(store).keys() - {each.branch for each in relations})
    if is_behind and lost:
        raise BackupLacksBranch(branch=lost[0])
