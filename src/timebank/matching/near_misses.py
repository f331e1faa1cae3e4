"""Who nearly could: helpers near a request whom rules keep away, and what would have to change for one.

Near misses are those who offer help of the kind that is asked for, the nearest `NEAR_MOST` of them; where
nobody offers it, the nearest of all. For remote help those of the request's branch who offer it in that way
come first. Of near misses whom a single rule keeps away, the smallest change is named: rules in the order of
`CHANGES`, then fewer metres, then the smaller id. What people have said no to is never one of them: somebody
excluded, parked or declined stays so. Needs numpy to look for the nearest. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

import numpy as np

from timebank.care.record import Mode
from timebank.matching.columns import Ints
from timebank.matching.model import Helper, Request
from timebank.matching.rules import Reason, RuleCode, is_remote, reasons_against

NEAR_MOST: Final = 24
"""How many are looked at for one request."""
NO_PLACE: Final = np.iinfo(np.int64).max
NARROW: Final = "if less were asked for, there would be somebody"
LATER: Final = "at another time there would be somebody"
CHANGES: Final = {
    RuleCode.AVAILABILITY: (LATER, "{helper} could at another time"),
    RuleCode.OVERLAP: (LATER, "{helper} could at another time: has other help then"),
    RuleCode.DISTANCE: (
        "if the help were nearer, or somebody went further, there would be somebody",
        "{helper} could, going {beyond_m} m further",
    ),
    RuleCode.MODE: (
        "there would be somebody if help were wished for in another way",
        "{helper} could, not {mode}",
    ),
    RuleCode.CAPACITY: (LATER, "{helper} could, taking on more than they wanted to"),
    RuleCode.LANGUAGE: (NARROW, "{helper} could, without: {languages}"),
    RuleCode.LIVED_EXPERIENCE: (NARROW, "{helper} could, if the experience were wished for, not required"),
    RuleCode.GENDER: (NARROW, "{helper} could, if not asked for: {gender}"),
    RuleCode.VETTING_EXPIRED: (NARROW, "{helper} could, cleared anew for: {clearances}"),
    RuleCode.VETTING: (NARROW, "{helper} could, once cleared for: {clearances}"),
    RuleCode.BANK_VISIBILITY: (
        "if more members saw the request, there would be somebody",
        "{helper} could, if their branch or team saw the request",
    ),
    RuleCode.KIND: (
        "if somebody offered help of this kind, there would be somebody",
        "{helper} could, offering {kind}",
    ),
}
"""What can be changed, the smallest change first: for everybody, and for the coordinator."""
EFFORT: Final = {code: effort for effort, code in enumerate(CHANGES)}
PLACE_UNKNOWN: Final = "{helper} could, if it were known where the help is, or where they set out from"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A helper whom rules keep from a request."""

    helper: int
    """Position among the helpers."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One change after which a helper could help: nothing else keeps them away."""

    helper: str
    """For the coordinator only, as the reason's facts are."""
    reason: Reason

    @property
    def public(self) -> str:
        """For everybody: neither who it is, nor how far away, nor what they lack."""
        return CHANGES[self.reason.code][0]

    @property
    def coordinator(self) -> str:
        """For who runs the branch of the request."""
        text = CHANGES[self.reason.code][1]
        if self.reason.code is RuleCode.DISTANCE and not self.reason.facts:
            text = PLACE_UNKNOWN
        return text.format(helper=self.helper, **dict(self.reason.facts))


class Nearby:
    """Helpers, by what they offer and where they set out from."""

    def __init__(self, helpers: Sequence[Helper], *, kinds: Collection[str]) -> None:
        """Look once at every offer.

        Args:
            helpers: everybody.
            kinds: of the requests that will be asked about.
        """
        self.helpers = helpers
        self._of_kind: dict[str, list[int]] = defaultdict(list)
        self._wires: dict[tuple[str, Mode, str], list[int]] = defaultdict(list)
        self._points: dict[str | None, tuple[Ints, Ints]] = {}
        offered = (
            (at, helper.branch, offer)
            for at, helper in enumerate(helpers)
            for offer in helper.offers
            if offer.kind in kinds
        )
        for at, branch, offer in offered:
            _append_once(self._of_kind[offer.kind], at)
            if is_remote(offer.mode):
                _append_once(self._wires[offer.kind, offer.mode, branch], at)

    def around(self, request: Request, *, most: int = NEAR_MOST) -> list[int]:
        """Return the positions of those who nearly could, or can, the nearest first."""
        kind = request.kind if request.kind in self._of_kind else None
        if is_remote(request.mode):
            own = self._wires.get((request.kind, request.mode, request.branch), ())
            known = set(own)
            others = (at for at in self._all(kind) if at not in known)
            return list(islice(chain(own, others), most))
        if request.place is None:
            return list(islice(self._all(kind), most))
        who, points = self._spots(kind)
        here = np.array(request.place.point, dtype=np.int64)
        apart = ((points - here) ** 2).sum(axis=1)
        apart[points[:, 0] == NO_PLACE] = NO_PLACE
        if len(apart) > most:
            limit = np.partition(apart, most - 1)[most - 1]
            some = np.flatnonzero(apart <= limit)
            who, apart = who[some], apart[some]
        found: list[int] = who[np.argsort(apart, kind="stable")][:most].tolist()
        return found

    def _all(self, kind: str | None) -> Iterable[int]:
        return range(len(self.helpers)) if kind is None else self._of_kind[kind]

    def _spots(self, kind: str | None) -> tuple[Ints, Ints]:
        """Return positions and places of those who offer a kind, or of all."""
        if kind not in self._points:
            who = np.fromiter(self._all(kind), dtype=np.int64)
            nowhere = (NO_PLACE, 0, 0)
            places = [
                helper.place.point if helper.place else nowhere
                for helper in map(self.helpers.__getitem__, who)
            ]
            self._points[kind] = who, np.array(places, dtype=np.int64).reshape(-1, 3)
        return self._points[kind]


def _append_once(places: list[int], at: int) -> None:
    if not places or places[-1] != at:
        places.append(at)


def near_misses(request: Request, nearby: Nearby, *, now_min: int) -> tuple[NearMiss, ...]:
    """Return who nearly could, with every reason why they cannot, the nearest first.

    Args:
        request: of any kind.
        nearby: everybody.
        now_min: the current minute since 1970.
    """
    judged = (
        NearMiss(at, reasons_against(request, nearby.helpers[at], now_min=now_min))
        for at in nearby.around(request)
    )
    return tuple(each for each in judged if each.reasons)


def counts_of(misses: Iterable[NearMiss]) -> dict[RuleCode, int]:
    """Return how many each rule keeps away, in the order of the rules; one can be kept away by several."""
    found = Counter(reason.code for each in misses for reason in each.reasons)
    return {code: found[code] for code in RuleCode if found[code]}


def relaxation_of(
    misses: Iterable[NearMiss], helpers: Sequence[Helper], *, is_free: Callable[[int], bool] = lambda _: True
) -> Relaxation | None:
    """Return the smallest single change that makes a candidate of somebody; None if no single one does.

    Args:
        misses: whom rules keep away.
        helpers: everybody.
        is_free: tells who has time left for one more request; of others only the capacity could be changed.
    """
    changes = [
        (EFFORT[reason.code], int(dict(reason.facts).get("beyond_m", 0)), helpers[at].id, reason)
        for at, reason in _single(misses)
        if reason.code is RuleCode.CAPACITY or is_free(at)
    ]
    if not changes:
        return None
    _, _, helper, reason = min(changes, key=lambda each: each[:3])
    return Relaxation(helper, reason)


def _single(misses: Iterable[NearMiss]) -> Iterator[tuple[int, Reason]]:
    for each in misses:
        if len(each.reasons) == 1 and each.reasons[0].code in CHANGES:
            yield each.helper, each.reasons[0]
