"""How use cases post: dates, policy version, causes and reversals, the same for all of them."""

from datetime import datetime

from timebank.instants import day_of
from timebank.ledger.model import HELP, Actor, Cause, EntryDraft, EntryKind, JournalEntry, Posting
from timebank.ledger.reversal import reverse
from timebank.storage.books import Books


def post(
    books: Books,
    *,
    kind: EntryKind,
    cause: Cause,
    postings: tuple[Posting, ...],
    actor: Actor,
    effective_at: datetime | None = None,
    enforce_limits: bool = True,
) -> JournalEntry:
    """Post an entry that takes effect now, or at `effective_at`, under the policy of that day."""
    at = effective_at if effective_at is not None else books.desk.now
    on = day_of(at, books.zone)
    draft = EntryDraft(
        kind=kind,
        cause=cause,
        effective_at=at,
        effective_on=on,
        policy_version=books.policies.in_force(on).version,
        actor=actor,
        postings=postings,
        counts_help=1 if kind in HELP else 0,
    )
    return books.journal.post(draft, enforce_limits=enforce_limits)


def undo(books: Books, entry: JournalEntry, *, actor: Actor) -> JournalEntry:
    """Post the reversal of an entry, effective now; corrections are never refused by a limit.

    Raises:
        ReversalNotReversible, EntryNotReversible, AlreadyReversed: see `ledger.reversal.reverse`.
    """
    draft = reverse(
        entry,
        reversed_by=books.reader.reversed_by(entry.seq),
        actor=actor,
        effective_at=books.desk.now,
        effective_on=books.today,
        policy_version=books.policy.version,
    )
    return books.journal.post(draft, enforce_limits=False)
