"""`timebank migrate`: says what it would do, does it, and does it once."""

import sqlite3
from pathlib import Path

import pytest
from tests.cli.running import run

from timebank.storage.schema import HEAD


def test_a_dry_run_says_what_would_happen_and_makes_no_file(tmp_path: Path) -> None:
    """Who looks first finds the folder as it was."""
    done = run("--db", f"sqlite:///{tmp_path}/new.db", "migrate", "--dry-run")

    assert (0, f"The database would be made, with schema {HEAD}.\n") == (done.status, done.out)
    assert [] == list(tmp_path.iterdir())


def test_a_database_is_made_once(tmp_path: Path) -> None:
    """The second time there is nothing to do."""
    address = f"sqlite:///{tmp_path}/new.db"

    assert f"The database is made, with schema {HEAD}.\n" == run("--db", address, "migrate").out
    assert f"The schema is {HEAD}, the newest: nothing to do.\n" == run("--db", address, "migrate").out
    assert {"before": HEAD, "after": HEAD, "is_needed": False} == run(
        "--db", address, "migrate", "--json"
    ).json
    assert [] == run("--db", address, "branch", "list", "--json").json


def test_a_newer_database_is_refused_either_way(address: str, tmp_path: Path) -> None:
    """Going back would lose what the newer one knows."""
    with sqlite3.connect(tmp_path / "bank.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()

    for extra in ([], ["--dry-run"]):
        done = run("--db", address, "migrate", *extra)
        assert (1, "") == (done.status, done.out)
        assert "[database_newer]" in done.err


def test_another_programs_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A mistyped address must not cost somebody their bookmarks."""
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sample Member,\n" * 100, encoding="utf-8")
    before = file.read_bytes()

    for extra in ([], ["--dry-run"]):
        assert "[not_a_database]" in run("--db", f"sqlite:///{file}", "migrate", *extra).err
    assert before == file.read_bytes()


@pytest.mark.parametrize("place", ["no/folder.db", f"{'a' * 5_000}.db"])
def test_a_dry_run_is_refused_where_the_real_one_would_be(place: str, tmp_path: Path) -> None:
    """An answer that is too hopeful is worse than none."""
    for extra in ([], ["--dry-run"]):
        done = run("--db", f"sqlite:///{tmp_path}/{place}", "migrate", *extra)
        assert (1, True) == (done.status, "[storage_unusable]" in done.err)
