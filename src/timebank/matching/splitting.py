"""The requests of each helper, split into groups of which they can take one request each.

A plan in which groups do not count is solved first: most of it stands. Groups are only made of helpers who
are looked at after that, because two of their requests exclude each other, or somebody looks for another
place: of a hundred thousand requests, of a few. Pure.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from timebank.errors import MatchingTooLarge
from timebank.matching.flow import OUT, UNSERVED, Flow
from timebank.matching.groups import AWAY, GroupFlow
from timebank.matching.problem import MOST_NODES, Problem, do_conflict
from timebank.matching.relaxed import flow_of
from timebank.matching.scale import PLACE, POINT
from timebank.matching.table import Table


class Split:
    """The groups of a problem, made when they are first needed, and the flow through them."""

    def __init__(
        self, table: Table, first: tuple[Flow, list[int]] | None = None, *, is_warm: bool = True
    ) -> None:
        """Begin with the plan in which groups do not count.

        Args:
            table: the problem.
            first: that plan, and the place in it of each helper; solved here if it is not given.
            is_warm: whether whom that plan serves is seated as it says; False: nobody is, and no price is
                taken over.
        """
        nodes = table.problem.helpers
        self.table = table
        self.helpers = table.helpers_in_order()
        self.first, self.rank = first or flow_of(table, self.helpers, table.scale)
        self.order = table.requests_in_order()
        self.place = {request: place for place, request in enumerate(self.order)}
        self.full = {
            helper for helper, node in enumerate(nodes) if node.capacity <= table.pinned_load[helper]
        }
        self.members: list[list[int]] = []
        """Requests of each group."""
        self.made: dict[int, list[int]] = {}
        """Groups of each helper that was looked at."""
        self.group_of: dict[tuple[int, int], int] = {}
        self.left: list[int] = []
        """Requests that wait to be taken in: another one has the place."""
        self.flow = self._begun(is_warm=is_warm)

    def _begun(self, *, is_warm: bool) -> GroupFlow:
        first, pinned = self.first, self.table.pinned_load
        step = 2 * self.table.objective.load_points * POINT
        prices = [first.price[place] for place in self.rank] if is_warm else [step * each for each in pinned]
        flow = GroupFlow(
            self,
            capacity=[node.capacity for node in self.table.problem.helpers],
            load=[first.load[place] for place in self.rank] if is_warm else pinned,
            step=step,
            prices=prices,
            pays=first.pays if is_warm else [0] * len(first.pays),
            unserved=first.unserved,
        )
        if is_warm:
            for request in self.order:
                flow.at[request] = AWAY if first.at[request] >= 0 else UNSERVED
        return flow

    def solved(self) -> GroupFlow:
        """Part requests that one helper has at once, and return the cheapest flow."""
        for place, taken in self.first.taken.items():
            helper = self.helpers[place]
            if len(taken) > 1 and is_at_once(self.table.problem, helper, taken):
                self.touch(helper)
        for request in sorted(self.left, key=self.place.__getitem__):
            self.flow.augment(request)
        if self.left:
            self.flow.repair()
        return self.flow

    def touch(self, helper: int) -> list[int]:
        """Return the groups of a helper; made, and whom the first plan gave them seated, if it is new."""
        if helper in self.made:
            return self.made[helper]
        problem, place = self.table.problem, self.rank[helper]
        requests = sorted({*self.first.into(place)[0]}, key=self.place.__getitem__)
        groups = self.made[helper] = []
        for some in _grouped(requests, problem, problem.helpers[helper].rest_minutes):
            if len(self.members) >= MOST_NODES:
                raise MatchingTooLarge(most=MOST_NODES - 1)
            group = self.flow.add_group(helper)
            self.members.append(some)
            groups.append(group)
            for request in some:
                self.group_of[helper, request] = group
        for request in sorted(self.first.taken.get(place, ()), key=self.place.__getitem__):
            if self.flow.at[request] == AWAY:
                self._seat(helper, request)
        return groups

    def _seat(self, helper: int, request: int) -> None:
        group = self.group_of[helper, request]
        if self.flow.holder[group] < 0:
            self.flow.seat(request, group)
        else:
            self.flow.at[request] = OUT
            self.flow.load[helper] -= 1
            self.left.append(request)

    def row(self, request: int) -> list[int]:
        """Return the arcs of a request, the cheapest first, each with its group in the lowest bits."""
        row = []
        for arc in self.first.rows[request]:
            place = arc & PLACE
            helper = self.helpers[place]
            if helper not in self.full:
                self.touch(helper)
                row.append(arc - place | self.group_of[helper, request])
        row.sort()
        return row

    def into(self, group: int) -> Iterator[tuple[int, int]]:
        """Yield the requests of a group, each seated where it is, and what their arcs cost."""
        for request in self.members[group]:
            if self.flow.at[request] == AWAY:
                self.touch(self.helpers[self.first.at[request]])
            for arc in self.flow.rows[request]:
                if arc & PLACE == group:
                    yield request, arc - group

    def assignment(self) -> list[int | None]:
        """Return the helper of each request, nobody for those that are pinned."""
        found: list[int | None] = []
        for request, at in enumerate(self.flow.at):
            if at == AWAY:
                found.append(self.helpers[self.first.at[request]])
            else:
                found.append(self.flow.helper_of[at] if at >= 0 else None)
        return found

    def prices(self) -> list[int]:
        """Return the prices of helpers; of those who have no place left, what nobody would pay."""
        prices = [*self.flow.helper_price]
        if not self.full:
            return prices
        for request, to, points in self.table.free_arcs():
            for helper, each in zip(to, points, strict=True):
                if helper in self.full:
                    prices[helper] = max(prices[helper], self.flow.pays[request] + each * POINT)
        return prices


def is_at_once(problem: Problem, helper: int, requests: Sequence[int]) -> bool:
    """Tell whether two of some requests exclude each other for a helper."""
    nodes, rest = problem.requests, problem.helpers[helper].rest_minutes
    return any(do_conflict(nodes[one], nodes[other], rest) for one, other in combinations(requests, 2))


def _grouped(requests: Sequence[int], problem: Problem, rest: int) -> Iterator[list[int]]:
    """Split the requests of a helper into groups: by block, else by a minute that all of a group need."""
    nodes = problem.requests
    blocks: dict[str, list[int]] = {}
    timed: list[tuple[int, int, int, int]] = []
    for place, request in enumerate(requests):
        node = nodes[request]
        if node.block is not None:
            blocks.setdefault(node.block, []).append(request)
        elif node.starts is not None and node.ends is not None:
            timed.append((node.ends, node.starts, place, request))
        else:
            yield [request]
    yield from blocks.values()
    timed.sort()
    while timed:
        ends = timed[0][0]
        yield [each[3] for each in timed if each[1] < ends + rest]
        timed = [each for each in timed if each[1] >= ends + rest]
