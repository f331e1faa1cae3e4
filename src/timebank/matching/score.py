"""How well a helper suits a request: points for each term, times the branch's weight for it, added up.

Points are whole numbers from -100 to 100, weights from 0 to `WEIGHT_MOST`, so a score is a sum that anybody
can do again, and stays far from where whole numbers of a machine end. The fingerprint of the weights is kept
with every suggestion. Terms only rank candidates; what keeps two apart stands in `rules`. Pure.
"""

import hashlib
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from timebank.errors import WeightOutOfRange
from timebank.matching.model import Helper, Request, Travel

POINTS_MOST: Final = 100
WEIGHT_MOST: Final = 10_000
VISITS_THAT_COUNT: Final = 5
"""Who has helped as often as that is known as well as can be."""
DAYS_THAT_COUNT: Final = 30
"""Who was not asked for as long as that is as rested as can be."""
DAY_MINUTES: Final = 24 * 60
NEAR_SCALE_M: Final = 20_000
"""Where nearness ends to count: half of all points are gone half way there."""
COMFORT_M: Final = {
    Travel.ON_FOOT: 1_500,
    Travel.BICYCLE: 5_000,
    Travel.TRANSIT: 15_000,
    Travel.CAR: 30_000,
}
"""How far is easily gone; some twenty minutes to half an hour."""


class TermCode(StrEnum):
    """What counts for or against a candidate; terms come in this order."""

    NEAR = "near"
    """Fewer metres to the place of the help; nothing for help without a way."""
    CONTINUITY = "continuity"
    """Has helped these people before."""
    LIVED_EXPERIENCE = "lived-experience"
    """Shares the experience that is wished for."""
    PREFERRED_LANGUAGE = "preferred-language"
    PREFERENCE = "preference"
    """The side that asks would like this helper most, or would rather not."""
    RECENCY = "recency"
    """Was not asked for long, or never."""
    TRAVEL_MODE = "travel-mode"
    """Gets there easily, the way this helper goes."""


CODES: Final = tuple(TermCode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each term counts in a branch.

    Raises:
        WeightOutOfRange: a weight is below 0 or above `WEIGHT_MOST`.
    """

    near: int = 4
    continuity: int = 5
    lived_experience: int = 4
    preferred_language: int = 2
    preference: int = 6
    recency: int = 2
    travel_mode: int = 1

    def __post_init__(self) -> None:
        """Refuse weights with which sums would leave what machines add exactly."""
        for each in fields(self):
            weight = getattr(self, each.name)
            if type(weight) is not int or not 0 <= weight <= WEIGHT_MOST:
                raise WeightOutOfRange(name=each.name, least=0, most=WEIGHT_MOST)

    def of(self, code: TermCode) -> int:
        """Return the weight of a term."""
        return self.in_order[CODES.index(code)]

    @property
    def in_order(self) -> tuple[int, ...]:
        """The weights in the order of `TermCode`."""
        return (
            self.near,
            self.continuity,
            self.lived_experience,
            self.preferred_language,
            self.preference,
            self.recency,
            self.travel_mode,
        )

    @property
    def canonical(self) -> str:
        """The weights as text, a line for each term in order: what the fingerprint is of."""
        lines = (f"{code.value} {self.of(code)}\n" for code in TermCode)
        return "timebank-match-weights/1\n" + "".join(lines)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of `canonical`, 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a score."""

    code: TermCode
    points: int
    weight: int

    @property
    def value(self) -> int:
        """What it adds."""
        return self.points * self.weight


@dataclass(frozen=True, slots=True)
class Score:
    """How well a helper suits a request."""

    terms: tuple[Term, ...]
    """One of each code, in the order of `TermCode`."""

    @property
    def total(self) -> int:
        """The sum of its terms, exactly."""
        return sum(each.value for each in self.terms)


def score_of(
    request: Request, helper: Helper, weights: Weights, *, distance_m: int | None, now_min: int
) -> Score:
    """Return the score of a candidate.

    Args:
        distance_m: as `Fit` says.
        now_min: the current minute since 1970.
    """
    points = (
        0 if distance_m is None else near_points(distance_m),
        continuity_points(dict(request.helped_before).get(helper.id, 0)),
        POINTS_MOST * has_wished_experience(request, helper),
        POINTS_MOST * speaks_preferred(request, helper),
        preference_points(request, helper.id),
        recency_points(helper, now_min),
        POINTS_MOST * (distance_m is not None and distance_m <= COMFORT_M[helper.travel]),
    )
    return Score(tuple(map(Term, CODES, points, weights.in_order)))


def near_points(distance_m: int) -> int:
    """Return 100 for next door, 0 from `NEAR_SCALE_M` on, in between by the metre, rounded down."""
    return POINTS_MOST * max(0, NEAR_SCALE_M - distance_m) // NEAR_SCALE_M


def continuity_points(visits: int) -> int:
    """Return the points for visits before."""
    return POINTS_MOST * min(visits, VISITS_THAT_COUNT) // VISITS_THAT_COUNT


def has_wished_experience(request: Request, helper: Helper) -> bool:
    """Tell whether the helper shares the experience that is wished for, if one is."""
    return request.experience in helper.experiences


def speaks_preferred(request: Request, helper: Helper) -> bool:
    """Tell whether the helper speaks a preferred language, if there is one."""
    return not request.preferred_languages.isdisjoint(helper.languages)


def preference_points(request: Request, helper_id: str) -> int:
    """Return what the side that asks thinks of a helper, all points or all of them off; both are nothing."""
    return POINTS_MOST * ((helper_id in request.prefers) - (helper_id in request.would_rather_not))


def recency_points(helper: Helper, now_min: int) -> int:
    """Return the points for whole days since a helper was last asked; all of them if that never was."""
    if helper.last_asked_min is None:
        return POINTS_MOST
    days = max(0, now_min - helper.last_asked_min) // DAY_MINUTES
    return POINTS_MOST * min(days, DAYS_THAT_COUNT) // DAYS_THAT_COUNT
