"""A policy in plain words: every rule that is in force is said, and none that is not."""

from hypothesis import given
from tests.unit.policy.policies import policies

from timebank.policy.document import parse_policy
from timebank.policy.explaining import explain
from timebank.policy.model import Policy

BANDED = """
format = 1
[rounding]
step_minutes = 30
mode = "up"
[rates]
by_kind = ["body-care 8/7"]
bands = ["mon-fri 17:00-21:00 8/7"]
[travel]
counted_minutes = 20
[limits.member]
floor_minutes = "none"
warn_floor_minutes = "none"
[earning.day]
most_minutes = 240
[earning.week]
most_minutes = 360
over = "fund"
[surplus]
over_ceiling = "fund"
fund = "club"
[joining]
grant_minutes = 300
[levy]
each_service_minutes = 3
[gifts]
between_members = false
[service]
oldest_days = 0
kinds = ["shopping", "body-care"]
[confirmation]
within_days = 30
[redemption]
relations = ["self", "named"]
named_persons_most = 3
earned_least_minutes = 1200
[death]
heirs = []
"""


def said(policy: Policy) -> set[str]:
    """Return every sentence."""
    return {each for chapter in explain(policy) for each in chapter.sentences}


@given(policies())
def test_every_policy_can_be_explained(policy: Policy) -> None:
    """In whole sentences, none empty, none twice in a chapter, and never `None` for a number."""
    for chapter in explain(policy):
        assert chapter.sentences
        assert len(chapter.sentences) == len(set(chapter.sentences))
        for sentence in chapter.sentences:
            assert sentence[0].isupper(), sentence
            assert sentence.endswith("."), sentence
            assert "None" not in sentence, sentence


def test_the_default_says_what_it_allows() -> None:
    """The limits, the rounding, whom hours are for."""
    assert {
        "Help counts in steps of 15 min, rounded to the nearest one.",
        "An hour is an hour, whatever the help and whenever it is given.",
        "A member can owe up to 10 h.",
        "A member can save up to 750 h.",
        "Help that would lift a helper above that is refused.",
        "A member names one person at a time.",
        "Cancelling is free until the day before.",
        "Hours never expire, and are never money.",
    } <= said(Policy())


def test_what_is_set_is_said() -> None:
    """Each key of a document that sets many shows in a sentence."""
    assert {
        "Help counts in steps of 30 min, rounded up.",
        "An hour of body-care counts 8/7 h.",
        "On mon-fri, 17:00-21:00, an hour counts 8/7 h; a visit is split there.",
        "What the kind and the time add to an hour adds up.",
        "The way to the help counts 20 min.",
        "There is no limit to what a member can owe.",
        "What a helper earns above that goes to the fund club.",
        "A member earns at most 4 h in a day; more is refused.",
        "A member earns at most 6 h in a week, from Monday to Sunday; what is beyond goes to the fund club.",
        "Who joins gets 5 h, for help to themselves only.",
        "Of each help 3 min go to the fund branch.",
        "Hours cannot be given away to another member.",
        "Help is logged on the day it is given.",
        "These kinds of help are known: shopping and body-care.",
        "The other side can confirm for 30 days; then a coordinator decides.",
        "A member names up to 3 persons at a time.",
        "First, a sponsor has given 20 h of help.",
        "Hours that somebody left behind go to the fund branch.",
    } <= said(parse_policy(BANDED))
