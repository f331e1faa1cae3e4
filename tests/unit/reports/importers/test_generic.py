"""Any CSV file: columns named or recognised, in three languages."""

from datetime import UTC, date, datetime

import pytest
from tests.unit.reports.importers.writing import PARIS, csv_text

from timebank.errors import (
    AmbiguousLength,
    BadMapping,
    ColumnMissing,
    RepeatedTitle,
    UnknownColumn,
    UnknownField,
)
from timebank.reports.importers.cells import DateOrder
from timebank.reports.importers.generic import parse_mapping
from timebank.reports.importers.headers import (
    ACCOUNT_TITLES,
    EXCHANGE_TITLES,
    MEMBER_TITLES,
    is_data,
    plain,
)
from timebank.reports.importers.layouts import read_accounts, read_exchanges, read_members
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    FaultCode,
    Layout,
    MemberRow,
    Notice,
    NoticeCode,
    Party,
    PartyKind,
    RowFault,
)


def exchange(header: list[str], *cells: str, **mapping: str) -> ExchangeRow:
    """Read a file with one row of exchanges."""
    (row,) = read_exchanges(csv_text([header, list(cells)]).encode(), zone=PARIS, mapping=mapping)
    assert isinstance(row, ExchangeRow), row
    return row


def member(key: str) -> Party:
    """A member by key."""
    return Party(kind=PartyKind.MEMBER, key=key)


@pytest.mark.parametrize(
    "header",
    [
        ["Date", "Provider", "Recipient", "Hours", "Description", "Category", "Id", "Provider name"],
        [
            "DATE",
            "Aidant·e",
            " Bénéficiaire ",
            "Durée (heures)",
            "Libellé",
            "Catégorie",
            "Référence",
            "Nom de l’aidant",
        ],
        [
            "fecha",
            "proveedor",
            "receptor",
            "HORAS",
            "descripcion",
            "tipo",
            "referencia",
            "Nombre del proveedor",
        ],
    ],
)
def test_titles_are_recognised_in_three_languages(header: list[str]) -> None:
    """Without case, accents and spacing."""
    if header[1] == "Aidant·e":
        header = [header[0], "Aidante", *header[2:]]

    row = exchange(header, "2023-05-04", "M1", "M2", "1,5", "Sample", "shopping", "e1", "Sample One")

    assert (
        ExchangeRow(
            line=2,
            occurred_at=datetime(2023, 5, 4, 10, 0, tzinfo=UTC),
            minutes=90,
            provider=member("M1"),
            recipient=member("M2"),
            description="Sample",
            kind="shopping",
            external_id="e1",
        )
        == row
    )
    assert ("Sample One", "") == (row.provider.label, row.recipient.label)


def test_every_title_is_recognised() -> None:
    """No title of one field hides behind another field's, and no field of lengths is optional."""
    for titles, read in ((EXCHANGE_TITLES, read_exchanges), (MEMBER_TITLES, read_members)):
        owners: dict[str, str] = {}
        for field, known in titles.items():
            for title in known:
                assert field == owners.setdefault(plain(title), field), title
        assert callable(read)
    assert {"minutes", "hours", "duration"} <= EXCHANGE_TITLES.keys() & ACCOUNT_TITLES.keys()


def test_a_mapping_names_any_column() -> None:
    """And takes it away from the field that its title would mean."""
    row = exchange(
        ["Quand", "Provider", "Wer", "Temps", "Note", "Id"],
        "2023-05-04",
        "M1",
        "M2",
        "1:30",
        "text",
        "7",
        recipient="provider",
        provider="WER",
        duration="Temps",
        description="id",
    )

    assert (member("M2"), member("M1"), 90, "7", None) == (
        row.provider,
        row.recipient,
        row.minutes,
        row.description,
        row.external_id,
    )


def test_a_mapped_length_rules_out_the_others() -> None:
    """Files with a column of hours and one of minutes must say which is meant."""
    header = ["Date", "Provider", "Recipient", "Hours", "Minutes"]
    cells = ("2023-05-04", "M1", "M2", "1", "90")

    assert 90 == exchange(header, *cells, minutes="Minutes").minutes
    assert 60 == exchange(header, *cells, hours="Hours").minutes
    with pytest.raises(AmbiguousLength):
        exchange(header, *cells)
    with pytest.raises(AmbiguousLength):
        exchange(header, *cells, hours="Hours", minutes="Minutes")


@pytest.mark.parametrize("missing", ["Date", "Provider", "Recipient", "Minutes"])
def test_a_missing_column_is_named_with_those_there(missing: str) -> None:
    """So that the mapping can be written at once."""
    header = [title for title in ("Date", "Provider", "Recipient", "Minutes", "x" * 40) if title != missing]

    with pytest.raises(ColumnMissing, match=f"it has: {', '.join(header[:3])}, x{{30}}…") as caught:
        exchange(header, *header)
    assert missing.lower() in str(caught.value)


def test_a_first_line_of_values_is_not_shown() -> None:
    """It is no header, and holds names (I-10)."""
    header = ["2023-05-04", "Zebedee", "M2", "90"]

    with pytest.raises(ColumnMissing, match="holds values") as caught:
        exchange(header, *header)
    assert "Zebedee" not in str(caught.value)
    assert [True] * 4 == [
        is_data([title]) for title in ("1:30", "a@example.org", "Sample (12)", "04/05/2023")
    ]
    assert not is_data(["Date", "Durée (heures)", "N°", "Adresse 2"])


def test_a_mapping_must_fit() -> None:
    """A field that does not exist, a title that is not there or is there twice."""
    header = ["Date", "Provider", "Recipient", "Minutes"]

    with pytest.raises(UnknownField, match="provider"):
        exchange(header, *header, helper="Provider")
    with pytest.raises(UnknownColumn, match="it has: Date, Provider, Recipient, Minutes"):
        exchange(header, *header, provider="Helper")
    with pytest.raises(RepeatedTitle):
        exchange([*header, "PROVIDER"], *header, "x")
    with pytest.raises(RepeatedTitle):
        exchange([*header, "Note", "note"], *header, "x", "x", description="Note")


def test_mappings_are_written_with_an_equals_sign() -> None:
    """The title may hold one as well."""
    assert {"provider": "Who = helper", "date": "D"} == parse_mapping([" provider = Who = helper", "date=D"])
    for texts in (["provider"], ["=x"], ["provider="], ["date=a", "date=b"]):
        with pytest.raises(BadMapping):
            parse_mapping(texts)


def test_a_formula_is_text_in_text_and_a_fault_elsewhere() -> None:
    """Nothing here runs it, and history is kept as it was; writing CSV is where it must be disarmed."""
    header = ["Date", "Provider", "Recipient", "Minutes", "Description"]

    assert "=1+1" == exchange(header, "2023-05-04", "M1", "M2", "90", "=1+1").description
    (fault,) = read_exchanges(csv_text([header, ["2023-05-04", "M1", "M2", "=90", ""]]).encode(), zone=PARIS)
    assert isinstance(fault, RowFault)
    assert ("Minutes", FaultCode.BAD_DURATION) == (fault.column, fault.code)


def test_rows_that_move_nothing_or_repeat() -> None:
    """Zero is a notice; the same identifier twice is a fault; the same row twice, without one, is two."""
    header = ["Date", "Provider", "Recipient", "Minutes", "Id"]
    rows = [["2023-05-04", "M1", "M2", minutes, id_] for minutes, id_ in (("0", "1"), ("5", "2"), ("6", "2"))]

    zero, first, second = read_exchanges(csv_text([header, *rows]).encode(), zone=PARIS)

    assert isinstance(zero, Notice)
    assert NoticeCode.ZERO_QUANTITY is zero.code
    assert isinstance(first, ExchangeRow)
    assert isinstance(second, RowFault)
    assert (4, "Id", FaultCode.REPEATED_KEY) == (second.line, second.column, second.code)
    twice = csv_text([header[:4], rows[1][:4], rows[1][:4]]).encode()
    assert 2 == sum(isinstance(row, ExchangeRow) for row in read_exchanges(twice, zone=PARIS))


def test_the_order_of_dates_is_for_the_whole_file() -> None:
    """Named, not guessed row by row."""
    file = b"Date,Provider,Recipient,Minutes\n05/04/2023,M1,M2,90\n"

    (row,) = read_exchanges(file, zone=PARIS, dates=DateOrder.MONTH_FIRST)

    assert isinstance(row, ExchangeRow)
    assert datetime(2023, 5, 4, 10, 0, tzinfo=UTC) == row.occurred_at


def test_members_are_read_with_what_the_file_has() -> None:
    """A number and a name are enough."""
    file = "N°;Nom;Courriel;Tél.;Autre téléphone;Langue;Adhésion\nM1;Exemple Une;a@b;1;2;fr;01/02/2020\n"
    short = "Number,Name\nM1,Sample One\n"

    assert [
        MemberRow(
            line=2,
            key="M1",
            name="Exemple Une",
            email="a@b",
            phone="1",
            alternative_phone="2",
            language="fr",
            joined_on=date(2020, 2, 1),
        )
    ] == list(read_members(file.encode(), zone=PARIS))
    assert [MemberRow(line=2, key="M1", name="Sample One")] == list(read_members(short.encode(), zone=PARIS))


def test_broken_members_are_all_listed() -> None:
    """As for exchanges."""
    file = b"Number,Name,Email,Joined\nM1,A,,\nM1,,x,then\nM2\n"

    found = list(read_members(file, zone=PARIS))

    assert [
        (3, "Number", FaultCode.REPEATED_KEY),
        (3, "Name", FaultCode.MISSING),
        (3, "Email", FaultCode.BAD_EMAIL),
        (3, "Joined", FaultCode.BAD_DATE),
        (4, None, FaultCode.RAGGED_ROW),
    ] == [(row.line, row.column, row.code) for row in found if isinstance(row, RowFault)]
    with pytest.raises(ColumnMissing, match="recognised as name"):
        read_members(b"Number,Email\nM1,\n", zone=PARIS)
    (row,) = read_members(b"Number,Who\nM1,A\n", zone=PARIS, mapping={"name": "Who"})
    assert isinstance(row, MemberRow)


def test_balances_open_an_account() -> None:
    """Signed; a bare number needs a title that says hours or minutes."""
    file = "Membre;Solde (heures)\nM1;-1,5\nM2;1:30\nM1;1\nM3;x\nM4\n"

    found = list(read_accounts(file.encode(), zone=PARIS))

    assert [
        AccountRow(line=2, party=member("M1"), balance_minutes=-90),
        AccountRow(line=3, party=member("M2"), balance_minutes=90),
    ] == [row for row in found if isinstance(row, AccountRow)]
    assert [
        (4, "Membre", FaultCode.REPEATED_KEY),
        (5, "Solde (heures)", FaultCode.BAD_DURATION),
        (6, None, FaultCode.RAGGED_ROW),
    ] == [(row.line, row.column, row.code) for row in found if isinstance(row, RowFault)]
    plain_title = b"Member,Balance\nM1,-1h30\nM2,90\n"
    row, fault = read_accounts(plain_title, zone=PARIS)
    assert isinstance(row, AccountRow)
    assert isinstance(fault, RowFault)
    named = list(
        read_accounts(plain_title, zone=PARIS, layout=Layout.GENERIC, mapping={"minutes": "Balance"})
    )
    assert AccountRow(line=3, party=member("M2"), balance_minutes=90) == named[1]
