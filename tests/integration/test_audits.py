"""The audit of a long journal: quick, in several processes, and since the last one."""

import io
import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders import NOW, a_bank, a_branch, address_in, help_given
from tests.integration.tampering import recompute, reseal, tamper
from tests.integration.worlds import a_world
from tests.postgres import raw

from timebank.cli.main import main
from timebank.clock import SteppingClock
from timebank.ledger.audit import Fault
from timebank.ledger.chart import available
from timebank.services import audits
from timebank.services.audits import AuditReport
from timebank.services.bank import Bank, open_bank
from timebank.storage import folding, workers
from timebank.storage.evidence import Evidence, Extent

LILLE = "branch_id = 1"
LINE_2 = f"{LILLE} AND entry_seq = {{0}} AND line = 2"
HISTORY = "date;provider;recipient;minutes;description\n" + "".join(
    f"2024-0{1 + number % 9}-1{number % 7};Sample {number % 5};Sample {5 + number % 4};{10 + number};Words\n"
    for number in range(60)
)


def a_journal(folder: Path) -> SteppingClock:
    """Put a bank with 60 imported exchanges into a folder; returns a clock that stands where it ends."""
    clock = SteppingClock(NOW, timedelta(seconds=1))
    bank = a_branch(folder, clock=clock)
    bank.imports.exchanges("lille", io.BytesIO(HISTORY.encode()))
    bank.close()
    return clock


def audited(folder: Path, clock: SteppingClock, **options: Any) -> AuditReport:  # noqa: ANN401
    """Audit a folder's bank."""
    bank = a_bank(folder, clock=clock)
    try:
        return bank.audits.run(**options)
    finally:
        bank.close()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have sixty entries be many: chunks of seven, and workers from one entry on."""
    monkeypatch.setattr(folding, "CHUNK", 7)
    monkeypatch.setattr(audits, "BIG", 1)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[workers.Results]:
    """Return what workers do from now on: nobody would notice if their caller did it all again."""
    found: list[workers.Results] = []

    def work(*arguments: Any, **options: Any) -> workers.Results:  # noqa: ANN401
        found.append(workers.work(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(audits, "work", work)
    return found


CHANGES = {
    "nothing": "SELECT 1",
    "an amount": f"UPDATE posting SET amount = amount + 1 WHERE {LINE_2}",
    "a running balance": f"UPDATE posting SET balance_after = 9 WHERE {LINE_2}",
    "a version": f"UPDATE posting SET account_seq = 999 WHERE {LINE_2}",
    "an account": f"UPDATE posting SET account_no = 77 WHERE {LINE_2}",
    "an instant": f"UPDATE entry SET recorded_us = recorded_us + 1 WHERE {LILLE} AND seq = {{0}}",
    "a header": f"DELETE FROM entry WHERE {LILLE} AND seq = {{0}}",
    "a line": f"DELETE FROM posting WHERE {LINE_2}",
    "a number": f"UPDATE entry SET seq = 4611686018427387904 WHERE {LILLE} AND seq = {{0}}",
    "what does not show": f"UPDATE entry SET kind = kind || char(0) WHERE {LILLE} AND seq = {{0}}",
    "a policy": f"UPDATE entry SET policy_version = 5 WHERE {LILLE} AND seq = {{0}}",
}


def carefully(monkeypatch: pytest.MonkeyPatch, folder: Path, clock: SteppingClock) -> tuple[Fault, ...]:
    """Audit by the careful fold alone."""
    with monkeypatch.context() as patch:
        patch.setattr(Extent, "is_whole", lambda *_: False)
        return audited(folder, clock, keep=False, workers=0).faults


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("seq", [1, 30, 60])
def test_a_change_anywhere_gives_the_faults_of_the_careful_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None, change: str, seq: int
) -> None:
    """Whether chunks are quick or careful does not matter to anybody who reads the report."""
    clock = a_journal(tmp_path)
    tamper(tmp_path / "bank.db", change.format(seq))

    found = audited(tmp_path, clock, keep=False, workers=0).faults

    assert carefully(monkeypatch, tmp_path, clock) == found
    assert (change == "SELECT 1") == (not found)


@pytest.mark.parametrize("seq", [1, 31, 60])
def test_processes_find_what_one_finds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    small_chunks: None,
    done: list[workers.Results],
    seq: int,
) -> None:
    """Segments are put together where they follow, and folded again where they do not."""
    clock = a_journal(tmp_path)
    told: list[tuple[str, int, int]] = []
    clean = audited(tmp_path, clock, workers=2, keep=False, progress=lambda *tell: told.append(tell))
    assert clean.ok
    assert (60, 60) == (clean.entries, clean.checked)
    assert ("lille", 60, 60) == max(told)
    assert [2] == [sum(isinstance(task, workers.FileTask) for task in results) for results in done]
    assert [11] == [len(results) for results in done], "nine segments, smaller and smaller"
    assert None not in done[0].values()
    tamper(tmp_path / "bank.db", CHANGES["a running balance"].format(seq))

    found = audited(tmp_path, clock, workers=2, keep=False).faults

    assert carefully(monkeypatch, tmp_path, clock) == found
    assert f"lille entry {seq} line 2" in {fault.place for fault in found}


def test_workers_see_damage_to_the_file(tmp_path: Path, small_chunks: None) -> None:
    """A value that no column takes, and a history of nothing."""
    clock = a_journal(tmp_path)
    tamper(
        tmp_path / "bank.db",
        "INSERT INTO service_event VALUES (1, 9, 1, 'log', 'member:m1', 1, NULL, 1);"
        "UPDATE account_balance SET balance = -1 WHERE branch_id = 1 AND account_no = 1;"
        "UPDATE posting SET side = 'both' WHERE branch_id = 1 AND entry_seq = 5 AND line = 1",
    )

    one, two = (audited(tmp_path, clock, workers=count, keep=False) for count in (0, 2))

    assert one.faults == two.faults
    damages = {fault.detail for fault in two.faults if fault.code == "damaged"}
    assert {"a row of service_event points to no row of service_record"} < damages
    assert any("CHECK constraint failed in posting" in damage for damage in damages)


def test_without_processes_the_audit_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    """A frozen program has no Python to start; a worker may be killed or find no memory."""
    clock = a_journal(tmp_path)
    monkeypatch.setattr(workers, "PROGRAM", "raise SystemExit({path!r})")
    assert audited(tmp_path, clock, workers=2).ok

    monkeypatch.setattr("sys.executable", str(tmp_path / "nothing"))
    assert audited(tmp_path, clock, workers=2).ok

    monkeypatch.setattr("sys.executable", "")
    assert 0 == workers.workers_here()


def test_memory_does_not_grow_with_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the fold keeps is for each account, and rows come some at a time."""
    clock = a_journal(tmp_path)
    monkeypatch.setattr(folding, "CHUNK", 7)
    most = 0
    bank = a_bank(tmp_path, clock=clock)
    with bank.store.read() as tx:
        books = tx.books("lille")
        rows = folding.JournalRows(tx.connection.connection.driver_connection, books.desk.branch_id)
        for start, end in rows.chunks(1, 60):
            entries, lines = rows.whole(start, end)
            most = max(most, len(entries), len(lines) // 2)
        audit = audits.audit_journal(books, None)
    bank.close()

    assert 7 == most
    assert not audit.faults
    kept = [getattr(audit, name) for name in audit.__slots__]
    assert len(audit.accounts) == max(len(each) for each in kept if isinstance(each, dict | list))


def test_postgresql_is_audited_the_same_way(
    postgres: str, small_chunks: None, done: list[workers.Results]
) -> None:
    """Workers connect by themselves, the point is kept, and a change is found quick, careful and since."""
    clock = SteppingClock(NOW, timedelta(seconds=1))
    bank = open_bank(postgres, clock=clock)
    bank.branches.create("lille", name="Sample branch")
    bank.imports.exchanges("lille", io.BytesIO(HISTORY.encode()))

    first = bank.audits.run(workers=2)
    bank.transfers.transfer(
        "lille", debit_path=available("m1"), credit_path=available("m2"), minutes=5, reason="Sample reason"
    )
    second = bank.audits.run(workers=2, since_last=True)
    with raw(postgres) as connection:
        connection.execute("UPDATE account_balance SET given = given + 1 WHERE account_no = 1")
    found = [bank.audits.run(workers=2), bank.audits.run(workers=0), bank.audits.run(since_last=True)]
    bank.close()

    assert ((), 60, 60, True) == (first.faults, first.entries, first.checked, first.is_kept)
    assert [9, 1] == [len(results) for results in done[:2]]
    assert None not in done[0].values()
    assert ((), 61, 1, True) == (second.faults, second.entries, second.checked, second.is_kept)
    assert [{"cached_given_differs"}] * 3 == [{fault.code for fault in each.faults} for each in found]


# --- Since the last one ------------------------------------------------------------------------------------


def test_the_next_audit_goes_on_from_the_last(tmp_path: Path) -> None:
    """It folds what came since, and says how much that was; then it leaves a point of its own."""
    clock = a_journal(tmp_path)
    assert audited(tmp_path, clock).is_kept
    bank = a_bank(tmp_path, clock=clock)
    help_given(bank)
    bank.close()

    first = audited(tmp_path, clock, since_last=True)
    second = audited(tmp_path, clock, since_last=True)

    assert ((), 61, 1, True) == (first.faults, first.entries, first.checked, first.is_kept)
    assert ((), 61, 0) == (second.faults, second.entries, second.checked)


def test_without_a_point_the_whole_journal_is_checked(tmp_path: Path) -> None:
    """The first audit has nothing to go on from; one that finds a fault or must not write leaves nothing."""
    clock = a_journal(tmp_path)
    dry = a_bank(tmp_path, clock=clock, is_dry_run=True)
    assert not dry.audits.run().is_kept
    dry.close()
    assert not audited(tmp_path, clock, keep=False).is_kept
    assert 60 == audited(tmp_path, clock, since_last=True, keep=False).checked
    tamper(tmp_path / "bank.db", CHANGES["a running balance"].format(60))
    assert not audited(tmp_path, clock).is_kept

    assert 60 == audited(tmp_path, clock, since_last=True).checked


SINCE: dict[str, tuple[str, str, str]] = {
    "an amount": (
        "UPDATE posting SET amount = amount + 1 WHERE branch_id = 1 AND entry_seq = {new} AND line = 1",
        "lille entry {new}",
        "entry_unbalanced",
    ),
    "a record": (
        "UPDATE service_record SET minutes = 91 WHERE branch_id = 1 AND no = {record}",
        "lille service record {record}",
        "record_end_differs",
    ),
    "what an entry credited": (
        "UPDATE service_record SET credited_minutes = 91 WHERE branch_id = 1 AND no = {record}",
        "lille service record {record}",
        "record_differs",
    ),
    "an old balance": (
        "UPDATE account_balance SET balance = balance + 1 WHERE branch_id = 1 AND account_no = 1",
        "lille account {m1} min",
        "cached_balance_differs",
    ),
    "a hold that was placed long ago": (
        "UPDATE hold SET minutes = minutes + 1 WHERE branch_id = 1 AND state = 'pending'",
        "lille account member:m3:held min",
        "held_differs",
    ),
    "a guard": ("DROP TRIGGER entry_never_updated", "database trigger entry_never_updated", "schema_missing"),
    "a counter": (
        "UPDATE branch_counter SET last_no = 99 WHERE branch_id = 1 AND noun = 'record'",
        "lille counter record",
        "numbers_differ",
    ),
}


def a_world_that_went_on(folder: Path) -> tuple[SteppingClock, int, int]:
    """Audit the world, then have help given and confirmed; returns clock, entry and record."""
    clock = a_world(folder)
    assert audited(folder, clock).is_kept
    bank = a_bank(folder, clock=clock)
    record = help_given(bank)
    seq = bank.entries.list("lille", limit=1)[0].seq
    bank.close()
    return clock, seq, record


@pytest.mark.parametrize(("change", "place", "code"), SINCE.values(), ids=SINCE)
def test_a_change_after_the_point_is_found(tmp_path: Path, change: str, place: str, code: str) -> None:
    """New entries with their stories, and everything that is always looked at in full."""
    clock, new, record = a_world_that_went_on(tmp_path)
    assert audited(tmp_path, clock, since_last=True, keep=False).ok
    facts = {"new": new, "record": record, "m1": available("m1")}
    if change.startswith("DROP"):
        with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
            raw.execute(change)
    else:
        tamper(tmp_path / "bank.db", change.format(**facts))

    faults = audited(tmp_path, clock, since_last=True).faults

    assert (place.format(**facts), code) in {(fault.place, fault.code) for fault in faults}


def test_a_story_that_went_on_is_checked_from_its_beginning(tmp_path: Path) -> None:
    """A redemption that settles after the point: its hold and its acts lie before."""
    clock = a_world(tmp_path)
    assert audited(tmp_path, clock).is_kept
    bank = a_bank(tmp_path, clock=clock)
    bank.redemptions.confirm("lille-4", by="member:h1@locmine")
    bank.close()
    assert audited(tmp_path, clock, since_last=True, keep=False).ok
    tamper(
        tmp_path / "bank.db",
        "UPDATE redemption_event SET actor = 'member:m4', minutes = 61 WHERE branch_id = 1"
        " AND redemption_no = 4 AND no = 1",
    )

    faults = audited(tmp_path, clock, since_last=True).faults

    assert [("lille redemption 4", "history_differs")] == [(fault.place, fault.code) for fault in faults]


def test_a_change_before_the_point_is_not_seen_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody believes otherwise: the command says it, and the full audit finds it."""
    clock, _, _ = a_world_that_went_on(tmp_path)
    tamper(tmp_path / "bank.db", "UPDATE posting SET amount = 91 WHERE branch_id = 1 AND entry_seq = 1")

    assert audited(tmp_path, clock, since_last=True, keep=False).ok
    assert 0 == main(["--db", address_in(tmp_path), "audit", "--since-last", "--dry-run"])
    said = capsys.readouterr()
    assert " of " in said.out
    assert "a change there is seen by a full audit only" in said.err.replace("\n", " ")
    assert 0 == main(["--db", address_in(tmp_path), "audit", "--since-last", "--dry-run", "--json"])
    assert 1 == json.loads(capsys.readouterr().out)["checked_entries"]

    assert not audited(tmp_path, clock).ok


POINTS = {
    "totals": "UPDATE audit_point SET totals = replace(totals, '1', '2') WHERE branch_id = 1",
    "place": "UPDATE audit_point SET entry_seq = entry_seq - 1 WHERE branch_id = 1",
    "entry there": "UPDATE entry SET leaf = zeroblob(32) WHERE branch_id = 1 AND seq = "
    "(SELECT entry_seq FROM audit_point WHERE branch_id = 1)",
    "beyond the journal": "UPDATE audit_point SET entry_seq = 999 WHERE branch_id = 1",
}


@pytest.mark.parametrize("change", POINTS.values(), ids=POINTS)
def test_a_point_that_does_not_fit_asks_for_a_full_audit(tmp_path: Path, change: str) -> None:
    """It is a fault, and nothing is built on it."""
    clock, _, _ = a_world_that_went_on(tmp_path)
    tamper(tmp_path / "bank.db", change)

    report = audited(tmp_path, clock, since_last=True)

    assert {"point_differs"} == {fault.code for fault in report.faults if fault.place.startswith("lille")}
    (fault,) = (fault for fault in report.faults if fault.code == "point_differs")
    assert "a full audit is needed" in fault.detail
    assert not report.is_kept


def test_a_journal_rewritten_behind_the_point_does_not_fit_it(tmp_path: Path) -> None:
    """A perfect forgery changes the leaf at the point, or the balances that it goes on from."""
    clock = a_journal(tmp_path)
    assert audited(tmp_path, clock).is_kept
    tamper(tmp_path / "bank.db", "UPDATE posting SET amount = 500 WHERE branch_id = 1 AND entry_seq = 30")
    tamper(tmp_path / "bank.db", recompute)
    tamper(tmp_path / "bank.db", reseal)

    assert audited(tmp_path, clock, keep=False).ok
    assert not audited(tmp_path, clock, since_last=True).ok


def test_an_audit_that_cannot_leave_a_point_is_done_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that nobody may write to has its books proven as well."""
    clock = a_journal(tmp_path)
    bank: Bank = a_bank(tmp_path, clock=clock)
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as other:
        monkeypatch.setattr("timebank.storage.engine.BUSY_SECONDS", 0)
        other.execute("BEGIN IMMEDIATE")
        with bank.store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        report = bank.audits.run()
    bank.close()

    assert report.ok
    assert not report.is_kept


def test_the_end_of_a_journal_is_measured_before_it_is_cut(tmp_path: Path) -> None:
    """Rows outside the numbers, and an empty journal, are not taken by number."""
    whole = Extent(3, 1, 3, 1, 3)
    assert whole.is_whole(0)
    assert Extent(1, 1, 3, 1, 3).is_whole(2)
    assert Extent(0, None, None, None, None).is_whole(0)
    for odd in (
        Extent(2, 1, 3, 1, 3),
        Extent(3, 0, 3, 1, 3),
        Extent(3, 1, 3, 1, 4),
        Extent(3, 1, 3, 0, 3),
        Extent(0, None, None, 1, 1),
    ):
        assert not odd.is_whole(0)
    assert hasattr(Evidence, "extent")
