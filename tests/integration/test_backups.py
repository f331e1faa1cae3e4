"""Backups: everything in one file that gets its name when it is whole, and back only where it fits."""

import io
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW, a_bank, a_branch, address_in, help_given
from tests.integration.exports import export_of
from tests.integration.test_bad_databases import small_disk  # noqa: F401 - a fixture
from tests.integration.worlds import MARKER, a_world
from tests.postgres import raw

from timebank.clock import SteppingClock
from timebank.errors import (
    BackupDamaged,
    BackupDiverged,
    BackupLacksBranch,
    BackupNewer,
    BackupOlder,
    BranchFileChanged,
    BranchFileCut,
    BranchFileFaulty,
    BranchFileNewer,
    DatabaseDamaged,
    DatabaseNewer,
    ExportInconsistent,
    FileExists,
    LogInTheWay,
    NoDatabase,
    NotABackup,
    NotADatabase,
    OneFormOnly,
    RestoreRefused,
    SameDatabase,
    StorageFull,
    TimebankError,
    TryAgain,
    UnreadableFile,
    UnwritableFile,
)
from timebank.reports.backup import BackupFormat
from timebank.reports.relation import RelationKind
from timebank.services.backup_files import RestoredAll, back_up, compare, restore
from timebank.services.bank import Bank, open_bank

FORMATS = pytest.mark.parametrize("form", list(BackupFormat))
SQLITE, JSONL = BackupFormat.SQLITE, BackupFormat.JSONL


def a_folder(tmp_path: Path, name: str) -> Path:
    """Make a folder."""
    (tmp_path / name).mkdir()
    return tmp_path / name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a world."""
    folder = a_folder(tmp_path, "home")
    a_world(folder)
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The name of a backup, in a folder of its own."""
    return a_folder(tmp_path, "backups") / "world.backup"


def exports_at(address: str) -> dict[str, bytes]:
    """Return the export of every branch at an address."""
    bank = open_bank(address, clock=SteppingClock(NOW), create=False)
    found = {branch.code: export_of(bank, branch.code) for branch in bank.branches.list()}
    assert () == bank.audits.run().faults
    bank.close()
    return found


def kept(file: Path, folder: Path, form: BackupFormat, **options: object) -> Path:
    """Back a folder's bank up; returns the file."""
    back_up(address_in(folder), file, form=form, **options)  # type: ignore[arg-type]
    return file


def gone_on(folder: Path, *, days: int = 90, provider: str = "m1", recipient: str = "m2") -> None:
    """Let somebody in Lille help somebody: an entry more."""
    bank = a_bank(folder, clock=SteppingClock(NOW + timedelta(days=days)))
    help_given(bank, minutes=15, provider=provider, recipient=recipient)
    bank.close()


def alone(file: Path) -> None:
    """Nothing stands beside a backup."""
    assert [file.name] == [path.name for path in file.parent.iterdir()]


# --- There and back -------------------------------------------------------------------------------------


@FORMATS
def test_what_comes_back_is_what_was_there(
    home: Path, file: Path, tmp_path: Path, form: BackupFormat
) -> None:
    """Every branch, byte for byte; the file is for its owner only, and nothing is left beside it."""
    before = exports_at(address_in(home))
    made, done = back_up(address_in(home), file, form=form)
    elsewhere = address_in(a_folder(tmp_path, "elsewhere"))

    back = restore(elsewhere, file)

    assert (form, ["lille", "locmine"]) == (made, [head.branch for head in done.heads])
    assert before == exports_at(elsewhere)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert file.stat().st_size == done.bytes_written
    alone(file)
    assert ["lille", "locmine"] == [each.branch for each in back.restored]
    assert [RelationKind.ABSENT] * 2 == [each.kind for each in back.relations]
    assert 0o600 == stat.S_IMODE((tmp_path / "elsewhere" / "bank.db").stat().st_mode)


@FORMATS
def test_a_restored_branch_goes_on(home: Path, file: Path, tmp_path: Path, form: BackupFormat) -> None:
    """What comes back is a database like any other."""
    kept(file, home, form)
    folder = a_folder(tmp_path, "elsewhere")
    restore(address_in(folder), file)

    gone_on(folder)

    assert 2 == len(exports_at(address_in(folder)))


def test_two_backups_of_the_same_books_are_equal_files(home: Path, file: Path, tmp_path: Path) -> None:
    """On either engine, and whenever: what differs has changed."""
    kept(file, home, JSONL)
    again = kept(file.with_name("again"), home, JSONL)
    restore(address_in(a_folder(tmp_path, "elsewhere")), file)
    third = kept(file.with_name("third"), tmp_path / "elsewhere", JSONL)

    assert file.read_bytes() == again.read_bytes() == third.read_bytes()


@FORMATS
def test_a_backup_goes_into_a_server_and_back(
    home: Path, file: Path, tmp_path: Path, postgres: str, form: BackupFormat
) -> None:
    """A file of either format; a server is backed up as JSON Lines without being asked."""
    before = exports_at(address_in(home))

    restore(postgres, kept(file, home, form))
    made, _ = back_up(postgres, file.with_name("from-server"))
    restore(address_in(a_folder(tmp_path, "elsewhere")), file.with_name("from-server"))

    assert JSONL is made
    assert before == exports_at(postgres) == exports_at(address_in(tmp_path / "elsewhere"))
    with pytest.raises(OneFormOnly):
        back_up(postgres, file.with_name("no"), form=SQLITE)


def test_a_backup_without_identities_has_whole_books(home: Path, file: Path, tmp_path: Path) -> None:
    """To be shared for a study; a copy of the file itself always has the names."""
    made, done = back_up(address_in(home), file, with_identities=False)
    folder = a_folder(tmp_path, "elsewhere")
    restore(address_in(folder), file)

    assert (JSONL, False) == (made, done.has_identities)
    assert MARKER.encode() not in file.read_bytes()
    assert 2 == len(exports_at(address_in(folder)))
    with pytest.raises(OneFormOnly):
        back_up(address_in(home), file.with_name("no"), form=SQLITE, with_identities=False)


def test_the_export_of_one_branch_is_restored_as_well(home: Path, file: Path, tmp_path: Path) -> None:
    """Nobody has to remember which of the two a file was."""
    bank = a_bank(home)
    file.write_bytes(export_of(bank, "locmine"))
    bank.close()
    folder = a_folder(tmp_path, "elsewhere")

    done = restore(address_in(folder), file)

    assert ["locmine"] == [each.branch for each in done.restored]
    assert [("lille", "locmine")] == [(each.branch, each.other) for each in done.restored[0].unmatched]


@FORMATS
def test_a_dry_run_keeps_nothing(home: Path, file: Path, tmp_path: Path, form: BackupFormat) -> None:
    """It proves a backup: it says what a restore would bring."""
    kept(file, home, form)
    folder = a_folder(tmp_path, "elsewhere")

    done = restore(address_in(folder), file, is_dry_run=True)

    assert ["lille", "locmine"] == [each.branch for each in done.restored]
    assert [] == list(folder.iterdir())


@FORMATS
def test_an_empty_database_is_filled(home: Path, file: Path, tmp_path: Path, form: BackupFormat) -> None:
    """A file without a byte, or a database without a branch."""
    kept(file, home, form)
    empty, founded = a_folder(tmp_path, "empty"), a_folder(tmp_path, "founded")
    (empty / "bank.db").touch()
    a_bank(founded).close()

    for folder in (empty, founded):
        restore(address_in(folder), file)

    assert exports_at(address_in(empty)) == exports_at(address_in(founded)) == exports_at(address_in(home))


# --- While others work ----------------------------------------------------------------------------------


@FORMATS
def test_others_go_on_writing_and_the_backup_is_of_one_moment(
    tmp_path: Path, file: Path, form: BackupFormat
) -> None:
    """Nobody is stopped, and what was made is the beginning of what came to be."""
    folder = a_folder(tmp_path, "home")
    clock = SteppingClock(NOW, timedelta(hours=1))
    bank = a_branch(folder, clock=clock)
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            help_given(bank, minutes=15)
            help_given(bank, minutes=15, provider="m2", recipient="m1")

    worker = threading.Thread(target=go_on)
    worker.start()
    try:
        for number in range(5):
            kept(file.with_name(f"{number}"), folder, form)
    finally:
        stop.set()
        worker.join()
    bank.close()

    for number in range(5):
        relation = compare(address_in(folder), file.with_name(f"{number}")).relations[0]
        assert relation.kind in {RelationKind.OLDER, RelationKind.SAME}
        elsewhere = address_in(a_folder(tmp_path, f"elsewhere {number}"))
        restore(elsewhere, file.with_name(f"{number}"))
        assert {"lille"} == set(exports_at(elsewhere))


INTERRUPTED = """
import os, pathlib, sys
from timebank.services.backup_files import BackupFormat, back_up
from timebank.storage import place
def tell(_what, _done, _total):
    os.kill(os.getpid(), int(sys.argv[4]))
place.PAGES = 3
back_up(sys.argv[1], pathlib.Path(sys.argv[2]), form=BackupFormat(sys.argv[3]), progress=tell)
"""


@FORMATS
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_who_is_interrupted_leaves_no_half_file(
    home: Path, file: Path, form: BackupFormat, number: signal.Signals
) -> None:
    """Whatever ends the program, no file of that name is there; and the next backup is none the worse."""
    if form is JSONL:
        add_many_entries(home)
    code = ("-W", "ignore", "-c", INTERRUPTED, address_in(home), str(file), form.value, str(int(number)))

    done = subprocess.run([sys.executable, *code], capture_output=True, check=False)

    assert 0 != done.returncode
    assert not file.exists()
    assert number is signal.SIGKILL or [] == list(file.parent.iterdir())
    kept(file, home, form)
    assert exports_at(address_in(home))


def add_many_entries(folder: Path) -> None:
    """Fill the journal of Lille until a backup of it reports how far it is."""
    bank = a_bank(folder, clock=SteppingClock(NOW + timedelta(days=90)))
    rows = "".join(
        f"2024-05-{day:02d};Sample Elder;Sample Friend;60;Sample number {day} {each}\n"
        for day in range(1, 28)
        for each in range(2)
    )
    bank.imports.exchanges(
        "lille", io.BytesIO(f"date;provider;recipient;minutes;description\n{rows}".encode())
    )
    bank.close()


def test_a_full_disk_leaves_no_half_file(home: Path, small_disk: Path) -> None:  # noqa: F811
    """One sentence, and the name stays free."""
    room = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes((room.f_bavail - 5) * room.f_bsize))

    with pytest.raises(StorageFull):
        back_up(address_in(home), small_disk / "world.db")
    with pytest.raises(UnwritableFile):
        back_up(address_in(home), small_disk / "world.jsonl", form=JSONL)

    assert ["ballast"] == [path.name for path in small_disk.iterdir()]


# --- Names and places -----------------------------------------------------------------------------------


@FORMATS
def test_a_file_is_replaced_only_if_asked(home: Path, file: Path, form: BackupFormat) -> None:
    """Last week's backup is not lost by a slip."""
    file.write_bytes(b"last week's")

    with pytest.raises(FileExists):
        kept(file, home, form)
    assert b"last week's" == file.read_bytes()
    kept(file, home, form, force=True)

    assert b"last week's" != file.read_bytes()
    alone(file)


@FORMATS
def test_a_database_is_not_backed_up_into_itself(home: Path, form: BackupFormat) -> None:
    """Not even with --force, nor by another name."""
    (home / "link.db").symlink_to(home / "bank.db")

    for name in ("bank.db", "link.db"):
        with pytest.raises(SameDatabase):
            kept(home / name, home, form, force=True)
        with pytest.raises(SameDatabase):
            restore(address_in(home), home / name)


def test_a_file_that_sqlite_has_something_beside_is_not_replaced(home: Path, file: Path) -> None:
    """The log of another database would be taken for this one's, and damage it."""
    file.with_name(f"{file.name}-wal").write_bytes(b"x")

    with pytest.raises(LogInTheWay):
        kept(file, home, SQLITE)
    assert not file.exists()

    backup = kept(file.with_name("good"), home, SQLITE)
    with pytest.raises(LogInTheWay):
        restore(f"sqlite:///{file}", backup)
    assert not file.exists()


def test_where_no_file_can_be_is_said(home: Path, file: Path, tmp_path: Path) -> None:
    """A folder that is not there, or a folder instead of a file."""
    for place in (tmp_path / "no" / "file", file.parent):
        with pytest.raises((UnwritableFile, FileExists)):
            back_up(address_in(home), place)
    with pytest.raises(NoDatabase):
        back_up(address_in(tmp_path), file)
    assert not file.exists()


# --- What is there already ------------------------------------------------------------------------------


@FORMATS
def test_books_that_are_the_same_stay_as_they_are(home: Path, file: Path, form: BackupFormat) -> None:
    """To restore twice does no harm."""
    kept(file, home, form)
    before = exports_at(address_in(home))

    done = restore(address_in(home), file)

    assert () == done.restored
    assert [RelationKind.SAME] * 2 == [each.kind for each in done.relations]
    assert before == exports_at(address_in(home))
    assert compare(address_in(home), file).refusal is None


@FORMATS
def test_an_older_backup_is_recognised_and_refused(home: Path, file: Path, form: BackupFormat) -> None:
    """It says by how much, and since when."""
    kept(file, home, form)
    entries = len(a_journal(home))
    gone_on(home)
    before = exports_at(address_in(home))

    with pytest.raises(BackupOlder) as caught:
        restore(address_in(home), file)

    since = (NOW + timedelta(days=90)).isoformat().replace("+00:00", "Z")
    facts = {"branch": "lille", "count": 1, "seq": entries + 1, "since": since}
    assert facts == caught.value.facts
    assert before == exports_at(address_in(home))
    found = compare(address_in(home), file)
    assert isinstance(found.refusal, BackupOlder)
    assert [(RelationKind.OLDER, entries + 1, entries), (RelationKind.SAME, *found_of(found, 1))] == [
        (each.kind, each.here, each.there) for each in found.relations
    ]


def found_of(found: object, at: int) -> tuple[int, int]:
    """Return the sizes of a relation."""
    each = found.relations[at]  # type: ignore[attr-defined]
    return each.here, each.there


def a_journal(folder: Path) -> list[object]:
    """Return the entries of Lille."""
    bank = a_bank(folder)
    entries = list(bank.entries.list("lille", limit=None))
    bank.close()
    return list(entries)


@FORMATS
def test_a_newer_backup_takes_the_place_of_the_books(
    home: Path, file: Path, tmp_path: Path, form: BackupFormat
) -> None:
    """The books that were here are the beginning of it; they are kept beside, whole."""
    behind = a_folder(tmp_path, "behind")
    restore(address_in(behind), kept(file.with_name("early"), home, SQLITE))
    before = exports_at(address_in(behind))
    gone_on(home)
    kept(file, home, form)

    dry = restore(address_in(behind), file, is_dry_run=True)
    assert before == exports_at(address_in(behind))
    done = restore(address_in(behind), file)

    assert exports_at(address_in(home)) == exports_at(address_in(behind))
    assert [RelationKind.NEWER, RelationKind.SAME] == [each.kind for each in done.relations]
    assert dry.kept is None
    assert done.kept == behind / "bank.db.before-restore"
    assert before == exports_at(f"sqlite:///{done.kept}")
    assert ["bank.db", "bank.db.before-restore"] == sorted(path.name for path in behind.iterdir())
    gone_on(behind, days=91)


@pytest.mark.parametrize("size", [1_024, 8_192])
def test_a_backup_with_pages_of_another_size_takes_the_place_of_the_books(
    home: Path, file: Path, tmp_path: Path, size: int
) -> None:
    """Whichever build of SQLite made the file: a log cannot carry its pages, so none is used."""
    behind = a_folder(tmp_path, "behind")
    restore(address_in(behind), kept(file.with_name("early"), home, SQLITE))
    gone_on(home)
    kept(file, home, SQLITE)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in ("PRAGMA journal_mode = DELETE", f"PRAGMA page_size = {size}", "VACUUM"):
            connection.execute(statement)

    done = replaced(behind, file)

    assert exports_at(address_in(home)) == exports_at(address_in(behind))
    assert ["bank.db", "bank.db.before-restore"] == sorted(path.name for path in behind.iterdir())
    assert done.kept == behind / "bank.db.before-restore"
    gone_on(behind, days=91)


def replaced(behind: Path, file: Path) -> RestoredAll:
    """Restore a backup over books that are its beginning."""
    return restore(address_in(behind), file)


def test_two_replaced_books_are_both_kept(home: Path, file: Path, tmp_path: Path) -> None:
    """The second does not take the name of the first."""
    behind = a_folder(tmp_path, "behind")
    restore(address_in(behind), kept(file.with_name("1"), home, SQLITE))
    for number, days in ((2, 90), (3, 91)):
        gone_on(home, days=days)
        replaced(behind, kept(file.with_name(str(number)), home, SQLITE))

    names = {path.name for path in behind.iterdir()}

    assert {"bank.db", "bank.db.before-restore", "bank.db.before-restore-2"} == names


def test_nobody_may_have_the_books_open_that_are_replaced(
    home: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who works with them would go on in books that are no more: try again when they have left."""
    monkeypatch.setattr("timebank.storage.place.BUSY_SECONDS", 0.05)
    behind = a_folder(tmp_path, "behind")
    restore(address_in(behind), kept(file.with_name("early"), home, SQLITE))
    gone_on(home)
    kept(file, home, SQLITE)
    bank = a_bank(behind)
    bank.branches.list()

    with pytest.raises(TryAgain):
        replaced(behind, file)

    bank.close()
    assert ["bank.db"] == [path.name for path in behind.iterdir()]
    assert replaced(behind, file).kept is not None


@FORMATS
def test_a_branch_that_the_backup_lacks_is_not_lost(
    home: Path, file: Path, tmp_path: Path, form: BackupFormat
) -> None:
    """Its database is not replaced; but where nothing is to be replaced, the branches are added."""
    behind, other = a_folder(tmp_path, "behind"), a_folder(tmp_path, "other")
    restore(address_in(behind), kept(file.with_name("early"), home, SQLITE))
    for folder in (behind, other):
        bank = a_bank(folder)
        bank.branches.create("brest", name="Sample branch")
        bank.close()
    gone_on(home)
    kept(file, home, form)

    with pytest.raises(BackupLacksBranch) as caught:
        restore(address_in(behind), file)
    done = restore(address_in(other), file)

    assert {"branch": "brest"} == caught.value.facts
    assert ["lille", "locmine"] == [each.branch for each in done.restored]
    assert {"brest", "lille", "locmine"} == set(exports_at(address_in(other)))


@FORMATS
def test_a_server_that_is_behind_is_not_added_to(
    home: Path, file: Path, postgres: str, form: BackupFormat
) -> None:
    """A server's database is not replaced: an empty one is the place for the backup."""
    restore(postgres, kept(file.with_name("early"), home, form))
    gone_on(home)

    with pytest.raises(BackupNewer) as caught:
        restore(postgres, kept(file, home, form))

    assert {"branch": "lille", "count": 1} == caught.value.facts


@FORMATS
def test_books_that_went_another_way_are_refused(
    home: Path, file: Path, tmp_path: Path, form: BackupFormat
) -> None:
    """The first entry that differs is named; so is a branch that was founded anew."""
    other = a_folder(tmp_path, "other")
    restore(address_in(other), kept(file.with_name("early"), home, SQLITE))
    entries = len(a_journal(home))
    gone_on(home)
    gone_on(other, provider="m2", recipient="m1")
    kept(file, home, form)
    anew = a_folder(tmp_path, "anew")
    a_branch(anew, clock=SteppingClock(NOW + timedelta(days=1))).close()

    for folder, seq in ((other, entries + 1), (anew, 0)):
        before = exports_at(address_in(folder))
        with pytest.raises(BackupDiverged) as caught:
            restore(address_in(folder), file)
        assert {"branch": "lille", "seq": seq} == caught.value.facts
        assert before == exports_at(address_in(folder))


# --- Files that are not what they seem --------------------------------------------------------------------


def flipped(content: bytes) -> bytes:
    """Change a digit of an amount."""
    at = content.index(b'"amount":') + len(b'"amount":')
    return content[:at] + (b"1" if content[at : at + 1] != b"1" else b"2") + content[at + 1 :]


BAD_JSONL = {
    "nothing": (lambda _: b"", NotABackup),
    "letter": (lambda _: b"Dear members,\n" * 200, NotABackup),
    "half": (lambda content: content[: len(content) // 2], BranchFileCut),
    "no newline": (lambda content: content[:-1], BranchFileCut),
    "changed": (flipped, BranchFileChanged),
    "newer": (lambda content: content.replace(b"backup/1", b"backup/2", 1), BranchFileNewer),
    "huge line": (lambda _: b'{"format":"' + b"x" * 9_000_000, NotABackup),
    "huge line within": (
        lambda content: content[: content.index(b"\n") + 1] + b"x" * 9_000_000,
        BranchFileCut,
    ),
    "zeros": (lambda _: bytes(100_000), NotABackup),
}


@pytest.mark.parametrize(("change", "error"), BAD_JSONL.values(), ids=BAD_JSONL)
def test_a_bad_file_changes_nothing(
    home: Path, file: Path, tmp_path: Path, change: object, error: type[TimebankError]
) -> None:
    """One error, and not even an empty database is made for it."""
    kept(file, home, JSONL)
    file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
    folder = a_folder(tmp_path, "elsewhere")

    for use in (restore, compare):
        with pytest.raises(error):
            use(address_in(folder), file)

    assert [] == list(folder.iterdir())


def test_a_bad_database_file_changes_nothing(home: Path, file: Path, tmp_path: Path) -> None:
    """Cut, damaged, another program's, a newer timebank's, none at all."""
    folder = a_folder(tmp_path, "elsewhere")
    content = kept(file, home, SQLITE).read_bytes()
    damaged = bytearray(content)
    for page in range(20, len(content) // 4096):
        damaged[page * 4096 : page * 4096 + 64] = os.urandom(64)
    newer, other = file.with_name("newer"), file.with_name("other")
    newer.write_bytes(content)
    for path, script in (
        (newer, "UPDATE alembic_version SET version_num = '9999'"),
        (other, "CREATE TABLE shopping (item)"),
    ):
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)

    for bad, error in (
        (content[: len(content) // 2], BackupDamaged),
        (bytes(damaged), BackupDamaged),
        (content[:50], BackupDamaged),
        (newer.read_bytes(), DatabaseNewer),
        (other.read_bytes(), NotADatabase),
    ):
        file.write_bytes(bad)
        for use in (restore, compare):
            with pytest.raises(error):
                use(address_in(folder), file)
    for missing in (file.parent, file.with_name("missing")):
        with pytest.raises(UnreadableFile):
            restore(address_in(folder), missing)
    assert [] == list(folder.iterdir())


def test_books_in_a_database_file_that_do_not_hold_are_refused(
    home: Path, file: Path, tmp_path: Path
) -> None:
    """Whoever changed a copy: the audit finds it, and the books that are here stay."""
    folder = a_folder(tmp_path, "elsewhere")
    kept(file, home, SQLITE)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("UPDATE account_balance SET balance = balance + 60 WHERE account_no = 1")

    with pytest.raises(RestoreRefused) as caught:
        restore(address_in(folder), file)

    assert caught.value.faults
    assert [] == list(folder.iterdir())


def test_a_head_that_says_something_else_is_refused(home: Path, file: Path, tmp_path: Path) -> None:
    """The first line and the books in the file must agree."""
    kept(file, home, JSONL)
    first, rest = file.read_bytes().split(b"\n", 1)
    header = json.loads(first)
    header["branches"][0]["entries"] += 1
    lines = [json.dumps(header).encode() + b"\n", *rest.splitlines(keepends=True)[:-1]]
    from tests.unit.reports.test_backup import resealed

    file.write_bytes(b"".join(resealed(lines)))

    with pytest.raises(BranchFileFaulty):
        restore(address_in(a_folder(tmp_path, "elsewhere")), file)


def test_a_damaged_database_is_not_backed_up(home: Path, file: Path) -> None:
    """A backup that nobody can use is worse than none: somebody would rely on it."""
    content = bytearray((home / "bank.db").read_bytes())
    for page in range(30, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = os.urandom(64)
    (home / "bank.db").write_bytes(content)

    with pytest.raises((DatabaseDamaged, NotADatabase)):
        kept(file, home, SQLITE)

    assert [] == list(file.parent.iterdir())


def test_books_that_do_not_hold_together_are_not_backed_up(home: Path, file: Path) -> None:
    """Postings without their entry would be left out of JSON Lines."""
    with closing(sqlite3.connect(home / "bank.db")) as connection:
        connection.executescript(
            "DROP TRIGGER posting_follows; INSERT INTO posting VALUES (1, 900, 1, 1, 'credit', 5, 900, 5)"
        )

    with pytest.raises(ExportInconsistent):
        kept(file, home, JSONL)

    assert [] == list(file.parent.iterdir())


@pytest.fixture
def reading(home: Path) -> Iterator[Bank]:
    """A bank that is open."""
    bank = a_bank(home)
    yield bank
    bank.close()


def test_a_backup_goes_to_any_sink(reading: Bank) -> None:
    """A library user may encrypt it on its way."""
    sink = io.BytesIO()
    told: list[tuple[str, int, int]] = []

    done = reading.backups.write(sink, progress=lambda *facts: told.append(facts))
    sink.seek(0)

    assert len(sink.getvalue()) == done.bytes_written
    assert [RelationKind.SAME] * 2 == [each.kind for each in reading.backups.compare(sink)]
    assert () == reading.backups.restore(sink)
    assert {"lille", "locmine"} == {branch for branch, _, _ in told}


def test_a_server_is_backed_up_as_of_one_moment(home: Path, file: Path, postgres: str) -> None:
    """An entry that is written between the first branch and the second is in none of them."""
    restore(postgres, kept(file, home, SQLITE))
    bank = open_bank(postgres, clock=SteppingClock(NOW + timedelta(days=90)))
    before = io.BytesIO()
    bank.backups.write(before)

    class Sink(io.BytesIO):
        """Writes to the books while it is written to."""

        is_first = True

        def write(self, data: object, /) -> int:
            """Take bytes."""
            if self.is_first:
                self.is_first = False
                help_given(bank, minutes=15)
            return super().write(data)  # type: ignore[arg-type]

    meanwhile = Sink()
    bank.backups.write(meanwhile)
    bank.close()

    assert before.getvalue() == meanwhile.getvalue()
    with raw(postgres) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
