"""How use cases post: dates, policy version, causes, reversals and details, the same for all of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from timebank.care.record import Hours
from timebank.instants import day_of
from timebank.ledger.canonical import micros_of
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.details import SECRET_BYTES, Details, commitment_of, details_text
from timebank.ledger.model import HELP, Actor, Cause, EntryDraft, EntryKind, JournalEntry, Posting
from timebank.ledger.reversal import reverse
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of an entry beside the ledger's facts, and with whom it is erased."""

    details: Details
    members: tuple[str, ...]
    """The first three of them; one of another branch is written `REF@BRANCH`."""


def told_of(hours: Hours, *, members: Iterable[str], words: str | None = None) -> Told:
    """Return what is known of help."""
    details = Details(
        help=hours.kind,
        mode=hours.mode.value,
        start=micros_of(hours.start_at),
        minutes=hours.minutes,
        words=words,
    )
    return Told(details=details, members=tuple(members))


def post(
    books: Books,
    *,
    kind: EntryKind,
    cause: Cause,
    postings: tuple[Posting, ...],
    actor: Actor,
    effective_at: datetime | None = None,
    enforce_limits: bool = True,
    told: Told | None = None,
) -> JournalEntry:
    """Post an entry that takes effect now, or at `effective_at`, under the policy of that day.

    It commits itself to what is told of it, if anything is.
    """
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
    return post_told(books, draft, told, enforce_limits=enforce_limits)


def post_told(
    books: Books, draft: EntryDraft, told: Told | None, *, enforce_limits: bool = True
) -> JournalEntry:
    """Post a draft that commits itself to what is told of it, and keep that with the names."""
    if told is None:
        return books.journal.post(draft, enforce_limits=enforce_limits)
    text, secret = details_text(told.details), books.desk.draw(SECRET_BYTES)
    committed = replace(draft, details=commitment_of(text, secret))
    entry = books.journal.post(committed, enforce_limits=enforce_limits)
    books.identities.keep_details(entry.seq, secret=secret, details=text, members=told.members)
    return entry


def undo(books: Books, entry: JournalEntry, *, actor: Actor, words: str | None = None) -> JournalEntry:
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
    told = None
    if words is not None:
        told = Told(details=Details(words=words), members=members_of(entry.draft.postings))
    return post_told(books, draft, told, enforce_limits=False)


def members_of(postings: Iterable[Posting]) -> tuple[str, ...]:
    """Return the members whose accounts are posted to, in order."""
    places = (place_of(posting.path) for posting in postings)
    return tuple(place.name for place in places if place.kind is AccountKind.MEMBER)
