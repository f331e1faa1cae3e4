"""The cheapest plan, by shortest paths with prices: the state of a matching, always optimal.

Every helper has a price, what one more of their places is worth to others; every request has one, too: what
it pays, its arc and the price of its helper, or the cost of staying unserved. While no request could pay
less elsewhere, and no place that is free has a price above its own cost, the plan is the cheapest one there
is (complementary slackness). Everything below keeps that so:

- `augment` takes one request in: the cheapest chain of moves that ends at a free place, or with somebody
  unserved;
- `repair` fills a place that became free or is new: the cheapest chain of moves into it.

Many requests at once are quicker: `timebank.matching.bidding` finds prices that are nearly right first.

A price is what is paid above a helper's first place, so it is never negative, and the arcs of a request,
sorted, need looking at only until their bare cost is too much. The n-th place of a helper costs `step` times
n - 1. Numbers are those of `timebank.matching.scale`. Pure, and no recursion.
"""

from array import array
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import accumulate
from typing import Final, TypeAlias

from timebank.matching.scale import PLACE

UNSERVED: Final = -1
OUT: Final = -2
"""Of a request that is not part of the plan: not taken in yet, removed, or pinned."""
Chain: TypeAlias = tuple[int, int, list[int], dict[int, int]]
"""What a search found: its cost, its end, the helpers it passed, and who would come to each."""
ChainInto: TypeAlias = tuple[int, tuple[int, int] | None, list[int], dict[int, tuple[int, int]]]
"""The same of a search into a place: its end, and who would leave a helper, are moves: who, and where to."""


class Flow:
    """A plan being made, in lists by place: requests and helpers are numbers here."""

    __slots__ = (
        "_askers",
        "_came",
        "_into",
        "at",
        "capacity",
        "load",
        "pays",
        "price",
        "rows",
        "step",
        "taken",
        "unserved",
    )

    def __init__(self, *, capacity: list[int], load: list[int], step: int) -> None:
        """Begin without requests.

        Args:
            capacity: of each helper.
            load: places of each helper that are pinned, and no part of the search.
            step: what a place costs more than the one before it.
        """
        self.rows: list[list[int]] = []
        self.unserved: list[int] = []
        self.pays: list[int] = []
        self.at: list[int] = []
        self.capacity = capacity
        self.load = load
        self.step = step
        self.price = [step * each for each in load]
        self.taken: defaultdict[int, list[int]] = defaultdict(list)
        self._into: dict[int, tuple[list[int], list[int]]] = {}
        self._askers: tuple[list[int], Sequence[int]] | None = None
        self._came: defaultdict[int, list[int]] = defaultdict(list)
        """Who asked later for a helper that nobody has looked up yet."""

    # --- Nodes ------------------------------------------------------------------------------------

    def add_request(self, row: list[int], unserved: int) -> int:
        """Add a request, its arcs sorted, without taking it in; returns its place."""
        request = len(self.rows)
        if self._askers is not None:
            for arc in row:
                self._lead(request, arc)
        self.rows.append(row)
        self.unserved.append(unserved)
        self.pays.append(0)
        self.at.append(OUT)
        return request

    def add_helper(self, capacity: int) -> int:
        """Add a helper without arcs; returns their place."""
        self.capacity.append(capacity)
        self.load.append(0)
        self.price.append(0)
        if self._askers is not None:
            self._into[len(self.load) - 1] = [], []
        return len(self.load) - 1

    def into(self, helper: int) -> tuple[list[int], list[int]]:
        """Return the requests with an arc to a helper, and those arcs; looked up when first needed."""
        if helper not in self._into:
            if self._askers is None:
                self._askers = self._gathered()
            starts, askers = self._askers
            asking = [*askers[starts[helper] : starts[helper + 1]], *self._came.pop(helper, ())]
            pairs = [
                (request, arc)
                for request in dict.fromkeys(asking)
                for arc in self.rows[request]
                if arc & PLACE == helper
            ]
            self._into[helper] = [request for request, _ in pairs], [arc for _, arc in pairs]
        return self._into[helper]

    def _gathered(self) -> tuple[list[int], Sequence[int]]:
        """Return where those of each helper begin, and the requests of all arcs, by helper."""
        ends = [0] * (len(self.load) + 1)
        for row in self.rows:
            for arc in row:
                ends[arc & PLACE] += 1
        ends = [*accumulate(ends)]
        askers = array("i", bytes(4 * ends[-1]))
        for request in reversed(range(len(self.rows))):
            for arc in self.rows[request]:
                place = ends[arc & PLACE] - 1
                ends[arc & PLACE] = place
                askers[place] = request
        return ends, askers

    def _lead(self, request: int, arc: int) -> None:
        """Note an arc that is to be added to its row."""
        helper = arc & PLACE
        if helper not in self._into:
            self._came[helper].append(request)
            return
        requests, arcs = self._into[helper]
        requests.append(request)
        arcs.append(arc)

    def add_arc(self, request: int, arc: int) -> None:
        """Add an arc to a request, without judging whether it changes the plan."""
        if self._askers is not None:
            self._lead(request, arc)
        insort(self.rows[request], arc)

    def close(self, request: int, arc: int) -> None:
        """Add an arc to a helper without free places, at a price that nobody in the plan would pay."""
        self.add_arc(request, arc)
        helper = arc & PLACE
        self.price[helper] = max(self.price[helper], self.pays[request] - arc + helper)

    def remove_arc(self, request: int, arc: int) -> None:
        """Take an arc away that is not part of the plan."""
        if arc & PLACE in self._into:
            requests, arcs = self._into[arc & PLACE]
            place = arcs.index(arc)
            del requests[place]
            del arcs[place]
        self.rows[request].remove(arc)

    # --- One request comes ------------------------------------------------------------------------

    def augment(self, request: int) -> None:
        """Take a request in, at the least cost to all; somebody may stay unserved for it."""
        best, end, passed, source = self._search(request)
        cost = best - (best & PLACE)
        pays, price, at = self.pays, self.price, self.at
        for found in passed:
            helper = found & PLACE
            rise = cost - found + helper
            price[helper] += rise
            for each in self.taken[helper]:
                pays[each] += rise
        pays[request] = cost
        if end == UNSERVED:
            at[request] = UNSERVED
            return
        if end < UNSERVED:
            loser = OUT - end
            helper = at[loser]
            at[loser] = UNSERVED
            self.taken[helper].remove(loser)
        else:
            helper = end
            self.load[helper] += 1
        while True:
            mover = source[helper]
            left = at[mover]
            at[mover] = helper
            self.taken[helper].append(mover)
            if mover == request:
                return
            self.taken[left].remove(mover)
            helper = left

    def _search(self, request: int) -> Chain:  # noqa: C901, PLR0912 - one loop: calls would double its time
        """Find the cheapest chain: end -1 is the request unserved, below that another, else a helper."""
        rows, price, capacity, load, step = self.rows, self.price, self.capacity, self.load, self.step
        pays, unserved = self.pays, self.unserved
        best, end = unserved[request], UNSERVED
        nearest: dict[int, int] = {}
        source: dict[int, int] = {}
        heap: list[int] = []
        passed: list[int] = []
        movers: Iterable[tuple[int, int]] = ((request, 0),)
        while True:
            for mover, base in movers:
                for arc in rows[mover]:
                    bare = base + arc
                    if bare >= best:
                        break
                    helper = arc & PLACE
                    found = bare + price[helper]
                    if found >= best or found >= nearest.get(helper, best):
                        continue
                    nearest[helper] = found
                    source[helper] = mover
                    if load[helper] < capacity[helper]:
                        above = step * load[helper] - price[helper]
                        if above <= 0:
                            best, end = found, helper
                            continue
                        if found + above < best:
                            best, end = found + above, helper
                    heappush(heap, found)
            helper = -1
            while heap:
                found = heappop(heap)
                if found >= best:
                    break
                if nearest[found & PLACE] == found:
                    helper = found & PLACE
                    break
            if helper < 0:
                return best, end, passed, source
            passed.append(found)
            movers = [(each, found - helper - pays[each]) for each in self.taken[helper]]
            for each, base in movers:
                if base + unserved[each] < best:
                    best, end = base + unserved[each], OUT - each

    # --- One place becomes free -------------------------------------------------------------------

    def release(self, request: int) -> None:
        """Take a request out of the plan; its place stays free until `repair`."""
        helper = self.at[request]
        if helper >= 0:
            self.taken[helper].remove(request)
            self.load[helper] -= 1
        self.at[request] = OUT

    def limit(self, helper: int, capacity: int) -> list[int]:
        """Leave a helper fewer places; returns the requests that have to be taken in again."""
        self.capacity[helper] = capacity
        gone = self.taken[helper][: max(0, self.load[helper] - capacity)]
        for request in gone:
            self.release(request)
        return gone

    def is_settled(self, request: int) -> bool:
        """Tell whether a request pays the least it could: what every request in a cheapest plan does."""
        least = self.unserved[request]
        for arc in self.rows[request]:
            if arc >= least:
                break
            least = min(least, arc - (arc & PLACE) + self.price[arc & PLACE])
        return self.pays[request] == least

    def is_dear(self, helper: int) -> bool:
        """Tell whether a helper has a free place with a price above its cost: `repair` it."""
        load = self.load[helper]
        return load < self.capacity[helper] and self.price[helper] > self.step * load

    def repair(self, helper: int) -> None:
        """Fill free places of a helper, or lower their price, until it is that of a free place."""
        while self.is_dear(helper) and self._fill_place(helper):
            pass

    def _fill_place(self, helper: int) -> bool:
        """Fill one free place by the cheapest chain of moves; False if it is cheaper to leave it free."""
        best, end, passed, source = self._search_into(helper)
        pays, price, at, taken = self.pays, self.price, self.at, self.taken
        for found in passed:
            at_most = found & PLACE
            fall = best - found + at_most
            price[at_most] -= fall
            for each in taken[at_most]:
                pays[each] -= fall
        if end is None:
            return False
        mover, place = end
        left = at[mover]
        if left >= 0:
            taken[left].remove(mover)
            self.load[left] -= 1
        while True:
            at[mover] = place
            taken[place].append(mover)
            if place == helper:
                break
            vacated = place
            mover, place = source[vacated]
            taken[vacated].remove(mover)
        self.load[helper] += 1
        return True

    def _search_into(self, helper: int) -> ChainInto:
        """Find the cheapest chain into a free place; no end if it should stay free."""
        price, load, step, pays, at = self.price, self.load, self.step, self.pays, self.at
        best = price[helper] - step * load[helper]
        end: tuple[int, int] | None = None
        nearest = {helper: helper}
        source: dict[int, tuple[int, int]] = {}
        heap = [helper]
        passed: list[int] = []
        while heap and heap[0] < best:
            found = heappop(heap)
            place = found & PLACE
            if nearest[place] != found:
                continue
            passed.append(found)
            base = found - place - place + price[place]
            for mover, arc in zip(*self.into(place), strict=True):
                reached = base + arc - pays[mover]
                left = at[mover]
                if reached >= best or left in (place, OUT):
                    continue
                if left == UNSERVED:
                    best, end = reached, (mover, place)
                    continue
                freed = reached + price[left] - step * (load[left] - 1)
                if freed < best:
                    best, end = freed, (mover, place)
                if reached | left < nearest.get(left, best):
                    nearest[left] = reached | left
                    source[left] = (mover, place)
                    heappush(heap, reached | left)
        return best, end, passed, source
