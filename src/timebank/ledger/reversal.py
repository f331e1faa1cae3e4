"""Reversal: the linked opposite entry, the only way to correct (I-3). Pure."""

from dataclasses import replace
from datetime import date, datetime

from timebank.errors import AlreadyReversed, EntryNotReversible, ReversalNotReversible
from timebank.ledger.model import Actor, EntryDraft, EntryKind, JournalEntry, Posting


def reverse(
    entry: JournalEntry,
    *,
    reversed_by: int | None,
    actor: Actor,
    effective_at: datetime,
    effective_on: date,
    policy_version: int,
) -> EntryDraft:
    """Return the mirror of an entry: the same accounts and amounts, every side turned.

    Its step is its original's, negated, so that the steps of a cause stay unique (I-8).

    Args:
        entry: the original.
        reversed_by: sequence number of the reversal it has already, or None.
        effective_at: when the correction takes effect, aware UTC; the original keeps its own date.
        effective_on: the same as a day of the branch.

    Raises:
        ReversalNotReversible, EntryNotReversible, AlreadyReversed: in this order.
    """
    draft = entry.draft
    if draft.kind is EntryKind.REVERSAL:
        raise ReversalNotReversible(entry=entry.seq)
    if draft.kind in {EntryKind.HOLD, EntryKind.RELEASE}:
        raise EntryNotReversible(entry=entry.seq)
    if reversed_by is not None:
        raise AlreadyReversed(entry=entry.seq, by=reversed_by)
    return EntryDraft(
        kind=EntryKind.REVERSAL,
        cause=replace(draft.cause, step=-draft.cause.step),
        effective_at=effective_at,
        effective_on=effective_on,
        policy_version=policy_version,
        actor=actor,
        postings=mirrored(draft.postings),
        reverses=entry.seq,
        counts_help=-draft.counts_help,
    )


def mirrored(postings: tuple[Posting, ...]) -> tuple[Posting, ...]:
    """Return the postings with every side turned, in the same order."""
    return tuple(replace(posting, side=posting.side.opposite) for posting in postings)
