"""Matches: who offers and answers them, and what can become of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.care.builders import NOW, a_mandate, an_act

from timebank.care.events import OF_MATCH, of_match
from timebank.care.mandate import Act, Scope
from timebank.care.match import (
    Match,
    MatchState,
    Outcome,
    accept,
    as_of,
    authorise_offer,
    conclude,
    decline,
    require_room,
    superseded,
    withdraw,
)
from timebank.errors import (
    AskedTooOften,
    BadReference,
    MatchNotOpen,
    NotAllowed,
    ReasonMissing,
    SelfDealing,
)
from timebank.ledger.model import Actor
from timebank.policy.matching import MatchingRules

DAY = timedelta(days=1)
HELPER, DESK = an_act("member:luc"), an_act("coordinator:desk")
OTHERS = [
    an_act("member:mother"),
    an_act("member:son@lille+luc#3", mandates=(a_mandate(principal="luc", scopes=frozenset(Scope)),)),
    an_act("coordinator:desk@lille"),
    an_act("member:luc@lille"),
    an_act("system:clock"),
]
ENDED = [MatchState.ACCEPTED, MatchState.DECLINED, MatchState.WITHDRAWN, MatchState.EXPIRED]


def a_match(**changes: Any) -> Match:  # noqa: ANN401 - any field
    """Return what Luc was asked: whether he would help the mother."""
    facts: dict[str, Any] = {
        "branch": "locmine",
        "no": 4,
        "request": 1,
        "member": "mother",
        "helper": "luc",
        "offer": 2,
        "starts": 90,
        "rank": 1,
        "weights": "0" * 64,
        "offered_at": NOW - DAY,
        "offered_by": Actor.parse("coordinator:desk"),
        "expires_at": NOW + DAY,
    }
    return Match(**{**facts, **changes})


def in_state(state: MatchState) -> Match:
    """Return the match as it stands in a state."""
    by = None if state is MatchState.EXPIRED else Actor.parse("member:luc")
    return replace(a_match(), state=state, changed_at=NOW, changed_by=by)


def test_a_match_names_people_by_reference() -> None:
    """Nothing else gets into the books (I-10)."""
    for name in ("branch", "member", "helper"):
        with pytest.raises(BadReference):
            a_match(**{name: "Madame X"})


def test_a_coordinator_offers_to_somebody_else() -> None:
    """Nobody gives themselves the visit they would like."""
    authorise_offer(DESK, branch="locmine", helper="luc")

    with pytest.raises(SelfDealing):
        authorise_offer(DESK, branch="locmine", helper="desk")
    for act in (HELPER, *OTHERS):
        with pytest.raises(NotAllowed):
            authorise_offer(act, branch="locmine", helper="luc")


@given(
    ages=st.lists(st.integers(0, 15 * 24), max_size=6),
    most=st.integers(1, 6),
    days=st.integers(1, 14),
)
def test_nobody_is_asked_too_often(ages: list[int], most: int, days: int) -> None:
    """Only the last days count, and in them no more than a few questions."""
    asked = [a_match(offered_at=NOW - timedelta(hours=hours)) for hours in ages]
    recent = sum(hours < days * 24 for hours in ages)
    rules = MatchingRules(asked_most=most, asked_days=days)

    if recent < most:
        require_room(asked, rules, helper="luc", now=NOW)
    else:
        with pytest.raises(AskedTooOften) as refused:
            require_room(asked, rules, helper="luc", now=NOW)
        assert f"{most}" in str(refused.value)


@pytest.mark.parametrize(("answer", "state"), [(accept, MatchState.ACCEPTED), (decline, MatchState.DECLINED)])
def test_the_helper_answers_or_a_coordinator_who_says_how_they_know(answer: Any, state: MatchState) -> None:  # noqa: ANN401
    """In person no reason is needed."""
    answered, why = answer(a_match(), HELPER, reason=None)
    by_desk, words = answer(a_match(), DESK, reason=" by phone ")

    assert (state, NOW, Actor.parse("member:luc"), None) == (
        answered.state,
        answered.changed_at,
        answered.changed_by,
        why,
    )
    assert (state, "by phone") == (by_desk.state, words)
    with pytest.raises(ReasonMissing):
        answer(a_match(), DESK, reason=None)


@pytest.mark.parametrize("answer", [accept, decline])
@pytest.mark.parametrize("act", OTHERS)
def test_nobody_else_answers_for_a_helper(answer: Any, act: Act) -> None:  # noqa: ANN401
    """Not even who acts for them in other things: it is their time."""
    with pytest.raises(NotAllowed):
        answer(a_match(), act, reason="so")


@pytest.mark.parametrize("answer", [accept, decline])
def test_a_coordinator_does_not_answer_about_their_own_request(answer: Any) -> None:  # noqa: ANN401
    """Else somebody could say yes to their own wish (I-14)."""
    with pytest.raises(SelfDealing):
        answer(a_match(member="desk"), DESK, reason="so")


@pytest.mark.parametrize("state", ENDED)
def test_what_was_answered_is_not_answered_again(state: MatchState) -> None:
    """A match has one answer; who may not answer is told that first."""
    for answer in (accept, decline):
        with pytest.raises(MatchNotOpen):
            answer(in_state(state), HELPER, reason=None)
        with pytest.raises(NotAllowed):
            answer(in_state(state), OTHERS[0], reason=None)


def test_a_coordinator_withdraws_what_has_no_outcome_yet() -> None:
    """Offered or accepted, with a reason; nobody else."""
    for state in (MatchState.OFFERED, MatchState.ACCEPTED):
        known = a_match() if state is MatchState.OFFERED else in_state(state)
        withdrawn, why = withdraw(known, DESK, reason="called off")
        assert (MatchState.WITHDRAWN, "called off") == (withdrawn.state, why)
    with pytest.raises(ReasonMissing):
        withdraw(a_match(), DESK, reason=None)
    with pytest.raises(NotAllowed):
        withdraw(a_match(), HELPER, reason="so")
    for ended in (*map(in_state, ENDED[1:]), conclude(in_state(MatchState.ACCEPTED), DESK, Outcome.HELPED)):
        with pytest.raises(MatchNotOpen):
            withdraw(ended, DESK, reason="so")


def test_the_outcome_of_a_yes_is_kept_and_can_be_corrected() -> None:
    """So that suggestions can be judged by what became of them; the helper does not say so themselves."""
    helped = conclude(in_state(MatchState.ACCEPTED), DESK, Outcome.HELPED)

    assert Outcome.HELPED is helped.outcome
    assert Outcome.NOT_HELPED is conclude(helped, DESK, Outcome.NOT_HELPED).outcome
    with pytest.raises(NotAllowed):
        conclude(helped, HELPER, Outcome.HELPED)
    with pytest.raises(SelfDealing):
        conclude(replace(helped, helper="desk"), DESK, Outcome.HELPED)
    for other in (a_match(), *map(in_state, ENDED[1:])):
        with pytest.raises(MatchNotOpen):
            conclude(other, DESK, Outcome.HELPED)


def test_an_offer_ends_by_the_clock() -> None:
    """The deadline itself has passed; what was answered stays so."""
    match = a_match()

    assert match == as_of(match, NOW + DAY - timedelta(microseconds=1))
    expired = as_of(match, NOW + DAY)
    assert (MatchState.EXPIRED, NOW + DAY, None) == (expired.state, expired.changed_at, expired.changed_by)
    accepted = in_state(MatchState.ACCEPTED)
    assert accepted == as_of(accepted, NOW + 9 * DAY)


def test_what_nobody_need_answer_any_more_is_withdrawn() -> None:
    """Somebody else said yes."""
    gone = superseded(a_match(), Actor.parse("member:ana"), at=NOW)

    assert (MatchState.WITHDRAWN, Actor.parse("member:ana")) == (gone.state, gone.changed_by)


def test_who_asks_is_told_of_a_yes_and_of_nothing_else() -> None:
    """Nobody learns who did not want to help them, or was never asked in the end."""
    told = {state: of_match(in_state(state)).members_of("locmine") for state in ENDED}

    assert ("luc", "mother") == told.pop(MatchState.ACCEPTED)
    assert {("luc",)} == set(told.values())
    assert ("luc",) == of_match(a_match()).members_of("locmine")
    withdrawn = of_match(in_state(MatchState.WITHDRAWN), was_accepted=True)
    assert ("luc", "mother") == withdrawn.members_of("locmine")
    assert set(MatchState) == set(OF_MATCH)
