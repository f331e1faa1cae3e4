"""Rules: what an independent judge says, every reason that has to go and none that can stay."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.builders import (
    NOW_MIN,
    PARIS,
    WHOLE_WEEK,
    a_date,
    a_helper,
    a_request,
    an_offer,
    crowded_pairs,
    helpers,
    requests,
    slightly_off_pairs,
    spans,
    weeks,
)
from tests.unit.matching.checker import is_too_close_to_call, start_found

from timebank.care.record import Mode
from timebank.care.week import Week
from timebank.matching.model import Clearance, DayRoom, Gender, Helper, Request, Span
from timebank.matching.place import HALF_ROUND_M, Place
from timebank.matching.rules import (
    ORDER,
    PUBLIC,
    RuleCode,
    closest_offer,
    fit_of,
    public_texts,
    reasons_against,
)

Change = Callable[[Request, Helper], tuple[Request, Helper]]


def codes_of(request: Request, helper: Helper) -> list[RuleCode]:
    """Return what keeps two apart."""
    return [each.code for each in reasons_against(request, helper, now_min=NOW_MIN)]


# --- Against the judge ------------------------------------------------------------------------------------


FRIENDLY_REQUESTS = requests(
    branch=st.just("lille"),
    kind=st.just("company"),
    mode=st.just(Mode.IN_PERSON),
    place=st.just(a_request().place),
    people=st.just(frozenset({"lille/r1"})),
    households=st.just(frozenset()),
    languages=st.just(frozenset()),
    gender=st.none(),
    clearances=st.just(frozenset()),
    is_experience_required=st.just(False),  # noqa: FBT003 - a value
    excludes=st.just(frozenset()),
    declined_by=st.just(frozenset()),
    parked=st.just(()),
    team=st.none(),
)
"""Only times can keep these from who is next door."""
FRIENDLY_HELPERS = helpers(
    branch=st.just("lille"),
    place=st.just(a_request().place),
    excludes=st.just(frozenset()),
    visits_left=st.just(1),
)


PAIRS = (
    crowded_pairs()
    | slightly_off_pairs()
    | st.tuples(FRIENDLY_REQUESTS, FRIENDLY_HELPERS)
    | st.tuples(requests() | FRIENDLY_REQUESTS, helpers() | FRIENDLY_HELPERS)
)


@given(PAIRS)
def test_the_rules_say_what_an_independent_judge_says(pair: tuple[Request, Helper]) -> None:
    """Including when the help can begin; he looks at every minute, across nights when clocks are changed."""
    request, helper = pair
    if is_too_close_to_call(request, helper):
        return

    fit = fit_of(request, helper, now_min=NOW_MIN)

    assert start_found(request, helper, PARIS, NOW_MIN) == (None if fit is None else fit.starts_at)
    assert (fit is not None) == (codes_of(request, helper) == [])


@given(crowded_pairs())
def test_only_times_keep_neighbours_apart(pair: tuple[Request, Helper]) -> None:
    """And the judge says when they meet, in days full of other things."""
    fit = fit_of(*pair, now_min=NOW_MIN)

    assert start_found(*pair, PARIS, NOW_MIN) == (None if fit is None else fit.starts_at)
    assert (fit is not None) == (codes_of(*pair) == [])


# --- Reasons ----------------------------------------------------------------------------------------------


def undone(request: Request, helper: Helper, code: RuleCode) -> tuple[Request, Helper]:
    """Return the two as they would be without one reason; the helper has one offer at most."""
    offer = helper.offers[0] if helper.offers else an_offer(kind=request.kind, mode=request.mode)
    changes: dict[RuleCode, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
        RuleCode.KIND: ({}, {}, {"kind": request.kind}),
        RuleCode.DISTANCE: (
            {"place": Place(1, 1)},
            {"place": Place(1, 1), "reach_m": HALF_ROUND_M},
            {},
        ),
        RuleCode.AVAILABILITY: ({}, {"away": ()}, {"week": WHOLE_WEEK}),
        RuleCode.LANGUAGE: ({}, {"languages": helper.languages | request.languages}, {}),
        RuleCode.GENDER: ({}, {"gender": request.gender}, {}),
        RuleCode.VETTING: (
            {},
            {
                "clearances": helper.clearances
                + tuple(
                    Clearance(kind=kind)
                    for kind in request.clearances - {each.kind for each in helper.clearances}
                )
            },
            {},
        ),
        RuleCode.VETTING_EXPIRED: (
            {},
            {"clearances": tuple(Clearance(kind=each.kind) for each in helper.clearances)},
            {},
        ),
        RuleCode.EXCLUDED_BY_REQUESTER: ({"excludes": frozenset()}, {}, {}),
        RuleCode.EXCLUDED_BY_HELPER: ({}, {"excludes": frozenset()}, {}),
        RuleCode.SELF_OR_HOUSEHOLD: (
            {"people": request.people - {helper.id}, "households": frozenset()},
            {},
            {},
        ),
        RuleCode.MODE: ({}, {}, {"mode": request.mode}),
        RuleCode.CAPACITY: ({}, {"visits_left": 1, "days": ()}, {"minutes_left": 20_000}),
        RuleCode.OVERLAP: ({}, {"busy": (), "busy_week": Week(0)}, {}),
        RuleCode.PARKED: ({"parked": ()}, {}, {}),
        RuleCode.DECLINED: ({"declined_by": frozenset()}, {}, {}),
        RuleCode.LIVED_EXPERIENCE: ({}, {"experiences": frozenset({"carer"})}, {}),
        RuleCode.BANK_VISIBILITY: (
            {"shown_to": frozenset({helper.branch}), "team": None},
            {"serves": frozenset({request.branch})},
            {},
        ),
    }
    of_request, of_helper, of_offer = changes[code]
    kept = (replace(offer, **of_offer),) if helper.offers or code is RuleCode.KIND else ()
    return replace(request, **of_request), replace(helper, **{**of_helper, "offers": kept})


def is_possible(request: Request) -> bool:
    """Tell whether the help fits into its own time: no helper can change that."""
    return RuleCode.AVAILABILITY not in codes_of(request, a_helper())


@given(PAIRS)
def test_undoing_exactly_the_reasons_makes_a_candidate(pair: tuple[Request, Helper]) -> None:
    """No reason is missing, and none is too many: leaving any one of them keeps the two apart."""
    request, helper = pair
    if not is_possible(request):
        return
    offer = closest_offer(request, helper)
    judged = replace(helper, offers=() if offer is None else (offer,))
    found = codes_of(request, helper)

    assert found == codes_of(request, judged)
    for left_out in (None, *found):
        one, other = request, judged
        for code in found:
            if code is not left_out:
                one, other = undone(one, other, code)
        assert ([] if left_out is None else [left_out]) == codes_of(one, other)


@given(requests(), helpers())
def test_reasons_come_in_the_order_of_the_rules(request: Request, helper: Helper) -> None:
    """Each once, whatever else fails."""
    found = codes_of(request, helper)

    assert sorted(set(found), key=ORDER.__getitem__) == found


TIGHTER: tuple[st.SearchStrategy[Change], ...] = (
    weeks().map(
        lambda week: (
            lambda one, other: (
                one,
                replace(
                    other,
                    offers=tuple(
                        replace(each, week=Week(each.week.bits & week.bits)) for each in other.offers
                    ),
                ),
            )
        )
    ),
    spans().map(lambda span: lambda one, other: (one, replace(other, busy=(*other.busy, span)))),
    spans().map(lambda span: lambda one, other: (one, replace(other, away=(*other.away, span)))),
    weeks().map(
        lambda week: (
            lambda one, other: (
                one,
                replace(other, busy_week=Week(other.busy_week.bits | week.bits)),
            )
        )
    ),
    spans().map(
        lambda span: (
            lambda one, other: (
                one,
                replace(other, days=(*other.days, DayRoom(day=span, minutes_left=0))),
            )
        )
    ),
    st.just(lambda one, other: (one, replace(other, rest_minutes=other.rest_minutes + 30))),
    st.just(lambda one, other: (one, replace(other, reach_m=other.reach_m // 2))),
    st.just(lambda one, other: (one, replace(other, visits_left=max(0, other.visits_left - 1)))),
    st.just(lambda one, other: (one, replace(other, offers=other.offers[1:]))),
    st.just(lambda one, other: (one, replace(other, clearances=other.clearances[1:]))),
    st.just(lambda one, other: (one, replace(other, languages=frozenset()))),
    st.just(lambda one, other: (one, replace(other, excludes=other.excludes | {"lille/r1"}))),
    st.just(lambda one, other: (replace(one, excludes=one.excludes | {"lille/h1"}), other)),
    st.just(lambda one, other: (replace(one, minutes=one.minutes + 25), other)),
    st.just(lambda one, other: (replace(one, clearances=one.clearances | {"visit"}), other)),
    st.just(lambda one, other: (replace(one, experience="carer", is_experience_required=True), other)),
    st.just(lambda one, other: (replace(one, team="north"), other)),
    st.just(lambda one, other: (replace(one, parked=(("lille/h1", NOW_MIN + 1),)), other)),
)


@given(PAIRS, st.one_of(TIGHTER))
def test_tightening_a_rule_never_adds_a_pair(pair: tuple[Request, Helper], tighten: Change) -> None:
    """Less time, less reach or more conditions: who did not suit before does not suit now."""
    request, helper = pair
    tight = tighten(request, helper)

    if not codes_of(*tight):
        assert [] == codes_of(request, helper)


# --- What is told to whom ---------------------------------------------------------------------------------


PRIVATE = (
    ({RuleCode.AVAILABILITY, RuleCode.CAPACITY, RuleCode.OVERLAP}),
    (
        {
            RuleCode.LANGUAGE,
            RuleCode.GENDER,
            RuleCode.VETTING,
            RuleCode.VETTING_EXPIRED,
            RuleCode.LIVED_EXPERIENCE,
        }
    ),
    (
        {
            RuleCode.EXCLUDED_BY_REQUESTER,
            RuleCode.EXCLUDED_BY_HELPER,
            RuleCode.SELF_OR_HOUSEHOLD,
            RuleCode.PARKED,
            RuleCode.DECLINED,
            RuleCode.BANK_VISIBILITY,
        }
    ),
)


@pytest.mark.parametrize("alike", PRIVATE)
def test_what_is_private_looks_the_same_to_everybody(alike: set[RuleCode]) -> None:
    """Who excluded whom, and what somebody is or has not, cannot be read off a text that rules share."""
    assert 1 == len({PUBLIC[code] for code in alike})
    assert not {PUBLIC[code] for code in alike} & {PUBLIC[code] for code in set(RuleCode) - alike}


@given(requests(), helpers(), helpers())
def test_texts_tell_no_fact_of_a_helper(request: Request, helper: Helper, other: Helper) -> None:
    """Neither everybody's nor the coordinator's: whoever fails the same rules, they read the same."""
    changed = replace(
        helper,
        languages=other.languages,
        gender=other.gender,
        experiences=other.experiences,
        household=other.household,
        excludes=other.excludes,
        last_asked_min=other.last_asked_min,
    )
    one, two = (reasons_against(request, each, now_min=NOW_MIN) for each in (helper, changed))

    for reason in one:
        for alike in two:
            assert (reason.code is alike.code) <= (reason.coordinator == alike.coordinator)
    texts = public_texts(one)
    assert len(texts) == len(set(texts)) <= len(set(PUBLIC.values()))
    assert {PUBLIC[each.code] for each in one} == set(texts)


@pytest.mark.parametrize(
    ("request_changes", "helper_changes", "code", "text"),
    [
        ({"kind": "shopping"}, {}, "kind", "has no offer of the kind shopping"),
        ({}, {"offers": ()}, "kind", "has no offer of the kind company"),
        (
            {},
            {"place": Place(50_730_000, 3_060_000)},
            "distance",
            "the place of the help is 6120 m further than the helper goes",
        ),
        (
            {"place": None},
            {},
            "distance",
            "the place of the help, or where the helper sets out from, is not known",
        ),
        (
            {},
            {"offers": (an_offer(week=Week(0)),)},
            "availability",
            "not free for 60 min on end within the time that is asked for",
        ),
        (
            {"languages": frozenset({"pt", "ar"})},
            {"languages": frozenset({"fr"})},
            "language",
            "speaks none of the languages asked for: ar, pt",
        ),
        (
            {"gender": Gender.WOMAN},
            {"gender": Gender.MAN},
            "gender",
            "has not declared the gender asked for: woman",
        ),
        (
            {"clearances": frozenset({"visit"})},
            {},
            "vetting",
            "has not been cleared for: visit",
        ),
        (
            {"clearances": frozenset({"visit"})},
            {"clearances": (Clearance(kind="visit", ends_min=NOW_MIN),)},
            "vetting-expired",
            "cleared, but not until the help has ended, for: visit",
        ),
        ({"mode": Mode.VIDEO}, {}, "mode", "offers this kind of help, but not video"),
        ({}, {"visits_left": 0}, "capacity", "has taken on as much as they wanted to"),
    ],
)
def test_a_coordinator_reads_what_is_missing(
    request_changes: dict[str, Any], helper_changes: dict[str, Any], code: str, text: str
) -> None:
    """In words of the request, so that something can be done about it."""
    found = reasons_against(a_request(**request_changes), a_helper(**helper_changes), now_min=NOW_MIN)

    assert [(code, text)] == [(each.code.value, each.coordinator) for each in found]


# --- Boundaries -------------------------------------------------------------------------------------------


def test_the_limit_of_reach_is_within_reach() -> None:
    """One metre less is not."""
    request = a_request(place=Place(50_700_000, 3_060_000))

    fit = fit_of(request, a_helper(reach_m=7_784), now_min=NOW_MIN)
    assert fit is not None
    assert 7_784 == fit.distance_m
    assert [RuleCode.DISTANCE] == codes_of(request, a_helper(reach_m=7_783))


def test_remote_help_has_no_distance() -> None:
    """Neither place need be known."""
    phone = an_offer(mode=Mode.PHONE)

    fit = fit_of(
        a_request(mode=Mode.PHONE, place=None), a_helper(offers=(phone,), place=None), now_min=NOW_MIN
    )

    assert fit is not None
    assert fit.distance_m is None


def test_a_clearance_counts_until_the_help_has_ended() -> None:
    """Its end itself does not count any more; the end of the time asked for is not needed."""
    request = a_request(clearances=frozenset({"visit"}))
    assert not isinstance(request.when, Week)
    ends = request.when.span.ends_min

    assert [] == codes_of(request, a_helper(clearances=(Clearance(kind="visit", ends_min=ends),)))
    assert [RuleCode.VETTING_EXPIRED] == codes_of(
        request, a_helper(clearances=(Clearance(kind="visit", ends_min=ends - 1),))
    )


def test_rest_is_kept_before_and_after() -> None:
    """To the minute: an hour fits between two visits with just the rest around it."""
    when = a_date()
    starts = when.span.starts_min
    busy = (Span(starts - 60, starts + 10), Span(starts + 10 + 120, starts + 300))

    assert [] == codes_of(a_request(when=when), a_helper(busy=busy, rest_minutes=30))
    assert [RuleCode.OVERLAP] == codes_of(a_request(when=when), a_helper(busy=busy, rest_minutes=31))
