"""The audit, second half: what is cached, reserved, limited and counted against the journal.

Owns the checks of I-4 (cached totals), I-5 (the history of limits), I-6 (holds), I-7 (clearing) and of the
numbers a branch has given out. Pure.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from timebank.errors import BadActor, BadReference, LimitsCrossed
from timebank.ledger.audit import Fault, JournalAudit, Reserved, Totals
from timebank.ledger.chart import held, is_held
from timebank.ledger.holds import HoldState
from timebank.ledger.limits import Limits
from timebank.ledger.model import Actor
from timebank.ledger.statement import clearing_positions


class StoredHold(NamedTuple):
    """A hold, as stored."""

    no: int
    member: str
    minutes: int
    state: str
    expires_us: int
    cause_kind: str
    cause_ref: str
    captured_minutes: int


class StoredLimit(NamedTuple):
    """A change of an account's limits or an override, as stored; an override has no warning levels."""

    account_no: int
    no: int
    floor: int | None
    ceiling: int | None
    warn_floor: int | None
    warn_ceiling: int | None
    actor: str


def check_totals(audit: JournalAudit) -> Iterator[Fault]:
    """Check every account's cached totals against the fold of its postings (I-4)."""
    by_unit: dict[str, int] = {}
    for no, account in sorted(audit.accounts.items()):
        totals = audit.totals.get(no, Totals())
        place = f"{audit.branch} account {account.path} {account.unit}"
        by_unit[account.unit] = by_unit.get(account.unit, 0) + totals.balance
        if account.version is None:
            yield Fault(place, "cached_balance_missing", "the account has no cached balance")
            continue
        for name in ("balance", "given", "received", "version"):
            stored, folded = getattr(account, name), getattr(totals, name)
            if stored != folded:
                yield Fault(place, f"cached_{name}_differs", f"{name} {stored}, the fold gives {folded}")
    for unit, off_by in sorted(by_unit.items()):
        if off_by != 0:
            yield Fault(f"{audit.branch} trial balance", "trial_balance_off", f"off by {off_by} {unit}")


def check_holds(audit: JournalAudit, holds: Iterable[StoredHold]) -> Iterator[Fault]:
    """Check every hold against the entries that reserved, charged and gave back its minutes (I-6)."""
    known: Counter[tuple[str, str, str]] = Counter()
    for hold in holds:
        place = f"{audit.branch} hold {hold.no}"
        key = (hold.cause_kind, hold.cause_ref, held(hold.member))
        known[key] += 1
        is_captured = hold.state == HoldState.CAPTURED
        if hold.state not in set(HoldState):
            yield Fault(place, "hold_invalid", f"state {hold.state}")
        if is_captured != (hold.captured_minutes > 0) or not 0 <= hold.captured_minutes <= hold.minutes:
            yield Fault(
                place,
                "hold_invalid",
                f"{hold.state} with {hold.captured_minutes} of {hold.minutes} min captured",
            )
        if known[key] > 1:
            yield Fault(place, "hold_repeated", f"another hold of {hold.member} has the same cause")
        reserved = audit.reserved.get(key, Reserved(0))
        for what, stored, folded in (
            ("reserved", hold.minutes, reserved.placed),
            ("captured", hold.captured_minutes, reserved.captured),
            ("left", hold.minutes if hold.state == HoldState.PENDING else 0, reserved.left),
        ):
            if stored != folded:
                yield Fault(place, "hold_differs", f"{stored} min {what}, its entries say {folded}")
    for key in sorted(audit.reserved.keys() - known.keys()):
        reserved = audit.reserved[key]
        yield Fault(
            f"{audit.branch} entry {reserved.seq}", "hold_missing", f"no hold for what it does to {key[2]}"
        )
    yield from _check_held_balances(audit)


def _check_held_balances(audit: JournalAudit) -> Iterator[Fault]:
    left: Counter[str] = Counter()
    for (_, _, path), reserved in audit.reserved.items():
        left[path] += reserved.left
    for no, account in sorted(audit.accounts.items()):
        balance = audit.totals.get(no, Totals()).balance
        if is_held(account.path) and balance != left[account.path]:
            place = f"{audit.branch} account {account.path} {account.unit}"
            yield Fault(place, "held_differs", f"balance {balance}, its causes left {left[account.path]}")


def check_limits_history(audit: JournalAudit, what: str, changes: Iterable[StoredLimit]) -> Iterator[Fault]:
    """Check that an account's changes are numbered 1, 2, 3 …, name who made them, and are in order (I-5).

    Args:
        audit: of the branch.
        what: `limit` or `override`.
        changes: by account, then number.
    """
    last: Counter[int] = Counter()
    for change in changes:
        account = audit.accounts.get(change.account_no)
        path = account.path if account is not None else f"number {change.account_no}"
        place = f"{audit.branch} account {path} {what} {change.no}"
        last[change.account_no] += 1
        if account is None:
            yield Fault(place, "account_missing", f"there is no account number {change.account_no}")
        if change.no != last[change.account_no]:
            yield Fault(place, f"{what}_missing", f"expected number {last[change.account_no]}")
            last[change.account_no] = change.no
        try:
            Limits(
                floor=change.floor,
                warn_floor=change.warn_floor,
                warn_ceiling=change.warn_ceiling,
                ceiling=change.ceiling,
            )
            Actor.parse(change.actor)
        except (LimitsCrossed, BadActor, BadReference) as error:
            yield Fault(place, f"{what}_invalid", str(error))


def check_counters(
    branch: str, counters: Mapping[str, int], numbers: Mapping[str, tuple[int, int]]
) -> Iterator[Fault]:
    """Check the last number given to each noun against the rows there are: none is missing, none is to come.

    Args:
        branch: its code.
        counters: last number given, by noun.
        numbers: how many rows there are and their highest number, by noun; rows are never deleted.
    """
    for noun, (count, highest) in sorted(numbers.items()):
        last = counters.get(noun, 0)
        if not last == count == highest:
            yield Fault(
                f"{branch} counter {noun}",
                "numbers_differ",
                f"{last} numbers given, {count} rows up to number {highest}",
            )


def check_clearing(
    balances: Iterable[tuple[str, str, str, int]], *, here: Collection[str]
) -> Iterator[Fault]:
    """Check that what A owes B and what B says A owes it sum to zero (I-7), for all branches `here`.

    What a branch here and one of another deployment owe each other cannot be checked from one side.
    """
    for position in clearing_positions(balances):
        if position.branch in here and position.other in here and not position.is_reconciled:
            yield Fault(
                f"clearing {position.branch} and {position.other}",
                "clearing_differs",
                f"{position.owed} and {position.owed_back} {position.unit} do not sum to zero",
            )
