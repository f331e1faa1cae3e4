import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from tests.builders import NOW, a_bank, a_branch, address_in
from tests.integration.worlds import a_world

from timebank.cli.main import main
from timebank.clock import SteppingClock
from timebank.errors import (
    BadDatabaseUrl,
    DatabaseDamaged,
    DatabaseNewer,
    NotADatabase,
    StorageFull,
    StorageReadOnly,
    StorageUnusable,
    TimebankError,
    TryAgain,
    ValueOutOfRange,
)
from timebank.services.bank import Bank, open_bank

DONE, REFUSED, USAGE, NOT_FOUND, BROKEN, TRY_AGAIN = range(6)
SOUND_LINES = 1


def run(capsys: pytest.CaptureFixture[str], address: str, *arguments: str) -> tuple[int, str]:
    """Run the command line on an address; returns the exit status and what it says on stderr."""
    capsys.readouterr()
    status = main(["--db", address, *arguments])
    said = capsys.readouterr()
    if status != DONE:
        assert "" == said.out
        assert SOUND_LINES == len(said.err.splitlines()), said.err
        assert "Traceback" not in said.err
    return status, said.err


def the_file(folder: Path) -> bytes:
    """Return the bytes of a folder's bank."""
    return (folder / "bank.db").read_bytes()


# --- Addresses -------------------------------------------------------------------------------------------

BAD_ADDRESSES = [
    "",
    "x",
    "bank.db",
    "sqlite",
    "sqlite:",
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite://host/bank.db",
    "sqlite:////tmp/x.db?mode=ro",
    "sqlite:///x.db?uri=true",
    "sqlite:///file:x.db?uri=true",
    "sqlite:///x.db?nonsense=1",
    "sqlite:///x\0.db",
    "sqlite+aiosqlite:///x.db",
    "sqlite+nonsense:///x.db",
    "sqlite+:///x.db",
    "mysql://localhost/x",
    "oracle://x",
    "http://localhost/x.db",
    "postgresql+nonsense://localhost/x",
    "postgresql+asyncpg://localhost/x",
    "postgresql+psycopg://localhost:port/x",
    "://",
    "sqlite:///caf\udce9.db",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_what_is_no_address_is_refused(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error for all of them, that says how to write one, and no file anywhere."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BadDatabaseUrl):
        open_bank(address)

    assert [] == list(tmp_path.iterdir())


@given(st.text(max_size=30))
def test_no_text_makes_opening_fail_otherwise(text: str) -> None:
    """Whatever somebody puts into TIMEBANK_DB, nothing but our own errors comes out."""
    with pytest.raises(TimebankError):
        open_bank(text, create=False)


def test_the_command_line_says_how_an_address_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Usage, exit 2."""
    assert USAGE == run(capsys, "bank.db", "account", "list", "-b", "lille")[0]
    assert "sqlite:///FILE" in run(capsys, "bank.db", "account", "list", "-b", "lille")[1]


# --- Files that are not there, or not what they seem -----------------------------------------------------


@pytest.mark.parametrize("place", ["missing.db", "folder/missing.db", "file/missing.db", "x" * 300 + ".db"])
def test_reading_never_makes_a_database(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip in the address must not leave an empty bank behind that looks like a lost one."""
    (tmp_path / "file").write_text("a file where a folder should be")

    status, said = run(capsys, f"sqlite:///{tmp_path / place}", "account", "list", "-b", "lille")

    assert NOT_FOUND == status
    assert "there is no database at that address" in said
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_an_empty_file_is_no_database_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reading leaves it empty; founding a branch makes it one."""
    (tmp_path / "bank.db").touch()

    status, _ = run(capsys, address_in(tmp_path), "account", "list", "-b", "lille")

    assert (NOT_FOUND, b"") == (status, the_file(tmp_path))
    assert DONE == run(capsys, address_in(tmp_path), "branch", "create", "lille", "--name", "Lille")[0]


@pytest.mark.parametrize("place", ["folder/bank.db", "file/bank.db", "x" * 300 + ".db"])
def test_a_database_needs_its_folder(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """We make files, not folders: a slip in the address is caught. A dry run says the same."""
    (tmp_path / "file").write_text("a file where a folder should be")
    address = f"sqlite:///{tmp_path / place}"
    found = ("branch", "create", "lille", "--name", "Lille")

    for arguments in (found, (*found, "--dry-run")):
        status, said = run(capsys, address, *arguments)
        assert REFUSED == status
        assert "cannot be opened" in said
    with pytest.raises(StorageUnusable):
        open_bank(address)


def test_a_folder_is_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named by mistake."""
    assert REFUSED == run(capsys, f"sqlite:///{tmp_path}", "account", "list", "-b", "lille")[0]
    with pytest.raises(StorageUnusable):
        open_bank(f"sqlite:///{tmp_path}")


NOT_OURS = {
    "text": b"Dear members,\n" * 200,
    "short": b"xy",
    "zeros": bytes(8192),
    "almost": b"SQLite format 3\0" + bytes(100),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(5000),
}


@pytest.mark.parametrize("content", NOT_OURS.values(), ids=NOT_OURS)
def test_another_file_is_not_a_database(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused, and not a byte of it is changed, not even by founding a branch."""
    (tmp_path / "bank.db").write_bytes(content)

    for arguments in (("audit",), ("branch", "create", "lille", "--name", "Lille")):
        status, said = run(capsys, address_in(tmp_path), *arguments)
        assert REFUSED == status
        assert "not a timebank database" in said

    assert content == the_file(tmp_path)
    with pytest.raises(NotADatabase):
        open_bank(address_in(tmp_path))


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE shopping (item TEXT)",
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('1975ea')",
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')",
        "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE branch (x TEXT)",
        "CREATE TABLE alembic_version (x TEXT); CREATE TABLE branch (x TEXT)",
        "CREATE VIEW alembic_version AS SELECT 1 AS version_num",
    ],
    ids=["no versions", "another program's", "another program's number", "no version", "no column", "a view"],
)
def test_another_program_s_database_is_left_alone(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many programs use Alembic: its table alone does not make a database ours."""
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        raw.executescript(script)
        before = list(raw.iterdump())

        assert REFUSED == run(capsys, address_in(tmp_path), "branch", "create", "lille", "--name", "Lille")[0]

        assert before == list(raw.iterdump())
    with pytest.raises(NotADatabase):
        open_bank(address_in(tmp_path))


def with_version(folder: Path, version: str | None) -> None:
    """Put a copy of the world into a folder, with another schema version."""
    a_world(folder)
    with closing(sqlite3.connect(folder / "bank.db")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (version or "x",))
        if version is None:
            raw.execute("DELETE FROM alembic_version")
        raw.commit()


def test_a_newer_database_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is guessed about a schema that is not known yet; the sentence says what to do."""
    with_version(tmp_path, "9999")
    before = the_file(tmp_path)

    status, said = run(capsys, address_in(tmp_path), "account", "list", "-b", "lille")

    assert REFUSED == status
    assert "newer timebank" in said
    assert before == the_file(tmp_path)
    with pytest.raises(DatabaseNewer):
        open_bank(address_in(tmp_path))


@pytest.mark.parametrize("version", ["0000", "", "x", "1", "ABCD", None])
def test_a_version_that_never_was_is_damage(
    version: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our tables, but no version of ours: no migration can start from there."""
    with_version(tmp_path, version)

    status, _ = run(capsys, address_in(tmp_path), "account", "list", "-b", "lille")

    assert REFUSED == status
    with pytest.raises(NotADatabase):
        open_bank(address_in(tmp_path))


@pytest.mark.parametrize("page", [2, 5, 20, 40])
def test_a_damaged_page_is_damage(page: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever command meets it: the audit lists it or says so, exit 4; nobody sees a traceback."""
    a_world(tmp_path)
    content = bytearray(the_file(tmp_path))
    content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    (tmp_path / "bank.db").write_bytes(content)

    capsys.readouterr()
    status = main(["--db", address_in(tmp_path), "audit", "--json"])

    assert BROKEN == status
    assert "Traceback" not in capsys.readouterr().err


def test_damage_met_on_the_way_says_so(tmp_path: Path) -> None:
    """The books do not hold: exit 4 for any command, and the way out is a backup."""
    a_world(tmp_path)
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'member'").fetchone()[0]
    content = bytearray(the_file(tmp_path))
    content[(root - 1) * 4096 : (root - 1) * 4096 + 200] = b"\xff" * 200
    (tmp_path / "bank.db").write_bytes(content)
    bank = a_bank(tmp_path)

    with pytest.raises(DatabaseDamaged):
        bank.members.list("lille")

    bank.close()


# --- Busy, read-only, full ------------------------------------------------------------------------------


@contextmanager
def somebody_writing(folder: Path) -> Iterator[None]:
    """Hold the write lock of a bank from another connection."""
    with closing(sqlite3.connect(folder / "bank.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_busy_database_says_try_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the busy timeout, exit 5; nothing was changed, reading goes on, and the same again succeeds."""
    monkeypatch.setattr("timebank.storage.engine.BUSY_SECONDS", 0.05)
    a_branch(tmp_path).close()
    add = ("member", "add", "-b", "lille", "--name", "Sample Newcomer")
    with somebody_writing(tmp_path):
        status, said = run(capsys, address_in(tmp_path), *add)
        assert TRY_AGAIN == status
        assert "nothing was changed, try again" in said
        assert DONE == run(capsys, address_in(tmp_path), "member", "list", "-b", "lille")[0]
        bank = a_bank(tmp_path)
        with pytest.raises(TryAgain):
            bank.members.add("lille", name="Sample Newcomer")
        bank.close()

    assert DONE == run(capsys, address_in(tmp_path), *add)[0]
    bank = a_bank(tmp_path)
    assert 4 == len(bank.members.list("lille"))
    bank.close()


BOUND = """
import ctypes, os, sys
if os.geteuid() == 0:  # root minus its privilege to pass over permissions is an owner like any other
    for privilege in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        assert ctypes.CDLL(None).prctl(24, privilege, 0, 0, 0) == 0
code = "import sys; from timebank.cli.main import main; sys.exit(main(sys.argv[1:]))"
os.execv(sys.executable, [sys.executable, "-c", code, *sys.argv[1:]])
"""


def as_user(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the command line bound by permissions, as every user but root is."""
    done = subprocess.run(
        [sys.executable, "-c", BOUND, "--db", address_in(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.fixture
def shut(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with a bank that nobody may write; everybody may read it."""
    folder = tmp_path / "shut"
    folder.mkdir()
    a_world(folder)
    (folder / "bank.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def test_a_file_that_cannot_be_written_says_so(shut: Path) -> None:
    """One sentence about permissions; not a byte is changed and nothing is left beside the file."""
    before = the_file(shut)

    for arguments in (
        ("member", "add", "-b", "lille", "--name", "Sample Newcomer"),
        ("hours", "withdraw", "4", "-b", "lille", "--by", "member:m5"),
    ):
        status, said = as_user(shut, *arguments)
        assert (REFUSED, 1) == (status, len(said.splitlines())), said
        assert "permissions" in said
        assert "Traceback" not in said

    assert before == the_file(shut)
    assert ["bank.db"] == [path.name for path in shut.iterdir()]


def test_a_file_in_a_writable_folder_can_be_read(shut: Path) -> None:
    """An auditor needs no right to write the file itself."""
    shut.chmod(0o755)

    assert (DONE, "") == as_user(shut, "audit")


def test_a_file_that_cannot_be_read_says_so(shut: Path) -> None:
    """Nor does an unreadable folder look like a missing database."""
    (shut / "bank.db").chmod(0o000)
    assert REFUSED == as_user(shut, "audit")[0]

    (shut / "bank.db").chmod(0o444)
    shut.chmod(0o000)
    status, said = as_user(shut, "audit")

    assert REFUSED == status
    assert "permissions" in said


def test_a_read_only_connection_says_so(tmp_path: Path) -> None:
    """What SQLite calls read-only in the middle of a write, whatever the reason."""
    bank = a_branch(tmp_path)
    event.listen(
        bank.store.engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA query_only = ON")
    )

    with pytest.raises(StorageReadOnly):
        bank.members.add("lille", name="Sample Newcomer")

    bank.close()


def add_many(bank: Bank) -> None:
    """Add more members than there is room for."""
    for _ in range(200):
        bank.members.add("lille", name="Sample Newcomer " + "x" * 150)


def test_a_full_database_says_so_and_goes_on_after(tmp_path: Path) -> None:
    """Nothing of the request stays; after room was made the same request succeeds."""
    bank = a_branch(tmp_path)
    views = bank.accounts.list("lille")
    with bank.store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def pin(connection: object, most: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")  # type: ignore[attr-defined]

    def full(connection: object) -> None:
        pin(connection, int(str(pages)))

    event.listen(bank.store.engine, "begin", full)
    with pytest.raises(StorageFull):
        add_many(bank)
    joined = len(bank.members.list("lille"))
    event.remove(bank.store.engine, "begin", full)
    event.listen(bank.store.engine, "begin", lambda connection: pin(connection, 2**30))

    bank.members.add("lille", name="Sample Newcomer")

    assert joined + 1 == len(bank.members.list("lille"))
    assert views == [bank.accounts.show("lille", view.path) for view in views]
    assert bank.audits.run().ok
    bank.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte, where we may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root mounts disks; the page limit above tries the same")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("this machine lets nobody mount a disk; the page limit above tries the same")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 5 and one sentence; what was acknowledged is there, and the next one works after making room."""
    bank = a_branch(small_disk)
    (small_disk / "ballast").write_bytes(bytes(300_000))
    with pytest.raises(StorageFull):
        add_many(bank)
    acknowledged = bank.members.list("lille")
    bank.close()
    ballast = os.statvfs(small_disk)
    (small_disk / "more ballast").write_bytes(bytes(ballast.f_bavail * ballast.f_bsize))

    status, said = run(
        capsys, address_in(small_disk), "member", "add", "-b", "lille", "--name", "Sample " + "x" * 190
    )

    assert TRY_AGAIN == status
    assert "no room left" in said
    for each in small_disk.glob("*ballast"):
        each.unlink()
    bank = a_bank(small_disk)
    assert acknowledged == bank.members.list("lille")
    assert bank.audits.run().ok
    bank.members.add("lille", name="Sample Newcomer")
    bank.close()


# --- Values no database keeps ----------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(no=st.sampled_from([2**63, 2**64, -(2**63) - 1, 10**400]))
def test_a_number_beyond_the_database_is_refused(no: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite counts to 2**63; Python's sqlite3 fails with an OverflowError of its own."""
    folder = tmp_path_factory.getbasetemp() / "numbers"
    if not folder.exists():
        folder.mkdir()
        a_branch(folder).close()
    bank = a_bank(folder)

    for lookup in (bank.hours.show, bank.entries.show):
        with pytest.raises(ValueOutOfRange):
            lookup("lille", no)

    bank.close()


def test_a_text_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A lone surrogate has no UTF-8: it names nothing there can be."""
    bank = a_branch(tmp_path)

    with pytest.raises(ValueOutOfRange):
        bank.branches.show("lille\udce9")

    bank.close()


def test_the_command_line_refuses_numbers_beyond_the_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Usage, not a bug."""
    a_branch(tmp_path).close()

    for arguments in (
        ("hours", "show", str(2**64), "-b", "lille"),
        ("entry", "show", str(2**64), "-b", "lille"),
        ("hours", "confirm", str(2**63), "-b", "lille", "--by", "member:m1"),
    ):
        assert USAGE == run(capsys, address_in(tmp_path), *arguments)[0]


# --- Dry runs --------------------------------------------------------------------------------------------


def test_a_dry_run_makes_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Founding a bank is tried out as well, in full, and nothing is left: no file, no log beside it."""
    status, _ = run(capsys, address_in(tmp_path), "branch", "create", "lille", "--name", "Lille", "--dry-run")

    assert DONE == status
    assert [] == list(tmp_path.iterdir())


def test_a_dry_run_upgrades_nothing(tmp_path: Path) -> None:
    """An empty file stays one: the upgrade, too, happens on the side."""
    (tmp_path / "bank.db").touch()

    bank = open_bank(address_in(tmp_path), clock=SteppingClock(NOW), is_dry_run=True)
    bank.branches.create("lille", name="Lille")
    bank.close()

    assert b"" == the_file(tmp_path)


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """Every write is decided and checked in full, then rolled back."""
    clock = a_world(tmp_path)
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        before = list(raw.iterdump())
        bank = a_bank(tmp_path, clock=clock, is_dry_run=True)

        assert "confirmed" == bank.hours.decide("lille", 4, is_confirmed=True, reason="try").record.state
        bank.members.erase("lille", "m6")
        bank.close()

        assert before == list(raw.iterdump())


# --- Two at once -----------------------------------------------------------------------------------------


def test_two_programs_can_found_one_bank(tmp_path: Path) -> None:
    """The schema is made once, whoever comes first; the other one waits and finds it."""
    code = (
        "import sys, timebank\n"
        "bank = timebank.open(sys.argv[1])\n"
        "bank.branches.create(sys.argv[2], name='Sample')\n"
        "bank.close()\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, address_in(tmp_path), name], stderr=subprocess.PIPE, text=True
        )
        for name in ("lille", "locmine")
    ]

    said = [process.communicate()[1] for process in started]

    assert [0, 0] == [process.returncode for process in started], said
    bank = a_bank(tmp_path)
    assert ["lille", "locmine"] == [branch.code for branch in bank.branches.list()]
    assert bank.audits.run().ok
    bank.close()


def test_a_schema_that_is_no_text_is_damage(tmp_path: Path) -> None:
    """SQLite quotes it in its message, which the driver then cannot read: that is no bug of ours, either."""
    a_bank(tmp_path).close()
    file = tmp_path / "bank.db"
    content = file.read_bytes()
    file.write_bytes(content.replace(b"CREATE TABLE branch", b"CREATE \xd4ABLE branch"))

    with pytest.raises(DatabaseDamaged):
        a_bank(tmp_path)


@pytest.mark.parametrize(
    ("change", "which"),
    [
        ("type = 'Index'", "sql IS NULL AND type = 'index'"),
        ("tbl_name = upper(tbl_name)", "name = 'branch'"),
        ("name = 'sqlite_autoindEx_branch_1'", "name = 'sqlite_autoindex_branch_1'"),
        ("name = 'sqlite_autoindex_Branch_1'", "name = 'sqlite_autoindex_branch_1'"),
    ],
)
def test_what_sqlite_reads_past_in_a_schema_is_a_fault(change: str, which: str, tmp_path: Path) -> None:
    """A word that SQLite makes no use of, or reads in capitals as well, was not written by it."""
    a_bank(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(f"UPDATE sqlite_master SET {change} WHERE {which}")

    with closing(a_bank(tmp_path)) as bank:
        assert "schema_foreign" in {fault.code for fault in bank.audits.run().faults}
