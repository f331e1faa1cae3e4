"""Cycles that people can read: an exchange taken apart into rounds in which each member helps the next.

"Anne helps Paul for two hours, Paul helps Mina for two hours, Mina helps Anne for two hours." Swaps of two
are taken out first, then, member after member in order of priority, the shortest cycle through them. Every
minute of the exchange is in exactly one cycle, no cycle passes through a member twice, and there are at most
as many cycles as there were legs. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from timebank.matching.exchange_model import Exchange, Leg


@dataclass(frozen=True, slots=True)
class Cycle:
    """Legs of the same length: whose hours pay for one provides the next, and the last closes the cycle."""

    legs: tuple[Leg, ...]

    @property
    def minutes(self) -> int:
        """How long each of them helps."""
        return self.legs[0].minutes


class _Rest:
    """What is not in a cycle yet: minutes of each leg, and each member's legs that have some left."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.legs = legs
        self.minutes = [leg.minutes for leg in legs]
        self.given: dict[str, list[int]] = {leg.provider: [] for leg in legs}
        self.received: dict[str, list[int]] = {leg.provider: [] for leg in legs}
        for at, leg in enumerate(legs):
            self.given[leg.provider].append(at)
            self.received[leg.member].append(at)

    def take(self, around: Sequence[int]) -> Cycle:
        """Take as much of a round as there is."""
        minutes = min(self.minutes[at] for at in around)
        for at in around:
            self.minutes[at] -= minutes
            if not self.minutes[at]:
                self.given[self.legs[at].provider].remove(at)
                self.received[self.legs[at].member].remove(at)
        return Cycle(tuple(replace(self.legs[at], minutes=minutes) for at in around))

    def shortest_through(self, member: str) -> list[int]:
        """Return the legs of a shortest cycle; there is one, for what is left balances.

        Looks from the member both ways, a step further each time: the first one met is as near as any.
        """
        after: dict[str, int] = {member: -1}
        before: dict[str, int] = {member: -1}
        helped, helping = [member], [member]
        met = None
        while met is None:
            helped, met = self._further(helped, after, before, is_onward=True)
            if met is None:
                helping, met = self._further(helping, before, after, is_onward=False)
        around = []
        at = met
        while at != member:
            around.append(after[at])
            at = self.legs[after[at]].provider
        around.reverse()
        while met != member:
            around.append(before[met])
            met = self.legs[before[met]].member
        return around

    def _further(
        self, edge: Sequence[str], came: dict[str, int], other_side: Mapping[str, int], *, is_onward: bool
    ) -> tuple[list[str], str | None]:
        """Go one leg on from all at the edge; return the new edge, and who is known to the other side."""
        beyond = []
        for member in edge:
            for at in self.given[member] if is_onward else self.received[member]:
                leg = self.legs[at]
                near = leg.member if is_onward else leg.provider
                if near not in came:
                    came[near] = at
                    if near in other_side:
                        return [], near
                    beyond.append(near)
        return beyond, None


def cycles_of(exchange: Exchange) -> tuple[Cycle, ...]:
    """Return the cycles that an exchange consists of, swaps first."""
    rest = _Rest(exchange.legs)
    return (*_swaps_of(rest), *_rounds_of(rest, exchange))


def _swaps_of(rest: _Rest) -> Iterator[Cycle]:
    """Take out what two members do for each other."""
    between: dict[tuple[str, str], list[int]] = {}
    for at, leg in enumerate(rest.legs):
        for back in between.get((leg.member, leg.provider), ()):
            if rest.minutes[back] and rest.minutes[at]:
                yield rest.take((back, at))
        between.setdefault((leg.provider, leg.member), []).append(at)


def _rounds_of(rest: _Rest, exchange: Exchange) -> Iterator[Cycle]:
    """Take out the rest, through each member in order."""
    for share in exchange.shares:
        while rest.given.get(share.id):
            yield rest.take(rest.shortest_through(share.id))
