"""Hours that go round: the network of an exchange, and a flow through it that leaves the least time kept.

Every member is two nodes, a giver and a taker. A way leads from a giver to a taker who accepts their help;
a member's *own* way leads from their giver to their taker and carries the time that they keep. Whatever a
giver has arrives at some taker, and a taker gets as much as their giver has: so hours given and hours
received balance for each member, whatever the flow. A minute on an own way costs one, any other nothing, and
the cheapest flow exchanges the most. Nodes, ways and minutes are whole numbers; no limit but memory's. Pure.
"""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Final

DONE: Final = 1 << 62
"""Mark of a node from which nothing more can be sent; searches count from 1."""


class Network:
    """Members and the ways between them, with the room that each way has left.

    Way `2k` and its opposite `2k + 1` are a pair: what is sent along one makes room on the other. The first
    pairs are the members' own ways, in the order of the members; the others follow in the order given. Node
    `k` is a member's giver, node `k + count` their taker.
    """

    __slots__ = ("count", "heads", "rooms", "ways")

    def __init__(self, supplies: Sequence[int], ways: Iterable[tuple[int, int, int]]) -> None:
        """Make a network in which nothing flows yet.

        Args:
            supplies: minutes that each member can give, and can therefore receive.
            ways: who gives, who takes, and how many minutes at most.
        """
        self.count = len(supplies)
        self.heads: list[int] = []
        """Node that a way leads to."""
        self.rooms: list[int] = []
        """Minutes that can still be sent along a way."""
        self.ways: list[list[int]] = [[] for _ in range(2 * self.count)]
        """Ways that start at a node, opposite ones among them."""
        for member, supply in enumerate(supplies):
            self._add(member, member, supply)
        for giver, taker, most in ways:
            self._add(giver, taker, most)

    def _add(self, giver: int, taker: int, room: int) -> None:
        way = len(self.heads)
        self.heads += (taker + self.count, giver)
        self.rooms += (room, 0)
        self.ways[giver].append(way)
        self.ways[taker + self.count].append(way + 1)

    def cost_of(self, way: int) -> int:
        """Return what a minute along a way costs: 1 on an own way, -1 to take it back, 0 elsewhere."""
        if way >= 2 * self.count:
            return 0
        return -1 if way % 2 else 1

    def send(self, path: Iterable[int], minutes: int) -> None:
        """Send minutes along ways that have room for them."""
        rooms = self.rooms
        for way in path:
            rooms[way] -= minutes
            rooms[way ^ 1] += minutes


def circulate(network: Network, supplies: Sequence[int]) -> list[int]:
    """Send all that every giver has, at the least cost; return the prices of the nodes that prove it.

    At these prices no way with room is a bargain: its cost, plus the price where it starts, is at least the
    price where it ends. Prices are lowered only as far as the next taker requires, so at equal input they are
    always the same.
    """
    left = [*supplies, *supplies]  # what givers have still to send, and takers still to get
    prices = [0] * len(left)
    _send_directly(network, left)
    waiting = [giver for giver in range(network.count) if left[giver]]
    while waiting:
        exhausted = _send_at_prices(network, left, prices, waiting)
        waiting = [giver for giver in waiting if left[giver]]
        if waiting:
            _lower_prices(network, left, prices, exhausted)
    return prices


def _send_directly(network: Network, left: list[int]) -> None:
    """Send along each way what its ends allow: most of the work, for little.

    Two who accept each other come first, as swaps of two are what people understand best.
    """
    heads, rooms, count = network.heads, network.rooms, network.count
    ways = range(2 * count, len(heads), 2)
    ends = {(heads[way + 1], heads[way] - count) for way in ways}
    for way in sorted(ways, key=lambda way: (heads[way] - count, heads[way + 1]) not in ends):
        taker, giver = heads[way], heads[way + 1]
        minutes = min(left[giver], left[taker], rooms[way])
        if minutes:
            network.send((way,), minutes)
            left[giver] -= minutes
            left[taker] -= minutes


def _send_at_prices(
    network: Network, left: list[int], prices: list[int], waiting: Sequence[int]
) -> list[int]:
    """Send all that can be sent along ways that cost what the prices say; return the nodes left behind.

    These are all that can be reached from givers who have something left: none is a taker who lacks
    something. A node from which a search ended in vain need not be looked at again, for whatever is sent
    later cannot come near it.
    """
    seen = [0] * len(left)
    via = [0] * len(left)
    exhausted: list[int] = []
    search = 0
    for giver in waiting:
        while left[giver] and seen[giver] != DONE:
            search += 1
            seen[giver] = search
            reached = [giver]
            taker = _search(network, left, prices, reached, (seen, via))
            if taker is None:
                for node in reached:
                    seen[node] = DONE
                exhausted += reached
            else:
                _send_back_along(network, left, via, giver=giver, taker=taker)
    return exhausted


def _search(
    network: Network,
    left: list[int],
    prices: list[int],
    reached: list[int],
    marks: tuple[list[int], list[int]],
) -> int | None:
    """Look, nearest first, for a taker who lacks something; `reached` grows by the nodes on the way."""
    heads, rooms, ways = network.heads, network.rooms, network.ways
    own = 2 * network.count
    seen, via = marks
    search = seen[reached[0]]
    for node in reached:
        price = prices[node]
        for way in ways[node]:
            if rooms[way]:
                head = heads[way]
                if seen[head] < search:
                    cost = 0 if way >= own else -1 if way & 1 else 1
                    if price + cost == prices[head]:
                        seen[head] = search
                        via[head] = way
                        if head >= network.count and left[head]:
                            return head
                        reached.append(head)
    return None


def _send_back_along(network: Network, left: list[int], via: list[int], *, giver: int, taker: int) -> None:
    """Send what fits along the way that a search came."""
    path = []
    node = taker
    while node != giver:
        path.append(via[node])
        node = network.heads[via[node] ^ 1]
    minutes = min(left[giver], left[taker], *(network.rooms[way] for way in path))
    network.send(path, minutes)
    left[giver] -= minutes
    left[taker] -= minutes


def _lower_prices(network: Network, left: list[int], prices: list[int], exhausted: list[int]) -> None:
    """Lower the prices of the nodes left behind, until the nearest taker who lacks something is in reach."""
    distances, reach = _distances_to_need(network, left, prices, exhausted)
    for node, distance in distances.items():
        if distance < reach:
            prices[node] -= reach - distance


def _distances_to_need(
    network: Network, left: list[int], prices: list[int], exhausted: list[int]
) -> tuple[dict[int, int], int]:
    """Return how far nodes are from those left behind, and how far the nearest taker who lacks something is.

    There is one: own ways have room for all that must arrive.
    """
    distances = dict.fromkeys(exhausted, 0)
    nearest = [(0, node) for node in exhausted]
    while True:
        distance, node = heappop(nearest)
        if distance > distances[node]:
            continue
        if node >= network.count and left[node]:
            return distances, distance
        for way in network.ways[node]:
            if network.rooms[way]:
                head = network.heads[way]
                away = distance + network.cost_of(way) + prices[node] - prices[head]
                if away < distances.get(head, DONE):
                    distances[head] = away
                    heappush(nearest, (away, head))
