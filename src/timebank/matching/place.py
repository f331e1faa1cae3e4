"""Places on the earth and how far apart they are, the same on every machine and in every direction.

A place is two whole numbers, millionths of a degree: eleven centimetres at most. Floats are met in two
functions only and never leave them; distances are not hours (I-15). Everything that is compared is whole
numbers: the straight line through the earth, in square centimetres. Pure.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import Final, TypeAlias

from timebank.errors import BadPlace

RADIUS_M: Final = 6_371_008
"""Of the sphere: the earth's mean radius, (2a + b) / 3 of WGS 84."""
RADIUS_CM: Final = RADIUS_M * 100
HALF_ROUND_M: Final = 20_015_112
"""Between two poles: no place is further away, so who goes as far goes anywhere."""
UDEG: Final = 1_000_000
LAT_MOST: Final = 90 * UDEG
LON_MOST: Final = 180 * UDEG

Point: TypeAlias = tuple[int, int, int]
"""Centimetres from the middle of the earth: towards 0° 0°, towards 0° 90° east, towards the north pole."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place, in millionths of a degree: north and east are above zero.

    180° west is kept as 180° east, and a pole has no longitude: one place is written in one way.

    Raises:
        BadPlace: beyond the poles, or more than half way round.
    """

    lat_udeg: int
    lon_udeg: int
    point: Point = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not on the earth."""
        if not (-LAT_MOST <= self.lat_udeg <= LAT_MOST and -LON_MOST <= self.lon_udeg <= LON_MOST):
            raise BadPlace
        if self.lon_udeg == -LON_MOST:
            object.__setattr__(self, "lon_udeg", LON_MOST)
        if abs(self.lat_udeg) == LAT_MOST:
            object.__setattr__(self, "lon_udeg", 0)
        object.__setattr__(self, "point", _point_of(self.lat_udeg, self.lon_udeg))


def _point_of(lat_udeg: int, lon_udeg: int) -> Point:
    """Return where a place is in space, each coordinate rounded to whole centimetres."""
    lat, lon = radians(lat_udeg / UDEG), radians(lon_udeg / UDEG)
    out = RADIUS_CM * cos(lat)
    return round(out * cos(lon)), round(out * sin(lon)), round(RADIUS_CM * sin(lat))


def chord2_of(one: Point, other: Point) -> int:
    """Return the square of the straight line between two points, in square centimetres; below 2⁶³."""
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def metres_of(chord2: int) -> int:
    """Return the great-circle distance that belongs to a straight line, in whole metres; it never falls."""
    return round(2 * RADIUS_M * asin(min(1.0, sqrt(chord2) / (2 * RADIUS_CM))))


def metres_between(one: Place, other: Place) -> int:
    """Return the great-circle distance, rounded to whole metres; the same in both directions."""
    return metres_of(chord2_of(one.point, other.point))


@lru_cache(maxsize=4_096)
def chord2_within(metres: int) -> int:
    """Return the longest straight line, squared, whose distance is not above `metres`.

    So that distances can be compared without working any of them out.
    """
    if metres >= HALF_ROUND_M:
        return 4 * (RADIUS_CM + 1) ** 2
    low, high = 0, 4 * (RADIUS_CM + 1) ** 2  # `low` is within, `high` is not
    while high - low > 1:
        middle = (low + high) // 2
        if metres_of(middle) <= metres:
            low = middle
        else:
            high = middle
    return low
