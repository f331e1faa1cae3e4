"""Addresses that are none, drivers that lack, servers that refuse: a sentence, a code, nothing half-done."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.engine import Connection
from tests.builders import NOW, a_branch, address_in
from tests.cli.test_doctor_server import BLOCKED, altered, there
from tests.integration.exports import export_of
from tests.integration.false_server import a_closed_port, a_false_server, a_silent_server, an_error
from tests.postgres import raw

from timebank.cli.main import main
from timebank.clock import SteppingClock
from timebank.errors import (
    BadDatabaseUrl,
    Kind,
    NotADatabase,
    ServerReadOnly,
    ServerRefused,
    ServerUnreachable,
    TimebankError,
)
from timebank.services.bank import open_bank
from timebank.storage.loading import stay

DONE, REFUSED, USAGE, NOT_FOUND, BROKEN, TRY_AGAIN = range(6)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
FOUND = ("branch", "create", "lille", "--name", "Lille")


def ended(capsys: pytest.CaptureFixture[str], address: str, *words: str) -> tuple[int, str]:
    """Run a command that must fail in one sentence; returns the exit status and the code."""
    capsys.readouterr()
    status = main(["--db", address, *words])
    said = capsys.readouterr()
    assert "" == said.out
    assert 1 == len(said.err.splitlines()), said.err
    assert said.err.startswith("timebank: ")
    assert "secret" not in said.err
    return status, said.err.rstrip().rpartition("[")[2].removesuffix("]")


TYPOS = [
    "postgres",
    "postgresql",
    "postgresql:/h/d",
    "postgres//h/d",
    "postgrsql://h/d",
    "postgresql+psycop://h/d",
    "postgresql+psycopg2://h/d",
    "postgresql+asyncpg://h/d",
    "postgresql+pg8000://h/d",
    "postgresql://h:port/d",
    "postgresql://h:99999999999/d",
    "postgresql+psycopg://h:/d:1",
    "http://h/d",
    "mysql://h/d",
    "sqlite://h/lille.db",
    "sqlite+pysqlcipher:///lille.db",
    "sqlite:///lille.db?mode=ro",
    "sqlite:lille.db",
]


@pytest.mark.parametrize("address", TYPOS)
def test_a_typo_in_an_address_is_one(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No command does anything with it, and no file is made anywhere."""
    monkeypatch.chdir(tmp_path)

    assert (USAGE, "bad_database_url") == ended(capsys, address, "branch", "list")
    assert (USAGE, "bad_database_url") == ended(capsys, address, *FOUND)
    with pytest.raises(BadDatabaseUrl):
        open_bank(address)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("query", ["colour=red", "connect_timeout=soon", "sslmode=perhaps", "port=x"])
def test_an_option_that_is_none_is_refused(
    query: str, postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The driver or the server says so; either way it is one of our sentences."""
    mark = "&" if "?" in postgres else "?"

    status, code = ended(capsys, f"{postgres}{mark}{query}", "branch", "list")

    assert status in {REFUSED, USAGE, TRY_AGAIN}
    assert "bug" != code


def test_without_the_driver_a_server_cannot_be_used_and_a_file_can(tmp_path: Path) -> None:
    """It is an extra: the error names it."""
    a_branch(tmp_path).close()
    codes = []
    for address in ("postgresql://h/d", "postgresql+psycopg://h/d", address_in(tmp_path)):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKED, "--db", address, "branch", "list"],
            capture_output=True,
            text=True,
            check=False,
        )
        codes.append((done.returncode, done.stderr.rstrip().rpartition("[")[2].removesuffix("]")))

    assert [(USAGE, "driver_missing"), (USAGE, "driver_missing"), (DONE, "")] == codes


def test_a_server_that_is_not_there_says_try_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be starting: exit 5, for every command that would use it."""
    nobody = f"postgresql://sample:secret@127.0.0.1:{a_closed_port()}/bank"
    a_branch(tmp_path).close()
    for address, *words in (
        (nobody, "branch", "list"),
        (nobody, *FOUND),
        (nobody, "migrate"),
        (nobody, "audit"),
        (nobody, "backup", str(tmp_path / "x")),
        (address_in(tmp_path), "branch", "copy", "--all", "--to", nobody),
    ):
        assert (TRY_AGAIN, "server_unreachable") == ended(capsys, address, *words), words
    assert not (tmp_path / "x").exists()
    with pytest.raises(ServerUnreachable):
        open_bank(nobody)


def test_a_host_that_nobody_knows_and_one_that_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody waits for ever."""
    assert (TRY_AGAIN, "server_unreachable") == ended(capsys, "postgresql://h.invalid/d", "branch", "list")
    with a_silent_server() as address:
        assert (TRY_AGAIN, "server_unreachable") == ended(capsys, address, "branch", "list")


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        ("28P01", 'password authentication failed for user "sample"', (REFUSED, "server_refused")),
        ("28000", 'no pg_hba.conf entry for host "10.0.0.1"', (REFUSED, "server_refused")),
        ("3D000", 'database "bank" does not exist', (REFUSED, "server_refused")),
        ("42501", 'permission denied for database "bank"', (REFUSED, "server_refused")),
        ("57P03", "the database system is starting up", (TRY_AGAIN, "server_unreachable")),
        ("57P03", "the database system is shutting down", (TRY_AGAIN, "server_unreachable")),
        ("53300", "sorry, too many clients already", (TRY_AGAIN, "server_unreachable")),
    ],
)
def test_a_server_that_lets_nobody_in(
    code: str, words: str, expected: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether to try again depends on what it says."""
    with a_false_server(an_error(code, words)) as address:
        assert expected == ended(capsys, address, "branch", "list")


def test_a_database_and_a_user_that_are_not_there(
    postgres_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real server says so."""
    for changes in ({"database": "no_bank"}, {"username": "nobody_here"}):
        address = there(postgres_server, **changes)
        assert (REFUSED, "server_refused") == ended(capsys, address, "branch", "list")
        with pytest.raises(ServerRefused):
            open_bank(address)


def test_a_read_only_database_can_be_read_and_not_written(
    postgres: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with a replica; what is read is right, what is written is refused before anything is kept."""
    with altered(postgres, "default_transaction_read_only = on"):
        assert (REFUSED, "server_read_only") == ended(capsys, postgres, *FOUND)
    with raw(postgres) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)
    bank = open_bank(postgres, clock=SteppingClock(NOW))
    bank.branches.create("lille", name="Sample branch")
    before = export_of(bank)
    bank.close()
    with altered(postgres, "default_transaction_read_only = on"):
        assert DONE == main(["--db", postgres, "branch", "list"])
        assert DONE == main(["--db", postgres, "audit"])
        assert DONE == main(["--db", postgres, "backup", str(tmp_path / "kept")])
        assert (REFUSED, "server_read_only") == ended(
            capsys, postgres, "member", "add", "-b", "lille", "--name", "Sample"
        )
        assert (REFUSED, "server_read_only") == ended(
            capsys, postgres, "branch", "create", "brest", "--name", "Brest"
        )
        bank = open_bank(postgres)
        with pytest.raises(ServerReadOnly):
            bank.members.add("lille", name="Sample")
        bank.close()
    bank = open_bank(postgres)
    assert before == export_of(bank)
    bank.close()


def test_another_program_s_database_is_left_alone(postgres: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Even one that has a table of our name."""
    with raw(postgres) as connection:
        connection.execute("CREATE TABLE branch (item text)")

        assert (REFUSED, "not_a_database") == ended(capsys, postgres, *FOUND)

        tables = connection.execute(TABLES).fetchall()
    assert [("branch",)] == tables
    with pytest.raises(NotADatabase):
        open_bank(postgres)


def test_a_newer_database_is_left_alone(postgres: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is guessed about a schema that is not known yet."""
    open_bank(postgres).close()
    with raw(postgres) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    assert (REFUSED, "database_newer") == ended(capsys, postgres, *FOUND)


def test_a_role_that_may_nothing_says_so(postgres: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its administrator can help; trying again cannot."""
    bank = open_bank(postgres, clock=SteppingClock(NOW))
    bank.branches.create("lille", name="Sample branch")
    bank.close()
    role = f"timebank_nothing_{make_url(postgres).database}"
    with raw(postgres) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            address = there(postgres, username=role)
            assert (REFUSED, "server_refused") == ended(capsys, address, "branch", "list")
        finally:
            connection.execute(f"DROP ROLE {role}")


def test_a_server_that_goes_away_under_a_backup_leaves_no_file(
    postgres: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Try again; the half of it that was written is gone."""
    bank = open_bank(postgres, clock=SteppingClock(NOW))
    bank.branches.create("lille", name="Sample branch")
    bank.close()

    def cut(connection: Connection) -> None:
        stay(connection)
        with raw(postgres) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    monkeypatch.setattr("timebank.services.backups.stay", cut)

    status, code = ended(capsys, postgres, "backup", str(tmp_path / "kept"))

    assert (TRY_AGAIN, "server_lost") == (status, code)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [ServerUnreachable, ServerRefused, ServerReadOnly])
def test_what_can_be_tried_again_says_so(error: type[TimebankError]) -> None:
    """A script decides by the exit status."""
    assert (error is ServerUnreachable) == (error.kind is Kind.TRANSIENT)
