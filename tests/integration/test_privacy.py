import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW, a_bank, a_branch, address_in, help_given
from tests.integration.worlds import MARKER, a_world

from timebank.care.member import Identity
from timebank.cli.main import main
from timebank.clock import SteppingClock
from timebank.errors import ErasureUnfinished, TimebankError
from timebank.services.bank import Bank


def traces(folder: Path, mark: str) -> list[str]:
    """Return the files of a bank that hold a mark anywhere: in rows, free pages, gaps or the log."""
    return sorted(path.name for path in folder.iterdir() if mark.encode() in path.read_bytes())


def joined(bank: Bank, ref: str, mark: str, *, branch: str = "lille") -> None:
    """Let somebody join whose every word holds a mark."""
    bank.members.add(
        branch,
        name=f"Sample {mark}",
        email=f"{mark}@mail.example",
        phone=f"+33 {mark[:8]}",
        ref=ref,
        key=f"join {ref}",
    )


def test_erasing_leaves_no_trace_in_any_file(tmp_path: Path) -> None:
    """Not in rows, not in free space, not in the write-ahead log, while the bank is still open (I-10)."""
    clock = SteppingClock(NOW, timedelta(seconds=1))
    bank = a_branch(tmp_path, clock=clock)
    joined(bank, "gone", "zqxgone")
    joined(bank, "stays", "zqxstays")
    bank.members.rename("lille", "gone", name="Sample zqxgone as married")
    clock.advance(timedelta(hours=5))
    no = help_given(bank, provider="gone", recipient="m1", minutes=60)
    bank.hours.correct("lille", no, minutes=45, reason="zqxgone said so")
    bank.transfers.transfer(
        "lille",
        debit_path="member:gone:available",
        credit_path="member:stays:available",
        minutes=5,
        reason="zqxgone gives to a friend",
    )
    bank.accounts.limit("lille", "member:gone:available", limits=None, why="zqxgone asked")
    assert ["bank.db-wal"] == [name for name in traces(tmp_path, "zqxgone") if name != "bank.db"]
    balances = bank.accounts.list("lille")

    bank.members.erase("lille", "gone")

    assert [] == traces(tmp_path, "zqxgone")
    assert ["bank.db"] == traces(tmp_path, "zqxstays")
    assert balances == bank.accounts.list("lille")
    assert bank.audits.run().ok
    bank.close()


def test_erasing_many_leaves_no_trace_of_any(tmp_path: Path) -> None:
    """Rows of many lengths, renamed and erased in any order, split pages: gaps keep what was there."""
    chance = random.Random(4)  # leaves a trace on SQLite 3.40 unless the tables are written anew
    bank = a_branch(tmp_path)
    people = list(range(60))
    for no in people:
        joined(bank, f"r{chance.randrange(10**6)}x{no}", f"zqx{no:04d}q" + "n" * chance.randrange(140))
    refs = {view.member.ref.partition("x")[2]: view.member.ref for view in bank.members.list("lille")}
    for _ in range(40):
        no = chance.choice(people)
        bank.members.rename("lille", refs[str(no)], name=f"zqx{no:04d}q" + "n" * chance.randrange(190))
    gone = chance.sample(people, 30)

    for no in gone:
        bank.members.erase("lille", refs[str(no)])

    assert {no: [] for no in gone} == {no: traces(tmp_path, f"zqx{no:04d}q") for no in gone}
    kept = set(people) - set(gone)
    assert all("bank.db" in traces(tmp_path, f"zqx{no:04d}q") for no in kept)
    bank.close()


def test_erasing_reaches_the_other_branch(tmp_path: Path) -> None:
    """A reason written in the sponsor's branch may name the beneficiary of another one."""
    clock = a_world(tmp_path)
    bank = a_bank(tmp_path, clock=clock)
    bank.redemptions.cancel("lille-6", reason="zqxwords about h1", by="member:m3")
    assert "bank.db-wal" in traces(tmp_path, "zqxwords")

    bank.redemptions.dispute("lille-4", reason="zqxmore", by="member:h1@locmine")
    bank.members.erase("locmine", "h1")

    assert [] == traces(tmp_path, "zqxwords")
    bank.close()


def test_erasing_twice_changes_nothing(tmp_path: Path) -> None:
    """The second time finds nobody, and the books are the same."""
    bank = a_branch(tmp_path)
    first = bank.members.erase("lille", "m1")

    assert first == bank.members.erase("lille", "m1")
    assert bank.audits.run().ok
    bank.close()


def test_a_reader_keeps_the_log_until_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads an older state of the file still needs it: the erasure says so, and can be finished."""
    monkeypatch.setattr("timebank.storage.engine.BUSY_SECONDS", 0.05)
    bank = a_branch(tmp_path)
    joined(bank, "gone", "zqxgone")
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM entry").fetchone()

        with pytest.raises(ErasureUnfinished):
            bank.members.erase("lille", "gone", key="erase gone")

        assert bank.members.show("lille", "gone").identity is None
        reader.execute("COMMIT")

    bank.members.erase("lille", "gone", key="erase gone")

    assert [] == traces(tmp_path, "zqxgone")
    bank.close()


def test_a_dry_run_erases_nothing(tmp_path: Path) -> None:
    """It says what would be left, and leaves everything."""
    a_branch(tmp_path).close()
    bank = a_bank(tmp_path, is_dry_run=True)

    assert bank.members.erase("lille", "m1").identity is None
    bank.close()

    again = a_bank(tmp_path)
    assert again.members.show("lille", "m1").identity is not None
    again.close()


def test_the_books_hold_no_names(tmp_path: Path) -> None:
    """I-10: every text and byte of every table but the identities' is free of what people are called."""
    a_world(tmp_path)
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            (table, repr(value))
            for table in tables
            if not table.startswith("identity_")
            for row in raw.execute(f"SELECT * FROM {table}")
            for value in row
            if MARKER in repr(value)
        }
        identities = [name for name in tables if name.startswith("identity_")]

    assert set() == found
    assert {
        "identity_address",
        "identity_alias",
        "identity_clearance",
        "identity_detail",
        "identity_exclusion",
        "identity_experience",
        "identity_note",
        "identity_parking",
        "identity_person",
        "identity_profile",
        "identity_wish",
    } == set(identities)


def test_nothing_points_into_the_identities(tmp_path: Path) -> None:
    """Erasing a person touches no other row, so no foreign key may hold one."""
    a_branch(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        parents = {key[2] for name in tables for key in raw.execute(f"PRAGMA foreign_key_list({name})")}

    assert not {name for name in parents if name.startswith("identity_")}


MISTAKES = [
    ("member", "rename", "m99", "-b", "lille", "--name", MARKER),
    ("member", "add", "-b", "lille", "--name", MARKER, "--ref", "m1"),
    ("member", "add", "-b", "lille", "--name", MARKER + "\a"),
    ("member", "add", "-b", "lille", "--name", MARKER * 100),
    ("member", "add", "-b", "lille", "--name", "x", "--email", MARKER * 100),
    ("member", "add", "-b", "lille", "--name", MARKER, "--key", "join m1"),
    ("hours", "reject", "9", "-b", "lille", "--reason", MARKER, "--by", "member:m6"),
    ("hours", "dispute", "4", "-b", "lille", "--reason", MARKER * 200, "--by", "member:m5"),
    ("hours", "decide", "1", "confirm", "-b", "lille", "--reason", MARKER),
    ("account", "limit", "member:m1:held", "-b", "lille", "--reason", MARKER),
    (
        "account",
        "override",
        "member:m9:available",
        "-b",
        "nowhere",
        "--until",
        "2026-07-01T12:00",
        "--reason",
        MARKER,
    ),
    ("entry", "reverse", "1", "-b", "lille", "--reason", MARKER),
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=range(len(MISTAKES)))
def test_no_message_repeats_what_people_wrote(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages end up in logs and on screens: they carry references and codes only (I-10)."""
    a_world(tmp_path)

    status = main(["--db", address_in(tmp_path), *arguments])

    said = capsys.readouterr()
    assert 0 < status < 10
    assert MARKER not in said.out + said.err


def test_not_even_a_bug_s_traceback_carries_a_name(tmp_path: Path) -> None:
    """What failed is told; the values of the statement are not."""
    bank = a_branch(tmp_path)
    identity = Identity(branch="lille", ref="m1", name=f"Sample {MARKER}")

    with pytest.raises(sqlite3.IntegrityError) as failed, bank.store.write("lille") as tx:
        tx.books("lille").identities.add(identity)

    assert MARKER not in str(failed.value)
    bank.close()


@given(name=st.text(min_size=1, max_size=300), reason=st.text(max_size=600))
def test_no_error_carries_a_name_or_a_reason(
    name: str, reason: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither in its words nor in its facts: whoever catches it may log it."""
    folder = tmp_path_factory.getbasetemp() / "errors"
    if not folder.exists():
        folder.mkdir()
        a_world(folder)
    bank = a_bank(folder)
    marked_name, marked_reason = f"{MARKER}{name}", f"{MARKER}{reason}"
    for attempt in (
        lambda: bank.members.rename("lille", "m9", name=marked_name),
        lambda: bank.members.add("lille", name=marked_name, ref="m1"),
        lambda: bank.hours.reject("lille", 1, reason=marked_reason, by="member:m2"),
        lambda: bank.entries.reverse("lille", 1, reason=marked_reason),
    ):
        with pytest.raises(TimebankError) as refused:
            attempt()
        assert MARKER not in str(refused.value)
        assert MARKER not in repr(refused.value.facts)
    bank.close()
