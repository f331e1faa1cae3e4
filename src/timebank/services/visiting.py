"""Visiting: the times of a helper's visits in a plan, so that none overlaps another, rest included.

What a helper is asked for in one plan is looked at in turn, each visit by the rules themselves, as if those
before it had been agreed. Weekly visits come first: a date is judged by what is kept of its week.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from timebank.care.week import SLOT_MINUTES
from timebank.instants import day_of
from timebank.matching import times
from timebank.matching.model import Dated, DayRoom, Helper, Offer, Request, Span, instant_of
from timebank.matching.problem import CLASSES, RequestNode
from timebank.matching.rules import Fit, fit_of
from timebank.services.pooling import WEEK_MINUTES


def arranged(
    helper: Helper, requests: Sequence[Request], *, now_min: int, zone: ZoneInfo
) -> tuple[dict[str, Fit], Helper]:
    """Return when a helper visits whom, by the id of the request, and the helper as they are then.

    Two orders are tried: by the end of the time asked for, and the most urgent first. Whoever is not in it
    found no time in the better one of them.

    Args:
        helper: as agreed so far.
        requests: in any order, each of which suits the helper alone.
        now_min: the current minute since 1970.
        zone: of the branch; days with a limit are its days.
    """
    tries = []
    for is_by_urgency in (False, True):
        found = _in_turn(helper, sorted(requests, key=_Turn(is_by_urgency)), now_min=now_min, zone=zone)
        if len(found[0]) == len(requests):
            return found
        tries.append(found)
    urgency = {each.id: each.urgency for each in requests}
    return max(tries, key=lambda each: served_of(urgency[id_] for id_ in each[0]))


def served_of(urgencies: Iterable[int]) -> tuple[int, ...]:
    """Return how many there are of each class, the most urgent first."""
    counts = [0] * CLASSES
    for each in urgencies:
        counts[each] += 1
    return tuple(counts)


def node_of(request: Request) -> RequestNode:
    """Return a request for the solver, with the minutes that a visit takes whenever it begins.

    Help of two hours between 14:00 and 17:00 certainly takes 15:00 to 16:00: requests whose minutes overlap
    exclude each other. Weekly help has a clock of its own, long before 1970. Help that has more room than
    that takes no certain minute; it is arranged afterwards.
    """
    span = request.when.span if isinstance(request.when, Dated) else _hull(request.when.bits)
    if span is not None and span.ends_min - span.starts_min < 2 * request.minutes:
        starts, ends = span.ends_min - request.minutes, span.starts_min + request.minutes
        if starts < ends:
            return RequestNode(id=request.id, priority=request.urgency, starts=starts, ends=ends)
    return RequestNode(id=request.id, priority=request.urgency)


class _Turn:
    """Sorts visits: weekly ones first, then by what it is told."""

    def __init__(self, is_by_urgency: bool) -> None:  # noqa: FBT001 - one of two
        self.is_by_urgency = is_by_urgency

    def __call__(self, request: Request) -> tuple[bool, int, int, str]:
        is_dated = isinstance(request.when, Dated)
        ends = request.when.ends_min if isinstance(request.when, Dated) else request.when.bits.bit_count()
        return is_dated, request.urgency if self.is_by_urgency else 0, ends, request.id


def _in_turn(
    helper: Helper, requests: Iterable[Request], *, now_min: int, zone: ZoneInfo
) -> tuple[dict[str, Fit], Helper]:
    found = {}
    for request in requests:
        fit = fit_of(request, helper, now_min=now_min)
        if fit is not None:
            found[request.id] = fit
            helper = engaged(helper, request, fit, now_min=now_min, zone=zone)
    return found, helper


def engaged(helper: Helper, request: Request, fit: Fit, *, now_min: int, zone: ZoneInfo) -> Helper:
    """Return a helper as they are once they have said yes."""
    if not isinstance(request.when, Dated):
        slots = (1 << times.slots_for(request.minutes)) - 1
        bits = helper.busy_week.bits | times.rotated(slots, -fit.starts_at)
        return replace(
            helper,
            busy_week=replace(helper.busy_week, bits=bits),
            offers=_offers_after(helper.offers, fit.offer, request.minutes),
        )
    span = Span(fit.starts_at, fit.starts_at + request.minutes)
    is_soon = span.starts_min < now_min + WEEK_MINUTES
    day = times.day_of_zone(day_of(instant_of(span.starts_min), zone), zone)
    return replace(
        helper,
        busy=tuple(sorted((*helper.busy, span))),
        days=_days_after(helper.days, day, request.minutes),
        offers=_offers_after(helper.offers, fit.offer, request.minutes if is_soon else 0),
    )


def _offers_after(offers: tuple[Offer, ...], id_: str, minutes: int) -> tuple[Offer, ...]:
    return tuple(
        replace(each, minutes_left=each.minutes_left - minutes) if each.id == id_ else each for each in offers
    )


def _days_after(days: tuple[DayRoom, ...], day: Span, minutes: int) -> tuple[DayRoom, ...]:
    """Return what is left of days; the first of them, if there are any, stands for all with nothing to do."""
    if not days:
        return ()
    every, *others = days
    left = {each.day: each.minutes_left for each in others}
    left[day] = max(0, left.get(day, every.minutes_left) - minutes)
    return (every, *(DayRoom(day=each, minutes_left=left[each]) for each in sorted(left)))


def _hull(bits: int) -> Span | None:
    """Return a week that is one stretch, on a clock of its own; None if it is not one."""
    slots = bits.bit_count()
    first = (bits & -bits).bit_length() - 1
    if not bits or bits >> first != (1 << slots) - 1:
        return None
    starts = first * SLOT_MINUTES - 4 * WEEK_MINUTES
    return Span(starts, starts + slots * SLOT_MINUTES)
