"""What the books must show for what the writers were told: nothing lost, nothing doubled, no fault."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import NullPool, create_engine
from tests.faults.insisting import insist
from tests.faults.writer import Ack, amount_of, branch_of

import timebank
from timebank.clock import SystemClock
from timebank.ledger.canonical import micros_of

ENTRIES = (
    "SELECT b.code, e.seq, p.amount, e.recorded_us FROM entry e"
    " JOIN posting p ON p.branch_id = e.branch_id AND p.entry_seq = e.seq AND p.side = 'credit'"
    " JOIN branch b ON b.branch_id = e.branch_id"
)
"""Every entry with its amount, read without timebank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found in the books."""

    entries: int
    unanswered: int
    """Entries recorded before the kill whose writers had not heard of them."""
    lost: int
    """Answers whose entry is not there, or is another one."""
    doubled: int
    """Requests with more than one entry."""
    faults: tuple[str, ...]
    """Faults of the audit."""

    @property
    def is_good(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.faults)


def judge(address: str, acks: Iterable[Ack], *, killed_us: int = 0) -> Verdict:
    """Compare what was acknowledged with the books, and audit them.

    Args:
        address: of the database.
        acks: the answers that came before this is called; at a kill, before the restart.
        killed_us: the instant of the kill in microseconds, 0 if there was none.
    """
    acks = tuple(acks)
    rows = entries_of(address)
    amounts = Counter(amount for _, _, amount, _ in rows)
    kept = {(code, seq): amount for code, seq, amount, _ in rows}
    answered = {(branch_of(ack.writer), ack.seq) for ack in acks}
    lost = sum(
        kept.get((branch_of(ack.writer), ack.seq)) != amount_of(ack.writer, ack.number) for ack in acks
    )
    bank, _ = insist(lambda: timebank.open(address))
    report, _ = insist(bank.audits.run)
    bank.close()
    return Verdict(
        entries=len(rows),
        unanswered=sum(at <= killed_us for code, seq, _, at in rows if (code, seq) not in answered),
        lost=lost,
        doubled=sum(times - 1 for times in amounts.values()),
        faults=tuple(f"{fault.code} in {fault.place}" for fault in report.faults),
    )


def now_us() -> int:
    """Return the machine's instant, as the books write it."""
    return micros_of(SystemClock().now())


def entries_of(address: str) -> list[tuple[str, int, int, int]]:
    """Return (branch, entry, amount, recorded at in microseconds) of every entry."""
    engine = create_engine(address, poolclass=NullPool)
    with engine.connect() as connection:
        return [(code, seq, amount, at) for code, seq, amount, at in connection.exec_driver_sql(ENTRIES)]
