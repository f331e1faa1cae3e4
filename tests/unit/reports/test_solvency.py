"""What is owed against what is given, by hand-computed figures and by laws that hold for any bank."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import NotALifeTable, NotBirthYears
from timebank.reports.solvency.figures import Holder, cohorts_of, cover_of, reserves_of
from timebank.reports.solvency.projection import (
    Assumptions,
    Projection,
    assumptions_told,
    count_of,
    project,
    spread_of,
    stress_tests,
)
from timebank.reports.solvency.tables import MILLION, OLDEST, USUAL, read_birth_years, read_life_table

STILL = Assumptions(
    years=3, runs=20, stopping_percent=0, asking_percent=50, swing_percent=0, care_age=80, care_years=2
)
"""Nobody stops, and no year differs: what is drawn can be computed by hand."""


def a_holder(*, owed: int = 0, given_minutes: int = 0, age: int | None = None) -> Holder:
    """Return a member as the books know them."""
    return Holder(age=age, owed_minutes=owed, given_minutes=given_minutes)


def drawn(*holders: Holder, assumed: Assumptions = STILL, seed: int = 1) -> Projection:
    """Return a projection; `seed` is its chance."""
    return project("sample", holders, assumed, random.Random(seed).random)


def test_st_gallen_has_3_9_years_of_cover() -> None:
    """46,478 h owed ÷ 11,925 h given in 2019 = 3.9."""
    cover = cover_of(owed=46_478 * 60, funds=0, given=11_925 * 60, redeemed=0)

    assert Fraction(46_478, 11_925) == cover.years
    assert "3.9" == f"{float(cover.years or 0):.1f}"


def test_without_help_there_is_no_pace() -> None:
    """Nobody can say how many years it takes at a pace of nothing."""
    assert cover_of(owed=60, funds=0, given=0, redeemed=0).years is None


def test_st_gallen_sets_22_67_francs_aside_for_an_hour() -> None:
    """CHF 3.4 million ÷ (200 people × 750 h) = CHF 22.67 for each hour they could have saved."""
    (reserve,) = reserves_of([("CHF", 340_000_000)], owed=0, members=200, ceiling=750 * 60)

    assert ("CHF", 340_000_000, None) == (reserve.unit, reserve.held, reserve.per_hour_owed)
    assert 2_267 == round(reserve.per_hour_at_most or 0)


def test_money_is_added_up_by_unit_and_never_across() -> None:
    """Two funds in euros are one figure, francs another (I-12)."""
    found = reserves_of([("EUR", 100), ("CHF", 7), ("EUR", 20)], owed=60, members=1, ceiling=None)

    assert [("CHF", 7, Fraction(7), None), ("EUR", 120, Fraction(120), None)] == [
        (each.unit, each.held, each.per_hour_owed, each.per_hour_at_most) for each in found
    ]


@given(st.lists(st.one_of(st.none(), st.integers(0, 118)), max_size=40))
def test_no_row_tells_of_fewer_than_five(ages: list[int | None]) -> None:
    """Unless there are fewer altogether; and nobody is lost on the way."""
    holders = [a_holder(owed=10, given_minutes=3, age=age) for age in ages]

    rows = cohorts_of(holders)

    assert len(ages) == sum(each.people for each in rows)
    assert 10 * len(ages) == sum(each.owed_minutes for each in rows)
    assert 3 * len(ages) == sum(each.given_minutes for each in rows)
    assert all(each.people >= 5 for each in rows) or len(rows) == 1


def test_cohorts_are_bands_of_ten_years() -> None:
    """Where there are enough people in each."""
    holders = [a_holder(owed=1, age=age) for age in (59, 60, 69, 70, 90) for _ in range(5)]

    assert [("50-59", 5), ("60-69", 10), ("70-79", 5), ("90 and older", 5)] == [
        (each.ages, each.people) for each in cohorts_of(holders)
    ]


def test_too_few_are_joined_to_their_neighbours() -> None:
    """Four under 50 with those of the fifties, two whose age nobody knows with the last."""
    holders = [a_holder(age=age) for age in (30, 31, 32, 33, 55, 61, 62, 63, 64, 65, None, None)]

    assert [("under 50, 50-59", 5), ("60-69, unknown", 7)] == [
        (each.ages, each.people) for each in cohorts_of(holders)
    ]


def test_a_projection_without_chance_is_arithmetic() -> None:
    """Owed 1,000 and 50 % asked for a year: 500, then half of what is left.

    A helper gives 400 a year. Year 1: 500 asked, 400 met, 600 left. Year 2: 300 asked and met. Year 3: 150
    asked and met; 150 are left.
    """
    found = drawn(a_holder(owed=1_000, given_minutes=400))

    assert [500, 300, 150] == [each.asked.middle for each in found.years]
    assert [400, 400, 400] == [each.capacity.middle for each in found.years]
    assert [100, 0, 0] == [each.unmet.middle for each in found.years]
    assert [0, 100, 100] == [each.met_percent for each in found.years]
    assert (0, 100, 150, 0) == (
        found.kept_percent,
        found.unmet.high,
        found.owed_after.middle,
        found.lapsed.middle,
    )


def test_from_the_age_of_care_all_is_asked_for_in_equal_parts() -> None:
    """Owed 1,001 over two years: 501 and then 500; nobody dies by this table."""
    nobody_dies = read_life_table(["79,0", "95,0"], source="sample")

    found = drawn(
        a_holder(owed=1_001, given_minutes=2_000, age=79), assumed=replace(STILL, life_table=nobody_dies)
    )

    assert [500, 251, 250] == [each.asked.middle for each in found.years]
    assert 0 == found.owed_after.middle


def test_what_the_dead_are_owed_lapses() -> None:
    """At 119 everybody dies within the year, and nobody asks any more."""
    found = drawn(
        a_holder(owed=700, given_minutes=60, age=OLDEST), assumed=replace(STILL, replaced_percent=0)
    )

    assert (700, 0) == (found.lapsed.low, found.owed_after.high)
    assert [0, 0, 0] == [each.capacity.high for each in found.years]


def test_those_who_replace_a_helper_give_as_much() -> None:
    """The helper dies at once; with all replaced the same minutes can be given, with none nothing."""
    old = (a_holder(owed=0, given_minutes=60, age=OLDEST), a_holder(owed=100))

    assert [60] * 3 == [each.capacity.middle for each in drawn(*old).years]
    assert [0] * 3 == [
        each.capacity.middle for each in drawn(*old, assumed=replace(STILL, replaced_percent=0)).years
    ]


def test_a_third_of_the_helpers_stop_at_once() -> None:
    """Of 900 minutes that helpers can give, 600 are left."""
    tests = dict(stress_tests(STILL))

    found = drawn(a_holder(owed=1, given_minutes=900), assumed=tests["a third of the helpers stop"])

    assert 600 == found.years[0].capacity.middle
    assert (0, 100) == (
        tests["nobody replaces a helper"].replaced_percent,
        tests["twice as much is asked for"].asking_percent,
    )


HOLDERS = st.lists(
    st.builds(
        Holder,
        age=st.one_of(st.none(), st.integers(18, OLDEST)),
        owed_minutes=st.integers(0, 45_000),
        given_minutes=st.integers(-60, 10_000),
    ),
    min_size=1,
    max_size=60,
)


@given(HOLDERS, st.integers(0, 2**32))
def test_a_projection_loses_no_minute_and_repeats_itself(holders: list[Holder], seed: int) -> None:
    """In one draw: what was owed is given, lapsed or still owed; the same seed says the same."""
    once = replace(Assumptions(), years=4, runs=1)

    found = drawn(*holders, assumed=once, seed=seed)

    met = sum(each.asked.middle - each.unmet.middle for each in found.years)
    assert sum(each.owed_minutes for each in holders) == (met + found.lapsed.middle + found.owed_after.middle)
    assert all(0 <= each.unmet.middle <= each.asked.middle for each in found.years)
    assert found == drawn(*holders, assumed=once, seed=seed)


@pytest.mark.parametrize(
    ("people", "per_million"),
    [(1_000, MILLION // 10), (40, MILLION // 10), (40, MILLION * 9 // 10), (7, MILLION // 2), (3_000, 2_000)],
)
def test_counts_are_drawn_as_a_binomial(people: int, per_million: int) -> None:
    """Whether few are expected or many: mean n p, variance n p (1 - p), and never more than there are."""
    chance = random.Random(3).random
    found = [count_of(people, per_million, chance) for _ in range(2_000)]

    p = per_million / MILLION
    mean, variance = people * p, people * p * (1 - p)
    average = sum(found) / len(found)
    assert abs(average - mean) < 4 * (variance / len(found)) ** 0.5
    assert 0.85 < sum((each - average) ** 2 for each in found) / len(found) / variance < 1.15
    assert 0 <= min(found)
    assert max(found) <= people


def test_what_is_certain_or_impossible_is_not_drawn() -> None:
    """Nobody or everybody; and of nobody, nobody."""
    chance = random.Random(3).random

    assert [0, 9, 0] == [count_of(9, 0, chance), count_of(9, MILLION, chance), count_of(0, 500_000, chance)]


def test_percentiles_are_values_that_were_drawn() -> None:
    """Of 1 to 100: 5, 50 and 95; of one value, three times itself."""
    found, one = spread_of(range(100, 0, -1)), spread_of([7])

    assert (5, 50, 95) == (found.low, found.middle, found.high)
    assert (7, 7, 7) == (one.low, one.middle, one.high)


def test_what_is_assumed_is_told() -> None:
    """Each percentage and each age, and whose life table it is."""
    said = " ".join(assumptions_told(replace(Assumptions(), stopping_percent=13, care_age=77)))

    for words in ("13 %", "100 %", "Before 77", "10 %", "within 5 years", "20 %", USUAL.source, "400 draws"):
        assert words in said


def test_a_life_table_lies_on_straight_lines() -> None:
    """Half way between 60 and 65: half way between the two; below 20 as at 20; from 119 on everybody."""
    assert 10_058 == USUAL.dying(60)
    assert 10_058 + (14_458 - 10_058) * 2 // 5 == USUAL.dying(62)
    assert USUAL.dying(20) == USUAL.dying(3)
    assert MILLION == USUAL.dying(OLDEST) == USUAL.dying(OLDEST + 1)


def test_a_life_table_is_read() -> None:
    """With titles or without, rounded to millionths, half up."""
    table = read_life_table(["age,q", "60,0.0123455", "80, 0.06", "119,1"], source="file own.csv")

    assert ("file own.csv", {60: 12_346, 80: 60_000, 119: MILLION}) == (table.source, dict(table.per_million))


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], 1),
        (["age,q"], 1),
        (["60"], 1),
        (["60,0.1", "60,0.2"], 2),
        (["60,0.1", "61,1.1"], 2),
        (["60,0.1", "61,-0.1"], 2),
        (["60,0.1", "120,1"], 2),
        (["60,0.1", "old,1"], 2),
        (["60,0.1", "61,0.1,2"], 2),
        (["60,0.1", ""], 2),
    ],
)
def test_what_is_no_life_table_is_refused(lines: list[str], line: int) -> None:
    """With the number of the first line that is none."""
    with pytest.raises(NotALifeTable) as refused:
        read_life_table(lines, source="sample")

    assert line == refused.value.line


def test_years_of_birth_are_read() -> None:
    """With titles or without."""
    assert {"m1": 1950, "m2": 2008} == read_birth_years(
        ["member,year", "m1,1950", " m2 ,2008"], this_year=2026
    )


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["member,year", "m1,1950", "m1,1951"], 3),
        (["m1,1950", "m2,2027"], 2),
        (["m1,1950", "m2,1849"], 2),
        (["m1,1950", "Sample Member,1950"], 2),
        (["m1,1950", "m2"], 2),
        (["m1,1950", "m2,1950-01-01"], 2),
    ],
)
def test_what_are_no_years_of_birth_is_refused(lines: list[str], line: int) -> None:
    """A day of birth, too: nobody needs it here."""
    with pytest.raises(NotBirthYears) as refused:
        read_birth_years(lines, this_year=2026)

    assert line == refused.value.line
