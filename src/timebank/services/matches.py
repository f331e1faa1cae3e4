"""Matches: who could help with a request and why, who was asked, and what they said."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from timebank.care import match as care
from timebank.care.events import of_match
from timebank.care.listing import HelpRequest, ListingState
from timebank.care.mandate import require_coordinator
from timebank.care.match import ASKED_MOST, OFFER_HOURS, PARALLEL_MOST, Match, MatchState, Outcome
from timebank.care.profile import PARKED_DAYS, Parking, ParkReason, Spot
from timebank.care.record import Mode
from timebank.errors import AlreadyOffered, ListingNotOpen, NotSuggested
from timebank.ledger.model import Actor, Role
from timebank.matching.model import Helper, Request
from timebank.matching.place import Place
from timebank.matching.rules import Fit, Reason, RuleCode, fit_of, reasons_against
from timebank.matching.score import Score, Weights, score_of
from timebank.services.pooling import Pooled, Pooling, id_of, ref_of
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books

PAGE_USUAL: Final = 50
WEIGHTS: Final = Weights()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A helper whom no rule keeps from a request, with every reason for the rank."""

    rank: int
    helper: str
    """Member reference."""
    fit: Fit
    score: Score
    place: Spot | None
    """Where the helper sets out from, on the grid."""
    asked: int
    """How often the helper was asked of late, for whatever; see `care.match.ASKED_MOST`."""

    @property
    def may_be_asked(self) -> bool:
        """Whether one more question is not too many."""
        return self.asked < ASKED_MOST

    @property
    def offer(self) -> int:
        """Number of the helper's offer that it rests on."""
        return int(ref_of(self.fit.offer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A helper whom rules keep from a request."""

    helper: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """Who could help with a request, the best first, and who could not."""

    request: HelpRequest
    place: Spot | None
    """Of the help, on the grid; None if it is not known, or if nobody has to go."""
    weights: str
    """Fingerprint of the weights that decided on the ranks."""
    suggested: tuple[Suggestion, ...]
    blocked: tuple[Blocked, ...]
    """Who comes closest first: fewest reasons against them."""
    matches: tuple[Match, ...]
    """Who was asked already, newest first."""

    @property
    def near(self) -> tuple[Blocked, ...]:
        """Those who offer help of this kind, and are kept away by something else."""
        return tuple(
            each for each in self.blocked if all(reason.code is not RuleCode.KIND for reason in each.reasons)
        )

    @property
    def counts(self) -> dict[RuleCode, int]:
        """How many helpers each rule keeps away, in the order of the rules.

        Of those who offer no help of this kind, nothing else is counted.
        """
        found = Counter(reason.code for each in self.near for reason in each.reasons)
        found[RuleCode.KIND] = len(self.blocked) - len(self.near)
        return {code: found[code] for code in RuleCode if found[code]}


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


class Matches(Service):
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
        """Ask a helper whether they would help with a request; they have two days to answer.

        One helper at a time; up to three where help is urgent (0) or needs no way: the first yes has it.

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
        """Say no, with a code; the two are then not brought together for a while, see `PARKED_DAYS`.

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
            books.profiles.park(
                Parking(
                    helper=known.helper,
                    member=known.member,
                    until_on=books.today + timedelta(days=PARKED_DAYS[why]),
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


def suggestions_of(books: Books, no: int) -> Suggestions:
    """Return who could help with an open request.

    Raises:
        UnknownHelpRequest, ListingNotOpen: there is none, or it has ended.
    """
    listing = books.help_requests.get(no)
    if listing.state is not ListingState.OPEN:
        raise ListingNotOpen(listing=no, state=listing.state.value)
    pooled = Pooling(books).pool([listing])
    id_ = id_of(books.branch.code, no)
    suggested, blocked = ranked(pooled, pooled.requests[id_]) if id_ in pooled.requests else ((), ())
    return Suggestions(
        request=listing,
        place=_spot(pooled.requests[id_].place) if id_ in pooled.requests else None,
        weights=WEIGHTS.fingerprint,
        suggested=suggested,
        blocked=blocked,
        matches=tuple(books.matches.list(request=no)),
    )


def ranked(pooled: Pooled, request: Request) -> tuple[tuple[Suggestion, ...], tuple[Blocked, ...]]:
    """Return who could help, the best first, and who could not, the closest first.

    Equal scores are put in an order that is the same on every run and favours nobody over many requests.
    """
    fits: list[tuple[int, bytes, Helper, Fit, Score]] = []
    blocked: list[Blocked] = []
    for helper in pooled.helpers.values():
        fit = fit_of(request, helper, now_min=pooled.now_min)
        if fit is None:
            reasons = reasons_against(request, helper, now_min=pooled.now_min)
            blocked.append(Blocked(helper=ref_of(helper.id), reasons=reasons))
            continue
        score = score_of(request, helper, WEIGHTS, distance_m=fit.distance_m, now_min=pooled.now_min)
        lot = hashlib.sha256(f"{request.id} {helper.id}".encode()).digest()
        fits.append((-score.total, lot, helper, fit, score))
    fits.sort(key=lambda each: each[:2])
    suggested = tuple(
        Suggestion(
            rank=rank,
            helper=ref_of(helper.id),
            fit=fit,
            score=score,
            place=_spot(helper.place),
            asked=pooled.asked.get(helper.id, 0),
        )
        for rank, (_, _, helper, fit, score) in enumerate(fits, 1)
    )
    return suggested, tuple(sorted(blocked, key=lambda each: (len(each.reasons), each.helper)))


def _spot(place: Place | None) -> Spot | None:
    return Spot(lat_udeg=place.lat_udeg, lon_udeg=place.lon_udeg) if place is not None else None


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
    is_full = len(offered) >= (PARALLEL_MOST if is_parallel else 1)
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
    now = books.desk.now
    care.require_room(books.matches.list(helper=helper), helper=helper, now=now)
    made = Match(
        branch=request.branch,
        no=books.matches.next_no(),
        request=request.no,
        member=request.member,
        helper=helper,
        offer=suggestion.offer,
        starts=suggestion.fit.starts_at,
        rank=suggestion.rank,
        weights=found.weights,
        offered_at=now,
        offered_by=by,
        expires_at=_deadline(now, request),
    )
    books.matches.add(made)
    books.tell(of_match(made))
    return made


def _deadline(now: datetime, request: HelpRequest) -> datetime:
    return min(now + timedelta(hours=OFFER_HOURS), request.expires_at)


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
