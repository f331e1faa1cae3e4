"""The doctor: every check can fail, and says what to do; nothing is changed by looking."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW
from tests.cli.running import run

from timebank.services.checks import Check, Verdict
from timebank.services.doctor import ENVIRONMENT, diagnose
from timebank.services.log_places import KEY_VARIABLE
from timebank.storage import inspection

LATER = NOW + timedelta(hours=1)


def checks(address: str | None, **options: object) -> dict[str, Check]:
    """Return the doctor's checks by name."""
    found = diagnose(address, **{"environment": {}, "now": LATER, **options})  # type: ignore[arg-type]
    assert len(found) == len({check.name for check in found}), "every check has its own name"
    return {check.name: check for check in found}


def verdict(address: str | None, name: str, **options: object) -> Verdict:
    """Return how one check came out; what did not come out well says what to do."""
    check = checks(address, **options)[name]
    assert (check.advice is None) == (check.verdict is Verdict.OK)
    return check.verdict


@pytest.fixture
def file(address: str, tmp_path: Path) -> Path:
    """The database file behind `address`, which only its owner can read."""
    file = tmp_path / "bank.db"
    file.chmod(0o600)
    return file


def test_a_healthy_set_up_is_well(address: str, file: Path) -> None:
    """The doctor must not cry wolf: nobody reads a list that always has warnings."""
    assert {Verdict.OK} == {check.verdict for check in checks(address).values()}
    assert 0 == run("--db", address, "doctor").status
    assert run("--db", address, "doctor", "--json").json["ok"]


def test_looking_changes_nothing(address: str, file: Path) -> None:
    """Byte by byte, and no file is left behind."""
    before = file.read_bytes()

    checks(address)

    assert before == file.read_bytes()
    assert {"bank.db"} == {path.name for path in file.parent.iterdir()} - {"bank.db-shm", "bank.db-wal"}


def test_no_address_fails_and_says_how_to_give_one() -> None:
    """The first question of every newcomer."""
    assert Verdict.FAIL == verdict(None, "address")
    done = run("doctor")
    assert 1 == done.status
    assert "TIMEBANK_DB" in done.out


@pytest.mark.parametrize("address", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_an_address_of_something_else_fails(address: str) -> None:
    """It says what an address looks like."""
    assert Verdict.FAIL == verdict(address, "address")


def test_a_password_is_not_shown() -> None:
    """People send this list to others when they ask for help."""
    found = checks("postgresql+psycopg://u:secret@127.0.0.1:1/x")

    assert "secret" not in str(found)
    assert Verdict.FAIL == found["connection"].verdict


def test_a_variable_with_a_typo_is_named_with_the_one_that_was_meant() -> None:
    """A name that nobody reads is ignored in silence: TIMEBANK_DV=… and the books are elsewhere."""
    check = checks(None, environment={"TIMEBANK_DV": "x", "PATH": "x"})["environment"]

    assert Verdict.WARN == check.verdict
    assert "TIMEBANK_DV (is it TIMEBANK_DB?)" in check.found
    assert Verdict.OK == verdict(None, "environment", environment=dict.fromkeys(ENVIRONMENT, "x"))


def test_every_variable_that_is_read_is_known_to_the_doctor() -> None:
    """Otherwise the doctor warns of a variable that works."""
    source = Path(inspection.__file__).parents[1]
    texts = [path.read_text(encoding="utf-8") for path in source.rglob("*.py") if path.name != "doctor.py"]
    quoted = {
        name.split('"')[0]
        for text in texts
        for name in text.split('"')
        if name.startswith("TIMEBANK_") and name.replace("_", "").isalpha() and name.isupper()
    }

    assert quoted - {KEY_VARIABLE} | {f"{KEY_VARIABLE}BRANCH"} == set(ENVIRONMENT)


def test_no_file_and_no_folder_fail(tmp_path: Path) -> None:
    """Each with its own advice."""
    missing, lost = checks(f"sqlite:///{tmp_path}/no.db"), checks(f"sqlite:///{tmp_path}/no/no.db")

    assert [Verdict.FAIL, Verdict.FAIL] == [missing["file"].verdict, lost["file"].verdict]
    assert missing["file"].advice != lost["file"].advice
    assert Verdict.FAIL == verdict(f"sqlite:///{tmp_path}", "file")


def test_another_programs_database_fails(tmp_path: Path) -> None:
    """It is left as it is, its journal mode included."""
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("CREATE TABLE bookmarks (url)")
    raw.close()
    before = (tmp_path / "other.db").read_bytes()

    assert Verdict.FAIL == verdict(f"sqlite:///{tmp_path}/other.db", "schema")
    assert before == (tmp_path / "other.db").read_bytes()


def test_a_file_that_is_no_database_fails(tmp_path: Path) -> None:
    """A letter is not a ledger."""
    (tmp_path / "letter.txt").write_text("Dear Sample Member,\n" * 100, encoding="utf-8")

    assert Verdict.FAIL == verdict(f"sqlite:///{tmp_path}/letter.txt", "database")


def test_a_damaged_file_fails(address: str, file: Path) -> None:
    """SQLite notices it when it looks; the doctor makes it look."""
    content = bytearray(file.read_bytes())
    for page in range(20, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = os.urandom(64)
    file.write_bytes(content)

    found = checks(address)

    assert Verdict.FAIL in {found[name].verdict for name in ("pages", "database") if name in found}


def a_version(file: Path, version: str) -> None:
    """Write another schema version into a database."""
    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (version,))
    raw.close()


def test_the_schema_is_newer_older_or_empty(
    address: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newer cannot be used; older and empty can be upgraded."""
    (tmp_path / "empty.db").touch()
    a_version(file, "9998")
    assert Verdict.FAIL == verdict(address, "schema")
    monkeypatch.setattr("timebank.services.doctor.HEAD", "9999")
    assert Verdict.WARN == verdict(address, "schema")
    assert Verdict.WARN == verdict(f"sqlite:///{tmp_path}/empty.db", "schema")


def test_a_file_that_others_can_read_is_a_warning(address: str, file: Path) -> None:
    """It holds names; the set-up still works, so the exit status is 0."""
    file.chmod(0o644)

    assert Verdict.WARN == verdict(address, "permissions")
    assert 0 == run("--db", address, "doctor").status


def test_a_clock_that_went_back_fails(address: str, file: Path) -> None:
    """New entries would seem older than old ones; order comes from numbers (I-13), trust from clocks."""
    assert Verdict.FAIL == verdict(address, "clock", now=NOW - timedelta(days=1))
    assert Verdict.OK == verdict(address, "clock", now=NOW - timedelta(seconds=30))


def test_a_zone_that_is_not_known_here_fails(address: str, file: Path) -> None:
    """Days of that branch could not be reckoned."""
    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE branch SET zone = 'Europe/Locmine'")
    raw.close()

    assert Verdict.FAIL == verdict(address, "time zones")


def test_somebody_else_who_is_writing_is_found(
    address: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten shell with an open transaction stops every helper from logging hours."""
    monkeypatch.setattr("timebank.storage.engine.BUSY_SECONDS", 0)
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")

    assert Verdict.FAIL == verdict(address, "writing")

    raw.execute("ROLLBACK")
    raw.close()


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("permissions", {"is_readable": False}, Verdict.FAIL),
        ("permissions", {"is_writable": False}, Verdict.FAIL),
        ("disk", {"free_bytes": 10_000_000}, Verdict.FAIL),
        ("disk", {"free_bytes": 100_000_000}, Verdict.WARN),
        ("disk", {"free_bytes": 3_000_000_000, "size_bytes": 2_000_000_000}, Verdict.WARN),
        ("drive", {"file_system": "nfs4"}, Verdict.FAIL),
        ("drive", {"file_system": None}, Verdict.OK),
        ("log", {"log_bytes": 300_000_000}, Verdict.WARN),
    ],
)
def test_what_the_file_system_says_is_judged(  # noqa: PLR0917 - fixtures and facts
    name: str,
    change: dict[str, object],
    expected: Verdict,
    address: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Full disks, network drives and other users' files cannot be had in a test; their facts can."""
    facts = {
        field: getattr(inspection.facts_of(file), field)
        for field in inspection.FileFacts.__dataclass_fields__
    }
    changed = inspection.FileFacts(**{**facts, **change})
    monkeypatch.setattr(inspection, "facts_of", lambda _file: changed)

    assert expected == verdict(address, name)


@pytest.mark.parametrize(
    ("setting", "value", "name", "expected"),
    [
        ("journal_mode", "delete", "journal mode", Verdict.WARN),
        ("synchronous", "1", "durability", Verdict.FAIL),
        ("foreign_keys", "0", "durability", Verdict.FAIL),
    ],
)
def test_settings_that_do_not_take_are_found(  # noqa: PLR0917 - fixtures and facts
    setting: str,
    value: str,
    name: str,
    expected: Verdict,
    address: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some builds of SQLite and some drives ignore what they are told."""
    real: Callable[..., dict[str, str]] = inspection.settings_of
    monkeypatch.setattr(inspection, "settings_of", lambda connection: {**real(connection), setting: value})

    assert expected == verdict(address, name)


def test_a_file_in_a_folder_with_odd_letters_is_found(address: str, file: Path, tmp_path: Path) -> None:
    """A path is no URL: blanks and number signs are letters."""
    odd = tmp_path / "a b#c"
    odd.mkdir()
    shutil.copy(file, odd / "é 花.db")

    assert Verdict.OK == verdict(f"sqlite:///{odd}/é 花.db", "schema")
