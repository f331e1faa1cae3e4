"""Backup, restore and copy as people and scripts meet them: what is printed, and how it ends."""

import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW, a_bank, help_given
from tests.cli.running import Done, run
from tests.integration.test_bad_databases import BOUND

from timebank.clock import SteppingClock

DONE, REFUSED, USAGE, NOT_FOUND = range(4)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The name of a backup."""
    return str(tmp_path / "lille.backup")


def refused(code: str, status: int, *words: str) -> None:
    """Run a command that must end in one sentence with its code, and nothing on stdout."""
    done = run(*words)
    assert (status, "") == (done.status, done.out)
    assert 1 == len(done.err.splitlines()), done.err
    assert done.err.endswith(f"[{code}]\n"), done.err


def gone_on(tmp_path: Path) -> None:
    """Write an entry more."""
    bank = a_bank(tmp_path, clock=SteppingClock(NOW + timedelta(days=1)))
    help_given(bank, minutes=15)
    bank.close()


def elsewhere(tmp_path: Path, name: str = "new.db") -> str:
    """The address of a database that is not there yet."""
    return f"sqlite:///{tmp_path / name}"


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_a_backup_says_what_it_holds_and_comes_back(
    address: str, file: str, tmp_path: Path, form: str
) -> None:
    """In words and as JSON."""
    made = run("--db", address, "backup", file, "--format", form, "--json").json

    back = run("--db", elsewhere(tmp_path), "restore", file)
    again = run("--db", elsewhere(tmp_path), "restore", file, "--json").json

    assert (file, form, True) == (made["file"], made["format"], made["has_identities"])
    assert [("lille", 1)] == [(each["branch"], each["entries"]) for each in made["branches"]]
    assert 64 == len(made["branches"][0]["leaf"]) == len(made["sha256"])
    assert Path(file).stat().st_size == made["bytes"]
    sentence = "Branch lille is restored: 3 members, 3 accounts, 1 entries; the audit found no fault.\n"
    assert (DONE, sentence, "") == (back.status, back.out, back.err)
    assert {
        "format": form,
        "branches": [
            {
                "branch": "lille",
                "relation": "same",
                "entries_here": 1,
                "entries_in_backup": 1,
                "entries_common": 1,
                "differs_at": None,
            }
        ],
        "restored": [],
        "kept": None,
    } == again


def test_a_check_says_how_backup_and_books_are_related(address: str, file: str, tmp_path: Path) -> None:
    """Exit 0 if a restore would begin, 1 if it would be refused; the table on stdout in both."""
    run("--db", address, "backup", file)
    assert DONE == run("--db", elsewhere(tmp_path), "restore", file, "--check").status
    assert not (tmp_path / "new.db").exists()
    assert DONE == run("--db", address, "restore", file, "--check").status
    gone_on(tmp_path)

    done = run("--db", address, "restore", file, "--check", width=80)
    found = run("--db", address, "restore", file, "--check", "--json")

    assert REFUSED == done.status == found.status
    assert "backup is older" in done.out
    assert "branch lille has 1 entries more, from number 2 on, since 2026-06-16T12:00:00Z" in done.err
    assert "backup_older" == found.json["refused_as"]
    assert "older" == found.json["branches"][0]["relation"]
    refused("backup_older", REFUSED, "--db", address, "restore", file)


def test_what_was_replaced_is_named(address: str, file: str, tmp_path: Path) -> None:
    """Nobody should have to look for it."""
    run("--db", address, "backup", file)
    run("--db", elsewhere(tmp_path), "restore", file)
    gone_on(tmp_path)
    run("--db", address, "backup", file, "--force")

    would = run("--db", elsewhere(tmp_path), "restore", file, "--dry-run")
    done = run("--db", elsewhere(tmp_path), "restore", file)

    assert "Branch lille can be restored: 3 members" in would.out
    assert f"The books that were here are kept in {tmp_path}/new.db.before-restore.\n" in done.out


def test_what_does_not_work_is_one_sentence(address: str, file: str, tmp_path: Path) -> None:
    """With a code, nothing on stdout, and nothing half-done."""
    (tmp_path / "letter").write_text("Dear members", encoding="utf-8")
    folder = str(tmp_path)

    refused("no_database", NOT_FOUND, "--db", elsewhere(tmp_path), "backup", file)
    refused("no_address", USAGE, "backup", file)
    refused("no_address", USAGE, "restore", file)
    refused("unreadable_file", USAGE, "--db", elsewhere(tmp_path), "restore", file)
    refused("unreadable_file", USAGE, "--db", elsewhere(tmp_path), "restore", folder)
    refused("not_a_backup", USAGE, "--db", elsewhere(tmp_path), "restore", f"{folder}/letter")
    refused("same_database", USAGE, "--db", address, "backup", f"{folder}/bank.db", "--force")
    refused("unwritable_file", USAGE, "--db", address, "backup", f"{folder}/no/file")
    refused("one_form_only", USAGE, "--db", address, "backup", file, "-f", "sqlite", "--without-identities")
    assert DONE == run("--db", address, "backup", file).status
    refused("file_exists", REFUSED, "--db", address, "backup", file)
    refused("bad_database_url", USAGE, "--db", "postgres//x", "restore", file)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("words", [(), ("lille", "--all")])
def test_a_copy_names_branches_or_all_of_them(address: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Neither is a guess that the program should make."""
    refused("usage", USAGE, "--db", address, "branch", "copy", *words, "--to", elsewhere(tmp_path))
    assert not (tmp_path / "new.db").exists()


def test_a_copy_says_what_was_copied(address: str, tmp_path: Path, postgres: str) -> None:
    """To a server and back; the export of the copy is the same file."""
    would = run("--db", address, "branch", "copy", "lille", "--to", postgres, "--dry-run")
    done = run("--db", address, "branch", "copy", "lille", "--to", postgres)
    back = run("--db", postgres, "branch", "copy", "--all", "--to", elsewhere(tmp_path), "--json")

    assert "Branch lille can be copied: 3 members" in would.out
    assert "Branch lille is copied: 3 members, 3 accounts, 1 entries; the audit found no fault.\n" == done.out
    assert [("lille", 1)] == [(each["branch"], each["entries"]) for each in back.json]
    exports = [
        run("--db", each, "export", "branch", "-b", "lille").out
        for each in (address, postgres, elsewhere(tmp_path))
    ]
    assert 1 == len(set(exports))
    refused("branch_exists", REFUSED, "--db", address, "branch", "copy", "lille", "--to", postgres)
    refused("same_database", USAGE, "--db", address, "branch", "copy", "lille", "--to", address)
    refused("unknown_branch", NOT_FOUND, "--db", address, "branch", "copy", "brest", "--to", postgres)


def test_books_that_do_not_hold_list_their_faults(address: str, file: str, tmp_path: Path) -> None:
    """On stderr, before the sentence; exit 4."""
    with sqlite3.connect(tmp_path / "bank.db") as connection:
        connection.execute("UPDATE account_balance SET balance = 17 WHERE account_no = 1")
    connection.close()
    run("--db", address, "backup", file)

    done: Done = run("--db", elsewhere(tmp_path), "restore", file)

    assert (4, "") == (done.status, done.out)
    assert "[cached_balance_differs]" in done.err
    assert done.err.endswith("[restore_refused]\n")


def test_an_unreadable_file_says_so(address: str, file: str, tmp_path: Path) -> None:
    """Bound by permissions, as every user but root is."""
    run("--db", address, "backup", file)
    Path(file).chmod(0)

    done = subprocess.run(
        [sys.executable, "-c", BOUND, "--db", elsewhere(tmp_path), "restore", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (USAGE, "") == (done.returncode, done.stdout)
    assert "is not readable" in done.stderr
