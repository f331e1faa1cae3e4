"""Cells: lengths of time, dates and text as other people write them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.reports.importers.writing import PARIS

from timebank.reports.importers.cells import (
    DateOrder,
    FirstLines,
    Lengths,
    Moments,
    Refused,
    email_of,
    exact_hours,
    exact_seconds,
    key_of,
    name_of,
    optional_line,
    quantity,
    text_of,
)
from timebank.reports.importers.model import FaultCode

MINUTES = Lengths(bare_hours=False)
HOURS = Lengths(bare_hours=True)
DURATIONS = Lengths(bare_hours=None)
BALANCES = Lengths(bare_hours=True, is_signed=True)
NOON = datetime(2023, 5, 4, 10, 0, tzinfo=UTC)


def code_of(parse: Callable[[str], object], text: str) -> FaultCode:
    """Return the code with which a cell is refused."""
    with pytest.raises(Refused) as caught:
        parse(text)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1:30", 90),
        ("1h30", 90),
        ("1,5 h", 90),
        (" 1 h 30 min ", 90),
        ("01:30:00", 90),
        ("90 min", 90),
        ("0:00", 0),
    ],
)
def test_a_length_with_a_unit_needs_no_hint(text: str, minutes: int) -> None:
    """Whatever the column is called, 1:30 is an hour and a half."""
    assert [minutes] * 3 == [lengths(text) for lengths in (MINUTES, HOURS, DURATIONS)]


def test_a_bare_number_is_what_the_column_says() -> None:
    """Minutes or hours; and where the title does not say, nobody guesses."""
    assert 2 == MINUTES("2")
    assert 120 == HOURS("2")
    assert [90, 90, 15, 30] == [HOURS(text) for text in ("1,5", "1.5", "0.25", "0,50")]
    assert FaultCode.BAD_DURATION is code_of(DURATIONS, "2")
    assert FaultCode.BAD_DURATION is code_of(MINUTES, "1,5")


@pytest.mark.parametrize(
    ("lengths", "text", "code"),
    [
        (HOURS, "0.33", FaultCode.NOT_WHOLE_MINUTES),
        (HOURS, "1,500", FaultCode.NOT_WHOLE_MINUTES),
        (HOURS, "9999999", FaultCode.DURATION_BEYOND_RANGE),
        (MINUTES, "100000001", FaultCode.DURATION_BEYOND_RANGE),
        (MINUTES, "-5", FaultCode.BAD_DURATION),
        (HOURS, "-1.5", FaultCode.BAD_DURATION),
        (HOURS, "1:30:15", FaultCode.BAD_DURATION),
        (HOURS, "one", FaultCode.BAD_DURATION),
        (BALANCES, "--1", FaultCode.BAD_DURATION),
        (BALANCES, "+1", FaultCode.BAD_DURATION),
        (MINUTES, "  ", FaultCode.MISSING),
    ],
)
def test_no_length_is_guessed(lengths: Lengths, text: str, code: FaultCode) -> None:
    """The code says what to repair."""
    assert code is code_of(lengths, text)


def test_a_balance_may_be_negative() -> None:
    """With either minus, in every way of writing."""
    assert [-90, -90, -90, 90, 0] == [
        BALANCES(text) for text in ("-1.5", "\u22121:30", "-1:30:00", "1,5", "-0")
    ]


@pytest.mark.parametrize("text", ["1:75", "1.5", "90", "-1:30", "1:5", "1h30", "0:0", "00", "1:30:15"])
def test_timeoverflow_writes_quantities_in_one_way(text: str) -> None:
    """A bare 90 there would be something else than a quantity."""
    assert FaultCode.BAD_DURATION is code_of(quantity, text)


def test_a_quantity_is_hours_and_minutes() -> None:
    """With the seconds that a spreadsheet adds, and 0 for nothing."""
    assert [90, 90, 0, 6000] == [quantity(text) for text in (" 1:30", "1:30:00", "0", "100:00")]
    assert FaultCode.MISSING is code_of(quantity, " ")


@given(st.integers(-100_000_000, 100_000_000), st.integers(0, 4))
def test_decimal_hours_are_exact(minutes: int, zeros: int) -> None:
    """No float comes near them: what is a whole number of minutes is read, the rest refused."""
    hours = Fraction(minutes, 60)
    hundredths = hours * 100
    if hundredths.denominator == 1:
        whole, rest = divmod(abs(int(hundredths)), 100)
        assert minutes == exact_hours(f"{'-' if minutes < 0 else ''}{whole}.{rest:02}{'0' * zeros}")
    else:
        cut = abs(int(hundredths))
        assert FaultCode.NOT_WHOLE_MINUTES is code_of(exact_hours, f"{cut // 100}.{cut % 100:02}1")


@pytest.mark.parametrize(
    "text", ["", "1,5", "1:30", "1.", ".5", "1e3", "nan", "+1", "1 000", "1" * 13, "--1"]
)
def test_what_is_no_decimal_is_refused(text: str) -> None:
    """Komunitin writes one way."""
    assert FaultCode.BAD_NUMBER is code_of(exact_hours, text)


def test_seconds_are_whole_minutes() -> None:
    """TimeOverflow keeps seconds and shows minutes."""
    assert [90, -90, 0] == [exact_seconds(text) for text in ("5400", "-5400", "0")]
    assert FaultCode.NOT_WHOLE_MINUTES is code_of(exact_seconds, "5401")
    assert FaultCode.BAD_NUMBER is code_of(exact_seconds, "1:30")
    assert FaultCode.DURATION_BEYOND_RANGE is code_of(exact_seconds, "999999999960")
    assert FaultCode.DURATION_BEYOND_RANGE is code_of(exact_hours, "-1666666.75")


@pytest.mark.parametrize(
    "text",
    [
        "2023-05-04 12:00",
        "2023-05-04T12:00:00",
        "2023-5-4 12:00",
        "2023/05/04 12:00",
        "04/05/2023 12:00",
        "4.5.2023 12h00",
        "04-05-2023, 12:00:00",
        "04/05/2023 12:00:00 PM",
        "2023-05-04 10:00:00 UTC",
        "2023-05-04T10:00:00Z",
        "2023-05-04T10:00:00.000Z",
        "2023-05-04 10:00:00,000000000 GMT",
        "2023-05-04 12:00:00 +0200",
        "2023-05-04T05:00:00-05:00",
        "04/05/2023",
        " 2023-05-04 ",
    ],
)
def test_dates_are_read_as_people_write_them(text: str) -> None:
    """Without an offset in the branch's zone; a date alone is noon there."""
    assert NOON == Moments(zone=PARIS)(text)


def test_the_order_of_day_and_month_is_named() -> None:
    """Half of all dates fit both orders: one order holds for the file, and the rest says so."""
    us = Moments(zone=PARIS, order=DateOrder.MONTH_FIRST)

    assert NOON == us("05/04/2023")
    assert NOON == us("05/04/2023 12:00 p.m.")
    assert NOON - timedelta(hours=12) == us("05/04/2023 12:00 AM")
    assert NOON == us("2023-05-04")
    assert FaultCode.DATE_ORDER is code_of(us, "27/05/2023")
    assert FaultCode.DATE_ORDER is code_of(Moments(zone=PARIS), "05/27/2023")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", FaultCode.MISSING),
        ("yesterday", FaultCode.BAD_DATE),
        ("04/05/23", FaultCode.BAD_DATE),
        ("2023-02-29", FaultCode.BAD_DATE),
        ("13/13/2023", FaultCode.BAD_DATE),
        ("2023-05-04 24:00", FaultCode.BAD_DATE),
        ("2023-05-04 13:00 PM", FaultCode.BAD_DATE),
        ("2023-05-04 0:00 AM", FaultCode.BAD_DATE),
        ("2023-05-04 12:00 CEST", FaultCode.BAD_DATE),
        ("2023-05-04 12:00 +15:00", FaultCode.BAD_DATE),
        ("45050", FaultCode.BAD_DATE),
        ("1969-12-31", FaultCode.DATE_BEYOND_RANGE),
        ("9999-12-31 23:59", FaultCode.DATE_BEYOND_RANGE),
        ("2023-10-29 02:30", FaultCode.AMBIGUOUS_TIME),
        ("2023-03-26 02:30", FaultCode.MISSING_TIME),
    ],
)
def test_no_date_is_guessed(text: str, code: FaultCode) -> None:
    """The code says what to repair."""
    assert code is code_of(Moments(zone=PARIS), text)


def test_a_time_can_be_needed() -> None:
    """Where a system always writes one, a date alone means that a column has shifted."""
    assert FaultCode.BAD_DATE is code_of(Moments(zone=PARIS, needs_time=True), "2023-05-04")


PARTS = st.tuples(
    st.integers(1960, 2210),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 25),
    st.integers(0, 61),
    st.integers(0, 61),
)


@given(PARTS, st.sampled_from((" UTC", "Z", ".000Z")))
def test_what_systems_write_is_read_like_what_people_write(parts: tuple[int, ...], end: str) -> None:
    """The short way that most instants take never reads anything else, and refuses for the same reasons."""
    year, month, day, hour, minute, second = parts
    text = f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"

    found = [outcome_of(Moments(zone=PARIS), text + each) for each in (end, " +00:00")]

    assert found[0] == found[1]


def outcome_of(parse: Callable[[str], datetime], text: str) -> object:
    """Return the instant that is read, or the code with which it is refused."""
    try:
        return parse(text)
    except Refused as refused:
        return refused.code


@given(
    st.dates(date(1970, 1, 3), date(2200, 12, 29)),
    st.sampled_from(
        ("Europe/Paris", "Asia/Tokyo", "America/Santiago", "Africa/Cairo", "Pacific/Auckland", "UTC")
    ),
)
def test_a_date_alone_is_that_day(day: date, zone: str) -> None:
    """In its zone and in UTC: noon exists on every day, which midnight in Santiago or Cairo does not."""
    instant = Moments(zone=ZoneInfo(zone))(day.isoformat())

    assert (day, 12) == (instant.astimezone(ZoneInfo(zone)).date(), instant.astimezone(ZoneInfo(zone)).hour)
    assert abs((instant.date() - day).days) <= (1 if zone == "Pacific/Auckland" else 0)


def test_an_optional_day_may_be_empty() -> None:
    """It is the calendar day in the zone of the branch, not in UTC."""
    moments = Moments(zone=PARIS)

    assert None is moments.optional_day("  ")
    assert date(2023, 1, 1) == moments.optional_day("2022-12-31 23:30:00 UTC")


def test_text_is_composed_and_bounded() -> None:
    """Two ways to write é are one key."""
    assert "é" == key_of(" e\u0301 ")
    assert "a b" == key_of("a \n\t b")
    assert "a\nb" == text_of(" a\nb ")
    assert "" == optional_line(" ")
    assert FaultCode.MISSING is code_of(key_of, " \n")
    assert FaultCode.MISSING is code_of(name_of, "")
    for parse in (key_of, name_of, optional_line, email_of):
        assert "x" * 200 == parse("x" * 200) if parse is not email_of else True
        assert FaultCode.CELL_TOO_LONG is code_of(parse, "x" * 201)


def test_an_address_has_two_parts() -> None:
    """Enough to catch a shifted column; the rest is for the mail to tell."""
    assert ["", "une@example.org"] == [email_of(text) for text in (" ", " une@example.org ")]
    for text in ("une", "@example.org", "une@", "u ne@example.org"):
        assert FaultCode.BAD_EMAIL is code_of(email_of, text)


def test_a_key_comes_once() -> None:
    """And the fault says where it came first."""
    earlier = FirstLines()

    assert "a" == earlier.once("a", 2)
    assert "b" == earlier.once("b", 3)
    with pytest.raises(Refused, match="the same as on line 2"):
        earlier.once("a", 4)
