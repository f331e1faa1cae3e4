"""CSV: what a spreadsheet or a script gets."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import a_book, an_exchange

from timebank.care.member import Identity, Member, MemberKind
from timebank.ledger.statement import Period, StatementLine, statement_of
from timebank.reports.csv_out import (
    ACCOUNT_TITLES,
    ENTRY_TITLES,
    FORMULA_SIGNS,
    MEMBER_TITLES,
    NAME_TITLES,
    STATEMENT_TITLES,
    account_rows,
    cell_of,
    csv_text,
    entry_rows,
    member_rows,
    statement_rows,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SEPARATORS = st.sampled_from((",", ";", "\t", "|"))


@given(rows=st.lists(st.tuples(TEXTS, TEXTS, st.integers())), separator=SEPARATORS)
def test_every_cell_comes_back(rows: list[tuple[str, str, int]], separator: str) -> None:
    """Whatever people write, quotes, separators and line breaks included, a reader gets it back."""
    text = "".join(csv_text(("a", "b", "n"), rows, separator=separator))

    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))

    assert [["a", "b", "n"], *([cell_of(cell) for cell in row] for row in rows)] == found


@given(text=TEXTS)
def test_no_text_begins_like_a_formula(text: str) -> None:
    """A name is never run where the file is opened; the apostrophe tells what was escaped."""
    cell = cell_of(text)

    assert not cell.startswith(FORMULA_SIGNS)
    assert text == (cell.removeprefix("'") if text.startswith(FORMULA_SIGNS) else cell)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_each_sign_that_begins_a_formula_is_known(sign: str) -> None:
    """The signs of the field's advice on CSV injection, and the wide ones that a Japanese keyboard gives."""
    assert f"'{sign}1+1" == cell_of(f"{sign}1+1")


@given(number=st.integers())
def test_numbers_stay_numbers(number: int) -> None:
    """A balance of -90 is a number that we wrote, no formula: spreadsheets must be able to add it up."""
    assert str(number) == cell_of(number)


def test_lines_end_as_the_standard_says_and_the_mark_comes_first() -> None:
    """RFC 4180 has CR LF; spreadsheet programs know UTF-8 by a byte order mark, if they are given one."""
    assert "a,b\r\n1,\r\n" == "".join(csv_text(("a", "b"), [(1, None)]))
    assert "\ufeffa\r\n" == "".join(csv_text(("a",), [], has_bom=True))


def test_accounts_have_balances_and_limits() -> None:
    """Amounts are whole numbers; no limit is an empty cell."""
    book = a_book("member:m1:available", "member:m2:available")
    book.post(an_exchange(), recorded_at=datetime(2026, 6, 15, tzinfo=UTC))

    text = "".join(csv_text(ACCOUNT_TITLES, account_rows(book.accounts.values())))

    assert (
        "path,unit,balance,given,received,floor,warn_floor,warn_ceiling,ceiling,is_closed\r\n"
        "member:m1:available,min,90,90,0,,,,,false\r\n"
        "member:m2:available,min,-90,0,90,,,,,false\r\n"
    ) == text


def test_entries_have_a_row_for_each_posting() -> None:
    """`change` adds up to the balance; `amount` and `side` are as in the books."""
    book = a_book("member:m1:available", "member:m2:available")
    draft = an_exchange()
    entry = book.post(draft, recorded_at=datetime(2026, 6, 15, 12, 0, 0, 5, tzinfo=UTC))

    _, first, second = csv_text(ENTRY_TITLES, entry_rows([entry]))

    head = (
        "2026-06-15,2026-06-15T12:00:00Z,2026-06-15T12:00:00.000005Z,service,service 1,1,coordinator:desk,1,"
    )
    assert f"1,1,{head},member:m2:available,min,debit,90,-90,-90\r\n" == first
    assert f"1,2,{head},member:m1:available,min,credit,90,90,90\r\n" == second


def test_a_statement_has_its_opening_and_its_closing() -> None:
    """The first row plus all changes is the last row."""
    line = StatementLine(
        entry=7,
        effective_on=date(2026, 3, 1),
        recorded_at=datetime(2026, 3, 2, tzinfo=UTC),
        kind="service",
        cause="service 3",
        other_paths=("member:m2:available", "fund:club-tea"),
        change=-90,
        balance=0,
        reverses=None,
        reversed_by=9,
    )
    statement = statement_of(
        branch="lille",
        path="member:m1:available",
        unit="min",
        period=Period(first_on=date(2026, 3, 1), last_on=date(2026, 3, 31)),
        known_at=None,
        opening=30,
        lines=[line],
    )

    text = "".join(csv_text(STATEMENT_TITLES, statement_rows(statement)))

    assert (
        "what,path,unit,entry,effective_on,recorded_at,kind,cause,other_paths,change,balance,reverses,reversed_by\r\n"
        "opening,member:m1:available,min,,2026-03-01,,,,,,30,,\r\n"
        "entry,member:m1:available,min,7,2026-03-01,2026-03-02T00:00:00Z,service,service 3,"
        "member:m2:available fund:club-tea,-90,-60,,9\r\n"
        "closing,member:m1:available,min,,2026-03-31,,,,,,-60,,\r\n"
    ) == text


def test_names_are_there_only_if_asked_for() -> None:
    """A list of members is references; who wants names says so, and an erased person has none (I-10)."""
    member = Member(branch="lille", ref="m1", kind=MemberKind.PERSON, joined_on=date(2026, 3, 1))
    who = Identity(branch="lille", ref="m1", name="=SAMPLE()", phone="+33 6 00 00 00 00")
    rows = [(member, who), (member, None)]

    without = "".join(csv_text(MEMBER_TITLES, member_rows(rows, with_names=False)))
    names = "".join(csv_text((*MEMBER_TITLES, *NAME_TITLES), member_rows(rows, with_names=True)))

    assert "ref,kind,joined_on,left_on\r\nm1,person,2026-03-01,\r\nm1,person,2026-03-01,\r\n" == without
    assert (
        "ref,kind,joined_on,left_on,name,email,phone\r\n"
        "m1,person,2026-03-01,,'=SAMPLE(),,'+33 6 00 00 00 00\r\nm1,person,2026-03-01,,,,\r\n"
    ) == names
