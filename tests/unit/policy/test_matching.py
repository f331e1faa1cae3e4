"""Rules of matching in a policy: defaults are what was built in before, and faults are named."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.policies import policies, sections

from timebank.errors import FaultCode, PolicyInvalid
from timebank.matching.score import WEIGHT_MOST, Weights
from timebank.policy import matching
from timebank.policy.changes import Change, changes_between
from timebank.policy.document import parse_policy
from timebank.policy.matching import MatchingRules, WeightRules
from timebank.policy.model import Policy
from timebank.policy.sections import settings_of
from timebank.policy.specs import Whole
from timebank.services.pooling import weights_of

OLD = Path(__file__).with_name("before_matching.toml").read_text(encoding="utf-8")
"""The default document as it was before there was a section on matching."""
BUILT_IN = "50a905cc8af98cfd547ec16ac10219cc6c459b8589678154e6bcb2ebcae95381"
NAMES = tuple(each.name for each in fields(Weights))


def test_a_document_from_before_means_what_it_meant() -> None:
    """Branches that set their rules long ago are not asked to set them again."""
    assert "[matching]" not in OLD
    assert Policy() == parse_policy(OLD)
    assert () == changes_between(parse_policy(OLD), Policy())


def test_defaults_are_what_was_built_in() -> None:
    """Scores, deadlines and limits are those of the version without these keys."""
    rules = parse_policy(OLD).matching

    assert Weights() == weights_of(rules)
    assert BUILT_IN == weights_of(rules).fingerprint
    assert (48, 3, 3, 7, 0) == (
        rules.answer_hours,
        rules.asked_at_once,
        rules.asked_most,
        rules.asked_days,
        rules.load_points,
    )


def test_every_weight_of_a_score_is_a_key_with_its_range() -> None:
    """No policy can be set whose weights could not be used, and no term is out of the branch's reach."""
    keys = {name: spec for name, spec, _ in settings_of(WeightRules())}

    assert NAMES == tuple(keys)
    assert matching.WEIGHT_MOST == WEIGHT_MOST
    for spec in keys.values():
        assert isinstance(spec, Whole)
        assert (0, WEIGHT_MOST, False) == (spec.least, spec.most, spec.or_none)


@given(sections(MatchingRules()))
def test_weights_are_taken_as_they_are_set(rules: MatchingRules) -> None:
    """Each by its name."""
    assert {name: getattr(rules.weights, name) for name in NAMES} == {
        name: getattr(weights_of(rules), name) for name in NAMES
    }


@given(policies(), policies())
def test_the_fingerprint_is_of_the_weights_and_of_nothing_else(one: Policy, other: Policy) -> None:
    """The same weights have the same fingerprint, whatever else two branches agree to do."""
    same = replace(other, matching=replace(other.matching, weights=one.matching.weights))

    assert weights_of(one.matching).fingerprint == weights_of(same.matching).fingerprint
    assert (one.matching.weights == other.matching.weights) == (
        weights_of(one.matching).fingerprint == weights_of(other.matching).fingerprint
    )


@given(sections(MatchingRules()), st.sampled_from(NAMES), st.integers(0, WEIGHT_MOST))
def test_one_weight_more_or_less_is_another_fingerprint(rules: MatchingRules, name: str, weight: int) -> None:
    """A suggestion that was made with other weights says so."""
    changed = replace(rules, weights=replace(rules.weights, **{name: weight}))

    assert (weight == getattr(rules.weights, name)) == (
        weights_of(rules).fingerprint == weights_of(changed).fingerprint
    )


@pytest.mark.parametrize(
    ("section", "line", "key", "code", "hint"),
    [
        ("matching.weights", "near = 10001", "near", FaultCode.OUT_OF_RANGE, "from 0 to 10000"),
        ("matching.weights", "near = -1", "near", FaultCode.OUT_OF_RANGE, "from 0 to 10000"),
        ("matching.weights", "near = 4.5", "near", FaultCode.WRONG_TYPE, "a whole number"),
        ("matching.weights", "nearr = 4", "nearr", FaultCode.UNKNOWN_KEY, "did you mean near?"),
        ("matching", "near = 4", "near", FaultCode.UNKNOWN_KEY, "did you mean matching.weights.near?"),
        ("matching", "answer_hours = 0", "answer_hours", FaultCode.OUT_OF_RANGE, "from 1 to 8760"),
        ("matching", "asked_at_once = 0", "asked_at_once", FaultCode.OUT_OF_RANGE, "from 1 to 100"),
        ("matching", "asked_most = 0", "asked_most", FaultCode.OUT_OF_RANGE, "from 1 to 100"),
        ("matching", "asked_days = 367", "asked_days", FaultCode.OUT_OF_RANGE, "from 1 to 366"),
        ("matching", "load_points = true", "load_points", FaultCode.WRONG_TYPE, "from 0 to 10000"),
        ("matching.parked", "too_far_days = 3661", "too_far_days", FaultCode.OUT_OF_RANGE, "from 0 to 3660"),
        ("matching.parked", "too_far = 9", "too_far", FaultCode.UNKNOWN_KEY, "did you mean too_far_days?"),
    ],
)
def test_what_is_odd_is_refused_with_its_place(
    section: str, line: str, key: str, code: FaultCode, hint: str
) -> None:
    """And with what to write instead."""
    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(f"format = 1\n[{section}]\n{line}\n")

    (fault,) = refused.value.faults
    assert (f"{section}.{key}", code) == (fault.key, fault.code)
    assert hint in fault.text


def test_a_board_reads_which_weight_changes() -> None:
    """Key by key, as any other rule."""
    new = parse_policy("format = 1\n[matching]\nload_points = 20\n[matching.weights]\nnear = 9\n")

    assert (
        Change(key="matching.load_points", before="0", after="20"),
        Change(key="matching.weights.near", before="4", after="9"),
    ) == changes_between(Policy(), new)
