"""Where to look for helpers who might be near enough: rows of latitude, and columns that go round the earth.

Helpers are sorted into classes by how far they go, each with cells of its own size, so that one who goes far
does not make every search long. What a search finds is a little more than what is near enough, never less;
the rule of distance decides. Floats stay in here, rounded to the safe side. Pure.
"""

from collections.abc import Iterator
from math import asin, ceil, cos, degrees, pi, radians, sin
from typing import Final

from timebank.matching.place import LAT_MOST, LON_MOST, RADIUS_M, UDEG, Place

FIRST_REACH_M: Final = 1_000
CLASSES: Final = 11
"""The first reaches one kilometre, each next one twice as far; the rest go anywhere."""
ANYWHERE: Final = CLASSES
ROUND: Final = 2 * LON_MOST
SAFE_M: Final = 2
"""More than distances are rounded by."""
SAFE_UDEG: Final = 3

Cell = tuple[int, int, int]
"""Class, row, column."""


def class_of(reach_m: int) -> int:
    """Return the class of who goes as far; `ANYWHERE` if no cell is large enough."""
    return min((-(-max(reach_m, 1) // FIRST_REACH_M) - 1).bit_length(), ANYWHERE)


def reach_of(number: int) -> int:
    """Return how far at most, in metres, who is in a class goes."""
    return FIRST_REACH_M << number


def height_of(number: int) -> int:
    """Return the height of a class's rows: nobody in reach is more than one row away."""
    return ceil((reach_of(number) + SAFE_M) * 180 * UDEG / (pi * RADIUS_M)) + SAFE_UDEG


def columns_of(number: int, row: int) -> int:
    """Return how many columns go round the earth in a row: one only, near the poles."""
    height = height_of(number)
    poleward = max(abs(row * height - LAT_MOST), abs((row + 1) * height - LAT_MOST))
    return max(1, ROUND // max(1, width_around(min(poleward, LAT_MOST), reach_of(number))))


def width_around(lat_udeg: int, reach_m: int) -> int:
    """Return by how much longitudes in reach of a latitude can differ; `ROUND` if by anything."""
    out = cos(radians(lat_udeg / UDEG))
    near = sin((reach_m + SAFE_M) / RADIUS_M)
    if near >= out * (1 - 1e-9):
        return ROUND
    return ceil(degrees(asin(near / out)) * UDEG) + SAFE_UDEG


def cell_of(place: Place, number: int) -> Cell:
    """Return the cell of a class that a place lies in."""
    row = (place.lat_udeg + LAT_MOST) // height_of(number)
    return number, row, _column(place.lon_udeg, columns_of(number, row))


def cells_around(place: Place, number: int) -> Iterator[Cell]:
    """Yield the cells of a class in which somebody who reaches a place can live, each once."""
    height = height_of(number)
    width = width_around(place.lat_udeg, reach_of(number))
    middle = (place.lat_udeg + LAT_MOST) // height
    for row in range(max(0, middle - 1), min(2 * LAT_MOST // height, middle + 1) + 1):
        columns = columns_of(number, row)
        first, last = ((place.lon_udeg + LON_MOST + side) * columns // ROUND for side in (-width, width))
        for column in range(first, min(last, first + columns - 1) + 1):
            yield number, row, column % columns


def _column(lon_udeg: int, columns: int) -> int:
    return (lon_udeg + LON_MOST) * columns // ROUND % columns
