"""What matching knows: requests, helpers and their offers, places and times, all in whole numbers.

A *request* wishes for help, a *helper* is a member with open offers, a *candidate* is a request and a helper
whom no rule keeps apart. Who builds these has resolved everything that needs a clock, a time zone, a policy
or a consent: what somebody has not agreed to share never gets here. Ids are texts that stay the same for
ever, such as `lille/12` for a request and `lille/m7` for a member. Pure.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Self, TypeAlias

from timebank.care.record import Mode
from timebank.care.week import WEEK_SLOTS, Week
from timebank.errors import (
    BadCapacity,
    MinutesOutOfRange,
    PinsContradict,
    SpanReversed,
    TwiceInPool,
    UnknownKind,
    UnknownToPool,
)
from timebank.instants import aware_utc
from timebank.matching.place import Place

HELP_MINUTES_MOST: Final = 7 * 24 * 60
"""The longest help that is planned at once: a week."""
NOBODY: Final[frozenset[str]] = frozenset()
NONE: Final[frozenset[str]] = frozenset()
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
NO_WEEK: Final = Week(0)


class Gender(StrEnum):
    """As a member declares it; nobody has to."""

    WOMAN = "woman"
    MAN = "man"
    OTHER = "other"


class Travel(StrEnum):
    """How a helper goes to places."""

    ON_FOOT = "on-foot"
    BICYCLE = "bicycle"
    TRANSIT = "transit"
    CAR = "car"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time from its first minute to the one it ends before, in whole minutes since 1970, UTC.

    Raises:
        SpanReversed: it does not end after it begins.
    """

    starts_min: int
    ends_min: int

    def __post_init__(self) -> None:
        """Refuse a time that is none."""
        if self.starts_min >= self.ends_min:
            raise SpanReversed

    @classmethod
    def between(cls, starts_at: datetime, ends_at: datetime) -> Self:
        """Return the whole minutes between two instants (aware).

        Raises:
            NaiveInstant, DayBeyondRange: an instant has no time zone, or a year that is not kept.
            SpanReversed: there is no whole minute between them.
        """
        return cls(-((EPOCH - aware_utc(starts_at)) // MINUTE), minute_of(ends_at))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which clocks are not changed: what `minute` of the week they show at any of its minutes.

    Clocks show minute `(m + shift_min) % 10_080` of the week, Monday's midnight being 0, at minute `m`.
    """

    span: Span
    shift_min: int


@dataclass(frozen=True, slots=True)
class Dated:
    """Once, within a time: stretches that follow one another without a gap, see `times.dated`."""

    stretches: tuple[Stretch, ...]

    def __post_init__(self) -> None:
        """See that it is one time."""
        assert self.stretches, "a time has a beginning"
        for one, following in zip(self.stretches, self.stretches[1:], strict=False):
            assert one.span.ends_min == following.span.starts_min, "no gap between stretches"

    @property
    def starts_min(self) -> int:
        """Its first minute."""
        return self.stretches[0].span.starts_min

    @property
    def ends_min(self) -> int:
        """The minute that it ends before."""
        return self.stretches[-1].span.ends_min

    @property
    def span(self) -> Span:
        """From its first minute to its end."""
        return Span(self.starts_min, self.ends_min)


When: TypeAlias = Dated | Week
"""Once within a time, or week by week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Help that is wished for.

    Raises:
        MinutesOutOfRange: less than a minute, or more than a week.
    """

    id: str
    branch: str
    kind: str
    """Code of the kind of help."""
    mode: Mode
    minutes: int
    """How long the help takes, each time."""
    when: When
    people: frozenset[str]
    """Members on this side: who is helped, who pays, who asks for them. None of them is their own helper."""
    place: Place | None = None
    """Where the help takes place, which is not where the payer lives; None if it is not known or remote."""
    urgency: int = 0
    """Class of priority: 0 comes first."""
    households: frozenset[str] = NONE
    """Households of these people, by any stable code."""
    languages: frozenset[str] = NONE
    """One of them must be spoken; empty if any will do."""
    preferred_languages: frozenset[str] = NONE
    gender: Gender | None = None
    """Required of the helper."""
    clearances: frozenset[str] = NONE
    """Kinds of clearance that this help demands, all of them, as the branch's rules say."""
    experience: str | None = None
    """Lived experience that is wished for, as a code; see `is_experience_required`."""
    is_experience_required: bool = False
    excludes: frozenset[str] = NOBODY
    """Members whom this side does not wish to be helped by."""
    prefers: frozenset[str] = NOBODY
    """Members whom this side would like most."""
    would_rather_not: frozenset[str] = NOBODY
    """Members whom this side would accept, but rather not."""
    declined_by: frozenset[str] = NOBODY
    """Members who declined this request for good."""
    parked: tuple[tuple[str, int], ...] = ()
    """Members not to be asked before a minute since 1970, with that minute, which is free again."""
    helped_before: tuple[tuple[str, int], ...] = ()
    """Members who helped these people before, with how often."""
    team: str | None = None
    """Only helpers of this team see it; None if the whole branch does."""
    shown_to: frozenset[str] = NONE
    """Other branches that see it, too."""

    def __post_init__(self) -> None:
        """Refuse help of no length."""
        if not 1 <= self.minutes <= HELP_MINUTES_MOST:
            raise MinutesOutOfRange(minutes=self.minutes, least=1, most=HELP_MINUTES_MOST)
        assert self.urgency >= 0, "no class comes before the first"
        assert self.experience or not self.is_experience_required, "what is required has a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One kind of help that a helper offers in one way, week by week.

    Raises:
        BadCapacity: fewer than no minutes are left.
    """

    id: str
    kind: str
    mode: Mode
    week: Week
    """When, by the clock of the helper's branch."""
    minutes_left: int
    """How much of it a week still has, engagements taken off."""
    also: tuple[Span, ...] = ()
    """Times at which it is offered beside the week, once."""

    def __post_init__(self) -> None:
        """Refuse less than nothing."""
        if self.minutes_left < 0:
            raise BadCapacity


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRoom:
    """How many minutes of help a helper still gives within a day (of their branch's zone).

    Raises:
        BadCapacity: fewer than none.
    """

    day: Span
    minutes_left: int

    def __post_init__(self) -> None:
        """Refuse less than nothing."""
        if self.minutes_left < 0:
            raise BadCapacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """Something that was checked about a helper; only that it was, and until when that counts."""

    kind: str
    ends_min: int | None = None
    """First minute since 1970 at which it does not count any more; None if it does for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """A member with open offers.

    Raises:
        BadCapacity: fewer than no visits, metres or minutes of rest.
    """

    id: str
    branch: str
    offers: tuple[Offer, ...]
    place: Place | None = None
    """Where the helper sets out from; None if that is not known."""
    reach_m: int = 0
    """How far the helper goes, in metres; the limit itself is within reach."""
    travel: Travel = Travel.ON_FOOT
    visits_left: int = 1
    """How many more requests the helper takes on in the time that is planned for."""
    days: tuple[DayRoom, ...] = ()
    """Days with a limit, and what is left of it; other days have none."""
    rest_minutes: int = 0
    """Between two visits."""
    busy: tuple[Span, ...] = ()
    """Help that is accepted already, and the way to it."""
    busy_week: Week = NO_WEEK
    """The same, week by week."""
    away: tuple[Span, ...] = ()
    """When the helper is not there, whatever the week says."""
    household: str | None = None
    languages: frozenset[str] = NONE
    gender: Gender | None = None
    clearances: tuple[Clearance, ...] = ()
    experiences: frozenset[str] = NONE
    """Lived experience, as codes: declared, and consented that it is used for this."""
    excludes: frozenset[str] = NOBODY
    """Members whom the helper does not wish to help."""
    teams: frozenset[str] = NONE
    serves: frozenset[str] = NONE
    """Other branches whose requests the helper wants to see."""
    last_asked_min: int | None = None
    """When the helper was last asked for help, in minutes since 1970; None if never."""

    def __post_init__(self) -> None:
        """Refuse less than nothing; sort the offers, whose order means nothing."""
        if min(self.visits_left, self.reach_m, self.rest_minutes) < 0:
            raise BadCapacity
        object.__setattr__(self, "offers", tuple(sorted(self.offers, key=lambda each: each.id)))


@dataclass(frozen=True, slots=True)
class Pin:
    """A match that was accepted: it stays, whatever else is planned."""

    request: str
    helper: str


@dataclass(frozen=True, slots=True)
class Pool:
    """Everything that is planned at once, sorted by id: the same pool whatever order it came in."""

    requests: tuple[Request, ...]
    helpers: tuple[Helper, ...]
    pins: tuple[Pin, ...] = ()

    @classmethod
    def of(
        cls,
        requests: Iterable[Request],
        helpers: Iterable[Helper],
        *,
        pins: Iterable[Pin] = (),
        kinds: Collection[str] | None = None,
    ) -> Self:
        """Return a pool; it may be empty on either side, or on both.

        Args:
            requests, helpers, pins: in any order.
            kinds: codes of the kinds of help that there are; None if any code is one.

        Raises:
            TwiceInPool: two requests, helpers or pins of one request have the same id.
            UnknownKind: a request or an offer is of a kind that does not exist.
            UnknownToPool: a pin names a request or a helper that is not in the pool.
            PinsContradict: a request is pinned to two helpers, or a helper to more requests than visits left.
        """
        pool = cls(
            tuple(sorted(requests, key=lambda each: each.id)),
            tuple(sorted(helpers, key=lambda each: each.id)),
            tuple(sorted(pins, key=lambda each: (each.request, each.helper))),
        )
        _require_once(each.id for each in pool.requests)
        _require_once(each.id for each in pool.helpers)
        if kinds is not None:
            asked = {each.kind for each in pool.requests}
            offered = {offer.kind for each in pool.helpers for offer in each.offers}
            for kind in sorted((asked | offered) - set(kinds)):
                raise UnknownKind(of=kind)
        pool._require_pins()
        return pool

    def _require_pins(self) -> None:
        requests = {each.id for each in self.requests}
        left = {each.id: each.visits_left for each in self.helpers}
        pinned: set[str] = set()
        for pin in self.pins:
            for id_, known in ((pin.request, requests), (pin.helper, left)):
                if id_ not in known:
                    raise UnknownToPool(id=id_)
            left[pin.helper] -= 1
            if pin.request in pinned or left[pin.helper] < 0:
                raise PinsContradict(request=pin.request, helper=pin.helper)
            pinned.add(pin.request)


def minute_of(instant: datetime) -> int:
    """Return the whole minutes from 1970 to an instant (aware), rounded down.

    Raises:
        NaiveInstant, DayBeyondRange: it has no time zone, or a year that is not kept.
    """
    return (aware_utc(instant) - EPOCH) // MINUTE


def instant_of(minute: int) -> datetime:
    """Return the instant of a minute since 1970, aware UTC."""
    return EPOCH + minute * MINUTE


def _require_once(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise TwiceInPool(id=each)
        seen.add(each)


assert HELP_MINUTES_MOST == WEEK_SLOTS * 30, "a week is 336 half hours"
