"""The rules that keep a request and a helper apart: all that fail, always in the same order.

A helper with several offers is judged by the one that comes closest: of the kind that is asked for, if there
is one, then in the way that is asked for, then with the fewest reasons against it. Taking away exactly the
reasons that are named makes the two a candidate, and none of them can be left out.

A reason has a text for everybody, and one for the coordinator. The text for everybody stands for several
rules wherever the rule alone would tell something about the other side; the coordinator's says what the
request asks for and what is missing, not what the helper is instead. `docs/matching.md` says the same for
readers. Pure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from timebank.care.record import Mode
from timebank.care.week import Week
from timebank.matching.model import HELP_MINUTES_MOST, Dated, Helper, Offer, Request
from timebank.matching.place import chord2_of, chord2_within, metres_between
from timebank.matching.times import (
    ALL_SLOTS,
    Run,
    first_room,
    joined,
    runs_of,
    slots_for,
    starts_in,
    widened,
    without,
)


class RuleCode(StrEnum):
    """A hard rule; reasons come in this order."""

    KIND = "kind"
    DISTANCE = "distance"
    AVAILABILITY = "availability"
    LANGUAGE = "language"
    GENDER = "gender"
    VETTING = "vetting"
    VETTING_EXPIRED = "vetting-expired"
    EXCLUDED_BY_REQUESTER = "excluded-by-requester"
    EXCLUDED_BY_HELPER = "excluded-by-helper"
    SELF_OR_HOUSEHOLD = "self-or-household"
    MODE = "mode"
    CAPACITY = "capacity"
    OVERLAP = "overlap"
    PARKED = "parked"
    DECLINED = "declined"
    LIVED_EXPERIENCE = "lived-experience"
    BANK_VISIBILITY = "bank-visibility"


ORDER: Final = {code: number for number, code in enumerate(RuleCode)}

NO_TIME: Final = "there is no time that suits both"
NOT_MET: Final = "something that this request asks for is not met"
NOT_TOGETHER: Final = "the two are not brought together"
PUBLIC: Final = {
    RuleCode.KIND: "help of this kind is not offered",
    RuleCode.DISTANCE: "the place of the help is too far away, or not known",
    RuleCode.AVAILABILITY: NO_TIME,
    RuleCode.LANGUAGE: NOT_MET,
    RuleCode.GENDER: NOT_MET,
    RuleCode.VETTING: NOT_MET,
    RuleCode.VETTING_EXPIRED: NOT_MET,
    RuleCode.EXCLUDED_BY_REQUESTER: NOT_TOGETHER,
    RuleCode.EXCLUDED_BY_HELPER: NOT_TOGETHER,
    RuleCode.SELF_OR_HOUSEHOLD: NOT_TOGETHER,
    RuleCode.MODE: "help is not offered in this way",
    RuleCode.CAPACITY: NO_TIME,
    RuleCode.OVERLAP: NO_TIME,
    RuleCode.PARKED: NOT_TOGETHER,
    RuleCode.DECLINED: NOT_TOGETHER,
    RuleCode.LIVED_EXPERIENCE: NOT_MET,
    RuleCode.BANK_VISIBILITY: NOT_TOGETHER,
}
COORDINATOR: Final = {
    RuleCode.KIND: "has no offer of the kind {kind}",
    RuleCode.DISTANCE: "the place of the help is {beyond_m} m further than the helper goes",
    RuleCode.AVAILABILITY: "not free for {minutes} min on end within the time that is asked for",
    RuleCode.LANGUAGE: "speaks none of the languages asked for: {languages}",
    RuleCode.GENDER: "has not declared the gender asked for: {gender}",
    RuleCode.VETTING: "has not been cleared for: {clearances}",
    RuleCode.VETTING_EXPIRED: "cleared, but not until the help has ended, for: {clearances}",
    RuleCode.EXCLUDED_BY_REQUESTER: "the side that asks does not wish to be helped by this helper",
    RuleCode.EXCLUDED_BY_HELPER: "the helper does not wish to help this side",
    RuleCode.SELF_OR_HOUSEHOLD: "belongs to the side that asks, or to its household",
    RuleCode.MODE: "offers this kind of help, but not {mode}",
    RuleCode.CAPACITY: "has taken on as much as they wanted to",
    RuleCode.OVERLAP: "has agreed to other help at that time, with rest before and after it",
    RuleCode.PARKED: "not to be asked again yet",
    RuleCode.DECLINED: "has declined this request",
    RuleCode.LIVED_EXPERIENCE: "has not declared, or not agreed to share, the experience asked for",
    RuleCode.BANK_VISIBILITY: "the request is not shown to the helper's branch or teams",
}
PLACE_UNKNOWN: Final = "the place of the help, or where the helper sets out from, is not known"

ALWAYS: Final = Week(ALL_SLOTS)

Facts: TypeAlias = tuple[tuple[str, int | str], ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request and a helper are kept apart."""

    code: RuleCode
    facts: Facts = ()
    """What the coordinator's text says; never for anybody else."""

    @property
    def public(self) -> str:
        """For everybody: the same for every rule that would tell something private if it had its own."""
        return PUBLIC[self.code]

    @property
    def coordinator(self) -> str:
        """For who runs the branch of the request."""
        if self.code is RuleCode.DISTANCE and not self.facts:
            return PLACE_UNKNOWN
        return COORDINATOR[self.code].format(**dict(self.facts))


@dataclass(frozen=True, slots=True)
class Fit:
    """That a helper can do it: with which offer, how far away, and when at the earliest."""

    offer: str
    """The first by id that fits."""
    distance_m: int | None
    """From the helper to the place of the help; None for help that has no way to go."""
    starts_at: int
    """In minutes since 1970 for help on a date, the half hour of the week for weekly help."""


def public_texts(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return what everybody may read, in order, each text once: not even how many reasons there are."""
    return tuple(dict.fromkeys(each.public for each in reasons))


def reasons_against(request: Request, helper: Helper, *, now_min: int) -> tuple[Reason, ...]:
    """Return every rule that keeps the two apart, in the order of `RuleCode`; none for a candidate.

    Args:
        request, helper: who has offers, or none.
        now_min: the current minute since 1970.
    """
    found = [*_personal(request, helper, now_min), *_of_closest_offer(request, helper)]
    return tuple(sorted(found, key=lambda each: ORDER[each.code]))


def fit_of(request: Request, helper: Helper, *, now_min: int) -> Fit | None:
    """Return how a helper can do it; None if a rule says no, as `reasons_against` does."""
    if next(_personal(request, helper, now_min), None) is not None:
        return None
    for offer in helper.offers:
        if _is_offered(request, helper, offer):
            starts = first_start(request, helper, offer)
            if starts is not None:
                return Fit(offer.id, distance_of(request, helper), starts)
    return None


def distance_of(request: Request, helper: Helper) -> int | None:
    """Return the metres from a helper to the place of the help; None if it is remote, or not known."""
    if is_remote(request.mode) or request.place is None or helper.place is None:
        return None
    return metres_between(request.place, helper.place)


def is_remote(mode: Mode) -> bool:
    """Tell whether nobody has to go anywhere."""
    return mode is not Mode.IN_PERSON


def needed_until(request: Request, now_min: int) -> int:
    """Return until which minute clearances have to count: the end of the time asked for, or this one."""
    return request.when.ends_min if isinstance(request.when, Dated) else now_min + 1


def is_visible(request: Request, helper: Helper) -> bool:
    """Tell whether the request is shown to the helper: both branches agree to that, and the team, if any."""
    is_shown = request.branch == helper.branch or (
        helper.branch in request.shown_to and request.branch in helper.serves
    )
    return is_shown and (request.team is None or request.team in helper.teams)


def is_spoken(request: Request, helper: Helper) -> bool:
    """Tell whether the helper speaks one of the languages asked for, if any are."""
    return not request.languages or not request.languages.isdisjoint(helper.languages)


def is_of_gender(request: Request, helper: Helper) -> bool:
    """Tell whether the helper has declared the gender asked for, if one is."""
    return request.gender is None or request.gender is helper.gender


def has_experience(request: Request, helper: Helper) -> bool:
    """Tell whether the helper shares the lived experience, if it is required."""
    return not request.is_experience_required or request.experience in helper.experiences


# --- About the two, whatever is offered -----------------------------------------------------------------


def _personal(request: Request, helper: Helper, now_min: int) -> Iterator[Reason]:
    if not is_remote(request.mode):
        yield from _distance(request, helper)
    if not is_spoken(request, helper):
        yield Reason(RuleCode.LANGUAGE, (("languages", _listed(request.languages)),))
    if request.gender is not None and not is_of_gender(request, helper):
        yield Reason(RuleCode.GENDER, (("gender", request.gender.value),))
    if request.clearances:
        yield from _vetting(request, helper, now_min)
    if not has_experience(request, helper):
        yield Reason(RuleCode.LIVED_EXPERIENCE)
    if not is_visible(request, helper):
        yield Reason(RuleCode.BANK_VISIBILITY)
    yield from _between(request, helper, now_min)


def _between(request: Request, helper: Helper, now_min: int) -> Iterator[Reason]:
    if helper.id in request.excludes:
        yield Reason(RuleCode.EXCLUDED_BY_REQUESTER)
    if not helper.excludes.isdisjoint(request.people):
        yield Reason(RuleCode.EXCLUDED_BY_HELPER)
    if helper.id in request.people or helper.household in request.households:
        yield Reason(RuleCode.SELF_OR_HOUSEHOLD)
    if any(who == helper.id and now_min < until for who, until in request.parked):
        yield Reason(RuleCode.PARKED)
    if helper.id in request.declined_by:
        yield Reason(RuleCode.DECLINED)


def _distance(request: Request, helper: Helper) -> Iterator[Reason]:
    if request.place is None or helper.place is None:
        yield Reason(RuleCode.DISTANCE)
    elif chord2_of(request.place.point, helper.place.point) > chord2_within(helper.reach_m):
        beyond = metres_between(request.place, helper.place) - helper.reach_m
        yield Reason(RuleCode.DISTANCE, (("beyond_m", beyond),))


def _vetting(request: Request, helper: Helper, now_min: int) -> Iterator[Reason]:
    needed = needed_until(request, now_min)
    held = {each.kind for each in helper.clearances}
    good = {each.kind for each in helper.clearances if each.ends_min is None or each.ends_min >= needed}
    if missing := request.clearances - held:
        yield Reason(RuleCode.VETTING, (("clearances", _listed(missing)),))
    if expired := (request.clearances & held) - good:
        yield Reason(RuleCode.VETTING_EXPIRED, (("clearances", _listed(expired)),))


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(sorted(codes))


# --- About one offer ------------------------------------------------------------------------------------


def closest_offer(request: Request, helper: Helper) -> Offer | None:
    """Return the offer by which a helper is judged; None if there is none at all."""
    return min(
        helper.offers, key=lambda offer: _closeness(tuple(_against(request, helper, offer))), default=None
    )


def _of_closest_offer(request: Request, helper: Helper) -> Iterator[Reason]:
    # Who offers nothing is judged as if it were something else, at any time.
    nothing = Offer(id="", kind="", mode=request.mode, week=ALWAYS, minutes_left=HELP_MINUTES_MOST)
    return _against(request, helper, closest_offer(request, helper) or nothing)


def _closeness(reasons: tuple[Reason, ...]) -> tuple[bool, bool, int, list[int]]:
    codes = [each.code for each in reasons]
    return RuleCode.KIND in codes, RuleCode.MODE in codes, len(codes), [ORDER[code] for code in codes]


def _against(request: Request, helper: Helper, offer: Offer) -> Iterator[Reason]:
    if offer.kind != request.kind:
        yield Reason(RuleCode.KIND, (("kind", request.kind),))
    if offer.mode is not request.mode:
        yield Reason(RuleCode.MODE, (("mode", request.mode.value),))
    steps = _weekly_steps if isinstance(request.when, Week) else _dated_steps
    for code, is_passed in steps(request, helper, offer):
        if not is_passed:
            facts = (("minutes", request.minutes),) if code is RuleCode.AVAILABILITY else ()
            yield Reason(code, facts)


def _is_offered(request: Request, helper: Helper, offer: Offer) -> bool:
    return offer.kind == request.kind and offer.mode is request.mode and _has_capacity(request, helper, offer)


def _has_capacity(request: Request, helper: Helper, offer: Offer) -> bool:
    return helper.visits_left >= 1 and offer.minutes_left >= request.minutes


# The three rules about time look at what the ones before them left over. One that leaves no room fails, and
# is then passed over: so what fails is what has to go, all of it and no more. Help that does not fit into the
# time asked for is nobody's fault: then only availability fails.


def _weekly_steps(request: Request, helper: Helper, offer: Offer) -> Iterator[tuple[RuleCode, bool]]:
    assert isinstance(request.when, Week), "the steps of weekly help"
    slots = slots_for(request.minutes)
    bits = request.when.bits
    is_free = bool(starts_in(bits & offer.week.bits, slots))
    yield RuleCode.AVAILABILITY, is_free
    yield RuleCode.CAPACITY, _has_capacity(request, helper, offer)
    if is_free:
        bits &= offer.week.bits
    is_hopeless = not starts_in(bits, slots)
    yield RuleCode.OVERLAP, is_hopeless or bool(starts_in(bits & ~busy_bits(helper), slots))


def _dated_steps(request: Request, helper: Helper, offer: Offer) -> Iterator[tuple[RuleCode, bool]]:
    when = request.when
    assert isinstance(when, Dated), "the steps of help on a date"
    runs: list[Run] = [(when.starts_min, when.ends_min)]
    free = list(_free_runs(when, helper, offer))
    is_free = first_room(free, request.minutes) is not None
    yield RuleCode.AVAILABILITY, is_free
    if is_free:
        runs = free
    is_hopeless = first_room(runs, request.minutes) is None
    is_within = _has_capacity(request, helper, offer)
    if is_within and not is_hopeless:
        allowed = list(without(runs, _full_days(request, helper)))
        is_within = first_room(allowed, request.minutes) is not None
        runs = allowed if is_within else runs
    yield RuleCode.CAPACITY, is_within
    left = without(runs, _busy_runs(when, helper))
    yield RuleCode.OVERLAP, is_hopeless or first_room(left, request.minutes) is not None


def first_start(request: Request, helper: Helper, offer: Offer) -> int | None:
    """Return when the help can begin at the earliest, every rule about time kept; None if never."""
    if isinstance(request.when, Week):
        bits = request.when.bits & offer.week.bits & ~busy_bits(helper)
        starts = starts_in(bits, slots_for(request.minutes))
        return (starts & -starts).bit_length() - 1 if starts else None
    blocked = (*_full_days(request, helper), *_busy_runs(request.when, helper))
    return first_room(without(_free_runs(request.when, helper, offer), blocked), request.minutes)


def _free_runs(when: Dated, helper: Helper, offer: Offer) -> Iterator[Run]:
    runs = runs_of(offer.week.bits, when)
    if offer.also:
        runs = joined((*runs, *((each.starts_min, each.ends_min) for each in offer.also)), when.span)
    return without(runs, ((each.starts_min, each.ends_min) for each in helper.away))


def _full_days(request: Request, helper: Helper) -> Iterator[Run]:
    return (
        (each.day.starts_min, each.day.ends_min)
        for each in helper.days
        if each.minutes_left < request.minutes
    )


def _busy_runs(when: Dated, helper: Helper) -> Iterator[Run]:
    rest = helper.rest_minutes
    for each in helper.busy:
        yield each.starts_min - rest, each.ends_min + rest
    yield from runs_of(busy_bits(helper), when)


def busy_bits(helper: Helper) -> int:
    """Return the half hours of a week that weekly help takes, and its rest, in whole half hours."""
    return widened(helper.busy_week.bits, slots_for(helper.rest_minutes))
