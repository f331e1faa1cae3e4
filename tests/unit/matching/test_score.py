"""Scores: whole numbers that add up, and weights that stay where sums are exact."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.builders import NOW_MIN, a_helper, a_request, helpers, requests

from timebank.errors import WeightOutOfRange
from timebank.matching.model import Helper, Request, Travel
from timebank.matching.score import POINTS_MOST, WEIGHT_MOST, TermCode, Weights, near_points, score_of

NAMES = tuple(each.name for each in fields(Weights))
WEIGHTS = st.builds(Weights, **{name: st.integers(0, WEIGHT_MOST) for name in NAMES})


@given(requests(), helpers(), WEIGHTS, st.none() | st.integers(0, 30_000))
def test_terms_add_up(request: Request, helper: Helper, weights: Weights, metres: int | None) -> None:
    """Exactly, one of each in order, each within its bounds."""
    score = score_of(request, helper, weights, distance_m=metres, now_min=NOW_MIN)

    assert list(TermCode) == [term.code for term in score.terms]
    assert sum(term.points * weights.of(term.code) for term in score.terms) == score.total
    assert all(-POINTS_MOST <= term.points <= POINTS_MOST for term in score.terms)
    assert abs(score.total) < 2**53


@given(requests(), helpers(), WEIGHTS, st.sampled_from(NAMES))
def test_a_weight_moves_its_own_term_only(
    request: Request, helper: Helper, weights: Weights, name: str
) -> None:
    """A term without weight adds nothing."""
    without = replace(weights, **{name: 0})

    one, other = (
        score_of(request, helper, each, distance_m=700, now_min=NOW_MIN) for each in (weights, without)
    )

    code = TermCode(name.replace("_", "-"))
    assert one.total - other.total == sum(term.value for term in one.terms if term.code is code)


@given(WEIGHTS, WEIGHTS)
def test_a_fingerprint_is_of_the_weights(one: Weights, other: Weights) -> None:
    """Equal if and only if they are."""
    assert (one == other) == (one.fingerprint == other.fingerprint)
    assert 64 == len(one.fingerprint)


def test_the_fingerprint_never_changes() -> None:
    """It is stored with suggestions: the same weights have it in every version."""
    weights = Weights(
        near=1,
        continuity=2,
        lived_experience=3,
        preferred_language=4,
        preference=5,
        recency=6,
        travel_mode=7,
    )

    assert (
        "timebank-match-weights/1\nnear 1\ncontinuity 2\nlived-experience 3\npreferred-language 4\n"
        "preference 5\nrecency 6\ntravel-mode 7\n" == weights.canonical
    )
    assert "5ea9a80bdfc25aad71ed543b5b83d0cd58e2ab50d6bcc92d7f9b483c879e754c" == weights.fingerprint


@pytest.mark.parametrize("weight", [-1, WEIGHT_MOST + 1, 10**30, True, 0.5])
@pytest.mark.parametrize("name", NAMES)
def test_weights_that_would_overflow_are_refused(name: str, weight: object) -> None:
    """And those below zero, and what is no whole number."""
    with pytest.raises(WeightOutOfRange, match=name):
        Weights(**{name: weight})  # type: ignore[arg-type]


@given(st.integers(0, 50_000), st.integers(0, 5_000))
def test_nearer_is_never_worse(metres: int, more: int) -> None:
    """Next door has all points, from twenty kilometres on there are none."""
    assert near_points(metres) >= near_points(metres + more)
    assert [100, 50, 0, 0] == [near_points(each) for each in (0, 10_000, 20_000, 10**9)]


def test_points_are_as_the_document_says() -> None:
    """One example of every term."""
    request = a_request(
        experience="carer",
        preferred_languages=frozenset({"fr"}),
        would_rather_not=frozenset({"lille/h1"}),
        helped_before=(("lille/h1", 2),),
    )
    helper = a_helper(
        experiences=frozenset({"carer"}),
        languages=frozenset({"fr"}),
        last_asked_min=NOW_MIN - 15 * 24 * 60,
        travel=Travel.ON_FOOT,
    )

    near = score_of(request, helper, Weights(), distance_m=1_500, now_min=NOW_MIN)
    far = score_of(a_request(), a_helper(), Weights(), distance_m=1_501, now_min=NOW_MIN)
    remote = score_of(a_request(), a_helper(), Weights(), distance_m=None, now_min=NOW_MIN)

    assert [92, 40, 100, 100, -100, 50, 100] == [term.points for term in near.terms]
    assert [92, 0, 0, 0, 0, 100, 0] == [term.points for term in far.terms]
    assert [0, 0, 0, 0, 0, 100, 0] == [term.points for term in remote.terms]
