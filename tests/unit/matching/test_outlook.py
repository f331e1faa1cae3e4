"""The outlook: counts that point at nobody, and say no more than there is."""

from hypothesis import given
from hypothesis import strategies as st

from timebank.matching.outlook import (
    A_FEW,
    BAND_ENDS,
    ENOUGH,
    FEW_BELOW,
    FURTHER_MOST,
    Change,
    Past,
    bands_of,
    changes_of,
    outlook_of,
    past_of,
    told,
)
from timebank.matching.rules import Reason, RuleCode

METRES = st.lists(st.integers(0, 40_000) | st.sampled_from([*BAND_ENDS, *(end + 1 for end in BAND_ENDS)]))
REASONS = st.lists(
    st.sampled_from(RuleCode).map(Reason), min_size=1, max_size=3, unique_by=lambda each: each.code
)
PRIVATE = frozenset(RuleCode) - {
    *(RuleCode.AVAILABILITY, RuleCode.CAPACITY, RuleCode.OVERLAP, RuleCode.DISTANCE, RuleCode.MODE)
}


@given(METRES)
def test_bands_hold_everybody_and_nobody_alone(distances: list[int]) -> None:
    """Each band has three people or more; together they are all there are, each where they belong."""
    bands = bands_of(distances)

    assert all(each.count >= FEW_BELOW for each in bands)
    assert (len(distances) if len(distances) >= FEW_BELOW else 0) == sum(each.count for each in bands)
    for at, band in enumerate(bands):
        inside = [
            each
            for each in distances
            if (at == 0 or each > band.from_m) and (band.to_m is None or each <= band.to_m)
        ]
        assert band.count == len(inside)
    assert [each.to_m for each in bands[:-1]] == [each.from_m for each in bands[1:]]
    assert bands == bands_of(sorted(distances, reverse=True))


def test_bands_are_as_narrow_as_that_allows() -> None:
    """Where many live, a family learns more."""
    near, far = [500] * FEW_BELOW, [30_000] * FEW_BELOW

    assert [(0, 2_000)] == [(each.from_m, each.to_m) for each in bands_of(near)]
    assert [(0, 2_000), (2_000, None)] == [(each.from_m, each.to_m) for each in bands_of(near + far)]
    assert [(0, None)] == [(each.from_m, each.to_m) for each in bands_of([*near, 30_000])]
    assert () == bands_of(near[1:])


def test_one_and_two_are_told_alike() -> None:
    """One person who is free on Tuesdays could be found out by asking day by day."""
    assert [0, A_FEW, A_FEW, 3, 4] == [told(count) for count in range(5)]


@given(st.lists(REASONS, max_size=12))
def test_what_is_private_is_in_no_count(blocked: list[list[Reason]]) -> None:
    """An answer is the same with and without somebody who was excluded, has declined or was not cleared."""
    without = [each for each in blocked if not PRIVATE & {why.code for why in each}]

    assert changes_of(without) == changes_of(blocked)


def test_a_change_is_counted_where_nothing_else_is_in_the_way() -> None:
    """Two obstacles are no small change, nor is a place that is much too far away."""
    late, other_way = Reason(RuleCode.AVAILABILITY), Reason(RuleCode.MODE)
    near, far = (Reason(RuleCode.DISTANCE, (("beyond_m", FURTHER_MOST + more),)) for more in (0, 1))

    assert ((Change.TIME, 3), (Change.DISTANCE, A_FEW), (Change.MODE, A_FEW)) == changes_of(
        [
            *([late], [late], [Reason(RuleCode.OVERLAP)]),
            *([near], [far], [Reason(RuleCode.DISTANCE), late]),
            [other_way],
        ]
    )


@given(st.lists(st.none() | st.integers(0, 10_000), max_size=12))
def test_too_few_requests_tell_nothing(waits: list[int | None]) -> None:
    """What happened to four of them could be told of each."""
    past = past_of(waits)
    found = sorted(each for each in waits if each is not None)

    assert (len(waits) < ENOUGH) == (past.requests is None) == (past.found_percent is None)
    assert (len(found) < ENOUGH) == (past.wait_minutes is None)
    if past.wait_minutes is not None:
        assert found[(len(found) - 1) // 2] == past.wait_minutes
    if past.found_percent is not None:
        assert abs(past.found_percent * len(waits) - 100 * len(found)) * 2 <= len(waits)


def test_shares_are_rounded_and_waits_are_of_those_who_found_somebody() -> None:
    """Two of three are 67 of a hundred."""
    assert Past(requests=6, found_percent=67, wait_minutes=None) == past_of([1, 2, 3, 4, None, None])
    assert Past(requests=6, found_percent=83, wait_minutes=3) == past_of([9, 1, 2, 3, 4, None])


def test_help_without_a_way_has_no_bands() -> None:
    """However many could."""
    found = outlook_of(is_place_known=True, distances_m=[None] * 4, blocked=[], waits=[])

    assert (4, (), ()) == (found.count, found.bands, found.changes)
