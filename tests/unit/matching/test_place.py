"""Places: distances on the sphere, the same in both directions and never off by more than a metre."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.builders import places
from tests.unit.matching.checker import haversine_m

from timebank.errors import BadPlace
from timebank.matching.grid import (
    ANYWHERE,
    CLASSES,
    cell_of,
    cells_around,
    class_of,
    columns_of,
    reach_of,
)
from timebank.matching.place import (
    HALF_ROUND_M,
    Place,
    chord2_of,
    chord2_within,
    metres_between,
    metres_of,
)

ANY = (
    st.builds(Place, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)) | places()
)


@given(ANY, ANY)
def test_distances_are_the_haversines(one: Place, other: Place) -> None:
    """To the metre, and the same there and back; on the other side of the earth to the kilometre."""
    metres = metres_between(one, other)

    assert abs(metres - haversine_m(one, other)) <= (1.01 if metres < 15_000_000 else 1_000)
    assert metres == metres_between(other, one)
    assert 0 == metres_between(one, one)


@given(ANY, ANY, st.integers(0, HALF_ROUND_M))
def test_whole_numbers_decide_what_is_in_reach(one: Place, other: Place, reach: int) -> None:
    """As the distance itself would, at the limit and a metre off it, too."""
    metres, chord2 = metres_between(one, other), chord2_of(one.point, other.point)

    for limit in (reach, metres, max(0, metres - 1), metres + 1):
        assert (metres <= limit) == (chord2 <= chord2_within(limit))


@given(st.integers(0, 4 * 637_100_800**2), st.integers(1, 10**12))
def test_a_longer_line_is_never_a_shorter_distance(chord2: int, more: int) -> None:
    """So limits can be compared without working distances out."""
    assert metres_of(chord2) <= metres_of(chord2 + more)


@pytest.mark.parametrize("place", [(90_000_001, 0), (-90_000_001, 0), (0, 180_000_001), (0, -180_000_001)])
def test_what_is_not_on_the_earth_is_refused(place: tuple[int, int]) -> None:
    """A minute of arc beyond the pole is no place."""
    with pytest.raises(BadPlace):
        Place(*place)


def test_one_place_is_written_in_one_way() -> None:
    """The antimeridian from either side, and a pole from everywhere."""
    assert Place(1, 180_000_000) == Place(1, -180_000_000)
    assert Place(90_000_000, 5) == Place(90_000_000, -7)


def test_poles_are_half_way_round() -> None:
    """Nothing is further."""
    assert HALF_ROUND_M == metres_between(Place(90_000_000, 0), Place(-90_000_000, 0))


@given(ANY, ANY, st.integers(0, CLASSES - 1))
def test_who_is_in_reach_stands_in_a_cell_around(here: Place, there: Place, number: int) -> None:
    """At the poles and across the antimeridian, too; and no cell is looked at twice."""
    cells = list(cells_around(here, number))

    assert len(cells) == len(set(cells))
    assert (metres_between(here, there) <= reach_of(number)) <= (cell_of(there, number) in cells)


@given(ANY, st.integers(0, CLASSES - 1), st.integers(-180_000_000, 180_000_000))
def test_who_is_a_step_away_stands_in_a_cell_around(here: Place, number: int, off: int) -> None:
    """Places as far away as the class allows, in any direction."""
    step = reach_of(number) * 9 // 2
    lat = max(-90_000_000, min(90_000_000, here.lat_udeg + off % (2 * step + 1) - step))
    lon = (here.lon_udeg + off // 7 + 180_000_000) % 360_000_000 - 180_000_000
    for there in (
        Place(lat, lon),
        Place(lat, here.lon_udeg),
        Place(lat, (here.lon_udeg + 180_000_000 + step * (off % 3 - 1)) % 360_000_000 - 180_000_000),
    ):
        if metres_between(here, there) <= reach_of(number):
            assert cell_of(there, number) in set(cells_around(here, number))


def test_classes_double() -> None:
    """A kilometre is the first, the last ends beyond a thousand."""
    assert [0, 0, 0, 1, 1, 2] == [class_of(reach) for reach in (0, 1, 1_000, 1_001, 2_000, 2_001)]
    assert [CLASSES - 1, ANYWHERE, ANYWHERE] == [
        class_of(reach) for reach in (1_024_000, 1_024_001, HALF_ROUND_M)
    ]
    assert 1 == columns_of(0, 0)
