"""The flow of a problem: its cheapest plan if no two requests excluded one another. Pure."""

from collections.abc import Sequence

from timebank.matching.bidding import fill
from timebank.matching.flow import Flow
from timebank.matching.scale import PLACE, POINT, Scale, packed
from timebank.matching.table import Table


def flow_of(table: Table, helpers: Sequence[int], scale: Scale) -> tuple[Flow, list[int]]:
    """Return the cheapest plan with its prices, and the place in it of each helper.

    Args:
        table: the problem; its pins are no part of the search.
        helpers: in the order that they have there.
        scale: what requests cost that stay unserved.
    """
    problem = table.problem
    rank = [0] * len(helpers)
    for place, helper in enumerate(helpers):
        rank[helper] = place
    flow = Flow(
        capacity=[problem.helpers[helper].capacity for helper in helpers],
        load=[table.pinned_load[helper] for helper in helpers],
        step=2 * table.objective.load_points * POINT,
    )
    tags = [own | place for own, place in zip(table.helper_hashes, rank, strict=True)]
    full = {place for place, each in enumerate(flow.load) if each >= flow.capacity[place]}
    rows: list[list[int]] = [[] for _ in problem.requests]
    closed: list[tuple[int, int]] = []
    for request, to, points in table.free_arcs():
        row = packed(table.request_hashes[request], to, tags, points)
        if full:
            closed += [(request, arc) for arc in row if arc & PLACE in full]
            row = [arc for arc in row if arc & PLACE not in full]
        rows[request] = row
    for node, row in zip(problem.requests, rows, strict=True):
        flow.add_request(row, scale.unserved[node.priority])
    fill(flow, table.requests_in_order(), [node.priority for node in problem.requests])
    for request, arc in closed:
        flow.close(request, arc)
    return flow, rank
