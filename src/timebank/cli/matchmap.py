"""A picture of distances for the terminal: where helpers set out from, around the place of the help.

It is drawn from places on a coarse grid, so it shows directions and distances, never houses.
"""

from collections.abc import Sequence
from math import cos, hypot, radians
from typing import Final

from rich.text import Text

from timebank.care.profile import Spot

ROWS: Final = 6
"""Lines above and below the place of the help."""
COLUMNS: Final = 2 * ROWS + 1
"""Characters to its left and right; one is about half as wide as a line is high."""
METRES_PER_UDEG: Final = 0.111_195
STEPS_KM: Final = (1, 2, 5, 10, 20, 50, 100, 200)
MANY: Final = "+"
"""Where more than one stands."""


def map_of(place: Spot | None, helpers: Sequence[tuple[int, Spot | None]]) -> Text | None:
    """Return a picture of the helpers, each by rank, around a place; None if nobody has one.

    Args:
        place: of the help.
        helpers: (rank, where they set out from); ranks beyond 9 are letters, beyond 35 a `*`.
    """
    known = [(rank, spot) for rank, spot in helpers if spot is not None]
    if place is None or not known:
        return None
    offsets = [(rank, *_offset(place, spot)) for rank, spot in known]
    farthest = max(hypot(east, north) for _, east, north in offsets) / 1_000
    reach = next((step for step in STEPS_KM if step >= farthest), STEPS_KM[-1])
    cells = _rings()
    for rank, east, north in reversed(offsets):
        row, column = _cell(east, north, reach)
        is_taken = cells.get((row, column), " ") not in {" ", "·"}
        cells[row, column] = MANY if is_taken and (row, column) != (0, 0) else mark(rank)
    centre = "X" if cells.get((0, 0), "X") == "X" else "x"
    cells[0, 0] = centre
    lines = [
        "".join(cells.get((row, column), " ") for column in range(-COLUMNS, COLUMNS + 1)).rstrip()
        for row in range(ROWS, -ROWS - 1, -1)
    ]
    legend = f"X is the place of the help{', with a helper beside it' if centre == 'x' else ''}"
    legend = legend.replace("X is", f"{centre} is")
    picture = Text("\nWhere they set out from, by rank; north is up\n", style="bold")
    picture.append("\n".join(lines) + "\n", style="not bold")
    picture.append(f"{legend}; the ring is {reach} km away, {MANY} stands for several.", style="not bold dim")
    return picture


def mark(rank: int) -> str:
    """Return the one character that stands for a rank."""
    return "0123456789abcdefghijklmnopqrstuvwyz"[rank] if rank < 35 else "*"


def _offset(place: Spot, spot: Spot) -> tuple[float, float]:
    """Return metres east and north, the short way round."""
    turn = 360_000_000
    lon = (spot.lon_udeg - place.lon_udeg + turn // 2) % turn - turn // 2
    east = lon * METRES_PER_UDEG * cos(radians(place.lat_udeg / 1_000_000))
    return east, (spot.lat_udeg - place.lat_udeg) * METRES_PER_UDEG


def _cell(east: float, north: float, reach_km: int) -> tuple[int, int]:
    scale = reach_km * 1_000
    row = round(north / scale * ROWS)
    column = round(east / scale * 2 * ROWS)
    return max(-ROWS, min(ROWS, row)), max(-COLUMNS, min(COLUMNS, column))


def _rings() -> dict[tuple[int, int], str]:
    """Return the dots of the ring around the middle."""
    cells: dict[tuple[int, int], str] = {}
    for row in range(-ROWS, ROWS + 1):
        for column in range(-2 * ROWS, 2 * ROWS + 1):
            if abs(hypot(row, column / 2) - ROWS) < 0.3:
                cells[row, column] = "·"
    return cells


def distance(metres: int | None) -> str:
    """Write a distance for people: `800 m`, `2.4 km`; nothing where nobody has to go."""
    if metres is None:
        return ""
    return f"{metres} m" if metres < 1_000 else f"{metres // 1_000}.{metres % 1_000 // 100} km"
