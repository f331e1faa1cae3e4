"""Asking: a suggestion becomes a match, and its helper is told."""

from datetime import timedelta

from timebank.care.events import of_match
from timebank.care.listing import HelpRequest
from timebank.care.match import Match
from timebank.ledger.model import Actor
from timebank.services.suggesting import Suggestion
from timebank.storage.books import Books


def made_of(books: Books, request: HelpRequest, suggestion: Suggestion, weights: str, *, by: Actor) -> Match:
    """Write down that a helper is asked, and tell them."""
    now, hours = books.desk.now, books.policy.policy.matching.answer_hours
    made = Match(
        branch=request.branch,
        no=books.matches.next_no(),
        request=request.no,
        member=request.member,
        helper=suggestion.helper,
        offer=suggestion.offer,
        starts=suggestion.fit.starts_at,
        rank=suggestion.rank,
        weights=weights,
        offered_at=now,
        offered_by=by,
        expires_at=min(now + timedelta(hours=hours), request.expires_at),
    )
    books.matches.add(made)
    books.tell(of_match(made))
    return made
