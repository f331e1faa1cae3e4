"""What help counts: rounding, rates by kind and by band, the way."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.policies import policies

from timebank.errors import FaultCode, PolicyInvalid
from timebank.policy.counting import count, weighed
from timebank.policy.document import parse_policy
from timebank.policy.model import Policy
from timebank.policy.words import ServiceMode

PARIS = ZoneInfo("Europe/Paris")
SETAGAYA = """
format = 1
[rounding]
step_minutes = 1
[rates]
by_kind = ["body-care 8/7"]
bands = ["mon-sun 07:00-09:00 8/7", "mon-sun 17:00-21:00 8/7"]
"""
HALVES = 'format = 1\n[rates]\nbands = ["tue 18:00-20:00 5/4"]\nfraction = "{fraction}"\n'


def counted(document: str, start: str, minutes: int, kind: str = "errand") -> tuple[int, Fraction]:
    """Return minutes and rate of help in person."""
    found = count(
        parse_policy(document),
        kind=kind,
        mode=ServiceMode.IN_PERSON,
        start_at=datetime.fromisoformat(start).replace(tzinfo=PARIS),
        minutes=minutes,
        zone=PARIS,
    )
    return found.minutes, found.rate


@pytest.mark.parametrize(
    ("yen", "start", "kind"),
    [
        (700, "2026-06-15T10:00", "housework"),
        (800, "2026-06-15T17:00", "housework"),
        (800, "2026-06-15T10:00", "body-care"),
        (900, "2026-06-15T18:00", "body-care"),
    ],
)
def test_setagaya_s_yen_of_1995_are_exact_fractions(yen: int, start: str, kind: str) -> None:
    """700 by day for housework, 100 more outside, 100 more for care: the surcharges add up."""
    assert (yen // 5, Fraction(yen, 700)) == counted(SETAGAYA, start, 140, kind)


@pytest.mark.parametrize(("fraction", "minutes"), [("half-up", 113), ("up", 113), ("down", 112)])
def test_ninety_minutes_at_a_quarter_more(fraction: str, minutes: int) -> None:
    """112.5 minutes: the policy says what becomes of the half."""
    assert (minutes, Fraction(5, 4)) == counted(HALVES.format(fraction=fraction), "2026-06-16T18:00", 90)


def test_a_visit_that_crosses_bands_is_split() -> None:
    """Half of it before six, half of it after."""
    assert (68, Fraction(9, 8)) == counted(HALVES.format(fraction="half-up"), "2026-06-16T17:30", 60)


def test_a_band_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday night is Friday's until the morning."""
    night = 'format = 1\n[rates]\nbands = ["fri 22:00-06:00 2"]\n'
    assert Fraction(2) == counted(night, "2026-06-20T05:00", 60)[1]
    assert Fraction(1) == counted(night, "2026-06-19T05:00", 60)[1]
    assert Fraction(1) == counted(night, "2026-06-20T06:00", 60)[1]


def test_the_way_counts_for_help_in_person_only() -> None:
    """Macherio counts the way; nobody travels to a telephone."""
    policy = parse_policy("format = 1\n[travel]\ncounted_minutes = 20\n")
    at = datetime(2026, 6, 15, 10, tzinfo=UTC)
    minutes = [
        count(policy, kind="talk", mode=mode, start_at=at, minutes=60, zone=PARIS).minutes
        for mode in (ServiceMode.IN_PERSON, ServiceMode.PHONE)
    ]
    assert [80, 60] == minutes


@given(
    policies(),
    st.integers(0, 60 * 24 * 400),
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from(["body-care", "errand"]),
)
def test_parts_of_a_visit_add_up_to_it(
    policy: Policy, start: int, first: int, second: int, kind: str
) -> None:
    """Wherever a visit is split, at the boundary of a band or elsewhere, on any night of the year."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)

    def of(begin: datetime, minutes: int) -> Fraction:
        return weighed(policy, kind=kind, start_at=begin, minutes=minutes, zone=PARIS)

    assert of(at, first + second) == of(at, first) + of(at + timedelta(minutes=first), second)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('by_kind = ["care 1.143"]', FaultCode.UNKNOWN_VALUE),
        ('by_kind = ["care 0"]', FaultCode.UNKNOWN_VALUE),
        ('by_kind = ["care 11"]', FaultCode.UNKNOWN_VALUE),
        ('by_kind = ["care 1/1001"]', FaultCode.UNKNOWN_VALUE),
        ('by_kind = ["care"]', FaultCode.UNKNOWN_VALUE),
        ("by_kind = [1.5]", FaultCode.WRONG_TYPE),
        ("by_kind = 2", FaultCode.WRONG_TYPE),
        ('by_kind = ["care 2", "care 3"]', FaultCode.CONTRADICTION),
        ('bands = ["mon 09:00-17:00"]', FaultCode.UNKNOWN_VALUE),
        ('bands = ["mon 09:60-17:00 2"]', FaultCode.UNKNOWN_VALUE),
        ('bands = ["mon 09:00-24:01 2"]', FaultCode.UNKNOWN_VALUE),
        ('bands = ["mon,mon 09:00-17:00 2"]', FaultCode.UNKNOWN_VALUE),
        ('bands = ["day 09:00-17:00 2"]', FaultCode.UNKNOWN_VALUE),
        ('bands = ["mon 09:00-09:00 2"]', FaultCode.UNKNOWN_VALUE),
        ('bands = ["mon 09:00-17:00 1.5"]', FaultCode.UNKNOWN_VALUE),
        ('bands = ["mon-fri 09:00-17:00 2", "fri-mon 16:00-20:00 3"]', FaultCode.CONTRADICTION),
        ('by_kind = ["watch 1/4"]\nbands = ["mon 09:00-17:00 1/2"]', FaultCode.CONTRADICTION),
    ],
)
def test_rates_that_are_not_exact_or_contradict_are_refused(line: str, code: FaultCode) -> None:
    """With the rule's name."""
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(f"format = 1\n[rates]\n{line}\n")

    assert [code] == [fault.code for fault in caught.value.faults]
    assert caught.value.faults[0].key.startswith("rates.")


def test_a_list_of_rates_has_an_end() -> None:
    """Everything is limited."""
    kinds = ", ".join(f'"kind-{no} 2"' for no in range(201)).replace(", ", ",\n")
    with pytest.raises(PolicyInvalid) as caught:
        parse_policy(f"format = 1\n[rates]\nby_kind = [{kinds}]\n")
    assert FaultCode.OUT_OF_RANGE is caught.value.faults[0].code


@pytest.mark.parametrize(("how", "rate"), [("sum", "5/2"), ("product", "3"), ("higher", "2")])
def test_two_rates_go_together_as_the_policy_says(how: str, rate: str) -> None:
    """Care at the weekend."""
    document = (
        f'format = 1\n[rates]\nby_kind = ["care 2"]\nbands = ["sat,sun 00:00-24:00 3/2"]\ncombine = "{how}"\n'
    )
    assert Fraction(rate) == counted(document, "2026-06-20T10:00", 60, "care")[1]


def test_a_fund_is_named_by_a_code() -> None:
    """No other text, and no number."""
    for value, code in (('"Common Chest"', FaultCode.UNKNOWN_VALUE), ("1", FaultCode.WRONG_TYPE)):
        with pytest.raises(PolicyInvalid) as caught:
            parse_policy(f"format = 1\n[surplus]\nfund = {value}\n")
        assert code is caught.value.faults[0].code
