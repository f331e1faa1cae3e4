"""What the service says of profiles, wishes and matches: shapes that several routes share."""

from datetime import date
from typing import TypeVar

from msgspec import Struct, UnsetType

from timebank.care.match import Match
from timebank.care.profile import Spot, Wish
from timebank.instants import write_instant
from timebank.services.profiles import ProfileView

Given = TypeVar("Given")


class SpotIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place, in micro-degrees north and east; it is put on a coarse grid before it is kept."""

    lat_udeg: int
    lon_udeg: int


class SpotOut(Struct, frozen=True, kw_only=True):
    """A place on a coarse grid, in micro-degrees north and east."""

    lat_udeg: int
    lon_udeg: int


class ExperienceOut(Struct, frozen=True, kw_only=True):
    """Lived experience; used only once consented to."""

    code: str
    declared_on: str
    consented_on: str | None


class ClearanceOut(Struct, frozen=True, kw_only=True):
    """A check that was passed."""

    kind: str
    verified_on: str
    expires_on: str | None
    verified_by: str


class ExcludedOut(Struct, frozen=True, kw_only=True):
    """Whom the member does not want to meet."""

    member: str
    since_on: str


class ParkedOut(Struct, frozen=True, kw_only=True):
    """Whom the member is not asked for, as helper, until a day is over."""

    member: str
    until_on: str
    reason: str
    match: int | None


class KnownOut(Struct, frozen=True, kw_only=True):
    """What matching knows of a member; what was not said is null or empty."""

    branch: str
    member: str
    home: SpotOut | None
    reach_metres: int | None
    travel: str | None
    languages: tuple[str, ...]
    gender: str | None
    wished_gender: str | None
    household: str | None
    day_minutes: int | None
    rest_minutes: int | None
    teams: tuple[str, ...]
    experiences: tuple[ExperienceOut, ...]
    clearances: tuple[ClearanceOut, ...]
    excluded: tuple[ExcludedOut, ...]
    parked: tuple[ParkedOut, ...]


class WishOut(Struct, frozen=True, kw_only=True):
    """What a request says beyond its kind and time."""

    branch: str
    request: int
    member: str
    place: SpotOut | None
    languages: tuple[str, ...]
    wished_gender: str | None
    experience: str | None
    is_experience_needed: bool
    clearances: tuple[str, ...]
    team: str | None
    urgency: int


class MatchOut(Struct, frozen=True, kw_only=True):
    """A helper who was asked, and what became of it."""

    branch: str
    no: int
    state: str
    request: int
    member: str
    helper: str
    offer: int
    starts: int
    rank: int
    weights: str
    offered_at: str
    offered_by: str
    expires_at: str
    changed_at: str | None
    changed_by: str | None
    outcome: str | None


def unkept(_: object) -> None:
    """Keep no answer with the key: it says what may be erased."""


def given(value: Given | UnsetType | None) -> Given | None:
    """Return what a body says; None if it says nothing, or that it is to be forgotten."""
    return None if isinstance(value, UnsetType) else value


def spot_of(value: SpotIn | UnsetType | None) -> Spot | None:
    """Return the place that a body names, if it does.

    Raises:
        BadPlace: it is not on the earth.
    """
    if value is None or isinstance(value, UnsetType):
        return None
    return Spot(lat_udeg=value.lat_udeg, lon_udeg=value.lon_udeg)


def known_out(view: ProfileView) -> KnownOut:
    """Return what is known of a member as it is sent."""
    value = view.profile
    return KnownOut(
        branch=value.branch,
        member=value.member,
        home=_spot(value.home),
        reach_metres=value.reach_metres,
        travel=value.travel.value if value.travel is not None else None,
        languages=value.languages,
        gender=value.gender.value if value.gender is not None else None,
        wished_gender=value.wished_gender.value if value.wished_gender is not None else None,
        household=value.household,
        day_minutes=value.day_minutes,
        rest_minutes=value.rest_minutes,
        teams=value.teams,
        experiences=tuple(
            ExperienceOut(
                code=each.code,
                declared_on=each.declared_on.isoformat(),
                consented_on=_day(each.consented_on),
            )
            for each in view.experiences
        ),
        clearances=tuple(
            ClearanceOut(
                kind=each.kind,
                verified_on=each.verified_on.isoformat(),
                expires_on=_day(each.expires_on),
                verified_by=str(each.verified_by),
            )
            for each in view.clearances
        ),
        excluded=tuple(
            ExcludedOut(member=ref, since_on=since_on.isoformat()) for ref, since_on in view.excluded
        ),
        parked=tuple(
            ParkedOut(
                member=each.member,
                until_on=each.until_on.isoformat(),
                reason=each.reason.value,
                match=each.match,
            )
            for each in view.parked
        ),
    )


def wish_out(value: Wish) -> WishOut:
    """Return what a request says as it is sent."""
    return WishOut(
        branch=value.branch,
        request=value.request,
        member=value.member,
        place=_spot(value.place),
        languages=value.languages,
        wished_gender=value.wished_gender.value if value.wished_gender is not None else None,
        experience=value.experience,
        is_experience_needed=value.is_experience_needed,
        clearances=value.clearances,
        team=value.team,
        urgency=value.urgency,
    )


def match_out(value: Match) -> MatchOut:
    """Return a match as it is sent."""
    return MatchOut(
        branch=value.branch,
        no=value.no,
        state=value.state.value,
        request=value.request,
        member=value.member,
        helper=value.helper,
        offer=value.offer,
        starts=value.starts,
        rank=value.rank,
        weights=value.weights,
        offered_at=write_instant(value.offered_at),
        offered_by=str(value.offered_by),
        expires_at=write_instant(value.expires_at),
        changed_at=write_instant(value.changed_at) if value.changed_at is not None else None,
        changed_by=str(value.changed_by) if value.changed_by is not None else None,
        outcome=value.outcome.value if value.outcome is not None else None,
    )


def _spot(value: Spot | None) -> SpotOut | None:
    return SpotOut(lat_udeg=value.lat_udeg, lon_udeg=value.lon_udeg) if value is not None else None


def _day(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None
