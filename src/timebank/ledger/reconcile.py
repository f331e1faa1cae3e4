"""The audit, second half: cached totals, holds, service records and clearing against the journal.

Owns the checks of I-4 (cached balances), I-6 (holds), I-7 (clearing) and I-8 (one service record, one
standing credit). Pure.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from timebank.ledger.audit import Fault, JournalAudit, Totals
from timebank.ledger.chart import held
from timebank.ledger.holds import HoldState
from timebank.ledger.statement import clearing_positions

class StoredHold(NamedTuple):
    """A hold, as stored."""

    no: int
    member: str
    minutes: int
    state: str
    captured_minutes: int


class StoredRecord(NamedTuple):
    """What a service record says about its posting, as stored."""

    no: int
    state: str
    revision: int
    credited_minutes: int | None
    redemption: str | None


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
    """Check that each member's held balance is the sum of their pending holds (I-6)."""
    pending: dict[str, int] = {}
    for hold in holds:
        place = f"{audit.branch} hold {hold.no}"
        if hold.state not in set(HoldState):
            yield Fault(place, "hold_invalid", f"state {hold.state}")
        if not 0 <= hold.captured_minutes <= hold.minutes:
            yield Fault(place, "hold_invalid", f"{hold.captured_minutes} of {hold.minutes} min captured")
        if hold.state == HoldState.PENDING:
            pending[held(hold.member)] = pending.get(held(hold.member), 0) + hold.minutes
    balances = {
        account.path: audit.totals.get(no, Totals()).balance
        for no, account in audit.accounts.items()
        if account.path.endswith(":held")
    }
    for path in sorted(balances.keys() | pending.keys()):
        if balances.get(path, 0) != pending.get(path, 0):
            yield Fault(
                f"{audit.branch} account {path}",
                "held_differs",
                f"balance {balances.get(path, 0)}, pending holds {pending.get(path, 0)}",
            )


def check_records(audit: JournalAudit, records: Iterable[StoredRecord]) -> Iterator[Fault]:
    """Check that a confirmed service record has exactly one standing credit, any other none (I-8).

    A record that settles a redemption is credited under the redemption's cause, not its own.
    """
    known = set()
    for record in records:
        known.add(str(record.no))
        place = f"{audit.branch} service record {record.no}"
        credits = audit.service_credits.get(str(record.no), [])
        standing = [(seq, minutes) for seq, _, minutes in credits if seq not in audit.reversed_by]
        standing = [item for item in standing if item[0] not in audit.reversed_by.values()]
        if len(standing) > 1:
            yield Fault(place, "record_posted_twice", f"entries {', '.join(str(seq) for seq, _ in standing)}")
        elif record.state == "confirmed" and record.redemption is None:
            if len(credits) == 0:
                yield Fault(place, "record_not_posted", "it is confirmed but no entry credits it")
            elif standing and standing[0][1] != record.credited_minutes:
                yield Fault(
                    place,
                    "record_minutes_differ",
                    f"{record.credited_minutes} min credited, entry {standing[0][0]} has {standing[0][1]}",
                )
        elif standing:
            yield Fault(place, "record_wrongly_posted", f"it is {record.state}, yet entry {standing[0][0]} credits it")
    for ref in sorted(audit.service_credits.keys() - known):
        seq = audit.service_credits[ref][0][0]
        yield Fault(f"{audit.branch} entry {seq}", "record_missing", f"there is no service record {ref}")


def check_clearing(balances: Iterable[tuple[str, str, str, int]]) -> Iterator[Fault]:
    """Check that what A owes B and what B says A owes it sum to zero (I-7), over all branches."""
    for position in clearing_positions(balances):
        if not position.is_reconciled:
            yield Fault(
                f"clearing {position.branch} and {position.other}",
                "clearing_differs",
                f"{position.owed} and {position.owed_back} {position.unit} do not sum to zero",
            )
