"""TimeOverflow: who helped whom, in every language, and who cannot be known any more."""

from datetime import UTC, date, datetime

import pytest
from tests.unit.reports.importers.writing import PARIS, csv_text

from timebank.errors import NoHeader, WrongLayout
from timebank.reports.importers import timeoverflow
from timebank.reports.importers.headers import LEFT_SENTENCES
from timebank.reports.importers.layouts import read_accounts, read_exchanges, read_members
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    FaultCode,
    FoundExchange,
    Layout,
    MemberRow,
    Notice,
    NoticeCode,
    Party,
    PartyKind,
    RowFault,
)

HEADER = ["Date", "From", "To", "Post", "Quantity"]
WHEN = "2023-05-04 10:11:12 UTC"
MEMBERS_HEADER = [
    "N",
    "Username",
    "Email",
    "Phone",
    "Alternative phone",
    "Created",
    "Last",
    "Locale",
    "Balance",
]


def read(
    *rows: list[str], header: list[str] | None = None, left: tuple[str, ...] = ()
) -> list[FoundExchange]:
    """Read a transfers report."""
    file = csv_text([header or HEADER, *rows]).encode()
    return list(read_exchanges(file, zone=PARIS, layout=Layout.TIMEOVERFLOW, left_sentences=left))


def the_row(found: list[FoundExchange]) -> ExchangeRow:
    """Return the only thing found, an exchange."""
    (row,) = found
    assert isinstance(row, ExchangeRow), row
    return row


def member(number: int) -> Party:
    """A member by number."""
    return Party(kind=PartyKind.MEMBER, key=str(number))


def test_from_was_helped_and_to_helped() -> None:
    """From pays To: read the other way round, every balance has the wrong sign."""
    row = the_row(read([WHEN, "Sample One (1)", "Sample Two (2)", "Shopping", "1:30"]))

    assert (member(2), member(1)) == (row.provider, row.recipient)
    assert (90, "Shopping", datetime(2023, 5, 4, 10, 11, 12, tzinfo=UTC)) == (
        row.minutes,
        row.description,
        row.occurred_at,
    )
    assert ("Sample Two", "Sample One") == (row.provider.label, row.recipient.label)


@pytest.mark.parametrize(
    ("cell", "key", "label"),
    [
        ("Sample (the elder) (12)", "12", "Sample (the elder)"),
        ('Sample "Sam", One (12)', "12", 'Sample "Sam", One'),
        ("Sample(12)", "12", "Sample"),
        (" (12) ", "12", ""),
        ("Sample (3) (0012)", "12", "Sample (3)"),
        ("Sample\nOne (12)", "12", "Sample One"),
    ],
)
def test_a_member_is_the_number_in_the_last_parentheses(cell: str, key: str, label: str) -> None:
    """The name is displayed, and may be anything."""
    provider = the_row(read([WHEN, "Bank", cell, "", "1:00"])).provider

    assert (PartyKind.MEMBER, key, label) == (provider.kind, provider.key, provider.label)


@pytest.mark.parametrize(
    "cell", ["Bank of Samples", "Samples (North)", "Samples (12", "Samples (12) North", "(x)"]
)
def test_a_bare_name_is_an_organisation(cell: str) -> None:
    """The bank's own account pays the hours of welcome."""
    provider = the_row(read([WHEN, "Sample (1)", cell, "", "1:00"])).provider

    assert Party(kind=PartyKind.ORGANISATION, key=cell) == provider


@pytest.mark.parametrize(("sentence", "way"), LEFT_SENTENCES.items())
def test_whoever_left_is_known_by_the_way_out(sentence: str, way: str) -> None:
    """In every language, with either apostrophe: the same report in another language has the same keys."""
    for cell in (sentence, sentence.replace("'", "’"), f" {sentence.upper()} "):
        assert (
            Party(kind=PartyKind.LEFT, key=way)
            == the_row(read([WHEN, "Sample (1)", cell, "", "1:00"])).provider
        )


def test_other_sentences_can_be_named() -> None:
    """A bank may have changed its translation."""
    row = the_row(read([WHEN, "Sample (1)", "ANCIEN MEMBRE", "", "1:00"], left=("Ancien membre",)))

    assert Party(kind=PartyKind.LEFT, key="ancien membre") == row.provider


def test_two_who_left_are_not_the_same() -> None:
    """They stand under one sentence, so that their exchange changes nothing: no fault of the file."""
    left = "The user isn't active"

    (notice,) = read([WHEN, left, left, "", "1:00"])

    assert isinstance(notice, Notice)
    assert (2, NoticeCode.BOTH_LEFT) == (notice.line, notice.code)
    assert isinstance(the_row(read([WHEN, left, "The user no longer exists", "", "1:00"])), ExchangeRow)


@pytest.mark.parametrize(("one", "other"), [("Sample (1)", "Renamed (1)"), ("Bank", "Bank")])
def test_nobody_pays_themselves(one: str, other: str) -> None:
    """The number counts, not the name."""
    (fault,) = read([WHEN, one, other, "", "1:00"])

    assert isinstance(fault, RowFault)
    assert (2, "To", FaultCode.SAME_PARTY) == (fault.line, fault.column, fault.code)


def test_nothing_is_a_notice() -> None:
    """A transfer of 0 stands in real reports; it is said, and does not stop the import."""
    found = read([WHEN, "A (1)", "B (2)", "", "0"], [WHEN, "A (1)", "B (2)", "", "0:00"])

    assert [(2, NoticeCode.ZERO_QUANTITY), (3, NoticeCode.ZERO_QUANTITY)] == [
        (notice.line, notice.code) for notice in found if isinstance(notice, Notice)
    ]


def test_a_header_of_an_unknown_language_is_read_by_position() -> None:
    """With a notice, because another file could have five columns too."""
    row = [WHEN, "A (1)", "B (2)", "", "1:00"]

    notice, found = read(row, header=["Datum", "Von", "An", "Anzeige", "Menge"])

    assert isinstance(notice, Notice)
    assert (1, NoticeCode.UNKNOWN_HEADER) == (notice.line, notice.code)
    assert member(2) == the_row([found]).provider
    assert [the_row(read(row))] == read(row, header=["DATE ", "from", "To:", "post", "quantity"])


def test_a_report_without_header_is_refused() -> None:
    """Its first row would be lost, and its names shown as titles."""
    with pytest.raises(NoHeader):
        read([WHEN, "A (1)", "B (2)", "", "1:00"], header=[WHEN, "C (3)", "D (4)", "", "0:30"])
    with pytest.raises(WrongLayout, match="5 columns"):
        read([WHEN, "A (1)", "B (2)", "1:00"], header=["Date", "From", "To", "Quantity"])


def test_all_faults_of_a_row_are_listed() -> None:
    """In the order of the columns."""
    found = read(["?", "", "", "", "?"])

    assert ["Date", "From", "To", "Quantity"] == [
        fault.column for fault in found if isinstance(fault, RowFault)
    ]


@pytest.mark.parametrize("kept", [0, 3, timeoverflow.PARTIES_KEPT])
def test_what_is_remembered_while_reading_changes_nothing(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    """A bank has a few hundred members; a file of strangers must not fill the memory."""
    monkeypatch.setattr(timeoverflow, "PARTIES_KEPT", kept)

    found = read(*[[WHEN, f"A ({number % 7 + 10})", f"B ({number % 5})", "", "1:00"] for number in range(40)])

    assert [str(number % 5) for number in range(40)] == [the_row([row]).provider.key for row in found]


def members_file(*rows: list[str]) -> bytes:
    """Write a members report."""
    return csv_text([MEMBERS_HEADER, *rows]).encode()


def test_members_are_read_by_position() -> None:
    """The titles are translated; a member joined on the day of the branch's zone."""
    file = members_file(
        ["0012", "Sample One", "one@example.org", "1", "2", "2022-12-31 23:30:00 UTC", "x", "fr", "-5400"],
        ["13", "Sample Two", "", "", "", "", "", "", "0"],
    )

    first, second = read_members(file, zone=PARIS, layout=Layout.TIMEOVERFLOW)

    assert (
        MemberRow(
            line=2,
            key="12",
            name="Sample One",
            email="one@example.org",
            phone="1",
            alternative_phone="2",
            language="fr",
            joined_on=date(2023, 1, 1),
            balance_minutes=-90,
        )
        == first
    )
    assert MemberRow(line=3, key="13", name="Sample Two", balance_minutes=0) == second
    assert [
        AccountRow(line=2, party=member(12), balance_minutes=-90),
        AccountRow(line=3, party=member(13), balance_minutes=0),
    ] == list(read_accounts(file, zone=PARIS, layout=Layout.TIMEOVERFLOW))


@pytest.mark.parametrize(
    ("column", "garbage", "code"),
    [
        (0, "", FaultCode.MISSING),
        (0, "M12", FaultCode.BAD_NUMBER),
        (0, "01", FaultCode.REPEATED_KEY),
        (1, "", FaultCode.MISSING),
        (2, "none", FaultCode.BAD_EMAIL),
        (3, "x" * 201, FaultCode.CELL_TOO_LONG),
        (4, "x" * 201, FaultCode.CELL_TOO_LONG),
        (5, "then", FaultCode.BAD_DATE),
        (7, "x" * 201, FaultCode.CELL_TOO_LONG),
        (8, "", FaultCode.BAD_NUMBER),
        (8, "59", FaultCode.NOT_WHOLE_MINUTES),
    ],
)
def test_a_broken_member_is_one_fault(column: int, garbage: str, code: FaultCode) -> None:
    """With the title of the column in the language of the report."""
    sound = ["1", "Sample One", "", "", "", "", "", "", "0"]
    broken = ["2", "Sample Two", "", "", "", "", "", "", "0"]
    broken[column] = garbage
    file = members_file(sound, broken)

    for read_any in (read_members, read_accounts):
        _, fault = read_any(file, zone=PARIS, layout=Layout.TIMEOVERFLOW)

        assert isinstance(fault, RowFault)
        assert (3, MEMBERS_HEADER[column], code) == (fault.line, fault.column, fault.code)


def test_members_without_header_are_refused() -> None:
    """Their titles would be names."""
    sound = ["1", "Sample One", "one@example.org", "", "", "", "", "", "0"]

    with pytest.raises(NoHeader):
        read_members(csv_text([sound, sound]).encode(), zone=PARIS, layout=Layout.TIMEOVERFLOW)
    _, fault = read_members(members_file(sound, ["1"]), zone=PARIS, layout=Layout.TIMEOVERFLOW)
    assert isinstance(fault, RowFault)
    assert FaultCode.RAGGED_ROW is fault.code
