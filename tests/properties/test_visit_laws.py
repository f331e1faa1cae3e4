"""Laws of visits: each at its own time, rest kept, nobody asked for more than may be, and an honest bound."""

from collections import defaultdict
from dataclasses import replace
from itertools import accumulate, combinations, product
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from timebank.care.record import Mode
from timebank.care.week import DAY_SLOTS, Week
from timebank.matching.model import Dated, DayRoom, Helper, Offer, Request, Span, instant_of
from timebank.matching.problem import Arcs, Objective, do_conflict
from timebank.matching.rules import fit_of
from timebank.matching.scale import Worth
from timebank.matching.score import Weights
from timebank.matching.times import dated
from timebank.services.choosing import Choice, Town, chosen, town_of
from timebank.services.visiting import arranged, node_of, served_of

UTC_ZONE = ZoneInfo("UTC")
MONDAY = 2_930 * 10_080 + 4 * 1440
"""A Monday's midnight; 1970 began on a Thursday."""
WEEK = 10_080
DAY = 1440
SEEDS = st.integers(min_value=0, max_value=2**32)
LOADS = st.sampled_from([0, 0, 7])


def a_town(seed: int, *, requests: int = 6, helpers: int = 3, load: int = 0) -> Town:
    """Return people who offer a few hours of two days, and more wishes than fit into them."""
    chance = Random(seed)
    everybody = [_helper(chance, f"t/h{number}") for number in range(helpers)]
    wishes = [_request(chance, f"t/{number}") for number in range(requests)]
    return town_of(
        wishes,
        everybody,
        [chance.randint(0, 3) for _ in everybody],
        Weights(),
        now_min=MONDAY,
        zone=UTC_ZONE,
        objective=Objective(load),
        asked=[chance.randint(0, 2) for _ in everybody],
    )


def _helper(chance: Random, ref: str) -> Helper:
    first = DAY_SLOTS * chance.randint(0, 1) + 28
    days = (
        (DayRoom(day=Span(MONDAY, MONDAY + WEEK), minutes_left=chance.choice([60, 90, 180])),)
        if chance.random() < 0.3
        else ()
    )
    offer = Offer(
        id=f"{ref}/1",
        kind="company",
        mode=Mode.PHONE,
        week=Week(((1 << chance.randint(3, 8)) - 1) << first),
        minutes_left=chance.choice([60, 120, 400]),
    )
    return Helper(
        id=ref,
        branch="t",
        offers=(offer, replace(offer, id=f"{ref}/2", minutes_left=60)),
        rest_minutes=chance.choice([0, 0, 20, 45]),
        days=days,
        languages=frozenset(chance.sample(["fr", "nl"], 1)),
    )


def _request(chance: Random, ref: str) -> Request:
    first, slots = DAY_SLOTS * chance.randint(0, 1) + 28, chance.randint(2, 6)
    minutes = chance.choice([30, 45, 60])
    starts = MONDAY + 30 * first
    when = (
        Week(((1 << slots) - 1) << first)
        if chance.random() < 0.4
        else dated(instant_of(starts), instant_of(starts + 30 * slots), UTC_ZONE)
    )
    return Request(
        id=ref,
        branch="t",
        kind="company",
        mode=Mode.PHONE,
        minutes=minutes,
        when=when,
        people=frozenset({f"t/{ref}"}),
        urgency=chance.randint(0, 2),
        preferred_languages=frozenset({chance.choice(["fr", "nl"])}),
    )


def visits_of(town: Town, choice: Choice) -> dict[int, list[tuple[int, int]]]:
    """Return the minutes of the week that each helper's visits take, as the plan says them."""
    found = defaultdict(list)
    for request, helper, fit in zip(town.requests, choice.solution.assignment, choice.fits, strict=True):
        assert (helper is None) == (fit is None)
        if helper is not None and fit is not None:
            starts = fit.starts_at - MONDAY if isinstance(request.when, Dated) else 30 * fit.starts_at
            found[helper].append((starts % WEEK, starts % WEEK + request.minutes))
    return found


@given(SEEDS, LOADS)
def test_no_two_visits_of_a_helper_overlap_and_nobody_has_too_many(seed: int, load: int) -> None:
    """Nobody is in two places at once, on dates and week by week, and everybody rests in between."""
    town = a_town(seed, load=load)

    choice, _ = chosen(town)

    for helper, visits in visits_of(town, choice).items():
        rest = town.helpers[helper].rest_minutes
        for one, other in combinations(sorted(visits), 2):
            assert one[1] + rest <= other[0]
        assert len(visits) <= town.capacity[helper]
        limit = town.helpers[helper].days[0].minutes_left if town.helpers[helper].days else DAY
        dates = [
            request.minutes
            for request, who in zip(town.requests, choice.solution.assignment, strict=True)
            if who == helper and isinstance(request.when, Dated) and request.when.starts_min < MONDAY + DAY
        ]
        assert sum(dates) <= limit


@given(SEEDS, LOADS)
def test_a_plan_is_never_worse_than_one_question_for_each_helper(seed: int, load: int) -> None:
    """More visits are more to choose from."""
    town = a_town(seed, load=load)
    one_each = replace(town, capacity=[min(1, each) for each in town.capacity])

    assert chosen(one_each)[0].worth.key <= chosen(town)[0].worth.key
    assert chosen(one_each)[0].worth == chosen(one_each)[1]


@settings(max_examples=40)
@given(SEEDS, LOADS)
def test_no_plan_is_worth_more_than_the_bound(seed: int, load: int) -> None:
    """Every other plan was tried; one that is called the best is."""
    town = a_town(seed, requests=4, helpers=2, load=load)
    best = max((_worth(town, at) for at in product([None, 0, 1], repeat=4)), key=lambda each: each.key)

    choice, bound = chosen(town)

    assert _worth(town, choice.solution.assignment) == choice.worth
    assert choice.worth.key <= best.key <= bound.key


def _worth(town: Town, at: tuple[int | None, ...]) -> Worth:
    """Return what a plan is worth; nothing, below every plan, if it is none."""
    points = 0
    for helper in {each for each in at if each is not None}:
        mine = [place for place, each in enumerate(at) if each == helper]
        wanted = [town.requests[place] for place in mine]
        fits, _ = arranged(town.helpers[helper], wanted, now_min=town.now_min, zone=town.zone)
        if len(fits) < len(mine) or len(mine) > town.capacity[helper]:
            return Worth((-1,) * 8, 0)
        points += sum(dict(town.candidates(place))[helper] for place in mine)
        points -= town.objective.load_points * len(mine) ** 2
    return Worth(
        served_of(town.requests[place].urgency for place, who in enumerate(at) if who is not None), points
    )


@given(SEEDS)
def test_the_order_of_people_changes_nothing(seed: int) -> None:
    """Neither who is asked, nor when, nor how good the plan is."""
    town = a_town(seed)
    chance = Random(seed)
    asks, helps = (chance.sample(range(len(each)), len(each)) for each in (town.requests, town.helpers))
    rows = [[(helps.index(who), points) for who, points in town.candidates(place)] for place in asks]
    able = [who for row in rows for who, _ in row]
    worths = [points for row in rows for _, points in row]
    capacity = [town.capacity[place] for place in helps]
    asked = [place for place, who in enumerate(able) if capacity[who]]
    numbers = [number for number, row in enumerate(rows) for _ in row]
    other = replace(
        town,
        requests=[town.requests[place] for place in asks],
        helpers=[town.helpers[place] for place in helps],
        capacity=capacity,
        nodes=[town.nodes[place] for place in asks],
        starts=[0, *accumulate(map(len, rows))],
        able=able,
        points=worths,
        arcs=Arcs(
            [numbers[place] for place in asked],
            [able[place] for place in asked],
            [worths[place] for place in asked],
        ),
    )

    assert _by_id(town) == _by_id(other)


def _by_id(town: Town) -> tuple[dict[str, object], Worth]:
    choice, bound = chosen(town)
    at = choice.solution.assignment
    return {
        each.id: (town.helpers[who].id, fit)
        for each, who, fit in zip(town.requests, at, choice.fits, strict=True)
        if who is not None
    }, bound


@given(SEEDS)
def test_what_the_solver_keeps_apart_cannot_be_brought_together(seed: int) -> None:
    """Minutes that are taken whenever a visit begins: so the bound is none too low."""
    town = a_town(seed, requests=5, helpers=1)
    helper = town.helpers[0]
    fitting = [each for each in town.requests if fit_of(each, helper, now_min=MONDAY)]

    for one, other in combinations(fitting, 2):
        if do_conflict(node_of(one), node_of(other), helper.rest_minutes):
            assert len(arranged(helper, [one, other], now_min=MONDAY, zone=UTC_ZONE)[0]) < 2


def test_a_helper_has_as_many_visits_as_find_their_time() -> None:
    """Three hours hold three visits of an hour, or two with a rest; the third goes to somebody else."""
    chance = Random(1)
    offer = Offer(id="t/1", kind="company", mode=Mode.PHONE, week=Week(0b111111 << 28), minutes_left=400)
    near, far = (
        Helper(id=f"t/{ref}", branch="t", offers=(replace(offer, id=ref),), rest_minutes=20, languages=said)
        for ref, said in (("a", frozenset({"fr"})), ("b", frozenset[str]()))
    )
    wish = replace(
        _request(chance, "t/1"),
        minutes=60,
        when=Week(0b111111 << 28),
        urgency=1,
        preferred_languages=frozenset({"fr"}),
    )
    town = town_of(
        [replace(wish, id=f"t/{number}") for number in range(3)],
        [near, far],
        [3, 3],
        Weights(),
        now_min=MONDAY,
        zone=UTC_ZONE,
        objective=Objective(),
        asked=[0, 0],
    )

    choice, bound = chosen(town)

    assert [0, 0, 1] == sorted(who for who in choice.solution.assignment if who is not None)
    assert {28, 31} == {
        fit.starts_at
        for who, fit in zip(choice.solution.assignment, choice.fits, strict=True)
        if who == 0 and fit is not None
    }
    assert choice.worth.points < bound.points
