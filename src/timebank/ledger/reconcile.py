"""The audit, second half: what is cached, reserved, limited and counted against the journal.

Owns the checks of I-4 (cached totals), I-5 (the history of limits), I-6 (holds), I-7 (clearing) and of the
numbers a branch has given out. Pure.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from timebank.errors import BadActor, BadReference, LimitsCrossed
from timebank.ledger.audit import RESERVING, Fault, JournalAudit, Totals
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


class Movement(NamedTuple):
    """A posting on a held account, as stored, with the path of the account."""

    path: str
    cause_kind: str
    cause_ref: str
    entry_seq: int
    line: int
    kind: str
    side: str
    amount: int


@dataclass(slots=True)
class Reserved:
    """What the entries of one cause did to one held account."""

    seq: int = 0
    """The first of them."""
    placed: int = 0
    """Credited by the first entry that holds."""
    captured: int = 0
    """Debited by the first entry that charges."""
    left: int = 0
    """Credits minus debits."""

    def take(self, movement: Movement) -> None:
        """Carry on by one posting."""
        self.seq = self.seq or movement.entry_seq
        is_credit = movement.side == "credit"
        if movement.kind == "hold" and is_credit and self.placed == 0:
            self.placed = movement.amount
        if movement.kind not in RESERVING and not is_credit and self.captured == 0:
            self.captured = movement.amount
        self.left += movement.amount if is_credit else -movement.amount


class HoldsAudit:
    """The holds of a branch beside the postings on its held accounts, both in the order of `place_of_hold`.

    It keeps one cause in hand at a time, and a balance for each held account.
    """

    def __init__(self, branch: str) -> None:
        """Begin with nothing held."""
        self.branch = branch
        self.left: Counter[str] = Counter()
        """What the causes left, by path of the held account."""

    def check(self, holds: Iterable[StoredHold], movements: Iterable[Movement]) -> Iterator[Fault]:
        """Check every hold against the entries that reserved, charged and gave back its minutes (I-6)."""
        causes = groupby(movements, key=itemgetter(0, 1, 2))
        cause = next(causes, None)
        for key, group in groupby(holds, key=place_of_hold):
            while cause is not None and cause[0] < key:
                yield from self._without_hold(*cause)
                cause = next(causes, None)
            reserved = Reserved()
            if cause is not None and cause[0] == key:
                reserved = self._fold(*cause)
                cause = next(causes, None)
            for number, hold in enumerate(group):
                yield from self._check_hold(hold, reserved, is_repeated=number > 0)
        while cause is not None:
            yield from self._without_hold(*cause)
            cause = next(causes, None)

    def _fold(self, key: tuple[str, str, str], movements: Iterable[Movement]) -> Reserved:
        reserved = Reserved()
        for movement in movements:
            reserved.take(movement)
        self.left[key[0]] += reserved.left
        return reserved

    def _without_hold(self, key: tuple[str, str, str], movements: Iterable[Movement]) -> Iterator[Fault]:
        reserved = self._fold(key, movements)
        place = f"{self.branch} entry {reserved.seq}"
        yield Fault(place, "hold_missing", f"no hold for what it does to {key[0]}")

    def _check_hold(self, hold: StoredHold, reserved: Reserved, *, is_repeated: bool) -> Iterator[Fault]:
        place = f"{self.branch} hold {hold.no}"
        is_captured = hold.state == HoldState.CAPTURED
        if hold.state not in set(HoldState):
            yield Fault(place, "hold_invalid", f"state {hold.state}")
        if is_captured != (hold.captured_minutes > 0) or not 0 <= hold.captured_minutes <= hold.minutes:
            yield Fault(
                place,
                "hold_invalid",
                f"{hold.state} with {hold.captured_minutes} of {hold.minutes} min captured",
            )
        if is_repeated:
            yield Fault(place, "hold_repeated", f"another hold of {hold.member} has the same cause")
        for what, stored, folded in (
            ("reserved", hold.minutes, reserved.placed),
            ("captured", hold.captured_minutes, reserved.captured),
            ("left", hold.minutes if hold.state == HoldState.PENDING else 0, reserved.left),
        ):
            if stored != folded:
                yield Fault(place, "hold_differs", f"{stored} min {what}, its entries say {folded}")


def place_of_hold(hold: StoredHold) -> tuple[str, str, str]:
    """Return the held account and the cause of a hold: what `HoldsAudit` has both its streams ordered by."""
    return (held(hold.member), hold.cause_kind, hold.cause_ref)


def check_held(audit: JournalAudit, left: Mapping[str, int], whose: str) -> Iterator[Fault]:
    """Check the balance of every held account (I-6).

    Args:
        audit: of the branch.
        left: what should be in it, by path.
        whose: who says so: `its causes`, `its pending holds`.
    """
    for no, account in sorted(audit.accounts.items()):
        balance = audit.totals.get(no, Totals()).balance
        if is_held(account.path) and balance != left.get(account.path, 0):
            place = f"{audit.branch} account {account.path} {account.unit}"
            yield Fault(place, "held_differs", f"balance {balance}, {whose} left {left.get(account.path, 0)}")


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
