"""The cheapest plan where a helper can take one request of a group at most, by shortest paths with prices.

A group is a set of requests that all exclude one another for one helper, and the groups of a helper have no
request in common: that is still a flow, through a group and then through the helper, so whole numbers and
prices prove the plan as they do in `timebank.matching.flow`. What overlaps across groups is not looked at
here; the prices still bound what any plan can reach.

The price of a group's only place is `price`, that of one more place of the helper is `helper_price`: the
first one is higher only if the group is taken. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, Protocol, TypeAlias

from timebank.matching.certificate import Clique
from timebank.matching.flow import OUT, UNSERVED
from timebank.matching.scale import PLACE

AWAY: Final = -3
"""Of a request with a helper whose groups were not made yet; it pays just the price of a place there."""


@dataclass(frozen=True, slots=True)
class Path:
    """What a search found: its cost, its end, the groups and helpers it passed, and who came from where."""

    cost: int
    end: int
    loser: int
    """Who stays unserved at the end: a request, or `UNSERVED` if nobody does."""
    passed: Sequence[int]
    helpers: dict[int, int]
    source: dict[int, int]
    """The request that would come to a group; for a group that gives its place up, below -1: to which one."""


Move: TypeAlias = tuple[int, int]
"""Who moves, and to which group; nobody, where a place itself moves between a helper and a group."""


@dataclass(frozen=True, slots=True)
class PathInto:
    """What a search into a place found: its cost, its end, the nodes it passed, and the moves out of each."""

    cost: int
    end: Move | None
    passed: Mapping[int, int]
    source: Mapping[int, Move]


class Groups(Protocol):
    """Where groups come from: they are made when they are first asked for."""

    def touch(self, helper: int) -> Sequence[int]:
        """Return the groups of a helper."""

    def row(self, request: int) -> list[int]:
        """Return the arcs of a request, the cheapest first, each with its group in the lowest bits."""

    def into(self, group: int) -> Iterable[tuple[int, int]]:
        """Return the requests of a group, and what their arcs cost; each is seated where it is."""


class _Rows(dict[int, list[int]]):
    """The arcs of requests, made when they are first looked at."""

    def __init__(self, make: Callable[[int], list[int]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, request: int) -> list[int]:
        row = self[request] = self._make(request)
        return row


class GroupFlow:
    """A plan being made, in lists by place: requests, groups and helpers are numbers here."""

    def __init__(
        self,
        made_by: Groups,
        *,
        capacity: Sequence[int],
        load: Sequence[int],
        step: int,
        prices: Sequence[int],
        pays: Sequence[int],
        unserved: Sequence[int],
    ) -> None:
        """Begin without groups.

        Args:
            made_by: whoever makes them.
            capacity: of each helper.
            load: places of each helper that are pinned, or taken by requests that are `AWAY`.
            step: what a place costs more than the one before it.
            prices: of helpers, in a plan in which groups do not count.
            pays: what each request pays there.
            unserved: what each request costs that stays unserved.
        """
        self.made_by = made_by
        self.capacity = capacity
        self.load = [*load]
        self.step = step
        self.begun = prices
        self.helper_price = [*prices]
        self.helper_of: list[int] = []
        self.price: list[int] = []
        self.holder: list[int] = []
        self.groups: list[list[int]] = [[] for _ in capacity]
        """Groups of each helper that are taken."""
        self.rows = _Rows(made_by.row)
        self.unserved = unserved
        self.pays = [*pays]
        self.at = [OUT] * len(self.pays)

    def add_group(self, helper: int) -> int:
        """Add a group of a helper, at the price that it began with; returns its place."""
        self.helper_of.append(helper)
        self.price.append(self.begun[helper])
        self.holder.append(UNSERVED)
        return len(self.holder) - 1

    def seat(self, request: int, group: int) -> None:
        """Say in which group a request is that was `AWAY`."""
        self.at[request] = group
        self.holder[group] = request
        self.groups[self.helper_of[group]].append(group)

    def cliques(self, members: Sequence[Sequence[int]]) -> list[Clique]:
        """Return the groups that cost more than their helper, with their requests, by group."""
        return [
            Clique(helper, tuple(members[group]), price - self.helper_price[helper])
            for group, (price, helper) in enumerate(zip(self.price, self.helper_of, strict=True))
            if price > self.helper_price[helper]
        ]

    def augment(self, request: int) -> None:
        """Take a request in, at the least cost to all; somebody may stay unserved for it."""
        path = self._search(request)
        cost = path.cost
        for found in path.passed:
            group = found & PLACE
            rise = cost - found + group
            self.price[group] += rise
            if self.holder[group] >= 0:
                self.pays[self.holder[group]] += rise
        for helper, found in path.helpers.items():
            self.helper_price[helper] += max(0, cost - found)
        self.pays[request] = cost
        if path.loser == request:
            self.at[request] = UNSERVED
        else:
            self._move(request, path)

    def _move(self, request: int, path: Path) -> None:
        group = path.end
        if path.loser >= 0:
            group = self.at[path.loser]
            self.at[path.loser] = UNSERVED
        else:
            self.load[self.helper_of[group]] += 1
            self.groups[self.helper_of[group]].append(group)
        while True:
            mover = path.source[group]
            if mover < 0:
                # Another group of the helper takes the place that this one gives up.
                other = OUT - mover
                self.holder[group] = UNSERVED
                taken = self.groups[self.helper_of[group]]
                taken.remove(group)
                taken.append(other)
                group = other
                mover = path.source[group]
            left = self.at[mover]
            self.at[mover] = group
            self.holder[group] = mover
            if mover == request:
                return
            group = left

    def _search(self, request: int) -> Path:  # noqa: C901, PLR0912, PLR0915 - one loop: calls cost too much
        """Find the cheapest chain of moves that takes a request in."""
        price, holder, helper_of, load = self.price, self.holder, self.helper_of, self.load
        best, end, loser = self.unserved[request], UNSERVED, request
        nearest: dict[int, int] = {}
        source: dict[int, int] = {}
        helpers: dict[int, int] = {}
        heap: list[int] = []
        passed: list[int] = []
        mover, base = request, 0
        while True:
            if mover >= 0:
                for arc in self.rows[mover]:
                    bare = base + arc
                    if bare >= best:
                        break
                    group = arc & PLACE
                    found = bare + price[group]
                    if found >= best or found >= nearest.get(group, best):
                        continue
                    nearest[group] = found
                    source[group] = mover
                    heappush(heap, found)
            group = -1
            while heap and heap[0] < best:
                found = heappop(heap)
                if nearest[found & PLACE] == found:
                    group = found & PLACE
                    break
            if group < 0:
                return Path(best, end, loser, passed, helpers, source)
            passed.append(found)
            mover = holder[group]
            if mover >= 0:
                base = found - group - self.pays[mover]
                if base + self.unserved[mover] < best:
                    best, end, loser = base + self.unserved[mover], UNSERVED, mover
                continue
            helper = helper_of[group]
            bare = found - group - price[group]
            helpers[helper] = min(helpers.get(helper, best), bare + self.helper_price[helper])
            if load[helper] < self.capacity[helper]:
                # A free place that is still too dear is paid for at its price, and made cheaper later.
                total = bare + max(self.step * load[helper], self.helper_price[helper])
                if total < best:
                    best, end, loser = total, group, UNSERVED
            for other in self.groups[helper]:
                found = bare + price[other] | other
                if found < best and found < nearest.get(other, best):
                    nearest[other] = found
                    source[other] = OUT - group
                    heappush(heap, found)

    # --- Free places that are too dear ------------------------------------------------------------

    def repair(self) -> None:
        """Fill free places whose price is above their cost, or lower it."""
        for helper in range(len(self.capacity)):
            while self._is_dear(helper):
                path = self._search_into(helper)
                for node, found in path.passed.items():
                    self._lower(node, path.cost - found)
                if path.end is not None:
                    self._fill(helper, path)

    def _is_dear(self, helper: int) -> bool:
        load = self.load[helper]
        return load < self.capacity[helper] and self.helper_price[helper] > self.step * load

    def _lower(self, node: int, fall: int) -> None:
        if node < 0:
            self.helper_price[~node] -= fall
            return
        self.price[node] -= fall
        if self.holder[node] >= 0:
            self.pays[self.holder[node]] -= fall

    def _search_into(self, helper: int) -> PathInto:  # noqa: C901 - one loop over nodes of two kinds
        """Find the cheapest chain into a free place; helpers are nodes below zero, groups the others."""
        best = self.helper_price[helper] - self.step * self.load[helper]
        end: Move | None = None
        source: dict[int, Move] = {}
        nearest = {~helper: 0}
        heap = [(0, ~helper)]
        passed: dict[int, int] = {}

        def reach(found: int, node: int, by: Move) -> None:
            if found < best and found < nearest.get(node, best):
                nearest[node] = found
                source[node] = by
                heappush(heap, (found, node))

        while heap and heap[0][0] < best:
            base, node = heappop(heap)
            # Nearest first: a node that comes again comes from further away, and changes nothing.
            passed.setdefault(node, base)
            if node < 0:
                for group in self.made_by.touch(~node):
                    if self.holder[group] < 0:
                        reach(base + self.helper_price[~node] - self.price[group], group, (UNSERVED, node))
                continue
            for request, cost in self.made_by.into(node):
                found = base + cost + self.price[node] - self.pays[request]
                at = self.at[request]
                if at == UNSERVED and found < best:
                    best, end = found, (request, node)
                elif at >= 0 and at != node:
                    reach(found, at, (request, node))
            if self.holder[node] >= 0:
                other = self.helper_of[node]
                freed = base + self.price[node] - self.step * (self.load[other] - 1)
                if freed < best:
                    best, end = freed, (UNSERVED, node)
                reach(base + self.price[node] - self.helper_price[other], ~other, (UNSERVED, node))
        return PathInto(best, end, passed, source)

    def _fill(self, helper: int, path: PathInto) -> None:
        assert path.end is not None, "there is no chain"
        mover, group = path.end
        if mover == UNSERVED:
            self._vacate(group)
            self.load[self.helper_of[group]] -= 1
            mover, group = path.source[group]
        while True:
            is_taken = self.holder[group] >= 0
            self.at[mover] = group
            self.holder[group] = mover
            if not is_taken:
                other = self.helper_of[group]
                self.groups[other].append(group)
                if other == helper:
                    self.load[helper] += 1
                    return
                _, group = path.source[~other]
                self._vacate(group)
            mover, group = path.source[group]

    def _vacate(self, group: int) -> None:
        self.holder[group] = UNSERVED
        self.groups[self.helper_of[group]].remove(group)
