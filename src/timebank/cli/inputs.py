"""What people write, read with the calendar of a branch or in the unit of an account."""

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from timebank.cli.output import COUNTED_UNITS
from timebank.errors import NotADay, NotADistance, NotAnAmount
from timebank.instants import aware_utc, parse_day, parse_instant, zone_of
from timebank.ledger.model import unit_of
from timebank.minutes import parse_minutes

if TYPE_CHECKING:
    from timebank.services.bank import Bank

DISTANCE = re.compile(
    r"(?P<whole>[0-9]{1,6})(?:[.,](?P<fraction>[0-9]{1,3}))?\s*(?P<unit>k?m)", re.ASCII | re.IGNORECASE
)
MONEY = re.compile(r"(?P<whole>[0-9]{1,9})(?:[.,](?P<cents>[0-9]{2}))?", re.ASCII)


def day_in(text: str | None) -> date | None:
    """Read a day, None if there is none.

    Raises:
        NotADay, DayBeyondRange: it is no day, or one of a year that is not kept.
    """
    return parse_day(text) if text is not None else None


def instant_in(bank: "Bank", branch: str, text: str | None) -> datetime | None:
    """Read an instant in local time of a branch, None if there is none.

    Raises:
        UnknownBranch: no branch has that code.
        Others: see `timebank.instants.parse_instant`.
    """
    return parse_instant(text, zone_of(bank.branches.show(branch).zone)) if text is not None else None


def known_at_in(bank: "Bank", branch: str, text: str | None) -> datetime | None:
    """Read up to when something is known: an instant, or a day of the branch, which counts to its end.

    Raises:
        As `instant_in` does.
    """
    if text is None:
        return None
    try:
        day = parse_day(text)
    except NotADay:
        return instant_in(bank, branch, text)
    # Where the last microsecond of a day happens twice, the day ends with the second one.
    end = datetime.combine(day, time.max, tzinfo=zone_of(bank.branches.show(branch).zone)).replace(fold=1)
    return aware_utc(end.astimezone(UTC))


def metres_in(text: str) -> int:
    """Read a distance, `800m`, `5 km` or `2.5km`, as whole metres.

    Raises:
        NotADistance: it is none.
    """
    found = DISTANCE.fullmatch(text.strip())
    if found is None or (found["fraction"] and found["unit"].lower() == "m"):
        raise NotADistance
    whole, fraction = int(found["whole"]), found["fraction"] or ""
    return whole if found["unit"].lower() == "m" else whole * 1_000 + int(f"{fraction}000"[:3])


def amount_in(text: str, unit: str) -> int:
    """Read a length of time, or for a money unit an amount such as 12.50, as cents.

    Raises:
        BadUnit, NotMinutes, MinutesOutOfRange, NotAnAmount: it is neither.
    """
    if unit_of(unit) in COUNTED_UNITS:
        return parse_minutes(text)
    found = MONEY.fullmatch(text.strip())
    if found is None:
        raise NotAnAmount
    return int(found["whole"]) * 100 + int(found["cents"] or "0")
