from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.builders import HOME, NOW_MIN, a_helper, a_request, an_offer
from tests.unit.matching.street import people_of
from tests.unit.matching.test_rules import undone

from timebank.care.record import Mode
from timebank.matching.model import Helper, Request
from timebank.matching.near_misses import (
    CHANGES,
    NEAR_MOST,
    Nearby,
    NearMiss,
    Relaxation,
    counts_of,
    near_misses,
    relaxation_of,
)
from timebank.matching.place import Place, chord2_of
from timebank.matching.rules import Reason, RuleCode, reasons_against

SEEDS = st.integers(0, 1_000_000)
PERSONAL = (
    RuleCode.EXCLUDED_BY_REQUESTER,
    RuleCode.EXCLUDED_BY_HELPER,
    RuleCode.SELF_OR_HOUSEHOLD,
    RuleCode.PARKED,
    RuleCode.DECLINED,
)


def misses_of(request: Request, helpers: list[Helper]) -> tuple[NearMiss, ...]:
    """Return who nearly could help with a request."""
    return near_misses(request, Nearby(helpers, kinds={request.kind}), now_min=NOW_MIN)


@given(SEEDS)
def test_the_change_that_is_named_makes_a_candidate(seed: int) -> None:
    """With this one change alone; and it is one of a near miss that nothing else keeps away."""
    requests, helpers = people_of(seed)
    for request in requests:
        change = relaxation_of(misses_of(request, helpers), helpers)
        if change is not None:
            [helper] = [each for each in helpers if each.id == change.helper]
            offers = sorted(helper.offers, key=lambda each: each.kind != request.kind)[:1]
            one, other = undone(request, replace(helper, offers=tuple(offers)), change.reason.code)

            assert (change.reason,) == reasons_against(request, helper, now_min=NOW_MIN)
            assert () == reasons_against(one, other, now_min=NOW_MIN)


@given(SEEDS)
def test_no_smaller_single_change_is_near(seed: int) -> None:
    """Nothing that comes before it in the list of changes, nor fewer metres."""
    requests, helpers = people_of(seed)
    for request in requests:
        is_offered = any(request.kind == offer.kind for each in helpers for offer in each.offers)
        single = [
            (list(CHANGES).index(reason.code), dict(reason.facts).get("beyond_m", 0), helper.id)
            for helper in helpers
            for reason, *more in [reasons_against(request, helper, now_min=NOW_MIN) or (None, None)]
            if reason is not None and not more and reason.code not in PERSONAL
            if reason.code is not RuleCode.KIND or not is_offered
        ]
        found = relaxation_of(misses_of(request, helpers), helpers)

        assert [each[2] for each in sorted(single)[:1]] == ([] if found is None else [found.helper])


@given(SEEDS)
def test_counts_are_of_near_misses(seed: int) -> None:
    """Those who offer help of this kind, or everybody if nobody does; each reason of each counts."""
    requests, helpers = people_of(seed)
    for request in requests:
        known = [each for each in helpers if request.kind in {offer.kind for offer in each.offers}]
        judged = [reasons_against(request, each, now_min=NOW_MIN) for each in known or helpers]
        misses = misses_of(request, helpers)

        assert Counter(reason.code for each in judged for reason in each) == counts_of(misses)
        assert sum(bool(each) for each in judged) == len(misses)


def test_counts_come_in_the_order_of_the_rules() -> None:
    """Whoever comes first, and however often each rule keeps somebody away."""
    far = a_helper(place=Place(HOME.lat_udeg + 100_000, HOME.lon_udeg))
    helpers = [
        a_helper(id="a"),
        replace(far, id="b"),
        replace(far, id="c", languages=frozenset({"en"})),
        replace(far, id="d"),
    ]
    misses = misses_of(a_request(languages=frozenset({"en"})), helpers)

    assert [(RuleCode.DISTANCE, 3), (RuleCode.LANGUAGE, 3)] == list(counts_of(misses).items())
    found = relaxation_of(misses[1:], helpers)
    assert found is not None
    assert "c could, going 6120 m further" == found.coordinator


def test_no_change_undoes_what_somebody_said() -> None:
    """Who was excluded, parked or declined stays so; nor does anybody become a stranger to themselves."""
    reasons = [(Reason(code),) for code in PERSONAL]
    misses = [NearMiss(place, each) for place, each in enumerate(reasons)]

    assert None is relaxation_of(misses, [a_helper(id=f"h{place}") for place, _ in enumerate(misses)])
    assert {*CHANGES, *PERSONAL} == {*RuleCode}


def test_whose_time_is_taken_changes_nothing_but_how_much_they_take_on() -> None:
    """A change that makes a candidate of somebody who has no time left serves nobody."""
    helpers = [a_helper(id="a"), a_helper(id="b")]
    misses = [
        NearMiss(0, (Reason(RuleCode.DISTANCE, (("beyond_m", 1),)),)),
        NearMiss(1, (Reason(RuleCode.CAPACITY),)),
    ]

    assert relaxation_of(misses, helpers) == Relaxation("a", misses[0].reasons[0])
    assert relaxation_of(misses, helpers, is_free=lambda _: False) == Relaxation("b", misses[1].reasons[0])


@pytest.mark.parametrize("code", list(CHANGES))
def test_a_coordinator_reads_what_to_change(code: RuleCode) -> None:
    """For whom, with the facts that the reason has."""
    facts: dict[str, int | str] = {"beyond_m": 7, "kind": "k", "mode": "m", "minutes": 5}
    facts |= {"languages": "en", "gender": "woman", "clearances": "visit"}
    change = Relaxation("h1", Reason(code, tuple(facts.items())))

    assert change.coordinator.startswith("h1 could")
    assert "{" not in change.coordinator


def test_what_is_private_looks_the_same_to_everybody() -> None:
    """What somebody is, has or speaks; whose time is taken."""
    personal = (
        RuleCode.LANGUAGE,
        RuleCode.GENDER,
        RuleCode.VETTING,
        RuleCode.VETTING_EXPIRED,
        RuleCode.LIVED_EXPERIENCE,
    )
    times = (RuleCode.AVAILABILITY, RuleCode.CAPACITY, RuleCode.OVERLAP)

    assert 1 == len({Relaxation("h1", Reason(code)).public for code in personal})
    assert 1 == len({Relaxation("h1", Reason(code)).public for code in times})


@pytest.mark.parametrize("code", list(CHANGES))
def test_the_text_for_everybody_has_no_fact(code: RuleCode) -> None:
    """Neither who it is, nor how many metres, nor what is missing."""
    facts = (("beyond_m", 731), ("languages", "en"), ("kind", "garden"), ("clearances", "visit"))
    public = Relaxation("h1", Reason(code, facts)).public

    assert not any(each in public for each in ("h1", "731", "garden", "visit", "{"))


# --- Who is near ---------------------------------------------------------------------------------------


@given(st.integers(0, 1_000_000), st.integers(1, 12))
def test_the_nearest_are_looked_at(seed: int, most: int) -> None:
    """By the straight line; whose place is not known comes last, and of equals who comes first."""
    requests, helpers = people_of(seed, requests=1, helpers=10)
    helpers = [replace(each, place=None) if place % 4 == 0 else each for place, each in enumerate(helpers)]
    far = Place(-HOME.lat_udeg, HOME.lon_udeg - 180_000_000)
    helpers += [replace(helpers[1], id="x"), replace(helpers[1], id="y", place=far)]
    request = replace(requests[0], mode=Mode.IN_PERSON)
    known = [at for at, each in enumerate(helpers) if request.kind in {offer.kind for offer in each.offers}]

    def apart(at: int) -> int:
        place = helpers[at].place
        return (
            1 << 63 if place is None or request.place is None else chord2_of(place.point, request.place.point)
        )

    nearby = Nearby(helpers, kinds={request.kind})
    assert sorted(known or range(12), key=apart)[:most] == nearby.around(request, most=most)


def test_by_phone_those_of_the_branch_who_offer_it_come_first() -> None:
    """Nobody is nearer than anybody else."""
    phone = an_offer(id="2", mode=Mode.PHONE)
    helpers = [
        a_helper(id="a"),
        a_helper(id="b", branch="arras", offers=(phone,)),
        a_helper(id="c", offers=(an_offer(), phone, replace(phone, id="3"))),
        a_helper(id="d", offers=(an_offer(kind="shopping"),)),
    ]
    nearby = Nearby(helpers, kinds={"company"})

    assert [2, 0, 1] == nearby.around(a_request(mode=Mode.PHONE))
    assert [2, 0] == nearby.around(a_request(mode=Mode.PHONE), most=2)
    assert [0, 1, 2, 3] == Nearby(helpers, kinds={"garden"}).around(a_request(kind="garden", mode=Mode.PHONE))


def test_without_a_place_whoever_offers_it_is_looked_at() -> None:
    """No more of them than of others."""
    helpers = [a_helper(id=f"{number:02}") for number in range(NEAR_MOST + 5)]
    request = a_request(place=None)
    misses = near_misses(request, Nearby(helpers, kinds={"company"}), now_min=NOW_MIN)

    assert [*range(NEAR_MOST)] == [each.helper for each in misses]
    found = relaxation_of(misses, helpers)
    assert found is not None
    assert "00 could, if it were known where the help is, or where they set out from" == found.coordinator
