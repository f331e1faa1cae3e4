"""The ready-made policies: usable, with their sources, and with the numbers that the schemes publish."""

import pytest

from timebank.policy.document import parse_policy
from timebank.policy.explaining import explain
from timebank.policy.model import Policy
from timebank.policy.words import Over, Relation, Surplus
from timebank.services.policies import ready_made

READY = {each.name: each for each in ready_made()}
NAMES = {
    "accorderie",
    "beijing",
    "give-and-take-care",
    "japan-care-system",
    "kiss",
    "nalc",
    "nanjing",
    "recommended",
    "sel",
    "st-gallen",
    "timeoverflow",
    "zeitbank-55-plus",
    "zeitpolster",
}


def rules(name: str) -> Policy:
    """Return a ready-made policy."""
    return parse_policy(READY[name].document)


def test_the_schemes_are_all_there() -> None:
    """Sorted by name; a file that is added is named above."""
    assert sorted(NAMES) == list(READY)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_ready_made_policy_is_usable_and_says_where_it_is_from(name: str) -> None:
    """A title, sources, and no word that the program does not understand."""
    ready = READY[name]
    said = explain(rules(name))

    assert ready.title
    assert "# Source" in ready.document
    assert 6 == len(said)


def test_an_hour_is_an_hour_at_nalc() -> None:
    """Whatever the help; for me, spouse, parents and child; never owed, never given away."""
    nalc = rules("nalc")

    assert ((), ()) == (nalc.rates.by_kind, nalc.rates.bands)
    assert {Relation.SELF, Relation.SPOUSE, Relation.PARENT, Relation.CHILD} == set(nalc.redemption.relations)
    assert (0, None) == (nalc.limits.member.floor_minutes, nalc.limits.member.ceiling_minutes)
    assert not nalc.gifts.between_members
    assert ("junior",) == nalc.count_only.kinds


@pytest.mark.parametrize(
    ("name", "hours"), [("st-gallen", 750), ("kiss", 720), ("nanjing", 1_500), ("recommended", 750)]
)
def test_caps_are_the_published_ones(name: str, hours: int) -> None:
    """In hours, as they are printed."""
    assert hours * 60 == rules(name).limits.member.ceiling_minutes


def test_what_can_be_earned_in_a_time() -> None:
    """KISS 6 h a week, Give & Take Care 5 h a day; what is beyond is refused."""
    week, day = rules("kiss").earning.week, rules("give-and-take-care").earning.day

    assert [(360, Over.REFUSE), (300, Over.REFUSE)] == [
        (each.most_minutes, each.over) for each in (week, day)
    ]


def test_surplus_is_given_away_in_nanjing() -> None:
    """Beyond 1,500 h to the city's fund; hours of groups are counted only."""
    nanjing = rules("nanjing")

    assert (Surplus.FUND, "city") == (nanjing.surplus.over_ceiling, nanjing.surplus.fund)
    assert ("group",) == nanjing.count_only.kinds


def test_whole_hours_and_five_vouchers_at_zeitbank_55_plus() -> None:
    """An hour is the step and the least; five hours on joining."""
    zeitbank = rules("zeitbank-55-plus")

    assert (60, 60) == (zeitbank.rounding.step_minutes, zeitbank.rounding.least_minutes)
    assert 300 == zeitbank.joining.grant_minutes


def test_a_unit_is_a_minute_in_a_sel() -> None:
    """Balances within 2,000 either way; nothing for others."""
    sel = rules("sel")

    assert (1, 1) == (sel.rounding.step_minutes, sel.rounding.least_minutes)
    assert (-2_000, 2_000) == (sel.limits.member.floor_minutes, sel.limits.member.ceiling_minutes)
    assert () == sel.redemption.relations
