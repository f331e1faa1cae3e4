"""Matches: who could help with a request and why, who was asked, and what they said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from timebank.care import match as care
from timebank.care.events import of_match
from timebank.care.listing import HelpRequest
from timebank.care.mandate import require_coordinator
from timebank.care.match import Match, MatchState, Outcome
from timebank.care.profile import Parking, ParkReason, parked_days
from timebank.care.record import Mode
from timebank.errors import AlreadyOffered, NotSuggested
from timebank.ledger.model import Actor, Role
from timebank.matching.rules import Reason, RuleCode
from timebank.services.asking import made_of
from timebank.services.plans import Plans
from timebank.services.service import Who, act_in
from timebank.services.suggesting import Suggestion, Suggestions, suggestions_of
from timebank.storage.books import Books

PAGE_USUAL: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a helper is where they are for a request: suggested, or kept away."""

    request: HelpRequest
    helper: str
    weights: str
    suggestion: Suggestion | None
    reasons: tuple[Reason, ...]
    others: int
    """How many are suggested."""


class Matches(Plans):
    """Use cases on matches."""

    def suggest(self, branch: str, request: int) -> Suggestions:
        """Return who could help with an open request, the best first, and why others could not.

        Raises:
            UnknownBranch, UnknownHelpRequest: there is none.
            ListingNotOpen: it has ended.
        """
        with self.store.read() as tx:
            return suggestions_of(tx.books(branch), request)

    def explain(self, branch: str, request: int, helper: str) -> Explanation:
        """Return why a member is suggested for a request at their rank, or what keeps the two apart.

        Raises:
            UnknownBranch, UnknownHelpRequest, UnknownMember: there is none.
            ListingNotOpen: the request has ended.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            books.members.get(helper)
            found = suggestions_of(books, request)
        suggestion = next((each for each in found.suggested if each.helper == helper), None)
        blocked = next((each for each in found.blocked if each.helper == helper), None)
        no_offer = (Reason(RuleCode.KIND, (("kind", found.request.kind),)),)
        reasons = blocked.reasons if blocked is not None else () if suggestion is not None else no_offer
        return Explanation(
            request=found.request,
            helper=helper,
            weights=found.weights,
            suggestion=suggestion,
            reasons=reasons,
            others=len(found.suggested),
        )

    def list(
        self,
        branch: str,
        *,
        state: MatchState | None = None,
        helper: str | None = None,
        member: str | None = None,
        request: int | None = None,
        around: str | None = None,
        before: int | None = None,
        limit: int | None = PAGE_USUAL,
    ) -> Sequence[Match]:
        """Return matches as they stand now, newest first.

        Args:
            branch: its code.
            state: only these.
            helper: only those offered to this member.
            member: only those for this member's requests.
            request: only those for this request.
            around: only those that this member was asked, or that somebody accepted for their request.
            before: only smaller numbers.
            limit: how many at most.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).matches.list(
                state=state,
                helper=helper,
                member=member,
                request=request,
                around=around,
                before=before,
                limit=limit,
            )

    def show(self, branch: str, no: int) -> Match:
        """Return one match.

        Raises:
            UnknownBranch, UnknownMatch: there is none.
        """
        with self.store.read() as tx:
            return tx.books(branch).matches.get(no)

    def offer(
        self, branch: str, request: int, helper: str, *, by: Who | None = None, key: str | None = None
    ) -> Match:
        """Ask a helper whether they would help with a request; the policy says how long they can answer.

        One helper at a time; several where help is urgent (0) or needs no way: the first yes has it.

        Args:
            branch: its code.
            request: number of the request.
            helper: member reference.
            by: a coordinator who is not the helper.
            key: idempotency key.

        Raises:
            NotAllowed, SelfDealing: somebody else asks.
            UnknownBranch, UnknownHelpRequest, UnknownMember, ListingNotOpen: there is nothing to offer.
            AlreadyOffered: somebody is asked already, or has said yes.
            NotSuggested: a rule keeps the two apart.
            AskedTooOften: the helper was asked often enough of late.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "match offer", request, helper, actor)
            if asked.outcome is not None:
                return books.matches.get(int(asked.outcome))
            act = act_in(books, actor)
            care.authorise_offer(act, branch=branch, helper=helper)
            books.members.get(helper)
            found = suggestions_of(books, request)
            _require_free(books, found, helper)
            made = _offered(books, found, helper, by=act.actor)
            asked.done(made.no, made)
            return made

    def accept(
        self,
        branch: str,
        no: int,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Match:
        """Say yes: by the helper in person, or by a coordinator, who says how they know.

        Whoever else was asked about the request need not answer any more.

        Raises:
            UnknownBranch, UnknownMatch: there is none.
            ListingNotOpen, AlreadyOffered: the request has ended, or somebody else has said yes.
            NotSuggested: a rule has come between the two since.
            KeyReused: the key was used for another request.
            Others: see `care.match.accept`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "match accept", no, actor)
            known = books.matches.get(no)
            if asked.outcome is not None:
                return known
            accepted, why = care.accept(known, act_in(books, actor), reason=reason)
            _require_still(books, known)
            _save(books, accepted, why)
            for other in books.matches.list(state=MatchState.OFFERED, request=known.request):
                _save(books, care.superseded(other, accepted.changed_by or actor, at=books.desk.now), None)
            asked.done(no, accepted)
            return accepted

    def decline(
        self,
        branch: str,
        no: int,
        why: ParkReason,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Match:
        """Say no, with a code; the two are then not brought together for a while, see `parked_days`.

        Args:
            branch: its code.
            no: of the match.
            why: a code; it stands with the names, and is erased with either.
            reason: in words, if the helper wishes; needed of a coordinator.
            by: the helper in person, or a coordinator, who says how they know.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownMatch: there is none.
            KeyReused: the key was used for another request.
            Others: see `care.match.decline`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "match decline", no, actor)
            known = books.matches.get(no)
            if asked.outcome is not None:
                return known
            declined, words = care.decline(known, act_in(books, actor), reason=reason)
            _save(books, declined, words)
            days = parked_days(why, books.policy.policy.matching.parked)
            books.profiles.park(
                Parking(
                    helper=known.helper,
                    member=known.member,
                    until_on=books.today + timedelta(days=days),
                    reason=why,
                    match=no,
                )
            )
            asked.done(no, declined)
            return declined

    def withdraw(
        self, branch: str, no: int, *, reason: str, by: Who | None = None, key: str | None = None
    ) -> Match:
        """Take a match back, offered or accepted: by a coordinator, who says why.

        Raises:
            UnknownBranch, UnknownMatch: there is none.
            KeyReused: the key was used for another request.
            Others: see `care.match.withdraw`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "match withdraw", no, actor)
            known = books.matches.get(no)
            if asked.outcome is not None:
                return known
            withdrawn, words = care.withdraw(known, act_in(books, actor), reason=reason)
            _save(books, withdrawn, words, was_accepted=known.state is MatchState.ACCEPTED)
            asked.done(no, withdrawn)
            return withdrawn

    def conclude(
        self, branch: str, no: int, outcome: Outcome, *, by: Who | None = None, key: str | None = None
    ) -> Match:
        """Write down what became of an accepted match, so that suggestions can be judged by it.

        Raises:
            UnknownBranch, UnknownMatch: there is none.
            KeyReused: the key was used for another request.
            Others: see `care.match.conclude`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "match conclude", no, outcome, actor)
            known = books.matches.get(no)
            if asked.outcome is not None:
                return known
            concluded = care.conclude(known, act_in(books, actor), outcome)
            books.matches.save(concluded)
            asked.done(no, concluded)
            return concluded

    def expire_due(self, branch: str, *, by: Who | None = None, key: str | None = None) -> Sequence[Match]:
        """Write down which offered matches have expired; returns them, oldest first.

        Nobody needs to call this: one whose deadline has passed is not open, whatever its row says.

        Raises:
            UnknownBranch: no branch has that code.
            NotAllowed: only a coordinator of the branch, or the system, does.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            asked = books.requests.open(key, "match expire", actor)
            if asked.outcome is not None:
                return ()
            if actor.role is not Role.SYSTEM:
                require_coordinator(act_in(books, actor), branch)
            expired = books.matches.due()
            for each in expired:
                _save(books, each, None)
            asked.done(len(expired), expired)
            return expired


def _require_free(books: Books, found: Suggestions, helper: str) -> None:
    """Refuse to ask one more helper about a request where enough are asked.

    Raises:
        AlreadyOffered: this one is asked already, or as many as there may be, or somebody said yes.
    """
    request = found.request
    wish = books.profiles.wish(request.no, request.member)
    is_parallel = wish.urgency == 0 or request.mode is not Mode.IN_PERSON
    offered = [each for each in found.matches if each.state is MatchState.OFFERED]
    accepted = [each for each in found.matches if each.state is MatchState.ACCEPTED]
    is_full = len(offered) >= (books.policy.policy.matching.asked_at_once if is_parallel else 1)
    theirs = [each for each in offered if each.helper == helper]
    for each in (*accepted, *theirs, *(offered if is_full else ())):
        raise AlreadyOffered(request=request.no, match=each.no)


def _offered(books: Books, found: Suggestions, helper: str, *, by: Actor) -> Match:
    """Offer a match to a helper who is suggested.

    Raises:
        NotSuggested, AskedTooOften: in this order.
    """
    request = found.request
    suggestion = next((each for each in found.suggested if each.helper == helper), None)
    if suggestion is None:
        codes = [reason.code for each in found.blocked if each.helper == helper for reason in each.reasons]
        raise NotSuggested(helper=helper, request=request.no, codes=", ".join(codes) or RuleCode.KIND.value)
    rules = books.policy.policy.matching
    care.require_room(books.matches.list(helper=helper), rules, helper=helper, now=books.desk.now)
    return made_of(books, request, suggestion, found.weights, by=by)


def _require_still(books: Books, match: Match) -> None:
    """Refuse a yes to what cannot be any more.

    Raises:
        ListingNotOpen, AlreadyOffered, NotSuggested: in this order.
    """
    found = suggestions_of(books, match.request)
    for each in found.matches:
        if each.state is MatchState.ACCEPTED:
            raise AlreadyOffered(request=match.request, match=each.no)
    if all(each.helper != match.helper for each in found.suggested):
        codes = [
            reason.code for each in found.blocked if each.helper == match.helper for reason in each.reasons
        ]
        raise NotSuggested(
            helper=match.helper, request=match.request, codes=", ".join(codes) or RuleCode.KIND.value
        )


def _save(books: Books, match: Match, words: str | None, *, was_accepted: bool = False) -> None:
    """Store what became of a match, tell it, and keep what was said with the names."""
    books.matches.save(match)
    books.tell(of_match(match, was_accepted=was_accepted))
    if words is not None:
        books.identities.write_note(words, about=f"match {match.no}", members=(match.helper, match.member))
