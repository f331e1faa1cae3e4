"""Imports of exchanges: all or nothing, twice changes nothing, and balances are the fold of the file."""

import io
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import a_bank
from tests.integration.importing import (
    BRANCH,
    DATA,
    ENGLISH,
    GENERIC,
    KOMUNITIN,
    Row,
    a_report,
    an_empty_branch,
    csv_of,
    dump,
    exchanges,
    folded,
    names,
    of_members,
    refused,
)

from timebank.errors import (
    BadReference,
    ImportRefused,
    NotAllowed,
    TimebankError,
    UnknownBranch,
)
from timebank.reports.importers.model import FaultCode, Layout
from timebank.services.bank import Bank


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Open a bank with one branch and nobody in it."""
    bank = an_empty_branch(tmp_path)
    yield bank
    bank.close()


NUMBERS = st.integers(1, 12)
MOMENTS = st.datetimes(datetime(2014, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EXCHANGES = st.lists(
    st.tuples(MOMENTS, NUMBERS, NUMBERS, st.integers(1, 600)).filter(lambda each: each[1] != each[2]),
    min_size=1,
    max_size=25,
)


@settings(max_examples=15)
@given(EXCHANGES, st.sampled_from(Layout), st.randoms(use_true_random=False))
def test_balances_are_the_fold_of_the_file(
    drawn: list[tuple[datetime, int, int, int]], layout: Layout, chance: random.Random
) -> None:
    """I-4: however the file is written and in whatever order, each balance is what the rows add up to."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        bank = an_empty_branch(folder)
        # Hours with two decimals are whole minutes at multiples of three only.
        rows = [
            (at, a, b, minutes * 3 if layout is Layout.KOMUNITIN else minutes) for at, a, b, minutes in drawn
        ]
        content = written(rows, layout)

        report = exchanges(bank, content)
        expected = folded((str(helped), str(helper), minutes) for _, helped, helper, minutes in rows)
        found = {key_of(bank, ref, layout): minutes for ref, minutes in of_members(bank).items()}
        before = dump(folder)
        shuffled = rows[:]
        chance.shuffle(shuffled)
        again = exchanges(bank, written(shuffled, layout) if layout is not Layout.KOMUNITIN else content)

        assert expected == found
        assert len(rows) == report.rows_new == again.rows_known
        assert sum(minutes for *_, minutes in rows) == sum(
            account.given for account in bank.accounts.list(BRANCH)
        )
        assert bank.audits.run(keep=False).ok
        assert before == dump(folder)
        bank.close()


def written(rows: list[tuple[datetime, int, int, int]], layout: Layout) -> bytes:
    """Write (instant, helped, helper, minutes) as another system would."""
    if layout is Layout.TIMEOVERFLOW:
        cells: list[Row] = [
            (f"{at:%Y-%m-%d %H:%M:%S} UTC", f"A ({helped})", f"B ({helper})", "", f"{m // 60}:{m % 60:02}")
            for at, helped, helper, m in rows
        ]
        return csv_of(ENGLISH, *cells)
    if layout is Layout.KOMUNITIN:
        cells = [
            (
                number,
                f"{at:%Y-%m-%dT%H:%M:%S}Z",
                "committed",
                f"{m // 3 * 5 // 100}.{m // 3 * 5 % 100:02}",
                "",
                a,
                b,
            )
            for number, (at, a, b, m) in enumerate(rows)
        ]
        return csv_of(KOMUNITIN, *cells)
    return csv_of(GENERIC, *((f"{at:%Y-%m-%d}", helper, helped, m) for at, helped, helper, m in rows))


def key_of(bank: Bank, ref: str, layout: Layout) -> str:
    """Return the number that a member had in the file."""
    return str(names(bank)[ref]) if layout is not Layout.TIMEOVERFLOW else ref.removeprefix("m")


# --- All or nothing -----------------------------------------------------------------------------------


def test_every_bad_row_is_named_and_nothing_is_written(bank: Bank, tmp_path: Path) -> None:
    """One round of repairs must be enough; until then the books are untouched."""
    before = dump(tmp_path)

    faults = refused(bank, (DATA / "exchanges-with-faults.csv").read_bytes())

    expected = [
        (3, "date", FaultCode.BAD_DATE),
        (4, "hours", FaultCode.BAD_DURATION),
        (4, "provider", FaultCode.MISSING),
        (6, "recipient", FaultCode.SAME_PARTY),
        (7, None, FaultCode.RAGGED_ROW),
        (8, "date", FaultCode.DATE_ORDER),
        (9, "date", FaultCode.MISSING_TIME),
    ]
    assert expected == faults
    assert before == dump(tmp_path)


def test_a_bad_row_at_the_end_undoes_the_thousands_before_it(bank: Bank, tmp_path: Path) -> None:
    """Rows are written in chunks; a fault in a later one takes back the earlier ones."""
    good = [("2023-05-04", "A", "B", minutes) for minutes in range(1, 2_100)]
    before = dump(tmp_path)

    faults = refused(bank, csv_of(GENERIC, *good, ("2023-05-04", "A", "B", "x"), ("x", "A", "B", "1")))

    assert [(2_101, "minutes", FaultCode.BAD_DURATION), (2_102, "date", FaultCode.BAD_DATE)] == faults
    assert before == dump(tmp_path)
    assert 2_099 == exchanges(bank, csv_of(GENERIC, *good)).last_entry


def test_the_count_is_of_rows_not_of_faults(bank: Bank) -> None:
    """A row with two faults is one row to mend."""
    with pytest.raises(ImportRefused) as error:
        exchanges(bank, csv_of(GENERIC, ("x", "A", "B", "x")))

    assert (1, 2) == (error.value.count, len(error.value.faults))


@pytest.mark.parametrize("crash", [KeyboardInterrupt, ZeroDivisionError, MemoryError])
def test_a_crash_in_the_middle_leaves_nothing(bank: Bank, tmp_path: Path, crash: type[BaseException]) -> None:
    """Whatever stops an import, the next one starts from books that never saw it."""
    content = csv_of(GENERIC, *(("2023-05-04", "A", "B", minutes) for minutes in range(1, 2_100)))
    before = dump(tmp_path)

    def fall(rows: int) -> None:
        if rows == 2_000:
            raise crash

    with pytest.raises(crash):
        exchanges(bank, content, progress=fall)

    assert before == dump(tmp_path)
    assert 2_099 == exchanges(bank, content).rows_new


def test_progress_counts_rows(bank: Bank) -> None:
    """Now and then, up to the last row."""
    told: list[int] = []
    rows = [("2023-05-04", "A", "B", minutes) for minutes in range(1, 1_500)]

    exchanges(bank, csv_of(GENERIC, *rows), progress=told.append)

    assert [1_000, 1_499] == told


def test_a_dry_run_reports_the_same_and_writes_nothing(bank: Bank, tmp_path: Path) -> None:
    """What would happen is found out by doing all of it."""
    trial = a_bank(tmp_path, is_dry_run=True)
    content = a_report(("A (1)", "B (2)", "1:00"), ("B (2)", "Sample Bank", "0:30"))
    before = dump(tmp_path)

    report = exchanges(trial, content)

    assert before == dump(tmp_path)
    assert report == exchanges(bank, content)
    assert 2 == report.rows_new


def test_a_closed_account_takes_no_history(bank: Bank, tmp_path: Path) -> None:
    """Who closed it should know: the line is named with the account, and nothing was written."""
    exchanges(bank, a_report(("A (1)", "B (2)", "1:00"), ("B (2)", "A (1)", "1:00")))
    bank.accounts.close(BRANCH, "member:m1:available")
    before = dump(tmp_path)

    with pytest.raises(ImportRefused) as error:
        exchanges(bank, a_report(("C (3)", "B (2)", "0:15"), ("A (1)", "B (2)", "0:20")))

    (fault,) = error.value.faults
    assert (3, FaultCode.REFUSED) == (fault.line, fault.code)
    assert "member:m1:available" in fault.reason
    assert before == dump(tmp_path)


@pytest.mark.parametrize(
    ("error", "branch", "options"),
    [
        (UnknownBranch, "brest", {}),
        (NotAllowed, BRANCH, {"by": "member:m1"}),
        (BadReference, BRANCH, {"source": "North"}),
        (BadReference, BRANCH, {"source": ""}),
    ],
)
def test_who_may_not_import_changes_nothing(
    bank: Bank, tmp_path: Path, error: type[TimebankError], branch: str, options: dict[str, Any]
) -> None:
    """A source that can be written in two ways would one day be, and everything imported twice."""
    content = io.BytesIO(a_report(("A (1)", "B (2)", "1:00")))
    before = dump(tmp_path)

    with pytest.raises(error):
        bank.imports.exchanges(branch, content, **options)

    assert before == dump(tmp_path)


# --- Twice changes nothing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["timeoverflow-transfers.fr.csv", "komunitin-transfers.csv", "exchanges.es.cp1252.csv"]
)
def test_the_same_file_twice_changes_nothing(bank: Bank, tmp_path: Path, name: str) -> None:
    """I-9: not a row anywhere, not even a note that somebody tried."""
    content = (DATA / name).read_bytes()
    first = exchanges(bank, content)
    before = dump(tmp_path)

    again = exchanges(bank, content)

    assert before == dump(tmp_path)
    assert (0, first.rows_new, ()) == (again.rows_new, again.rows_known, again.new_paths)
    assert (None, None) == (again.first_entry, again.last_entry)


def test_a_longer_report_adds_only_its_new_rows(bank: Bank) -> None:
    """Practise today, import again on the day of the move; old rows may have new words meanwhile."""
    exchanges(bank, a_report(("A (1)", "B (2)", "1:00", "Reading"), ("B (2)", "C (3)", "0:30")))

    report = exchanges(
        bank,
        a_report(
            ("The user isn't active", "B (2)", "1:00", "Another title"),
            ("B (2)", "C Renamed (3)", "0:30"),
            ("C Renamed (3)", "D (4)", "0:20"),
        ),
    )

    assert (1, 2, 3, 3) == (report.rows_new, report.rows_known, report.first_entry, report.last_entry)
    assert ("member:m4:available",) == report.new_paths
    assert {"m1": -60, "m2": 30, "m3": 10, "m4": 20} == of_members(bank)


def test_equal_rows_are_as_many_exchanges_as_there_are_rows(bank: Bank) -> None:
    """Two hours on one day are not one hour written twice; a third one later is one more."""
    row = ("2023-05-04", "A", "B", "60")

    exchanges(bank, csv_of(GENERIC, row, row))
    report = exchanges(bank, csv_of(GENERIC, row, row, row))

    assert (1, 2) == (report.rows_new, report.rows_known)
    assert [-180, 180] == sorted(of_members(bank).values())


def test_two_banks_of_one_system_are_told_apart_by_source(bank: Bank) -> None:
    """Both have a member 1, and both had an hour at ten o'clock."""
    north, south = a_report(("A (1)", "B (2)", "1:00")), a_report(("Y (1)", "Z (2)", "1:00"))

    reports = [
        exchanges(bank, content, source=source)
        for content, source in ((north, "north"), (south, "south"), (north, "north"), (south, "south"))
    ]

    assert [1, 1, 0, 0] == [report.rows_new for report in reports]
    assert Counter({"A": -60, "B": 60, "Y": -60, "Z": 60}) == Counter(
        {str(name): of_members(bank)[ref] for ref, name in names(bank).items()}
    )


@pytest.mark.parametrize("column", ["created", "amount", "payer.code", "payee.code"])
def test_an_exchange_that_says_something_else_now_is_refused(bank: Bank, tmp_path: Path, column: str) -> None:
    """An entry is never changed (I-2): somebody has to look, and reverse it."""
    row = dict(
        zip(KOMUNITIN, ("x1", "2023-05-04T10:00:00Z", "committed", "1.00", "", "S1", "S2"), strict=True)
    )
    changed = {"created": "2023-05-05T10:00:00Z", "amount": "2.00"}
    other = row | {column: changed.get(column, "S3")}
    exchanges(bank, csv_of(KOMUNITIN, tuple(row.values())))
    exchanges(bank, csv_of(KOMUNITIN, ("x2", *tuple(row.values())[1:-1], "S3")))
    before = dump(tmp_path)

    faults = refused(bank, csv_of(KOMUNITIN, tuple(other.values())))

    assert [(2, None, FaultCode.CHANGED)] == faults
    assert before == dump(tmp_path)


def test_new_words_are_no_other_exchange(bank: Bank) -> None:
    """Only what moved hours is compared."""
    exchanges(bank, csv_of(KOMUNITIN, ("x1", "2023-05-04T10:00:00Z", "committed", "1.00", "a", "S1", "S2")))

    report = exchanges(
        bank, csv_of(KOMUNITIN, ("x1", "2023-05-04T10:00:00Z", "committed", "1.00", "b", "S1", "S2"))
    )

    assert (0, 1) == (report.rows_new, report.rows_known)
