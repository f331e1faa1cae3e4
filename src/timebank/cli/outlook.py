"""How an outlook looks on the terminal: one sentence, a table of distances, and how it went for others."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.text import Text

from timebank.cli.output import Shown, table_of
from timebank.matching.outlook import Change
from timebank.minutes import format_minutes

if TYPE_CHECKING:
    from timebank.matching.outlook import Band, Outlook, Past

IF: Final = {
    Change.TIME: "at another time",
    Change.DISTANCE: "if the place of the help were nearer to them",
    Change.MODE: "in another way",
}
DAY_MINUTES: Final = 1_440
KM: Final = 1_000


def outlook_shown(found: "Outlook", *, is_near: bool) -> list[Shown]:
    """Return what a family is told; `is_near` says whether somebody has to go there."""
    parts: list[Shown] = [sentence_of(found, where="near there" if is_near else "there")]
    if found.bands:
        rows = [(_band(each), each.count) for each in found.bands]
        parts.append(table_of("How far away they set out", ["distance", "people"], rows, right=["people"]))
    return [*parts, Text(("\n" if found.bands else "") + _past(found.past))]


def sentence_of(found: "Outlook", *, where: str) -> str:
    """Say in a sentence how many could help, and what would add somebody."""
    return "; ".join(_said(found, where)) + "."


def _said(found: "Outlook", where: str) -> Iterator[str]:
    more = "" if found.count == 0 else " more"
    if not found.is_place_known:
        yield "Where the beneficiary lives is not known, so nobody can be found near there"
        yield "their profile can say so"
    elif found.count == 0:
        yield f"Nobody {where} could help"
    else:
        yield f"{_number(found.count)} people {where} could help"
    for change, count in found.changes:
        if found.is_place_known or change is not Change.DISTANCE:
            yield f"{_number(count)}{more} could {IF[change]}"


def _number(count: int | None) -> str:
    return "1 or 2" if count is None else str(count)


def _band(band: "Band") -> str:
    nearest, farthest = band.from_m // KM, band.to_m // KM if band.to_m is not None else None
    if farthest is None:
        return f"more than {nearest} km" if nearest else "near and far"
    return f"{nearest} to {farthest} km" if nearest else f"up to {farthest} km"


def _past(past: "Past") -> str:
    if past.requests is None:
        return "Too few comparable requests within a year to tell how likely it is."
    line = f"Of {past.requests} comparable requests within a year {past.found_percent} % found somebody"
    if past.wait_minutes is None:
        return f"{line}; too few to tell how long it takes."
    return f"{line}, half of them within {_length(past.wait_minutes)}."


def _length(minutes: int) -> str:
    """Write a wait: from two days on in whole days, begun ones included."""
    if minutes < 2 * DAY_MINUTES:
        return format_minutes(minutes)
    return f"{-(-minutes // DAY_MINUTES)} days"
