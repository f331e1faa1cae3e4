"""The pool of matching: what the books and the identity store say, in the words of `timebank.matching`.

Everything that needs the clock, the branch's time zone, a consent or a policy is resolved here, so that the
pure part decides on nothing but facts. Ids are `BRANCH/NUMBER` of requests, `BRANCH/REF` of members and
`BRANCH/NUMBER` of offers; codes of households are the branch's own.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

from timebank.care.listing import HelpRequest, ListingState
from timebank.care.match import Match, MatchState
from timebank.care.profile import REACH_USUAL, Clearance, Profile, Spot, Wish
from timebank.care.week import SLOT_MINUTES, WEEK_SLOTS, Week
from timebank.instants import day_of
from timebank.matching import model, times
from timebank.matching.model import DayRoom, Helper, Offer, Request, Span
from timebank.matching.place import Place
from timebank.matching.score import Weights
from timebank.policy.matching import MatchingRules
from timebank.storage.books import Books
from timebank.storage.listings import StandingOffer

Tell = Callable[[str, int, int], None]
"""Told (what is being done, how many of it are done, how many there are)."""
STEP: Final = 100
"""Requests between two times that somebody is told."""
WEEK_MINUTES: Final = WEEK_SLOTS * SLOT_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Requests and helpers of a branch as they stand at one instant."""

    now_min: int
    requests: dict[str, Request]
    helpers: dict[str, Helper]
    listings: dict[str, HelpRequest]
    """The requests as members posted them, by the same ids."""
    asked: dict[str, int]
    """How often each helper was asked of late, by id; who was not is not in it."""
    rules: MatchingRules
    """Of the branch, in force today."""
    weights: Weights
    """Of the same rules."""

    def may_be_asked(self, helper: str) -> bool:
        """Tell whether one more question to a helper, by id, is not too many."""
        return self.asked.get(helper, 0) < self.rules.asked_most


def id_of(branch: str, name: int | str) -> str:
    """Return the id of a request, an offer or a member in matching."""
    return f"{branch}/{name}"


def ref_of(id_: str) -> str:
    """Return the reference, or the number, in an id."""
    return id_.partition("/")[2]


def weights_of(rules: MatchingRules) -> Weights:
    """Return the weights of a branch as scores take them."""
    given = rules.weights
    return Weights(
        near=given.near,
        continuity=given.continuity,
        lived_experience=given.lived_experience,
        preferred_language=given.preferred_language,
        preference=given.preference,
        recency=given.recency,
        travel_mode=given.travel_mode,
    )


class Pooling:
    """Reads a branch for matching; everything once, and nothing twice."""

    def __init__(self, books: Books) -> None:
        """Read from books."""
        self.books = books
        self.code = books.branch.code
        self.now_min = model.minute_of(books.desk.now)
        self.rules = books.policy.policy.matching

    def pool(self, wanted: Iterable[HelpRequest] | None = None) -> Pooled:
        """Return the requests that wait for help, or those that are wanted, and everybody who offers some.

        What has expired meanwhile, or could not end in time any more, is left out.
        """
        found = list(wanted) if wanted is not None else self.waiting()
        listings = {id_of(self.code, each.no): each for each in found}
        requests = {
            id_: request for id_, each in listings.items() if (request := self._request(each)) is not None
        }
        spans = [each.when.span for each in requests.values() if isinstance(each.when, model.Dated)]
        within = (
            Span(min(each.starts_min for each in spans), max(each.ends_min for each in spans))
            if spans
            else None
        )
        offers = defaultdict(list)
        for offer in self.books.help_offers.standing():
            offers[offer.member].append(offer)
        active = {
            each.ref for each in self.books.members.list() if each.is_active(self.books.today)
        } & offers.keys()
        return Pooled(
            now_min=self.now_min,
            requests=requests,
            helpers={
                id_of(self.code, ref): self._helper(ref, offers.pop(ref), within) for ref in sorted(active)
            },
            listings=listings,
            asked={id_of(self.code, ref): count for ref, count in self._asked.items()},
            rules=self.rules,
            weights=weights_of(self.rules),
        )

    def waiting(self) -> list[HelpRequest]:
        """Return the open requests that nobody has said yes to, oldest first."""
        taken = {each.request for each in self._accepted}
        found = self.books.help_requests.list(state=ListingState.OPEN)
        return [each for each in reversed(found) if each.no not in taken]

    @cached_property
    def _matches(self) -> Sequence[Match]:
        return self.books.matches.list()

    @cached_property
    def _accepted(self) -> Sequence[Match]:
        """Accepted, and not known to be over."""
        return [each for each in self._matches if each.state is MatchState.ACCEPTED and each.outcome is None]

    @cached_property
    def _agreed(self) -> dict[str, list[Match]]:
        """Accepted ones by helper."""
        found = defaultdict(list)
        for each in self._accepted:
            found[each.helper].append(each)
        return found

    @cached_property
    def _last_asked(self) -> dict[str, int]:
        """The minute in which each helper was asked last."""
        found: dict[str, int] = {}
        for each in self._matches:
            minute = model.minute_of(each.offered_at)
            found[each.helper] = max(minute, found.get(each.helper, minute))
        return found

    @cached_property
    def _asked(self) -> Counter[str]:
        since = self.books.desk.now - timedelta(days=self.rules.asked_days)
        return Counter(each.helper for each in self._matches if each.offered_at > since)

    @cached_property
    def _profiles(self) -> dict[str, Profile]:
        return dict(self.books.profiles.all())

    @cached_property
    def _wishes(self) -> dict[int, Wish]:
        return dict(self.books.profiles.wishes())

    @cached_property
    def _excluded(self) -> dict[str, set[str]]:
        found = defaultdict(set)
        for ref, other, _ in self.books.profiles.exclusions():
            found[ref].add(id_of(self.code, other))
        return found

    @cached_property
    def _clearances(self) -> dict[str, list[Clearance]]:
        found = defaultdict(list)
        for each in self.books.profiles.clearances():
            found[each.member].append(each)
        return found

    @cached_property
    def _experiences(self) -> dict[str, set[str]]:
        """What was declared and consented to; the rest does not get any further."""
        found = defaultdict(set)
        for each in self.books.profiles.experiences():
            if each.consented_on is not None:
                found[each.member].add(each.code)
        return found

    @cached_property
    def _parked(self) -> dict[str, list[tuple[str, int]]]:
        found = defaultdict(list)
        for each in self.books.profiles.parkings():
            ends = times.day_of_zone(each.until_on, self.books.zone).ends_min
            if ends > self.now_min:
                found[each.member].append((id_of(self.code, each.helper), ends))
        return found

    @cached_property
    def _declined(self) -> dict[int, set[str]]:
        found = defaultdict(set)
        for each in self._matches:
            if each.state is MatchState.DECLINED:
                found[each.request].add(id_of(self.code, each.helper))
        return found

    @cached_property
    def _helped(self) -> dict[str, Counter[str]]:
        """How often each member was helped by whom, as confirmed."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for recipient, provider, count in self.books.records.helped():
            found[recipient][provider] = count
        return found

    def _profile(self, ref: str) -> Profile:
        return self._profiles.get(ref) or Profile(branch=self.code, member=ref)

    def _request(self, listing: HelpRequest) -> Request | None:
        who = self._profile(listing.member)
        wish = self._wishes.get(listing.no) or Wish(
            branch=self.code, request=listing.no, member=listing.member
        )
        when = self._when(listing)
        if when is None:
            return None
        gender = wish.wished_gender or who.wished_gender
        helped = self._helped.get(f"member:{listing.member}", Counter[str]())
        return Request(
            id=id_of(self.code, listing.no),
            branch=self.code,
            kind=listing.kind,
            mode=listing.mode,
            minutes=listing.minutes,
            when=when,
            people=frozenset({id_of(self.code, listing.member)}),
            place=_place(wish.place or who.home),
            urgency=wish.urgency,
            households=frozenset({who.household} if who.household is not None else ()),
            languages=frozenset(wish.languages),
            preferred_languages=frozenset(wish.languages or who.languages),
            gender=model.Gender(gender.value) if gender is not None else None,
            clearances=frozenset(wish.clearances),
            experience=wish.experience,
            is_experience_required=wish.is_experience_needed and wish.experience is not None,
            excludes=frozenset(self._excluded.get(listing.member, ())),
            declined_by=frozenset(self._declined.get(listing.no, ())),
            parked=tuple(sorted(self._parked.get(listing.member, ()))),
            helped_before=tuple(sorted((id_of(self.code, ref), times) for ref, times in helped.items())),
            team=wish.team,
        )

    def _when(self, listing: HelpRequest) -> model.When | None:
        """Return when help can be given from now on; None if it could not end in time any more."""
        if listing.week is not None:
            return listing.week
        assert listing.earliest_at is not None, "it is dated, or has a week"
        assert listing.latest_at is not None, "it has an end where it has a beginning"
        whole = times.dated(listing.earliest_at, listing.latest_at, self.books.zone)
        left = times.not_before(whole, self.now_min)
        if left is None or left.span.ends_min - left.span.starts_min < listing.minutes:
            return None
        return left

    def _helper(self, ref: str, offers: Iterable[StandingOffer], within: Span | None) -> Helper:
        who = self._profile(ref)
        busy, busy_week, by_offer = self._engagements(ref)
        return Helper(
            id=id_of(self.code, ref),
            branch=self.code,
            offers=tuple(
                Offer(
                    id=id_of(self.code, each.no),
                    kind=each.kind,
                    mode=each.mode,
                    week=each.week,
                    minutes_left=max(0, each.minutes_per_week - by_offer[each.no]),
                )
                for each in offers
            ),
            place=_place(who.home),
            reach_m=who.reach_metres if who.reach_metres is not None else REACH_USUAL,
            travel=model.Travel((who.travel or model.Travel.ON_FOOT).value),
            days=self._days(who, busy, within),
            rest_minutes=who.rest_minutes or 0,
            busy=busy,
            busy_week=busy_week,
            household=who.household,
            languages=frozenset(who.languages),
            gender=model.Gender(who.gender.value) if who.gender is not None else None,
            clearances=tuple(
                model.Clearance(
                    kind=each.kind,
                    ends_min=times.day_of_zone(each.expires_on, self.books.zone).ends_min
                    if each.expires_on is not None
                    else None,
                )
                for each in self._clearances.get(ref, ())
            ),
            experiences=frozenset(self._experiences.get(ref, ())),
            excludes=frozenset(self._excluded.get(ref, ())),
            teams=frozenset(who.teams),
            last_asked_min=self._last_asked.get(ref),
        )

    def _engagements(self, ref: str) -> tuple[tuple[Span, ...], Week, Counter[int]]:
        """Return what a helper has said yes to: dated, weekly, and the minutes a week of each offer."""
        busy: list[Span] = []
        bits = 0
        minutes: Counter[int] = Counter()
        for match in self._agreed.get(ref, ()):
            listing = self.books.help_requests.get(match.request)
            if listing.week is not None:
                slots = times.slots_for(listing.minutes)
                bits |= times.rotated((1 << slots) - 1, -match.starts)
                minutes[match.offer] += listing.minutes
            else:
                span = Span(match.starts, match.starts + listing.minutes)
                busy.append(span)
                if self.now_min <= span.starts_min < self.now_min + WEEK_MINUTES:
                    minutes[match.offer] += listing.minutes
        return tuple(sorted(busy)), Week(bits), minutes

    def _days(self, who: Profile, busy: Iterable[Span], within: Span | None) -> tuple[DayRoom, ...]:
        """Return what is left of the days with a limit: on all of them, and on those with something to do."""
        if who.day_minutes is None or within is None:
            return ()
        taken: Counter[Span] = Counter()
        for each in busy:
            day = day_of(model.instant_of(each.starts_min), self.books.zone)
            taken[times.day_of_zone(day, self.books.zone)] += each.ends_min - each.starts_min
        rooms = (DayRoom(day=day, minutes_left=max(0, who.day_minutes - taken[day])) for day in sorted(taken))
        return (DayRoom(day=within, minutes_left=who.day_minutes), *rooms)


def _place(spot: Spot | None) -> Place | None:
    return Place(spot.lat_udeg, spot.lon_udeg) if spot is not None else None
