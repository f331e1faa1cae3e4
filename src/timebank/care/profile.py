"""Profiles: what matching must know of a member and of a request, and nothing more; private and erasable.

Places are kept on a coarse grid, so that they say which neighbourhood and never which house. Of a check that
somebody passed, the kind and its days are kept, never the paper; one that was not passed is not kept at all.
Lived experience counts only once it was both declared and consented to. Who may set what:

    profile, wishes, experience, exclusions    the member, a proxy who may `request`, or a coordinator with
                                               a reason; consent is never a coordinator's to give
    clearances, urgency, parked pairs          a coordinator who is not the one it is about

None of it stands in an error, in a log or in the journal (I-10). Pure.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self, TypeVar

from timebank.care.mandate import Act, Scope, authorise, authorise_or_coordinate, require_coordinator
from timebank.errors import (
    BadLanguage,
    BadPlace,
    NotAllowed,
    NotASpot,
    NumberOutOfRange,
    SelfDealing,
    TooManyFacts,
)
from timebank.ids import reference
from timebank.ledger.model import Actor
from timebank.policy.matching import ParkedRules

GRID_UDEG: Final = 5_000
"""Places are rounded to multiples of this, in micro-degrees: some 550 m from south to north."""
LAT_MOST: Final = 90_000_000
LON_MOST: Final = 180_000_000
REACH_MOST: Final = 200_000
"""Metres: who goes farther than 200 km to help is not near anybody."""
DAY_MINUTES: Final = 1_440
FACTS_MOST: Final = 20
"""Languages of one member, experiences, clearances; more are a mistake."""
EXCLUDED_MOST: Final = 200
URGENCY_MOST: Final = 3
URGENCY_USUAL: Final = 2
PLACE: Final = re.compile(
    r"(?P<lat>[+-]?[0-9]{1,2}(?:\.[0-9]{1,9})?)\s*[,; ]\s*(?P<lon>[+-]?[0-9]{1,3}(?:\.[0-9]{1,9})?)", re.ASCII
)
REACH_USUAL: Final = 10_000
"""Metres, for helpers who do not say how far they go."""
LANGUAGE: Final = re.compile(r"[a-z]{2,3}", re.ASCII)


class Gender(StrEnum):
    """What somebody says of themselves, where they wish to."""

    WOMAN = "woman"
    MAN = "man"
    OTHER = "other"


class Travel(StrEnum):
    """How somebody goes to places."""

    ON_FOOT = "on-foot"
    BICYCLE = "bicycle"
    TRANSIT = "transit"
    CAR = "car"


class ProfileFact(StrEnum):
    """What a profile says, so that it can be forgotten again."""

    HOME = "home"
    REACH = "reach_metres"
    TRAVEL = "travel"
    LANGUAGES = "languages"
    GENDER = "gender"
    WISHED_GENDER = "wished_gender"
    HOUSEHOLD = "household"
    DAY = "day_minutes"
    REST = "rest_minutes"
    TEAMS = "teams"


class WishFact(StrEnum):
    """What a wish says, so that it can be forgotten again."""

    PLACE = "place"
    LANGUAGES = "languages"
    WISHED_GENDER = "wished_gender"
    EXPERIENCE = "experience"
    CLEARANCES = "clearances"
    TEAM = "team"


class ParkReason(StrEnum):
    """Why two members are not brought together for a while; a code, so that nobody has to explain."""

    NO_TIME = "no_time"
    TOO_FAR = "too_far"
    NOT_MY_KIND = "not_my_kind"
    NOT_THIS_TIME = "not_this_time"
    DID_NOT_SUIT = "did_not_suit"
    COORDINATOR = "coordinator"


def parked_days(reason: ParkReason, rules: ParkedRules) -> int:
    """Return for how many days two members are not brought together after a no for this reason."""
    return {
        ParkReason.NO_TIME: rules.no_time_days,
        ParkReason.TOO_FAR: rules.too_far_days,
        ParkReason.NOT_MY_KIND: rules.not_my_kind_days,
        ParkReason.NOT_THIS_TIME: rules.not_this_time_days,
        ParkReason.DID_NOT_SUIT: rules.did_not_suit_days,
        ParkReason.COORDINATOR: rules.coordinator_days,
    }[reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place on the grid, in micro-degrees north and east; finer places are rounded to it.

    Raises:
        BadPlace: beyond the poles, or more than 180 degrees east or west.
    """

    lat_udeg: int = field(repr=False)
    lon_udeg: int = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not on the earth, and forget what is finer than the grid."""
        if not (abs(self.lat_udeg) <= LAT_MOST and abs(self.lon_udeg) <= LON_MOST):
            raise BadPlace
        object.__setattr__(self, "lat_udeg", _rounded(self.lat_udeg))
        lon = _rounded(self.lon_udeg)
        object.__setattr__(self, "lon_udeg", LON_MOST if lon == -LON_MOST else lon)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a place as maps write it: `50.6292, 3.0573`, degrees north and east.

        Raises:
            NotASpot: not two numbers of degrees.
            BadPlace: not on the earth.
        """
        found = PLACE.fullmatch(text.strip())
        if found is None:
            raise NotASpot
        return cls(lat_udeg=_udeg(found["lat"]), lon_udeg=_udeg(found["lon"]))

    def __str__(self) -> str:
        """Write it so that `parse` reads it."""
        return f"{_degrees(self.lat_udeg)},{_degrees(self.lon_udeg)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a member for matching; everything may be left unsaid.

    Raises:
        BadReference, BadLanguage, TooManyFacts: a code is malformed, or there are too many.
        NumberOutOfRange: reach, minutes a day or rest are none that anybody can mean.
    """

    branch: str
    member: str
    home: Spot | None = field(default=None, repr=False)
    """The area that the member starts from."""
    reach_metres: int | None = field(default=None, repr=False)
    """How far from there the member goes to help, as the crow flies."""
    travel: Travel | None = field(default=None, repr=False)
    languages: tuple[str, ...] = field(default=(), repr=False)
    """Two or three letters each, as ISO 639 has them; sorted."""
    gender: Gender | None = field(default=None, repr=False)
    wished_gender: Gender | None = field(default=None, repr=False)
    """By whom the member wishes to be helped; None: by anybody."""
    household: str | None = field(default=None, repr=False)
    """Members with the same code live together: no help between them is brokered."""
    day_minutes: int | None = field(default=None, repr=False)
    """The most that the member helps on one day."""
    rest_minutes: int | None = field(default=None, repr=False)
    """Time the member needs between two visits, the way included."""
    teams: tuple[str, ...] = field(default=(), repr=False)
    """Teams of the branch that the member helps in; sorted."""

    def __post_init__(self) -> None:
        """Refuse what nobody can mean."""
        reference(self.branch, what="branch code")
        reference(self.member, what="member reference")
        object.__setattr__(self, "languages", languages_of(self.languages))
        object.__setattr__(self, "teams", codes_of(self.teams, what="team code"))
        if self.household is not None:
            reference(self.household, what="household code")
        within(self.reach_metres, what="reach in metres", least=0, most=REACH_MOST)
        within(self.day_minutes, what="minutes a day", least=1, most=DAY_MINUTES)
        within(self.rest_minutes, what="minutes of rest", least=0, most=DAY_MINUTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a request says beyond its kind and time: where, and by whom; everything may be left unsaid.

    Raises:
        BadReference, BadLanguage, TooManyFacts, NumberOutOfRange: as `Profile`.
    """

    branch: str
    request: int
    member: str
    place: Spot | None = field(default=None, repr=False)
    """Where the help is to be given; the home area of who asks, if None."""
    languages: tuple[str, ...] = field(default=(), repr=False)
    """One of these has to be spoken; if there are none, those of who asks are preferred."""
    wished_gender: Gender | None = field(default=None, repr=False)
    """As in the profile of who asks, if None."""
    experience: str | None = field(default=None, repr=False)
    """Lived experience that would help."""
    is_experience_needed: bool = field(default=False, repr=False)
    """Whether nobody without it is to be suggested."""
    clearances: tuple[str, ...] = field(default=(), repr=False)
    """Kinds of clearance that whoever helps must hold on the day; sorted."""
    team: str | None = field(default=None, repr=False)
    """Only helpers of this team are suggested; None: the whole branch."""
    urgency: int = field(default=URGENCY_USUAL, repr=False)
    """0 is served before 1, and so on to 3; a coordinator's to say."""

    def __post_init__(self) -> None:
        """Refuse what nobody can mean."""
        reference(self.branch, what="branch code")
        reference(self.member, what="member reference")
        object.__setattr__(self, "languages", languages_of(self.languages))
        object.__setattr__(self, "clearances", codes_of(self.clearances, what="kind of clearance"))
        for code, what in ((self.experience, "experience code"), (self.team, "team code")):
            if code is not None:
                reference(code, what=what)
        within(self.urgency, what="urgency", least=0, most=URGENCY_MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """Something that a member has lived through and may share with who lives through it now."""

    member: str
    code: str = field(repr=False)
    declared_on: date
    consented_on: date | None = None
    """Since when it may be used to bring people together; None: it may not."""

    def __post_init__(self) -> None:
        """Refuse malformed codes."""
        reference(self.member, what="member reference")
        reference(self.code, what="experience code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """That a check was passed: kind and days, never the paper."""

    member: str
    kind: str = field(repr=False)
    verified_on: date
    expires_on: date | None
    """The last day on which it counts; None: it does not expire."""
    verified_by: Actor

    def __post_init__(self) -> None:
        """Refuse malformed codes."""
        reference(self.member, what="member reference")
        reference(self.kind, what="kind of clearance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parking:
    """Two members who are not brought together until a day."""

    helper: str
    member: str
    """Who asks."""
    until_on: date
    """The last day of it."""
    reason: ParkReason = field(repr=False)
    match: int | None = None
    """The match that was declined."""

    def __post_init__(self) -> None:
        """Refuse malformed references, and one member twice."""
        reference(self.helper, what="member reference")
        reference(self.member, what="member reference")
        if self.helper == self.member:
            raise SelfDealing(actor=self.helper)


Said = TypeVar("Said", Profile, Wish)


def restated(known: Said, said: Mapping[str, object], *, forget: Collection[ProfileFact | WishFact]) -> Said:
    """Return what is known with what is said now; None leaves a fact as it is, what is said is not forgotten.

    Raises:
        See `Profile` and `Wish`.
    """
    gone: dict[str, Any] = {
        each.value: () if isinstance(getattr(known, each.value), tuple) else None for each in forget
    }
    new = {name: value for name, value in said.items() if value is not None}
    if WishFact.EXPERIENCE in forget and WishFact.EXPERIENCE not in new:
        gone["is_experience_needed"] = False
    return replace(known, **{**gone, **new})


def authorise_profile(act: Act, *, branch: str, member: str, reason: str | None) -> str | None:
    """Return the cleaned reason of an act on what is known of a member.

    Raises:
        NotAllowed, MandateNotInForce, ReasonMissing, BadText: see `authorise_or_coordinate`.
    """
    return authorise_or_coordinate(act, branch=branch, member=member, scope=Scope.REQUEST, reason=reason)


def authorise_consent(act: Act, *, branch: str, member: str) -> None:
    """Refuse consent to the use of lived experience that is not the member's, or a proxy's for them.

    Raises:
        NotAllowed, MandateNotInForce: somebody else says so, a coordinator included.
    """
    authorise(act, branch=branch, member=member, scope=Scope.REQUEST)


def authorise_desk(act: Act, *, branch: str, about: Collection[str]) -> None:
    """Refuse anybody but a coordinator of the branch whom it is not about.

    Raises:
        NotAllowed, SelfDealing: in this order.
    """
    require_coordinator(act, branch, parties=tuple((branch, ref) for ref in about))


def require_coordinator_for_urgency(act: Act, *, branch: str, urgency: int | None) -> None:
    """Refuse an urgency that a member gives themselves.

    Raises:
        NotAllowed: whoever asks is no coordinator of the branch.
    """
    if urgency is not None and not act.is_by_coordinator_of(branch):
        raise NotAllowed(actor=act.actor)


def languages_of(codes: Collection[str]) -> tuple[str, ...]:
    """Return codes of languages, each once, sorted.

    Raises:
        BadLanguage: one is not two or three small letters.
        TooManyFacts: more than `FACTS_MOST`.
    """
    if any(LANGUAGE.fullmatch(code) is None for code in codes):
        raise BadLanguage
    return _few(codes)


def codes_of(codes: Collection[str], *, what: str) -> tuple[str, ...]:
    """Return codes, each once, sorted.

    Raises:
        BadReference: one is malformed.
        TooManyFacts: more than `FACTS_MOST`.
    """
    return _few([reference(code, what=what) for code in codes])


def within(number: int | None, *, what: str, least: int, most: int) -> None:
    """Refuse a number outside its bounds; none is within them.

    Raises:
        NumberOutOfRange: it is too small or too large.
    """
    if number is not None and not least <= number <= most:
        raise NumberOutOfRange(what=what, least=least, most=most)


def _few(codes: Collection[str]) -> tuple[str, ...]:
    if len(codes) > FACTS_MOST:
        raise TooManyFacts(most=FACTS_MOST)
    return tuple(sorted(set(codes)))


def _rounded(udeg: int) -> int:
    """Return the nearest multiple of the grid; halfway goes north or east."""
    return (2 * udeg + GRID_UDEG) // (2 * GRID_UDEG) * GRID_UDEG


def _udeg(text: str) -> int:
    """Return micro-degrees of degrees with decimals, without floats; what is finer is cut off."""
    whole, _, fraction = text.lstrip("+-").partition(".")
    size = int(whole) * 1_000_000 + int((fraction + "000000")[:6])
    return -size if text.startswith("-") else size


def _degrees(udeg: int) -> str:
    whole, fraction = divmod(abs(udeg), 1_000_000)
    return f"{'-' if udeg < 0 else ''}{whole}.{fraction // 1_000:03}"
