"""Imports of exchanges: as it was, all or nothing, twice changes nothing."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import TODAY, a_bank
from tests.integration.importing import (
    BRANCH,
    DATA,
    ENGLISH,
    FRENCH,
    SPANISH,
    Row,
    a_report,
    an_empty_branch,
    balances,
    csv_of,
    dump,
    exchanges,
    folded,
    names,
    of_members,
)

from timebank.errors import BadReference, ImportRefused, NotAllowed, TimebankError, UnknownBranch
from timebank.reports.importers.model import FaultCode, Layout, NoticeCode
from timebank.services.bank import Bank

GENERIC = ("date", "provider", "recipient", "minutes")
KOMUNITIN = ("id", "created", "state", "amount", "description", "payer.code", "payee.code")


def refused(bank: Bank, content: bytes, **how: object) -> list[tuple[int, str | None, FaultCode]]:
    """Import what must be refused; returns line, column and code of each fault."""
    with pytest.raises(ImportRefused) as error:
        exchanges(bank, content, **how)
    return [(fault.line, fault.column, fault.code) for fault in error.value.faults]


# --- What it means ------------------------------------------------------------------------------------


def test_from_was_helped_and_to_helped(tmp_path: Path) -> None:
    """TimeOverflow's From pays To: the other way round, everybody's hours would be somebody else's debt."""
    bank = an_empty_branch(tmp_path)

    exchanges(bank, a_report(("Helped (1)", "Helper (2)", "1:30")))

    helped, helper = (bank.accounts.show(BRANCH, f"member:{ref}:available") for ref in ("m1", "m2"))
    assert (-90, 0, 90) == (helped.balance, helped.given, helped.received)
    assert (90, 90, 0) == (helper.balance, helper.given, helper.received)
    assert {"m1": "Helped", "m2": "Helper"} == names(bank)


def test_a_whole_report_gives_the_balances_that_its_system_shows(tmp_path: Path) -> None:
    """By hand, from the sample: own fund, two ways of leaving, nothing for zero, a post over two lines."""
    bank = a_bank(tmp_path)
    bank.branches.create(BRANCH, name="Banque de temps Exemple")

    report = exchanges(bank, (DATA / "timeoverflow-transfers.fr.csv").read_bytes())

    expected = {
        "fund:branch": -240,
        "member:m1:available": 75,
        "member:m2:available": 250,
        "member:m3:available": -45,
        "suspense:left-deleted": 20,
        "suspense:left-inactive": -60,
    }
    assert expected == balances(bank)
    assert (Layout.TIMEOVERFLOW, 6, 0) == (report.layout, report.rows_new, report.rows_known)
    assert (1, 6) == (report.first_entry, report.last_entry)
    assert expected.keys() == set(report.new_paths)
    assert Counter(
        {NoticeCode.BOTH_LEFT: 1, NoticeCode.ZERO_QUANTITY: 1, NoticeCode.LEFT_TOGETHER: 2}
    ) == Counter(notice.code for notice in report.notices)
    assert bank.audits.run().ok


@pytest.mark.parametrize("titles", [ENGLISH, FRENCH, SPANISH])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_report_in_any_dress_is_the_same_report(
    tmp_path: Path, titles: Row, encoding: str, separator: str
) -> None:
    """Language, encoding and separator are the coordinator's computer, not the exchange."""
    bank = an_empty_branch(tmp_path)
    rows = (("José, dit « Pépé » (7)", "Zoë Exemple (8)", "0:45", "Thé; et; lecture"),)

    exchanges(bank, a_report(*rows, titles=titles, encoding=encoding, separator=separator))

    assert {"m7": -45, "m8": 45} == of_members(bank)
    assert {"m7": "José, dit « Pépé »", "m8": "Zoë Exemple"} == names(bank)


def test_in_komunitin_the_payer_was_helped(tmp_path: Path) -> None:
    """Payer to payee, committed transfers only; the other states are said and move nothing."""
    bank = an_empty_branch(tmp_path)

    report = exchanges(bank, (DATA / "komunitin-transfers.csv").read_bytes())

    by_code = {name: of_members(bank)[ref] for ref, name in names(bank).items()}
    assert {"SMPL0001": -90, "SMPL0002": 75, "SMPL0003": 15} == by_code
    assert {NoticeCode.NOT_COMMITTED} == {notice.code for notice in report.notices}


def test_a_file_of_ones_own_is_read_by_a_mapping(tmp_path: Path) -> None:
    """Whatever the columns are called, and whoever is named how."""
    bank = an_empty_branch(tmp_path)
    content = csv_of(("Tag", "Von", "Für", "Std"), ("04.05.2023", "Änne Muster", "Bo Muster", "1,5"))
    mapping = {"date": "Tag", "provider": "Von", "recipient": "Für", "hours": "Std"}

    exchanges(bank, content, mapping=mapping)

    assert {"Änne Muster": 90, "Bo Muster": -90} == {
        name: of_members(bank)[ref] for ref, name in names(bank).items()
    }
    assert date(2023, 5, 4) == bank.entries.show(BRANCH, 1).effective_on


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
        assert bank.audits.run().ok
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
            (number, f"{at:%Y-%m-%dT%H:%M:%S}Z", "committed", f"{m // 3 * 5 // 100}.{m // 3 * 5 % 100:02}", "", a, b)
            for number, (at, a, b, m) in enumerate(rows)
        ]
        return csv_of(KOMUNITIN, *cells)
    return csv_of(GENERIC, *((f"{at:%Y-%m-%d}", helper, helped, m) for at, helped, helper, m in rows))


def key_of(bank: Bank, ref: str, layout: Layout) -> str:
    """Return the number that a member had in the file."""
    return str(names(bank)[ref]) if layout is not Layout.TIMEOVERFLOW else ref.removeprefix("m")


# --- All or nothing -----------------------------------------------------------------------------------


def test_every_bad_row_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """One round of repairs must be enough; until then the books are untouched."""
    bank = an_empty_branch(tmp_path)
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


def test_a_bad_row_at_the_end_undoes_the_thousands_before_it(tmp_path: Path) -> None:
    """Rows are written in chunks; a fault in a later one takes back the earlier ones."""
    bank = an_empty_branch(tmp_path)
    good = [("2023-05-04", "A", "B", minutes) for minutes in range(1, 2_100)]
    before = dump(tmp_path)

    faults = refused(bank, csv_of(GENERIC, *good, ("2023-05-04", "A", "B", "x"), ("x", "A", "B", "1")))

    assert [(2_101, "minutes", FaultCode.BAD_DURATION), (2_102, "date", FaultCode.BAD_DATE)] == faults
    assert before == dump(tmp_path)
    assert 2_099 == exchanges(bank, csv_of(GENERIC, *good)).last_entry


def test_the_count_is_of_rows_not_of_faults(tmp_path: Path) -> None:
    """A row with two faults is one row to mend."""
    bank = an_empty_branch(tmp_path)

    with pytest.raises(ImportRefused) as error:
        exchanges(bank, csv_of(GENERIC, ("x", "A", "B", "x")))

    assert (1, 2) == (error.value.count, len(error.value.faults))


@pytest.mark.parametrize("crash", [KeyboardInterrupt, ZeroDivisionError, MemoryError])
def test_a_crash_in_the_middle_leaves_nothing(tmp_path: Path, crash: type[BaseException]) -> None:
    """Whatever stops an import, the next one starts from books that never saw it."""
    bank = an_empty_branch(tmp_path)
    content = csv_of(GENERIC, *(("2023-05-04", "A", "B", minutes) for minutes in range(1, 2_100)))
    before = dump(tmp_path)

    def fall(rows: int) -> None:
        if rows == 2_000:
            raise crash

    with pytest.raises(crash), (tmp_path / "file.csv").open("w+b") as file:
        file.write(content)
        bank.imports.exchanges(BRANCH, file, progress=fall)

    assert before == dump(tmp_path)
    assert 2_099 == exchanges(bank, content).rows_new


def test_progress_counts_rows(tmp_path: Path) -> None:
    """Now and then, up to the last row."""
    bank = an_empty_branch(tmp_path)
    told: list[int] = []
    file = (tmp_path / "file.csv").open("w+b")
    with file:
        file.write(csv_of(GENERIC, *(("2023-05-04", "A", "B", minutes) for minutes in range(1, 1_500))))
        bank.imports.exchanges(BRANCH, file, progress=told.append)

    assert [1_000, 1_499] == told


def test_a_dry_run_reports_the_same_and_writes_nothing(tmp_path: Path) -> None:
    """What would happen is found out by doing all of it."""
    bank = an_empty_branch(tmp_path)
    trial = a_bank(tmp_path, is_dry_run=True)
    content = a_report(("A (1)", "B (2)", "1:00"), ("B (2)", "Sample Bank", "0:30"))
    before = dump(tmp_path)

    report = exchanges(trial, content)

    assert before == dump(tmp_path)
    assert report == exchanges(bank, content)
    assert 2 == report.rows_new


@pytest.mark.parametrize(
    ("error", "options"),
    [
        (UnknownBranch, {"branch": "brest"}),
        (NotAllowed, {"by": "member:m1"}),
        (BadReference, {"source": "North"}),
        (BadReference, {"source": ""}),
    ],
)
def test_who_may_not_import_changes_nothing(
    tmp_path: Path, error: type[TimebankError], options: dict[str, str]
) -> None:
    """A source that can be written in two ways would one day be, and everything imported twice."""
    bank = an_empty_branch(tmp_path)
    file = tmp_path / "file.csv"
    file.write_bytes(a_report(("A (1)", "B (2)", "1:00")))
    before = dump(tmp_path)

    with pytest.raises(error), file.open("rb") as stream:
        bank.imports.exchanges(options.pop("branch", BRANCH), stream, **options)

    assert before == dump(tmp_path)


# --- Twice changes nothing ----------------------------------------------------------------------------

FILES = {
    "timeoverflow-transfers.fr.csv": {},
    "komunitin-transfers.csv": {},
    "exchanges.es.cp1252.csv": {},
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_file_twice_changes_nothing(tmp_path: Path, name: str) -> None:
    """I-9: not a row anywhere, not even a note that somebody tried."""
    bank = an_empty_branch(tmp_path)
    content = (DATA / name).read_bytes()
    first = exchanges(bank, content)
    before = dump(tmp_path)

    again = exchanges(bank, content)

    assert before == dump(tmp_path)
    assert (0, first.rows_new, ()) == (again.rows_new, again.rows_known, again.new_paths)
    assert (None, None) == (again.first_entry, again.last_entry)


def test_a_longer_report_adds_only_its_new_rows(tmp_path: Path) -> None:
    """Practise today, import again on the day of the move; old rows may have changed their words meanwhile."""
    bank = an_empty_branch(tmp_path)
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


def test_equal_rows_are_as_many_exchanges_as_there_are_rows(tmp_path: Path) -> None:
    """Two hours on one day are not one hour written twice; a third one later is one more."""
    bank = an_empty_branch(tmp_path)
    row = ("2023-05-04", "A", "B", "60")

    exchanges(bank, csv_of(GENERIC, row, row))
    report = exchanges(bank, csv_of(GENERIC, row, row, row))

    assert (1, 2) == (report.rows_new, report.rows_known)
    assert [-180, 180] == sorted(of_members(bank).values())


def test_two_banks_of_one_system_are_told_apart_by_source(tmp_path: Path) -> None:
    """Both have a member 1, and both had an hour at ten o'clock."""
    bank = an_empty_branch(tmp_path)
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
def test_an_exchange_that_says_something_else_now_is_refused(tmp_path: Path, column: str) -> None:
    """An entry is never changed (I-2): somebody has to look, and reverse it."""
    bank = an_empty_branch(tmp_path)
    row = dict(zip(KOMUNITIN, ("x1", "2023-05-04T10:00:00Z", "committed", "1.00", "", "S1", "S2"), strict=True))
    changed = {"created": "2023-05-05T10:00:00Z", "amount": "2.00"}
    other = row | {column: changed.get(column, "S3")}
    exchanges(bank, csv_of(KOMUNITIN, tuple(row.values())))
    exchanges(bank, csv_of(KOMUNITIN, ("x2", *tuple(row.values())[1:-1], "S3")))
    before = dump(tmp_path)

    faults = refused(bank, csv_of(KOMUNITIN, tuple(other.values())))

    assert [(2, None, FaultCode.CHANGED)] == faults
    assert before == dump(tmp_path)


def test_new_words_are_no_other_exchange(tmp_path: Path) -> None:
    """Only what moved hours is compared."""
    bank = an_empty_branch(tmp_path)
    exchanges(bank, csv_of(KOMUNITIN, ("x1", "2023-05-04T10:00:00Z", "committed", "1.00", "a", "S1", "S2")))

    report = exchanges(
        bank, csv_of(KOMUNITIN, ("x1", "2023-05-04T10:00:00Z", "committed", "1.00", "b", "S1", "S2"))
    )

    assert (0, 1) == (report.rows_new, report.rows_known)


# --- As it was ----------------------------------------------------------------------------------------


def test_history_outside_the_limits_is_listed_not_refused(tmp_path: Path) -> None:
    """It happened; today's limits count from today on."""
    bank = an_empty_branch(tmp_path)
    limits = bank.accounts

    report = exchanges(bank, a_report(("A (1)", "B (2)", "1:00"), ("A (1)", "B (2)", "9000:00")))

    floor = limits.show(BRANCH, "member:m1:available").limits.floor
    assert floor is not None
    assert floor > -540_060
    assert (BRANCH, "member:m1:available", -540_060) in report.outside_limits
    assert bank.audits.run().ok


def test_an_entry_keeps_the_day_and_says_where_it_is_from(tmp_path: Path) -> None:
    """The day is the branch's: 23:30 UTC is the next day in Paris. The cause is the import and the row."""
    bank = an_empty_branch(tmp_path)
    content = csv_of(
        ENGLISH,
        ("2023-05-04 23:30:00 UTC", "A (1)", "B (2)", "", "1:00"),
        ("2023-05-06 10:00:00 UTC", "A (1)", "B (2)", "", "1:00"),
    )

    exchanges(bank, content)
    exchanges(bank, a_report(("A (1)", "B (2)", "1:15")))

    entries = [bank.entries.show(BRANCH, seq) for seq in (1, 2, 3)]
    assert [date(2023, 5, 5), date(2023, 5, 6), date(2023, 5, 4)] == [each.effective_on for each in entries]
    assert [("1", 1), ("1", 2), ("2", 1)] == [(each.cause.ref, each.cause.step) for each in entries]
    assert {"import"} == {each.cause.kind for each in entries}


@pytest.mark.parametrize(
    ("zone", "when", "code"),
    [
        ("Europe/Paris", "1969-12-31 12:00:00 UTC", FaultCode.DATE_BEYOND_RANGE),
        ("America/Cayenne", "1970-01-01 01:00:00 UTC", FaultCode.DATE_BEYOND_RANGE),
        ("Europe/Paris", "2026-06-16 08:00:00 UTC", FaultCode.DATE_IN_FUTURE),
        ("Europe/Paris", "2026-06-15 22:00:00 UTC", FaultCode.DATE_IN_FUTURE),
        ("Europe/Paris", "2200-12-31 23:59:59 UTC", FaultCode.DATE_BEYOND_RANGE),
    ],
)
def test_a_day_that_no_history_can_have_is_a_fault(
    tmp_path: Path, zone: str, when: str, code: FaultCode
) -> None:
    """A year typed wrong would stand in the books for ever; before 1970 nothing is kept."""
    bank = an_empty_branch(tmp_path, zone=zone)

    faults = refused(bank, csv_of(ENGLISH, (when, "A (1)", "B (2)", "", "1:00")))

    assert [(2, code)] == [(line, found) for line, _, found in faults]


def test_today_is_no_future(tmp_path: Path) -> None:
    """A date alone is noon, which may be still to come; the day counts."""
    bank = an_empty_branch(tmp_path)
    late = f"{TODAY} 21:59:59 UTC"

    exchanges(bank, csv_of(ENGLISH, (late, "A (1)", "B (2)", "", "1:00")))

    assert TODAY == bank.entries.show(BRANCH, 1).effective_on


def test_whoever_is_met_joined_on_the_first_day_the_file_names_them(tmp_path: Path) -> None:
    """Reports come newest first or oldest first, and are longer than a chunk."""
    bank = an_empty_branch(tmp_path)
    first = date(2020, 1, 1)
    days = [first + timedelta(days=number) for number in range(1_500)]
    rows = [(day, "A", "B" if day < days[700] else "C", "5") for day in days]

    exchanges(bank, csv_of(GENERIC, *reversed(rows)))

    joined = {
        view.identity.name: view.member.joined_on for view in bank.members.list(BRANCH) if view.identity
    }
    assert {"A": first, "B": first, "C": days[700]} == joined
