"""`timebank export` and `timebank import branch`: files, pipes, and what is said."""

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders import a_branch, address_in, help_given
from tests.integration.exports import export_of, resealed, rows
from tests.integration.family import a_family

from timebank.cli.main import main
from timebank.services.bank import open_bank

OUTPUTS = [
    ["journal"],
    ["branch"],
    ["csv", "accounts"],
    ["csv", "entries"],
    ["csv", "members"],
    ["csv", "statement", "member:m1:available"],
]


@pytest.fixture
def db(tmp_path: Path) -> str:
    """Return the address of a bank in which m1 helped m2 once."""
    bank = a_branch(tmp_path)
    help_given(bank)
    bank.close()
    return address_in(tmp_path)


def content(db: str, *arguments: str, capfdbinary: pytest.CaptureFixture[bytes]) -> bytes:
    """Run a command that succeeds and return what it writes to stdout."""
    capfdbinary.readouterr()
    status = main(["--db", db, *arguments])
    captured = capfdbinary.readouterr()
    assert (0, b"") == (status, captured.err)
    return captured.out


def refused(db: str, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command that fails and return its status and what it says; stdout stays empty."""
    capsys.readouterr()
    status = main(["--db", db, *arguments])
    captured = capsys.readouterr()
    assert "" == captured.out
    return status, captured.err


@pytest.mark.parametrize("what", OUTPUTS)
def test_a_file_has_what_stdout_has(
    db: str, what: list[str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """`--output` is a redirection that is all or nothing; it says what it wrote."""
    file = tmp_path / "out"
    shown = content(db, "export", *what, "-b", "lille", capfdbinary=capfdbinary)

    said = content(db, "export", *what, "-b", "lille", "-o", str(file), "--json", capfdbinary=capfdbinary)

    assert shown == file.read_bytes()
    told = json.loads(said)
    assert (str(file), "lille", len(shown)) == (told["file"], told["branch"], told["bytes"])
    assert hashlib.sha256(shown).hexdigest() == told["sha256"]


def test_a_file_that_is_there_is_kept(db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Last month's backup is not replaced by a slip of the finger; with --force it is."""
    file = tmp_path / "lille.jsonl"
    file.write_text("last month")
    export = ("export", "branch", "-b", "lille", "--output", str(file))

    status, said = refused(db, *export, capsys=capsys)

    assert 1 == status
    assert said.endswith("name another file, or add --force to replace it [file_exists]\n")
    assert "last month" == file.read_text()
    assert 0 == main(["--db", db, *export, "--force"])
    assert file.read_text().startswith('{"format":"timebank-branch/1"')


@pytest.mark.parametrize(
    ("what", "mode"),
    [
        (["branch"], 0o600),
        (["csv", "members", "--with-names"], 0o600),
        (["branch", "--without-identities"], 0o644),
    ],
)
def test_a_file_with_names_is_for_its_owner(db: str, what: list[str], mode: int, tmp_path: Path) -> None:
    """Names and contacts on a shared machine: nobody else can read the file."""
    file = tmp_path / "out"
    before = os.umask(0o022)

    try:
        assert 0 == main(["--db", db, "export", *what, "-b", "lille", "-o", str(file)])
    finally:
        os.umask(before)

    assert mode == stat.S_IMODE(file.stat().st_mode)


def test_an_export_that_fails_leaves_nothing(
    db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the file nor a part of it; a folder, a device or a missing folder is refused."""
    folder = tmp_path / "out"
    folder.mkdir()

    assert 3 == refused(db, "export", "journal", "-b", "brest", "-o", str(folder / "x"), capsys=capsys)[0]
    for place in (folder, folder / "none" / "x", Path("/dev/null")):
        status, said = refused(
            db, "export", "journal", "-b", "lille", "-o", str(place), "--force", capsys=capsys
        )
        assert (2, True) == (status, said.endswith("[unwritable_file]\n"))
    assert [] == list(folder.iterdir())
    assert not Path("/dev/null").is_file()


def test_json_without_a_file_is_refused(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The export itself is the result; `--json` is about the file that was written."""
    status, said = refused(db, "export", "csv", "entries", "-b", "lille", "--json", capsys=capsys)

    assert (
        2,
        "timebank: --json says what was written to a file: name one with --output [output_missing]\n",
    ) == (
        status,
        said,
    )


def test_a_reader_who_has_seen_enough_is_no_error(db: str) -> None:
    """`timebank export … | head -1` ends quietly, whatever is left."""
    command = ["--db", db, "export", "branch", "-b", "lille"]
    program = f"from timebank.cli.main import run; import sys; sys.argv[1:] = {command!r}; run()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert b"" == running.stderr.read()

    assert 0 == running.returncode


def test_a_branch_is_restored_into_a_new_database(
    db: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """From one file on, with one command: the database is made, the books are the same."""
    file, other = tmp_path / "lille.jsonl", f"sqlite:///{tmp_path / 'other.db'}"
    content(db, "export", "branch", "-b", "lille", "-o", str(file), capfdbinary=capfdbinary)

    tried = content(other, "import", "branch", str(file), "--dry-run", capfdbinary=capfdbinary)
    done = content(other, "import", "branch", str(file), "--json", capfdbinary=capfdbinary)

    assert b"can be restored: 3 members" in tried
    assert {
        "branch": "lille",
        "has_identities": True,
        "members": 3,
        "accounts": 3,
        "entries": 1,
        "unmatched": [],
    } == json.loads(done)
    assert file.read_bytes() == content(other, "export", "branch", "-b", "lille", capfdbinary=capfdbinary)


def test_a_file_that_cannot_be_restored_makes_no_database(
    db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name, a folder, a pipe, another file, half a file: one sentence, and nothing is made."""
    half = tmp_path / "half.jsonl"
    main(["--db", db, "export", "branch", "-b", "lille", "-o", str(half)])
    half.write_bytes(half.read_bytes()[:2_000])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    other = f"sqlite:///{tmp_path / 'other.db'}"

    for file, status, code in (
        (tmp_path / "nothing", 2, "unreadable_file"),
        (tmp_path, 2, "unreadable_file"),
        (pipe, 2, "unreadable_file"),
        (tmp_path / "bank.db", 2, "not_a_branch_file"),
        (half, 1, "branch_file_cut"),
    ):
        found, said = refused(other, "import", "branch", str(file), capsys=capsys)
        assert (status, True) == (found, said.endswith(f"[{code}]\n"))
        assert 1 == said.count("\n")

    assert not (tmp_path / "other.db").exists()


def test_every_fault_of_restored_books_is_named(
    db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4, as for an audit that finds faults; the sentence has the first one, the list all of them."""
    bank = open_bank(db)

    def change(lines: list[dict[str, object]]) -> None:
        for row in rows(lines, "account_balance"):
            row["given"] = 7

    file = tmp_path / "changed.jsonl"
    file.write_bytes(resealed(export_of(bank), change))
    bank.close()

    status, said = refused(f"sqlite:///{tmp_path / 'other.db'}", "import", "branch", str(file), capsys=capsys)

    assert 4 == status
    assert 3 == said.count("[cached_given_differs]\n")
    assert "do not hold (3 faults)" in said
    assert said.endswith("[restore_refused]\n")


def test_a_debt_to_a_branch_that_is_not_here_is_pointed_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Restored alone the branch is fine, but somebody should restore the other one as well."""
    family = a_family(tmp_path / "family.db")
    family.settled()
    file = tmp_path / "lille.jsonl"
    file.write_bytes(export_of(family.bank))
    family.bank.close()

    assert 0 == main(["--db", f"sqlite:///{tmp_path / 'other.db'}", "import", "branch", str(file)])

    said = capsys.readouterr().err
    assert "warning: lille and locmine owe each other 1 h 00, and one of them is not here yet\n" == said
