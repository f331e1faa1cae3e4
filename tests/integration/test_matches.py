"""Profiles, wishes and matches in the bank: who is suggested, who may say what, what is told and kept."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.builders import NOW, TODAY, a_branch, help_given

from timebank.care.mandate import Scope
from timebank.care.match import MatchState, Outcome
from timebank.care.profile import FACTS_MOST, Gender, ParkReason, ProfileFact, Spot, WishFact
from timebank.care.record import Mode
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.errors import (
    AlreadyOffered,
    AskedTooOften,
    KeyReused,
    ListingNotOpen,
    MandateNotInForce,
    MatchNotOpen,
    MemberErased,
    NotAllowed,
    NotDeclared,
    NotSuggested,
    PeriodReversed,
    ReasonMissing,
    SelfDealing,
    TimebankError,
    TooManyFacts,
    UnknownHelpRequest,
    UnknownMatch,
    UnknownMember,
)
from timebank.matching.rules import RuleCode
from timebank.policy.matching import MatchingRules
from timebank.services.bank import Bank
from timebank.storage.columns import table_of
from timebank.storage.tables_events import OutboxRow

DAY = timedelta(days=1)
RULES = MatchingRules()
THURSDAY = Week.of([Window.parse("thu 14:00-17:00")])
HOME, NEXT_DOOR, FAR = Spot.parse("50.63,3.06"), Spot.parse("50.635,3.06"), Spot.parse("50.9,3.06")
BY_PHONE: dict[str, Any] = {"reason": "Sample words by phone"}


@pytest.fixture
def clock() -> SteppingClock:
    """Return a clock that stands still until it is moved."""
    return SteppingClock(NOW)


@pytest.fixture
def bank(tmp_path: Path, clock: SteppingClock) -> Iterator[Bank]:
    """Return a branch where m1 wishes for company on Thursdays, and m2 and m3 offer it."""
    bank = a_branch(tmp_path, members=5, clock=clock)
    for ref, home in (("m1", HOME), ("m2", NEXT_DOOR), ("m3", Spot.parse("50.66,3.06"))):
        bank.profiles.set("lille", ref, home=home, by=f"member:{ref}")
    wish(bank)
    for ref in ("m2", "m3"):
        offer(bank, ref)
    yield bank
    assert bank.audits.run().ok
    bank.close()


def wish(bank: Bank, ref: str = "m1", **changes: Any) -> int:  # noqa: ANN401 - any fact
    """Ask for an hour of company on Thursdays; returns the number of the request."""
    facts: dict[str, Any] = {"kind": "company", "minutes": 60, "week": THURSDAY, "by": f"member:{ref}"}
    return bank.help_requests.post("lille", member=ref, **{**facts, **changes}).listing.no


def offer(bank: Bank, ref: str, **changes: Any) -> int:  # noqa: ANN401 - any fact
    """Offer company on Thursdays; returns the number of the offer."""
    facts: dict[str, Any] = {"kind": "company", "minutes_per_week": 120, "week": THURSDAY}
    return bank.help_offers.post("lille", member=ref, by=f"member:{ref}", **{**facts, **changes}).listing.no


def suggested(bank: Bank, request: int = 1) -> list[str]:
    """Return who is suggested, the best first."""
    return [each.helper for each in bank.matches.suggest("lille", request).suggested]


def kept_away(bank: Bank, helper: str, request: int = 1) -> list[str]:
    """Return the rules that keep somebody away."""
    return [each.code.value for each in bank.matches.explain("lille", request, helper).reasons]


def test_whoever_is_near_comes_first_and_every_point_is_accounted_for(bank: Bank) -> None:
    """The terms add up to the score, the ranks follow the scores, the weights are named."""
    found = bank.matches.suggest("lille", 1)

    assert ["m2", "m3"] == [each.helper for each in found.suggested]
    assert [1, 2] == [each.rank for each in found.suggested]
    scores = [each.score.total for each in found.suggested]
    assert sorted(scores, reverse=True) == scores
    assert scores == [sum(term.points * term.weight for term in each.score.terms) for each in found.suggested]
    assert 64 == len(found.weights)
    assert (1, 2) == tuple(each.offer for each in found.suggested)
    assert found == bank.matches.suggest("lille", 1)


def test_who_offers_nothing_is_kept_away_for_that(bank: Bank) -> None:
    """m4 is a member like any other."""
    assert [RuleCode.KIND] == kept_away(bank, "m4")
    with pytest.raises(UnknownMember):
        bank.matches.explain("lille", 1, "m99")
    with pytest.raises(UnknownHelpRequest):
        bank.matches.suggest("lille", 9)


CHANGES: dict[str, tuple[Callable[[Bank], object], list[str]]] = {
    "far": (lambda bank: bank.profiles.set("lille", "m2", home=FAR, by="member:m2"), ["distance"]),
    "reach": (lambda bank: bank.profiles.set("lille", "m2", reach_metres=100, by="member:m2"), ["distance"]),
    "no home": (
        lambda bank: bank.profiles.set("lille", "m2", forget=[ProfileFact.HOME], by="member:m2"),
        ["distance"],
    ),
    "language": (lambda bank: bank.wishes.set("lille", 1, languages=["ar"], by="member:m1"), ["language"]),
    "gender": (
        lambda bank: bank.wishes.set("lille", 1, wished_gender=Gender.WOMAN, by="member:m1"),
        ["gender"],
    ),
    "gender of the profile": (
        lambda bank: bank.profiles.set("lille", "m1", wished_gender=Gender.WOMAN, by="member:m1"),
        ["gender"],
    ),
    "vetting": (lambda bank: bank.wishes.set("lille", 1, clearances=["x"], by="member:m1"), ["vetting"]),
    "excluded by who asks": (
        lambda bank: bank.profiles.exclude("lille", "m1", "m2", by="member:m1"),
        ["excluded-by-requester"],
    ),
    "excluded by the helper": (
        lambda bank: bank.profiles.exclude("lille", "m2", "m1", by="member:m2"),
        ["excluded-by-helper"],
    ),
    "household": (
        lambda bank: [
            bank.profiles.set("lille", ref, household="h", by=f"member:{ref}") for ref in ("m1", "m2")
        ],
        ["self-or-household"],
    ),
    "parked": (lambda bank: bank.profiles.park("lille", "m2", "m1", until_on=TODAY), ["parked"]),
    "experience": (
        lambda bank: [
            bank.profiles.declare("lille", "m2", "grief", by="member:m2"),
            bank.wishes.set("lille", 1, experience="grief", is_experience_needed=True, by="member:m1"),
        ],
        ["lived-experience"],
    ),
    "team": (lambda bank: bank.wishes.set("lille", 1, team="tea", by="member:m1"), ["bank-visibility"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_people_say_decides_who_is_suggested(bank: Bank, name: str) -> None:
    """One thing is said, and exactly one rule keeps the helper away."""
    change, expected = CHANGES[name]

    change(bank)

    assert expected == kept_away(bank, "m2")
    assert "m2" not in suggested(bank)


def test_what_is_undone_brings_the_helper_back(bank: Bank, clock: SteppingClock) -> None:
    """Consent, clearance, inclusion, and a day that is over."""
    by: dict[str, Any] = {"by": "member:m2"}
    bank.profiles.declare("lille", "m2", "grief", **by)
    bank.wishes.set("lille", 1, experience="grief", is_experience_needed=True, by="member:m1")
    assert [] == suggested(bank)
    bank.profiles.consent("lille", "m2", "grief", **by)
    assert ["m2"] == suggested(bank)
    bank.profiles.retract("lille", "m2", "grief", **by)
    assert [] == suggested(bank)
    bank.wishes.set("lille", 1, forget=[WishFact.EXPERIENCE], clearances=["check"], by="member:m1")
    bank.profiles.clear("lille", "m2", "check", expires_on=TODAY)
    assert ["m2"] == suggested(bank)
    clock.advance(DAY)
    assert ["vetting-expired"] == kept_away(bank, "m2")
    bank.profiles.clear("lille", "m2", "check")
    bank.profiles.exclude("lille", "m2", "m1", **by)
    bank.profiles.include("lille", "m2", "m1", **by)
    bank.profiles.park("lille", "m2", "m1", until_on=TODAY + DAY)
    assert ["parked"] == kept_away(bank, "m2")
    clock.advance(DAY)
    assert ["m2"] == suggested(bank)
    bank.profiles.unclear("lille", "m2", "check")
    assert ["vetting"] == kept_away(bank, "m2")


def test_experience_that_nobody_consented_to_share_is_not_used(bank: Bank) -> None:
    """Not even for a better rank."""
    bank.profiles.declare("lille", "m3", "grief", by="member:m3")
    bank.wishes.set("lille", 1, experience="grief", by="member:m1")
    before = suggested(bank)
    bank.profiles.consent("lille", "m3", "grief", by="member:m3")

    assert (["m2", "m3"], ["m3", "m2"]) == (before, suggested(bank))


def test_help_given_before_counts(bank: Bank, clock: SteppingClock) -> None:
    """Who has come before is known already."""
    for days in range(1, 6):
        help_given(bank, provider="m3", recipient="m1", minutes=30, ago=days * DAY)

    assert ["m3", "m2"] == suggested(bank)


def test_remote_help_needs_no_way(bank: Bank) -> None:
    """Somebody far away can ring up."""
    bank.profiles.set("lille", "m2", home=FAR, by="member:m2")
    request = wish(bank, mode=Mode.PHONE)
    offer(bank, "m2", mode=Mode.PHONE)

    found = bank.matches.suggest("lille", request)

    assert [("m2", None)] == [(each.helper, each.fit.distance_m) for each in found.suggested]


def test_a_dated_request_is_met_within_its_time(bank: Bank, clock: SteppingClock) -> None:
    """By the clock of the branch, from now on, and never after its end."""
    starts = NOW + 3 * DAY  # Thursday, 14:00 in Paris
    request = wish(bank, week=None, earliest_at=starts, latest_at=starts + timedelta(hours=2))
    (first, _) = bank.matches.suggest("lille", request).suggested
    assert starts.timestamp() // 60 == first.fit.starts_at
    clock.advance(3 * DAY + timedelta(minutes=30))
    (first, _) = bank.matches.suggest("lille", request).suggested
    assert starts.timestamp() // 60 + 30 == first.fit.starts_at
    clock.advance(timedelta(hours=1))

    with pytest.raises(ListingNotOpen):
        bank.matches.suggest("lille", request)


# --- Offers and answers -----------------------------------------------------------------------------------


def told(bank: Bank, member: str) -> list[str]:
    """Return the kinds of events about matches that a member hears of."""
    page = bank.events.page("lille", after=0, limit=500, member=member)
    return [each.kind.value for each in page.events if each.kind.value.startswith("match.")]


def test_a_yes_ends_the_search(bank: Bank, clock: SteppingClock) -> None:
    """The first yes has it: the others need not answer, nobody else is asked, and all are told."""
    bank.wishes.set("lille", 1, urgency=0, reason="Sample words")
    one = bank.matches.offer("lille", 1, "m2", key="a")
    two = bank.matches.offer("lille", 1, "m3")
    accepted = bank.matches.accept("lille", two.no, by="member:m3", key="yes")

    assert MatchState.ACCEPTED is accepted.state
    assert accepted == bank.matches.accept("lille", two.no, by="member:m3", key="yes")
    assert MatchState.WITHDRAWN is bank.matches.show("lille", one.no).state
    with pytest.raises(MatchNotOpen):
        bank.matches.accept("lille", one.no, by="member:m2")
    with pytest.raises(AlreadyOffered):
        bank.matches.offer("lille", 1, "m2")
    assert ["match.offered", "match.withdrawn"] == told(bank, "m2")
    assert ["match.offered", "match.accepted"] == told(bank, "m3")
    assert ["match.accepted"] == told(bank, "m1")
    assert Outcome.HELPED is bank.matches.conclude("lille", two.no, Outcome.HELPED, key="c").outcome


def test_only_urgent_or_remote_help_is_offered_to_several(bank: Bank) -> None:
    """Else one helper at a time: nobody prepares for nothing."""
    bank.matches.offer("lille", 1, "m2")
    with pytest.raises(AlreadyOffered):
        bank.matches.offer("lille", 1, "m3")

    bank.wishes.set("lille", 1, urgency=0, reason="Sample words")
    with pytest.raises(AlreadyOffered):
        bank.matches.offer("lille", 1, "m2")
    for ref in ("m4", "m5"):
        bank.profiles.set("lille", ref, home=HOME, by=f"member:{ref}")
        offer(bank, ref)
    for ref in ("m3", "m4"):
        bank.matches.offer("lille", 1, ref)
    assert RULES.asked_at_once == len(bank.matches.list("lille", state=MatchState.OFFERED))
    with pytest.raises(AlreadyOffered):
        bank.matches.offer("lille", 1, "m5")


def test_a_no_parks_the_two_and_nobody_else_learns_why(bank: Bank, clock: SteppingClock) -> None:
    """For as long as its reason says; the request itself is not offered to that helper again."""
    made = bank.matches.offer("lille", 1, "m2")
    bank.matches.decline("lille", made.no, ParkReason.NO_TIME, by="member:m2", key="no")

    assert ["parked", "declined"] == kept_away(bank, "m2")
    assert [("m1", ParkReason.NO_TIME, made.no)] == [
        (each.member, each.reason, each.match) for each in bank.profiles.show("lille", "m2").parked
    ]
    assert () == bank.profiles.show("lille", "m1").parked
    other = wish(bank)
    assert ["parked"] == kept_away(bank, "m2", other)
    clock.advance(15 * DAY)
    assert [] == kept_away(bank, "m2", other)
    assert ["declined"] == kept_away(bank, "m2")
    assert [] == told(bank, "m1")
    with bank.store.read() as tx:
        said = tx.connection.execute(select(table_of(OutboxRow).c.data)).scalars().all()
    assert not any("no_time" in each for each in said)


def test_nobody_is_asked_too_often(bank: Bank, clock: SteppingClock) -> None:
    """A few questions a week; then somebody else, or later."""
    for _ in range(RULES.asked_most):
        request = wish(bank)
        bank.matches.offer("lille", request, "m2")
    request = wish(bank)

    with pytest.raises(AskedTooOften):
        bank.matches.offer("lille", request, "m2")
    assert not bank.matches.suggest("lille", request).suggested[-1].may_be_asked
    clock.advance(7 * DAY)
    bank.matches.offer("lille", request, "m2")


def test_an_offer_waits_two_days(bank: Bank, clock: SteppingClock) -> None:
    """Then it has expired, whether somebody wrote it down or not, and another helper can be asked."""
    made = bank.matches.offer("lille", 1, "m2")
    assert NOW + timedelta(hours=RULES.answer_hours) == made.expires_at
    clock.advance(2 * DAY)

    with pytest.raises(MatchNotOpen):
        bank.matches.accept("lille", made.no, by="member:m2")
    assert [made.no] == [each.no for each in bank.matches.list("lille", state=MatchState.EXPIRED)]
    bank.matches.offer("lille", 1, "m3")
    assert [made.no] == [each.no for each in bank.matches.expire_due("lille", key="sweep")]
    assert [[], []] == [list(bank.matches.expire_due("lille", key=key)) for key in ("sweep", "again")]
    assert ["match.offered", "match.expired"] == told(bank, "m2")
    assert [2, 1] == [each.no for each in bank.matches.list("lille")]
    assert [2] == [each.no for each in bank.matches.list("lille", helper="m3", member="m1", request=1)]
    assert [1] == [each.no for each in bank.matches.list("lille", before=2, limit=1)]
    with pytest.raises(NotAllowed):
        bank.matches.expire_due("lille", by="member:m2")
    assert () == tuple(bank.matches.expire_due("lille", by="system:clock"))


def test_an_offer_is_over_when_its_request_is(bank: Bank, clock: SteppingClock) -> None:
    """Nobody says yes to what is in vain."""
    starts = NOW + DAY - timedelta(hours=1)
    week = Week.of([Window.parse("tue 08:00-18:00")])
    request = wish(bank, week=None, earliest_at=starts, latest_at=starts + timedelta(hours=1, minutes=30))
    offer(bank, "m2", week=week)
    made = bank.matches.offer("lille", request, "m2")

    assert starts + timedelta(minutes=30) == made.expires_at
    bank.help_requests.withdraw("lille", request, by="member:m1")
    with pytest.raises(ListingNotOpen):
        bank.matches.accept("lille", made.no, by="member:m2")


def test_a_yes_needs_what_the_question_needed(bank: Bank) -> None:
    """A rule that has come between the two since keeps them apart."""
    made = bank.matches.offer("lille", 1, "m2")
    bank.profiles.exclude("lille", "m1", "m2", by="member:m1")

    with pytest.raises(NotSuggested):
        bank.matches.accept("lille", made.no, by="member:m2")
    assert MatchState.OFFERED is bank.matches.show("lille", made.no).state


def test_what_a_helper_said_yes_to_takes_their_time(bank: Bank) -> None:
    """Weekly help takes its half hours and its minutes; once it is over or withdrawn, they are free again."""
    bank.profiles.set("lille", "m2", rest_minutes=30, by="member:m2")
    first = bank.matches.offer("lille", 1, "m2")
    bank.matches.accept("lille", first.no, by="member:m2")
    second = wish(bank, minutes=90, week=Week.of([Window.parse("thu 14:00-16:00")]))

    assert ["capacity", "overlap"] == kept_away(bank, "m2", second)
    bank.matches.withdraw("lille", first.no, reason="Sample words", key="w")
    assert [] == kept_away(bank, "m2", second)
    assert ["match.accepted", "match.withdrawn"] == told(bank, "m1")


def test_dated_help_takes_the_time_and_the_day(bank: Bank) -> None:
    """No other visit meanwhile, and no more on that day than the helper gives."""
    starts = NOW + 3 * DAY
    dated: dict[str, Any] = {"week": None, "earliest_at": starts, "latest_at": starts + timedelta(hours=1)}
    bank.profiles.set("lille", "m2", day_minutes=90, by="member:m2")
    made = bank.matches.offer("lille", wish(bank, **dated), "m2")
    bank.matches.accept("lille", made.no, by="member:m2")

    same_time = wish(bank, minutes=30, **dated)
    assert ["overlap"] == kept_away(bank, "m2", same_time)
    later = {**dated, "latest_at": starts + timedelta(hours=3)}
    assert [] == kept_away(bank, "m2", wish(bank, minutes=30, **later))
    assert ["capacity"] == kept_away(bank, "m2", wish(bank, minutes=60, **later))


def test_only_a_coordinator_asks_and_only_the_helper_answers(bank: Bank) -> None:
    """Or a coordinator who says how they know; a proxy does not say yes for somebody's time (I-14)."""
    mandate = bank.mandates.grant("lille", principal="m2", holder="m4", basis="family", scopes=list(Scope))
    for by in ("member:m1", "member:m2", "coordinator:desk@locmine", "system:clock"):
        with pytest.raises(NotAllowed):
            bank.matches.offer("lille", 1, "m2", by=by)
    with pytest.raises(SelfDealing):
        bank.matches.offer("lille", 1, "m2", by="coordinator:m2")
    with pytest.raises(UnknownMember):
        bank.matches.offer("lille", 1, "m99")
    with pytest.raises(NotSuggested):
        bank.matches.offer("lille", 1, "m4")
    made = bank.matches.offer("lille", 1, "m2")
    for by in ("member:m1", "member:m3", f"member:m4+m2#{mandate.no}"):
        with pytest.raises(NotAllowed):
            bank.matches.accept("lille", made.no, by=by)
        with pytest.raises(NotAllowed):
            bank.matches.decline("lille", made.no, ParkReason.TOO_FAR, by=by)
        with pytest.raises(NotAllowed):
            bank.matches.withdraw("lille", made.no, reason="x", by=by)
    with pytest.raises(ReasonMissing):
        bank.matches.accept("lille", made.no)
    with pytest.raises(SelfDealing):
        bank.matches.accept("lille", made.no, by="coordinator:m1", **BY_PHONE)
    with pytest.raises(UnknownMatch):
        bank.matches.show("lille", 9)
    assert MatchState.ACCEPTED is bank.matches.accept("lille", made.no, **BY_PHONE).state


def test_one_key_one_effect(bank: Bank) -> None:
    """A repeat finds what was done; the same key for something else is refused (I-9)."""
    made = bank.matches.offer("lille", 1, "m2", key="k")
    assert made == bank.matches.offer("lille", 1, "m2", key="k")
    with pytest.raises(KeyReused):
        bank.matches.offer("lille", 1, "m3", key="k")
    declined = bank.matches.decline("lille", 1, ParkReason.NO_TIME, by="member:m2", key="n")
    assert declined == bank.matches.decline("lille", 1, ParkReason.NO_TIME, by="member:m2", key="n")
    withdrawn_key: dict[str, Any] = {"reason": "Sample words", "key": "w"}
    other = bank.matches.offer("lille", 1, "m3")
    done = bank.matches.withdraw("lille", other.no, **withdrawn_key)
    assert done == bank.matches.withdraw("lille", other.no, **withdrawn_key)


# --- Who may say what of whom -----------------------------------------------------------------------------


def test_a_proxy_sets_the_profile_only_under_a_mandate_to_request(bank: Bank) -> None:
    """A mandate for something else is none for this."""
    no = bank.mandates.grant(
        "lille", principal="m1", holder="m4", basis="family", scopes=[Scope.VIEW, Scope.SPONSOR]
    ).no
    for attempt in (
        lambda by: bank.profiles.set("lille", "m1", languages=["fr"], by=by),
        lambda by: bank.profiles.declare("lille", "m1", "grief", is_consented=True, by=by),
        lambda by: bank.profiles.exclude("lille", "m1", "m3", by=by),
        lambda by: bank.wishes.set("lille", 1, languages=["fr"], by=by),
    ):
        with pytest.raises(MandateNotInForce):
            attempt(f"member:m4+m1#{no}")
        with pytest.raises(NotAllowed):
            attempt("member:m4")
    may = bank.mandates.grant("lille", principal="m1", holder="m4", basis="family", scopes=[Scope.REQUEST]).no
    by = f"member:m4+m1#{may}"

    assert ("fr",) == bank.profiles.set("lille", "m1", languages=["fr"], by=by).profile.languages
    declared = bank.profiles.declare("lille", "m1", "grief", is_consented=True, by=by)
    assert TODAY == declared.experiences[0].consented_on
    assert ("ar",) == bank.wishes.set("lille", 1, languages=["ar"], by=by).languages
    with pytest.raises(NotAllowed):
        bank.profiles.clear("lille", "m1", "check", by=by)


REFUSED: list[tuple[Callable[[Bank], object], type[TimebankError]]] = [
    (lambda bank: bank.profiles.set("lille", "m1", languages=["fr"]), ReasonMissing),
    (lambda bank: bank.profiles.declare("lille", "m1", "grief", is_consented=True, **BY_PHONE), NotAllowed),
    (lambda bank: bank.profiles.consent("lille", "m1", "grief", by="member:m1"), NotDeclared),
    (lambda bank: bank.profiles.exclude("lille", "m1", "m1", by="member:m1"), SelfDealing),
    (lambda bank: bank.profiles.exclude("lille", "m1", "m99", by="member:m1"), UnknownMember),
    (lambda bank: bank.profiles.clear("lille", "m1", "check", by="coordinator:m1"), SelfDealing),
    (lambda bank: bank.profiles.clear("lille", "m1", "check", verified_on=TODAY + DAY), PeriodReversed),
    (lambda bank: bank.profiles.clear("lille", "m1", "check", expires_on=TODAY - DAY), PeriodReversed),
    (lambda bank: bank.profiles.clear("lille", "m1", "check", by="member:m2"), NotAllowed),
    (lambda bank: bank.profiles.park("lille", "m1", "m2", until_on=TODAY - DAY), PeriodReversed),
    (lambda bank: bank.profiles.park("lille", "m1", "m1", until_on=TODAY), SelfDealing),
    (lambda bank: bank.profiles.park("lille", "m1", "m2", until_on=TODAY, by="coordinator:m2"), SelfDealing),
    (lambda bank: bank.profiles.park("lille", "m1", "m99", until_on=TODAY), UnknownMember),
    (lambda bank: bank.wishes.set("lille", 1, urgency=0, by="member:m1"), NotAllowed),
    (lambda bank: bank.wishes.set("lille", 9, urgency=0), UnknownHelpRequest),
    (lambda bank: bank.profiles.show("lille", "m99"), UnknownMember),
    (lambda bank: bank.wishes.show("lille", 9), UnknownHelpRequest),
]


@pytest.mark.parametrize(("attempt", "refusal"), REFUSED, ids=range(len(REFUSED)))
def test_what_nobody_may_say_is_refused(
    bank: Bank, attempt: Callable[[Bank], object], refusal: type[TimebankError]
) -> None:
    """Refused, and nothing is written."""
    before = [bank.profiles.show("lille", f"m{number}") for number in range(1, 6)]

    with pytest.raises(refusal):
        attempt(bank)

    assert before == [bank.profiles.show("lille", f"m{number}") for number in range(1, 6)]


def test_lists_have_an_end(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member has so many experiences, clearances and exclusions; what is there can be said again."""
    by: dict[str, Any] = {"by": "member:m1"}
    for number in range(FACTS_MOST):
        bank.profiles.declare("lille", "m1", f"e{number}", **by)
        bank.profiles.clear("lille", "m1", f"c{number}")
    bank.profiles.declare("lille", "m1", "e0", **by)
    bank.profiles.clear("lille", "m1", "c0")
    monkeypatch.setattr("timebank.services.profiles.EXCLUDED_MOST", 1)
    bank.profiles.exclude("lille", "m1", "m2", **by)
    bank.profiles.exclude("lille", "m1", "m2", **by)

    with pytest.raises(TooManyFacts):
        bank.profiles.declare("lille", "m1", "one-more", **by)
    with pytest.raises(TooManyFacts):
        bank.profiles.clear("lille", "m1", "one-more")
    with pytest.raises(TooManyFacts):
        bank.profiles.exclude("lille", "m1", "m3", **by)


REPEATS: list[tuple[Callable[[Bank, str], object], Callable[[Bank, str], object]]] = [
    (
        lambda bank, key: bank.profiles.set("lille", "m4", languages=["fr"], by="member:m4", key=key),
        lambda bank, key: bank.profiles.set("lille", "m4", languages=["ar"], by="member:m4", key=key),
    ),
    (
        lambda bank, key: bank.profiles.declare("lille", "m4", "grief", by="member:m4", key=key),
        lambda bank, key: bank.profiles.declare(
            "lille", "m4", "grief", is_consented=True, by="member:m4", key=key
        ),
    ),
    (
        lambda bank, key: bank.profiles.exclude("lille", "m4", "m1", by="member:m4", key=key),
        lambda bank, key: bank.profiles.exclude("lille", "m4", "m2", by="member:m4", key=key),
    ),
    (
        lambda bank, key: bank.profiles.clear("lille", "m4", "check", key=key),
        lambda bank, key: bank.profiles.clear("lille", "m4", "other", key=key),
    ),
    (
        lambda bank, key: bank.profiles.park("lille", "m4", "m1", until_on=TODAY, key=key),
        lambda bank, key: bank.profiles.park("lille", "m4", "m1", until_on=TODAY + DAY, key=key),
    ),
    (
        lambda bank, key: bank.wishes.set("lille", 1, languages=["fr"], by="member:m1", key=key),
        lambda bank, key: bank.wishes.set("lille", 1, languages=["ar"], by="member:m1", key=key),
    ),
]


@pytest.mark.parametrize(("act", "other"), REPEATS, ids=range(len(REPEATS)))
def test_a_repeat_is_known_by_what_stands_there(
    bank: Bank, act: Callable[[Bank, str], object], other: Callable[[Bank, str], object]
) -> None:
    """Keys are kept for ever and what is said is not, so a key's fingerprint does not hold it (I-9, I-10)."""
    assert act(bank, "k") == act(bank, "k")
    with pytest.raises(KeyReused):
        other(bank, "k")


UNDONE: list[tuple[Callable[[Bank, str | None], object], Callable[[Bank, str], object]]] = [
    (
        lambda bank, key: bank.profiles.declare("lille", "m4", "grief", by="member:m4", key=key),
        lambda bank, key: bank.profiles.retract("lille", "m4", "grief", by="member:m4", key=key),
    ),
    (
        lambda bank, key: bank.profiles.exclude("lille", "m4", "m1", by="member:m4", key=key),
        lambda bank, key: bank.profiles.include("lille", "m4", "m1", by="member:m4", key=key),
    ),
    (
        lambda bank, key: bank.profiles.clear("lille", "m4", "check", key=key),
        lambda bank, key: bank.profiles.unclear("lille", "m4", "check", key=key),
    ),
    (
        lambda bank, key: bank.profiles.park("lille", "m4", "m1", until_on=TODAY, key=key),
        lambda bank, key: bank.profiles.unpark("lille", "m4", "m1", key=key),
    ),
]


@pytest.mark.parametrize(("act", "undo"), UNDONE, ids=range(len(UNDONE)))
def test_what_was_said_can_be_taken_back(
    bank: Bank, act: Callable[[Bank, str | None], object], undo: Callable[[Bank, str], object]
) -> None:
    """Then nothing of it is left; taking it back again changes nothing."""
    before = bank.profiles.show("lille", "m4")
    act(bank, None)
    assert before != bank.profiles.show("lille", "m4")

    assert [before, before] == [undo(bank, "u"), undo(bank, "u")]
    act(bank, None)
    with pytest.raises(KeyReused):
        undo(bank, "u")


def test_nothing_is_known_of_who_was_erased(bank: Bank) -> None:
    """Nor can it be said any more; what was to come is off."""
    made = bank.matches.offer("lille", 1, "m2")
    bank.members.erase("lille", "m2")

    assert MatchState.WITHDRAWN is bank.matches.show("lille", made.no).state
    assert None is bank.profiles.show("lille", "m2").profile.home
    with pytest.raises(MemberErased):
        bank.profiles.set("lille", "m2", languages=["fr"], **BY_PHONE)
    assert ["m3"] == suggested(bank)


def test_only_an_open_request_says_something(bank: Bank) -> None:
    """What has ended is over."""
    bank.help_requests.withdraw("lille", 1, by="member:m1")

    with pytest.raises(ListingNotOpen):
        bank.wishes.set("lille", 1, languages=["fr"], by="member:m1")
    assert () == bank.wishes.show("lille", 1).languages


def test_a_date_of_a_clearance_is_the_branch_s_own(bank: Bank) -> None:
    """The last day counts to its end."""
    bank.wishes.set("lille", 1, clearances=["check"], by="member:m1")
    bank.profiles.clear("lille", "m2", "check", verified_on=date(2026, 1, 1), expires_on=TODAY)

    assert ["m2"] == suggested(bank)
