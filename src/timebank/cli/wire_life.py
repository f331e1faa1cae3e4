"""What `--json` prints of the ends of memberships and branches, and of what branches owe one another."""

from typing import TYPE_CHECKING

from timebank.cli.output import JsonObject
from timebank.cli.wire import entry as wire_entry
from timebank.cli.wire import trial_balance
from timebank.instants import write_instant

if TYPE_CHECKING:
    from timebank.reports.supply import TimeSupply
    from timebank.services.clearings import OpenDebt, Run
    from timebank.services.closings import Closed, Frozen, Moved
    from timebank.services.leavings import LifeDone
    from timebank.services.lives import Dormant, Estate


def life(value: "LifeDone") -> JsonObject:
    """Write a turn in a member's life, with its entry, null if no hours moved."""
    event = value.event
    return {
        "branch": value.branch,
        "ref": event.ref,
        "act": event.act.value,
        "on": event.on.isoformat(),
        "other": event.other,
        "by": str(event.actor),
        "recorded_at": write_instant(event.recorded_at),
        "entry": wire_entry(value.entry) if value.entry is not None else None,
    }


def estate(value: "Estate") -> JsonObject:
    """Write an estate that waits."""
    return {
        "ref": value.ref,
        "died_on": value.died_on.isoformat(),
        "until": value.until.isoformat(),
        "minutes": value.minutes,
    }


def dormant(value: "Dormant") -> JsonObject:
    """Write a member who was not seen for long."""
    return {
        "ref": value.ref,
        "joined_on": value.joined_on.isoformat(),
        "last_on": value.last_on.isoformat() if value.last_on is not None else None,
        "balance_minutes": value.balance,
    }


def frozen(value: "Frozen") -> JsonObject:
    """Write whether a branch is frozen, with its trial balance."""
    return {
        "branch": value.branch,
        "is_frozen": value.is_frozen,
        "trial_balance": [trial_balance(each) for each in value.trial_balance],
    }


def closed(value: "Closed") -> JsonObject:
    """Write how a branch was closed."""
    return {
        "branch": value.branch,
        "successor": value.successor,
        "before": [trial_balance(each) for each in value.before],
        "moved": [moved(each) for each in value.moved],
        "entries": [{"branch": branch, "entry": seq} for branch, seq in value.entries],
    }


def moved(value: "Moved") -> JsonObject:
    """Write where a balance went."""
    return {
        "path": value.path,
        "unit": value.unit,
        "balance": value.balance,
        "branch": value.branch,
        "to": value.to,
        "is_placed": value.is_placed,
    }


def run(value: "Run") -> JsonObject:
    """Write a run of netting, or a settlement."""
    return {
        "cause": value.cause,
        "circles": [{"branches": list(codes), "minutes": minutes} for codes, minutes in value.circles],
        "entries": [{"branch": branch, "entry": seq} for branch, seq in value.entries],
    }


def debt(value: "OpenDebt") -> JsonObject:
    """Write what one branch owes another, and since when."""
    return {
        "debtor": value.debtor,
        "creditor": value.creditor,
        "minutes": value.minutes,
        "parts": [{"age_days": age, "minutes": minutes} for age, minutes in value.parts],
    }


def supply(branch: str, value: "TimeSupply") -> JsonObject:
    """Write the parts of a branch's time supply."""
    return {
        "branch": branch,
        "issued_minutes": value.issued,
        "positive_minutes": value.positive,
        "funds_minutes": value.funds,
        "waiting_minutes": value.waiting,
        "clearing_minutes": value.clearing,
        "negative_minutes": value.negative,
        "is_exact": value.is_exact,
    }
