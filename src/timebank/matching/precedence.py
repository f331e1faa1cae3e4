"""Who comes first: among all cheapest flows, the one that serves members best in their order.

In a cheapest flow only ways that cost exactly what the prices say may change; the others are full or empty
in every cheapest flow. So member after member, in order, hours are sent round along such ways to where the
member's own way gets emptier, and then that own way is closed: nobody who comes later can undo it. When no
round is left, the nodes fall apart: out of one part no way leads back, so nothing is ever sent across again.
A search goes from both ends at once and stops when the smaller part is known; all searches in vain together
look at each way a few times only. These parts are the proof that more was not possible. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from timebank.matching.circulation import Network


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a member could not exchange more: nodes that hours cannot leave, or cannot enter.

    With the member's giver among them, no way with room at its price leads from them to other nodes of the
    same part; with the member's taker among them, none leads from those to them. Own ways of this member
    and of those before are closed.
    """

    member: int
    nodes: tuple[int, ...]


def favour(network: Network, prices: Sequence[int]) -> tuple[list[int], list[Cut]]:
    """Change a cheapest flow so that the first member keeps the least, then the second, and so on.

    Returns:
        What each member keeps, in minutes, and the cuts in the order in which they were met. In the network,
        own ways are closed.
    """
    heads, rooms, count = network.heads, network.rooms, network.count
    tight = [
        [way for way in ways if network.cost_of(way) + prices[node] == prices[heads[way]]]
        for node, ways in enumerate(network.ways)
    ]
    parts = [0] * len(tight)
    kept: list[int] = []
    cuts: list[Cut] = []
    for member in range(count):
        own = 2 * member
        kept.append(rooms[own + 1])
        rooms[own] = rooms[own + 1] = 0
        if prices[member] + 1 != prices[member + count]:
            continue  # everybody keeps all or nothing here, in every cheapest flow
        while kept[member] and parts[member] == parts[member + count]:
            path, cut = _round_trip(network, tight, parts, member)
            if cut:
                cuts.append(Cut(member, tuple(sorted(cut))))
                for node in cut:
                    parts[node] = len(cuts)
            else:
                minutes = min(kept[member], *(rooms[way] for way in path))
                network.send(path, minutes)
                kept[member] -= minutes
    return kept, cuts


class _Front:
    """One end of a search: what was reached, by which way, and what is to be looked at next."""

    __slots__ = ("at", "is_outward", "queue", "reached")

    def __init__(self, start: int, *, is_outward: bool) -> None:
        self.reached: dict[int, int | None] = {start: None}
        self.queue = [start]
        self.at = 0
        self.is_outward = is_outward

    def is_exhausted(self) -> bool:
        return self.at == len(self.queue)

    def step(self, network: Network, tight: Sequence[Sequence[int]], parts: Sequence[int]) -> list[int]:
        """Look at one node; return those that it adds: where hours can go, or where they can come from."""
        node = self.queue[self.at]
        self.at += 1
        added = []
        for leaving in tight[node]:
            head = network.heads[leaving]
            way = leaving if self.is_outward else leaving ^ 1
            if network.rooms[way] and head not in self.reached and parts[head] == parts[node]:
                self.reached[head] = way
                added.append(head)
        self.queue += added
        return added

    def path_to(self, node: int, network: Network) -> list[int]:
        """Return the ways between the start and a node that was reached."""
        path = []
        while (way := self.reached[node]) is not None:
            path.append(way)
            node = network.heads[way ^ 1] if self.is_outward else network.heads[way]
        return path


def _round_trip(
    network: Network, tight: Sequence[Sequence[int]], parts: Sequence[int], member: int
) -> tuple[list[int], list[int]]:
    """Look for ways from a member's giver to their taker, from both ends in turn.

    Returns:
        The ways and nothing; or nothing and the nodes of the end that came to no more.
    """
    outward = _Front(member, is_outward=True)
    inward = _Front(member + network.count, is_outward=False)
    here, there = outward, inward
    while not here.is_exhausted():
        for node in here.step(network, tight, parts):
            if node in there.reached:
                return outward.path_to(node, network) + inward.path_to(node, network), []
        here, there = there, here
    return [], list(here.reached)
