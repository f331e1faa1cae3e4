"""The quickest lane of the audit, on a file: it may be content only where the careful fold finds nothing."""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.builders import a_bank, address_in
from tests.integration.tampering import Change, copy_row, reseal, set_cell, tamper
from tests.integration.test_audits import CHANGES, HISTORY, a_journal, audited, carefully

from timebank.cli.main import main
from timebank.ledger.segments import Segment
from timebank.services import audits, early
from timebank.storage import catalogue, file_checks, folding, soundness, workers
from timebank.storage.columnar import ColumnFold
from timebank.storage.schema import HEAD
from timebank.storage.workers import Crew, FileTask, FoldTask, begin_early


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have sixty entries be many: chunks of three, and workers from one entry on."""
    monkeypatch.setattr(folding, "CHUNK", 3)
    monkeypatch.setattr(folding, "COLUMN_CHUNKS", 1)
    monkeypatch.setattr(audits, "BIG", 1)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return whether each chunk that is tried by column was accepted, from now on."""
    found: list[bool] = []
    take = ColumnFold.take

    def tell(fold: ColumnFold, *arguments: Any) -> bool:  # noqa: ANN401
        found.append(take(fold, *arguments))
        return found[-1]

    monkeypatch.setattr(ColumnFold, "take", tell)
    return found


def folded(folder: Path, first: int = 1, last: int = 60) -> Segment | None:
    """Fold a stretch as a worker does."""
    with closing(sqlite3.connect(folder / "bank.db")) as connection:
        rows = folding.JournalRows(connection, 1)
        return folding.fold_segment(rows, "lille", first, last, lambda _: None, is_typed=True)


Cell = tuple[str, tuple[object, ...], str, object]
"""Table, key, column, value."""
STRANGE: dict[str, Cell] = {
    "an amount that is bytes": ("posting", (1, 30, 2), "amount", b"39"),
    "a version that is bytes": ("posting", (1, 30, 1), "account_seq", b"4"),
    "a kind that is bytes": ("entry", (1, 30), "kind", b"service"),
    "a day that is bytes": ("entry", (1, 30), "effective_on", b"2024-03-11"),
    "a day that is missing": ("entry", (1, 30), "effective_on", None),
    "an amount that is missing": ("posting", (1, 30, 2), "amount", None),
    "a step that is no whole number": ("entry", (1, 30), "step", 30.5),
}


def test_an_imported_history_is_folded_by_column(
    tmp_path: Path, small_chunks: None, tried: list[bool]
) -> None:
    """Every chunk: the headers of the first say what all are like."""
    a_journal(tmp_path)

    segment = folded(tmp_path)

    assert segment is not None
    assert (1, 60) == (segment.first_seq, segment.last_seq)
    assert [True] * 20 == tried


def test_what_headers_have_in_common_is_learned_again(
    tmp_path: Path, small_chunks: None, tried: list[bool]
) -> None:
    """A second import is not like the first: one chunk is taken by row, then all by column again."""
    clock = a_journal(tmp_path)
    bank = a_bank(tmp_path, clock=clock)
    bank.imports.exchanges("lille", io.BytesIO(HISTORY.replace("2024", "2023").encode()))
    bank.close()

    assert folded(tmp_path, 1, 120) is not None

    assert [True] * (20 + 19) == tried


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_never_accepted_by_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None, tried: list[bool], change: str
) -> None:
    """Not by the lane, and the audit with its workers says what the careful fold says."""
    clock = a_journal(tmp_path)
    tamper(tmp_path / "bank.db", change.format(31))

    segment = folded(tmp_path)
    found = audited(tmp_path, clock, keep=False, workers=2).faults

    assert len(tried) > 9
    assert (change == "SELECT 1") == (segment is not None)
    assert carefully(monkeypatch, tmp_path, clock) == found


@pytest.mark.parametrize("cell", STRANGE.values(), ids=STRANGE)
def test_a_value_of_another_type_is_seen_by_the_check_of_the_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    small_chunks: None,
    cell: Cell,
) -> None:
    """The lane cannot tell bytes from text: what it found counts only where the file is sound."""
    clock = a_journal(tmp_path)
    assert set_cell(tmp_path / "bank.db", *cell)

    found = audited(tmp_path, clock, keep=False, workers=2).faults

    assert carefully(monkeypatch, tmp_path, clock) == found
    assert {"damaged"} < {fault.code for fault in found}


def test_what_was_found_by_column_is_not_used_where_the_file_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    """Bytes that read like the text: the lane is content, the careful fold is not."""
    clock = a_journal(tmp_path)
    assert set_cell(tmp_path / "bank.db", "entry", (1, 30), "effective_on", day_of(tmp_path, 30).encode())
    assert folded(tmp_path) is not None

    found = audited(tmp_path, clock, keep=False, workers=2).faults

    assert "lille entry 30" in {fault.place for fault in found}
    assert carefully(monkeypatch, tmp_path, clock) == found


def day_of(folder: Path, seq: int) -> str:
    """Return the day of an entry."""
    with closing(sqlite3.connect(folder / "bank.db")) as raw:
        query = "SELECT effective_on FROM entry WHERE branch_id = 1 AND seq = ?"
        return str(raw.execute(query, (seq,)).fetchone()[0])


UNCHECKED: dict[str, Change | str] = {
    "help that counts twice": "UPDATE entry SET counts_help = 2 WHERE branch_id = 1 AND seq = 30",
    "a reversal of nothing": "UPDATE entry SET kind = 'reversal' WHERE branch_id = 1 AND seq = 30",
    "a side": "UPDATE posting SET side = 'both' WHERE branch_id = 1 AND entry_seq = 30 AND line = 2",
    "a strange entry": lambda raw: copy_row(
        raw, "entry", "branch_id = 1 AND seq = 30", branch_id=9, counts_help=2
    ),
    "a strange posting": lambda raw: copy_row(
        raw, "posting", "branch_id = 1 AND entry_seq = 30 AND line = 2", branch_id=9, side="both"
    ),
    "an entry before the first": lambda raw: copy_row(
        raw, "entry", "branch_id = 1 AND seq = 30", seq=0, cause_ref="9", counts_help=2
    ),
}


@pytest.mark.parametrize("change", UNCHECKED.values(), ids=UNCHECKED)
@pytest.mark.parametrize("count", [0, 2])
def test_a_check_that_does_not_hold_is_found(
    tmp_path: Path,
    small_chunks: None,
    change: Change | str,
    count: int,
) -> None:
    """Of the journal, too, although the check of the pages leaves its CHECKs to the fold."""
    clock = a_journal(tmp_path)
    tamper(tmp_path / "bank.db", change)
    tamper(tmp_path / "bank.db", reseal)

    found = audited(tmp_path, clock, keep=False, workers=count, is_deep=False).faults

    assert [fault for fault in found if "CHECK constraint failed" in fault.detail]


def test_the_fold_spares_the_checks_of_a_journal_that_it_proves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    """SQLite takes longer for them than for all else in these tables; not in a journal that is in doubt."""
    clock = a_journal(tmp_path)
    asked: list[str] = []
    damages_of = file_checks.damages_of

    def tell(connection: sqlite3.Connection, part: str) -> Iterator[str]:
        asked.append(part)
        return damages_of(connection, part)

    monkeypatch.setattr("timebank.services.audit_file.damages_of", tell)
    assert audited(tmp_path, clock, keep=False, workers=0, is_deep=False).ok
    assert ["pages", "keys"] == asked
    tamper(tmp_path / "bank.db", CHANGES["an instant"].format(3))

    assert not audited(tmp_path, clock, keep=False, workers=0, is_deep=False).ok

    assert ["pages", "keys", "pages", "keys", "journal"] == asked


@pytest.mark.parametrize("table", ["entry", "posting"])
def test_rows_in_another_order_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None, tried: list[bool], table: str
) -> None:
    """SQLite says nothing of them when it looks at pages; no row is changed, and each is in its index."""
    clock = a_journal(tmp_path)
    swap_cells(tmp_path / "bank.db", table, at=20)

    segment = folded(tmp_path)
    found = audited(tmp_path, clock, keep=False, workers=2, is_deep=False).faults

    assert segment is None
    assert [False] == tried[-1:]
    assert found
    assert carefully(monkeypatch, tmp_path, clock)


def swap_cells(file: Path, table: str, *, at: int) -> None:
    """Exchange two neighbours on the first page of rows of a table: https://sqlite.org/fileformat.html."""
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = raw.execute("PRAGMA page_size").fetchone()
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    content = bytearray(file.read_bytes())
    start = size * (page - 1)
    while content[start] == 2:  # it only says where others are
        cell = start + int.from_bytes(content[start + 12 : start + 14], "big")
        start = size * (int.from_bytes(content[cell : cell + 4], "big") - 1)
    one = start + 8 + 2 * at
    content[one : one + 4] = content[one + 2 : one + 4] + content[one : one + 2]
    file.write_bytes(content)


# --- The schema as it ships --------------------------------------------------------------------------------


def test_the_catalogue_of_sqlite_is_what_the_migrations_make() -> None:
    """After changing a migration: `make docs`."""
    made = catalogue.text_of(soundness.made_on_sqlite())

    assert made == catalogue.text_in(catalogue.FILE, "sqlite")
    assert made == catalogue.text_of(soundness.expected_objects("sqlite"))
    assert HEAD > "0000"


def test_a_library_that_writes_a_schema_in_other_words_raises_no_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file differs from what ships, what the migrations make here decides."""
    clock = a_journal(tmp_path)
    other = {**soundness.expected_objects("sqlite"), ("table", "entry"): "CREATE TABLE entry (…)"}
    monkeypatch.setattr("timebank.services.audit_file.expected_objects", lambda _: other)
    assert audited(tmp_path, clock, keep=False).ok
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        raw.execute("DROP TRIGGER entry_never_updated")

    found = audited(tmp_path, clock, keep=False).faults

    assert ["database trigger entry_never_updated"] == [fault.place for fault in found]


# --- Beginning early ---------------------------------------------------------------------------------------


def test_a_large_file_is_begun_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    """What the worker finds before the file is opened is what the audit reports."""
    clock = a_journal(tmp_path)
    monkeypatch.setattr(workers, "LARGE", 1)
    monkeypatch.setattr(workers, "workers_here", lambda: 2)
    monkeypatch.setattr(audits, "workers_here", lambda: 2)
    crews: list[Crew | None] = []

    def begin(address: str, *, is_deep: bool) -> Crew | None:
        crews.append(begin_early(address, part="indexes" if is_deep else "pages"))
        return crews[-1]

    monkeypatch.setattr(early, "begin_early", begin)
    for options in ([], ["--deep"]):
        assert 0 == main(["--db", address_in(tmp_path), "audit", "--dry-run", *options])
    assert 0 == main(["--db", address_in(tmp_path), "audit", "--since-last", "--dry-run"])
    tamper(tmp_path / "bank.db", CHANGES["an amount"].format(30))
    assert 4 == main(["--db", address_in(tmp_path), "audit", "--dry-run"])

    assert [{"pages", "keys"}, {"indexes", "keys"}, {"pages", "keys"}] == [
        {task.part for task in crew.results if isinstance(task, FileTask)}
        for crew in crews
        if crew is not None
    ]
    assert audited(tmp_path, clock, keep=False).faults


ORPHAN = {"entry_seq": 999, "account_seq": 999}


def test_large_journals_are_begun_early_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    """What was folded of one that cannot be cut, or that has grown since, is not used."""
    clock = a_journal(tmp_path)
    monkeypatch.setattr(workers, "LARGE", 1)
    monkeypatch.setattr(workers, "MANY", 60)
    monkeypatch.setattr(workers, "workers_here", lambda: 2)
    monkeypatch.setattr(audits, "workers_here", lambda: 2)
    file = f"sqlite:///{tmp_path / 'bank.db'}"

    def begun() -> Crew:
        crew = begin_early(file, part="pages")
        assert crew is not None
        return crew

    crew = begun()
    assert audited(tmp_path, clock, keep=False, workers=2, crew=crew).ok
    folds = [task for task in crew.results if isinstance(task, FoldTask)]
    assert [1, 60] == [min(task.first for task in folds), max(task.last for task in folds)]
    assert len(folds) + 2 == len(crew.results), "nothing was folded twice"
    crew = begun()
    bank = a_bank(tmp_path, clock=clock)
    bank.imports.exchanges("lille", io.BytesIO(HISTORY.replace("2024", "2023").encode()))
    bank.close()
    assert audited(tmp_path, clock, keep=False, workers=2, crew=crew).ok
    crew = begun()
    tamper(
        tmp_path / "bank.db",
        lambda raw: copy_row(raw, "posting", "branch_id = 1 AND entry_seq = 30 AND line = 2", **ORPHAN),
    )
    assert "posting_orphan" in {
        fault.code for fault in audited(tmp_path, clock, keep=False, workers=2, crew=crew).faults
    }
    monkeypatch.setattr(workers, "JOURNALS", "SELECT nothing")
    assert {FileTask("pages")} == begun().finish().keys()


def test_a_crew_on_another_file_or_another_schema_is_sent_home(tmp_path: Path, small_chunks: None) -> None:
    """What it found is of something else."""
    clock = a_journal(tmp_path)
    with closing(sqlite3.connect(tmp_path / "bank.db")) as raw:
        (cookie,) = raw.execute("PRAGMA schema_version").fetchone()
    elsewhere = Crew(workers.how_to_open(tmp_path / "other.db"))
    elsewhere.cookie = cookie
    before = Crew(workers.how_to_open(tmp_path / "bank.db"))
    before.cookie = cookie - 1
    here = Crew(workers.how_to_open(tmp_path / "bank.db"))
    here.cookie = cookie

    for crew, is_used in ((elsewhere, False), (before, False), (here, True)):
        assert audited(tmp_path, clock, keep=False, workers=1, crew=crew).ok
        assert is_used == bool(crew.results)


def test_only_a_large_sqlite_file_that_readers_may_share_is_begun_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens the file says what is wrong with it, and nobody waits for a reader."""
    a_journal(tmp_path)
    file = tmp_path / "bank.db"
    monkeypatch.setattr(workers, "workers_here", lambda: 2)
    assert begin_early("postgresql://example.org/bank", part="pages") is None
    assert begin_early(f"sqlite:///{tmp_path / 'nothing.db'}", part="pages") is None
    assert begin_early(f"sqlite:///{tmp_path}", part="pages") is None
    assert begin_early(f"sqlite:///{file}", part="pages") is None, "small"
    monkeypatch.setattr(workers, "LARGE", 1)
    crew = begin_early(f"sqlite:///{file}", part="pages")
    assert crew is not None
    assert {FileTask("pages"): ()} == crew.finish()

    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    assert begin_early(f"sqlite:///{file}", part="pages") is None
    monkeypatch.setattr(workers, "workers_here", lambda: 0)
    assert begin_early(f"sqlite:///{file}", part="pages") is None


def test_workers_that_nobody_waits_for_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may be refused after they have begun."""
    monkeypatch.setattr(workers, "PROGRAM", "import time; time.sleep(60) # {path!r}")
    crew = Crew(workers.how_to_open(tmp_path / "bank.db"))
    crew.give([FileTask("pages")], to=1)
    while not crew._workers:
        pass

    crew.dismiss()

    assert {} == crew.finish()
