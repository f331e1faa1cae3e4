"""Plans that keep requests apart: nobody in two places at once, and a rest between one request and the next.

Which requests exclude one another makes the problem a hard one in general, so this takes three steps, each as
good as it can be, and says how far the result may be from the best:

1. The requests of each helper are split into groups of which every two exclude each other (all of a block,
   or all who need the same minute). A flow through groups and helpers is solved exactly: its prices bound
   what any plan can reach. Where what it chose does not overlap across groups, it is the best plan.
2. Where it does overlap, somebody has to go.
3. Who is unserved then, and who is not where they cost least, looks for a chain of moves that is worth it: to
   a helper, who gives up the one request in the way, which moves on in turn.

Always the same, whatever order the input has. Pure.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

from timebank.matching.certificate import Solution, proved
from timebank.matching.flow import Flow
from timebank.matching.problem import Problem, RequestNode, do_conflict
from timebank.matching.scale import PLACE
from timebank.matching.splitting import Split, is_at_once
from timebank.matching.table import Table

LOOKS_MOST: Final = 60
"""Moves that one search for a chain follows, at most."""
ROUNDS: Final = 3


def solve_apart(table: Table, first: tuple[Flow, list[int]]) -> Solution:
    """Return a good plan with a bound of the best one; `timebank.matching.solve` calls it where needed.

    Args:
        table: the problem.
        first: the cheapest plan if no two requests excluded one another, and the place in it of each helper.

    Raises:
        MatchingTooLarge: four million groups, or more.
    """
    problem = table.problem
    split = Split(table, first)
    flow = split.solved()
    assignment = split.assignment()
    prices, cliques = split.prices(), flow.cliques(split.members)
    if _is_crowded(problem, assignment):
        plan = _Plan(table, split)
        plan.evict()
        plan.improve()
        assignment = plan.assignment()
    for request, place in table.pins.items():
        assignment[request] = problem.arcs.helpers[place]
    return proved(table, assignment, prices, cliques)


def _is_crowded(problem: Problem, assignment: Sequence[int | None]) -> bool:
    """Tell whether a helper has two requests at once: groups keep apart only those of one group."""
    taken: dict[int, list[int]] = {}
    for request, helper in enumerate(assignment):
        if helper is not None:
            taken.setdefault(helper, []).append(request)
    return any(is_at_once(problem, helper, requests) for helper, requests in taken.items())


class _Plan:
    """Who helps whom, being improved; requests and helpers by their places in the problem."""

    def __init__(self, table: Table, split: Split) -> None:
        flow = split.flow
        self.table = table
        self.nodes: Sequence[RequestNode] = table.problem.requests
        self.order = table.requests_in_order()
        self.step = flow.step
        self.pays = flow.pays
        self.prices = flow.helper_price
        self.unserved = flow.unserved
        self.load = flow.load
        self.at: dict[int, int | None] = {}
        self.taken: dict[int, list[int]] = {}
        self.rows: dict[int, list[tuple[int, int]]] = {}
        self.costs: dict[tuple[int, int], int] = {}
        for request in self.order:
            row = flow.rows[request]
            self.rows[request] = [(arc - (arc & PLACE), flow.helper_of[arc & PLACE]) for arc in row]
            for cost, helper in reversed(self.rows[request]):
                self.costs[request, helper] = cost
        homes = split.assignment()
        for request in self.order:
            home = self.at[request] = homes[request]
            if home is not None:
                self.taken.setdefault(home, []).append(request)

    def assignment(self) -> list[int | None]:
        """Return the helper of each request, nobody for those that are pinned."""
        return [self.at.get(request) for request in range(len(self.nodes))]

    def _blockers(self, request: int, helper: int) -> list[int]:
        """Return whom a helper would have to give up for a request, for want of time."""
        node, rest = self.nodes[request], self.table.problem.helpers[helper].rest_minutes
        return [
            other
            for other in self.taken.get(helper, [])
            if other != request and do_conflict(node, self.nodes[other], rest)
        ]

    def evict(self) -> int:
        """Take out requests until nobody has two at once, those first that are in the way of most.

        Returns:
            How many had to go.
        """
        number = 0
        for helper in sorted(self.taken):
            while True:
                ways = {request: len(self._blockers(request, helper)) for request in self.taken[helper]}
                if not any(ways.values()):
                    break
                worst = max(
                    ways,
                    key=lambda each: (ways[each], self.nodes[each].priority, self.costs[each, helper]),
                )
                self._take_out(worst)
                number += 1
        return number

    def improve(self) -> None:
        """Look for chains of moves that are worth it, until there are none or enough was done."""
        for _ in range(ROUNDS):
            changed = [request for request in self.order if self._may_gain(request) and self._chain(request)]
            if not changed:
                return

    def _may_gain(self, request: int) -> bool:
        """Tell whether a request is unserved, or somewhere else than where it is cheapest to all."""
        helper = self.at[request]
        if helper is None:
            return bool(self.rows[request])
        return self.costs[request, helper] + self.prices[helper] > self.pays[request]

    def _take_out(self, request: int) -> None:
        helper = self.at[request]
        assert helper is not None, "nobody has it"
        self.taken[helper].remove(request)
        self.load[helper] -= 1
        self.at[request] = None

    def _put(self, request: int, helper: int) -> None:
        self.taken.setdefault(helper, []).append(request)
        self.load[helper] += 1
        self.at[request] = helper

    def _chain(self, request: int) -> bool:
        """Find a chain of moves that makes the plan cheaper, and move; False if none was found."""
        home = self.at[request]
        before = self.unserved[request]
        if home is not None:
            self._take_out(request)
            before = self.costs[request, home] + self.step * self.load[home]
        moves = self._search(request, before)
        if not moves:
            if home is not None:
                self._put(request, home)
            return False
        for mover, _ in moves:
            if self.at[mover] is not None:
                self._take_out(mover)
        for mover, helper in moves:
            if helper is not None:
                self._put(mover, helper)
        return True

    def _search(  # noqa: C901 - a loop with its exits side by side
        self, request: int, before: int
    ) -> list[tuple[int, int | None]]:
        """Return the best chain found that costs less than before: who moves, and where to, if anywhere."""
        best = before
        end: tuple[int, int | None] | None = None
        # Of each look: who has to move, at what cost so far, the look before, and the helper they leave.
        looks: list[tuple[int, int, int, int]] = [(request, 0, -1, -1)]
        heap = [(0, 0)]
        followed = 0
        while heap and followed < LOOKS_MOST:
            estimate, look = heappop(heap)
            if estimate >= best:
                break
            followed += 1
            mover, base, _, _ = looks[look]
            if look and base + self.unserved[mover] < best:
                best, end = base + self.unserved[mover], (look, None)
            passed = self._passed(looks, look)
            for cost, helper in self.rows[mover]:
                if base + cost >= best:
                    break
                if helper in passed:
                    continue
                in_the_way = self._blockers(mover, helper)
                if not in_the_way and self.load[helper] < self.table.problem.helpers[helper].capacity:
                    total = base + cost + self.step * self.load[helper]
                    if total < best:
                        best, end = total, (look, helper)
                    continue
                for other in in_the_way or self.taken.get(helper, []):
                    if len(in_the_way) > 1:
                        break
                    after = base + cost - self.costs[other, helper]
                    if after + self.pays[other] < best:
                        heappush(heap, (after + self.pays[other], len(looks)))
                        looks.append((other, after, look, helper))
        return self._moves(looks, end)

    def _passed(self, looks: Sequence[tuple[int, int, int, int]], look: int) -> set[int]:
        """Return the helpers of a chain: nobody is asked twice, so that every step stands by itself."""
        found = set()
        while look > 0:
            _, _, earlier, helper = looks[look]
            found.add(helper)
            look = earlier
        return found

    def _moves(
        self, looks: Sequence[tuple[int, int, int, int]], end: tuple[int, int | None] | None
    ) -> list[tuple[int, int | None]]:
        moves: list[tuple[int, int | None]] = []
        if end is None:
            return moves
        look, to = end
        while look >= 0:
            mover, _, earlier, helper = looks[look]
            moves.append((mover, to))
            look, to = earlier, helper
        return moves
