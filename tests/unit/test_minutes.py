import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timebank.errors import MinutesOutOfRange, NotMinutes
from timebank.ledger.model import AMOUNT_MAX
from timebank.minutes import MINUTES_MAX, TEXT_MAX, format_minutes, parse_minutes, parse_signed_minutes

SPACES = st.text(" \u00a0\u202f", max_size=2)


def spellings(hours: int, minutes: int) -> tuple[str, ...]:
    """Every way to write hours and minutes, minutes from 0 to 59."""
    return (
        f"{60 * hours + minutes}",
        f"{60 * hours + minutes} min",
        f"{hours}:{minutes:02}",
        f"{hours}h{minutes:02}",
        f"{hours} h {minutes:02}",
        f"{hours} h {minutes} min",
        f"{hours}h{minutes:02}min",
        f"PT{hours}H{minutes}M",
        f"PT{60 * hours + minutes}M",
    )


@given(st.integers(-MINUTES_MAX, MINUTES_MAX))
@example(0)
@example(-60)
@example(MINUTES_MAX)
@example(-MINUTES_MAX)
def test_what_is_written_reads_back(minutes: int) -> None:
    """A table of hours can be typed back in."""
    assert minutes == parse_signed_minutes(format_minutes(minutes))


@given(st.integers(0, 999), st.integers(0, 59))
def test_every_spelling_means_the_same(hours: int, minutes: int) -> None:
    """People write time in many ways; the ledger knows one number (I-15)."""
    total = 60 * hours + minutes

    for text in spellings(hours, minutes):
        assert total == parse_minutes(text, allow_zero=True), text
        assert total == parse_minutes(text.upper(), allow_zero=True), text
        assert total == parse_minutes(text.lower(), allow_zero=True), text


@given(st.lists(SPACES, min_size=5, max_size=5), st.integers(1, 999), st.integers(0, 59))
def test_spaces_around_numbers_and_units_mean_nothing(gaps: list[str], hours: int, minutes: int) -> None:
    """Word processors put a no-break space before a unit."""
    text = "".join(
        gap + part for gap, part in zip(gaps, (f"{hours}", "h", f"{minutes}", "min", ""), strict=True)
    )

    assert 60 * hours + minutes == parse_minutes(text)


@given(st.integers(0, 1999), st.sampled_from(".,"))
def test_decimal_hours_are_exact_or_refused(hundredths: int, point: str) -> None:
    """Whole minutes are twentieths of an hour; no other hundredth is rounded away silently (I-15)."""
    text = f"{hundredths // 100}{point}{hundredths % 100:02} h"

    if hundredths % 5:
        with pytest.raises(NotMinutes):
            parse_minutes(text)
    else:
        assert hundredths // 5 * 3 == parse_minutes(text, allow_zero=True)


@given(st.integers(0, 999), st.integers(0, 9), st.sampled_from(".,"))
def test_one_decimal_is_a_tenth_of_an_hour(hours: int, tenth: int, point: str) -> None:
    """`1,5 h` is 90 minutes, not 1 h 05."""
    assert 60 * hours + 6 * tenth == parse_minutes(f"{hours}{point}{tenth}h", allow_zero=True)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (90, "90"),
        (90, "90 min"),
        (90, "1:30"),
        (90, "01:30"),
        (90, "1h30"),
        (60, "1h"),
        (90, "1 h 30 min"),
        (90, "1 h 30"),
        (65, "1 h 5 min"),
        (90, "1,5 h"),
        (90, "1.5h"),
        (15, "0,25 h"),
        (90, "PT1H30M"),
        (90, "PT90M"),
        (120, "PT2H"),
        (120, "pt2h"),
        (45, "0:45"),
        (1440, "24 h"),
        (MINUTES_MAX, f"{MINUTES_MAX}"),
    ],
)
def test_usual_spellings(expected: int, text: str) -> None:
    """The forms that the error message names, and their neighbours."""
    assert expected == parse_minutes(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "min",
        "h",
        ":",
        "PT",
        "PT1H30",
        "P1D",
        "P1DT2H",
        "T1H",
        "PT1.5H",
        "PT0,5H",
        "PT1H60M",
        "PT1M1H",
        "NaN",
        "inf",
        "1_0",
        "1e3",
        "0x10",
        "+5",
        "-5",
        "\u22125",
        "٣",  # ARABIC-INDIC DIGIT THREE
        "３",  # FULLWIDTH DIGIT THREE
        "²",
        "½ h",
        "1:60",
        "1:5",
        "1:030",
        "1:30:00",
        "1h5",
        "1h60",
        "1 h 60 min",
        "1 h 030",
        "90 m",
        "90 mın",  # LATIN SMALL LETTER DOTLESS I
        "90 MİN",  # LATIN CAPITAL LETTER I WITH DOT ABOVE
        "1.30",
        "1,5",
        "1,5 min",
        "1,33 h",
        "1,500 h",
        "1.500 h",
        "1,5 h 30",
        ",5 h",
        "1, h",
        "1 30",
        "1 000",
        "1 h 30 s",
        "90\n",
        "90\t",
        "\ufeff90",
        "90\u2009min",  # THIN SPACE
        "one hour",
        "1h30m",
        "9" * 10_000,
        "1" + " " * 10_000,
        " " * 10_000 + "h",
        "0" * TEXT_MAX + "1",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    """Nothing is guessed: a wrong guess is somebody's hours."""
    with pytest.raises(NotMinutes):
        parse_minutes(text)
    with pytest.raises(NotMinutes):
        parse_signed_minutes(f"-{text}")


@given(st.text(alphabet="0123456789hHmMiInNPT:.,-+ \u00a0", max_size=12))
def test_a_text_is_whole_minutes_or_refused(text: str) -> None:
    """Whatever is typed, the answer is a positive number in range, or one of two errors."""
    try:
        minutes = parse_minutes(text)
    except (NotMinutes, MinutesOutOfRange):
        return

    assert 1 <= minutes <= MINUTES_MAX
    assert re.search("[0-9]", text)
    assert not re.search("[-+]", text)


@given(
    st.text(alphabet=st.characters(categories=["Nd", "No", "Nl"], min_codepoint=128), min_size=1, max_size=4)
)
def test_only_ascii_digits_are_digits(digits: str) -> None:
    """Digits of other scripts look alike and mean other numbers."""
    for text in (digits, f"{digits} min", f"1:{digits}", f"{digits} h", f"1,{digits} h"):
        with pytest.raises(NotMinutes):
            parse_minutes(text)


def test_zero_needs_leave() -> None:
    """Nobody logs help of no length, but a limit or a fee can be zero."""
    assert 0 == parse_minutes("0", allow_zero=True)
    assert 0 == parse_signed_minutes("0 h")
    with pytest.raises(MinutesOutOfRange) as caught:
        parse_minutes("0:00")
    assert ("minutes_out_of_range", 0, 1, MINUTES_MAX) == (
        caught.value.code,
        caught.value.minutes,
        caught.value.least,
        caught.value.most,
    )


@pytest.mark.parametrize("text", [f"{MINUTES_MAX + 1}", f"{MINUTES_MAX // 60 + 1} h", "9" * TEXT_MAX])
def test_more_than_the_ledger_can_count_is_refused(text: str) -> None:
    """The parser's bound is the bound of a posting (I-1)."""
    assert AMOUNT_MAX == MINUTES_MAX
    with pytest.raises(MinutesOutOfRange):
        parse_minutes(text)
    with pytest.raises(MinutesOutOfRange):
        parse_signed_minutes(f"-{text}"[:TEXT_MAX])


@pytest.mark.parametrize(
    ("expected", "text"),
    [(-600, "-10 h"), (-600, "\u221210 h"), (-90, " -1:30 "), (-90, "-PT1H30M"), (600, "10 h"), (0, "-0")],
)
def test_limits_can_be_negative(expected: int, text: str) -> None:
    """A floor is written with a hyphen or a minus sign."""
    assert expected == parse_signed_minutes(text)


@pytest.mark.parametrize(
    "text", ["--5", "+5", "-", "\u2212", "-\u22125", "5-", "\u20135", "-" + "9" * 10_000]
)
def test_only_one_minus_and_no_plus(text: str) -> None:
    """A doubled sign is a slip, an en dash is a range."""
    with pytest.raises(NotMinutes):
        parse_signed_minutes(text)


@pytest.mark.parametrize(
    ("expected", "minutes"),
    [
        ("0 min", 0),
        ("5 min", 5),
        ("45 min", 45),
        ("1 h 00", 60),
        ("1 h 05", 65),
        ("1 h 30", 90),
        ("-45 min", -45),
        ("-10 h 00", -600),
        ("750 h 00", 45_000),
    ],
)
def test_written_one_way(expected: str, minutes: int) -> None:
    """Tables align because minutes after hours have two digits."""
    assert expected == format_minutes(minutes)
