"""The table of `make bench` decides what is fast enough, so its arithmetic is tested."""

import re

from benchmarks.catalogue import CATALOGUE
from benchmarks.document import document_of
from benchmarks.national import Cost, load_of
from benchmarks.table import (
    Better,
    Measured,
    Missing,
    Result,
    Row,
    closing_line,
    is_all_met,
    markdown_of,
    number,
    quantity,
    verdict,
)
from hypothesis import given
from hypothesis import strategies as st

FIGURES = st.lists(st.floats(min_value=0.001, max_value=1e6), min_size=1, max_size=9)


def a_row(
    *, floor: float = 0.5, aim: float = 0.7, better: Better = Better.HIGHER, name: str = "a-row"
) -> Row:
    """Build a row."""
    return Row(
        name=name,
        work="some work",
        against="a peer",
        floor=floor,
        aim=aim,
        better=better,
        measures="Something.",
        if_missed="Because.",
    )


def test_value_is_the_ratio_of_medians() -> None:
    """One run in a slow minute changes nothing: neither the best nor the worst run counts."""
    measured = Measured(ours=(10, 1, 30), other=(20, 1_000, 5), unit="/s")

    assert measured.value == 0.5


def test_times_can_be_said_as_a_speed() -> None:
    """`20 times faster` is the other's time by ours."""
    measured = Measured(ours=(2, 2, 2), other=(40,), unit="s", is_other_over_ours=True)

    assert measured.value == 20


def test_figure_without_a_peer_is_its_median() -> None:
    """Memory is compared with a ceiling, not with a peer."""
    measured = Measured(ours=(80, 90, 200), unit="MiB")

    assert measured.value == 90


@given(FIGURES, FIGURES)
def test_speed_is_the_inverse_of_the_ratio_of_times(ours: list[float], other: list[float]) -> None:
    """Both ways of saying it agree."""
    plain = Measured(ours=ours, other=other, unit="s")
    turned = Measured(ours=ours, other=other, unit="s", is_other_over_ours=True)

    assert abs(plain.value * turned.value - 1) < 1e-9


@given(FIGURES, st.floats(min_value=0.001, max_value=1e6), st.sampled_from(Better))
def test_who_meets_the_aim_meets_the_floor(ours: list[float], level: float, better: Better) -> None:
    """The aim is never the easier of the two."""
    aim = level * 2 if better is Better.HIGHER else level / 2
    result = Result(a_row(floor=level, aim=aim, better=better), Measured(ours=ours, unit="MiB"))

    assert result.is_met or not result.is_aim_met


def test_reaching_a_level_is_enough() -> None:
    """A floor is the least that is promised, and a ceiling the most."""
    higher = Result(a_row(floor=0.5), Measured(ours=(5,), other=(10,), unit="/s"))
    lower = Result(a_row(floor=400, aim=200, better=Better.LOWER), Measured(ours=(400,), unit="MiB"))

    assert higher.is_met
    assert lower.is_met
    assert "floor" == verdict(higher) == verdict(lower)


def test_a_missed_floor_fails_the_run() -> None:
    """One missed floor is enough."""
    good = Result(a_row(), Measured(ours=(10,), other=(10,), unit="/s"))
    bad = Result(a_row(), Measured(ours=(4,), other=(10,), unit="/s"))

    assert "1 of 2 floors met" == closing_line([good, bad])
    assert not is_all_met([good, bad])
    assert "MISSED" == verdict(bad)


def test_a_peer_that_cannot_be_had_does_not_count() -> None:
    """A machine without hledger can still meet every floor that it can judge."""
    good = Result(a_row(), Measured(ours=(10,), other=(10,), unit="/s"))
    without = Result(a_row(), Missing("hledger cannot be had", counts=False))

    assert "1 of 1 floors met" == closing_line([good, without])
    assert is_all_met([good, without])
    assert "hledger cannot be had" in markdown_of([good, without])


def test_an_error_of_ours_is_a_missed_floor() -> None:
    """A row that we cannot run is not a row that we win."""
    failed = Result(a_row(), Missing("TypeError: no such thing", counts=True))

    assert "0 of 1 floors met" == closing_line([failed])
    assert not is_all_met([failed])


def test_markdown_lines_up() -> None:
    """The table is read in a terminal, too."""
    results = [
        Result(a_row(), Measured(ours=(1,), other=(2,), unit="/s")),
        Result(a_row(name="longer-name", floor=400, aim=200), Measured(ours=(1_234.5,), unit="MiB")),
    ]

    lines = markdown_of(results).splitlines()

    assert {len(lines[0])} == {len(line) for line in lines}
    assert "1,234 MiB" in lines[-1]


def test_numbers_are_written_short() -> None:
    """Three figures say all that a benchmark knows."""
    assert ["0.7", "1.23", "2", "19.4", "1,235"] == [
        number(each) for each in (0.7, 1.234, 2.0, 19.44, 1_234.6)
    ]
    assert ["2,908/s", "0.11 ms"] == [quantity(2_908.4, "/s"), quantity(0.111, "ms")]


def test_document_says_why_an_aim_is_missed() -> None:
    """A missed aim has a reason, a met one needs none."""
    floor = Result(a_row(name="only-floor"), Measured(ours=(6,), other=(10,), unit="/s"))
    aim = Result(a_row(name="good"), Measured(ours=(8,), other=(10,), unit="/s"))

    text = document_of([floor, aim], markdown_of([floor, aim]), ["2 cores"], 61)

    missed = text.split("## Aims missed")[1].split("##")[0]
    assert "`only-floor`: 0.6, wished 0.7. Because." in missed
    assert "good" not in missed
    assert "2 of 2 floors met. The run took 1 min 1 s." in text


def test_catalogue_names_are_plain_and_differ() -> None:
    """`make bench ROWS=…` takes them, separated by commas."""
    names = [row.name for measurement in CATALOGUE for row in measurement.rows]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
    assert all(
        row.aim >= row.floor if row.better is Better.HIGHER else row.aim <= row.floor
        for measurement in CATALOGUE
        for row in measurement.rows
    )


def test_a_country_is_its_members() -> None:
    """Twice the members are twice the work and twice the bytes, and an exchange has at least two lines."""
    exchange, entry = Cost(bytes_each=2_000, seconds_each=0.01), Cost(bytes_each=1_000, seconds_each=0.001)

    one = load_of(members=1_000, rate=1.0, exchange=exchange, entry=entry)
    two = load_of(members=2_000, rate=1.0, exchange=exchange, entry=entry)

    assert 1_000 * 12 == round(one.exchanges_a_day * 365.25)
    assert one.lines_a_day >= 2 * one.exchanges_a_day
    assert round(2 * one.bytes_a_year) == round(two.bytes_a_year)
    assert round(2 * one.entries_a_second, 9) == round(two.entries_a_second, 9)
