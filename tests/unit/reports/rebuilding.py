"""Rebuild journal entries from what an outside program read in an exported journal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from timebank.ledger.model import Actor, Cause, EntryDraft, EntryKind, JournalEntry, Line, Posting, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry as an outside program has it."""

    seq: int
    on: date
    kind: str
    facts: Mapping[str, str]
    postings: tuple[Posting, ...]


def rebuilt(found: Iterable[Found]) -> list[JournalEntry]:
    """Return the entries in the order of their numbers; balances and versions come from folding."""
    folded: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    journal = []
    for each in sorted(found, key=lambda each: each.seq):
        lines = []
        for posting in each.postings:
            account = folded[posting.path, posting.unit]
            account[0] += 1
            account[1] += posting.change
            lines.append(Line(posting, account[0], account[1]))
        recorded_at = datetime.fromisoformat(each.facts["recorded"])
        journal.append(JournalEntry("lille", each.seq, recorded_at, _draft(each), tuple(lines)))
    return journal


def _draft(found: Found) -> EntryDraft:
    facts = found.facts
    kind, _, ref = facts["cause"].partition(" ")
    return EntryDraft(
        kind=EntryKind(found.kind),
        cause=Cause(kind, ref, int(facts["step"])),
        effective_at=datetime.fromisoformat(facts["effective"]),
        effective_on=found.on,
        policy_version=int(facts["policy"]),
        actor=Actor.parse(facts["by"]),
        postings=found.postings,
        reverses=int(facts["reverses"]) if "reverses" in facts else None,
        counts_help=int(facts.get("help", 0)),
    )


def posting_of(path: str, unit: str, debited: int) -> Posting:
    """Return a posting from an amount that is positive for a debit."""
    return Posting(path, unit, Side.DEBIT if debited > 0 else Side.CREDIT, abs(debited))
