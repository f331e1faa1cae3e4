"""Listings: what the use cases on requests and on offers share."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Generic

from timebank.care.events import of_match
from timebank.care.inputs import clean_text
from timebank.care.listing import HelpOffer, HelpRequest, Listing, ListingState, ended
from timebank.care.match import MatchState, superseded
from timebank.care.member import require_active
from timebank.instants import aware_utc, in_years
from timebank.ledger.model import Actor
from timebank.services.stating import require_offered
from timebank.storage.books import Books

DAYS_USUAL: Final = 90
"""How long what has no end of its own stays open."""

NOTE_MOST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingView(Generic[Listing]):
    """A request or an offer, with the words that are kept about it (none once erased)."""

    listing: Listing
    note: str | None
    """What the member said about it."""
    reasons: tuple[str, ...] = ()
    """Why it was posted or withdrawn, where somebody said so."""


def expiry_of(books: Books, until_on: date | None) -> datetime:
    """Return when something ends that is open until the end of a day; about three months from now if None.

    Raises:
        DayBeyondRange: a year that is not kept.
    """
    last = until_on if until_on is not None else books.today + timedelta(days=DAYS_USUAL)
    next_day = in_years(in_years(last) + timedelta(days=1))
    return aware_utc(datetime.combine(next_day, time.min, tzinfo=books.zone))


def require_postable(books: Books, listing: HelpRequest | HelpOffer) -> None:
    """Refuse what nobody can ask for or offer here.

    Raises:
        UnknownMember, MemberLeft: whose it is is no member today.
        KindNotOffered, ModeNotOffered: the policy does not know it.
    """
    require_active(books.members.get(listing.member), on=books.today)
    require_offered(books.policy.policy, listing)


def about(listing: HelpRequest | HelpOffer) -> str:
    """Return under what the words about a listing are kept."""
    return f"help {'request' if isinstance(listing, HelpRequest) else 'offer'} {listing.no}"


def write_words(
    books: Books, listing: HelpRequest | HelpOffer, *, note: str | None, reason: str | None
) -> None:
    """Keep words about a listing with the names, to be erased with them."""
    for what, words in ((about(listing), note), (f"{about(listing)} why", reason)):
        if words is not None:
            books.identities.write_note(words, about=what, members=(listing.member,))


def view_of(books: Books, listing: Listing) -> ListingView[Listing]:
    """Return a listing with its words."""
    notes = books.identities.notes(about(listing))
    reasons = books.identities.notes(f"{about(listing)} why")
    return ListingView(listing=listing, note=notes[0] if notes else None, reasons=tuple(reasons))


def end_all(books: Books, member: str, *, by: Actor) -> None:
    """Withdraw every open request, offer and match of a member who goes."""
    for match in books.matches.around(member):
        is_to_come = match.state is MatchState.ACCEPTED and match.outcome is None
        if match.state is MatchState.OFFERED or is_to_come:
            gone = superseded(match, by, at=books.desk.now)
            books.matches.save(gone)
            books.tell(of_match(gone, was_accepted=is_to_come))
    for request in books.help_requests.list(state=ListingState.OPEN, member=member):
        books.help_requests.save_end(ended(request, by, at=books.desk.now))
    for offer in books.help_offers.list(state=ListingState.OPEN, member=member):
        books.help_offers.save_end(ended(offer, by, at=books.desk.now))


def cleaned(note: str | None) -> str | None:
    """Return a note, cleaned, or None where none was given.

    Raises:
        BadText: longer than `NOTE_MOST`, or with characters no text can have.
    """
    return None if note is None or not note.strip() else clean_text(note, what="note", most=NOTE_MOST)
