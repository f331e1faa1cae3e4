"""The branch's own rules of matching: weights, fairness, deadlines, how often who is asked."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders import NOW, TODAY, a_branch, help_given

from timebank.care.match import MatchState
from timebank.care.profile import ParkReason, Spot
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.errors import AlreadyOffered, AskedTooOften
from timebank.matching.score import Weights
from timebank.policy.document import parse_policy
from timebank.policy.matching import MatchingRules
from timebank.policy.model import Policy
from timebank.policy.writing import write_policy
from timebank.services.bank import Bank
from timebank.services.pooling import weights_of

DAY = timedelta(days=1)
THURSDAY = Week.of([Window.parse("thu 14:00-17:00")])
HOME, FIVE_KM, NINE_KM = Spot.parse("50.63,3.06"), Spot.parse("50.675,3.06"), Spot.parse("50.71,3.06")
OLD = (Path(__file__).parents[1] / "unit" / "policy" / "before_matching.toml").read_text(encoding="utf-8")


@pytest.fixture
def clock() -> SteppingClock:
    """Return a clock that stands still until it is moved."""
    return SteppingClock(NOW)


@pytest.fixture
def bank(tmp_path: Path, clock: SteppingClock) -> Iterator[Bank]:
    """Return a branch where m1 wishes for company, m2 next door offers it, and m3 and m4 further away."""
    bank = a_branch(tmp_path, members=5, clock=clock)
    for ref, home in (("m1", HOME), ("m2", HOME), ("m3", FIVE_KM), ("m4", NINE_KM), ("m5", HOME)):
        bank.profiles.set("lille", ref, home=home, by=f"member:{ref}")
    wish(bank)
    for ref in ("m2", "m3", "m4"):
        offer(bank, ref)
    yield bank
    assert bank.audits.run().ok
    bank.close()


def wish(bank: Bank, ref: str = "m1", **changes: Any) -> int:  # noqa: ANN401 - any fact
    """Ask for an hour of company on Thursdays; returns the number of the request."""
    facts: dict[str, Any] = {"kind": "company", "minutes": 60, "week": THURSDAY, "by": f"member:{ref}"}
    return bank.help_requests.post("lille", member=ref, **{**facts, **changes}).listing.no


def offer(bank: Bank, ref: str, kind: str = "company") -> None:
    """Offer two hours of help on Thursdays."""
    bank.help_offers.post(
        "lille", member=ref, by=f"member:{ref}", kind=kind, minutes_per_week=120, week=THURSDAY
    )


def rule(bank: Bank, text: str, **options: Any) -> MatchingRules:  # noqa: ANN401 - any option
    """Set a policy that says this about matching; returns its rules."""
    document = f"format = 1\n{text}\n"
    bank.policies.set("lille", document, **options)
    return parse_policy(document).matching


def suggested(bank: Bank, request: int = 1) -> list[str]:
    """Return who is suggested, the best first."""
    return [each.helper for each in bank.matches.suggest("lille", request).suggested]


def turned_down(bank: Bank, helper: str, times: int) -> None:
    """Ask a helper about requests of m5, who takes each back."""
    for _ in range(times):
        request = wish(bank, "m5")
        made = bank.matches.offer("lille", request, helper)
        bank.matches.withdraw("lille", made.no, reason="Sample words")
        bank.help_requests.withdraw("lille", request, by="member:m5")


def test_rules_from_before_suggest_and_plan_the_same(bank: Bank) -> None:
    """A document without the section, and the default one, give the very same answers."""
    suggestions, plan = bank.matches.suggest("lille", 1), bank.matches.plan("lille")

    _, changes = bank.policies.set("lille", OLD)

    assert () == changes
    assert suggestions == bank.matches.suggest("lille", 1)
    assert plan == bank.matches.plan("lille")
    assert ["m2", "m3", "m4"] == [each.helper for each in suggestions.suggested]
    assert Weights().fingerprint == suggestions.weights == plan.weights


CHANGES: dict[str, Callable[[Bank], object]] = {
    "continuity": lambda bank: help_given(bank, provider="m3", recipient="m1"),
    "preferred_language": lambda bank: [
        bank.profiles.set("lille", ref, languages=["fr"], by=f"member:{ref}") for ref in ("m1", "m3")
    ],
    "recency": lambda bank: turned_down(bank, "m2", 1),
}


@pytest.mark.parametrize("term", CHANGES)
def test_a_weight_changes_the_order_and_the_fingerprint(bank: Bank, term: str) -> None:
    """What counts more in the branch puts another helper first; suggestions say by which weights."""
    CHANGES[term](bank)
    rule(bank, f"[matching.weights]\nnear = 10\ntravel_mode = 0\n{term} = 0")
    before = bank.matches.suggest("lille", 1)
    rules = rule(bank, f"[matching.weights]\nnear = 10\ntravel_mode = 0\n{term} = 1000")
    after = bank.matches.suggest("lille", 1)

    assert ("m2", "m3") == (before.suggested[0].helper, after.suggested[0].helper)
    assert before.weights != after.weights == weights_of(rules).fingerprint
    assert 1000 in {each.weight for each in after.suggested[0].score.terms}
    made = bank.matches.offer("lille", 1, "m3")
    assert (1, after.weights) == (made.rank, made.weights)


def test_new_weights_count_from_their_day(bank: Bank, clock: SteppingClock) -> None:
    """Decided today, in force next week; matches keep the fingerprint they were made with."""
    made = bank.matches.offer("lille", 1, "m2")
    rules = rule(bank, "[matching.weights]\nnear = 0", effective_on=TODAY + 7 * DAY)

    assert made.weights == bank.matches.suggest("lille", 1).weights
    clock.advance(7 * DAY)
    assert weights_of(rules).fingerprint == bank.matches.suggest("lille", 1).weights
    assert made.weights == bank.matches.show("lille", made.no).weights


@pytest.mark.parametrize(("load_points", "helper"), [(0, "m2"), (20, "m2"), (100, "m3")])
def test_load_is_a_price_in_a_plan(bank: Bank, load_points: int, helper: str) -> None:
    """Dear enough, somebody is asked who was not of late; ranks and scores stay what they are."""
    rule(bank, f"[matching]\nload_points = {load_points}\n[matching.weights]\nrecency = 0")
    turned_down(bank, "m2", 2)

    plan = bank.matches.plan("lille")

    assert [helper] == [each.suggestion.helper for each in plan.planned]
    assert plan.is_optimal
    assert plan.score == sum(each.suggestion.score.total for each in plan.planned)
    assert ["m2", "m3", "m4"] == suggested(bank)


def test_no_request_stays_unserved_for_fairness(bank: Bank) -> None:
    """Whoever is the only one is asked, whatever it costs."""
    rule(bank, "[matching]\nload_points = 10000")
    turned_down(bank, "m2", 2)
    garden = wish(bank, "m1", kind="garden")
    offer(bank, "m2", "garden")

    plan = bank.matches.plan("lille")

    assert {1: "m3", garden: "m2"} == {each.request.no: each.suggestion.helper for each in plan.planned}


def test_an_offer_waits_as_long_as_the_branch_says(bank: Bank, clock: SteppingClock) -> None:
    """And one that was made before a change keeps its deadline."""
    rule(bank, "[matching]\nanswer_hours = 5")
    made = bank.matches.offer("lille", 1, "m2")
    rule(bank, "[matching]\nanswer_hours = 90")

    assert timedelta(hours=5) == made.expires_at - NOW
    clock.advance(timedelta(hours=5))
    assert MatchState.EXPIRED is bank.matches.show("lille", made.no).state
    assert timedelta(hours=90) == bank.matches.offer("lille", 1, "m3").expires_at - bank.now()


@pytest.mark.parametrize("at_once", [1, 2])
def test_as_many_are_asked_at_once_as_the_branch_says(bank: Bank, at_once: int) -> None:
    """About urgent help; more would prepare for nothing."""
    rule(bank, f"[matching]\nasked_at_once = {at_once}")
    bank.wishes.set("lille", 1, urgency=0, reason="Sample words")
    for helper in ("m2", "m3")[:at_once]:
        bank.matches.offer("lille", 1, helper)

    with pytest.raises(AlreadyOffered):
        bank.matches.offer("lille", 1, "m4")


def test_nobody_is_asked_more_often_than_the_branch_says(bank: Bank, clock: SteppingClock) -> None:
    """By an offer, a plan or a suggestion, within as many days as it says."""
    rule(bank, "[matching]\nasked_most = 1\nasked_days = 2")
    turned_down(bank, "m2", 1)

    with pytest.raises(AskedTooOften) as refused:
        bank.matches.offer("lille", 1, "m2")
    assert (1, 2) == (refused.value.most, refused.value.days)
    asked = {each.helper: each.may_be_asked for each in bank.matches.suggest("lille", 1).suggested}
    assert {"m2": False, "m3": True, "m4": True} == asked
    assert ("m2",) == bank.matches.plan("lille").busy
    clock.advance(2 * DAY)
    assert () == bank.matches.plan("lille").busy
    bank.matches.offer("lille", 1, "m2")


@pytest.mark.parametrize("days", [0, 3])
def test_a_no_parks_for_as_long_as_the_branch_says(bank: Bank, clock: SteppingClock, days: int) -> None:
    """To the end of the last day; another reason has another length."""
    rule(bank, f"[matching.parked]\nno_time_days = {days}\ntoo_far_days = 40")
    for helper, why in (("m2", ParkReason.NO_TIME), ("m3", ParkReason.TOO_FAR)):
        made = bank.matches.offer("lille", 1, helper)
        bank.matches.decline("lille", made.no, why, by=f"member:{helper}")
    other = wish(bank)

    clock.advance(days * DAY)
    assert ["m4"] == suggested(bank, other)
    clock.advance(DAY)
    assert ["m2", "m4"] == suggested(bank, other)


def test_a_written_policy_has_the_same_weights(bank: Bank) -> None:
    """Whoever prints the rules, and sets them again as they are, changes no fingerprint."""
    rules = rule(bank, "[matching.weights]\npreference = 9")
    before = bank.matches.suggest("lille", 1)

    bank.policies.set("lille", write_policy(replace(Policy(), matching=rules)))

    assert before == bank.matches.suggest("lille", 1)
