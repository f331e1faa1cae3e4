"""Nowak's five rules for cooperation, as far as a time bank can measure them. Pure.

M. A. Nowak, "Five Rules for the Evolution of Cooperation", Science 314 (2006) 1560: help at cost c, with
benefit b, can pay off when b/c exceeds a threshold. In the theory b and c are fitness; here the thresholds
are put beside what a branch looks like. They are an indicator, never a proof, and nobody's b or c is kept.

    kin        b/c > 1/r      shares of redeemed minutes by relation; r is genetic and not computed
    direct     b/c > 1/w      w: exchanges after which the same two met again within 180 days
    indirect   b/c > 1/q      q: matches in which the helper had helped before, or both knew somebody
    network    b/c > k        k: partners of an active member, on average
    group      b/c > 1 + n/m  n: active members of a team, on average; m: teams
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from timebank.reports.indicators.model import TOLD_FROM, Exchange, Party, Span, grouped, people_of

AGAIN_DAYS: Final = 180
CAVEAT: Final = (
    "b and c are fitness in the theory. A threshold beside a branch's figures is an indicator, never a proof."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One of the rules; everything is None where there is too little to measure it by."""

    rule: str
    measured: Fraction | None
    """The likelihood w or q, the partners k, or n/m."""
    out_of: int
    """How many exchanges, matches, members or teams it rests on."""
    stable: Fraction | None
    """Above this b/c, cooperation can hold its ground: evolutionarily stable."""
    risk_dominant: Fraction | None
    advantageous: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KinRow:
    """Redeemed minutes for beneficiaries of one relation, or of several with too few sponsors."""

    relation: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A match that a helper said yes to."""

    on: date
    helper: str
    asker: str


def kin_of(redeemed: Iterable[tuple[str, str, int]]) -> tuple[KinRow, ...]:
    """Return redeemed minutes by relation.

    Args:
        redeemed: (relation, sponsor, minutes) of each redemption of the period.
    """
    rows: dict[str, list[tuple[str, int]]] = {}
    for relation, sponsor, minutes in redeemed:
        rows.setdefault(relation, []).append((sponsor, minutes))
    named = [(name, frozenset(ref for ref, _ in some), some) for name, some in rows.items()]
    return tuple(
        KinRow(relation=name, minutes=sum(minutes for some in parts for _, minutes in some))
        for name, parts in grouped(named)
    )


def direct_of(exchanges: Sequence[Exchange], span: Span) -> Threshold:
    """Return how often the same two meet again, in either direction.

    Exchanges of the last 180 days have not had their time yet, and are left out as a beginning.

    Args:
        exchanges: of the period, any order.
        span: the period.
    """
    days: dict[frozenset[str], list[date]] = {}
    for each in exchanges:
        for tie in set(map(frozenset, each.ties())):
            days.setdefault(tie, []).append(each.on)
    ripe_until = span.last_on - timedelta(days=AGAIN_DAYS)
    ripe = again = 0
    people: set[str] = set()
    for tie, met in days.items():
        met.sort()
        for place, day in enumerate(met):
            if day <= ripe_until:
                ripe += 1
                people |= tie
                again += place + 1 < len(met) and met[place + 1] <= day + timedelta(days=AGAIN_DAYS)
    return _likely("direct", again, ripe, is_told=len(people) >= TOLD_FROM)


def indirect_of(meetings: Iterable[Meeting], history: Iterable[Exchange]) -> Threshold:
    """Return how often an asker could know of the helper: by help they gave, or a third person both know.

    Args:
        meetings: of the period.
        history: every exchange up to its end.
    """
    gave: dict[str, list[date]] = {}
    met: dict[str, dict[str, date]] = {}
    for each in sorted(history, key=lambda exchange: exchange.on):
        for ref, _ in each.givers:
            gave.setdefault(ref, []).append(each.on)
        for giver, receiver in each.ties():
            met.setdefault(giver, {}).setdefault(receiver, each.on)
            met.setdefault(receiver, {}).setdefault(giver, each.on)
    some = list(meetings)
    known = sum(
        bisect_right(gave.get(each.helper, ()), each.on - timedelta(days=1)) > 0
        or _have_a_common_friend(met, each)
        for each in some
    )
    people = {ref for each in some for ref in (each.helper, each.asker)}
    return _likely("indirect", known, len(some), is_told=len(people) >= TOLD_FROM)


def network_threshold(partners: Fraction | None, members: int | None) -> Threshold:
    """Return the rule of networks: benefit over cost above the number of partners."""
    return Threshold(
        rule="network",
        measured=partners,
        out_of=members or 0,
        stable=partners,
        risk_dominant=partners,
        advantageous=partners,
    )


def group_of(exchanges: Iterable[Exchange], parties: Iterable[Party]) -> Threshold:
    """Return the rule of groups, with teams as groups: 1 + n/m, as 8 groups of 24 make 4."""
    active = people_of(exchanges)
    sizes: dict[str, int] = {}
    for each in parties:
        for team in each.teams if each.ref in active else ():
            sizes[team] = sizes.get(team, 0) + 1
    teams, people = len(sizes), sum(sizes.values())
    ratio = Fraction(people, teams * teams) if people >= TOLD_FROM else None
    level = 1 + ratio if ratio is not None else None
    return Threshold(
        rule="group", measured=ratio, out_of=teams, stable=level, risk_dominant=level, advantageous=level
    )


def _have_a_common_friend(met: Mapping[str, Mapping[str, date]], meeting: Meeting) -> bool:
    theirs, ours = met.get(meeting.helper, {}), met.get(meeting.asker, {})
    return any(max(theirs[ref], ours[ref]) < meeting.on for ref in theirs.keys() & ours.keys())


def _likely(rule: str, times: int, out_of: int, *, is_told: bool) -> Threshold:
    """Return the thresholds of a likelihood p: 1/p, (2 - p)/p and (3 - 2p)/p; none of nothing."""
    measured = Fraction(times, out_of) if is_told and out_of else None
    p = measured or None
    return Threshold(
        rule=rule,
        measured=measured,
        out_of=out_of,
        stable=1 / p if p else None,
        risk_dominant=(2 - p) / p if p else None,
        advantageous=(3 - 2 * p) / p if p else None,
    )
