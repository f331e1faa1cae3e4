"""Entries: look at the journal, and reverse an entry that should not be there (I-3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from timebank.care.inputs import reason_of
from timebank.care.mandate import require_coordinator
from timebank.errors import EntrySettled, NoDetails, UnknownEntry
from timebank.ledger.batch import Posted, PostItem, PostResult, Refused
from timebank.ledger.chart import available, held
from timebank.ledger.details import Details, parse_details
from timebank.ledger.model import EntryKind, JournalEntry
from timebank.services.posting import members_of, undo
from timebank.services.service import Service, Who, act_in
from timebank.services.turns import Turn
from timebank.services.waiting import Wish
from timebank.services.writer import BATCH_MOST, QUEUE_MOST, Finish, Writer
from timebank.storage.books import Books

MANAGED = frozenset({"service", "redemption", "closing", "netting", "settlement"})
"""Causes that have a state of their own, which a bare reversal would contradict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """An entry, what reversed it, and the words that are kept about it (none once erased)."""

    entry: JournalEntry
    reversed_by: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsShown:
    """What an entry has committed itself to, revealed: anybody can check it against the entry's receipt."""

    branch: str
    entry: int
    text: str
    """Canonical, see `ledger.details`."""
    secret: bytes
    commitment: bytes
    details: Details


class Entries(Service):
    """Use cases on journal entries."""

    def show(self, branch: str, seq: int) -> EntryView:
        """Return one entry.

        Raises:
            UnknownBranch, UnknownEntry: there is none.
        """
        with self.store.read() as tx:
            return _view(tx.books(branch), seq)

    def details(self, branch: str, seq: int) -> DetailsShown:
        """Reveal what an entry has committed itself to, with the secret that proves it.

        Raises:
            UnknownBranch, UnknownEntry: there is none.
            NoDetails: it has none, or they were erased.
            DetailsUnreadable: they are not as they were written.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            commitment = books.reader.entry(seq).draft.details
            kept = books.identities.details(seq)
            if commitment is None or kept is None:
                raise NoDetails(entry=seq, branch=branch)
            text, secret = kept
            return DetailsShown(
                branch=branch,
                entry=seq,
                text=text,
                secret=secret,
                commitment=commitment,
                details=parse_details(text),
            )

    def list(
        self,
        branch: str,
        *,
        path: str | None = None,
        cause: tuple[str, str] | None = None,
        before: int | None = None,
        limit: int | None = 50,
    ) -> Sequence[JournalEntry]:
        """Return entries, newest first, of an account path, of a cause, before a sequence number."""
        with self.store.read() as tx:
            return tx.books(branch).reader.list(
                after=before, path=path, cause=cause, limit=limit, is_newest_first=True
            )

    def of_member(
        self, branch: str, ref: str, *, before: int | None = None, limit: int | None = 50
    ) -> Sequence[JournalEntry]:
        """Return the entries that moved a member's hours, held ones too, newest first."""
        with self.store.read() as tx:
            reader = tx.books(branch).reader
            found = {
                entry.seq: entry
                for path in (available(ref), held(ref))
                for entry in reader.list(after=before, path=path, limit=limit, is_newest_first=True)
            }
        return [found[seq] for seq in sorted(found, reverse=True)][:limit]

    def require_own(self, branch: str, ref: str, seq: int) -> None:
        """See that an entry moved a member's hours.

        Raises:
            UnknownBranch: no branch has that code.
            UnknownEntry: it moved none of theirs, or there is none: nobody is told which.
        """
        with self.store.read() as tx:
            entry = tx.books(branch).reader.entry(seq)
        if not {line.posting.path for line in entry.lines} & {available(ref), held(ref)}:
            raise UnknownEntry(entry=seq, branch=branch)

    def post(self, branch: str, request: PostItem, *, by: Who | None = None) -> Posted:
        """Post one request, or one group; see `post_many`.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator.
            Others: the refusal of the request, see `ledger.batch`.
        """
        (result,) = self.post_many(branch, (request,), by=by)
        if isinstance(result, Refused):
            raise result.error
        return result

    def post_many(
        self, branch: str, items: Sequence[PostItem], *, by: Who | None = None
    ) -> Sequence[PostResult]:
        """Decide any number of independent requests in order and post them in one transaction.

        One that is refused does not touch the others; the members of a group stand and fall together.

        Args:
            branch: of all of them.
            items: `PostRequest`s and `PostGroup`s of transfers.
            by: a coordinator.

        Returns:
            For each item, in order, a `Posted` or a typed `Refused`, as `ledger.batch` says.

        Raises:
            UnknownBranch, NotAllowed: there is no such branch, or not a coordinator; nothing was posted.
            TryAgain, ServerLost, OutcomeUnknown: as for every write; the keys make repeating it safe.
        """
        actor = self.actor(by)
        return self.prepare(branch, [(item, actor) for item in items])()

    def prepare(self, branch: str, wishes: Sequence[Wish], *, is_turn: bool = False) -> Finish:
        """Decide what `post_many` would, for several actors, if that can be done before it is their turn.

        Args:
            branch: of all of them.
            wishes: each with its actor.
            is_turn: whether nothing prepared before is left to be written; then nothing is decided ahead.

        Returns:
            What writes it, or decides and writes it if it could not be decided before: to be called once, and
            in the order in which the wishes were prepared. It returns and raises what `post_many` does.
        """
        turn = Turn(self.store, self.default_actor, branch, wishes)
        if not is_turn:
            turn.decide()
        return turn.finish

    def writer(self, *, queue_most: int = QUEUE_MOST, batch_most: int = BATCH_MOST) -> Writer:
        """Return a writer that posts what many callers hand in at the same time together.

        Args:
            queue_most: how many requests may wait for one branch; more are refused with `QueueFull`.
            batch_most: how many are posted in one transaction.
        """
        return Writer(
            self.prepare,
            self.actor,
            queue_most=queue_most,
            batch_most=batch_most,
            crew=2 if self.store.is_server else 1,
        )

    def reverse(
        self, branch: str, seq: int, *, reason: str, by: Who | None = None, key: str | None = None
    ) -> JournalEntry:
        """Reverse an entry, and return the reversal.

        Raises:
            UnknownBranch, UnknownEntry: there is none.
            NotAllowed: only a coordinator reverses.
            ReasonMissing, BadText: there is no reason.
            EntrySettled: it belongs to a service record or a redemption, which have ways of correcting that
                keep books and records in step.
            ReversalNotReversible, EntryNotReversible, AlreadyReversed: see `ledger.reversal.reverse`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "entry reverse", seq, actor)
            if request.outcome is not None:
                return books.reader.entry(int(request.outcome))
            require_coordinator(act_in(books, actor), branch)
            words = reason_of(reason)
            entry = books.reader.entry(seq)
            if entry.draft.cause.kind in MANAGED and entry.draft.kind is not EntryKind.REVERSAL:
                raise EntrySettled(entry=seq, cause=f"{entry.draft.cause.kind} {entry.draft.cause.ref}")
            reversal = undo(books, entry, actor=actor, words=words)
            books.identities.write_note(
                words, about=f"entry {reversal.seq}", members=members_of(entry.draft.postings)
            )
            request.done(reversal.seq, reversal)
            return reversal


def _view(books: Books, seq: int) -> EntryView:
    entry = books.reader.entry(seq)
    return EntryView(
        entry=entry,
        reversed_by=books.reader.reversed_by(seq),
        notes=books.identities.notes(f"entry {seq}"),
    )
