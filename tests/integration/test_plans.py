"""Plans and exchanges: the best for everybody at once, nobody asked twice, and nothing in the dark."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.builders import NOW, a_bank, a_branch

from timebank.care.match import MatchState
from timebank.care.profile import ParkReason, Spot
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.errors import KeyReused, NotAllowed
from timebank.matching.explain import WhyNot
from timebank.matching.rules import RuleCode
from timebank.policy.matching import MatchingRules
from timebank.services.bank import Bank

THURSDAY = Week.of([Window.parse("thu 14:00-17:00")])
AT: dict[str, Any] = {"home": Spot.parse("50.63,3.06")}


@pytest.fixture
def clock() -> SteppingClock:
    """Return a clock that stands still until it is moved."""
    return SteppingClock(NOW)


@pytest.fixture
def bank(tmp_path: Path, clock: SteppingClock) -> Iterator[Bank]:
    """Return a branch of seven members who live next door to one another."""
    bank = a_branch(tmp_path, members=7, clock=clock)
    for number in range(1, 8):
        bank.profiles.set("lille", f"m{number}", by=f"member:m{number}", **AT)
    yield bank
    assert bank.audits.run().ok
    bank.close()


def wish(bank: Bank, ref: str, kind: str = "company", **changes: Any) -> int:  # noqa: ANN401 - any fact
    """Ask for an hour on Thursdays; returns the number of the request."""
    facts: dict[str, Any] = {"kind": kind, "minutes": 60, "week": THURSDAY, "by": f"member:{ref}"}
    return bank.help_requests.post("lille", member=ref, **{**facts, **changes}).listing.no


def offer(bank: Bank, ref: str, *kinds: str) -> None:
    """Offer help of some kinds on Thursdays."""
    for kind in kinds:
        bank.help_offers.post(
            "lille", member=ref, kind=kind, minutes_per_week=120, week=THURSDAY, by=f"member:{ref}"
        )


def test_the_plan_serves_as_many_as_can_be(bank: Bank) -> None:
    """Who asks first does not get the only helper whom the second one could have."""
    both = wish(bank, "m1", "company", minutes=120)
    one = wish(bank, "m2", "garden", minutes=120)
    offer(bank, "m3", "company", "garden")
    offer(bank, "m4", "company")
    bank.profiles.set("lille", "m4", home=Spot.parse("50.68,3.06"), by="member:m4")

    plan = bank.matches.plan("lille")

    assert {both: "m4", one: "m3"} == {each.request.no: each.suggestion.helper for each in plan.planned}
    assert [2, 1] == [each.suggestion.rank for each in plan.planned]
    first, second = (each.passed for each in plan.planned)
    assert first is not None
    assert (WhyNot.BUSY, "m3", None) == (first.why, first.helper, second)
    assert "request 2" in first.coordinator
    assert plan.is_optimal
    assert () == plan.unserved
    assert plan == bank.matches.plan("lille")
    assert () == tuple(bank.matches.list("lille"))


def test_the_most_urgent_is_served_first(bank: Bank) -> None:
    """Where there is one helper, it is not the first request that has them."""
    wish(bank, "m1", minutes=120)
    urgent = wish(bank, "m2", minutes=120)
    bank.wishes.set("lille", urgent, urgency=0, reason="Sample words")
    offer(bank, "m3", "company")

    plan = bank.matches.plan("lille")

    assert [urgent] == [each.request.no for each in plan.planned]
    assert [(("m3", urgent),)] == [each.needed_elsewhere for each in plan.unserved]


def test_who_is_left_is_told_why(bank: Bank) -> None:
    """Nobody is left out in silence: what keeps how many away, and who comes closest."""
    company, garden = wish(bank, "m1"), wish(bank, "m1", "garden")
    offer(bank, "m2", "company")
    bank.profiles.exclude("lille", "m1", "m2", by="member:m1")

    plan = bank.matches.plan("lille")

    assert () == plan.planned
    assert {
        company: {RuleCode.EXCLUDED_BY_REQUESTER: 1},
        garden: {RuleCode.KIND: 1, RuleCode.EXCLUDED_BY_REQUESTER: 1},
    } == {each.request.no: each.counts for each in plan.unserved}
    assert [None, None] == [each.relaxation for each in plan.unserved]
    assert [1, 1] == [each.near_misses for each in plan.unserved]
    assert 0 == plan.score


def test_an_empty_branch_has_an_empty_plan(bank: Bank) -> None:
    """No requests, no helpers, or neither."""
    assert () == bank.matches.plan("lille").planned
    wish(bank, "m1")
    assert [{}] == [each.counts for each in bank.matches.plan("lille").unserved]
    assert () == bank.matches.exchange("lille").exchange.legs


def test_everybody_in_the_plan_is_asked_once(bank: Bank) -> None:
    """And nobody again before they have answered; a repeat asks nobody."""
    requests = {wish(bank, "m1", minutes=120), wish(bank, "m2", minutes=120)}
    offer(bank, "m3", "company")
    told: list[str] = []

    done = bank.matches.run("lille", key="night", tell=lambda what, _done, _count: told.append(what))

    assert ["m3"] == [each.helper for each in done.matches]
    assert requests > {each.request for each in done.matches}
    assert {"Looking for helpers", "Planning", "Explaining"} == set(told)
    assert () == bank.matches.run("lille", key="night").matches
    again = bank.matches.run("lille")
    assert ((), ("m3",)) == (again.matches, again.plan.busy)
    assert 1 == len(again.plan.waiting)
    assert [("m3",)] == [each.not_asked_now for each in again.plan.unserved]
    with pytest.raises(KeyReused):
        bank.matches.offer("lille", 1, "m3", key="night")
    bank.matches.decline("lille", 1, ParkReason.NO_TIME, by="member:m3")
    assert 1 == len(bank.matches.run("lille").matches)
    assert MatchingRules().asked_most >= 2 == len(bank.matches.list("lille"))
    assert 1 == len(bank.matches.list("lille", state=MatchState.OFFERED))


def test_what_was_agreed_stays_however_urgent_the_next_request_is(bank: Bank) -> None:
    """A helper who said yes keeps the visit; whoever comes later gets the time that is left, or nobody."""
    first = wish(bank, "m1", minutes=120)
    offer(bank, "m3", "company")
    (asked,) = bank.matches.run("lille").matches
    bank.matches.accept("lille", asked.no, by="member:m3")
    urgent = wish(bank, "m2", minutes=120)
    bank.wishes.set("lille", urgent, urgency=0, reason="Sample words")

    plan = bank.matches.run("lille").plan

    assert (asked.request, asked.helper) == (first, "m3")
    assert [urgent] == [each.request.no for each in plan.unserved]
    assert [(first, "m3", MatchState.ACCEPTED)] == [
        (each.request, each.helper, each.state) for each in bank.matches.list("lille")
    ]


def test_who_was_asked_often_enough_is_not_in_the_plan(bank: Bank, clock: SteppingClock) -> None:
    """Until some days have passed."""
    offer(bank, "m3", "company")
    for number in range(MatchingRules().asked_most):
        request = wish(bank, f"m{4 + number}")
        bank.matches.offer("lille", request, "m3")
        bank.matches.decline("lille", number + 1, ParkReason.NO_TIME, by="member:m3")
        bank.help_requests.withdraw("lille", request, by=f"member:m{4 + number}")
    request = wish(bank, "m1")

    before = bank.matches.plan("lille")
    clock.advance(timedelta(days=7))
    after = bank.matches.plan("lille")

    assert (("m3",), ()) == (before.busy, after.busy)
    assert [] == [each.request.no for each in before.planned]
    assert [request] == [each.request.no for each in after.planned]


def test_only_a_coordinator_or_the_system_runs_it(bank: Bank) -> None:
    """A coordinator who offers help is not asked by themselves."""
    wish(bank, "m1")
    offer(bank, "m3", "company")
    for by in ("member:m1", "member:m3", "coordinator:desk@locmine"):
        with pytest.raises(NotAllowed):
            bank.matches.run("lille", by=by)

    assert () == bank.matches.run("lille", by="coordinator:m3").matches
    assert 1 == len(bank.matches.run("lille", by="system:night").matches)


def test_a_dry_run_asks_nobody(tmp_path: Path) -> None:
    """It says what would be done, and leaves everything."""
    bank = a_branch(tmp_path)
    for ref in ("m1", "m2"):
        bank.profiles.set("lille", ref, by=f"member:{ref}", **AT)
    wish(bank, "m1")
    offer(bank, "m2", "company")
    bank.close()
    tried = a_bank(tmp_path, is_dry_run=True)

    assert ["m2"] == [each.helper for each in tried.matches.run("lille").matches]
    tried.close()

    again = a_bank(tmp_path)
    assert [] == list(again.matches.list("lille"))
    again.close()


def test_members_could_swap_in_a_circle(bank: Bank) -> None:
    """Three who each want what the next one offers: an hour each, and nobody owes anything."""
    kinds = ("company", "garden", "shopping")
    for number, kind in enumerate(kinds, 1):
        wish(bank, f"m{number}", kind)
        offer(bank, f"m{number}", kinds[number % 3])
    wish(bank, "m4")
    told: list[str] = []

    found = bank.matches.exchange("lille", tell=lambda what, _done, _count: told.append(what)).exchange

    assert 180 == found.exchanged_minutes
    assert {("m3", "m1"), ("m1", "m2"), ("m2", "m3")} == {(each.provider, each.member) for each in found.legs}
    assert {"m1": 60, "m2": 60, "m3": 60} == {each.id: each.exchanged_minutes for each in found.shares}
    assert {"Looking for helpers", "Exchanging"} == set(told)
