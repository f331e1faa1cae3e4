"""Grants, surplus and levies: the minutes of one help, spread over accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.care.allotment import Allotment, allotted, funds_paid
from timebank.ledger.model import SERVICE_MINUTES, credit, debit, imbalance_by_unit
from timebank.policy.document import parse_policy

PAYER, HELPER, GRANT = "member:m2:available", "member:m1:available", "member:m2:grant"
HELP = (debit(PAYER, 60), credit(HELPER, 60))
RULES = st.builds(
    Allotment,
    grant_path=st.none() | st.just(GRANT),
    grant_minutes=st.integers(0, 200),
    room_minutes=st.none() | st.integers(-50, 200),
    levy_minutes=st.integers(0, 60),
)


@given(RULES, st.integers(1, 2000))
def test_nothing_is_made_or_lost_whatever_the_rules_say(rules: Allotment, minutes: int) -> None:
    """I-1: debits equal credits, no line is empty, and nothing comes from issuance."""
    lines = allotted((debit(PAYER, minutes), credit(HELPER, minutes)), rules)

    assert {"min": 0} == imbalance_by_unit(lines)
    assert all(line.amount > 0 and not line.path.startswith("issuance") for line in lines)
    assert 2 <= len(lines)


def test_without_rules_help_is_an_exchange() -> None:
    """As ever."""
    assert HELP == allotted(HELP, Allotment())


def test_a_grant_is_spent_first() -> None:
    """And what it lacks comes from what was earned."""
    spread = allotted(HELP, Allotment(grant_path=GRANT, grant_minutes=45))
    assert (debit(GRANT, 45), debit(PAYER, 15), credit(HELPER, 60)) == spread


def test_what_is_beyond_a_cap_goes_to_the_fund() -> None:
    """All of it where there is no room left."""
    fund = "fund:solidarity"
    some = allotted(HELP, Allotment(room_minutes=20, surplus_path=fund))
    none = allotted(HELP, Allotment(room_minutes=-5, surplus_path=fund))
    assert (debit(PAYER, 60), credit(HELPER, 20), credit(fund, 40)) == some
    assert (debit(PAYER, 60), credit(fund, 60)) == none


def test_a_levy_is_taken_out_of_the_help() -> None:
    """Three minutes, as in Munich; never more than the help."""
    fund = "fund:branch"
    spread = allotted(HELP, Allotment(levy_minutes=3))
    short = allotted((debit(PAYER, 2), credit(HELPER, 2)), Allotment(levy_minutes=3))
    assert (debit(PAYER, 60), credit(HELPER, 57), credit(fund, 3)) == spread
    assert (debit(PAYER, 2), credit(fund, 2)) == short


def test_service_minutes_are_left_alone() -> None:
    """They cannot be spent, so nothing is to be capped (I-12)."""
    service = (debit(PAYER, 60, SERVICE_MINUTES), credit(HELPER, 60, SERVICE_MINUTES))
    assert service == allotted(service, Allotment(room_minutes=0, levy_minutes=3))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("", set()),
        ('[earning.day]\nover = "fund"', set()),
        ('[earning.day]\nmost_minutes = 240\nover = "fund"', {"fund:branch"}),
        ('[earning.week]\nmost_minutes = 360\nover = "fund"\n[surplus]\nfund = "city"', {"fund:city"}),
        ('[earning.week]\nmost_minutes = 360\n[surplus]\nfund = "city"', set()),
        ('[surplus]\nover_ceiling = "fund"\nfund = "city"', {"fund:city"}),
        ('[levy]\neach_service_minutes = 3\nfund = "club"', {"fund:club"}),
    ],
)
def test_the_funds_that_a_policy_pays(document: str, expected: set[str]) -> None:
    """Only rules that are in force name one."""
    assert expected == funds_paid(parse_policy(f"format = 1\n{document}\n"))
