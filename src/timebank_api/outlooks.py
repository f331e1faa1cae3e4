"""What the service says of how likely help is: counts that point at nobody."""

from msgspec import Struct

from timebank.matching.outlook import Outlook


class BandOut(Struct, frozen=True, kw_only=True):
    """How many of those who could help set out from how far away."""

    from_metres: int
    to_metres: int | None
    """Null: and farther."""
    count: int
    """Three or more: neighbouring bands are joined until that is so."""


class SmallChangeOut(Struct, frozen=True, kw_only=True):
    """How many more could help after one small change."""

    change: str
    """`time`, `distance` or `mode`: at another time, nearer to them, in another way."""
    count: int | None
    """Null: one or two."""


class PastOut(Struct, frozen=True, kw_only=True):
    """How it went for comparable requests within a year; null where fewer than five say so."""

    requests: int | None
    found_percent: int | None
    """How many of a hundred found somebody."""
    wait_minutes: int | None
    """Half of those who found somebody waited no longer."""


class OutlookOut(Struct, frozen=True, kw_only=True):
    """How likely help is near a beneficiary; nobody is named."""

    is_place_known: bool
    """False: where the beneficiary lives is not known, so nobody can be found near there."""
    count: int | None
    """How many could help; null: one or two."""
    bands: tuple[BandOut, ...]
    """The nearest first; none where few could help, and none for help without a way."""
    changes: tuple[SmallChangeOut, ...]
    past: PastOut


def outlook_out(found: Outlook) -> OutlookOut:
    """Return an outlook as it is sent."""
    return OutlookOut(
        is_place_known=found.is_place_known,
        count=found.count,
        bands=tuple(
            BandOut(from_metres=each.from_m, to_metres=each.to_m, count=each.count) for each in found.bands
        ),
        changes=tuple(SmallChangeOut(change=change.value, count=count) for change, count in found.changes),
        past=PastOut(
            requests=found.past.requests,
            found_percent=found.past.found_percent,
            wait_minutes=found.past.wait_minutes,
        ),
    )
