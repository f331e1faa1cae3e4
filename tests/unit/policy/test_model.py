from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.policies import policies, values

from timebank.errors import FaultCode, PolicyFault, PolicyInvalid
from timebank.policy.changes import values_of
from timebank.policy.model import (
    ConfirmationRules,
    LimitRule,
    Limits,
    Policy,
    RedemptionRules,
    Rounding,
    ServiceRules,
)
from timebank.policy.sections import settings_of, tables_of

DEFAULTS = {
    "rounding.step_minutes": "15",
    "rounding.mode": '"nearest"',
    "rounding.least_minutes": "15",
    "rates.by_kind": "[]",
    "rates.bands": "[]",
    "rates.combine": '"sum"',
    "rates.fraction": '"half-up"',
    "travel.counted_minutes": "0",
    "limits.member.floor_minutes": "-600",
    "limits.member.warn_floor_minutes": "-480",
    "limits.member.warn_ceiling_minutes": "43200",
    "limits.member.ceiling_minutes": "45000",
    **{
        f"limits.{kind}.{level}_minutes": '"none"'
        for kind in ("fund", "issuance", "clearing", "suspense")
        for level in ("floor", "warn_floor", "warn_ceiling", "ceiling")
    },
    "earning.day.most_minutes": '"none"',
    "earning.day.over": '"refuse"',
    "earning.week.most_minutes": '"none"',
    "earning.week.over": '"refuse"',
    "surplus.over_ceiling": '"refuse"',
    "surplus.fund": '"branch"',
    "joining.grant_minutes": "0",
    "levy.each_service_minutes": "0",
    "levy.fund": '"branch"',
    "gifts.between_members": "true",
    "count_only.kinds": "[]",
    "service.longest_minutes": "1440",
    "service.oldest_days": "366",
    "service.kinds": "[]",
    "service.modes": '["in-person", "phone", "video", "mail", "sms"]',
    "confirmation.by": '["other-side", "coordinator"]',
    "confirmation.within_days": '"none"',
    "overlap.rule": '"refuse"',
    "redemption.relations": (
        '["self", "spouse", "partner", "parent", "grandparent", "child", "sibling", "named"]'
    ),
    "redemption.named_persons_most": "1",
    "redemption.earned_least_minutes": "0",
    "redemption.needs_consent": "true",
    "redemption.needs_check": "true",
    "redemption.hold_days": "90",
    "cancellation.free_until": '"day-before"',
    "cancellation.late_minutes": "60",
    "cancellation.no_show": '"planned"',
    "matching.answer_hours": "48",
    "matching.asked_at_once": "3",
    "matching.asked_most": "3",
    "matching.asked_days": "7",
    "matching.load_points": "0",
    "matching.weights.near": "4",
    "matching.weights.continuity": "5",
    "matching.weights.lived_experience": "4",
    "matching.weights.preferred_language": "2",
    "matching.weights.preference": "6",
    "matching.weights.recency": "2",
    "matching.weights.travel_mode": "1",
    "matching.parked.no_time_days": "14",
    "matching.parked.not_this_time_days": "14",
    "matching.parked.too_far_days": "366",
    "matching.parked.not_my_kind_days": "366",
    "matching.parked.did_not_suit_days": "366",
    "matching.parked.coordinator_days": "90",
    "leaving.may_keep": "true",
    "leaving.fund": '"branch"',
    "leaving.shortage_fund": '"solidarity"',
    "death.wait_months": "12",
    "death.heirs": '["partner", "relative", "successor"]',
    "death.fund": '"branch"',
    "dormancy.months": "24",
    "funds.most_at_once_minutes": '"none"',
    "clearing.underwriter": '"solidarity"',
}


def test_defaults_of_a_published_format_never_change() -> None:
    """Stored documents that leave a key out would change their meaning: add lines here, edit none."""
    assert list(DEFAULTS.items()) == list(values_of(Policy()))


def faults_of(section: type[Any], **wrong: Any) -> list[tuple[str, FaultCode]]:  # noqa: ANN401 - wrong on purpose
    """Keys and codes of the faults for which a section refuses to exist."""
    with pytest.raises(PolicyInvalid) as caught:
        section(**wrong)
    return [(fault.key, fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("expected", "section", "wrong"),
    [
        ([("step_minutes", FaultCode.OUT_OF_RANGE)], Rounding, {"step_minutes": 0}),
        ([("step_minutes", FaultCode.OUT_OF_RANGE)], Rounding, {"step_minutes": 61}),
        ([("step_minutes", FaultCode.WRONG_TYPE)], Rounding, {"step_minutes": True}),
        ([("step_minutes", FaultCode.WRONG_TYPE)], Rounding, {"step_minutes": 15.0}),
        ([("step_minutes", FaultCode.WRONG_TYPE)], Rounding, {"step_minutes": None}),
        ([("mode", FaultCode.UNKNOWN_VALUE)], Rounding, {"mode": "sideways"}),
        ([("floor_minutes", FaultCode.OUT_OF_RANGE)], LimitRule, {"floor_minutes": 1}),
        ([("ceiling_minutes", FaultCode.OUT_OF_RANGE)], LimitRule, {"ceiling_minutes": -1}),
        ([("modes", FaultCode.OUT_OF_RANGE)], ServiceRules, {"modes": ()}),
        (
            [("modes", FaultCode.WRONG_TYPE)],
            ServiceRules,
            {"modes": "phone"},
        ),
        ([("kinds", FaultCode.UNKNOWN_VALUE)], ServiceRules, {"kinds": ("Shopping",)}),
        ([("by", FaultCode.OUT_OF_RANGE)], ConfirmationRules, {"by": ()}),
        ([("needs_check", FaultCode.WRONG_TYPE)], RedemptionRules, {"needs_check": 1}),
        (
            [("step_minutes", FaultCode.OUT_OF_RANGE), ("least_minutes", FaultCode.OUT_OF_RANGE)],
            Rounding,
            {"step_minutes": 0, "least_minutes": 0},
        ),
    ],
)
def test_a_section_with_faults_cannot_be_built(
    expected: list[tuple[str, FaultCode]], section: type[Any], wrong: dict[str, Any]
) -> None:
    """Rules built in code are held to the same ranges as those that are read."""
    assert expected == faults_of(section, **wrong)


LEVELS = ("floor_minutes", "warn_floor_minutes", "warn_ceiling_minutes", "ceiling_minutes")


@given(
    st.tuples(
        st.none() | st.integers(-99, 0),
        st.none() | st.integers(-99, 99),
        st.none() | st.integers(-99, 99),
        st.none() | st.integers(0, 99),
    )
)
def test_levels_rise_or_are_refused(levels: tuple[int | None, ...]) -> None:
    """Floor, warnings and ceiling in rising order; each pair that is not is named (I-5)."""
    given_levels = dict(zip(LEVELS, levels, strict=True))
    wrong = [
        (low, high)
        for i, low in enumerate(LEVELS)
        for high in LEVELS[i + 1 :]
        if (a := given_levels[low]) is not None and (b := given_levels[high]) is not None and a > b
    ]

    faults: tuple[PolicyFault, ...] = ()
    try:
        LimitRule(**given_levels)
    except PolicyInvalid as refusal:
        faults = refusal.faults

    assert wrong == [(fault.key, *fault.also) for fault in faults]
    assert all(fault.code is FaultCode.CONTRADICTION for fault in faults)


@given(st.data())
def test_every_value_a_key_takes_builds_its_section(data: st.DataObject) -> None:
    """A key's specification is the whole truth about it, except for the order of levels."""
    tables = [section for _, _, section in tables_of(Policy(), "", "") if not isinstance(section, LimitRule)]
    section = data.draw(st.sampled_from([table for table in tables if list(settings_of(table))]))
    name, spec, _ = data.draw(st.sampled_from(list(settings_of(section))))
    value = data.draw(values(spec))

    assert value == getattr(type(section)(**{name: value}), name)
    assert () == spec.faults_in(name, spec.raw_of(value))
    assert value == spec.value_of(spec.raw_of(value))


@given(policies())
def test_policies_are_values(policy: Policy) -> None:
    """Frozen and comparable, so that a version of the rules can be kept and cached."""
    assert hash(policy) == hash(Policy(**{each.name: getattr(policy, each.name) for each in fields(policy)}))
    with pytest.raises(FrozenInstanceError):
        policy.limits = Limits()  # type: ignore[misc]


def test_every_key_says_what_it_means_and_where_it_comes_from() -> None:
    """The documentation is written from the specifications."""
    for path, doc, section in tables_of(Policy(), "", "the document itself"):
        assert doc, path
        for name, spec, _ in settings_of(section):
            assert spec.doc.endswith("."), name
            assert spec.source, name
            assert not spec.source.endswith("."), name
