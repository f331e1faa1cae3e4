from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.builders import NOW_MIN, a_request
from tests.unit.matching.explaining import (
    WEIGHTS,
    Street,
    a_street,
    points_of,
    problem_of,
    solved,
)
from tests.unit.matching.test_rules import undone

from timebank.matching.explain import PUBLIC, Passed, Plan, Suggested, Unserved, WhyNot
from timebank.matching.model import Helper
from timebank.matching.near_misses import (
    CHANGES,
    Nearby,
    counts_of,
    near_misses,
)
from timebank.matching.problem import Arc, Arcs, HelperNode, Objective, Problem, RequestNode, do_conflict
from timebank.matching.rules import RuleCode, reasons_against
from timebank.matching.solve import EVEN, solve

STREETS = st.integers(0, 1_000_000).map(a_street)
PERSONAL = (
    RuleCode.EXCLUDED_BY_REQUESTER,
    RuleCode.EXCLUDED_BY_HELPER,
    RuleCode.SELF_OR_HOUSEHOLD,
    RuleCode.PARKED,
    RuleCode.DECLINED,
)


def helper_in(street: Street, id: str) -> Helper:
    """Return a helper by their id."""
    return next(each for each in street.helpers if each.id == id)


# --- Suggestions ---------------------------------------------------------------------------------------


@given(STREETS)
def test_terms_add_up_to_the_points_that_were_planned_with(street: Street) -> None:
    """Who reads a suggestion can do the sum again."""
    for request, said in zip(street.requests, street.explained(), strict=True):
        if isinstance(said, Suggested):
            total = sum(term.points * term.weight for term in said.score.terms)
            assert total == said.score.total == points_of(request, helper_in(street, said.helper))


@given(STREETS)
def test_a_rank_counts_who_suits_better(street: Street) -> None:
    """Equals share one; there is a first choice to ask about exactly if the rank is not 1."""
    for request, said in zip(street.requests, street.explained(), strict=True):
        if isinstance(said, Suggested):
            own = points_of(request, helper_in(street, said.helper))
            others = [
                points_of(request, each)
                for each in street.helpers
                if not reasons_against(request, each, now_min=NOW_MIN)
            ]
            assert (1 + sum(each > own for each in others), len(others)) == (said.rank, said.candidates)
            assert (said.rank == 1) == (said.passed is None)


@given(STREETS)
def test_the_first_choice_is_needed_more_elsewhere(street: Street) -> None:
    """What is gained here is no more than the price, and the request that is named would lose as much."""
    places = {each.id: place for place, each in enumerate(street.requests)}
    for request, said in zip(street.requests, street.explained(), strict=True):
        if said.passed is not None:
            first = helper_in(street, said.passed.helper)
            assert WhyNot.NEEDED is said.passed.why
            assert said.passed.needed_by is not None
            at = street.solution.assignment[places[said.passed.needed_by]]
            assert at is not None
            assert first.id == street.helpers[at].id
            assert first.visits_left == said.passed.load
            if isinstance(said, Suggested):
                more = points_of(request, first) - points_of(request, helper_in(street, said.helper))
                assert more == said.passed.more_points
                assert said.passed.price_points is None or more <= said.passed.price_points + 1
            if said.passed.price_points is not None and said.passed.loss_points is not None:
                assert said.passed.price_points <= said.passed.loss_points


@given(STREETS)
def test_where_somebody_could_help_somebody_else_would_stay_unserved(street: Street) -> None:
    """No points weigh as much as a request."""
    for _, said in street.unserved():
        assert (said.candidates == 0) == (said.passed is None)
        if said.passed is not None:
            assert (None, None) == (said.passed.more_points, said.passed.price_points)
            assert said.passed.loss_points is None


@given(STREETS)
def test_every_explanation_says_by_which_weights(street: Street) -> None:
    """Of suggestions, and of what is not one."""
    assert {WEIGHTS.fingerprint} == {said.weights for said in street.explained()}


@given(STREETS, st.randoms(use_true_random=False))
def test_order_of_candidates_changes_nothing(street: Street, chance: Random) -> None:
    """The same is said of the same plan."""
    arcs = street.problem.arcs
    rows = [
        Arc(request=request, helper=helper, points=points)
        for request, helper, points in zip(arcs.requests, arcs.helpers, arcs.points, strict=True)
    ]
    chance.shuffle(rows)
    problem = replace(street.problem, arcs=Arcs.of(rows))

    assert street.explained() == replace(street, problem=problem, solution=solve(problem)).explained()


# --- Nobody -------------------------------------------------------------------------------------------------


@given(STREETS)
def test_the_change_that_is_named_serves_the_request(street: Street) -> None:
    """With this one change alone there is a candidate, and a plan that serves one more."""
    for request, said in street.unserved():
        if said.relaxation is not None:
            helper = helper_in(street, said.relaxation.helper)
            offers = sorted(helper.offers, key=lambda each: each.kind != request.kind)[:1]
            one, other = undone(request, replace(helper, offers=tuple(offers)), said.relaxation.reason.code)
            assert () == reasons_against(one, other, now_min=NOW_MIN)
            problem = problem_of(street.requests, street.helpers)
            place = street.requests.index(request), street.helpers.index(helper)
            room = max(helper.visits_left, 1) + (said.relaxation.reason.code is RuleCode.CAPACITY)
            again = solve(
                replace(
                    problem,
                    helpers=[
                        replace(node, capacity=room) if node.id == helper.id else node
                        for node in problem.helpers
                    ],
                    arcs=Arcs(
                        [*problem.arcs.requests, place[0]],
                        [*problem.arcs.helpers, place[1]],
                        [*problem.arcs.points, 0],
                    ),
                )
            )
            assert again.served > street.solution.served
            assert again.assignment[place[0]] is not None


@given(STREETS)
def test_no_smaller_single_change_is_near(street: Street) -> None:
    """Nothing that comes before it in the list of changes, nor fewer metres, of anybody who is free."""
    for at, (request, said) in enumerate(zip(street.requests, street.explained(), strict=True)):
        if isinstance(said, Unserved):
            offered = {offer.kind for helper in street.helpers for offer in helper.offers}
            single = [
                (list(CHANGES).index(reason.code), dict(reason.facts).get("beyond_m", 0), helper.id)
                for place, helper in enumerate(street.helpers)
                for reason, *more in [reasons_against(request, helper, now_min=NOW_MIN) or (None, None)]
                if reason is not None and not more and reason.code not in PERSONAL
                if reason.code is RuleCode.CAPACITY or street.plan.is_free(place, request=at)
                if reason.code is not RuleCode.KIND or request.kind not in offered
            ]
            found = said.relaxation
            assert [each[2] for each in sorted(single)[:1]] == ([] if found is None else [found.helper])


@given(STREETS)
def test_near_misses_are_counted(street: Street) -> None:
    """In the order of the rules, and how many they are."""
    for request, said in street.unserved():
        misses = near_misses(request, Nearby(street.helpers, kinds={request.kind}), now_min=NOW_MIN)

        assert (tuple(counts_of(misses).items()), len(misses)) == (said.counts, said.near_misses)


def test_nobody_at_all_leaves_nothing_to_say() -> None:
    """An empty pool has nobody to name."""
    [(_, said)] = solved([a_request()], []).unserved()

    assert (0, (), None) == (said.near_misses, said.counts, said.relaxation)


# --- Why not the first choice --------------------------------------------------------------------------

TWO = (RequestNode(id="q"), RequestNode(id="r"))
FIRST, SECOND = (HelperNode(id="a", capacity=1), HelperNode(id="b", capacity=2))
GOOD, BETTER = 100, 130


def why(
    arcs: list[Arc],
    *,
    assignment: tuple[int | None, ...] | None = None,
    objective: Objective = EVEN,
    requests: tuple[RequestNode, ...] = TWO,
    first: HelperNode = FIRST,
) -> Passed | None:
    """Return why request q has not its first choice, in the plan or in another."""
    problem = Problem(requests, (first, SECOND), Arcs.of(arcs))
    solution = solve(replace(problem, requests=[RequestNode(id=each.id) for each in requests]), objective)
    if assignment is not None:
        solution = replace(solution, assignment=assignment)
    plan = Plan(problem, solution, objective)
    return plan.passed(0, *plan.candidates_of(0))


def arcs_of(*points: tuple[int, int, int]) -> list[Arc]:
    """Return candidates: request, helper, points."""
    return [Arc(request=request, helper=helper, points=each) for request, helper, each in points]


def test_needed_more() -> None:
    """The other request would lose more."""
    passed = why(arcs_of((0, 0, BETTER), (0, 1, GOOD), (1, 0, 150), (1, 1, GOOD)))

    assert passed is not None
    assert (WhyNot.NEEDED, "a", 30) == (passed.why, passed.helper, passed.more_points)
    assert ("r", 50, 1) == (passed.needed_by, passed.loss_points, passed.load)
    assert passed.price_points in range(29, 51)
    assert "a suits better, by 30 points, but r loses 50 points without them" == passed.coordinator


def test_needed_by_somebody_who_has_nobody_else() -> None:
    """Points are nothing beside a request."""
    passed = why(arcs_of((0, 0, BETTER), (0, 1, GOOD), (1, 0, 1)))

    assert passed is not None
    assert ("r", None) == (passed.needed_by, passed.loss_points)
    assert "a suits better, by 30 points, but of r and others one stays unserved without them" == (
        passed.coordinator
    )


def test_the_one_that_could_do_without_them_best_is_named() -> None:
    """Of two requests that the first choice has time for."""
    passed = why(
        arcs_of((0, 0, 110), (0, 1, 100), (1, 0, 150), (1, 1, 100), (2, 0, 120), (2, 1, 100)),
        requests=(*TWO, RequestNode(id="s")),
        first=replace(FIRST, capacity=2),
    )

    assert passed is not None
    assert (WhyNot.NEEDED, "s", 20, 2) == (passed.why, passed.needed_by, passed.loss_points, passed.load)


def test_what_was_agreed_stays() -> None:
    """It is not weighed, on either side."""
    own = [*arcs_of((0, 0, BETTER)), Arc(request=0, helper=1, points=GOOD, is_pinned=True)]
    free = arcs_of((0, 0, BETTER), (0, 1, GOOD), (1, 1, GOOD))
    others = [*free, Arc(request=1, helper=0, points=1, is_pinned=True)]

    passed = why(own)
    assert passed is not None
    assert (WhyNot.AGREED, None) == (passed.why, passed.needed_by)
    passed = why(others)
    assert passed is not None
    assert (WhyNot.NEEDED, "r", None) == (passed.why, passed.needed_by, passed.loss_points)


def test_who_was_asked_already_counts_for_more() -> None:
    """By the points that the branch gives to that."""
    passed = why([*arcs_of((0, 0, BETTER)), Arc(request=0, helper=1, points=GOOD, sticky_points=40)])

    assert passed is not None
    assert WhyNot.OFFERED is passed.why


def test_busy_at_that_time() -> None:
    """Though there would be room at another."""
    requests = (RequestNode(id="q", starts=0, ends=60), RequestNode(id="r", starts=60, ends=90))
    both = arcs_of((0, 0, BETTER), (0, 1, GOOD), (1, 0, 150))
    room = HelperNode(id="a", capacity=2, rest_minutes=1)

    passed = why(both, assignment=(1, 0), requests=requests, first=room)
    assert passed is not None
    assert (WhyNot.BUSY, "r") == (passed.why, passed.needed_by)
    passed = why(both, assignment=(1, 0), requests=requests, first=replace(room, rest_minutes=0))
    assert passed is not None
    assert WhyNot.NOT_FOUND is passed.why


@given(st.integers(0, 1_000_000))
def test_of_requests_kept_apart_in_time_the_one_at_that_time_is_named(seed: int) -> None:
    """And it is one of that helper's, in a plan that was solved with times."""
    chance = Random(seed)
    nodes = []
    for number in range(8):
        starts = chance.randrange(0, 240, 30)
        nodes.append(RequestNode(id=f"q{number}", starts=starts, ends=starts + 60))
    helpers = [HelperNode(id=f"h{number}", capacity=3, rest_minutes=15) for number in range(3)]
    pairs = [(request, helper) for request in range(8) for helper in range(3)]
    problem = Problem(
        nodes,
        helpers,
        Arcs.of(arcs_of(*((*pair, chance.randint(0, 300)) for pair in chance.sample(pairs, 18)))),
    )
    solution = solve(problem)
    plan = Plan(problem, solution)

    for request, node in enumerate(nodes):
        passed = plan.passed(request, *plan.candidates_of(request))
        if passed is not None and passed.why is WhyNot.BUSY:
            other = next(at for at, each in enumerate(nodes) if each.id == passed.needed_by)
            at = solution.assignment[other]
            assert at is not None
            assert helpers[at].id == passed.helper
            assert do_conflict(node, nodes[other], 15)
        elif passed is not None and passed.why is WhyNot.NEEDED:
            assert 3 == passed.load


def test_loads_are_shared() -> None:
    """If the branch gives points for that."""
    arcs = arcs_of((0, 0, BETTER), (0, 1, GOOD), (1, 0, 150))

    passed = why(arcs, objective=Objective(load_points=20), first=replace(FIRST, capacity=2))
    assert passed is not None
    assert (WhyNot.LOAD, 1) == (passed.why, passed.load)


def test_a_first_choice_who_takes_nothing_on() -> None:
    """Nobody needs them more, but they have no time."""
    passed = why(arcs_of((0, 0, BETTER), (0, 1, GOOD)), first=replace(FIRST, capacity=0))

    assert passed is not None
    assert (WhyNot.NEEDED, None, 0) == (passed.why, passed.needed_by, passed.load)


def test_of_a_candidate_who_is_there_twice_the_better_counts() -> None:
    """As in the plan."""
    arcs = arcs_of((0, 0, 1), (0, 1, GOOD), (0, 0, BETTER), (0, 0, 2), (1, 0, 150))
    passed = why(arcs)

    assert passed is not None
    assert 30 == passed.more_points


def test_equals_are_no_better() -> None:
    """Whoever has one of the best has a first choice; of several the smaller id is named."""
    assert None is why(arcs_of((0, 0, GOOD), (0, 1, GOOD), (1, 0, GOOD)))
    passed = why(arcs_of((0, 0, BETTER), (0, 1, BETTER)), assignment=(None, None))
    assert passed is not None
    assert "a" == passed.helper


# --- Who may read what ---------------------------------------------------------------------------------


@given(STREETS)
def test_the_texts_for_everybody_name_nobody(street: Street) -> None:
    """No id, no figure, nothing that is the same for one person only."""
    for said in street.explained():
        texts = [said.passed.public] if said.passed is not None else []
        if isinstance(said, Unserved) and said.relaxation is not None:
            texts.append(said.relaxation.public)
        assert not any(letter.isdigit() for text in texts for letter in text)
        ids = [*(each.id for each in street.helpers), *(each.id for each in street.requests)]
        assert not any(each in text for text in texts for each in ids)


def test_why_somebody_is_needed_elsewhere_looks_the_same_to_everybody() -> None:
    """Whose time is taken, by whom, and when."""
    reasons = (WhyNot.NEEDED, WhyNot.BUSY, WhyNot.LOAD, WhyNot.NOT_FOUND)

    assert 1 == len({PUBLIC[code] for code in reasons})


@pytest.mark.parametrize("code", list(WhyNot))
@pytest.mark.parametrize("more_points", [3, None])
def test_a_coordinator_reads_who_is_needed_where(code: WhyNot, more_points: int | None) -> None:
    """Everything is filled in."""
    passed = Passed(
        why=code, helper="h1", more_points=more_points, price_points=9, needed_by="q2", loss_points=9, load=4
    )

    assert "{" not in passed.coordinator
    assert code is WhyNot.AGREED or "h1" in passed.coordinator
