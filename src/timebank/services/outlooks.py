"""Outlooks: before a family spends hours, how likely help is near the beneficiary, in the branch there."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from timebank.care.beneficiary import Beneficiary, require_eligible
from timebank.care.listing import HelpRequest, ListingState
from timebank.care.mandate import Act, Scope, authorise
from timebank.care.match import MatchState, Outcome
from timebank.care.member import require_active
from timebank.care.record import Mode
from timebank.care.week import WEEK_SLOTS, Week
from timebank.errors import (
    MandateNotInForce,
    MinutesOutOfRange,
    NotAllowed,
    PlannedInPast,
    UnknownBeneficiary,
    WhenUnclear,
    WindowTooShort,
)
from timebank.instants import aware_utc, day_of
from timebank.matching.model import EPOCH, MINUTE, Request, instant_of
from timebank.matching.outlook import Outlook, outlook_of
from timebank.matching.rules import is_remote
from timebank.services.pooling import Pooling, id_of
from timebank.services.service import Service, Who, act_in
from timebank.services.settling import TwoBooks
from timebank.services.stating import require_offered
from timebank.services.suggesting import ranked
from timebank.storage.books import Books

COMPARED_DAYS: Final = 365
"""How old requests may be that still say how it goes in a branch."""
WHENEVER: Final = Week((1 << WEEK_SLOTS) - 1)
UNPOSTED: Final = 0
"""Number of a request that nobody has posted: no wish, no match and no answer knows it."""


class Outlooks(Service):
    """Use cases that look ahead."""

    def helpers_near(
        self,
        branch: str,
        beneficiary: int,
        *,
        kind: str,
        minutes: int,
        start_at: datetime | None = None,
        week: Week | None = None,
        mode: Mode = Mode.IN_PERSON,
        by: Who | None = None,
    ) -> Outlook:
        """Say how likely help is near a beneficiary, in counts that point at nobody; nothing is reserved.

        It matches a request that nobody posted against the helpers of the beneficiary's branch, at the
        beneficiary's home. Their own wish, whom they do not want, and everybody's no are heeded.

        Args:
            branch: the sponsor's.
            beneficiary: the number of the beneficiary in that branch.
            kind: code of the kind of help.
            minutes: how long it is to last.
            start_at: when it is to begin, with a time zone.
            week: when it would suit, week by week, by the clock there; instead of `start_at`. If neither is
                said, any time would.
            mode: how it is to reach the beneficiary.
            by: the sponsor, a proxy with scope `sponsor`, or a coordinator of either branch.

        Raises:
            UnknownBranch, UnknownBeneficiary: there is none, or it is none of theirs: nobody is told which.
            NotAllowed: the beneficiary asks, who spends no hours.
            MandateNotInForce: of a proxy; see `care.mandate.authorise`.
            WhenUnclear, NaiveInstant, BadReference, MinutesOutOfRange, PlannedInPast, WindowTooShort: as in
                a request, in this order.
            MemberLeft: sponsor or beneficiary are no members, now or on the day of the help.
            BeneficiaryRevoked, RelationNotEligible, TooManyNamed, ConsentMissing, CheckMissing: hours cannot
                be spent on them. Consent is needed whatever the policy says: the answer rests on where the
                beneficiary lives.
            KindNotOffered, ModeNotOffered: the branch there does not know it.
        """
        with self.store.read() as tx:
            home = tx.books(branch)
            named = home.beneficiaries.get(beneficiary)
            books = TwoBooks(home=home, host=tx.books(named.host_branch))
            act = act_in(home, self.actor(by))
            _require_asker(act, named)
            times = _times(start_at, minutes, week)
            draft = _draft(books.host, act, named, kind=kind, mode=mode, minutes=minutes, times=times)
            _require_eligible(books, act, named, draft)
            return _outlook(books, named, draft)


def _times(
    start_at: datetime | None, minutes: int, week: Week | None
) -> tuple[datetime | None, datetime | None, Week | None]:
    """Return when help begins and ends, on the minute, or in which week; its length is judged later."""
    if start_at is None:
        return None, None, week if week is not None else WHENEVER
    if week is not None:
        raise WhenUnclear
    starts_at = instant_of(-((EPOCH - aware_utc(start_at)) // MINUTE))
    length = timedelta(minutes=max(0, min(minutes, WHENEVER.minutes)))
    return starts_at, aware_utc(starts_at + length), None


def _require_asker(act: Act, named: Beneficiary) -> None:
    """Refuse who neither spends the sponsor's hours nor runs a branch of either.

    Raises:
        UnknownBeneficiary: they have nothing to do with it.
        NotAllowed, MandateNotInForce: they have, but it is not theirs to ask.
    """
    if any(act.is_by_coordinator_of(code) for code in (named.branch, named.host_branch)):
        return
    try:
        authorise(act, branch=named.branch, member=named.sponsor, scope=Scope.SPONSOR)
    except (NotAllowed, MandateNotInForce):
        if act.is_by(named.host_branch, named.member) or _holds(act, named):
            raise
        raise UnknownBeneficiary(beneficiary=named.no, branch=named.branch) from None


def _holds(act: Act, named: Beneficiary) -> bool:
    """Tell whether they hold the mandate of the sponsor's that they name, whatever it covers."""
    return act.is_for(named.branch, named.sponsor) and any(
        (each.no, each.holder_branch, each.holder) == (act.actor.mandate, *act.person)
        for each in act.mandates
    )


def _draft(
    host: Books,
    act: Act,
    named: Beneficiary,
    *,
    kind: str,
    mode: Mode,
    minutes: int,
    times: tuple[datetime | None, datetime | None, Week | None],
) -> HelpRequest:
    """Return the request that nobody posted.

    Raises:
        BadReference, MinutesOutOfRange, PlannedInPast, WindowTooShort: in this order.
    """
    starts_at, ends_at, week = times
    draft = HelpRequest(
        branch=named.host_branch,
        no=UNPOSTED,
        member=named.member,
        kind=kind,
        mode=mode,
        minutes=minutes,
        earliest_at=starts_at,
        latest_at=ends_at,
        week=week,
        posted_at=act.at,
        posted_by=act.actor,
        expires_at=starts_at if starts_at is not None else act.at + timedelta(days=1),
    )
    longest = host.policy.policy.service.longest_minutes
    if not 1 <= minutes <= longest:
        raise MinutesOutOfRange(minutes=minutes, least=1, most=longest)
    if starts_at is not None and starts_at <= act.at:
        raise PlannedInPast
    if week is not None and week.longest_minutes < minutes:
        raise WindowTooShort(minutes=minutes)
    return draft


def _require_eligible(books: TwoBooks, act: Act, named: Beneficiary, draft: HelpRequest) -> None:
    """Refuse to look ahead where hours could not be spent, or the beneficiary has not agreed to it."""
    home, host = books.home, books.host
    rules = home.policy.policy.redemption
    require_active(home.members.get(named.sponsor), on=act.on)
    on = day_of(draft.earliest_at, host.zone) if draft.earliest_at is not None else host.today
    require_active(host.members.get(named.member), on=on)
    require_eligible(
        named,
        relations=rules.relations,
        needs_consent=True,
        needs_check=rules.needs_check,
        named_most=rules.named_persons_most,
        others=home.beneficiaries.list(named.sponsor),
    )
    require_offered(host.policy.policy, draft)


def _outlook(books: TwoBooks, named: Beneficiary, draft: HelpRequest) -> Outlook:
    host = books.host
    pooled = Pooling(host).pool([draft])
    request = _with_sponsor(books, named, pooled.requests[id_of(draft.branch, draft.no)])
    suggested, blocked = ranked(pooled, request)
    return outlook_of(
        is_place_known=is_remote(draft.mode) or request.place is not None,
        distances_m=[each.fit.distance_m for each in suggested],
        blocked=[each.reasons for each in blocked],
        waits=_waits(host, draft),
    )


def _with_sponsor(books: TwoBooks, named: Beneficiary, request: Request) -> Request:
    """Return the request with the sponsor on its side: who pays does not help, nor who lives with them."""
    if books.home is not books.host:
        return request
    household = books.host.profiles.get(named.sponsor).household
    return replace(
        request,
        people=request.people | {id_of(named.branch, named.sponsor)},
        households=request.households | ({household} if household is not None else set()),
    )


def _waits(host: Books, draft: HelpRequest) -> list[int | None]:
    """Return how long each comparable request waited for a yes, in minutes; None for one that ended without.

    Of the same kind, in the same way, posted within `COMPARED_DAYS`; one that still waits says nothing yet.
    """
    since = host.desk.now - timedelta(days=COMPARED_DAYS)
    accepted = {
        each.request: each.changed_at
        for each in host.matches.list(state=MatchState.ACCEPTED)
        if each.changed_at is not None and each.outcome is not Outcome.NOT_HELPED
    }
    return [
        (accepted[each.no] - each.posted_at) // MINUTE if each.no in accepted else None
        for each in host.help_requests.list()
        if (each.kind, each.mode) == (draft.kind, draft.mode)
        and each.posted_at >= since
        and (each.no in accepted or each.state is not ListingState.OPEN)
    ]
