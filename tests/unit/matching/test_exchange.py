from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.exchanging import (
    SEEDS,
    a_crowd,
    a_pool,
    by_cancelling,
    by_enumeration,
    exchanged,
    pools,
    renamed,
)

from timebank.errors import ExchangeTooLarge, HelpsThemselves, MinutesOutOfRange, NotInExchange, TwiceInPool
from timebank.matching import exchange_model
from timebank.matching.cycles import cycles_of
from timebank.matching.exchange import exchange
from timebank.matching.exchange_model import Acceptance, Exchange, ExchangePool, Leg, Participant, Standing
from timebank.matching.exchange_proof import fault_in
from timebank.matching.precedence import Cut

TWO_ROUNDS = {(0, 1): 60, (1, 2): 60, (2, 0): 60, (0, 3): 60, (3, 4): 60, (4, 0): 60}
"""Two cycles of three that share member 0, who has time for one of them only."""
BIG = pools(members_most=9, ways_most=30, minutes_most=90, hours_most=60)


@given(pools())
def test_no_exchange_that_exists_is_better(pool: ExchangePool) -> None:
    """Of all there are, tried one by one: the most minutes, then the most for the first, and so on."""
    assert by_enumeration(pool) == tuple(exchanged(exchange(pool)).values())


@given(SEEDS)
def test_no_exchange_that_exists_is_better_where_time_is_short(seed: int) -> None:
    """Four members, each of whom accepts two others."""
    pool = a_crowd(seed, members=4, minutes_most=2)

    assert by_enumeration(pool) == tuple(exchanged(exchange(pool)).values())


@given(SEEDS, st.integers(6, 10), st.sampled_from([3, 60]))
def test_priorities_say_the_same_in_a_crowd(seed: int, members: int, minutes_most: int) -> None:
    """Where who comes first decides for many."""
    pool = a_crowd(seed, members=members, minutes_most=minutes_most)

    assert by_cancelling(pool) == tuple(exchanged(exchange(pool)).values())


@given(BIG)
def test_priorities_as_powers_of_a_base_say_the_same(pool: ExchangePool) -> None:
    """The rule is a cost, too, whose digits cannot touch; a way to solve it that shares nothing with ours."""
    assert by_cancelling(pool) == tuple(exchanged(exchange(pool)).values())


@given(BIG)
def test_everybody_gets_what_they_give_and_only_what_they_accept(pool: ExchangePool) -> None:
    """Balanced and individually rational, counted anew from the legs."""
    found = exchange(pool)
    given_by: Counter[str] = Counter()
    received: Counter[str] = Counter()
    accepted = {(each.provider, each.member): each.minutes for each in pool.acceptances}
    for leg in found.legs:
        assert 0 < leg.minutes <= accepted[leg.provider, leg.member]
        given_by[leg.provider] += leg.minutes
        received[leg.member] += leg.minutes

    assert given_by == received
    assert exchanged(found) == {each.id: given_by[each.id] for each in pool.participants}
    assert all(given_by[each.id] <= each.minutes for each in pool.participants)
    assert found.exchanged_minutes == sum(exchanged(found).values())


def lies_of(pool: ExchangePool, member: str) -> st.SearchStrategy[ExchangePool]:
    """Draw what a member could say instead: other time, other help accepted or given, more or less of it."""
    own = next(each for each in pool.participants if each.id == member)
    others = [each for each in pool.participants if each.id != member]
    said = [each for each in pool.acceptances if member not in {each.member, each.provider}]
    given_to = [each for each in pool.acceptances if each.provider == member]
    return st.builds(
        lambda minutes, wanted, refused: ExchangePool.of(
            [*others, replace(own, minutes=minutes)],
            [
                *said,
                *(
                    replace(each, minutes=0) if is_refused else each
                    for each, is_refused in zip(given_to, refused, strict=True)
                ),
                *(
                    Acceptance(provider=each.id, member=member, minutes=most)
                    for each, most in zip(others, wanted, strict=True)
                ),
            ],
        ),
        st.integers(0, own.minutes + 2),
        st.tuples(*(st.integers(0, 3) for _ in others)),
        st.tuples(*(st.booleans() for _ in given_to)),
    )


@given(SEEDS, st.integers(3, 7), st.data())
def test_nobody_gets_more_of_what_they_want_by_saying_anything_but_the_truth(
    seed: int, members: int, data: st.DataObject
) -> None:
    """Neither more nor less time, help, or willingness than the truth pays: what is gained is not wanted."""
    pool = a_crowd(seed, members=members)
    liar = data.draw(st.sampled_from(pool.participants))

    assert not is_gain(pool, data.draw(lies_of(pool, liar.id)), liar)


def is_gain(pool: ExchangePool, lie: ExchangePool, liar: Participant) -> bool:
    """Tell whether a lie brings its teller more of what they truly want, and nothing that they do not."""
    accepted = {each.provider: each.minutes for each in pool.acceptances if each.member == liar.id}
    instead = exchange(lie)
    received = {leg.provider: leg.minutes for leg in instead.legs if leg.member == liar.id}
    is_wanted = exchanged(instead)[liar.id] <= liar.minutes and all(
        minutes <= accepted.get(provider, 0) for provider, minutes in received.items()
    )
    return is_wanted and exchanged(instead)[liar.id] > exchanged(exchange(pool))[liar.id]


def every_lie_about_help(pool: ExchangePool, liar: Participant) -> Iterable[ExchangePool]:
    """List what a member could say of one provider, and of their own time."""
    rest = [each for each in pool.participants if each != liar]
    for minutes in range(liar.minutes + 2):
        yield ExchangePool.of([*rest, replace(liar, minutes=minutes)], pool.acceptances)
    for provider in rest:
        others = [each for each in pool.acceptances if (each.provider, each.member) != (provider.id, liar.id)]
        for most in range(4):
            said = Acceptance(provider=provider.id, member=liar.id, minutes=most)
            yield ExchangePool.of(pool.participants, [*others, said])


@given(SEEDS)
def test_no_single_lie_pays(seed: int) -> None:
    """Every one of them, for every member, up and down."""
    pool = a_crowd(seed, members=4)

    assert not [
        (liar, lie)
        for liar in pool.participants
        for lie in every_lie_about_help(pool, liar)
        if is_gain(pool, lie, liar)
    ]


def test_the_first_counts_more_than_all_who_follow() -> None:
    """Points by rank, 5 down to 1, would not tell these two rounds apart; the rule does."""
    found = exchange(a_pool([60] * 5, TWO_ROUNDS, order=[3, 1, 2, 4, 0]))

    assert {"m3": 60, "m1": 0, "m2": 0, "m4": 60, "m0": 60} == exchanged(found)


def test_priority_never_costs_a_minute_of_the_whole() -> None:
    """A swap of the first two would leave two others with nothing; a round of four moves more."""
    pool = a_pool([60] * 4, {(0, 1): 60, (1, 0): 60, (1, 2): 60, (2, 3): 60, (3, 0): 60})

    assert dict.fromkeys(["m0", "m1", "m2", "m3"], 60) == exchanged(exchange(pool))


@given(BIG, st.randoms(use_true_random=False))
def test_order_of_input_changes_nothing(pool: ExchangePool, chance: Any) -> None:  # noqa: ANN401 - Random, or its like
    """Twice the same, whatever order it came in: legs, prices and cuts included."""
    participants, acceptances = list(pool.participants), list(pool.acceptances)
    chance.shuffle(participants)
    chance.shuffle(acceptances)

    assert exchange(pool) == exchange(ExchangePool.of(participants, acceptances))


@given(BIG, st.permutations(range(9)))
def test_names_change_nothing(pool: ExchangePool, places: list[int]) -> None:
    """Where priorities differ, only they decide."""
    names = {each.id: f"n{place}" for each, place in zip(pool.participants, places, strict=False)}
    found = exchange(pool)

    other = exchange(renamed(pool, names))

    assert {names[id_]: minutes for id_, minutes in exchanged(found).items()} == exchanged(other)
    assert other.legs == tuple(
        replace(leg, provider=names[leg.provider], member=names[leg.member]) for leg in found.legs
    )


def test_among_equals_the_smaller_id_comes_first() -> None:
    """So that there is one order, whatever priorities say."""
    pool = ExchangePool.of(
        [Participant(id=id_, priority=1, minutes=30) for id_ in ("c", "b", "a")],
        [
            Acceptance(provider=one, member=other, minutes=30)
            for one, other in (("c", "a"), ("a", "c"), ("c", "b"), ("b", "c"))
        ],
    )

    assert {"a": 30, "b": 0, "c": 30} == exchanged(exchange(pool))


def test_whole_half_hours_stay_so() -> None:
    """Nothing is split that nobody split before."""
    found = exchange(
        a_pool([60, 90, 30, 120], {(0, 1): 60, (1, 2): 90, (2, 0): 30, (1, 0): 60, (0, 3): 30, (3, 1): 30})
    )

    assert {0} == {leg.minutes % 30 for leg in found.legs}


@pytest.mark.parametrize("accepted", [{}, {(0, 1): 60}, {(0, 1): 0, (1, 0): 60}, {(0, 1): 60, (1, 2): 60}])
def test_without_a_round_nothing_is_exchanged(accepted: dict[tuple[int, int], int]) -> None:
    """Help in one direction would leave somebody owing."""
    found = exchange(a_pool([60, 60, 60], accepted))

    assert (0, ()) == (found.exchanged_minutes, found.legs)


def test_nobody_exchanges_nothing() -> None:
    """An empty pool has an empty answer."""
    found = exchange(ExchangePool.of([], []))

    assert ((), (), ()) == (found.shares, found.legs, cycles_of(found))
    assert fault_in(found, ExchangePool.of([], [])) is None


# --- Beneficiaries ----------------------------------------------------------------------------------------


def families() -> ExchangePool:
    """Return two who live far from their parents, each near the other's."""
    return ExchangePool.of(
        [Participant(id="anne", priority=0, minutes=120), Participant(id="paul", priority=1, minutes=60)],
        [
            Acceptance(provider="anne", member="paul", minutes=90, beneficiary="pauls-mother"),
            Acceptance(provider="paul", member="anne", minutes=90, beneficiary="annes-father"),
        ],
    )


def test_help_for_a_beneficiary_counts_for_the_sponsor() -> None:
    """Two sponsors swap though the four never meet, two and two."""
    found = exchange(families(), are_beneficiaries_merged=True)

    assert {"anne": 60, "paul": 60} == exchanged(found)
    assert ["pauls-mother", "annes-father"] == [leg.beneficiary for leg in found.legs]


def test_an_exchange_for_beneficiaries_says_that_the_theorem_does_not_speak_of_it() -> None:
    """Maximum, balanced and rational still; only not proved against lies."""
    pool = families()

    assert Standing.OUTSIDE_THEOREM is exchange(pool, are_beneficiaries_merged=True).standing
    assert Standing.WITHIN_THEOREM is exchange(pool).standing
    assert Standing.WITHIN_THEOREM is exchange(a_pool([1], {}), are_beneficiaries_merged=True).standing


def test_help_for_beneficiaries_that_is_not_merged_is_listed() -> None:
    """Nothing is dropped in silence."""
    pool = families()

    assert ((), pool.acceptances) == (exchange(pool).legs, exchange(pool).left_out)


def test_members_and_their_beneficiaries_can_be_helped_by_the_same_provider() -> None:
    """Each up to their own maximum, together up to what the sponsor has."""
    pool = ExchangePool.of(
        [Participant(id="anne", priority=0, minutes=100), Participant(id="paul", priority=1, minutes=200)],
        [
            Acceptance(provider="paul", member="anne", minutes=60),
            Acceptance(provider="paul", member="anne", minutes=60, beneficiary="annes-father"),
            Acceptance(provider="anne", member="paul", minutes=60),
            Acceptance(provider="anne", member="paul", minutes=60, beneficiary="pauls-mother"),
        ],
    )
    found = exchange(pool, are_beneficiaries_merged=True)

    assert 200 == found.exchanged_minutes
    assert [60, 40] == [cycle.minutes for cycle in cycles_of(found)]


# --- Cycles -------------------------------------------------------------------------------------------------


@given(BIG)
def test_cycles_are_the_exchange(pool: ExchangePool) -> None:
    """Every minute in exactly one; each closes, passes through nobody twice; not more of them than legs."""
    found = exchange(pool)
    cycles = cycles_of(found)
    counted: Counter[tuple[str, str]] = Counter()
    for cycle in cycles:
        assert {cycle.minutes} == {leg.minutes for leg in cycle.legs}
        assert len(cycle.legs) == len({leg.provider for leg in cycle.legs})
        assert all(one.member == other.provider for one, other in pairwise((*cycle.legs, cycle.legs[0])))
        counted.update({(leg.provider, leg.member): leg.minutes for leg in cycle.legs})

    assert {(leg.provider, leg.member): leg.minutes for leg in found.legs} == counted
    assert len(cycles) <= len(found.legs)


@given(BIG)
def test_swaps_are_taken_out_first(pool: ExchangePool) -> None:
    """What two do for each other is not hidden in longer cycles."""
    found = exchange(pool)
    minutes = {(leg.provider, leg.member): leg.minutes for leg in found.legs}
    swapped = sum(
        min(each, minutes.get((member, provider), 0)) for (provider, member), each in minutes.items()
    )

    assert swapped == sum(2 * cycle.minutes for cycle in cycles_of(found) if len(cycle.legs) == 2)


def test_two_who_accept_each_other_swap_if_that_costs_nobody_anything() -> None:
    """Two swaps and a cycle of four move as much; swaps are easier to understand."""
    swaps = {(0, 3): 60, (3, 0): 60, (1, 2): 60, (2, 1): 60}
    found = exchange(a_pool([60] * 4, swaps | {(0, 1): 60, (1, 3): 60, (3, 2): 60, (2, 0): 60}))

    assert [2, 2] == [len(cycle.legs) for cycle in cycles_of(found)]


def test_a_cycle_reads_from_one_to_the_next() -> None:
    """It starts with who comes first."""
    found = exchange(a_pool([60, 60, 60], {(2, 1): 60, (1, 0): 60, (0, 2): 60}))

    assert [[("m0", "m2"), ("m2", "m1"), ("m1", "m0")]] == [
        [(leg.provider, leg.member) for leg in cycle.legs] for cycle in cycles_of(found)
    ]


def test_two_cycles_can_share_most_of_their_members() -> None:
    """A member has an hour, gives half of it to each of two, and gets all of it from one."""
    thin, wide = ((0, 1), (0, 2), (1, 3), (2, 3)), ((3, 4), (4, 5), (5, 0))
    found = exchange(a_pool([60, 30, 30, 60, 60, 60], dict.fromkeys(thin, 30) | dict.fromkeys(wide, 60)))

    assert [["m0", "m1", "m3", "m4", "m5"], ["m0", "m2", "m3", "m4", "m5"]] == [
        [leg.provider for leg in cycle.legs] for cycle in cycles_of(found)
    ]


# --- The proof ------------------------------------------------------------------------------------------

KEEPING = a_pool([60] * 5, TWO_ROUNDS)
"""Members 3 and 4 keep their time: 1 and 2 come before them."""


def spoilt(**changes: Any) -> str | None:  # noqa: ANN401 - any field of an exchange
    """Return what is found to be wrong once something about a sound exchange is changed."""
    return fault_in(replace(exchange(KEEPING), **changes), KEEPING)


def legs_of(minutes: dict[tuple[int, int], int]) -> tuple[Leg, ...]:
    """Return help of the first for the second."""
    return tuple(
        Leg(provider=f"m{provider}", member=f"m{member}", beneficiary=None, minutes=each)
        for (provider, member), each in minutes.items()
    )


def after(found: Exchange, minutes: dict[tuple[int, int], int]) -> Exchange:
    """Return an exchange with other legs, and the shares that belong to them."""
    given_by: Counter[str] = Counter()
    for (provider, _), each in minutes.items():
        given_by[f"m{provider}"] += each
    shares = tuple(replace(share, exchanged_minutes=given_by[share.id]) for share in found.shares)
    return replace(found, legs=legs_of(minutes), shares=shares)


def test_a_sound_exchange_has_no_fault() -> None:
    """And does have something to prove: somebody keeps time."""
    found = exchange(KEEPING)

    assert None is fault_in(found, KEEPING)
    assert found.cuts


def test_the_proof_is_about_this_pool() -> None:
    """Members and their time are those of the pool."""
    assert "the shares are not those of the members" == spoilt(shares=())


def test_the_proof_sees_help_that_was_not_accepted() -> None:
    """Of a stranger, or more than was accepted, or twice, or nothing at all."""
    found = exchange(KEEPING)

    for minutes in ({(1, 0): 1}, {(0, 1): 61}, {(0, 1): 60}, {(0, 1): 0}):
        assert "help that was not accepted" == spoilt(legs=found.legs + legs_of(minutes))


def test_the_proof_sees_who_pays_too_much() -> None:
    """Balance is counted from the legs."""
    assert "a member does not get what they give" == spoilt(legs=exchange(KEEPING).legs[1:])


def test_the_proof_sees_time_that_nobody_has() -> None:
    """Two rounds through one hour."""
    assert "a member gives more than they have" == fault_in(after(exchange(KEEPING), TWO_ROUNDS), KEEPING)


def test_the_proof_sees_what_was_left_out_wrongly() -> None:
    """Only help for beneficiaries may be, and then all of it."""
    found = exchange(families(), are_beneficiaries_merged=True)
    wrong = replace(found, left_out=families().acceptances[:1], legs=(), shares=exchange(families()).shares)

    assert "what is left out is not the help for beneficiaries" == fault_in(wrong, families())


def test_the_proof_needs_its_prices() -> None:
    """Without them nothing is proved."""
    assert "every member has two prices" == spoilt(prices=())


def test_the_proof_sees_that_more_could_be_exchanged() -> None:
    """Nothing at all is balanced and rational, too."""
    nothing = after(exchange(KEEPING), {})

    for prices in (nothing.prices, (0,) * 10):
        assert "a way with room is a bargain: more could be exchanged" == fault_in(
            replace(nothing, prices=prices), KEEPING
        )


def test_the_proof_sees_that_a_member_was_passed_over() -> None:
    """The other round moves as much, but for those who come later."""
    other = dict.fromkeys(((0, 3), (3, 4), (4, 0)), 60)
    bare = replace(after(exchange(KEEPING), other), cuts=())

    assert "a member might get more" == fault_in(bare, KEEPING)
    for nodes in ((1,), (6,), (1, 6), (0, 1, 2, 3, 4)):
        faked = fault_in(replace(bare, cuts=(Cut(1, nodes),)), KEEPING)
        assert faked in {"a cut is crossed", "a member might get more"}


def test_the_proof_sees_any_other_order_that_gives_another_answer() -> None:
    """What is best for one order is proved for it alone, with its own cuts, with others, or with none."""
    differing = 0
    for seed in range(60):
        pool = a_crowd(seed, members=7)
        wanted = exchange(pool)
        backwards = ExchangePool.of(
            [replace(each, priority=-each.priority) for each in pool.participants], pool.acceptances
        )
        other = exchange(backwards)
        shares = {share.id: share for share in other.shares}
        wrong = replace(wanted, legs=other.legs, shares=tuple(shares[share.id] for share in wanted.shares))
        if exchanged(wrong) != exchanged(wanted):
            differing += 1
            for cuts in ((), wanted.cuts, other.cuts):
                assert fault_in(replace(wrong, cuts=cuts), pool) is not None

    assert differing > 20


# --- Bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-1, 100_000_001])
def test_time_that_cannot_be_is_refused(minutes: int) -> None:
    """Below nothing, or beyond what is ever counted."""
    with pytest.raises(MinutesOutOfRange):
        Participant(id="m0", priority=0, minutes=minutes)
    with pytest.raises(MinutesOutOfRange):
        Acceptance(provider="m0", member="m1", minutes=minutes)


@pytest.mark.parametrize(
    ("provider", "member", "beneficiary"), [("m0", "m0", None), ("m0", "m1", "m0"), ("m0", "m1", "m1")]
)
def test_nobody_helps_themselves(provider: str, member: str, beneficiary: str | None) -> None:
    """Neither at their own expense, nor at a sponsor's; nor is one's own beneficiary oneself."""
    with pytest.raises(HelpsThemselves):
        Acceptance(provider=provider, member=member, minutes=1, beneficiary=beneficiary)


def test_who_takes_part_takes_part_once() -> None:
    """Two times of one member would be two members."""
    with pytest.raises(TwiceInPool) as refused:
        ExchangePool.of([Participant(id=id_, priority=0, minutes=1) for id_ in ("b", "a", "b")], [])

    assert "b is there twice" == str(refused.value)


@pytest.mark.parametrize("beneficiary", [None, "p"])
def test_help_is_accepted_once(beneficiary: str | None) -> None:
    """Two maxima of the same would be none; for another beneficiary it is another help."""
    members = [Participant(id=id_, priority=0, minutes=1) for id_ in ("a", "b")]
    twice = Acceptance(provider="a", member="b", minutes=1, beneficiary=beneficiary)

    assert 2 == len(ExchangePool.of(members, [twice, replace(twice, beneficiary="q")]).acceptances)
    with pytest.raises(TwiceInPool):
        ExchangePool.of(members, [twice, twice])


@pytest.mark.parametrize(("provider", "member"), [("a", "x"), ("x", "a")])
def test_who_does_not_take_part_is_refused(provider: str, member: str) -> None:
    """It is said who."""
    with pytest.raises(NotInExchange) as refused:
        ExchangePool.of(
            [Participant(id="a", priority=0, minutes=1)],
            [Acceptance(provider=provider, member=member, minutes=1)],
        )

    assert "x does not take part in the exchange" == str(refused.value)


def test_a_pool_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of members, and of what they accept; reaching it is allowed."""
    monkeypatch.setattr(exchange_model, "MEMBERS_MOST", 2)
    monkeypatch.setattr(exchange_model, "ACCEPTANCES_MOST", 1)
    members = [Participant(id=id_, priority=0, minutes=1) for id_ in ("a", "b", "c")]
    accepted = [
        Acceptance(provider="a", member="b", minutes=1),
        Acceptance(provider="b", member="a", minutes=1),
    ]

    assert ExchangePool.of(members[:2], accepted[:1])
    with pytest.raises(ExchangeTooLarge):
        ExchangePool.of(members, [])
    with pytest.raises(ExchangeTooLarge):
        ExchangePool.of(members[:2], accepted)
