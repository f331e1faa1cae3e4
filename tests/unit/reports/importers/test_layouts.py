"""Laws over all layouts: what was written comes back, and what is broken is named."""

import dataclasses
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reports.importers.writing import (
    PARIS,
    Cells,
    csv_text,
    exchanges,
    generic_cells,
    komunitin_cells,
    line_of,
    members,
    timeoverflow_cells,
    timeoverflow_parties,
)

from timebank.errors import (
    ColumnMissing,
    LayoutWithoutMembers,
    MappingNotForLayout,
    NotATable,
    TableEmpty,
    TimebankError,
    WrongLayout,
)
from timebank.reports.importers.headers import TIMEOVERFLOW_TRANSFERS
from timebank.reports.importers.layouts import read_accounts, read_exchanges, read_members
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    Layout,
    MemberRow,
    Notice,
    NoticeCode,
    Party,
    PartyKind,
    RowFault,
)

SAMPLES = Path(__file__).parents[3] / "data" / "imports"
FORMS = st.tuples(
    st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
    st.sampled_from((",", ";", "\t", "|")),
    st.sampled_from(("\n", "\r\n", "\r")),
)
Rows = list[ExchangeRow]


def unplaced(found: object) -> ExchangeRow:
    """Return an exchange without its line and its identifier."""
    assert isinstance(found, ExchangeRow), found
    return dataclasses.replace(found, line=0, external_id=None)


def as_accounts(rows: Rows) -> Rows:
    """Return the exchanges between account codes instead of members."""

    def account(party: Party) -> Party:
        return Party(kind=PartyKind.ACCOUNT, key=party.key)

    return [
        dataclasses.replace(row, provider=account(row.provider), recipient=account(row.recipient))
        for row in rows
    ]


@given(
    exchanges(timeoverflow_parties("utf-8"), codec="utf-8"), FORMS, st.sampled_from(TIMEOVERFLOW_TRANSFERS)
)
def test_timeoverflow_round_trip(rows: Rows, form: tuple[str, str, str], titles: Sequence[str]) -> None:
    """A report in any language, encoding and separator says the same as the bank's own books."""
    encoding, separator, newline = form
    file = csv_text(timeoverflow_cells(rows, titles), separator=separator, newline=newline).encode(encoding)

    found = read_exchanges(file, zone=PARIS)

    assert Layout.TIMEOVERFLOW is found.layout
    assert rows == [unplaced(row) for row in found]


@given(exchanges(members(), codec="utf-8", minutes=st.integers(1, 9_999).map(lambda n: n * 3)), FORMS)
def test_komunitin_round_trip(rows: Rows, form: tuple[str, str, str]) -> None:
    """As above; the payer was helped and the payee helped."""
    encoding, separator, newline = form
    file = csv_text(komunitin_cells(rows), separator=separator, newline=newline).encode(encoding)

    found = read_exchanges(file, zone=PARIS)

    assert Layout.KOMUNITIN is found.layout
    assert as_accounts(rows) == [unplaced(row) for row in found]


@given(exchanges(members(), codec="utf-8"), FORMS)
def test_generic_round_trip(rows: Rows, form: tuple[str, str, str]) -> None:
    """As above, for a file with titles that are recognised."""
    encoding, separator, newline = form
    file = csv_text(generic_cells(rows), separator=separator, newline=newline).encode(encoding)

    found = read_exchanges(file, zone=PARIS)

    assert Layout.GENERIC is found.layout
    assert rows == [unplaced(row) for row in found]


@given(exchanges(timeoverflow_parties("cp1252"), codec="cp1252"))
def test_a_named_encoding_is_used(rows: Rows) -> None:
    """Spreadsheets still save Windows-1252."""
    file = csv_text(timeoverflow_cells(rows)).encode("cp1252")

    found = read_exchanges(file, zone=PARIS, encoding="windows-1252")

    assert rows == [unplaced(row) for row in found]


@given(exchanges(members(), codec="ascii"), st.text("éèàçêûÉ", min_size=1))
def test_windows_1252_is_guessed_and_said(rows: Rows, accents: str) -> None:
    """What is not UTF-8 is most often Windows-1252; a guess about names must not be silent."""
    rows[0] = dataclasses.replace(rows[0], description=accents)
    file = csv_text([["Date", "Aidant", "Receveur", "Minutes", "Objet"], *generic_cells(rows)[1:]]).encode(
        "cp1252"
    )

    notice, *found = read_exchanges(file, zone=PARIS)

    assert isinstance(notice, Notice)
    assert NoticeCode.GUESSED_ENCODING is notice.code
    assert rows == [unplaced(row) for row in found]


GARBAGE = st.sampled_from(
    ("?", "=cmd|' /C calc'!A0", "x" * 300, "2023-13-41", "1:75", "1,2,3", "١:٣٠", "12:00 12:00")
)
BROKEN_CELLS: list[tuple[Callable[[Rows], Cells], int, st.SearchStrategy[str]]] = [
    (timeoverflow_cells, 0, GARBAGE | st.just("")),
    (timeoverflow_cells, 0, st.just("2023-05-04")),
    (timeoverflow_cells, 1, st.sampled_from(("", " ", "x" * 201))),
    (timeoverflow_cells, 2, st.sampled_from(("", " ", "x" * 201))),
    (timeoverflow_cells, 4, GARBAGE | st.sampled_from(("", "-1:30", "90", "1.5", "999999999:00"))),
    (komunitin_cells, 0, st.sampled_from(("", "x" * 201))),
    (komunitin_cells, 1, GARBAGE | st.just("")),
    (komunitin_cells, 3, st.sampled_from(("", "done", "COMMITTED"))),
    (komunitin_cells, 4, GARBAGE | st.sampled_from(("", "1,50", "-1.00", "0.01", "9999999.00", "1:30"))),
    (komunitin_cells, 9, st.sampled_from(("", "x" * 201))),
    (komunitin_cells, 11, st.sampled_from(("", "x" * 201))),
    (
        generic_cells,
        0,
        GARBAGE | st.sampled_from(("", "12/31/2023", "31/12/1969", "31/02/2023", "26/03/2023 02:30")),
    ),
    (generic_cells, 1, st.sampled_from(("", "x" * 201))),
    (generic_cells, 2, st.sampled_from(("", "x" * 201))),
    (generic_cells, 3, GARBAGE | st.sampled_from(("", "-5", "1.5", "100000001"))),
    (generic_cells, 4, st.sampled_from(("\x00", "a\x07b", "x" * 65_537))),
]


@pytest.mark.parametrize(("write", "column", "garbage"), BROKEN_CELLS)
@given(data=st.data())
def test_one_broken_cell_is_one_fault(
    data: st.DataObject, write: Callable[[Rows], Cells], column: int, garbage: st.SearchStrategy[str]
) -> None:
    """Whoever repairs a file needs the line and the column, and the other rows must not suffer."""
    minutes = st.integers(1, 9_999).map(lambda n: n * 3)
    cells = write(data.draw(exchanges(members(), codec="ascii", minutes=minutes)))
    row = data.draw(st.integers(1, len(cells) - 1))
    cells[row][column] = data.draw(garbage)

    found = list(read_exchanges(csv_text(cells).encode(), zone=PARIS))

    faults = [fault for fault in found if isinstance(fault, RowFault)]
    assert [(line_of(cells, row), cells[0][column])] == [(fault.line, fault.column) for fault in faults]
    assert len(cells) - 2 == sum(isinstance(other, ExchangeRow) for other in found)


@given(st.data())
def test_a_row_has_its_line_in_the_file(data: st.DataObject) -> None:
    """Cells with line ends, and empty lines, do not shift what follows."""
    rows = data.draw(exchanges(members(), codec="utf-8"))
    cells = generic_cells(rows)
    empty = data.draw(st.integers(0, 3))
    file = "\n" * empty + csv_text(cells)

    found = [row.line for row in read_exchanges(file.encode(), zone=PARIS) if isinstance(row, ExchangeRow)]

    assert [line_of(cells, number) + empty for number in range(1, len(cells))] == found


def walked(file: bytes, *, layout: Layout | None, encoding: str | None) -> None:
    """Read a file for every job, and walk all of it; an error is one sentence."""
    sentences = []
    for read in (read_exchanges, read_members, read_accounts):
        try:
            list(read(file, zone=PARIS, layout=layout, encoding=encoding))
        except TimebankError as error:
            sentences.append(str(error))
    assert all("\n" not in sentence and len(sentence) < 1_000 for sentence in sentences)


LAYOUTS = st.none() | st.sampled_from(Layout)
ENCODINGS = st.none() | st.sampled_from(
    ("utf-8", "utf-16", "utf-16-le", "cp1252", "shift_jis", "euc-jp", "cp850")
)


@given(st.binary(max_size=300), LAYOUTS, ENCODINGS)
def test_any_bytes_end_in_rows_or_a_sentence(
    file: bytes, layout: Layout | None, encoding: str | None
) -> None:
    """Somebody will try a picture. The answer is one clear sentence, never a trace."""
    walked(file, layout=layout, encoding=encoding)


@given(
    exchanges(timeoverflow_parties("utf-8"), codec="utf-8"),
    st.sampled_from((timeoverflow_cells, komunitin_cells, generic_cells)),
    st.integers(0, 2**32),
    LAYOUTS,
    ENCODINGS,
)
def test_any_damage_ends_in_rows_or_a_sentence(
    rows: Rows, write: Callable[[Rows], Cells], seed: int, layout: Layout | None, encoding: str | None
) -> None:
    """As above, for files that were sound once: bytes changed, lost and repeated."""
    file = bytearray(csv_text(write(rows)).encode())
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(file))
        file[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3)) + chance.choice(
            (b"", b'"', b"\x00", b"\r", b",", "é".encode())
        )
    walked(bytes(file), layout=layout, encoding=encoding)


@pytest.mark.parametrize("layout", [None, *Layout])
def test_a_file_of_another_format_is_told_apart(layout: Layout | None) -> None:
    """The usual mistakes have a sentence of their own."""
    for magic, word in (
        (b"\x89PNG\r\n", "picture"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "spreadsheet"),
    ):
        with pytest.raises(NotATable, match=word):
            read_exchanges(magic + bytes(range(256)), zone=PARIS, layout=layout)
    with pytest.raises(NotATable, match="UTF-16"):
        read_exchanges("Date,From,To,Post,Quantity\n".encode("utf-16-le"), zone=PARIS, layout=layout)


@pytest.mark.parametrize(
    "file", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"date,provider,recipient,minutes\n", b",,\n"]
)
def test_a_file_without_rows_is_refused_at_once(file: bytes) -> None:
    """An empty file is a mistake, not an import of nothing; it is known before anything is written."""
    with pytest.raises((TableEmpty, ColumnMissing)):
        read_exchanges(file, zone=PARIS)


def test_a_mapping_and_a_known_layout_exclude_one_another() -> None:
    """A mapping that would be ignored must not look as if it was used."""
    file = b"Date,From,To,Post,Quantity\n2023-05-04 10:11:12 UTC,A (1),B (2),,1:00\n"

    with pytest.raises(MappingNotForLayout):
        read_exchanges(file, zone=PARIS, layout=Layout.TIMEOVERFLOW, mapping={"provider": "To"})
    # Without a named layout, the mapping says that it is a file of somebody's own.
    mapping = {"provider": "To", "recipient": "From", "duration": "Quantity"}
    assert Layout.GENERIC is read_exchanges(file, zone=PARIS, mapping=mapping).layout


def test_a_named_layout_must_fit() -> None:
    """Columns that are read by position must be there, and Komunitin has no names to import."""
    file = b"date,provider,recipient,minutes\n2023-05-04,A,B,60\n"

    for layout in (Layout.TIMEOVERFLOW, Layout.KOMUNITIN):
        with pytest.raises(WrongLayout):
            read_exchanges(file, zone=PARIS, layout=layout)
        with pytest.raises(WrongLayout):
            read_accounts(file, zone=PARIS, layout=layout)
    with pytest.raises(LayoutWithoutMembers):
        read_members(file, zone=PARIS, layout=Layout.KOMUNITIN)


def test_the_file_stays_open_and_the_callers(tmp_path: Path) -> None:
    """The caller reads it twice: first for faults, then to write."""
    with (SAMPLES / "komunitin-transfers.csv").open("rb") as file:
        first = list(read_exchanges(file, zone=PARIS))
        unfinished = read_exchanges(file, zone=PARIS)
        del unfinished
        second = list(read_exchanges(file, zone=PARIS))

        assert first == second
        assert not file.closed


def balances_of(rows: Sequence[object]) -> dict[str, int]:
    """Add up exchanges by the key of the party."""
    balances: dict[str, int] = {}
    for row in rows:
        if isinstance(row, ExchangeRow):
            balances[row.provider.key] = balances.get(row.provider.key, 0) + row.minutes
            balances[row.recipient.key] = balances.get(row.recipient.key, 0) - row.minutes
    return balances


@pytest.mark.parametrize(
    ("layout", "transfers", "accounts"),
    [
        (Layout.TIMEOVERFLOW, "timeoverflow-transfers.fr.csv", "timeoverflow-members.fr.csv"),
        (Layout.KOMUNITIN, "komunitin-transfers.csv", "komunitin-accounts.csv"),
    ],
)
def test_exchanges_add_up_to_the_balances(layout: Layout, transfers: str, accounts: str) -> None:
    """The direction of every row, and what moves nothing, agree with the other system's own list."""
    with (SAMPLES / transfers).open("rb") as file:
        balances = balances_of(list(read_exchanges(file, zone=PARIS)))

    with (SAMPLES / accounts).open("rb") as file:
        stated = [
            row for row in read_accounts(file, zone=PARIS, layout=layout) if isinstance(row, AccountRow)
        ]

    assert 3 == len(stated)
    assert {row.party.key: row.balance_minutes for row in stated} == {
        row.party.key: balances[row.party.key] for row in stated
    }


def test_each_sample_is_read_whole() -> None:
    """The samples that the documentation names."""
    with (SAMPLES / "exchanges.es.cp1252.csv").open("rb") as file:
        minutes = [row.minutes for row in read_exchanges(file, zone=PARIS) if isinstance(row, ExchangeRow)]
    with (SAMPLES / "members.fr.csv").open("rb") as file:
        keys = [row.key for row in read_members(file, zone=PARIS) if isinstance(row, MemberRow)]
    with (SAMPLES / "opening-balances.en.csv").open("rb") as file:
        opening = [
            row.balance_minutes for row in read_accounts(file, zone=PARIS) if isinstance(row, AccountRow)
        ]

    assert [90, 45, 135] == minutes
    assert ["M1", "M2", "M3"] == keys
    assert [-90, 90, 0] == opening


def test_every_fault_of_a_file_is_listed() -> None:
    """Nobody wants to find them one run at a time."""
    with (SAMPLES / "exchanges-with-faults.csv").open("rb") as file:
        found = list(read_exchanges(file, zone=PARIS))

    assert [
        (3, "date", "bad_date"),
        (4, "provider", "missing"),
        (4, "hours", "bad_duration"),
        (6, "recipient", "same_party"),
        (7, None, "ragged_row"),
        (8, "date", "date_order"),
        (9, "date", "missing_time"),
    ] == [(fault.line, fault.column, fault.code) for fault in found if isinstance(fault, RowFault)]


def test_no_fault_quotes_a_cell() -> None:
    """A shifted column can put a name anywhere (I-10)."""
    secret = "Zebedee"
    for cells in (timeoverflow_cells([]), komunitin_cells([]), generic_cells([])):
        width = len(cells[0])
        rows = [[secret] * width, [secret] * (width + 1), [f"{secret}\x00"] * width]
        text = csv_text([cells[0], *rows]) + f'"{secret}"{secret}\n'

        found = list(read_exchanges(text.encode(), zone=PARIS))

        assert all(isinstance(fault, RowFault) for fault in found)
        assert secret not in repr(found)
