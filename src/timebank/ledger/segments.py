"""Stretches of a journal that are folded on their own, in any order, and put together.

A journal never changes, so it can be cut: a stretch claims where each of its accounts began and says where
they ended; it follows what came before it if the claims are true. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from timebank.ledger.audit import JournalAudit, StoredEntry, Totals
from timebank.ledger.quick import QuickFold, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of the journal that was folded on its own and accepted."""

    first_seq: int
    last_seq: int
    first_us: int
    """When its first entry was recorded."""
    last_us: int
    starts: dict[int, tuple[int, int]]
    """Balance and version that each of its accounts claims to have begun with."""
    ends: dict[int, tuple[int, int, int, int]]
    """Where they ended: balance, and how much given, received and posted to them there."""
    cause_kinds: frozenset[str]
    has_reversals: bool
    is_regular: bool

    def to_json(self) -> list[Any]:
        """Return it as values that JSON has."""
        return [
            *(self.first_seq, self.last_seq, self.first_us, self.last_us),
            [[no, *start, *self.ends[no]] for no, start in self.starts.items()],
            *(sorted(self.cause_kinds), self.has_reversals, self.is_regular),
        ]

    @classmethod
    def of_json(cls, values: Sequence[Any]) -> "Segment":
        """Return it from such values."""
        first_seq, last_seq, first_us, last_us, accounts, kinds, has_reversals, is_regular = values
        return cls(
            first_seq=first_seq,
            last_seq=last_seq,
            first_us=first_us,
            last_us=last_us,
            starts={no: (balance, version) for no, balance, version, *_ in accounts},
            ends={no: tuple(end) for no, _, _, *end in accounts},
            cause_kinds=frozenset(kinds),
            has_reversals=has_reversals,
            is_regular=is_regular,
        )


class SegmentFold(QuickFold):
    """The fold of one stretch, by itself."""

    def __init__(self, audit: JournalAudit, first_seq: int) -> None:
        """Begin before the entry `first_seq` with a fresh audit of the branch, whose totals are not known."""
        audit.last_seq = first_seq - 1
        super().__init__(audit, is_alone=True)
        self.first_seq = first_seq
        self.first_us: int | None = None

    def take(self, entries: Rows, lines: Rows) -> bool:
        """Fold the next chunk; False if anything is off: then the stretch has to be folded carefully."""
        if self.first_us is None and entries:
            self.first_us = StoredEntry(*entries[0]).recorded_us
        return super().take(entries, lines)

    def result(self) -> Segment:
        """Return what the stretch is worth."""
        return Segment(
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            first_us=self.last_us if self.first_us is None else self.first_us,
            last_us=self.last_us,
            starts=self.starts,
            ends={
                no: (each.balance, each.given, each.received, each.version - self.starts[no][1])
                for no, each in self.running.items()
            },
            cause_kinds=frozenset(self.cause_kinds),
            has_reversals=self.has_reversals,
            is_regular=self.is_regular,
        )


def join(audit: JournalAudit, segment: Segment) -> bool:
    """Carry a fold on over a segment that follows; False, and nothing changed, if it does not follow.

    It follows if its numbers and instants go on, and every account began there as the fold has left it.
    """
    if segment.first_seq != audit.last_seq + 1 or segment.first_us < audit.last_us:
        return False
    nothing = Totals()
    for no, start in segment.starts.items():
        totals = audit.totals.get(no, nothing)
        if start != (totals.balance, totals.version):
            return False
    for no, (balance, given, received, count) in segment.ends.items():
        totals = audit.totals.setdefault(no, Totals())
        totals.balance = balance
        totals.given += given
        totals.received += received
        totals.version += count
    audit.entries += segment.last_seq - audit.last_seq
    audit.last_seq, audit.last_us = segment.last_seq, segment.last_us
    audit.cause_kinds |= segment.cause_kinds
    audit.has_reversals = audit.has_reversals or segment.has_reversals
    audit.is_regular = audit.is_regular and segment.is_regular
    return True
