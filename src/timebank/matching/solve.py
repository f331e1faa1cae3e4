"""The best plan: as many requests served as can be, class by class, then the most points, the same every run.

Not a search but a flow: the plan is optimal, and its prices prove it. Requests that exclude one another for
a helper make the problem harder: `timebank.matching.conflict`. Pure.
"""

from collections.abc import Mapping

from timebank.matching.certificate import Solution, proved
from timebank.matching.conflict import solve_apart
from timebank.matching.problem import Objective, Problem
from timebank.matching.relaxed import flow_of
from timebank.matching.table import Table

EVEN = Objective()


def solve(problem: Problem, objective: Objective = EVEN) -> Solution:
    """Return the best plan with its proof; if requests exclude one another, a good plan with its bound.

    In this order: requests served, the most urgent class first; points with sticky ones, less the cost of
    load; the sum of hashes of ids. Pinned arcs are part of every plan. The order in which requests, helpers
    and arcs are given changes nothing.
    """
    return Solver(problem, objective).solve()


class Solver:
    """A problem that is solved, and again with fewer places: only what that changes is done again."""

    def __init__(self, problem: Problem, objective: Objective = EVEN) -> None:
        """Solve it as if no two requests excluded one another."""
        self._table = Table(problem, objective)
        self._helpers = self._table.helpers_in_order()
        self._flow, self._rank = flow_of(self._table, self._helpers, self._table.scale)

    @property
    def problem(self) -> Problem:
        """The problem, with the places that are left."""
        return self._table.problem

    def limit(self, most: Mapping[int, int]) -> None:
        """Leave some helpers, by their places in the problem, fewer visits than before, but one besides pins.

        Whom they have too many of are taken in again, the others move only where that is cheaper: prices
        stay right, so this is the cheapest plan again.
        """
        left = []
        for helper in sorted(most, key=self._rank.__getitem__):
            assert self._table.pinned_load[helper] < most[helper], "no place is left"
            assert most[helper] <= self.problem.helpers[helper].capacity, "a limit is lower than before"
            left += self._flow.limit(self._rank[helper], most[helper])
        self._table.problem = self.problem.limited(most)
        for request in left:
            self._flow.augment(request)

    def solve(self) -> Solution:
        """Return the plan, as `solve` does."""
        if any(node.can_conflict for node in self.problem.requests):
            return solve_apart(self._table, (self._flow, self._rank))
        solution = self._proved()
        assert solution.is_optimal, "the prices do not prove the plan"
        return solution

    def _proved(self) -> Solution:
        flow, helpers, rank = self._flow, self._helpers, self._rank
        assignment = [helpers[at] if at >= 0 else None for at in flow.at]
        for request, place in self._table.pins.items():
            assignment[request] = self.problem.arcs.helpers[place]
        return proved(self._table, assignment, [flow.price[rank[helper]] for helper in range(len(helpers))])
