"""Scores of many pairs at once: the totals of `score_of`, in a column. Needs numpy. Pure."""

from collections.abc import Callable, Sequence

import numpy as np

from timebank.matching.batch import Pairs
from timebank.matching.columns import Flags, Ints, column
from timebank.matching.conditions import Condition, condition_of
from timebank.matching.model import Helper, Request
from timebank.matching.score import (
    COMFORT_M,
    NEAR_SCALE_M,
    POINTS_MOST,
    TermCode,
    Weights,
    continuity_points,
    has_wished_experience,
    preference_points,
    recency_points,
    speaks_preferred,
)


def totals_of(
    pairs: Pairs,
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    weights: Weights,
    *,
    now_min: int,
) -> Ints:
    """Return the score of each pair.

    Args:
        pairs: of these requests and helpers, as `join` found them.
        now_min: the current minute since 1970.
    """
    near = np.maximum(0, NEAR_SCALE_M - pairs.distances) * POINTS_MOST // NEAR_SCALE_M
    comfort = column((COMFORT_M[each.travel] for each in helpers), len(helpers))
    recency = column((recency_points(each, now_min) for each in helpers), len(helpers))
    has_way = pairs.distances >= 0
    points = {
        TermCode.NEAR: np.where(has_way, near, 0),
        TermCode.CONTINUITY: _named(
            pairs,
            requests,
            helpers,
            lambda each: {who: continuity_points(visits) for who, visits in each.helped_before},
        ),
        TermCode.LIVED_EXPERIENCE: POINTS_MOST
        * _held(
            pairs,
            condition_of(
                requests,
                helpers,
                lambda each: each.experience,
                lambda each: each.experiences,
                has_wished_experience,
            ),
        ),
        TermCode.PREFERRED_LANGUAGE: POINTS_MOST
        * _held(
            pairs,
            condition_of(
                requests,
                helpers,
                lambda each: each.preferred_languages,
                lambda each: each.languages,
                speaks_preferred,
            ),
        ),
        TermCode.PREFERENCE: _named(
            pairs,
            requests,
            helpers,
            lambda each: {who: preference_points(each, who) for who in each.prefers | each.would_rather_not},
        ),
        TermCode.RECENCY: recency[pairs.helpers],
        TermCode.TRAVEL_MODE: POINTS_MOST * (has_way & (pairs.distances <= comfort[pairs.helpers])),
    }
    total = np.zeros(len(pairs), np.int64)
    for code in TermCode:
        total += points[code] * weights.of(code)
    return total


def _held(pairs: Pairs, condition: Condition | None) -> Flags:
    if condition is None:
        return np.ones(len(pairs), np.bool_)
    return condition.holds(pairs.requests, pairs.helpers)


def _named(
    pairs: Pairs,
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    points_by: Callable[[Request], dict[str, int]],
) -> Ints:
    """Return the points that requests give to helpers by their id; 0 for the others."""
    places = {each.id: at for at, each in enumerate(helpers)}
    named = sorted(
        (at * len(helpers) + places[who], points)
        for at, each in enumerate(requests)
        for who, points in points_by(each).items()
        if who in places
    )
    keys, points = (column((each[part] for each in named), len(named)) for part in range(2))
    found = np.zeros(len(pairs), np.int64)
    if named:
        key = pairs.requests * len(helpers) + pairs.helpers
        place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        found = np.where(keys[place] == key, points[place], 0)
    return found
