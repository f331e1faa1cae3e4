"""The best plan: as many requests served as can be, class by class, then the most points, the same every run.

Not a search but a flow: the plan is optimal, and its prices prove it. Requests that exclude one another for
a helper make the problem harder: `timebank.matching.conflict`. Pure.
"""

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
    if any(node.can_conflict for node in problem.requests):
        return solve_apart(problem, objective)
    solution = _flow(Table(problem, objective))
    assert solution.is_optimal, "the prices do not prove the plan"
    return solution


def _flow(table: Table) -> Solution:
    problem, helpers = table.problem, table.helpers_in_order()
    flow, rank = flow_of(table, helpers, table.scale)
    assignment = [helpers[at] if at >= 0 else None for at in flow.at]
    for request, place in table.pins.items():
        assignment[request] = problem.arcs.helpers[place]
    return proved(table, assignment, [flow.price[rank[helper]] for helper in range(len(helpers))])
