"""The indicators of a small network, computed by hand, and laws that hold for any."""

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.reports.indicators.cooperation import (
    Meeting,
    Threshold,
    direct_of,
    group_of,
    indirect_of,
    kin_of,
    network_threshold,
)
from timebank.reports.indicators.impact import Ask, Indicator, Offers, Value, impact_of
from timebank.reports.indicators.inequality import effective_number, gini
from timebank.reports.indicators.model import TOGETHER, Exchange, Party, Span, grouped, told
from timebank.reports.indicators.network import NOTHING, network_of
from timebank.reports.indicators.participation import kinds_of, participation_of, quarters_of

YEAR = Span(first_on=date(2026, 1, 1), last_on=date(2026, 12, 31))
REFS = "abcdef"


def helped(giver: str, receiver: str, minutes: int, on: date, kind: str = "shopping") -> Exchange:
    """Return an exchange between two members."""
    return Exchange(on=on, givers=((giver, minutes),), receivers=((receiver, minutes),), kind=kind)


def a_party(ref: str, *teams: str, is_organisation: bool = False) -> Party:
    """Return a member since 2025."""
    return Party(
        ref=ref, is_organisation=is_organisation, joined_on=date(2025, 1, 1), left_on=None, teams=teams
    )


SIX = (
    helped("a", "b", 60, date(2026, 1, 10)),
    helped("b", "a", 30, date(2026, 2, 10)),
    helped("a", "b", 30, date(2026, 11, 10)),
    helped("a", "c", 120, date(2026, 5, 1), "company"),
    helped("a", "d", 60, date(2026, 5, 2), "company"),
    helped("e", "a", 60, date(2026, 12, 1), "company"),
    helped("f", "e", 90, date(2026, 12, 2), "company"),
)
"""a gives to b (twice), c and d, and gets from b and e; f gives to e."""
PARTIES = tuple(map(a_party, (*REFS, "g", "h")))


def test_who_takes_part_by_hand() -> None:
    """Eight members, six of them active: 6/8. Seven exchanges, 60+30+30+120+60+60+90 = 450 min.

    Givers a, b, e, f: four, which is not told, so neither is the ratio; receivers b, a, c, d, e: five.
    Given: a 270, b 30, e 60, f 90, c and d 0. In rising order 0 0 30 60 90 270, weighted by −5 −3 −1 1 3 5:
    −30 + 60 + 270 + 1350 = 1650; ÷ (6 × 450) = 11/18.
    Received: a 90, b 90, c 120, d 60, e 90, f 0: 0 60 90 90 90 120 gives −180 − 90 + 90 + 270 + 600 = 690;
    ÷ 2700 = 23/90.
    """
    found = participation_of(SIX, PARTIES, YEAR)

    assert (8, 6, Fraction(6, 8)) == (found.members, found.active, found.active_share)
    assert (7, 450) == (found.exchanges, found.minutes)
    assert (None, 5, None) == (found.givers, found.receivers, found.givers_per_receiver)
    assert (Fraction(11, 18), Fraction(23, 90)) == (found.given_gini, found.received_gini)


def test_more_give_than_ask_by_hand() -> None:
    """Six members help b, c, d, e and f in a round, and a is helped by one: 6 : 6; without f's help 5 : 6."""
    round_ = [
        helped(one, other, 10, date(2026, 3, 1)) for one, other in zip(REFS, REFS[1:] + REFS[:1], strict=True)
    ]

    assert Fraction(6, 6) == participation_of(round_, PARTIES, YEAR).givers_per_receiver
    more = [*round_[:-1], helped("g", "b", 10, date(2026, 3, 1))]
    assert Fraction(6, 5) == participation_of(more, PARTIES, YEAR).givers_per_receiver


def test_quarters_by_hand() -> None:
    """Q1: 90 min by two people, who are not told; Q2: 180 min by three; Q3 nothing; Q4: 180 min by four."""
    found = quarters_of(SIX, YEAR)

    assert [
        ("2026-Q1", 2, 90, None),
        ("2026-Q2", 2, 180, None),
        ("2026-Q3", 0, 0, 0),
        ("2026-Q4", 3, 180, None),
    ] == [(each.name, each.exchanges, each.minutes, each.active) for each in found]


def test_a_quarter_with_five_people_by_hand() -> None:
    """Three exchanges of 60, 30 and 30 min by five people: 3/5 and 120/5 each."""
    days = Span(first_on=date(2025, 12, 1), last_on=date(2026, 1, 31))
    some = [
        helped(one, "e", minutes, date(2026, 1, 5)) for one, minutes in zip("abc", (60, 30, 30), strict=True)
    ]
    some.append(helped("d", "e", 30, date(2026, 1, 31)))

    last, first = quarters_of(some, days)

    assert ("2025-Q4", 0) == (last.name, last.exchanges)
    assert (5, Fraction(4, 5), Fraction(150, 5)) == (
        first.active,
        first.exchanges_per_active,
        first.minutes_per_active,
    )


def test_kinds_by_hand() -> None:
    """Company brings a, c, d, e, f together; shopping only a and b, so both are told in one row."""
    (row,) = kinds_of(SIX)
    assert (TOGETHER, 7, 450) == (row.kind, row.exchanges, row.minutes)

    more = [*SIX, *(helped(ref, "b", 10, date(2026, 6, 1)) for ref in "cde")]
    assert [("company", 4, 330), ("shopping", 6, 150)] == [
        (each.kind, each.exchanges, each.minutes) for each in kinds_of(more)
    ]


def test_the_network_by_hand() -> None:
    """Ties: ab, ba, ac, ad, ea, fe: 6 of 6 × 5 = 30: density 1/5. Two of six go both ways: 1/3.

    Partners: a has b, c, d, e; e has a and f; b, c, d and f have one: 4+2+1+1+1+1 = 10, 10/6 on average, the
    median is 1. Centralisation: (0 + 2 + 3 + 3 + 3 + 3) ÷ (5 × 4) = 14/20.
    """
    found = network_of(SIX)

    assert (6, 6) == (found.members, found.ties)
    assert (Fraction(10, 6), Fraction(1)) == (found.partners_mean, found.partners_median)
    assert (Fraction(1, 5), Fraction(1, 3)) == (found.density, found.reciprocity)
    assert Fraction(14, 20) == found.centralisation


def test_a_network_of_four_is_not_told() -> None:
    """Everybody would know everybody."""
    assert NOTHING == network_of(SIX[:5]) == network_of([])


def test_help_to_a_fund_ties_nobody() -> None:
    """It is an exchange without a receiver; a group's teacher is tied to each who was taught."""
    fund = Exchange(on=date(2026, 1, 1), givers=(("a", 60),), receivers=())
    group = Exchange(on=date(2026, 1, 1), givers=(("a", 60),), receivers=tuple((ref, 60) for ref in "bcdef"))

    assert ([], 60, {"a"}) == (list(fund.ties()), fund.minutes, fund.people)
    assert (6, 5, 60) == (network_of([fund, group]).members, network_of([group]).ties, group.minutes)


def test_help_elsewhere_is_as_long_as_it_was_paid() -> None:
    """Whom another branch credits is not known here."""
    away = Exchange(on=date(2026, 1, 1), givers=(), receivers=(("a", 75),))

    assert (75, 0, 75) == (away.minutes, away.given, away.received)


def test_direct_reciprocity_by_hand() -> None:
    """The same two meet again within 180 days after one of five exchanges: w = 1/5.

    They are those until 4 July, 180 days before the end: ab on 10 January (again on 10 February: yes), ba on
    10 February (again on 10 November, 273 days later: no), ac and ad in May, ef on 20 January (no).
    Thresholds: 1/w = 5, (2 - w)/w = 9, (3 - 2w)/w = 13.
    """
    more = (helped("e", "f", 10, date(2026, 1, 20)), helped("c", "d", 10, date(2026, 7, 5)))

    found = direct_of([*SIX, *more], YEAR)

    assert (Fraction(1, 5), 5) == (found.measured, found.out_of)
    assert [5, 9, 13] == [found.stable, found.risk_dominant, found.advantageous]


def test_too_few_to_measure_by() -> None:
    """Of four people nothing is told, and of nothing there is no threshold."""
    assert direct_of(SIX[:3], YEAR).measured is None
    never = direct_of([helped(one, "z", 10, date(2026, 1, 1)) for one in "abcde"], YEAR)
    assert (Fraction(0), None, None, None) == (
        never.measured,
        never.stable,
        never.risk_dominant,
        never.advantageous,
    )


def test_indirect_reciprocity_by_hand() -> None:
    """In two of four matches the asker could know of the helper: q = 2/4, thresholds 2, 3 and 4.

    They are a, who had helped before, and b, who never had, but knows a, whom c knows, too. Not g, whom only
    a later exchange brings together with h, whom f knows, and not d, who helped on the day itself only.
    """
    history = [
        helped("a", "b", 60, date(2026, 1, 1)),
        helped("a", "c", 60, date(2026, 1, 2)),
        helped("d", "e", 60, date(2026, 3, 1)),
        helped("h", "f", 60, date(2026, 1, 3)),
        helped("h", "g", 60, date(2026, 2, 2)),
    ]
    meetings = [
        Meeting(on=date(2026, 2, 1), helper="a", asker="f"),
        Meeting(on=date(2026, 2, 1), helper="b", asker="c"),
        Meeting(on=date(2026, 2, 1), helper="g", asker="f"),
        Meeting(on=date(2026, 3, 1), helper="d", asker="f"),
    ]

    found = indirect_of(meetings, reversed(history))

    assert (Fraction(1, 2), 4) == (found.measured, found.out_of)
    assert [2, 3, 4] == [found.stable, found.risk_dominant, found.advantageous]
    assert indirect_of(meetings[:1], history).measured is None


def test_eight_groups_of_24_have_a_threshold_of_four() -> None:
    """1 + 24/8 = 4; 16 groups of 12: 1 + 12/16 = 1.75."""
    for groups, size, level in ((8, 24, 4), (16, 12, Fraction(7, 4))):
        parties = [a_party(f"m{team}-{no}", f"t{team}") for team in range(groups) for no in range(size)]
        active = [helped(each.ref, "z", 10, date(2026, 1, 1)) for each in parties]

        found = group_of(active, parties)

        assert (Fraction(size, groups), groups, level) == (found.measured, found.out_of, found.stable)
    assert group_of(SIX, PARTIES).measured is None


def test_the_network_rule_is_the_number_of_partners() -> None:
    """With one threshold in the three columns."""
    assert Threshold(
        rule="network",
        measured=Fraction(5, 3),
        out_of=6,
        stable=Fraction(5, 3),
        risk_dominant=Fraction(5, 3),
        advantageous=Fraction(5, 3),
    ) == network_threshold(Fraction(5, 3), 6)
    assert (None, 0) == (network_threshold(None, None).stable, network_threshold(None, None).out_of)


def test_kin_by_hand() -> None:
    """Five sponsors for parents; two for children and three for spouses in one row."""
    rows = [("parent", f"m{number}", 60) for number in range(5)]
    rows += [("child", "m1", 30), ("child", "m2", 15)]
    rows += [("spouse", f"m{number}", 10) for number in range(3, 6)]

    assert [("parent", 300), ("others", 75)] == [(each.relation, each.minutes) for each in kin_of(rows)]
    assert () == kin_of(rows[5:7])


def test_rows_are_joined_until_a_total_gives_nothing_away() -> None:
    """Two and six: were only the six told, the total would tell of the two."""
    rows = [("x", frozenset("ab"), 2), ("y", frozenset("bcdefg"), 6), ("z", frozenset("abcdefgh"), 8)]

    assert (("z", [8]), ("others", [2, 6])) == grouped(rows)
    assert ((TOGETHER, [2, 6]),) == grouped(rows[:2])
    assert (("y", [6]), ("z", [8])) == grouped(rows[1:])
    assert () == grouped(rows[:1])


def figures(found: Iterable[Indicator], number: int) -> dict[str, Value]:
    """Return the figures of one indicator."""
    (one,) = [each for each in found if each.number == number]
    return dict(one.figures)


def impact(*asks: Ask, parties: tuple[Party, ...] = PARTIES, disputed: int = 1) -> tuple[Indicator, ...]:
    """Return the eight indicators of the six members."""
    return impact_of(
        exchanges=SIX,
        parties=parties,
        span=YEAR,
        asks=asks,
        offers=Offers(active=3, new=2, withdrawn=1),
        confirmed=7,
        undisputed=7 - disputed,
    )


def test_impact_by_hand() -> None:
    """One of seven is an organisation, f: its 90 min are with an organisation, 360 are not.

    Six of seven are undisputed. Teams: red has a to e, blue f and g: sizes 5 and 2, the lower median 2, the
    ninetieth percentile 5; of seven members six are active. Their minutes: 450 given and 450 received,
    900 ÷ 7 ÷ (365 ÷ 30.436875).
    """
    parties = (
        *(a_party(ref, "red") for ref in "abcde"),
        a_party("f", "blue", is_organisation=True),
        a_party("g", "blue"),
    )

    found = impact(parties=parties)

    assert list(range(1, 9)) == [each.number for each in found]
    assert {"organisations": 1, "teams": 2} == figures(found, 1)
    assert {"persons": 6, "organisations": None, "effective_kinds": None} == figures(found, 2)
    assert {} == figures(found, 3) == figures(found, 6)
    assert {
        "persons_minutes": 360,
        "with_organisations_minutes": 90,
        "undisputed_share": Fraction(6, 7),
    } == figures(found, 4)
    assert {
        "teams": 2,
        "members_median": 2,
        "members_p90": 5,
        "active_share": Fraction(6, 7),
        "minutes_per_member_and_month": Fraction(900, 7) * Fraction(146_097, 4_800) / 365,
    } == figures(found, 5)
    assert {"offers_active": 3, "offers_new": 2, "offers_withdrawn": 1} == figures(found, 7)
    assert all(each.not_held for each in found)


def test_who_was_active_earlier_is_not_active_now() -> None:
    """The last 90 days begin on 3 October: a had exchanges then, c and d in May only."""
    parties = tuple(a_party(ref, f"t{ref}", is_organisation=True) for ref in "acd")

    found = impact(parties=parties)

    assert {"organisations": 1, "teams": 1} == figures(found, 1)


def test_without_teams_nothing_is_told_of_them() -> None:
    """And one kind of user is one kind."""
    found = impact()

    assert {"persons": 8, "organisations": 0, "effective_kinds": 1.0} == figures(found, 2)
    assert (0, None) == (figures(found, 5)["teams"], figures(found, 5)["active_share"])


def test_connections_by_hand() -> None:
    """Six requests: five agreed after 10, 20, 30, 40 and 50 min, three of them concluded; one is open.

    Medians: 5 min until somebody is asked, 30 min until a yes. One more that ended without is unserved.
    """
    agreed = [
        Ask(is_open=False, to_offer_minutes=5, to_yes_minutes=10 * number, is_concluded=number <= 3)
        for number in range(1, 6)
    ]
    waiting = Ask(is_open=True, to_offer_minutes=None, to_yes_minutes=None, is_concluded=False)
    ended = Ask(is_open=False, to_offer_minutes=None, to_yes_minutes=None, is_concluded=False)

    found = figures(impact(*agreed, waiting), 8)
    more = figures(impact(*agreed, waiting, ended), 8)

    assert {
        "requests": 6,
        "somebody_asked": 5,
        "agreed": 5,
        "concluded": 3,
        "open": 1,
        "unserved": 0,
        "agreed_share": Fraction(5, 6),
        "concluded_share": Fraction(1, 2),
        "minutes_to_offer_median": 5,
        "minutes_to_yes_median": 30,
    } == found
    assert (7, 1) == (more["requests"], more["unserved"])
    assert figures(impact(*agreed[:4]), 8)["agreed_share"] is None


@pytest.mark.parametrize(("count", "said"), [(0, 0), (1, None), (4, None), (5, 5)])
def test_one_to_four_are_not_told(count: int, said: int | None) -> None:
    """Nobody is somebody to tell of."""
    assert said == told(count)


@given(st.lists(st.integers(0, 10_000), max_size=50))
def test_gini_lies_between_nothing_and_one(amounts: list[int]) -> None:
    """0 for equal shares, below 1 for any, whatever the order and the unit."""
    found = gini(amounts)

    if sum(amounts) == 0:
        assert found is None
        return
    assert found is not None
    assert 0 <= found < 1
    assert found == gini(amounts[::-1]) == gini([3 * each for each in amounts])
    assert (found == 0) == (len(set(amounts)) == 1)


@given(st.lists(st.integers(0, 40), max_size=12))
def test_the_effective_number_is_no_more_than_there_are(counts: list[int]) -> None:
    """One for one kind, all of them if they are as large."""
    found, kinds = effective_number(counts), sum(each > 0 for each in counts)

    assert (found is None) == (kinds == 0)
    if found is not None:
        assert 1 - 1e-9 <= found <= kinds + 1e-9
        assert isclose(effective_number([7] * kinds) or 0, kinds)


EXCHANGES = st.lists(
    st.builds(
        helped,
        giver=st.sampled_from(REFS[:3]),
        receiver=st.sampled_from(REFS[3:] + "g"),
        minutes=st.integers(1, 600),
        on=st.dates(YEAR.first_on, YEAR.last_on),
        kind=st.sampled_from(["shopping", "company"]),
    )
    | st.builds(
        helped,
        giver=st.sampled_from(REFS[3:]),
        receiver=st.sampled_from(REFS[:3]),
        minutes=st.integers(1, 600),
        on=st.dates(YEAR.first_on, YEAR.last_on),
    ),
    max_size=40,
)


def renamed(each: Exchange) -> Exchange:
    """Return the exchange under other names, in another order of them."""
    names = dict(zip((*REFS, "g"), ("q", "z", "x", "n", "w", "p", "o"), strict=True))
    return Exchange(
        on=each.on,
        givers=tuple((names[ref], minutes) for ref, minutes in each.givers),
        receivers=tuple((names[ref], minutes) for ref, minutes in each.receivers),
        kind=each.kind,
    )


@given(EXCHANGES)
def test_names_make_no_difference(exchanges: list[Exchange]) -> None:
    """And shares lie between nothing and all; whatever the order of the journal."""
    other = [renamed(each) for each in reversed(exchanges)]
    found = network_of(exchanges)

    assert found == network_of(other)
    assert direct_of(exchanges, YEAR) == direct_of(other, YEAR)
    assert quarters_of(exchanges, YEAR) == quarters_of(other, YEAR)
    assert kinds_of(exchanges) == kinds_of(other)
    for share in (found.reciprocity, found.density, found.centralisation):
        assert share is None or 0 <= share <= 1
    assert sum(each.minutes for each in exchanges) == sum(
        each.minutes for each in quarters_of(exchanges, YEAR)
    )


@given(EXCHANGES)
def test_whoever_always_helps_back_is_fully_reciprocal(exchanges: list[Exchange]) -> None:
    """Every tie goes both ways, and w is one if it does so the next day, half a year before the end."""
    back = [
        helped(each.receivers[0][0], each.givers[0][0], 10, each.on + timedelta(days=1)) for each in exchanges
    ]
    found = network_of([*exchanges, *back])

    assert found.reciprocity in {None, 1}
