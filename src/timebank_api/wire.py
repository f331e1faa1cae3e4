"""What several nouns write in the same way; the shapes are those of `--json`, see `timebank.cli.wire`."""

from datetime import datetime

from msgspec import Struct

from timebank.instants import write_instant
from timebank.ledger.limits import LimitWarning


class Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; kept with the names, erased with them."""

    reason: str


class ReasonIfAny(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, where that is needed; kept with the names, erased with them."""

    reason: str | None = None


class WarningOut(Struct, frozen=True, kw_only=True):
    """A soft limit that was passed."""

    kind: str
    """Which one, such as `below_floor_warning`."""
    path: str
    balance_minutes: int
    level_minutes: int


def warnings_out(warnings: tuple[LimitWarning, ...]) -> tuple[WarningOut, ...]:
    """Write soft warnings."""
    return tuple(
        WarningOut(kind=each.code, path=each.path, balance_minutes=each.balance, level_minutes=each.level)
        for each in warnings
    )


def instant(at: datetime | None) -> str | None:
    """Write an instant, or None."""
    return write_instant(at) if at is not None else None
