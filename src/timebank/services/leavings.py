"""Leavings: what must be settled before somebody goes, what they leave behind, and the doing of it."""

from dataclasses import dataclass
from datetime import date

from timebank.care.events import EventKind, of_member
from timebank.care.life import LifeAct, LifeEvent, require_living, require_settled
from timebank.care.mandate import Act, revoke
from timebank.care.record import RecordState
from timebank.care.redemption import RedemptionState
from timebank.ledger.chart import GRANT, available
from timebank.ledger.details import Details
from timebank.ledger.holds import HoldState
from timebank.ledger.model import MINUTES, Actor, Cause, EntryKind, JournalEntry, Posting, credit, debit
from timebank.services.listing import end_all
from timebank.services.posting import Told, members_of, post
from timebank.storage.books import Books
from timebank.storage.life import MEMBER

OPEN_RECORDS = frozenset({RecordState.LOGGED, RecordState.CORRECTED, RecordState.DISPUTED})
OPEN_REDEMPTIONS = frozenset({RedemptionState.REQUESTED, RedemptionState.ASSIGNED, RedemptionState.LOGGED})


def estate_of(ref: str) -> str:
    """Return the path of the hours that a member left behind."""
    return f"suspense:estate-{ref}"


def balance_of(books: Books, path: str, unit: str = MINUTES) -> int:
    """Return a balance, credits minus debits; 0 for an account that was never opened."""
    return sum(state.balance for state in books.accounts.states([path]) if state.unit == unit)


def granted(books: Books, ref: str) -> tuple[Posting, ...]:
    """Return what takes back a joining grant that was not used."""
    path = f"member:{ref}:grant"
    left = balance_of(books, path)
    return (debit(path, left), credit(GRANT, left)) if left > 0 else ()


def open_matters(books: Books, ref: str | None = None) -> tuple[str, ...]:
    """Return the names of what is still open of a member, or of the whole branch.

    Pending holds, service records that wait for a word, redemptions that are paid or served here.
    """
    holds = books.holds.list(state=HoldState.PENDING, member=ref)
    records = [each for state in sorted(OPEN_RECORDS) for each in books.records.list(state=state, member=ref)]
    redemptions = [
        each
        for state in sorted(OPEN_REDEMPTIONS)
        for each in books.redemptions.around(state=state, member=ref)
    ]
    return (
        *(f"hold {each.no}" for each in holds),
        *(f"record {each.no}" for each in sorted(records, key=lambda each: each.no)),
        *(f"redemption {each.ref}" for each in sorted(redemptions, key=lambda each: each.ref)),
    )


def require_ready(books: Books, ref: str) -> None:
    """Refuse the end of a membership that has ended, or of a member with open matters.

    Raises:
        MemberGone, OpenMatters: in this order.
    """
    require_living(books.life.of_member(ref), member=ref, branch=books.branch.code)
    require_settled(ref, open_matters(books, ref))


def end_mandates(books: Books, ref: str, act: Act) -> None:
    """Revoke every mandate of this branch that a member gave or holds."""
    for mandate in books.mandates.around(ref):
        if mandate.branch == books.branch.code and mandate.revoked_at is None:
            books.mandates.revoke(revoke(mandate, act), actor=str(act.actor))


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeDone:
    """A turn in a life, and the entry that moved hours for it; None where there were none."""

    branch: str
    event: LifeEvent
    entry: JournalEntry | None


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done about one member, by whom and why; the reason stays with the names."""

    books: Books
    ref: str
    actor: Actor
    words: str | None

    def post(
        self, cause: str, postings: tuple[Posting, ...], *, is_limited: bool = True
    ) -> JournalEntry | None:
        """Post what moves, if anything does; opens the accounts that it needs."""
        if not postings:
            return None
        for posting in postings:
            self.books.journal.open(posting.path, posting.unit)
        people = tuple(dict.fromkeys((self.ref, *members_of(postings))))
        return post(
            self.books,
            kind=EntryKind.TRANSFER,
            cause=Cause(cause, self.ref),
            postings=postings,
            actor=self.actor,
            enforce_limits=is_limited,
            told=Told(details=Details(words=self.words), members=people) if self.words else None,
        )

    def note(
        self, act: LifeAct, entry: JournalEntry | None, *, on: date | None = None, other: str | None = None
    ) -> LifeDone:
        """Write down what happened, on a day or today."""
        write = self.books.identities.write_note
        note_no = write(self.words, about=f"member {self.ref}", members=[self.ref]) if self.words else None
        event = self.books.life.add(
            MEMBER,
            self.ref,
            act,
            on=on if on is not None else self.books.today,
            actor=self.actor,
            other=other,
            entry=entry.seq if entry is not None else None,
            note_no=note_no,
        )
        return LifeDone(branch=self.books.branch.code, event=event, entry=entry)

    def end(
        self,
        act: LifeAct,
        cause: str,
        postings: tuple[Posting, ...],
        *,
        on: date | None = None,
        other: str | None = None,
    ) -> LifeDone:
        """End a membership: move the hours, close what is empty, withdraw what was wished for and offered.

        Limits do not refuse a merging: whoever they are, they had these hours before.
        """
        books, ref = self.books, self.ref
        entry = self.post(cause, postings, is_limited=act is not LifeAct.MERGED)
        done = self.note(act, entry, on=on, other=other)
        books.members.end(ref, on=max(done.event.on, books.members.get(ref).joined_on))
        books.flush()  # what was decided is written before its account is closed
        for state in books.accounts.states([available(ref), f"member:{ref}:grant"]):
            if state.balance == 0 and state.unit == MINUTES and not state.is_closed:
                books.accounts.close(state.path, state.unit)
        end_all(books, ref, by=self.actor)
        books.tell(of_member(EventKind.MEMBER_LEFT, (books.branch.code, ref)))
        return done
